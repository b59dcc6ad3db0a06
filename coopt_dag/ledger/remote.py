"""Any JSON-RPC endpoint as the ledger's chain, asked with patience."""

from __future__ import annotations

from typing import TYPE_CHECKING

from web3 import HTTPProvider

from coopt_dag.ledger.evm import EvmLedger, deploy
from coopt_dag.ledger.transport import PatientProvider

if TYPE_CHECKING:
    from pathlib import Path

    from coopt_dag.ledger.protocol import Signer


def provider_of(url: str, *, timeout_s: int = 30) -> PatientProvider:
    """Give what asks a JSON-RPC endpoint.

    >>> provider_of("http://127.0.0.1:8545").patience.tries
    6
    """
    # its own retries would multiply with ours
    inner = HTTPProvider(
        url, request_kwargs={"timeout": timeout_s}, exception_retry_configuration=None
    )
    return PatientProvider(inner)


def open_rpc(
    url: str, *, address: str, timeout_s: int = 30, index: Path | None = None
) -> EvmLedger:
    """Open the contracts at `address` behind a JSON-RPC endpoint.

    Parameters
    ----------
    index : Path, optional
        Folder in which the events are kept (see `EvmLedger`).
    """
    return EvmLedger(provider_of(url, timeout_s=timeout_s), address=address, index=index)


def deploy_rpc(url: str, *, signer: Signer, timeout_s: int = 30) -> str:
    """Deploy the contracts behind a JSON-RPC endpoint; give the ledger's address."""
    return deploy(provider_of(url, timeout_s=timeout_s), signer=signer)
