"""A chain that can change its mind, held in memory; and what an index says, to compare two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.long_history import _TOPICS, Branches, history
from coopt_dag.ledger.chainfile import ADDRESSES
from coopt_dag.ledger.index.book import Index
from coopt_dag.ledger.index.layout import layouts
from coopt_dag.ledger.index.source import FileSource, RawLog, Span
from coopt_dag.ledger.state import LedgerState, project


@dataclass(repr=False)
class ForkingChain:
    """Blocks of real logs; two histories share the blocks that they share events of."""

    hashes_: list[bytes] = field(default_factory=list)
    logs_: list[list[RawLog]] = field(default_factory=list)
    span_blocks: int = 7

    @classmethod
    def of(cls, events: int, branches: Branches, *, per_block: int = 5) -> ForkingChain:
        chain, rows = cls(), list(history(events, branches))
        parent = b""
        for number in range(-(-len(rows) // per_block) + 1):
            part = [] if number == 0 else rows[(number - 1) * per_block : number * per_block]
            parent = sha256(parent + repr(part).encode()).digest()
            chain.hashes_.append(parent)
            chain.logs_.append(
                [
                    RawLog(
                        number,
                        "0x" + sha256(parent + bytes([at])).hexdigest(),
                        (_TOPICS[name], *topics),
                        data,
                        parent,
                    )
                    for at, (name, topics, data) in enumerate(part)
                ]
            )
        return chain

    @classmethod
    def from_file(cls, path: Path) -> ForkingChain:
        """Take the blocks of an embedded chain."""
        chain = cls()
        with closing(FileSource(path, addresses=ADDRESSES.values())) as source:
            found = source.hashes(range(source.head() + 1))
            chain.hashes_ = [block_hash for block_hash in found if block_hash is not None]
            chain.logs_ = [[] for _ in chain.hashes_]
            for span in source.spans(0, source.head()):
                for log in span.logs:
                    chain.logs_[log.block].append(log)
        return chain

    def until(self, block: int) -> ForkingChain:
        """Give the chain as it was when it had no more blocks."""
        return ForkingChain(self.hashes_[: block + 1], self.logs_[: block + 1])

    def head(self) -> int:
        return len(self.hashes_) - 1

    def hashes(self, numbers: Sequence[int]) -> list[bytes | None]:
        return [self.hashes_[n] if n < len(self.hashes_) else None for n in numbers]

    def spans(self, first: int, last: int) -> Iterator[Span]:
        for start in range(first, last + 1, self.span_blocks):
            end = min(last, start + self.span_blocks - 1)
            if end > self.head():
                return
            logs = [log for block in self.logs_[start : end + 1] for log in block]
            yield Span(end, self.hashes_[end], logs)


def opened(path: Path, *, depth: int = 128) -> Index:
    return Index(path, chain_id=1337, addresses=ADDRESSES, depth=depth)


def content(index: Index) -> dict[str, Any]:
    """Give everything that the file says, apart from how it came to say so."""
    db = index._file.db
    found: dict[str, Any] = {
        "events": db.execute("select * from event order by seq").fetchall(),
        "blocks": db.execute("select * from block where not is_empty order by number").fetchall(),
        "person": db.execute("select * from person order by who").fetchall(),
        "voice": db.execute("select * from voice order by number").fetchall(),
        "reuse": db.execute("select * from reuse order by who, child").fetchall(),
        "next": index._file.cursor().next_block,
        "count": index.count(),
    }
    for layout in layouts(LedgerState):
        order = "key" if layout.has_number_key else "n"
        table = db.execute(f"select * from state_{layout.name} order by {order}").fetchall()
        found[layout.name] = table if layout.has_number_key else [row[1:] for row in table]
    return found


def kept_state(index: Index) -> LedgerState:
    """Read the whole state back out of the file."""
    db, state = index._file.db, LedgerState()
    for layout in layouts(LedgerState):
        order, codec = "key" if layout.has_number_key else "n", layout.codec
        mapping = getattr(state, layout.name)
        for key, value in db.execute(
            f"select key, value from state_{layout.name} order by {order}"
        ):
            name, entry = codec.unpack_key(key), codec.unpack(value)
            if layout.is_lists:
                mapping.setdefault(name[0], []).append(entry)
            else:
                mapping[name] = entry
    return state


def folded(index: Index) -> LedgerState:
    """Fold the events of the index in memory; an emptied list is as good as none."""
    state = project(index.events())
    for layout in layouts(LedgerState):
        if layout.is_lists:
            mapping = getattr(state, layout.name)
            for key in [k for k, entries in mapping.items() if not entries]:
                del mapping[key]
    return state
