"""Options that several commands share, described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON to stdout.")]
As = Annotated[str | None, typer.Option("--as", metavar="NAME", help="Identity that signs.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="File with the passphrase; else $COOPT_PASSPHRASE_FILE, else a prompt."
    ),
]
Trust = Annotated[
    bool,
    typer.Option(
        "--i-trust-this-code",
        help="Run without a cage, with all your rights; its results earn no record.",
    ),
]
Cores = Annotated[int, typer.Option(min=1, max=1024, help="Nodes that run at once.")]
