"""Takes more than its share, in bounded form: processes, memory, scratch, output."""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MB = 1 << 20
_MOST_FORKS = 300
_HOLD_S = 0.3
_CHILDREN = 100
_MOST_FILES = 130_000


def fork_bomb(aim: Mapping[str, Any]) -> Iterator[str]:
    """Fork a few hundred times; no child outlives the attack by long."""
    count = 0
    with contextlib.suppress(OSError):
        while count < _MOST_FORKS:
            if os.fork() == 0:
                signal.alarm(5)
                signal.pause()
                os._exit(0)
            count += 1
    if count > int(aim["processes"]):
        yield f"{count} processes at once, of {aim['processes']}"


def memory_of_one(aim: Mapping[str, Any]) -> Iterator[str]:
    """Hold four times the limit in one process."""
    held = [bytearray(b"x") * (16 * _MB) for _ in range(4 * int(aim["memory_mb"]) // 16)]
    time.sleep(_HOLD_S)
    yield f"one process held {len(held) * 16} MB, of {aim['memory_mb']}"


def memory_of_many(aim: Mapping[str, Any]) -> Iterator[str]:
    """Hold four times the limit in several processes, each of which keeps below it."""
    share = 4 * int(aim["memory_mb"]) // _CHILDREN * _MB
    told, tell = os.pipe()
    for _ in range(_CHILDREN):
        if os.fork() == 0:
            with contextlib.suppress(MemoryError):
                block = bytearray(b"x") * share
                time.sleep(_HOLD_S)
                os.write(tell, b"x" if block else b"")
                time.sleep(_HOLD_S)
            os._exit(0)
    os.close(tell)
    held = 0
    while os.read(told, 1):
        held += 1
    if held == _CHILDREN:
        yield f"{held} processes held {held * share // _MB} MB together, of {aim['memory_mb']}"


def memory_of_files(aim: Mapping[str, Any]) -> Iterator[str]:
    """Hold four times the limit in files that have no name."""
    chunk, held = b"x" * _MB, 0
    with contextlib.suppress(OSError):
        while held < 4 * int(aim["memory_mb"]):
            descriptor = os.memfd_create("x")
            for _ in range(int(aim["output_mb"])):
                os.write(descriptor, chunk)
            held += int(aim["output_mb"])
    if held >= 4 * int(aim["memory_mb"]):
        time.sleep(_HOLD_S)
        yield f"held {held} MB in nameless files, of {aim['memory_mb']}"


def memory_of_mappings(aim: Mapping[str, Any]) -> Iterator[str]:
    """Hold four times the limit in shared pages that no process has mapped in any more."""
    share, kept = int(aim["memory_mb"]) // 4 * _MB, []
    with contextlib.suppress(OSError, ValueError):
        for number in range(16):
            if number % 2 and os.path.exists("/dev/zero"):  # noqa: PTH110  # both kinds
                zero = os.open("/dev/zero", os.O_RDWR)
                block = mmap.mmap(zero, share, mmap.MAP_SHARED)
            else:
                block = mmap.mmap(-1, share)
            for start in range(0, share, _MB):
                block[start : start + _MB] = b"x" * _MB
                block.madvise(mmap.MADV_DONTNEED, start, _MB)
            kept.append(block)
    time.sleep(_HOLD_S)
    if kept:
        yield f"held {len(kept) * share // _MB} MB in unmapped pages, of {aim['memory_mb']}"


def fill_tmp(aim: Mapping[str, Any]) -> Iterator[str]:
    """Fill /tmp."""
    yield from _fill("/tmp", int(aim["output_mb"]))  # noqa: S108


def fill_shm(aim: Mapping[str, Any]) -> Iterator[str]:
    """Fill /dev/shm, and /dev beside it."""
    yield from _fill("/dev/shm", int(aim["shm_mb"]))  # noqa: S108
    yield from _fill("/dev", 1)


def fill_output(aim: Mapping[str, Any]) -> Iterator[str]:
    """Write three times the allowed bytes in many files."""
    yield from _fill(str(aim["out"]), int(aim["output_mb"]))
    raise OSError(28, "no space left")  # as a step that does not look at its errors ends


def many_files(aim: Mapping[str, Any]) -> Iterator[str]:
    """Make more files than allowed."""
    folder = os.open(str(aim["out"]), os.O_RDONLY | os.O_DIRECTORY)
    for number in range(_MOST_FILES):
        os.mknod(str(number), dir_fd=folder)
    yield f"made {_MOST_FILES} files"


def sparse_files(aim: Mapping[str, Any]) -> Iterator[str]:
    """Leave files with holes, which weigh nothing until somebody copies them."""
    size = int(aim["output_mb"]) * _MB
    for number in range(4):
        with open(f"{aim['out']}/hole-{number}", "wb") as file:  # noqa: PTH123
            file.truncate(size)
            with contextlib.suppress(OSError):
                file.truncate(3 * size)
                yield f"made a file of {3 * size} bytes"


def _fill(folder: str, limit_mb: int) -> Iterator[str]:
    chunk, written = b"x" * _MB, 0
    with contextlib.suppress(OSError):
        while written < 3 * limit_mb:
            with open(f"{folder}/fill-{written}", "wb", buffering=0) as file:  # noqa: PTH123
                for _ in range(4):
                    written += file.write(chunk) // _MB
    if written > limit_mb:
        yield f"wrote {written} MB to {folder}, of {limit_mb}"
