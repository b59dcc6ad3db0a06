"""A step's metric changes: announced, in force, heads scored anew, boards side by side."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from coopt_dag.errors import (
    LedgerRefusedError,
    ScoreInvalidError,
    SpecGroupError,
    UnknownNameError,
    UsageError,
)
from coopt_dag.evaluation import metrics, rankings
from coopt_dag.evaluation.check import check
from coopt_dag.evaluation.evaluate import evaluate_one, evaluate_pending
from coopt_dag.evaluation.register import register
from coopt_dag.evaluation.rescoring import rescore_stale, stale_steps
from coopt_dag.evaluation.service import Service
from coopt_dag.evaluation.submit import offer as put_on_ledger
from coopt_dag.ledger import actions as ac
from coopt_dag.ledger import events as ev
from coopt_dag.ledger.protocol import Forwarding
from coopt_dag.ledger.versions import metric_versions
from coopt_dag.model.wad import to_wad
from coopt_dag.report.metrics import ranking_text
from coopt_dag.specs.challenge import load_challenge
from coopt_dag.store.folders import add_path
from tests.evaluation.panel import Panel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from coopt_dag.ledger.protocol import Ledger, Receipt, Signer
    from tests.evaluation.conftest import Scene

    Tell = Callable[[str], None]

# The doubled quiz numbers of the tiny challenge are 8, 10, 12, 14; `double` starts with a baseline
# that gives 4, 5, 6, 7, so that `add` sees these. The truth of `add` on the quiz is 44.
#   baseline of add: the first number, 4         error 40
#   all_of_them: 4 + 5 + 6 + 7 = 22              error 22
OVERSHOOT = '''"""How much of the total is there, at most all of it; too much counts nothing."""


def score(reference, prediction):
    share = prediction["value"] / reference["value"]
    return {"share": share if share <= 1 else 0.0}
'''


def write_metric(
    root: Path, *, code: str = OVERSHOOT, name: str = "share", min_delta: str = "0.01"
) -> Path:
    """Write the next metric of `add`: a share, to be maximised."""
    folder = root.parent / f"metric_{name}"
    shutil.copytree(root / "steps/tiny/add", folder, ignore=shutil.ignore_patterns("solutions"))
    shutil.rmtree(folder / "baseline")
    (folder / "metric.py").write_text(code)
    path = folder / "step.yaml"
    text = path.read_text()
    for old, new in (
        ("name: error", f"name: {name}"),
        ("direction: minimise", "direction: maximise"),
        ("range: [0, 1000000]", "range: [0, 1]"),
        ("min_delta: 0.001", f"min_delta: {min_delta}"),
        ("Absolute error of the sum.", "Share of the sum."),
    ):
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return folder


def solution(root: Path, value: float) -> Path:
    folder = root.parent / f"made_{value}"
    shutil.copytree(root / "steps/tiny/add/baseline", folder)
    code = f'def solve(inputs, *, params, rng):\n    return {{"total": {{"value": {value}}}}}\n'
    (folder / "run.py").write_text(code)
    return folder


def offer(scene: Scene, value: float) -> int:
    cid = add_path(scene.ada.store, solution(scene.root, value))
    scene.ada.send(ac.Claim("tiny", "add", 86_400))
    put_on_ledger(scene.ada, ("tiny", "add"), cid)
    return max(scene.ada.state().submissions)


def next_epoch(scene: Scene) -> None:
    scene.lab.send(ac.Seal("tiny", "11" * 32, "bafysealed"))


def announce(scene: Scene) -> metrics.Announced:
    folder = scene.root.parent / "metric_share"
    made = folder if folder.is_dir() else write_metric(scene.root)
    return metrics.propose(scene.lab, scene.challenge, "add", made, cores=2)


def activate(scene: Scene) -> metrics.Activated:
    announce(scene)
    next_epoch(scene)
    return metrics.activate(scene.lab, "tiny", "add")


def rescored(ledger: Ledger) -> list[ev.HeadRescored]:
    return [e for e in ledger.events() if isinstance(e, ev.HeadRescored)]


@pytest.fixture
def opened(scene: Scene, tell: Tell) -> Scene:
    """The challenge with its baselines scored, in epoch 0."""
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    return scene


def test_a_new_metric_goes_from_its_notice_to_judging_what_is_offered(
    opened: Scene, tell: Tell
) -> None:
    made = announce(opened)
    assert (made.epoch, made.activates_in, made.split) == (0, 1, "public")
    next_epoch(opened)
    done = metrics.activate(opened.lab, "tiny", "add")
    assert (done.version, done.epoch, done.is_stale) == (1, 1, True)

    # 66 is 1.5 of the total: by the old metric an error of 22 and a record, by the new one nothing
    loser = offer(opened, 66)
    assert [v.status for v in evaluate_pending(opened.lab, cores=2, tell=tell)] == ["no_gain"]
    (found,) = rescored(opened.lab.ledger)
    assert (found.old_wad, found.new_wad) == (to_wad(40), to_wad(4 / 44))
    # 33 of 44 is .75
    winner = offer(opened, 33)
    (verdict,) = evaluate_pending(opened.lab, cores=2, tell=tell)
    assert (verdict.status, verdict.after) == ("record", "0.75")
    state = opened.lab.state()
    assert [state.submissions[n].metric_version for n in (loser, winner)] == [1, 1]
    assert len(rescored(opened.lab.ledger)) == 1


def test_the_same_version_is_announced_once(opened: Scene) -> None:
    first, height = announce(opened), opened.lab.ledger.head().height
    again = announce(opened)
    assert (again.spec_cid, again.receipt) == (first.spec_cid, None)
    assert opened.lab.ledger.head().height == height
    entry = opened.lab.state().announced["tiny", "add"]
    assert (entry.direction, entry.min_delta_wad, entry.tolerance_wad) == (
        "maximise",
        to_wad("0.01"),
        to_wad(1e-9),
    )


def test_the_metric_in_force_is_not_announced(opened: Scene) -> None:
    with pytest.raises(UsageError, match="in force"):
        metrics.propose(
            *(opened.lab, opened.challenge, "add", opened.root / "steps/tiny/add"), cores=2
        )


def test_only_the_owner_announces_and_activates(opened: Scene) -> None:
    folder = write_metric(opened.root)
    with pytest.raises(LedgerRefusedError) as refusal:
        metrics.propose(opened.ada, opened.challenge, "add", folder, cores=2)
    assert refusal.value.code == "NotOwner"
    with pytest.raises(LedgerRefusedError) as refusal:
        metrics.activate(opened.ada, "tiny", "add")
    assert refusal.value.code == "NotOwner"


def test_nothing_is_activated_that_was_not_announced_in_an_earlier_epoch(opened: Scene) -> None:
    with pytest.raises(LedgerRefusedError, match="version 0 is in force") as refusal:
        metrics.activate(opened.lab, "tiny", "add")
    assert (refusal.value.code, refusal.value.hint) == (
        "NoProposal",
        "coopt metric propose tiny/add --from FOLDER",
    )
    announce(opened)
    with pytest.raises(LedgerRefusedError, match="in epoch 0") as refusal:
        metrics.activate(opened.lab, "tiny", "add")
    assert (refusal.value.code, refusal.value.hint) == (
        "NotYet",
        "coopt seal tiny begins epoch 1",
    )


def test_a_folder_that_changes_more_than_the_metric_is_refused(opened: Scene) -> None:
    folder = write_metric(opened.root)
    path = folder / "step.yaml"
    path.write_text(
        path.read_text()
        .replace("wall_s: 30", "wall_s: 60")
        .replace("truth: total", "truth: totl")
        .replace("join: whole", "join: whole\n  code: other.py")
    )
    with pytest.raises(SpecGroupError) as refusal:
        metrics.propose(opened.lab, opened.challenge, "add", folder, cores=2)
    assert [e.field for e in refusal.value.errors] == ["budget", "metric.truth", "metric.code"]
    assert opened.lab.state().announced == {}


def test_a_metric_that_gives_the_baseline_no_score_is_refused(opened: Scene) -> None:
    code = 'def score(reference, prediction):\n    return {"share": 2.0}\n'
    folder = write_metric(opened.root, code=code)
    with pytest.raises(ScoreInvalidError, match="outside its range"):
        metrics.propose(opened.lab, opened.challenge, "add", folder, cores=2)
    assert opened.lab.state().announced == {}


def test_an_unknown_step_is_named(opened: Scene) -> None:
    with pytest.raises(UnknownNameError, match="ad"):
        metrics.activate(opened.lab, "tiny", "ad")


def test_a_stale_head_judges_nothing(opened: Scene, tell: Tell) -> None:
    activate(opened)
    number = offer(opened, 33)
    entry = opened.lab.state().submissions[number]
    with pytest.raises(LedgerRefusedError) as refusal:
        evaluate_one(opened.lab, entry, cores=2, tell=tell)
    assert refusal.value.code == "HeadIsStale"
    assert opened.lab.state().submissions[number].status == "pending"


@dataclass(frozen=True)
class Cut(Forwarding):
    """A ledger whose connection breaks at the first new score of a head."""

    ledger: Ledger

    def send(self, action: ac.Action, *, signer: Signer) -> Receipt:
        if isinstance(action, ac.Rescore):
            raise LedgerRefusedError("Cut", "cut short")
        return self.ledger.send(action, signer=signer)


def test_who_is_cut_short_before_the_new_score_goes_on_there(opened: Scene, tell: Tell) -> None:
    activate(opened)
    number = offer(opened, 33)
    cut = replace(opened.lab, ledger=Cut(opened.lab.ledger))
    service = Service(cut, 2, tell)
    assert service.once() == []
    assert [type(e).__name__ for e in service.errors] == ["LedgerRefusedError"]
    service.close()
    assert opened.lab.state().submissions[number].status == "pending"

    service = Service(opened.lab, 2, tell)
    assert [v.status for v in service.once()] == ["record"]
    assert service.errors == []
    height = opened.lab.ledger.head().height
    assert service.once() == []
    service.close()
    assert rescore_stale(opened.lab, "tiny", cores=2, tell=tell) == []
    assert opened.lab.ledger.head().height == height
    assert len(rescored(opened.lab.ledger)) == 1


def test_check_goes_by_the_metric_in_force(opened: Scene, tell: Tell) -> None:
    activate(opened)
    folder = opened.root / "steps/tiny/add/solutions/all_of_them"
    found = check(opened.lab, opened.challenge, folder, cores=2)
    # on public data, 1 + 2 + 3 of 12
    assert (found.metric, found.direction, found.lines[0].step_score) == ("share", "maximise", 0.5)


def test_both_boards_stand_side_by_side(opened: Scene, tell: Tell) -> None:
    for factor in ("1", "2.5"):
        folder = solution(opened.root, float(factor))
        code = 'def solve(inputs, *, params, rng):\n    s = sum(inputs["numbers"]["values"])\n'
        (folder / "run.py").write_text(f'{code}    return {{"total": {{"value": {factor} * s}}}}\n')
        cid = add_path(opened.ada.store, folder)
        opened.ada.send(ac.Claim("tiny", "add", 86_400))
        put_on_ledger(opened.ada, ("tiny", "add"), cid)
    # on the quiz, of 44: errors 40, then 22 and 11, so that all three are records
    found = evaluate_pending(opened.lab, cores=2, tell=tell)
    assert [v.status for v in found] == ["record", "record"]
    announce(opened)
    ranking = rankings.compare(opened.lab, opened.challenge, "add", cores=2, tell=tell)
    # on public data, of 12: the baseline gives 1, the others 6 and 15
    rows = {r.submission.id: (r.old_wad, r.new_wad, r.old_place, r.new_place) for r in ranking.rows}
    assert rows == {
        2: (to_wad(11), to_wad(1 / 12), 3, 2),
        3: (to_wad(6), to_wad(0.5), 2, 1),
        4: (to_wad(3), to_wad(0), 1, 3),
    }
    assert [r.submission.id for r in ranking.rows] == [3, 2, 4]
    # ranks 1, 2, 3 and 2, 3, 1: rho = 1 - 6 (1 + 1 + 4) / (3 (9 - 1)); one pair of three agrees
    assert (ranking.spearman, ranking.kendall) == (-0.5, -1 / 3)
    assert ranking.swapped == ((4, 2), (4, 3))
    assert (ranking.old.version.number, ranking.new.version.is_announced) == (0, True)
    text = ranking_text(ranking.to_json(name_of=lambda who: who[:3]))
    assert "Spearman -0.500, Kendall -0.333" in text
    assert "0xa's 3 is above 0xa's 4 now" in text


def test_a_step_with_one_metric_has_nothing_to_compare(opened: Scene, tell: Tell) -> None:
    with pytest.raises(UsageError, match="one metric only"):
        rankings.compare(opened.lab, opened.challenge, "add", cores=2, tell=tell)


def test_versions_are_told_from_the_events(opened: Scene) -> None:
    assert metric_versions(opened.lab.ledger.events(), "tiny", "nothing") == ()
    activate(opened)
    first, second = metric_versions(opened.lab.ledger.events(), "tiny", "add")
    assert (first.number, first.since_epoch, first.direction) == (0, 0, "minimise")
    assert (second.number, second.announced_in, second.since_epoch) == (1, 0, 1)
    next_epoch(opened)
    write_metric(opened.root, name="part", code=OVERSHOOT.replace('"share"', '"part"'))
    metrics.propose(
        *(opened.lab, opened.challenge, "add", opened.root.parent / "metric_part"), cores=2
    )
    *_, third = metric_versions(opened.lab.ledger.events(), "tiny", "add")
    assert (third.number, third.announced_in, third.is_announced) == (2, 2, True)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Panel]:
    """A quorum of two among three evaluators; every baseline is scored."""
    panel = Panel.at(tmp_path / "tiny", "quorum: 2\n")
    panel.open()
    panel.rounds()
    yield panel
    panel.close()


def test_a_quorum_scores_the_head_anew_before_it_judges(pair: Panel) -> None:
    lab = pair.desks["lab"]
    number = pair.offer("add", "all_of_them", as_="tom")
    pair.rounds("lab", "eva")
    assert lab.state().submissions[number].status == "record"
    challenge = load_challenge(lab.workspace, "tiny")
    metrics.propose(lab, challenge, "add", write_metric(pair.root), cores=2)
    lab.send(ac.Seal("tiny", "11" * 32, "bafysealed"))
    metrics.activate(lab, "tiny", "add")
    later = pair.offer("add", "baseline")

    pair.once("tom")  # its own record: it has no vote
    pair.once("lab")
    assert stale_steps(lab.state()) == [("tiny", "add")]
    assert lab.state().rounds == {}
    pair.once("lab")  # its vote lies there, and is not cast twice
    pair.once("eva")
    (found,) = rescored(pair.ledger)
    # 4 + 5 + 6 + 7 of 44
    assert (found.old_wad, found.new_wad) == (to_wad(22), to_wad(0.5))
    pair.rounds()
    assert lab.state().submissions[later].status == "no_gain"
    assert len(rescored(pair.ledger)) == 1
