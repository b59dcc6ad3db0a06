"""Data of a simulated challenge, made when a command needs them and this machine lacks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.cli.printing import note
from coopt_dag.errors import DataMissingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coopt_dag.execution.harness.job import Level
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedWorkspace


def simulate_absent(
    workspace: LoadedWorkspace,
    challenge: LoadedChallenge,
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

    if not is_simulated(challenge):
        return
    name = challenge.spec.id
    missing = absent(workspace, challenge, dict.fromkeys(splits))
    if missing and dry_run:
        raise DataMissingError(
            f"the data of '{name}' ({', '.join(missing)}) are not simulated yet",
            hint=f"coopt data fetch {name}, or coopt run {name}, which makes them first",
        )
    if missing:
        note(f"{name}: its data ({', '.join(missing)}) are not here; simulating them first")
    simulate(workspace, challenge, splits=splits, cage=cage, tell=note)
