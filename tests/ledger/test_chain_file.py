"""The embedded chain's file: killed, shared, foreign, damaged."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from web3 import Web3

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger.actions import Claim, RegisterChallenge, RegisterStep
from coopt_dag.ledger.chainfile import ADDRESSES, ChainFileReader
from coopt_dag.ledger.embedded import ADDRESS, open_embedded
from coopt_dag.ledger.evm import EvmLedger
from coopt_dag.ledger.rpc import EmbeddedProvider

from .conftest import Clock, person


def in_child(work: Callable[[], None]) -> int:
    """Run `work` in a forked process, warm with this one's imports, and give its id."""
    child = os.fork()
    if child:
        return child
    code = 1
    with suppress(BaseException):
        work()
        code = 0
    os._exit(code)


def toy(path: Path) -> None:
    ledger = open_embedded(path)
    ledger.send(RegisterChallenge("toy", "m", (person(1).address,)), signer=person(1))
    ledger.send(RegisterStep("toy", "fit", "s", "maximise", 0, 0), signer=person(1))
    ledger.close()


@pytest.mark.kill
def test_no_acknowledged_transaction_is_lost_in_twenty_kills(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    toy(path)
    rng, acknowledged = random.Random(20), []
    for number in range(20):
        reading, writing = os.pipe()

        def burst(number: int = number, writing: int = writing) -> None:
            ledger = open_embedded(path)
            while True:
                receipt = ledger.send(Claim("toy", "fit", 600), signer=person(10 + number))
                os.write(writing, bytes.fromhex(receipt.tx_hash[2:]))

        child = in_child(burst)
        os.close(writing)
        first = os.read(reading, 32)  # it is up and has written
        time.sleep(rng.uniform(0, 0.25))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        rest = b"".join(iter(lambda source=reading: os.read(source, 4096), b""))
        os.close(reading)
        hashes = first + rest
        acknowledged += ["0x" + hashes[i : i + 32].hex() for i in range(0, len(hashes), 32)]
    reader = ChainFileReader(path)
    kept = {e.tx_hash for e in reader.events()}
    reader.close()
    assert len(acknowledged) >= 20
    assert set(acknowledged) <= kept
    ledger = open_embedded(path)  # and the chain still takes transactions
    ledger.send(Claim("toy", "fit", 600), signer=person(1))
    ledger.close()


def test_two_processes_that_write_at_once_lose_nothing(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    toy(path)

    def write(number: int) -> None:
        ledger = open_embedded(path)
        for _ in range(25):
            ledger.send(Claim("toy", "fit", 600), signer=person(number))
        ledger.close()

    children = [in_child(lambda n=n: write(n)) for n in (20, 21)]
    assert [os.waitpid(c, 0)[1] for c in children] == [0, 0]
    reader = ChainFileReader(path)
    events = reader.events()
    reader.close()
    actors = [e.actor for e in events]
    assert [actors.count(person(n).address) for n in (20, 21)] == [25, 25]
    assert [e.block for e in events] == sorted({e.block for e in events})


def test_processes_that_open_a_new_file_at_once_mean_the_same_ledger(tmp_path: Path):
    path, start = tmp_path / "ledger.sqlite", time.monotonic() + 0.2

    def write(number: int) -> None:
        time.sleep(max(0.0, start - time.monotonic()))
        ledger = open_embedded(path)
        who = person(number)
        ledger.send(RegisterChallenge(f"c{number}", "m", (who.address,)), signer=who)
        ledger.close()

    children = [in_child(lambda n=n: write(n)) for n in (30, 31, 32)]
    assert [os.waitpid(c, 0)[1] for c in children] == [0, 0, 0]
    reader = ChainFileReader(path)
    assert sorted(e.challenge for e in reader.events()) == ["c30", "c31", "c32"]
    reader.close()


def test_the_contracts_lie_where_the_deployers_first_ones_must(tmp_path: Path):
    ledger = open_embedded(tmp_path / "ledger.sqlite")
    assert ledger.address == ADDRESS
    assert ledger.addresses == ADDRESSES
    ledger.close()


def test_the_file_alone_gives_the_same_events_and_head_as_the_chain(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    toy(path)
    ledger, reader = open_embedded(path), ChainFileReader(path)
    assert reader.events() == ledger.events()
    assert reader.events(after=0) == ledger.events(after=0)
    assert reader.head() == ledger.head()
    reader.close()
    ledger.close()


def test_a_burst_does_not_run_the_clock_ahead(tmp_path: Path):
    clock = Clock()
    ledger = open_embedded(tmp_path / "ledger.sqlite", clock=clock)
    ledger.send(RegisterChallenge("toy", "m", (person(1).address,)), signer=person(1))
    ledger.send(RegisterStep("toy", "fit", "s", "maximise", 0, 0), signer=person(1))
    times = [
        ledger.send(Claim("toy", "fit", 60), signer=person(1)).events[0].time for _ in range(10)
    ]
    assert times == [clock.now] * 10
    clock.now -= 100  # a clock set back: the ledger's time stands still, it never goes back
    receipt = ledger.send(Claim("toy", "fit", 60), signer=person(1))
    assert receipt.events[0].time == clock.now + 100
    ledger.close()


def test_an_events_time_is_its_blocks_time(tmp_path: Path):
    provider_path = tmp_path / "ledger.sqlite"
    toy(provider_path)
    provider = EmbeddedProvider(provider_path)
    w3, ledger = Web3(provider), EvmLedger(provider, address=ADDRESS)
    assert [w3.eth.get_block(e.block)["timestamp"] for e in ledger.events()] == [
        e.time for e in ledger.events()
    ]
    ledger.close()


def test_a_receipt_says_to_whom_and_its_bloom_holds_the_logs(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    toy(path)
    provider = EmbeddedProvider(path)
    w3 = Web3(provider)
    block = w3.eth.get_block("latest")
    receipt = w3.eth.get_transaction_receipt(block["transactions"][0])
    assert receipt["to"].lower() == ADDRESS
    # The header's bloom is py-evm's own; ours is computed from the kept logs.
    assert receipt["logsBloom"] == block["logsBloom"] != bytes(256)
    provider.close()


def test_logs_are_filtered_by_block_and_topic(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    toy(path)
    provider = EmbeddedProvider(path)
    w3 = Web3(provider)
    logs = w3.eth.get_logs({"fromBlock": 0, "address": Web3.to_checksum_address(ADDRESS)})
    # Block 1 is the deployment, which logs nothing; then a challenge and a step.
    assert [log["blockNumber"] for log in logs] == [2, 3]
    topic = "0x" + bytes(logs[0]["topics"][0]).hex()
    assert [x["blockNumber"] for x in w3.eth.get_logs({"fromBlock": 0, "topics": [topic]})] == [2]
    assert w3.eth.get_logs({"fromBlock": 4, "toBlock": 9}) == []
    provider.close()


def test_another_programs_database_is_refused_and_left_as_it_was(tmp_path: Path):
    path = tmp_path / "other.sqlite"
    db = sqlite3.connect(path)
    db.execute("create table theirs(x)")
    db.commit()
    db.close()
    before = path.read_bytes()
    with pytest.raises(LedgerUnavailableError, match="no ledger of coopt") as failure:
        open_embedded(path)
    assert failure.value.hint
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database, but long enough to be one" * 30])
def test_a_file_that_is_no_database_is_refused_by_name(tmp_path: Path, content: bytes):
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(content)
    with pytest.raises(LedgerUnavailableError, match=r"ledger\.sqlite"):
        open_embedded(path)
    assert path.read_bytes() == content


def test_a_ledger_cut_short_is_refused_and_not_begun_anew(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    toy(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LedgerUnavailableError, match=r"ledger\.sqlite"):
        ChainFileReader(path).events()
    with pytest.raises(LedgerUnavailableError, match=r"ledger\.sqlite"):
        open_embedded(path)


def test_an_address_with_other_code_is_refused_naming_both(tmp_path: Path):
    provider = EmbeddedProvider(tmp_path / "ledger.sqlite")
    with pytest.raises(LedgerUnavailableError, match="0 bytes") as failure:
        EvmLedger(provider, address="0x" + "11" * 20)
    assert "0x1111" in str(failure.value)
    provider.close()
