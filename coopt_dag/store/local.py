"""A store in a folder: one file a block, laid out as Kubo's flatfs does it."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from coopt_dag.errors import CooptError, UsageError
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.collect import Collected, check_whole, live_blocks, sweep
from coopt_dag.store.gate import gate_of
from coopt_dag.store.heads import HeadFolder
from coopt_dag.store.layout import Layout
from coopt_dag.store.pins import PinFolder
from coopt_dag.store.protocol import check_hash, check_size, missing
from coopt_dag.store.staging import disk_trouble, is_read_only, staging_folder, sync, write_all

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from coopt_dag.store.protocol import Put

_WAIT_S = 60.0


class LocalStore:
    """Blocks in `root`/blocks, safe under several processes, threads and kill -9.

    A block is written beside and renamed: what is visible is whole. A batch is synced once,
    before it returns. A damaged block is named when read, and repaired when the same content is
    added again. What is neither pinned nor below a named root goes at the next collection.

    Parameters
    ----------
    root : Path
        Made if absent.
    durable : bool
        Sync to disk before a batch returns. Off is for stores that can be rebuilt.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = LocalStore(Path(folder))
    ...     store.get(store.put(b"hits", Codec.RAW))
    b'hits'
    """

    writers = 2
    """Threads that may well put into one batch: hashing and writing let go of the interpreter."""

    def __init__(self, root: Path, *, durable: bool = True) -> None:
        self.root = Path(root)
        self._blocks = self.root / "blocks"
        self._durable = durable
        self._gate = gate_of(self.root / "locks")
        self._pins = PinFolder(self.root / "pins")
        self._heads = HeadFolder(self.root / "roots")
        with disk_trouble(self._blocks):
            self._blocks.mkdir(parents=True, exist_ok=True)
        self._layout = Layout(self._blocks)

    def put(self, block: bytes, codec: Codec) -> CID:
        """Keep a block and name it."""
        with self.batch() as put:
            return put(block, codec)

    def get(self, cid: CID) -> bytes:
        """Give the bytes, verified."""
        path = self.path_of(cid)
        try:
            with disk_trouble(path):
                block = path.read_bytes()
        except CooptError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise missing(cid, place=str(self.root)) from None
            raise
        check_hash(cid, block, place=str(path))
        return block

    def has(self, cid: CID) -> bool:
        """Tell whether the block is there."""
        return self.path_of(cid).is_file()

    @contextmanager
    def batch(self) -> Iterator[Put]:
        """Keep many blocks as one; they become visible in the order in which they were put.

        The importer puts children first, so a root that is visible is whole.
        """
        staging = self.root / "staging"
        with self.holding(), staging_folder(staging, prefix="batch-") as folder:
            staged: dict[str, str] = {}
            found: set[str] = set()  # visible, but perhaps not yet synced by who wrote them

            def put(block: bytes, codec: Codec) -> CID:
                check_size(block)
                cid = CID.of(block, codec)
                key = self._layout.key(cid)
                path = self._layout.file(key)
                with disk_trouble(self._blocks):
                    if path in staged or path in found:
                        return cid
                    if _holds(path, block):
                        found.add(path)
                        return cid
                    written = f"{folder}/{key}"
                    # setdefault is one step, so of two threads with one block only one writes it
                    if staged.setdefault(path, written) is written:
                        _write(written, block)
                return cid

            yield put
            with disk_trouble(self._blocks):
                self._publish(staged, found)

    def pin(self, cid: CID) -> None:
        """Keep a DAG, which must be whole, whatever is collected."""
        with self.holding():
            check_whole(self, cid)
            self._pins.add(cid)

    def unpin(self, cid: CID) -> None:
        """Let a DAG go at the next collection."""
        self._pins.remove(cid)

    def pins(self) -> frozenset[CID]:
        """Give the roots that are pinned."""
        return self._pins.read()

    def heads(self, name: str) -> frozenset[CID]:
        """Give the head of a name, if it has one."""
        return self._heads.read(name)

    def move(self, name: str, old: frozenset[CID], new: CID | None) -> bool:
        """Move a name on, if its head is still `old`."""
        return self._heads.move(name, old, new)

    def names(self) -> list[str]:
        """Give the names that have a head."""
        return self._heads.names()

    def close(self) -> None:
        """Nothing to let go of."""

    def holding(self) -> AbstractContextManager[None]:
        """Let nothing be collected meanwhile: from adding until what was added is pinned."""
        return self._gate.writing()

    def collect(self, *, dry_run: bool = False, wait_s: float = _WAIT_S) -> Collected:
        """Remove what no pin and no named root reaches; being killed halfway does no harm.

        A dry run counts without waiting for writers where the disk cannot be written.

        Raises
        ------
        BusyError
            Somebody is still adding after `wait_s` seconds.
        ContentMissingError, IntegrityError, ContentRefusedError
            Something to be kept is not whole; nothing was removed.
        """
        self._refuse_kubos()
        with ExitStack() as stack:
            try:
                stack.enter_context(self._gate.collecting(wait_s=wait_s))
            except CooptError as error:
                if not (dry_run and is_read_only(error)):
                    raise
            live = live_blocks(self, self.pins().union(*map(self.heads, self.names())))
            with disk_trouble(self._blocks):
                return sweep(self.files(), live, self._layout.digest, dry_run=dry_run)

    def _refuse_kubos(self) -> None:
        if (self.root / "datastore_spec").exists():
            raise UsageError(
                "is the repository of a Kubo node, whose pins we do not know.",
                hint="collect it by `ipfs repo gc`; nothing was removed.",
                path=self.root,
            )

    def files(self) -> Iterator[Path]:
        """Yield the files of all blocks."""
        for shard in self._blocks.iterdir():
            if shard.is_dir():
                yield from shard.glob("*.data")

    def path_of(self, cid: CID) -> Path:
        """Name the file of a block."""
        return Path(self._layout.file(self._layout.key(cid)))

    def _publish(self, staged: dict[str, str], found: set[str]) -> None:
        folders = {os.path.dirname(path) for path in staged}  # noqa: PTH120  # many, and hot
        for folder in folders:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103
        for path, written in staged.items():
            os.replace(written, path)  # noqa: PTH105
        if self._durable and (staged or found):
            folders |= {os.path.dirname(path) for path in found}  # noqa: PTH120
            sync([*map(Path, staged), *map(Path, found), *map(Path, folders), self._blocks])


def _holds(path: str, block: bytes) -> bool:
    """Compare, not only look: so that adding again repairs a damaged block."""
    try:
        if os.stat(path).st_size != len(block):  # noqa: PTH116
            return False
        return Path(path).read_bytes() == block
    except FileNotFoundError:
        return False


def _write(path: str, block: bytes) -> None:
    with open(path, "xb", buffering=0) as file:  # noqa: PTH123
        write_all(file, block)
