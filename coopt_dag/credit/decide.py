"""The gate: adopt, keep as a local record only, or refuse; with every number that it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from coopt_dag.credit.mcnemar import p_value
from coopt_dag.credit.paired import MIN_CLUSTERS, MIN_DISCORDANT, Paired, of_gains, paired
from coopt_dag.credit.spending import ALPHA, share, z_nano
from coopt_dag.model.nano import NANO

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

Outcome = Literal["adopted", "local record only", "refused"]
Test = Literal["McNemar", "paired z", "score alone"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What was announced for a challenge; gains in 1e-9."""

    slots: int
    """Submissions that the error budget is divided over."""
    alpha: Fraction = ALPHA
    min_delta: int = 0
    tolerance: int = 0
    """By how much a re-run may differ."""
    non_inferiority: int = 0
    """The whole may lose less than this."""
    min_clusters: int = MIN_CLUSTERS
    min_discordant: int = MIN_DISCORDANT

    @property
    def least(self) -> int:
        """What a gain must exceed."""
        return self.min_delta + self.tolerance


@dataclass(frozen=True, slots=True)
class Evidence:
    """Outcome of one test: `bound` is the lower bound at alpha / T, None if it cannot be told."""

    test: Test
    passed: bool
    gain: int
    error: int
    """Standard error of the gain."""
    bound: int | None
    p: Fraction | None
    clusters: int
    discordant: int
    alpha: Fraction
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says, and why; only `outcome` is told to who hands in."""

    outcome: Outcome
    local: Evidence
    whole: Evidence | None
    broken: tuple[str, ...]
    """Names of the constraints that do not hold."""


def compare(
    before: Sequence[int],
    after: Sequence[int],
    *,
    rule: Rule,
    clusters: Sequence[Hashable] | None = None,
) -> Evidence:
    """Test losses on the quiz set: exactly if they are 0 or 1 and alone, else by the paired z.

    Parameters
    ----------
    before, after : sequences of int
        Losses of incumbent and challenger on the same examples, in 1e-9; lower is better.

    Examples
    --------
    >>> one = 10**9
    >>> compare([one] * 30, [0] * 30, rule=Rule(slots=100)).reason
    'better'
    >>> compare([5] * 30, [0] * 30, rule=Rule(slots=100)).reason
    'fewer than 500 clusters'
    """
    found = paired(before, after, clusters)
    if clusters is None and {*before, *after} <= {0, NANO}:
        return _exact(found, rule)
    return by_bound(found, rule=rule)


def by_bound(found: Paired, *, rule: Rule) -> Evidence:
    """Pass if mean - z * error - tolerance > min_delta, and there is enough to tell.

    Also for pseudo-values (`jackknife.jackknifed`), with `min_clusters` 200 in the rule.
    """
    alpha = share(rule.alpha, slots=rule.slots)
    z = z_nano(alpha)
    reason = "better" if found.clusters > 1 and found.exceeds(rule.least, z=z) else "not better"
    if found.discordant < rule.min_discordant:
        reason = f"fewer than {rule.min_discordant} clusters differ"
    if found.clusters < rule.min_clusters:
        reason = f"fewer than {rule.min_clusters} clusters"
    bound = found.lower_bound(z) if found.clusters > 1 else None
    return _evidence("paired z", found, alpha, reason, bound=bound)


def by_score(gain: int, *, above: int, rule: Rule) -> Evidence:
    """Pass if a gain exceeds `above`: all that can be asked of a metric without parts.

    >>> by_score(3, above=2, rule=Rule(slots=100)).passed
    True
    """
    reason = "better" if gain > above else "not better"
    return _evidence("score alone", of_gains([gain]), rule.alpha, reason)


def decide(
    local: Evidence,
    *,
    rule: Rule,
    whole: Paired | Evidence,
    constraints: Mapping[str, bool] | None = None,
) -> Verdict:
    """Adopt if the step got better, the whole is not hurt, and all constraints hold.

    Parameters
    ----------
    whole : Paired or Evidence
        The end-to-end metric with the challenger in place of the incumbent; evidence where it
        was judged already.

    Examples
    --------
    >>> from coopt_dag.credit.paired import of_gains
    >>> rule = Rule(slots=100, non_inferiority=5)
    >>> better = compare([10**9] * 30, [0] * 30, rule=rule)
    >>> decide(better, rule=rule, whole=of_gains([0] * 500)).outcome
    'adopted'
    >>> decide(better, rule=rule, whole=of_gains([-9] * 500)).outcome
    'local record only'
    """
    broken = tuple(sorted(name for name, holds in (constraints or {}).items() if not holds))
    if not local.passed:
        return Verdict("refused", local, None, broken)
    kept = _not_hurt(whole, rule) if isinstance(whole, Paired) else whole
    adopted = kept.passed and not broken
    return Verdict("adopted" if adopted else "local record only", local, kept, broken)


def _not_hurt(whole: Paired, rule: Rule) -> Evidence:
    """Non-inferiority: lower bound at alpha above -non_inferiority, or nothing differs at all."""
    z = z_nano(rule.alpha)
    if whole.discordant == 0:
        reason = "not hurt"
    elif whole.clusters < rule.min_clusters:
        reason = f"fewer than {rule.min_clusters} clusters"
    elif whole.exceeds(-rule.non_inferiority, z=z):
        reason = "not hurt"
    else:
        reason = "the whole may be hurt"
    bound = whole.lower_bound(z) if whole.clusters > 1 else None
    return _evidence("paired z", whole, rule.alpha, reason, bound=bound)


def _exact(found: Paired, rule: Rule) -> Evidence:
    alpha = share(rule.alpha, slots=rule.slots)
    better = (found.discordant + found.total // NANO) // 2
    p = p_value(better=better, worse=found.discordant - better)
    passed = p <= alpha and found.total > rule.least * found.clusters
    return _evidence("McNemar", found, alpha, "better" if passed else "not better", p=p)


def _evidence(
    test: Test,
    found: Paired,
    alpha: Fraction,
    reason: str,
    *,
    bound: int | None = None,
    p: Fraction | None = None,
) -> Evidence:
    return Evidence(
        test=test,
        passed=reason in {"better", "not hurt"},
        gain=found.mean,
        error=found.error,
        bound=bound,
        p=p,
        clusters=found.clusters,
        discordant=found.discordant,
        alpha=alpha,
        reason=reason,
    )
