"""Opens the store that `coopt ipfs` works on, and the places from which it may fetch."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coopt_dag.cli.meter import Meter, MeteredStore
from coopt_dag.cli.printing import note
from coopt_dag.errors import NotAWorkspaceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.store.cid import CID
    from coopt_dag.store.local import LocalStore
    from coopt_dag.store.remote.gateway import GatewayStore
    from coopt_dag.store.remote.kubo import KuboStore
    from coopt_dag.store.remote.layered import LayeredStore

StoreFolder = Annotated[
    Path | None,
    typer.Option("--store", metavar="DIR", help="A store's folder; else the workspace's own."),
]
Sources = Annotated[
    list[str] | None,
    typer.Option("--from", metavar="URL", help="Ask this gateway, not those configured; repeat."),
]


def open_store(folder: Path | None, *, make: bool = False) -> LocalStore:
    """Open the store in a folder, or that of the workspace around the current folder.

    A folder that is no store is refused, unless it may become one: it would look empty.
    """
    from coopt_dag.store.local import LocalStore

    if folder is not None:
        if not (make or (folder / "blocks").is_dir()):
            raise UsageError(
                "there is no store.",
                hint="check the path; `coopt ipfs add` makes one.",
                path=folder,
            )
        return LocalStore(folder)
    from coopt_dag.cli.wiring import here

    try:
        workspace = here()
    except NotAWorkspaceError as error:
        raise NotAWorkspaceError(
            error.message, hint=f"{error.hint} Or name a store: --store DIR.", path=error.path
        ) from error
    return LocalStore(workspace.state_dir / "content-store")


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
    from coopt_dag.store.remote.gateway import GatewayStore
    from coopt_dag.store.remote.kubo import KuboStore
    from coopt_dag.store.remote.layered import LayeredStore

    api, gateways = (None, tuple(urls)) if urls else configured()
    with ExitStack() as stack:
        sources: list[GatewayStore | KuboStore] = [
            stack.enter_context(GatewayStore(url)) for url in gateways
        ]
        if api is not None:
            sources.append(stack.enter_context(KuboStore(api, tell=note)))
        yield LayeredStore(MeteredStore(local, Meter("read")), sources, tell=note)
