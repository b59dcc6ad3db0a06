"""Three ledgers under one kit: memory, the embedded chain, and anvil as any JSON-RPC node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from web3 import HTTPProvider
from web3.types import RPCEndpoint

from benchmarks.anvil import BINARY as ANVIL
from benchmarks.anvil import FREE
from benchmarks.anvil import Anvil as AnyAnvil
from coopt_dag.ledger.embedded import open_embedded
from coopt_dag.ledger.evm import EvmLedger, deploy
from coopt_dag.ledger.keys import KeySigner
from coopt_dag.ledger.memory import MemoryLedger
from coopt_dag.ledger.protocol import Ledger
from coopt_dag.ledger.rpc import EmbeddedProvider

from .kit import person

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "contracts"
# Ahead of any machine's clock for years: a ledger that asks the machine's clock, not ours, fails.
START = 2_000_000_000


class Clock:
    """Time that moves only when a test says so."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


@dataclass
class Bench:
    """A ledger, its clock, and people who can act on it."""

    ledger: Ledger
    clock: Clock
    settle: Callable[[], None]
    """Brings the ledger's clock to ours; only a separate node needs telling."""
    give: Callable[[str, int], None]
    """Lets an address have so many wei more, from nothing when it is first asked."""
    guardian: KeySigner
    """Who deployed the contracts, and may stop new things."""

    def sleep(self, seconds: int) -> None:
        # A node's own clock goes on while we work.
        self.clock.now = max(self.clock.now, self.ledger.head().time) + seconds
        self.settle()


# The embedded chain's contracts are deployed with a key that everybody knows.
DEPLOYER = KeySigner.of((1).to_bytes(32, "big"))


class Anvil(AnyAnvil):
    """One node for the session; each test deploys a contract of its own."""

    def __init__(self) -> None:
        super().__init__(*FREE, "--timestamp", str(START - 1000))

    def time(self) -> int:
        return int(self.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)


@pytest.fixture(scope="session")
def anvil() -> Iterator[Anvil]:
    if not ANVIL.is_file():
        pytest.skip("anvil is not installed: npm --prefix contracts ci")
    node = Anvil()
    yield node
    node.stop()


def anvil_bench(node: Anvil) -> Bench:
    clock = Clock()
    clock.now = node.time() + 10

    def settle() -> None:
        node.rpc("evm_setTime", clock.now)
        node.rpc("evm_mine")

    provider = HTTPProvider(node.url)
    address = deploy(provider, signer=person(0))
    clock.now = max(clock.now, node.time() + 10)
    settle()
    ledger = EvmLedger(provider, address=address)

    known: set[str] = set()

    def give(who: str, wei: int) -> None:
        # Other tests on the same node may have left something.
        before = ledger.balance(who) if who in known else 0
        known.add(who)
        node.rpc("anvil_setBalance", who, hex(before + wei))

    return Bench(ledger, clock, settle, give, person(0))


def memory_bench() -> Bench:
    clock = Clock()
    ledger = MemoryLedger(clock, guardian=person(0).address)
    return Bench(ledger, clock, lambda: None, ledger.give, person(0))


def embedded_bench(folder: Path) -> Bench:
    clock = Clock()
    path = folder / "ledger.sqlite"
    ledger = open_embedded(path, clock=clock)

    def give(who: str, wei: int) -> None:
        # Another connection to the same file, as another process would have.
        with closing(EmbeddedProvider(path, clock=clock)) as provider:
            answer = provider.make_request(RPCEndpoint("coopt_fund"), [who, hex(wei)])
        assert "result" in answer, answer

    return Bench(ledger, clock, lambda: None, give, DEPLOYER)


@pytest.fixture(params=["memory", "embedded", pytest.param("anvil", marks=pytest.mark.npm)])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    match request.param:
        case "memory":
            made = memory_bench()
        case "embedded":
            made = embedded_bench(tmp_path)
        case _:
            made = anvil_bench(request.getfixturevalue("anvil"))
    yield made
    made.ledger.close()
