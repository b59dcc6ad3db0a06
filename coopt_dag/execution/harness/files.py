"""File and folder artifacts: plain files only, within a size; links are refused."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.execution.harness.artifacts import refuse
from coopt_dag.execution.harness.reading import check_plain, descriptor, opened

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_ENTRIES = 100_000
"""Files and folders below one folder artifact."""
DEEPEST = 32
"""Folders inside each other."""


def load(
    name: str,
    type_: Mapping[str, Any],
    path: Path,
    *,
    limit_bytes: int | None = None,
    links: bool = False,
) -> Path:
    """Check a file or folder and give its path."""
    check(name, type_, path, limit_bytes=limit_bytes, links=links)
    return path


def save(name: str, type_: Mapping[str, Any], value: Any, path: Path) -> None:
    """Check the file or folder that `value` names and copy it to `path`.

    What `value` names may be an input, and so a link of our own; the copy has none.
    """
    if not isinstance(value, str | os.PathLike):
        raise refuse(name, f"expected a path, got {type(value).__name__}")
    source = Path(value)
    if source.resolve() == path.resolve():
        check(name, type_, source)
        return
    check(name, type_, source, links=True)
    if type_["kind"] == "folder":
        shutil.copytree(source, path)
    else:
        shutil.copyfile(source, path)


def check(
    name: str,
    type_: Mapping[str, Any],
    path: Path,
    *,
    limit_bytes: int | None = None,
    links: bool = False,
) -> None:
    """Refuse links, special files, odd names, and more bytes or entries than allowed."""
    most = type_["max_size_bytes"]
    if limit_bytes is not None:
        most = min(most, limit_bytes)
    if type_["kind"] == "folder":
        walk = _Walk(name, most, links)
        walk.enter(descriptor(name, str(path), folder_fd=None, links=links, folder=True), depth=1)
        return
    with opened(name, path, limit_bytes=most, links=links):
        pass


@dataclass(slots=True)
class _Walk:
    """A walk through a folder by descriptors, with what it has met so far."""

    name: str
    limit_bytes: int
    links: bool
    entries: int = 0
    size_bytes: int = 0

    def enter(self, fd: int, *, depth: int) -> None:
        """Look at every entry of an open folder, and close it."""
        try:
            if depth > DEEPEST:
                raise refuse(self.name, f"has more than {DEEPEST} folders inside each other")
            with os.scandir(fd) as found:
                for entry in found:
                    self._meet(entry, fd, depth=depth)
        finally:
            os.close(fd)

    def _meet(self, entry: os.DirEntry[str], folder_fd: int, *, depth: int) -> None:
        self.entries += 1
        if self.entries > MOST_ENTRIES:
            raise refuse(self.name, f"holds more than {MOST_ENTRIES} files and folders")
        try:
            entry.name.encode()
        except UnicodeEncodeError as error:
            raise refuse(self.name, f"holds a name that is no UTF-8: {entry.name!a}") from error
        if entry.is_dir(follow_symlinks=False):
            below = descriptor(self.name, entry.name, folder_fd=folder_fd, links=False, folder=True)
            self.enter(below, depth=depth + 1)
            return
        try:
            status = os.stat(entry.name, dir_fd=folder_fd, follow_symlinks=self.links)
        except OSError as error:  # a link that leads nowhere, or in a circle
            raise refuse(self.name, f"{entry.name!r} {error.strerror}") from error
        if stat.S_ISLNK(status.st_mode):
            raise refuse(self.name, f"{entry.name!r} is a link")
        check_plain(self.name, entry.name, status, links=self.links)
        self.size_bytes += status.st_size
        if self.size_bytes > self.limit_bytes:
            raise refuse(
                self.name, f"its files have more than the {self.limit_bytes} bytes allowed"
            )
