"""Runs a function of a challenge's own code, caged like a node and kept by content.

Without Snakemake: there is one call, or two of the same, and nothing between them to order.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from coopt_dag.errors import IsolationError, NodeFailedError
from coopt_dag.execution.cage_check import require_cage
from coopt_dag.execution.draft import Draft
from coopt_dag.execution.environments import ensure, environment_id, python_of
from coopt_dag.execution.harness.job import MANIFEST
from coopt_dag.execution.harness.publish import discard
from coopt_dag.execution.nodes import inspect
from coopt_dag.execution.pool import Pool
from coopt_dag.execution.request import harness_version, metrics_version
from coopt_dag.graph.keys import digest
from coopt_dag.specs.tree import file_sha256

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coopt_dag.execution.harness.job import Level
    from coopt_dag.execution.pool import Answer
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedWorkspace

DISK_MB = 64
"""What one call may write, and hold in its scratch folder."""
Order = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A function of a file beside challenge.yaml, and what it may use.

    Attributes
    ----------
    gives : str
        `numbers`: it is called with `rng` alone, and returns them. `files`: it is called with the
        inputs and truths of a split and a folder, where it writes.
    outputs : tuple of str
        Names of files: where the numbers go, or all that it may write.
    split : str, optional
        Whose data it sees.
    turn : int
        Two calls that differ in nothing else are run both.
    """

    purpose: Literal["validation", "plots"]
    code: str
    function: str
    gives: Literal["numbers", "files"]
    outputs: tuple[str, ...]
    seed: int
    wall_s: int
    mem_mb: int
    split: str | None = None
    turn: int = 0


def order_of(
    workspace: LoadedWorkspace, challenge: LoadedChallenge, call: Call, *, cage: Level
) -> Order:
    """Give the order for a call; its key holds all that the answer depends on.

    The call can import the challenge's library and the Python files beside challenge.yaml.

    Raises
    ------
    DataMissingError
        The split's files are not on this machine.
    """
    draft = Draft(workspace, challenge, {}, {}, {}, workspace.data_dir)
    inputs, data = _inputs(draft, call.split)
    modules = {p.name: file_sha256(p) for p in sorted(challenge.path.glob("*.py"))}
    environment = environment_id(challenge.lock_sha256)
    key = digest(
        {
            "schema": "coopt/own/1",
            "call": [call.code, call.function, call.gives, list(call.outputs), call.seed],
            "turn": call.turn,
            "modules": modules,
            "library": challenge.library_sha256,
            "metrics": metrics_version(),
            "environment": environment,
            "harness": harness_version(),
            "data": data,
            "cage": cage,
        }
    )
    state, library = workspace.spec.paths.state, challenge.library
    return {
        "key": key,
        "folder": f"{state}/own/{call.purpose}/{key}",
        "stage": f"{state}/own/.stage/{key}",
        "state": state,
        "challenge": challenge.spec.id,
        "harness": harness_version(),
        "library": None if library is None else draft.relative(library),
        "seed": call.seed,
        "upstream": [],
        "kind": "own",
        "step": call.purpose,
        "solution": "",
        "code": draft.relative(challenge.path / call.code),
        "modules": list(modules),
        "function": call.function,
        "gives": call.gives,
        "environment": environment,
        "wall_s": call.wall_s,
        "cpu": 1,
        "mem_mb": call.mem_mb,
        "disk_mb": DISK_MB,
        "inputs": inputs,
        "outputs": {name: {"file": name} for name in call.outputs},
        "cage": cage,
        "bwrap": "",
    }


def _inputs(draft: Draft, split: str | None) -> tuple[list[dict[str, Any]], list[Any]]:
    """Give the data that a call reads, and what its key holds of them."""
    if split is None:
        return [], []
    spec, types, found = draft.challenge.spec, draft.challenge.types, draft.dataset(split)
    ports = [(n, spec.data[n], sha, False) for n, sha in found.inputs.items()]
    ports += [(n, spec.truths[n], sha, True) for n, sha in found.truths.items()]
    inputs = [
        {
            "name": name,
            "type": types[type_].model_dump(mode="json"),
            "path": draft.data[sha],
            "truth": truth,
        }
        for name, type_, sha, truth in ports
    ]
    return inputs, [[i["name"], i["type"], p[2], p[3]] for i, p in zip(inputs, ports, strict=True)]


def kept(root: Path, order: Order) -> Path | None:
    """Give the folder with what a call left before, if every byte is as it was."""
    folder: Path = root / order["folder"]
    try:
        text = (folder / MANIFEST).read_bytes()
    except FileNotFoundError:
        return None
    if inspect(order["key"], folder, text) is not None:
        discard(folder)
        return None
    return folder


def is_built(challenge: LoadedChallenge) -> bool:
    """Tell whether the challenge's environment is on this machine."""
    python = python_of(environment_id(challenge.lock_sha256))
    return (python.parents[1] / "complete").is_file()


@dataclass(slots=True)
class _Run:
    """An order that was given away, until it is answered."""

    order: Order
    error: Answer = None
    told: threading.Event = field(default_factory=threading.Event)

    def listen(self, answer: Answer) -> None:
        self.error = answer
        self.told.set()


def perform(
    workspace: LoadedWorkspace, challenge: LoadedChallenge, orders: Sequence[Order]
) -> list[Path]:
    """Run calls at the same time, and give the folder of each.

    Raises
    ------
    EnvironmentBuildError
        The challenge's environment cannot be had.
    IsolationError
        They are to be caged, and this machine cannot.
    NodeFailedError
        A call crashed, used too much, or gave something else than was asked for.
    """
    root, spec = workspace.root, challenge.spec.environment
    cage, environment = orders[0]["cage"], orders[0]["environment"]
    if cage == "strong":
        require_cage()
    ensure(environment, challenge.path / spec.lock)
    runs = [_Run(order) for order in orders]
    pool = Pool(root, len(runs), {environment: list(spec.preload)}, cage=cage)
    try:
        pool.send([(run.order, run.listen) for run in runs])
        for run in runs:
            run.told.wait()
    finally:
        pool.close()
    for run in runs:
        if run.error is not None:
            raise _failure_of(run.order, run.error)
    return [root / order["folder"] for order in orders]


def _failure_of(order: Order, error: dict[str, Any]) -> IsolationError | NodeFailedError:
    message, hint = f"{order['function']}: {error['message']}", error.get("hint") or ""
    if error.get("error") == "IsolationError":
        return IsolationError(message, hint=hint)
    failure = error.get("failure", "crashed")
    return NodeFailedError(message, failure=failure, path=order["code"], hint=hint)
