"""Inside the forked child: into the cage, run the order, leave a word about what went wrong."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import CooptError
from coopt_dag.execution.harness import cage, rooms, syscalls

if TYPE_CHECKING:
    from collections.abc import Mapping

SAID_BYTES = 1 << 16
"""Most that a run may say about its failure; the rest is in its log."""
_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}


@dataclass(frozen=True, slots=True)
class Ends:
    """The child's ends of what joins it to the server."""

    log: int
    said: int
    """A memory file for the words about a failure."""
    status: int
    """Told ``ok`` once the cage is closed, or what is wrong with it."""
    go: int
    """Read once, when the server has done its part."""


def be_worker(
    order: Mapping[str, Any],
    root: Path,
    stage: Path,
    ends: Ends,
    *,
    warden: cage.Warden | None,
    box: rooms.Box | None,
) -> None:
    """Run in the forked child; never returns."""
    code = 1
    try:
        _settle(ends)
        if warden is None or box is None:
            os.chdir(stage)
            os.write(4, b"ok")
            os.close(4)
            code = _run(order, root, stage / "out")
        else:
            code = _run_caged(warden, order, root, box)
    except BaseException:  # noqa: BLE001  # the last frame of a process: report, then end
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _settle(ends: Ends) -> None:
    """Keep descriptors 0-2, said as 3, status as 4, go as 5; and no signal handler."""
    if os.getpid() != 1:
        os.setpgid(0, 0)
    syscalls.die_with_parent(signal.SIGKILL)
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    spare = [os.dup(fd) for fd in (ends.said, ends.status, ends.go)]  # none is below 6 any more
    high = [os.dup2(fd, 200 + i, inheritable=False) for i, fd in enumerate(spare)]
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(ends.log, 1)
    os.dup2(ends.log, 2)
    for target, fd in zip((3, 4, 5), high, strict=True):
        os.dup2(fd, target, inheritable=False)
    syscalls.close_from(6)  # no descriptor of the server, or of another node


def _run_caged(warden: cage.Warden, order: Mapping[str, Any], root: Path, box: rooms.Box) -> int:
    try:
        cage.enter(warden, order, root, box, wait_fd=5)
    except OSError as error:
        os.write(4, f"{type(error).__name__}: {error}".encode())
        return 125
    os.write(4, b"ok")
    os.close(4)
    os.close(5)
    return _run(rooms.order_inside(order), Path("/"), Path("/out"))


def _run(order: Mapping[str, Any], root: Path, out: Path) -> int:
    from coopt_dag.execution.harness import inspector, score, work

    actions = {"step": work.run_step, "score": score.run_score, "inspect": inspector.inspect}
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
    where = frames[-1] if frames else None
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
    os.pwrite(3, text, 0)
