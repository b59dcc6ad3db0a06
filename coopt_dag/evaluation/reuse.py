"""Another contributor's step outputs, brought into the node store by CID."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import UnknownNameError
from coopt_dag.evaluation.outputs import published_outputs
from coopt_dag.evaluation.pipeline import edges_of
from coopt_dag.execution.planning import has_data, make_plan
from coopt_dag.execution.request import Request
from coopt_dag.execution.reuse import Origin, adopt
from coopt_dag.graph.order import ancestors
from coopt_dag.store.cid import CID
from coopt_dag.store.folders import fetch_path

if TYPE_CHECKING:
    from collections.abc import Collection

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.specs.loaded import LoadedChallenge


@dataclass(frozen=True, slots=True)
class Reused:
    """A node that need not run here; `status` is `brought` or `there already`."""

    step: str
    key: str
    cid: str
    status: str
    folder: str
    """Relative to the workspace."""
    fits: bool | None = None
    """Whether a run of the records here would look for it; None = not known."""

    def to_json(self) -> dict[str, Any]:
        """Give the row as plain data."""
        return {name: getattr(self, name) for name in self.__slots__}


def reuse_cid(
    desk: Desk,
    cid: str,
    *,
    now: int,
    source: str = "",
    expected: tuple[str, str] | None = None,
) -> Reused:
    """Bring one published node, verified against its CID, its manifest and its announcement.

    Parameters
    ----------
    now : int
        Seconds since 1970, for the note that this node was believed.
    source : str
        Who announced it: the CID of a report.
    expected : (str, str), optional
        Step and key that were announced.

    Raises
    ------
    ContentMissingError, IntegrityError, ContentRefusedError
        It cannot be had whole, is damaged, or is no node of a step; nothing was taken.
    """
    CID.parse(cid)  # it names a folder below
    workspace = desk.workspace
    found = adopt(
        lambda path: fetch_path(desk.store, cid, path),
        store=workspace.store_dir,
        state=workspace.state_dir,
        origin=Origin(cid, source, now),
        expected=expected,
    )
    folder = found.folder.relative_to(workspace.root).as_posix()
    return Reused(found.step, found.key, cid, found.status, folder)


def reuse_records(
    desk: Desk, challenge: LoadedChallenge, step: str | None, *, now: int
) -> list[Reused]:
    """Bring the published outputs of a step's record and of every step above it.

    Parameters
    ----------
    step
        None = of every step.

    Raises
    ------
    UnknownNameError
        The challenge has no such step, or nothing was published for it.
    """
    wanted = set(challenge.steps)
    if step is not None:
        if step not in challenge.steps:
            raise UnknownNameError("step", step, challenge.steps)
        wanted = {step, *ancestors(step, edges_of(challenge))}
    rows = {row.step: row for row in published_outputs(desk, challenge.spec.id)}
    brought = []
    planned = _planned_keys(desk, challenge, {row.split for row in rows.values()})
    for name in (s for s in challenge.steps if s in wanted):
        if name not in rows:
            raise UnknownNameError("step with a published output", name, rows)
        row = rows[name]
        announced = (row.step, row.key)
        found = reuse_cid(desk, row.cid, now=now, source=row.report_cid, expected=announced)
        here = planned.get((row.split, name))
        brought.append(replace(found, fits=None if here is None else here == row.key))
    return brought


def _planned_keys(
    desk: Desk, challenge: LoadedChallenge, splits: Collection[str]
) -> dict[tuple[str, str], str]:
    """Give the keys under which this machine would make the records' nodes.

    They differ from the published ones where the platform, the version of coopt, a specification
    or the data differ; a node under another key does no harm, and no good.
    """
    known = [s for s in sorted(splits) if s in challenge.spec.splits]
    if not known or not has_data(desk.workspace, challenge, known):
        return {}
    pipeline = desk.record_pipeline(challenge, desk.state())
    request = Request(challenge.spec.id, splits=tuple(known), scored=False)
    plan = make_plan(desk.workspace, challenge, request, overrides=pipeline)
    return {(p["split"], s): key for p in plan["pipelines"] for s, key in p["nodes"].items()}
