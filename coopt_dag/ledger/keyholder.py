"""Keys that another program holds, named `0xADDRESS@URL` wherever an identity can be named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from coopt_dag.errors import IdentityError
from coopt_dag.ledger.node import Node
from coopt_dag.ledger.remote import provider_of
from coopt_dag.ledger.signers import NodeSigner

if TYPE_CHECKING:
    from coopt_dag.ledger.protocol import Signer

_NAME = re.compile(r"(0x[0-9a-fA-F]{40})@(https?://\S+)")
_TIMEOUT_S = 120  # somebody may have to press a button


def keyholder(name: str) -> Signer:
    """Give the hand that a program at a URL lends us.

    It must know `eth_signTransaction` and `eth_signTypedData_v4`, as Clef and Web3Signer do.

    Raises
    ------
    IdentityError
        The name is of another form.

    Examples
    --------
    >>> keyholder("0x" + "AB" * 20 + "@http://127.0.0.1:8550").address[:6]
    '0xabab'
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise IdentityError(
            f"'{name}' names no key held elsewhere", hint="0xADDRESS@http://127.0.0.1:8550"
        )
    return NodeSigner(Node(provider_of(found[2], timeout_s=_TIMEOUT_S)), found[1].lower())
