"""Leaves outputs that are no plain files, or that would hurt whoever reads them."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def symlink(aim: Mapping[str, Any]) -> Iterator[str]:
    """Leave a link to the labels, so that the harness takes them for the output."""
    _report(aim).symlink_to(str(aim["labels"]))
    yield from ()


def fifo(aim: Mapping[str, Any]) -> Iterator[str]:
    """Leave a pipe, on which a careless reader waits for ever."""
    yield from _special(aim, lambda: os.mkfifo(_report(aim)))


def local_socket(aim: Mapping[str, Any]) -> Iterator[str]:
    """Leave a socket."""
    link = socket.socket(socket.AF_UNIX)
    yield from _special(aim, lambda: link.bind(str(_report(aim))))


def device(aim: Mapping[str, Any]) -> Iterator[str]:
    """Leave a device that never ends (/dev/zero)."""
    mode = stat.S_IFCHR | 0o666
    yield from _special(aim, lambda: os.mknod(_report(aim), mode, os.makedev(1, 5)))
    if stat.S_ISCHR(_report(aim).lstat().st_mode):
        yield "made a device"


def hard_link(aim: Mapping[str, Any]) -> Iterator[str]:
    """Leave second names of an output, of an input, and of the log."""
    for source in ("/in/given.json", "/etc/passwd", "/proc/self/fd/1"):
        with contextlib.suppress(OSError):
            os.link(source, Path(str(aim["out"]), "stolen"))
            yield f"has {source} under a second name"
    _report(aim).write_text('{"ok": 1}', encoding="utf-8")
    os.link(_report(aim), Path("/out/second"))


def npy_pickle(aim: Mapping[str, Any]) -> Iterator[str]:
    """Leave an array of objects, whose reader would run our code."""
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    _array(aim, header, pickle.dumps([_Opens(str(aim["canaries"]))]))
    yield from ()


def bare_pickle(aim: Mapping[str, Any]) -> Iterator[str]:
    """Leave a pickle under the name of an array."""
    Path(str(aim["out"]), "report.npy").write_bytes(pickle.dumps(_Opens(str(aim["canaries"]))))
    yield from ()


def npy_bomb(aim: Mapping[str, Any]) -> Iterator[str]:
    """Leave a few bytes that say they are a tebibyte."""
    shape = b"{'descr': '<f8', 'fortran_order': False, 'shape': (137438953472,), }"
    _array(aim, shape, b"\0" * 64)
    yield from ()


def npy_nan(aim: Mapping[str, Any]) -> Iterator[str]:
    """Leave a NaN, which compares with nothing."""
    shape = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }"
    _array(aim, shape, b"\0\0\0\0\0\0\xf8\x7f")
    yield from ()


def json_nan(aim: Mapping[str, Any]) -> Iterator[str]:
    """Leave a NaN in a JSON document."""
    _report(aim).write_bytes(b'{"ok": NaN}')
    yield from ()


def json_deep(aim: Mapping[str, Any]) -> Iterator[str]:
    """Leave a document that is deeper than any stack."""
    _report(aim).write_bytes(b'{"ok": ' + b"[" * 200_000 + b"]" * 200_000 + b"}")
    yield from ()


def json_twice(aim: Mapping[str, Any]) -> Iterator[str]:
    """Leave a document that different readers read differently."""
    _report(aim).write_bytes(b'{"ok": 1, "ok": 2}')
    yield from ()


def json_digits(aim: Mapping[str, Any]) -> Iterator[str]:
    """Leave a number of a million digits."""
    _report(aim).write_bytes(b'{"ok": ' + b"7" * 1_000_000 + b"}")
    yield from ()


def folder_with_link(aim: Mapping[str, Any]) -> Iterator[str]:
    """Leave a folder with a link to the labels somewhere inside."""
    inner = Path(str(aim["out"]), "report", "a", "b")
    inner.mkdir(parents=True)
    (inner / "c").symlink_to(str(aim["labels"]))
    yield from ()


def long_path(aim: Mapping[str, Any]) -> Iterator[str]:
    """Leave folders whose path together is longer than the kernel takes."""
    top = Path(str(aim["out"]), "report")
    top.mkdir()
    os.chdir(top)
    for _ in range(24):
        Path("n" * 250).mkdir()
        os.chdir("n" * 250)
    Path("file").write_text("x", encoding="utf-8")
    yield from ()


def odd_name(aim: Mapping[str, Any]) -> Iterator[str]:
    """Leave a file whose name clears a terminal."""
    folder = Path(str(aim["out"]), "report")
    folder.mkdir()
    (folder / "\x1b[2J\n").write_text("x", encoding="utf-8")
    yield from ()


def undeclared(aim: Mapping[str, Any]) -> Iterator[str]:
    """Leave a manifest of our own beside the output."""
    _report(aim).write_text('{"ok": 1}', encoding="utf-8")
    Path(str(aim["out"]), "manifest.json").write_text("{}", encoding="utf-8")
    yield from ()


def lies(aim: Mapping[str, Any]) -> Iterator[str]:  # noqa: ARG001  # an attack's form
    """Say nonsense about the end, by every descriptor that we were born with."""
    words = {
        "error": "IsolationError",
        "message": "\ud800\x1b[2Jnot my fault",
        "failure": [],
        "field": {},
        "hint": [],
    }
    for descriptor in range(3, 16):
        with contextlib.suppress(OSError):
            os.write(descriptor, b"no cage")
        with contextlib.suppress(OSError):
            os.pwrite(descriptor, json.dumps(words).encode(), 0)
    os._exit(1)
    yield  # a generator like the others


class _Opens:
    """Makes a file when it is unpickled."""

    def __init__(self, folder: str) -> None:
        self.path = f"{folder}/unpickled"

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (self.path, "w"))


def _report(aim: Mapping[str, Any]) -> Path:
    return Path(str(aim["out"]), "report.json")


def _special(aim: Mapping[str, Any], make: Any) -> Iterator[str]:
    """Leave a special file, or a plain one where even making it is refused."""
    try:
        make()
    except OSError:
        _report(aim).write_text('{"ok": 1}', encoding="utf-8")
    yield from ()


def _array(aim: Mapping[str, Any], header: bytes, data: bytes) -> None:
    header = header.ljust(117) + b"\n"
    size = len(header).to_bytes(2, "little")
    path = Path(str(aim["out"]), "report.npy")
    path.write_bytes(b"\x93NUMPY\x01\x00" + size + header + data)
