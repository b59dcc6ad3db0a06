"""Any JSON-RPC endpoint as the ledger's chain."""

from __future__ import annotations

from web3 import HTTPProvider

from coopt_dag.ledger.evm import EvmLedger


def open_rpc(url: str, *, address: str, timeout_s: int = 30) -> EvmLedger:
    """Open the contract at `address` behind a JSON-RPC endpoint."""
    return EvmLedger(HTTPProvider(url, request_kwargs={"timeout": timeout_s}), address=address)
