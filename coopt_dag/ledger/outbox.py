"""Signed requests as files: a folder in which they wait until somebody brings them to the chain."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from coopt_dag.errors import ContentRefusedError
from coopt_dag.ledger.actions import SignedRequest
from coopt_dag.ledger.typed import Domain
from coopt_dag.ledger.whole import sync, write_whole
from coopt_dag.model.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCHEMA = "coopt/request/1"
RELAYED = ("ledger", "treasury", "notes")
"""The contracts that take signed requests."""
DONE, FAILED = "done", "failed"
LARGEST_BYTES = 1_000_000
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_BYTES = re.compile(r"0x(?:[0-9a-f]{2})*")
_WORD = re.compile(r"0x[0-9a-f]{1,64}")
_WEI = re.compile(r"0|[1-9][0-9]{0,77}")


@dataclass(frozen=True, slots=True)
class Queued:
    """A signed request, and where it counts.

    Attributes
    ----------
    contract : str
        ledger, treasury or notes.
    domain : Domain
        Chain and address that the signature is bound to.
    request : SignedRequest
    value_wei : int
        What the call wants to be paid, e.g. a bond; whoever relays pays it.
    """

    contract: str
    domain: Domain
    request: SignedRequest
    value_wei: int = 0

    @property
    def key(self) -> tuple[str, int]:
        """Give what a contract takes once only: who asks, and the nonce."""
        return self.request.sender, self.request.nonce

    def text(self) -> str:
        """Give the file's content; the same request has the same bytes.

        Examples
        --------
        >>> home = Domain(1337, "0x" + "11" * 20)
        >>> request = SignedRequest("0x" + "22" * 20, 7, 100, "ab", "33" * 65)
        >>> parse(Queued("notes", home, request).text().encode()).request == request
        True
        """
        document = {
            "schema": SCHEMA,
            "chain_id": self.domain.chain_id,
            "contract": self.contract,
            "address": self.domain.contract,
            "from": self.request.sender,
            "nonce": f"0x{self.request.nonce:064x}",
            "deadline": self.request.deadline,
            "data": "0x" + self.request.data,
            "signature": "0x" + self.request.signature,
            "value_wei": str(self.value_wei),
        }
        return json.dumps(document, sort_keys=True, indent=1) + "\n"


def parse(text: bytes) -> Queued:
    """Read a request that a stranger may have written.

    Raises
    ------
    ContentRefusedError
        It is no request: not JSON, another schema, a field too many, too few or of a wrong form.
    """
    try:
        document = read_json(text)
    except (ValueError, RecursionError) as error:
        raise ContentRefusedError(f"is not JSON: {error}", hint=_HINT) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ContentRefusedError(f"is no signed request: no schema '{SCHEMA}'", hint=_HINT)
    for name in sorted(document.keys() ^ _FIELDS.keys()):
        problem = "is missing" if name in _FIELDS else "is not known"
        raise ContentRefusedError(f"field '{name}' {problem}", hint=_HINT)
    for name, fits in _FIELDS.items():
        if not fits(document[name]):
            raise ContentRefusedError(f"field '{name}' has a wrong form", hint=_HINT)
    request = SignedRequest(
        sender=document["from"],
        nonce=int(document["nonce"], 16),
        deadline=document["deadline"],
        data=document["data"][2:],
        signature=document["signature"][2:],
    )
    domain = Domain(document["chain_id"], document["address"])
    return Queued(document["contract"], domain, request, int(document["value_wei"]))


_HINT = "sign it again: run the command once more with --sign-to"


class Outbox:
    """A folder of requests, oldest first by name; what is settled moves to `done` or `failed`.

    Parameters
    ----------
    folder : Path
        May be the `failed` folder of an outbox: its requests are tried again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._home = folder.parent if folder.name == FAILED else folder

    def put(self, queued: Queued, *, now_ns: int) -> Path:
        """Keep a request, whole or not at all; the time makes names rise."""
        who, nonce = queued.request.sender[2:10], f"{queued.request.nonce:064x}"[:12]
        path = self.folder / f"{now_ns:020d}-{who}-{nonce}.json"
        write_whole(path, queued.text())
        return path

    def pending(self) -> list[Path]:
        """Give the files that wait, oldest first."""
        return sorted(p for p in self.folder.glob("*.json") if p.is_file())

    def read(self, path: Path) -> Queued:
        """Give a request.

        Raises
        ------
        ContentRefusedError
            The file is no request.
        """
        if path.stat().st_size > LARGEST_BYTES:
            raise ContentRefusedError(f"is larger than {LARGEST_BYTES} bytes", path=path)
        try:
            return parse(path.read_bytes())
        except ContentRefusedError as error:
            raise ContentRefusedError(error.message, path=path, hint=error.hint) from error

    def settle(self, path: Path, room: str, *, why: str = "") -> Path:
        """Move a request to `done` or `failed`; nothing that lies there is written over.

        A file that is gone was moved by another relayer, which is as good.
        """
        folder = self._home / room
        folder.mkdir(exist_ok=True)
        if path.parent == folder:
            target = path
        else:
            target = _free(folder, path)
            try:
                path.rename(target)
            except FileNotFoundError:
                return target
            sync(folder)
        if why:
            target.with_suffix(".why").write_text(why + "\n", encoding="utf-8")
        return target


def _free(folder: Path, path: Path) -> Path:
    """Give a name in the folder that no other request has."""
    target, number = folder / path.name, 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}-{number}.json"
    return target


def _matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _below(limit: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and 0 <= value < limit


_FIELDS: Final[dict[str, Callable[[Any], bool]]] = {
    "schema": lambda value: value == SCHEMA,
    "chain_id": _below(2**256),
    "contract": lambda value: value in RELAYED,
    "address": _matches(_ADDRESS),
    "from": _matches(_ADDRESS),
    "nonce": _matches(_WORD),
    "deadline": _below(2**64),
    "data": _matches(_BYTES),
    "signature": _matches(_BYTES),
    "value_wei": lambda value: _matches(_WEI)(value) and int(value) < 2**256,
}
