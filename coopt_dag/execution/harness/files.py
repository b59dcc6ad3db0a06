"""File and folder artifacts: plain files only, within a size; links are refused."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.execution.harness.artifacts import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping


def load(name: str, type_: Mapping[str, Any], path: Path) -> Path:
    """Check a file or folder and give its path."""
    check(name, type_, path)
    return path


def save(name: str, type_: Mapping[str, Any], value: Any, path: Path) -> None:
    """Check the file or folder that `value` names and copy it to `path`."""
    if not isinstance(value, str | os.PathLike):
        raise refuse(name, f"expected a path, got {type(value).__name__}")
    source = Path(value)
    check(name, type_, source)
    if source.resolve() == path.resolve():
        return
    if type_["kind"] == "folder":
        shutil.copytree(source, path)
    else:
        shutil.copyfile(source, path)


def check(name: str, type_: Mapping[str, Any], path: Path) -> None:
    """Refuse links, devices, and more bytes than declared."""
    folder = type_["kind"] == "folder"
    mode = path.lstat().st_mode if path.exists() or path.is_symlink() else 0
    if not (stat.S_ISDIR(mode) if folder else stat.S_ISREG(mode)):
        raise refuse(name, f"expected a plain {type_['kind']} at {path.name}")
    size = 0
    for file in sorted(path.rglob("*")) if folder else [path]:
        mode = file.lstat().st_mode
        if stat.S_ISREG(mode):
            size += file.lstat().st_size
        elif not stat.S_ISDIR(mode):
            raise refuse(name, f"{file.name} is neither a plain file nor a folder")
    if size > type_["max_size_bytes"]:
        raise refuse(name, f"{size} bytes are more than the {type_['max_size_bytes']} allowed")
