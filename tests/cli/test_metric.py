"""`coopt metric` and what the board says of a step whose metric has versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coopt_dag.model.wad import from_wad, to_wad
from tests.cli.conftest import Desk
from tests.evaluation.test_metric_versions import write_metric

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    made = Desk(tmp_path_factory.mktemp("home"), "lab", "ada")
    made("challenge", "register", "tiny", "--as", "lab")
    return made


@pytest.fixture(scope="module")
def folder(desk: Desk) -> Path:
    return write_metric(desk.root)


def test_words_that_do_not_fit_name_the_next_move(desk: Desk, folder: Path) -> None:
    there = "coopt metric propose tiny/add --from FOLDER"
    assert there in desk.complaint("metric", "activate", "tiny/add", "--as", "lab", code=9)
    assert there in desk.complaint("metric", "compare", "tiny/add", code=2)
    desk.complaint("metric", "show", "tony", code=4)
    desk.complaint("metric", "show", "tiny/ad", code=4)
    words = ("metric", "propose", "tiny/add", "--from")
    desk.complaint(*words, "nowhere", "--as", "lab", code=2)
    desk.complaint(*words, str(folder), "--as", "ada", code=9)
    assert [r["state"] for r in desk.json("metric", "show", "tiny")] == ["in force", "in force"]


def test_a_metric_changes_from_the_command_line(desk: Desk, folder: Path) -> None:
    words = ("metric", "propose", "tiny/add", "--from", str(folder), "--as", "lab")
    first = desk.json(*words)
    assert (first["announced_in"], first["activates_in"], first["new"]) == (0, 1, True)
    assert (desk.json(*words)["new"], desk.json(*words)["tx_hash"]) == (False, None)
    assert "nothing was sent" in desk(*words).stdout
    early = desk.complaint("metric", "activate", "tiny/add", "--as", "lab", code=9)
    assert "coopt seal tiny begins epoch 1" in early

    document = desk.json("metric", "compare", "tiny/add")
    (row,) = document["rows"]
    # on public data, of 12, the baseline gives 1: an error of 11, a share of 1/12
    assert (row["old_score"], row["new_score"]) == ("11", from_wad(to_wad(1 / 12)))
    assert (document["spearman"], document["new"]["announced"]) == (None, True)
    assert "version 1, announced: share" in desk("metric", "compare", "tiny/add").stdout

    desk("seal", "tiny", "--as", "lab")
    done = desk.json("metric", "activate", "tiny/add", "--as", "lab")
    assert (done["version"], done["epoch"], done["stale"]) == (1, 1, True)
    assert "the record is of an older metric" in desk("board", "tiny/add").stderr

    assert "scored anew" in desk("evaluate", "--as", "lab").stderr
    said = desk("board", "tiny/add")
    assert "older metric;" not in said.stderr
    assert "coopt metric compare tiny/add" in said.stderr
    (head,) = desk.json("board", "tiny/add")
    # judged by version 0; what it is worth now, 4 of 44, is of version 1
    assert (head["metric"], head["score"], head["now"][:6]) == (0, "40", "0.0909")

    rows = desk.json("metric", "show", "tiny/add")
    assert [(r["version"], r["state"], r["since_epoch"]) for r in rows] == [
        (0, "replaced", 0),
        (1, "in force", 1),
    ]
    assert "epoch 1" in desk("metric", "show", "tiny/add").stdout
