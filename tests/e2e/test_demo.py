"""The demo, as `make demo` runs it, on the real ratings."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.data
@pytest.mark.slow
def test_the_demo_leaves_a_ladder_of_records_that_adds_up(tmp_path: Path) -> None:
    for name in ("steps", "data"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copyfile(ROOT / "coopt.toml", tmp_path / "coopt.toml")
    coopt = [sys.executable, "-m", "coopt_dag.cli"]
    subprocess.run([*coopt, "demo"], cwd=tmp_path, check=True, capture_output=True)
    found = json.loads((tmp_path / "results" / "demo.json").read_text())
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
    workspace = tmp_path / found["workspace"]
    env = os.environ | {"COOPT_PASSPHRASE_FILE": ".coopt/demo.passphrase"}
    for words in (
        ("board", "movielens/bias"),
        ("profile", "grace"),
        ("lint",),
        ("claim", "movielens/bias", "--as", "ada"),
    ):
        subprocess.run([*coopt, *words], cwd=workspace, env=env, check=True, capture_output=True)
    log = subprocess.run(
        [*coopt, "log", "--json", "--last", "200"], cwd=workspace, check=True, capture_output=True
    )
    hashes = {e["tx_hash"] for e in json.loads(log.stdout) if e["event"] == "Scored"}
    assert {r["tx_hash"] for r in records} <= hashes
