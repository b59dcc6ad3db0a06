"""What is signed: EIP-712 digests, bound to chain, contract and purpose.

Source: EIP-712, https://eips.ethereum.org/EIPS/eip-712.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_NAME, _VERSION = "coopt-dag", "1"

_FIELDS: dict[str, tuple[tuple[str, str], ...]] = {
    "Request": (
        *(("from", "address"), ("nonce", "uint256")),
        *(("deadline", "uint64"), ("data", "bytes")),
    ),
    "ScoreCommitment": (
        *(("submissionId", "uint256"), ("metricVersion", "uint16")),
        *(("evaluator", "address"), ("commitment", "bytes32")),
    ),
    "Rescore": (
        *(("stepKey", "bytes32"), ("headId", "uint32"), ("oldWad", "int128")),
        *(("scoreWad", "int128"), ("because", "uint256"), ("changes", "uint24")),
    ),
    "Verdict": (("submissionId", "uint256"), ("upheld", "bool"), ("reportCid", "string")),
    "SettlementVerdict": (
        *(("challengeKey", "bytes32"), ("epoch", "uint256"), ("round", "uint32")),
        *(("upheld", "bool"), ("reportCid", "string")),
    ),
}


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a signature counts.

    Attributes
    ----------
    chain_id : int
    contract : str
        Lower-case hex address.
    """

    chain_id: int
    contract: str


def message(domain: Domain, purpose: str, **values: Any) -> dict[str, Any]:
    """Build the typed data that a wallet shows and signs.

    Parameters
    ----------
    purpose : str
        Request, ScoreCommitment, Rescore, Verdict or SettlementVerdict.
    values
        Its fields by the contract's names; `from_` stands for `from`.

    Examples
    --------
    >>> home = Domain(1337, "0x" + "11" * 20)
    >>> data = message(home, "Verdict", submissionId=3, upheld=True, reportCid="bafy")
    >>> data["primaryType"], data["domain"]["chainId"]
    ('Verdict', 1337)
    """
    fields = _FIELDS[purpose]
    given = {name.rstrip("_"): value for name, value in values.items()}
    return {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            purpose: [{"name": name, "type": kind} for name, kind in fields],
        },
        "primaryType": purpose,
        "domain": {
            "name": _NAME,
            "version": _VERSION,
            "chainId": domain.chain_id,
            "verifyingContract": domain.contract,
        },
        "message": {name: _plain(kind, given[name]) for name, kind in fields},
    }


def _plain(kind: str, value: Any) -> Any:
    """Write bytes as 0x-hex, so that the whole can be kept as JSON."""
    if not kind.startswith("bytes"):
        return value
    text = value.hex() if isinstance(value, bytes) else value.removeprefix("0x")
    return f"0x{text}"


def recover(typed: dict[str, Any], signature: str) -> str | None:
    """Give who signed typed data, lower case; None if the signature is none.

    A signature with a high `s` is none: OpenZeppelin refuses it, for it could be made from
    another's.
    """
    from eth_account import Account  # a second to import; few need it
    from eth_account.messages import encode_typed_data
    from eth_keys.exceptions import BadSignature

    raw = bytes.fromhex(signature.removeprefix("0x"))
    if len(raw) != 65 or int.from_bytes(raw[32:64], "big") > _HALF_ORDER or raw[64] not in {27, 28}:
        return None
    signable = encode_typed_data(full_message=typed)
    try:
        return str(Account.recover_message(signable, signature=raw)).lower()
    except (BadSignature, ValueError):
        return None


_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
