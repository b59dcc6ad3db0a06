"""The default ledger: the contract on a real EVM in one file, deployed when first opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger.chainfile import ADDRESSES
from coopt_dag.ledger.evm import EvmLedger, deploy
from coopt_dag.ledger.keys import KeySigner
from coopt_dag.ledger.rpc import EmbeddedProvider

if TYPE_CHECKING:
    from pathlib import Path

# Everybody knows this key. Who deploys may brake new things, for a week at a time, and nothing
# else; whoever can write the file could do worse.
_DEPLOYER = bytes(31) + b"\x01"
ADDRESS = ADDRESSES["ledger"]


def open_embedded(path: Path, **options: Any) -> EvmLedger:
    """Open the embedded ledger; make it, with its contract, if the file is not there.

    Parameters
    ----------
    options
        `clock`: a function that gives seconds since 1970.
    """
    provider = EmbeddedProvider(path, **options)
    _deploy_once(provider)
    return EvmLedger(provider, address=ADDRESS)


def _deploy_once(provider: EmbeddedProvider) -> None:
    account = bytes.fromhex(ADDRESS[2:])
    if provider.chain.state().get_code(account):
        return
    try:
        deploy(provider, signer=KeySigner.of(_DEPLOYER))
    except LedgerUnavailableError:
        if not provider.chain.state().get_code(account):
            raise  # otherwise another process was faster, and its contract is ours as well
