"""What nodes say: CIDs in their spelling, and the words by which they mean 'it is not here'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.errors import ContentRefusedError, IntegrityError, UsageError
from coopt_dag.store.cid import CID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopt_dag.errors import NodeUnavailableError

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ABSENT = (
    "not found",
    "does not exist",
    "could not find",
    "no link named",
    "no link by that name",
    "not pinned",
    "pinned indirectly",
    "unwanted",  # js-ipfs: gave up looking
    "timed out",  # js-ipfs knows no offline=true: it asks the network until its time is up
    "deadline exceeded",
)


def says_absent(error: NodeUnavailableError) -> bool:
    """Tell whether a node's refusal means that what was named is not there.

    >>> from coopt_dag.errors import NodeUnavailableError
    >>> says_absent(NodeUnavailableError("", answer="block was not found locally (offline)"))
    True
    >>> says_absent(NodeUnavailableError("cannot be reached"))
    False
    """
    answer = error.answer.lower()
    return any(words in answer for words in _ABSENT)


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
