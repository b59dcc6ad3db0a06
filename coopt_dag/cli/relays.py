"""Requests that were signed instead of sent: how they are told, and how they are relayed."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coopt_dag.cli.options import As, Json, PassphraseFile, SignTo
from coopt_dag.cli.printing import note, put, say
from coopt_dag.errors import IdentityError, LedgerRefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coopt_dag.ledger.outbox import Outbox
    from coopt_dag.ledger.protocol import Ledger, Receipt
    from coopt_dag.ledger.relaying import Outcome
    from coopt_dag.specs.loaded import LoadedWorkspace

BATCH = 50


def told_as_signed(receipt: Receipt) -> str:
    """Print where a request waits; give what it asks for, nothing if it was sent."""
    from coopt_dag.ledger.signing import QueuedReceipt

    if not isinstance(receipt, QueuedReceipt):
        return ""
    say(str(receipt.path))
    note("next: give the file to whoever relays; they run `coopt relay FOLDER`")
    return receipt.what


def signed_by(ledger: Ledger) -> int:
    """Give how many actions were signed through a ledger instead of sent."""
    from coopt_dag.ledger.signing import SigningLedger

    return ledger.signed if isinstance(ledger, SigningLedger) else 0


def relay(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FOLDER", help="Where requests wait; else [ledger] outbox of coopt.toml."
        ),
    ] = None,
    batch: Annotated[
        int, typer.Option(min=1, max=500, help="Requests in one transaction, at most.")
    ] = BATCH,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Requests to look at, at most; else all.")
    ] = None,
    value_wei: Annotated[
        int, typer.Option(min=0, help="What you pay for the authors in all, e.g. their bonds.")
    ] = 0,
    watch: Annotated[
        float | None,
        typer.Option(min=0.05, metavar="SECONDS", help="Look again so often, until Ctrl-C."),
    ] = None,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> int:
    """Bring signed requests to the ledger, and pay for it; who signed needs no coin.

    Each is tried without sending first, so that what the rules refuse costs nothing. What was
    taken moves to FOLDER/done, what cannot be taken to FOLDER/failed with the reason beside it;
    `coopt relay FOLDER/failed` tries that again. It may be killed and run again at any time: the
    chain knows what was taken. Exit code 9 if something was not.

    Example: coopt relay outbox --as lab
    """
    from coopt_dag.cli import wiring
    from coopt_dag.ledger.relaying import Relayer

    workspace = wiring.here()
    outboxes = _outboxes(workspace, folders)
    hand = wiring.signer(workspace, who, passphrase_file)
    ledger = wiring.ledger(workspace, write=True)
    relayer = Relayer(ledger, signer=hand, batch=batch, limit=limit, value_wei=value_wei)
    tell = _teller(workspace, as_lines=as_json and watch is not None, as_json=as_json)
    found: list[Outcome] = []
    try:
        while True:
            _take(relayer.run(outboxes), found, tell)
            if watch is None:
                break
            time.sleep(watch)
    finally:
        ledger.close()
        if as_json and watch is None:
            put([_row(outcome) for outcome in found])
    return _end(found)


def cancel(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A request that you signed.")],
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
) -> None:
    """Make a request that you signed worthless, unless somebody has relayed it already.

    That is a transaction as well; without coin, sign it for a relay: --sign-to. The file moves to
    `failed` beside it.

    Example: coopt cancel outbox/0179….json --as ada
    """
    from coopt_dag.cli import wiring
    from coopt_dag.ledger.actions import CancelNonce
    from coopt_dag.ledger.outbox import FAILED, Outbox

    workspace = wiring.here()
    if not file.is_file():
        raise UsageError("there is no such file", path=file, hint="coopt relay FOLDER lists them")
    outbox = Outbox(file.parent)
    queued = outbox.read(file)
    desk = wiring.acting(workspace, who, passphrase_file, sign_to)
    if queued.request.sender != desk.identity.address:
        raise IdentityError(
            f"{wiring.namer(workspace)(queued.request.sender)} signed this request",
            path=file,
            hint="only its author can call it back; use their name with --as",
        )
    if queued.domain != desk.ledger.domain(queued.contract):
        raise UsageError("is for another chain or contract", path=file, hint="cancel it there")
    receipt = desk.send(CancelNonce(queued.request.nonce, queued.contract))
    if not told_as_signed(receipt):
        say(f"cancelled, transaction {receipt.tx_hash}")
    outbox.settle(file, FAILED, why="cancelled: by its author")


def _outboxes(workspace: LoadedWorkspace, folders: list[Path] | None) -> list[Outbox]:
    from coopt_dag.cli.wiring import outbox
    from coopt_dag.ledger.outbox import Outbox

    named = outbox(workspace)
    chosen = folders or ([] if named is None else [named])
    if not chosen:
        raise UsageError(
            "which folder of signed requests?",
            hint="coopt relay FOLDER, or [ledger] outbox in coopt.toml",
        )
    for folder in folders or ():
        if not folder.is_dir():
            raise UsageError(
                "there is no such folder", path=folder, hint="coopt claim … --sign-to makes one"
            )
    return [Outbox(folder) for folder in chosen]


def _take(
    outcomes: Iterator[Outcome], found: list[Outcome], tell: Callable[[Outcome], None]
) -> None:
    """Tell each outcome once, also if it comes again because its file waits."""
    known = {(outcome.path, outcome.status) for outcome in found}
    for outcome in outcomes:
        if (outcome.path, outcome.status) not in known:
            found.append(outcome)
            tell(outcome)


def _teller(
    workspace: LoadedWorkspace, *, as_lines: bool, as_json: bool
) -> Callable[[Outcome], None]:
    from coopt_dag.cli.wiring import namer

    name_of = namer(workspace)

    def tell(outcome: Outcome) -> None:
        if as_lines:
            say(json.dumps(_row(outcome), sort_keys=True))
        elif not as_json:
            by = f" by {name_of(outcome.who)}" if outcome.who else ""
            said = outcome.words or (f"transaction {outcome.tx_hash}" if outcome.tx_hash else "")
            say(f"{outcome.status:<10} {outcome.what or outcome.path.name}{by}  {said}".rstrip())

    return tell


def _row(outcome: Outcome) -> dict[str, Any]:
    return asdict(outcome) | {"path": str(outcome.path)}


def _end(found: list[Outcome]) -> int:
    counts: dict[str, int] = {}
    for outcome in found:
        counts[outcome.status] = counts.get(outcome.status, 0) + 1
    note(", ".join(f"{n} {status}" for status, n in counts.items()) or "nothing waits")
    return 0 if all(outcome.is_good for outcome in found) else LedgerRefusedError.exit_code
