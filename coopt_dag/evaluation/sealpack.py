"""The plaintext inside a seal: a header that names files, then their bytes; read as a stream.

Layout: `MAGIC`, the header's length (8 bytes, big endian), the header (JSON), the files' bytes in
the header's order.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from coopt_dag.errors import IntegrityError
from coopt_dag.evaluation.commitment import CHUNK_BYTES, SALT_BYTES, SealedFile, chunks, leaf
from coopt_dag.model.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MAGIC = b"coopt/sealed/1\n"
MAX_HEADER_BYTES = 64 << 20
MAX_SIZE_BYTES = 1 << 50
_CUT = "the hidden data end too early"


class Sink(Protocol):
    """Takes the files of a seal, one after the other."""

    def begin(self, file: SealedFile) -> None:
        """Begin a file."""

    def write(self, chunk: bytes) -> None:
        """Take the next bytes of it, already compared with the commitment."""


Check: TypeAlias = Callable[[tuple[SealedFile, ...]], None]
"""Told of the header before any file's bytes; raises what it will."""


def header_of(files: Sequence[SealedFile]) -> bytes:
    """Give the beginning of a pack, up to the first file's bytes."""
    rows = [
        {
            "path": f.path,
            "size": f.size_bytes,
            "salt": f.salt.hex(),
            "leaves": [one.hex() for one in f.leaves],
        }
        for f in files
    ]
    text = json.dumps({"files": rows}, sort_keys=True, separators=(",", ":")).encode()
    return MAGIC + len(text).to_bytes(8, "big") + text


def read_chunks(path: Path) -> Iterator[bytes]:
    """Give a file's chunks; an empty file has one, empty.

    >>> import tempfile, pathlib
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     list(read_chunks(pathlib.Path(file.name)))
    [b'']
    """
    with path.open("rb") as file:
        yield file.read(CHUNK_BYTES)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


@dataclass(slots=True)
class Packer:
    """A reader of the pack of files below a folder; it notices a file that changes meanwhile."""

    folder: Path
    files: Sequence[SealedFile]
    failure: IntegrityError | OSError | None = None
    """Why reading ended early: the encrypting library hides what we raise."""
    _rest: bytes = b""
    _source: Iterator[bytes] | None = None

    def read(self, size: int = -1) -> bytes:
        """Give the next bytes, `size` at most; none at the end."""
        if self._source is None:
            self._source = self._parts()
        try:
            while not self._rest:
                self._rest = next(self._source)
        except StopIteration:
            return b""
        except (IntegrityError, OSError) as error:
            self.failure = error
            raise
        end = len(self._rest) if size < 0 else size
        part, self._rest = self._rest[:end], self._rest[end:]
        return part

    def _parts(self) -> Iterator[bytes]:
        yield header_of(self.files)
        for file in self.files:
            total = 0
            for number, chunk in enumerate(read_chunks(self.folder / file.path)):
                total += len(chunk)
                same = number < len(file.leaves) and file.leaves[number] == leaf(
                    file.path, file.size_bytes, file.salt, number, chunk
                )
                if not same:
                    raise _changed(file.path)
                yield chunk
            if total != file.size_bytes:
                raise _changed(file.path)


def _changed(path: str) -> IntegrityError:
    return IntegrityError("changed while it was sealed", path=path, hint="seal again")


@dataclass(slots=True)
class Unpacker:
    """A writer that takes a pack apart, and compares each chunk with its leaf as it comes.

    The header's leaves are compared with the ledger's root by `check`, so that a chunk that
    differs is named: file, number of the chunk, and its place in bytes.
    """

    check: Check
    sink: Sink | None = None
    files: tuple[SealedFile, ...] | None = None
    _buffer: bytearray = field(default_factory=bytearray)
    _at: tuple[int, int] = (0, 0)
    """File and chunk that come next."""

    def write(self, part: bytes) -> int:
        """Take the next bytes of the pack."""
        self._buffer += part
        if self.files is None and not self._read_header():
            return len(part)
        while self._take():
            pass
        return len(part)

    def flush(self) -> None:
        """Nothing waits."""

    def finish(self) -> tuple[SealedFile, ...]:
        """Give the files, all of which were there and as committed to."""
        if self.files is None or self._at[0] < len(self.files):
            name = None if self.files is None else self.files[self._at[0]].path
            raise IntegrityError(_CUT, path=name, hint="fetch the seal again, or ask its owner")
        return self.files

    def _read_header(self) -> bool:
        start = len(MAGIC) + 8
        if len(self._buffer) < start:
            return False
        if not self._buffer.startswith(MAGIC):
            raise malformed("it does not begin as hidden data of coopt do")
        length = int.from_bytes(self._buffer[len(MAGIC) : start], "big")
        if length > MAX_HEADER_BYTES:
            raise malformed(f"its header says that it has {length} bytes")
        if len(self._buffer) < start + length:
            return False
        files = read_header(bytes(self._buffer[start : start + length]))
        self.check(files)
        del self._buffer[: start + length]
        self.files = files
        return True

    def _take(self) -> bool:
        """Take one chunk off the buffer, if it is there whole."""
        assert self.files is not None  # noqa: S101  # write() reads the header first
        which, number = self._at
        if which == len(self.files):
            if self._buffer:
                raise malformed("something follows its last file")
            return False
        file = self.files[which]
        size = min(CHUNK_BYTES, file.size_bytes - number * CHUNK_BYTES)
        if len(self._buffer) < size:
            return False
        chunk = bytes(self._buffer[:size])
        del self._buffer[:size]
        if leaf(file.path, file.size_bytes, file.salt, number, chunk) != file.leaves[number]:
            raise differs(file, number)
        self._pass_on(file, number, chunk)
        self._at = (which + 1, 0) if number + 1 == len(file.leaves) else (which, number + 1)
        return True

    def _pass_on(self, file: SealedFile, number: int, chunk: bytes) -> None:
        if self.sink is None:
            return
        if number == 0:
            self.sink.begin(file)
        self.sink.write(chunk)


def differs(file: SealedFile, number: int) -> IntegrityError:
    """Build the complaint about a chunk that is not the one that was committed to."""
    first = number * CHUNK_BYTES
    last = min(first + CHUNK_BYTES, file.size_bytes)
    return IntegrityError(
        f"chunk {number} (bytes {first} to {last}) is not what the seal on the ledger commits to",
        path=file.path,
        hint="the owner's commitment stands: do not score with this file",
        field=f"chunk {number}",
    )


def malformed(what: str) -> IntegrityError:
    """Build the complaint about a seal that cannot be read."""
    return IntegrityError(f"the seal is malformed: {what}", hint="ask the challenge's owner")


def read_header(text: bytes) -> tuple[SealedFile, ...]:
    """Read the header strictly: its writer may be anybody."""
    try:
        document = read_json(text)
        files = tuple(_file(row) for row in document["files"])
    except (ValueError, TypeError, KeyError) as error:
        raise malformed(f"its header cannot be read ({error})") from error
    paths = [f.path.encode() for f in files]
    if not files or paths != sorted(set(paths)):
        raise malformed("its files are not in order, each once")
    taken = set(paths)
    for path in paths:
        parents = path.split(b"/")[:-1]
        if any(b"/".join(parents[: n + 1]) in taken for n in range(len(parents))):
            raise malformed("a file of it lies below another file")
    return files


def _file(row: Any) -> SealedFile:
    path, size = row["path"], row["size"]
    if not isinstance(path, str):
        raise TypeError("a path is no text")
    salt, leaves = bytes.fromhex(row["salt"]), tuple(bytes.fromhex(x) for x in row["leaves"])
    parts = path.split("/")
    if "\0" in path or any(p in {"", ".", ".."} for p in parts) or len(path.encode()) > 4096:
        raise ValueError(f"path {path[:80]!r}")
    if type(size) is not int or not 0 <= size <= MAX_SIZE_BYTES:
        raise ValueError(f"size of {path}")
    if len(salt) != SALT_BYTES or {len(x) for x in leaves} != {32} or len(leaves) != chunks(size):
        raise ValueError(f"salt or leaves of {path}")
    return SealedFile(path, size, salt, leaves)
