"""Blocks in files: sharded folders, atomic writes, one sync an import, verified reads."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from coopt_dag.errors import ContentMissingError, IntegrityError

if TYPE_CHECKING:
    from coopt_dag.store.cid import Cid


@dataclass(slots=True)
class LocalStore:
    """A folder of blocks, shared safely by any number of processes.

    A block is written to a file of its own, synced and renamed by `flush` at the latest, so
    no reader ever sees half of it; two writers of one block write the same bytes.
    """

    folder: Path
    _unsynced: list[tuple[Path, Path]] = field(default_factory=list)
    _count: int = 0

    def _place(self, cid: Cid) -> Path:
        name = str(cid)
        return self.folder / name[-3:-1] / name

    def put(self, cid: Cid, block: bytes) -> None:
        """Write a block; it is visible to others after `flush`."""
        final = self._place(cid)
        if final.exists():
            return
        final.parent.mkdir(parents=True, exist_ok=True)
        self._count += 1
        part = final.parent / f".{os.getpid()}.{id(self)}.{self._count}.part"
        part.write_bytes(block)
        self._unsynced.append((part, final))
        if len(self._unsynced) >= 256:
            self.flush()

    def get(self, cid: Cid) -> bytes:
        """Read a block and verify it."""
        self.flush()
        path = self._place(cid)
        try:
            block = path.read_bytes()
        except FileNotFoundError:
            raise ContentMissingError(
                f"{cid} is not in the store",
                path=self.folder,
                hint="ask who published it, or submit it again",
            ) from None
        if not cid.names(block):
            raise IntegrityError(
                f"the bytes kept as {cid} are others",
                path=path,
                hint="remove this file and publish the content again",
            )
        return block

    def has(self, cid: Cid) -> bool:
        """Tell whether a block is here."""
        self.flush()
        return self._place(cid).exists()

    def flush(self) -> None:
        """Sync and rename what was written since the last call."""
        for part, _ in self._unsynced:
            with part.open("rb") as file:
                os.fsync(file.fileno())
        folders = {final.parent for _, final in self._unsynced}
        for part, final in self._unsynced:
            part.replace(final)
        self._unsynced.clear()
        for folder in folders:
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
