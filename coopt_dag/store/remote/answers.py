"""What nodes say: CIDs in their spelling, and the words by which they mean 'it is not here'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import ContentRefusedError, IntegrityError, UsageError
from coopt_dag.store.cid import CID

if TYPE_CHECKING:
    from coopt_dag.errors import NodeUnavailableError

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_NO_BLOCK = (
    "not found",
    "could not find",
    "unwanted",  # js-ipfs: gave up looking
    "timed out",  # js-ipfs knows no offline=true: it asks the network until its time is up
    "deadline exceeded",
)
_NO_PATH = ("does not exist", "no link named", "no link by that name")
_NOT_PINNED = ("not pinned", "pinned indirectly")


def says_no_block(error: NodeUnavailableError) -> bool:
    """Tell whether a node's refusal means that it does not hold a block.

    >>> from coopt_dag.errors import NodeUnavailableError
    >>> says_no_block(NodeUnavailableError("", answer="block was not found locally (offline)"))
    True
    >>> says_no_block(NodeUnavailableError("cannot be reached"))
    False
    """
    return _says(error, _NO_BLOCK)


def says_no_path(error: NodeUnavailableError) -> bool:
    """Tell whether a node's refusal means that its file tree has no such entry.

    >>> from coopt_dag.errors import NodeUnavailableError
    >>> says_no_path(NodeUnavailableError("", answer="file does not exist"))
    True
    """
    return _says(error, _NO_PATH)


def says_not_pinned(error: NodeUnavailableError) -> bool:
    """Tell whether a node's refusal means that there was no pin to take away.

    >>> from coopt_dag.errors import NodeUnavailableError
    >>> says_not_pinned(NodeUnavailableError("", answer="not pinned or pinned indirectly"))
    True
    """
    return _says(error, _NOT_PINNED)


def _says(error: NodeUnavailableError, words: tuple[str, ...]) -> bool:
    answer = error.answer.lower()
    return any(word in answer for word in words)


def first(answers: list[dict[str, Any]]) -> dict[str, Any]:
    """Give the first object of an answer; an empty one if there is none.

    >>> first([])
    {}
    """
    return answers[0] if answers else {}


def pinned(answer: Mapping[str, Any]) -> list[str]:
    """Give the names in an answer to pin/ls; nodes may say null for none.

    >>> pinned({"Keys": None})
    []
    """
    found = answer.get("Keys")
    return list(found) if isinstance(found, Mapping) else []


def node_cid(text: object) -> CID | None:
    """Read a CID as nodes spell it; None for one of a kind that we do not keep.

    >>> str(node_cid("zb2rhj7crUKTQYRGCRATFaQ6YFLTde2YzdqbbhAASkL9uRDXn"))[:12]
    'bafkreifzjut'
    >>> node_cid("bagaaiera") is None
    True
    """
    if not isinstance(text, str):
        return None
    try:
        return _base58(text[1:]) if text.startswith("z") else CID.parse(text)
    except (ContentRefusedError, UsageError):
        return None


def check_same(asked: CID, answered: object, *, what: str, place: str) -> None:
    """Refuse a node that names another block than the one that it was given.

    >>> cid = CID.parse("bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e")
    >>> check_same(cid, str(cid), what="root", place="http://node")
    """
    got = node_cid(answered)
    if got is None or got.digest != asked.digest:
        raise IntegrityError(
            f"the node names the {what} {str(answered)[:120]}, but it is {asked}.",
            hint="the node is faulty or lies; do not use it. Nothing of it was believed.",
            path=place,
        )


def linked(value: Any) -> object:
    """Give the text of a CID in DAG-JSON, `{"/": …}`.

    >>> linked({"/": "bafkqaaa"})
    'bafkqaaa'
    """
    return value.get("/") if isinstance(value, dict) else value


def entries(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Give the entries of files/ls; nodes say null for none.

    >>> entries({"Entries": None})
    []
    """
    found = answer.get("Entries")
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _base58(text: str) -> CID | None:
    number = 0
    if len(text) > 64:
        return None
    for letter in text:
        digit = _BASE58.find(letter)
        if digit < 0:
            return None
        number = number * 58 + digit
    return CID.from_bytes(number.to_bytes((number.bit_length() + 7) // 8, "big"))
