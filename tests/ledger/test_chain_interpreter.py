"""The quick instructions do what py-evm's own do: same stack, memory, gas, errors and accounts."""

from __future__ import annotations

from typing import Any

import pytest
from eth.constants import BLANK_ROOT_HASH
from eth.db.atomic import AtomicDB
from eth.vm.forks.prague.computation import PragueComputation
from eth.vm.message import Message
from hypothesis import given
from hypothesis import strategies as st

from coopt_dag.ledger.chainrules import State, genesis_header, state_in
from coopt_dag.ledger.interpreter import Computation

HOME, WHO = b"\x11" * 20, b"\x22" * 20
PUSH0, JUMPDEST, SSTORE, SLOAD, RETURN, REVERT = 0x5F, 0x5B, 0x55, 0x54, 0xF3, 0xFD
PLAIN = (
    *(0x01, 0x02, 0x03, 0x04, 0x06, 0x10, 0x11, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1B, 0x1C),
    *(0x50, 0x51, 0x52, 0x56, 0x57, JUMPDEST, PUSH0),
)
OTHER = (0x00, 0x05, 0x0B, 0x20, 0x30, 0x33, 0x35, 0x36, 0x53, SLOAD, SSTORE, 0x58, 0x59, 0x5A)


class PlainComputation(PragueComputation):
    """py-evm's own run, only without its warning about SELFDESTRUCT."""

    opcodes = Computation.opcodes


class PlainState(State):
    """Accounts on which py-evm alone executes."""

    computation_class = PlainComputation


def push(value: int) -> bytes:
    """Give the shortest instruction that pushes a number."""
    size = (value.bit_length() + 7) // 8
    return bytes([PUSH0 + size]) + value.to_bytes(size, "big")


def outcome(kind: type[State], code: bytes, gas: int) -> dict[str, Any]:
    """Execute code and give all that can be seen afterwards."""
    header = genesis_header(7, BLANK_ROOT_HASH)
    state = state_in(AtomicDB(), header, root=BLANK_ROOT_HASH, ancestors=(), kind=kind)
    state.set_balance(HOME, 5)
    message = Message(gas=gas, to=HOME, sender=WHO, value=0, data=b"\xaa" * 40, code=code)
    context = state.get_transaction_context_class()(gas_price=0, origin=WHO)
    done = kind.computation_class.apply_computation(state, message, context)
    return {
        "error": (type(done.error), str(done.error)) if done.is_error else None,
        "gas": done._gas_meter.gas_remaining,
        "refund": done._gas_meter.gas_refunded,
        "stack": [
            w if isinstance(w, int) else int.from_bytes(w, "big") for w in done._stack.values
        ],
        "memory": bytes(done._memory._bytes),
        "output": bytes(done.output),
        "pc": done.code.program_counter,
        "root": state.make_state_root(),
    }


def same(code: bytes, gas: int = 100_000) -> dict[str, Any]:
    """Insist that both executions are the same, and give what they give."""
    quick = outcome(State, code, gas)
    assert quick == outcome(PlainState, code, gas)
    return quick


words = st.one_of(
    st.integers(0, 40), st.integers(0, 2**256 - 1), st.sampled_from([2**255, 2**256 - 1, 255, 256])
)
instructions = st.one_of(
    words.map(push),
    st.sampled_from(PLAIN).map(lambda op: bytes([op])),
    st.integers(0x80, 0x9F).map(lambda op: bytes([op])),
    st.sampled_from(OTHER).map(lambda op: bytes([op])),
)


@given(program=st.lists(instructions, max_size=40), gas=st.integers(0, 30_000))
def test_random_programs_end_the_same(program: list[bytes], gas: int):
    same(b"".join(program), gas)


@given(code=st.binary(max_size=60), gas=st.integers(0, 30_000))
def test_random_bytes_end_the_same(code: bytes, gas: int):
    same(code, gas)


@given(a=words, b=words)
@pytest.mark.parametrize("op", PLAIN[:15])
def test_each_operation_gives_the_same_word(op: int, a: int, b: int):
    same(push(b) + push(a) + bytes([op]))


@given(
    target=st.integers(0, 12), condition=st.integers(0, 1), filler=st.binary(min_size=8, max_size=8)
)
def test_jumps_land_the_same_twice(target: int, condition: int, filler: bytes):
    code = push(condition) + push(target) + b"\x57" + filler.replace(b"\x00", b"\x5b")
    same(code)
    same(code)  # what the first run has found out about the code is used


def test_a_jump_into_a_pushs_data_is_refused_though_it_looks_like_a_target():
    code = bytes([0x60, 0x04, 0x56, 0x61, JUMPDEST, JUMPDEST])
    for _ in range(2):
        assert "InvalidInstruction" in same(code)["error"][0].__name__


def test_a_loop_of_a_thousand_rounds_counts_and_costs_the_same():
    # i = 1000; do { i -= 1 } while (i): the stack ends with 0 at every gas that suffices.
    loop = push(1000) + bytes([JUMPDEST]) + push(1) + bytes([0x90, 0x03, 0x80]) + push(3) + b"\x57"
    done = same(loop)
    assert done["stack"] == [0]
    # 3 for the first push; each round JUMPDEST 1, PUSH, SWAP, SUB, DUP, PUSH 3 each, JUMPI 10.
    assert done["gas"] == 100_000 - 3 - 1000 * (1 + 5 * 3 + 10)
    assert "OutOfGas" in same(loop, 26_002)["error"][0].__name__


@pytest.mark.parametrize("gas", range(2_290, 2_320))
def test_storage_is_written_at_the_same_gas(gas: int):
    same(push(1) + push(1) + bytes([SSTORE]), gas)


@pytest.mark.parametrize("depth", [1023, 1024, 1025])
def test_the_stack_is_full_at_the_same_word(depth: int):
    for op in (b"\x5f", b"\x60\x01", b"\x80"):
        same(b"\x5f" + op * (depth - 1))
    same(b"\x5f" * 1024 + b"\x90")


def test_a_contract_may_destroy_itself_without_a_warning():
    assert same(push(7) + b"\xff")["error"] is None


def test_truncated_pushes_read_zeros():
    for code in (b"\x61\x01", b"\x7f", b"\x7f\x01\x02"):
        same(code)


def test_the_quick_computation_is_the_one_that_blocks_use():
    assert State.computation_class is Computation
