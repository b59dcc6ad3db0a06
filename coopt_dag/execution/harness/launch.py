"""One worker process: fork, run the order in its own stage, wait with a deadline, publish."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import CooptError
from coopt_dag.execution.harness.publish import discard, publish

if TYPE_CHECKING:
    from collections.abc import Mapping

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)
_LOG_LIMIT_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Running:
    """A started worker."""

    order: Mapping[str, Any]
    pid: int
    stage: Path
    deadline_s: float


def start(order: Mapping[str, Any], root: Path) -> Running:
    """Fork a worker for one order."""
    stage = root / f"{order['stage']}.{os.getpid()}"
    discard(stage)
    (stage / "out").mkdir(parents=True)
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _be_worker(order, root, stage, parent)
    return Running(order, pid, stage, time.monotonic() + order["wall_s"])


def _be_worker(order: Mapping[str, Any], root: Path, stage: Path, parent: int) -> None:
    """Run in the forked child; never returns."""
    code = 1
    try:
        os.setpgid(0, 0)
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        signal.set_wakeup_fd(-1)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        log = os.open(stage / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.closerange(3, 4096)  # no descriptor of the server, or of another node
        os.chdir(stage)
        code = _run(order, root, stage)
    except BaseException:  # noqa: BLE001  # the last frame of a process: report, then end
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _run(order: Mapping[str, Any], root: Path, stage: Path) -> int:
    from coopt_dag.execution.harness import score, work

    action = work.run_step if order["kind"] == "step" else score.run_score
    try:
        action(order, root, stage / "out")
    except CooptError as error:
        _leave_error(stage, error.to_json())
        return 1
    except Exception as error:  # noqa: BLE001  # a stranger's code may raise anything
        traceback.print_exc()
        frames = [f for f in traceback.extract_tb(error.__traceback__) if "/harness/" not in f[0]]
        where = frames[-1] if frames else None
        name = Path(where.filename).name if where else order["code"]
        _leave_error(
            stage,
            {
                "error": "NodeFailedError",
                "message": f"{name}:{where.lineno if where else '?'}: "
                f"{type(error).__name__}: {error}",
                "hint": "",
            },
        )
        return 1
    return 0


def _leave_error(stage: Path, document: Mapping[str, Any]) -> None:
    (stage / "error.json").write_text(json.dumps(document), encoding="utf-8")


def finish(running: Running, status: int, root: Path, *, timed_out: bool) -> dict[str, Any] | None:
    """Publish what a worker left, or tell why not; the stage is gone afterwards.

    Returns
    -------
    dict or None
        The error as plain data; None if the node is in the store.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(running.pid, signal.SIGKILL)  # whatever it started dies with it
    try:
        error = _error_of(running, status, timed_out=timed_out)
        if error is None:
            try:
                publish(running.order, root, running.stage)
            except (CooptError, OSError) as caught:
                error = {"error": "NodeFailedError", "message": str(caught), "hint": ""}
        _keep_log(running, root, error)
        return error
    finally:
        discard(running.stage)


def _error_of(running: Running, status: int, *, timed_out: bool) -> dict[str, Any] | None:
    if status == 0 and not timed_out:
        return None
    left = running.stage / "error.json"
    if timed_out:
        message = f"ran longer than its budget of {running.order['wall_s']} s and was ended"
        return {"error": "NodeFailedError", "message": message, "hint": "see budget.wall_s"}
    if left.is_file():
        try:
            found = json.loads(left.read_text(encoding="utf-8"))
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found
    code = os.waitstatus_to_exitcode(status)
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return {"error": "NodeFailedError", "message": how, "hint": ""}


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


def run_one(order: Mapping[str, Any], root: Path) -> dict[str, Any] | None:
    """Run one order to its end, as plain Snakemake does: one process a node."""
    running = start(order, root)
    while True:
        pid, status = os.waitpid(running.pid, os.WNOHANG)
        if pid:
            return finish(running, status, root, timed_out=False)
        left_s = running.deadline_s - time.monotonic()
        if left_s <= 0:
            os.killpg(running.pid, signal.SIGKILL)
            _, status = os.waitpid(running.pid, 0)
            return finish(running, status, root, timed_out=True)
        signal.sigtimedwait([signal.SIGCHLD], min(left_s, 1.0))
