"""The ledger on a chain: any web3 provider, embedded or remote, through the same contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from web3 import Web3
from web3.exceptions import ContractCustomError, ContractLogicError, TimeExhausted, Web3Exception

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger import actions as ac
from coopt_dag.ledger.artifact import contract
from coopt_dag.ledger.logs import DIRECTIONS, Decoder, Log
from coopt_dag.ledger.protocol import Head, Receipt
from coopt_dag.ledger.refusals import refused

if TYPE_CHECKING:
    from web3.providers.base import BaseProvider
    from web3.types import TxParams

    from coopt_dag.ledger.events import Event
    from coopt_dag.ledger.protocol import Signer

RECEIPT_TIMEOUT_S = 60
_GAS_MARGIN = 1.2  # storage may have warmed or cooled between estimate and execution


class EvmLedger:
    """Speaks to one deployed contract.

    Parameters
    ----------
    provider
        Any web3 provider.
    address : str
        Where the contract lies; its code must be the committed runtime, byte by byte.

    Raises
    ------
    LedgerUnavailableError
        The chain cannot be reached, or holds other code at this address.
    """

    def __init__(self, provider: BaseProvider, *, address: str) -> None:
        self._w3 = Web3(provider)
        self.address = address.lower()
        try:
            code = self._w3.eth.get_code(Web3.to_checksum_address(address))
        except (Web3Exception, OSError) as error:
            raise LedgerUnavailableError(
                f"the chain does not answer: {error}", hint="is its node running?"
            ) from error
        if "0x" + bytes(code).hex() != contract()["runtime"]:
            raise LedgerUnavailableError(
                f"{address} holds {len(code)} bytes of code that are not this ledger's "
                f"{len(contract()['runtime']) // 2 - 1}",
                hint="check [ledger] address in coopt.toml, and the version of coopt",
            )
        self._contract = self._w3.eth.contract(
            address=Web3.to_checksum_address(address), abi=contract()["abi"]
        )
        self._chain_id = self._w3.eth.chain_id
        self._decoder = Decoder()
        self._events: list[Event] = []
        self._next_block = 0

    def send(self, action: ac.Action, *, signer: Signer) -> Receipt:
        """Sign an action, send it, and wait until it is in a block."""
        function, arguments = call_of(action)
        data = self._contract.encode_abi(function, args=arguments)
        receipt = transact(
            self._w3, {"to": self._contract.address, "data": data}, signer, self._chain_id
        )
        events = [e for e in self.events() if e.tx_hash == _hex(receipt["transactionHash"])]
        return Receipt(
            tx_hash=_hex(receipt["transactionHash"]),
            block=int(receipt["blockNumber"]),
            events=tuple(events),
            gas_used=int(receipt["gasUsed"]),
        )

    def events(self, *, after: int = -1) -> list[Event]:
        """Give all events above `after`; logs are fetched once, then remembered."""
        end = int(self._w3.eth.block_number)
        if end >= self._next_block:
            logs = self._w3.eth.get_logs(
                {
                    "fromBlock": self._next_block,
                    "toBlock": end,
                    "address": self._contract.address,
                }
            )
            for raw in logs:
                event = self._decoder.decode(_log(raw))
                if event is not None:
                    self._events.append(event)
            self._next_block = end + 1
        return self._events[after + 1 :]

    def head(self) -> Head:
        """Give the latest block."""
        block = self._w3.eth.get_block("latest")
        return Head(int(block["number"]), _hex(block["hash"]), int(block["timestamp"]))

    def close(self) -> None:
        """Close the provider if it holds a file."""
        close = getattr(self._w3.provider, "close", None)
        if close is not None:
            close()


def _hex(value: Any) -> str:
    return "0x" + bytes(value).hex()


def _log(raw: Any) -> Log:
    return Log(
        block=int(raw["blockNumber"]),
        tx_hash=_hex(raw["transactionHash"]),
        topics=tuple(bytes(t) for t in raw["topics"]),
        data=bytes(raw["data"]),
    )


def call_of(  # noqa: C901, PLR0911  # one case an action
    action: ac.Action,
) -> tuple[str, list[Any]]:
    """Give the contract's function and arguments for an action."""
    match action:
        case ac.RegisterChallenge():
            who = [Web3.to_checksum_address(a) for a in action.evaluators]
            return "registerChallenge", [
                *(action.challenge, action.manifest_cid, who),
                *(action.slots, action.closes_at),
            ]
        case ac.RegisterStep():
            return "registerStep", [
                *(action.challenge, action.step, action.spec_cid),
                *(DIRECTIONS.index(action.direction), action.min_delta_wad, action.claim_cap),
            ]
        case ac.Claim():
            return "claim", [action.challenge, action.step, action.duration_s]
        case ac.Release():
            return "release", [action.challenge, action.step]
        case ac.Submit():
            return "submit", [
                *(action.challenge, action.step, action.solution_cid),
                list(action.parents),
            ]
        case ac.Score():
            return "score", [
                *(action.submission_id, action.step_score_wad, action.e2e_score_wad),
                action.report_cid,
            ]
        case ac.Reject():
            return "reject", [action.submission_id, action.reason, action.report_cid]
        case ac.Rescore():
            return "rescore", [action.challenge, action.step, action.score_wad, action.because]
        case ac.Anchor():
            return "anchor", [action.challenge, action.revision, action.root_cid]
        case ac.Seal():
            return "seal", [action.challenge, bytes.fromhex(action.root), action.sealed_cid]
        case ac.Unseal():
            return "unseal", [action.challenge, action.epoch, action.keys_cid]


def transact(w3: Web3, call: dict[str, Any], signer: Signer, chain_id: int) -> Any:
    """Send a transaction and give its receipt.

    Raises
    ------
    LedgerRefusedError
        The contract reverts; nothing was sent.
    LedgerUnavailableError
        The chain fails or does not include it in time.
    """
    sender = Web3.to_checksum_address(signer.address)
    try:
        wanted = cast("TxParams", {**call, "from": sender})
        gas = int(w3.eth.estimate_gas(wanted) * _GAS_MARGIN)
        transaction = {
            **call,
            "value": 0,
            "chainId": chain_id,
            "type": 2,
            "gas": gas,
            "nonce": w3.eth.get_transaction_count(sender, "pending"),
            **_fees(w3),
        }
        tx_hash = w3.eth.send_raw_transaction(signer.sign(transaction))
        receipt = w3.eth.wait_for_transaction_receipt(
            tx_hash, timeout=RECEIPT_TIMEOUT_S, poll_latency=0.02
        )
    except ContractCustomError as error:
        raise refused(_custom_error(w3, str(error.data))) from error
    except ContractLogicError as error:
        raise refused(str(error)) from error
    except TimeExhausted as error:
        raise LedgerUnavailableError(
            f"the transaction was not included within {RECEIPT_TIMEOUT_S} s",
            hint="it may still be; look at `coopt log` before you try again",
        ) from error
    except (Web3Exception, OSError) as error:
        raise LedgerUnavailableError(
            f"the chain refused the transaction: {error}",
            hint="has the identity enough funds for gas?",
        ) from error
    if receipt["status"] != 1:
        raise LedgerUnavailableError(
            f"the transaction {_hex(tx_hash)} failed in its block",
            hint="somebody was faster; look at `coopt log` and try again",
        )
    return receipt


def _fees(w3: Web3) -> dict[str, int]:
    """Give EIP-1559 fees: what the chain asks for, zero on chains that ask for nothing."""
    base = int(w3.eth.get_block("latest").get("baseFeePerGas", 0))
    if base == 0:
        return {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0}
    tip = int(w3.eth.max_priority_fee)
    return {"maxFeePerGas": 2 * base + tip, "maxPriorityFeePerGas": tip}


def _custom_error(w3: Web3, data: str) -> str:
    for entry in contract()["abi"]:
        if entry["type"] == "error":
            selector = "0x" + bytes(w3.keccak(text=f"{entry['name']}()"))[:4].hex()
            if data.startswith(selector):
                return str(entry["name"])
    return data


def deploy(provider: BaseProvider, *, signer: Signer) -> str:
    """Deploy the committed contract; give its address, lower case."""
    w3 = Web3(provider)
    receipt = transact(w3, {"data": contract()["bytecode"]}, signer, w3.eth.chain_id)
    return str(receipt["contractAddress"]).lower()
