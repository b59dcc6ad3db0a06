"""Deployments of the contracts: where they lie on a network, and who put them there."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from web3 import Web3
from web3.exceptions import Web3Exception

from coopt_dag.errors import LedgerUnavailableError, SpecError, UsageError
from coopt_dag.ledger.artifact import CONTRACTS, contract
from coopt_dag.ledger.evm import addresses_of, transact
from coopt_dag.ledger.hashing import keccak
from coopt_dag.ledger.remote import provider_of
from coopt_dag.ledger.whole import write_whole
from coopt_dag.model.json_text import read_json

if TYPE_CHECKING:
    from pathlib import Path

    from web3.providers.base import BaseProvider

    from coopt_dag.ledger.protocol import Signer

SCHEMA = "coopt/deployment/1"
# https://chainlist.org, those on which people try things; others are called by their number.
NETWORKS = {1: "mainnet", 10: "optimism", 8453: "base", 42161: "arbitrum", 31337: "anvil"}
NETWORKS |= {11155111: "sepolia", 17000: "holesky", 560048: "hoodi", 84532: "base-sepolia"}
_FIELDS = {"schema", "network", "chain_id", "deployer", "transaction", "block", "contracts"}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,47}")


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a file under `deployments` says.

    Attributes
    ----------
    network : str
        The file's name.
    chain_id : int
    deployer : str
        Whose account deployed, lower-case hex; on no other account's word is anything changed.
    tx_hash : str
    block : int
    addresses
        Of ledger, guard, treasury and notes, lower-case hex.
    """

    network: str
    chain_id: int
    deployer: str
    tx_hash: str
    block: int
    addresses: dict[str, str]

    def text(self) -> str:
        """Give the file's content; the same deployment has the same bytes."""
        contracts = {
            name: {
                "contract": CONTRACTS[name],
                "address": address,
                "code_hash": code_hash(name),
            }
            for name, address in self.addresses.items()
        }
        document = {
            "schema": SCHEMA,
            "network": self.network,
            "chain_id": self.chain_id,
            "deployer": self.deployer,
            "transaction": self.tx_hash,
            "block": self.block,
            "contracts": contracts,
        }
        return json.dumps(document, sort_keys=True, indent=1) + "\n"


def code_hash(name: str) -> str:
    """Give keccak-256 of the runtime code that a contract must have.

    >>> len(code_hash("notes"))
    66
    """
    return "0x" + keccak(bytes.fromhex(contract(name)["runtime"][2:])).hex()


def network_of(chain_id: int) -> str:
    """Give what a chain is called.

    >>> network_of(31337), network_of(7)
    ('anvil', 'chain-7')
    """
    return NETWORKS.get(chain_id, f"chain-{chain_id}")


def path_of(folder: Path, network: str) -> Path:
    """Give the file of a network.

    Raises
    ------
    UsageError
        The name is none for a file.
    """
    if _NAME.fullmatch(network) is None:
        raise UsageError(
            f"'{network}' is no name for a network", hint="letters, digits and -, e.g. sepolia"
        )
    return folder / f"{network}.json"


def read(path: Path) -> Deployment | None:
    """Give a recorded deployment, None if there is no such file.

    Raises
    ------
    SpecError
        The file is of another form.
    """
    if not path.is_file():
        return None
    try:
        return _parsed(read_json(path.read_bytes()))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SpecError(
            f"is no record of a deployment: {error}", path=path, hint="restore it with git"
        ) from error


def _parsed(document: dict[str, Any]) -> Deployment:
    if document["schema"] != SCHEMA or document.keys() != _FIELDS:
        raise ValueError(f"its fields are not those of {SCHEMA}")
    return Deployment(
        network=str(document["network"]),
        chain_id=int(document["chain_id"]),
        deployer=str(document["deployer"]),
        tx_hash=str(document["transaction"]),
        block=int(document["block"]),
        addresses={n: str(document["contracts"][n]["address"]) for n in CONTRACTS},
    )


def write(path: Path, deployment: Deployment, *, force: bool = False) -> None:
    """Record a deployment, whole or not at all.

    Raises
    ------
    UsageError
        Another one is recorded there.
    """
    known = read(path)
    if known is not None and known != deployment and not force:
        raise _another(path, known)
    write_whole(path, deployment.text())


def _another(path: Path, known: Deployment) -> UsageError:
    return UsageError(
        f"records {known.addresses['ledger']} on chain {known.chain_id}",
        path=path,
        hint="--network NAME for another file; --force to replace it",
    )


def deploy_recorded(
    url: str, folder: Path, *, signer: Signer, network: str | None = None, force: bool = False
) -> tuple[Deployment, Path, bool]:
    """Deploy the four contracts behind a JSON-RPC endpoint and record where they lie.

    What is recorded and lies there already is not deployed again.

    Returns
    -------
    deployment : Deployment
    path : Path
        The record.
    new : bool
        Whether anything was sent.

    Raises
    ------
    UsageError
        Another deployment is recorded there; nothing was sent.
    LedgerUnavailableError
        The chain cannot be reached, or refuses.
    """
    return deploy_at(
        provider_of(url),
        folder,
        signer=signer,
        network=network,
        force=force,
    )


def deploy_at(
    provider: BaseProvider,
    folder: Path,
    *,
    signer: Signer,
    network: str | None = None,
    force: bool = False,
) -> tuple[Deployment, Path, bool]:
    """Do `deploy_recorded` through any web3 provider."""
    w3 = Web3(provider)
    try:
        chain_id = int(w3.eth.chain_id)
        path = path_of(folder, network or network_of(chain_id))
        known = None if force else read(path)
        if known is not None:
            if known.chain_id == chain_id and _is_there(w3, known.addresses):
                return known, path, False
            raise _another(path, known)
    except (Web3Exception, OSError) as error:
        raise LedgerUnavailableError(
            f"the chain does not answer: {error}", hint="is its node running?"
        ) from error
    receipt: Any = transact(w3, {"data": contract()["bytecode"]}, signer, chain_id)
    made = Deployment(
        network=path.stem,
        chain_id=chain_id,
        deployer=signer.address.lower(),
        tx_hash="0x" + bytes(receipt["transactionHash"]).hex(),
        block=int(receipt["blockNumber"]),
        addresses=addresses_of(str(receipt["contractAddress"])),
    )
    write(path, made, force=force)
    return made, path, True


def _is_there(w3: Web3, addresses: dict[str, str]) -> bool:
    return all(
        "0x" + bytes(w3.eth.get_code(Web3.to_checksum_address(place))).hex()
        == contract(name)["runtime"]
        for name, place in addresses.items()
    )
