"""Doubts about a record as people type them: bond, votes, and where the coin goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from coopt_dag.store.folders import cid_of
from tests.cli.stage import BOND, Stage

pytestmark = pytest.mark.slow


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    made.fund("bob", 3 * BOND)
    made.write("evidence.md", "It reads the truth.\n")
    made.write("found.md", "I ran it without the truth: it fails.\n")
    return made


def disputed(stage: Stage) -> None:
    stage("dispute", "open", "2", "--evidence", "evidence.md", "--as", "bob")


def test_opening_a_dispute_says_what_it_costs_and_until_when(stage: Stage) -> None:
    done = stage("dispute", "open", "2", "--evidence", "evidence.md", "--as", "bob")
    assert "the bond is 0.001 ETH: yours again unless it proves unfounded" in done.stderr
    assert "evaluators have 2 days to vote" in done.stderr
    assert "submission 2 is disputed; the evaluators vote until " in done.stdout
    assert str(cid_of(stage.root / "evidence.md")) in done.stdout
    assert stage.json("balance", "bob")["holds"] == 2 * BOND
    (row,) = stage.json("board", "tiny/add")[:1]
    assert (row["id"], row["status"]) == (2, "contested")
    assert row["standing"].startswith("vote until ")


def test_two_of_three_evaluators_strike_a_record_and_the_bond_comes_back(stage: Stage) -> None:
    disputed(stage)
    first = stage("dispute", "vote", "2", "--upheld", "--report", "found.md", "--as", "eva")
    assert "voted 'upheld': 1 of 2 votes, 1 missing" in first.stdout
    assert f"votes lie in {stage.root}/.coopt/votes" in first.stderr
    (row,) = stage.json("dispute", "list")
    assert (row["state"], row["needed"]) == ("open", 2)
    assert [(v["upheld"], v["voters"]) for v in row["votes"]] == [(True, ["eva"])]
    last = stage("dispute", "vote", "2", "--upheld", "--as", "tom")
    assert f"joins the report {cid_of(stage.root / 'found.md')}" in last.stderr
    assert "the doubt is upheld, by 2 votes" in last.stdout
    rows = stage.json("board", "tiny/add")
    assert [(r["id"], r["status"], r["head"]) for r in rows] == [
        (1, "record", True),
        (2, "struck", False),
    ]
    purse = stage.json("balance", "bob")
    assert (purse["holds"], purse["owed_by_ledger"]) == (2 * BOND, BOND)
    (paid,) = stage.json("withdraw", "--as", "bob")
    assert (paid["contract"], paid["amount_wei"]) == ("ledger", BOND)
    assert "nothing is owed to you" in stage("withdraw", "--as", "bob").stdout
    assert stage.json("balance", "bob")["holds"] == 3 * BOND


def test_an_unfounded_dispute_leaves_the_bond_to_the_author(stage: Stage) -> None:
    disputed(stage)
    stage("dispute", "vote", "2", "--rejected", "--report", "found.md", "--as", "eva")
    done = stage.json("dispute", "vote", "2", "--rejected", "--as", "lab")
    assert (done["given"], done["needed"], done["missing"]) == (2, 2, 0)
    (row,) = stage.json("dispute", "list", "tiny")
    assert (row["state"], row["bond_to"], row["by"]) == ("rejected", "ada", "bob")
    assert stage.json("balance", "ada")["owed_by_ledger"] == BOND
    again = stage("dispute", "open", "2", "--evidence", "evidence.md", "--as", "bob", code=9)
    assert "its record stands for good" in again.stderr


def test_what_cannot_be_done_has_a_code_and_a_next_move(stage: Stage) -> None:
    disputed(stage)
    wrong = [
        (("open", "2", "--evidence", "evidence.md", "--as", "eva"), 9, "in dispute already"),
        (("open", "9", "--evidence", "evidence.md", "--as", "eva"), 4, "the latest is 2"),
        (("open", "1", "--evidence", "nowhere.md", "--as", "bob"), 2, "no file here and no CID"),
        (("open", "1", "--evidence", "evidence.md", "--as", "ada"), 2, "coopt faucet"),
        (("vote", "2", "--as", "eva"), 2, "--upheld (it is wrong) or --rejected"),
        (("vote", "2", "--upheld", "--as", "eva"), 2, "whose report do you join?"),
        (("vote", "2", "--upheld", "--report", "found.md", "--as", "ada"), 9, "only evaluators"),
        (("vote", "1", "--upheld", "--report", "found.md", "--as", "eva"), 9, "coopt dispute list"),
        (("lapse", "2", "--as", "ada"), 9, "the evaluators have time until"),
    ]
    for words, code, said in wrong:
        done = stage("dispute", *words, code=code)
        assert said in done.stderr, words
        assert "hint: " in done.stderr, words


def test_a_disputer_who_judges_has_no_vote_on_it(stage: Stage) -> None:
    stage.fund("tom", BOND)
    stage("dispute", "open", "2", "--evidence", "evidence.md", "--as", "tom")
    words = ("dispute", "vote", "2", "--upheld", "--report", "found.md")
    assert "its own dispute" in stage(*words, "--as", "tom", code=9).stderr
    # two evaluators are left, and more than half of two is two
    assert stage.json(*words, "--as", "lab")["needed"] == 2


def test_a_dispute_can_be_signed_for_somebody_who_pays_the_bond(stage: Stage) -> None:
    words = ("dispute", "open", "2", "--evidence", "evidence.md", "--as", "ada")
    assert stage("faucet", "1wei", "--to", "ada").returncode == 0
    done = stage(*words, "--sign-to", "out")
    assert "coopt relay FOLDER" in done.stderr
    stage("relay", "out", "--value-wei", str(BOND), "--as", "bob")
    (row,) = stage.json("dispute", "list")
    assert row["by"] == "ada"
    assert stage.json("balance", "bob")["holds"] == 2 * BOND


def test_the_last_vote_can_be_signed_for_a_relay(stage: Stage) -> None:
    disputed(stage)
    stage("dispute", "vote", "2", "--upheld", "--report", "found.md", "--as", "eva")
    done = stage("dispute", "vote", "2", "--upheld", "--as", "tom", "--sign-to", "out")
    assert "2 votes for 'upheld' wait for a relay" in done.stdout
    stage("relay", "out", "--as", "bob")
    assert stage.json("dispute", "list")[0]["state"] == "upheld"


def test_nobody_says_yes_and_no(stage: Stage) -> None:
    disputed(stage)
    stage("dispute", "vote", "2", "--upheld", "--report", "found.md", "--as", "eva")
    words = ("dispute", "vote", "2", "--report", "evidence.md", "--as", "eva")
    assert "cannot be taken back" in stage(*words, "--rejected", code=2).stderr
    # another report that says the same is another chance to agree
    assert stage.json(*words, "--upheld")["given"] == 1
