"""The gate of a challenge: a gain on the hidden record split counts if it is more than noise.

The candidate is compared with the step's head, both inside the record pipeline, example by
example. What is found is the evaluator's alone: who submits learns one word.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from coopt_dag.credit.decide import Evidence, Rule, Verdict, by_bound, by_score, compare, decide
from coopt_dag.credit.jackknife import jackknifed
from coopt_dag.credit.paired import Paired, paired
from coopt_dag.errors import SpecError
from coopt_dag.evaluation.examples import clusters_by_loss, clusters_of
from coopt_dag.evaluation.feedback import LOCAL_RECORD
from coopt_dag.evaluation.losses import Parts, in_nano, read_parts, unit_loss

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coopt_dag.evaluation.pipeline import Scores
    from coopt_dag.ledger.state import LedgerState, Submission
    from coopt_dag.model.credit import Gate
    from coopt_dag.model.metric import Metric
    from coopt_dag.specs.loaded import LoadedChallenge

SHORT = "the works have losses of another number of examples"
"""A metric that judges fewer examples of one work than of the other compares nothing."""

UNGROUPED = "fewer examples than jackknife groups"


def rule_of(gate: Gate, metric: Metric) -> Rule:
    """Give what was announced for a metric, in 1e-9 of its unit.

    Examples
    --------
    >>> from coopt_dag.model.credit import Gate
    >>> from coopt_dag.model.metric import Metric
    >>> rmse = Metric(name="rmse", unit="stars", range=(0, 4), direction="minimise", prediction="p",
    ...               truth="t", min_delta=0.0005, tolerance=0, summary="x")
    >>> rule = rule_of(Gate(slots=20), rmse)
    >>> rule.alpha, rule.least
    (Fraction(1, 20), 500000)
    """
    return Rule(
        slots=gate.slots,
        alpha=Fraction(str(gate.alpha)),
        min_delta=in_nano([metric.min_delta])[0],
        tolerance=in_nano([metric.tolerance])[0],
        non_inferiority=in_nano([gate.non_inferiority])[0],
        min_clusters=gate.min_clusters,
        min_discordant=gate.min_discordant,
    )


def is_spent(gate: Gate | None, state: LedgerState, submission: Submission) -> bool:
    """Tell whether as many tests of the step as the epoch has are others', handed in before.

    Every submission since the seal takes one by its number, so that the answer never changes;
    the owner's baseline takes none.
    """
    if gate is None or submission.is_baseline:
        return False
    mine = submission.challenge, submission.step, submission.epoch
    before = sum(
        1
        for s in state.submissions.values()
        if (s.challenge, s.step, s.epoch) == mine and not s.is_baseline and s.id < submission.id
    )
    return before >= gate.slots


def latest_local(state: LedgerState, submission: Submission) -> Submission | None:
    """Give the local record of the step and epoch that was handed in last before a submission."""
    mine = submission.challenge, submission.step, submission.epoch
    before = [
        s
        for n, s in sorted(state.submissions.items())
        if n < submission.id and (s.challenge, s.step, s.epoch) == mine and s.reason == LOCAL_RECORD
    ]
    return before[-1] if before else None


def judge(
    challenge: LoadedChallenge,
    step: str,
    *,
    before: Scores,
    after: Scores,
    root: Path,
    data: Path,
) -> Verdict:
    """Compare a candidate's pipeline with the record pipeline; its score exceeds the head's.

    Parameters
    ----------
    before, after : Scores
        Of the record pipeline, and of the same with the candidate in it, on the record split.
    root : Path
        The workspace, whose store holds the score nodes.
    data : Path
        Folder that holds the challenge's data.

    Raises
    ------
    SpecError
        The truth's clusters and the metric's losses do not fit: the owner's fault, nobody's else.
    """
    gate, end = challenge.spec.gate, challenge.spec.end_to_end
    assert gate is not None  # noqa: S101  # who asks has looked

    def pair(name: str | None, metric: Metric) -> Pair:
        parts = [read_parts(s.plan, s.split, root, step=name) for s in (before, after)]
        groups = clusters_of(challenge, after.split, data, truth=metric.truth)
        return Pair(metric, rule_of(gate, metric), parts[0], parts[1], groups)

    local = pair(step, challenge.steps[step].spec.metric).better()
    whole = pair(None, end.metric)
    rule, found = whole.not_worse()
    held = after.outcome.document["pipelines"][0]["constraints"]
    asked = {
        (c["id"] if c["step"] is None else f"{c['step']}.{c['id']}"): c["kept"]
        for c in held
        if c["step"] in {None, step}
    }
    return decide(local, rule=rule, whole=found, constraints=asked)


def account(verdict: Verdict) -> dict[str, Any]:
    """Give all numbers of a verdict, in 1e-9, as plain data: for the evaluator alone."""
    return {
        "outcome": verdict.outcome,
        "local": _plain(verdict.local),
        "whole": None if verdict.whole is None else _plain(verdict.whole),
        "broken": list(verdict.broken),
    }


def _plain(found: Evidence) -> dict[str, Any]:
    return {
        "test": found.test,
        "passed": found.passed,
        "reason": found.reason,
        "gain": found.gain,
        "error": found.error,
        "bound": found.bound,
        "p": None if found.p is None else float(found.p),
        "clusters": found.clusters,
        "discordant": found.discordant,
        "alpha": str(found.alpha),
    }


@dataclass(frozen=True, slots=True)
class Pair:
    """Head and candidate by one metric."""

    metric: Metric
    rule: Rule
    before: Parts
    after: Parts
    clusters: list[Any] | None

    def better(self) -> Evidence:
        """Test the candidate's gain at alpha / slots; its score exceeds the head's already."""
        if self.metric.jackknife:
            rule, found = self._jackknifed()
            return found if isinstance(found, Evidence) else by_bound(found, rule=rule)
        if self.before.losses is None or self.after.losses is None:
            return by_score(self._gain(), above=self.rule.min_delta, rule=self.rule)
        if len(self.before.losses) != len(self.after.losses):
            return self._untold(SHORT)
        before, after = self._losses()
        return compare(before, after, rule=self._in_unit(), clusters=self._clusters())

    def not_worse(self) -> tuple[Rule, Paired | Evidence]:
        """Give what `decide` asks of the whole, with the rule to judge it by."""
        if self.metric.jackknife:
            return self._jackknifed()
        if self.before.losses is None or self.after.losses is None:
            least = -self.rule.non_inferiority - self.rule.tolerance
            return self.rule, by_score(self._gain(), above=least - 1, rule=self.rule)
        if len(self.before.losses) != len(self.after.losses):
            return self.rule, self._untold(SHORT)
        return self._in_unit(), paired(*self._losses(), self._clusters())

    def _gain(self) -> int:
        before, after = in_nano([self.before.value, self.after.value])
        return before - after if self.metric.direction == "minimise" else after - before

    def _jackknifed(self) -> tuple[Rule, Paired | Evidence]:
        if not self.before.pseudo or not self.after.pseudo:
            return self.rule, self._untold(UNGROUPED)
        before, after = in_nano(self.before.pseudo), in_nano(self.after.pseudo)
        found = jackknifed(before, after)
        if self.metric.direction == "minimise":
            found = jackknifed(after, before)
        rule = self.rule
        return replace(rule, min_clusters=min(rule.min_clusters, found.clusters)), found

    def _unit(self) -> float | None:
        return unit_loss(self.before, self.after, direction=self.metric.direction)

    def _losses(self) -> tuple[list[int], list[int]]:
        unit = self._unit() or 1.0
        before, after = self.before.losses or (), self.after.losses or ()
        return in_nano(before, unit=unit), in_nano(after, unit=unit)

    def _in_unit(self) -> Rule:
        """Drop the margins where losses are in no unit of the metric: the score obeys them."""
        if self._unit() is not None:
            return self.rule
        return replace(self.rule, min_delta=0, tolerance=0, non_inferiority=0)

    def _clusters(self) -> Sequence[Any] | None:
        count = len(self.before.losses or ())
        found = clusters_by_loss(self.clusters, count)
        if found is not None and len(found) != count:
            raise SpecError(
                f"metric '{self.metric.name}' gives {count} losses, but truth "
                f"'{self.metric.truth}' has {len(found)} rows in {len(set(found))} clusters",
                hint="give one loss a row, or one a cluster, or take `clusters` out of `gate`",
            )
        return found

    def _untold(self, reason: str) -> Evidence:
        """Say why nothing can be compared; it never passes."""
        return replace(by_score(0, above=0, rule=self.rule), reason=reason)
