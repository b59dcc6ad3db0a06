"""Opens the workspace's store, ledger and identity once a command."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from coopt_dag.errors import IdentityError, UsageError
from coopt_dag.specs.workspace import find_workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopt_dag.evaluation.agekeys import AgeKey
    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.ledger.protocol import Ledger, Signer
    from coopt_dag.specs.loaded import LoadedWorkspace
    from coopt_dag.store.protocol import Store
    from coopt_dag.store.remote.gateway import GatewayStore
    from coopt_dag.store.remote.kubo import KuboStore

LEDGER_FILE = "ledger.sqlite"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def here() -> LoadedWorkspace:
    """Give the workspace around the current folder."""
    return find_workspace(Path.cwd())


def identities_folder(workspace: LoadedWorkspace | None) -> Path:
    """Give the folder of keystores: the workspace's own if it names one, else the user's."""
    if workspace is not None and workspace.spec.identities is not None:
        return workspace.root / workspace.spec.identities
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "coopt" / "identities"


def passphrase(file: Path | None, *, confirm: bool = False) -> str:
    """Read a passphrase from a file, `$COOPT_PASSPHRASE_FILE`, or the terminal; never a word."""
    named = file or (
        Path(os.environ["COOPT_PASSPHRASE_FILE"]) if "COOPT_PASSPHRASE_FILE" in os.environ else None
    )
    if named is not None:
        try:
            return named.read_text(encoding="utf-8").strip("\r\n")
        except OSError as error:
            raise IdentityError(
                f"cannot read the passphrase: {error.strerror}", path=named
            ) from error
    import getpass
    import sys

    if not sys.stdin.isatty():
        raise IdentityError(
            "there is no terminal to ask for a passphrase", hint="use --passphrase-file FILE"
        )
    first = getpass.getpass("passphrase: ")
    if confirm and getpass.getpass("again: ") != first:
        raise IdentityError("the two differ", hint="try again")
    return first


def signer(workspace: LoadedWorkspace, name: str | None, file: Path | None) -> Signer:
    """Unlock the identity that signs: `--as`, the workspace's, or the only one there is."""
    from coopt_dag.ledger.keys import unlock

    who = chosen(workspace, name)
    if "@" in who:
        return _keyholder(who)
    return unlock(identities_folder(workspace), who, passphrase(file))


def _keyholder(name: str) -> Signer:
    from coopt_dag.ledger.keyholder import keyholder

    return keyholder(name)


def signer_and_key(
    workspace: LoadedWorkspace, name: str | None, file: Path | None, *, make: bool = False
) -> tuple[Signer, AgeKey | None]:
    """Unlock the identity that signs, and its key for sealed data, with one question.

    The key is None if the identity has none, unless it is to be made.
    """
    from coopt_dag.evaluation.agekeys import has_key, make_key
    from coopt_dag.ledger.keys import unlock

    who = chosen(workspace, name)
    if "@" in who:
        if make:
            raise IdentityError(
                "a key held elsewhere signs, but opens no sealed data", hint="coopt id new NAME"
            )
        return _keyholder(who), None
    folder, word = identities_folder(workspace), passphrase(file)
    hand = unlock(folder, who, word)
    return hand, make_key(folder, who, word) if make or has_key(folder, who) else None


def chosen(workspace: LoadedWorkspace, name: str | None) -> str:
    """Give the name of the identity that acts."""
    from coopt_dag.ledger.keys import list_identities

    known = [i.name for i in list_identities(identities_folder(workspace))]
    found = name or workspace.spec.identity or (known[0] if len(known) == 1 else None)
    if found is None:
        raise IdentityError(
            "which identity signs?" if known else "there is no identity yet",
            hint=f"--as NAME, one of: {', '.join(known)}" if known else "coopt id new NAME",
        )
    return found


def ledger(workspace: LoadedWorkspace, *, write: bool) -> Ledger:
    """Open the workspace's ledger; reading one that does not exist yet finds it empty."""
    from coopt_dag.ledger.memory import MemoryLedger

    config, path = workspace.spec.ledger, workspace.state_dir / LEDGER_FILE
    if config.kind == "memory":
        return MemoryLedger(lambda: int(time.time()))
    if config.kind == "rpc":
        return _rpc(workspace)
    if write:
        from coopt_dag.ledger.embedded import open_embedded

        return open_embedded(path)
    if not path.is_file():
        return MemoryLedger(lambda: int(time.time()))
    from coopt_dag.ledger.chainfile import ChainFileReader

    return ChainFileReader(path)


def _rpc(workspace: LoadedWorkspace) -> Ledger:
    from coopt_dag.ledger.remote import open_rpc

    config = workspace.spec.ledger
    if config.url is None or config.address is None:
        raise UsageError(
            "[ledger] kind = rpc needs url and address",
            path=workspace.root / "coopt.toml",
            hint="address = that of a deployed CooptLedger; coopt ledger deploy makes one",
        )
    return open_rpc(config.url, address=config.address, index=workspace.state_dir)


def desk(
    workspace: LoadedWorkspace, *, who: Signer | None = None, sign_to: Path | None = None
) -> Desk:
    """Give the workspace's desk; with an identity, one that can write, or sign for a relay."""
    from coopt_dag.evaluation.desk import Desk

    opened = ledger(workspace, write=who is not None)
    folder = sign_to or outbox(workspace)
    if who is not None and folder is not None:
        opened = _signing(opened, folder)
    return Desk(workspace, store(workspace), opened, who)


def acting(
    workspace: LoadedWorkspace, who: str | None, file: Path | None, sign_to: Path | None = None
) -> Desk:
    """Unlock the identity that acts, and give the workspace's desk with its hand."""
    return desk(workspace, who=signer(workspace, who, file), sign_to=sign_to)


def outbox(workspace: LoadedWorkspace) -> Path | None:
    """Give the folder of requests that wait to be relayed, if coopt.toml names one."""
    named = workspace.spec.ledger.outbox
    return None if named is None else workspace.root / named


def _signing(opened: Ledger, folder: Path) -> Ledger:
    from coopt_dag.cli.printing import note
    from coopt_dag.ledger.outbox import Outbox
    from coopt_dag.ledger.signing import SigningLedger

    return SigningLedger(opened, Outbox(folder), tell=note)


def content_store(workspace: LoadedWorkspace) -> Path:
    """Give the folder of the workspace's own block store."""
    from coopt_dag.store.dvc.place import CONTENT_STORE

    return workspace.state_dir / CONTENT_STORE


def store(workspace: LoadedWorkspace) -> Store:
    """Open the workspace's store; what it lacks comes from the configured gateways and node."""
    from coopt_dag.store.local import LocalStore

    local, config = LocalStore(content_store(workspace)), workspace.spec.ipfs
    if config.api is None and not config.gateways:
        return local
    from coopt_dag.cli.printing import note
    from coopt_dag.store.remote.layered import LayeredStore

    return LayeredStore(local, sources(config.api, config.gateways), tell=note)


def sources(api: str | None, gateways: tuple[str, ...]) -> list[GatewayStore | KuboStore]:
    """Give the places to fetch from, in the order in which they are asked: gateways first."""
    from coopt_dag.cli.printing import note
    from coopt_dag.store.remote.gateway import GatewayStore
    from coopt_dag.store.remote.kubo import KuboStore

    nodes = [] if api is None else [KuboStore(api, tell=note)]
    return [*map(GatewayStore, gateways), *nodes]


def namer(workspace: LoadedWorkspace) -> Callable[[str], str]:
    """Give a function from address to a known name, or to its first letters."""
    from coopt_dag.ledger.keys import list_identities

    names = {i.address: i.name for i in list_identities(identities_folder(workspace))}
    return lambda address: names.get(address, address[:10] + "…")


def is_address(text: str) -> bool:
    """Tell whether a text is an address.

    >>> is_address("0x" + "1f" * 20), is_address("0x1f")
    (True, False)
    """
    return _ADDRESS.fullmatch(text) is not None


def deployments(workspace: LoadedWorkspace) -> Path:
    """Give the folder of records of deployments: with the contracts' sources, if they are here."""
    contracts = workspace.root / "contracts"
    return (contracts if (contracts / "src").is_dir() else workspace.root) / "deployments"


def address_of(workspace: LoadedWorkspace, who: str) -> str:
    """Read a name, an address, or a key held elsewhere (`0xADDRESS@URL`)."""
    if who.startswith("0x"):
        return who.partition("@")[0].lower()
    from coopt_dag.ledger.keys import find_identity

    return find_identity(identities_folder(workspace), who).address
