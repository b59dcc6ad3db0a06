"""Any JSON-RPC endpoint as the ledger's chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from web3 import HTTPProvider

from coopt_dag.ledger.evm import EvmLedger, deploy

if TYPE_CHECKING:
    from coopt_dag.ledger.protocol import Signer


def open_rpc(url: str, *, address: str, timeout_s: int = 30) -> EvmLedger:
    """Open the contract at `address` behind a JSON-RPC endpoint."""
    return EvmLedger(HTTPProvider(url, request_kwargs={"timeout": timeout_s}), address=address)


def deploy_rpc(url: str, *, signer: Signer, timeout_s: int = 30) -> str:
    """Deploy the contract behind a JSON-RPC endpoint; give its address."""
    return deploy(HTTPProvider(url, request_kwargs={"timeout": timeout_s}), signer=signer)
