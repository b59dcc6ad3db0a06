"""The code at the contracts' addresses against the committed one, byte by byte."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from web3 import Web3
from web3.exceptions import Web3Exception

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger.artifact import CONTRACTS, contract
from coopt_dag.ledger.evm import addresses_of
from coopt_dag.ledger.remote import provider_of

if TYPE_CHECKING:
    from pathlib import Path

    from web3.providers.base import BaseProvider


@dataclass(frozen=True, slots=True)
class CodeCheck:
    """One contract's code, and the place of the first byte that differs, None if none does."""

    name: str
    contract: str
    address: str
    size_bytes: int
    wanted_bytes: int
    differs_at: int | None

    @property
    def words(self) -> str:
        """Say how it went.

        >>> CodeCheck("notes", "CooptNotes", "0x", 0, 9, 0).words
        'there is no code'
        >>> CodeCheck("notes", "CooptNotes", "0x", 9, 9, 4).words
        'byte 4 of 9 differs'
        """
        if self.differs_at is None:
            return f"{self.size_bytes} bytes as committed"
        if self.size_bytes == 0:
            return "there is no code"
        if self.differs_at in {self.size_bytes, self.wanted_bytes}:
            return f"{self.size_bytes} bytes in place of {self.wanted_bytes}"
        return f"byte {self.differs_at} of {self.wanted_bytes} differs"


def first_difference(found: bytes, wanted: bytes) -> int | None:
    """Give the place of the first byte in which two codes differ.

    >>> first_difference(b"abc", b"abd"), first_difference(b"ab", b"abc")
    (2, 2)
    >>> first_difference(b"ab", b"ab") is None
    True
    """
    if found == wanted:
        return None
    shorter = min(len(found), len(wanted))
    return next((i for i in range(shorter) if found[i] != wanted[i]), shorter)


def verify_rpc(url: str, address: str) -> tuple[CodeCheck, ...]:
    """Compare the four contracts behind a JSON-RPC endpoint."""
    return verify(provider_of(url), address)


def verify_embedded(path: Path) -> tuple[CodeCheck, ...]:
    """Compare the four contracts of an embedded chain; it must exist."""
    from coopt_dag.ledger.chainfile import ADDRESSES, ChainFile
    from coopt_dag.ledger.rpc import EmbeddedProvider

    ChainFile(path, create=False).close()
    with closing(EmbeddedProvider(path)) as provider:
        return verify(provider, ADDRESSES["ledger"])


def verify(provider: BaseProvider, address: str) -> tuple[CodeCheck, ...]:
    """Compare the four contracts of a deployment.

    Raises
    ------
    LedgerUnavailableError
        The chain does not answer.
    """
    w3 = Web3(provider)
    try:
        return tuple(_check(w3, name, place) for name, place in addresses_of(address).items())
    except (Web3Exception, OSError) as error:
        raise LedgerUnavailableError(
            f"the chain does not answer: {error}", hint="is its node running?"
        ) from error


def _check(w3: Any, name: str, address: str) -> CodeCheck:
    code = bytes(w3.eth.get_code(Web3.to_checksum_address(address)))
    wanted = bytes.fromhex(contract(name)["runtime"][2:])
    return CodeCheck(
        *(name, CONTRACTS[name], address, len(code), len(wanted)),
        differs_at=first_difference(code, wanted),
    )
