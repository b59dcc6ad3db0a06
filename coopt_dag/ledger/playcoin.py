"""Coin on the embedded chain, for the asking: nothing is at stake there."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from web3.types import RPCEndpoint

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger.rpc import EmbeddedProvider

if TYPE_CHECKING:
    from pathlib import Path


def give(path: Path, who: str, wei: int, **options: Any) -> str:
    """Let an account of an embedded chain have coin; give the transaction's hash.

    Parameters
    ----------
    path
        The chain's file, which must be there.
    options
        `clock`: a function that gives seconds since 1970.

    Raises
    ------
    LedgerUnavailableError
        There is no such chain, or its faucet has not as much.
    """
    if not path.is_file():
        raise LedgerUnavailableError(
            "there is no ledger yet", path=path, hint="coopt challenge register CHALLENGE"
        )
    with closing(EmbeddedProvider(path, **options)) as provider:
        answer = provider.make_request(RPCEndpoint("coopt_fund"), [who, hex(wei)])
    if "result" not in answer:
        error: Any = answer.get("error", {})
        raise LedgerUnavailableError(
            f"the faucet gives nothing: {error.get('message', error)}", hint="ask for less"
        )
    return str(answer["result"])
