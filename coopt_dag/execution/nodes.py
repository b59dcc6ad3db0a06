"""The node store: what is there, verified; what is broken, named and thrown out."""

from __future__ import annotations

import fcntl
import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import NodeFailedError
from coopt_dag.execution.harness.job import MANIFEST, folder_of
from coopt_dag.execution.harness.publish import discard, listing, sha256_of
from coopt_dag.graph.keys import digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Damage:
    """A stored file whose bytes do not match its manifest."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """Which nodes of a plan are in the store, which must run, what was found broken."""

    present: frozenset[str]
    missing: frozenset[str]
    damaged: tuple[Damage, ...]
    uncaged: frozenset[str]
    """Nodes in the store that ran in less than the strong cage."""


@contextmanager
def locked(store: Path) -> Iterator[None]:
    """Hold the store for one run; a second run waits, and says so."""
    store.mkdir(parents=True, exist_ok=True)
    with (store / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"waiting: another run is using {store}\n")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def take_inventory(plan: Mapping[str, Any], root: Path, *, repair: bool) -> Inventory:
    """Verify every node of a plan by content.

    Parameters
    ----------
    repair : bool
        Remove nodes that fail, so that they run again, and stages that a killed run left.
    """
    present: set[str] = set()
    uncaged: set[str] = set()
    damaged: list[Damage] = []
    for key in plan["nodes"]:
        folder = root / folder_of(plan, key)
        try:
            manifest_text = (folder / MANIFEST).read_bytes()
        except FileNotFoundError:
            if repair:
                discard(folder)  # what is left of a node that lost its manifest
            continue
        found = _verified(key, folder, manifest_text)
        if not isinstance(found, Damage):
            present.add(key)
            if not is_caged(found):
                uncaged.add(key)
            continue
        damaged.append(Damage(str(Path(found.path).relative_to(root)), found.reason))
        if repair:
            discard(folder)
    if repair:
        discard(root / plan["store"] / ".stage")
    missing = frozenset(plan["nodes"]) - present
    return Inventory(frozenset(present), missing, tuple(damaged), frozenset(uncaged))


def is_caged(manifest: Mapping[str, Any]) -> bool:
    """Tell whether a manifest says of its node that it ran in the strong cage."""
    isolation = manifest.get("isolation")
    return isinstance(isolation, dict) and isolation.get("level") == "strong"


def inspect(key: str, folder: Path, manifest_text: bytes) -> Damage | None:
    """Compare a node's bytes with its manifest; give the first difference."""
    found = _verified(key, folder, manifest_text)
    return found if isinstance(found, Damage) else None


def _verified(key: str, folder: Path, manifest_text: bytes) -> Damage | dict[str, Any]:
    """Give a node's manifest if its bytes are those that it names, else the first difference."""
    path = str(folder / MANIFEST)
    try:
        manifest = json.loads(manifest_text)
        claimed = manifest.pop("digest")
        files = manifest["files"]
        if claimed != digest(manifest) or manifest["key"] != key:
            return Damage(path, "the manifest does not match its own digest")
        found = {str(p.relative_to(folder)): p for p in listing(folder)}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return Damage(path, f"the manifest is unreadable: {error}")
    except NodeFailedError as error:
        return Damage(path, error.message)
    found.pop(MANIFEST, None)
    for name in sorted(set(files) ^ set(found)):
        return Damage(str(folder / name), "missing" if name in files else "not in the manifest")
    for name, entry in files.items():
        if sha256_of(found[name]) != entry["sha256"]:
            return Damage(str(folder / name), "sha256 differs from the manifest")
    return dict(manifest)
