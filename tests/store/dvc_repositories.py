"""DVC repositories for tests, worked on by the real `dvc` command."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

WITHOUT_US = (
    "import sys; sys.meta_path[:] = [f for f in sys.meta_path "
    "if type(f).__module__ != 'coopt_dag_dvc_hook']; "
    "from dvc.cli import main; from dvc_objects.fs import known_implementations; "
    "assert 'ipfs' not in known_implementations; sys.exit(main(sys.argv[1:]))"
)
"""Runs `dvc` as if this package were not installed."""


def environment(folder: Path) -> dict[str, str]:
    """Give an environment in which DVC keeps its own caches to a folder."""
    return os.environ | {"DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(folder / ".site")}


def start(folder: Path, *words: str, ours: bool = True) -> subprocess.Popen[str]:
    """Start `dvc`; without `ours` it does not know `ipfs://`."""
    front = ["-m", "dvc"] if ours else ["-c", WITHOUT_US]
    return subprocess.Popen(
        [sys.executable, *front, *words],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def dvc(folder: Path, *words: str, ours: bool = True, fails: bool = False) -> str:
    """Run `dvc` to its end; give all that it said."""
    process = start(folder, *words, ours=ours)
    out, err = process.communicate(timeout=300)
    assert (process.returncode != 0) == fails, (words, out, err)
    return out + err


def git(folder: Path, *words: str) -> str:
    """Run `git` as nobody in particular."""
    who = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "init.defaultBranch=m"]
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def repository(folder: Path, store: Path | None, *, api: str | None = None) -> Path:
    """Make a git and DVC repository with a default remote in a store or node."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet")
    dvc(folder, "init", "--quiet")
    dvc(folder, "remote", "add", "--local", "--quiet", "-d", "coopt", "ipfs://artifacts")
    option = ("store", str(store)) if api is None else ("api", api)
    dvc(folder, "remote", "modify", "--local", "coopt", *option)
    return folder


def fill(folder: Path, *, files: int, seed: int, size: int = 2000) -> Path:
    """Write files of random content, and one of several chunks."""
    dice = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(files):
        (folder / f"{n}.bin").write_bytes(dice.randbytes(size))
    (folder / "large.bin").write_bytes(dice.randbytes(2_500_000))
    return folder


def forget(folder: Path, *tracked: str) -> None:
    """Remove DVC's cache and the tracked files, as a fresh clone has none."""
    shutil.rmtree(folder / ".dvc" / "cache")
    for name in tracked:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
