"""Files that specifications name, and the lines of environment locks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from coopt_dag.errors import SpecError
from coopt_dag.specs.marks import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coopt_dag.specs.marks import Loc, Source

_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
_PIN = re.compile(
    r"[A-Za-z0-9._-]+(?:\[[A-Za-z0-9._,\s-]+\])?"  # name[extras]
    r"\s*==\s*[A-Za-z0-9.!+_-]+\s*(?:;[^#]*)?"  # ==version ; marker
)


def missing_file(source: Source, loc: Loc, name: str) -> Iterator[SpecError]:
    """Complain when the file that the value at `loc` names is not where it should be."""
    if not (source.path.parent / name).is_file():
        yield source.error(
            loc,
            f"{dotted(loc)} is '{name}', but there is no such file beside this one.",
            hint=f"write {beside(source, name)}, or name the file that is meant.",
        )


def beside(source: Source, name: str) -> str:
    """Show the path of file `name` in the folder of `source`."""
    folder, slash, _ = source.shown.rpartition("/")
    return f"{folder}{slash}{name}"


def lock_errors(path: Path, shown: str) -> Iterator[SpecError]:
    """Complain about each line of an environment lock that is not `name==version --hash=…`."""
    for line, entry in _entries(path.read_text(encoding="utf-8", errors="replace")):
        words = entry.split(" --hash=")[0].strip()
        if entry.startswith("-") or "://" in entry or " @ " in entry:
            yield SpecError(
                f"'{_cut(entry)}' names an index, a link or an option.",
                hint="a lock holds only `name==version --hash=sha256:…`; remove the line.",
                path=shown,
                line=line,
            )
        elif not _PIN.fullmatch(words):
            yield SpecError(
                f"'{_cut(words)}' is not pinned as name==version.",
                hint="make the lock with `uv pip compile --generate-hashes`.",
                path=shown,
                line=line,
            )
        elif not _HASH.search(entry):
            yield SpecError(
                f"'{_cut(words)}' has no --hash=sha256:….",
                hint="make the lock with `uv pip compile --generate-hashes`.",
                path=shown,
                line=line,
            )


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """Give each requirement on one line, with its first line's number, without comments."""
    entry, first = "", 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = re.sub(r"(^|\s)#.*$", "", raw).strip()
        first = first or number
        entry = f"{entry} {line.removesuffix(chr(92)).strip()}".strip()
        if not line.endswith("\\"):
            if entry:
                yield first, entry
            entry, first = "", 0
    if entry:
        yield first, entry


def _cut(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
