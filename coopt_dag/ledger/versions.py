"""The versions that a step's metric has had, folded from the ledger's events."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coopt_dag.ledger import events as ev

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class MetricVersion:
    """One version of a step's metric, counted from 0; the rules that came with it."""

    number: int
    spec_cid: str
    direction: str
    min_delta_wad: int
    tolerance_wad: int
    announced_in: int
    """Epoch of its notice; of the step's registration for version 0."""
    since_epoch: int | None = None
    """Epoch in which it came into force; None while it is only announced."""

    @property
    def is_announced(self) -> bool:
        """Tell whether it is not in force yet."""
        return self.since_epoch is None


def metric_versions(
    events: Iterable[ev.Event], challenge: str, step: str
) -> tuple[MetricVersion, ...]:
    """Give the versions of a step's metric, the first one first; the last may be announced only.

    An announcement that another one replaced before it came into force is none of them.
    None at all if the step is not on the ledger.
    """
    return versions_by_step(events, challenge).get(step, ())


def versions_by_step(
    events: Iterable[ev.Event], challenge: str
) -> dict[str, tuple[MetricVersion, ...]]:
    """Give the versions of every step of a challenge, steps in the order of registration."""
    found: dict[str, tuple[MetricVersion, ...]] = {}
    epochs: Counter[str] = Counter()
    for event in events:
        match event:
            case ev.Sealed():
                epochs[event.challenge] += 1
            case ev.StepRegistered(challenge=name) if name == challenge:
                epoch = epochs[challenge]
                found[event.step] = (replace(_version(event, 0, epoch), since_epoch=epoch),)
            case ev.MetricProposed(challenge=name) if name == challenge:
                active = _active(found[event.step])
                found[event.step] = (*active, _version(event, len(active), event.epoch))
            case ev.MetricActivated(challenge=name) if name == challenge:
                *before, last = found[event.step]
                found[event.step] = (*before, replace(last, since_epoch=epochs[challenge]))
    return found


def _active(versions: tuple[MetricVersion, ...]) -> tuple[MetricVersion, ...]:
    return tuple(v for v in versions if not v.is_announced)


def _version(
    event: ev.StepRegistered | ev.MetricProposed, number: int, epoch: int
) -> MetricVersion:
    return MetricVersion(
        number,
        event.spec_cid,
        event.direction,
        event.min_delta_wad,
        event.tolerance_wad,
        announced_in=epoch,
    )
