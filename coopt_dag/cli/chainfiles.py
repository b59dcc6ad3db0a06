"""The ledger as lines and files: events, export, import, check."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coopt_dag.cli.options import Json
from coopt_dag.cli.printing import note, put, say
from coopt_dag.errors import IntegrityError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from coopt_dag.ledger.events import Event
    from coopt_dag.specs.loaded import LoadedWorkspace


def events(
    kind: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="e.g. Scored; repeat for more.")
    ] = None,
    challenge: Annotated[str | None, typer.Option(metavar="ID", help="Of this challenge.")] = None,
    step: Annotated[str | None, typer.Option(metavar="ID", help="Of this step.")] = None,
    by: Annotated[str | None, typer.Option(metavar="WHO", help="Name or address.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="2026-11-24, or 2026-11-24T18:00 (UTC).")
    ] = None,
    after: Annotated[int, typer.Option(min=-1, help="Only events above this number.")] = -1,
    as_json: Json = False,
) -> None:
    """List events, oldest first; with --json one object a line, numbers as on the ledger.

    Example: coopt ledger events --kind Scored --challenge movielens --json
    """
    from coopt_dag.cli import wiring

    workspace = wiring.here()
    fits = _filter(workspace, kind, challenge, step, by, since)
    ledger = wiring.ledger(workspace, write=False)
    name_of = wiring.namer(workspace)
    try:
        for event in ledger.events(after=after):
            if fits(event):
                say(_line(event) if as_json else _words(event, name_of))
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        ledger.close()


def _filter(
    workspace: LoadedWorkspace,
    kinds: list[str] | None,
    challenge: str | None,
    step: str | None,
    by: str | None,
    since: str | None,
) -> Callable[[Event], bool]:
    from coopt_dag.cli.wiring import address_of
    from coopt_dag.ledger import events as known
    from coopt_dag.model.moment import to_seconds

    for name in kinds or ():
        if name not in known.__all__ or name == "Event":
            raise UnknownNameError("event", name, known.__all__)
    wanted: dict[str, Any] = {"challenge": challenge, "step": step}
    wanted["actor"] = None if by is None else address_of(workspace, by)
    asked = {name: value for name, value in wanted.items() if value is not None}
    start = 0 if since is None else to_seconds(since)

    def fits(event: Event) -> bool:
        return (
            (not kinds or type(event).__name__ in kinds)
            and event.time >= start
            and all(getattr(event, name, None) == value for name, value in asked.items())
        )

    return fits


def _line(event: Event) -> str:
    from dataclasses import asdict

    return json.dumps({"event": type(event).__name__, **asdict(event)}, sort_keys=True)


def _words(event: Event, name_of: Callable[[str], str]) -> str:
    from coopt_dag.report.board import log_row

    row = log_row(event, name_of=name_of)
    what = " ".join(f"{k}={v}" for k, v in row["fields"].items() if v not in ("", [], None))
    at = datetime.fromtimestamp(row["time"], tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{row['seq']:>6}  {at}  {row['event']:<19} {row['who']:<12} {what[:120]}".rstrip()


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")],
    as_json: Json = False,
) -> None:
    """Write the whole ledger into one file.

    An embedded ledger is written as its blocks, as `geth export` does: `coopt ledger import`
    makes the same ledger of them. Of a shared chain only our events can be had, one JSON object a
    line; they are for reading, not for importing.

    Example: coopt ledger export ledger.rlp
    """
    from coopt_dag.cli import wiring

    workspace = wiring.here()
    if workspace.spec.ledger.kind == "embedded":
        from coopt_dag.ledger.chainexport import export_chain

        head = export_chain(workspace.state_dir / wiring.LEDGER_FILE, file)
        found = {"blocks": head.height + 1, "head_hash": head.block_hash}
        told = f"{head.height + 1} blocks, the last is {head.block_hash}"
    else:
        count = _export_events(workspace, file)
        found, told = {"events": count}, f"{count} events; the chain itself keeps its blocks"
    found |= {"size_bytes": file.stat().st_size}
    put(found | {"file": str(file)}) if as_json else say(str(file))
    note(f"{told}; {found['size_bytes']} bytes")


def _export_events(workspace: LoadedWorkspace, file: Path) -> int:
    from coopt_dag.cli import wiring

    if file.exists():
        raise UsageError("is there already", path=file, hint="choose another name")
    ledger = wiring.ledger(workspace, write=False)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as out:
            count = _write_lines(ledger.events(), out)
            out.flush()
            os.fsync(out.fileno())
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)
        ledger.close()
    return count


def _write_lines(found: list[Event], out: TextIO) -> int:
    out.writelines(_line(event) + "\n" for event in found)
    return len(found)


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `coopt ledger export` wrote.")],
    head: Annotated[
        str | None,
        typer.Option(metavar="HASH", help="The last block's, as the exporter told; else any."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make this workspace's embedded ledger from a file; every transaction is executed again.

    Nothing is overwritten: move an old ledger away first.

    Example: coopt ledger import ledger.rlp
    """
    from coopt_dag.cli import wiring
    from coopt_dag.ledger.chainexport import import_chain

    workspace = wiring.here()
    target = _embedded(workspace)
    if not file.is_file():
        raise UsageError("there is no such file", path=file, hint="coopt ledger export makes one")
    target.parent.mkdir(parents=True, exist_ok=True)
    made = import_chain(file, target, expected=head)
    if as_json:
        put({"blocks": made.height + 1, "head_hash": made.block_hash, "ledger": str(target)})
        return
    say(f"{made.height + 1} blocks, the last is {made.block_hash}")
    note(f"the same as in the file: {target}")


def check(
    deep: Annotated[
        bool, typer.Option("--deep", help="Execute every transaction again as well.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Check the embedded ledger's file against its own blocks; nothing is changed.

    Exit code 6 if something is wrong; the first block with a fault is named.

    Example: coopt ledger check --deep
    """
    from coopt_dag.cli import wiring
    from coopt_dag.ledger.chaincheck import check_chain

    found = check_chain(_embedded(wiring.here()), deep=deep)
    wrong = found.finding
    if as_json:
        what = None if wrong is None else {"block": wrong.block, "what": wrong.what}
        put({"blocks": found.blocks, "transactions": found.transactions, "finding": what})
    elif wrong is None:
        say(f"{found.blocks} blocks, {found.transactions} transactions: whole")
    else:
        at = "" if wrong.block is None else f"block {wrong.block}: "
        say(f"{at}{wrong.what}")
    if wrong is None:
        return 0
    note(f"hint: {found.hint}")
    return IntegrityError.exit_code


def _embedded(workspace: LoadedWorkspace) -> Path:
    from coopt_dag.cli.wiring import LEDGER_FILE

    if workspace.spec.ledger.kind != "embedded":
        raise UsageError(
            f"this workspace's ledger is of kind '{workspace.spec.ledger.kind}'; only an embedded "
            "one is a file of ours",
            hint="the nodes of a shared chain keep and check it",
        )
    return workspace.state_dir / LEDGER_FILE
