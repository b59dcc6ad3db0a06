"""Tokens: letting the treasury take what a sponsor puts up.

Source: ERC-20, https://eips.ethereum.org/EIPS/eip-20.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from eth_abi.abi import encode as abi_encode
from web3 import Web3

from coopt_dag.ledger.hashing import keccak
from coopt_dag.ledger.refusals import refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from web3.types import TxParams

_WORD = 32


def approve_call(spender: str, amount: int) -> bytes:
    """Give the call that lets `spender` take so much.

    >>> approve_call("0x" + "11" * 20, 7).hex()[:8]
    '095ea7b3'
    """
    return _selector("approve(address,uint256)") + abi_encode(
        ["address", "uint256"], [spender, amount]
    )


def allowance(w3: Web3, token: str, owner: str, spender: str) -> int:
    """Give how much `spender` may take of the owner's tokens.

    Raises
    ------
    LedgerRefusedError
        There is no token at this address.
    """
    data = _selector("allowance(address,address)") + abi_encode(
        ["address", "address"], [owner, spender]
    )
    call = cast("TxParams", {"to": Web3.to_checksum_address(token), "data": data})
    answer = bytes(w3.eth.call(call))
    if len(answer) != _WORD:
        raise refused("BadAsset")
    return int.from_bytes(answer, "big")


def allow(
    w3: Web3,
    token: str,
    amount: int,
    *,
    owner: str,
    spender: str,
    send: Callable[[bytes], str],
) -> str:
    """Let `spender` take so much of a token, unless it may already.

    Parameters
    ----------
    send
        Sends call data to the token and gives the transaction's hash.

    Returns
    -------
    str
        Hash of the transaction; empty if none was needed.
    """
    known = allowance(w3, token, owner, spender)
    if known >= amount:
        return ""
    if known:  # USDT and its like refuse to change an allowance that is not zero
        send(approve_call(spender, 0))
    return send(approve_call(spender, amount))


def _selector(signature: str) -> bytes:
    return keccak(signature.encode())[:4]
