"""Opens the store that `coopt ipfs` works on, and the places from which it may fetch."""

from __future__ import annotations

import os
import shlex
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coopt_dag.cli.meter import Meter, MeteredStore
from coopt_dag.cli.printing import note
from coopt_dag.errors import ContentMissingError, CooptError, NotAWorkspaceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.store.cid import CID
    from coopt_dag.store.local import LocalStore
    from coopt_dag.store.remote.layered import LayeredStore

StoreFolder = Annotated[
    Path | None,
    typer.Option("--store", metavar="DIR", help="A store's folder; else the workspace's own."),
]
Sources = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        metavar="URL",
        help="Ask this gateway (http://HOST:PORT, without /ipfs), not those configured; "
        "may be given several times.",
    ),
]
NO_STORE_HINT = "`coopt ipfs add PATH` makes one, and so does `coopt artifacts push`."


def open_store(folder: Path | None, *, make: bool = False) -> LocalStore:
    """Open the store in a folder, or that of the workspace around the current folder.

    A folder that is no store is refused, unless it may become one: it would look empty.
    """
    from coopt_dag.store.local import LocalStore

    place = store_folder(folder)
    if not (make or is_store(place)):
        if folder is not None:
            hint = "check the path; `coopt ipfs add` makes one."
        else:
            hint = NO_STORE_HINT
        raise UsageError("there is no store here yet.", hint=hint, path=place)
    return LocalStore(place)


def store_folder(folder: Path | None) -> Path:
    """Give the folder of a store that is named, else that of the workspace; nothing is made."""
    from coopt_dag.cli.wiring import content_store, here

    if folder is not None:
        return folder
    try:
        return content_store(here())
    except NotAWorkspaceError as error:
        raise NotAWorkspaceError(
            error.message, hint=f"{error.hint} Or name a store: --store DIR.", path=error.path
        ) from error


def is_store(place: Path) -> bool:
    """Tell a folder of blocks."""
    return (place / "blocks").is_dir()


@contextmanager
def reading(local: LocalStore) -> Iterator[None]:
    """Let nothing be collected meanwhile; a store that cannot be written is read all the same."""
    from coopt_dag.store.staging import is_read_only

    with ExitStack() as stack:
        try:
            stack.enter_context(local.holding())
        except CooptError as error:
            if not is_read_only(error):
                raise
        yield


def check_free(file: Path) -> None:
    """Refuse a place that is taken, or whose folder is not there: it may be misspelt."""
    if os.path.lexists(file):
        raise UsageError("is there already.", path=file, hint="give another name, or remove it.")
    check_parent(file)


def check_parent(file: Path) -> None:
    """Refuse a place whose folder is not there."""
    if not file.parent.is_dir():
        raise UsageError(
            "the folder that it should lie in is not there.",
            path=file,
            hint=f"correct the path, or make the folder: mkdir -p {shlex.quote(str(file.parent))}",
        )


def read_address(text: str) -> tuple[CID, list[str]]:
    """Read CID[/PATH], with or without /ipfs/ or ipfs:// in front."""
    from coopt_dag.store.cid import CID

    plain = text.removeprefix("ipfs://").removeprefix("/ipfs/")
    root, *names = [part for part in plain.split("/") if part] or [""]
    return CID.parse(root), names


def configured() -> tuple[str | None, tuple[str, ...]]:
    """Give the node and the gateways that the workspace names; none outside of one."""
    from coopt_dag.cli.wiring import here

    try:
        config = here().spec.ipfs
    except NotAWorkspaceError:
        return None, ()
    return config.api, config.gateways


def any_source(urls: list[str] | None) -> bool:
    """Tell whether there is anybody to ask."""
    api, gateways = configured()
    return bool(urls or gateways or api)


@contextmanager
def layered(local: LocalStore, urls: list[str] | None) -> Iterator[LayeredStore]:
    """Give the store with the places behind it: those named, else those configured."""
    from coopt_dag.cli.wiring import sources as behind
    from coopt_dag.store.remote.layered import LayeredStore

    api, gateways = (None, tuple(urls)) if urls else configured()
    with ExitStack() as stack:
        sources = behind(api, gateways)
        for source in sources:
            stack.enter_context(source)
        try:
            yield LayeredStore(MeteredStore(local, Meter("read")), sources, tell=note)
        except ContentMissingError as error:
            if sources:
                raise
            raise ContentMissingError(
                error.message,
                hint="check the CID, add the original again, or fetch it: "
                "--from URL names a gateway that has it.",
                path=error.path,
            ) from error
