"""Runs a simulator's recipe in a room of its own: no network, one folder to write, nothing of ours.

The room is bubblewrap's alone. It keeps a stranger's recipe from files and network; it does not
limit memory or time, for how much a simulator needs nobody has declared.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import IsolationError
from coopt_dag.execution.bwrap_binary import find_bwrap
from coopt_dag.execution.cage_check import require_cage
from coopt_dag.execution.environments import worker_environ
from coopt_dag.execution.harness import rooms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopt_dag.execution.harness.job import Level

_RUN = """
import ctypes, json, pathlib, runpy, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # die with the parent
import numpy
order = json.load(sys.stdin)
sys.path.extend(order["library"])
simulate = runpy.run_path(order["recipe"])["simulate"]
rng = numpy.random.default_rng(order["seed"])
simulate(pathlib.Path(order["out"]), rng=rng, params=order["params"])
"""


def run_recipe(
    python: Path,
    *,
    recipe: Path,
    library: Path | None,
    out: Path,
    seed: int,
    params: Mapping[str, Any],
    cage: Level,
) -> str | None:
    """Call `simulate` of a recipe in an environment; give its last words if it failed.

    Parameters
    ----------
    python : Path
        Interpreter of the environment.
    out : Path
        The only folder outside that it can write to, if it is caged.
    cage : str
        strong, or none: it has all our rights.

    Raises
    ------
    IsolationError
        It is to be caged, and this machine cannot.
    """
    places = [p.resolve() for p in (recipe, library, out) if p is not None]
    order = {
        "recipe": str(places[0]),
        "library": [] if library is None else [str(places[1])],
        "out": str(places[-1]),
        "seed": seed,
        "params": params,
    }
    environ = worker_environ() | {"PYTHONDONTWRITEBYTECODE": "1"}
    room = [] if cage == "none" else _room(python, shown=places[:-1], out=places[-1], cage=cage)
    done = subprocess.run(
        [*room, str(python), "-s", "-P", "-c", _RUN],
        input=json.dumps(order),  # not among the words, which every user can see
        env=environ if cage == "none" else environ | rooms.own_variables(),
        capture_output=True,
        text=True,
        check=False,
    )
    return None if done.returncode == 0 else done.stderr.strip()[-800:]


def _room(python: Path, *, shown: list[Path], out: Path, cage: Level) -> list[str]:
    """Give bubblewrap's words: the system and the environment, recipe and library, and `out`."""
    if cage == "weak":
        raise IsolationError(
            "a recipe runs in a whole cage or in none",
            hint="read it, then coopt data fetch … --i-trust-this-code",
        )
    require_cage()
    system, links = rooms.system_places()
    environment = python.parents[1]
    words = [str(find_bwrap()), "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    words += ["--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    for link, target in links.items():
        words += ["--symlink", target, link]
    words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", rooms.SCRATCH]
    ours = [*(source for source, _ in system), str(environment), *map(str, shown)]
    for place in sorted(ours, key=lambda p: p.count("/")):
        words += ["--ro-bind", place, place]
    words += ["--bind", str(out), str(out), "--remount-ro", "/", "--chdir", rooms.SCRATCH]
    if os.getuid() != 0:
        words += ["--unshare-user", "--disable-userns"]
    return [*words, "--"]
