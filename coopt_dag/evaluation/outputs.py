"""Outputs of records on public data: published with their manifests, and found again.

Only the public split is ever published. What a step makes of hidden inputs tells about them, and
about their truths, whatever the step is.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import ContentMissingError, ContentRefusedError, UnknownNameError
from coopt_dag.ledger.events import Scored
from coopt_dag.model.json_text import read_json
from coopt_dag.store.adding import SOLUTION_IGNORE
from coopt_dag.store.cid import CID
from coopt_dag.store.folders import add_path, cid_of
from coopt_dag.store.limits import Limits
from coopt_dag.store.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.evaluation.pipeline import Scores
    from coopt_dag.ledger.state import LedgerState, Submission
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedSolution

_REPORT_LIMITS = Limits(depth=8, total_bytes=16 << 20, entries=1, blocks=64)
_FIELDS = ("key", "cid", "split", "solution_cid")


@dataclass(frozen=True, slots=True)
class PublishedOutput:
    """One step's output as the latest record's report names it."""

    step: str
    solution_cid: str
    who: str
    """Address of the solution's contributor; empty if it was never offered."""
    split: str
    key: str
    cid: str
    report_cid: str

    def to_json(self) -> dict[str, Any]:
        """Give the row as plain data."""
        return asdict(self)


def open_split(challenge: LoadedChallenge) -> str | None:
    """Give the first split whose inputs and truths everybody may see, if there is one."""
    splits = challenge.spec.splits
    return next((n for n, s in splits.items() if s.visibility == "public"), None)


def publish_outputs(
    desk: Desk, challenge: LoadedChallenge, scores: Scores, solutions: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """Store and pin every step's node of the public run; give what a report says of them.

    Parameters
    ----------
    scores
        Of a run that had the public split beside the one that judges.
    solutions
        Step → CID of the solution that ran.

    Returns
    -------
    dict
        Step → key, cid, split, solution_cid; empty if the challenge has no public split.
    """
    split = open_split(challenge)
    if split is None:
        return {}
    outputs = {}
    for step, key in scores.nodes_on(split).items():
        folder = desk.workspace.store_dir / step / key
        cid = add_path(desk.store, folder, pin=True)
        outputs[step] = dict(zip(_FIELDS, (key, cid, split, solutions[step]), strict=True))
    return outputs


def keep_solutions(desk: Desk, pipeline: Mapping[str, LoadedSolution]) -> None:
    """Store and pin the solutions of a record pipeline; their contributors may go away."""
    for solution in pipeline.values():
        add_path(desk.store, solution.path, ignore=SOLUTION_IGNORE, pin=True)


def solution_cids(
    challenge: LoadedChallenge, state: LedgerState, submission: Submission
) -> dict[str, str]:
    """Name each step's solution where a submission is judged: its own, heads, baselines."""
    cids = {}
    for step, loaded in challenge.steps.items():
        head = state.head(challenge.spec.id, step)
        if step == submission.step:
            cids[step] = submission.solution_cid
        elif head is not None:
            cids[step] = head.solution_cid
        else:
            cids[step] = cid_of(loaded.solutions["baseline"].path, ignore=SOLUTION_IGNORE)
    return cids


def published_outputs(desk: Desk, challenge: str) -> list[PublishedOutput]:
    """Give the outputs of the present record pipeline that its evaluator published.

    Raises
    ------
    UnknownNameError
        The challenge is not on the ledger.
    ContentMissingError
        There is no record yet, or its report names no outputs, or the store does not have it.
    ContentRefusedError
        The report is none of an evaluation.
    """
    state = desk.state()
    if challenge not in state.challenges:
        hint = f"coopt challenge register {challenge}"
        raise UnknownNameError("challenge on the ledger", challenge, state.challenges, hint=hint)
    records = [
        e
        for e in desk.ledger.events()
        if isinstance(e, Scored) and e.is_record and e.challenge == challenge
    ]
    if not records:
        raise ContentMissingError(
            f"challenge '{challenge}' has no record yet, so no outputs are published",
            hint="coopt evaluate",
        )
    return _rows(desk, state, challenge, records[-1].report_cid)


def _rows(desk: Desk, state: LedgerState, challenge: str, report_cid: str) -> list[PublishedOutput]:
    report = _read_report(desk, report_cid)
    outputs = report["outputs"]
    if not outputs:
        raise ContentMissingError(
            f"the latest record of '{challenge}' was published without outputs "
            f"({report.get('no_outputs', 'it does not say why')})",
            path=report_cid,
            hint="run the steps above yours here: coopt check",
        )
    contributors = {
        (s.step, s.solution_cid): s.contributor
        for s in reversed(state.submissions.values())
        if s.challenge == challenge
    }
    return [
        PublishedOutput(
            step=step,
            solution_cid=found["solution_cid"],
            who=contributors.get((step, found["solution_cid"]), ""),
            split=found["split"],
            key=found["key"],
            cid=found["cid"],
            report_cid=report_cid,
        )
        for step, found in ((s, outputs.get(s)) for c, s in state.steps if c == challenge)
        if found is not None
    ]


def _read_report(desk: Desk, cid: str) -> dict[str, Any]:
    """Read an evaluation's report; somebody else wrote it, so nothing in it is trusted."""
    reader = Reader(desk.store, limits=_REPORT_LIMITS)
    try:
        report = dict(read_json(b"".join(reader.content(reader.open(CID.parse(cid))))))
        outputs = report.setdefault("outputs", {})
        plain = report["schema"] == "coopt/report/1" and all(
            isinstance(found[name], str) for found in outputs.values() for name in _FIELDS
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _no_report(cid, f"{type(error).__name__}: {error}") from error
    if not plain:
        raise _no_report(cid, "a field is not of the form coopt/report/1")
    return report


def _no_report(cid: str, why: str) -> ContentRefusedError:
    return ContentRefusedError(
        f"is no report of an evaluation ({why})",
        path=cid,
        hint="tell the evaluator; `coopt log` shows who it is",
    )
