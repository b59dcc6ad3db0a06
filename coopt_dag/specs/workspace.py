"""Finding the workspace that a path belongs to."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path

from coopt_dag.errors import NotAWorkspaceError, SpecError
from coopt_dag.model.workspace import Workspace
from coopt_dag.specs.loaded import LoadedWorkspace
from coopt_dag.specs.marks import Document, Flaw, Loc, Mark, Source, dotted
from coopt_dag.specs.read import read_text
from coopt_dag.specs.validate import validate
from coopt_dag.specs.view import WORKSPACE_FILE, view_from, workspace_root

_TABLE = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_.\"' -]+?)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"'-]+(?:\s*\.\s*[A-Za-z0-9_\"'-]+)*)\s*=")


def find_workspace(start: Path) -> LoadedWorkspace:
    """Give the workspace of the nearest `coopt.toml` at or above `start`.

    Raises
    ------
    NotAWorkspaceError
        There is none up to the root of the file system.
    SpecError, SpecGroupError
        It is invalid.
    """
    root = workspace_root(start)
    if root is None:
        raise NotAWorkspaceError(
            f"{start} is not inside a workspace: no {WORKSPACE_FILE} here or above.",
            hint="go to a workspace, or make one: `coopt init DIR`.",
        )
    path = root / WORKSPACE_FILE
    view = view_from(root)
    document = parse_toml(read_text(path, view=view), shown=view.show(path))
    source = Source(path, view.show(path), document.marks)
    return LoadedWorkspace(root, validate(document, Workspace, source))


def parse_toml(text: str, *, shown: str) -> Document:
    r"""Read TOML; keys on lines of their own know their line.

    Raises
    ------
    SpecError
        It is not TOML.

    Examples
    --------
    >>> parse_toml('name = "x"\n[paths]\ndata = "d"\n', shown="coopt.toml").marks["paths", "data"]
    Mark(key=3, value=3)
    """
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at line (\d+)", str(error))
        reason = str(error).split(" (at ")[0]
        raise SpecError(
            f"is not valid TOML: {reason[0].lower() + reason[1:]}.",
            hint="texts need quotes; tables are [in.brackets].",
            path=shown,
            line=int(at.group(1)) if at else text.count("\n") + 1,
        ) from error
    marks = _marks(text)
    refused: list[Flaw] = []
    plain = _plain(value, (), refused)
    where = Source(Path(shown), shown, marks)
    flaws = tuple(replace(flaw, line=where.line(flaw.loc)) for flaw in refused)
    return Document(plain, marks, flaws)


def _plain(value: object, loc: Loc, refused: list[Flaw]) -> object:
    """Give what JSON can say too; times and fractions, which no key takes, are refused."""
    if isinstance(value, dict):
        return {key: _plain(below, (*loc, key), refused) for key, below in value.items()}
    if isinstance(value, list):
        return [_plain(below, (*loc, i), refused) for i, below in enumerate(value)]
    if isinstance(value, (str, int, bool)):
        return value
    text = f"{dotted(loc)} is {value}, which is neither text nor a whole number."
    refused.append(Flaw(loc, 1, text, "put it in quotes if text is meant."))
    return None


def _marks(text: str) -> dict[Loc, Mark]:
    """Find the line of every `[table]` and `key =`, by shape alone."""
    marks: dict[Loc, Mark] = {(): Mark(1, 1)}
    table: Loc = ()
    for number, line in enumerate(text.split("\n"), start=1):
        head, key = _TABLE.match(line), _KEY.match(line)
        if head:
            table = _parts(head.group(1))
            marks.setdefault(table, Mark(number, number))
        elif key:
            marks.setdefault((*table, *_parts(key.group(1))), Mark(number, number))
    return marks


def _parts(dotted_key: str) -> Loc:
    return tuple(part.strip().strip("\"'") for part in dotted_key.split("."))
