"""The loop on a ledger in memory: register, claim, fork, submit, evaluate, check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coopt_dag.errors import LedgerRefusedError, SpecError, UnknownNameError, UsageError
from coopt_dag.evaluation.check import check
from coopt_dag.evaluation.evaluate import evaluate_pending
from coopt_dag.evaluation.register import register
from coopt_dag.evaluation.submit import claim, fork, submit
from coopt_dag.ledger.events import HeadRescored
from coopt_dag.model.wad import to_wad
from coopt_dag.store.folders import cid_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.evaluation.conftest import Scene

Tell = "Callable[[str], None]"


def offer(scene: Scene, step: str, source: str, name: str, code: str | None = None) -> Path:
    claim(scene.ada, "tiny", step, days=1)
    made = fork(scene.ada, scene.challenge, step, source=source, name=name, author="ada")
    if code is not None:
        (made / "run.py").write_text(code)
    submit(scene.ada, scene.challenge, made)
    return made


def test_registering_scores_every_baseline_and_again_does_nothing(scene: Scene, tell: Tell) -> None:
    first = register(scene.lab, scene.challenge, cores=2, tell=tell)
    assert [(v.step, v.status, v.before) for v in first] == [
        ("double", "record", None),
        ("add", "record", None),
    ]
    height = scene.lab.ledger.head().height
    assert register(scene.lab, scene.challenge, cores=2, tell=tell) == []
    assert scene.lab.ledger.head().height == height


def test_a_better_step_becomes_the_record_of_its_contributor(scene: Scene, tell: Tell) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    offer(scene, "add", "all_of_them", "mine")
    (verdict,) = evaluate_pending(scene.lab, cores=2, tell=tell)
    assert verdict.status == "record"
    head = scene.lab.state().head("tiny", "add")
    assert head is not None
    assert head.contributor == scene.ada.signer.address
    # its own step on the quiz split and on the public one; `double` was there on both
    assert (verdict.executed, verdict.reused) == (2, 2)


def test_a_submission_is_judged_once(scene: Scene, tell: Tell) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    offer(scene, "add", "all_of_them", "mine")
    assert len(evaluate_pending(scene.lab, cores=2, tell=tell)) == 1
    assert evaluate_pending(scene.lab, cores=2, tell=tell) == []


def test_an_equal_score_is_no_gain(scene: Scene, tell: Tell) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    made = fork(scene.ada, scene.challenge, "add", source="baseline", name="same", author="ada")
    (made / "NOTES.txt").write_text("another tree, the same answer\n")
    claim(scene.ada, "tiny", "add", days=1)
    submit(scene.ada, scene.challenge, made)
    (verdict,) = evaluate_pending(scene.lab, cores=2, tell=tell)
    # not scored: the exact score of what is no record would let anybody probe the hidden data
    assert (verdict.status, verdict.after, verdict.improvement) == ("no_gain", None, None)
    entry = scene.lab.state().submissions[verdict.submission_id]
    assert (entry.status, entry.reason, entry.score_wad) == ("no_gain", "no_gain", None)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def solve(inputs, *, params, rng):\n    return 1 / 0\n", "crashed"),
        (
            "def solve(inputs, *, params, rng):\n    return {'total': {'value': 1e300}}\n",
            "invalid_score",
        ),
    ],
)
def test_a_broken_submission_is_rejected_and_never_ranks(
    scene: Scene, tell: Tell, code: str, reason: str
) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    offer(scene, "add", "baseline", "broken", code)
    (verdict,) = evaluate_pending(scene.lab, cores=2, tell=tell)
    assert (verdict.status, verdict.reason, verdict.after) == ("rejected", reason, None)
    entry = scene.lab.state().submissions[verdict.submission_id]
    assert entry.score_wad is None


def test_a_record_upstream_rescores_the_heads_below_it(scene: Scene, tell: Tell) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    before = scene.lab.state().head("tiny", "add")
    offer(scene, "double", "twice", "mine")
    (verdict,) = evaluate_pending(scene.lab, cores=2, tell=tell)
    rescored = [e for e in scene.lab.ledger.events() if isinstance(e, HeadRescored)]
    assert [(e.step, e.because) for e in rescored] == [("add", verdict.submission_id)]
    after = scene.lab.state().head("tiny", "add")
    assert before is not None
    assert after is not None
    assert before.score_wad != after.score_wad == to_wad(str(verdict.e2e_after))


def test_a_fork_names_its_parent_and_lineage_is_recorded(scene: Scene, tell: Tell) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    made = offer(scene, "add", "baseline", "child", CHILD)
    parent = cid_of(scene.challenge.steps["add"].path / "baseline")
    assert parent in (made / "solution.yaml").read_text()
    entry = max(scene.lab.state().submissions.values(), key=lambda s: s.id)
    assert entry.parents == (2,)  # the baseline of `add` was the second submission


CHILD = 'def solve(inputs, *, params, rng):\n    return {"total": {"value": 1}}\n'


def test_submitting_without_a_claim_is_refused(scene: Scene, tell: Tell) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    made = fork(scene.ada, scene.challenge, "add", source=None, name="mine", author="ada")
    with pytest.raises(LedgerRefusedError) as caught:
        submit(scene.ada, scene.challenge, made)
    assert caught.value.code == "NoLiveClaim"


def test_the_same_files_are_not_offered_twice(scene: Scene, tell: Tell) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    made = offer(scene, "add", "all_of_them", "mine")
    with pytest.raises(UsageError, match="submission 3"):
        submit(scene.ada, scene.challenge, made)


def test_a_folder_outside_of_every_step_is_refused(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no step"):
        submit(scene.ada, scene.challenge, tmp_path)


def test_a_fork_never_replaces_what_is_there(scene: Scene) -> None:
    with pytest.raises(UsageError, match="exists already"):
        fork(scene.ada, scene.challenge, "add", source=None, name="all_of_them", author="ada")


def test_an_unknown_origin_is_refused_with_what_there_is(scene: Scene) -> None:
    with pytest.raises(UnknownNameError) as caught:
        fork(scene.ada, scene.challenge, "add", source="all_of_then", name="x", author="ada")
    assert "all_of_them" in caught.value.hint


def test_check_compares_with_baseline_and_record_on_public_data(scene: Scene, tell: Tell) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    folder = scene.challenge.steps["add"].path / "solutions" / "all_of_them"
    found = check(scene.ada, scene.challenge, folder, cores=2)
    assert found.split == "public"
    assert [x.who for x in found.lines] == ["candidate", "baseline", "record"]
    mine, baseline, record = found.lines
    assert baseline == type(baseline)("baseline", record.step_score, record.end_to_end, record.gain)
    assert mine.gain == 0
    assert baseline.gain == pytest.approx(baseline.step_score - mine.step_score)
    assert found.would_be_record


def test_an_executable_survives_its_way_through_a_cid(scene: Scene, tell: Tell) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    claim(scene.ada, "tiny", "double", days=1)
    made = fork(scene.ada, scene.challenge, "double", source="twice", name="shell", author="ada")
    (made / "run.py").unlink()
    script = made / "same.sh"
    script.write_text('#!/bin/sh\ncp "$COOPT_IN/numbers.json" "$COOPT_OUT/doubled.json"\n')
    script.chmod(0o755)
    spec = made / "solution.yaml"
    spec.write_text(spec.read_text().replace("python: run.py", "command: [same.sh]"))
    submit(scene.ada, scene.challenge, made)
    (verdict,) = evaluate_pending(scene.lab, cores=2, tell=tell)
    assert verdict.status in {"record", "no_gain"}
