"""Processes that send whole batches to one file: killed at any moment, or all at once."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger.chaincheck import check_chain
from coopt_dag.ledger.rpc import EmbeddedProvider

from .conftest import person
from .nodes import KEEPER, Node, embedded_node, word
from .test_chain_file import in_child

HASH = 32


def batch(node: Node, number: int, keeper: str, size: int) -> list[bytes]:
    """Sign so many transactions of one person."""
    raws = [
        node.signed(person(number), to=keeper, data=word(number) + word(n + 1)) for n in range(size)
    ]
    return [bytes.fromhex(raw[2:]) for raw in raws]


def begun(path: Path) -> str:
    with closing(EmbeddedProvider(path)) as provider:
        return embedded_node(provider).deploy(person(1), KEEPER)


def hashes_in(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as db:
        return {"0x" + row[0].hex() for row in db.execute("select hash from tx")}


@pytest.mark.kill
def test_no_acknowledged_batch_is_lost_or_halved_in_twenty_kills(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    keeper = begun(path)
    rng, acknowledged = random.Random(7), set()
    for number in range(20):
        reading, writing = os.pipe()

        def burst(number: int = number, writing: int = writing) -> None:
            with closing(EmbeddedProvider(path)) as provider:
                node = embedded_node(provider)
                while True:
                    sent = provider.send_many(batch(node, 10 + number, keeper, 8))
                    os.write(writing, b"".join(bytes.fromhex(str(h)[2:]) for h in sent))

        child = in_child(burst)
        os.close(writing)
        first = os.read(reading, HASH)
        time.sleep(rng.uniform(0, 0.15))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        told = first + b"".join(iter(lambda source=reading: os.read(source, 4096), b""))
        os.close(reading)
        acknowledged |= {"0x" + told[i : i + HASH].hex() for i in range(0, len(told), HASH)}
    assert len(acknowledged) >= 20 * 8
    assert acknowledged <= hashes_in(path)
    with closing(sqlite3.connect(path)) as db:  # a batch is in whole or not at all
        sizes = db.execute("select count(*) from tx where block>1 group by block").fetchall()
    assert {size for (size,) in sizes} == {8}
    check = check_chain(path, deep=True)
    assert check.finding is None


@pytest.mark.kill
def test_processes_that_send_batches_at_once_lose_nothing_and_make_one_chain(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    keeper = begun(path)
    rounds, size, writers = 6, 10, (20, 21, 22)

    def write(number: int) -> None:
        with closing(EmbeddedProvider(path)) as provider:
            node = embedded_node(provider)
            for _ in range(rounds):
                sent = provider.send_many(batch(node, number, keeper, size))
                # Another process's blocks in between are seen at once.
                for tx_hash in sent:
                    receipt = node.ask("eth_getTransactionReceipt", tx_hash)
                    assert receipt["status"] == "0x1"
                node.ask("coopt_fund", person(number).address, hex(7))

    children = [in_child(lambda n=n: write(n)) for n in writers]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * len(writers)
    check = check_chain(path, deep=True)
    assert check.finding is None
    # The first block; the contract; for each writer its batches and what the faucet gave.
    assert check.blocks == 2 + len(writers) * rounds * 2
    with closing(EmbeddedProvider(path)) as provider:
        node = embedded_node(provider)
        for number in writers:
            who = person(number).address
            assert int(node.ask("eth_getTransactionCount", who, "latest"), 16) == rounds * size
            assert int(node.ask("eth_getBalance", who, "latest"), 16) == 7 * rounds
            stored = node.ask("eth_getStorageAt", keeper, hex(number), "latest")
            assert int(stored, 16) == size  # each round's last value


def test_a_file_that_others_keep_locked_is_reported_and_nothing_recorded(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    keeper = begun(path)
    with closing(EmbeddedProvider(path)) as provider, closing(sqlite3.connect(path)) as other:
        node = embedded_node(provider)
        raws = batch(node, 30, keeper, 2)
        provider.file.db.execute("pragma busy_timeout=50")
        other.execute("begin immediate")
        with pytest.raises(LedgerUnavailableError, match="locked") as failure:
            provider.send_many(raws)
        assert "nothing was recorded" in failure.value.hint
        assert node.ask("eth_blockNumber") == "0x1"  # readers are not kept waiting
        other.rollback()
        assert len({*provider.send_many(raws)} & hashes_in(path)) == 2


def test_what_another_process_writes_is_seen_without_opening_again(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    keeper = begun(path)
    with closing(EmbeddedProvider(path)) as mine, closing(EmbeddedProvider(path)) as theirs:
        here, there = embedded_node(mine), embedded_node(theirs)
        for value in range(1, 6):
            for one, two in ((here, there), (there, here)):
                one.nonces.clear()
                one.send(person(5), to=keeper, data=word(9) + word(value))
                assert int(two.ask("eth_getStorageAt", keeper, "0x9", "latest"), 16) == value
                assert one.ask("eth_getBlockByNumber", "latest", True) == two.ask(
                    "eth_getBlockByNumber", "latest", True
                )
