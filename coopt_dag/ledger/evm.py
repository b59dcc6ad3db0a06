"""The ledger on a chain: any web3 provider, embedded or remote, through the same contracts."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from web3 import Web3
from web3.exceptions import ContractCustomError, ContractLogicError, Web3Exception

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger.artifact import CONTRACTS, contract
from coopt_dag.ledger.codec import encode_call, selector
from coopt_dag.ledger.erc20 import allow
from coopt_dag.ledger.hashing import keccak
from coopt_dag.ledger.history import IndexedHistory, MemoryHistory
from coopt_dag.ledger.index.book import Index, index_path
from coopt_dag.ledger.index.source import NodeSource
from coopt_dag.ledger.node import Node
from coopt_dag.ledger.protocol import Head, Receipt
from coopt_dag.ledger.refusals import UNNAMED, refused
from coopt_dag.ledger.sender import Sender
from coopt_dag.ledger.typed import Domain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from web3.providers.base import BaseProvider
    from web3.types import TxParams

    from coopt_dag.ledger import actions as ac
    from coopt_dag.ledger.events import Event
    from coopt_dag.ledger.history import History
    from coopt_dag.ledger.protocol import Signer

# The ledger's constructor makes them in this order; a contract's nonces count from 1.
_NONCES = {"guard": 1, "treasury": 2, "notes": 3}


def addresses_of(ledger: str) -> dict[str, str]:
    """Give the addresses of all contracts that were deployed with a ledger.

    >>> addresses_of("0x" + "11" * 20)["ledger"]
    '0x1111111111111111111111111111111111111111'
    """
    account = bytes.fromhex(ledger.removeprefix("0x"))
    # RLP of [20 bytes, a number below 128]: https://ethereum.github.io/yellowpaper, appendix B.
    made = {
        name: "0x" + keccak(b"\xd6\x94" + account + bytes([nonce]))[12:].hex()
        for name, nonce in _NONCES.items()
    }
    return {"ledger": ledger.lower(), **made}


class EvmLedger:
    """Speaks to one deployment of the contracts.

    Parameters
    ----------
    provider
        Any web3 provider.
    address : str
        Where the ledger's contract lies; its code, and that of the contracts it made, must be
        the committed runtime, byte by byte.
    index : Path, optional
        Folder in which events are kept, so that the next process need not read them again.

    Raises
    ------
    LedgerUnavailableError
        The chain cannot be reached, or holds other code at one of the addresses.
    """

    def __init__(self, provider: BaseProvider, *, address: str, index: Path | None = None) -> None:
        self._w3 = Web3(provider)
        self.addresses = addresses_of(address)
        self.address = self.addresses["ledger"]
        for name, place in self.addresses.items():
            require_code(self._w3, name, place)
        self._chain_id = int(self._w3.eth.chain_id)
        source = NodeSource(Node(provider), addresses=self.addresses.values())
        self.history: History = MemoryHistory(source)
        if index is not None:
            path = index_path(index, chain_id=self._chain_id, address=self.address)
            kept = Index(path, chain_id=self._chain_id, addresses=self.addresses)
            self.history = IndexedHistory(kept, source)
        self._homes: dict[str, Any] = {}
        """web3's contracts by our name: they take 20 ms to make."""

    def send(self, action: ac.Action, *, signer: Signer) -> Receipt:
        """Sign an action, send it, and wait until it is in a block."""
        call = encode_call(action)
        to = Web3.to_checksum_address(self.addresses[call.contract])
        receipt = transact(
            self._w3, {"to": to, "data": call.data, "value": call.value}, signer, self._chain_id
        )
        tx_hash, block = _hex(receipt["transactionHash"]), int(receipt["blockNumber"])
        return Receipt(
            tx_hash=tx_hash,
            block=block,
            events=tuple(self.history.of_transaction(tx_hash, block=block)),
            gas_used=int(receipt["gasUsed"]),
        )

    def events(self, *, after: int = -1) -> list[Event]:
        """Give all events above `after`, as the chain has them now."""
        return self.history.events(after=after)

    def head(self) -> Head:
        """Give the latest block."""
        block = self._w3.eth.get_block("latest")
        return Head(int(block["number"]), _hex(block["hash"]), int(block["timestamp"]))

    def domain(self, contract: str = "ledger") -> Domain:
        """Tell where signatures for a contract count: ledger, treasury or notes."""
        return Domain(self._chain_id, self.addresses[contract])

    def balance(self, address: str) -> int:
        """Give the coin that an account holds, in wei."""
        return int(self._w3.eth.get_balance(Web3.to_checksum_address(address)))

    def allow(self, token: str, amount: int, *, signer: Signer) -> str:
        """Let the treasury take so much of a token; give the transaction, empty if it may."""
        to = Web3.to_checksum_address(token)

        def send(data: bytes) -> str:
            receipt = transact(self._w3, {"to": to, "data": data}, signer, self._chain_id)
            return _hex(receipt["transactionHash"])

        with _refusals():
            return allow(
                self._w3,
                token,
                amount,
                owner=signer.address,
                spender=self.addresses["treasury"],
                send=send,
            )

    def rehearse(self, action: ac.Action, *, sender: str) -> int:
        """Give the gas that an action would take now; nothing is sent.

        Raises
        ------
        LedgerRefusedError
            The contract would revert.
        """
        call = encode_call(action)
        wanted = {
            "from": Web3.to_checksum_address(sender),
            "to": Web3.to_checksum_address(self.addresses[call.contract]),
            "data": call.data,
            "value": call.value,
        }
        with _refusals():
            return int(self._w3.eth.estimate_gas(cast("TxParams", wanted)))

    def gas_limit(self) -> int:
        """Give how much gas a block holds."""
        return int(self._w3.eth.get_block("latest")["gasLimit"])

    def read(self, contract_name: str, function: str, *arguments: Any) -> Any:
        """Ask a contract's view; addresses may be lower case."""
        if contract_name not in self._homes:
            self._homes[contract_name] = self._w3.eth.contract(
                address=Web3.to_checksum_address(self.addresses[contract_name]),
                abi=contract(contract_name)["abi"],
            )
        home = self._homes[contract_name]
        return home.functions[function](*map(_checksummed, arguments)).call()

    def close(self) -> None:
        """Close the provider if it holds a file, and the index."""
        self.history.close()
        close = getattr(self._w3.provider, "close", None)
        if close is not None:
            close()


def require_code(w3: Web3, name: str, address: str) -> None:
    """Insist that an address holds the committed runtime of a contract.

    Raises
    ------
    LedgerUnavailableError
        The chain does not answer, or the code is another.
    """
    try:
        code = bytes(w3.eth.get_code(Web3.to_checksum_address(address)))
    except (Web3Exception, OSError) as error:
        raise LedgerUnavailableError(
            f"the chain does not answer: {error}", hint="is its node running?"
        ) from error
    wanted = contract(name)["runtime"]
    if "0x" + code.hex() != wanted:
        raise LedgerUnavailableError(
            f"{address} holds {len(code)} bytes of code that are not this {CONTRACTS[name]}'s "
            f"{len(wanted) // 2 - 1}",
            hint="check [ledger] address in coopt.toml, and the version of coopt",
        )


def _checksummed(value: Any) -> Any:
    """Give an address as web3 wants it; everything else as it is."""
    return Web3.to_checksum_address(value) if Web3.is_address(value) else value


def _hex(value: Any) -> str:
    return "0x" + bytes(value).hex()


def transact(w3: Web3, call: dict[str, Any], signer: Signer, chain_id: int) -> Any:
    """Send a transaction and give its receipt.

    Raises
    ------
    LedgerRefusedError
        The contract reverts; nothing was sent.
    LedgerUnavailableError
        The chain fails or does not include it in time.
    """
    sender = Sender(Node(w3.provider), chain_id=chain_id, name_of=error_name)
    receipt = sender.transact(call, signer)
    return {
        "transactionHash": bytes.fromhex(receipt["transactionHash"][2:]),
        "blockNumber": int(receipt["blockNumber"], 16),
        "gasUsed": int(receipt["gasUsed"], 16),
        "contractAddress": receipt["contractAddress"],
    }


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what web3 raises into our errors."""
    try:
        yield
    except ContractCustomError as error:
        raise refused(error_name(str(error.data))) from error
    except ContractLogicError as error:
        has_data = str(error.data or "").removeprefix("0x")
        raise refused(str(error) if has_data else UNNAMED) from error
    except (Web3Exception, OSError) as error:
        raise LedgerUnavailableError(
            f"the chain refused the transaction: {error}",
            hint="has the identity enough funds for gas?",
        ) from error


def error_name(data: str) -> str:
    """Give the name of the custom error that revert data tell; the data, if it is none of ours.

    >>> error_name("0x30cd7471")
    'NotOwner'
    """
    return _error_names().get(bytes.fromhex(data.removeprefix("0x"))[:4], data)


@cache
def _error_names() -> dict[bytes, str]:
    errors = [e for home in CONTRACTS for e in contract(home)["abi"] if e["type"] == "error"]
    return {selector(e): str(e["name"]) for e in errors}


def deploy(provider: BaseProvider, *, signer: Signer) -> str:
    """Deploy the committed contracts; give the ledger's address, lower case."""
    w3 = Web3(provider)
    receipt = transact(w3, {"data": contract()["bytecode"]}, signer, w3.eth.chain_id)
    return str(receipt["contractAddress"]).lower()
