"""Hashes of files and folders: what a score or a node key depends on."""

from __future__ import annotations

from hashlib import file_digest, sha256
from typing import TYPE_CHECKING

from coopt_dag.errors import SpecError
from coopt_dag.specs.view import view_from

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NOT_CODE = frozenset({"solution.yaml", "tests"})
"""Entries at the top of a solution that its result does not depend on."""


def file_sha256(path: Path) -> str:
    """Give the sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def tree_sha256(folder: Path) -> str:
    r"""Give one sha256 for all code of a solution: names, executable bits and bytes.

    `solution.yaml`, the folder `tests/`, `__pycache__` and `*.pyc` do not count; what counts of
    `solution.yaml` (entry, params, environment) is for the caller to add. Empty folders do not
    count either.

    The hashed text has a line `x|- <sha256> <posix path>\0` a file, in the order of the paths'
    UTF-8 bytes.

    Raises
    ------
    SpecError
        The folder is missing or holds a symbolic link, whose target could change unseen.
    """
    return _sha256_of(folder, without=_NOT_CODE)


def folder_sha256(folder: Path) -> str:
    """Give one sha256 for everything in a folder but byte code, in the manner of `tree_sha256`.

    Raises
    ------
    SpecError
        The folder is missing or holds a symbolic link.
    """
    return _sha256_of(folder, without=frozenset())


def _sha256_of(folder: Path, *, without: frozenset[str]) -> str:
    view = view_from(folder)
    if not folder.is_dir():
        raise SpecError("is no folder.", hint="give a folder of code.", path=view.show(folder))
    lines = []
    for path in _files(folder, without):
        if path.is_symlink() or not path.is_file():
            raise SpecError(
                "is not a plain file, so its content could change unseen.",
                hint="put a copy of the file in its place.",
                path=view.show(path),
            )
        mark = "x" if path.stat().st_mode & 0o111 else "-"
        name = path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape")
        lines.append((name, f"{mark} {file_sha256(path)} ".encode() + name + b"\0"))
    return sha256(b"".join(line for _, line in sorted(lines))).hexdigest()


def _files(folder: Path, without: frozenset[str]) -> Iterator[Path]:
    """Walk everything that counts."""
    for path in folder.iterdir():
        if path.name not in without:
            yield from walk(path)


def walk(path: Path) -> Iterator[Path]:
    """Give `path`, or everything below it that is no folder and no byte code; links as links."""
    if path.name == "__pycache__" or path.suffix == ".pyc":
        return
    if path.is_dir() and not path.is_symlink():
        for below in path.iterdir():
            yield from walk(below)
    else:
        yield path
