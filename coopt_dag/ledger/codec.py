"""From our actions to the contracts' calls and back, by the committed ABI."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_utils.abi import abi_to_signature, collapse_if_tuple

from coopt_dag.errors import LedgerRefusedError
from coopt_dag.ledger import actions as ac
from coopt_dag.ledger.actions.money import COIN
from coopt_dag.ledger.artifact import contract
from coopt_dag.ledger.hashing import challenge_key, keccak
from coopt_dag.ledger.names import CHOICES, camel, snake
from coopt_dag.ledger.refusals import UNNAMED, refused

if TYPE_CHECKING:
    from collections.abc import Mapping

_SELECTOR = 4
# Structures among the functions' parameters, and the classes that stand for them here.
_STRUCTURES: dict[str, type] = {
    "votes": ac.Vote,
    "shares": ac.Share,
    "commitments": ac.ScoreCommitment,
    "openings": ac.Opening,
    "opening": ac.Opening,
}
_HOMES = {"money": "treasury", "notes": "notes"}


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent to a contract.

    Attributes
    ----------
    contract : str
        ledger, guard, treasury or notes.
    data : bytes
    value : int
        Coin that goes with it, in wei.
    """

    contract: str
    data: bytes
    value: int = 0


def encode_call(action: ac.Action) -> Call:
    """Give the call that asks for an action.

    Raises
    ------
    LedgerRefusedError
        A value does not fit the contract's type, e.g. a negative amount.

    Examples
    --------
    >>> encode_call(ac.Endorse(7)).data.hex()[-2:]
    '07'
    """
    if isinstance(action, ac.Relay):
        return _encode_relay(action)
    home = contract_of(action)
    entry = _function(home, camel(type(action).__name__))
    values = [_argument(i, action) for i in entry["inputs"]]
    return Call(home, _data(entry, values), _value(action))


def contract_of(action: ac.Action) -> str:
    """Tell which contract an action is for.

    >>> contract_of(ac.Refund(1)), contract_of(ac.Lapse(1)), contract_of(ac.Pause())
    ('treasury', 'ledger', 'guard')
    """
    if isinstance(action, ac.Withdraw | ac.CancelNonce | ac.Relay):
        return action.contract
    if isinstance(action, ac.Pause | ac.Unpause):
        return "guard"
    return _HOMES.get(type(action).__module__.rpartition(".")[2], "ledger")


def decode_call(home: str, data: bytes, challenges: Mapping[str, str]) -> ac.Action:
    """Give the action that a call asks for.

    Parameters
    ----------
    home : str
        The contract that it was sent to.
    challenges
        Hex key → name of every challenge that may be meant.

    Raises
    ------
    LedgerRefusedError
        No function of this contract takes such data, or no action stands for it.
    """
    entry = _functions(home).get(data[:_SELECTOR])
    if entry is None:
        raise refused(UNNAMED)
    kinds = [collapse_if_tuple(i) for i in entry["inputs"]]
    try:
        values = list(abi_decode(kinds, data[_SELECTOR:]))
        return _action(entry, values, home, challenges)
    except (DecodingError, UnicodeDecodeError, IndexError) as error:
        raise refused(UNNAMED) from error


def _action(
    entry: dict[str, Any], values: list[Any], home: str, challenges: Mapping[str, str]
) -> ac.Action:
    if entry["name"] in {"relay", "relayMany"}:
        return _decode_relay(entry["name"], values, home)
    make = getattr(ac, entry["name"][0].upper() + entry["name"][1:], None)
    if make is None:
        raise refused(UNNAMED)  # it changes nothing
    found: dict[str, Any] = {}
    for entry_in, value in zip(entry["inputs"], values, strict=True):
        name = snake(entry_in["name"])
        if name == "challenge_key":
            found["challenge"] = challenges.get(value.hex(), "")
        elif name == "rules":
            parts = [snake(c["name"]) for c in entry_in["components"]]
            found.update(zip(parts, value, strict=True))
        else:
            found[name] = _read(name, entry_in, value)
    if "contract" in {f.name for f in fields(make)}:
        found["contract"] = home
    return make(**found)  # type: ignore[no-any-return]  # one of the union, by its name


def _read(name: str, entry: dict[str, Any], value: Any) -> Any:
    if name in CHOICES:
        return CHOICES[name][value]
    if name in _STRUCTURES:
        if entry["type"].endswith("[]"):
            return tuple(_structure(name, entry, part) for part in value)
        return _structure(name, entry, value)
    return _plain(value)


def _structure(name: str, entry: dict[str, Any], value: Any) -> Any:
    parts = [_read(snake(c["name"]), c, v) for c, v in zip(entry["components"], value, strict=True)]
    return _STRUCTURES[name](*parts)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return tuple(_plain(v) for v in value)
    return value


def _argument(entry: dict[str, Any], source: Any) -> Any:
    name = snake(entry["name"])
    if name == "challenge_key":
        return challenge_key(source.challenge)
    if entry["type"] == "tuple" and not hasattr(source, name):
        return tuple(_argument(c, source) for c in entry["components"])
    return _write(entry, getattr(source, name))


def _write(entry: dict[str, Any], value: Any) -> Any:
    kind = entry["type"]
    if kind.endswith("[]"):
        item = {**entry, "type": kind.removesuffix("[]")}
        return [_write(item, v) for v in value]
    if kind == "tuple":
        return tuple(_argument(c, value) for c in entry["components"])
    if kind.startswith("bytes"):
        return bytes.fromhex(value.removeprefix("0x"))
    name = snake(entry["name"])
    return CHOICES[name].index(value) if name in CHOICES else value


def _value(action: ac.Action) -> int:
    if isinstance(action, ac.Fund):
        return action.amount if action.asset == COIN else 0
    return int(getattr(action, "value_wei", 0))


def _encode_relay(action: ac.Relay) -> Call:
    requests = [
        (r.sender, r.nonce, r.deadline, bytes.fromhex(r.data.removeprefix("0x")))
        for r in action.requests
    ]
    signatures = [bytes.fromhex(r.signature.removeprefix("0x")) for r in action.requests]
    if len(requests) == 1:
        data = _data(_function(action.contract, "relay"), [requests[0], signatures[0]])
    else:
        data = _data(_function(action.contract, "relayMany"), [requests, signatures])
    return Call(action.contract, data, action.value_wei)


def _decode_relay(name: str, values: list[Any], home: str) -> ac.Relay:
    requests, signatures = values if name == "relayMany" else ([values[0]], [values[1]])
    if len(requests) != len(signatures):
        raise refused("BadBatch")
    pairs = zip(requests, signatures, strict=True)
    found = [(*request[:3], request[3].hex(), signature.hex()) for request, signature in pairs]
    return ac.Relay(home, tuple(ac.SignedRequest(*parts) for parts in found))


def _data(entry: dict[str, Any], values: list[Any]) -> bytes:
    kinds = [collapse_if_tuple(i) for i in entry["inputs"]]
    try:
        return selector(entry) + abi_encode(kinds, values)
    except EncodingError as error:
        raise LedgerRefusedError(
            "DoesNotFit", f"a value does not fit the contract: {error}", hint="check its range"
        ) from error


def selector(entry: dict[str, Any]) -> bytes:
    """Give the first four bytes that stand for a function or an error of the ABI."""
    return keccak(abi_to_signature(entry).encode())[:_SELECTOR]  # type: ignore[arg-type]


@cache
def _functions(home: str) -> dict[bytes, dict[str, Any]]:
    return {selector(e): e for e in contract(home)["abi"] if e["type"] == "function"}


def _function(home: str, name: str) -> dict[str, Any]:
    for entry in _functions(home).values():
        if entry["name"] == name:
            return entry
    raise LedgerRefusedError("UnknownCall", f"the {home}'s contract has no function {name}")
