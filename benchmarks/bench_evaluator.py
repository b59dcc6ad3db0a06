"""An evaluator that is killed again and again judges every submission exactly once.

`python -m benchmarks.bench_evaluator` does 200 submissions and 20 kills.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.cli import wiring
from coopt_dag.evaluation.submit import offer
from coopt_dag.ledger.actions import Claim
from coopt_dag.ledger.chainfile import ChainFileReader
from coopt_dag.ledger.events import Rejected, Scored
from coopt_dag.ledger.keys import unlock
from coopt_dag.specs.workspace import find_workspace
from coopt_dag.store.adding import SOLUTION_IGNORE
from coopt_dag.store.folders import add_path
from tests.workspaces import tiny

if TYPE_CHECKING:
    from collections.abc import Mapping

COOPT = [sys.executable, "-m", "coopt_dag.cli"]
PEOPLE = ("ada", "bob", "eve", "kim")  # a contributor has 100 slots a step
CODE = 'def solve(inputs, *, params, rng):\n    return {{"total": {{"value": {value}}}}}\n'


class Place:
    """A workspace on the embedded chain, with an evaluator `lab` and four contributors."""

    def __init__(self, home: Path) -> None:
        self.root = tiny(home / "tiny")
        secret = home / "passphrase"
        secret.write_text("correct horse\n")
        self.env: Mapping[str, str] = os.environ | {"COOPT_PASSPHRASE_FILE": str(secret)}
        self.secret = secret
        for name in ("lab", *PEOPLE):
            self("id", "new", name)
        self("challenge", "register", "tiny", "--as", "lab")

    def __call__(self, *words: str) -> str:
        done = subprocess.run(
            [*COOPT, *words],
            cwd=self.root,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def offer(self, count: int) -> None:
        """Submit as many different solutions; every second one is better than all before."""
        workspace = find_workspace(self.root)
        folder = wiring.identities_folder(workspace)
        hands = [unlock(folder, name, "correct horse") for name in PEOPLE]
        desks = [wiring.desk(workspace, who=hand) for hand in hands]
        for desk in desks:
            desk.send(Claim("tiny", "add", 86_400))
        folder = self.root / "steps" / "tiny" / "add" / "baseline"
        made = self.root.parent / "made"
        made.mkdir(exist_ok=True)
        yaml = (folder / "solution.yaml").read_text()
        for i in range(count):
            (made / "solution.yaml").write_text(yaml.replace("baseline", f"try_{i}"))
            value = 5 + 0.05 * i if i % 2 else -i
            (made / "run.py").write_text(CODE.format(value=value))
            desk = desks[i % len(desks)]
            cid = add_path(desk.store, made, ignore=SOLUTION_IGNORE, pin=True)
            offer(desk, ("tiny", "add"), cid)
        for desk in desks:
            desk.ledger.close()

    def judged(self) -> Counter[int]:
        """Count verdicts on the ledger, by submission."""
        reader = ChainFileReader(self.root / ".coopt" / "ledger.sqlite")
        try:
            return Counter(
                e.submission_id for e in reader.events() if isinstance(e, (Scored, Rejected))
            )
        finally:
            reader.close()

    def classes(self) -> dict[str, int]:
        """Count verdicts on the ledger by what they say."""
        reader = ChainFileReader(self.root / ".coopt" / "ledger.sqlite")
        try:
            events = reader.events()
        finally:
            reader.close()
        scored = ["record" for e in events if isinstance(e, Scored) and e.is_record]
        return dict(Counter(scored + [e.reason for e in events if isinstance(e, Rejected)]))

    def watch(self) -> subprocess.Popen[bytes]:
        """Start the service."""
        log = (self.root.parent / "service.log").open("ab")
        with log:
            return subprocess.Popen(
                [*COOPT, "evaluate", "--watch", "--interval", "0.1", "--as", "lab"],
                cwd=self.root,
                env=self.env,
                stdout=log,
                stderr=log,
            )


def kill_often(place: Place, submissions: int, kills: int, rng: random.Random) -> dict[str, Any]:
    """Let a service judge, kill it at random moments, start it anew; give what came of it."""
    place.offer(submissions)
    before = len(place.judged())
    began = time.monotonic()
    marks = sorted(rng.sample(range(before, before + submissions), kills))
    for mark in marks:
        running = place.watch()
        while len(place.judged()) < mark:
            assert running.poll() is None, (place.root.parent / "service.log").read_text()[-2000:]
            time.sleep(0.05)
        time.sleep(rng.uniform(0, 3))  # also while it starts, and while it syncs
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    place("evaluate", "--as", "lab")
    took_s = time.monotonic() - began
    counts = place.judged()
    expected = set(range(1, before + submissions + 1))
    status = json.loads(place("evaluate", "status", "--json"))
    return {
        "submissions": submissions,
        "kills": kills,
        "judged once": sum(n == 1 for number, n in counts.items() if number > before),
        "judged more than once": sum(n > 1 for n in counts.values()),
        "lost": len(expected - set(counts)),
        "unfinished in the queue": sum(
            status["states"][s] for s in ("queued", "running", "infrastructure-retry")
        ),
        "verdicts": place.classes(),
        "seconds": took_s,
    }


def measure(submissions: int = 200, kills: int = 20) -> dict[str, Any]:
    """Do it in a fresh workspace."""
    with tempfile.TemporaryDirectory() as home:
        return kill_often(Place(Path(home)), submissions, kills, random.Random(4))


if __name__ == "__main__":
    print(json.dumps(measure(*map(int, sys.argv[1:])), indent=1))
