"""What happens inside the worker process: load typed inputs, call the solution, write outputs."""

from __future__ import annotations

import importlib.util
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import NodeFailedError, near
from coopt_dag.execution.harness import artifacts, program

if TYPE_CHECKING:
    from collections.abc import Mapping


def has_numpy() -> bool:
    """Tell whether this environment holds numpy, imported yet or not."""
    return importlib.util.find_spec("numpy") is not None


def generator(seed: int) -> Any:
    """Give the node's own random generator, and seed the global ones as well.

    Returns
    -------
    numpy.random.Generator or random.Random
        numpy's where the environment has numpy.
    """
    random.seed(seed)
    if not has_numpy():
        return random.Random(seed)  # noqa: S311  # reproducible by design, no secret
    import numpy as np

    np.random.seed(seed & 0xFFFFFFFF)  # noqa: NPY002  # for libraries that use the old one
    return np.random.default_rng(seed)


def load_function(file: Path, function: str) -> Any:
    """Run a Python file as a module of its own and give one of its functions."""
    if not file.is_file():
        raise NodeFailedError(f"there is no {file.name}", path=file, hint="see entry.python")
    sys.path.insert(0, str(file.parent))
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location(f"coopt_entry_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise NodeFailedError("is no Python file", path=file, hint="entry.python ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    found = getattr(module, function, None)
    if not callable(found):
        raise NodeFailedError(
            f"defines no function '{function}'",
            path=file,
            hint=near(function, [n for n in vars(module) if not n.startswith("_")]),
        )
    return found


def run_step(order: Mapping[str, Any], root: Path, out: Path) -> None:
    """Run a step's solution on its inputs and write every declared output below `out`."""
    entry = order["entry"]
    if entry["command"]:
        _run_command(order, root, out)
        return
    inputs, truths = read(order, root, truth=False), read(order, root, truth=True)
    solve = load_function(root / order["code"] / entry["python"], entry["function"])
    rng = generator(order["seed"])
    if truths:
        outputs = solve(inputs, truths, rng=rng)
    else:
        outputs = solve(inputs, params=dict(order["params"]), rng=rng)
    if not isinstance(outputs, dict):
        raise NodeFailedError(
            f"{entry['function']} must return a dict of outputs, got {type(outputs).__name__}"
        )
    for name in outputs:
        if name not in order["outputs"]:
            raise NodeFailedError(
                f"{entry['function']} returned '{name}', which is no output of this step",
                hint=near(str(name), order["outputs"]),
            )
    for name, spec in order["outputs"].items():
        if name not in outputs:
            raise NodeFailedError(f"{entry['function']} returned no '{name}'")
        artifacts.save(name, spec["type"], outputs[name], out / spec["file"])


def read(order: Mapping[str, Any], root: Path, *, truth: bool) -> dict[str, Any]:
    """Load the inputs, or the truths that a control sees besides."""
    return {
        i["name"]: artifacts.load(i["name"], i["type"], root / i["path"], links=True)
        for i in order["inputs"]
        if bool(i.get("truth")) == truth
    }


def _run_command(order: Mapping[str, Any], root: Path, out: Path) -> None:
    """Run an executable with `$COOPT_IN`, `$COOPT_OUT`, `$COOPT_PARAMS` and `$COOPT_SEED`."""
    inputs = out.parent / "in"
    inputs.mkdir()
    for item in order["inputs"]:
        source = root / item["path"]
        artifacts.load(item["name"], item["type"], source, links=True)
        (inputs / program.input_file(item)).symlink_to(source.resolve())
    params = out.parent / "params.json"
    program.write_params(order, params)
    code = root / order["code"]
    words = [str(code / w) if (code / w).is_file() else w for w in order["entry"]["command"]]
    shared = order.get("library")
    library = None if shared is None else str(root / shared)
    told = program.variables(
        order, inputs=str(inputs), out=str(out), params=str(params), library=library
    )
    try:
        code_ = subprocess.run(words, env=os.environ | told, cwd=out.parent, check=False).returncode
    except OSError as error:
        raise NodeFailedError(
            f"cannot start {words[0]}: {error.strerror}",
            hint="is it executable, and does its first line name its interpreter?",
        ) from error
    if code_ != 0:
        raise NodeFailedError(f"{words[0]} ended with exit code {code_}")
    for name, spec in order["outputs"].items():
        # Reading checks the type; what is valid stays byte for byte as the program wrote it.
        artifacts.load(name, spec["type"], out / spec["file"])
