"""What `coopt doctor` looks at."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import CooptError, NotAWorkspaceError

if TYPE_CHECKING:
    from collections.abc import Callable


def _row(what: str, found: str, *, ok: bool, needed: bool = True, hint: str = "") -> dict[str, Any]:
    return {"what": what, "found": found, "ok": ok, "needed": needed, "hint": "" if ok else hint}


def checkup() -> list[dict[str, Any]]:
    """Look at everything; a failing look is a row, not an end."""
    rows = [_python(), _system(), _uv(), _isolation()]
    for look in (_workspace, _ledger, _identity):
        try:
            rows += look()
        except CooptError as error:
            rows.append(_row(look.__name__[1:], str(error), ok=False, hint=error.hint))
    return rows


def _python() -> dict[str, Any]:
    return _row("python", platform.python_version(), ok=sys.version_info >= (3, 11))


def _system() -> dict[str, Any]:
    found = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return _row("system", found, ok=sys.platform == "linux", hint="nodes need Linux")


def _uv() -> dict[str, Any]:
    from uv import find_uv_bin

    path = find_uv_bin()
    return _row("uv", path, ok=shutil.which(path) is not None, hint="reinstall coopt-dag")


def _isolation() -> dict[str, Any]:
    from coopt_dag.execution.bwrap_binary import find_bwrap, version_of
    from coopt_dag.execution.cage_check import passed_before

    try:
        bwrap = find_bwrap()
    except CooptError as error:
        return _row("isolation", str(error), ok=False, needed=False, hint=error.hint)
    held = passed_before(bwrap)
    version = ".".join(map(str, version_of(bwrap)))
    word = "held" if held else "not tested since the machine started"
    return _row(
        "isolation",
        f"14 attacks: {word}; bubblewrap {version}",
        ok=held,
        needed=False,
        hint="coopt doctor --sandbox",
    )


def _workspace() -> list[dict[str, Any]]:
    from coopt_dag.cli.wiring import here
    from coopt_dag.specs.challenge import list_challenges

    try:
        workspace = here()
    except NotAWorkspaceError as error:
        return [_row("workspace", "none", ok=False, needed=False, hint=error.hint)]
    rows = [_row("workspace", str(workspace.root), ok=True)]
    for name in list_challenges(workspace):
        there = (workspace.data_dir / name).is_dir()
        rows.append(
            _row(
                f"data of {name}",
                "there" if there else "missing",
                ok=there,
                needed=False,
                hint=f"coopt data fetch {name}",
            )
        )
    return rows


def _reader() -> Callable[[], Any]:
    from coopt_dag.cli.wiring import here, ledger

    return lambda: ledger(here(), write=False)


def _ledger() -> list[dict[str, Any]]:
    try:
        book = _reader()()
    except NotAWorkspaceError:
        return []
    head = book.head()
    return [_row("ledger", f"height {head.height}, {head.block_hash[:18]}…", ok=True)]


def _identity() -> list[dict[str, Any]]:
    from coopt_dag.cli.wiring import here, identities_folder
    from coopt_dag.ledger.keys import list_identities

    try:
        folder = identities_folder(here())
    except NotAWorkspaceError:
        folder = identities_folder(None)
    names = [i.name for i in list_identities(folder)]
    found = ", ".join(names) or "none"
    return [_row("identities", found, ok=bool(names), needed=False, hint="coopt id new NAME")]
