"""Commands around a workspace: make one, check it, look at the machine."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from coopt_dag.cli.options import Json
from coopt_dag.cli.printing import note, put, say
from coopt_dag.errors import CooptError, UsageError


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")],
    name: Annotated[str | None, typer.Option(help="Name of the workspace.")] = None,
) -> None:
    """Make a workspace: coopt.toml, steps/, data/, workflows/, dvc.yaml.

    Example: coopt init my-challenges
    """
    from coopt_dag.cli.scaffold import scaffold

    made = scaffold(folder, name=name or folder.resolve().name)
    for path in made:
        say(f"made {path}")
    note(f"next: cd {folder} && coopt lint")


def lint(
    path: Annotated[Path, typer.Argument(metavar="[PATH]", help="What to check.")] = Path(),
    no_validation: Annotated[
        bool, typer.Option("--no-validation", help="Do not measure simulators that changed.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Check specifications: a workspace, challenge, step, solution, or one file.

    Example: coopt lint steps/movielens
    """
    from coopt_dag.errors import SpecError
    from coopt_dag.specs.lint import lint as find
    from coopt_dag.specs.lint import notes

    if not path.exists():
        raise UsageError("there is no such path", path=path, hint="coopt lint PATH")
    errors = find(path)
    if not no_validation:
        from coopt_dag.cli.science import validation_errors

        errors += validation_errors(path, errors)
    if as_json:
        put({"errors": [e.to_json() for e in errors]})
    for error in errors:
        note(f"{error}\nhint: {error.hint}" if error.hint else str(error))
    if errors:
        note(f"{len(errors)} problem{'s' if len(errors) > 1 else ''}")
        return SpecError.exit_code
    for line in notes(path):
        note(line)
    if not as_json:
        say("no problems")
    return 0


def list_(as_json: Json = False) -> None:
    """List the challenges of this workspace.

    Example: coopt challenge list
    """
    from coopt_dag.cli.wiring import here
    from coopt_dag.specs.challenge import list_challenges

    names = list_challenges(here())
    put(names) if as_json else say("\n".join(names))


def doctor(
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Attack the cage for contributed code.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Look at this machine and workspace: what works, what is missing, the next move.

    Example: coopt doctor --sandbox
    """
    if sandbox:
        from coopt_dag.cli.sandbox import sandbox as attack

        return attack(as_json=as_json)
    from coopt_dag.cli.checkup import checkup

    rows = checkup()
    if as_json:
        put(rows)
    else:
        for row in rows:
            say(f"{'ok  ' if row['ok'] else 'MISS'}  {row['what']:<22} {row['found']}")
            if row["hint"]:
                say(f"      hint: {row['hint']}")
    needed = [r for r in rows if r["needed"] and not r["ok"]]
    return CooptError.exit_code if needed else 0


def copy_tree(source: Path, target: Path, *patterns: str) -> None:
    """Copy a folder without byte code and what the patterns name."""
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc", *patterns)
    shutil.copytree(source, target, ignore=ignore)
