"""Everything that the ledger names by CID: there, whole, and what the ledger says it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.errors import ContentMissingError, ContentRefusedError, IntegrityError, UsageError
from coopt_dag.evaluation.feedback import LOCAL_RECORD
from coopt_dag.evaluation.outputs import solution_cids
from coopt_dag.evaluation.verify import divergence as kinds
from coopt_dag.evaluation.verify.divergence import Divergence
from coopt_dag.evaluation.verify.task import settlement_place
from coopt_dag.ledger.events import Scored
from coopt_dag.model.json_text import read_json
from coopt_dag.store.cid import CID
from coopt_dag.store.limits import Limits
from coopt_dag.store.reader import Reader
from coopt_dag.store.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.evaluation.verify.task import Task
    from coopt_dag.specs.loaded import LoadedChallenge

_SMALL = Limits(depth=8, total_bytes=16 << 20, entries=1, blocks=64)


def check_content(task: Task) -> Iterator[Divergence]:
    """Read every block that is named, and compare it with its CID."""
    task.tell("content: every block against its CID")
    for what, cid, submission in _named(task):
        yield from whole(task, what, cid, submission=submission)
    for event in scored_in(task):
        report = report_of(task, event.submission_id, event.report_cid)
        for step, output in sorted((report or {}).get("outputs", {}).items()):
            what = f"published output of '{step}' in the record of submission {event.submission_id}"
            yield from whole(task, what, str(output["cid"]))


def _named(task: Task) -> Iterator[tuple[str, str, int]]:
    """Give what the ledger names: in words, its CID, the submission whose solution it is."""
    state, name = task.state, task.name
    yield f"specification of challenge '{name}'", state.challenges[name].manifest_cid, 0
    for (challenge, step), entry in sorted(state.steps.items()):
        if challenge == name:
            yield f"specification of step '{step}'", entry.spec_cid, 0
    yield from _offered(task)
    if task.epoch:
        seal = state.seals[name][task.epoch - 1]
        yield f"seal of epoch {task.epoch}", seal.sealed_cid, 0
        if seal.is_open:
            yield f"key of epoch {task.epoch}", seal.keys_cid, 0
    if task.proposal is not None:
        yield f"table of the {settlement_place(task)}", task.proposal.table_cid, 0


def _offered(task: Task) -> Iterator[tuple[str, str, int]]:
    """Give the solutions that were scored, and the reports on those of the epoch."""
    for number, one in sorted(task.state.submissions.items()):
        if one.challenge != task.name or one.epoch > task.epoch:
            continue
        if one.score_wad is not None or one.reason == LOCAL_RECORD:
            yield f"solution of submission {number}", one.solution_cid, number
            if one.epoch == task.epoch:
                yield f"report on submission {number}", one.report_cid, 0


def whole(task: Task, what: str, cid: str, *, submission: int = 0) -> Iterator[Divergence]:
    """Read a DAG whole; a block that is not its CID's is named, one that is missing noted."""
    kind = kinds.SWAPPED_SOLUTION if submission else kinds.TAMPERED_ARTIFACT
    try:
        for _ in walk(task.desk.store, CID.parse(cid)):
            task.counts.blocks += 1
    except ContentMissingError as error:
        task.lacks(f"{what}, {cid}", error.message)
    except (IntegrityError, ContentRefusedError, UsageError) as error:
        yield Divergence(
            *(kind, f"{what}, {cid}", cid, str(error)),
            "the store holds other bytes than this CID names",
        )
    else:
        task.counts.objects += 1


def scored_in(task: Task) -> list[Scored]:
    """Give the events that made records in the epoch."""
    return [
        e
        for e in task.events
        if isinstance(e, Scored)
        and e.is_record
        and e.challenge == task.name
        and task.state.submissions[e.submission_id].epoch == task.epoch
    ]


def report_of(task: Task, number: int, cid: str) -> dict[str, Any] | None:
    """Read a report; None if it cannot be had, or is none."""
    reader = Reader(task.desk.store, limits=_SMALL)
    try:
        report = dict(read_json(b"".join(reader.content(reader.open(CID.parse(cid))))))
        report["outputs"] = {
            str(step): {k: str(found[k]) for k in ("key", "cid", "split", "solution_cid")}
            for step, found in report.get("outputs", {}).items()
        }
    except (ContentMissingError, IntegrityError, ContentRefusedError):
        return None
    except (UsageError, ValueError, KeyError, TypeError, AttributeError) as error:
        task.lacks(f"report on submission {number}, {cid}", f"it is no report: {error}")
        return None
    return report


def check_reports(task: Task, challenge: LoadedChallenge) -> Iterator[Divergence]:
    """Compare what reports of records say was run with what the ledger says stood there."""
    for event in scored_in(task):
        report = report_of(task, event.submission_id, event.report_cid)
        if report is None:
            continue
        number = event.submission_id
        if report.get("submission") != number:
            yield Divergence(
                *(kinds.SWAPPED_SOLUTION, f"report on submission {number}, {event.report_cid}"),
                *(number, report.get("submission")),
                "the report is about another submission",
                submission=number,
            )
        state = task.before(event.seq)
        cids = solution_cids(challenge, state, state.submissions[number])
        for step, output in sorted(report["outputs"].items()):
            if output["solution_cid"] != cids.get(step):
                yield Divergence(
                    *(kinds.SWAPPED_SOLUTION, f"report on submission {number}, step '{step}'"),
                    *(cids.get(step), output["solution_cid"]),
                    "the report names another solution than the ledger had there",
                    submission=number,
                )
