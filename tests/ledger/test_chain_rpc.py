"""What a client sees of a node: the same on the embedded chain and on anvil.

The shapes are those of the Ethereum execution API (github.com/ethereum/execution-apis, CC0): its
base types as patterns, its schemas' required fields as tables, its error cases as tests.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import rlp
from eth.rlp.accounts import Account
from eth_account import Account as Signer
from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address
from trie import HexaryTrie
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractLogicError

from coopt_dag.ledger.rpc import EmbeddedProvider

from .conftest import Anvil, person
from .nodes import CALLER, CLOCK, KEEPER, LOGGER, REVERTER, Node, embedded_node, http_node, word

ADDRESS = r"0x[0-9a-fA-F]{40}"
DATA = r"0x([0-9a-f]{2})*"
HASH = r"0x[0-9a-f]{64}"
UINT = r"0x(0|[1-9a-f][0-9a-f]*)"
BLOOM = r"0x[0-9a-f]{512}"

LOG = {
    **dict.fromkeys(("logIndex", "transactionIndex", "blockNumber"), UINT),
    **dict.fromkeys(("transactionHash", "blockHash"), HASH),
    "address": ADDRESS,
    "data": DATA,
}
RECEIPT = {
    **dict.fromkeys(("transactionIndex", "blockNumber", "type", "status"), UINT),
    **dict.fromkeys(("cumulativeGasUsed", "gasUsed", "effectiveGasPrice"), UINT),
    **dict.fromkeys(("transactionHash", "blockHash"), HASH),
    "from": ADDRESS,
    "logsBloom": BLOOM,
}
BLOCK = {
    **dict.fromkeys(("parentHash", "sha3Uncles", "hash", "mixHash"), HASH),
    **dict.fromkeys(("stateRoot", "transactionsRoot", "receiptsRoot", "withdrawalsRoot"), HASH),
    **dict.fromkeys(("number", "gasLimit", "gasUsed", "timestamp", "size"), UINT),
    **dict.fromkeys(("baseFeePerGas", "difficulty"), UINT),
    "miner": ADDRESS,
    "logsBloom": BLOOM,
    "extraData": DATA,
    "nonce": r"0x[0-9a-f]{16}",
}
TRANSACTION = {
    **dict.fromkeys(("type", "nonce", "gas", "value", "gasPrice", "blockNumber"), UINT),
    **dict.fromkeys(("transactionIndex", "r", "s", "chainId"), UINT),
    "from": ADDRESS,
    "input": DATA,
    "hash": HASH,
    "blockHash": HASH,
}
BY_TYPE: dict[str, dict[str, str]] = {
    "0x0": {"v": UINT},
    "0x1": {"yParity": "0x[01]"},
    "0x2": {"yParity": "0x[01]", "maxFeePerGas": UINT, "maxPriorityFeePerGas": UINT},
}
NOWHERE = "0x" + "de" * 32


def fits(answer: dict[str, Any], shape: dict[str, str]) -> None:
    wrong = {
        name: answer.get(name)
        for name, pattern in shape.items()
        if not isinstance(answer.get(name), str) or not re.fullmatch(pattern, answer[name])
    }
    assert wrong == {}


@pytest.fixture(params=["embedded", pytest.param("anvil", marks=pytest.mark.npm)])
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Node]:
    if request.param == "anvil":
        anvil: Anvil = request.getfixturevalue("anvil")
        yield http_node(anvil.url)
        return
    with closing(EmbeddedProvider(tmp_path / "ledger.sqlite")) as provider:
        yield embedded_node(provider)


@pytest.fixture
def logger(node: Node) -> str:
    return node.deploy(person(1), LOGGER)


def log(node: Node, logger: str, first: int, second: int, data: int = 7) -> dict[str, Any]:
    content = word(data) + word(first) + word(second)
    return node.send(person(1), to=logger, data=content)


def test_blocks_transactions_receipts_and_logs_have_the_standards_shapes(node: Node, logger: str):
    access = [{"address": logger, "storageKeys": ["0x" + "00" * 31 + "05"]}]
    prices = ({"gasPrice": 0}, {"gasPrice": 0, "accessList": access, "type": 1}, {})
    for number, price in enumerate(prices):
        receipt = node.send(person(1), to=logger, data=word(1) * 3, **price)
        fits(receipt, RECEIPT)
        assert receipt["type"] == hex(number)
        assert receipt["to"].lower() == logger.lower()
        assert receipt["contractAddress"] is None
        fits(receipt["logs"][0], LOG)
        assert receipt["logs"][0]["topics"] == ["0x" + word(1).hex()] * 2
        transaction = node.mined(receipt["transactionHash"])
        fits(transaction, TRANSACTION | BY_TYPE[transaction["type"]])
        assert transaction.get("accessList", access) in (access, []) or number == 1
        block = node.ask("eth_getBlockByHash", receipt["blockHash"], True)
        fits(block, BLOCK)
        assert block["transactions"] == [transaction]
        assert block["uncles"] == []


def test_a_creation_names_its_contract_and_nobody_as_recipient(node: Node):
    receipt = node.send(person(2), data=b"\x60\x00", gas=100_000)
    assert receipt["to"] is None
    assert re.fullmatch(ADDRESS, receipt["contractAddress"])


def test_what_is_not_there_is_null(node: Node):
    for method, params in (
        ("eth_getBlockByHash", [NOWHERE, False]),
        ("eth_getBlockByNumber", ["0xffffff", False]),
        ("eth_getTransactionByHash", [NOWHERE]),
        ("eth_getTransactionReceipt", [NOWHERE]),
        ("eth_getBlockTransactionCountByHash", [NOWHERE]),
        ("eth_getTransactionByBlockNumberAndIndex", ["0x0", "0x5"]),
        ("eth_getTransactionByBlockHashAndIndex", [NOWHERE, "0x0"]),
    ):
        assert node.ask(method, *params) is None, method


def test_unknown_methods_and_bad_parameters_have_the_standards_codes(node: Node):
    assert node.error("eth_frobnicate")["code"] == -32601
    for method, params in (
        ("eth_getBalance", []),
        ("eth_getBalance", ["0x1234", "latest"]),
        ("eth_getBalance", ["0x" + "zz" * 20, "latest"]),
        ("eth_getBlockByNumber", ["newest", False]),
        ("eth_getTransactionByHash", ["0x12"]),
        ("eth_getLogs", [{"blockHash": NOWHERE, "fromBlock": "0x0"}]),
        ("eth_call", ["no object", "latest"]),
    ):
        assert node.error(method, *params)["code"] == -32602, (method, params)


def test_every_tag_number_and_hash_finds_its_block(node: Node, logger: str):
    block = node.ask("eth_getBlockByNumber", "latest", False)
    number = int(block["number"], 16)
    assert node.ask("eth_blockNumber") == block["number"]
    assert node.ask("eth_getBlockByNumber", block["number"], False) == block
    assert node.ask("eth_getBlockByNumber", "earliest", False)["number"] == "0x0"
    assert node.ask("eth_getBlockByNumber", "pending", False)["number"] in (
        hex(number),
        hex(number + 1),
    )
    for tag in ("safe", "finalized"):
        assert node.ask("eth_getBlockByNumber", tag, False)["number"]
    code = node.ask("eth_getCode", logger, "latest")
    assert code == "0x" + LOGGER.hex()
    for which in (block["number"], {"blockHash": block["hash"]}, {"blockNumber": hex(number)}):
        assert node.ask("eth_getCode", logger, which) == code
    assert node.ask("eth_getCode", logger, hex(number - 1)) == "0x"
    assert node.ask("eth_getCode", logger, "earliest") == "0x"
    assert node.error("eth_getCode", logger, hex(number + 9))["code"] < 0


def test_a_blocks_receipts_and_transactions_are_counted_and_found_by_place(node: Node, logger: str):
    receipt = log(node, logger, 1, 2)
    number, block_hash = receipt["blockNumber"], receipt["blockHash"]
    assert node.ask("eth_getBlockReceipts", number) == [receipt]
    assert node.ask("eth_getBlockReceipts", block_hash) == [receipt]
    assert node.ask("eth_getBlockTransactionCountByNumber", number) == "0x1"
    assert node.ask("eth_getBlockTransactionCountByHash", block_hash) == "0x1"
    whole = node.mined(receipt["transactionHash"])
    for method, which in (
        ("eth_getTransactionByBlockNumberAndIndex", number),
        ("eth_getTransactionByBlockHashAndIndex", block_hash),
    ):
        assert node.ask(method, which, "0x0") == whole
        assert node.ask(method, which, "0x1") is None
    assert node.ask("eth_getUncleCountByBlockNumber", number) == "0x0"


def test_logs_are_chosen_by_address_and_every_form_of_topics(node: Node, logger: str):
    other = node.deploy(person(1), LOGGER)
    receipts = [log(node, logger, 1, 2), log(node, logger, 1, 3), log(node, other, 4, 3)]
    one, two, three, four = ("0x" + word(n).hex() for n in (1, 2, 3, 4))
    start = receipts[0]["blockNumber"]

    def found(**wanted: Any) -> list[int]:
        logs = node.ask("eth_getLogs", {"fromBlock": start, "toBlock": "latest", **wanted})
        hashes = [r["transactionHash"] for r in receipts]
        return [hashes.index(entry["transactionHash"]) for entry in logs]

    both = [logger, other]
    assert found(address=logger) == [0, 1]
    assert found(address=both) == [0, 1, 2]
    assert found(address=both, topics=[]) == [0, 1, 2]
    assert found(address=both, topics=[one]) == [0, 1]
    assert found(address=both, topics=[None, three]) == [1, 2]
    assert found(address=both, topics=[one, three]) == [1]
    assert found(address=both, topics=[[one, four], [three]]) == [1, 2]
    assert found(address=both, topics=[[], [two, three]]) == [0, 1, 2]
    assert found(address=both, topics=[three]) == []  # places count
    assert found(address=both, topics=[one, None]) == [0, 1]


def test_logs_are_chosen_by_block(node: Node, logger: str):
    first, second = log(node, logger, 1, 2), log(node, logger, 1, 2)

    def found(**wanted: Any) -> list[str]:
        return [x["blockNumber"] for x in node.ask("eth_getLogs", {"address": logger, **wanted})]

    one, two = first["blockNumber"], second["blockNumber"]
    assert found(fromBlock=one, toBlock=two) == [one, two]
    assert found(fromBlock=one, toBlock=one) == [one]
    assert found(fromBlock="earliest") == [one, two]
    assert found() == [two]  # both ends are the latest block if not said otherwise
    assert found(blockHash=first["blockHash"]) == [one]
    node.error("eth_getLogs", {"blockHash": NOWHERE})


def test_a_call_sees_the_accounts_of_its_block(node: Node):
    keeper, who = node.deploy(person(1), KEEPER), person(1)
    stored = [
        node.send(who, to=keeper, data=word(5) + word(value))["blockNumber"] for value in (8, 9)
    ]
    for block, value in zip((*stored, "latest"), (8, 9, 9), strict=True):
        assert node.ask("eth_getStorageAt", keeper, "0x5", block) == "0x" + word(value).hex()
    assert node.ask("eth_getStorageAt", keeper, "0x6", "latest") == "0x" + "00" * 32
    message = {"from": who.address, "to": keeper, "data": "0x" + (word(5) + word(1)).hex()}
    assert node.ask("eth_call", message, "latest") == "0x"
    assert node.ask("eth_call", message) == "0x"
    # A call leaves nothing behind.
    assert node.ask("eth_getStorageAt", keeper, "0x5", "latest") == "0x" + word(9).hex()


def test_a_revert_is_told_with_its_data_by_call_and_by_estimate(node: Node):
    reverter = node.deploy(person(1), REVERTER)
    data = "0x08c379a0" + (word(32) + word(4) + b"nope".ljust(32, b"\x00")).hex()
    for content in (data, "0x12345678", "0x"):
        message = {"from": person(1).address, "to": reverter, "data": content}
        for method in ("eth_call", "eth_estimateGas"):
            error = node.error(method, message)
            assert (error["code"], error["data"]) == (3, content)
            assert "revert" in error["message"]
    assert "nope" in node.error("eth_call", {"to": reverter, "data": data})["message"]
    receipt = node.send(person(1), to=reverter, data=bytes.fromhex("1234"))
    assert receipt["status"] == "0x0"
    assert receipt["logs"] == []


def test_an_estimate_succeeds_and_a_hundredth_less_does_not(node: Node):
    keeper, caller = node.deploy(person(1), KEEPER), node.deploy(person(1), CALLER)
    through = node.deploy(person(1), CALLER)
    inner = word(caller) + word(keeper) + word(3) + word(4)
    for number, (to, data) in enumerate(
        (
            (keeper, word(1) + word(2)),
            (caller, word(keeper) + word(2) + word(2)),
            (through, inner),
            (person(9).address, b""),
            (person(9).address, b"\x01" * 3000),  # EIP-7623's floor
        )
    ):
        message = {"from": person(1).address, "to": to, "data": "0x" + data.hex()}
        gas = int(node.ask("eth_estimateGas", message), 16)
        less = gas * 98 // 100 - 1
        enough = node.answer("eth_call", message | {"gas": hex(gas)}, "latest")
        assert "result" in enough, (number, gas, enough)
        assert "error" in node.answer("eth_call", message | {"gas": hex(less)}, "latest"), number
        assert node.send(person(1), to=to, data=data, gas=gas)["status"] == "0x1"


def test_ether_moves_with_a_transaction_and_none_is_sent_that_is_not_there(node: Node):
    rich, poor = person(70), "0x" + "7a" * 20
    node.fund(rich.address, 10**18)
    before = int(node.ask("eth_getBalance", poor, "latest"), 16)
    block = node.send(rich, to=poor, value=10**17)["blockNumber"]
    assert int(node.ask("eth_getBalance", poor, "latest"), 16) == before + 10**17
    assert int(node.ask("eth_getBalance", rich.address, "latest"), 16) == 9 * 10**17
    assert int(node.ask("eth_getBalance", poor, hex(int(block, 16) - 1)), 16) == before
    too_much = {"from": rich.address, "to": poor, "value": hex(10**18)}
    assert "insufficient funds" in node.error("eth_call", too_much)["message"].lower()
    raw = node.signed(rich, to=poor, value=10**18)
    assert "insufficient funds" in node.error("eth_sendRawTransaction", raw)["message"].lower()


def wait_until(holds: Callable[[], bool]) -> None:
    """Anvil takes a transaction before it is in a block."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_transaction_that_cannot_go_into_a_block_is_refused_with_geths_words(node: Node):
    who, to = person(71), Web3.to_checksum_address("0x" + "7b" * 20)
    raw = node.signed(who, to=to)
    node.ask("eth_sendRawTransaction", raw)
    wait_until(lambda: node.ask("eth_getTransactionCount", who.address, "latest") == "0x1")

    def refusal(**fields: Any) -> str:
        signed = "0x" + bytes(who.sign(node.filled(**fields))).hex()
        return node.error("eth_sendRawTransaction", signed)["message"].lower()

    assert "nonce too low" in refusal(nonce=0, to=to, gas=50_000)
    assert "intrinsic gas too low" in refusal(nonce=1, to=to, gas=20_999)
    assert "chain id" in refusal(nonce=1, to=to, chainId=node.chain_id + 1)
    assert node.error("eth_sendRawTransaction", "0x")["code"] < 0
    assert node.error("eth_sendRawTransaction", "0xc0c0")["code"] < 0
    assert node.error("eth_sendRawTransaction", raw[:-2])["code"] < 0
    assert int(node.ask("eth_getTransactionCount", who.address, "latest"), 16) == 1


def test_an_account_and_a_word_of_storage_are_proven_below_the_state_root(node: Node):
    keeper = node.deploy(person(1), KEEPER)
    node.send(person(1), to=keeper, data=word(5) + word(9))
    head = node.ask("eth_getBlockByNumber", "latest", False)
    proof = node.ask("eth_getProof", keeper, ["0x" + word(n).hex() for n in (5, 6)], "latest")

    def proven(root: str, key: bytes, nodes: list[str]) -> bytes:
        parts = [rlp.decode(bytes.fromhex(n[2:])) for n in nodes]
        return bytes(HexaryTrie.get_from_proof(bytes.fromhex(root[2:]), keccak(key), parts))

    found = proven(head["stateRoot"], bytes.fromhex(keeper[2:]), proof["accountProof"])
    account = rlp.decode(found, sedes=Account)
    assert "0x" + account.storage_root.hex() == proof["storageHash"]
    assert "0x" + account.code_hash.hex() == proof["codeHash"]
    five, six = proof["storageProof"]
    assert proven(proof["storageHash"], word(5), five["proof"]) == rlp.encode(9)
    assert (five["value"], six["value"]) == ("0x9", "0x0")
    assert proven(proof["storageHash"], word(6), six["proof"]) == b""


def test_the_chain_tells_of_itself(node: Node, logger: str):
    assert node.ask("eth_chainId") == hex(node.chain_id)
    assert node.ask("net_version") == str(node.chain_id)
    assert node.ask("eth_syncing") is False
    assert node.ask("web3_sha3", "0x") == "0x" + keccak(b"").hex()
    history = node.ask("eth_feeHistory", "0x2", "latest", [50])
    assert len(history["gasUsedRatio"]) == 2
    assert len(history["baseFeePerGas"]) == 3
    assert [len(row) for row in history["reward"]] == [1, 1]
    assert int(history["oldestBlock"], 16) == int(node.ask("eth_blockNumber"), 16) - 1


def test_where_anvil_goes_its_own_way_the_embedded_chain_follows_geth(tmp_path: Path):
    with closing(EmbeddedProvider(tmp_path / "ledger.sqlite")) as provider:
        node = embedded_node(provider)
        logger = node.deploy(person(1), LOGGER)
        log(node, logger, 1, 2)
        for method in ("eth_getBlockReceipts", "eth_getBlockTransactionCountByNumber"):
            assert node.ask(method, "0xffffff") is None
        # A log of two topics does not fit a filter of three places, were they all empty.
        for places, fitting in ((2, 1), (3, 0)):
            wanted = {"fromBlock": "0x0", "topics": [None] * places}
            assert len(node.ask("eth_getLogs", wanted)) == fitting
        for bad in (
            {"fromBlock": "0x2", "toBlock": "0x1"},
            {"topics": [None] * 5},
            {"address": ["0x" + "11" * 20] * 1001},
            {"topics": "0x" + "11" * 32},
            "no filter",
        ):
            assert node.error("eth_getLogs", bad)["code"] == -32602, bad
        poor = {"from": "0x" + "7c" * 20, "to": logger, "value": "0x1"}
        assert "insufficient funds" in node.error("eth_estimateGas", poor)["message"]
        assert node.error("eth_getBlockByNumber", "0x01", False)["code"] == -32602
        assert node.error("eth_getBlockByNumber", "0x1", 1)["code"] == -32602
        assert node.error("eth_getBalance", logger, {"of": 1})["code"] == -32602
        assert node.error("eth_call", {"to": logger}, "latest", {logger: {}})["code"] == -32602
        assert node.error("eth_chainId", 1)["code"] == -32602
        assert node.error("eth_getStorageAt", logger, "0x" + "ff" * 33)["code"] == -32602


@pytest.mark.npm
def test_both_nodes_use_the_same_gas(anvil: Anvil, tmp_path: Path):
    with closing(EmbeddedProvider(tmp_path / "ledger.sqlite")) as provider:
        used = []
        for node in (embedded_node(provider), http_node(anvil.url)):
            who = person(72)
            keeper, caller = node.deploy(who, KEEPER), node.deploy(who, CALLER)
            receipts = [
                node.send(who, to=keeper, data=word(1) + word(2)),
                node.send(who, to=keeper, data=word(1) + word(0)),  # a refund
                node.send(who, to=caller, data=word(keeper) + word(5) + word(6)),
                node.send(who, to=keeper, data=b"\x01" * 5000),
                node.send(who, data=b"\xfe", gas=90_000),
            ]
            used.append([(r["gasUsed"], r["status"]) for r in receipts])
        assert used[0] == used[1]


@pytest.mark.npm
@pytest.mark.parametrize("number", range(1, 0x12))
def test_both_nodes_have_the_same_precompiled_contracts(anvil: Anvil, tmp_path: Path, number: int):
    rng = random.Random(number)
    lengths = (0, 32, 64, 96, 128, 160, 192, 213, 256, 384)
    contents = [rng.randbytes(length) for length in lengths] + [word(1) * 3 + b"\x02\x03\x05"]
    with closing(EmbeddedProvider(tmp_path / "ledger.sqlite")) as provider:
        for content in contents:
            message = {"to": "0x" + word(number)[12:].hex(), "data": "0x" + content.hex()}
            message["gas"] = hex(1_000_000)  # a base of random bytes costs more, and fails on both
            ours, theirs = (
                node.answer("eth_call", message, "latest").get("result")
                for node in (embedded_node(provider), http_node(anvil.url))
            )
            assert ours == theirs, content.hex()


def test_an_account_can_lend_itself_a_contracts_code(node: Node):
    # EIP-7702; one authorization that does not hold makes the transaction no worse.
    clock = node.deploy(person(1), CLOCK)
    holder = Signer.from_key((1074).to_bytes(32, "big"))
    nonce = int(node.ask("eth_getTransactionCount", holder.address, "latest"), 16)
    terms = {"chainId": node.chain_id, "address": to_checksum_address(clock), "nonce": nonce}
    good, bad = (holder.sign_authorization({**terms, "nonce": n}) for n in (nonce, nonce + 99))
    receipt = node.send(
        person(1), to=holder.address, type=4, authorizationList=[bad, good], gas=200_000
    )
    assert (receipt["type"], receipt["status"]) == ("0x4", "0x1")
    code = node.ask("eth_getCode", holder.address, "latest")
    assert code == "0xef0100" + clock[2:].lower()
    assert int(node.ask("eth_call", {"to": holder.address}, "latest"), 16) > 0
    shown = node.mined(receipt["transactionHash"])
    fits(shown, TRANSACTION | BY_TYPE["0x2"])
    assert [entry["nonce"] for entry in shown["authorizationList"]] == [hex(nonce + 99), hex(nonce)]


def test_web3_deploys_calls_and_reads_with_its_own_methods(node: Node, anvil_or_file: Any):
    w3: Web3 = anvil_or_file(node)
    account = Signer.from_key((1073).to_bytes(32, "big"))
    to = Web3.to_checksum_address(node.deploy(person(1), REVERTER))
    with pytest.raises(ContractLogicError):
        w3.eth.call({"to": to, "data": "0x12345678"})
    nonce = w3.eth.get_transaction_count(account.address)
    signed = account.sign_transaction(node.filled(nonce, to=account.address))
    tx_hash = w3.eth.send_raw_transaction(signed.raw_transaction)
    receipt = w3.eth.wait_for_transaction_receipt(tx_hash)
    assert receipt["effectiveGasPrice"] == 0
    assert w3.eth.get_transaction(tx_hash)["from"] == account.address
    assert w3.eth.get_block(receipt["blockNumber"])["transactions"] == [tx_hash]
    with w3.batch_requests() as batch:
        batch.add(w3.eth.get_balance(account.address))
        batch.add(w3.eth.get_block(receipt["blockNumber"]))
        balance, block = batch.execute()
    assert (balance, block["hash"]) == (0, receipt["blockHash"])


@pytest.fixture
def anvil_or_file(request: pytest.FixtureRequest) -> Any:
    def client(node: Node) -> Web3:
        provider = getattr(node.post, "__self__", None)
        if provider is None:
            provider = HTTPProvider(request.getfixturevalue("anvil").url)
        return Web3(provider)

    return client
