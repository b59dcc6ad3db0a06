"""Content by CID: serve, add, get, list, export, import, and prove a node."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coopt_dag.cli.contents import (
    Sources,
    StoreFolder,
    any_source,
    check_parent,
    layered,
    open_store,
    read_address,
    reading,
)
from coopt_dag.cli.options import Json
from coopt_dag.cli.printing import note, put, say
from coopt_dag.errors import ContentMissingError, IntegrityError, NodeUnavailableError, UsageError

if TYPE_CHECKING:
    from coopt_dag.store.cid import CID
    from coopt_dag.store.importer import Imported
    from coopt_dag.store.local import LocalStore
    from coopt_dag.store.profile import Profile
    from coopt_dag.store.protocol import Put

Address = Annotated[
    str,
    typer.Argument(
        metavar="CID[/PATH]", help="A CID, or a path below it; /ipfs/ may stand before it."
    ),
]
_NODE = "see that the address is the RPC (port 5001) of a Kubo node, and that it runs."
Pin = Annotated[bool, typer.Option("--pin/--no-pin", help="Keep it when `gc` runs.")]


def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    store: StoreFolder = None,
) -> None:
    """Serve the store as a read-only IPFS gateway, until Ctrl-C.

    Example: coopt ipfs serve --port 8080
    """
    from coopt_dag.store.serving import server

    local = open_store(store)
    if not server.is_loopback(host):
        note(
            f"warning: {host} can be reached from other machines; whoever knows a CID in "
            f"{local.root} can read it. There is no password and no encryption."
        )
    server.serve(local, host=host, port=port, ready=say)
    note("stopped")


def add(
    path: Annotated[Path, typer.Argument(help="A file or folder.")],
    pin: Pin = True,
    only_hash: Annotated[
        bool, typer.Option("--only-hash", help="Print the CID, keep nothing.")
    ] = False,
    profile: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="How content becomes blocks: unixfs-v1-2025, or unixfs-v0-2015 for CIDs that "
            "begin with Qm.",
        ),
    ] = "unixfs-v1-2025",
    store: StoreFolder = None,
    as_json: Json = False,
) -> None:
    """Add a file or folder to the store, all or nothing; print its CID.

    Example: coopt ipfs add results
    """
    from coopt_dag.store.cid import CID

    chosen = _profile(profile)
    if only_hash:
        made, pin = _import(path, CID.of, chosen), False
    else:
        made = _add(open_store(store, make=True), path, chosen, pin=pin)
    if as_json:
        found = {"cid": str(made.cid), "size_bytes": made.size, "dag_bytes": made.tsize}
        put(found | {"path": str(path), "pinned": pin, "profile": profile})
        return
    say(str(made.cid))
    if not (pin or only_hash):
        note("not pinned: it goes when `coopt ipfs gc` runs")


def _profile(name: str) -> Profile:
    from coopt_dag.errors import near
    from coopt_dag.store.profile import PROFILES

    if name not in PROFILES:
        raise UsageError(f"there is no profile '{name}'.", hint=near(name, PROFILES))
    return PROFILES[name]


def _import(path: Path, put_block: Put, profile: Profile) -> Imported:
    from coopt_dag.cli.meter import Meter
    from coopt_dag.store.adding import import_path

    return import_path(path, Meter("read").putting(put_block), profile=profile)


def _add(local: LocalStore, path: Path, profile: Profile, *, pin: bool) -> Imported:
    with local.holding():
        with local.batch() as put_block:
            made = _import(path, put_block, profile)
        if pin:
            local.pin(made.cid)
    return made


def get(
    address: Address,
    dest: Annotated[Path, typer.Argument(help="Where it goes; must not exist.")],
    sources: Sources = None,
    store: StoreFolder = None,
) -> None:
    """Write a file or folder to disk, verified, whole or not at all.

    Example: coopt ipfs get bafybei… data --from http://127.0.0.1:8080
    """
    from coopt_dag.store.folders import fetch_path
    from coopt_dag.store.serving.resolve import resolve
    from coopt_dag.store.serving.shelf import Shelf

    root, names = read_address(address)
    check_parent(dest)
    local = open_store(store, make=any_source(sources))  # what is fetched is kept
    with reading(local), layered(local, sources) as everywhere:
        end = resolve(Shelf(everywhere), root, names).cid
        if not (os.path.lexists(dest) or _is_here(local, end)) and any_source(sources):
            everywhere.bring([end])  # in one request; block by block is for what is damaged
        fetch_path(everywhere, str(end), dest)
    say(str(dest))


def _is_here(local: LocalStore, cid: CID) -> bool:
    from coopt_dag.store.collect import check_whole

    try:
        check_whole(local, cid)
    except ContentMissingError:
        return False
    except IntegrityError:
        return True  # but damaged: the reader tells, and looks for another copy of that block
    return True


def ls(
    address: Address,
    sources: Sources = None,
    store: StoreFolder = None,
    as_json: Json = False,
) -> None:
    """List a folder: CIDs, sizes with all blocks, names.

    Example: coopt ipfs ls bafybei…/files
    """
    from coopt_dag.report.board import table
    from coopt_dag.store.names import file_name
    from coopt_dag.store.reader import Reader
    from coopt_dag.store.serving.resolve import resolve
    from coopt_dag.store.serving.shelf import Shelf

    root, names = read_address(address)
    local = open_store(store, make=store is None and any_source(sources))
    with reading(local), layered(local, sources) as everywhere:
        end = resolve(Shelf(everywhere), root, names).cid
        reader = Reader(everywhere)
        opened = reader.open(end)
        if not opened.is_folder:
            raise UsageError(
                f"{end} is a file of {opened.size} bytes, no folder.",
                hint=f"coopt ipfs get {address} DEST",
            )
        links = sorted(reader.links(opened), key=lambda link: link.name)
    rows = [
        {"name": file_name(link.name), "cid": str(link.cid), "dag_bytes": link.tsize}
        for link in links
    ]
    if as_json:
        put({"cid": str(end), "entries": rows})
        return
    shown = ("cid", "dag_bytes", "name")
    say(table([[row[column] for column in shown] for row in rows], shown))


def export(
    cid: Annotated[str, typer.Argument(metavar="CID", help="Of a file or folder in the store.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, or - for stdout.")],
    store: StoreFolder = None,
) -> None:
    """Write all blocks of a file or folder into one CAR file.

    Example: coopt ipfs export bafybei… results.car
    """
    from coopt_dag.cli.carfile import write
    from coopt_dag.store.cid import CID

    size = write(open_store(store), CID.parse(cid), file)
    note(f"{size} bytes")


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CAR file, or - for stdin.")],
    pin: Pin = True,
    store: StoreFolder = None,
    as_json: Json = False,
) -> None:
    """Take all blocks of a CAR file into the store, verified, all or none; print its roots.

    Example: coopt ipfs import results.car
    """
    from coopt_dag.cli.carfile import read

    roots = read(open_store(store, make=True), file, pin=pin)
    if as_json:
        put({"pinned": pin, "roots": [str(cid) for cid in roots]})
        return
    for cid in roots:
        say(str(cid))


def selftest(
    api: Annotated[str, typer.Option(metavar="URL", help="RPC of a node, e.g. port 5001.")],
    as_json: Json = False,
) -> int:
    """Prove our client against your own IPFS node; print what was exercised.

    Example: coopt ipfs selftest --api http://127.0.0.1:5001
    """
    from dataclasses import asdict

    from coopt_dag.store.remote.address import shown
    from coopt_dag.store.remote.selftest import selftest as try_all

    rows = try_all(api)
    if as_json:
        put([asdict(row) for row in rows])
    else:
        for row in rows:
            say(f"{'ok  ' if row.ok else 'FAIL'}  {row.what:<32} {row.detail}")
    failed = [row for row in rows if not row.ok]
    if not failed:
        return 0
    note(f"{len(failed)} of {len(rows)} trials failed at {shown(api)}")
    for hint in dict.fromkeys(row.hint or _NODE for row in failed):
        note(f"hint: {hint}")
    return NodeUnavailableError.exit_code
