"""The chain behind the ledger: deploy its contracts, see how it is, check their code."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from coopt_dag.cli.options import As, Json, PassphraseFile
from coopt_dag.cli.printing import note, put, say
from coopt_dag.errors import LedgerUnavailableError, UsageError

if TYPE_CHECKING:
    from coopt_dag.ledger.verification import CodeCheck
    from coopt_dag.specs.loaded import LoadedWorkspace

Url = Annotated[
    str | None,
    typer.Argument(
        metavar="[URL]", help="JSON-RPC endpoint of a chain; else the ledger of coopt.toml."
    ),
]


def deploy(
    url: Url = None,
    network: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the record; else from the chain id.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Deploy again, and replace the record.")
    ] = False,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """Deploy the four contracts on a chain, and record where they lie.

    The record is deployments/NETWORK.json beside coopt.toml. What is recorded and lies there is
    not deployed again. An embedded ledger deploys itself; here it only tells its addresses.

    Example: coopt ledger deploy http://127.0.0.1:8545 --as lab
    """
    from coopt_dag.cli import wiring
    from coopt_dag.ledger.deployments import deploy_recorded

    workspace = wiring.here()
    config = workspace.spec.ledger
    target = url or config.url
    if url is None and config.kind != "rpc":
        _deploy_embedded(workspace, as_json=as_json)
        return
    if target is None:
        raise UsageError("on which chain?", hint="coopt ledger deploy URL")
    signer = wiring.signer(workspace, who, passphrase_file)
    made, path, new = deploy_recorded(
        target, wiring.deployments(workspace), signer=signer, network=network, force=force
    )
    address = made.addresses["ledger"]
    if as_json:
        put(asdict(made) | {"record": str(path), "new": new, "url": target})
        return
    say(f'[ledger]\nkind = "rpc"\nurl = "{target}"\naddress = "{address}"')
    note(f"{'deployed; recorded' if new else 'deployed before; see the record'} in {path}")
    if config.address != address:
        note("next: put these lines into coopt.toml, in place of its [ledger]")


def _deploy_embedded(workspace: LoadedWorkspace, *, as_json: bool) -> None:
    from coopt_dag.cli import wiring
    from coopt_dag.ledger.artifact import CONTRACTS

    if workspace.spec.ledger.kind == "memory":
        raise UsageError(
            "a ledger in memory has no chain", hint="coopt ledger deploy URL, or kind = embedded"
        )
    ledger = wiring.ledger(workspace, write=True)
    addresses = {name: ledger.domain(name).contract for name in CONTRACTS}
    chain_id = ledger.domain().chain_id
    ledger.close()
    if as_json:
        put({"network": "embedded", "chain_id": chain_id, "addresses": addresses})
        return
    for name, address in addresses.items():
        say(f"{name:<9} {address}")
    note(f"on the embedded chain, {workspace.state_dir / wiring.LEDGER_FILE}")


def status(who: As = None, as_json: Json = False) -> None:
    """Show how the ledger is: chain, head, clock, contracts, events, what waits.

    With --as, the coin of that identity too. Contracts whose code is not the committed one are
    an error; `coopt ledger verify-code` names the byte.

    Example: coopt ledger status --as lab
    """
    from coopt_dag.cli import wiring
    from coopt_dag.cli.chain_status import look

    workspace = wiring.here()
    found = look(workspace, who, now=int(time.time()))
    if as_json:
        put(found)
        return
    for key, value in found.items():
        if isinstance(value, dict):
            for name, inner in value.items():
                say(f"{name:<17} {inner}")
        elif value is not None:
            say(f"{key.replace('_', ' '):<17} {value}")


def verify_code(
    url: Url = None,
    address: Annotated[
        str | None, typer.Option(metavar="0x…", help="Of the ledger; else that of coopt.toml.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Compare the four contracts' code with the committed one, byte by byte.

    Exit code 10 if a byte differs; the first one is named.

    Example: coopt ledger verify-code http://127.0.0.1:8545 --address 0x5fbd…
    """
    checks = _verified(url, address)
    good = all(check.differs_at is None for check in checks)
    if as_json:
        put([asdict(check) for check in checks])
    else:
        for check in checks:
            verdict = "ok  " if check.differs_at is None else "FAIL"
            say(f"{verdict}  {check.contract:<13} {check.address}  {check.words}")
    return 0 if good else LedgerUnavailableError.exit_code


def _verified(url: str | None, address: str | None) -> tuple[CodeCheck, ...]:
    from coopt_dag.cli import wiring
    from coopt_dag.ledger.verification import verify_embedded, verify_rpc

    workspace = wiring.here()
    config = workspace.spec.ledger
    if url is None and config.kind == "embedded":
        return verify_embedded(workspace.state_dir / wiring.LEDGER_FILE)
    place, target = address or config.address, url or config.url
    if place is None or target is None:
        raise UsageError(
            "which contracts?", hint="coopt ledger verify-code URL --address 0x…, or coopt.toml"
        )
    if not wiring.is_address(place):
        raise UsageError(f"'{place}' is no address", hint="0x and 40 hex digits")
    return verify_rpc(target, place)
