"""What the Snakefile asks: which steps, which targets, which command makes a node."""

from __future__ import annotations

import atexit
import json
import shlex
import shutil
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.execution.bwrap_binary import find_bwrap
from coopt_dag.execution.cage_check import require_cage
from coopt_dag.execution.environments import ensure, interpreter, worker_environ
from coopt_dag.execution.harness.job import MANIFEST, expand, folder_of
from coopt_dag.execution.nodes import locked, take_inventory
from coopt_dag.execution.planning import plan_for
from coopt_dag.execution.pool import BOOTSTRAP
from coopt_dag.execution.request import Request
from coopt_dag.execution.results import marker_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from coopt_dag.execution.harness.job import Level


@dataclass(frozen=True, slots=True)
class Workflow:
    """A plan as Snakemake sees it; all paths are relative to the workspace."""

    root: Path
    plan: Mapping[str, Any]
    plan_path: str

    @property
    def rooms(self) -> dict[str, dict[str, int]]:
        """Folder in the store of each rule (steps, then their scores) → threads and memory."""
        steps = self.plan["steps"]
        rooms = {s: {"threads": v["cpu"], "mem_mb": v["mem_mb"]} for s, v in steps.items()}
        for label in self.plan["metrics"]:
            rooms[f"{label}.score"] = {"threads": 1, "mem_mb": 1024}
        return rooms

    def manifest(self, key: str) -> str:
        """Give the file whose presence means that a node is done."""
        return f"{folder_of(self.plan, key)}/{MANIFEST}"

    def inputs(self, wildcards: Any) -> list[str]:
        """Give the manifests that a node waits for."""
        node = self.plan["nodes"][wildcards.key]
        return [self.manifest(k) for k, _ in node["sources"] if k]

    def command(self, wildcards: Any) -> str:
        """Give the shell command that makes a node, in its own environment."""
        return command_of(self.plan, self.root, wildcards.key)

    @property
    def targets(self) -> list[str]:
        """Give the manifests of all nodes."""
        return [self.manifest(k) for k in self.plan["nodes"]]

    @property
    def marker(self) -> str:
        """Give the file that tells for which plan the results were written."""
        return marker_of(self.plan)

    @property
    def collect(self) -> str:
        """Give the command that writes the results document."""
        words = [sys.executable, "-m", "coopt_dag.execution.results", ".", self.plan_path]
        return shlex.join(words)


def order_path(plan: Mapping[str, Any], key: str) -> str:
    """Give the file that holds a node's order."""
    return f"{plan['state']}/orders/{key}.json"


def command_of(plan: Mapping[str, Any], root: Path, key: str) -> str:
    """Give the command of a node: a clean environment, the step's own interpreter.

    It depends on the node's key only, so Snakemake sees no change where there is none.
    """
    node = plan["nodes"][key]
    holder = plan["metrics"][node["metric"]] if node["metric"] else None
    environment = (holder or plan["solutions"][node["solution"]])["environment"]
    ours = plan["environments"][environment]["preload"] is not None
    clean = [f"{k}={v}" for k, v in sorted(worker_environ().items())]
    return shlex.join(
        [
            *("env", "-i", *clean, *interpreter(environment, ours=ours), str(BOOTSTRAP)),
            *("node", str(root), order_path(plan, key)),
        ]
    )


def write_orders(
    plan: Mapping[str, Any], root: Path, keys: Iterable[str], *, cage: Level = "strong"
) -> None:
    """Write one order file for each node that must run, with how it is caged.

    Raises
    ------
    IsolationError
        It must be caged and there is no bubblewrap.
    """
    how = {"cage": cage, "bwrap": str(find_bwrap()) if cage == "strong" else ""}
    folder = root / plan["state"] / "orders"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for key in keys:
        (root / order_path(plan, key)).write_text(
            json.dumps(expand(plan, key) | how), encoding="utf-8"
        )
    preload = {name: e["preload"] for name, e in plan["environments"].items()}
    about = {"preload": preload, "cage": cage}
    (folder / "servers.json").write_text(json.dumps(about), encoding="utf-8")


def build_environments(plan: Mapping[str, Any], root: Path, keys: Iterable[str]) -> list[str]:
    """Build the environments that these nodes need; give their names, most used first."""
    uses: dict[str, int] = {}
    for key in keys:
        name = expand(plan, key)["environment"]
        uses[name] = uses.get(name, 0) + 1
    for name in uses:
        about = plan["environments"][name]
        ensure(name, root / about["lock"], ours=about["preload"] is not None)
    return sorted(uses, key=lambda n: -uses[n])


def open_workflow(config: Mapping[str, Any], *, main: bool) -> Workflow:
    """Open the plan for a Snakefile.

    Parameters
    ----------
    config : mapping
        Snakemake's configuration: `plan` (a file, given by `coopt run`), or `challenge`,
        `with` (``step=solution,…``), `grid` (all combinations), `scored` (true or false), and
        `i_trust_this_code` (true: nothing is caged) or `weak_cage` (true: see `run`), of which no
        record comes.
    main : bool
        False in Snakemake's remote jobs, which find everything prepared.
    """
    from coopt_dag.specs.workspace import find_workspace

    workspace = find_workspace(Path.cwd())
    root = workspace.root
    if "plan" in config:
        path = root / str(config["plan"])
        return Workflow(root, json.loads(path.read_text(encoding="utf-8")), str(config["plan"]))
    request = _request(config)
    plan, path = plan_for(workspace, request)
    if main:
        held = ExitStack()
        held.enter_context(locked(workspace.store_dir))
        atexit.register(held.close)  # until Snakemake's process ends
        inventory = take_inventory(plan, root, repair=True)
        for damage in inventory.damaged:
            sys.stderr.write(f"{damage.path}: {damage.reason}; the node runs again\n")
        build_environments(plan, root, inventory.missing)
        cage = _cage(config)
        if cage == "strong" and inventory.missing:
            require_cage()
        write_orders(plan, root, inventory.missing, cage=cage)
    return Workflow(root, plan, path.relative_to(root).as_posix())


def _cage(config: Mapping[str, Any]) -> Level:
    if config.get("i_trust_this_code") is True:
        return "none"
    return "weak" if config.get("weak_cage") is True else "strong"


def _request(config: Mapping[str, Any]) -> Request:
    pairs = (pair.split("=", 1) for pair in str(config.get("with", "")).split(",") if pair)
    return Request(
        str(config.get("challenge", "movielens")),
        dict(pairs),
        all_combinations=config.get("grid") is True,
        scored=config.get("scored") is not False,
    )


def reader(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Wrap a bound method in a plain function, which is what Snakemake accepts as input.

    >>> reader(str.upper)("a")
    'A'
    """

    def read(wildcards: Any) -> Any:
        return function(wildcards)

    return read
