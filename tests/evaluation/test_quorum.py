"""Three evaluators judge together: none can copy, none can stop the others, all can die."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import TYPE_CHECKING

import pytest

from coopt_dag.errors import LedgerRefusedError, LedgerUnavailableError, UsageError
from coopt_dag.evaluation import attest, ballots, disputes
from coopt_dag.evaluation.attest import tell_ledger
from coopt_dag.evaluation.published import publish_step
from coopt_dag.evaluation.service import Service
from coopt_dag.ledger import actions as ac
from coopt_dag.ledger import events as ev
from coopt_dag.ledger.embedded import open_embedded
from coopt_dag.ledger.protocol import Forwarding
from coopt_dag.model.wad import to_wad
from coopt_dag.store.folders import add_bytes
from tests.evaluation.panel import NAMES, START, Clock, Panel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.ledger.protocol import Ledger, Receipt, Signer

pytestmark = pytest.mark.slow

HOUR = 3600


def seat(tmp_path: Path, rules: str) -> Iterator[Panel]:
    panel = Panel.at(tmp_path / "tiny", rules)
    yield panel
    panel.close()


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Panel]:
    """All three must agree."""
    yield from seat(tmp_path, "quorum: 3\nreveal_hours: 1\ndispute_hours: 48\n")


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Panel]:
    """Two of three are enough."""
    yield from seat(tmp_path, "quorum: 2\nreveal_hours: 1\n")


def kinds(panel: Panel, number: int) -> list[str]:
    """Name the events of a submission since it was revealed."""
    mine = [e for e in panel.ledger.events() if getattr(e, "submission_id", None) == number]
    return [type(e).__name__ for e in mine if not isinstance(e, (ev.Committed, ev.Submitted))]


def status(panel: Panel, number: int) -> str:
    return panel.desks["lab"].state().submissions[number].status


def settled(panel: Panel) -> set[tuple[str, str]]:
    """Give what the evaluators' queues say of the latest submission."""
    found = set()
    for name in NAMES:
        queue = panel.service(name).queue
        assert queue is not None
        found.add((queue.rows()[-1].state, queue.rows()[-1].status))
    return found


def test_nothing_is_shown_before_all_have_committed(three: Panel) -> None:
    three.open()
    assert kinds(three, 2) == ["ScoresCommitted"]
    three.once("eva")
    three.once("lab")
    three.once("eva")
    assert kinds(three, 2) == ["ScoresCommitted"] * 2
    three.once("tom")  # the last commitment, and its own opening at once
    assert kinds(three, 2) == ["ScoresCommitted"] * 3 + ["OpeningPublished"]


def test_three_passes_each_make_records_of_the_baselines(three: Panel) -> None:
    three.open()
    three.rounds()
    state = three.desks["lab"].state()
    # `add` gives the first of 4, 5, 6, 7 and the truth is 2 * 22: an error of 40
    assert {n: (s.status, s.score_wad) for n, s in state.submissions.items()} == {
        1: ("record", to_wad("5.5")),
        2: ("record", to_wad(40)),
    }
    attested = [e for e in three.ledger.events() if isinstance(e, ev.Attested)]
    assert {e.evaluator for e in attested if e.submission_id == 2} == {
        three.address(n) for n in NAMES
    }
    assert settled(three) == {("scored", "record")}
    for name in NAMES:
        assert list((three.desks[name].workspace.state_dir / attest.ROOM).iterdir()) == []
    height = three.ledger.head().height
    three.rounds(times=1)
    assert three.ledger.head().height == height


def test_a_record_of_a_quorum_is_its_contributors(three: Panel) -> None:
    three.open()
    number = three.offer("add", "all_of_them")
    three.rounds(times=4)
    entry = three.desks["lab"].state().submissions[number]
    assert (entry.status, entry.score_wad, entry.before_wad) == ("record", to_wad(22), to_wad(40))
    head = three.desks["lab"].state().head("tiny", "add")
    assert head is not None
    assert head.contributor == three.address("ada")


def test_a_quorum_finds_no_gain_together_and_tells_no_score(three: Panel) -> None:
    three.open()
    three.rounds()
    number = three.offer("add", "baseline")
    three.rounds()
    entry = three.desks["lab"].state().submissions[number]
    assert (entry.status, entry.reason, entry.score_wad) == ("no_gain", "no_gain", None)
    found = [e for e in three.ledger.events() if isinstance(e, ev.Attested)]
    assert {(e.reason, e.score_wad) for e in found if e.submission_id == number} == {("no_gain", 0)}


def test_what_was_found_is_readable_by_its_evaluator_alone(three: Panel) -> None:
    three.open()
    path = attest.path_of(three.desks["lab"], 2)
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    assert not attest.path_of(three.desks["eva"], 2).exists()


def test_who_withholds_is_shut_out_and_the_others_judge_anew(two: Panel) -> None:
    two.open()
    two.once("tom")  # the second of two: it commits to both, and shows what it found
    assert kinds(two, 2) == ["ScoresCommitted"] * 2 + ["OpeningPublished"]
    two.clock.now += HOUR
    two.once("tom")
    assert kinds(two, 2)[-1] == "OpeningPublished"  # the last second is the lab's still
    two.clock.now += 1
    two.once("tom")
    assert kinds(two, 2)[-2:] == ["RoundExpired", "ScoresCommitted"]
    expired = [e for e in two.ledger.events() if isinstance(e, ev.RoundExpired)]
    assert {e.withheld for e in expired} == {1}  # the lab was named first
    two.rounds("lab", "eva", "tom")
    assert status(two, 2) == "record"
    attested = [e for e in two.ledger.events() if isinstance(e, ev.Attested)]
    assert two.address("lab") not in {e.evaluator for e in attested if e.submission_id == 2}


def test_who_comes_back_late_shows_first_and_is_not_shut_out(two: Panel) -> None:
    two.open()
    two.once("tom")
    two.clock.now += HOUR + 1
    two.once("lab")
    assert "RoundExpired" not in kinds(two, 2)
    assert status(two, 2) == "record"


def test_an_evaluators_own_work_is_judged_by_the_others(two: Panel) -> None:
    two.open()
    two.rounds()
    number = two.offer("add", "all_of_them", as_="eva")
    two.once("eva")
    two.once("eva")
    assert two.told.count(f"submission {number} is yours: the other evaluators judge it") == 1
    assert number not in two.desks["eva"].state().rounds
    two.rounds()
    assert status(two, number) == "record"
    attested = [e for e in two.ledger.events() if isinstance(e, ev.Attested)]
    assert {e.evaluator for e in attested if e.submission_id == number} == {
        two.address("lab"),
        two.address("tom"),
    }


def test_who_was_let_go_runs_nothing_any_more(two: Panel) -> None:
    two.open()
    two.rounds()
    two.desks["lab"].send(ac.RetireEvaluator("tiny", two.address("tom")))
    two.clock.now += 7 * 24 * HOUR
    number = two.offer("add", "all_of_them")
    service = two.service("tom")
    service.once()
    assert [getattr(e, "code", "") for e in service.errors] == ["NotEvaluator"]
    assert not attest.path_of(two.desks["tom"], number).exists()
    two.rounds("lab", "eva")
    assert status(two, number) == "record"


def test_a_quiet_chain_does_not_keep_a_round_open(tmp_path: Path) -> None:
    clock = Clock()
    ledger = open_embedded(tmp_path / "ledger.sqlite", clock=clock)
    panel = small(tmp_path, ledger, clock)
    found(panel.desks["lab"])
    found(panel.desks["eva"])
    attest.advance(panel.desks["eva"], 1, panel.told.append)
    clock.now += 2 * HOUR  # no block since then: the chain's head is two hours old
    attest.advance(panel.desks["eva"], 1, panel.told.append)
    assert "RoundExpired" in kinds(panel, 1)
    ledger.close()


def wrong_total(panel: Panel, name: str) -> None:
    """Give an evaluator a truth that is one above everybody else's."""
    panel.elsewhere(name, {"data/tiny/quiz/total.json": '{"value": 45}\n'})


def spread(panel: Panel) -> int:
    panel.open()
    panel.rounds()
    wrong_total(panel, "tom")
    panel.close()
    panel.services.clear()
    number = panel.offer("add", "all_of_them")
    panel.rounds(times=4)
    assert status(panel, number) == "contested"
    return number


def vote(panel: Panel, name: str, number: int, *, upheld: bool, report: str = "") -> ballots.Cast:
    desk, now = panel.desks[name], panel.clock()
    if not report:
        report = ballots.report_of(desk, number, upheld=upheld, now=now)
    return ballots.vote(desk, number, upheld=upheld, report_cid=report, now=now)


def test_evaluators_who_disagree_vote_and_the_median_stands(three: Panel) -> None:
    number = spread(three)
    (found,) = [e for e in three.ledger.events() if isinstance(e, ev.SpreadFound)]
    # an error of 22 twice and of 23 once: the lower median by merit is 22, the distance 1
    assert (found.score_wad, found.spread_wad) == (to_wad(22), to_wad(1))
    report = add_bytes(three.desks["lab"].store, b"tom's truth is not what was sealed\n")
    first = vote(three, "lab", number, upheld=False, report=report)
    assert (first.given, first.needed, first.tx_hash) == (1, 2, "")
    second = vote(three, "eva", number, upheld=False)
    assert second.tx_hash
    entry = three.desks["lab"].state().submissions[number]
    assert (entry.status, entry.score_wad) == ("record", to_wad(22))
    three.rounds(times=1)
    assert settled(three) == {("scored", "record")}


def test_evaluators_who_disagree_can_strike_what_they_cannot_agree_on(three: Panel) -> None:
    number = spread(three)
    report = add_bytes(three.desks["lab"].store, b"it depends on the machine\n")
    vote(three, "tom", number, upheld=True, report=report)
    vote(three, "eva", number, upheld=True)
    assert status(three, number) == "struck"
    head = three.desks["lab"].state().head("tiny", "add")
    assert head is not None
    assert head.submission_id == 2
    three.rounds(times=1)
    assert settled(three) == {("scored", "struck")}


def test_a_vote_that_comes_to_nothing_strikes_what_was_too_far_apart(three: Panel) -> None:
    number = spread(three)
    with pytest.raises(LedgerRefusedError, match="have time until"):
        disputes.lapse(three.desks["ada"], number)
    three.clock.now += 48 * HOUR + 1
    with pytest.raises(LedgerRefusedError) as caught:
        vote(three, "lab", number, upheld=True, report="bafyreport")
    assert caught.value.code == "VoteOver"
    disputes.lapse(three.desks["ada"], number)
    assert status(three, number) == "struck"


def test_a_vote_counts_only_with_those_for_the_same_report(three: Panel) -> None:
    number = spread(three)
    vote(three, "lab", number, upheld=True, report="bafyone")
    other = vote(three, "eva", number, upheld=True, report="bafytwo")
    assert (other.given, other.missing) == (1, 1)
    with pytest.raises(UsageError, match="different reports"):
        ballots.report_of(three.desks["tom"], number, upheld=True, now=three.clock())
    assert vote(three, "tom", number, upheld=True, report="bafyone").tx_hash


def test_neither_a_strangers_nor_a_forged_vote_counts(three: Panel) -> None:
    number = spread(three)
    vote(three, "lab", number, upheld=True, report="bafyone")
    (path,) = (three.root / "votes").glob("*/*.json")
    lab, eva = three.address("lab"), three.address("eva")
    path.with_name(f"{eva}.json").write_text(path.read_text().replace(lab, eva))
    path.with_name("junk.json").write_text("{")
    with pytest.raises(LedgerRefusedError) as caught:
        vote(three, "ada", number, upheld=True, report="bafyone")
    assert caught.value.code == "NotEvaluator"
    desk = three.desks["tom"]
    (tally,) = ballots.tallies(desk, desk.state(), number, now=three.clock())
    assert tally.voters == (lab,)


def test_a_record_upstream_rescores_the_head_below_by_a_quorums_votes(three: Panel) -> None:
    three.open()
    three.rounds()
    three.offer("double", "twice")
    three.rounds(times=4)
    (found,) = [e for e in three.ledger.events() if isinstance(e, ev.HeadRescored)]
    # the first of 8, 10, 12, 14 is 8, and 44 - 8 = 36
    assert (found.step, found.old_wad, found.new_wad) == ("add", to_wad(40), to_wad(36))


def test_striking_a_record_gives_the_heads_below_their_scores_back(tmp_path: Path) -> None:
    panel = Panel.at(tmp_path / "tiny", "dispute_hours: 48\n")
    panel.open()
    number = panel.offer("double", "twice")
    panel.once("lab")
    disputes.dispute(panel.desks["bob"], number, "bafyevidence", now=panel.clock())
    panel.once("lab")
    vote(panel, "eva", number, upheld=True, report="bafyreport")
    vote(panel, "tom", number, upheld=True)
    panel.once("lab")
    found = [e for e in panel.ledger.events() if isinstance(e, ev.HeadRescored)]
    # 40 with the baseline of `double`, 44 - 8 = 36 with the record that was struck
    assert [(e.old_wad, e.new_wad) for e in found] == [
        (to_wad(40), to_wad(36)),
        (to_wad(36), to_wad(40)),
    ]
    height = panel.ledger.head().height
    panel.once("lab")
    assert panel.ledger.head().height == height
    panel.close()


def test_a_metric_that_changes_meanwhile_begins_the_round_anew(three: Panel) -> None:
    lab = three.desks["lab"]
    three.open()
    three.once("eva")
    spec = publish_step(lab, three.root / "steps/tiny/add")
    lab.send(ac.ProposeMetric("tiny", "add", spec, "minimise", to_wad("0.001")))
    lab.send(ac.Seal("tiny", "11" * 32, "bafysealed"))
    lab.send(ac.ActivateMetric("tiny", "add"))
    three.once("tom")
    assert len(lab.state().rounds[2].links) == 1  # of version 0 there were two
    three.rounds()
    entry = lab.state().submissions[2]
    assert (entry.status, entry.metric_version) == ("record", 1)


# --- killed between any two steps ---------------------------------------------------------------


@dataclass(frozen=True)
class Deadly(Forwarding):
    """A ledger that kills its process at the n-th action, before or after it is taken."""

    ledger: Ledger
    dies_at: int
    after: bool
    sent: list[ac.Action]

    def send(self, action: ac.Action, *, signer: Signer) -> Receipt:
        self.sent.append(action)
        is_last = len(self.sent) == self.dies_at
        if is_last and not self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        receipt = self.ledger.send(action, signer=signer)
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)
        return receipt


def small(tmp_path: Path, ledger: Ledger, clock: Clock) -> Panel:
    """Seat a quorum of two on an embedded ledger, where one submission waits."""
    panel = Panel.at(tmp_path / "tiny", "", ledger)
    panel.clock = clock
    lab = panel.desks["lab"]
    judges = tuple(panel.address(n) for n in NAMES)
    lab.send(ac.RegisterChallenge("tiny", "bafym", judges, quorum=2, reveal_s=HOUR))
    lab.send(ac.RegisterStep("tiny", "add", "bafys", "minimise", 1, 1))
    panel.offer("add", "all_of_them")
    return panel


def found(desk: Desk) -> None:
    """Find 22 and begin to judge: keep it, commit to it, show it."""
    tell_ledger(
        desk, desk.state(), ac.Score(1, to_wad(22), to_wad(22), "bafyreport"), metric_version=0
    )


def live(desk: Desk, path: Path, *, dies_at: int, after: bool) -> None:
    """Do an evaluator's work on a connection of its own until it is killed."""
    clock = Clock()
    with closing(open_embedded(path, clock=clock)) as ledger:
        mine = replace(desk, ledger=Deadly(ledger, dies_at, after, []))
        if not attest.is_kept(mine, mine.state(), 1):
            found(mine)
        attest.advance(mine, 1, lambda _line: None)


@pytest.mark.kill
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("who", ["lab", "eva"])
@pytest.mark.parametrize("dies_at", [1, 2])
def test_a_killed_evaluator_goes_on_where_it_was(
    tmp_path: Path, who: str, dies_at: int, after: bool
) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(open_embedded(path, clock=Clock())) as ledger:
        panel = small(tmp_path, ledger, Clock())
        other = "eva" if who == "lab" else "lab"
        found(panel.desks[other])
        made = get_context("fork").Process(
            target=live, args=(panel.desks[who], path), kwargs={"dies_at": dies_at, "after": after}
        )
        made.start()
        made.join(60)
        assert made.exitcode == -signal.SIGKILL
        for name in (who, other, who):
            attest.advance(panel.desks[name], 1, panel.told.append)
        entry = panel.desks["lab"].state().submissions[1]
        assert (entry.status, entry.score_wad) == ("record", to_wad(22))
        attested = [e for e in ledger.events() if isinstance(e, ev.Attested)]
        assert len(attested) == 2


def hurry(desk: Desk, path: Path) -> None:
    """Judge on a connection of its own, as fast as it goes, until it is judged."""
    with closing(open_embedded(path, clock=Clock())) as ledger:
        mine = replace(desk, ledger=ledger)
        for turn in range(500):
            try:
                if turn == 0:
                    found(mine)
                if attest.advance(mine, 1, lambda _line: None):
                    return
            except LedgerUnavailableError:
                time.sleep(0.01)  # somebody was faster in the same block; the service goes on too
    raise AssertionError("never judged")


def test_evaluators_who_all_hurry_judge_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(open_embedded(path, clock=Clock())) as ledger:
        panel = small(tmp_path, ledger, Clock())
        work = [
            get_context("fork").Process(target=hurry, args=(panel.desks[name], path))
            for name in NAMES
        ]
        for one in work:
            one.start()
        for one in work:
            one.join(120)
        assert [one.exitcode for one in work] == [0, 0, 0]
        told = kinds(panel, 1)
        assert told.count("Attested") == 2
        assert told.count("Scored") == 1


def serve(desk: Desk, path: Path) -> None:
    """Judge as the service does, and die when the score is found and nothing is sent."""
    with closing(open_embedded(path, clock=Clock())) as ledger:
        mine = replace(desk, ledger=Deadly(ledger, 1, after=False, sent=[]))
        Service(mine, 2, lambda _line: None, clock=lambda: START).once()


@pytest.mark.kill
def test_a_killed_service_runs_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(open_embedded(path, clock=Clock())) as ledger:
        panel = Panel.at(tmp_path / "tiny", "quorum: 3\nreveal_hours: 1\n", ledger)
        panel.open()
        made = get_context("fork").Process(target=serve, args=(panel.desks["eva"], path))
        made.start()
        made.join(120)
        assert made.exitcode == -signal.SIGKILL
        before = attest.path_of(panel.desks["eva"], 1).read_bytes()
        panel.once("eva")
        assert any("the service died while it ran" in line for line in panel.told)
        assert attest.path_of(panel.desks["eva"], 1).read_bytes() == before
        panel.rounds("tom", "lab", "eva")
        assert [status(panel, n) for n in (1, 2)] == ["record", "record"]
        panel.close()
