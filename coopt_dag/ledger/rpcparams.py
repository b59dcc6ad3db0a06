"""Parameters of JSON-RPC requests: read, or refused as invalid (-32602)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.ledger.chain import Call
from coopt_dag.ledger.chainrows import number_of
from coopt_dag.ledger.chainrules import GAS_LIMIT
from coopt_dag.ledger.chaintx import REFUSED, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopt_dag.ledger.chainfile import ChainFile

INVALID = -32602
_NEWEST = {"latest", "pending", "safe", "finalized"}
_ZERO = "0x" + "00" * 20


@dataclass(frozen=True, slots=True)
class BlockId:
    """Which block is meant: the newest, one by number, or one by hash."""

    number: int | None = None
    hash: bytes | None = None

    def find(self, file: ChainFile) -> int | None:
        """Give the block's number, none if there is no such block."""
        if self.hash is not None:
            return number_of(file.db, self.hash)
        last = file.head().height
        if self.number is None:
            return last
        return self.number if self.number <= last else None

    def on(self, file: ChainFile) -> int | None:
        """Give the block's number to execute on top of it; none means now.

        Raises
        ------
        Refusal
            There is no such block.
        """
        if self == LATEST:
            return None
        number = self.find(file)
        if number is None:
            raise Refusal(REFUSED, "header not found")
        return number


LATEST = BlockId()


def invalid(what: str) -> Refusal:
    """Give the refusal of a parameter."""
    return Refusal(INVALID, f"invalid params: {what}")


def data(value: Any) -> bytes:
    """Read bytes.

    Examples
    --------
    >>> data("0x0aff").hex()
    '0aff'
    """
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    if not isinstance(value, str) or not value.startswith("0x"):
        raise invalid(f"{value!r} is no hex string with 0x")
    try:
        return bytes.fromhex(value[2:])
    except ValueError as error:
        raise invalid(f"{value!r} is no hex string of whole bytes") from error


def sized(size_bytes: int, name: str) -> Callable[[Any], bytes]:
    """Give a reader of so many bytes."""

    def read(value: Any) -> bytes:
        found = data(value)
        if len(found) != size_bytes:
            raise invalid(f"{value!r} is no {name} of {size_bytes} bytes")
        return found

    return read


address = sized(20, "address")
hash32 = sized(32, "hash")


def quantity(value: Any) -> int:
    """Read a number; one with zeros in front is refused, as the specification has it.

    Examples
    --------
    >>> quantity("0x10")
    16
    """
    if isinstance(value, str) and value.startswith("0x0") and value != "0x0":
        raise invalid(f"{value!r} is a hex number with zeros in front")
    found = _number(value)
    if found >= 2**256:
        raise invalid(f"{value!r} has more than 256 bits")
    return found


def _number(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and value.startswith("0x") and len(value) > 2:
        try:
            return int(value, 16)
        except ValueError as error:
            raise invalid(f"{value!r} is no hex number") from error
    raise invalid(f"{value!r} is no hex number with 0x")


def slot(value: Any) -> int:
    """Read a storage key: a number, or up to 32 bytes."""
    found = _number(value)
    if found >= 2**256:
        raise invalid(f"{value!r} is no storage key: it has more than 32 bytes")
    return found


def flag(value: Any) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise invalid(f"{value!r} is neither true nor false")
    return value


def numbers(value: Any) -> list[Any]:
    """Read a list."""
    if not isinstance(value, list | tuple):
        raise invalid(f"{value!r} is no list")
    return list(value)


def block_number(value: Any) -> BlockId:
    """Read a tag or number."""
    if value is None or value in _NEWEST:
        return LATEST
    if value == "earliest":
        return BlockId(0)
    return BlockId(quantity(value))


def block_id(value: Any) -> BlockId:
    """Read a tag, a number, a hash, or an object with either (EIP-1898)."""
    if isinstance(value, dict):
        if "blockHash" in value:
            return BlockId(hash=hash32(value["blockHash"]))
        if "blockNumber" in value:
            return block_number(value["blockNumber"])
        raise invalid("a block is named by blockHash or blockNumber")
    if isinstance(value, str) and len(value) == 66:
        return BlockId(hash=hash32(value))
    return block_number(value)


def block_hash(value: Any) -> BlockId:
    """Read a block's hash."""
    return BlockId(hash=hash32(value))


def call(value: Any) -> Call:
    """Read a message that is to be executed, not recorded."""
    if not isinstance(value, dict):
        raise invalid(f"{value!r} is no object")
    if value.get("to") is None and not (value.get("data") or value.get("input")):
        content = b""
    else:
        content = data(value.get("input") or value.get("data") or "0x")
    return Call(
        sender=address(value.get("from") or _ZERO),
        to=address(value["to"]) if value.get("to") else b"",
        data=content,
        value=quantity(value.get("value", 0)),
        gas=min(quantity(value.get("gas", GAS_LIMIT)), GAS_LIMIT),
    )
