"""Brings transactions onto a chain: a nonce each, dearer if they hang, and what came of them."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger.hashing import keccak
from coopt_dag.ledger.node import NodeError
from coopt_dag.ledger.nonces import Nonces
from coopt_dag.ledger.refusals import UNNAMED, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from coopt_dag.errors import CooptError
    from coopt_dag.ledger.node import Node
    from coopt_dag.ledger.protocol import Signer

_GAS_MARGIN = 1.2  # storage may have warmed or cooled between estimate and execution
_KNOWN = re.compile(r"already (known|imported|in)|known transaction|alreadyknown", re.IGNORECASE)
_USED = re.compile(r"nonce too low|nonce.*(already|lower|used)|oldnonce", re.IGNORECASE)
_CHEAP = re.compile(r"underpriced|fee too low|replacement|less than block base fee", re.IGNORECASE)
_REVERT = re.compile(r"revert", re.IGNORECASE)
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


@dataclass(slots=True)
class Sent:
    """A transaction on its way: every form in which it was sent, under one nonce."""

    signer: Signer
    transaction: dict[str, Any]
    from_block: int
    raws: dict[str, bytes] = field(default_factory=dict)
    """Hash → signed bytes, the dearest last."""
    since: float = 0
    """When the latest form was sent."""
    receipt: Receipt | None = None

    @property
    def nonce(self) -> int:
        """Its place among the sender's transactions."""
        return int(self.transaction["nonce"])


class Sender:
    """Sends the transactions of one chain.

    Parameters
    ----------
    node
        How the chain is asked.
    name_of : callable
        Gives the name of the rule that a revert's data tell.
    locks : Path, optional
        Where processes with the same key agree on nonces; the user's own folder by default.
    """

    def __init__(
        self,
        node: Node,
        *,
        chain_id: int,
        name_of: Callable[[str], str],
        locks: Path | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        self._node, self._chain_id, self._name_of = node, chain_id, name_of
        self._nonces = Nonces(node, chain_id=chain_id, folder=locks)
        self._waiting = waiting or Waiting()

    def transact(self, call: dict[str, Any], signer: Signer) -> Receipt:
        """Send a transaction and give its receipt.

        Parameters
        ----------
        call
            `to` unless it makes a contract, `data` and `value`.

        Raises
        ------
        LedgerRefusedError
            The contract reverts, before it is sent or in its block.
        LedgerUnavailableError
            The chain fails, does not include it in time, or another transaction took its nonce.
        """
        (receipt,) = self.wait([self.post(call, signer)])
        return receipt

    def post(self, call: dict[str, Any], signer: Signer) -> Sent:
        """Send a transaction without waiting for its block."""
        message = {**_hexed(call), "from": signer.address}
        gas = int(self._estimate(message) * _GAS_MARGIN)
        block = self._node.call("eth_getBlockByNumber", "latest", False)
        transaction = {"value": 0, **call, "chainId": self._chain_id, "gas": gas}
        transaction |= self._fees(block)
        sent = Sent(signer, transaction, int(block["number"], 16))
        with self._nonces.turn(signer.address) as turn:
            transaction["nonce"] = turn.nonce
            turn.sent = self._offer(sent)
        return sent

    def _estimate(self, message: dict[str, Any]) -> int:
        try:
            return int(self._node.ask("eth_estimateGas", message), 16)
        except NodeError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: NodeError) -> CooptError:
        if error.data.removeprefix("0x"):
            return refused(self._name_of(error.data))
        if _REVERT.search(str(error)):
            return refused(UNNAMED)
        return LedgerUnavailableError(
            f"the chain refused the transaction: {error}",
            hint="has the identity enough funds for gas?",
        )

    def _fees(self, block: dict[str, Any]) -> dict[str, Any]:
        """Give what the chain asks for: EIP-1559 fees, or a price where it knows none."""
        if "baseFeePerGas" not in block:
            return {"gasPrice": int(self._node.call("eth_gasPrice"), 16)}
        base = int(block["baseFeePerGas"], 16)
        tip = int(self._node.call("eth_maxPriorityFeePerGas"), 16) if base else 0
        return {"type": 2, "maxFeePerGas": 2 * base + tip, "maxPriorityFeePerGas": tip}

    def _offer(self, sent: Sent) -> str:
        """Sign the transaction as it is and send it; give its hash."""
        raw = sent.signer.sign(dict(sent.transaction))
        tx_hash = "0x" + keccak(raw).hex()
        # kept before it is sent: if the answer is lost, the transaction need not be
        sent.raws[tx_hash] = raw
        sent.since = self._waiting.clock()
        self._send_raw(tx_hash, raw)
        return tx_hash

    def _send_raw(self, tx_hash: str, raw: bytes) -> None:
        """Send signed bytes; that the node has them already is as good."""
        try:
            self._node.ask("eth_sendRawTransaction", "0x" + raw.hex())
        except NodeError as error:
            if _KNOWN.search(str(error)):
                return
            # sent once more after an answer was lost, it may be in a block already
            known = self._node.call("eth_getTransactionByHash", tx_hash)
            if known is None:
                raise self._refusal(error) from error

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
            if one.receipt is None:
                raise self._replaced(one)

    def _replaced(self, one: Sent) -> LedgerUnavailableError:
        other = self._user_of(one)
        return LedgerUnavailableError(
            f"another transaction of {one.signer.address} took nonce {one.nonce}"
            + (f": {other}" if other else ""),
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
            self._send_raw_unless_late(tx_hash, raw)
            return
        fees = self._fees(self._node.call("eth_getBlockByNumber", "latest", False))
        for name in ("gasPrice", "maxFeePerGas", "maxPriorityFeePerGas"):
            if name in one.transaction:
                # nodes take a replacement that pays an eighth more; on a free chain, one wei
                dearer = one.transaction[name] + max(1, -(-one.transaction[name] // 8))
                one.transaction[name] = max(dearer, fees.get(name, 0))
        raw = one.signer.sign(dict(one.transaction))
        tx_hash = "0x" + keccak(raw).hex()
        one.raws[tx_hash], one.since = raw, self._waiting.clock()
        self._send_raw_unless_late(tx_hash, raw)

    def _send_raw_unless_late(self, tx_hash: str, raw: bytes) -> None:
        """Send again; that an earlier form was taken, or pays enough, the next look will tell."""
        try:
            self._node.ask("eth_sendRawTransaction", "0x" + raw.hex())
        except NodeError as error:
            said = str(error)
            if not any(pattern.search(said) for pattern in (_KNOWN, _USED, _CHEAP)):
                raise self._refusal(error) from error

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
        names = ("to", "data", "value")
        call = {name: one.transaction[name] for name in names if name in one.transaction}
        message = {**_hexed(call), "from": one.signer.address}
        message["gas"] = hex(one.transaction["gas"])
        number = int(receipt["blockNumber"], 16)
        for block in (number, number - 1):
            try:
                self._node.ask("eth_call", message, hex(block))
            except NodeError as error:
                found = self._refusal(error)
                if not isinstance(found, LedgerUnavailableError):
                    return found
        is_spent = int(receipt["gasUsed"], 16) >= one.transaction["gas"]
        return LedgerUnavailableError(
            f"the transaction {receipt['transactionHash']} failed in its block"
            + (": it ran out of gas" if is_spent else ""),
            hint="somebody was faster; look at `coopt log` and try again",
        )


def _hexed(call: dict[str, Any]) -> dict[str, Any]:
    """Give a call as JSON-RPC wants it."""
    found = dict(call)
    if isinstance(found.get("data"), bytes):
        found["data"] = "0x" + found["data"].hex()
    if "value" in found:
        found["value"] = hex(found["value"])
    return found


def _nobody_knows(one: Sent, seconds: float) -> LedgerUnavailableError:
    return LedgerUnavailableError(
        f"the transaction {list(one.raws)[-1]} was not included within {seconds:g} s",
        hint="it may still be; look at `coopt log` before you try again",
    )
