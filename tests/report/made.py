"""Tables of settlements from hand-made inputs: nothing is run for them."""

from __future__ import annotations

import random
from dataclasses import asdict
from itertools import product
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from coopt_dag.credit.paired import of_gains
from coopt_dag.credit.pot import Terms
from coopt_dag.credit.sampling import sample_plan
from coopt_dag.evaluation import tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NANO = 10**9
SURE = of_gains([1, 2] * 50)
UNSURE = of_gains([500, -440] * 50)
Scores = dict[Any, int]


def account(name: str) -> str:
    """Give an account that `name_of` reads back."""
    return "0x" + name.encode().hex().rjust(40, "0")


def name_of(address: str) -> str:
    return bytes.fromhex(address[2:]).lstrip(b"\0").decode()


def work(one: str, who: str, step: str, *parents: str, gain: int = 0) -> dict[str, Any]:
    return {
        "id": one,
        "account": account(who),
        "step": step,
        "parents": list(parents),
        "gain": gain,
    }


def inputs_of(
    chains: Mapping[str, Sequence[str]],
    scores: Scores,
    works: Sequence[dict[str, Any]],
    *,
    terms: Terms,
    evaluations: int = 4096,
    **more: Any,
) -> dict[str, Any]:
    """Give the inputs of an epoch; `more` replaces what is not given."""
    levels = [len(chain) for chain in chains.values()]
    local = more.pop("local", {})
    plan = sample_plan(levels, evaluations=evaluations, seed=bytes(32))
    return {
        "metric": {"name": "rmse", "unit": "stars", "direction": "minimise"},
        "terms": asdict(terms) | {"alpha": str(terms.alpha)},
        "steps": [
            {"step": step, "adopted": list(chain), "local": local.get(step, [])}
            for step, chain in chains.items()
        ],
        "works": list(works),
        "reviews": [],
        "values": [{"levels": list(c), "score": scores[c]} for c in plan.configs],
        "plan": tables.plan_words(plan),
        "total": asdict(SURE),
        "test": "paired z",
        "intervals": {},
        "bounties": [],
        **more,
    }


def table_of(inputs: dict[str, Any]) -> dict[str, Any]:
    return tables.table_of("toy", 1, inputs)


@st.composite
def random_tables(draw: st.DrawFn) -> dict[str, Any]:
    """Epochs of any kind: with damage and repair, local records, reviews, royalties, no pot."""
    levels = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    rng = random.Random(draw(st.integers(0, 2**64)))
    push = rng.choice([-(10**8), 0, 10**8])
    scores = {
        c: rng.randint(-NANO, NANO) + sum(c) * push
        for c in product(*[range(t + 1) for t in levels])
    }
    names = [f"{n:08d}" for n in range(1, sum(levels) + 1)]
    rng.shuffle(names)
    chains, works, local = {}, [work("00000900", "eve", "older", gain=5)], {}
    for i, top in enumerate(levels):
        step = f"s{i}"
        chains[step] = [names.pop() for _ in range(top)]
        local[step] = [f"{i}{n:07d}" for n in range(100, 100 + rng.randint(0, 2))]
        known = [w["id"] for w in works]
        works += [
            work(
                *(one, rng.choice(["ann", "bob", "cy"]), step, *rng.sample(known, 1)),
                gain=rng.choice([0, 3, NANO // 3]),
            )
            for one in (*chains[step], *local[step])
        ]
    reviews = [
        {"id": f"{one}/rae", "account": account("rae"), "step": step, "weight": 1}
        for step, chain in chains.items()
        for one in chain[: rng.randint(0, 1)]
    ]
    steps_bp = rng.choice([0, 7000, 10_000])
    terms = Terms(
        budget=rng.choice([0, 1, 10_000, 10**18 + 7]),
        target=rng.choice([1, NANO]),
        steps_bp=steps_bp,
        local_bp=(10_000 - steps_bp) * 2 // 3,
        reviews_bp=10_000 - steps_bp - (10_000 - steps_bp) * 2 // 3,
        royalty_bp=rng.choice([0, 2500, 10_000]),
    )
    bounties = [
        {"id": 4, "step": step, "asset": "0x" + "0" * 40, "left": rng.randint(1, 10**6)}
        for step in rng.sample(["", "s0"], rng.randint(0, 1))
    ]
    direction = rng.choice(["minimise", "maximise"])
    return table_of(
        inputs_of(
            *(chains, scores, works),
            terms=terms,
            local=local,
            reviews=reviews,
            bounties=bounties,
            total=asdict(rng.choice([SURE, UNSURE])),
            metric={"name": "score", "unit": rng.choice(["1", "stars"]), "direction": direction},
        )
    )
