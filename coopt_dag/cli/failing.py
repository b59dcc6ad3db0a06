"""The last frame: every failure becomes text with a hint, or JSON, and a documented exit code."""

from __future__ import annotations

import json
import sys

from coopt_dag.errors import CooptError, SpecGroupError


def guarded(argv: list[str]) -> int:
    """Run the command line; give its exit code."""
    from coopt_dag.cli.app import app

    try:
        result = app(argv, standalone_mode=False)
    except CooptError as error:
        _tell(error, as_json="--json" in argv)
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; what was done is kept, the same command goes on\n")
        return 130
    except Exception as error:
        return _usage(error)
    return result if isinstance(result, int) else 0


def _tell(error: CooptError, *, as_json: bool) -> None:
    found = error.errors if isinstance(error, SpecGroupError) else [error]
    if as_json:
        sys.stdout.write(json.dumps({"errors": [e.to_json() for e in found]}, indent=1) + "\n")
    for one in found:
        sys.stderr.write(f"{one}\n")
        if one.hint:
            sys.stderr.write(f"hint: {one.hint}\n")


def _usage(error: Exception) -> int:
    """Show what typer says of wrong words; anything else is a bug, and is shown whole."""
    show = getattr(error, "show", None)
    if show is None:
        raise error
    show()
    return 2
