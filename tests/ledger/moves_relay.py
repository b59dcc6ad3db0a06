"""Moves of relayers and guardians, what people say, and time."""

from __future__ import annotations

from dataclasses import replace

from coopt_dag.ledger import actions as ac
from coopt_dag.ledger.keys import KeySigner
from coopt_dag.ledger.typed import message

from .dice import BEN, BOND, CHALLENGES, CIDS, NUMBERS, OWNER, PEOPLE, RICH, ROOTS, STEPS, Dice
from .moves_money import MoneyMoves
from .papers import Work, relay, request


class RelayMoves(MoneyMoves):
    """Notes, signed requests, the brake, and waiting."""

    def note(self, dice: Dice) -> None:
        self.both(dice.of(PEOPLE), self.remark(dice))

    def remark(self, dice: Dice) -> ac.Action:
        name, cid = dice.of(CHALLENGES), dice.of(CIDS)
        number = dice.pick(list(self.world.submissions), NUMBERS)
        revision = dice.of(["a1", "a1", "", "é" * 32, "é" * 32 + "x"])  # 64 and 65 bytes
        made = [
            ac.Anchor(name, revision, cid),
            ac.AnchorBatch(name, dice.of(ROOTS), dice.of([0, 1, 2, 2]), cid),
            ac.Review(number, dice.of(["comment", "reproduced", "concern"]), cid),
            ac.Endorse(number),
            ac.CancelNonce(dice.of(range(4)), "notes"),
        ]
        return dice.of(made)

    def errand(self, dice: Dice, contract: str, who: KeySigner) -> ac.Action:
        """Something that one may let others bring."""
        if contract == "notes":
            return self.remark(dice)
        if contract == "treasury":
            return dice.of(
                [self.bounty(dice), ac.Refund(dice.of(NUMBERS)), ac.Withdraw("treasury")]
            )
        number = dice.pick(self.with_status("committed", "record"), NUMBERS)
        made = [
            ac.Claim(dice.of(CHALLENGES), dice.of(STEPS), 100),
            self.write(dice, who, ("toy", "fit")).commit(),
            self.works.get(number, Work(who)).reveal(number),
            ac.Dispute(number, "c"),
            ac.Withdraw("ledger"),
            ac.CancelNonce(dice.of(range(4))),
        ]
        return dice.of(made)

    def bring(self, dice: Dice) -> None:
        contract = dice.of(["ledger", "ledger", "treasury", "notes"])
        asked = [self.ask_for(dice, contract) for _ in range(dice.of([1, 1, 2, 3, 3, 0]))]
        if asked and dice.seldom():  # one that was signed to be brought by a relay
            inner = relay(asked[0], contract=contract)
            asked = [self.ask_for(dice, contract, inner)]
        value = dice.pick([0, 0], [BOND, 20])
        who = dice.of([*RICH, BEN])
        self.both(who, relay(*asked, contract=contract, value_wei=value))

    def ask_for(
        self, dice: Dice, contract: str, action: ac.Action | None = None
    ) -> ac.SignedRequest:
        who = dice.of(PEOPLE)
        made = request(
            *(self.memory, action or self.errand(dice, contract, who), who),
            nonce=dice.of([0, 1, 2, 3] if dice.seldom() else range(250, 300)),
            deadline=self.clock.now + dice.of([0, 1, *[1000] * 10]),
        )
        wrong = [
            replace(made, data=made.data[:-1] + "7"),
            replace(made, sender=BEN.address),
            self.garbage(dice, who),
        ]
        return dice.of(wrong) if dice.seldom() else made

    def garbage(self, dice: Dice, who: KeySigner) -> ac.SignedRequest:
        """Well signed, and no call of any contract."""
        nonce, deadline, data = dice.of(range(2000, 2010)), self.clock.now + 1000, "12345678"
        typed = message(
            *(self.memory.domain("ledger"), "Request"),
            from_=who.address,
            nonce=nonce,
            deadline=deadline,
            data=bytes.fromhex(data),
        )
        return ac.SignedRequest(who.address, nonce, deadline, data, who.sign_typed(typed))

    def brake(self, dice: Dice) -> None:
        who = dice.of([self.chain.guardian, self.chain.guardian, OWNER])
        self.both(who, ac.Pause())
        self.both(dice.of(PEOPLE), dice.of([ac.Claim("toy", "fit", 60), self.bounty(dice)]))
        if not dice.seldom():
            self.both(who, ac.Unpause())

    def wait_for_an_edge(self, dice: Dice) -> None:
        """Jump to where the next action comes a second before, on, or after the end of a window."""
        world = self.world
        edges = [
            *(s.deadline for s in world.submissions.values()),
            *(lease.until for lease in world.leases.values()),
            *(2 * lease.until - lease.since for lease in world.leases.values()),
            *(d.vote_by for d in world.disputes.values()),
            *(r.final_at for r in world.roots.values()),
            *(r.vote_by for r in world.roots.values()),
            *(b.deadline for b in world.bounties.values()),
            *(c.closes_at for c in world.challenges.values()),
            *(e.since for panel in world.evaluators.values() for e in panel.values()),
            *world.brake.values(),
        ]
        off = dice.of([-2, -1, 0])
        ahead = sorted({edge + off for edge in edges if edge + off > self.clock.now})
        if ahead:
            self.clock.now = dice.of(ahead[: 2 if dice.of([True, False]) else 9])
