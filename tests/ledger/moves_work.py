"""Moves of owners and contributors."""

from __future__ import annotations

from dataclasses import replace

from coopt_dag.ledger import actions as ac
from coopt_dag.ledger.keys import KeySigner

from .dice import (
    ANN,
    BEN,
    BOTH,
    CHALLENGES,
    CIDS,
    DAY,
    DURATIONS,
    NUMBERS,
    OWNER,
    OWNERS,
    PEOPLE,
    ROOTS,
    STEPS,
    Dice,
)
from .papers import NOBODY, SALT, Work
from .referee import Referee


class WorkMoves(Referee):
    """Registering, sealing, claiming, committing, revealing."""

    def register_challenge(self, dice: Dice) -> None:
        panel = [p.address for p in dice.some(PEOPLE, 0, 3)]
        if dice.seldom():
            panel.append(dice.of([NOBODY, *panel]))
        action = ac.RegisterChallenge(
            dice.of(["more", "other", "Bad", "toy"]),
            dice.of(CIDS),
            tuple(panel),
            quorum=dice.of([0, 1, 1, 2]),
            reveal_s=dice.of([60, 60, 60, 59, 30 * DAY + 1]),
            dispute_s=dice.of([0, 0, 0, 30 * DAY + 1]),
        )
        self.both(dice.of(PEOPLE), action)

    def change_the_panel(self, dice: Dice) -> None:
        make = dice.of([ac.AddEvaluator, ac.RetireEvaluator])
        target = dice.of([*(p.address for p in PEOPLE), NOBODY])
        self.both(dice.of(OWNERS), make(dice.of(CHALLENGES), target))

    def register_step(self, dice: Dice) -> None:
        place = dice.of(CHALLENGES), dice.of(["fit", "next", "last", ""])
        figures = [dice.of(range(3)) for _ in range(3)]
        rules = dice.of(CIDS), dice.of(["minimise", "maximise"])
        self.both(dice.of(OWNERS), ac.RegisterStep(*place, *rules, *figures))

    def seal(self, dice: Dice) -> None:
        action = ac.Seal(dice.of(CHALLENGES), dice.of(ROOTS), dice.of(CIDS))
        self.both(dice.of(OWNERS), action)

    def unseal(self, dice: Dice) -> None:
        name = dice.of(CHALLENGES)
        found = self.world.challenges.get(name)
        epoch = dice.pick([found.epoch] if found else [], range(4))
        self.both(dice.of(OWNERS), ac.Unseal(name, epoch, dice.of(CIDS)))

    def change_the_metric(self, dice: Dice) -> None:
        name, step, who = dice.of(CHALLENGES), dice.of(STEPS), dice.of(OWNERS)
        if not dice.seldom():
            direction = dice.of(["minimise", "maximise"])
            self.both(who, ac.ProposeMetric(name, step, dice.of(CIDS), direction, 1, 1))
        if dice.of([True, False]):
            self.both(who, ac.Seal(name, "ef" * 32, "box"))
        self.both(who, ac.ActivateMetric(name, step))

    def claim(self, dice: Dice) -> None:
        place = dice.of(CHALLENGES), dice.of(STEPS)
        self.both(dice.of(PEOPLE), ac.Claim(*place, dice.of(DURATIONS)))

    def release(self, dice: Dice) -> None:
        live = [key for key, lease in self.world.leases.items() if lease.until > self.clock.now]
        place, who = dice.pick(live, [(("toy", "fit"), ANN.address), (("toy", ""), ANN.address)])
        self.both(next(p for p in PEOPLE if p.address == who), ac.Release(*place))

    def commit(self, dice: Dice) -> None:
        who, place = dice.of(PEOPLE), (dice.of(CHALLENGES), dice.of(STEPS))
        action = self.write(dice, who, place, dice.of(CIDS)).commit()
        self.both(who, replace(action, commitment="0" * 64) if dice.seldom() else action)

    def write(self, dice: Dice, who: KeySigner, place: tuple[str, str], cid: str = "c") -> Work:
        known = self.with_status("pending", "record", "no_gain")[:2]
        odd = [dice.some(NUMBERS, 0, 2), list(range(1, 66)), [0], [1, 1]]
        parents = tuple(dice.pick([known, []], odd))
        work = Work(who, *place, cid, parents, f"{len(self.pledges):064x}")
        self.pledges[work.commit().commitment] = work
        return work

    def reveal(self, dice: Dice) -> None:
        number = dice.pick(self.with_status("committed"), NUMBERS)
        work = self.works.get(number, Work(ANN))
        action = work.reveal(number)
        who = dice.of(PEOPLE) if dice.seldom() else work.who
        self.both(who, replace(action, salt=SALT) if dice.seldom() else action)

    def deliver(self, dice: Dice) -> None:
        """Without it random play seldom gets past the claims."""
        who = dice.of([OWNER, BOTH, ANN, BEN])
        place = dice.of([("toy", "fit"), ("toy", "fit"), ("toy", "loss"), ("solo", "fit")])
        self.both(who, ac.Claim(*place, 1000))
        if self.both(who, self.write(dice, who, place).commit()):
            number = len(self.world.submissions)
            self.both(who, self.works[number].reveal(number))
