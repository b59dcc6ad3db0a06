"""Commands as a user types them: a process each, exit codes, text on the right stream."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.workspaces import tiny


class Shell:
    """Runs `coopt` in a workspace of its own, with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.root = tiny(home / "tiny")
        secret = home / "passphrase"
        secret.write_text("correct horse\n")
        self.env = os.environ | {"COOPT_PASSPHRASE_FILE": str(secret), "HOME": str(home)}
        self.env.setdefault("COOPT_CACHE", os.environ.get("COOPT_TEST_CACHE", str(home / "cache")))

    def __call__(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "coopt_dag.cli", *words],
            cwd=self.root,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json").stdout)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(tmp_path_factory.mktemp("home"))


def test_the_whole_loop_works_from_the_command_line(shell: Shell) -> None:
    shell("id", "new", "lab")
    shell("id", "new", "ada")
    assert [i["name"] for i in shell.json("id", "list")] == ["ada", "lab"]
    assert len(shell.json("challenge", "register", "tiny", "--as", "lab")) == 2
    shell("claim", "tiny/add", "--as", "ada")
    folder = shell("fork", "tiny/add@all_of_them", "mine", "--author", "Ada").stdout.strip()
    lines = shell.json("check", folder)["lines"]
    assert lines[0]["who"] == "candidate"
    cid = shell.json("submit", folder, "--as", "ada")["solution_cid"]
    assert cid.startswith("bafybei")
    (verdict,) = shell.json("evaluate", "--as", "lab")
    assert (verdict["status"], verdict["solution_cid"]) == ("record", cid)
    board = shell.json("board", "tiny/add")
    assert [(r["who"], r["head"]) for r in board] == [("ada", True), ("lab", False)]
    assert shell.json("log", "--last", "1")[0]["event"] == "Scored"
    assert shell.json("profile", "ada")["records"] == 1
    assert "record" in shell("board", "tiny").stdout


def test_a_refusal_of_the_ledger_has_its_own_exit_code(shell: Shell) -> None:
    done = shell("claim", "tiny/nothing", "--as", "ada", code=9)
    assert "hint: " in done.stderr


def test_results_go_to_stdout_and_progress_to_stderr(shell: Shell) -> None:
    done = shell("run", "tiny", "--with", "double=twice")
    assert "written: results/tiny/" in done.stdout
    assert "double/twice done" in done.stderr


def test_a_dry_run_runs_nothing(shell: Shell) -> None:
    before = shell.json("run", "tiny", "--dry-run", "--with", "add=all_of_them", "--split", "quiz")
    after = shell.json("run", "tiny", "--dry-run", "--with", "add=all_of_them", "--split", "quiz")
    assert before["executed"] == after["executed"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("run", "tinny"), 4, "did you mean 'tiny'?"),
        (("run", "tiny", "--with", "double"), 2, "STEP=SOLUTION"),
        (("run", "tiny", "--with", "dubble=twice"), 4, "did you mean 'double'?"),
        (("board", "nothing"), 4, "coopt challenge register nothing"),
        (("check", "nowhere"), 2, "no such folder"),
        (("claim", "tiny"), 2, "CHALLENGE/STEP"),
        (("no_such_command",), 2, "No such command"),
        (("profile", "nobody"), 4, "nobody"),
        (("data", "fetch", "tiny"), 7, "origin"),
    ],
)
def test_wrong_words_get_a_code_and_a_next_move(
    shell: Shell, words: tuple[str, ...], code: int, said: str
) -> None:
    assert said in shell(*words, code=code).stderr


def test_errors_are_json_too(shell: Shell) -> None:
    done = shell("run", "tinny", "--json", code=4)
    (error,) = json.loads(done.stdout)["errors"]
    assert (error["error"], error["exit_code"]) == ("UnknownNameError", 4)


def test_outside_of_a_workspace_the_next_move_is_init(shell: Shell, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "coopt_dag.cli", "run", "tiny"],
        cwd=tmp_path,
        env=shell.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 13
    assert "coopt init" in done.stderr


def test_init_makes_a_workspace_that_lints(shell: Shell, tmp_path: Path) -> None:
    shell("init", str(tmp_path / "new"))
    assert "no problems" in shell("lint", str(tmp_path / "new")).stdout
    shell("init", str(tmp_path / "new"), code=2)


def test_a_wrong_passphrase_opens_nothing(shell: Shell, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("battery staple\n")
    words = ("claim", "tiny/add", "--as", "ada", "--passphrase-file", str(wrong))
    assert "does not open" in shell(*words, code=11).stderr


def test_help_of_every_command_carries_an_example(shell: Shell) -> None:
    from coopt_dag.cli.app import app

    names = [c.name for c in app.registered_commands]
    names += [g.name for g in app.registered_groups if g.name == "evaluate"]
    assert {"run", "claim", "fork", "check", "submit", "evaluate", "demo"} <= set(names)
    for name in names:
        assert "Example: coopt" in shell(str(name), "--help").stdout


def test_doctor_tells_what_is_missing(shell: Shell) -> None:
    rows = {r["what"]: r for r in shell.json("doctor")}
    assert rows["python"]["ok"]
    assert "14 attacks" in rows["isolation"]["found"]


@pytest.mark.npm
def test_a_shared_chain_is_a_ledger_too(shell: Shell, tmp_path: Path) -> None:
    anvil = Path(__file__).parents[2] / "contracts/node_modules/.bin/anvil"
    if not anvil.exists():
        pytest.skip("anvil is not installed: npm ci in contracts/")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [str(anvil), "--port", str(port), "--base-fee", "0", "--gas-price", "0", "--silent"]
    chain = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        other = Shell(tmp_path)
        other("id", "new", "lab")
        url = f"http://127.0.0.1:{port}"
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        said = other("ledger", "deploy", url, "--as", "lab").stdout
        with (other.root / "coopt.toml").open("a") as file:
            file.write(said)
        assert len(other.json("challenge", "register", "tiny", "--as", "lab")) == 2
        assert [r["status"] for r in other.json("board", "tiny")] == ["record", "record"]
    finally:
        chain.kill()
        chain.wait()
