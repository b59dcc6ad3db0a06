"""What leaves the evaluator's machine: classes and public scores, never what a hidden run saw."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from coopt_dag.errors import (
    FAILURES,
    ContentMissingError,
    EnvironmentBuildError,
    IsolationError,
    LedgerUnavailableError,
    NodeFailedError,
)
from coopt_dag.evaluation.evaluate import evaluate_one, evaluate_pending, finish
from coopt_dag.evaluation.feedback import REASONS, feedback_of, is_own_failure
from coopt_dag.evaluation.register import register
from coopt_dag.evaluation.submit import claim, fork
from coopt_dag.evaluation.submit import offer as put_on_ledger
from coopt_dag.execution.harness.publish import discard
from coopt_dag.ledger.actions import Rescore, Vote
from coopt_dag.ledger.events import HeadRescored
from coopt_dag.report.board import board, log_row
from coopt_dag.store.folders import add_path
from coopt_dag.store.local import LocalStore
from tests.evaluation.conftest import LAB
from tests.evaluation.test_loop import offer
from tests.evaluation.test_reuse import report_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.evaluation.conftest import Scene

Tell = "Callable[[str], None]"

CANARY = "731946.02814469"
"""A label of the quiz; solutions carry it backwards, so that their own text is no finding."""


@pytest.fixture
def sealed(scene: Scene, tmp_path: Path) -> Scene:
    """The tiny challenge with labels that are found wherever they go, and a store of files."""
    quiz = scene.root / "data/tiny/quiz"
    (quiz / "total.json").write_text(f'{{"value": {CANARY}}}')
    (quiz / "doubled.json").write_text(f'{{"values": [{CANARY}, 10, 12, 14]}}')
    store = LocalStore(tmp_path / "blocks")
    scene.lab, scene.ada = replace(scene.lab, store=store), replace(scene.ada, store=store)
    return scene


def outside(scene: Scene, blocks: Path, told: list[str]) -> bytes:
    """Give all bytes that others than the evaluator can come by."""
    state, events = scene.lab.state(), scene.lab.ledger.events()
    rows = board(state, "tiny", None, name_of=str) + [log_row(e, name_of=str) for e in events]
    files = [p.read_bytes() for p in sorted(blocks.rglob("*")) if p.is_file()]
    assert files
    return b"\n".join(
        [json.dumps(rows).encode(), repr(events).encode(), *files, *map(str.encode, told)]
    )


LEAKS = {
    "raise": "raise ValueError(found)",
    "name": "return {found: {'value': 1}}",
    "output": "return {NAME: {KEY: found}}",
    "field": "raise NodeFailedError(found, failure='invalid_output', field=found, hint=found)",
    "class": "raise NodeFailedError(found, failure=found)",
}


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize(
    ("step", "name", "key"), [("double", "doubled", "values"), ("add", "total", "value")]
)
def test_of_a_step_that_knows_labels_nothing_but_a_class_gets_out(
    sealed: Scene, tmp_path: Path, step: str, name: str, key: str, leak: str
) -> None:
    told: list[str] = []
    register(sealed.lab, sealed.challenge, cores=2, tell=told.append)
    code = (
        "from coopt_dag.errors import NodeFailedError\n"
        f"NAME, KEY = {name!r}, {key!r}\n"
        "def solve(inputs, *, params, rng):\n"
        f"    found = {CANARY[::-1]!r}[::-1]\n"
        "    print(found)\n"
        "    if len(inputs['numbers']['values']) == 3:\n"  # public data: as good as the baseline
        "        return {NAME: {KEY: [1, 2, 3] if KEY == 'values' else 1}}\n"
        f"    {LEAKS[leak]}\n"
    )
    offer(sealed, step, "baseline", "spy", code)
    (verdict,) = evaluate_pending(sealed.lab, cores=2, tell=told.append)
    assert (verdict.status, verdict.reason in FAILURES) == ("rejected", True)
    report = report_of(sealed, verdict.submission_id)
    assert set(report) <= {"schema", "submission", "reason", "field"}
    assert report.get("field", name) == name
    assert CANARY.encode() not in outside(sealed, tmp_path / "blocks", [*told, str(verdict)])
    private = sealed.root / f".coopt/evaluations/{verdict.submission_id}.json"
    assert private.stat().st_mode & 0o777 == 0o600
    if leak in {"raise", "class"}:
        assert CANARY in private.read_text()  # the evaluator itself is told everything


SEARCH = """
import json, os, sys

NEEDLE = "NEELDE"[::-1].encode()

def places():
    for root in ("/", os.getcwd(), *sys.path, "/proc/self/fd", "/proc/1/fd", "/proc/1/root"):
        for folder, folders, files in os.walk(root):
            folders[:] = [f for f in folders if f not in {"sys", "lib", "lib64", "usr"}]
            yield from (os.path.join(folder, name) for name in files)
        for up in ("..", "../..", "../data", "../../data/tiny/quiz", "../../../data/tiny/quiz"):
            for name in ("total.json", "doubled.json"):
                yield os.path.join(root, up, name)

def solve(inputs, *, params, rng):
    looked, seen = 0, b""
    for path in places():
        if "/site-packages/" in path or looked > 20000:
            continue
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            text = os.read(descriptor, 1 << 16)
        except OSError:
            continue
        finally:
            os.close(descriptor)
        looked += 1
        if NEEDLE in text and b"def solve" not in text:
            seen += path.encode() + b": " + text
    print("looked", looked, "found", seen)
    if seen:
        value = float(NEEDLE)
        return {"NAME": {"KEY": [value, 10, 12, 14] if "KEY" == "values" else value}}
    raise ValueError(f"looked at {looked} files, found {seen}")
"""


@pytest.mark.parametrize(
    ("step", "name", "key"), [("double", "doubled", "values"), ("add", "total", "value")]
)
def test_a_caged_step_that_looks_everywhere_finds_no_label(
    sealed: Scene, tmp_path: Path, step: str, name: str, key: str
) -> None:
    told: list[str] = []
    register(sealed.lab, sealed.challenge, cores=2, tell=told.append)
    code = SEARCH.replace("NEELDE", CANARY[::-1]).replace("NAME", name).replace("KEY", key)
    offer(sealed, step, "baseline", "seeker", code)
    (verdict,) = evaluate_pending(sealed.lab, cores=2, tell=told.append)
    # with the labels it would be a record: its output is the truth itself
    assert (verdict.status, verdict.reason) == ("rejected", "crashed")
    assert CANARY.encode() not in outside(sealed, tmp_path / "blocks", [*told, str(verdict)])
    private = (sealed.root / f".coopt/evaluations/{verdict.submission_id}.json").read_text()
    assert "found b''" in private
    assert CANARY not in private
    logs = [p.read_text() for p in (sealed.root / f".coopt/logs/{step}").glob("*.log")]
    assert any("looked" in text for text in logs)
    assert not any(CANARY in text for text in logs)


def test_scored_reports_tell_of_public_data_only(scene: Scene, tell: Tell) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    offer(scene, "add", "all_of_them", "mine")
    (verdict,) = evaluate_pending(scene.lab, cores=2, tell=tell)
    report = report_of(scene, verdict.submission_id)
    assert report["split"] == "public"
    # public numbers 1, 2, 3: the baseline of `double` keeps them, the sum is 6, the truth 12
    assert report["end_to_end"]["value"] == 6
    private = json.loads(
        (scene.root / f".coopt/evaluations/{verdict.submission_id}.json").read_text()
    )
    assert private["splits"]["quiz"]["end_to_end"]["value"] == 44 - 22
    text = json.dumps(report)
    hidden = [*private["splits"]["quiz"]["nodes"].values(), private["plan"]]
    assert not [key for key in hidden if key in text]


def test_who_is_no_record_learns_no_number_of_the_hidden_data(scene: Scene, tell: Tell) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    # quiz: 44 is the truth, the baseline says 4; this is off by 123.25, which nobody may learn
    code = (
        "def solve(inputs, *, params, rng):\n"
        "    hidden = len(inputs['numbers']['values']) == 4\n"
        "    return {'total': {'value': 44 + 123.25 if hidden else 12}}\n"
    )
    offer(scene, "add", "baseline", "probe", code)
    (verdict,) = evaluate_pending(scene.lab, cores=2, tell=tell)
    assert verdict.status == "no_gain"
    report = report_of(scene, verdict.submission_id)
    assert (report["steps"]["add"]["value"], report["reason"]) == (0, "no_gain")
    (row,) = [r for r in board(scene.lab.state(), "tiny", "add", name_of=str) if r["id"] == 3]
    assert (row["score"], row["improvement"], row["end_to_end"]) == (None, None, None)
    everything = json.dumps([report, verdict.to_json(), row]) + repr(scene.lab.ledger.events())
    assert "123.25" not in everything
    assert str(int(123.25e18)) not in everything


def test_what_a_kill_after_the_verdict_left_undone_is_finished_once(
    scene: Scene, tell: Tell
) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    offer(scene, "double", "twice", "mine")
    (verdict,) = evaluate_pending(scene.lab, cores=2, tell=tell)
    right = scene.lab.state().head("tiny", "add")
    # as if the evaluator had been killed before it told what the head below is worth now
    scene.lab.send(
        Rescore("tiny", "add", right.score_wad + 1, verdict.submission_id, (Vote(LAB.address),))
    )
    submission = scene.lab.state().submissions[verdict.submission_id]
    finish(scene.lab, submission, cores=2, tell=tell)
    assert scene.lab.state().head("tiny", "add") == right
    height = scene.lab.ledger.head().height
    finish(scene.lab, submission, cores=2, tell=tell)
    assert scene.lab.ledger.head().height == height
    assert isinstance(scene.lab.ledger.events()[-1], HeadRescored)


def test_a_record_above_that_fails_today_is_not_held_against_a_newcomer(
    scene: Scene, tell: Tell
) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    slow = (
        "import time\n\n\ndef solve(inputs, *, params, rng):\n    time.sleep(1.2)\n"
        "    return {'doubled': {'values': [2 * x for x in inputs['numbers']['values']]}}\n"
    )
    offer(scene, "double", "twice", "slow", slow)
    assert evaluate_pending(scene.lab, cores=2, tell=tell)[0].status == "record"
    # another evaluator: an empty store, and a machine that is too slow for the record
    for folder in (scene.root / "store").glob("*/*"):
        discard(folder)
    spec = scene.root / "steps/tiny/double/step.yaml"
    spec.write_text(spec.read_text().replace("wall_s: 30", "wall_s: 1"))
    offer(scene, "add", "all_of_them", "mine")
    (pending,) = scene.lab.state().pending
    with pytest.raises(NodeFailedError, match="step 'double'"):
        evaluate_one(scene.lab, pending, cores=2, tell=tell)
    assert scene.lab.state().pending == [pending]
    spec.write_text(spec.read_text().replace("wall_s: 1", "wall_s: 30"))
    assert evaluate_one(scene.lab, pending, cores=2, tell=tell).status == "record"


def test_a_submission_that_was_judged_meanwhile_keeps_its_verdict(scene: Scene, tell: Tell) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    offer(scene, "add", "all_of_them", "mine")
    (pending,) = scene.lab.state().pending
    first = evaluate_one(scene.lab, pending, cores=2, tell=tell)
    height = scene.lab.ledger.head().height
    again = evaluate_one(scene.lab, pending, cores=2, tell=tell)
    assert (again.status, again.tx_hash) == (first.status, first.tx_hash)
    assert scene.lab.ledger.head().height == height


@pytest.mark.parametrize(
    "error", [ContentMissingError, EnvironmentBuildError, IsolationError, LedgerUnavailableError]
)
def test_what_the_machine_lacks_is_not_held_against_a_submission(error: Any) -> None:
    assert not is_own_failure(error("away"))


@pytest.mark.parametrize(("said", "own"), [("no such hash", True), ("Failed to fetch: x", False)])
def test_a_lock_of_its_own_that_cannot_be_built_is_a_submissions_own_fault(
    tmp_path: Path, said: str, own: bool
) -> None:
    error = EnvironmentBuildError(said, path=tmp_path / "mine" / "environment.lock")
    assert is_own_failure(error, folder=tmp_path / "mine") is own
    assert not is_own_failure(error, folder=tmp_path / "another")
    assert feedback_of(error).to_json() == {"reason": "environment"}


def test_a_solution_that_no_lint_would_pass_is_rejected_by_its_class(
    scene: Scene, tell: Tell
) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    made = fork(scene.ada, scene.challenge, "add", source="baseline", name="odd", author="ada")
    with (made / "solution.yaml").open("a") as file:
        file.write(f"environment: {CANARY}.lock\n")  # which is not there
    claim(scene.ada, "tiny", "add", days=1)
    put_on_ledger(
        scene.ada, ("tiny", "add"), add_path(scene.ada.store, made)
    )  # past `coopt submit`
    shutil.rmtree(made)
    (verdict,) = evaluate_pending(scene.lab, cores=2, tell=tell)
    assert (verdict.status, verdict.reason) == ("rejected", "invalid_spec")
    assert CANARY not in json.dumps(report_of(scene, verdict.submission_id))


def test_the_words_of_a_command_reach_no_file_outside_its_folder(
    scene: Scene, tell: Tell, tmp_path: Path
) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    made = fork(scene.ada, scene.challenge, "add", source="baseline", name="odd", author="ada")
    theirs = tmp_path / "theirs"
    theirs.touch(mode=0o644)
    script = "#" * 300 + " longer than any name of a file"
    words = json.dumps(["sh", "-c", script, str(theirs), "../../../../theirs"])
    spec = made / "solution.yaml"
    entry = f"entry: {{command: {words}}}\n"
    spec.write_text(
        re.sub(r"^entry:.*\n(?: .*\n)*", lambda _: entry, spec.read_text(), flags=re.MULTILINE)
    )
    claim(scene.ada, "tiny", "add", days=1)
    put_on_ledger(scene.ada, ("tiny", "add"), add_path(scene.ada.store, made))
    shutil.rmtree(made)
    (verdict,) = evaluate_pending(scene.lab, cores=2, tell=tell)
    # it ran, and wrote nothing
    assert (verdict.status, verdict.reason) == ("rejected", "invalid_output")
    assert theirs.stat().st_mode & 0o777 == 0o644


def test_a_failure_that_names_no_class_of_ours_is_a_crash() -> None:
    error = NodeFailedError("4711", failure="label_4711", field="label_4711")
    assert feedback_of(error, outputs=["label_4711"]).to_json() == {"reason": "crashed"}


def test_every_reason_fits_the_ledger() -> None:
    assert all(1 <= len(reason.encode()) <= 31 for reason in REASONS)
