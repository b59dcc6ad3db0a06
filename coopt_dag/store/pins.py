"""What a store in a folder must not throw away: one empty file a pin, named by its CID."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from coopt_dag.errors import IntegrityError, UsageError
from coopt_dag.store.cid import CID
from coopt_dag.store.staging import disk_trouble, sync

if TYPE_CHECKING:
    from pathlib import Path


def as_v1(cid: CID) -> CID:
    """Give the version 1 name of the same block.

    >>> str(as_v1(CID.parse("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn")))
    'bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354'
    """
    return CID(1, cid.codec, cid.digest)


class PinFolder:
    """A folder of pins; setting and removing one is atomic and durable.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from coopt_dag.store.cid import Codec
    >>> pins = PinFolder(Path(tempfile.mkdtemp()))
    >>> pins.add(CID.of(b"hits", Codec.RAW))
    >>> len(pins.read())
    1
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, cid: CID) -> None:
        """Set a pin; again is the same as once."""
        path = self._folder / str(as_v1(cid))
        with disk_trouble(path):
            self._folder.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
            sync([self._folder])

    def remove(self, cid: CID) -> None:
        """Take a pin away; nothing to do if there is none."""
        path = self._folder / str(as_v1(cid))
        with disk_trouble(path):
            path.unlink(missing_ok=True)

    def read(self) -> frozenset[CID]:
        """Give all pins.

        Raises
        ------
        IntegrityError
            Something else lies in the folder: better no collection than a wrong one.
        """
        with disk_trouble(self._folder):
            names = [p.name for p in self._folder.iterdir()] if self._folder.is_dir() else []
        return frozenset(self._parse(name) for name in names)

    def _parse(self, name: str) -> CID:
        try:
            return CID.parse(name)
        except UsageError as error:
            raise IntegrityError(
                f"'{name}' is no CID, and only pins lie here.",
                hint="move it elsewhere.",
                path=self._folder,
            ) from error
