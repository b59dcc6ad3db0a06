"""A gas estimate suffices, a hundredth less does not, and nobody searches where one run tells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coopt_dag.ledger import gas
from coopt_dag.ledger.actions import Claim, RegisterChallenge, RegisterStep, Release
from coopt_dag.ledger.chain import Call, Chain
from coopt_dag.ledger.codec import encode_call
from coopt_dag.ledger.embedded import open_embedded
from coopt_dag.ledger.gasneed import MeasuringState, slack
from coopt_dag.ledger.rpc import EmbeddedProvider

from .conftest import Clock, person
from .nodes import CALLER, KEEPER, LOGGER, REVERTER, Node, embedded_node, word

ANN = person(3)
PLENTY = 10_000_000
# Like CALLER, but goes on when the inner message fails.
CARELESS = bytes.fromhex("6020360360205f375f5f602036035f5f5f355af100")
# Like CALLER, but gives 0xc350 = 50,000 gas to the inner message, not all.
MEASURED = bytes.fromhex("6020360360205f375f5f602036035f5f5f3561c350f1601c575f5ffd5b00")
# Like CALLER, but with 1 wei, which brings a stipend of 2,300 gas.
GENEROUS = bytes.fromhex("6020360360205f375f5f602036035f60015f355af1601b575f5ffd5b00")
# Burns gas for a while if it has more than 0x186a0 = 100,000 left.
GREEDY = bytes.fromhex("5a620186a010600a57005b60015f5560015ffd")
WRAPPERS = {"caller": CALLER, "measured": MEASURED, "careless": CARELESS, "generous": GENEROUS}
ENDS = {"keeper": KEEPER, "logger": LOGGER}


@dataclass
class Bed:
    chain: Chain
    node: Node
    places: dict[str, str]

    def call(self, names: list[str], data: bytes, limit: int = PLENTY) -> Call:
        """Call the first contract, which calls the second, and so on."""
        to, *inner = (self.places[name] for name in names)
        content = b"".join(word(place) for place in inner) + data
        return Call(_bytes(ANN.address), _bytes(to), content, 0, limit)

    def succeeds(self, call: Call, limit: int) -> bool:
        tried = Call(call.sender, call.to, call.data, call.value, limit)
        return bool(self.chain.execute(tried).is_success)


def _bytes(address: str) -> bytes:
    return bytes.fromhex(address[2:])


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    path = tmp_path_factory.mktemp("gas") / "ledger.sqlite"
    with closing(EmbeddedProvider(path, clock=Clock())) as provider:
        node = embedded_node(provider)
        codes = {**WRAPPERS, **ENDS, "reverter": REVERTER, "greedy": GREEDY}
        node.ask("coopt_fund", ANN.address, hex(10**6))
        places = {name: node.deploy(ANN, code, value=1000) for name, code in codes.items()}
        yield Bed(provider.chain, node, places)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    wrappers=st.lists(st.sampled_from(sorted(WRAPPERS)), max_size=5),
    end=st.sampled_from(sorted(ENDS)),
    first=st.integers(0, 3),
    second=st.integers(0, 3),
)
def test_an_estimate_of_nested_calls_is_the_least_to_a_hundredth(
    bed: Bed, wrappers: list[str], end: str, first: int, second: int
):
    call = bed.call([*wrappers, end], word(first) + word(second) + word(7))
    found = gas.estimate(bed.chain, call, number=None)
    assert bed.succeeds(call, found)
    if "careless" not in wrappers:  # which succeeds with less, only to another end
        assert not bed.succeeds(call, found * 99 // 100 - 1)


def test_one_run_tells_what_honest_messages_need(bed: Bed):
    for names in (["keeper"], ["caller", "keeper"], ["measured", "caller", "keeper"]):
        call = bed.call(names, word(1) + word(2))
        assert slack(bed.chain.execute(call, kind=MeasuringState)) is not None


def test_of_a_message_that_looks_at_its_gas_or_outlives_a_failure_one_run_does_not_tell(bed: Bed):
    for names in (["greedy"], ["careless", "careless", "greedy"]):
        run = bed.chain.execute(bed.call(names, b""), kind=MeasuringState)
        assert slack(run) is None
    # Reverting is no such failure: the gas that was left comes back.
    run = bed.chain.execute(bed.call(["careless", "reverter"], b""), kind=MeasuringState)
    assert slack(run) is not None


def test_a_message_that_wants_little_gas_gets_an_estimate_that_suffices(bed: Bed):
    call = bed.call(["greedy"], b"", limit=150_000)
    assert not bed.succeeds(call, 150_000)
    careless = bed.call(["careless", "greedy"], b"")
    assert bed.succeeds(careless, gas.estimate(bed.chain, careless, number=None))


def test_estimates_of_the_ledgers_own_actions_are_the_least_to_a_hundredth(tmp_path: Path):
    clock = Clock()
    ledger = open_embedded(tmp_path / "ledger.sqlite", clock=clock)
    with closing(EmbeddedProvider(tmp_path / "ledger.sqlite", clock=clock)) as provider:
        chain = provider.chain
        for action in (
            RegisterChallenge("toy", "m", (ANN.address,)),
            RegisterStep("toy", "fit", "s", "maximise", 0, 0),
            Claim("toy", "fit", 600),
            Claim("toy", "fit", 700),
            Release("toy", "fit"),
        ):
            encoded = encode_call(action)
            to = _bytes(ledger.addresses[encoded.contract])
            data = _bytes(encoded.data) if isinstance(encoded.data, str) else encoded.data
            call = Call(_bytes(ANN.address), to, data, encoded.value, PLENTY)
            assert slack(chain.execute(call, kind=MeasuringState)) is not None, action
            found = gas.estimate(chain, call, number=None)
            for limit, fits in ((found, True), (found * 99 // 100 - 1, False)):
                tried = Call(call.sender, to, data, call.value, limit)
                assert bool(chain.execute(tried).is_success) is fits, (action, limit)
            ledger.send(action, signer=ANN)
    ledger.close()


@given(need=st.integers(21_000, 29_000_000), used=st.floats(0.5, 1))
def test_the_search_ends_at_a_hundredth_above_the_least(need: int, used: float):
    tried: list[int] = []

    def succeeds(limit: int) -> bool:
        tried.append(limit)
        return limit >= need

    found = gas.least(succeeds, low=int(need * used), high=30_000_000)
    assert need <= found <= need * 1.01 + 1
    assert len(tried) <= 20
