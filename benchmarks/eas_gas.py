"""What the Ethereum Attestation Service takes for one attestation, from receipts.

Its contracts are those that it publishes (npm, MIT): EAS and SchemaRegistry 1.9.0.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from web3 import Web3

if TYPE_CHECKING:
    from web3.providers.base import BaseProvider

PACKAGE = Path(__file__).parent / "eas/node_modules/@ethereum-attestation-service/eas-contracts"
NOBODY = "0x" + "00" * 20
SCHEMA = "bytes32 submission, int256 score, bytes32 report"
PAYLOAD = bytes(range(1, 97))  # three words, none of them zero
MANY = 10


def eas_gas(provider: BaseProvider) -> dict[str, int]:
    """Give gas: direct, signed and relayed, and each of ten at once; the first is not counted."""
    w3 = Web3(provider)
    sender, _, recipient = list(w3.eth.accounts)[:3]
    data = _data(recipient)
    registry = _deployed(w3, "SchemaRegistry")
    eas = _deployed(w3, "EAS", registry.address)
    schema = _mined(w3, registry.functions.register(SCHEMA, NOBODY, True), sender)
    uid = registry.events.Registered().process_receipt(schema)[0]["args"]["uid"]
    # The first attestation of all, and of a signer, pays for storage that later ones find.
    _mined(w3, eas.functions.attest((uid, data)), sender)
    direct = _mined(w3, eas.functions.attest((uid, data)), sender)
    _delegated(w3, eas, uid)
    relayed = _delegated(w3, eas, uid)
    many = _mined(w3, eas.functions.multiAttest([(uid, [data] * MANY)]), sender)
    return {
        "attest": int(direct["gasUsed"]),
        "attest, signed and relayed": int(relayed["gasUsed"]),
        f"attest, each of {MANY} in one call": int(many["gasUsed"]) // MANY,
    }


def _data(recipient: str) -> tuple[str, int, bool, bytes, bytes, int]:
    """Give a request's data: recipient, no expiry, revocable, no reference, payload, no value."""
    return (recipient, 0, True, bytes(32), PAYLOAD, 0)


def _delegated(w3: Web3, eas: Any, uid: bytes) -> Any:
    """Let account 1 sign, as EIP-712 asks, and account 0 bring."""
    relayer, signer, recipient = list(w3.eth.accounts)[:3]
    data = _data(recipient)
    _, expires, revocable, reference, payload, value = data
    deadline = int(w3.eth.get_block("latest")["timestamp"]) + 3600
    message = {
        "attester": signer,
        "schema": uid,
        "recipient": recipient,
        "expirationTime": expires,
        "revocable": revocable,
        "refUID": reference,
        "data": payload,
        "value": value,
        "nonce": eas.functions.getNonce(signer).call(),
        "deadline": deadline,
    }
    signature = bytes.fromhex(_sign(w3, eas, signer, message)[2:])
    r, s, v = signature[:32], signature[32:64], signature[64]
    request = (uid, data, (v, r, s), signer, deadline)
    return _mined(w3, eas.functions.attestByDelegation(request), relayer)


def _sign(w3: Web3, eas: Any, signer: str, message: dict[str, Any]) -> str:
    """Ask the chain's own account to sign typed data."""
    kinds = {
        **dict.fromkeys(("attester", "recipient"), "address"),
        **dict.fromkeys(("schema", "refUID"), "bytes32"),
        **dict.fromkeys(("expirationTime", "deadline"), "uint64"),
        **dict.fromkeys(("value", "nonce"), "uint256"),
        "revocable": "bool",
        "data": "bytes",
    }
    typed = {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "Attest": [{"name": name, "type": kinds[name]} for name in message],
        },
        "primaryType": "Attest",
        "domain": {
            "name": eas.functions.getName().call(),
            "version": eas.functions.version().call(),
            "chainId": w3.eth.chain_id,
            "verifyingContract": eas.address,
        },
        "message": {
            name: "0x" + value.hex() if isinstance(value, bytes) else value
            for name, value in message.items()
        },
    }
    answer = w3.provider.make_request("eth_signTypedData_v4", [signer, typed])  # type: ignore[arg-type]
    return str(answer["result"])


def _deployed(w3: Web3, name: str, *arguments: Any) -> Any:
    path = PACKAGE / f"artifacts/contracts/{name}.sol/{name}.json"
    artifact = json.loads(path.read_text(encoding="utf-8"))
    maker = w3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
    receipt = _mined(w3, maker.constructor(*arguments), w3.eth.accounts[0])
    return w3.eth.contract(address=receipt["contractAddress"], abi=artifact["abi"])


def _mined(w3: Web3, call: Any, sender: str) -> Any:
    receipt = w3.eth.wait_for_transaction_receipt(call.transact({"from": sender}))
    if receipt["status"] != 1:
        raise RuntimeError(f"the call failed in its block: {call}")
    return receipt
