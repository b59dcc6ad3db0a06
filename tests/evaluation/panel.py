"""Three evaluators of the tiny challenge, each with a state and a key of its own."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

from coopt_dag.evaluation import votes
from coopt_dag.evaluation.desk import Desk
from coopt_dag.evaluation.register import register
from coopt_dag.evaluation.service import Service
from coopt_dag.evaluation.submit import offer
from coopt_dag.evaluation.verdict import Verdict
from coopt_dag.ledger.actions import Claim
from coopt_dag.ledger.keys import KeySigner
from coopt_dag.ledger.memory import MemoryLedger
from coopt_dag.ledger.protocol import Ledger
from coopt_dag.specs.challenge import load_challenge
from coopt_dag.specs.loaded import LoadedWorkspace
from coopt_dag.specs.workspace import find_workspace
from coopt_dag.store.folders import add_path
from coopt_dag.store.memory import MemoryStore
from tests.workspaces import tiny

START = 2_000_000_000
NAMES = ("lab", "eva", "tom")


class Clock:
    """Time that moves only when a test says so."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


def key(number: int) -> KeySigner:
    return KeySigner.of((4000 + number).to_bytes(32, "big"))


def with_state(workspace: LoadedWorkspace, name: str) -> LoadedWorkspace:
    """Give the same workspace with a private folder of its own: another machine's."""
    paths = workspace.spec.paths.model_copy(update={"state": f".coopt_{name}"})
    return replace(workspace, spec=workspace.spec.model_copy(update={"paths": paths}))


@dataclass
class Panel:
    """A lab that owns the challenge and judges it with two others; and a contributor."""

    root: Path
    ledger: Ledger
    clock: Clock
    desks: dict[str, Desk]
    told: list[str] = field(default_factory=list)
    services: dict[str, Service] = field(default_factory=dict)

    @classmethod
    def at(cls, root: Path, rules: str, ledger: Ledger | None = None) -> Panel:
        """Copy the challenge, add `rules` to it, and seat everybody."""
        workspace = find_workspace(tiny(root))
        with (root / "steps/tiny/challenge.yaml").open("a") as file:
            file.write(rules)
        clock, store = Clock(), MemoryStore()
        made = ledger or MemoryLedger(clock)
        desks = {
            name: Desk(with_state(workspace, name), store, made, key(number))
            for number, name in enumerate((*NAMES, "ada", "bob"))
        }
        panel = cls(root, made, clock, desks)
        panel.share_votes()
        return panel

    def share_votes(self) -> None:
        """Let the evaluators share one folder of votes, as a synchronised folder would."""
        shared = self.root / "votes"
        shared.mkdir()
        for name in NAMES:
            folder = votes.folder_of(self.desks[name])
            folder.parent.mkdir()
            folder.symlink_to(shared)

    def address(self, name: str) -> str:
        return self.desks[name].identity.address

    def open(self) -> None:
        """Put the challenge on the ledger; its baselines wait for the others."""
        lab = self.desks["lab"]
        judges = tuple(self.address(n) for n in NAMES)
        challenge = load_challenge(lab.workspace, "tiny")
        register(lab, challenge, evaluators=judges, cores=2, tell=self.told.append)

    def service(self, name: str) -> Service:
        if name not in self.services:
            self.services[name] = Service(
                self.desks[name], 2, self.told.append, clock=self.clock, rng=random.Random(1)
            )
        return self.services[name]

    def once(self, name: str) -> list[Verdict]:
        """One pass of `coopt evaluate --once`."""
        service = self.service(name)
        found = service.once()
        assert service.errors == []
        return found

    def rounds(self, *names: str, times: int = 3) -> None:
        """Let them pass one after the other, as often as a judgement needs."""
        for _ in range(times):
            for name in names or NAMES:
                self.once(name)

    def close(self) -> None:
        for service in self.services.values():
            service.close()

    def offer(self, step: str, source: str, *, as_: str = "ada") -> int:
        """Offer one of the step's solutions, or its baseline under another name."""
        desk = self.desks[as_]
        folder = self.root / "steps/tiny" / step
        origin = folder / source if source == "baseline" else folder / "solutions" / source
        made = self.root.parent / f"{as_}_{step}_{source}"
        shutil.copytree(origin, made, ignore=shutil.ignore_patterns("__pycache__"))
        (made / "NOTES.txt").write_text(f"by {as_}\n")
        cid = add_path(desk.store, made)
        desk.send(Claim("tiny", step, 86_400))
        offer(desk, ("tiny", step), cid)
        return max(desk.state().submissions)

    def elsewhere(self, name: str, changes: dict[str, str]) -> None:
        """Move an evaluator to a machine whose hidden files differ."""
        old = self.desks[name]
        root = self.root.parent / f"machine_of_{name}"
        shutil.copytree(self.root, root, ignore=shutil.ignore_patterns(".coopt*", "votes", "store"))
        for path, text in changes.items():
            (root / path).write_text(text)
        moved = with_state(find_workspace(root), name)
        self.desks[name] = replace(old, workspace=moved)
        folder = votes.folder_of(self.desks[name])
        folder.parent.mkdir(exist_ok=True)
        folder.symlink_to(self.root / "votes")
