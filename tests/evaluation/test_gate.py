"""The gate on real runs: adopted, kept as a local record, refused, or out of tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from coopt_dag.evaluation.evaluate import evaluate_pending
from coopt_dag.evaluation.register import register
from coopt_dag.evaluation.reports import private_path
from coopt_dag.evaluation.submit import claim, fork, submit
from coopt_dag.ledger import events as ev
from coopt_dag.store.folders import fetch_path
from tests.evaluation.conftest import Scene
from tests.evaluation.panel import Panel
from tests.workspaces import tiny

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coopt_dag.evaluation.verdict import Verdict

    Tell = Callable[[str], None]

NUMBERS = list(range(10, 50))
GATE = "gate: {slots: 2, min_clusters: 30, min_discordant: 5}\n"
DOUBLE = "def solve(inputs, *, params, rng):\n    v = inputs['numbers']['values']\n"
# The step's losses are |2v - p|; the baseline gives v, so that each of its losses is v. The
# baseline of `add` gives the first of the numbers: 2 * 1180 - 10 = 2350 away from the truth.
TWICE = DOUBLE + "    return {'doubled': {'values': [2 * x for x in v]}}\n"
LAST_ONLY = DOUBLE + "    return {'doubled': {'values': [*v[:-1], 2 * v[-1]]}}\n"
ALL_BUT_FIRST = DOUBLE + "    return {'doubled': {'values': [0, *(2 * x for x in v[1:])]}}\n"
SUM = (
    "def solve(inputs, *, params, rng):\n"
    "    return {'total': {'value': sum(inputs['numbers']['values'])}}\n"
)


def furnish(root: Path, rules: str = "") -> Path:
    """Give the hidden split 40 numbers, and the challenge rules."""
    quiz = root / "data/tiny/quiz"
    (quiz / "numbers.json").write_text(json.dumps({"values": NUMBERS}))
    (quiz / "doubled.json").write_text(json.dumps({"values": [2 * n for n in NUMBERS]}))
    (quiz / "total.json").write_text(json.dumps({"value": 2 * sum(NUMBERS)}))
    with (root / "steps/tiny/challenge.yaml").open("a") as file:
        file.write(rules)
    return root


def seat(tmp_path: Path, tell: Tell, rules: str = GATE) -> Scene:
    scene = Scene(furnish(tiny(tmp_path / "tiny"), rules))
    assert all(
        v.status == "record" for v in register(scene.lab, scene.challenge, cores=2, tell=tell)
    )
    return scene


def judged(
    scene: Scene, tell: Tell, code: str, *, step: str = "double", name: str = "x"
) -> Verdict:
    claim(scene.ada, "tiny", step, days=1)
    made = fork(scene.ada, scene.challenge, step, source="baseline", name=name, author="ada")
    (made / "run.py").write_text(code)
    submit(scene.ada, scene.challenge, made)
    (verdict,) = evaluate_pending(scene.lab, cores=2, tell=tell)
    return verdict


def found(scene: Scene, verdict: Verdict) -> dict[str, Any]:
    """Give what the evaluator alone knows of the gate."""
    text = private_path(scene.lab, verdict.submission_id).read_text()
    return dict(json.loads(text)["gate"])


def test_a_gain_on_every_example_is_adopted(tmp_path: Path, tell: Tell) -> None:
    scene = seat(tmp_path, tell)
    verdict = judged(scene, tell, TWICE)
    assert (verdict.status, verdict.before, verdict.after) == ("record", "29.5", "0")
    known = found(scene, verdict)
    # gains are 10 ... 49: mean 29.5, variance 41 * 40 / 12, error sqrt(136.67 / 40) = 1.8484;
    # z at 0.05 / 2 is 1.96: the bound is 29.5 - 3.6229 = 25.877
    assert (known["outcome"], known["local"]["gain"]) == ("adopted", 29_500_000_000)
    assert known["local"]["error"] == pytest.approx(1.8484e9, rel=1e-4)
    assert known["local"]["bound"] == pytest.approx(25.877e9, rel=1e-4)
    # the whole has no losses: its score alone must not fall; 2350 to 2340
    assert (known["whole"]["test"], known["whole"]["gain"]) == ("score alone", 10 * 10**9)


def test_a_gain_on_one_example_exceeds_min_delta_and_is_refused(tmp_path: Path, tell: Tell) -> None:
    scene = seat(tmp_path, tell)
    verdict = judged(scene, tell, LAST_ONLY)  # 49 / 40 = 1.225 better in the mean
    assert (verdict.status, verdict.reason, verdict.after) == ("no_gain", "no_gain", None)
    known = found(scene, verdict)
    assert (known["outcome"], known["whole"]) == ("refused", None)
    assert (known["local"]["gain"], known["local"]["discordant"]) == (1_225_000_000, 1)


def test_without_a_gate_the_same_gain_is_a_record(tmp_path: Path, tell: Tell) -> None:
    scene = seat(tmp_path, tell, rules="")
    verdict = judged(scene, tell, LAST_ONLY)
    assert verdict.status == "record"
    assert "gate" not in json.loads(private_path(scene.lab, verdict.submission_id).read_text())


def test_what_hurts_the_whole_is_a_local_record(tmp_path: Path, tell: Tell) -> None:
    scene = seat(tmp_path, tell)
    verdict = judged(scene, tell, ALL_BUT_FIRST)  # the whole sees the first number only: 0
    assert (verdict.status, verdict.reason, verdict.after) == ("rejected", "local_record", None)
    head = scene.lab.state().head("tiny", "double")
    assert head is not None
    assert head.contributor == scene.lab.identity.address  # the baseline's still
    known = found(scene, verdict)
    assert (known["outcome"], known["local"]["passed"]) == ("local record only", True)
    assert (known["whole"]["passed"], known["whole"]["gain"]) == (False, -10 * 10**9)


def test_a_variant_of_a_local_record_is_none(tmp_path: Path, tell: Tell) -> None:
    scene = seat(tmp_path, tell, GATE.replace("slots: 2", "slots: 9"))
    assert judged(scene, tell, ALL_BUT_FIRST).reason == "local_record"
    # As far from the truth as the first one, or further: it would beat the head, which has not
    # moved, as well as the first one did.
    again = judged(scene, tell, ALL_BUT_FIRST + "# another comment\n", name="y")
    assert again.reason == "no_gain"
    # The last number is left out as well: 2 * 49 further away.
    less = ALL_BUT_FIRST.replace("v[1:])]", "v[1:-1]), 0]")
    assert judged(scene, tell, less, name="z").reason == "no_gain"


def test_a_whole_that_may_lose_a_little_adopts_it(tmp_path: Path, tell: Tell) -> None:
    rules = GATE.replace("{", "{non_inferiority: 10, ")
    assert judged(seat(tmp_path, tell, rules), tell, ALL_BUT_FIRST).status == "record"


def test_a_broken_constraint_keeps_it_local_and_is_named_to_the_evaluator(
    tmp_path: Path, tell: Tell
) -> None:
    scene = seat(tmp_path, tell)
    path = scene.root / "steps/tiny/challenge.yaml"
    path.write_text(
        path.read_text().replace(
            "  constraints:\n",
            "  constraints:\n"
            "    - {id: low, value: error, split: quiz, at_most: 2300, summary: Near.}\n"
            "    - {id: late, value: error, split: quiz, against: sealed, at_most: 0, "
            "summary: Later.}\n",
        )
    )
    verdict = judged(scene, tell, TWICE)
    assert verdict.reason == "local_record"
    assert found(scene, verdict)["broken"] == ["low"]  # `late` waits for the sealed split


def bound_step(scene: Scene, step: str, at_most: float) -> None:
    path = scene.root / f"steps/tiny/{step}/step.yaml"
    bound = f"[{{id: near, value: mae, at_most: {at_most}, summary: Not far off.}}]"
    path.write_text(path.read_text() + f"constraints: {bound}\n")


def test_a_step_that_breaks_its_own_constraint_keeps_a_local_record(
    tmp_path: Path, tell: Tell
) -> None:
    scene = seat(tmp_path, tell)
    bound_step(scene, "double", 1e-3)
    verdict = judged(scene, tell, ALL_BUT_FIRST)
    assert verdict.reason == "local_record"
    assert "double.near" in found(scene, verdict)["broken"]


def test_a_step_that_keeps_its_constraint_is_adopted_whatever_others_break(
    tmp_path: Path, tell: Tell
) -> None:
    scene = seat(tmp_path, tell)
    bound_step(scene, "double", 0)  # TWICE has no error left
    path = scene.root / "steps/tiny/add/step.yaml"
    bound = "[{id: strict, value: error, at_most: 0, summary: The baseline breaks it.}]"
    path.write_text(path.read_text() + f"constraints: {bound}\n")
    assert judged(scene, tell, TWICE).status == "record"


def test_nothing_but_the_class_is_told(tmp_path: Path, tell: Tell) -> None:
    scene = seat(tmp_path, tell)
    verdict = judged(scene, tell, ALL_BUT_FIRST)
    entry = scene.lab.state().submissions[verdict.submission_id]
    assert (entry.score_wad, entry.e2e_score_wad, entry.improvement_wad) == (None, None, None)
    fetch_path(scene.lab.store, entry.report_cid, tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["split"] == "public"
    assert "gate" not in report


def test_a_submission_beyond_the_tests_is_not_run(tmp_path: Path, tell: Tell) -> None:
    scene = seat(tmp_path, tell, GATE.replace("slots: 2", "slots: 1"))
    assert judged(scene, tell, LAST_ONLY).reason == "no_gain"
    logs = scene.lab.workspace.state_dir / "content"
    before = set(logs.iterdir())
    verdict = judged(scene, tell, TWICE, name="second")
    assert (verdict.status, verdict.reason, verdict.executed) == ("rejected", "tests_spent", 0)
    assert set(logs.iterdir()) == before  # not even fetched
    # each step has tests of its own
    add = judged(scene, tell, SUM, step="add", name="third")
    assert add.status == "record"


def test_a_metric_without_losses_is_judged_by_min_delta_alone(tmp_path: Path, tell: Tell) -> None:
    scene = seat(tmp_path, tell)
    verdict = judged(scene, tell, SUM, step="add")
    assert verdict.status == "record"
    assert found(scene, verdict)["local"]["test"] == "score alone"


def test_too_few_examples_adopt_nothing(tmp_path: Path, tell: Tell) -> None:
    scene = seat(tmp_path, tell, "gate: {slots: 2}\n")
    verdict = judged(scene, tell, TWICE)
    assert verdict.reason == "no_gain"
    assert found(scene, verdict)["local"]["reason"] == "fewer than 500 clusters"


@pytest.mark.slow
def test_two_of_a_quorum_keep_the_same_work_local(tmp_path: Path) -> None:
    panel = Panel.at(tmp_path / "tiny", "quorum: 2\nreveal_hours: 1\n" + GATE)
    furnish(panel.root)
    source = panel.root / "steps/tiny/double/solutions/twice/run.py"
    source.write_text(ALL_BUT_FIRST)
    panel.open()
    panel.rounds()
    number = panel.offer("double", "twice")
    panel.rounds()
    entry = panel.desks["lab"].state().submissions[number]
    assert (entry.status, entry.reason, entry.score_wad) == ("rejected", "local_record", None)
    attested = [e for e in panel.ledger.events() if isinstance(e, ev.Attested)]
    assert [e.reason for e in attested if e.submission_id == number] == ["local_record"] * 2
    panel.close()
