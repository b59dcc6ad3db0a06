"""Which metrics an epoch was judged by: they may have been replaced since."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coopt_dag.evaluation.published import by_version
from coopt_dag.ledger.events import Event, MetricActivated, Sealed, Unsealed
from coopt_dag.ledger.versions import versions_by_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.model.metric import Metric
    from coopt_dag.specs.loaded import LoadedChallenge


@dataclass(frozen=True, slots=True)
class Era:
    """A challenge as it was when an epoch ended, whatever came later."""

    challenge: LoadedChallenge
    """With the metrics that were in force then."""
    spec_cids: Mapping[str, str]
    """Step → specification that was in force then."""
    metrics: Mapping[tuple[str, int], Metric]
    """(step, version) → metric, for all versions so far: older works were judged by older ones."""


def era_of(
    desk: Desk, events: Sequence[Event], challenge: LoadedChallenge, epoch: int, *, closes_at: int
) -> Era:
    """Read the metrics of an epoch from the ledger and the store.

    Parameters
    ----------
    challenge : LoadedChallenge
        As it was registered, or is in the workspace.
    closes_at : int
        When the challenge ends by itself, in seconds since 1970; 0 = never.
    """
    name = challenge.spec.id
    steps, cids = dict(challenge.steps), {}
    before_end = _until_end(events, name, epoch, closes_at=closes_at)
    for step, versions in versions_by_step(before_end, name).items():
        last = [v for v in versions if not v.is_announced][-1]
        cids[step] = last.spec_cid
        if last.number and step in steps:
            steps[step] = by_version(desk, challenge.steps[step], last.spec_cid)
    metrics = {
        (step, v.number): _metric(desk, challenge, step, v.number, v.spec_cid)
        for step, versions in versions_by_step(events, name).items()
        for v in versions
        if not v.is_announced and step in steps
    }
    return Era(replace(challenge, steps=steps), cids, metrics)


def _metric(desk: Desk, challenge: LoadedChallenge, step: str, number: int, cid: str) -> Metric:
    own = challenge.steps[step]
    return (by_version(desk, own, cid) if number else own).spec.metric


def _until_end(
    events: Sequence[Event], challenge: str, epoch: int, *, closes_at: int
) -> Iterator[Event]:
    """Leave out metrics that came into force when nothing more could be submitted in an epoch."""
    is_over = False
    for event in events:
        match event:
            case Unsealed(challenge=name, epoch=number) if name == challenge:
                is_over = is_over or number == epoch
            case Sealed(challenge=name, epoch=number) if name == challenge:
                is_over = is_over or number > epoch
        is_late = is_over or (closes_at and event.time >= closes_at)
        if not (is_late and isinstance(event, MetricActivated)):
            yield event
