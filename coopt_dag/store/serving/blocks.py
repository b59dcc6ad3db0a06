"""Which blocks go into a CAR: those of the path, then as much of the end as is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.dagpb import decode_node
from coopt_dag.store.limits import DEFAULT_LIMITS, Spent
from coopt_dag.store.reader import Opened, Reader
from coopt_dag.store.serving.recorder import Recorder
from coopt_dag.store.serving.request import Scope
from coopt_dag.store.serving.span import cut
from coopt_dag.store.unixfs import Kind, decode_message
from coopt_dag.store.walk import links_of, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopt_dag.store.protocol import Store
    from coopt_dag.store.serving.request import Wanted
    from coopt_dag.store.serving.resolve import Resolved

_ENTITIES = (Kind.RAW, Kind.FILE, Kind.FOLDER, Kind.SHARD)


def blocks(store: Store, wanted: Wanted, resolved: Resolved) -> Iterator[tuple[CID, bytes]]:
    """Yield the blocks of a CAR, depth first; each once, unless repeats are wanted.

    Raises
    ------
    ContentMissingError, IntegrityError, ContentRefusedError
        A block is missing, damaged or malformed, or the DAG exceeds the limits.
    """
    found = _all(store, wanted, resolved)
    return found if wanted.repeats else _once(found)


def _all(store: Store, wanted: Wanted, resolved: Resolved) -> Iterator[tuple[CID, bytes]]:
    yield from resolved.way
    if wanted.scope == Scope.ALL:
        again = _with_repeats if wanted.repeats else walk
        yield from again(store, resolved.cid)
        return
    end = store.get(resolved.cid)
    if wanted.scope == Scope.ENTITY and _is_entity(resolved.cid, end):
        yield from _entity(Recorder(store), wanted, resolved.cid)
    else:
        yield resolved.cid, end


def _once(found: Iterable[tuple[CID, bytes]]) -> Iterator[tuple[CID, bytes]]:
    sent: set[CID] = set()
    for cid, block in found:
        if cid not in sent:
            sent.add(cid)
            yield cid, block


def _with_repeats(store: Store, root: CID) -> Iterator[tuple[CID, bytes]]:
    """Walk the whole DAG, and through shared parts again; a bomb ends at the limit of blocks."""
    spent, waiting = Spent(DEFAULT_LIMITS), [root]
    while waiting:
        cid = waiting.pop()
        spent.count(blocks=1)
        block = store.get(cid)
        yield cid, block
        waiting.extend(reversed(links_of(cid, block)))


def _is_entity(cid: CID, block: bytes) -> bool:
    """Tell files and folders from dag-pb of other kinds, of which only the block is sent."""
    if cid.codec == Codec.RAW:
        return True
    data = decode_node(block).data
    return data is not None and decode_message(data).kind in _ENTITIES


def _entity(recorder: Recorder, wanted: Wanted, cid: CID) -> Iterator[tuple[CID, bytes]]:
    reader = Reader(recorder)
    opened = reader.open(cid)
    for _ in _parts(reader, opened, wanted):
        yield from recorder.drain()
    yield from recorder.drain()


def _parts(reader: Reader, opened: Opened, wanted: Wanted) -> Iterable[object]:
    """Read what proves the entity; what is read is what is sent."""
    if opened.is_folder:
        return reader.links(opened)
    if wanted.span is None:
        return reader.content(opened)
    within = wanted.span.within(opened.size)
    return cut(reader, opened, *within) if within else ()
