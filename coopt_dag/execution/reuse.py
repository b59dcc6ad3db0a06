"""Another's finished node comes into the store: whole, consistent, in its place, and marked."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import ContentRefusedError, IntegrityError
from coopt_dag.execution.believed import Belief, note_belief
from coopt_dag.execution.harness.job import MANIFEST
from coopt_dag.execution.harness.publish import discard, listing
from coopt_dag.execution.nodes import inspect, locked
from coopt_dag.model.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_STEP = re.compile(r"[a-z][a-z0-9_]{0,47}")
_KEY = re.compile(r"[0-9a-f]{32,64}")
_MOST_MANIFEST_BYTES = 16 << 20
_HINT = "nothing was taken; ask its publisher, or let `coopt run` make the node here"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a node comes from; `time` is seconds since 1970."""

    cid: str
    source: str
    time: int


@dataclass(frozen=True, slots=True)
class Adopted:
    """A node that is in the store now; `status` is `brought` or `there already`."""

    challenge: str
    step: str
    key: str
    folder: Path
    status: str


def adopt(
    bring: Callable[[Path], object],
    *,
    store: Path,
    state: Path,
    origin: Origin,
    expected: tuple[str, str] | None = None,
) -> Adopted:
    """Take a node that somebody else ran; it is believed, and marked so.

    Parameters
    ----------
    bring
        Writes the node's folder to a path.
    store, state
        The node store and the private folder of the workspace.
    expected : (str, str), optional
        Step and key under which the node was announced.

    Raises
    ------
    ContentRefusedError
        What came is no node of a step.
    IntegrityError
        Its bytes contradict its manifest, its announcement, or the node that is here.
    """
    with locked(store):
        stage = store / ".stage" / f"reuse-{origin.cid}"
        discard(stage)  # of a killed call
        stage.mkdir(parents=True)
        try:
            content = stage / "node"
            bring(content)
            manifest = _examine(content, origin, expected)
            return _place(content, manifest, store=store, state=state, origin=origin)
        finally:
            discard(stage)


def _examine(folder: Path, origin: Origin, expected: tuple[str, str] | None) -> dict[str, Any]:
    """Give the manifest of a consistent node; refuse anything else."""
    path = folder / MANIFEST
    if not path.is_file() or path.stat().st_size > _MOST_MANIFEST_BYTES:
        raise ContentRefusedError(
            f"{origin.cid} is no node: it has no {MANIFEST}",
            hint="`coopt reuse` takes the CID of a published step output",
        )
    text = path.read_bytes()
    manifest = _read(text, origin)
    announced = expected or (manifest["step"], manifest["key"])
    if (manifest["step"], manifest["key"]) != announced:
        raise IntegrityError(
            f"{origin.cid} was announced as node {announced[1]} of step '{announced[0]}', and says "
            f"that it is node {manifest['key']} of step '{manifest['step']}'",
            hint=_HINT,
        )
    damage = inspect(manifest["key"], folder, text)
    if damage is not None:
        name = damage.path.removeprefix(f"{folder}/")
        raise IntegrityError(f"{damage.reason}", path=f"{origin.cid}/{name}", hint=_HINT)
    return manifest


def _read(text: bytes, origin: Origin) -> dict[str, Any]:
    """Read a manifest of unknown origin; every field that we go by has its plain form."""
    try:
        manifest = dict(read_json(text))
        plain = (
            manifest["schema"] == "coopt/node/2"
            and manifest["kind"] == "step"
            and _STEP.fullmatch(manifest["challenge"]) is not None
            and _STEP.fullmatch(manifest["step"]) is not None
            and _KEY.fullmatch(manifest["key"]) is not None
            and all(_KEY.fullmatch(k) is not None for k in manifest["upstream"])
            and all(isinstance(f["sha256"], str) for f in manifest["files"].values())
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _malformed(origin, f"{type(error).__name__}: {error}") from error
    if not plain:
        raise _malformed(origin, "a field is not of the form coopt/node/2")
    return manifest


def _malformed(origin: Origin, why: str) -> ContentRefusedError:
    return ContentRefusedError(
        f"is no manifest of a step's node ({why})", path=f"{origin.cid}/{MANIFEST}", hint=_HINT
    )


def _place(
    content: Path, manifest: dict[str, Any], *, store: Path, state: Path, origin: Origin
) -> Adopted:
    step, key = manifest["step"], manifest["key"]
    final = store / step / key
    adopted = Adopted(manifest["challenge"], step, key, final, "brought")
    if _is_there(final, manifest, origin):
        return Adopted(adopted.challenge, step, key, final, "there already")
    note_belief(Belief(key, step, origin.cid, origin.source, origin.time), state)
    for path in listing(content):
        path.chmod(0o444)
    final.parent.mkdir(parents=True, exist_ok=True)
    content.rename(final)
    for folder in [final, *(p for p in final.rglob("*") if p.is_dir())]:
        folder.chmod(0o555)
    return adopted


def _is_there(final: Path, manifest: dict[str, Any], origin: Origin) -> bool:
    """Tell whether the very node is here; a broken one is thrown out, another one is kept."""
    try:
        text = (final / MANIFEST).read_bytes()
    except FileNotFoundError:
        discard(final)
        return False
    if inspect(manifest["key"], final, text) is not None:
        discard(final)
        return False
    # Files only: how a node was caged tells of the machine that made it, not of what it is.
    here = json.loads(text)
    if here["files"] != manifest["files"]:
        mine, theirs = here["digest"][:12], manifest["digest"][:12]
        raise IntegrityError(
            f"node {manifest['key']} of step '{manifest['step']}' is here with other bytes "
            f"(manifest {mine}) than {origin.cid} (manifest {theirs}); yours was kept",
            path=final,
            hint="one of the two was not made by this code from these inputs, or the code does "
            "not give the same bytes twice",
        )
    return True
