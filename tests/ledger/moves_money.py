"""Moves of sponsors, and of who settles and who is paid."""

from __future__ import annotations

from dataclasses import replace

from coopt_dag.ledger import actions as ac
from coopt_dag.ledger.actions.money import COIN
from coopt_dag.ledger.hashing import challenge_key

from .dice import ANN, BEN, CHALLENGES, CIDS, DAY, JUDGES, NUMBERS, OWNER, PEOPLE, RICH, Dice
from .moves_judging import JudgingMoves
from .papers import NOBODY, Table


class MoneyMoves(JudgingMoves):
    """Bounties, settlements, doubts about them."""

    def fund(self, dice: Dice) -> None:
        self.both(dice.of([*RICH, *RICH, BEN]), self.bounty(dice))

    def bounty(self, dice: Dice) -> ac.Fund:
        homes = [self.memory.homes[name].contract for name in ("notes", "treasury")]
        lasting = (0, 1, 90, 900, 2 * DAY, 30 * DAY)
        return ac.Fund(
            challenge=dice.of(CHALLENGES),
            step=dice.of(("Bad",) if dice.seldom() else ("", "fit")),
            epoch=dice.of(range(3)),
            asset=BEN.address if dice.seldom() else COIN,
            amount=dice.of([0, 7, 20, 20, 20]),
            payee=dice.of([NOBODY, NOBODY, NOBODY, BEN.address, *homes]),
            deadline=2**40 if dice.seldom() else self.clock.now + dice.of(lasting),
            terms_cid=dice.of(CIDS),
        )

    def refund(self, dice: Dice) -> None:
        number = dice.pick(list(self.world.bounties), NUMBERS)
        self.both(dice.of(PEOPLE), ac.Refund(number))

    def release_grant(self, dice: Dice) -> None:
        number = dice.pick(self.grants(), NUMBERS)
        found = self.world.bounties.get(number)
        sponsor = [p for p in PEOPLE if found and p.address == found.sponsor]
        self.both(dice.pick(sponsor, PEOPLE), ac.ReleaseGrant(number))

    def propose_settlement(self, dice: Dice) -> None:
        name, epoch = dice.pick(self.closed_epochs(), [("toy", 0), ("toy", 1), ("none", 0)])
        ours = [
            *(n for n, b in self.world.bounties.items() if (b.challenge, b.epoch) == (name, epoch))
        ]
        payers = [0, 0, *ours, dice.of(NUMBERS) if dice.seldom() else 0]
        accounts = [*(p.address for p in PEOPLE), self.memory.homes["notes"].contract]
        rows = [
            (dice.of(accounts), dice.of(payers), dice.of([1, 1, 5, 9, 60 if dice.seldom() else 0]))
            for _ in range(dice.of([1, 2, 3, 4]))
        ]
        table = Table(name, epoch, tuple(rows))
        action = table.propose()
        if dice.seldom():
            wrong = [
                replace(action, root="0" * 64),
                replace(action, table_cid=""),
                replace(action, shares=action.shares * 2),
                replace(action, shares=tuple(ac.Share(1, 1) for _ in range(65))),
            ]
            action = dice.of(wrong)
        elif dice.seldom():  # promises less than the leaves ask for
            action = replace(action, credit=action.credit // 2, shares=action.shares[1:])
        if self.both(dice.of([OWNER, OWNER, *JUDGES, ANN]), action):
            self.tables[name, epoch] = table

    def redeem(self, dice: Dice) -> None:
        unknown = Table("toy", 0, ((ANN.address, 0, 1), (BEN.address, 0, 1)))
        place = dice.pick(list(self.tables), [("toy", 9)])
        table = self.tables.get(place, unknown)
        root = self.world.roots.get(place)
        if root and dice.of([True, False]):
            self.clock.now = max(self.clock.now, root.final_at)
        action = table.redeem(dice.of(range(len(table.rows))))
        if dice.seldom():
            action = replace(action, amount=action.amount + 1)
        self.both(dice.of(PEOPLE), action)

    def dispute_settlement(self, dice: Dice) -> None:
        name, epoch = dice.pick(self.open_roots(), [("toy", 2), ("solo", 0)])
        bond = self.world.challenges[name].bond_wei
        action = ac.DisputeSettlement(name, epoch, dice.of(CIDS), dice.pick([bond], [0, 1]))
        self.both(dice.of([*RICH, *RICH, *PEOPLE]), action)

    def contested_roots(self) -> list[tuple[str, int]]:
        return [place for place, root in self.world.roots.items() if root.is_contested]

    def decide_settlement(self, dice: Dice) -> None:
        name, epoch = dice.pick(self.contested_roots(), [("toy", 0)])
        root = self.world.roots.get((name, epoch))
        who, upheld = dice.of(PEOPLE), dice.of([True, False])
        words = {
            "challengeKey": challenge_key(name),
            "epoch": epoch,
            "round": root.round if root else 0,
            "upheld": upheld,
            "reportCid": dice.of(CIDS),
        }
        voices = self.voices(dice, who, "treasury", "SettlementVerdict", words)
        self.both(who, ac.DecideSettlement(name, epoch, upheld, words["reportCid"], voices))

    def lapse_settlement(self, dice: Dice) -> None:
        place = dice.pick(self.contested_roots(), [("toy", 0)])
        root = self.world.roots.get(place)
        if root and dice.of([True, False]):
            self.clock.now = max(self.clock.now, root.vote_by)
        self.both(dice.of(PEOPLE), ac.LapseSettlement(*place))
