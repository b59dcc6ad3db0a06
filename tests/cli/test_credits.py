"""`coopt credit` before, during and after a settlement, and when its table is not what it says."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from coopt_dag.cli.wiring import content_store
from coopt_dag.credit.pot import Terms
from coopt_dag.evaluation import tables
from coopt_dag.ledger.actions import ProposeSettlement, RegisterChallenge, RegisterStep
from coopt_dag.specs.workspace import find_workspace
from coopt_dag.store.folders import add_bytes
from coopt_dag.store.local import LocalStore
from tests.cli.conftest import Desk
from tests.report.made import SURE, inputs_of, work

pytestmark = pytest.mark.slow


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, "lab", "ada", "ben")


def register(desk: Desk, *, closes_at: int, dispute_s: int = 0) -> None:
    """Put the tiny challenge on the ledger; if it closed already, it can be settled."""
    lab = desk.hand("lab")
    with closing(desk.open()) as ledger:
        rules = {"pot": 1000, "closes_at": closes_at, "dispute_s": dispute_s}
        ledger.send(RegisterChallenge("tiny", "m", (lab.address,), **rules), signer=lab)
        for step in ("double", "add"):
            ledger.send(RegisterStep("tiny", step, "s", "minimise", 1), signer=lab)


def settle(desk: Desk, *, score: int | None = None, **wrong: Any) -> dict[str, Any]:
    """Propose a table: errors 290 with nothing, 280 with `double`, 150 with `add`, 0 with both."""
    lab, ada, ben = (desk.hand(name) for name in ("lab", "ada", "ben"))
    chains = {"double": ["00000004"], "add": ["00000003"]}
    scores = {(0, 0): -290, (1, 0): -280, (0, 1): -150, (1, 1): 0}
    works = [work("00000004", "", "double"), work("00000003", "", "add")]
    for one, who in zip(works, (ben, ada), strict=True):
        one["account"] = who.address
    inputs = inputs_of(
        *(chains, {c: s * 10**9 for c, s in scores.items()}, works),
        terms=Terms(budget=1000, target=1),
        metric={"name": "error", "unit": "1", "direction": "minimise"},
        total=asdict(SURE),
    )
    table: dict[str, Any] = json.loads(json.dumps(tables.table_of("tiny", 0, inputs)))
    table["result"]["rows"][0] |= wrong
    if score is not None:
        table["inputs"]["values"][0]["score"] = score
    store = LocalStore(content_store(find_workspace(desk.root)))
    cid = add_bytes(store, tables.to_text(table).encode(), pin=True)
    with closing(desk.open()) as ledger:
        root = table["result"]["merkle_root"]
        ledger.send(ProposeSettlement("tiny", 0, root, cid, credit=700), signer=lab)
    return table


def test_before_a_settlement_it_says_what_the_epoch_waits_for(desk: Desk) -> None:
    register(desk, closes_at=2**32)
    told = desk("credit", "tiny")
    assert "tiny, epoch 0: not settled; epoch 0 of 'tiny' is not over" in told.stdout
    assert "next: it ends at " in told.stderr
    found = desk.json("credit", "tiny")
    assert (found["status"], found["rows"]) == ("not settled", [])
    desk.complaint("credit", "tinny", code=4)
    desk.complaint("credit", "tiny", "--epoch", "7", code=4)
    desk.complaint("credit", "tiny", "zoe", code=4)


def test_an_epoch_that_is_over_says_how_to_settle_it(desk: Desk) -> None:
    register(desk, closes_at=0)
    desk("seal", "tiny", "--as", "lab")
    found = desk.json("credit", "tiny", "--epoch", "0")
    assert (found["status"], found["next"]) == ("not settled", "coopt settle tiny --epoch 0")


def test_payments_are_told_redeemed_and_drawn(desk: Desk) -> None:
    # doubling: (10 + 150) / 2 = 80 of 290, adding 210: of 700 that is 193.1 and 506.9
    register(desk, closes_at=0)
    desk("seal", "tiny", "--as", "lab")
    settle(desk)
    told = desk("credit", "tiny", "--svg", "w.svg")
    assert "tiny, epoch 0: final\nerror: 290.0 -> 0.0; 700 of 1,000 credits are paid" in told.stdout
    assert "add (#3) lowered error by 210.0 of the total 290.0; ada gets 507 of 700" in told.stdout
    assert "200 credits are not paid: they are for local records" in told.stdout
    assert "payments: 193 + 507 = 700, the pot" in told.stdout
    assert "next: coopt redeem tiny --epoch 0 --as NAME" in told.stderr
    ET.fromstring((desk.root / "w.svg").read_text(encoding="utf-8"))
    mine = desk("credit", "tiny", "ada")
    assert "ada can redeem 507 credits." in mine.stdout
    assert "next: coopt redeem tiny --epoch 0 --for ada" in mine.stderr
    assert "ben gets" not in mine.stdout
    desk("redeem", "tiny", "--as", "ada")
    found = desk.json("credit", "tiny", "ada")
    assert ([x["amount"] for x in found["redeemed"]], found["waiting"]) == ([507], [])
    assert (found["status"], found["credit"]) == ("final", 507)
    assert "ada has redeemed 507 credits." in desk("credit", "tiny", "ada").stdout
    assert "lab has no part in this settlement." in desk("credit", "tiny", "lab").stdout


def test_a_settlement_that_can_be_disputed_is_not_redeemed_yet(desk: Desk) -> None:
    register(desk, closes_at=0, dispute_s=3600)
    desk("seal", "tiny", "--as", "lab")
    settle(desk)
    told = desk("credit", "tiny", "ada")
    assert "not final: it can be disputed until " in told.stdout
    assert "ada cannot redeem 507 credits yet." in told.stdout
    assert "next: " not in told.stderr


@pytest.mark.parametrize("wrong", [{"raw": 7}, {"reason": "overtaken"}, {"step": "add"}])
def test_a_table_that_does_not_follow_from_its_inputs_is_refused(
    desk: Desk, wrong: dict[str, Any]
) -> None:
    register(desk, closes_at=0)
    desk("seal", "tiny", "--as", "lab")
    settle(desk, **wrong)
    said = desk.complaint("credit", "tiny", code=6)
    assert "do not follow from what it says was measured" in said
    assert "coopt verify tiny --epoch 0" in said


def test_a_table_that_cannot_be_computed_is_refused(desk: Desk) -> None:
    register(desk, closes_at=0)
    desk("seal", "tiny", "--as", "lab")
    settle(desk, score=2**70)
    assert "none of a settlement (OverflowError" in desk.complaint("credit", "tiny", code=16)
