"""A node that somebody else ran is taken whole and consistent, or not at all; it can go again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from coopt_dag.errors import ContentRefusedError, IntegrityError
from coopt_dag.execution.believed import believed, distrust
from coopt_dag.execution.nodes import locked
from coopt_dag.execution.outcome import preview
from coopt_dag.execution.planning import make_plan, plan_for, write_plan
from coopt_dag.execution.request import Request
from coopt_dag.execution.reuse import Adopted, Origin, adopt
from coopt_dag.execution.run import run
from coopt_dag.graph.keys import digest
from coopt_dag.specs.challenge import load_challenge
from coopt_dag.specs.workspace import find_workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coopt_dag.execution.planning import Plan

KEY = "0123456789abcdef" * 2 + "01234567"
ORIGIN = Origin("bafynode", "bafyreport", 1234)
MANIFEST: dict[str, Any] = {
    "schema": "coopt/node/2",
    "key": KEY,
    "kind": "step",
    "challenge": "tiny",
    "step": "double",
    "solution": "baseline",
    "upstream": [],
    "harness": "h",
    "isolation": {"level": "strong"},
}
HITS = b'{"values": [1]}'


def node(folder: Path, content: bytes = HITS, **changes: Any) -> Path:
    """Write a node whose manifest fits its one file, unless `changes` say otherwise."""
    folder.mkdir(parents=True)
    (folder / "doubled.json").write_bytes(content)
    entry = {"sha256": sha256(content).hexdigest(), "size_bytes": len(content)}
    manifest = MANIFEST | {"files": {"doubled.json": entry}} | changes
    document = manifest | {"digest": digest(manifest)}
    (folder / "manifest.json").write_text(json.dumps(document))
    return folder


def take(workspace: Path, folder: Path, **words: Any) -> Adopted:
    def bring(path: Path) -> None:
        (shutil.copytree if folder.is_dir() else shutil.copyfile)(folder, path)

    return adopt(
        bring, store=workspace / "store", state=workspace / ".coopt", origin=ORIGIN, **words
    )


def nothing_taken(workspace: Path) -> bool:
    files = [p for p in (workspace / "store").rglob("*") if p.name not in {".lock", ".stage"}]
    return not files and not (workspace / ".coopt" / "reused").exists()


def test_a_taken_node_is_read_only_in_its_place_and_noted(workspace: Path, tmp_path: Path) -> None:
    found = take(workspace, node(tmp_path / "node"), expected=("double", KEY))
    assert found == Adopted("tiny", "double", KEY, workspace / "store/double" / KEY, "brought")
    assert {p.name for p in found.folder.iterdir()} == {"doubled.json", "manifest.json"}
    modes = [p.stat().st_mode & 0o222 for p in [found.folder, *found.folder.iterdir()]]
    assert modes == [0, 0, 0]
    note = json.loads((workspace / ".coopt/reused" / f"{KEY}.json").read_text())
    assert note == {
        "schema": "coopt/reused/1",
        "key": KEY,
        "step": "double",
        "cid": "bafynode",
        "source": "bafyreport",
        "time": 1234,
    }


def test_taking_it_again_changes_nothing(workspace: Path, tmp_path: Path) -> None:
    first = take(workspace, node(tmp_path / "node"))
    before = first.folder.stat()
    assert take(workspace, tmp_path / "node").status == "there already"
    assert first.folder.stat() == before


def test_a_node_that_ran_here_stays_trusted_when_the_same_is_offered(
    workspace: Path, tmp_path: Path, go: Callable[..., Any]
) -> None:
    go()
    here = next((workspace / "store/double").iterdir())
    shutil.copytree(here, tmp_path / "same")
    assert take(workspace, tmp_path / "same").status == "there already"
    assert not (workspace / ".coopt/reused").exists()


def test_another_content_for_a_node_that_is_here_is_refused_and_ours_kept(
    workspace: Path, tmp_path: Path
) -> None:
    first = take(workspace, node(tmp_path / "node"))
    with pytest.raises(IntegrityError, match="yours was kept"):
        take(workspace, node(tmp_path / "other", b'{"values": [2]}'))
    assert (first.folder / "doubled.json").read_bytes() == HITS


def test_a_node_that_is_damaged_here_is_replaced(workspace: Path, tmp_path: Path) -> None:
    found = take(workspace, node(tmp_path / "node"))
    (found.folder / "doubled.json").chmod(0o644)
    (found.folder / "doubled.json").write_bytes(b"{}")
    assert take(workspace, tmp_path / "node").status == "brought"
    assert (found.folder / "doubled.json").read_bytes() == HITS


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": "coopt/node/9"},
        {"kind": "score"},
        {"step": "../../outside"},
        {"step": ".stage"},
        {"step": "double.score"},
        {"step": "double\n"},
        {"challenge": 5},
        {"key": "../" + KEY},
        {"key": KEY.upper()},
        {"key": ""},
        {"upstream": None},
        {"upstream": ["../x"]},
        {"upstream": KEY},
        {"files": ["doubled.json"]},
        {"files": {"doubled.json": 5}},
        {"files": {"doubled.json": {"sha256": None}}},
    ],
)
def test_a_manifest_of_another_form_is_refused(
    workspace: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    with pytest.raises(ContentRefusedError, match="no manifest"):
        take(workspace, node(tmp_path / "node", **changes))
    assert nothing_taken(workspace)


@pytest.mark.parametrize("text", ["", "[]", "5", '{"digest": 1}', "[" * 200_000, "\x00"])
def test_what_is_no_manifest_at_all_is_refused(workspace: Path, tmp_path: Path, text: str) -> None:
    folder = node(tmp_path / "node")
    (folder / "manifest.json").write_text(text)
    with pytest.raises(ContentRefusedError, match="no manifest"):
        take(workspace, folder)
    assert nothing_taken(workspace)


@pytest.mark.parametrize("depth", [60, 64, 65, 990, 50_000])
def test_a_deeply_nested_manifest_is_refused_without_a_crash(
    workspace: Path, tmp_path: Path, depth: int
) -> None:
    folder = node(tmp_path / "node")
    nested = "[" * depth + "]" * depth
    manifest = json.loads((folder / "manifest.json").read_text()) | {"extra": "HERE"}
    (folder / "manifest.json").write_text(json.dumps(manifest).replace('"HERE"', nested))
    with pytest.raises((ContentRefusedError, IntegrityError)):
        take(workspace, folder)
    assert nothing_taken(workspace)


def test_a_file_and_a_folder_without_manifest_are_no_nodes(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"a report, perhaps")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file", tmp_path / "folder"):
        with pytest.raises(ContentRefusedError, match="no node"):
            take(workspace, path)
    assert nothing_taken(workspace)


def spoil(folder: Path) -> None:
    (folder / "doubled.json").write_bytes(b"{}")


def lose(folder: Path) -> None:
    (folder / "doubled.json").unlink()


def add(folder: Path) -> None:
    (folder / "extra").mkdir()
    (folder / "extra" / "file").write_bytes(b"")


def edit(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"h"', '"i"'))


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        (spoil, "bafynode/doubled.json: sha256"),
        (lose, "bafynode/doubled.json: missing"),
        (add, "bafynode/extra/file: not in the manifest"),
        (edit, "bafynode/manifest.json: the manifest does not match its own digest"),
    ],
)
def test_bytes_that_contradict_the_manifest_are_named(
    workspace: Path, tmp_path: Path, harm: Callable[[Path], None], named: str
) -> None:
    folder = node(tmp_path / "node")
    harm(folder)
    with pytest.raises(IntegrityError) as caught:
        take(workspace, folder)
    assert str(caught.value).startswith(named)
    assert caught.value.hint
    assert nothing_taken(workspace)


@pytest.mark.parametrize("announced", [("double", KEY[::-1]), ("add", KEY)])
def test_a_node_in_anothers_place_is_refused(
    workspace: Path, tmp_path: Path, announced: tuple[str, str]
) -> None:
    with pytest.raises(IntegrityError, match="was announced as"):
        take(workspace, node(tmp_path / "node"), expected=announced)
    assert nothing_taken(workspace)


def test_a_node_that_could_not_be_placed_is_distrusted_rather_than_trusted(
    workspace: Path, tmp_path: Path
) -> None:
    (workspace / "store").mkdir(exist_ok=True)
    (workspace / "store" / "double").symlink_to("nowhere")  # a folder cannot be made here
    with pytest.raises(FileExistsError):
        take(workspace, node(tmp_path / "node"))
    assert (workspace / ".coopt/reused" / f"{KEY}.json").is_file()


def test_of_many_at_once_one_brings_it(workspace: Path, tmp_path: Path) -> None:
    node(tmp_path / "node")
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: take(workspace, tmp_path / "node").status, range(8)))
    assert sorted(said) == ["brought"] + ["there already"] * 7


def planned(workspace: Path, **words: Any) -> tuple[Plan, Path]:
    return plan_for(find_workspace(workspace), Request("tiny", splits=("public",), **words))


def test_what_was_made_of_a_believed_node_goes_with_it_in_every_plan(
    workspace: Path, tmp_path: Path, go: Callable[..., Any]
) -> None:
    plan, _ = planned(workspace)
    other, other_path = planned(workspace, selection={"add": "all_of_them"})
    key = plan["pipelines"][0]["nodes"]["double"]
    take(workspace, node(tmp_path / "node", b'{"values": [1, 2, 3]}', key=key))
    go(splits=("public",))
    assert run(other, workspace, other_path, cores=2).believed == 1
    go(selection={"double": "twice"}, splits=("public",))  # has nothing to do with it
    assert believed(plan, workspace) == {key}
    with locked(workspace / "store"):
        gone = distrust(plan, workspace)
        assert distrust(plan, workspace) == frozenset()
    assert gone == set(plan["nodes"]) | set(other["nodes"])
    assert (preview(plan, workspace).reused, preview(other, workspace).reused) == (0, 0)
    third, _ = planned(workspace, selection={"double": "twice"})
    assert preview(third, workspace).executed == 0
    assert believed(plan, workspace) == frozenset()


def test_results_that_were_gathered_from_believed_nodes_are_gathered_anew(
    workspace: Path, tmp_path: Path, go: Callable[..., Any]
) -> None:
    plan, path = planned(workspace)
    key = plan["pipelines"][0]["nodes"]["double"]
    take(workspace, node(tmp_path / "node", b'{"values": [2, 4, 6]}', key=key))
    fooled = go(splits=("public",)).document
    run(plan, workspace, path, cores=2, keep_results=False, believe=False)  # as a judge does
    honest = go(splits=("public",))
    assert honest.executed == 0
    assert honest.document != fooled
    assert json.loads((workspace / plan["results"]).read_text()) == honest.document


def test_a_run_that_believes_nobody_makes_the_honest_bytes(workspace: Path, tmp_path: Path) -> None:
    loaded = find_workspace(workspace)
    plan = make_plan(loaded, load_challenge(loaded, "tiny"), Request("tiny", splits=("public",)))
    path = workspace / ".coopt/plan.json"
    write_plan(plan, path)
    honest = run(plan, workspace, path, cores=2, keep_results=False).document
    for folder in (workspace / "store").rglob("*"):
        folder.chmod(0o755)
    shutil.rmtree(workspace / "store")
    key = plan["pipelines"][0]["nodes"]["double"]
    take(workspace, node(tmp_path / "node", b'{"values": [2, 4, 6]}', key=key))
    fooled = run(plan, workspace, path, cores=2, keep_results=False)
    assert fooled.document != honest
    assert fooled.believed == 1
    outcome = run(plan, workspace, path, cores=2, keep_results=False, believe=False)
    assert outcome.document == honest
    assert (outcome.executed, outcome.reused, outcome.believed) == (2, 0, 0)


@pytest.mark.kill
def test_a_call_that_was_killed_leaves_nothing_in_the_way_of_the_next(
    workspace: Path, tmp_path: Path
) -> None:
    folder = node(tmp_path / "node")
    reading, writing = os.pipe()

    def halfway(path: Path) -> None:
        path.mkdir()
        shutil.copyfile(folder / "doubled.json", path / "doubled.json")
        os.write(writing, b"x")
        time.sleep(60)

    child = os.fork()
    if not child:
        with suppress(BaseException):
            adopt(halfway, store=workspace / "store", state=workspace / ".coopt", origin=ORIGIN)
        os._exit(1)
    os.read(reading, 1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reading)
    os.close(writing)
    assert not (workspace / "store/double").exists()
    assert take(workspace, folder).status == "brought"
    assert not list((workspace / "store/.stage").iterdir())
