"""Several transactions in a block: their places, their gas, and what is refused alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import rlp
from eth.db.trie import make_trie_root_and_nodes
from eth.rlp.logs import Log
from eth.rlp.receipts import Receipt
from eth.vm.forks.prague.blocks import PragueBlock
from eth_bloom.bloom import BloomFilter
from eth_hash.auto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coopt_dag.ledger.chainblock import block_bytes, root
from coopt_dag.ledger.chaincheck import check_chain
from coopt_dag.ledger.chainrules import FAUCET, FAUCET_WEI
from coopt_dag.ledger.chaintx import Refusal
from coopt_dag.ledger.rpc import EmbeddedProvider

from .conftest import Clock, person
from .nodes import CLOCK, KEEPER, LOGGER, REVERTER, Node, embedded_node, word

ANN, BEN = person(3), person(4)


@dataclass
class Bed:
    """An embedded chain as a provider and as a node, with a clock that a test moves."""

    provider: EmbeddedProvider
    node: Node
    clock: Clock

    def send_many(self, *signed: str) -> list[Any]:
        """Send signed transactions together."""
        return self.provider.send_many([bytes.fromhex(raw[2:]) for raw in signed])

    def receipt(self, tx_hash: str) -> dict[str, Any]:
        return self.node.ask("eth_getTransactionReceipt", tx_hash)

    @property
    def height(self) -> int:
        return int(self.node.ask("eth_blockNumber"), 16)


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    clock = Clock()
    with closing(EmbeddedProvider(tmp_path / "ledger.sqlite", clock=clock)) as provider:
        yield Bed(provider, embedded_node(provider), clock)


def test_fifty_transactions_are_one_block_and_the_next_is_another(bed: Bed):
    logger = bed.node.deploy(ANN, LOGGER)
    start = bed.height
    raws = [bed.node.signed(ANN, to=logger, data=word(n) * 3) for n in range(51)]
    receipts = [bed.receipt(tx_hash) for tx_hash in bed.send_many(*raws)]
    assert bed.height == start + 2
    assert [int(r["blockNumber"], 16) - start for r in receipts] == [1] * 50 + [2]
    first = receipts[:50]
    assert [int(r["transactionIndex"], 16) for r in first] == list(range(50))
    assert [int(r["logs"][0]["logIndex"], 16) for r in first] == list(range(50))
    assert [int(r["logs"][0]["transactionIndex"], 16) for r in first] == list(range(50))
    used = 0
    for receipt in first:
        used += int(receipt["gasUsed"], 16)
        assert int(receipt["cumulativeGasUsed"], 16) == used
    block = bed.node.ask("eth_getBlockByNumber", hex(start + 1), False)
    assert int(block["gasUsed"], 16) == used
    assert block["transactions"] == [r["transactionHash"] for r in first]
    blooms = 0
    for receipt in first:
        blooms |= int(receipt["logsBloom"], 16)
    assert int(block["logsBloom"], 16) == blooms
    (last,) = receipts[50:]
    assert (last["transactionIndex"], last["logs"][0]["logIndex"]) == ("0x0", "0x0")
    logs = bed.node.ask("eth_getLogs", {"fromBlock": "0x0"})
    assert logs == [entry for receipt in receipts for entry in receipt["logs"]]


def test_a_blocks_roots_hash_and_bloom_are_what_py_evms_own_classes_compute(bed: Bed):
    logger, reverter = bed.node.deploy(ANN, LOGGER), bed.node.deploy(ANN, REVERTER)
    sent = [
        bed.node.signed(ANN, to=logger, data=word(1) * 3),
        bed.node.signed(ANN, to=reverter, data=b"\x01"),
        bed.node.signed(BEN, to=logger, data=word(2) * 3, gasPrice=0),
        bed.node.signed(BEN, to=logger, data=word(3) * 3, gasPrice=0, accessList=[], type=1),
    ]
    hashes = bed.send_many(*sent)
    receipts = [bed.receipt(tx_hash) for tx_hash in hashes]
    assert [r["status"] for r in receipts] == ["0x1", "0x0", "0x1", "0x1"]
    found = bed.provider.block_at(bed.height)
    encoded = block_bytes(found.header, [row.raw for row in found.transactions])
    block = rlp.decode(encoded, PragueBlock)
    shown = bed.node.ask("eth_getBlockByNumber", "latest", False)
    assert "0x" + block.header.hash.hex() == shown["hash"]
    assert int(shown["size"], 16) == len(encoded)
    assert make_trie_root_and_nodes(block.transactions)[0] == block.header.transaction_root
    theirs = [_receipt(r) for r in receipts]
    wrapped = [_typed(r, kind) for r, kind in zip(theirs, (2, 2, 0, 1), strict=True)]
    assert make_trie_root_and_nodes(wrapped)[0] == block.header.receipt_root
    bloom = BloomFilter()
    for receipt in theirs:
        bloom = BloomFilter(int(bloom) | receipt.bloom)
    assert int(bloom) == block.header.bloom
    assert [int(r["logsBloom"], 16) for r in receipts] == [r.bloom for r in theirs]
    senders = {t.sender for t in block.transactions}
    assert senders == {bytes.fromhex(who.address[2:]) for who in (ANN, BEN)}


def _receipt(receipt: dict[str, Any]) -> Receipt:
    logs = [
        Log(
            bytes.fromhex(entry["address"][2:]),
            [int(topic, 16) for topic in entry["topics"]],
            bytes.fromhex(entry["data"][2:]),
        )
        for entry in receipt["logs"]
    ]
    status = b"\x01" if receipt["status"] == "0x1" else b""
    return Receipt(status, int(receipt["cumulativeGasUsed"], 16), logs)


@dataclass
class _Encoded:
    content: bytes

    def encode(self) -> bytes:
        return self.content


def _typed(receipt: Receipt, kind: int) -> _Encoded:
    return _Encoded((bytes([kind]) if kind else b"") + rlp.encode(receipt))


def test_a_transaction_that_is_not_valid_is_refused_alone(bed: Bed):
    keeper = bed.node.deploy(ANN, KEEPER)
    good = [bed.node.signed(ANN, to=keeper, data=word(n) + word(7)) for n in range(2)]
    late = "0x" + bytes(BEN.sign(bed.node.filled(5, to=keeper))).hex()
    poor = "0x" + bytes(BEN.sign(bed.node.filled(0, to=keeper, value=1))).hex()
    reverter = bed.node.signed(BEN, data=b"\xfe", gas=100_000)
    start = bed.height
    answers = bed.send_many(good[0], late, "0xc0c0", poor, good[0], reverter, good[1])
    words = [a.message if isinstance(a, Refusal) else a for a in answers]
    refused = [n for n, answer in enumerate(answers) if isinstance(answer, Refusal)]
    assert refused == [1, 2, 3, 4]
    assert words[1].startswith("nonce too high")
    assert words[2].startswith("invalid transaction")
    assert words[3] == "insufficient funds for gas * price + value"
    assert words[4] == "already known"
    receipts = [bed.receipt(words[n]) for n in (0, 5, 6)]
    assert [r["status"] for r in receipts] == ["0x1", "0x0", "0x1"]
    assert [r["transactionIndex"] for r in receipts] == ["0x0", "0x1", "0x2"]
    assert bed.height == start + 1
    # The failed creation has used all its gas, and its nonce.
    assert int(receipts[1]["gasUsed"], 16) == 100_000
    assert bed.node.ask("eth_getTransactionCount", BEN.address, "latest") == "0x1"


def test_only_refused_transactions_make_no_block(bed: Bed):
    start = bed.height
    assert [type(a) for a in bed.send_many("0xc0", "0x")] == [Refusal, Refusal]
    assert bed.send_many() == []
    assert bed.height == start


def test_a_full_block_sends_the_rest_to_the_next(bed: Bed):
    # Two that fail and so use all their 20 million do not fit into 30.
    raws = [bed.node.signed(ANN, data=b"\xfe", gas=20_000_000) for _ in range(2)]
    raws.append(bed.node.signed(ANN, to=BEN.address, gas=1_000_000))
    start = bed.height
    numbers = [bed.receipt(h)["blockNumber"] for h in bed.send_many(*raws)]
    assert numbers == [hex(start + 1), hex(start + 2), hex(start + 2)]
    (refused,) = bed.send_many(bed.node.signed(ANN, to=BEN.address, gas=30_000_001))
    assert refused.message == "exceeds block gas limit"


def test_full_blocks_do_not_raise_the_price_of_gas(bed: Bed):
    # Above half of the limit, 15 million, Ethereum's base fee rises; here it stays 0.
    for _ in range(3):
        bed.node.send(ANN, data=b"\xfe", gas=29_000_000)
    block = bed.node.ask("eth_getBlockByNumber", "latest", False)
    assert (block["gasUsed"], block["baseFeePerGas"]) == (hex(29_000_000), "0x0")


def test_requests_sent_together_share_a_block_and_are_answered_in_order(bed: Bed):
    raws = [bed.node.signed(ANN, to=BEN.address) for _ in range(3)]
    start = bed.height
    answers = bed.provider.make_batch_request(
        [
            ("eth_blockNumber", []),
            ("eth_sendRawTransaction", [raws[0]]),
            ("eth_sendRawTransaction", ["0xzz"]),
            ("eth_sendRawTransaction", [raws[1]]),
            ("eth_blockNumber", []),
            ("eth_sendRawTransaction", [raws[2]]),
            ("eth_frobnicate", []),
        ]
    )
    assert answers[0]["result"] == hex(start)
    assert answers[2]["error"]["code"] == -32602
    assert answers[4]["result"] == hex(start + 1)
    assert answers[6]["error"]["code"] == -32601
    sent = [bed.receipt(answers[n]["result"]) for n in (1, 3, 5)]
    assert [r["blockNumber"] for r in sent] == [hex(start + 1)] * 2 + [hex(start + 2)]


def test_time_never_runs_ahead_of_the_clock_nor_back(bed: Bed):
    clock = bed.node.deploy(ANN, CLOCK)

    def times() -> tuple[int, int]:
        block = bed.node.ask("eth_getBlockByNumber", "latest", False)
        seen = bed.node.ask("eth_call", {"to": clock}, "latest")
        return int(block["timestamp"], 16), int(seen, 16)

    for _ in range(20):
        bed.node.send(ANN, to=BEN.address)
    assert times() == (bed.clock.now, bed.clock.now)
    bed.clock.now += 1000
    # A call is executed as of now, a quiet chain's last block remains what it was.
    assert times() == (bed.clock.now - 1000, bed.clock.now)
    bed.node.send(ANN, to=BEN.address)
    bed.clock.now -= 500
    bed.node.send(ANN, to=BEN.address)
    assert times() == (bed.clock.now + 500, bed.clock.now + 500)
    number = bed.node.ask("eth_blockNumber")
    assert int(bed.node.ask("eth_call", {"to": clock}, number), 16) == bed.clock.now + 500


def test_everybody_is_given_ether_by_a_transfer_that_can_be_seen(bed: Bed):
    faucet = "0x" + FAUCET.hex()
    assert bed.node.ask("eth_getBalance", faucet, "earliest") == hex(FAUCET_WEI)
    for n in (1, 2):
        bed.node.ask("coopt_fund", ANN.address, hex(10**18))
        assert int(bed.node.ask("eth_getBalance", ANN.address, "latest"), 16) == n * 10**18
    tx = bed.node.ask("eth_getTransactionByBlockNumberAndIndex", "latest", "0x0")
    assert tx["from"].lower() == faucet
    assert (tx["to"].lower(), tx["value"]) == (ANN.address.lower(), hex(10**18))
    assert "insufficient" in bed.node.error("coopt_fund", ANN.address, hex(2**200))["message"]


def test_the_same_transactions_at_the_same_times_give_the_same_chain(tmp_path: Path):
    heads = []
    for name in ("one", "two"):
        with closing(EmbeddedProvider(tmp_path / f"{name}.sqlite", clock=Clock())) as provider:
            node = embedded_node(provider)
            node.ask("coopt_fund", ANN.address, hex(5))
            logger = node.deploy(ANN, LOGGER)
            provider.send_many(
                [bytes.fromhex(node.signed(ANN, to=logger, data=word(n))[2:]) for n in range(3)]
            )
            heads.append(provider.file.head())
    assert heads[0] == heads[1]


@given(items=st.lists(st.binary(min_size=1, max_size=80), max_size=140))
def test_a_lists_root_is_that_of_py_evm(items: list[bytes]):
    assert root(items) == make_trie_root_and_nodes([_Encoded(item) for item in items])[0]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(codes=st.lists(st.binary(max_size=50), min_size=1, max_size=6))
def test_no_transaction_harms_the_chain_whatever_its_code(bed: Bed, codes: list[bytes]):
    raws = [bed.node.signed(ANN, data=code, gas=100_000) for code in codes]
    receipts = [bed.receipt(tx_hash) for tx_hash in bed.send_many(*raws)]
    assert all(receipt["status"] in ("0x0", "0x1") for receipt in receipts)
    assert check_chain(bed.provider.file.path).finding is None


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_altered_bytes_of_a_transaction_are_answered_never_crashed_on(
    bed: Bed, data: st.DataObject
):
    access = [{"address": BEN.address, "storageKeys": ["0x" + word(1).hex()]}]
    kinds: list[dict[str, Any]] = [{"gasPrice": 0}, {"gasPrice": 0, "type": 1}, {}]
    fields = data.draw(st.sampled_from(kinds)) | {"to": BEN.address, "data": b"\x01" * 9}
    if fields.get("type") == 1:
        fields["accessList"] = access
    raw = bytearray(ANN.sign(bed.node.filled(0, **fields)))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.none(), st.integers(0, len(raw))))
    answer = bed.node.answer("eth_sendRawTransaction", "0x" + bytes(raw[:cut]).hex())
    assert ("result" in answer) != ("error" in answer)
    if "error" in answer:
        assert answer["error"]["code"] == -32000


def test_a_contract_sees_the_hashes_of_the_blocks_before(bed: Bed):
    # BLOCKHASH(NUMBER - 1), kept in slot 0.
    runtime = bytes.fromhex("60014303405f5500")
    asker = bed.node.deploy(ANN, runtime)
    before = bed.node.ask("eth_getBlockByNumber", "latest", False)["hash"]
    bed.node.send(ANN, to=asker)
    assert bed.node.ask("eth_getStorageAt", asker, "0x0", "latest") == before


def test_a_legacy_transaction_without_a_chain_id_is_refused(bed: Bed):
    fields = bed.node.filled(0, to=BEN.address, gasPrice=0)
    del fields["chainId"]
    answer = bed.node.error("eth_sendRawTransaction", "0x" + bytes(ANN.sign(fields)).hex())
    assert "replay-protected" in answer["message"]


def test_a_tip_is_paid_and_shown_as_the_effective_price(bed: Bed):
    bed.node.ask("coopt_fund", ANN.address, hex(10**18))
    fees = {"maxFeePerGas": 9, "maxPriorityFeePerGas": 2}
    receipt = bed.node.send(ANN, to=BEN.address, **fees)
    assert receipt["effectiveGasPrice"] == "0x2"
    # 21,000 gas at 2 wei: the base fee is nothing, and the tip is less than the most to be paid.
    left = int(bed.node.ask("eth_getBalance", ANN.address, "latest"), 16)
    assert left == 10**18 - 2 * 21_000
    tx = bed.node.mined(receipt["transactionHash"])
    assert (tx["gasPrice"], tx["maxFeePerGas"]) == ("0x2", "0x9")


def test_a_hash_is_keccak_of_the_transactions_bytes(bed: Bed):
    raw = bed.node.signed(ANN, to=BEN.address)
    assert bed.send_many(raw) == ["0x" + keccak(bytes.fromhex(raw[2:])).hex()]
