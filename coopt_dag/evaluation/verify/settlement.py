"""A settlement's table: its sums, its root, and whether its inputs follow from the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.errors import LedgerRefusedError
from coopt_dag.evaluation import settle, tables
from coopt_dag.evaluation.case import case_at
from coopt_dag.evaluation.epochs import require_over
from coopt_dag.evaluation.verify import divergence as kinds
from coopt_dag.evaluation.verify.divergence import Divergence
from coopt_dag.evaluation.verify.task import plain, settlement_place
from coopt_dag.ledger.events import Redeemed
from coopt_dag.ledger.projection import apply
from coopt_dag.ledger.state import LedgerState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from coopt_dag.evaluation.case import Case
    from coopt_dag.evaluation.verify.hidden import Data
    from coopt_dag.evaluation.verify.task import Task
    from coopt_dag.ledger.events import SettlementProposed

Row = tuple[str, Any, Any]
"""Place, expected, found."""


def check_sums(task: Task, table: Mapping[str, Any]) -> Iterator[Divergence]:
    """Compute the table's result again, to the last unit; compare it with the ledger's root."""
    proposal = task.proposal
    assert proposal is not None  # noqa: S101  # there is a table
    of = (task.name, task.epoch)
    for place, expected, found in _pairs(task, table, proposal):
        if expected != found:
            yield _payment(task, (place, plain(expected), plain(found)))
    try:
        result = tables.result_of(*of, table["inputs"])
    except (KeyError, ValueError, TypeError, IndexError) as error:
        yield _payment(
            task, ("inputs", "inputs of a settlement", f"{type(error).__name__}: {error}")
        )
        return
    row = first_difference(result, table["result"], "result")
    if row is not None:
        yield _payment(task, row)
    task.counts.payments = len(tables.leaves_of(table))
    yield from _unknown_redemptions(task, table)


def _pairs(
    task: Task, table: Mapping[str, Any], proposal: SettlementProposed
) -> Iterator[tuple[str, Any, Any]]:
    yield "challenge and epoch", [task.name, task.epoch], [table["challenge"], table["epoch"]]
    # What follows from the table's own numbers first: so that a changed payment is named itself.
    try:
        result = tables.result_of(task.name, task.epoch, table["inputs"])
    except (KeyError, ValueError, TypeError, IndexError):
        return
    yield from _leaf_pairs(result["leaves"], table["result"]["leaves"])
    root = tables.tree_of(task.name, task.epoch, tables.leaves_of(table)).root
    yield "merkle_root on the ledger", root, proposal.root
    yield "credit on the ledger", tables.credit_of(table), proposal.credit
    yield "shares of bounties on the ledger", tables.shares_of(table), proposal.shares


def _leaf_pairs(expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> Iterator[Row]:
    for index in range(max(len(expected), len(found))):
        one = expected[index] if index < len(expected) else None
        other = found[index] if index < len(found) else None
        yield f"payment {index}", one, other


def _unknown_redemptions(task: Task, table: Mapping[str, Any]) -> Iterator[Divergence]:
    leaves = {leaf.index: leaf for leaf in tables.leaves_of(table)}
    for e in task.events:
        if not isinstance(e, Redeemed) or (e.challenge, e.epoch) != (task.name, task.epoch):
            continue
        leaf = leaves.get(e.index)
        paid = (e.bounty_id, e.account, e.amount)
        due = None if leaf is None else (leaf.bounty_id, leaf.account, leaf.amount)
        if due != paid:
            yield _payment(task, (f"redeemed payment {e.index}", plain(due), plain(paid)))


def _payment(task: Task, row: Row) -> Divergence:
    place, expected, found = row
    return Divergence(
        *(kinds.CHANGED_PAYMENT, f"{settlement_place(task)}, {place}", expected, found),
        "it does not follow from the settlement's own inputs",
        is_of_settlement=True,
    )


def case_of(task: Task, data: Data, table: Mapping[str, Any]) -> tuple[Case, Divergence | None]:
    """Give the epoch as it was settled, and the first input that does not follow from the ledger.

    Whoever settled read the ledger at a moment between the epoch's end and the proposal; what came
    in between (a review, a bounty) may be in the table or not.
    """
    proposal = task.proposal
    assert proposal is not None  # noqa: S101  # there is a table
    gains = _local_gains(table)
    last = _case(task, data, task.before(proposal.seq))
    found = wrong_input(task, settle.ledger_words(last, gains), table["inputs"])
    if found is None:
        return last, None
    state = LedgerState()
    for event in task.events[: proposal.seq]:
        apply(state, event)
        if (task.name, task.epoch) in state.settlements or not _is_over(task, state, proposal):
            continue
        case = _case(task, data, state)
        if wrong_input(task, settle.ledger_words(case, gains), table["inputs"]) is None:
            return _case(task, data, task.before(event.seq + 1)), None
    return last, found


def _is_over(task: Task, state: LedgerState, proposal: SettlementProposed) -> bool:
    if task.name not in state.challenges or task.epoch > state.epoch(task.name):
        return False
    try:
        require_over(state, task.name, task.epoch, now=proposal.time)
    except LedgerRefusedError:
        return False
    return True


def _case(task: Task, data: Data, state: LedgerState) -> Case:
    return case_at(
        *(task.desk, data.challenge, task.epoch),
        state=state,
        events=task.events,
        data=data.folder,
    )


def _local_gains(table: Mapping[str, Any]) -> dict[int, int]:
    """Give the one number of a work that is measured, as the table tells it."""
    inputs = table["inputs"]
    local = {one for step in inputs["steps"] for one in step["local"]}
    works = inputs["works"]
    return _Default({int(w["id"]): int(w["gain"]) for w in works if w["id"] in local})


class _Default(dict[int, int]):
    """A local record that the table does not name gains nothing, and is named as missing."""

    def __missing__(self, key: int) -> int:
        return 0


def wrong_input(
    task: Task, expected: Mapping[str, Any], found: Mapping[str, Any]
) -> Divergence | None:
    """Name the first input that does not follow from the ledger."""
    for kind, (place, due, told) in _wrong(expected, found):
        return Divergence(
            *(kind, f"{settlement_place(task)}, {place}", plain(due), plain(told)),
            "the table's inputs do not follow from the ledger",
            is_of_settlement=True,
        )
    return None


def _wrong(expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[tuple[str, Row]]:
    for name in ("manifest_cid", "split", "metric", "terms"):
        yield from _differs(kinds.CHANGED_TERMS, expected[name], found.get(name), name)
    due = {work["id"]: work for work in expected["works"]}
    told = {work["id"]: work for work in found["works"]}
    for one in sorted(due.keys() | told.keys()):
        yield from _wrong_work(one, due.get(one), told.get(one))
    yield from _wrong_steps(expected["steps"], found["steps"])
    for name in ("reviews", "bounties"):
        yield from _differs(kinds.CHANGED_PAYMENT, expected[name], found.get(name), name)


def _differs(kind: str, expected: Any, found: Any, place: str) -> Iterator[tuple[str, Row]]:
    row = first_difference(expected, found, place)
    if row is not None:
        yield kind, row


def _wrong_work(
    one: str, due: dict[str, Any] | None, told: dict[str, Any] | None
) -> Iterator[tuple[str, Row]]:
    place = f"submission {int(one)}"
    if told is None:
        yield kinds.DROPPED_SUBMISSION, (place, due, None)
        return
    row = first_difference(due, told, place)
    if row is not None:
        is_score = row[0].endswith(".gain")
        yield kinds.CHANGED_SCORE if is_score else kinds.CHANGED_PAYMENT, row


def _wrong_steps(
    expected: list[dict[str, Any]], found: list[dict[str, Any]]
) -> Iterator[tuple[str, Row]]:
    # Payments go by the places of steps: another order, a step twice or one more moves money.
    names = [step["step"] for step in expected], [step["step"] for step in found]
    told = {step["step"]: step for step in found}
    if not set(names[0]) - set(names[1]):
        yield from _differs(kinds.CHANGED_PAYMENT, *names, "steps")
    for due in expected:
        place = f"step '{due['step']}'"
        step = told.get(due["step"])
        if step is None:
            yield kinds.DROPPED_SUBMISSION, (place, due, None)
            continue
        for name in ("adopted", "local"):
            lost = [one for one in due[name] if one not in step[name]]
            if lost:
                row = f"{place}, {name}: submission {int(lost[0])}", due[name], step[name]
                yield kinds.DROPPED_SUBMISSION, row
        solutions = f"{place}, solutions"
        yield from _differs(kinds.SWAPPED_SOLUTION, due["solutions"], step["solutions"], solutions)
        yield from _differs(kinds.CHANGED_PAYMENT, due, step, place)


def first_difference(expected: Any, found: Any, place: str) -> Row | None:
    """Give where two documents differ first, and both values.

    >>> first_difference({"a": [1, 2]}, {"a": [1, 3]}, "x")
    ('x.a.1', 2, 3)
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(expected.keys() | found.keys()):
            row = first_difference(expected.get(key), found.get(key), f"{place}.{key}")
            if row is not None:
                return row
        return None
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, (one, other) in enumerate(zip(expected, found, strict=True)):
            row = first_difference(one, other, f"{place}.{index}")
            if row is not None:
                return row
        return None
    return None if expected == found else (place, expected, found)
