"""Data of a simulated challenge, made when a command needs them and this machine lacks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.cli.printing import note
from coopt_dag.errors import DataMissingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coopt_dag.execution.harness.job import Level
    from coopt_dag.specs.loaded import LoadedWorkspace


def simulate_absent(
    workspace: LoadedWorkspace,
    challenge: str,
    splits: Sequence[str],
    *,
    cage: Level,
    dry_run: bool = False,
) -> None:
    """Make those of the splits that are not here, and say so; real data are left to `fetch`.

    Raises
    ------
    DataMissingError
        Some are absent, and it is a dry run.
    """
    from coopt_dag.execution.simulate import absent, is_simulated, simulate
    from coopt_dag.specs.challenge import load_challenge

    loaded = load_challenge(workspace, challenge)
    if not is_simulated(loaded):
        return
    missing = absent(workspace, loaded, dict.fromkeys(splits))
    if missing and dry_run:
        raise DataMissingError(
            f"the data of '{challenge}' ({', '.join(missing)}) are not simulated yet",
            hint=f"coopt data fetch {challenge}, or coopt run {challenge}, which makes them first",
        )
    if missing:
        note(f"{challenge}: its data ({', '.join(missing)}) are not here; simulating them first")
    simulate(workspace, loaded, splits=splits, cage=cage, tell=note)
