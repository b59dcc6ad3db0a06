"""Outputs of records are published on public data and reused; judges never believe them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from coopt_dag.errors import (
    ContentMissingError,
    ContentRefusedError,
    IntegrityError,
    UnknownNameError,
)
from coopt_dag.evaluation.check import check
from coopt_dag.evaluation.desk import Desk
from coopt_dag.evaluation.evaluate import evaluate_pending
from coopt_dag.evaluation.outputs import published_outputs
from coopt_dag.evaluation.register import register
from coopt_dag.evaluation.reuse import reuse_cid, reuse_records
from coopt_dag.evaluation.submit import claim, fork, submit
from coopt_dag.graph.keys import digest
from coopt_dag.ledger.actions import Score
from coopt_dag.specs.challenge import load_challenge
from coopt_dag.specs.workspace import find_workspace
from coopt_dag.store.cid import CID
from coopt_dag.store.folders import add_bytes, add_path, cid_of, fetch_path
from coopt_dag.store.local import LocalStore
from coopt_dag.store.remote.gateway import GatewayStore
from coopt_dag.store.remote.layered import LayeredStore
from coopt_dag.store.serving.server import background
from tests.evaluation.conftest import ADA, LAB
from tests.workspaces import tiny

if TYPE_CHECKING:
    from pathlib import Path

    from coopt_dag.evaluation.evaluate import Verdict
    from coopt_dag.execution.run import Progress
    from coopt_dag.specs.loaded import LoadedChallenge
    from tests.evaluation.conftest import Scene

Tell = "Callable[[str], None]"


def offer(scene: Scene, step: str, source: str, name: str, code: str | None = None) -> Path:
    claim(scene.ada, "tiny", step, days=1)
    made = fork(scene.ada, scene.challenge, step, source=source, name=name, author="ada")
    if code is not None:
        (made / "run.py").write_text(code)
    submit(scene.ada, scene.challenge, made)
    return made


def report_of(scene: Scene, submission_id: int) -> dict[str, Any]:
    cid = scene.lab.state().submissions[submission_id].report_cid
    target = scene.root / ".coopt" / f"report-{cid}"
    return json.loads(fetch_path(scene.lab.store, cid, target).read_text())


def elsewhere(scene: Scene, folder: Path) -> tuple[Desk, LoadedChallenge]:
    """Give Ada's own workspace: the same ledger and contents, an empty node store."""
    desk = Desk(find_workspace(tiny(folder)), scene.lab.store, scene.lab.ledger, ADA)
    return desk, load_challenge(desk.workspace, "tiny")


def key_on(scene: Scene, step: str, split: str) -> str:
    """Find the node of a baseline by what it must have read."""
    numbers = json.loads((scene.root / f"data/tiny/{split}/numbers.json").read_text())["values"]
    for path in (scene.root / "store" / step).glob("*/*.json"):
        document = json.loads(path.read_text())
        if document in ({"values": numbers}, {"value": numbers[0]}):
            return path.parent.name
    raise AssertionError(f"no node of {step} on {split}")


def forged(folder: Path, target: Path, document: Any) -> Path:
    """Copy a node with other content and a manifest that fits it: consistent, and a lie."""
    shutil.copytree(folder, target)
    target.chmod(0o755)
    manifest = json.loads((target / "manifest.json").read_text())
    (name,) = manifest["files"]
    (target / name).chmod(0o644)
    (target / name).write_text(json.dumps(document))
    content = (target / name).read_bytes()
    manifest["files"][name] = {
        "sha256": sha256(content).hexdigest(),
        "size_bytes": len(content),
    }
    return resealed(target, manifest)


def resealed(folder: Path, manifest: dict[str, Any]) -> Path:
    manifest.pop("digest")
    (folder / "manifest.json").chmod(0o644)
    (folder / "manifest.json").write_text(json.dumps(manifest | {"digest": digest(manifest)}))
    return folder


def test_a_records_report_names_the_outputs_of_every_step_on_public_data(
    scene: Scene, tell: Tell
) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    made = offer(scene, "add", "all_of_them", "mine")
    (verdict,) = evaluate_pending(scene.lab, cores=2, tell=tell)
    outputs = report_of(scene, verdict.submission_id)["outputs"]
    baseline = scene.challenge.steps["double"].path / "baseline"
    assert {s: o["solution_cid"] for s, o in outputs.items()} == {
        "double": cid_of(baseline),
        "add": cid_of(made),
    }
    assert {o["split"] for o in outputs.values()} == {"public"}
    for step, output in outputs.items():
        assert output["cid"] == cid_of(scene.root / "store" / step / output["key"])
    # the public numbers are 1, 2, 3; the baseline of `double` passes them on
    total = next((scene.root / "store/add" / outputs["add"]["key"]).glob("total*"))
    assert json.loads(total.read_text()) == {"value": 6}


def test_every_report_of_a_baseline_has_outputs_too(scene: Scene, tell: Tell) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    assert [set(report_of(scene, n)["outputs"]) for n in (1, 2)] == [{"double", "add"}] * 2


def test_outputs_on_hidden_data_are_never_published(scene: Scene, tell: Tell) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    offer(scene, "add", "all_of_them", "mine")
    evaluate_pending(scene.lab, cores=2, tell=tell)
    public = {o["key"] for n in (1, 2, 3) for o in report_of(scene, n)["outputs"].values()}
    nodes = [p.parent for p in (scene.root / "store").glob("*/*/manifest.json")]
    hidden = [n for n in nodes if n.name not in public]
    assert {n.parent.name for n in hidden} >= {"double", "add", "add.score"}
    for path in (f for node in hidden for f in node.iterdir()):
        assert not scene.lab.store.has(CID.parse(cid_of(path))), path


def test_no_gain_publishes_nothing_and_says_so(scene: Scene, tell: Tell) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    made = fork(scene.ada, scene.challenge, "add", source="baseline", name="same", author="ada")
    (made / "NOTES.txt").write_text("another tree, the same answer\n")
    claim(scene.ada, "tiny", "add", days=1)
    submit(scene.ada, scene.challenge, made)
    (verdict,) = evaluate_pending(scene.lab, cores=2, tell=tell)
    report = report_of(scene, verdict.submission_id)
    assert (report["outputs"], report["no_outputs"]) == ({}, "no record")
    assert [r.solution_cid for r in published_outputs(scene.lab, "tiny")] == [
        s.solution_cid for s in list(scene.lab.state().submissions.values())[:2]
    ]


def test_without_a_public_split_nothing_is_published_and_the_report_says_so(
    scene: Scene, tell: Tell
) -> None:
    spec = scene.root / "steps/tiny/challenge.yaml"
    spec.write_text(spec.read_text().replace("visibility: public", "visibility: quiz"))
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    report = report_of(scene, 2)
    assert (report["outputs"], report["no_outputs"]) == ({}, "the challenge has no public split")
    with pytest.raises(ContentMissingError, match="no public split"):
        published_outputs(scene.lab, "tiny")


def test_a_solution_that_fails_on_public_data_only_is_rejected(scene: Scene, tell: Tell) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    code = (
        "def solve(inputs, *, params, rng):\n"
        "    assert len(inputs['numbers']['values']) == 4\n"  # the quiz has four, public three
        "    return {'total': {'value': sum(inputs['numbers']['values'])}}\n"
    )
    offer(scene, "add", "baseline", "picky", code)
    (verdict,) = evaluate_pending(scene.lab, cores=2, tell=tell)
    assert (verdict.status, verdict.reason) == ("rejected", "crashed")


def test_everything_that_the_ledger_names_survives_a_collection(
    scene: Scene, tell: Tell, tmp_path: Path
) -> None:
    store = LocalStore(tmp_path / "blocks")
    scene.lab, scene.ada = replace(scene.lab, store=store), replace(scene.ada, store=store)
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    offer(scene, "add", "all_of_them", "mine")
    evaluate_pending(scene.lab, cores=2, tell=tell)
    loose = add_bytes(store, b"nobody needs this")
    store.collect()
    assert not store.has(CID.parse(loose))
    state = scene.lab.state()
    named = [c.manifest_cid for c in state.challenges.values()]
    named += [s.spec_cid for s in state.steps.values()]
    named += [c for s in state.submissions.values() for c in (s.solution_cid, s.report_cid)]
    named += [r.cid for r in published_outputs(scene.lab, "tiny")]
    (tmp_path / "all").mkdir()
    for cid in named:
        fetch_path(store, cid, tmp_path / "all" / cid)


def test_an_evaluator_keeps_the_solutions_of_records_for_good(
    scene: Scene, tell: Tell, tmp_path: Path
) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    offer(scene, "add", "all_of_them", "mine")
    other = replace(scene.lab, store=LocalStore(tmp_path / "blocks"))  # has only what it fetches
    for submission in scene.lab.state().submissions.values():
        folder = scene.lab.solution(submission.solution_cid).path
        add_path(other.store, folder)  # as a read through a gateway does
    evaluate_pending(other, cores=2, tell=tell)
    other.store.collect()
    head = other.state().head("tiny", "add")
    assert other.store.has(CID.parse(head.solution_cid))


def test_who_reuses_the_record_runs_only_its_own_step(
    scene: Scene, tell: Tell, tmp_path: Path
) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    desk, challenge = elsewhere(scene, tmp_path / "ada")
    brought = reuse_records(desk, challenge, "add", now=7)
    assert [(r.step, r.status) for r in brought] == [("double", "brought"), ("add", "brought")]
    made = fork(desk, challenge, "add", source="all_of_them", name="mine", author="ada")
    ran: list[tuple[str, str]] = []

    def listen(progress: Progress) -> None:
        if progress.order["kind"] == "step":
            ran.append((progress.order["step"], progress.order["solution"]))

    found = check(desk, challenge, made, cores=2, listener=listen)
    assert ran == [("add", "mine")]
    assert found.believed == 2  # `double` and the record's `add`
    same = scene.challenge.steps["add"].path / "solutions" / "mine"
    shutil.copytree(made, same)
    here = check(scene.ada, scene.challenge, same, cores=2)
    assert [x.step_score for x in found.lines] == [x.step_score for x in here.lines]
    assert here.believed == 0


def test_outputs_come_from_a_colleagues_gateway_and_are_kept(
    scene: Scene, tell: Tell, tmp_path: Path
) -> None:
    scene.lab = replace(scene.lab, store=LocalStore(tmp_path / "lab-blocks"))
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    desk, challenge = elsewhere(scene, tmp_path / "ada")
    mine = LocalStore(tmp_path / "ada-blocks")
    with background(scene.lab.store) as url, GatewayStore(url) as gateway:
        far = replace(desk, store=LayeredStore(mine, [gateway], tell=tell))
        rows = reuse_records(far, challenge, None, now=7)
    assert [(r.status, r.fits) for r in rows] == [("brought", True)] * 2
    again = Desk(find_workspace(tiny(tmp_path / "again")), mine, scene.lab.ledger, ADA)
    kept = reuse_records(again, load_challenge(again.workspace, "tiny"), None, now=8)
    assert [(r.cid, r.status) for r in kept] == [(r.cid, "brought") for r in rows]


def test_a_step_brings_what_is_above_it_and_nothing_else(
    scene: Scene, tell: Tell, tmp_path: Path
) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    desk, challenge = elsewhere(scene, tmp_path / "ada")
    assert [r.step for r in reuse_records(desk, challenge, "double", now=7)] == ["double"]
    assert not (desk.workspace.store_dir / "add").exists()
    again = reuse_records(desk, challenge, None, now=8)
    assert [(r.step, r.status) for r in again] == [
        ("double", "there already"),
        ("add", "brought"),
    ]
    with pytest.raises(UnknownNameError, match="treble"):
        reuse_records(desk, challenge, "treble", now=9)


def test_who_brings_a_node_that_no_run_here_would_look_for_is_told(
    scene: Scene, tell: Tell, tmp_path: Path
) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    desk, challenge = elsewhere(scene, tmp_path / "ada")
    assert [r.fits for r in reuse_records(desk, challenge, None, now=7)] == [True, True]
    numbers = tmp_path / "ada/data/tiny/public/numbers.json"
    numbers.write_text('{"values": [1, 2, 4]}')  # not the evaluator's data
    assert [r.fits for r in reuse_records(desk, challenge, None, now=7)] == [False, False]
    numbers.unlink()
    assert [r.fits for r in reuse_records(desk, challenge, None, now=7)] == [None, None]


def test_what_was_brought_is_noted_with_cid_source_and_time(
    scene: Scene, tell: Tell, tmp_path: Path
) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    desk, challenge = elsewhere(scene, tmp_path / "ada")
    (row,) = reuse_records(desk, challenge, "double", now=1234)
    note = json.loads((desk.workspace.state_dir / f"reused/{row.key}.json").read_text())
    report = scene.lab.state().submissions[2].report_cid
    assert (note["cid"], note["source"], note["time"]) == (row.cid, report, 1234)


def judged(scene: Scene, tell: Tell, *, lie: bool) -> tuple[Verdict, dict[str, str]]:
    """Evaluate Ada's `add`; with `lie`, in a workspace that has believed forged nodes before."""
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    made = offer(scene, "add", "all_of_them", "mine")
    if lie:
        forge_upstream(scene, made)
    (verdict,) = evaluate_pending(scene.lab, cores=2, tell=tell)
    return verdict, {r.step: r.cid for r in published_outputs(scene.lab, "tiny")}


def forge_upstream(scene: Scene, made: Path) -> None:
    """Bring forged outputs of `double` on both splits, and let a check build on them."""
    honest = check(scene.lab, scene.challenge, made, cores=2).lines[0].step_score
    keys = {split: key_on(scene, "double", split) for split in ("quiz", "public")}
    lies = {
        # just what makes the candidate perfect, and worthless
        "quiz": {"values": [44, 0, 0, 0]},
        "public": {"values": [1000, 0, 0]},
    }
    cids = {
        split: add_path(
            scene.lab.store,
            forged(scene.root / "store/double" / key, scene.root / f"forged-{split}", lies[split]),
        )
        for split, key in keys.items()
    }
    for path in sorted((scene.root / "store").rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(scene.root / "store")
    for split, cid in cids.items():
        assert reuse_cid(scene.lab, cid, now=7).key == keys[split]
    fooled = check(scene.lab, scene.challenge, made, cores=2).lines[0].step_score
    assert fooled == 1000 - 12  # the lie is effective: it is the evaluation that does not believe
    assert fooled != honest


def test_a_forged_output_never_influences_a_score_nor_what_is_published(
    scene: Scene, tell: Tell, tmp_path: Path
) -> None:
    honest, outputs = judged(scene, tell, lie=False)
    other = type(scene)(tiny(tmp_path / "other"))
    deceived, published = judged(other, tell, lie=True)
    assert (deceived.after, deceived.e2e_after) == (honest.after, honest.e2e_after)
    assert published == outputs
    assert not list((other.root / ".coopt/reused").iterdir())  # nothing believed is left


def test_a_damaged_block_is_refused_and_nothing_is_taken(
    scene: Scene, tell: Tell, tmp_path: Path
) -> None:
    store = LocalStore(tmp_path / "blocks")
    scene.lab = replace(scene.lab, store=store)
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    row = published_outputs(scene.lab, "tiny")[0]
    manifest = scene.root / "store" / row.step / row.key / "manifest.json"
    block = store.path_of(CID.parse(cid_of(manifest)))
    block.chmod(0o644)
    block.write_bytes(block.read_bytes()[:-1] + b"!")
    desk, challenge = elsewhere(scene, tmp_path / "ada")
    with pytest.raises(IntegrityError, match=cid_of(manifest)):
        reuse_records(desk, challenge, "double", now=7)
    assert not (desk.workspace.store_dir / "double").exists()
    assert not (desk.workspace.state_dir / "reused").exists()


def test_a_node_that_was_announced_as_another_is_refused(
    scene: Scene, tell: Tell, tmp_path: Path
) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    rows = {r.step: r for r in published_outputs(scene.lab, "tiny")}
    desk, _ = elsewhere(scene, tmp_path / "ada")
    announced = ("double", rows["double"].key)
    with pytest.raises(IntegrityError, match=rows["add"].key):
        reuse_cid(desk, rows["add"].cid, now=7, expected=announced)
    assert not (desk.workspace.store_dir / "add").exists()


def test_a_report_of_another_form_is_refused(scene: Scene, tell: Tell, tmp_path: Path) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    offer(scene, "add", "all_of_them", "mine")
    bad = add_bytes(scene.lab.store, b'{"schema": "coopt/report/1", "outputs": {"add": 5}}')
    scene.lab.ledger.send(Score(3, 0, 0, bad), signer=LAB)
    with pytest.raises(ContentRefusedError, match="no report"):
        published_outputs(scene.lab, "tiny")


def test_before_the_first_record_there_is_nothing_to_reuse(scene: Scene) -> None:
    with pytest.raises(UnknownNameError):
        published_outputs(scene.lab, "tiny")
