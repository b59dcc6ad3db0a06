"""Commands about a challenge's data: measure the simulator, draw the pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from coopt_dag.cli.options import ChallengeId, Json, Trust, WeakCage, level
from coopt_dag.cli.printing import note, put, say
from coopt_dag.cli.simulating import simulate_absent
from coopt_dag.errors import (
    CooptError,
    IntegrityError,
    IsolationError,
    NodeFailedError,
    NotAWorkspaceError,
    SpecError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from coopt_dag.model.challenge import Challenge
    from coopt_dag.model.science import Check
    from coopt_dag.specs.loaded import LoadedWorkspace
    from coopt_dag.specs.read import Read


def validate(
    challenge: ChallengeId,
    i_trust_this_code: Trust = False,
    weak_cage: WeakCage = False,
    as_json: Json = False,
) -> int:
    """Measure the simulator against the literature; it runs again only if something changed.

    Example: coopt challenge validate opera_showers
    """
    from coopt_dag.cli.wiring import here
    from coopt_dag.execution.validation import measured
    from coopt_dag.model.challenge import Challenge
    from coopt_dag.specs.challenge import load_challenge
    from coopt_dag.specs.checks.science import band_errors
    from coopt_dag.specs.read import read_spec
    from coopt_dag.specs.view import view_from

    workspace = here()
    loaded = load_challenge(workspace, challenge)
    cage = level(i_trust_this_code, weak_cage)
    found = measured(workspace, loaded, cage=cage, tell=note)
    read = read_spec(loaded.path / "challenge.yaml", Challenge, view=view_from(loaded.path))
    checks = loaded.spec.validation.checks if loaded.spec.validation else ()
    rows = [_row(check, found.values) for check in checks]
    if as_json:
        put({"challenge": challenge, "fresh": found.fresh, "checks": rows, "values": found.values})
    else:
        _tell(rows)
    errors = list(band_errors(read, found.values))
    for error in errors:
        note(str(error))
    return SpecError.exit_code if errors else 0


def _row(check: Check, values: Mapping[str, float]) -> dict[str, Any]:
    value = values.get(check.value)
    return {
        "check": check.id,
        "value": check.value,
        "measured": value,
        "band": check.band,
        "at_least": check.at_least,
        "at_most": check.at_most,
        "unit": check.unit,
        "ok": value is not None and check.holds(value),
        "summary": check.summary,
        "reference": check.reference,
    }


def _tell(rows: Sequence[Mapping[str, Any]]) -> None:
    from coopt_dag.report.board import table

    lines = [
        (
            row["check"],
            "-" if row["measured"] is None else float(f"{row['measured']:.6g}"),
            row["band"],
            row["unit"],
            "yes" if row["ok"] else "NO",
            row["reference"],
        )
        for row in rows
    ]
    say(table(lines, ("check", "measured", "band", "unit", "ok", "reference")))


def plots(
    challenge: ChallengeId,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail where a file differs.")
    ] = False,
    i_trust_this_code: Trust = False,
    weak_cage: WeakCage = False,
    as_json: Json = False,
) -> int:
    """Draw the pictures of the README from the public data, twice, so that they never change.

    Example: coopt challenge plots opera_showers
    """
    from coopt_dag.cli.wiring import here
    from coopt_dag.execution.plots import draw, split_of, write
    from coopt_dag.specs.challenge import load_challenge
    from coopt_dag.specs.pictures import FOLDER

    workspace = here()
    loaded = load_challenge(workspace, challenge)
    cage = level(i_trust_this_code, weak_cage)
    simulate_absent(workspace, loaded, (split_of(loaded),), cage=cage)
    drawn = draw(workspace, loaded, cage=cage, tell=note)
    changed = [] if check else write(loaded, drawn)
    rows = [{"file": f"{FOLDER}/{d.file}", "bytes": len(d.content), "was": d.state} for d in drawn]
    if as_json:
        put({"challenge": challenge, "pictures": rows, "written": len(changed)})
    else:
        for row in rows:
            said = row["was"] if check or row["was"] == "same" else "written"
            say(f"{said:<8} {row['bytes']:>7} bytes  {row['file']}")
    if check and any(d.state != "same" for d in drawn):
        note(f"hint: coopt challenge plots {challenge}")
        return IntegrityError.exit_code
    return 0


def validation_errors(path: Path, known: Sequence[SpecError]) -> list[SpecError]:
    """Measure what `coopt lint` judges, where this machine can; tell what was left out.

    Parameters
    ----------
    known
        What is wrong already: a challenge with such errors is not measured.
    """
    from coopt_dag.specs.lint import with_validation
    from coopt_dag.specs.workspace import find_workspace

    found: list[SpecError] = []
    for read in with_validation(path):
        beside = read.source.shown.removesuffix("challenge.yaml")
        try:
            workspace = find_workspace(read.source.path.parent)
        except (SpecError, NotAWorkspaceError):  # then it runs nowhere
            continue
        broken = any(str(error.path).startswith(beside) for error in known)
        if broken or read.source.path.parents[1] != workspace.steps_dir:
            continue
        try:
            found += _measure(workspace, read)
        except IsolationError as error:
            note(f"{read.source.shown}: validation was not run: {error}")
    return found


def _measure(workspace: LoadedWorkspace, read: Read[Challenge]) -> list[SpecError]:
    from coopt_dag.execution.validation import can_measure, measured
    from coopt_dag.specs.challenge import load_challenge
    from coopt_dag.specs.checks.science import band_errors

    challenge = load_challenge(workspace, read.spec.id)
    if not can_measure(workspace, challenge):
        note(
            f"{read.source.shown}: validation was not run, for its environment is not built here: "
            f"coopt challenge validate {read.spec.id}"
        )
        return []
    try:
        found = measured(workspace, challenge, cage="strong", tell=note)
    except NodeFailedError as error:
        return [_as_complaint(read, error)]
    return list(band_errors(read, found.values))


def _as_complaint(read: Read[Challenge], error: CooptError) -> SpecError:
    return read.source.error(
        ("validation", "code"), f"validation failed: {error.message}", hint=error.hint
    )
