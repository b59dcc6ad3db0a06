"""Opens the index of the workspace's ledger, as fresh as its chain, for commands that read."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from coopt_dag.cli import wiring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.ledger.index.pages import Pages
    from coopt_dag.specs.loaded import LoadedWorkspace


@contextmanager
def pages(workspace: LoadedWorkspace) -> Iterator[tuple[Pages | None, int]]:
    """Give the pages of one moment, and the present; None where there is no chain yet."""
    from coopt_dag.cli.clock import now

    with closing(wiring.ledger(workspace, write=False)) as ledger:
        present = now(ledger)
        if workspace.spec.ledger.kind == "rpc":
            from coopt_dag.ledger.evm import EvmLedger
            from coopt_dag.ledger.history import IndexedHistory

            if isinstance(ledger, EvmLedger) and isinstance(ledger.history, IndexedHistory):
                with ledger.history.refreshed().read() as found:
                    yield found, present
                return
        path = workspace.state_dir / wiring.LEDGER_FILE
        if workspace.spec.ledger.kind == "embedded" and path.is_file():
            with _embedded(workspace) as found:
                yield found, present
            return
        yield None, present


@contextmanager
def _embedded(workspace: LoadedWorkspace) -> Iterator[Pages]:
    from coopt_dag.ledger.chainfile import ADDRESSES, CHAIN_ID
    from coopt_dag.ledger.index.book import Index, index_path
    from coopt_dag.ledger.index.source import FileSource

    place = index_path(workspace.state_dir, chain_id=CHAIN_ID, address=ADDRESSES["ledger"])
    chain = workspace.state_dir / wiring.LEDGER_FILE
    with (
        closing(Index(place, chain_id=CHAIN_ID, addresses=ADDRESSES)) as index,
        closing(FileSource(chain, addresses=ADDRESSES.values())) as source,
    ):
        index.refresh(source)
        with index.read() as found:
            yield found
