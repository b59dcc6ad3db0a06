"""Where in its folder a block lies: the sharding of Kubo's flatfs, told by a file of its own."""

from __future__ import annotations

import base64
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from coopt_dag.errors import IntegrityError
from coopt_dag.store.staging import disk_trouble, sync

if TYPE_CHECKING:
    from coopt_dag.store.cid import CID

_NEW = 1  # 32 folders: making Kubo's 1,024 takes longer than writing a thousand small blocks
_TEXT = "/repo/flatfs/shard/v1/next-to-last/{width}\n"
_FORM = re.compile(r"/repo/flatfs/shard/v1/next-to-last/([1-8])\s*")


class Layout:
    """Files `<key>.data` in folders named by the last letters of the key but one.

    A key is the base32 text of a multihash. A folder that says `next-to-last/2`, as Kubo's do, is
    read and written like that; a new one becomes `next-to-last/1`.

    Parameters
    ----------
    blocks : Path
        The folder; it exists.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from coopt_dag.store.cid import CID, Codec
    >>> layout = Layout(Path(tempfile.mkdtemp()))
    >>> layout.file(layout.key(CID.of(b"", Codec.RAW)))[-63:]
    '/V/CIQOHMGEIKMPYHAUTL57JSEZN64SIJ5OIHSGJG4TJSSJLGI3PBJLQVI.data'
    """

    def __init__(self, blocks: Path) -> None:
        self._blocks = str(blocks)
        self._width = _width(blocks / "SHARDING")

    @staticmethod
    def key(cid: CID) -> str:
        """Name a block for the file system."""
        return base64.b32encode(b"\x12\x20" + cid.digest).decode().rstrip("=")

    def file(self, key: str) -> str:
        """Give the file of a key."""
        return f"{self._blocks}/{key[-1 - self._width : -1]}/{key}.data"

    @staticmethod
    def digest(file: Path) -> bytes:
        """Give the digest that a block's file is named by."""
        key = file.name.removesuffix(".data")
        try:
            return base64.b32decode(key + "=" * (-len(key) % 8))[2:]
        except ValueError as error:
            raise IntegrityError(
                "is no block, and only blocks lie here.", hint="move it elsewhere.", path=file
            ) from error


def _width(file: Path) -> int:
    with disk_trouble(file):
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            text = _TEXT.format(width=_NEW)
            handle, part = tempfile.mkstemp(prefix=".SHARDING.", dir=file.parent)
            with open(handle, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a handle
                stream.write(text)
            sync([Path(part)])
            Path(part).replace(file)  # of two that begin at once, both write the same
            sync([file.parent])
    found = _FORM.fullmatch(text)
    if found is None:
        raise IntegrityError(
            f"says {text[:80]!r}, which is no layout that we know.",
            hint="restore it; a store of ours says " + repr(_TEXT.format(width=_NEW).strip()),
            path=file,
        )
    return int(found[1])
