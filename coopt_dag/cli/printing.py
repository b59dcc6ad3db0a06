"""Results to stdout, notes to stderr."""

from __future__ import annotations

import json
import sys
from typing import Any


def put(value: Any) -> None:
    """Print a result as JSON."""
    sys.stdout.write(json.dumps(value, indent=1, sort_keys=True) + "\n")


def say(text: str) -> None:
    """Print a result as text."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()  # in step with the notes on stderr, also in a file or pipe


def note(text: str) -> None:
    """Print a note to stderr, where it is in nobody's way."""
    sys.stderr.write(text + "\n")
