"""A settlement's table: what was measured, and what follows from it, as one document.

`inputs` holds all that a machine measured or the ledger says; `result` is a pure function of it,
so that anybody computes it again, to the last unit, and compares.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from coopt_dag.credit.apportion import apportion
from coopt_dag.credit.paired import Paired
from coopt_dag.credit.pot import Terms
from coopt_dag.credit.sampling import estimate, prefix_plan, sample_plan
from coopt_dag.credit.settlement import Epoch, Review, Work, settle
from coopt_dag.errors import ContentRefusedError
from coopt_dag.ledger.actions import Share
from coopt_dag.ledger.hashing import MerkleTree, leaf_of
from coopt_dag.model.json_text import read_json
from coopt_dag.store.cid import CID
from coopt_dag.store.limits import Limits
from coopt_dag.store.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coopt_dag.credit.curves import Curves
    from coopt_dag.credit.sampling import Plan
    from coopt_dag.store.protocol import Store

SCHEMA = "coopt/settlement/1"
CREDIT = 0
"""The number that stands for credit where bounties have theirs."""
NOBODY = "0x" + "0" * 40
_LIMITS = Limits(depth=8, total_bytes=256 << 20, entries=1, blocks=4096)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One payment as the contract knows it."""

    index: int
    bounty_id: int
    account: str
    amount: int


def table_of(challenge: str, epoch: int, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Give the whole table of an epoch; equal inputs give equal bytes."""
    head = {"schema": SCHEMA, "challenge": challenge, "epoch": epoch}
    return head | {"inputs": dict(inputs), "result": result_of(challenge, epoch, inputs)}


def result_of(challenge: str, epoch: int, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Compute who is paid what; whole numbers only.

    Raises
    ------
    KeyError, ValueError, TypeError
        The inputs are none of a settlement.
    """
    curves, work, terms = curves_in(inputs), epoch_in(inputs), terms_in(inputs)
    total = Paired(**inputs["total"])
    known = {k: (v[0], v[1]) for k, v in inputs["intervals"].items()}
    found = settle(curves, work, terms=terms, total=total, intervals=known)
    shares = {
        bounty["id"]: _bounty_payments(bounty, curves, work, terms, total)
        for bounty in inputs["bounties"]
    }
    leaves = _leaves({CREDIT: found.payments()} | shares)
    tree = tree_of(challenge, epoch, leaves)
    return {
        "gain": found.gain,
        "scale": found.scale,
        "errors": [list(heights) for heights in curves.errors],
        "budget": found.budget,
        "pot": found.pot,
        "rows": [_plain(asdict(row)) for row in found.rows],
        "shares": [
            {"bounty_id": n, "total": sum(paid.values())} for n, paid in shares.items() if paid
        ],
        "leaves": [asdict(leaf) for leaf in leaves],
        "merkle_root": tree.root,
    }


def curves_in(inputs: Mapping[str, Any]) -> Curves:
    """Give the curves that the measured scores make, exact or estimated as the plan says."""
    plan = plan_in(inputs)
    scores = {tuple(row["levels"]): row["score"] for row in inputs["values"]}
    if set(scores) != set(plan.configs) or len(scores) != len(inputs["values"]):
        raise ValueError("its values are not those of its plan, each once")
    if not all(type(score) is int for score in scores.values()):
        raise TypeError("a score is no whole number")
    return estimate(plan, scores)


def plan_in(inputs: Mapping[str, Any]) -> Plan:
    """Give the plan that chose the configurations; it follows from a few words."""
    levels = [len(step["adopted"]) for step in inputs["steps"]]
    found = inputs["plan"]
    seed = bytes.fromhex(found["seed"])
    if found["method"] == "prefixes":
        return prefix_plan(levels, upstream=found["upstream"], pairs=found["amount"], seed=seed)
    plan = sample_plan(levels, evaluations=found["amount"], seed=seed)
    if plan.method != found["method"]:
        raise ValueError(f"so many evaluations are {plan.method}, not {found['method']}")
    return plan


def plan_words(plan: Plan) -> dict[str, Any]:
    """Give a plan as a table says it; `plan_in` reads it."""
    return {
        "method": plan.method,
        "amount": plan.amount,
        "upstream": plan.upstream,
        "seed": plan.seed.hex(),
    }


def terms_in(inputs: Mapping[str, Any]) -> Terms:
    """Give the terms that were announced."""
    found = dict(inputs["terms"])
    return Terms(**(found | {"alpha": Fraction(found["alpha"])}))


def epoch_in(inputs: Mapping[str, Any]) -> Epoch:
    """Give who worked on what."""
    works = {
        w["id"]: Work(w["id"], w["account"], w["step"], tuple(w["parents"]), w["gain"])
        for w in inputs["works"]
    }
    chains = tuple(tuple(works[one] for one in step["adopted"]) for step in inputs["steps"])
    records = tuple(works[one] for step in inputs["steps"] for one in step["local"])
    settled = {one for step in inputs["steps"] for one in (*step["adopted"], *step["local"])}
    return Epoch(
        chains,
        records=records,
        reviews=tuple(Review(**review) for review in inputs["reviews"]),
        lineage=tuple(work for one, work in works.items() if one not in settled),
    )


def epoch_words(epoch: Epoch) -> dict[str, Any]:
    """Give an epoch's works and reviews as a table says them; `epoch_in` reads them."""
    works = sorted(epoch.works().values(), key=lambda work: work.id)
    return {
        "works": [_plain(asdict(work)) for work in works],
        "reviews": [asdict(review) for review in epoch.reviews],
    }


def leaves_of(table: Mapping[str, Any]) -> tuple[Leaf, ...]:
    """Give a table's payments."""
    return tuple(Leaf(**leaf) for leaf in table["result"]["leaves"])


def shares_of(table: Mapping[str, Any]) -> tuple[Share, ...]:
    """Give what a table takes from bounties."""
    return tuple(Share(**share) for share in table["result"]["shares"])


def credit_of(table: Mapping[str, Any]) -> int:
    """Give the credit that a table pays in all."""
    return sum(leaf.amount for leaf in leaves_of(table) if leaf.bounty_id == CREDIT)


def tree_of(challenge: str, epoch: int, leaves: Sequence[Leaf]) -> MerkleTree:
    """Give the tree whose root the ledger keeps; who is paid proves it with its branch.

    An epoch that pays nothing has a leaf that pays nothing to nobody.
    """
    found = leaves or (Leaf(0, CREDIT, NOBODY, 0),)
    return MerkleTree(
        [
            leaf_of(
                *(challenge, epoch, leaf.index),
                bounty_id=leaf.bounty_id,
                account=leaf.account,
                amount=leaf.amount,
            )
            for leaf in found
        ]
    )


def to_text(table: Mapping[str, Any]) -> str:
    """Give a table's bytes: equal tables have equal CIDs."""
    return json.dumps(table, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def read_table(store: Store, cid: str) -> dict[str, Any]:
    """Fetch a table; who proposed it is a stranger.

    Raises
    ------
    ContentMissingError, IntegrityError
        The store lacks it, or has something else.
    ContentRefusedError
        It is no table of a settlement.
    """
    reader = Reader(store, limits=_LIMITS)
    try:
        table = dict(read_json(b"".join(reader.content(reader.open(CID.parse(cid))))))
        leaves_of(table), shares_of(table), table["inputs"]["steps"], table["result"]["rows"]
        found = table["schema"]
    except (ValueError, KeyError, TypeError) as error:
        raise _no_table(cid, f"{type(error).__name__}: {error}") from error
    if found != SCHEMA:
        raise _no_table(cid, f"its schema is {found!r}, not {SCHEMA}")
    return table


def _no_table(cid: str, why: str) -> ContentRefusedError:
    return ContentRefusedError(
        f"is no table of a settlement ({why})",
        path=cid,
        hint="dispute the settlement that names it",
    )


def _bounty_payments(
    bounty: Mapping[str, Any], curves: Curves, epoch: Epoch, terms: Terms, total: Paired
) -> dict[str, int]:
    """Divide a bounty like the credit for steps; one for a step among those who raised it."""
    whole = replace(terms, budget=bounty["left"], steps_bp=10_000, local_bp=0, reviews_bp=0)
    found = settle(curves, epoch, terms=whole, total=total)
    if not bounty["step"]:
        return found.payments()
    own = {row.contribution for row in found.rows if row.step == bounty["step"]}
    weights: dict[str, int] = {}
    for row in found.rows:
        if (row.source or row.contribution) in own:
            weights[row.account] = weights.get(row.account, 0) + row.paid
    return {who: paid for who, paid in sorted(apportion(weights, found.pot).items()) if paid}


def _leaves(payments: Mapping[int, Mapping[str, int]]) -> tuple[Leaf, ...]:
    flat = [
        (bounty_id, account, amount)
        for bounty_id, paid in sorted(payments.items())
        for account, amount in sorted(paid.items())
    ]
    return tuple(Leaf(index, *one) for index, one in enumerate(flat))


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """Give what JSON reads back the same: lists for tuples."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in value.items()}
