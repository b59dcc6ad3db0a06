"""Makes a simulated challenge's data: split by split, each from its own seed, whole or not at all.

The recipe runs in the challenge's environment, caged (`recipe`). What a split was made
from is written beside its files, so that a later change of recipe, library, parameters or seed
is noticed; nothing that is there is ever replaced unless that is asked for.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import DataMissingError, UnknownNameError
from coopt_dag.execution.environments import ensure, environment_id
from coopt_dag.execution.recipe import run_recipe
from coopt_dag.execution.splitseeds import (
    SplitSeed,
    hidden_seed,
    make_secret,
    public_seed,
    read_secret,
    secret_path,
    sync,
)
from coopt_dag.graph.keys import digest
from coopt_dag.specs.tree import file_sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from coopt_dag.execution.harness.job import Level
    from coopt_dag.model.challenge import DataOrigin, SimulatedSplit
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedWorkspace

RECORD = ".simulated.json"
"""Beside a split's files: what they were made from."""


@dataclass(frozen=True, slots=True)
class Made:
    """What `simulate` did."""

    folder: Path
    splits: tuple[str, ...]
    """Those that were made now."""


def simulate(
    workspace: LoadedWorkspace,
    challenge: LoadedChallenge,
    *,
    splits: Iterable[str] = (),
    again: bool = False,
    secret: bytes | None = None,
    folder: Path | None = None,
    cage: Level = "strong",
    tell: Callable[[str], None],
) -> Made:
    """Make the splits that are missing; killed at any point, it makes the rest when called again.

    Parameters
    ----------
    splits
        Only these; empty = all.
    again : bool
        Make them even if they are there.
    secret
        Of somebody else's hidden splits; otherwise the workspace's own, drawn when first needed.
    folder
        In place of the challenge's folder below the workspace's data.
    cage : str
        strong; none: the recipe has all our rights.

    Raises
    ------
    UnknownNameError
        The challenge has no such split.
    IsolationError
        The recipe is to be caged, and this machine cannot.
    DataMissingError
        Its data are not simulated, the recipe failed, or it left out a file.
    """
    origin, spec = challenge.spec.origin, challenge.spec
    if origin is None or origin.simulator is None:
        raise DataMissingError(
            f"challenge '{spec.id}' has no simulator", hint=f"coopt data fetch {spec.id}"
        )
    for name in splits:
        if name not in origin.simulator:
            raise UnknownNameError("split", name, origin.simulator)
    wanted = [s for s in spec.splits if not splits or s in set(splits)]
    target = folder or workspace.data_dir / spec.id
    target.mkdir(parents=True, exist_ok=True)
    with _alone(target, tell=tell):
        maker = _Maker(workspace, challenge, origin, target, secret, cage)
        todo = [s for s in wanted if again or not maker.is_there(s, tell=tell)]
        if todo:
            maker.tell_seeds(todo, tell=tell)
        for name in todo:
            began = time.monotonic()
            maker.make(name)
            tell(f"{spec.id}: made split {name} in {time.monotonic() - began:.1f} s")
    return Made(target, tuple(todo))


def is_simulated(challenge: LoadedChallenge) -> bool:
    """Tell whether a challenge makes its data itself."""
    origin = challenge.spec.origin
    return origin is not None and origin.simulator is not None


def absent(
    workspace: LoadedWorkspace, challenge: LoadedChallenge, splits: Iterable[str]
) -> list[str]:
    """Give those of a simulated challenge's splits that are not on this machine."""
    if not is_simulated(challenge):
        return []
    target, known = workspace.data_dir / challenge.spec.id, challenge.spec.splits
    return [s for s in splits if s in known and not (target / s).is_dir()]


def fetching(challenge: LoadedChallenge, split: str) -> str:
    """Give the command that brings a split's data to this machine; for a public one no more."""
    spec = challenge.spec
    if spec.origin is None:
        return f"put them there; steps/{spec.id}/challenge.yaml names no `origin`"
    alone = is_simulated(challenge) and spec.splits[split].visibility == "public"
    return f"coopt data fetch {spec.id}" + (f" --split {split}" if alone else "")


@contextmanager
def _alone(target: Path, *, tell: Callable[[str], None]) -> Iterator[None]:
    """Wait for whoever makes data in this folder, and clear away what a killed one left."""
    lock = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(f"waiting: another process makes data in {target}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        for left in (*target.glob(".*.part"), *target.glob(".*.old")):
            shutil.rmtree(left)
        yield
    finally:
        os.close(lock)


@dataclass(slots=True)
class _Maker:
    """Makes splits of one challenge in one folder."""

    workspace: LoadedWorkspace
    challenge: LoadedChallenge
    origin: DataOrigin
    target: Path
    told: bytes | None
    cage: Level

    def is_there(self, split: str, *, tell: Callable[[str], None]) -> bool:
        """Tell whether a split is there; say so if it would be another one today.

        Raises
        ------
        DataMissingError
            Some of its files are there, and some are not.
        """
        folder, name = self.target / split, self.challenge.spec.id
        if not folder.is_dir():
            return False
        anew = f"coopt data fetch {name} --split {split} --again"
        if lacking := self._lacking(split, folder):
            raise DataMissingError(
                f"split '{split}' is here without {', '.join(lacking)}", path=folder, hint=anew
            )
        try:
            then = json.loads((folder / RECORD).read_text(encoding="utf-8"))["made_from"]
        except (OSError, ValueError, KeyError, TypeError):
            return True  # from elsewhere; nothing tells what it was made from
        now = self._made_from(split, self._seed(split, make=False))
        if differ := [word for word, value in now.items() if then.get(word) != value]:
            tell(
                f"{name}: split {split} is kept as it was made, with another "
                f"{', '.join(differ)}; to make it anew: {anew}"
            )
        return True

    def tell_seeds(self, splits: list[str], *, tell: Callable[[str], None]) -> None:
        """Say which splits anybody can make, and where the secret of the others lies."""
        name = self.challenge.spec.id
        hidden = [s for s in splits if self._simulated(s).seed is None]
        if public := [s for s in splits if s not in hidden]:
            tell(f"{name}: public seed: {', '.join(public)}")
        if hidden and self.told is not None:
            tell(f"{name}: seed from the secret that was told: {', '.join(hidden)}")
        elif hidden:
            self._secret(make=True)
            place = secret_path(self.workspace, name)
            inside = place.is_relative_to(self.workspace.root)
            shown = place.relative_to(self.workspace.root) if inside else place
            tell(f"{name}: seed from your secret, kept in {shown}: {', '.join(hidden)}")

    def make(self, split: str) -> None:
        """Make one split beside its place, and move it there when it is whole and on the disk."""
        seed = self._seed(split, make=True)
        assert seed is not None  # noqa: S101  # it was made
        part = self.target / f".{split}.{os.getpid()}.part"
        part.mkdir()
        try:
            self._run(split, seed, part)
            self._require_all(split, part)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        record = {
            "schema": "coopt/simulated/1",
            "challenge": self.challenge.spec.id,
            "split": split,
            "made_from": self._made_from(split, seed),
        }
        (part / RECORD).write_text(
            json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
        _publish(part, self.target / split)

    def _run(self, split: str, seed: SplitSeed, out: Path) -> None:
        lock = self.challenge.path / self.challenge.spec.environment.lock
        recipe = self.challenge.path / self.origin.recipe
        failed = run_recipe(
            ensure(environment_id(self.challenge.lock_sha256), lock),
            recipe=recipe,
            library=self.challenge.library,
            out=out,
            seed=seed.value,
            params=self._simulated(split).params,
            cage=self.cage,
        )
        if failed is not None:
            raise DataMissingError(
                f"the recipe failed on split '{split}': {failed}",
                path=recipe,
                hint=f"mend it, then coopt data fetch {self.challenge.spec.id}; "
                "splits that are made already stay",
            )

    def _require_all(self, split: str, part: Path) -> None:
        if lacking := self._lacking(split, part):
            raise DataMissingError(
                f"the recipe made split '{split}' without {', '.join(lacking)}",
                path=self.challenge.path / self.origin.recipe,
                hint=f"simulate() writes each file that splits.{split} names below "
                f"{split}/ into `out`",
            )

    def _lacking(self, split: str, folder: Path) -> list[str]:
        found = self.challenge.spec.splits[split]
        files = sorted({*found.inputs.values(), *found.truths.values()})
        return [p for p in files if not (folder / p.removeprefix(f"{split}/")).exists()]

    def _simulated(self, split: str) -> SimulatedSplit:
        assert self.origin.simulator is not None  # noqa: S101  # asked for before
        return self.origin.simulator[split]

    def _made_from(self, split: str, seed: SplitSeed | None) -> dict[str, Any]:
        """Give what a split's bytes depend on; without its seed if the secret is not here."""
        found = {
            "recipe": file_sha256(self.challenge.path / self.origin.recipe),
            "library": self.challenge.library_sha256,
            "environment": self.challenge.lock_sha256,
            "params": digest(self._simulated(split).params),
        }
        return found if seed is None else found | {"seed": seed.mark}

    def _seed(self, split: str, *, make: bool) -> SplitSeed | None:
        written = self._simulated(split).seed
        if written is not None:
            return public_seed(written)
        secret, name = self._secret(make=make), self.challenge.spec.id
        return None if secret is None else hidden_seed(name, split, secret=secret)

    def _secret(self, *, make: bool) -> bytes | None:
        if self.told is not None:
            return self.told
        path = secret_path(self.workspace, self.challenge.spec.id)
        if make:
            return make_secret(path)
        return read_secret(path) if path.exists() else None


def _publish(part: Path, final: Path) -> None:
    for path in (*part.rglob("*"), part):
        sync(path)
    if final.exists():
        old = part.with_suffix(".old")
        final.rename(old)
        part.rename(final)
        shutil.rmtree(old)
    else:
        part.rename(final)
    sync(final.parent)
