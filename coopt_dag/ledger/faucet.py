"""Ether on the embedded chain: the first block gives it to an account whose key is public."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eth_account import Account
from eth_utils.address import to_checksum_address

from coopt_dag.ledger.chainfile import CHAIN_ID
from coopt_dag.ledger.chainrules import FAUCET, FAUCET_KEY

if TYPE_CHECKING:
    from coopt_dag.ledger.chain import Chain

_TRANSFER_GAS = 100_000  # of which a wallet that is a contract may use what is above 21,000


def fund(chain: Chain, to: bytes, wei: int) -> bytes:
    """Send ether from the faucet; it is a transaction like any other, and can be seen as such.

    Returns
    -------
    bytes
        The transaction's hash.

    Raises
    ------
    Refusal
        The faucet holds not as much.
    """

    def signed(nonce: int) -> bytes:
        transfer = {
            "type": 2,
            "chainId": CHAIN_ID,
            "nonce": nonce,
            "to": to_checksum_address(to),
            "value": wei,
            "gas": _TRANSFER_GAS,
            "maxFeePerGas": 0,
            "maxPriorityFeePerGas": 0,
        }
        return bytes(Account.sign_transaction(transfer, FAUCET_KEY).raw_transaction)

    return chain.record_signed(FAUCET, signed)
