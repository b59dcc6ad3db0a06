"""The whole embedded ledger as one file, and back.

The file is what `geth export` writes: the RLP of every block, one after the other, the first
block first. It holds no state: who reads it executes every transaction again, so that nothing
need be believed but the order of the blocks. The same chain gives the same bytes.
"""

from __future__ import annotations

import os
import re
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from rlp.exceptions import RLPException

from coopt_dag.errors import IntegrityError, UsageError
from coopt_dag.ledger.chain import Chain
from coopt_dag.ledger.chainblock import block_bytes, block_parts
from coopt_dag.ledger.chainfile import ChainFile
from coopt_dag.ledger.chainrows import header
from coopt_dag.ledger.chainrules import header_of
from coopt_dag.ledger.chaintx import Refusal
from coopt_dag.ledger.whole import sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from coopt_dag.ledger.protocol import Head

    Progress = Callable[[int, int], None]

_LIST = 0xC0
_LONG_LIST = 0xF7
_LARGEST_BLOCK_BYTES = 64 * 2**20


def export_chain(path: Path, target: Path, *, progress: Progress | None = None) -> Head:
    """Write the ledger at `path` to `target`, which appears whole; give the last block in it.

    Parameters
    ----------
    progress
        Called with the number of blocks written, and of all.

    Raises
    ------
    UsageError
        `target` is there already; nothing is overwritten.
    LedgerUnavailableError
        There is no ledger at `path`, or it cannot be read.
    """
    with closing(ChainFile(path, create=False)) as file, _appearing(target) as part:
        head = file.head()
        with part.open("xb") as out:
            for number in range(head.height + 1):
                out.write(_exported(file, number))
                if progress is not None:
                    progress(number + 1, head.height + 1)
            out.flush()
            os.fsync(out.fileno())
    return head


def _exported(file: ChainFile, number: int) -> bytes:
    encoded = header(file.db, number)
    if encoded is None:
        raise IntegrityError(
            f"block {number} is missing",
            path=file.path,
            hint="coopt ledger check says what else is damaged",
        )
    rows = file.db.execute("select raw from tx where block=? order by position", (number,))
    return block_bytes(encoded, [bytes(row[0]) for row in rows])


def import_chain(
    source: Path,
    path: Path,
    *,
    expected: str | None = None,
    progress: Progress | None = None,
) -> Head:
    """Make a ledger at `path` from an export; every block is executed again and must be the same.

    A file that was cut short between two blocks is a chain as well, only a shorter one; and when
    the last block was made nobody has signed. So compare the block that is given back, or say
    which one is expected.

    Parameters
    ----------
    expected
        The last block's hash, if it is known.
    progress
        Called with the number of bytes read, and of all.

    Raises
    ------
    UsageError
        `path` is there already; nothing is overwritten.
    IntegrityError
        A block is not what its transactions give; the ledger is not made.
    """
    with _appearing(path) as part:
        with _opened(source) as stream, _scratch(part) as file:
            head = _rebuild(_blocks(stream, source), file, source, progress)
            if expected is not None and head.block_hash != expected:
                raise IntegrityError(
                    f"the last block is {head.height}, {head.block_hash}, expected {expected}",
                    path=source,
                    hint="the export may be cut short; ask for it again",
                )
        sync(part)
    return head


def _opened(source: Path) -> BinaryIO:
    try:
        return source.open("rb")
    except OSError as error:
        raise UsageError(
            f"the export cannot be read: {error.strerror}",
            path=source,
            hint="name a file that coopt ledger export wrote",
        ) from error


@contextmanager
def _scratch(part: Path) -> Iterator[ChainFile]:
    """Give a file that nobody else sees yet, so that it need not be safe at every block."""
    with closing(ChainFile(part, create=True)) as file:
        file.db.execute("pragma synchronous=off")
        yield file
        file.db.execute("pragma wal_checkpoint(truncate)")


def _rebuild(
    blocks: Iterator[tuple[bytes, list[bytes], int, int]],
    file: ChainFile,
    source: Path,
    progress: Progress | None,
) -> Head:
    chain: Chain | None = None
    number = 0
    for number, (encoded, raws, done, total) in enumerate(blocks):
        try:
            time = header_of(encoded).timestamp
            if chain is None:
                chain = Chain(file, clock=partial(int, time + 1))
                made = header(file.db, 0)
            else:
                made = chain.replay(raws, at=time).header
        except (RLPException, TypeError, ValueError, Refusal) as error:
            raise _differs(source, number, str(error)) from error
        if made != encoded or (number == 0 and raws):
            raise _differs(source, number, "executed again, it gives another block")
        if progress is not None:
            progress(done, total)
    if chain is None:
        raise _differs(source, 0, "the file is empty")
    return file.head()


def _differs(source: Path, number: int, why: str) -> IntegrityError:
    return IntegrityError(
        f"block {number} is not valid: {why}",
        path=source,
        hint="nothing was imported; get the export again from where it was made",
    )


def _blocks(stream: BinaryIO, source: Path) -> Iterator[tuple[bytes, list[bytes], int, int]]:
    """Give each block's header and transactions, and how much of the file has been read."""
    total = os.fstat(stream.fileno()).st_size
    number = 0
    while first := stream.read(1):
        try:
            parts = block_parts(_item(stream, first))
        except (RLPException, ValueError) as error:
            raise _differs(source, number, str(error)) from error
        yield *parts, stream.tell(), total
        number += 1


def _item(stream: BinaryIO, first: bytes) -> bytes:
    """Read one RLP list."""
    if first[0] < _LIST:
        raise ValueError("it is no RLP list")
    size_bytes = b""
    if first[0] > _LONG_LIST:
        size_bytes = stream.read(first[0] - _LONG_LIST)
        size = int.from_bytes(size_bytes, "big")
    else:
        size = first[0] - _LIST
    if size > _LARGEST_BLOCK_BYTES:
        raise ValueError(f"it says to have {size} bytes")
    content = stream.read(size)
    if len(content) < size:
        raise ValueError(f"it is cut short: {len(content)} of {size} bytes")
    return first + size_bytes + content


@contextmanager
def _appearing(target: Path) -> Iterator[Path]:
    """Give a name beside `target`; what is there at the end becomes `target`, whole or never."""
    if target.exists():
        raise _taken(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target, mine=False)
    part = target.with_name(f".{target.name}.{os.getpid()}.making")
    try:
        yield part
        try:
            os.link(part, target)  # unlike rename, never replaces
        except FileExistsError as error:
            raise _taken(target) from error
        sync(target.parent)
    finally:
        _sweep(target, mine=True)


def _taken(target: Path) -> UsageError:
    return UsageError(
        "this file is there already, and is not overwritten",
        path=target,
        hint="name another one, or move it away",
    )


def _sweep(target: Path, *, mine: bool) -> None:
    """Remove what this process, or what killed ones left half made, with SQLite's own files."""
    name = re.compile(rf"\.+{re.escape(target.name)}\.(\d+)\.making.*")
    for left in target.parent.iterdir():
        match = name.fullmatch(left.name)
        if match is None:
            continue
        pid = int(match[1])
        if (pid == os.getpid()) if mine else not _alive(pid):
            left.unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    with suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True
