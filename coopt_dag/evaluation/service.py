"""An evaluator that runs unattended: one submission after another, each judged once.

The order is that of the ledger. A failure that is not the submission's own puts it off, with
growing pauses, and stops nobody else; the ledger hears nothing of it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from threading import Event
from typing import TYPE_CHECKING, TypeAlias

from coopt_dag.errors import FAILURES, BusyError, CooptError
from coopt_dag.evaluation import attest
from coopt_dag.evaluation.evaluate import evaluate_one, finish
from coopt_dag.evaluation.queue import FILE, Queue, process_start
from coopt_dag.evaluation.reports import publish_report
from coopt_dag.evaluation.rescoring import rescore_stale, stale_steps
from coopt_dag.evaluation.verdict import Verdict, verdict_of
from coopt_dag.graph.keys import digest
from coopt_dag.ledger.actions import Reject
from coopt_dag.ledger.protocol import Forwarding
from coopt_dag.ledger.refusals import refused

if TYPE_CHECKING:
    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.evaluation.queue import Row
    from coopt_dag.ledger.actions import Action
    from coopt_dag.ledger.protocol import Ledger, Receipt, Signer
    from coopt_dag.ledger.state import LedgerState, Submission

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 3600.0

OPEN = frozenset({"pending", "contested"})
"""Statuses of which nobody knows yet what follows: a contested score may become a record."""

SETTLED = frozenset({"scored", "failed"})
"""States of a row for which nothing is left to do."""

Opener: TypeAlias = "Callable[[Desk, str, int], AbstractContextManager[Path | None]]"
"""Gives the folder that stands for `data/` while a challenge is judged on an epoch's hidden data.

Epoch 0 means the latest; a folder of None is the workspace's own."""


def pause_s(failures: int, rng: Random) -> float:
    """Give how long to wait after the n-th failure: doubling, up to an hour, a quarter by chance.

    >>> [round(pause_s(n, Random(1))) for n in (1, 2, 3, 30)]
    [5, 10, 19, 3479]
    """
    whole = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, 20))
    return whole * (1 - rng.random() / 4)


def ledger_name(ledger: Ledger) -> str | None:
    """Give a ledger's identity, made of its first event; None while it is empty."""
    events = ledger.events()
    if not events:
        return None
    first = events[0]
    return digest([first.block, first.time, first.tx_hash, first.actor])[:32]


@dataclass(frozen=True, slots=True)
class _Stoppable(Forwarding):
    """A ledger that takes no rejection for a crash once a stop was asked for.

    Who ends a service may have ended its nodes too; that is not the submission's failure.
    """

    ledger: Ledger
    stop: Event

    def send(self, action: Action, *, signer: Signer) -> Receipt:
        """Send an action, unless it may be the stop's own doing."""
        if self.stop.is_set() and isinstance(action, Reject) and action.reason in FAILURES:
            raise BusyError("the service is stopping", hint="start it again")
        return self.ledger.send(action, signer=signer)


@dataclass(slots=True)
class Service:
    """The evaluator's work on one workspace; who makes one holds `only_service`.

    Parameters
    ----------
    opened
        Opens sealed data; by default the workspace's own folder is used.
    stop : Event
        Set from outside: nothing new is begun.
    clock, rng
        Seconds since 1970, and where chance comes from.
    """

    desk: Desk
    cores: int
    tell: Callable[[str], None]
    challenge: str | None = None
    opened: Opener = field(default=lambda _desk, _challenge, _epoch: nullcontext())
    stop: Event = field(default_factory=Event)
    judged: Callable[[Verdict], None] = field(default=lambda _verdict: None)
    """Called after each verdict, when its row is settled."""
    clock: Callable[[], float] = time.time
    rng: Random = field(default_factory=Random)
    errors: list[CooptError] = field(default_factory=list)
    """Failures of infrastructure in the last pass."""
    _queue: Queue | None = None
    _own: set[int] = field(default_factory=set)
    _stale: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Challenge whose records could not be scored anew → how often it failed, its next try."""

    def __post_init__(self) -> None:
        """Refuse a desk that cannot sign, before anything runs."""
        self.desk.identity  # noqa: B018  # raises
        self.desk = replace(self.desk, ledger=_Stoppable(self.desk.ledger, self.stop))

    def close(self) -> None:
        """Let go of the queue's file."""
        if self._queue is not None:
            self._queue.close()

    @property
    def queue(self) -> Queue | None:
        """The ledger's queue; None while the ledger is empty."""
        if self._queue is None:
            name = ledger_name(self.desk.ledger)
            if name is not None:
                self._queue = Queue(self.desk.workspace.state_dir / FILE, name)
                self._take_up(self._queue)
        return self._queue

    def _take_up(self, queue: Queue) -> None:
        """Put back what a killed service left running; who dies again and again waits."""
        for row in queue.rows():
            if row.state == "running":
                again = self.clock() + pause_s(row.kills, self.rng) if row.kills else None
                queue.killed(row.id, next_try=again)
                self.tell(f"submission {row.id}: the service died while it ran; taken up again")

    def sync(self) -> LedgerState:
        """Bring the queue up to the ledger: new submissions in, verdicts of others noted."""
        state, queue = self.desk.state(), self.queue
        if queue is None:
            return state
        now, known = self.clock(), {row.id: row for row in queue.rows()}
        for number, submission in sorted(state.submissions.items()):
            row = known.get(number)
            if row is not None:
                self._catch_up(row, submission)
            elif submission.status == "pending" and not self._is_own(submission):
                queue.add(number, submission.challenge, submission.step, now=now)
        return state

    def _is_own(self, submission: Submission) -> bool:
        """Tell whether it is for others to judge: nobody judges its own, baselines apart."""
        is_own = submission.contributor == self.desk.identity.address
        if not is_own or submission.is_baseline:
            return False
        if submission.id not in self._own:
            self._own.add(submission.id)
            self.tell(f"submission {submission.id} is yours: the other evaluators judge it")
        return True

    def _catch_up(self, row: Row, submission: Submission) -> None:
        """Bring one row up to the ledger."""
        assert self._queue is not None  # noqa: S101  # the row came from it
        if submission.status == "pending":
            self._take_further(row)
        elif submission.status == "contested":
            return  # the vote's end tells what follows
        elif row.state == "attested":
            self._queue.requeue(row.id)  # judged: what follows a record is left to do
        elif row.status == "record" and submission.status == "struck":
            self._queue.reopen(row.id, now=self.clock())  # the heads below see another solution
        elif row.tries == 0 and row.state not in SETTLED:
            self._settle(submission)  # what we began may lack what follows a record: `_judge`

    def _take_further(self, row: Row) -> None:
        """Go on with a row whose submission nobody has judged yet."""
        assert self._queue is not None  # noqa: S101  # the row came from it
        if row.state == "attested":
            self._advance(row.id)
            if not attest.is_kept(self.desk, self.desk.state(), row.id):
                self._queue.requeue(row.id)  # the metric changed meanwhile, or it is judged
        elif row.state in SETTLED:
            self._queue.reopen(row.id, now=self.clock())

    def _advance(self, number: int) -> None:
        """Take the next step to a quorum; a ledger that is away is asked again next time."""
        try:
            attest.advance(self.desk, number, self.tell)
        except CooptError as error:
            self.errors.append(error)
            self.tell(f"submission {number}: cannot go on with its quorum yet: {error}")

    def once(self, *, all_pending: bool = False) -> list[Verdict]:
        """Judge what is due, each at most once; give the verdicts.

        Parameters
        ----------
        all_pending : bool
            Try also what waits for its next try.
        """
        verdicts, tried = [], set[int]()
        self.errors.clear()
        self._freshen(all_due=all_pending)
        while not self.stop.is_set():
            state = self.sync()
            row = self._next(tried | self._waiting(state), all_pending=all_pending)
            if row is None:
                break
            tried.add(row.id)
            verdict = self._work(row, state.submissions[row.id])
            if verdict is not None:
                verdicts.append(verdict)
        return verdicts

    def _freshen(self, *, all_due: bool) -> None:
        """Score anew what an older metric scored; a failure puts it off, and stops nobody."""
        state = self.desk.state()
        for name in dict.fromkeys(c for c, _ in stale_steps(state, self.challenge)):
            failures, next_try = self._stale.get(name, (0, 0.0))
            if self.stop.is_set() or not (all_due or self.clock() >= next_try):
                continue
            if self.desk.identity.address not in state.judges(name, now=self._now()):
                continue
            try:
                with self.opened(self.desk, name, 0) as data:
                    rescore_stale(self.desk, name, cores=self.cores, tell=self.tell, data=data)
                self._stale.pop(name, None)
            except CooptError as error:
                pause = pause_s(failures + 1, self.rng)
                self._stale[name] = failures + 1, self.clock() + pause
                self.errors.append(error)
                self.tell(f"{name}: a record cannot be scored anew yet: {error}")

    def _waiting(self, state: LedgerState) -> set[int]:
        """Give what cannot be judged before the record that it is compared with is fresh."""
        stale = set(stale_steps(state, self.challenge))
        return {s.id for s in state.pending if (s.challenge, s.step) in stale} if stale else set()

    def _now(self) -> int:
        return max(int(self.clock()), self.desk.ledger.head().time)

    def watch(self, *, interval_s: float, after: Callable[[], None] = lambda: None) -> None:
        """Judge what comes until `stop` is set; `after` is called each round."""
        while not self.stop.is_set():
            try:
                self.once()
            except CooptError as error:  # the ledger is away: the next round asks it again
                self.tell(f"cannot go on yet: {error}")
            after()
            self.stop.wait(interval_s)

    def _next(self, tried: set[int], *, all_pending: bool) -> Row | None:
        if self.queue is None:
            return None
        return self.queue.due(
            now=None if all_pending else self.clock(), challenge=self.challenge, without=tried
        )

    def _work(self, row: Row, submission: Submission) -> Verdict | None:
        queue = self.queue
        assert queue is not None  # noqa: S101  # the row came from it
        self.tell(f"evaluating submission {row.id}: {row.challenge}/{row.step}")
        queue.start(row.id, now=self.clock(), pid=os.getpid(), pid_started=process_start())
        try:
            verdict = self._judge(submission)
            known = self.desk.state().submissions[row.id]
        except CooptError as error:
            if self.stop.is_set():
                queue.requeue(row.id)
                self.tell("  stopped; it is in the queue again")
                return None
            pause = pause_s(row.failures + 1, self.rng)
            queue.retry(row.id, error=str(error), next_try=self.clock() + pause)
            self.errors.append(error)
            self.tell(f"  put off for {pause:.0f} s, it stays pending: {error}")
            return None
        if known.status in OPEN:
            queue.attested(row.id)
            return verdict
        self._settle(known)
        self.judged(verdict)
        return verdict

    def _judge(self, submission: Submission) -> Verdict:
        """Ask the ledger first: what it has judged is never judged again."""
        desk, state = self.desk, self.desk.state()
        if desk.identity.address not in state.judges(submission.challenge, now=self._now()):
            raise refused("NotEvaluator")
        known = state.submissions[submission.id]
        if known.status == "pending" and (rule := state.broken_rule(known)) is not None:
            report = publish_report(desk, known.id, {"reason": rule})
            version = state.steps[known.challenge, known.step].metric_version
            attest.tell_ledger(desk, state, Reject(known.id, rule, report), metric_version=version)
            self.tell(f"  rejected: {rule}")
            return verdict_of(desk.state().submissions[known.id])
        with self.opened(desk, submission.challenge, submission.epoch) as data:
            if known.status == "pending":
                return evaluate_one(desk, known, cores=self.cores, tell=self.tell, data=data)
            finish(desk, known, cores=self.cores, tell=self.tell, data=data)
            return verdict_of(known)

    def _settle(self, known: Submission) -> None:
        assert self._queue is not None  # noqa: S101  # only rows are settled
        attest.forget(self.desk, known.id)
        self._queue.settle(
            known.id,
            status=known.status,
            reason=known.reason,
            tx_hash=known.tx_hash,
            failed=known.status == "rejected",
            now=self.clock(),
        )
