"""The self-test of the cage: every attack, as a real node, through both launchers.

A verdict comes from inside (what an attack says that it gained) and from outside (how its run
ended, what is left of it, what became of the canaries); both must be clean.
"""

from __future__ import annotations

import json
import secrets
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.execution.attacks import entry
from coopt_dag.execution.attacks.table import ATTACKS, DONE, FILES, TYPES, Attack, Case
from coopt_dag.execution.bait import Bait, mounts_below, processes_named
from coopt_dag.execution.bwrap_binary import find_bwrap
from coopt_dag.execution.harness.job import MANIFEST
from coopt_dag.execution.harness.limits import PROCESSES
from coopt_dag.execution.harness.rooms import SHARED_MEMORY_BYTES
from coopt_dag.execution.pool import BOOTSTRAP, Pool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coopt_dag.execution.pool import Answer

LAUNCHERS = ("fork", "exec")
OUTPUT_MB, WALL_S = 8, 10
SLOTS = 3
_PATIENCE_S = 60.0
_CODE = Path(entry.__file__).parent
_HARMLESS = Attack("harmless", (Case("looking:nothing"),))


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one attack by one launcher."""

    attack: str
    launcher: str
    held: bool
    detail: str
    """What was gained, or how its runs ended."""


@dataclass(frozen=True, slots=True)
class Report:
    """The table, and what was in force."""

    rows: tuple[Row, ...]
    walls: dict[str, list[str]]
    """Launcher → walls, as in the manifests of its nodes."""

    @property
    def broken(self) -> list[Row]:
        """Give the attacks that were not held."""
        return [row for row in self.rows if not row.held]


@dataclass(slots=True)
class _Trial:
    """One case by one launcher: its order and what came of it."""

    attack: str
    case: Case
    launcher: str
    order: dict[str, Any]
    end: str = "no answer"
    said: str = ""
    survivors: int = 0
    told: threading.Event = field(default_factory=threading.Event)

    def listen(self, answer: Answer) -> None:
        """Take the harness's answer; a daemon must be dead by now."""
        self.survivors = len(processes_named(self.order["params"]["daemon"]))
        if answer is None:
            self.end = DONE
        else:
            failed = answer.get("error") == "NodeFailedError"
            self.end = str(answer["failure"]) if failed else "the cage could not be closed"
            self.said = str(answer["message"])
        self.told.set()

    def breaches(self, root: Path) -> Iterator[str]:
        """Yield everything that speaks against the cage."""
        name = self.case.call.partition(":")[2]
        if self.end not in self.case.ends:
            said = f": {self.said[:300]}" if self.said else ""
            yield f"{name} ended as {self.end}{said}"
        if self.survivors:
            yield f"{name} left {self.survivors} living processes"
        log = root / "state" / "logs" / "attack" / f"{self.order['key']}.log"
        text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
        if entry.BEGUN not in text:
            yield f"{name} never ran"
        for line in text.splitlines():
            if line.startswith(entry.GAINED):
                yield line.removeprefix(entry.GAINED)[:300]


def _python(environment: str, *, ours: bool) -> list[str]:  # noqa: ARG001  # all are this one
    return [sys.executable, "-s", "-P"]


def attack(launchers: Sequence[str] = LAUNCHERS, *, bootstrap: Path = BOOTSTRAP) -> Report:
    """Run all attacks and judge them.

    Parameters
    ----------
    bootstrap : Path
        What the harness's server starts with.

    Raises
    ------
    IsolationError
        There is no bubblewrap.
    """
    bwrap = str(find_bwrap())
    with Bait() as bait:
        kinds = [(a, c, launcher) for a in ATTACKS for c in a.cases for launcher in launchers]
        trials = [_trial(bait, bwrap, *kind) for kind in kinds]
        last = [_trial(bait, bwrap, _HARMLESS, _HARMLESS.cases[0], name) for name in launchers]
        pool = Pool(bait.root, SLOTS, python=_python, bootstrap=bootstrap)
        try:
            pool.warm("")
            _run(pool, trials)
            _run(pool, last)
            left = mounts_below(bait.root)
        finally:
            pool.close()
        outside = [*bait.damage(), *_left_behind(bait.root, left)]
        rows = [
            _row(name, launcher, trials, outside, bait.root)
            for name in (a.name for a in ATTACKS)
            for launcher in launchers
        ]
        rows += [_row("harmless", name, last, [], bait.root) for name in launchers]
        walls = {t.launcher: _walls(t, bait.root) for t in last}
    # a harmless node that does not run is no line of the table, unless it fails
    return Report(tuple(r for r in rows if r.attack != "harmless" or not r.held), walls)


def _run(pool: Pool, trials: list[_Trial]) -> None:
    pool.send([(trial.order, trial.listen) for trial in trials])
    deadline = time.monotonic() + _PATIENCE_S
    for trial in trials:
        trial.told.wait(max(0.0, deadline - time.monotonic()))


def _row(
    name: str,
    launcher: str,
    trials: Sequence[_Trial],
    outside: Sequence[tuple[str, str]],
    root: Path,
) -> Row:
    own = [t for t in trials if (t.attack, t.launcher) == (name, launcher)]
    found = [breach for trial in own for breach in trial.breaches(root)]
    found += [how for attack_, how in outside if attack_ == name]
    ends = ", ".join(dict.fromkeys(t.end.replace("_", " ") for t in own))
    return Row(name, launcher, not found, " ".join("; ".join(found).split()) or ends)


def _left_behind(root: Path, mounts: Sequence[str]) -> Iterator[tuple[str, str]]:
    if mounts:
        yield "outlive its run", f"{len(mounts)} mounts were left"
    stages = root / "store" / ".stage"
    if stages.is_dir() and (left := list(stages.iterdir())):
        yield "outlive its run", f"{len(left)} stages were left"


def _walls(trial: _Trial, root: Path) -> list[str]:
    manifest = root / trial.order["folder"] / MANIFEST
    if trial.end != DONE:
        return []
    found: list[str] = json.loads(manifest.read_text(encoding="utf-8"))["isolation"]["walls"]
    return found


def _trial(bait: Bait, bwrap: str, attack_: Attack, case: Case, launcher: str) -> _Trial:
    key = f"{launcher}-{case.call.replace(':', '-')}"
    params = bait.aim() | {
        "attack": case.call,
        "own_output": case.own_output,
        "daemon": secrets.token_hex(7),
        "memory_mb": case.memory_mb,
        "output_mb": OUTPUT_MB,
        "shm_mb": SHARED_MEMORY_BYTES >> 20,
        "processes": PROCESSES + 16,
    }
    program = [sys.executable, "-I", "-S", "entry.py"]
    order = {
        "key": key,
        "folder": f"store/attack/{key}",
        "challenge": "selftest",
        "harness": "selftest",
        "state": "state",
        "stage": f"store/.stage/{key}",
        "seed": 1,
        "upstream": [],
        "kind": "step",
        "step": "attack",
        "solution": case.call,
        "code": str(_CODE),
        "entry": {
            "python": "entry.py",
            "function": "solve",
            "command": program if launcher == "exec" else None,
        },
        "params": params,
        "environment": "",
        "wall_s": WALL_S,
        "cpu": 1,
        "mem_mb": case.memory_mb,
        "disk_mb": OUTPUT_MB,
        "inputs": [{"name": "given", "type": TYPES["json"], "path": "given.json"}],
        "outputs": {"report": {"type": TYPES[case.kind], "file": FILES[case.kind]}},
        "cage": "strong",
        "bwrap": bwrap,
    }
    return _Trial(attack_.name, case, launcher, order)
