"""What the rule does not withstand: attacks that pay, and what they pay."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.attacks import collusion, weight_copying
from benchmarks.attacks.climbing import flipped
from benchmarks.attacks.judging import HEAD, JUDGINGS, WAD
from benchmarks.attacks.outcome import EVE, Outcome
from benchmarks.attacks.rules import SLOTS, Entry, Ours
from benchmarks.attacks.visit import scene
from benchmarks.attacks.world import SIZE, coins, tosses, useful
from coopt_dag.credit.apportion import apportion
from coopt_dag.credit.pot import Terms
from coopt_dag.model.nano import NANO

if TYPE_CHECKING:
    from collections.abc import Callable

PEOPLE = 10
"""Names that one attacker uses."""

CHANGED = 400
"""Of 4,000 examples, those that a variant of a local record treats anew."""


def quiz_leak(rng: np.random.Generator, _submissions: int) -> Outcome:
    """An evaluator tells the labels of the quiz: the gate is fooled, the sealed set is not."""
    return _leak(rng, SIZE)


def full_leak(rng: np.random.Generator, _submissions: int) -> Outcome:
    """An evaluator tells the sealed labels too: everything is lost, and paid."""
    return _leak(rng, 2 * SIZE)


def _leak(rng: np.random.Generator, known: int) -> Outcome:
    world = coins(rng)
    rule = Ours(world)
    answers = np.concatenate((world.labels[:known], tosses(rng)[known:]))
    rule.hand_in(Entry(EVE, answers))
    return Outcome(rule.claimed(), rule.paid().get(EVE, 0))


def majority(rng: np.random.Generator, submissions: int) -> Outcome:
    """Three of five evaluators add 0.05."""
    return collusion.play(JUDGINGS["ours"], rng, submissions, liars=3)


def rushed_minority(rng: np.random.Generator, submissions: int) -> Outcome:
    """Two of five evaluators are the first in a quorum of three: the vote of five strikes it."""
    return collusion.play(JUDGINGS["ours"], rng, submissions, liars=2, quorum=3)


def rushed_quorum(rng: np.random.Generator, submissions: int) -> Outcome:
    """Three of seven evaluators fill a quorum of three: there is no spread, so nobody is asked."""
    return collusion.play(JUDGINGS["ours"], rng, submissions, liars=3, pool=7, quorum=3)


def lazy_majority(rng: np.random.Generator, submissions: int) -> Outcome:
    """Three of five evaluators guess: of a true gain of 0.03 this much is credited less."""
    truth = HEAD + 3 * WAD // 100
    found = weight_copying.play(JUDGINGS["ours"], rng, submissions, truth=truth)
    return Outcome(0, found.paid - 3 * NANO // 100)


def slots_for_each(rng: np.random.Generator, submissions: int) -> Outcome:
    """Ten names with slots of their own: alpha is divided over a tenth of what is handed in."""
    return _climb(Ours(coins(rng), slots=submissions // PEOPLE), rng, submissions, renew=True)


def slots_for_all(rng: np.random.Generator, submissions: int) -> Outcome:
    """The same tenth of slots, shared by all names: what comes after the last is not judged."""
    return _climb(Ours(coins(rng), slots=submissions // PEOPLE), rng, submissions, renew=False)


def _climb(rule: Ours, rng: np.random.Generator, submissions: int, *, renew: bool) -> Outcome:
    for i in range(submissions):
        if renew and i % rule.rule.slots == 0:
            rule.renew_slots()
        rule.hand_in(Entry(EVE, flipped(rule.heads[0], rng, 20)))
    return Outcome(rule.claimed(), rule.paid().get(EVE, 0))


def used_up(rng: np.random.Generator, _submissions: int) -> Outcome:
    """Eve uses up a step's slots, under many names, before Bob comes: so much he is paid less."""
    world, (ann, bob, cat) = scene(rng)
    paid = []
    for nothings in (SLOTS, 0):
        rule = Ours(world)
        for entry in (*[Entry(EVE, world.baseline[1], 1)] * nothings, ann, bob, cat):
            rule.hand_in(entry)
        paid.append(rule.paid().get("bob", 0))
    return Outcome(0, paid[0] - paid[1])


def padded_records(rng: np.random.Generator, submissions: int) -> Outcome:
    """Variants of Ann's local record are as good as hers; some are better by luck when sealed.

    Each is compared with the head, which no local record replaces, and with the local record before
    it, which it must exceed as well. Each is paid for what it adds to the best before it, as
    `coopt_dag.evaluation.local` has it.
    """
    world, (ann, *_) = scene(rng)
    start = world.right(world.baseline)
    best, rises = int(start[SIZE:].sum()), {"ann": 0, EVE: 0}
    latest = world
    for i in range(submissions // PEOPLE):
        version = ann.version.copy()
        if i:
            places = rng.integers(0, 2 * SIZE, CHANGED)
            version[places] = useful(rng)[places]
        rivals = (Ours(one, slots=submissions // PEOPLE) for one in (world, latest))
        if all(rival.hand_in(Entry(EVE, version)).accepted for rival in rivals):
            latest = replace(world, baseline=(version, *world.baseline[1:]))
            found = int(world.right((version, *world.baseline[1:]))[SIZE:].sum())
            rises[EVE if i else "ann"] += max(0, found - best)
            best = max(best, found)
    return Outcome(0, apportion(rises, NANO)[EVE])


def past_the_target(rng: np.random.Generator, _submissions: int) -> Outcome:
    """A gain is kept for the next epoch, because this one has reached its target already.

    Paid is what waiting brings more, where a budget of 1 is paid for a target of 0.05.
    """
    world, (ann, bob, cat) = scene(rng)
    terms = Terms(budget=NANO, target=NANO // 20, steps_bp=10_000, local_bp=0, reviews_bp=0)
    now, later = Ours(world), Ours(world)
    for rule, entries in ((now, (ann, bob, cat)), (later, (ann, cat))):
        for entry in entries:
            rule.hand_in(entry)
    after = later.next_epoch()
    after.hand_in(bob)
    got = [rule.settle(terms).payments().get("bob", 0) for rule in (now, after)]
    return Outcome(0, got[1] - got[0])


LIMITS: dict[str, tuple[str, Callable[[np.random.Generator, int], Outcome]]] = {
    "quiz labels leak": ("claimed and paid gain of one submission", quiz_leak),
    "quiz and sealed labels leak": ("the same", full_leak),
    "3 of 5 evaluators collude": ("a lie of .05 about a work without gain", majority),
    "2 of 5 collude, first in a quorum of 3": ("the same; all five vote", rushed_minority),
    "3 of 7 collude, all of a quorum of 3": ("the same; nobody disputes", rushed_quorum),
    "3 of 5 evaluators only guess": ("change for a work with a gain of .03", lazy_majority),
    "slots for each name": (f"{PEOPLE} names with T = {SLOTS // PEOPLE} each", slots_for_each),
    "slots for all names": (f"{PEOPLE} names share T = {SLOTS // PEOPLE}", slots_for_all),
    "slots are used up": ("change for a work that comes too late", used_up),
    "variants of a local record": (
        f"part of the local share, T = {SLOTS // PEOPLE}",
        padded_records,
    ),
    "hoarding past the target": ("part of an epoch's budget", past_the_target),
}
"""Each with what its figures are."""
