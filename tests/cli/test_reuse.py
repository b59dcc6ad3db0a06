"""`coopt reuse` as a user types it, and how anchors look in the log."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from coopt_dag.ledger.actions import Anchor, RegisterChallenge
from coopt_dag.ledger.memory import MemoryLedger, MemorySigner
from coopt_dag.report.board import log_row
from tests.cli.test_commands import Shell


def empty(folder: Path) -> None:
    """Throw a node store away, read-only as it is."""
    for path in folder.rglob("*"):
        path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A workspace with two recorded baselines, whose nodes are all gone."""
    made = Shell(tmp_path_factory.mktemp("home"))
    made("id", "new", "lab")
    made("challenge", "register", "tiny")
    empty(made.root / "store")
    return made


def test_a_challenges_outputs_come_back_without_running_anything(shell: Shell) -> None:
    rows = shell.json("reuse", "tiny")
    assert [(r["step"], r["status"]) for r in rows] == [("double", "brought"), ("add", "brought")]
    done = shell("run", "tiny", "--split", "public", "--no-score", "--json")
    outcome = json.loads(done.stdout)
    assert (outcome["executed"], outcome["reused"], outcome["believed"]) == (0, 2, 2)
    assert "2 nodes were believed" in done.stderr
    again = shell.json("reuse", "tiny/add")
    assert {r["status"] for r in again} == {"there already"}


def test_a_step_is_brought_by_its_cid_alone(shell: Shell) -> None:
    row = shell.json("reuse", "tiny/double")[0]
    empty(shell.root / "store")
    done = shell("reuse", row["cid"])
    assert row["folder"] in done.stdout
    assert "brought" in done.stdout
    assert "believed, not run here" in done.stderr
    assert (shell.root / row["folder"] / "manifest.json").is_file()


def test_check_says_how_many_nodes_it_believed(shell: Shell) -> None:
    shell("reuse", "tiny")
    folder = "steps/tiny/add/solutions/all_of_them"
    assert shell.json("check", folder)["believed"] == 2
    assert "2 nodes were believed" in shell("check", folder).stderr


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("tiny/dubble", 4, "did you mean 'double'?"),
        ("tinny", 4, "did you mean 'tiny'?"),
        # nobody has an empty file here
        ("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", 14, "no block"),
        # a lone file that everybody could have added: the challenge's specification
        ("SPEC", 16, "no node"),
        ("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvykz", 2, "canonical"),
    ],
)
def test_what_cannot_be_reused_has_a_code_and_a_next_move(
    shell: Shell, name: str, code: int, said: str
) -> None:
    if name == "SPEC":
        events = shell.json("log", "--last", "100")
        name = next(e["fields"]["spec_cid"] for e in events if e["event"] == "StepRegistered")
    done = shell("reuse", name, code=code)
    assert said in done.stderr
    assert "hint: " in done.stderr


def test_the_log_tells_who_anchored_which_root_for_which_revision() -> None:
    ledger, who = MemoryLedger(lambda: 1000), MemorySigner("0x" + "a" * 40)
    ledger.send(RegisterChallenge("tiny", "m", (who.address,)), signer=who)
    (event,) = ledger.send(Anchor("tiny", "v1", "bafyroot"), signer=who).events
    row = log_row(event, name_of=lambda address: f"<{address[:4]}>")
    assert (row["event"], row["who"]) == ("Anchored", "<0xaa>")
    assert row["fields"] == {"challenge": "tiny", "revision": "v1", "root_cid": "bafyroot"}
