"""Options that several commands share, described once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coopt_dag.errors import UsageError

if TYPE_CHECKING:
    from coopt_dag.execution.harness.job import Level

Json = Annotated[bool, typer.Option("--json", help="Print JSON to stdout.")]
As = Annotated[
    str | None,
    typer.Option(
        "--as", metavar="NAME", help="Identity that signs; 0xADDRESS@URL for a key held elsewhere."
    ),
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="File with the passphrase; else $COOPT_PASSPHRASE_FILE, else a prompt."
    ),
]
SignTo = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER", help="Sign only, into this folder; `coopt relay` sends it, and pays."
    ),
]
Trust = Annotated[
    bool,
    typer.Option(
        "--i-trust-this-code",
        help="Run without a cage, with all your rights; its results earn no record.",
    ),
]
WeakCage = Annotated[
    bool,
    typer.Option(
        "--weak-cage",
        help="Where there are no namespaces: Landlock, seccomp, limits; earns no record.",
    ),
]
ChallengeId = Annotated[str, typer.Argument(metavar="CHALLENGE", help="Id of a challenge.")]
Report = Annotated[
    str | None,
    typer.Option(
        metavar="FILE_OR_CID", help="What you found; else you join the one report voted for."
    ),
]
Cores = Annotated[int, typer.Option(min=1, max=1024, help="Nodes that run at once.")]


def level(trust: bool, weak: bool) -> Level:
    """Read the two options that loosen the cage.

    >>> level(False, True)
    'weak'
    """
    if trust and weak:
        raise UsageError(
            "--i-trust-this-code and --weak-cage exclude each other", hint="leave one out"
        )
    return "none" if trust else "weak" if weak else "strong"


def verdict(upheld: bool | None) -> bool:
    """Insist on a vote, for neither answer is the usual one.

    >>> verdict(False)
    False
    """
    if upheld is None:
        raise UsageError(
            "how do you vote?", hint="--upheld (it is wrong) or --rejected (it stands)"
        )
    return upheld
