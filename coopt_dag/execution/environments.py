"""Environments: one virtual environment per lock, Python version and platform, built by uv.

Only wheels whose hashes the lock names are installed (`--require-hashes --no-deps
--only-binary :all:`), so no stranger's setup code ever runs. Environments are shared by all
workspaces of a user.
"""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from coopt_dag.errors import EnvironmentBuildError
from coopt_dag.graph.keys import digest

if TYPE_CHECKING:
    from collections.abc import Iterator

_PASSED_ON = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Choose a kernel that works on this processor; they change speed, and the last digits."""


def cache_folder() -> Path:
    """Give the user's cache: `$COOPT_CACHE`, `$XDG_CACHE_HOME/coopt`, or `~/.cache/coopt`."""
    own = os.environ.get("COOPT_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "coopt"


def platform_tag() -> str:
    """Give the platform that results depend on, e.g. ``linux-x86_64-cp311``."""
    version = f"cp{sys.version_info.major}{sys.version_info.minor}"
    return f"{sys.platform}-{platform.machine()}-{version}"


def environment_id(lock_sha256: str) -> str:
    """Give the name of the environment that this lock makes on this platform."""
    return digest([lock_sha256, platform.python_version(), platform_tag()])[:40]


def python_of(environment: str) -> Path:
    """Give the interpreter of an environment, built or not."""
    return cache_folder() / "envs" / environment / "bin" / "python"


def interpreter(environment: str, *, ours: bool) -> list[str]:
    """Give the words that start Python for an environment.

    Parameters
    ----------
    ours : bool
        It is the challenge's. A solution's own is a stranger's: nothing in its folder is started
        or imported before the cage is closed, not even its interpreter (`harness.environment`).
    """
    python = python_of(environment)
    if ours:
        return [str(python), "-s", "-P"]
    return [_base_python(), "-s", "-P", "-S", "-X", f"environment={python.parents[1]}"]


def _base_python() -> str:
    return str(sys._base_executable)  # type: ignore[attr-defined]  # of no environment


def worker_environ() -> dict[str, str]:
    """Give the whole environment of a worker: nothing of the user's, everything reproducible."""
    fixed = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
    return fixed | {k: os.environ[k] for k in _PASSED_ON if k in os.environ}


def ensure(environment: str, lock: Path, *, ours: bool = True) -> Path:
    """Build an environment unless it is there; give its interpreter.

    Parameters
    ----------
    ours : bool
        False for a solution's own: then nothing in it is started, not even to compile it.

    Raises
    ------
    EnvironmentBuildError
        uv refuses the lock, or a wheel cannot be had.
    """
    python = python_of(environment)
    folder = python.parents[1]
    if (folder / "complete").is_file():
        return python
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(folder.with_suffix(".lock")):
        if not (folder / "complete").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            _build(folder, lock, ours=ours)
    return python


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(folder: Path, lock: Path, *, ours: bool) -> None:
    _uv(
        lock,
        *("venv", "--quiet", "--no-project", "--python", _base_python()),
        str(folder),
    )
    if any(_requirement(line) for line in lock.read_text(encoding="utf-8").splitlines()):
        _uv(
            lock,
            *("pip", "install", "--quiet", "--python", str(folder / "bin" / "python")),
            *("--require-hashes", "--no-deps", "--only-binary", ":all:"),
            *(("--compile-bytecode",) if ours else ()),
            *("-r", str(lock)),
        )
    (folder / "complete").touch()


def _requirement(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _uv(lock: Path, *words: str) -> None:
    from uv import find_uv_bin

    env = {k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    done = subprocess.run(
        [find_uv_bin(), *words],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        umask=0o022,  # caged runs of root are nobody, and read it all the same
    )
    if done.returncode:
        raise EnvironmentBuildError(
            f"uv could not build the environment: {done.stderr.strip()[-1500:]}",
            path=lock,
            hint="check the lock's hashes, and that the package registry can be reached",
        )
