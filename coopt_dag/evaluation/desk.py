"""The evaluator's desk: one workspace with its store, its ledger and the hand that signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.errors import IdentityError
from coopt_dag.execution.harness.program import own_file
from coopt_dag.ledger.state import LedgerState, project
from coopt_dag.specs.challenge import load_solution
from coopt_dag.store.folders import fetch_path

if TYPE_CHECKING:
    from pathlib import Path

    from coopt_dag.ledger.actions import Action
    from coopt_dag.ledger.protocol import Ledger, Receipt, Signer
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedSolution, LoadedWorkspace
    from coopt_dag.store.protocol import Store


@dataclass(frozen=True, slots=True)
class Desk:
    """What every evaluation needs; `signer` is absent on readers."""

    workspace: LoadedWorkspace
    store: Store
    ledger: Ledger
    signer: Signer | None = None

    @property
    def identity(self) -> Signer:
        """Give the hand that signs.

        Raises
        ------
        IdentityError
            The desk was opened for reading.
        """
        if self.signer is None:
            raise IdentityError("this needs an identity that signs", hint="coopt id new NAME")
        return self.signer

    def send(self, action: Action) -> Receipt:
        """Sign an action and send it to the ledger."""
        return self.ledger.send(action, signer=self.identity)

    def state(self) -> LedgerState:
        """Read the ledger and give its present state."""
        return project(self.ledger.events())

    def content(self, cid: str) -> Path:
        """Give the place where this workspace keeps content that it fetched, there or not."""
        return self.workspace.state_dir / "content" / cid

    def solution(self, cid: str) -> LoadedSolution:
        """Give a solution by CID, fetched and verified into the workspace's content folder.

        Raises
        ------
        ContentMissingError
            The store does not hold it.
        SpecGroupError
            Its solution.yaml is broken.
        """
        folder = self.content(cid)
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            fetch_path(self.store, cid, folder)
            _open_to_others(folder)
        loaded = load_solution(folder)
        for word in loaded.spec.entry.command or ():
            file = own_file(folder, word)
            if file is not None:
                file.chmod(file.stat().st_mode | 0o111)  # a CID carries no permission bits
        return loaded

    def record_pipeline(
        self, challenge: LoadedChallenge, state: LedgerState
    ) -> dict[str, LoadedSolution]:
        """Give the solution of each step's head; the local baseline where there is none yet."""
        pipeline = {}
        for step, loaded in challenge.steps.items():
            head = state.head(challenge.spec.id, step)
            pipeline[step] = (
                loaded.solutions["baseline"] if head is None else self.solution(head.solution_cid)
            )
        return pipeline


def _open_to_others(folder: Path) -> None:
    """Let everybody read it, whatever our umask: a caged run may be somebody else."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
