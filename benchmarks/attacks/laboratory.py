"""Every attack against every rule, with fixed seeds: the same figures on every machine."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from benchmarks.attacks import (
    boosting,
    climbing,
    collusion,
    copies,
    coverage,
    damage,
    hoarding,
    padding,
    splitting,
    weight_copying,
)
from benchmarks.attacks.judging import JUDGINGS, Judging
from benchmarks.attacks.limits import LIMITS
from benchmarks.attacks.outcome import Attack, Outcome
from benchmarks.attacks.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SUBMISSIONS, SEEDS = 1000, 24

ON_BOARDS: dict[str, Attack] = {
    "boosting": boosting.play,
    "hill climbing, 2 flips": climbing.by_2,
    "hill climbing, 20 flips": climbing.by_20,
    "copycat": copies.copycat,
    "sybil copies": copies.sybils,
    "epsilon padding": padding.play,
    "splitting": splitting.play,
    "damage, then repair": damage.play,
    "hoarding": hoarding.play,
}
"""Attacks by people who hand in."""

BY_EVALUATORS: dict[str, Callable[[Judging, np.random.Generator, int], Outcome]] = {
    "collusion, 2 of 5": collusion.play,
    "weight copying": weight_copying.play,
}
"""Attacks by people who judge."""

Task = tuple[str, str]
"""Name of an attack, and the rule it is played against."""


@dataclass(frozen=True, slots=True)
class Series:
    """Outcomes of one attack against one rule, a number for each seed, in 1e-9."""

    claimed: tuple[int, ...]
    paid: tuple[int, ...]

    @property
    def mean_paid(self) -> float:
        """Mean over the seeds, in units of the score."""
        return sum(self.paid) / len(self.paid) / 1e9

    @property
    def mean_claimed(self) -> float:
        """Mean over the seeds, in units of the score."""
        return sum(self.claimed) / len(self.claimed) / 1e9


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that the laboratory has measured."""

    submissions: int
    attacks: Mapping[Task, Series]
    liars: Mapping[Task, Series]
    """By number of liars, as text, and rule."""
    limits: Mapping[str, Series]
    agreeing: Mapping[str, float]
    """How often a copier of weights agrees, by rule."""
    split_moves: int
    """Units of 1e-9 by which splitting changed anybody's payment at most, without the gate."""
    coverage: tuple[float, float, float]
    challenges: int


def measure(
    *,
    submissions: int = SUBMISSIONS,
    seeds: int = SEEDS,
    challenges: int = coverage.CHALLENGES,
    workers: int | None = None,
) -> Results:
    """Play everything; figures depend on the arguments, and not on `workers`."""
    attacks = [(name, rule) for name in ON_BOARDS for rule in RULES]
    attacks += [(name, rule) for name in BY_EVALUATORS for rule in JUDGINGS]
    liars = [(str(k), rule) for k in range(collusion.EVALUATORS + 1) for rule in JUDGINGS]
    tasks = [("attack", *task) for task in attacks] + [("liars", *task) for task in liars]
    tasks += [("limit", name, "ours") for name in LIMITS]
    play = partial(_series, submissions=submissions, seeds=seeds)
    with ProcessPoolExecutor(workers or os.cpu_count()) as pool:
        covered = pool.submit(coverage.coverage, challenges)
        found = dict(zip(tasks, pool.map(play, tasks), strict=True))
        return Results(
            submissions=submissions,
            attacks={task: found["attack", *task] for task in attacks},
            liars={task: found["liars", *task] for task in liars},
            limits={name: found["limit", name, "ours"] for name in LIMITS},
            agreeing={rule: _agreeing(rule, submissions) for rule in JUDGINGS},
            split_moves=max(_moved(seed, submissions) for seed in range(seeds)),
            coverage=covered.result(),
            challenges=challenges,
        )


def _series(task: tuple[str, str, str], *, submissions: int, seeds: int) -> Series:
    kind, name, rule = task
    play: Callable[[np.random.Generator, int], Outcome]
    if kind == "limit":
        play = LIMITS[name][1]
    elif kind == "liars":
        play = partial(collusion.play, JUDGINGS[rule], liars=int(name))
    elif name in BY_EVALUATORS:
        play = partial(BY_EVALUATORS[name], JUDGINGS[rule])
    else:
        play = partial(ON_BOARDS[name], RULES[rule])
    found = [play(dice(name, seed), submissions) for seed in range(seeds)]
    return Series(tuple(x.claimed for x in found), tuple(x.paid for x in found))


def dice(name: str, seed: int) -> np.random.Generator:
    """Give the randomness of one game: the same for all rules."""
    return np.random.default_rng([crc32(name.encode()), seed])


def _agreeing(rule: str, submissions: int) -> float:
    return weight_copying.agreeing(JUDGINGS[rule], dice("agreeing", 0), submissions)


def _moved(seed: int, submissions: int) -> int:
    return splitting.moved(RULES["settlement alone"], dice("splitting", seed), submissions)


MOST_PAID = 0.001
"""Mean gain that a board attack may be paid at most."""

NOTHING = ("copycat", "sybil copies", "epsilon padding", "damage, then repair")
"""What is paid exactly 0, in every game."""


def broken(results: Results) -> Sequence[str]:
    """Name what was promised of our rule and does not hold in these results."""
    ours = {name: series for (name, rule), series in results.attacks.items() if rule == "ours"}
    found = [f"{name} is paid" for name, one in ours.items() if one.mean_paid > MOST_PAID]
    found += [f"{name} is paid something" for name in NOTHING if any(ours[name].paid)]
    if results.split_moves > 1:
        found.append("splitting changes a payment by more than a unit")
    if max(ours["splitting"].paid) > 1 or max(ours["hoarding"].paid) > 1:
        found.append("splitting or hoarding pays in some game")
    if not 0.93 <= results.coverage[0] <= 0.97:
        found.append("the intervals' coverage is not 93 to 97 %")
    return found
