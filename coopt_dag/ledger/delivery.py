"""Waits for transactions: dearer ones when they hang, and what came of them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger.node import NodeError
from coopt_dag.ledger.outgoing import fees, is_late, message_of, refusal, send

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coopt_dag.errors import CooptError
    from coopt_dag.ledger.node import Node
    from coopt_dag.ledger.outgoing import Sent

_SEARCHED_BLOCKS = 64
Receipt = dict[str, Any]
"""As the node gives it, in hex."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How a sender waits.

    Attributes
    ----------
    bump_after_s : float
        A transaction that is in no block after so long is sent again, dearer.
    give_up_after_s : float
        After so long the caller is told that nobody knows.
    poll_s : tuple
        First and longest time between two looks.
    """

    bump_after_s: float = 45
    give_up_after_s: float = 180
    poll_s: tuple[float, float] = (0.02, 2.0)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Delivery:
    """Follows transactions that were sent until they are in a block."""

    def __init__(self, node: Node, *, name_of: Callable[[str], str], waiting: Waiting) -> None:
        self._node, self._name_of, self._waiting = node, name_of, waiting

    def wait(self, sent: Sequence[Sent]) -> list[Receipt]:
        """Give the receipts of several transactions, asked for together.

        Raises
        ------
        LedgerRefusedError
            One of them reverted in its block.
        LedgerUnavailableError
            One of them is in no block in time, or its nonce was used by another.
        """
        begin, (pause, longest) = self._waiting.clock(), self._waiting.poll_s
        while open_ := [one for one in sent if one.receipt is None]:
            self._look(open_)
            open_ = [one for one in open_ if one.receipt is None]
            if not open_:
                break
            self._require_free(open_)
            if self._waiting.clock() - begin > self._waiting.give_up_after_s:
                raise _nobody_knows(open_[0], self._waiting.give_up_after_s)
            for one in open_:
                if self._waiting.clock() - one.since > self._waiting.bump_after_s:
                    self._bump(one)
            self._waiting.sleep(pause)
            pause = min(longest, pause * 1.5)
        return [self._judged(one) for one in sent]

    def _look(self, open_: Sequence[Sent]) -> None:
        asked = [(one, tx_hash) for one in open_ for tx_hash in one.raws]
        found = self._node.batch([("eth_getTransactionReceipt", [h]) for _, h in asked])
        for (one, _), receipt in zip(asked, found, strict=True):
            if receipt is not None:
                one.receipt = receipt

    def _require_free(self, open_: Sequence[Sent]) -> None:
        """Insist that nobody else used the nonces of transactions that are in no block."""
        counts = self._node.batch(
            [("eth_getTransactionCount", [one.signer.address, "latest"]) for one in open_]
        )
        passed = [one for one, n in zip(open_, counts, strict=True) if int(n, 16) > one.nonce]
        if not passed:
            return
        self._look(passed)  # it may have come into a block between the two questions
        for one in passed:
            other = self._user_of(one) if one.receipt is None else None
            # A node may count a transaction before it shows its receipt or even its block.
            if other is not None and other not in one.raws:
                raise self._replaced(one, other)

    def _replaced(self, one: Sent, other: str) -> LedgerUnavailableError:
        return LedgerUnavailableError(
            f"another transaction of {one.signer.address} took nonce {one.nonce}: {other}",
            hint="the key is in use elsewhere; look at `coopt log`, then try again",
        )

    def _user_of(self, one: Sent) -> str | None:
        """Find the transaction that has the nonce, in the blocks since ours was sent."""
        last = int(self._node.call("eth_blockNumber"), 16)
        for number in range(last, max(one.from_block, last - _SEARCHED_BLOCKS) - 1, -1):
            block = self._node.call("eth_getBlockByNumber", hex(number), True)
            for found in (block or {}).get("transactions", ()):
                is_ours = str(found["from"]).lower() == one.signer.address
                if is_ours and int(found["nonce"], 16) == one.nonce:
                    return str(found["hash"])
        return None

    def _bump(self, one: Sent) -> None:
        """Send it again under its nonce: as it was if the node lost it, otherwise dearer."""
        tx_hash, raw = list(one.raws.items())[-1]
        if self._node.call("eth_getTransactionByHash", tx_hash) is None:
            one.since = self._waiting.clock()
        else:
            block = self._node.call("eth_getBlockByNumber", "latest", False)
            one.raise_price(fees(self._node, block))
            tx_hash, raw = one.sign(now=self._waiting.clock())
        try:
            send(self._node, tx_hash, raw)
        except NodeError as error:
            if not is_late(error):  # otherwise the next look tells who was faster
                raise refusal(error, self._name_of) from error

    def _judged(self, one: Sent) -> Receipt:
        receipt = one.receipt
        if receipt is None:  # wait() gives receipts only
            raise _nobody_knows(one, 0)
        if int(receipt["status"], 16) == 1:
            return receipt
        raise self._why(one, receipt)

    def _why(self, one: Sent, receipt: Receipt) -> CooptError:
        """Find out which rule a transaction broke in its block, by asking once more.

        After its block the reason is there still, as a rule; before it, it may be.
        """
        message = message_of(one.transaction, one.signer.address)
        message["gas"] = hex(one.transaction["gas"])
        number = int(receipt["blockNumber"], 16)
        for block in (number, number - 1):
            try:
                self._node.ask("eth_call", message, hex(block))
            except NodeError as error:
                found = refusal(error, self._name_of)
                if not isinstance(found, LedgerUnavailableError):
                    return found
        is_spent = int(receipt["gasUsed"], 16) >= one.transaction["gas"]
        return LedgerUnavailableError(
            f"the transaction {receipt['transactionHash']} failed in its block"
            + (": it ran out of gas" if is_spent else ""),
            hint="somebody was faster; look at `coopt log` and try again",
        )


def _nobody_knows(one: Sent, seconds: float) -> LedgerUnavailableError:
    return LedgerUnavailableError(
        f"the transaction {list(one.raws)[-1]} was not included within {seconds:g} s",
        hint="it may still be; look at `coopt log` before you try again",
    )
