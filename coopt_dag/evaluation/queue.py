"""What an evaluator has in hand: one row a submission, safe against kill -9.

The ledger alone says whether a submission was judged. The queue remembers what the ledger cannot:
what was begun here, what failed for no fault of the submission, and when to try it again.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from coopt_dag.errors import BusyError, IntegrityError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

SCHEMA_VERSION = 1
FILE = "evaluator.sqlite"
LOCK = "evaluator.lock"

TRANSITIONS = {
    "queued": frozenset({"running", "scored", "failed"}),
    "running": frozenset({"queued", "attested", "scored", "failed", "infrastructure-retry"}),
    "attested": frozenset({"queued", "scored", "failed"}),
    "infrastructure-retry": frozenset({"queued", "running", "scored", "failed"}),
    "scored": frozenset[str](),
    "failed": frozenset[str](),
}
"""State → the states that may follow it."""

STATES = tuple(TRANSITIONS)

_TABLE = """
create table if not exists submission(
  ledger text not null, id integer not null, challenge text not null, step text not null,
  state text not null, tries integer not null default 0, failures integer not null default 0,
  kills integer not null default 0, next_try real not null default 0,
  error text not null default '', status text not null default '',
  reason text not null default '', tx_hash text not null default '',
  pid integer, pid_started integer, queued_at real not null, started_at real, ended_at real,
  seconds real, primary key(ledger, id)) without rowid
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One submission as the evaluator knows it; times are seconds since 1970."""

    id: int
    challenge: str
    step: str
    state: str
    tries: int
    """How often it was begun."""
    failures: int
    """How often infrastructure failed under it."""
    kills: int
    """How often the service died under it."""
    next_try: float
    error: str
    """Last failure of infrastructure, in full: it stays on this machine."""
    status: str
    reason: str
    tx_hash: str
    pid: int | None
    pid_started: int | None
    queued_at: float
    started_at: float | None
    ended_at: float | None
    seconds: float | None
    """How long the run took that led to the verdict; None where nothing ran here."""


_COLUMNS = ", ".join(Row.__dataclass_fields__)


def lock_path(state_dir: Path) -> Path:
    """Give the file that the one service of a workspace holds.

    >>> lock_path(Path("state")).name
    'evaluator.lock'
    """
    return state_dir / LOCK


@contextmanager
def only_service(state_dir: Path) -> Iterator[None]:
    """Be the only service of a workspace while the context lasts.

    Raises
    ------
    BusyError
        Another one is at work.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    with lock_path(state_dir).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(
                "another `coopt evaluate` is at work in this workspace",
                path=lock_path(state_dir),
                hint="coopt evaluate status shows what it does; end it first by SIGTERM",
            ) from None
        yield


def is_served(state_dir: Path) -> bool:
    """Tell whether a service is at work in a workspace."""
    if not lock_path(state_dir).is_file():
        return False
    with lock_path(state_dir).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


class Queue:
    """The rows of one ledger; every change is synced before it returns.

    Parameters
    ----------
    path : Path
        The SQLite file; made if it is not there.
    ledger : str
        Which ledger the numbers belong to.
    """

    def __init__(self, path: Path, ledger: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.ledger = ledger
        self.db = sqlite3.connect(path, isolation_level=None, timeout=30)
        self.db.execute("pragma journal_mode=wal")
        self.db.execute("pragma synchronous=full")
        with self._change():
            (version,) = self.db.execute("pragma user_version").fetchone()
            if version not in {0, SCHEMA_VERSION}:
                raise IntegrityError(
                    f"the queue has schema {version}, this version knows {SCHEMA_VERSION}",
                    path=path,
                    hint="use the version that wrote it, or move the file away: "
                    "the ledger has everything that counts",
                )
            self.db.execute(_TABLE)
            self.db.execute(f"pragma user_version={SCHEMA_VERSION}")

    def close(self) -> None:
        """Let go of the file."""
        self.db.close()

    @contextmanager
    def _change(self) -> Iterator[None]:
        self.db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self.db.execute("rollback")
            raise
        self.db.execute("commit")

    def add(self, id_: int, challenge: str, step: str, *, now: float) -> bool:
        """Queue a submission; False if it is known already."""
        with self._change():
            done = self.db.execute(
                "insert or ignore into submission(ledger, id, challenge, step, state, queued_at) "
                "values(?,?,?,?,'queued',?)",
                (self.ledger, id_, challenge, step, now),
            )
        return done.rowcount == 1

    def get(self, id_: int) -> Row | None:
        """Give a submission's row."""
        found = self._rows("and id=?", id_)
        return found[0] if found else None

    def rows(self) -> list[Row]:
        """Give all rows in the order of the ledger."""
        return self._rows("")

    def due(
        self,
        *,
        now: float | None,
        challenge: str | None = None,
        without: Collection[int] = (),
    ) -> Row | None:
        """Give the first row in the order of the ledger that may run at `now`; None = at any time.

        A submission that waits for infrastructure is passed over, so that it blocks nobody.
        """
        found = self._rows(
            "and (state='queued' or state='infrastructure-retry' and (? is null or next_try<=?)) "
            "and (? is null or challenge=?)",
            *(now, now, challenge, challenge),
        )
        return next((row for row in found if row.id not in without), None)

    def _rows(self, where: str, *values: object) -> list[Row]:
        query = f"select {_COLUMNS} from submission where ledger=? {where} order by id"  # noqa: S608
        with closing(self.db.execute(query, (self.ledger, *values))) as found:
            return [Row(*row) for row in found]

    def start(self, id_: int, *, now: float, pid: int, pid_started: int) -> None:
        """Claim a submission for a process."""
        self._move(
            id_,
            "running",
            "tries=tries+1, started_at=?, pid=?, pid_started=?",
            *(now, pid, pid_started),
        )

    def settle(
        self, id_: int, *, status: str, reason: str, tx_hash: str, failed: bool, now: float
    ) -> None:
        """Note the ledger's verdict; it is final."""
        self._move(
            id_,
            "failed" if failed else "scored",
            "status=?, reason=?, tx_hash=?, ended_at=?, error='', pid=null, "
            "seconds=case when state='running' then ?-started_at end",
            *(status, reason, tx_hash, now, now),
        )

    def attested(self, id_: int) -> None:
        """Note that it was run here, and that the other evaluators of its quorum are awaited."""
        self._move(id_, "attested", "error='', pid=null")

    def retry(self, id_: int, *, error: str, next_try: float) -> None:
        """Put a submission off, since infrastructure failed under it."""
        self._move(
            id_,
            "infrastructure-retry",
            "failures=failures+1, error=?, next_try=?, pid=null",
            *(error, next_try),
        )

    def requeue(self, id_: int) -> None:
        """Put a submission back that was begun and not finished, e.g. at a stop."""
        self._move(id_, "queued", "pid=null")

    def killed(self, id_: int, *, next_try: float | None) -> None:
        """Take up a submission whose process died; `next_try` puts it off."""
        if next_try is None:
            self._move(id_, "queued", "kills=kills+1, pid=null")
            return
        self._move(
            id_,
            "infrastructure-retry",
            "kills=kills+1, error=?, next_try=?, pid=null",
            *("the service died while it ran, more than once", next_try),
        )

    def reopen(self, id_: int, *, now: float) -> None:
        """Begin anew with a submission that the ledger calls pending again (a restored copy)."""
        with self._change():
            self.db.execute(
                "update submission set state='queued', queued_at=?, tries=0, status='', "
                "reason='', tx_hash='', ended_at=null where ledger=? and id=? "
                "and state in ('scored', 'failed')",
                (now, self.ledger, id_),
            )

    def _move(self, id_: int, target: str, changes: str, *values: object) -> None:
        with self._change():
            row = self.get(id_)
            if row is None or target not in TRANSITIONS[row.state]:
                state = "unknown" if row is None else row.state
                raise UsageError(
                    f"submission {id_} is {state}; it cannot become {target}",
                    hint="coopt evaluate status shows all states",
                )
            self.db.execute(
                f"update submission set {changes}, state=? where ledger=? and id=?",  # noqa: S608
                (*values, target, self.ledger, id_),
            )


def process_start() -> int:
    """Give when this process started, in ticks since boot: with its number, its identity."""
    fields = Path(f"/proc/{os.getpid()}/stat").read_text(encoding="ascii").rpartition(")")[2]
    return int(fields.split()[19])
