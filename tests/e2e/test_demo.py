"""The demo, as `make demo` runs it, on the real ratings."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from coopt_dag.ledger.logs import shapes
from coopt_dag.store.cid import CID
from coopt_dag.store.layout import Layout
from coopt_dag.store.local import LocalStore
from coopt_dag.store.reader import Reader

ROOT = Path(__file__).parents[2]


COOPT = [sys.executable, "-m", "coopt_dag.cli"]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo was played."""
    folder = tmp_path_factory.mktemp("demo")
    for name in ("steps", "data"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copyfile(ROOT / "coopt.toml", folder / "coopt.toml")
    subprocess.run([*COOPT, "demo"], cwd=folder, check=True, capture_output=True)
    return folder


def report(played: Path) -> dict[str, Any]:
    return dict(json.loads((played / "results" / "demo.json").read_text()))


def run(place: Path, *words: str) -> str:
    """Run a command as one of the demo's people; give what it printed."""
    env = os.environ | {"COOPT_PASSPHRASE_FILE": ".coopt/demo.passphrase"}
    done = subprocess.run(
        [*COOPT, *words], cwd=place, env=env, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def told(place: Path, *words: str) -> Any:
    return json.loads(run(place, *words, "--json"))


@pytest.mark.data
@pytest.mark.slow
def test_the_demo_leaves_a_ladder_of_records_that_adds_up(played: Path) -> None:
    found = report(played)
    # Movie means score 1.080 on the sealed half by the challenge's reference; all better
    # solutions must reach 1.006.
    assert found["baseline_rmse"] == pytest.approx(1.080, abs=0.002)
    assert found["final_rmse"] <= 1.006
    records = found["records"]
    assert len({r["contributor"] for r in records}) == 3
    assert records[0]["e2e_before"] == found["baseline_rmse"]
    assert records[-1]["e2e_after"] == found["final_rmse"]
    for before, after in pairwise(records):
        assert before["e2e_after"] == after["e2e_before"]
    assert all(r["step_score_after"] < r["step_score_before"] for r in records)
    workspace = played / found["workspace"]
    for words in (("board", "movielens/bias"), ("profile", "grace"), ("lint",)):
        run(workspace, *words)
    log = told(workspace, "log", "--last", "200")
    hashes = {e["tx_hash"] for e in log if e["event"] == "Scored"}
    assert {r["tx_hash"] for r in records} <= hashes


@pytest.mark.data
@pytest.mark.slow
def test_the_demo_ends_with_a_settlement_that_everybody_has_redeemed(played: Path) -> None:
    found = report(played)
    settlement, workspace = found["settlement"], played / found["workspace"]
    # The whole gained more than the 0.1 stars that were aimed at, so the part for steps, 70 % of
    # 10,000, is paid in full.
    assert settlement["pot"] == sum(settlement["payments"].values()) == 7000
    assert sorted(settlement["payments"]) == ["ada", "emmy", "grace"]
    assert settlement["configurations"] == 2 ** len(found["records"])
    page = told(workspace, "credit", "movielens")
    assert page["merkle_root"] == settlement["merkle_root"]
    assert page["table_cid"] == settlement["table_cid"]
    for name, amount in settlement["payments"].items():
        mine = told(workspace, "credit", "movielens", name)
        assert mine["credit"] == sum(x["amount"] for x in mine["redeemed"]) == amount
        assert mine["waiting"] == []
    gain = found["baseline_rmse"] - found["final_rmse"]
    assert page["gain"] / 1e9 == pytest.approx(gain, abs=2e-9)
    # raw gains are in 1/12 of 1e-9, the least common multiple of 1 to 4 steps
    raw = sum(row["raw"] for row in page["rows"] if row["kind"] == "step")
    assert raw == page["scale"] * page["gain"] == 12 * page["gain"]


@pytest.fixture
def outside(played: Path, tmp_path: Path) -> Path:
    """An empty folder, but for the ledger's file and the store."""
    state = played / report(played)["workspace"] / ".coopt"
    shutil.copyfile(state / "ledger.sqlite", tmp_path / "ledger.sqlite")
    shutil.copytree(state / "content-store", tmp_path / "store")
    return tmp_path


@pytest.mark.data
@pytest.mark.slow
def test_an_outsider_verifies_the_demo_from_ledger_and_store_alone(outside: Path) -> None:
    found = told(outside, "verify", "movielens")
    assert found["result"] == "PASS"
    assert found["missing"] == []


def topic(event: str) -> bytes:
    (found,) = (t for t, shape in shapes().items() if shape.make.__name__ == event)
    return found


def change_row(folder: Path, event: str, change: str) -> None:
    """Change the last row of an event in the ledger's file, or delete it."""
    action = f"update log set {change}" if change else "delete from log"
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as db:
        last = "select max(block) from log where topic0=?"
        (block,) = db.execute(last, (topic(event),)).fetchone()
        cursor = db.execute(f"{action} where block=? and topic0=?", (block, topic(event)))
        assert cursor.rowcount == 1
        db.commit()


def break_block(folder: Path, cid: str) -> None:
    """Change the last byte of what a CID names, wherever its bytes lie."""
    layout = Layout(folder / "store" / "blocks")
    path = Path(layout.file(layout.key(CID.parse(cid))))
    path.write_bytes(path.read_bytes()[:-1] + b"\0")


def cid_of(played: Path, kind: str) -> str:
    """Name a record's solution, or what was published as its output."""
    place = played / report(played)["workspace"]
    record = report(played)["records"][1]
    if kind == "solution":
        return str(record["solution_cid"])
    rows = told(place, "log", "--last", "200")
    (made,) = [e for e in rows if e["tx_hash"] == record["tx_hash"] and e["event"] == "Scored"]
    store = LocalStore(place / ".coopt" / "content-store")
    number = re.search(r"bafk[a-z2-7]+", json.dumps(made))
    assert number is not None, made
    reader = Reader(store)
    text = b"".join(reader.content(reader.open(CID.parse(number.group()))))
    return str(json.loads(text)["outputs"]["bias"]["cid"])


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "event", "change"),
    [
        (
            "changed_score",
            "Scored",
            "data=cast(substr(data,1,95)||x'2a'||substr(data,97) as blob)",
        ),
        ("changed_payment", "Redeemed", "data=cast(substr(data,1,length(data)-1)||x'01' as blob)"),
        ("forged_attestation", "Scored", "topic3=cast(zeroblob(31)||x'2a' as blob)"),
        ("dropped_submission", "Committed", ""),
        ("changed_ledger", "Scored", "data='text where bytes must be'"),
    ],
)
def test_what_was_changed_in_the_demos_ledger_is_found_and_named(
    outside: Path, kind: str, event: str, change: str
) -> None:
    change_row(outside, event, change)
    assert diverged(outside) == kind


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "what"), [("swapped_solution", "solution"), ("tampered_artifact", "output")]
)
def test_what_was_changed_in_the_demos_store_is_found_and_named(
    played: Path, outside: Path, kind: str, what: str
) -> None:
    break_block(outside, cid_of(played, what))
    assert diverged(outside) == kind


def diverged(folder: Path) -> str:
    done = subprocess.run(
        [*COOPT, "verify", "movielens", "--json"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 6, (done.stdout, done.stderr)
    return str(json.loads(done.stdout)["divergence"]["kind"])


@pytest.mark.data
@pytest.mark.slow
def test_a_metric_change_after_the_demo_pays_nobody_twice(played: Path, tmp_path: Path) -> None:
    place = shutil.copytree(played / report(played)["workspace"], tmp_path / "demo", symlinks=True)
    before = told(place, "settle", "movielens")
    folder = shutil.copytree(place / "steps/movielens/bias", tmp_path / "bias_mae")
    for name in ("solutions", "baseline", "controls"):
        shutil.rmtree(folder / name, ignore_errors=True)
    step = (folder / "step.yaml").read_text()
    assert "  name: rmse\n" in step
    (folder / "step.yaml").write_text(step.replace("  name: rmse\n", "  name: mae\n"))
    code = (folder / "metric.py").read_text().partition("\n\ndef losses")[0]
    (folder / "metric.py").write_text(code.replace(", squared_errors", "") + "\n")
    run(place, "metric", "propose", "movielens/bias", "--from", str(folder))
    run(place, "seal", "movielens")
    run(place, "metric", "activate", "movielens/bias")
    run(place, "evaluate", "movielens")
    boards = told(place, "metric", "compare", "movielens/bias", "--all")
    assert [boards[side]["metric"] for side in ("old", "new")] == ["rmse", "mae"]
    assert boards["spearman"] == 1.0  # the regularised bias is better than the mean by both
    (head,) = [r for r in told(place, "board", "movielens/bias") if r["head"]]
    assert float(head["now"]) < 0.9 < float(head["score"])  # by MAE now, by RMSE when it was made
    run(place, "unseal", "movielens", "--epoch", "2")
    after = told(place, "settle", "movielens")
    assert (after["epoch"], after["pot"], after["payments"]) == (2, 0, {})
    again = told(place, "settle", "movielens", "--epoch", "1")
    assert (again["table_cid"], again["new"]) == (before["table_cid"], False)
    for epoch in ("1", "2"):
        assert told(place, "verify", "movielens", "--epoch", epoch)["result"] == "PASS"
