"""Writes where nothing may be written, and leaves a process behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME = "coopt-attack"
_SET_NAME = 15
_LIFE_S = 4.0


def write_elsewhere(aim: Mapping[str, Any]) -> Iterator[str]:
    """Make, change and remove files outside of its scratch and output."""
    folders = ["/", "/usr", "/usr/bin", "/etc", "/in", "/dev", "/proc", "/home", "/root", "/var"]
    folders += ["/code", str(Path(__file__).parent), "/run", "/sys"]
    folders += [sys.prefix, sys.base_prefix, f"{sys.base_prefix}/lib", str(aim["canaries"])]
    for folder in folders:
        for base in ("", "/proc/self/root", "/proc/1/root", "/proc/self/cwd/.."):
            if _made(f"{base}{folder}/{_NAME}"):
                yield f"made a file in {base}{folder}"
    inputs = [f"/in/{name}" for name in _names("/in")]
    files = [str(aim["canary"]), *inputs, "/etc/passwd", "/usr/bin/env", __file__, sys.executable]
    for path in [*files, "/params.json", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger"]:
        yield from _changed(path)
        yield from _changed(f"/proc/self/root{path}")
    for name in "12":
        with contextlib.suppress(OSError):
            os.close(os.open(f"/proc/self/fd/{name}", os.O_RDWR))
            yield f"opened its log anew, by descriptor {name}"


def daemon(aim: Mapping[str, Any]) -> Iterator[str]:
    """Leave a process behind that overwrites the output, and would tell of its life outside."""
    if os.fork():
        time.sleep(0.05)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    ctypes.CDLL(None).prctl(_SET_NAME, str(aim["daemon"]).encode(), 0, 0, 0)
    end = time.monotonic() + _LIFE_S
    while time.monotonic() < end:
        for folder in ("/out", str(aim["canaries"])):
            with contextlib.suppress(OSError):
                Path(folder, "report.json").write_text('{"ok": 1}')
        time.sleep(0.005)
    os._exit(0)
    yield  # a generator like the others


def _made(path: str) -> bool:
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        os.unlink(path)  # noqa: PTH108
        return True
    return False


def _changed(path: str) -> Iterator[str]:
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND))
        yield f"opened {path} to write"
    with contextlib.suppress(OSError):
        os.chmod(path, 0o644)  # noqa: PTH101
        yield f"changed the mode of {path}"
    with contextlib.suppress(OSError):
        os.rename(path, f"{path}.{_NAME}")  # noqa: PTH104
        os.rename(f"{path}.{_NAME}", path)  # noqa: PTH104
        yield f"renamed {path}"


def _names(folder: str) -> list[str]:
    with contextlib.suppress(OSError):
        return os.listdir(folder)  # noqa: PTH208  # names
    return []
