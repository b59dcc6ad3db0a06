"""A ledger that signs instead of sending: the request waits in a folder for somebody with coin."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from coopt_dag.errors import ContentRefusedError, LedgerRefusedError, UsageError
from coopt_dag.ledger.actions import Relay, SignedRequest
from coopt_dag.ledger.codec import encode_call
from coopt_dag.ledger.outbox import RELAYED, Outbox, Queued
from coopt_dag.ledger.protocol import Forwarding, Receipt
from coopt_dag.ledger.typed import message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coopt_dag.ledger.actions import Action
    from coopt_dag.ledger.protocol import Ledger, Signer
    from coopt_dag.ledger.typed import Domain

LIFETIME_S = 7 * 86_400
QUEUED = "queued"
"""Stands where a receipt has its transaction's hash."""


@runtime_checkable
class Rehearsing(Protocol):
    """A ledger that can say beforehand what it would answer."""

    def rehearse(self, action: Action, *, sender: str) -> int:
        """Give the gas that an action would take now; nothing is sent.

        Raises
        ------
        LedgerRefusedError
            The rules would refuse it.
        """

    def gas_limit(self) -> int:
        """Give how much gas a block holds."""


@dataclass(frozen=True, slots=True)
class QueuedReceipt(Receipt):
    """Says that an action was signed and waits; no event has come of it yet."""

    what: str
    """As `describe` tells it."""
    path: Path


def describe(action: Action) -> str:
    """Say in two words what an action asks for.

    >>> from coopt_dag.ledger.actions import Claim, Endorse
    >>> describe(Claim("toy", "fit", 600)), describe(Endorse(7))
    ('Claim fit', 'Endorse 7')
    """
    about = (getattr(action, name, None) for name in ("step", "submission_id", "bounty_id"))
    return " ".join([type(action).__name__, *(str(a) for a in about if a)])


class SigningLedger(Forwarding):
    """Reads a ledger, and signs what should be sent to it.

    Parameters
    ----------
    ledger
        What is read, and which says beforehand what it would refuse.
    outbox
        Where the requests go.
    tell
        Given one line for each.
    lifetime_s : int
        How long a request may be relayed.
    clock
        Nanoseconds since 1970.
    """

    def __init__(
        self,
        ledger: Ledger,
        outbox: Outbox,
        *,
        tell: Callable[[str], None],
        lifetime_s: int = LIFETIME_S,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.ledger, self._outbox, self._tell = ledger, outbox, tell
        self._lifetime_s, self._clock = lifetime_s, clock
        self.signed = 0
        """Actions that wait since this ledger was opened."""

    def send(self, action: Action, *, signer: Signer) -> QueuedReceipt:
        """Sign an action as a request and keep it.

        Raises
        ------
        LedgerRefusedError
            The rules would refuse it now; nothing was signed.
        UsageError
            Nobody can relay such an action.
        """
        call = encode_call(action)
        what = describe(action)
        if call.contract not in RELAYED or isinstance(action, Relay):
            raise UsageError(
                f"{type(action).__name__} cannot be signed for a relay",
                hint="send it yourself, without --sign-to",
            )
        now_ns, sender = self._clock(), signer.address.lower()
        now_s = max(now_ns // 10**9, self.ledger.head().time)
        domain = self.ledger.domain(call.contract)
        waiting = self._waiting(sender, domain, call.data.hex(), now_s)
        if waiting is not None:
            return self._receipt(what, "was signed before and still waits", waiting)
        self._rehearse(action, signer.address)
        nonce, deadline = secrets.randbits(256), now_s + self._lifetime_s
        values = {"nonce": nonce, "deadline": deadline, "data": call.data}
        signature = signer.sign_typed(message(domain, "Request", from_=sender, **values))
        request = SignedRequest(sender, nonce, deadline, call.data.hex(), signature)
        queued = Queued(call.contract, domain, request, call.value)
        path = self._outbox.put(queued, now_ns=now_ns)
        return self._receipt(what, "is signed, not sent", path)

    def _receipt(self, what: str, words: str, path: Path) -> QueuedReceipt:
        self.signed += 1
        self._tell(f"{what} {words}: {path}")
        return QueuedReceipt(QUEUED, -1, (), 0, what, path)

    def _waiting(self, sender: str, domain: Domain, data: str, now_s: int) -> Path | None:
        """Give the file in which the very same call waits: who runs a command twice means once."""
        for path in self._outbox.pending():
            try:
                queued = self._outbox.read(path)
            except (ContentRefusedError, FileNotFoundError):
                continue  # the relayer says so; or it has just taken it
            request = queued.request
            same = (request.sender, queued.domain, request.data) == (sender, domain, data)
            if same and request.deadline > now_s:
                return path
        return None

    def _rehearse(self, action: Action, sender: str) -> None:
        """Refuse now what would be refused later.

        What the caller must pay for is not tried: whoever relays pays, not the author.
        """
        if not isinstance(self.ledger, Rehearsing) or encode_call(action).value:
            return
        try:
            self.ledger.rehearse(action, sender=sender)
        except LedgerRefusedError as error:
            waiting = self._outbox.pending()
            if not waiting:
                raise
            hint = (
                f"{len(waiting)} requests wait in {self._outbox.folder}; if this one builds on "
                "them: coopt relay them, then run this command again"
            )
            raise LedgerRefusedError(error.code, error.message, hint=hint) from error
