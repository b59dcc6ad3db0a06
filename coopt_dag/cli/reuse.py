"""`coopt reuse`: another's step output in place of running the step."""

from __future__ import annotations

import re
import time
from typing import Annotated

import typer

from coopt_dag.cli.options import Json
from coopt_dag.cli.printing import note, put, say

_CID = re.compile(r"Qm\w{44}|b[a-z2-7]{58}")  # a challenge's id has at most 48 letters


def reuse(
    name: Annotated[str, typer.Argument(metavar="CID|CHALLENGE[/STEP]")],
    as_json: Json = False,
) -> None:
    """Bring published step outputs, so that those steps need not run here.

    With CHALLENGE/STEP: the step's record and all above it, as its evaluator published them. They
    are believed, not checked by running; an evaluation never uses them.

    Example: coopt reuse movielens/bias
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation.reuse import reuse_cid, reuse_records
    from coopt_dag.report.board import table
    from coopt_dag.specs.challenge import load_challenge

    workspace = wiring.here()
    desk = wiring.desk(workspace)
    now = int(time.time())
    if _CID.fullmatch(name):
        rows = [reuse_cid(desk, name, now=now, source="named by hand")]
    else:
        challenge, _, step = name.partition("/")
        loaded = load_challenge(workspace, challenge)
        rows = reuse_records(desk, loaded, step or None, now=now)
    if as_json:
        put([row.to_json() for row in rows])
        return
    say(table([(r.step, r.status, r.cid, r.folder) for r in rows], ("step", "", "cid", "folder")))
    for row in (r for r in rows if r.fits is False):
        note(
            f"{row.step}: this workspace would make another node (platform, version of coopt, "
            "specification or data differ), and will run the step"
        )
    if any(row.status == "brought" for row in rows):
        note("believed, not run here; an evaluation runs them again (docs/reuse.md)")
