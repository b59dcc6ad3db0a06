"""What the store keeps: pins, collection, and a look at its health."""

from __future__ import annotations

from typing import Annotated

import typer

from coopt_dag.cli.contents import (
    StoreFolder,
    configured,
    is_store,
    open_store,
    store_folder,
)
from coopt_dag.cli.options import Json
from coopt_dag.cli.printing import note, put, say

Cid = Annotated[str, typer.Argument(metavar="CID", help="Of a file or folder in the store.")]


def pin_add(cid: Cid, store: StoreFolder = None) -> None:
    """Keep a file or folder, which must be here and whole, whatever `gc` removes.

    Example: coopt ipfs pin add bafybei…
    """
    from coopt_dag.store.cid import CID

    open_store(store).pin(CID.parse(cid))
    say(f"pinned {cid}")


def pin_rm(cid: Cid, store: StoreFolder = None) -> None:
    """Let a file or folder go when `gc` runs.

    Example: coopt ipfs pin rm bafybei…
    """
    from coopt_dag.store.cid import CID
    from coopt_dag.store.pins import as_v1

    local, wanted = open_store(store), CID.parse(cid)
    if as_v1(wanted) not in local.pins():
        say(f"{cid} was not pinned")
        return
    local.unpin(wanted)
    say(f"unpinned {cid}")


def pin_ls(store: StoreFolder = None, as_json: Json = False) -> None:
    """List what is pinned.

    Example: coopt ipfs pin ls
    """
    pins = sorted(str(cid) for cid in open_store(store).pins())
    if as_json:
        put(pins)
        return
    for cid in pins:
        say(cid)


def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    store: StoreFolder = None,
    as_json: Json = False,
) -> None:
    """Remove blocks that no pin and no named root reaches.

    Example: coopt ipfs gc --dry-run
    """
    from coopt_dag.cli.meter import size_text

    done = open_store(store).collect(dry_run=dry_run)
    if as_json:
        found = {"kept": done.kept, "removed": done.removed, "freed_bytes": done.freed_bytes}
        put(found | {"dry_run": dry_run})
        return
    verb = "would remove" if dry_run else "removed"
    say(f"{verb} {done.removed} blocks, {size_text(done.freed_bytes)}; {done.kept} blocks stay")


def doctor(
    sample: Annotated[
        int | None, typer.Option(min=1, help="Verify so many blocks, chosen at random; else all.")
    ] = None,
    store: StoreFolder = None,
    as_json: Json = False,
) -> int:
    """Verify the store's blocks and pins, and reach the configured node and gateways.

    These are not needed for what is here: one that is away is told, and the exit code stays 0.

    Example: coopt ipfs doctor --sample 1000
    """
    from coopt_dag.cli.store_checkup import exit_code, lines, look, look_around, remote_lines

    api, gateways = configured()
    if not (as_json or is_store(store_folder(store))):
        _tell(remote_lines(look_around(api, gateways)))  # they may be all that is in use
    found = look(open_store(store), sample=sample, api=api, gateways=gateways)
    if as_json:
        put(found)
    else:
        _tell(lines(found))
    return exit_code(found)


def _tell(rows: list[tuple[str, str]]) -> None:
    for line, hint in rows:
        say(line)
        if hint:
            note(f"hint: {hint}")
