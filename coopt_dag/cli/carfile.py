"""CAR files in and out of a store, or a pipe."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from coopt_dag.cli.contents import check_free, reading
from coopt_dag.cli.meter import Meter, MeteredStore
from coopt_dag.errors import ContentMissingError, CooptError, UsageError

if TYPE_CHECKING:
    from coopt_dag.store.cid import CID
    from coopt_dag.store.local import LocalStore

PIPE = Path("-")


def write(local: LocalStore, root: CID, file: Path) -> int:
    """Write a CAR, whole or not at all (a pipe gets what it gets); give its size in bytes."""
    if file == PIPE:
        return _write_to_pipe(local, root)
    from coopt_dag.store.staging import disk_trouble, staging_folder

    check_free(file)
    with disk_trouble(file), staging_folder(file.parent, prefix=".coopt-export-") as folder:
        part = folder / "car"
        with part.open("xb") as stream:
            size = _write_to(local, root, stream)
        part.rename(file)
    return size


def _write_to_pipe(local: LocalStore, root: CID) -> int:
    try:
        size = _write_to(local, root, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except BrokenPipeError as error:
        # what is left in the buffer must go somewhere when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise CooptError(
            "whoever read the pipe has gone before its end.",
            hint="see what the next command of the pipe says.",
        ) from error
    return size


def _write_to(local: LocalStore, root: CID, stream: IO[bytes]) -> int:
    from coopt_dag.store.car import write_car
    from coopt_dag.store.walk import walk

    with reading(local):
        return write_car(stream, [root], Meter("wrote").passing(walk(local, root)))


def read(local: LocalStore, file: Path, *, pin: bool) -> tuple[CID, ...]:
    """Import a CAR, all or nothing; what is pinned is whole."""
    from coopt_dag.store.car import import_car
    from coopt_dag.store.staging import disk_trouble

    if file != PIPE and not file.is_file():
        raise UsageError("there is no such file.", path=file, hint="coopt ipfs import FILE")
    metered = MeteredStore(local, Meter("took"))
    with local.holding():
        if file == PIPE:
            roots = import_car(metered, sys.stdin.buffer)
        else:
            with disk_trouble(file), file.open("rb") as stream:
                roots = import_car(metered, stream)
        if pin:
            for cid in roots:
                _pin(local, cid)
    return roots


def _pin(local: LocalStore, root: CID) -> None:
    try:
        local.pin(root)
    except ContentMissingError as error:
        raise ContentMissingError(
            f"the CAR has only a part of {root}, so that it cannot be pinned: {error.message}",
            hint="its blocks are here until `coopt ipfs gc`; get a whole CAR, or use --no-pin.",
        ) from error
