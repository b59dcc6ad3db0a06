"""Brings transactions onto a chain: checked first, each under its nonce, with its receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger.delivery import Delivery, Receipt, Waiting
from coopt_dag.ledger.node import NodeError
from coopt_dag.ledger.nonces import Nonces
from coopt_dag.ledger.outgoing import Sent, fees, is_late, message_of, refusal, send

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from coopt_dag.ledger.node import Node
    from coopt_dag.ledger.protocol import Signer

_TURNS = 3
_GAS_MARGIN = 1.2  # storage may have warmed or cooled between estimate and execution


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
        self._delivery = Delivery(node, name_of=name_of, waiting=self._waiting)

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
        """Send a transaction without waiting for its block.

        Raises
        ------
        LedgerRefusedError
            The contract would revert; nothing was sent.
        LedgerUnavailableError
            The chain does not take it.
        """
        try:
            wanted = message_of(call, signer.address)
            gas = int(int(self._node.ask("eth_estimateGas", wanted), 16) * _GAS_MARGIN)
            block = self._node.call("eth_getBlockByNumber", "latest", False)
            transaction = {"value": 0, **call, "chainId": self._chain_id, "gas": gas}
            transaction |= fees(self._node, block)
            sent = Sent(signer, transaction, int(block["number"], 16))
            self._offer(sent)
        except NodeError as error:
            raise refusal(error, self._name_of) from error
        return sent

    def _offer(self, sent: Sent) -> None:
        """Send under the next nonce; if somebody without our lock took it, under the one after."""
        for turns_left in range(_TURNS - 1, -1, -1):
            with self._nonces.turn(sent.signer.address) as turn:
                sent.transaction["nonce"] = turn.nonce
                tx_hash, raw = sent.sign(now=self._waiting.clock())
                try:
                    send(self._node, tx_hash, raw)
                except NodeError as error:
                    del sent.raws[tx_hash]  # the node has looked: it does not have it
                    if not turns_left or not is_late(error):
                        raise
                except LedgerUnavailableError as error:
                    raise LedgerUnavailableError(
                        f"nobody knows whether the transaction {tx_hash} was taken: {error}",
                        hint="it may have been; look at `coopt log` before you try again",
                    ) from error
                else:
                    turn.sent = tx_hash
                    return

    def wait(self, sent: Sequence[Sent]) -> list[Receipt]:
        """Give the receipts of several transactions, asked for together (see `Delivery.wait`)."""
        return self._delivery.wait(sent)
