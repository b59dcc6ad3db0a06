"""All checks in their order, up to the first divergence."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import ContentMissingError, ContentRefusedError, UnknownNameError
from coopt_dag.evaluation.tables import read_table
from coopt_dag.evaluation.verify import divergence as kinds
from coopt_dag.evaluation.verify.content import check_content, check_reports
from coopt_dag.evaluation.verify.divergence import Divergence
from coopt_dag.evaluation.verify.hidden import data_of
from coopt_dag.evaluation.verify.judgements import check_judgements
from coopt_dag.evaluation.verify.measured import check_measured
from coopt_dag.evaluation.verify.others import check_others
from coopt_dag.evaluation.verify.scores import check_scores
from coopt_dag.evaluation.verify.settlement import case_of, check_sums
from coopt_dag.evaluation.verify.task import Task, settlement_place
from coopt_dag.ledger.projection import apply
from coopt_dag.ledger.state import LedgerState, project

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from random import Random

    from coopt_dag.evaluation.case import Case
    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.evaluation.verify.hidden import Data
    from coopt_dag.execution.run import Progress
    from coopt_dag.ledger.events import Event

PASS, INCOMPLETE, DIVERGED = "PASS", "INCOMPLETE", "DIVERGED"


def task_of(
    desk: Desk,
    name: str,
    *,
    epoch: int | None,
    cores: int,
    tell: Callable[[str], None],
    listener: Callable[[Progress], None] | None = None,
    is_broken: bool = False,
) -> Task:
    """Read the ledger once; by default the epoch is the latest that is settled, else the latest.

    Parameters
    ----------
    is_broken : bool
        The ledger was altered: it is read as far as it makes sense.

    Raises
    ------
    UnknownNameError
        The challenge, or the epoch, is not on the ledger.
    """
    events = tuple(desk.ledger.events())
    state = _as_far_as_it_goes(events) if is_broken else project(events)
    if name not in state.challenges:
        raise UnknownNameError("challenge on the ledger", name, state.challenges)
    number = _latest(state, name) if epoch is None else epoch
    if not 0 <= number <= state.epoch(name):
        raise UnknownNameError("epoch", str(number), map(str, range(state.epoch(name) + 1)))
    return Task(desk, name, number, events, state, cores, tell, listener)


def _as_far_as_it_goes(events: tuple[Event, ...]) -> LedgerState:
    state = LedgerState()
    for event in events:
        try:
            apply(state, event)
        except (KeyError, IndexError):
            break  # it builds on one that is not there
    return state


def _latest(state: LedgerState, name: str) -> int:
    settled = [e for (c, e), s in state.settlements.items() if c == name and not s.is_struck]
    return max(settled, default=state.epoch(name))


def named(task: Task, found: Divergence) -> Divergence:
    """Say more of a broken ledger, if its own events tell what is missing."""
    if found.kind != kinds.CHANGED_LEDGER:
        return found
    try:
        return next(check_judgements(task), found)
    except KeyError:
        return found  # an event that others build on is not there


def verify(task: Task, *, sample: int | None, rng: Random) -> Divergence | None:
    """Give the first thing that does not hold; `task` has the counts, and what was missing."""
    try:
        return next(chain(check_judgements(task), _after(task, sample, rng)), None)
    except ContentMissingError as error:
        task.lacks(error.path or "content", error.message)
        return None


def result_of(task: Task, found: Divergence | None) -> str:
    """Give PASS only if nothing differs and nothing was missing."""
    if found is not None:
        return DIVERGED
    return INCOMPLETE if task.missing else PASS


def _after(task: Task, sample: int | None, rng: Random) -> Iterator[Divergence]:
    yield from check_content(task)
    challenge = task.challenge()
    yield from check_reports(task, challenge)
    table = yield from _table(task)
    rows = [] if table is None else table["inputs"]["data"]
    with data_of(task, challenge, rows) as data:
        if data.divergence is not None:
            yield data.divergence
        case = None if table is None else (yield from _before_runs(task, data, table))
        task.tell("scores: records of the epoch")
        yield from check_scores(task, data, sample=sample, rng=rng)
        if sample is None:
            yield from check_others(task, data)
        if case is not None and table is not None:
            yield from check_measured(task, data, case, table)


def _before_runs(
    task: Task, data: Data, table: dict[str, Any]
) -> Generator[Divergence, None, Case | None]:
    """Check what of a settlement needs no run; give the epoch as it was settled."""
    task.tell("settlement: sums, root, inputs from the ledger")
    try:
        case, wrong = case_of(task, data, table)
    except (KeyError, ValueError, TypeError) as error:
        yield _no_table(task, f"{type(error).__name__}: {error}")
        return None
    if wrong is not None:
        yield wrong
    yield from check_sums(task, table)
    return case


def _table(task: Task) -> Generator[Divergence, None, dict[str, Any] | None]:
    """Read the settlement's table; None if there is none."""
    if task.proposal is None:
        task.tell("there is no settlement of this epoch: scores alone are verified")
        return None
    try:
        table = read_table(task.desk.store, task.proposal.table_cid)
        table["inputs"]["data"]
    except ContentMissingError:
        task.lacks(f"table of the {settlement_place(task)}", "the settlement was not verified")
        return None
    except (ContentRefusedError, KeyError, TypeError) as error:
        yield _no_table(task, str(error))
        return None
    return table


def _no_table(task: Task, why: str) -> Divergence:
    return Divergence(
        *(kinds.CHANGED_PAYMENT, f"{settlement_place(task)}, table"),
        *("a settlement's table", why),
        "what the settlement names is no table",
        is_of_settlement=True,
    )
