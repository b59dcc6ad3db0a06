"""Three rules that take works and pay for them: a naive leaderboard, the Ladder, and ours.

All amounts are in 1e-9 of the score: who is paid 10^9 is paid for a gain of 1.

References
----------
Blum and Hardt, The Ladder: a reliable leaderboard for machine learning competitions (2015),
arXiv:1502.04585, section 3.1 for the parameter-free version.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from benchmarks.attacks.world import SIZE
from coopt_dag.credit.apportion import apportion
from coopt_dag.credit.decide import Rule as GateRule
from coopt_dag.credit.decide import compare, decide
from coopt_dag.credit.levels import Config, configurations
from coopt_dag.credit.paired import Paired, paired
from coopt_dag.credit.pot import Terms
from coopt_dag.credit.settlement import Epoch, Settlement, Work, settle
from coopt_dag.credit.values import value_table
from coopt_dag.model.nano import NANO

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from benchmarks.attacks.world import Version, World

SLOTS = 1000
"""Submissions of an epoch that were announced; alpha is divided over them."""

TERMS = Terms(budget=NANO, target=NANO, steps_bp=10_000, local_bp=0, reviews_bp=0)
"""The pot is the sealed gain, and all of it goes to steps: the most that an attacker can get."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A work that somebody hands in."""

    account: str
    version: Version
    step: int = 0


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the submitter is told: the score, where the rule tells it, and whether it counts."""

    accepted: bool
    score: float | None = None


class Rule(Protocol):
    """A challenge under one rule."""

    heads: list[Version]
    """The version of each step that counts now; everybody may read it."""

    def hand_in(self, entry: Entry) -> Feedback:
        """Judge a work in the context of the heads."""

    def claimed(self) -> int:
        """Give the gain that the board shows for the quiz, in 1e-9."""

    def paid(self) -> dict[str, int]:
        """Give what each account is paid in the end, in 1e-9 of the score."""


class _Board:
    """What all three have in common: heads, and their results on the quiz."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.heads = list(world.baseline)
        self._start = self._now = world.right(self.heads)

    def claimed(self) -> int:
        return _nano(self._now[:SIZE]) - _nano(self._start[:SIZE])

    def _tried(self, entry: Entry) -> NDArray[np.bool_]:
        versions = list(self.heads)
        versions[entry.step] = entry.version
        return self.world.right(versions)

    def _adopt(self, entry: Entry, right: NDArray[np.bool_]) -> None:
        self.heads[entry.step], self._now = entry.version, right


class Naive(_Board):
    """A leaderboard with exact scores. It pays the best score's gain over the baseline, divided
    by the gain over the baseline of each account's best entry, as prizes for places are.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._best: dict[str, int] = {}

    def hand_in(self, entry: Entry) -> Feedback:
        right = self._tried(entry)
        gain = _nano(right[:SIZE]) - _nano(self._start[:SIZE])
        self._best[entry.account] = max(gain, self._best.get(entry.account, 0))
        better = gain > self.claimed()
        if better:
            self._adopt(entry, right)
        return Feedback(better, float(right[:SIZE].mean()))

    def paid(self) -> dict[str, int]:
        return apportion(self._best, self.claimed())


class Ladder(_Board):
    """The parameter-free Ladder: a work counts if it is better by more than a standard error.

    It pays each account what its works raised the board by.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._paid: dict[str, int] = {}

    def hand_in(self, entry: Entry) -> Feedback:
        right = self._tried(entry)
        new, old = right[:SIZE], self._now[:SIZE]
        net, differ = int(new.sum()) - int(old.sum()), int((new != old).sum())
        # With d = net / n and s^2 = (differ / n - d^2) n / (n - 1), d > s / sqrt(n) is this.
        accepted = net > 0 and net * net > differ
        if accepted:
            gain = _nano(new) - _nano(old)
            self._paid[entry.account] = self._paid.get(entry.account, 0) + gain
            self._adopt(entry, right)
        return Feedback(accepted)

    def paid(self) -> dict[str, int]:
        return self._paid


class Ours(_Board):
    """`coopt_dag.credit`: the gate on the quiz tells accept or reject; the sealed set pays, once.

    Each step has so many slots, whoever uses them; what comes after the last is not judged. With
    `gated=False` every work is adopted, so that it can be seen what settlement alone withstands.
    """

    def __init__(self, world: World, *, slots: int = SLOTS, gated: bool = True) -> None:
        super().__init__(world)
        self.rule = GateRule(slots=slots)
        self._left = [slots] * len(self.heads)
        self._gated = gated
        self._chains: list[list[Entry]] = [[] for _ in self.heads]

    def hand_in(self, entry: Entry) -> Feedback:
        if self._gated and not self._left[entry.step]:
            return Feedback(accepted=False)
        self._left[entry.step] -= 1
        right = self._tried(entry)
        accepted = not self._gated or self._passes(right[:SIZE])
        if accepted:
            self._chains[entry.step].append(entry)
            self._adopt(entry, right)
        return Feedback(accepted)

    def _passes(self, right: NDArray[np.bool_]) -> bool:
        before, after = _losses(self._now[:SIZE]), _losses(right)
        local = compare(before, after, rule=self.rule)
        if not local.passed:
            return False
        whole = paired(before, after)
        return decide(local, rule=self.rule, whole=whole).outcome == "adopted"

    def renew_slots(self) -> None:
        """Give every step its slots again."""
        self._left = [self.rule.slots] * len(self.heads)

    def next_epoch(self) -> Ours:
        """Begin the next epoch, with the heads as its baseline."""
        return Ours(replace(self.world, baseline=tuple(self.heads)), slots=self.rule.slots)

    def settle(self, terms: Terms = TERMS) -> Settlement:
        """Settle the epoch on the sealed set."""
        levels = [len(chain) for chain in self._chains]
        scores = {c: _nano(self._sealed(c)) for c in configurations(levels)}
        chains = tuple(
            tuple(
                Work(f"{step}.{level:04}", entry.account, f"step{step}")
                for level, entry in enumerate(chain, 1)
            )
            for step, chain in enumerate(self._chains)
        )
        return settle(
            value_table(levels, scores), Epoch(chains=chains), terms=terms, total=self._total()
        )

    def paid(self) -> dict[str, int]:
        return self.settle().payments()

    def _sealed(self, config: Config) -> NDArray[np.bool_]:
        versions = [
            chain[level - 1].version if level else base
            for base, chain, level in zip(self.world.baseline, self._chains, config, strict=True)
        ]
        return self.world.right(versions)[SIZE:]

    def _total(self) -> Paired:
        return paired(_losses(self._start[SIZE:]), _losses(self._now[SIZE:]))


def _nano(right: NDArray[np.bool_]) -> int:
    return int(right.sum()) * NANO // SIZE


def _losses(right: NDArray[np.bool_]) -> list[int]:
    losses: list[int] = np.where(right, 0, NANO).tolist()
    return losses


def ungated(world: World) -> Ours:
    """Ours with the gate left open."""
    return Ours(world, gated=False)


RULES: dict[str, Callable[[World], Rule]] = {
    "naive board": Naive,
    "Ladder": Ladder,
    "ours": Ours,
    "settlement alone": ungated,
}
