"""Commands: parse, wire the adapters, print, exit.

Floor: roof. Doors: `main`.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Run a command and end the process with its exit code."""
    if sys.argv[1:] in ([], ["--help"]):
        # The page is generated and checked, so that it needs no import of what it describes.
        sys.stdout.write(Path(__file__).with_name("help.txt").read_text(encoding="utf-8"))
        sys.exit(0)
    if sys.argv[1] == "run":
        from coopt_dag.cli.quick import done_already

        if done_already(sys.argv[1:]):
            sys.exit(0)
    from coopt_dag.cli.failing import guarded

    sys.exit(guarded(sys.argv[1:]))
