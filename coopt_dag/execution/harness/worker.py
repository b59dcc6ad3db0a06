"""Inside the forked child: into the cage, run the order, leave a word about what went wrong."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import signal
import sys
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from coopt_dag.errors import CooptError, IsolationError
from coopt_dag.execution.harness import bubblewrap, cage, environment, rooms, syscalls, weak
from coopt_dag.execution.harness.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

SAID_BYTES = 1 << 16
"""Most that a run may say about its failure; the rest is in its log."""
_WORD_BYTES = 4000
"""Less than a pipe takes: nobody reads it before our end."""
_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}


@dataclass(frozen=True, slots=True)
class Ends:
    """The child's ends of what joins it to the server."""

    orders: int
    """Gives the one `Task`, when it has come; its end means that the server is gone."""
    said: int
    """A memory file for the words about a failure."""
    status: int
    """Told ``ok`` once the cage is closed, or what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a waiting child is told to do; without a box it does so uncaged."""

    order: Mapping[str, Any]
    root: Path
    stage: Path
    box: rooms.Box | None

    def send(self, descriptor: int) -> None:
        """Write it to a child."""
        box = None if self.box is None else asdict(self.box)
        words = [self.order, str(self.root), str(self.stage), box]
        text = json.dumps(words).encode()
        view = memoryview(len(text).to_bytes(8, "big") + text)
        while view:
            view = view[os.write(descriptor, view) :]

    @classmethod
    def receive(cls, descriptor: int) -> Task | None:
        """Wait for it; None if the server is gone."""
        head = _read(descriptor, 8)
        text = _read(descriptor, int.from_bytes(head, "big")) if head else b""
        if not text:
            return None
        order, root, stage, box = json.loads(text)
        if box is not None:
            box = rooms.Box(box["place"], box["out"], box["user"], Limits(**box["limits"]))
        return cls(order, Path(root), Path(stage), box)


def _read(descriptor: int, size: int) -> bytes:
    parts = []
    while size and (part := os.read(descriptor, size)):
        parts.append(part)
        size -= len(part)
    return b"" if size else b"".join(parts)


def be_worker(ends: Ends, warden: cage.Warden | None) -> NoReturn:
    """Run in the forked child: wait for the one task, do it, end."""
    code = 1
    try:
        _settle(ends)
        task = Task.receive(_ORDERS)
        if task is not None:
            os.close(_ORDERS)
            log = os.open(task.stage / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.close(log)
            code = _do(task, warden)
    except (OSError, IsolationError) as error:
        _tell(f"{type(error).__name__}: {error}")
    except BaseException:  # noqa: BLE001  # the last frame of a process: report, then end
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


_ORDERS, _SAID, _STATUS = 3, 4, 5


def _settle(ends: Ends) -> None:
    """Keep three descriptors, under their fixed numbers; and no signal handler."""
    os.setsid()  # kill(0, …) of a caged pid 1 would else reach the server and its other runs
    syscalls.die_with_parent(signal.SIGKILL)
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    # By way of numbers that are free for certain, for ours may be among the targets.
    high = [
        fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 64) for fd in (ends.orders, ends.said, ends.status)
    ]
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for target, fd in zip((_ORDERS, _SAID, _STATUS), high, strict=True):
        os.dup2(fd, target, inheritable=False)
    syscalls.close_from(_STATUS + 1)  # no descriptor of the server, or of another node


def _tell(word: str) -> None:
    with contextlib.suppress(OSError):  # said already: then it is the run's own failure
        os.write(_STATUS, word.encode()[:_WORD_BYTES])


def _do(task: Task, warden: cage.Warden | None) -> int:
    if warden is None or task.box is None:
        os.chdir(task.stage)
        if task.order["cage"] == "weak":
            weak.enter(task.order, task.root, task.stage)
        _tell("ok")
        os.close(_STATUS)
        return _run(task.order, task.root, task.stage / "out")
    if task.order["kind"] == "step" and task.order["entry"]["command"]:
        bubblewrap.become(warden, task.order, task.root, task.box, status_fd=_STATUS)
    cage.enter(warden, task.order, task.root, task.box)
    _tell("ok")
    os.close(_STATUS)
    return _run(rooms.order_inside(task.order), Path("/"), Path("/out"))


def _run(order: Mapping[str, Any], root: Path, out: Path) -> int:
    from coopt_dag.execution.harness import inspector, own, score, work

    environment.open_strangers()
    if order.get("library") is not None:
        sys.path.append(str(root / order["library"]))
    actions = {
        "step": work.run_step,
        "score": score.run_score,
        "own": own.run_own,
        "inspect": inspector.inspect,
    }
    try:
        actions[order["kind"]](order, root, out)
    except CooptError as error:
        _say(error.to_json())
        return 1
    except Exception as error:  # noqa: BLE001  # a stranger's code may raise anything
        traceback.print_exc()
        _say(_described(error, order))
        return 1
    return 0


def _described(error: Exception, order: Mapping[str, Any]) -> dict[str, Any]:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/harness/" not in f[0]]
    # The last line of the order's own code says more than that of a library which it called.
    code = Path(order["code"])
    folder = f"{code.parent if order['kind'] == 'score' else code}/"
    own = [f for f in frames if folder in f[0]] or frames
    where = own[-1] if own else None
    name = Path(where.filename).name if where else order["code"]
    failure = "crashed"
    if isinstance(error, MemoryError):
        failure = "out_of_memory"
    elif isinstance(error, OSError) and error.errno in _FULL:
        failure = "too_much_output"
    # What a scorer says could hold truths: it goes to the log only, past the server's memory.
    words = "" if order["kind"] == "score" else f": {error}"
    return {
        "error": "NodeFailedError",
        "failure": failure,
        "message": f"{name}:{where.lineno if where else '?'}: {type(error).__name__}{words}",
        "hint": "",
    }


def _say(document: Mapping[str, Any]) -> None:
    text = json.dumps(dict(document) | {"message": str(document["message"])[:4000]}).encode()
    if len(text) > SAID_BYTES:
        text = json.dumps({"error": document["error"], "message": "said too much"}).encode()
    os.pwrite(_SAID, text, 0)
