"""The evaluator service: its queue, its order, its patience, and how it ends."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.bench_evaluator import COOPT, Place, kill_often
from coopt_dag.errors import BusyError, DataMissingError, IntegrityError, UsageError
from coopt_dag.evaluation.metrics_text import metrics_text, write_metrics
from coopt_dag.evaluation.queue import TRANSITIONS, Queue, is_served, only_service
from coopt_dag.evaluation.register import register
from coopt_dag.evaluation.service import LONGEST_PAUSE_S, Service, pause_s
from coopt_dag.evaluation.submit import offer as put_on_ledger
from coopt_dag.ledger.actions import Claim, Reject, Seal
from coopt_dag.ledger.events import Event, Rejected, Scored
from coopt_dag.ledger.memory import MemoryLedger
from coopt_dag.store.folders import add_path
from coopt_dag.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from coopt_dag.evaluation.desk import Desk
    from tests.evaluation.conftest import Scene

    Tell = Callable[[str], None]

MOVES = {
    "queued": lambda q: q.requeue(1),
    "running": lambda q: q.start(1, now=1, pid=1, pid_started=1),
    "scored": lambda q: settle(q, 1),
    "failed": lambda q: settle(q, 1, failed=True),
    "infrastructure-retry": lambda q: q.retry(1, error="away", next_try=9),
}
WAYS = {
    "queued": [],
    "running": ["running"],
    "infrastructure-retry": ["running", "infrastructure-retry"],
    "scored": ["running", "scored"],
    "failed": ["running", "failed"],
}


def settle(queue: Queue, number: int, *, failed: bool = False) -> None:
    queue.settle(number, status="x", reason="", tx_hash="0x1", failed=failed, now=5)


def solution(scene: Scene, value: int) -> Path:
    folder = scene.root.parent / f"made_{value}"
    shutil.copytree(scene.challenge.steps["add"].path / "baseline", folder)
    code = f'def solve(inputs, *, params, rng):\n    return {{"total": {{"value": {value}}}}}\n'
    (folder / "run.py").write_text(code)
    return folder


def offer(scene: Scene, value: int, *, store: MemoryStore | None = None) -> int:
    cid = add_path(store or scene.ada.store, solution(scene, value))
    scene.ada.send(Claim("tiny", "add", 86_400))
    put_on_ledger(scene.ada, ("tiny", "add"), cid)
    return max(scene.ada.state().submissions)


def verdicts_on(scene: Scene) -> list[int]:
    events = scene.lab.ledger.events()
    return [e.submission_id for e in events if isinstance(e, (Scored, Rejected))]


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def served(scene: Scene, tell: Tell, clock: Clock) -> Iterator[Service]:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    service = Service(scene.lab, 2, tell, clock=clock, rng=random.Random(1))
    yield service
    service.close()


@pytest.mark.parametrize("state", list(WAYS))
@pytest.mark.parametrize("target", list(MOVES))
def test_a_row_goes_only_where_its_state_leads(tmp_path: Path, state: str, target: str) -> None:
    queue = Queue(tmp_path / "q.sqlite", "ledger")
    queue.add(1, "tiny", "add", now=0)
    for step in WAYS[state]:
        MOVES[step](queue)
    if target in TRANSITIONS[state]:
        MOVES[target](queue)
        assert queue.rows()[0].state == target
    else:
        with pytest.raises(UsageError, match=f"1 is {state}; it cannot become {target}"):
            MOVES[target](queue)
        assert queue.rows()[0].state == state
    queue.close()


class Story:
    """A queue to which anything happens, and what must be true of it."""

    def __init__(self, path: Path) -> None:
        self.path, self.queue = path, Queue(path, "ledger")
        self.added, self.judged, self.now = 0, list[int](), 0.0
        self.running: int | None = None

    def add(self) -> None:
        self.added += 1
        assert self.queue.add(self.added, "tiny", "add", now=self.now)
        assert not self.queue.add(self.added, "tiny", "add", now=self.now)

    def wait(self) -> None:
        self.now += 10

    def start(self) -> None:
        row = self.queue.due(now=self.now)
        if self.running is None and row is not None:
            rows = self.queue.rows()
            assert [r.id for r in rows if r.id < row.id and r.state == "queued"] == []
            self.queue.start(row.id, now=self.now, pid=1, pid_started=1)
            self.running = row.id

    def end(self, *, failed: bool) -> None:
        if self.running is not None:
            settle(self.queue, self.running, failed=failed)
            self.judged.append(self.running)
            self.running = None

    def retry(self) -> None:
        if self.running is not None:
            self.queue.retry(self.running, error="away", next_try=self.now + 15)
            self.running = None

    def kill(self) -> None:
        self.queue.close()
        self.queue = Queue(self.path, "ledger")
        if self.running is not None:
            self.queue.killed(self.running, next_try=None)
            self.running = None


TELL: dict[str, Callable[[Story], None]] = {
    "add": Story.add,
    "start": Story.start,
    "score": lambda story: story.end(failed=False),
    "fail": lambda story: story.end(failed=True),
    "retry": Story.retry,
    "kill": Story.kill,
    "wait": Story.wait,
}


@given(events=st.lists(st.sampled_from(list(TELL)), max_size=40))
@settings(max_examples=50)
def test_whatever_happens_nothing_is_lost_or_judged_twice_and_order_is_kept(
    tmp_path_factory: pytest.TempPathFactory, events: list[str]
) -> None:
    story = Story(tmp_path_factory.mktemp("queue") / "q.sqlite")
    for event in events:
        TELL[event](story)
    rows = story.queue.rows()
    assert [r.id for r in rows] == list(range(1, story.added + 1))
    assert len(story.judged) == len(set(story.judged))
    assert {r.id for r in rows if r.state in {"scored", "failed"}} == set(story.judged)
    story.queue.close()


def test_a_queue_of_another_version_is_not_touched(tmp_path: Path) -> None:
    queue = Queue(tmp_path / "q.sqlite", "ledger")
    queue.db.execute("pragma user_version=99")
    queue.close()
    with pytest.raises(IntegrityError, match="schema 99"):
        Queue(tmp_path / "q.sqlite", "ledger")


def test_rows_of_another_ledger_are_not_ours(tmp_path: Path) -> None:
    one, other = (Queue(tmp_path / "q.sqlite", name) for name in ("one", "other"))
    one.add(1, "tiny", "add", now=0)
    assert other.rows() == []
    one.close()
    other.close()


@given(seed=st.integers(0, 2**32))
def test_pauses_grow_until_an_hour(seed: int) -> None:
    rng = random.Random(seed)
    pauses = [pause_s(n, rng) for n in range(1, 40)]
    # 5 · 2^9 s = 2560 s is the last whole pause below the cap; each is at least 3/4 of it
    assert all(a < b for a, b in pairwise(pauses[:10]))
    assert all(0.75 * LONGEST_PAUSE_S <= p <= LONGEST_PAUSE_S for p in pauses[10:])


def test_submissions_are_judged_in_the_order_of_the_ledger(scene: Scene, served: Service) -> None:
    numbers = [offer(scene, value) for value in (30, 31, 2)]
    assert [v.submission_id for v in served.once()] == numbers
    # the true total is 44: 30 improves on 4, 31 on 30, and 2 on nothing
    assert [v.status for v in served.once()] == []
    assert [r.state for r in served.queue.rows()[-3:]] == ["scored"] * 3


def test_content_that_comes_late_is_judged_later_and_blocks_nobody(
    scene: Scene, served: Service, clock: Clock
) -> None:
    away = MemoryStore()
    late, other = offer(scene, 40, store=away), offer(scene, 30)
    assert [v.submission_id for v in served.once()] == [other]
    row = served.queue.get(late)
    assert (row.state, row.failures) == ("infrastructure-retry", 1)
    assert "there is no block" in row.error
    assert scene.lab.state().submissions[late].status == "pending"
    assert served.once() == []  # not due yet
    clock.now += 6
    assert served.once() == []
    assert served.queue.get(late).failures == 2
    add_path(scene.lab.store, scene.root.parent / "made_40")
    clock.now += 11
    (verdict,) = served.once()
    assert (verdict.submission_id, verdict.status) == (late, "record")


def test_hidden_data_that_are_away_consume_nothing(
    scene: Scene, tell: Tell, clock: Clock, served: Service
) -> None:
    number = offer(scene, 30)

    @contextmanager
    def away(_desk: Desk, _challenge: str, _epoch: int) -> Iterator[None]:
        raise DataMissingError("no key here")
        yield

    height = scene.lab.ledger.head().height
    service = Service(scene.lab, 2, tell, opened=away, clock=clock)
    assert service.once() == []
    service.close()
    assert scene.lab.ledger.head().height == height
    assert served.once(all_pending=True)[0].submission_id == number


def test_a_submission_is_judged_on_the_hidden_data_of_its_own_epoch(
    scene: Scene, tell: Tell, clock: Clock, served: Service
) -> None:
    served.sync()
    scene.lab.send(Seal("tiny", "1" * 64, "bafyone"))
    first = offer(scene, 30)
    scene.lab.send(Seal("tiny", "2" * 64, "bafytwo"))  # before anybody judged it
    second = offer(scene, 20)
    asked: list[int] = []

    @contextmanager
    def opened(_desk: Desk, _challenge: str, epoch: int) -> Iterator[None]:
        asked.append(epoch)
        yield

    service = Service(scene.lab, 2, tell, opened=opened, clock=clock)
    assert [v.submission_id for v in service.once()] == [first, second]
    service.close()
    assert asked == [1, 2]


def test_what_another_evaluator_judged_is_not_judged_again(scene: Scene, served: Service) -> None:
    number = offer(scene, 30)
    served.sync()
    scene.lab.send(Reject(number, "crashed", "bafkreport"))
    assert served.once() == []
    row = served.queue.get(number)
    assert (row.state, row.reason, row.tries) == ("failed", "crashed", 0)
    assert verdicts_on(scene).count(number) == 1


def test_a_run_that_was_killed_is_taken_up_again(
    scene: Scene, served: Service, tell: Tell, clock: Clock
) -> None:
    number = offer(scene, 30)
    served.sync()
    served.queue.start(number, now=1, pid=1, pid_started=1)
    again = Service(scene.lab, 2, tell, clock=clock)
    assert [v.submission_id for v in again.once()] == [number]
    again.close()
    assert verdicts_on(scene).count(number) == 1


def test_a_kill_after_the_verdict_is_settled_from_the_ledger(
    scene: Scene, served: Service, tell: Tell, clock: Clock
) -> None:
    number = offer(scene, 30)
    (verdict,) = served.once()
    served.queue.db.execute("update submission set state='running' where id=?", (number,))
    again = Service(scene.lab, 2, tell, clock=clock)
    assert [v.tx_hash for v in again.once()] == [verdict.tx_hash]
    assert again.queue.get(number).state == "scored"
    again.close()
    assert verdicts_on(scene).count(number) == 1


def test_who_kills_the_service_twice_has_to_wait(
    scene: Scene, served: Service, tell: Tell, clock: Clock
) -> None:
    number = offer(scene, 30)
    served.sync()
    for state in ("queued", "infrastructure-retry"):
        served.queue.start(number, now=1, pid=1, pid_started=1)
        service = Service(scene.lab, 2, tell, clock=clock)
        service.sync()
        assert service.queue.get(number).state == state
        service.close()


def test_a_crash_after_a_stop_is_nobodys_failure(scene: Scene, served: Service) -> None:
    number = offer(scene, 30)
    served.stop.set()
    with pytest.raises(BusyError, match="stopping"):
        served.desk.send(Reject(number, "crashed", "bafkreport"))
    assert scene.lab.state().submissions[number].status == "pending"
    assert served.once() == []


def test_a_second_service_on_a_workspace_is_refused(tmp_path: Path) -> None:
    assert not is_served(tmp_path)
    with only_service(tmp_path):
        assert is_served(tmp_path)
        with pytest.raises(BusyError, match="at work"), only_service(tmp_path):
            pass
    assert not is_served(tmp_path)


def test_metrics_that_cannot_be_written_are_told_with_their_file(tmp_path: Path) -> None:
    page = tmp_path / "away" / "page.prom"
    with pytest.raises(UsageError, match="No such file or directory") as caught:
        write_metrics(page, "up 1\n")
    assert caught.value.path == str(page)


def test_metrics_are_prometheus_text_and_add_up(scene: Scene, served: Service) -> None:
    offer(scene, 30)
    offer(scene, 40, store=MemoryStore())
    served.once()
    text = metrics_text(served.queue.rows(), is_up=True, now=1_010)
    found = {
        (s.name, *s.labels.values()): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }
    assert found["coopt_evaluator_up",] == 1
    assert found["coopt_evaluator_submissions", "scored"] == 1
    assert found["coopt_evaluator_submissions", "infrastructure-retry"] == 1
    assert found["coopt_evaluator_verdicts_total", "", "record"] == 1
    assert found["coopt_evaluator_retries_total",] == 1
    assert found["coopt_evaluator_oldest_pending_seconds",] == 10
    assert found["coopt_evaluator_evaluation_seconds_count",] == 1


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("home"))


def wait_for(condition: Callable[[], bool], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.kill
def test_sigterm_ends_a_service_cleanly_and_loses_nothing(place: Place, tmp_path: Path) -> None:
    before = len(place.judged())
    place.offer(6)
    page = tmp_path / "coopt.prom"
    words = ["evaluate", "--watch", "--interval", "0.1", "--as", "lab", "--metrics", str(page)]
    running = subprocess.Popen([*COOPT, *words], cwd=place.root, env=place.env)
    wait_for(lambda: len(place.judged()) > before)
    busy = subprocess.run([*COOPT, *words], cwd=place.root, env=place.env, check=False)
    assert busy.returncode == 15
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=60) == 0
    assert "coopt_evaluator_up 0.0" in page.read_text()
    status = json.loads(place("evaluate", "status", "--json"))
    assert (status["up"], status["running"]) == (False, [])
    assert "coopt_evaluator_up 0.0" in place("evaluate", "status", "--metrics")
    assert "no service is at work" in place("evaluate", "status")
    place("evaluate", "tiny", "--once", "--as", "lab")
    assert set(place.judged().values()) == {1}
    assert len(place.judged()) == before + 6
    assert place("evaluate", "--cores", "1", "tiny", "--as", "lab") == "nothing is pending\n"


@pytest.mark.slow
@pytest.mark.kill
def test_kills_at_random_moments_lose_nothing_and_score_nothing_twice(tmp_path: Path) -> None:
    # the figure with 200 submissions and 20 kills: python -m benchmarks.bench_evaluator
    found = kill_often(Place(tmp_path), 30, 5, random.Random(7))
    assert found["judged once"] == 30
    assert (found["judged more than once"], found["lost"]) == (0, 0)
    assert found["unfinished in the queue"] == 0
    assert set(found["verdicts"]) == {"record", "no_gain"}  # no kill was taken for a crash


@pytest.mark.slow
def test_without_a_cage_nothing_is_judged_and_no_row_changes(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.offer(1)
    done = subprocess.run(
        [*COOPT, "evaluate", "--once", "--as", "lab"],
        cwd=place.root,
        env={**place.env, "COOPT_BWRAP": str(tmp_path / "no_such_program")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 18
    assert "hint: " in done.stderr
    assert not (place.root / ".coopt" / "evaluator.sqlite").exists()
    assert len(place.judged()) == 2  # the baselines


class Leaky(MemoryLedger):
    """A ledger that fails once: at the n-th look after a verdict."""

    number, looks = 0, 0

    def events(self, *, after: int = -1) -> list[Event]:
        found = super().events(after=after)
        judged = [e for e in found if isinstance(e, Scored | Rejected)]
        if any(e.submission_id == self.number for e in judged):
            self.looks -= 1
            if self.looks == 0:
                raise DataMissingError("the ledger is away")
        return found


@pytest.mark.parametrize("looks", [1, 2])
def test_a_verdict_is_noted_though_the_ledger_was_away_right_after_it(
    scene: Scene, tell: Tell, clock: Clock, looks: int
) -> None:
    ledger = Leaky(lambda: 1000)
    scene.lab, scene.ada = (replace(desk, ledger=ledger) for desk in (scene.lab, scene.ada))
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    number = offer(scene, 1_000)
    ledger.number, ledger.looks = number, looks
    service = Service(scene.lab, 2, tell, clock=clock, rng=random.Random(1))
    assert service.once() == []
    clock.now += LONGEST_PAUSE_S
    service.once()
    assert service.queue is not None
    assert [r.state for r in service.queue.rows() if r.id == number] == ["scored"]
    assert verdicts_on(scene).count(number) == 1
    service.close()
