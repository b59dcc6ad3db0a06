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
from contextlib import suppress
from pathlib import Path
from typing import Any

from web3 import Web3

from coopt_dag.ledger.actions import Claim, RegisterChallenge, RegisterStep
from coopt_dag.ledger.artifact import contract
from coopt_dag.ledger.chainfile import ChainFileReader
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
        send_s = _seconds(lambda: [ledger.send(CLAIM, signer=WHO) for _ in range(sends)])
        ledger.close()
        raw = max(1, events - sends - 2)
        raw_s = _send_signed(path, raw)
        figures = {
            "tx_per_s_adapter": sends / send_s,
            "tx_per_s_provider": raw / raw_s,
            "file_bytes_per_event": path.stat().st_size / events,
        }
        return figures | _reading(path) | _killing(path, kills)


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _send_signed(path: Path, count: int) -> float:
    """Send transactions signed beforehand, each with its receipt: the chain without our adapter."""
    provider = EmbeddedProvider(path)
    w3 = Web3(provider)
    address = Web3.to_checksum_address(ADDRESS)
    data = w3.eth.contract(address=address, abi=contract()["abi"]).encode_abi(
        "claim", args=[CLAIM.challenge, CLAIM.step, CLAIM.duration_s]
    )
    first = w3.eth.get_transaction_count(Web3.to_checksum_address(WHO.address))
    call = {"to": address, "data": data, "value": 0, "chainId": w3.eth.chain_id, "type": 2}
    price = {"gas": 200_000, "maxFeePerGas": 0, "maxPriorityFeePerGas": 0}
    signed = [WHO.sign(call | price | {"nonce": first + i}) for i in range(count)]

    def send() -> None:
        for raw in signed:
            w3.eth.get_transaction_receipt(w3.eth.send_raw_transaction(raw))

    seconds = _seconds(send)
    provider.close()
    return seconds


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
