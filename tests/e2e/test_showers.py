"""Overlapping showers: whose improvement helps the end, and whose only looks so."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from coopt_dag.evaluation import settle as settling
from coopt_dag.evaluation import tables
from coopt_dag.evaluation.agekeys import AgeKey
from coopt_dag.evaluation.case import open_case
from coopt_dag.evaluation.desk import Desk
from coopt_dag.evaluation.evaluate import evaluate_pending
from coopt_dag.evaluation.register import register
from coopt_dag.evaluation.reports import private_path
from coopt_dag.evaluation.seal import seal, unseal
from coopt_dag.evaluation.submit import claim, fork, submit
from coopt_dag.execution.simulate import simulate
from coopt_dag.ledger.memory import MemoryLedger, MemorySigner
from coopt_dag.specs.challenge import load_challenge
from coopt_dag.specs.workspace import find_workspace
from coopt_dag.store.memory import MemoryStore
from tests.steps.bench import STEPS

if TYPE_CHECKING:
    from coopt_dag.specs.loaded import LoadedChallenge

pytestmark = pytest.mark.slow
LAB, ADA, BEN = (MemorySigner("0x" + digit * 40) for digit in "1ab")
KEY = AgeKey.new()
NOW = 1000
SECRET = b"rehearsal".ljust(32, b".")
"""So that everybody's quiz and sealed volumes are the same ones here."""
SIZES = {"public": 30, "quiz": 160, "sealed": 160}
"""A third of the challenge's own volumes; the gate is told to be content with them."""


@dataclass(frozen=True)
class Sprint:
    """An epoch in which two people handed in for one step, and was settled."""

    lab: Desk
    challenge: LoadedChallenge
    numbers: dict[str, int]
    table: dict[str, Any]

    def word(self, name: str) -> tuple[str, str]:
        found = self.lab.state().submissions[self.numbers[name]]
        return found.status, found.reason

    def gate(self, name: str) -> dict[str, Any]:
        text = private_path(self.lab, self.numbers[name]).read_text()
        return dict(json.loads(text)["gate"])


def shrunk(root: Path) -> Path:
    """Copy the challenge with fewer volumes."""
    folder = root / "steps/opera_showers"
    ignored = shutil.ignore_patterns("__pycache__", "pictures")
    shutil.copytree(STEPS / "opera_showers", folder, ignore=ignored)
    (root / "coopt.toml").write_text('schema = "coopt/workspace/1"\nname = "showers"\n')
    spec = yaml.safe_load((folder / "challenge.yaml").read_text())
    for split, targets in SIZES.items():
        spec["origin"]["simulator"][split]["params"] |= {"training": 60, "targets": targets}
    spec["gate"] |= {"min_clusters": 100}
    for name in ("validation", "plots"):
        spec.pop(name, None)
    (folder / "challenge.yaml").write_text(yaml.safe_dump(spec, sort_keys=False))
    for step in folder.glob("*/step.yaml"):  # that solutions repeat is tested for every one of them
        step.write_text(step.read_text() + "repeats: 1\n")
    return root


def offer(lab: Desk, challenge: LoadedChallenge, who: MemorySigner, source: str) -> int:
    desk = replace(lab, signer=who)
    claim(desk, "opera_showers", "reject_background", days=1)
    made = fork(
        desk, challenge, "reject_background", source=source, name=f"my_{source}", author="x"
    )
    submit(desk, challenge, made)
    return max(lab.state().submissions)


@pytest.fixture(scope="module")
def sprint(tmp_path_factory: pytest.TempPathFactory) -> Sprint:
    workspace = find_workspace(shrunk(tmp_path_factory.mktemp("showers")))
    challenge = load_challenge(workspace, "opera_showers")
    simulate(workspace, challenge, secret=SECRET, tell=lambda _line: None)
    lab = Desk(workspace, MemoryStore(), MemoryLedger(lambda: NOW), LAB)

    def tell(line: str) -> None:
        print(line)

    register(lab, challenge, cores=2, tell=tell)
    seal(lab, challenge, recipients=[], key=KEY)
    numbers = {}
    for who, source in ((BEN, "ranker"), (ADA, "boosted")):
        numbers[source] = offer(lab, challenge, who, source)
        evaluate_pending(lab, cores=2, tell=tell)
    unseal(lab, "opera_showers", epoch=1, key=KEY)
    case = open_case(lab, challenge, 1, now=NOW)
    made = settling.propose(case, *settling.publish(case, settling.measure(case, cores=2)))
    return Sprint(lab, challenge, numbers, made.table)


def test_a_better_background_filter_alone_improves_the_energy_resolution(sprint: Sprint) -> None:
    assert sprint.word("boosted")[0] == "record"
    found = sprint.gate("boosted")
    assert found["local"]["passed"]
    assert found["whole"]["gain"] > 3 * found["whole"]["error"] > 0


def test_a_filter_that_only_ranks_better_is_a_local_record(sprint: Sprint) -> None:
    assert sprint.word("ranker") == ("rejected", "local_record")
    found = sprint.gate("ranker")
    assert (found["local"]["passed"], found["whole"]["passed"]) == (True, False)
    assert found["whole"]["gain"] < 0


def test_the_settlement_pays_the_step_that_helped_and_little_for_the_local_record(
    sprint: Sprint,
) -> None:
    result = sprint.table["result"]
    gains = {row["step"]: row["raw"] for row in result["rows"] if row["raw"]}
    assert set(gains) == {"reject_background"}  # the whole gain is one step's
    assert result["gain"] > 0
    paid = {leaf.account: leaf.amount for leaf in tables.leaves_of(sprint.table)}
    assert paid[ADA.address] > paid.get(BEN.address, 0)
