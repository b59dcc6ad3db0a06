"""Moves of evaluators, and of those who doubt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from coopt_dag.ledger import actions as ac
from coopt_dag.ledger.hashing import step_key
from coopt_dag.ledger.keys import KeySigner

from .dice import (
    ANN,
    BEN,
    BOTH,
    CIDS,
    JUDGES,
    NUMBERS,
    OWNER,
    PEOPLE,
    REASONS,
    RICH,
    SCORES,
    Dice,
)
from .moves_work import WorkMoves
from .papers import SALT, Panel, opening, promise, votes


class JudgingMoves(WorkMoves):
    """Scores, rounds, new scores of heads, disputes."""

    def judge_alone(self, dice: Dice) -> None:
        mine = [n for n in self.with_status("pending") if self.is_at(n, "solo")]
        number, who = dice.pick(mine, NUMBERS), dice.of([OWNER, JUDGES[0], JUDGES[0], ANN])
        made = [
            ac.Score(number, dice.of(SCORES), dice.of(SCORES), dice.of(CIDS)),
            ac.Score(number, dice.of(range(5)), 0, "c"),
            ac.Reject(number, dice.of(REASONS), dice.of(CIDS)),
        ]
        self.both(who, dice.of(made))

    def commit_scores(self, dice: Dice) -> None:
        number = dice.pick(self.with_status("pending"), NUMBERS)
        judges = dice.some([*JUDGES, BOTH], *dice.of([(0, 2), (3, 3), (3, 3)]))
        if dice.seldom():
            judges += [dice.of([OWNER, *judges])]
        self.promise(dice, number, [(judge, self.finding(dice, judge)) for judge in judges])

    def finding(self, dice: Dice, who: KeySigner) -> ac.Opening:
        score = dice.of(SCORES) if dice.seldom() else dice.of(range(5))
        made = opening(who, score, reason=dice.of(REASONS))
        return replace(made, report_cid="") if dice.seldom() else made

    def promise(self, dice: Dice, number: int, found: list[tuple[KeySigner, ac.Opening]]) -> None:
        """Bring commitments; some are signed by another, or not signed at all."""
        sender, made = dice.of(PEOPLE), []
        for judge, what in found:
            by = ANN if dice.seldom() else judge
            given = promise(self.memory, number, what, by, version=self.version_of(number))
            is_own = judge is sender or dice.seldom()
            made.append(replace(given, signature="") if is_own else given)
        before = self.world.submissions.get(number)
        if self.both(sender, ac.CommitScores(number, tuple(made))) and before:
            base, openings = self.rounds.get(number, ("", []))
            if self.world.submissions[number].committed.bit_count() == len(found):  # the first
                base, openings = before.word, []
            self.rounds[number] = (base, [*openings, *(what for _, what in found)])

    def open_scores(self, dice: Dice) -> None:
        number = dice.pick(self.open_rounds(), NUMBERS)
        base, openings = self.rounds.get(number, ("0" * 64, []))
        if dice.seldom():
            openings = openings[::-1]
        if openings and dice.of([True, False]):
            self.publish(dice, number, base, openings)
        else:
            self.both(dice.of(PEOPLE), ac.RevealScores(number, base, tuple(openings)))

    def publish(self, dice: Dice, number: int, base: str, openings: list[ac.Opening]) -> None:
        signers = {p.address: p for p in PEOPLE}
        commitments = [promise(self.memory, number, o, signers[o.evaluator]) for o in openings]
        shown = dice.of(openings)
        if dice.seldom():
            shown = replace(shown, salt="77" * 32)
        action = ac.PublishOpening(number, base, tuple(commitments), shown)
        self.both(dice.of(PEOPLE), action)

    def expire_round(self, dice: Dice) -> None:
        number = dice.pick(self.open_rounds(), NUMBERS)
        found = self.world.submissions.get(number)
        if found and dice.of([True, False]):
            self.clock.now = max(self.clock.now, found.deadline)
        self.both(dice.of(PEOPLE), ac.ExpireRound(number))

    def judge_together(self, dice: Dice) -> None:
        """A whole round at once, so that records come about."""
        number = dice.pick(self.untouched(), NUMBERS)
        author = getattr(self.works.get(number), "who", None)
        judges = [j for j in (*JUDGES, BOTH) if j is not author][:3]
        low = dice.of(range(20))
        figures = [low + dice.of(range(4 if dice.seldom() else 3)) for _ in judges]
        word = self.world.submissions[number].word if number in self.world.submissions else SALT
        found = tuple(zip(judges, figures, strict=True))
        panel = Panel(number, found, word, self.version_of(number))
        self.both(ANN, panel.commit(self.memory))
        self.both(ANN, panel.reveal())

    def rescore(self, dice: Dice) -> None:
        headed = [place for place, step in self.world.steps.items() if step.head_id]
        place = dice.pick(headed, [("toy", "loss"), ("toy", ""), ("solo", "fit")])
        head = self.world.steps.get(place)
        who, values = (
            dice.of(PEOPLE),
            {
                "stepKey": step_key(*place),
                "headId": head.head_id if head else 0,
                "oldWad": head.head_score if head else 0,
                "scoreWad": dice.of(SCORES),
                "because": dice.pick([head.head_id] if head else [], NUMBERS),
                "changes": head.changes if head else 0,
            },
        )
        voices = self.voices(dice, who, "ledger", "Rescore", values)
        self.both(who, ac.Rescore(*place, values["scoreWad"], values["because"], voices))

    def voices(
        self, dice: Dice, sender: KeySigner, contract: str, purpose: str, values: dict[str, Any]
    ) -> tuple[ac.Vote, ...]:
        """Votes of some, mostly in order and over the right words."""
        who = dice.some(PEOPLE if dice.seldom() else [*JUDGES, BOTH], 2, 4)
        cast = votes(self.memory, contract, purpose, who, **values)
        mine = tuple(replace(v, signature="") if v.evaluator == sender.address else v for v in cast)
        wrong = [
            mine[::-1],
            (*mine[:-1], replace(mine[-1], signature=cast[0].signature)),
            (*mine[:-1], replace(mine[-1], signature="00" * 65)),
            (*mine[:-1], replace(mine[-1], signature="12")),
            tuple(replace(v, signature="") for v in mine),
        ]
        return dice.of(wrong) if dice.seldom() else mine

    def dispute(self, dice: Dice) -> None:
        number = dice.pick(self.disputable(), NUMBERS)
        bond = self.world.challenges[self.place_of(number)[0]].bond_wei
        self.both(
            dice.of([*RICH, *RICH, *PEOPLE]),
            ac.Dispute(number, dice.of(CIDS), dice.pick([bond], [0, 1])),
        )

    def decide(self, dice: Dice) -> None:
        number, upheld = dice.pick(self.with_status("contested"), NUMBERS), dice.of([True, False])
        words = {"submissionId": number, "upheld": upheld, "reportCid": dice.of(CIDS)}
        who = dice.of(PEOPLE)
        voices = self.voices(dice, who, "ledger", "Verdict", words)
        self.both(who, ac.Decide(number, upheld, words["reportCid"], voices))

    def lapse(self, dice: Dice) -> None:
        number = dice.pick(self.with_status("contested"), NUMBERS)
        if number in self.world.disputes and dice.of([True, False]):
            self.clock.now = max(self.clock.now, self.world.disputes[number].vote_by)
        self.both(dice.of(PEOPLE), ac.Lapse(number))

    def withdraw(self, dice: Dice) -> None:
        owed = list(self.world.owed)
        contract, who = dice.pick(owed, [("ledger", ANN.address), ("treasury", BEN.address)])
        self.both(next(p for p in PEOPLE if p.address == who), ac.Withdraw(contract))
