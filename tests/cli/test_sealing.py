"""Sealing as people type it: an owner, and a third workspace with only ledger and store."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from coopt_dag.cli.wiring import LEDGER_FILE
from coopt_dag.store.dvc.place import CONTENT_STORE
from tests.workspaces import tiny

pytestmark = pytest.mark.slow


class People:
    """Runs `coopt` in workspaces that share a passphrase file and nothing else."""

    def __init__(self, home: Path) -> None:
        self.home = home
        secret = home / "passphrase"
        secret.write_text("correct horse\n")
        self.env = os.environ | {"COOPT_PASSPHRASE_FILE": str(secret), "HOME": str(home)}
        self.env.setdefault("COOPT_CACHE", os.environ.get("COOPT_TEST_CACHE", str(home / "cache")))

    def run(self, where: str, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "coopt_dag.cli", *words],
            cwd=self.home / where,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done

    def json(self, where: str, *words: str, code: int = 0) -> Any:
        return json.loads(self.run(where, *words, "--json", code=code).stdout)


def test_owner_seals_and_unseals_and_a_third_workspace_names_a_changed_byte(tmp_path: Path):
    people = People(tmp_path)
    owner = tiny(tmp_path / "owner")
    people.run("owner", "id", "new", "lab")
    people.run("owner", "id", "new", "judge")
    people.run("owner", "challenge", "register", "tiny", "--as", "lab")
    recipient = people.json("owner", "id", "recipient", "judge")["recipient"]
    assert recipient == people.run("owner", "id", "recipient", "judge").stdout.strip()
    first = people.json("owner", "seal", "tiny", "--to", "judge", "--as", "lab")
    assert (first["epoch"], first["files"], first["new"]) == (1, 6, True)
    again = people.json("owner", "seal", "tiny", "--to", recipient, "--as", "lab")
    assert again == first | {"new": False}
    done = people.run("owner", "seal", "tiny", "--to", "age1nobody", "--as", "lab", code=11)
    assert "coopt id recipient" in done.stderr
    people.run("owner", "seal", "tiny", "--as", "judge", code=11)

    early = people.run("owner", "challenge", "verify", "tiny", code=14)
    assert "coopt unseal tiny --epoch 1" in early.stderr
    shown = people.run("owner", "challenge", "verify", "tiny", "--as", "judge")
    assert first["root"] in shown.stdout
    opened = people.run("owner", "unseal", "tiny", "--epoch", "1", "--as", "lab")
    assert "open to everybody" in opened.stdout
    people.run("owner", "unseal", "tiny", "--epoch", "2", "--as", "lab", code=4)

    third = tmp_path / "third"
    (third / ".coopt").mkdir(parents=True)
    shutil.copy(owner / "coopt.toml", third)
    shutil.copytree(owner / ".coopt" / CONTENT_STORE, third / ".coopt" / CONTENT_STORE)
    for file in (owner / ".coopt").glob(f"{LEDGER_FILE}*"):
        shutil.copy(file, third / ".coopt")
    shutil.copytree(owner / "data" / "tiny", tmp_path / "copy")
    found = people.json("third", "challenge", "verify", "tiny", "--against", "../copy")
    assert (found["root"], len(found["files"])) == (first["root"], 6)
    path = tmp_path / "copy/sealed/total.json"
    path.write_bytes(path.read_bytes().replace(b"3", b"4", 1))
    done = people.run("third", "challenge", "verify", "tiny", "--against", "../copy", code=6)
    assert done.stderr.startswith("sealed/total.json: chunk 0 (bytes 0 to 15)")
    assert "PASS" not in done.stdout
