"""What people say of submissions, who judges, and the pages that tell it all."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from coopt_dag.ledger import actions as ac
from coopt_dag.ledger import events as ev
from coopt_dag.ledger.embedded import open_embedded
from coopt_dag.ledger.hashing import opening_hash
from coopt_dag.report.sentences import _SENTENCES, sentence
from tests.cli.stage import REPORT, Stage

pytestmark = pytest.mark.slow


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    made.write("found.md", "The same, to the last digit.\n")
    return made


def test_a_review_and_an_endorsement_are_shown_everywhere(stage: Stage) -> None:
    made = stage.json("review", "2", "--reproduced", "found.md", "--as", "bob")
    assert made["opinion"] == "reproduced"
    stage("endorse", "2", "--as", "bob")
    stage.as_process("endorse", "2", "--as", "eva")
    board = {r["id"]: r["said"] for r in stage.json("board", "tiny")}
    assert board == {1: "", 2: "1 reproduced, 2 endorse"}
    assert "1 reproduced, 2 endorse" in stage("board", "tiny").stdout
    mine = stage.json("profile", "ada")
    assert (mine["reviews_received"], mine["endorsements_received"]) == (1, 2)
    told = stage("profile", "bob").stdout
    assert "reviews: 1 given, 0 received; endorsements: 1 given, 0 received" in told
    page = stage.json("show", "2")
    assert page["reviews"][0]["cid"] == made["review_cid"]
    assert page["endorsed_by"] == ["bob", "eva"]


def test_opinions_move_no_score(stage: Stage) -> None:
    before = [(r["score"], r["head"], r["status"]) for r in stage.json("board", "tiny")]
    stage("review", "2", "--concern", "found.md", "--as", "bob")
    after = [(r["score"], r["head"], r["status"]) for r in stage.json("board", "tiny")]
    assert before == after


def test_nobody_reviews_its_own_work_and_each_endorses_once(stage: Stage) -> None:
    stage("endorse", "2", "--as", "bob")
    wrong = [
        (("endorse", "2", "--as", "bob"), 9, "once is enough"),
        (("endorse", "2", "--as", "ada"), 9, "its own submission"),
        (("review", "2", "--comment", "found.md", "--as", "ada"), 9, "its own submission"),
        (("review", "7", "--comment", "found.md", "--as", "bob"), 4, "the latest is 2"),
        (("review", "2", "--as", "bob"), 2, "--reproduced, --concern, --comment"),
        (
            ("review", "2", "--comment", "found.md", "--concern", "found.md", "--as", "bob"),
            2,
            "one of --reproduced",
        ),
    ]
    for words, code, said in wrong:
        assert said in stage(*words, code=code).stderr, words


def test_a_student_without_coin_signs_a_review_for_a_relay(stage: Stage) -> None:
    stage("review", "2", "--comment", "found.md", "--as", "bob", "--sign-to", "out")
    assert stage.json("show", "2")["reviews"] == []
    stage("relay", "out", "--as", "lab")
    assert [r["who"] for r in stage.json("show", "2")["reviews"]] == ["bob"]


def test_the_page_of_a_submission_tells_how_it_came_about(stage: Stage) -> None:
    page = stage.json("show", "2")
    assert (page["status"], page["head"], page["parents"]) == ("record", True, [1])
    assert (page["before"], page["score"], page["improvement"]) == ("40", "22", "18")
    assert [h["event"] for h in page["history"]] == ["Committed", "Submitted", "Scored"]
    assert stage.json("show", "1")["built_upon_by"] == [2]
    text = stage("show", "2").stdout
    assert "submission 2: tiny/add by ada" in text
    assert "record, holds the step's record; can be disputed until " in text
    assert "score: 40 -> 22 (gain 18)" in text
    assert "is a record: 40 -> 22" in text
    assert "coopt board" in stage("show", "9", code=4).stderr


def test_the_page_shows_a_quorum_at_work(tmp_path: Path) -> None:
    stage = Stage(tmp_path, quorum=2)
    keys = [stage.keys[n] for n in ("eva", "tom")]
    openings = [ac.Opening(k.address, 40, 40, "", REPORT, "33" * 32) for k in keys]
    with closing(open_embedded(stage.ledger_file)) as ledger:
        for hand, opening in zip(keys, openings, strict=True):
            promise = ac.ScoreCommitment(hand.address, opening_hash(1, opening))
            ledger.send(ac.CommitScores(1, (promise,)), signer=hand)
            if hand is keys[0]:
                board = stage("board", "tiny").stdout
                assert "1 of 2 evaluators have committed" in board
        assert "quorum complete, 0 of 2 shown; to be shown by " in stage("board", "tiny").stdout
        base = next(e.base for e in ledger.events() if isinstance(e, ev.ScoresCommitted))
        ledger.send(ac.RevealScores(1, base, tuple(openings)), signer=stage.keys["bob"])
    page = stage.json("show", "1")
    assert [(a["who"], a["reason"]) for a in page["attestations"]] == [("eva", ""), ("tom", "")]
    assert {r["who"]: r["judged"] for r in stage.json("evaluators", "tiny")} == {
        "lab": 0,
        "eva": 1,
        "tom": 1,
    }


def test_an_owner_names_evaluators_and_lets_them_go_with_a_weeks_notice(stage: Stage) -> None:
    rows = stage.json("evaluators", "tiny")
    assert [(r["who"], r["state"]) for r in rows] == [
        ("lab", "judges"),
        ("eva", "judges"),
        ("tom", "judges"),
    ]
    assert rows[0]["judged"] == 2
    rows = stage.json("evaluators", "tiny", "add", "bob", "--as", "lab")
    assert rows[-1]["state"].startswith("judges from ")
    stage("evaluators", "tiny", "retire", "tom", "--as", "lab")
    assert "judges until " in stage("evaluators", "tiny").stdout
    wrong = [
        (("tiny", "add", "ada", "--as", "ada"), 9, "only the challenge's owner"),
        (("tiny", "add", "bob", "--as", "lab"), 9, "was named before"),
        (("tiny", "retire", "ada", "--as", "lab"), 9, "is no evaluator of 'tiny'"),
        (("tiny", "fire", "ada", "--as", "lab"), 2, "coopt evaluators tiny add WHO"),
        (("tiny", "add", "--as", "lab"), 2, "coopt evaluators tiny add WHO"),
        (("tinny",), 4, "did you mean 'tiny'?"),
    ]
    for words, code, said in wrong:
        assert said in stage("evaluators", *words, code=code).stderr, words


def test_the_log_tells_every_event_in_a_sentence(stage: Stage) -> None:
    known = {getattr(ev, name) for name in ev.__all__ if name != "Event"}
    assert set(_SENTENCES) == known
    told = [r["text"] for r in stage.json("log", "--last", "100")]
    assert "opened challenge tiny, judged by a quorum of 1 of 3 evaluators" in told
    assert "revealed submission 2 (tiny/add), built on 1" in told


def test_a_round_that_expired_is_told_with_how_many_withheld() -> None:
    where = {"seq": 0, "block": 1, "time": 0, "tx_hash": "0x", "actor": "0xa"}
    event = ev.RoundExpired(challenge="toy", step="fit", submission_id=3, withheld=0b101, **where)
    assert sentence(event, name_of=str).startswith("2 evaluators did not show")
