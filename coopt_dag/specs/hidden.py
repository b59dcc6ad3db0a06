"""Hidden truths in public places: the same bytes, wherever they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.specs.marks import dotted
from coopt_dag.specs.tree import file_sha256, walk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coopt_dag.errors import SpecError
    from coopt_dag.model.challenge import Challenge
    from coopt_dag.specs.marks import Loc
    from coopt_dag.specs.read import Read
    from coopt_dag.specs.view import View


def hidden_data_errors(read: Read[Challenge], *, data: Path, view: View) -> Iterator[SpecError]:
    """Complain about each truth of a quiz or sealed split that somebody can see elsewhere.

    Steps see the inputs of every split, people see public splits and all below the challenge's
    folder. Files are compared by content; absent data and empty files are passed over.

    Parameters
    ----------
    data : Path
        Folder of this challenge's data.
    """
    hidden, visible = _sides(read, data)
    # Only files of equal size can be equal: large public data are rarely read at all.
    sizes = {path.stat().st_size for path in hidden} - {0}
    known: dict[str, list[Path]] = {}
    for path in visible:
        if path.stat().st_size in sizes:
            known.setdefault(file_sha256(path), []).append(path)
    for path, loc in hidden.items() if known else ():
        for twin in sorted(known.get(file_sha256(path), ())):
            yield read.source.error(
                loc,
                f"{dotted(loc)} is hidden, but {view.show(path)} has the same content as "
                f"{view.show(twin)}, which others can see.",
                hint="remove the visible copy, and make new hidden data if it was ever shared.",
            )


def _sides(read: Read[Challenge], data: Path) -> tuple[dict[Path, Loc], list[Path]]:
    """Give the files that must stay hidden, with the key that names each, and all visible ones."""
    hidden: dict[Path, Loc] = {}
    visible = set(_files(read.source.path.parent))
    for name, split in read.spec.splits.items():
        for file in split.inputs.values():
            visible.update(_files(data / file))
        for truth, file in split.truths.items():
            if split.visibility == "public":
                visible.update(_files(data / file))
            else:
                loc: Loc = ("splits", name, "truths", truth)
                hidden.update(dict.fromkeys(_files(data / file), loc))
    return hidden, sorted(visible)


def _files(path: Path) -> Iterator[Path]:
    """Give every plain file at or below `path`; none if it is absent."""
    return (found for found in walk(path) if found.is_file())
