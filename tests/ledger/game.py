"""A game of all actions on two ledgers: what one answers, the other must.

Moves are random, but most look first at what is there (a record to dispute, a round to open), so
that play gets deep; the rest is noise that rules must refuse. Time moves by a second before each
action, and jumps to the edges of windows. Each move throws dice of its own, so that hypothesis can
leave moves out of a game that failed.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from coopt_dag.errors import LedgerRefusedError, LedgerUnavailableError
from coopt_dag.ledger import actions as ac
from coopt_dag.ledger.actions.money import COIN
from coopt_dag.ledger.events import Committed, Event
from coopt_dag.ledger.hashing import challenge_key, step_key
from coopt_dag.ledger.keys import KeySigner
from coopt_dag.ledger.memory import MemoryLedger
from coopt_dag.ledger.state import project
from coopt_dag.ledger.typed import message

from .conftest import Bench, person
from .papers import NOBODY, SALT, Panel, Table, Work, opening, promise, relay, request, votes

OWNER, JUDGES, BOTH, ANN, BEN = (
    person(1),
    (person(2), person(3), person(4)),
    person(5),  # judges and contributes
    person(6),
    person(7),
)
PEOPLE = (OWNER, *JUDGES, BOTH, ANN, BEN)
RICH = (OWNER, BOTH, ANN)
HOMES = ("ledger", "guard", "treasury", "notes")
DAY = 86_400
BOND = 5

# Small alphabets, so that actions meet each other; a few values that no rule accepts.
CHALLENGES = ("toy", "toy", "toy", "toy", "solo", "solo", "none")
STEPS = ("fit", "fit", "fit", "loss", "")
CIDS = ("c", "c", "c", "c", "c", "c", "c", "")
ROOTS = ("ab" * 32, "cd" * 32, "0" * 64)
NUMBERS = range(8)
SCORES = (-3, 0, 1, 2, 3, 5, 9, 2**127 - 1, -(2**127))
DURATIONS = (59, 60, 100, 100, 1000, 1000, DAY, 30 * DAY, 30 * DAY + 1)
REASONS = ("", "", "", "", "crashed", "x" * 32)
OWNERS = (OWNER, OWNER, OWNER, OWNER, ANN)


class Dice:
    """What a move leaves to chance."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def of(self, things: Sequence[Any]) -> Any:
        return self.rng.choice(things)

    def seldom(self) -> bool:
        """One throw of twelve."""
        return self.rng.randrange(12) == 0

    def some(self, things: Sequence[Any], least: int, most: int) -> list[Any]:
        return self.rng.sample(list(things), self.rng.randint(least, min(most, len(things))))

    def pick(self, good: Sequence[Any], otherwise: Sequence[Any]) -> Any:
        """One of what is there; seldom, or if there is none, anything."""
        return self.of(list(good) if good and not self.seldom() else otherwise)


def shape(event: Event) -> tuple[str, dict[str, Any]]:
    """What ledgers must agree on: all but hash and height."""
    fields = asdict(event)
    del fields["block"], fields["tx_hash"]
    return type(event).__name__, fields


def plain(value: Any) -> Any:
    """A view's answer, whoever gave it."""
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    if isinstance(value, bytes):
        return value.hex()
    return value.lower() if isinstance(value, str) else value


class Game(RuleBasedStateMachine):
    """Memory and a chain at one table; `open_chain` says which."""

    def __init__(self) -> None:
        super().__init__()
        self.chain = self.open_chain()
        self.clock = self.chain.clock
        ledger = self.chain.ledger
        homes = {name: ledger.domain(name) for name in HOMES}
        guardian = self.chain.guardian.address
        self.memory = MemoryLedger(self.clock, guardian=guardian, homes=homes)
        self.world = self.memory.world
        self.pledges: dict[str, Work] = {}
        self.works: dict[int, Work] = {}
        self.rounds: dict[int, tuple[str, list[ac.Opening]]] = {}
        self.tables: dict[tuple[str, int], Table] = {}
        self.deal()

    def open_chain(self) -> Bench:
        """Give the other ledger; each game has its own contracts."""
        raise NotImplementedError

    def sync(self) -> None:
        """Bring the chain's clock to ours."""

    def deal(self) -> None:
        """The challenges on which most moves are played."""
        for who in RICH:
            self.memory.give(who.address, 1000 * BOND)
            self.chain.give(who.address, 1000 * BOND)
        panel = tuple(j.address for j in (*JUDGES, BOTH))
        rules = {"slots": 2, "quorum": 3, "reveal_s": 60, "dispute_s": 3000, "bond_wei": BOND}
        self.both(OWNER, ac.RegisterChallenge("toy", "m", panel, pot=100, **rules))
        self.both(OWNER, ac.RegisterStep("toy", "fit", "s", "maximise", 1, 2, 2))
        self.both(OWNER, ac.RegisterStep("toy", "loss", "s", "minimise", 0, 0, 0))
        alone = (OWNER.address, JUDGES[0].address)
        closes = {"closes_at": self.clock.now + 3000, "dispute_s": 60, "bond_wei": 0}
        self.both(OWNER, ac.RegisterChallenge("solo", "m", alone, pot=9, **closes))
        self.both(OWNER, ac.RegisterStep("solo", "fit", "s", "maximise", 1))

    # --- the comparison ---------------------------------------------------------------------

    def both(self, who: KeySigner, action: ac.Action) -> list[Event]:
        """Send to both, and insist on the same answer; give memory's events."""
        self.clock.now += 1
        self.sync()
        mine, my_events = self.outcome(self.memory, who, action)
        its, _ = self.outcome(self.chain.ledger, who, action)
        assert mine == its, f"{mine}\n{its}\n{action}"
        for event in my_events:
            if isinstance(event, Committed) and event.commitment in self.pledges:
                self.works[event.submission_id] = self.pledges[event.commitment]
        if my_events:
            for question in self.touched(who, action):
                self.ask(*question)
        return my_events

    @staticmethod
    def outcome(ledger: Any, who: KeySigner, action: ac.Action) -> tuple[Any, list[Event]]:
        try:
            events = list(ledger.send(action, signer=who).events)
        except LedgerRefusedError as refusal:
            return refusal.code, []
        except LedgerUnavailableError:  # too poor for the value
            return "unavailable", []
        return [shape(e) for e in events], events

    def ask(self, contract: str, function: str, *arguments: Any) -> None:
        """Insist on the same answer of a view."""
        said = []
        for ledger in (self.memory, self.chain.ledger):
            try:
                said.append(plain(ledger.read(contract, function, *arguments)))
            except LedgerRefusedError as refusal:
                said.append(refusal.code)
        assert said[0] == said[1], (function, arguments)

    def touched(self, who: KeySigner, action: ac.Action) -> list[tuple[Any, ...]]:
        """Views that an action may have changed."""
        found: list[tuple[Any, ...]] = []
        challenge, step = getattr(action, "challenge", ""), getattr(action, "step", "")
        number = getattr(action, "submission_id", 0)
        if number:
            found += [("ledger", "submissionOf", number), ("ledger", "disputeOf", number)]
            challenge, step = self.world.submissions[number].place
        if (challenge, step) in self.world.steps:
            found.append(("ledger", "stepOf", challenge, step))
        if isinstance(action, ac.Claim | ac.Release | ac.Commit):
            found.append(("ledger", "leaseOf", challenge, step, who.address))
        if hasattr(action, "epoch"):
            key = challenge_key(challenge)
            found.append(("treasury", "settlementOf", key, action.epoch))
        return found

    def teardown(self) -> None:
        """Everything must agree in the end."""
        world, ledger = self.world, self.chain.ledger
        mine, its = self.memory.events(), ledger.events()
        assert [shape(e) for e in mine] == [shape(e) for e in its]
        assert project(mine).submissions.keys() == project(its).submissions.keys()
        for place in world.steps:
            self.ask("ledger", "stepOf", *place)
        for number in world.submissions:
            self.ask("ledger", "submissionOf", number)
        for number in world.bounties:
            self.ask("treasury", "bountyOf", number)
        for challenge, epoch in world.roots:
            self.ask("treasury", "settlementOf", challenge_key(challenge), epoch)
        accounts = [who.address for who in PEOPLE]
        for account in [*accounts, *(self.memory.homes[h].contract for h in HOMES)]:
            assert self.memory.balance(account) == ledger.balance(account), account
        for who in PEOPLE:
            self.ask("ledger", "owedTo", who.address)
            self.ask("treasury", "owedTo", who.address)
            self.ask("treasury", "creditOf", challenge_key("toy"), who.address)
            self.ask("ledger", "isEvaluator", challenge_key("toy"), who.address)
        self.chain.ledger.close()

    @rule(seed=st.integers(0, 2**63))
    def move(self, seed: int) -> None:
        """Somebody does something."""
        dice = Dice(seed)
        (chosen,) = dice.rng.choices(list(MOVES), list(MOVES.values()))
        if self.is_idle(chosen) and not dice.seldom():
            return
        getattr(self, chosen)(dice)

    def is_idle(self, move: str) -> bool:
        """Whether there is nothing for a move to act on, so that it would be noise."""
        wanted: dict[str, Sequence[Any]] = {
            "reveal": self.with_status("committed"),
            "judge_alone": [n for n in self.with_status("pending") if self.is_at(n, "solo")],
            "judge_together": self.untouched(),
            "commit_scores": self.with_status("pending"),
            "open_scores": self.open_rounds(),
            "expire_round": self.open_rounds(),
            "dispute": self.disputable(),
            "propose_settlement": self.closed_epochs(),
            "decide": self.with_status("contested"),
            "lapse": self.with_status("contested"),
            "withdraw": list(self.world.owed),
            "refund": list(self.world.bounties),
            "release_grant": self.grants(),
            "redeem": list(self.tables),
            "dispute_settlement": self.open_roots(),
            "decide_settlement": self.contested_roots(),
            "lapse_settlement": self.contested_roots(),
            "rescore": [step for step in self.world.steps.values() if step.head_id],
        }
        return move in wanted and not wanted[move]

    # --- what players look at ----------------------------------------------------------------

    def with_status(self, *statuses: str) -> list[int]:
        return [n for n, s in self.world.submissions.items() if s.status in statuses]

    def place_of(self, number: int) -> tuple[str, str]:
        found = self.world.submissions.get(number)
        return ("toy", "fit") if found is None else found.place

    def is_at(self, number: int, challenge: str) -> bool:
        return self.place_of(number)[0] == challenge

    def untouched(self) -> list[int]:
        """Submissions that no evaluator has committed to."""
        waiting = self.with_status("pending")
        submissions = self.world.submissions
        return [n for n in waiting if self.is_at(n, "toy") and not submissions[n].committed]

    def open_rounds(self) -> list[int]:
        """Submissions whose quorum of commitments is complete."""
        waiting, submissions = self.with_status("pending"), self.world.submissions
        return [n for n in self.rounds if n in waiting and submissions[n].committed.bit_count() > 2]

    def disputable(self) -> list[int]:
        submissions, now = self.world.submissions, self.clock.now
        return [n for n in self.with_status("record") if submissions[n].deadline > now]

    def closed_epochs(self) -> list[tuple[str, int]]:
        found = []
        for name, entry in self.world.challenges.items():
            is_open = not entry.closes_at or entry.closes_at > self.clock.now
            is_open = is_open and (name, entry.epoch) not in self.world.unsealed
            found += [(name, epoch) for epoch in range(entry.epoch + (not is_open))]
        return found

    def open_roots(self) -> list[tuple[str, int]]:
        now = self.clock.now
        return [place for place, root in self.world.roots.items() if root.final_at > now]

    def grants(self) -> list[int]:
        return [n for n, b in self.world.bounties.items() if b.payee != NOBODY and b.left]

    def version_of(self, number: int) -> int:
        return self.world.steps[self.place_of(number)].metric_version

    # --- owners ------------------------------------------------------------------------------

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

    def brake(self, dice: Dice) -> None:
        who = dice.of([self.chain.guardian, self.chain.guardian, OWNER])
        self.both(who, ac.Pause())
        self.both(dice.of(PEOPLE), dice.of([ac.Claim("toy", "fit", 60), self.bounty(dice)]))
        if not dice.seldom():
            self.both(who, ac.Unpause())

    # --- contributors ------------------------------------------------------------------------

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

    # --- evaluators --------------------------------------------------------------------------

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

    # --- doubts ------------------------------------------------------------------------------

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

    # --- money -------------------------------------------------------------------------------

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

    # --- notes and relays --------------------------------------------------------------------

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

    # --- time --------------------------------------------------------------------------------

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


MOVES = {
    "register_challenge": 2,
    "change_the_panel": 2,
    "register_step": 1,
    "seal": 1,
    "unseal": 2,
    "change_the_metric": 1,
    "brake": 1,
    "claim": 3,
    "release": 1,
    "commit": 2,
    "reveal": 2,
    "deliver": 9,
    "judge_alone": 4,
    "commit_scores": 6,
    "open_scores": 6,
    "expire_round": 3,
    "judge_together": 9,
    "rescore": 3,
    "dispute": 4,
    "decide": 6,
    "lapse": 2,
    "withdraw": 2,
    "fund": 4,
    "refund": 2,
    "release_grant": 2,
    "propose_settlement": 4,
    "redeem": 5,
    "dispute_settlement": 2,
    "decide_settlement": 3,
    "lapse_settlement": 1,
    "note": 4,
    "bring": 7,
    "wait_for_an_edge": 6,
}
