"""An epoch that is over, taken up as of a moment of the ledger: what a settlement is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.credit.choice import choose
from coopt_dag.credit.sampling import least_evaluations, sample_plan
from coopt_dag.errors import UsageError
from coopt_dag.evaluation.epochs import beacon, require_over, versions_of
from coopt_dag.evaluation.eras import era_of
from coopt_dag.evaluation.valuing import ladders_of, value_plan
from coopt_dag.ledger.events import SettlementDecided, SettlementProposed
from coopt_dag.ledger.state import project

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coopt_dag.credit.sampling import Plan
    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.evaluation.epochs import Versions
    from coopt_dag.evaluation.eras import Era
    from coopt_dag.evaluation.valuing import Valuation
    from coopt_dag.ledger.events import Event
    from coopt_dag.ledger.state import LedgerState
    from coopt_dag.specs.loaded import LoadedChallenge


@dataclass(frozen=True, slots=True)
class Case:
    """An epoch that is over, with all that its settlement is made from."""

    desk: Desk
    era: Era
    epoch: int
    state: LedgerState
    versions: tuple[Versions, ...]
    data: Path | None

    @property
    def challenge(self) -> LoadedChallenge:
        """Give the challenge with the metrics of the epoch."""
        return self.era.challenge

    @property
    def levels(self) -> tuple[int, ...]:
        """Count the adopted versions of each step."""
        return tuple(len(one.adopted) for one in self.versions)

    @property
    def data_dir(self) -> Path:
        """Give the folder that holds `<challenge>/` with every split."""
        return self.data or self.desk.workspace.data_dir

    def plan(self) -> Plan:
        """Choose configurations: all that exact credit needs, or a sample where these are too many.

        Raises
        ------
        LedgerRefusedError
            They are too many, and what decides on the sample is not revealed yet.
        """
        plan = self._chosen(bytes(32))
        if plan.method == "exact":
            return plan
        return self._chosen(beacon(self.state, self.challenge.spec.id, self.epoch))

    def _chosen(self, seed: bytes) -> Plan:
        terms, levels = self.challenge.spec.credit, self.levels
        if terms.core_s is None:
            most = max(terms.evaluations, least_evaluations(levels))
            return sample_plan(levels, evaluations=most, seed=seed)
        costs = [step.spec.budget.wall_s for step in self.challenge.steps.values()]
        try:
            return choose(levels, costs, terms.core_s, seed=seed)
        except ValueError as error:
            raise UsageError(
                f"credit.core_s of '{self.challenge.spec.id}' is {terms.core_s}: {error}",
                hint="the terms were announced like this: only a new challenge can change them",
            ) from error

    def valuation(self) -> Valuation:
        """Plan the configurations as one run."""
        ladders = ladders_of(self.desk, self.challenge, self.versions)
        return value_plan(self.desk, self.challenge, ladders, self.plan(), data=self.data)


def open_case(
    desk: Desk, challenge: LoadedChallenge, epoch: int, *, now: int, data: Path | None = None
) -> Case:
    """Take up an epoch, if it is over and all in it is judged.

    One that is settled is taken up as it was then: what was reviewed, paid or refunded since has no
    part in it.

    Raises
    ------
    LedgerRefusedError
        Something is still open; the hint tells what to wait for.
    """
    events = _as_proposed(desk.ledger.events(), challenge.spec.id, epoch)
    state = project(events)
    require_over(state, challenge.spec.id, epoch, now=now)
    return case_at(desk, challenge, epoch, state=state, events=events, data=data)


def _as_proposed(events: Sequence[Event], challenge: str, epoch: int) -> Sequence[Event]:
    """Give the events before the settlement that stands; all, if there is none."""
    standing: int | None = None
    for place, event in enumerate(events):
        match event:
            case SettlementProposed(challenge=name, epoch=number) if (name, number) == (
                challenge,
                epoch,
            ):
                standing = place
            case SettlementDecided(challenge=name, epoch=number, upheld=True) if (
                name,
                number,
            ) == (challenge, epoch):
                standing = None
    return events if standing is None else events[:standing]


def case_at(
    desk: Desk,
    challenge: LoadedChallenge,
    epoch: int,
    *,
    state: LedgerState,
    events: Sequence[Event],
    data: Path | None,
) -> Case:
    """Take up an epoch that is over, as of a state of the ledger, which `events` lead to."""
    closes_at = state.challenges[challenge.spec.id].closes_at
    era = era_of(desk, events, challenge, epoch, closes_at=closes_at)
    return Case(desk, era, epoch, state, versions_of(state, challenge, epoch), data)
