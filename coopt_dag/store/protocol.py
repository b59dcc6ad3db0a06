"""What every store of blocks can do, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from coopt_dag.errors import ContentMissingError, ContentRefusedError, IntegrityError
from coopt_dag.store.cid import CID, Codec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

MAX_BLOCK_BYTES = 2 << 20
"""Largest block that IPFS nodes exchange (bitswap's limit); larger ones are refused."""

Put: TypeAlias = Callable[[bytes, Codec], CID]
"""Takes a block, gives its CID; `CID.of` is the one that keeps nothing."""


class Source(Protocol):
    """Where blocks can be read."""

    def get(self, cid: CID) -> bytes:
        """Give the bytes, verified."""


class Store(Protocol):
    """Blocks by CID. Two CIDs of the same hash name the same block, as in IPFS.

    The conformance kit is tests/store/test_conformance.py.
    """

    def put(self, block: bytes, codec: Codec) -> CID:
        """Keep a block (at most `MAX_BLOCK_BYTES`) and name it; again is the same as once."""

    def get(self, cid: CID) -> bytes:
        """Give the bytes, verified.

        Raises
        ------
        ContentMissingError
            The store does not have it.
        IntegrityError
            What the store has does not match the CID.
        """

    def has(self, cid: CID) -> bool:
        """Tell whether the block is there, without reading it."""

    def batch(self) -> AbstractContextManager[Put]:
        """Keep many blocks as one: all are there when the context ends, none if it raises."""


class Pins(Protocol):
    """Stores that throw things away keep what is pinned, with everything below it."""

    def pin(self, cid: CID) -> None:
        """Keep a DAG; again is the same as once.

        Raises
        ------
        ContentMissingError
            A block of it is not there, so it could not be kept whole.
        """

    def unpin(self, cid: CID) -> None:
        """Let a DAG go at the next collection; not pinned = nothing to do."""

    def pins(self) -> frozenset[CID]:
        """Give the roots that are pinned, as CIDv1."""


class Roots(Protocol):
    """Named folders that several writers move on, losing nobody's work.

    A name stands for the union of its heads. Where a lock can be had there is one head; where
    it cannot (a node shared over the network) each writer adds a head of its own and takes away
    only those that it has merged.
    """

    def heads(self, name: str) -> frozenset[CID]:
        """Give the present heads of a name; none if it was never set."""

    def move(self, name: str, old: frozenset[CID], new: CID | None) -> bool:
        """Put `new` in the place of the heads `old`, which it contains; durable when it returns.

        Returns
        -------
        bool
            False if the heads are no longer `old` and nothing was changed: read, merge, try again.
        """


@runtime_checkable
class Keeper(Store, Pins, Protocol):
    """A store that collects what nobody pinned, and can be asked to wait with it."""

    def holding(self) -> AbstractContextManager[None]:
        """Let nothing be collected meanwhile: from adding until what was added is pinned."""


class Home(Keeper, Roots, Protocol):
    """A store that knows pins and named roots."""

    def close(self) -> None:
        """Let go of connections, and of what was held for them."""


class Node(Home, Protocol):
    """A distant store that gives many DAGs in one answer."""

    def export(self, roots: Sequence[CID]) -> Iterator[tuple[CID, bytes]]:
        """Give every block at or below the roots once, verified, parents first."""


def check_size(block: bytes) -> None:
    """Refuse a block that no IPFS node would take.

    >>> check_size(b"small")
    """
    if len(block) > MAX_BLOCK_BYTES:
        raise ContentRefusedError(
            f"a block of {len(block)} bytes exceeds {MAX_BLOCK_BYTES}, the most that nodes take.",
            hint="add it as a file: files are cut into blocks of 1 MiB.",
        )


def check_hash(cid: CID, block: bytes, *, place: str) -> None:
    """Refuse bytes that are not the ones that `cid` names; `place` says where they lie.

    >>> check_hash(CID.of(b"x", Codec.RAW), b"x", place="here")
    """
    got = CID.of(block, cid.codec)
    if got.digest != cid.digest:
        raise IntegrityError(
            f"the {len(block)} bytes kept for {cid} hash to {got}.",
            hint="the copy is damaged: add the original again, which repairs it, "
            "or delete this copy and fetch another.",
            path=place,
        )


def missing(cid: CID, *, place: str) -> ContentMissingError:
    """Build the complaint about a block that is not there.

    >>> str(missing(CID.of(b"", Codec.RAW), place="memory"))[:34]
    'memory: there is no block bafkreih'
    """
    return ContentMissingError(
        f"there is no block {cid}.",
        hint="add the original file or folder again, or fetch it from someone who has it: "
        "coopt ipfs get CID DEST --from URL, or [ipfs] gateways in coopt.toml.",
        path=place,
    )
