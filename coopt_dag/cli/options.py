"""Options that several commands share, described once."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON to stdout.")]
As = Annotated[str | None, typer.Option("--as", metavar="NAME", help="Identity that signs.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="File with the passphrase; else $COOPT_PASSPHRASE_FILE, else a prompt."
    ),
]
Cores = Annotated[int, typer.Option(min=1, max=1024, help="Nodes that run at once.")]


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
