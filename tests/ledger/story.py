"""One story on any ledger: from an empty one to money in people's hands.

The lab registers a challenge, a sponsor puts up ether. Three contributors claim, commit and
reveal; Cleo owns no coin, so that others relay what she has signed. Three evaluators commit to
scores and open them. One record is disputed for good reason and struck, another without and
stands; its disputer loses the bond. The epoch is settled: credit and ether are redeemed, and what
is owed is withdrawn.

By hand: ``python -m tests.ledger.story``, with ``memory``, a file for the embedded chain, or the
URL of an anvil.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from web3 import HTTPProvider
from web3.types import RPCEndpoint

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger import actions as ac
from coopt_dag.ledger.actions.money import COIN
from coopt_dag.ledger.embedded import open_embedded
from coopt_dag.ledger.events import Event
from coopt_dag.ledger.evm import EvmLedger, deploy
from coopt_dag.ledger.hashing import challenge_key
from coopt_dag.ledger.keys import KeySigner
from coopt_dag.ledger.memory import MemoryLedger
from coopt_dag.ledger.protocol import Head, Receipt
from coopt_dag.ledger.rpc import EmbeddedProvider

from .papers import NOBODY, Panel, Table, Work, relay, request, votes

WAD = 10**18
ETHER = 10**18
BOND = ETHER // 10
DAY = 86_400
POT = 1_000_000


class Home(Protocol):
    """What the story asks of a ledger."""

    def send(self, action: ac.Action, *, signer: KeySigner) -> Receipt: ...
    def events(self, *, after: int = -1) -> list[Event]: ...
    def head(self) -> Head: ...
    def domain(self, contract: str = "ledger") -> Any: ...
    def balance(self, address: str) -> int: ...
    def read(self, contract_name: str, function: str, *arguments: Any) -> Any: ...
    def close(self) -> None: ...


def key(name: str) -> KeySigner:
    """The same name is the same key."""
    return KeySigner.of(name.encode().rjust(32, b"."))


LAB, SPONSOR, RELAYER = key("lab"), key("sponsor"), key("relayer")
ANN, BEN, CLEO = key("ann"), key("ben"), key("cleo")
EVA, FAY, GUS = key("eva"), key("fay"), key("gus")
_NAMES = ("lab", "sponsor", "relayer", "ann", "ben", "cleo", "eva", "fay", "gus")
PEOPLE = {name: key(name) for name in _NAMES}


@dataclass
class Story:
    """A telling: on which ledger, and how time passes there."""

    ledger: Home
    sleep: Callable[[int], None]
    give: Callable[[str, int], None]

    def act(self, who: KeySigner, action: ac.Action) -> Event:
        """Send what leaves one event."""
        (event,) = self.ledger.send(action, signer=who).events
        return event

    def tell(self) -> None:
        """Play all of it."""
        self.begin()
        work = self.contribute()
        self.judge(work)
        self.doubt(work)
        self.settle()

    def begin(self) -> None:
        """Coin for those who need some, a challenge with a step and hidden data, and a bounty."""
        coin = {SPONSOR.address: 5 * ETHER, ANN.address: BOND, BEN.address: BOND}
        for who in PEOPLE.values():
            self.give(who.address, coin.get(who.address, 0))
        judges = tuple(e.address for e in (EVA, FAY, GUS))
        rules = {"quorum": 3, "reveal_s": DAY, "dispute_s": 2 * DAY, "bond_wei": BOND, "pot": POT}
        self.act(LAB, ac.RegisterChallenge("toy", "manifest", judges, **rules))
        self.act(LAB, ac.RegisterStep("toy", "fit", "spec", "maximise", WAD // 100, WAD // 10, 3))
        self.act(LAB, ac.Seal("toy", "ab" * 32, "box"))
        deadline = self.ledger.head().time + 90 * DAY
        self.act(SPONSOR, ac.Fund("toy", "fit", 1, COIN, 2 * ETHER, NOBODY, deadline, "terms"))

    def contribute(self) -> dict[str, int]:
        """Claims, commitments, reveals; Cleo's are brought by the relayer, all in one batch."""
        numbers = {}
        for name, who in [("ann", ANN), ("ben", BEN)]:
            self.act(who, ac.Claim("toy", "fit", DAY))
            numbers[name] = self.act(who, Work(who, cid=name).commit()).submission_id
        cleo = Work(CLEO, cid="cleo")
        self.bring(ac.Claim("toy", "fit", DAY), cleo.commit())
        numbers["cleo"] = self.ledger.events()[-1].submission_id
        for name, who in [("ann", ANN), ("ben", BEN)]:
            self.act(who, Work(who, cid=name).reveal(numbers[name]))
        self.bring(cleo.reveal(numbers["cleo"]))
        return numbers

    def bring(self, *wanted: ac.Action) -> None:
        """Relay what Cleo has signed."""
        first = len(self.ledger.events())
        deadline = self.ledger.head().time + DAY
        asked = [
            request(self.ledger, action, CLEO, nonce=first + i, deadline=deadline)
            for i, action in enumerate(wanted)
        ]
        receipt = self.ledger.send(relay(*asked), signer=RELAYER)
        assert [e.actor for e in receipt.events] == [CLEO.address] * len(wanted)

    def judge(self, work: dict[str, int]) -> None:
        """Ann makes the first record, Ben a better one; Cleo's evaluators are far apart."""
        self.score(work["ann"], 100, 102, 101)
        self.score(work["ben"], 150, 151, 149)
        self.score(work["cleo"], 100, 180, 180)

    def score(self, number: int, *cents: int) -> None:
        """Evaluators sign commitments, one relayer brings them; anybody opens them."""
        base = bytes(self.ledger.read("ledger", "submissionOf", number)[8]).hex()
        found = zip((EVA, FAY, GUS), (c * WAD // 100 for c in cents), strict=True)
        panel = Panel(number, tuple(found), base)
        self.act(RELAYER, panel.commit(self.ledger))
        self.ledger.send(panel.reveal(), signer=RELAYER)

    def doubt(self, work: dict[str, int]) -> None:
        """Ann is right about Ben's record, Ben is wrong about hers; Cleo's median stands."""
        self.act(ANN, ac.Dispute(work["ben"], "evidence", BOND))
        self.act(BEN, ac.Dispute(work["ann"], "spite", BOND))
        self.sleep(3600)
        self.decide(work["ben"], upheld=True)
        self.decide(work["ann"], upheld=False)
        self.decide(work["cleo"], upheld=False)

    def decide(self, number: int, *, upheld: bool) -> None:
        """Two of three evaluators vote, and anybody brings their votes."""
        words = {"submissionId": number, "upheld": upheld, "reportCid": "again"}
        signed = votes(self.ledger, "ledger", "Verdict", (EVA, FAY), **words)
        self.ledger.send(ac.Decide(number, upheld, "again", signed), signer=RELAYER)

    def settle(self) -> None:
        """The epoch ends; credit and ether are redeemed, bonds withdrawn, the rest refunded."""
        self.act(LAB, ac.Unseal("toy", 1, "keys"))
        rows = [
            *((ANN.address, 0, 400_000), (CLEO.address, 0, 600_000)),
            *((ANN.address, 1, ETHER // 2), (CLEO.address, 1, ETHER)),
        ]
        table = Table("toy", 1, tuple(rows))
        self.act(LAB, table.propose())
        self.sleep(2 * DAY)
        for index in range(len(rows)):
            self.act(RELAYER, table.redeem(index))
        self.act(ANN, ac.Withdraw("ledger"))
        self.act(SPONSOR, ac.Refund(1))

    def balances(self) -> dict[str, tuple[int, int, int]]:
        """Wei in hand, wei owed and credit, by name."""
        toy = challenge_key("toy")
        return {
            name: (
                self.ledger.balance(who.address),
                self.ledger.read("ledger", "owedTo", who.address),
                self.ledger.read("treasury", "creditOf", toy, who.address),
            )
            for name, who in PEOPLE.items()
        }


def on_memory() -> Story:
    """Without a chain."""
    clock = Clock()
    ledger = MemoryLedger(clock)
    return Story(ledger, clock.sleep, ledger.give)


def on_file(path: Path) -> Story:
    """On the embedded chain."""
    clock = Clock()
    ledger = open_embedded(path, clock=clock)

    def give(who: str, wei: int) -> None:
        with closing(EmbeddedProvider(path, clock=clock)) as provider:
            provider.make_request(RPCEndpoint("coopt_fund"), [who, hex(wei)])

    return Story(ledger, clock.sleep, give)


def on_anvil(url: str) -> Story:
    """On contracts of their own, on a node that lets time pass and coin appear."""
    provider = HTTPProvider(url)
    ledger = EvmLedger(provider, address=deploy(provider, signer=LAB))

    def ask(method: str, *params: Any) -> None:
        answer = provider.make_request(RPCEndpoint(method), list(params))
        if "error" in answer:
            raise LedgerUnavailableError(f"{method}: {answer['error']}")

    def sleep(seconds: int) -> None:
        ask("evm_increaseTime", seconds)
        ask("evm_mine")

    def give(who: str, wei: int) -> None:
        ask("anvil_setBalance", who, hex(ledger.balance(who) + wei))

    return Story(ledger, sleep, give)


class Clock:
    """The machine's time, but for what the story slept."""

    def __init__(self) -> None:
        self.slept_s = 0

    def __call__(self) -> int:
        return int(time.time()) + self.slept_s

    def sleep(self, seconds: int) -> None:
        """Let time pass at once."""
        self.slept_s += seconds


def main(where: str = "memory") -> None:
    """Tell the story, and print its events and what everybody has in the end."""
    if where == "memory":
        story = on_memory()
    elif "://" in where:
        story = on_anvil(where)
    else:
        story = on_file(Path(where))
    with closing(story.ledger):
        story.tell()
        for event in story.ledger.events():
            print(event.seq, event.time, type(event).__name__, event.actor)
        for name, (wei, owed, credit) in story.balances().items():
            print(f"{name:8} {wei / ETHER:g} ether, {owed / ETHER:g} owed, {credit} units")


if __name__ == "__main__":
    main(*sys.argv[1:])
