"""One run: start it in its stage, wait with a deadline, look at what it left, publish."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import FAILURES, CooptError, IsolationError
from coopt_dag.execution.harness import cage, rooms, syscalls, weak, worker
from coopt_dag.execution.harness.gather import gather
from coopt_dag.execution.harness.inspector import inspection_of
from coopt_dag.execution.harness.limits import Limits
from coopt_dag.execution.harness.publish import discard, publish
from coopt_dag.execution.harness.rooms import Box
from coopt_dag.execution.harness.watch import POLL_S, over_memory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopt_dag.execution.harness.groups import Group
    from coopt_dag.execution.harness.nursery import Child, Nursery

_LOG_LIMIT_BYTES = 1 << 20
_INSPECTION_S = 600
_WORDS = 4000

UNCAGED = {"level": "none"}
"""What the manifest of a run without a cage says of its isolation."""


@dataclass(frozen=True, slots=True)
class Running:
    """A started process: a run, or the inspection of what a run left."""

    order: Mapping[str, Any]
    child: Child
    stage: Path
    deadline_s: float
    isolation: dict[str, Any]
    limits: Limits
    box: Box | None = None
    inspects: Running | None = None
    """The run whose outputs this process reads."""
    kills: int = 0
    """How often memory had run out in the server's group when this began."""
    group: Group | None = None

    @property
    def pid(self) -> int:
        """Give the process; in a cage, pid 1 of its own namespace."""
        return self.child.pid

    def killed_for_memory(self, code: int) -> bool:
        """Tell whether the kernel ended it, for memory ran out; -9 is its way, 137 bubblewrap's."""
        if self.group is None or code not in {-signal.SIGKILL, 128 + signal.SIGKILL}:
            return False
        return self.group.kills() > self.kills

    @property
    def watched(self) -> bool:
        """Tell whether the memory of its processes is watched."""
        return self.box is not None


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of an order; `error` is None if its node is in the store."""

    error: dict[str, Any] | None


def start(
    order: Mapping[str, Any], root: Path, nursery: Nursery, *, inspects: Running | None = None
) -> Running:
    """Start one order, caged if the nursery's children are.

    Raises
    ------
    OSError, IsolationError
        The stage or the cage's outer parts could not be made, or an input cannot be given.
    """
    stage = inspects.stage if inspects else root / f"{order['stage']}.{_name_of_server()}"
    if not inspects:
        discard(stage)
        (stage / "out").mkdir(parents=True)
    limits, warden = Limits.of(order), nursery.warden
    if warden is not None and warden.is_root:
        _refuse_closed(order, root)
    box, isolation = None, weak.ISOLATION if order["cage"] == "weak" else UNCAGED
    if warden is not None:
        box = _box(order, stage, warden, limits)
        program = order["kind"] == "step" and order["entry"]["command"]
        isolation = warden.layers("exec" if program else "fork")
    child = nursery.take()
    try:
        worker.Task(order, root, stage, box).send(child.orders)
    except OSError:
        child.end()
        raise
    os.close(child.orders)
    group = None if warden is None else warden.group
    wall_s = _INSPECTION_S if inspects else order["wall_s"]
    return Running(
        order,
        child,
        stage,
        time.monotonic() + wall_s,
        isolation,
        limits,
        box,
        inspects,
        kills=group.kills() if group else 0,
        group=group,
    )


def _refuse_closed(order: Mapping[str, Any], root: Path) -> None:
    closed = rooms.closed_to_others(rooms.order_places(order, root))
    if closed is not None:
        raise IsolationError(
            f"{closed} can be read by its owner only, and runs are nobody here",
            hint=f"chmod o+rX {closed}",
        )


def _name_of_server() -> str:
    return f"{os.getpid()}-{os.stat('/proc/self/ns/pid').st_ino}"  # noqa: PTH116  # pid 1 is common


def _box(order: Mapping[str, Any], stage: Path, warden: cage.Warden, limits: Limits) -> Box:
    names = ("look-room", "look-box") if order["kind"] == "inspect" else ("room", "box")
    room, out = (stage / name for name in names)
    box = Box(str(room), str(out), warden.next_user(), limits)
    room.mkdir()
    out.mkdir()
    box.mount()
    return box


def kill(running: Running) -> None:
    """End a process and whatever it started."""
    if running.box is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(running.pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGKILL)  # pid 1 of its namespace, or bubblewrap


def step_on(
    running: Running,
    status: int,
    root: Path,
    nursery: Nursery,
    *,
    cut: str | None = None,
) -> Running | Ended:
    """Take what an ended process left one step further.

    Parameters
    ----------
    cut
        Why we ended it, one of `FAILURES`; None if it ended by itself.

    Returns
    -------
    Running or Ended
        The inspection of its outputs; or the end, with its stage gone.
    """
    if running.box is None:
        kill(running)  # what it started dies with it; a cage does that by itself
    error = _error_of(running, status, cut)
    if running.inspects is not None and error is not None:
        error = _as_inspection(error)
    first = running.inspects or running
    try:
        if error is None and running.box is not None and running is first:
            error = _gathered(running)
            if error is None and running.order["kind"] == "step":
                look = inspection_of(running.order, running.stage / "out")
                return start(look, root, nursery, inspects=replace(running, box=None))
        if error is None:
            publish(first.order, root, first.stage, first.isolation)
    except CooptError as caught:
        error = caught.to_json()
    except OSError as caught:
        error = _infrastructure(f"the node could not be published: {caught}")
    finally:
        _let_go(running)
    _keep_log(first, root, error)
    discard(first.stage)
    return Ended(error)


def _as_inspection(error: dict[str, Any]) -> dict[str, Any]:
    """Take what ended its reader, by memory, time or a crash, for an invalid output."""
    if error["error"] != "NodeFailedError" or error["failure"] == "invalid_output":
        return error
    message = f"what it wrote could not be read: the reader {error['message']}"
    return error | {"failure": "invalid_output", "message": message, "hint": ""}


def _gathered(running: Running) -> dict[str, Any] | None:
    """Bring what a caged run wrote to where publishing finds it."""
    assert running.box is not None  # noqa: S101  # a warden gives every run a box
    (running.stage / "out").rmdir()
    try:
        gather(Path(running.box.out), running.stage / "out", running.limits)
    except CooptError as error:
        return error.to_json()
    return None


def abandon(running: Running) -> None:
    """Let go of a run that was killed on purpose, and of its stage."""
    _let_go(running)
    discard(running.stage)


def _let_go(running: Running) -> None:
    os.close(running.child.said)
    os.close(running.child.status)
    if running.box is not None:
        syscalls.unmount(running.box.out)


def _error_of(running: Running, status: int, cut: str | None) -> dict[str, Any] | None:
    told = os.read(running.child.status, 4096)
    if cut is None and not told.startswith(b"ok"):  # what follows may be a stranger's
        word = told.decode("utf-8", "replace") or _last_words(running)
        return _infrastructure(f"the cage could not be closed: {word}")
    if status == 0 and cut is None:
        return None
    failure = cut or _failure(running, status)
    if failure == "timed_out":
        message = f"ran longer than its budget of {running.order['wall_s']} s and was ended"
        return _failed(message, failure, "see budget.wall_s")
    if failure == "out_of_memory":
        message = f"used more memory than its budget of {running.order['mem_mb']} MB"
        return _failed(message, failure, "see budget.mem_mb")
    said = _said(running)
    if said is not None:
        return said
    if failure == "too_much_output":
        message = f"wrote more than its budget of {running.order['disk_mb']} MB"
        return _failed(message, failure, "see budget.disk_mb")
    code = os.waitstatus_to_exitcode(status)
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return _failed(how, failure, "")


def _failure(running: Running, status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    if running.killed_for_memory(code):
        return "out_of_memory"
    if code in {-signal.SIGXCPU, 128 + signal.SIGXCPU}:
        return "timed_out"
    full = running.inspects is None and running.box is not None and running.box.is_full()
    if full or code in {-signal.SIGXFSZ, 128 + signal.SIGXFSZ}:
        return "too_much_output"
    return "crashed"


def _last_words(running: Running) -> str:
    text = ""
    with (
        contextlib.suppress(FileNotFoundError),  # it ended before it opened its log
        (running.stage / "log").open("rb") as file,
    ):
        text = file.read(_LOG_LIMIT_BYTES).decode("utf-8", "replace").strip()
    return text[-500:] or "it ended without a word"


def _said(running: Running) -> dict[str, Any] | None:
    """Read what a run said of its failure; it may lie, so only its form is taken for granted."""
    text = os.pread(running.child.said, worker.SAID_BYTES, 0).rstrip(b"\0")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("message"), str):
        return None
    if running.order["kind"] == "score" and found.get("error") == "ScoreInvalidError":
        return _failed(_text(found, "message"), "crashed", _text(found, "hint")) | {
            "error": "ScoreInvalidError"
        }
    if running.order["kind"] == "score" and found.get("field") == "truth":
        return {"error": "CooptError", "message": found["message"], "hint": "mend the truth"}
    failure = found.get("failure")
    error = _failed(
        _text(found, "message"), failure if failure in FAILURES else "crashed", _text(found, "hint")
    )
    declared = list(running.order["outputs"]) if running.order["kind"] != "score" else []
    field = found.get("field")  # of any kind: only compared, never hashed
    return error | {"field": field if field in declared else None}


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    return _plain(value) if isinstance(value, str) else ""


def _plain(text: str) -> str:
    """Give a stranger's words without what a terminal obeys or cannot show."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text[:_WORDS])


def _failed(message: str, failure: str, hint: str) -> dict[str, Any]:
    return {"error": "NodeFailedError", "message": message, "failure": failure, "hint": hint}


def _infrastructure(message: str) -> dict[str, Any]:
    return {"error": "IsolationError", "message": message, "hint": "coopt doctor --sandbox"}


def _keep_log(running: Running, root: Path, error: dict[str, Any] | None) -> None:
    log = running.stage / "log"
    if not log.is_file() or log.is_symlink() or log.stat().st_size == 0:
        return
    folder = Path(running.order["folder"])
    kept = root / running.order["state"] / "logs" / folder.parent.name / f"{folder.name}.log"
    kept.parent.mkdir(parents=True, exist_ok=True)
    if log.stat().st_size > _LOG_LIMIT_BYTES:
        with log.open("r+b") as file:
            file.truncate(_LOG_LIMIT_BYTES)
    log.replace(kept)
    if error is not None and not error.get("hint"):
        error["hint"] = f"its output is in {kept.relative_to(root)}"


def run_one(order: Mapping[str, Any], root: Path, nursery: Nursery) -> dict[str, Any] | None:
    """Run one order to its end, as plain Snakemake does: one process a node."""
    found: Running | Ended = start(order, root, nursery)
    while isinstance(found, Running):
        found = _wait(found, root, nursery)
    return found.error


def _wait(running: Running, root: Path, nursery: Nursery) -> Running | Ended:
    while True:
        pid, status = os.waitpid(running.pid, os.WNOHANG)
        if pid:
            return step_on(running, status, root, nursery)
        left_s = running.deadline_s - time.monotonic()
        cut = "timed_out" if left_s <= 0 else "out_of_memory" if over_memory(running) else None
        if cut:
            kill(running)
            _, status = os.waitpid(running.pid, 0)
            return step_on(running, status, root, nursery, cut=cut)
        signal.sigtimedwait([signal.SIGCHLD], min(left_s, POLL_S if running.watched else 1.0))
