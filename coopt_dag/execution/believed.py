"""Nodes that a judge does not take: brought from elsewhere, or run uncaged; and out they go."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.execution.harness.job import MANIFEST, folder_of
from coopt_dag.execution.harness.publish import discard
from coopt_dag.execution.nodes import is_caged
from coopt_dag.execution.results import MARKERS
from coopt_dag.graph.order import descendants

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Belief:
    """Where a node came from that did not run here; `time` is seconds since 1970."""

    key: str
    step: str
    cid: str
    source: str
    time: int


def folder_of_beliefs(state: Path) -> Path:
    """Give the folder that holds one file a believed node."""
    return state / "reused"


def note_belief(belief: Belief, state: Path) -> Path:
    """Keep a belief durably.

    Before its node appears, so that after a kill we distrust too much, never too little.
    """
    folder = folder_of_beliefs(state)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{belief.key}.json"
    part = path.with_suffix(f".{os.getpid()}.part")
    document = {"schema": "coopt/reused/1"} | asdict(belief)
    with part.open("w", encoding="utf-8") as file:
        file.write(json.dumps(document, sort_keys=True, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return path


def believed(plan: Mapping[str, Any], root: Path) -> frozenset[str]:
    """Give the nodes of a plan that were once brought from elsewhere, not run here."""
    folder = folder_of_beliefs(root / plan["state"])
    try:
        names = {path.stem for path in folder.iterdir() if path.suffix == ".json"}
    except FileNotFoundError:
        return frozenset()
    return frozenset(names & set(plan["nodes"]))


def count_believed(plan: Mapping[str, Any], root: Path) -> int:
    """Count the believed nodes of a plan that are in the store."""
    keys = believed(plan, root)
    return sum((root / folder_of(plan, key) / MANIFEST).is_file() for key in keys)


def distrust(plan: Mapping[str, Any], root: Path) -> frozenset[str]:
    """Remove from the store the plan's believed and uncaged nodes, and all that was made of them.

    What was computed here from such an output is as doubtful as that output, in whatever plan
    it is; so the whole store is searched. Results documents may have been gathered from such
    nodes, and are gathered anew. Beliefs go last: a kill halfway is made good by the next call.
    The caller holds the store (`nodes.locked`).

    Returns
    -------
    frozenset of str
        Keys of the nodes removed.
    """
    brought = believed(plan, root)
    keys = brought | uncaged(plan, root)
    if not keys:
        return frozenset()
    places, edges = _made_here(root / plan["store"])
    shutil.rmtree(root / plan["state"] / MARKERS, ignore_errors=True)
    doubtful = frozenset(keys).union(*(descendants(key, edges) for key in keys))
    for key in sorted(doubtful - keys) + sorted(keys):
        for folder in places.get(key, ()):
            discard(folder)
    for key in keys:
        if key not in places:  # damaged so much that nothing says whose it is
            discard(root / folder_of(plan, key))
        (folder_of_beliefs(root / plan["state"]) / f"{key}.json").unlink(missing_ok=True)
    return doubtful


def uncaged(plan: Mapping[str, Any], root: Path) -> frozenset[str]:
    """Give the nodes of a plan in the store whose manifest tells of no strong cage.

    A broken manifest counts as well: nothing says how its node ran.
    """
    return frozenset(
        key for key in plan["nodes"] if not _ran_caged(root / folder_of(plan, key) / MANIFEST)
    )


def _ran_caged(path: Path) -> bool:
    try:
        return is_caged(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return True  # not there at all
    except (ValueError, AttributeError):
        return False


def _made_here(store: Path) -> tuple[dict[str, list[Path]], list[tuple[str, str]]]:
    """Give the folders of each key, and which key was made of which, as the manifests say."""
    places: dict[str, list[Path]] = {}
    edges: list[tuple[str, str]] = []
    for path in sorted(store.glob(f"*/*/{MANIFEST}")):
        key = path.parent.name
        places.setdefault(key, []).append(path.parent)
        try:
            manifest = json.loads(path.read_bytes())
            edges += [(str(above), key) for above in manifest["upstream"]]
        except (ValueError, KeyError, TypeError):
            discard(path.parent)  # broken: it would be found so, and run again, by any run
    return places, edges
