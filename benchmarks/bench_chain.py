"""How fast is the embedded chain, and does it lose anything when it is killed?

python -m benchmarks.bench_chain
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from web3 import Web3

from coopt_dag.ledger.actions import Claim, RegisterChallenge, RegisterStep
from coopt_dag.ledger.chaincheck import check_chain
from coopt_dag.ledger.chainexport import export_chain, import_chain
from coopt_dag.ledger.chainfile import ChainFileReader
from coopt_dag.ledger.chainrules import MAX_TRANSACTIONS
from coopt_dag.ledger.codec import encode_call
from coopt_dag.ledger.embedded import ADDRESS, open_embedded
from coopt_dag.ledger.keys import KeySigner
from coopt_dag.ledger.rpc import EmbeddedProvider

WHO = KeySigner.of((2).to_bytes(32, "big"))
CLAIM = Claim("toy", "fit", 600)


def measure(*, sends: int = 150, events: int = 3000, kills: int = 20) -> dict[str, float]:
    """Give the figures: what is done per second, seconds and milliseconds, and counts of loss."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        ledger = open_embedded(path)
        ledger.send(RegisterChallenge("toy", "m", (WHO.address,)), signer=WHO)
        ledger.send(RegisterStep("toy", "fit", "s", "maximise", 0, 0), signer=WHO)
        figures = _rate(
            "adapter", sends, lambda: [ledger.send(CLAIM, signer=WHO) for _ in range(sends)]
        )
        ledger.close()
        one_by_one = max(1, (events - sends) // 3)
        in_batches = max(1, events - sends - one_by_one - 2)
        figures |= _send_signed(path, one_by_one) | _send_batches(path, in_batches)
        figures["file_bytes_per_event"] = path.stat().st_size / events
        return figures | _reading(path) | _moving(path) | _killing(path, kills)


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _rate(name: str, count: int, work: Callable[[], Any]) -> dict[str, float]:
    """Give transactions a second of the clock, and of the processor if others keep it busy."""
    cpu = time.process_time()
    seconds = _seconds(work)
    return {
        f"tx_per_s_{name}": count / seconds,
        f"tx_per_cpu_s_{name}": count / (time.process_time() - cpu),
    }


def _signed(provider: EmbeddedProvider, count: int) -> list[bytes]:
    """Sign claims beforehand, to measure the chain without our adapter."""
    w3 = Web3(provider)
    first = w3.eth.get_transaction_count(Web3.to_checksum_address(WHO.address))
    claim = {
        "to": Web3.to_checksum_address(ADDRESS),
        "data": encode_call(CLAIM).data,
        "value": 0,
        "chainId": w3.eth.chain_id,
        "type": 2,
        "gas": 200_000,
        "maxFeePerGas": 0,
        "maxPriorityFeePerGas": 0,
    }
    return [WHO.sign(claim | {"nonce": first + n}) for n in range(count)]


def _send_signed(path: Path, count: int) -> dict[str, float]:
    """Send transactions one by one, each durable and with its receipt before the next."""
    with closing(EmbeddedProvider(path)) as provider:
        signed, w3 = _signed(provider, count), Web3(provider)

        def send() -> None:
            for raw in signed:
                receipt = w3.eth.get_transaction_receipt(w3.eth.send_raw_transaction(raw))
                assert receipt["status"] == 1

        return _rate("provider", count, send)


def _send_batches(path: Path, count: int) -> dict[str, float]:
    """Send transactions in batches of 50, each durable and with all receipts before the next."""
    with closing(EmbeddedProvider(path)) as provider:
        signed = _signed(provider, count)

        def send() -> None:
            for start in range(0, count, MAX_TRANSACTIONS):
                raws = signed[start : start + MAX_TRANSACTIONS]
                sent = provider.make_batch_request([("eth_sendRawTransaction", [r]) for r in raws])
                asked = [("eth_getTransactionReceipt", [answer["result"]]) for answer in sent]
                found = provider.make_batch_request(asked)
                assert all(answer["result"]["status"] == "0x1" for answer in found)

        return _rate("blocks_of_50", count, send)


def _moving(path: Path) -> dict[str, float]:
    """Export, import by executing every block again, check."""
    target, again = path.with_name("chain.rlp"), path.with_name("again.sqlite")
    transactions = check_chain(path).transactions
    figures = {"export_s": _seconds(lambda: export_chain(path, target))}
    figures["export_bytes_per_tx"] = target.stat().st_size / transactions
    figures["import_tx_per_s"] = transactions / _seconds(lambda: import_chain(target, again))
    figures["check_tx_per_s"] = transactions / _seconds(lambda: check_chain(again))
    return figures


def _reading(path: Path) -> dict[str, float]:
    opened = min(_seconds(lambda: open_embedded(path).close()) for _ in range(5))
    provider = EmbeddedProvider(path)
    wanted = {"fromBlock": 0, "address": Web3.to_checksum_address(ADDRESS)}
    logs_s = _seconds(lambda: Web3(provider).eth.get_logs(wanted))
    provider.close()
    ledger, reader = open_embedded(path), ChainFileReader(path)
    figures = {
        "events": float(len(reader.events())),
        "open_ms": 1000 * opened,
        "get_logs_s": logs_s,
        "adapter_events_s": _seconds(ledger.events),
        "file_reader_s": _seconds(reader.events),
    }
    ledger.close()
    reader.close()
    return figures


def _killing(path: Path, kills: int) -> dict[str, float]:
    rng, acknowledged = random.Random(1), set()
    for _ in range(kills):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                ledger = open_embedded(path)
                while True:
                    tx_hash = ledger.send(CLAIM, signer=WHO).tx_hash
                    os.write(writing, bytes.fromhex(tx_hash[2:]))
            os._exit(1)
        os.close(writing)
        hashes = os.read(reading, 32)
        time.sleep(rng.uniform(0, 0.3))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while more := os.read(reading, 4096):
            hashes += more
        os.close(reading)
        acknowledged |= {hashes[i : i + 32] for i in range(0, len(hashes), 32)}
    reader = ChainFileReader(path)
    kept = {bytes.fromhex(e.tx_hash[2:]) for e in reader.events()}
    reader.close()
    return {
        "kills": float(kills),
        "acknowledged": float(len(acknowledged)),
        "lost": float(len(acknowledged - kept)),
    }


def main() -> None:
    """Print the table."""
    for name, figure in measure().items():
        print(f"{name:22} {figure:12.4g}")


if __name__ == "__main__":
    main()
