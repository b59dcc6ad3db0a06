"""Bounties as sponsors type them: put up, listed, given back, released."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coopt_dag.store.folders import cid_of
from tests.cli.stage import Stage

pytestmark = pytest.mark.slow

ETH = 10**18
FUND = ("bounty", "fund", "tiny/add", "--until", "2099-06-30", "--terms", "terms.md", "--as", "bob")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    made.fund("bob", ETH)
    made.write("terms.md", "For the best sum.\n")
    return made


def test_a_bounty_leaves_the_sponsors_account_and_is_listed(stage: Stage) -> None:
    done = stage(*FUND, "--amount", "0.05eth")
    assert "bounty 1: 0.05 ETH for tiny/add" in done.stdout
    assert str(cid_of(stage.root / "terms.md")) in done.stdout
    assert "free again from 2099-06-30 00:00 UTC: coopt bounty refund 1" in done.stderr
    assert stage.json("balance", "bob")["holds"] == ETH - ETH // 20
    (row,) = stage.json("bounty", "list", "tiny")
    assert (row["for"], row["sponsor"], row["left"], row["payee"]) == (
        "tiny/add",
        "bob",
        ETH // 20,
        None,
    )
    assert row["state"] == "until 2099-06-30 00:00 UTC"
    assert stage.json("bounty", "list", "other") == []


def test_a_mini_grant_is_paid_when_its_sponsor_releases_it(stage: Stage) -> None:
    made = stage.json(*FUND, "--amount", "7wei", "--payee", "ada", "--epoch", "3")
    assert (made["id"], made["amount"], made["epoch"]) == (1, 7, 3)
    assert "hint: " in stage("bounty", "release", "1", "--as", "ada", code=9).stderr
    done = stage("bounty", "release", "1", "--as", "bob")
    assert "bounty 1: 7 wei was paid to its payee" in done.stdout
    assert stage.json("balance", "ada")["holds"] == 7
    assert stage.json("bounty", "list")[0]["state"] == "empty"


def test_nothing_is_given_back_before_the_deadline(stage: Stage) -> None:
    stage(*FUND, "--amount", "1gwei")
    done = stage("bounty", "refund", "1", "--as", "bob", code=9)
    assert "nothing of bounty 1 is free before 2099-06-30 00:00 UTC" in done.stderr


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"--amount": "5"}, 2, "0.05eth, 20gwei or 7wei"),
        ({"--amount": "0.5wei"}, 2, "no whole number of wei"),
        ({"--amount": "2eth"}, 2, "coopt faucet"),
        ({"--until": "tomorrow"}, 2, "2033-05-18"),
        ({"--until": "2020-01-01"}, 9, "deadline lies ahead"),
        ({"--terms": "nowhere.md"}, 2, "no file here and no CID"),
        ({"--payee": "nobody"}, 4, "nobody"),
        ({"--token": "0x" + "9" * 40}, 9, "no token contract at this address"),
        ({"--token": "0x" + "9" * 40, "--amount": "1eth"}, 2, "smallest units"),
    ],
)
def test_an_offer_that_makes_no_sense_is_refused(
    stage: Stage, changes: dict[str, str], code: int, said: str
) -> None:
    words = {"--amount": "1wei", "--until": "2099-06-30", "--terms": "terms.md"} | changes
    if "--token" in changes and "--amount" not in changes:
        words["--amount"] = "1"
    flat = [part for pair in words.items() for part in pair]
    done = stage("bounty", "fund", "tiny/add", *flat, "--as", "bob", code=code)
    assert said in done.stderr
    assert stage.json("bounty", "list") == []


def test_unknown_challenges_steps_and_bounties_are_named(stage: Stage) -> None:
    words = ("--amount", "1wei", *FUND[3:])
    assert "did you mean 'tiny'?" in stage("bounty", "fund", "tinny", *words, code=4).stderr
    assert "did you mean 'add'?" in stage("bounty", "fund", "tiny/ad", *words, code=4).stderr
    assert "coopt bounty list" in stage("bounty", "refund", "4", "--as", "bob", code=4).stderr


def test_a_wrong_offer_is_json_too(stage: Stage) -> None:
    done = stage(*FUND, "--amount", "5", "--json", code=2)
    (error,) = json.loads(done.stdout)["errors"]
    assert error["error"] == "UsageError"
