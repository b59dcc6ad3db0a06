"""Settling and redeeming as people type it, also when the machine goes down meanwhile."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Desk

pytestmark = pytest.mark.slow


def improve(desk: Desk, who: str, step: str, source: str) -> None:
    """Let somebody claim a step, fork a better solution, and submit it."""
    desk("claim", f"tiny/{step}", "--as", who)
    desk("fork", f"tiny/{step}@{source}", who, "--author", who)
    folder = f"steps/tiny/{step}/solutions/{who}"
    (desk.root / folder / "NOTES.txt").write_text(f"by {who}\n")
    desk("submit", folder, "--as", who)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose challenge had two records in epoch 1, which is over and not settled."""
    home = tmp_path_factory.mktemp("settling")
    desk = Desk(home, "lab", "ada", "ben")
    desk("challenge", "register", "tiny", "--as", "lab")
    desk("seal", "tiny", "--as", "lab")
    improve(desk, "ada", "add", "all_of_them")
    improve(desk, "ben", "double", "twice")
    desk("evaluate", "tiny", "--as", "lab")
    desk.complaint("settle", "tiny", "--as", "lab", code=9)  # still open
    desk("unseal", "tiny", "--epoch", "1", "--as", "lab")
    return home


@pytest.fixture
def desk(ended: Path, tmp_path: Path) -> Desk:
    """A copy of that home."""
    found = Desk.__new__(Desk)
    shutil.copytree(ended, tmp_path / "home", symlinks=True)
    found.root = tmp_path / "home" / "tiny"
    found.ids = found.root / ".coopt" / "ids"
    env = Desk(tmp_path / "other").env
    secret = tmp_path / "home" / "passphrase"
    found.env = env | {"COOPT_PASSPHRASE_FILE": str(secret), "HOME": str(tmp_path / "home")}
    return found


def amounts(found: list[dict[str, Any]]) -> list[int]:
    return [row["amount"] for row in found]


def test_an_epoch_is_estimated_settled_and_redeemed_and_nothing_happens_twice(desk: Desk) -> None:
    before = desk.json("settle", "tiny", "--dry-run", "--as", "lab")
    assert (before["configurations"], before["node_runs"], before["one_by_one"]) == (4, 6, 8)
    assert before["there"] + before["to_run"] == 6
    made = desk.json("settle", "tiny", "--as", "lab")
    # as in tests/evaluation/test_settle.py: 210 and 80 parts of 290, of 700
    assert (made["pot"], sorted(made["payments"].values()), made["new"]) == (700, [193, 507], True)
    again = desk.json("settle", "tiny", "--as", "lab")
    assert again == made | {"new": False, "tx_hash": None}
    assert "comes out the same" in desk("settle", "tiny", "--as", "lab").stdout
    assert "about" in desk("settle", "tiny", "--dry-run", "--as", "lab").stdout
    (mine,) = desk.json("redeem", "tiny", "--as", "ada")
    assert (mine["amount"], mine["new"]) == (507, True)
    assert "already" in desk("redeem", "tiny", "--as", "ada").stdout
    # the lab redeems for Ben, to whom it goes
    (theirs,) = desk.json("redeem", "tiny", "--for", "ben", "--as", "lab")
    assert (theirs["amount"], theirs["account"]) == (193, desk.hand("ben").address)
    nothing = desk("redeem", "tiny", "--as", "lab")
    assert "paid nothing" in nothing.stdout
    assert "coopt credit" in nothing.stderr


def test_what_cannot_be_settled_or_redeemed_is_refused_with_the_next_move(desk: Desk) -> None:
    assert "coopt settle tiny" in desk.complaint("redeem", "tiny", "--as", "ada", code=4)
    desk.complaint("settle", "tiny", "--epoch", "7", "--as", "lab", code=4)
    assert "owner" in desk.complaint("settle", "tiny", "--as", "ada", code=9)


def test_a_settlement_that_is_killed_anywhere_ends_in_the_same_table(desk: Desk) -> None:
    whole = shutil.copytree(desk.root, desk.root.with_name("whole"), symlinks=True)
    words = desk.words("settle", "tiny", "--as", "lab", "--json")
    delay_s, kills = 1.2, 0
    while True:
        process = subprocess.Popen(
            words, cwd=desk.root, env=desk.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            out, _ = process.communicate(timeout=delay_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills, delay_s = kills + 1, delay_s + 0.7
            continue
        assert process.returncode == 0, out
        break
    assert kills >= 2
    made = desk.json("settle", "tiny", "--as", "lab")
    desk.root = whole
    straight = desk.json("settle", "tiny", "--as", "lab")
    assert made["table_cid"] == straight["table_cid"]
    assert made["new"] is False
