"""Memory and a chain at one table: what one answers, the other must.

Time moves by a second before each action.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine

from coopt_dag.errors import LedgerRefusedError, LedgerUnavailableError
from coopt_dag.ledger import actions as ac
from coopt_dag.ledger.events import Committed, Event
from coopt_dag.ledger.hashing import challenge_key
from coopt_dag.ledger.keys import KeySigner
from coopt_dag.ledger.memory import MemoryLedger
from coopt_dag.ledger.state import project

from .conftest import Bench
from .dice import BOND, BOTH, HOMES, JUDGES, OWNER, PEOPLE, RICH
from .papers import NOBODY, Table, Work


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


class Referee(RuleBasedStateMachine):
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

    # --- the comparison ----------------------------------------------------------------------

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

    # --- what players look at ------------------------------------------------------------

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
