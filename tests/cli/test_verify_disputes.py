"""Whoever finds a divergence in a settlement disputes it, as people type it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from coopt_dag.ledger import actions as ac
from coopt_dag.ledger.embedded import open_embedded
from tests.cli.stage import BOND, REPORT, Stage

SETTLEMENT = ("dispute", "settlement", "tiny", "--epoch", "0")
VOTE = ("dispute", "settlement-vote", "tiny", "--epoch", "0")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Lab has settled epoch 0, which a seal has ended, and evidence is at hand."""
    made = Stage(tmp_path)
    lab = made.keys["lab"]
    with closing(open_embedded(made.ledger_file)) as ledger:
        ledger.send(ac.Seal("tiny", "ab" * 32, REPORT), signer=lab)
        ledger.send(ac.ProposeSettlement("tiny", 0, "cd" * 32, REPORT, 5), signer=lab)
    made.write("divergence.json", '{"kind": "changed_payment"}\n')
    made.write("found.md", "it does not come out here either\n")
    made.fund("bob", BOND)
    return made


def standing(stage: Stage) -> tuple[bool, bool]:
    with closing(open_embedded(stage.ledger_file)) as ledger:
        from coopt_dag.ledger.state import project

        entry = project(ledger.events()).settlements["tiny", 0]
    return entry.dispute is not None, entry.is_struck


def test_a_settlement_is_disputed_with_evidence_and_struck_by_the_other_evaluators(stage: Stage):
    made = stage.json(*SETTLEMENT, "--evidence", "divergence.json", "--as", "bob")
    assert made["bond_wei"] == BOND
    assert standing(stage) == (True, False)
    first = stage.json(*VOTE, "--upheld", "--report", "found.md", "--as", "eva")
    # lab proposed it, so that eva and tom are left, and more than half of two is two
    assert (first["given"], first["needed"], first["tx_hash"]) == (1, 2, "")
    last = stage.json(*VOTE, "--upheld", "--as", "tom")
    assert (last["given"], last["report_cid"]) == (2, first["report_cid"])
    assert standing(stage) == (False, True)
    assert stage.json("balance", "bob")["owed_by_treasury"] == BOND


def test_what_cannot_be_is_refused_with_a_next_move(stage: Stage):
    wrong = [
        ((*VOTE, "--upheld", "--report", "found.md", "--as", "eva"), 9, "nobody disputes"),
        (("dispute", "settlement-lapse", "tiny", "--epoch", "0", "--as", "bob"), 9, "nobody"),
        (
            ("dispute", "settlement", "tiny", "--epoch", "7", "--evidence", "x", "--as", "bob"),
            4,
            "no settled epoch",
        ),
    ]
    for words, code, said in wrong:
        assert said in stage(*words, code=code).stderr, words
    stage(*SETTLEMENT, "--evidence", "divergence.json", "--as", "bob")
    wrong = [
        ((*SETTLEMENT, "--evidence", "divergence.json", "--as", "bob"), 9, "in dispute already"),
        ((*VOTE, "--as", "eva"), 2, "how do you vote?"),
        ((*VOTE, "--upheld", "--as", "eva"), 2, "whose report do you join?"),
        ((*VOTE, "--upheld", "--report", "found.md", "--as", "lab"), 9, "not who proposed"),
        ((*VOTE, "--upheld", "--report", "found.md", "--as", "bob"), 9, "evaluators vote"),
        (("dispute", "settlement-lapse", "tiny", "--epoch", "0", "--as", "bob"), 9, ""),
    ]
    for words, code, said in wrong:
        done = stage(*words, code=code)
        assert said in done.stderr, words
        assert "hint: " in done.stderr, words


def test_nobody_says_yes_and_no_about_a_settlement(stage: Stage):
    stage(*SETTLEMENT, "--evidence", "divergence.json", "--as", "bob")
    stage(*VOTE, "--upheld", "--report", "found.md", "--as", "eva")
    words = (*VOTE, "--rejected", "--report", "divergence.json", "--as", "eva")
    assert "cannot be taken back" in stage(*words, code=2).stderr
