"""Bringing signed requests to a ledger: which are ready, in which batches, what became of each.

Files are moved only after the chain has answered. Who is killed in between runs again: a request
that was taken has spent its nonce, and the chain says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coopt_dag.errors import ContentRefusedError, LedgerRefusedError, LedgerUnavailableError
from coopt_dag.ledger.actions import CancelNonce, Relay
from coopt_dag.ledger.codec import decode_call
from coopt_dag.ledger.events import NonceCancelled, Skipped
from coopt_dag.ledger.evm import error_name
from coopt_dag.ledger.outbox import DONE, FAILED, RELAYED, Outbox, Queued
from coopt_dag.ledger.refusals import refused
from coopt_dag.ledger.signing import Rehearsing, describe

if TYPE_CHECKING:
    from pathlib import Path

    from coopt_dag.ledger.protocol import Ledger, Signer

BATCH = 50
TRIES = 3
_TRANSACTION_GAS = 2**24  # no transaction may have more, says EIP-7825
_HEADROOM = 1.25  # the client adds a margin to what it estimates

ROOMS = {
    "taken": DONE,
    "spent": DONE,
    "cancelled": FAILED,
    "expired": FAILED,
    "refused": FAILED,
    "unreadable": FAILED,
}
"""Where a request goes; what has another outcome waits where it is."""
_SPENT, _EXPIRED = "NonceUsed", "RequestExpired"
_PASSING = {"Paused"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    Attributes
    ----------
    status : str
        taken, spent, cancelled, expired, refused, unreadable; or it waits: paused, unpaid,
        elsewhere.
    what : str
        What was asked for, as far as the data tell.
    words : str
        The rule's own words, or what else there is to say.
    """

    path: Path
    status: str
    who: str = ""
    what: str = ""
    words: str = ""
    tx_hash: str = ""

    @property
    def is_good(self) -> bool:
        """Tell that the ledger has it."""
        return ROOMS.get(self.status) == DONE


@dataclass(frozen=True, slots=True)
class _Item:
    outbox: Outbox
    path: Path
    queued: Queued
    gas: int = 0
    tries: int = 0
    words: str = ""

    def relay(self) -> Relay:
        return Relay(self.queued.contract, (self.queued.request,), self.queued.value_wei)


class Relayer:
    """Relays what waits in outboxes, one contract at a time.

    Parameters
    ----------
    signer
        Who sends and pays.
    batch : int
        Requests in one transaction, at most; its gas is the other limit.
    limit : int, optional
        Requests to look at, at most.
    value_wei : int
        What may be paid for the authors in all, e.g. bonds.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        signer: Signer,
        batch: int = BATCH,
        limit: int | None = None,
        value_wei: int = 0,
    ) -> None:
        if not isinstance(ledger, Rehearsing):
            raise LedgerUnavailableError(
                "this ledger is open for reading only", hint="open it with an identity"
            )
        self._ledger, self._rehearsal = ledger, ledger
        self._signer = signer
        self._batch, self._limit, self._purse_wei = batch, limit, value_wei
        self._gas = int(min(ledger.gas_limit() // 2, _TRANSACTION_GAS) / _HEADROOM)

    def run(self, outboxes: Sequence[Outbox]) -> Iterator[Outcome]:
        """Relay everything that waits; give each outcome once its file has moved."""
        found = [(outbox, path) for outbox in outboxes for path in outbox.pending()]
        found.sort(key=lambda pair: pair[1].name)  # the order in which they were signed
        items: list[_Item] = []
        for outbox, path in found[: self._limit]:
            try:
                items.append(_Item(outbox, path, outbox.read(path)))
            except FileNotFoundError:
                continue  # another relayer has it
            except ContentRefusedError as error:
                yield self._settled(outbox, Outcome(path, "unreadable", words=error.message))
        for contract in RELAYED:
            yield from self._relay_to(contract, [i for i in items if i.queued.contract == contract])

    def _relay_to(self, contract: str, items: list[_Item]) -> Iterator[Outcome]:
        """Relay in rounds: what one round makes possible is taken in the next."""
        waiting, taken = items, True
        while waiting and taken:
            taken, later = False, list[_Item]()
            ready, rest, outcomes = self._sorted_out(waiting)
            yield from outcomes
            for chunk in self._chunks(ready, later):
                for item, outcome in self._bring(contract, chunk):
                    if outcome is None:
                        later.append(item)
                    else:
                        taken = True
                        yield self._settled(item.outbox, outcome)
            taken = taken or any(item.tries for item in later)
            waiting = sorted(rest + later, key=lambda item: item.path.name)
        for item in waiting:
            yield self._settled(item.outbox, _outcome(item, "refused", item.words))

    def _sorted_out(self, items: list[_Item]) -> tuple[list[_Item], list[_Item], list[Outcome]]:
        """Give what would be taken now, what would not, and what is settled already."""
        ready, rest, outcomes = list[_Item](), list[_Item](), list[Outcome]()
        for item in items:
            found = self._look(item)
            if isinstance(found, Outcome):
                outcomes.append(self._settled(item.outbox, found))
            else:
                (rest if found.words else ready).append(found)
        return ready, rest, outcomes

    def _look(self, item: _Item) -> _Item | Outcome:
        """Ask the ledger what it would say to a request now."""
        home = self._ledger.domain(item.queued.contract)
        if item.queued.domain != home:
            theirs = item.queued.domain
            words = f"is for {theirs.contract} on chain {theirs.chain_id}, not {home.contract} "
            return _outcome(item, "elsewhere", words + f"on chain {home.chain_id}")
        if item.tries >= TRIES:
            return _outcome(item, "refused", item.words)
        if item.queued.value_wei > self._purse_wei:
            words = f"wants {item.queued.value_wei} wei with it: --value-wei"
            return _outcome(item, "unpaid", words)
        try:
            gas = self._rehearsal.rehearse(item.relay(), sender=self._signer.address)
        except LedgerRefusedError as error:
            return self._refusal(item, error)
        except LedgerUnavailableError as error:
            self._ledger.head()  # if the chain itself is gone, nothing is this request's fault
            if item.queued.value_wei:
                return _outcome(item, "unpaid", error.message)
            return replace(item, words=error.message)
        return replace(item, gas=gas, words="")

    def _refusal(self, item: _Item, error: LedgerRefusedError) -> _Item | Outcome:
        if error.code in {_SPENT, _EXPIRED}:
            status = self._spent(item) or "expired"
            return _outcome(item, status, "" if status == "spent" else error.message)
        if error.code in _PASSING:
            return _outcome(item, "paused", error.message)
        return replace(item, words=error.message)

    def _spent(self, item: _Item) -> str:
        """Tell how a nonce was used, nothing if it was not.

        A request may be both taken and past its deadline; cancelling asks for the nonce alone.
        """
        sender, nonce = item.queued.key
        try:
            action = CancelNonce(nonce, item.queued.contract)
            self._rehearsal.rehearse(action, sender=sender)
        except LedgerRefusedError as error:
            if error.code != _SPENT:
                raise
        else:
            return ""
        gone = {(e.actor, e.nonce) for e in self._ledger.events() if isinstance(e, NonceCancelled)}
        return "cancelled" if item.queued.key in gone else "spent"

    def _chunks(self, ready: list[_Item], later: list[_Item]) -> Iterator[list[_Item]]:
        """Cut into transactions; who repeats a nonce goes `later`.

        Alone go those who want coin, and those who were skipped: a wallet that is a contract can
        use up the gas of a whole batch, and must not do so to the same people again.
        """
        chunk: list[_Item] = []
        seen: set[tuple[str, int]] = set()
        gas = 0
        for item in ready:
            if item.queued.key in seen:
                later.append(item)
                continue
            seen.add(item.queued.key)
            if item.queued.value_wei or item.tries:
                yield [item]
                continue
            if chunk and (len(chunk) == self._batch or gas + item.gas > self._gas):
                yield chunk
                chunk, gas = [], 0
            chunk.append(item)
            gas += item.gas
        if chunk:
            yield chunk

    def _bring(self, contract: str, chunk: list[_Item]) -> Iterator[tuple[_Item, Outcome | None]]:
        """Send one transaction; give each request's outcome, none where it may come again."""
        value_wei = sum(item.queued.value_wei for item in chunk)
        if value_wei > self._purse_wei:
            yield from ((item, None) for item in chunk)  # spent since: the next look tells
            return
        relay = Relay(contract, tuple(item.queued.request for item in chunk), value_wei)
        try:
            receipt = self._ledger.send(relay, signer=self._signer)
        except (LedgerRefusedError, LedgerUnavailableError) as error:
            if isinstance(error, LedgerUnavailableError) and not any(map(self._spent, chunk)):
                raise  # nobody was faster: it is the chain, or our account
            yield from ((_again(item, error.message), None) for item in chunk)
            return
        self._purse_wei -= value_wei
        skipped = {(e.actor, e.nonce): e.reason for e in receipt.events if isinstance(e, Skipped)}
        for item in chunk:
            if item.queued.key in skipped:
                words = refused(error_name(skipped[item.queued.key])).message
                yield _again(item, words), None
            else:
                yield item, replace(_outcome(item, "taken"), tx_hash=receipt.tx_hash)

    def _settled(self, outbox: Outbox, outcome: Outcome) -> Outcome:
        room = ROOMS.get(outcome.status)
        if room is None:
            return outcome
        why = f"{outcome.status}: {outcome.words}" if room == FAILED else ""
        return replace(outcome, path=outbox.settle(outcome.path, room, why=why))


def _again(item: _Item, words: str) -> _Item:
    return replace(item, tries=item.tries + 1, words=words)


def _outcome(item: _Item, status: str, words: str = "") -> Outcome:
    what, who = asked_for(item.queued), item.queued.request.sender
    return Outcome(item.path, status, who, what, words)


def asked_for(queued: Queued) -> str:
    """Say what a request asks for, as its data tell; nobody's label is believed."""
    data = bytes.fromhex(queued.request.data)
    try:
        return describe(decode_call(queued.contract, data, {}))
    except (LedgerRefusedError, ValueError):
        return "an unknown call"
