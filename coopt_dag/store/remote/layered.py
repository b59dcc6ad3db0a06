"""A local store that fetches what it lacks, from several places in order."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from coopt_dag.errors import (
    ContentMissingError,
    ContentRefusedError,
    CooptError,
    IntegrityError,
    NodeUnavailableError,
)
from coopt_dag.store.limits import DEFAULT_LIMITS, Limits
from coopt_dag.store.protocol import check_hash, check_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from coopt_dag.store.cid import CID, Codec
    from coopt_dag.store.protocol import Keeper, Put


_REST_S = 30.0
_NOBODY = "name a gateway or node that has it: --from URL, or [ipfs] gateways in coopt.toml."
_NOT_THERE = (
    "check the CID; else have its content added where you asked, or ask another gateway that has "
    "it: --from URL."
)
_FAILURES = (ContentMissingError, IntegrityError, ContentRefusedError, NodeUnavailableError)


class Source(Protocol):
    """Where content may come from; `place` names it in messages."""

    place: str

    def get(self, cid: CID) -> bytes:
        """Give a block."""

    def export(
        self, roots: Sequence[CID], *, limits: Limits = DEFAULT_LIMITS
    ) -> Iterator[tuple[CID, bytes]]:
        """Give whole DAGs."""


class LayeredStore:
    """Reads locally, else from the sources in order; keeps what it fetched, writes locally.

    A damaged local block is told and fetched anew. A source that cannot be reached is told, and
    rests for half a minute, so that not every block waits for it.

    Parameters
    ----------
    local : Keeper
        Where everything is kept.
    sources : sequence of Source
        Tried in this order.
    tell : callable
        Hears what was wrong with a block or a source while reading went on.

    Examples
    --------
    >>> from coopt_dag.store.cid import Codec
    >>> from coopt_dag.store.memory import MemoryStore
    >>> store = LayeredStore(MemoryStore(), [])
    >>> store.get(store.put(b"hits", Codec.RAW))
    b'hits'
    """

    def __init__(
        self,
        local: Keeper,
        sources: Sequence[Source],
        *,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._local = local
        self._sources = tuple(sources)
        self._tell = tell or (lambda _: None)
        self._resting: dict[int, tuple[float, NodeUnavailableError]] = {}

    def put(self, block: bytes, codec: Codec) -> CID:
        """Keep a block locally."""
        return self._local.put(block, codec)

    def batch(self) -> AbstractContextManager[Put]:
        """Keep many blocks locally, as one."""
        return self._local.batch()

    def has(self, cid: CID) -> bool:
        """Tell whether the block is here, without asking anybody."""
        return self._local.has(cid)

    def pin(self, cid: CID) -> None:
        """Keep a DAG that is here."""
        self._local.pin(cid)

    def unpin(self, cid: CID) -> None:
        """Let a DAG go."""
        self._local.unpin(cid)

    def pins(self) -> frozenset[CID]:
        """Give the roots that are pinned here."""
        return self._local.pins()

    def holding(self) -> AbstractContextManager[None]:
        """Let nothing be collected here meanwhile."""
        return self._local.holding()

    def get(self, cid: CID) -> bytes:
        """Give the bytes, verified, from here or the first source that has them.

        Raises
        ------
        IntegrityError
            The block here is damaged and no source has it.
        NodeUnavailableError
            Nobody who could be asked has it, and somebody could not be asked.
        ContentMissingError
            Nobody has it.
        """
        try:
            return self._local.get(cid)
        except ContentMissingError as error:
            first: CooptError = error
        except IntegrityError as error:
            first = error
            self._tell(f"{error}; looking for another copy")
        failures: list[CooptError] = []
        for source in self._sources:
            try:
                block = self._from(source, cid)
            except _FAILURES as error:
                failures.append(error)
            else:
                self._local.put(block, cid.codec)
                return block
        raise _sum_up(cid, first, failures)

    def bring(self, roots: Sequence[CID], *, limits: Limits = DEFAULT_LIMITS) -> None:
        """Fetch whole DAGs, in few large requests; each arrives whole or not at all.

        Raises
        ------
        NodeUnavailableError, ContentMissingError, IntegrityError, ContentRefusedError
            As `get`, from the sources.
        """
        if not roots:
            return
        failures: list[CooptError] = []
        for source in self._sources:
            try:
                self._awake(source)
                with self._local.batch() as put:
                    for cid, block in source.export(roots, limits=limits):
                        put(block, cid.codec)
            except _FAILURES as error:
                self._note(source, error)
                failures.append(error)
            else:
                return
        absent = ContentMissingError("what was asked for is not here.", hint=_NOBODY)
        raise _sum_up(roots[0], absent, failures)

    def _from(self, source: Source, cid: CID) -> bytes:
        self._awake(source)
        try:
            block = source.get(cid)
            check_size(block)
            check_hash(cid, block, place=source.place)
        except _FAILURES as error:
            self._note(source, error)
            raise
        return block

    def _awake(self, source: Source) -> None:
        """Refuse a source that could not be reached a moment ago."""
        since, error = self._resting.get(id(source), (0.0, None))
        if error is not None and time.monotonic() - since < _REST_S:
            raise error

    def _note(self, source: Source, error: CooptError) -> None:
        if isinstance(error, ContentMissingError):
            return
        known = self._resting.get(id(source))
        if known is not None and known[1] is error:
            return
        if isinstance(error, NodeUnavailableError):
            self._resting[id(source)] = (time.monotonic(), error)
        last = source is self._sources[-1]
        self._tell(str(error) if last else f"{error} Trying the next source.")


def _sum_up(cid: CID, first: CooptError, failures: list[CooptError]) -> CooptError:
    """Choose the error that says most, and have it name everybody who was asked."""
    if not failures or isinstance(first, IntegrityError):
        return first
    text = "; ".join(str(error).rstrip(".") for error in failures)
    for kind in (IntegrityError, ContentRefusedError, NodeUnavailableError):
        for error in failures:
            if isinstance(error, kind):
                return kind(f"{cid} could not be had: {text}.", hint=error.hint)
    return ContentMissingError(f"{first.message} Asked: {text}.", hint=_NOT_THERE, path=first.path)
