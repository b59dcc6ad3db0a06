"""A ledger without a chain: the same calls, rules and events, and an end with its process."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import LedgerRefusedError, LedgerUnavailableError
from coopt_dag.ledger.codec import Call, encode_call
from coopt_dag.ledger.memory.rules import play
from coopt_dag.ledger.memory.storage import NOBODY, Storage
from coopt_dag.ledger.memory.turn import Turn
from coopt_dag.ledger.memory.views import read
from coopt_dag.ledger.protocol import Head, Receipt
from coopt_dag.ledger.typed import Domain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coopt_dag.ledger import actions as ac
    from coopt_dag.ledger import events as ev
    from coopt_dag.ledger.protocol import Signer

CHAIN_ID = 31_338
"""No chain's: what is signed for memory counts nowhere else."""
_HOMES = {
    name: Domain(CHAIN_ID, f"0xc0{number:038x}")
    for number, name in enumerate(("ledger", "guard", "treasury", "notes"), 1)
}


@dataclass(frozen=True, slots=True)
class MemorySigner:
    """An address without a key."""

    address: str

    def sign(self, transaction: dict[str, Any]) -> bytes:  # noqa: ARG002  # the protocol's
        """Give nothing: no chain listens."""
        return b""

    def sign_typed(self, typed: dict[str, Any]) -> str:  # noqa: ARG002  # the protocol's
        """Give nothing, which stands for the sender's own word and nobody else's."""
        return ""


@dataclass(slots=True)
class MemoryLedger:
    """A ledger that ends with its process.

    Parameters
    ----------
    clock
        Gives seconds since 1970.
    guardian : str
        Who may stop new things; on a chain whoever deployed the contracts.
    homes
        Where the contracts would lie: those of a chain, for whoever compares the two.
    world : Storage
        What the contracts would store.
    """

    clock: Callable[[], int]
    guardian: str = NOBODY
    homes: Mapping[str, Domain] = field(default_factory=lambda: dict(_HOMES))
    world: Storage = field(default_factory=Storage)
    _events: list[ev.Event] = field(default_factory=list)
    _blocks: list[str] = field(default_factory=list)

    def send(self, action: ac.Action, *, signer: Signer) -> Receipt:
        """Take an action under the contracts' rules."""
        before = self.world.snapshot()
        try:
            turn = self._play(action, signer.address)
        except (LedgerRefusedError, LedgerUnavailableError):
            self.world.restore(before)
            raise
        return self._record(turn, action)

    def rehearse(self, action: ac.Action, *, sender: str) -> int:
        """Refuse what would be refused, and forget the rest; nothing here takes gas.

        >>> from coopt_dag.ledger.actions import Withdraw
        >>> MemoryLedger(lambda: 0).rehearse(Withdraw(), sender="0xab")
        Traceback (most recent call last):
        ...
        coopt_dag.errors.LedgerRefusedError: this contract owes you nothing
        """
        before = self.world.snapshot()
        try:
            self._play(action, sender)
        finally:
            self.world.restore(before)
        return 0

    def gas_limit(self) -> int:
        """Give how much gas a block holds, as if there were any."""
        return 30_000_000

    def _play(self, action: ac.Action, who: str) -> Turn:
        call = encode_call(action)
        turn = self._turn(call, who.lower())
        self._transfer(turn)
        play(turn, call.data)
        return turn

    def _turn(self, call: Call, who: str) -> Turn:
        return Turn(
            world=self.world,
            home=call.contract,
            who=who,
            now=self.clock(),
            value=call.value,
            domains=self.homes,
            guardian=self.guardian,
            told=[],
        )

    def _transfer(self, turn: Turn) -> None:
        if self.balance(turn.who) < turn.value:
            raise LedgerUnavailableError(
                f"the chain refused the transaction: {turn.who} has no {turn.value} wei",
                hint="has the identity enough funds?",
            )
        self.give(turn.who, -turn.value)
        self.give(turn.domain.contract, turn.value)

    def _record(self, turn: Turn, action: ac.Action) -> Receipt:
        tx_hash = "0x" + sha256(f"{len(self._blocks)}:{action!r}".encode()).hexdigest()
        self._blocks.append(tx_hash)
        place = {"block": len(self._blocks), "time": turn.now, "tx_hash": tx_hash}
        first = len(self._events)
        for seq, (event, told) in enumerate(turn.told, first):
            self._events.append(event(seq=seq, **place, **told))
        return Receipt(tx_hash, len(self._blocks), tuple(self._events[first:]), 0)

    def events(self, *, after: int = -1) -> list[ev.Event]:
        """Give all events above `after`."""
        return self._events[after + 1 :]

    def head(self) -> Head:
        """Give the present end."""
        last = self._blocks[-1] if self._blocks else "0x" + "0" * 64
        return Head(len(self._blocks), last, self.clock())

    def domain(self, contract: str = "ledger") -> Domain:
        """Tell where signatures for a contract count: ledger, treasury or notes.

        >>> MemoryLedger(lambda: 0).domain("notes").contract[-4:]
        '0004'
        """
        return self.homes[contract]

    def balance(self, address: str) -> int:
        """Give the coin that an account holds, in wei."""
        return self.world.coin.get(address.lower(), 0)

    def give(self, address: str, wei: int) -> None:
        """Let an account have coin: for tests, and for bonds where nothing is at stake."""
        self.world.coin[address.lower()] = self.balance(address) + wei

    def read(self, contract_name: str, function: str, *arguments: Any) -> Any:
        """Ask a contract's view, as `EvmLedger.read` does; structures are tuples."""
        call = Call(contract_name, b"")
        return read(self._turn(call, NOBODY), function, *arguments)

    def close(self) -> None:
        """Nothing to let go of."""
