"""Looks for what is not to be seen: labels, the launcher's environment, other processes."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST_FOLDERS = 4000
_BORING = {"proc", "sys", "usr"}
_OWN_NAMES = {
    *("PATH", "HOME", "LANG", "LC_CTYPE", "TZ", "TMPDIR", "PWD", "PYTHONHASHSEED"),
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    *("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"),
    *("COOPT_IN", "COOPT_OUT", "COOPT_PARAMS", "COOPT_SEED", "SHLVL", "_", "OLDPWD"),
}


def nothing(aim: Mapping[str, Any]) -> Iterator[str]:  # noqa: ARG001  # an attack's form
    """Do no harm: what a server must still run after all attacks."""
    yield from ()


def read_labels(aim: Mapping[str, Any]) -> Iterator[str]:
    """Look for the file of labels by its path, through /proc, and by walking."""
    labels = str(aim["labels"])
    pids = [name for name in _names("/proc") if name.isdigit()]
    roots = [f"/proc/{pid}/{where}" for pid in [*pids, "self", "1"] for where in ("root", "cwd")]
    up = [f"{base}{'/..' * 12}" for base in ("/code", "/in", "/out", "/tmp", ".")]  # noqa: S108
    for base in ["", *roots, *up]:
        if _can_read(base + labels):
            yield f"read the labels at {base}{labels}"
    for pid in pids:
        for name in _names(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                aimed = str(Path(f"/proc/{pid}/fd/{name}").readlink())
                if aimed.endswith(Path(labels).name):
                    yield f"process {pid} has the labels open"
    for path in _walk("/"):
        if path.endswith("/" + Path(labels).name):
            yield f"found the labels at {path}"


def environment(aim: Mapping[str, Any]) -> Iterator[str]:
    """Look for the launcher's variables in every environment that can be read."""
    texts = {"its own": "\0".join(f"{k}={v}" for k, v in os.environ.items())}
    for pid in _names("/proc"):
        if pid.isdigit():
            with contextlib.suppress(OSError):
                texts[f"that of process {pid}"] = Path(f"/proc/{pid}/environ").read_text("latin-1")
    for whose, text in texts.items():
        names = {pair.partition("=")[0] for pair in text.split("\0") if pair}
        if aim["variable"] in names:
            yield f"the launcher's variable is in {whose}"
        if strange := sorted(names - _OWN_NAMES - {aim["variable"]}):
            yield f"{strange[0]} is in {whose}"


def other_processes(aim: Mapping[str, Any]) -> Iterator[str]:
    """See, signal, trace and read a process outside."""
    victim, word = int(aim["victim"]), str(aim["victim_word"]).encode()
    for pid in filter(str.isdigit, _names("/proc")):
        with contextlib.suppress(OSError):
            if word in Path(f"/proc/{pid}/cmdline").read_bytes():
                yield f"sees a process outside as {pid}"
    for what, number in (("signal", 0), ("stop", signal.SIGCONT)):
        with contextlib.suppress(OSError):
            os.kill(victim, number)
            yield f"could {what} a process outside"
    with contextlib.suppress(OSError):
        os.kill(-1, 0)
        yield "could signal all others"
    if os.getpgrp() == 0 or os.getsid(0) == 0:
        yield "shares a group or session with processes outside, which it can signal"
    for pid in {"1", str(victim)} - {str(os.getpid())}:
        with contextlib.suppress(OSError):
            os.close(os.open(f"/proc/{pid}/mem", os.O_RDWR))
            yield f"could open the memory of process {pid}"
    for name in () if os.getpid() == 1 else _names("/proc/1/fd"):
        with contextlib.suppress(OSError):
            os.close(os.open(f"/proc/1/fd/{name}", os.O_WRONLY | os.O_NONBLOCK))
            if name not in "012":
                yield f"could write to descriptor {name} of process 1"


def _can_read(path: str) -> bool:
    with contextlib.suppress(OSError):
        return bool(Path(path).read_bytes())
    return False


def _names(folder: str) -> list[str]:
    with contextlib.suppress(OSError):
        return os.listdir(folder)  # noqa: PTH208  # names
    return []


def _walk(top: str) -> Iterator[str]:
    for seen, (folder, folders, files) in enumerate(os.walk(top)):
        if folder == "/":
            folders[:] = [name for name in folders if name not in _BORING]
        if seen > _MOST_FOLDERS:
            return
        for name in [*files, *folders]:
            yield os.path.join(folder, name)  # noqa: PTH118  # thousands of times
