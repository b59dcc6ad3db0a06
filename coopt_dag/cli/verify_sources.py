"""Where an outsider's ledger and content come from: files here, a workspace, a node, gateways."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from coopt_dag.errors import NotAWorkspaceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.evaluation.verify.blocks import Blocks
    from coopt_dag.evaluation.verify.divergence import Divergence
    from coopt_dag.ledger.protocol import Ledger
    from coopt_dag.specs.loaded import LoadedWorkspace


@dataclass(frozen=True, slots=True)
class Sources:
    """A ledger (a file, or a chain's node) and places of content, all of them only read."""

    ledger: Path | None
    url: str
    address: str
    store: Path | None
    cars: tuple[Path, ...]
    api: str | None
    gateways: tuple[str, ...]
    head: str | None = None
    """Hash of a block that others know."""

    def desk(
        self, workspace: LoadedWorkspace, *, tell: Callable[[str], None]
    ) -> tuple[Desk, Divergence | None]:
        """Check the ledger, and give a desk in a workspace of one's own."""
        from coopt_dag.evaluation.desk import Desk

        ledger, wrong = self._ledger(workspace, tell)
        return Desk(workspace, self._store(workspace), ledger), wrong

    def _ledger(
        self, workspace: LoadedWorkspace, tell: Callable[[str], None]
    ) -> tuple[Ledger, Divergence | None]:
        import shutil

        from coopt_dag.cli.wiring import LEDGER_FILE
        from coopt_dag.evaluation.verify import chain
        from coopt_dag.ledger.chainfile import ChainFileReader

        if self.ledger is None:
            from coopt_dag.ledger.remote import open_rpc

            tell("ledger: the contracts' code")
            wrong = chain.check_code(url=self.url, address=self.address)
            return open_rpc(self.url, address=self.address, index=workspace.state_dir), wrong
        path, again = workspace.state_dir / LEDGER_FILE, workspace.state_dir / "executed"
        tell("ledger: taking a copy")
        is_executed = chain.take(self.ledger, path)
        shutil.rmtree(again, ignore_errors=True)
        wrong = None if is_executed else chain.check_file(path, again, tell)
        if self.head is not None:
            wrong = wrong or chain.check_head(path, self.head)
        wrong = wrong or chain.check_code(path=path)
        told = again / LEDGER_FILE
        if wrong is not None and told.is_file() and not chain.can_be_read(path):
            path = told  # what is left to say is said of the blocks that could be executed
        return ChainFileReader(path), wrong

    def _store(self, workspace: LoadedWorkspace) -> Blocks:
        from coopt_dag.cli import wiring
        from coopt_dag.evaluation.verify.blocks import Blocks, car_reader, folder_reader
        from coopt_dag.store.local import LocalStore

        own = LocalStore(wiring.content_store(workspace), durable=False)
        readers = [] if self.store is None else [folder_reader(self.store)]
        readers += [car_reader(own, car) for car in self.cars]
        readers += [source.get for source in wiring.sources(self.api, self.gateways)]
        return Blocks(own, readers)


def sources(
    ledger: Path | None,
    rpc: str | None,
    address: str | None,
    store: Path | None,
    cars: list[Path],
    gateways: list[str],
) -> Sources:
    """Read the options; what is not named comes from the current folder, or its workspace.

    Raises
    ------
    UsageError
        There is no ledger or no content, or the words do not fit together.
    """
    here = None if _lies_apart() else _around()
    file, url, place = _ledger(here, ledger, rpc, address)
    config = None if here is None else here.spec.ipfs
    told = store is not None or cars or gateways
    if not told:
        store, cars = _content(here)
    for path in (*([] if store is None else [store]), *cars):
        if not path.exists():
            raise UsageError("there is no such place", path=path, hint="--store DIR, or --car FILE")
    own = config is not None and not told
    return Sources(
        file,
        url,
        place,
        store,
        tuple(cars),
        config.api if own and config else None,
        config.gateways if own and config else tuple(gateways),
    )


def _lies_apart() -> bool:
    """Tell whether a ledger lies here, as if handed over, and this is no workspace's root."""
    is_workspace = Path("coopt.toml").is_file()
    return not is_workspace and bool(_ledgers_here())


def _ledgers_here() -> list[Path]:
    from coopt_dag.cli.wiring import LEDGER_FILE

    return [p for p in (Path(LEDGER_FILE), *sorted(Path().glob("*.rlp"))) if p.is_file()]


def _around() -> LoadedWorkspace | None:
    from coopt_dag.specs.workspace import find_workspace

    try:
        return find_workspace(Path.cwd())
    except NotAWorkspaceError:
        return None


def _ledger(
    here: LoadedWorkspace | None, ledger: Path | None, rpc: str | None, address: str | None
) -> tuple[Path | None, str, str]:
    from coopt_dag.cli.wiring import LEDGER_FILE, is_address

    if ledger is not None and rpc is not None:
        raise UsageError("--ledger and --rpc exclude each other", hint="leave one out")
    if ledger is not None:
        return ledger, "", ""
    if rpc is None and here is not None:
        config = here.spec.ledger
        if config.kind == "embedded":
            return here.state_dir / LEDGER_FILE, "", ""
        rpc, address = config.url, address or config.address
    if rpc is not None:
        if address is None or not is_address(address):
            raise UsageError("--rpc needs --address", hint="--address 0x…, of the ledger")
        return None, rpc, address
    files = _ledgers_here()
    if not files:
        raise UsageError(
            "there is no ledger here", hint="--ledger FILE, or --rpc URL --address 0x…"
        )
    return files[0], "", ""


def _content(here: LoadedWorkspace | None) -> tuple[Path | None, list[Path]]:
    from coopt_dag.cli.wiring import content_store

    if here is not None:
        return content_store(here), []
    store, cars = Path("store"), sorted(Path().glob("*.car"))
    if not store.is_dir() and not cars:
        raise UsageError(
            "there is no content here", hint="--store DIR, --car FILE, or --gateway URL"
        )
    return (store if store.is_dir() else None), cars
