"""A settlement's table: pure, exact, and the same to Python and to the contract."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coopt_dag.credit.levels import configurations
from coopt_dag.credit.sampling import sample_plan
from coopt_dag.errors import ContentRefusedError, LedgerRefusedError
from coopt_dag.evaluation import tables
from coopt_dag.ledger.actions import ProposeSettlement, Redeem, RegisterChallenge
from coopt_dag.ledger.embedded import open_embedded
from coopt_dag.ledger.state import project
from coopt_dag.store.folders import add_bytes
from coopt_dag.store.memory import MemoryStore
from tests.evaluation.panel import key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.ledger.evm import EvmLedger

OWNER = key(77)
EXACT = {"method": "exact", "amount": 4096, "upstream": 0, "seed": "00" * 32}
PEOPLE = ["0x" + f"{n:040x}" for n in range(0xA0, 0xA6)]


@st.composite
def inputs(draw: st.DrawFn) -> dict[str, Any]:
    """Random measurements of one to three steps with up to two versions each."""
    levels = draw(st.lists(st.integers(0, 2), min_size=1, max_size=3))
    names = [f"s{i}" for i in range(len(levels))]
    works, steps = [], []
    for name, count in zip(names, levels, strict=True):
        ids = [f"{len(works) + i + 1:08d}" for i in range(count)]
        for one in ids:
            known = [w["id"] for w in works]
            parents = draw(st.lists(st.sampled_from(known), max_size=2)) if known else []
            works.append(
                {
                    "id": one,
                    "account": draw(st.sampled_from(PEOPLE)),
                    "step": name,
                    "parents": parents,
                    "gain": draw(st.integers(0, 10**9)),
                }
            )
        steps.append({"step": name, "adopted": ids, "local": []})
    score = st.integers(-(10**12), 10**12)
    values = [{"levels": list(c), "score": draw(score)} for c in configurations(levels)]
    mean = draw(st.integers(-5, 5))
    return {
        "works": works,
        "reviews": [],
        "steps": steps,
        "plan": EXACT,
        "values": values,
        "terms": {
            "budget": draw(st.integers(0, 10**6)),
            "target": draw(st.integers(1, 10**12)),
            "steps_bp": 7000,
            "local_bp": 2000,
            "reviews_bp": 1000,
            "royalty_bp": 2500,
            "depth": 8,
            "alpha": "1/20",
        },
        "total": {"clusters": 9, "discordant": 9, "total": 9 * mean, "squares": 9 * mean * mean},
        "intervals": {},
        "bounties": [],
    }


@given(found=inputs())
def test_a_table_is_a_pure_function_of_its_inputs_and_survives_json(found: dict[str, Any]) -> None:
    table = tables.table_of("toy", 1, found)
    again = json.loads(tables.to_text(table))
    assert again == json.loads(tables.to_text(tables.table_of("toy", 1, again["inputs"])))
    result = table["result"]
    assert sum(row["paid"] for row in result["rows"]) == result["pot"] <= result["budget"]
    assert sum(leaf["amount"] for leaf in result["leaves"]) == result["pot"]
    assert sum(r["raw"] for r in result["rows"] if r["kind"] == "step") == (
        result["gain"] * result["scale"]
    )
    assert all(leaf["amount"] > 0 for leaf in result["leaves"])


def test_a_sampled_table_is_as_pure_and_exact_as_a_whole_one_and_tells_its_errors() -> None:
    # Thirteen steps that add 1, 2, ..., 13: any sample finds them, and the sum is 91.
    plan = sample_plan([1] * 13, evaluations=512, seed=b"\1" * 32)
    words = tables.plan_words(plan)
    assert (words["method"], len(plan.configs) <= 512) == ("coalitions", True)
    found = by_hand() | {
        "plan": words,
        "works": [
            {
                "id": f"{i:08d}",
                "account": PEOPLE[i % 6],
                "step": f"s{i:02}",
                "parents": [],
                "gain": 1,
            }
            for i in range(13)
        ],
        "steps": [{"step": f"s{i:02}", "adopted": [f"{i:08d}"], "local": []} for i in range(13)],
        "values": [
            {"levels": list(c), "score": 10**9 * sum(i + 1 for i, one in enumerate(c) if one)}
            for c in plan.configs
        ],
        "bounties": [],
    }
    result = tables.result_of("toy", 1, json.loads(json.dumps(found)))
    assert result == tables.result_of("toy", 1, found)
    raw = [row["raw"] for row in result["rows"]]
    assert sum(raw) == result["scale"] * 91 * 10**9
    assert [r / result["scale"] / 1e9 for r in raw] == pytest.approx(list(range(1, 14)), rel=1e-3)
    assert sum(row["paid"] for row in result["rows"]) == result["pot"] == 700
    assert len(result["errors"]) == 13
    with pytest.raises(ValueError, match="exact"):  # a method that the budget does not give
        tables.result_of("toy", 1, found | {"plan": words | {"amount": 8192}})


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvmLedger]:
    opened = open_embedded(tmp_path_factory.mktemp("chain") / "ledger.sqlite")
    yield opened
    opened.close()


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=inputs(), data=st.data())
def test_the_contract_pays_every_leaf_once_and_its_totals_are_pythons(
    ledger: EvmLedger, found: dict[str, Any], data: st.DataObject
) -> None:
    name = f"toy{ledger.head().height}"
    table = tables.table_of(name, 0, found)
    leaves, credit = tables.leaves_of(table), tables.credit_of(table)
    closed = RegisterChallenge(name, "bafy", (OWNER.address,), closes_at=1, pot=10**6)
    ledger.send(closed, signer=OWNER)
    root = table["result"]["merkle_root"]
    ledger.send(ProposeSettlement(name, 0, root, "bafytable", credit=credit), signer=OWNER)
    tree = tables.tree_of(name, 0, leaves)
    for leaf in data.draw(st.permutations(leaves)):
        action = Redeem(
            *(name, 0, leaf.index, leaf.bounty_id, leaf.account, leaf.amount),
            proof=tree.proof(leaf.index),
        )
        ledger.send(action, signer=OWNER)
        with pytest.raises(LedgerRefusedError) as caught:
            ledger.send(action, signer=OWNER)
        assert caught.value.code == "AlreadyRedeemed"
    state = project(ledger.events())
    paid = {who: amount for (c, who), amount in state.credit.items() if c == name}
    assert paid == {leaf.account: leaf.amount for leaf in leaves}
    assert sum(paid.values()) == credit == table["result"]["pot"]


def by_hand() -> dict[str, Any]:
    """Two steps, one version each: gains 15 and 25 of 40 (see `shapley`'s example)."""
    scores = {(0, 0): 0, (1, 0): 10, (0, 1): 20, (1, 1): 40}
    return {
        "works": [
            {"id": f"{i:08d}", "account": PEOPLE[i], "step": s, "parents": [], "gain": 1}
            for i, s in enumerate("ab")
        ],
        "reviews": [],
        "steps": [
            {"step": s, "adopted": [f"{i:08d}"], "local": []} for i, s in enumerate("ab")
        ],
        "plan": EXACT,
        "values": [
            {"levels": list(c), "score": scores[c]} for c in product((0, 1), repeat=2)
        ],
        "terms": {
            "budget": 1000, "target": 80, "steps_bp": 7000, "local_bp": 2000,
            "reviews_bp": 1000, "royalty_bp": 0, "depth": 8, "alpha": "1/20",
        },
        "total": {"clusters": 18, "discordant": 18, "total": 720, "squares": 18 * 40 * 40},
        "intervals": {},
        "bounties": [
            {"id": 3, "step": "", "asset": tables.NOBODY, "left": 160},
            {"id": 4, "step": "b", "asset": tables.NOBODY, "left": 10},
        ],
    }  # fmt: skip


def test_credit_and_bounties_are_divided_by_hand() -> None:
    # Half of the target is reached: half of each pot is paid. Credit for steps 350 of 500;
    # 350 * 15 / 40 = 131.25 and 218.75. Bounty 3 pays 80: 30 and 50. Bounty 4 pays 5, all to b.
    result = tables.result_of("toy", 1, by_hand())
    paid = [(x["bounty_id"], x["account"], x["amount"]) for x in result["leaves"]]
    a, b = PEOPLE[:2]
    assert paid == [(0, a, 131), (0, b, 219), (3, a, 30), (3, b, 50), (4, b, 5)]
    assert result["shares"] == [{"bounty_id": 3, "total": 80}, {"bounty_id": 4, "total": 5}]


def test_a_strangers_document_that_is_no_table_is_refused() -> None:
    store = MemoryStore()
    for text in (b"[]", b"{}", b"not json", json.dumps({"schema": "coopt/report/1"}).encode()):
        with pytest.raises(ContentRefusedError, match="no table"):
            tables.read_table(store, add_bytes(store, text))
    false = tables.table_of("toy", 1, by_hand()) | {"schema": "coopt/settlement/9"}
    with pytest.raises(ContentRefusedError, match="coopt/settlement/9"):
        tables.read_table(store, add_bytes(store, tables.to_text(false).encode()))


@pytest.mark.parametrize("wrong", ["a row more", "a row twice", "text for a number"])
def test_values_that_are_not_those_of_the_plan_are_none(wrong: str) -> None:
    found = by_hand()
    if wrong == "a row more":
        found["values"].append({"levels": [0, 0, 1], "score": 5})
    elif wrong == "a row twice":
        found["values"].append(dict(found["values"][0]))
    else:
        found["values"][0]["score"] = "0"
    with pytest.raises((ValueError, TypeError), match=r"values|whole"):
        tables.result_of("toy", 1, found)
