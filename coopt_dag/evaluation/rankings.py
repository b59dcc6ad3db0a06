"""The same solutions under two versions of a metric: both boards, and how much they agree."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from coopt_dag.credit.ranks import kendall, places, spearman, swapped
from coopt_dag.errors import NodeFailedError, ScoreInvalidError, UsageError
from coopt_dag.evaluation.check import public_split
from coopt_dag.evaluation.metrics import require_step
from coopt_dag.evaluation.pipeline import score_pipeline
from coopt_dag.evaluation.published import by_version, in_force
from coopt_dag.evaluation.submit import step_of
from coopt_dag.ledger.state import project
from coopt_dag.ledger.versions import metric_versions
from coopt_dag.model.wad import from_wad, to_wad

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.ledger.state import LedgerState, Submission
    from coopt_dag.ledger.versions import MetricVersion
    from coopt_dag.model.metric import Metric
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedSolution

STANDING = frozenset({"record", "contested"})
SCORED = STANDING | {"no_gain"}


@dataclass(frozen=True, slots=True)
class Side:
    """A version of the metric, as one board has it."""

    version: MetricVersion
    metric: Metric

    def to_json(self) -> dict[str, Any]:
        """Give the version as plain data."""
        return {
            "version": self.version.number,
            "spec_cid": self.version.spec_cid,
            "metric": self.metric.name,
            "unit": self.metric.unit,
            "direction": self.metric.direction,
            "announced": self.version.is_announced,
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """One solution on both boards; a score is None where the metric gives none."""

    submission: Submission
    old_wad: int | None
    new_wad: int | None
    old_place: int | None = None
    new_place: int | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Both boards side by side."""

    challenge: str
    step: str
    split: str
    old: Side
    new: Side
    rows: tuple[Standing, ...]
    """In the order of the new board; what has no score comes last."""
    spearman: float | None
    kendall: float | None
    swapped: tuple[tuple[int, int], ...]
    """Submissions: above before, above now."""

    def to_json(self, *, name_of: Callable[[str], str]) -> dict[str, Any]:
        """Give both boards as plain data; scores are exact decimal texts."""
        return {
            "challenge": self.challenge,
            "step": self.step,
            "split": self.split,
            "old": self.old.to_json(),
            "new": self.new.to_json(),
            "rows": [
                {
                    "id": r.submission.id,
                    "who": name_of(r.submission.contributor),
                    "status": r.submission.status,
                    "solution_cid": r.submission.solution_cid,
                    "old_score": None if r.old_wad is None else from_wad(r.old_wad),
                    "new_score": None if r.new_wad is None else from_wad(r.new_wad),
                    "old_place": r.old_place,
                    "new_place": r.new_place,
                }
                for r in self.rows
            ],
            "spearman": self.spearman,
            "kendall": self.kendall,
            "swapped": [list(pair) for pair in self.swapped],
        }


def compare(
    desk: Desk,
    challenge: LoadedChallenge,
    step: str,
    *,
    split: str | None = None,
    every: bool = False,
    cores: int,
    tell: Callable[[str], None],
) -> Ranking:
    """Score a step's solutions by two versions of its metric, each in the present record pipeline.

    The versions are the announced one and that in force; if none is announced, that in force and
    the one before it.

    Parameters
    ----------
    split
        The first public one by default.
    every : bool
        Take also what was judged and is no record.

    Raises
    ------
    UsageError
        The step has had one metric only.
    """
    events = desk.ledger.events()
    state, name = project(events), challenge.spec.id
    require_step(state, name, step)
    local = step_of(challenge, step)
    versions = metric_versions(events, name, step)
    if len(versions) < 2:
        raise UsageError(
            f"{name}/{step} has had one metric only",
            hint=f"coopt metric propose {name}/{step} --from FOLDER",
        )
    present = in_force(desk, state, challenge)
    boards = [
        replace(present, steps={**present.steps, step: by_version(desk, local, v.spec_cid)})
        for v in versions[-2:]
    ]
    old, new = (
        Side(version, board.steps[step].spec.metric)
        for version, board in zip(versions[-2:], boards, strict=True)
    )
    chosen = split or public_split(challenge)
    rows = []
    for entry in solutions_of(state, name, step, every=every):
        tell(
            f"scoring submission {entry.id} by versions {old.version.number}, {new.version.number}"
        )
        pipeline = desk.record_pipeline(present, state) | {step: desk.solution(entry.solution_cid)}
        before, after = (
            _score(desk, board, pipeline, step, chosen, cores=cores, tell=tell) for board in boards
        )
        rows.append(Standing(entry, before, after))
    return ranked(name, step, chosen, old, new, rows)


def solutions_of(
    state: LedgerState, challenge: str, step: str, *, every: bool = False
) -> list[Submission]:
    """Give the step's records that stand, or everything that was judged and ran to its end."""
    wanted = SCORED if every else STANDING
    return [
        s
        for _, s in sorted(state.submissions.items())
        if (s.challenge, s.step) == (challenge, step) and s.status in wanted
    ]


def ranked(
    challenge: str, step: str, split: str, old: Side, new: Side, rows: list[Standing]
) -> Ranking:
    """Put scores in order, each by its metric's direction; only what both score is compared."""
    both = [r for r in rows if r.old_wad is not None and r.new_wad is not None]
    first = [_merit(r.old_wad, old.metric) for r in both]
    second = [_merit(r.new_wad, new.metric) for r in both]
    ends = zip(both, places(first), places(second), strict=True)
    placed = [replace(r, old_place=a, new_place=b) for r, a, b in ends]
    placed.sort(key=lambda r: (r.new_place, r.submission.id))
    rest = [r for r in rows if r.old_wad is None or r.new_wad is None]
    numbers = [r.submission.id for r in both]
    return Ranking(
        challenge,
        step,
        split,
        old,
        new,
        (*placed, *rest),
        spearman(first, second),
        kendall(first, second),
        tuple((numbers[a], numbers[b]) for a, b in swapped(first, second)),
    )


def _merit(score_wad: int | None, metric: Metric) -> int:
    assert score_wad is not None  # noqa: S101  # only scored ones are compared
    return -score_wad if metric.direction == "minimise" else score_wad


def _score(
    desk: Desk,
    board: LoadedChallenge,
    pipeline: Mapping[str, LoadedSolution],
    step: str,
    split: str,
    *,
    cores: int,
    tell: Callable[[str], None],
) -> int | None:
    """Give a score, or None if this metric has none for this solution."""
    try:
        scores = score_pipeline(
            desk.workspace, board, pipeline, splits=(split,), believe=True, cores=cores
        )
    except (NodeFailedError, ScoreInvalidError) as error:
        tell(f"  no score: {error}")
        return None
    return to_wad(scores.value(step))
