"""The default ledger: the contract on a real EVM in one file, deployed when first opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.ledger.evm import EvmLedger, deploy
from coopt_dag.ledger.keys import KeySigner
from coopt_dag.ledger.rpc import EmbeddedProvider

if TYPE_CHECKING:
    from pathlib import Path

# The contract has no owner and no constructor: who deploys it has no rights, and needs none.
_DEPLOYER = bytes(31) + b"\x01"


def open_embedded(path: Path, **options: Any) -> EvmLedger:
    """Open the embedded ledger; make it, with its contract, if the file is not there.

    Parameters
    ----------
    options
        `clock`: a function that gives seconds since 1970.
    """
    provider = EmbeddedProvider(path, **options)
    address = provider.file.meta("address")
    if address is None:
        address = deploy(provider, signer=KeySigner.of(_DEPLOYER))
        provider.file.set_meta("address", address)
    return EvmLedger(provider, address=address)
