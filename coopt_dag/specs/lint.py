"""Everything that is wrong with a workspace, challenge, step, solution or one file, in one pass."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from coopt_dag.errors import SpecError, UsageError
from coopt_dag.model.solution import Solution
from coopt_dag.model.workspace import Paths
from coopt_dag.specs.challenge import in_order
from coopt_dag.specs.checks import fit_errors
from coopt_dag.specs.checks.simulated import simulator_notes
from coopt_dag.specs.checks.solution import solution_errors
from coopt_dag.specs.draft import read_draft
from coopt_dag.specs.hidden import hidden_data_errors
from coopt_dag.specs.pictures import FOLDER, absent_pictures, picture_errors
from coopt_dag.specs.read import each, read_spec, read_type
from coopt_dag.specs.view import WORKSPACE_FILE, View, view_from
from coopt_dag.specs.workspace import find_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.model.challenge import Challenge
    from coopt_dag.specs.read import Read

_SCHEMA_LINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\s*")
_CHALLENGE = "challenge.yaml"
_STEP = "step.yaml"
_SOLUTION = "solution.yaml"


def lint(path: Path) -> list[SpecError]:
    """Give every complaint about what lies at or below `path`, sorted by file and line.

    A step, a solution or a single file inside a challenge is judged as part of it, and only the
    complaints about `path` are given. Data may be absent; where they are present, hidden truths
    are looked for in public places.

    Parameters
    ----------
    path : Path
        A workspace, a folder of challenges, a challenge, step or solution, or one file of these.

    Raises
    ------
    UsageError
        There is nothing here that could be linted.
    """
    path = path.resolve()
    if not path.exists():
        raise UsageError(f"{path} does not exist.", hint="give a folder or file of a workspace.")
    view = _view(path)
    folder = _enclosing(path, _CHALLENGE)
    if folder is not None:
        found = _challenge(folder, view)
        below = view.show(path)
        if path != folder:
            found = [e for e in found if e.path == below or f"{e.path}".startswith(f"{below}/")]
    elif path.is_dir():
        found = _folder(path, view)
    else:
        found = _alone(path, view)
    return in_order(found)


def notes(path: Path) -> list[str]:
    """Tell what is allowed and seldom wise in the challenges that `lint` would judge."""
    path = path.resolve()
    view = _view(path)
    found: list[str] = []
    for folder in _challenges(path):
        read = read_draft(folder, view=view).challenge
        if read is None:
            continue
        spec, shown = read.spec, view.show(folder / _CHALLENGE)
        found.extend(f"{shown}: {text}" for text in simulator_notes(spec))
        if spec.gate is None:
            found.append(f"{shown} has no `gate`: noise can become a record")
        elif spec.slots == 0 or spec.slots >= spec.gate.slots:
            found.append(
                f"{shown}: one contributor (`slots: {spec.slots}`) can use up all tests of a step "
                f"(`gate.slots: {spec.gate.slots}`)"
            )
        absent = absent_pictures(read)
        if absent:
            found.append(
                f"{shown}: {len(absent)} of its pictures are not drawn ({FOLDER}/{absent[0]}): "
                f"coopt challenge plots {spec.id}"
            )
    return found


def with_validation(path: Path) -> list[Read[Challenge]]:
    """Give the challenges of a workspace that `lint` would judge whole, and that have `validation`.

    Of a step or solution alone there is nothing to measure.
    """
    path = path.resolve()
    view, folder = _view(path), _enclosing(path, _CHALLENGE)
    if folder is not None and path not in {folder, folder / _CHALLENGE}:
        return []
    reads = (read_draft(each_, view=view).challenge for each_ in _challenges(path))
    return [read for read in reads if read is not None and read.spec.validation is not None]


def _challenges(path: Path) -> list[Path]:
    folder = _enclosing(path, _CHALLENGE)
    if folder is not None:
        return [folder]
    steps = _workspace(path)[1] if (path / WORKSPACE_FILE).is_file() else path
    return sorted(file.parent for file in steps.glob(f"*/{_CHALLENGE}"))


def _view(path: Path) -> View:
    """Show paths from outside `path`, so that its complaints are told from its neighbours'."""
    view = view_from(path)
    if view.here.is_relative_to(path):
        return View(view.root or path.parent, view.root)
    return view


def _enclosing(path: Path, name: str) -> Path | None:
    """Give the nearest folder at or above `path` that holds `name`, not beyond a workspace."""
    for folder in (path, *path.parents):
        if (folder / name).is_file():
            return folder
        if (folder / WORKSPACE_FILE).is_file():
            return None
    return None


def _folder(path: Path, view: View) -> list[SpecError]:
    """Lint a workspace, a folder of challenges, or a step or solution that lies alone."""
    if (path / WORKSPACE_FILE).is_file():
        errors, steps = _workspace(path)
    else:
        errors, steps = [], path
    challenges = sorted(steps.glob(f"*/{_CHALLENGE}"))
    for file in challenges:
        errors.extend(_challenge(file.parent, view))
    if challenges or (path / WORKSPACE_FILE).is_file():
        return errors
    if (path / _STEP).is_file():
        draft = read_draft(path.parent, view=view)
        found = draft.errors + fit_errors(draft) + list(_schema_lines(path, view))
        return [e for e in found if f"{e.path}/".startswith(f"{view.show(path)}/")]
    return _alone(path / _SOLUTION, view)


def _workspace(root: Path) -> tuple[list[SpecError], Path]:
    """Give the complaints about `coopt.toml`, and the folder of challenges."""
    try:
        return [], find_workspace(root).steps_dir
    except SpecError as error:
        return each(error), root / Paths().steps


def _challenge(folder: Path, view: View) -> list[SpecError]:
    """Lint a whole challenge."""
    draft = read_draft(folder, view=view)
    errors = draft.errors + fit_errors(draft) + list(_schema_lines(folder, view))
    if draft.challenge is not None:
        errors.extend(picture_errors(draft.challenge))
    if draft.challenge is not None and view.root is not None:
        try:
            data = find_workspace(view.root).data_dir / folder.name
        except SpecError:  # the workspace's own complaint is given where it is linted
            data = view.root / Paths().data / folder.name
        errors.extend(hidden_data_errors(draft.challenge, data=data, view=view))
    return errors


def _alone(path: Path, view: View) -> list[SpecError]:
    """Lint one file that belongs to no challenge here."""
    try:
        if path.name == WORKSPACE_FILE:
            return _workspace(path.parent)[0]
        if path.name == _SOLUTION and path.is_file():
            read = read_spec(path, Solution, view=view)
            return [*solution_errors(read), *_schema_line(path, view)]
        if path.name == _STEP:
            return _folder(path.parent, view)
        if path.parent.name == "types" and path.suffix == ".yaml":
            read_type(path, view=view)
            return list(_schema_line(path, view))
    except SpecError as error:
        return [*each(error), *_schema_line(path, view)]
    raise UsageError(
        f"{view.show(path.parent)} holds nothing to lint.",
        hint=f"give a folder with {WORKSPACE_FILE}, {_CHALLENGE}, {_STEP} or {_SOLUTION}.",
    )


def _schema_lines(folder: Path, view: View) -> Iterator[SpecError]:
    """Check the first line of every specification file at or below `folder`."""
    names = (_CHALLENGE, _STEP, _SOLUTION)
    for path in sorted(folder.rglob("*.yaml")):
        if path.name in names or path.parent == folder / "types":
            yield from _schema_line(path, view)


def _schema_line(path: Path, view: View) -> Iterator[SpecError]:
    """Complain when the first line does not lead an editor to the schema of this kind of file."""
    kind = "type" if path.parent.name == "types" else path.stem
    with path.open(encoding="utf-8", errors="replace") as file:
        found = _SCHEMA_LINE.fullmatch(file.readline())
    wanted = f"{kind}.schema.json"
    if found is None or found.group(1).rpartition("/")[2] != wanted:
        yield SpecError(
            f"does not begin with the comment that names its schema, {wanted}.",
            hint=f"first line: `# yaml-language-server: $schema=<path to schemas>/{wanted}`",
            path=view.show(path),
            line=1,
        )
