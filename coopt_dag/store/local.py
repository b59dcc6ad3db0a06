"""A store in a folder: one file a block, laid out as Kubo's flatfs does it."""

from __future__ import annotations

import base64
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from coopt_dag.errors import CooptError
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.protocol import check_hash, check_size, missing
from coopt_dag.store.staging import disk_trouble, staging_folder, sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.store.protocol import Put

_LAYOUT = "/repo/flatfs/shard/v1/next-to-last/2\n"


class LocalStore:
    """Blocks in `root`/blocks, safe under several processes and kill -9.

    A block is written beside, synced, and renamed: what is visible is whole. A damaged block is
    named when read, and repaired when the same content is added again.

    Parameters
    ----------
    root : Path
        Made if absent.
    durable : bool
        Sync to disk before a block becomes visible. Off is for stores that can be rebuilt.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = LocalStore(Path(folder))
    ...     store.get(store.put(b"hits", Codec.RAW))
    b'hits'
    """

    def __init__(self, root: Path, *, durable: bool = True) -> None:
        self.root = Path(root)
        self._blocks = self.root / "blocks"
        self._durable = durable
        with disk_trouble(self._blocks):
            self._blocks.mkdir(parents=True, exist_ok=True)

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
        with staging_folder(self.root / "staging", prefix="batch-") as folder:
            staged: dict[Path, Path] = {}

            def put(block: bytes, codec: Codec) -> CID:
                check_size(block)
                cid = CID.of(block, codec)
                path = self.path_of(cid)
                with disk_trouble(path):
                    if path not in staged and not _holds(path, block):
                        (folder / path.name).write_bytes(block)
                        staged[path] = folder / path.name
                return cid

            yield put
            with disk_trouble(self._blocks):
                self._publish(staged)

    def path_of(self, cid: CID) -> Path:
        """Name the file of a block: base32 of the multihash, below its next-to-last two letters."""
        multihash = b"\x12\x20" + cid.digest
        key = base64.b32encode(multihash).decode().rstrip("=")
        return self._blocks / key[-3:-1] / f"{key}.data"

    def _publish(self, staged: dict[Path, Path]) -> None:
        if not staged:
            return
        if self._durable:
            sync(list(staged.values()))
        layout = self._blocks / "SHARDING"
        if not layout.exists():
            layout.write_text(_LAYOUT)
        for path, written in staged.items():
            path.parent.mkdir(exist_ok=True)
            written.replace(path)
        if self._durable:
            sync({path.parent for path in staged} | {self._blocks})


def _holds(path: Path, block: bytes) -> bool:
    """Compare, not only look: so that adding again repairs a damaged block."""
    try:
        return path.read_bytes() == block
    except FileNotFoundError:
        return False
