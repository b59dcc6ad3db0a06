"""Entry of every worker interpreter: makes only `coopt_dag` importable, nothing of the host.

Usage: ``bootstrap.py node ROOT ORDER`` or ``bootstrap.py serve ROOT TAKE_FD GIVE_FD CAGE PRELOAD``.
Adding the package's parent folder to `sys.path` would expose every package installed beside
it to the step's code, so the package is loaded by its path.
"""

import importlib.util
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]


def load_package() -> None:
    """Make `coopt_dag` importable from where this file lies."""
    spec = importlib.util.spec_from_file_location(
        "coopt_dag", PACKAGE / "__init__.py", submodule_search_locations=[str(PACKAGE)]
    )
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018  # our own file
    module = importlib.util.module_from_spec(spec)
    sys.modules["coopt_dag"] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    load_package()
    if sys.argv[1] == "serve":
        from coopt_dag.execution.harness.server import main
    else:
        from coopt_dag.execution.harness.node import main
    sys.exit(main(sys.argv[2:]))
