"""Plain instructions without py-evm's detours; all others, and all that fail, are py-evm's own.

Most instructions of a contract move and combine words. py-evm makes several calls for each. This
stream of code executes them itself as long as nothing can go wrong: the stack is deep enough, the
gas suffices, the memory is there, the jump's target is known to be good. Otherwise it hands the
instruction on as it found it, so that every error and every effect on the world stays py-evm's.
A test compares both, instruction by instruction and on random programs.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from eth.vm.code_stream import CodeStream
from eth.vm.forks.prague.computation import PragueComputation
from eth.vm.forks.prague.opcodes import PRAGUE_OPCODES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_WORD = 2**256
_LAST = _WORD - 1
_STOP, _POP, _MLOAD, _MSTORE, _JUMP, _JUMPI, _JUMPDEST = 0x00, 0x50, 0x51, 0x52, 0x56, 0x57, 0x5B
_PUSH0, _PUSH1, _DUP1, _SWAP1, _LOG0 = 0x5F, 0x60, 0x80, 0x90, 0xA0
_ISZERO, _NOT = 0x15, 0x19
_UNARY = frozenset((_ISZERO, _NOT))
_SELFDESTRUCT = 0xFF
_FULL = 1024


def _shl(shift: int, value: int) -> int:
    return (value << shift) & _LAST if shift < 256 else 0


def _shr(shift: int, value: int) -> int:
    return value >> shift if shift < 256 else 0


# Instruction → gas, and what it makes of the topmost word and the one below.
_BINARY: dict[int, tuple[int, Callable[[int, int], int]]] = {
    0x01: (3, lambda a, b: (a + b) & _LAST),
    0x02: (5, lambda a, b: (a * b) & _LAST),
    0x03: (3, lambda a, b: (a - b) & _LAST),
    0x04: (5, lambda a, b: a // b if b else 0),
    0x06: (5, lambda a, b: a % b if b else 0),
    0x10: (3, lambda a, b: 1 if a < b else 0),
    0x11: (3, lambda a, b: 1 if a > b else 0),
    0x14: (3, lambda a, b: 1 if a == b else 0),
    0x16: (3, lambda a, b: a & b),
    0x17: (3, lambda a, b: a | b),
    0x18: (3, lambda a, b: a ^ b),
    0x1B: (3, _shl),
    0x1C: (3, _shr),
}
_NEITHER = [_BINARY.get(code) for code in range(256)]


@lru_cache(maxsize=64)
def _targets(code: bytes) -> tuple[set[int], set[int]]:  # noqa: ARG001  # it is the cache's key
    """Give what is known of a code's instructions: good and bad places, found while it runs."""
    return set(), set()


def _int(word: int | bytes) -> int:
    return word if type(word) is int else int.from_bytes(word, "big")  # type: ignore[arg-type]


class QuickCode(CodeStream):
    """Code that executes its plain instructions while it is read."""

    __slots__ = ("_memory", "_meter", "_words")

    def __init__(self, code: bytes, *, meter: Any, memory: Any, words: list[Any]) -> None:
        super().__init__(code)
        self.valid_positions, self.invalid_positions = _targets(code)
        self._meter, self._memory, self._words = meter, memory, words

    def __iter__(self) -> Iterator[int]:  # noqa: C901, PLR0912, PLR0915  # a branch an instruction
        """Give the instructions that remain to be executed, in order."""
        code, good = self._raw_code_bytes, self.valid_positions
        size = len(code)
        meter, memory, stack = self._meter, self._memory, self._words
        push, pop = stack.append, stack.pop
        pc, gas = self.program_counter, meter.gas_remaining
        while pc < size:
            op = code[pc]
            pc += 1
            depth = len(stack)
            binary = _NEITHER[op]
            if binary is not None:
                if gas >= binary[0] and depth >= 2:
                    gas -= binary[0]
                    top = pop()
                    stack[-1] = binary[1](_int(top), _int(stack[-1]))
                    continue
            elif op >= _PUSH1:
                if op < _DUP1:
                    end = pc + op - _PUSH0
                    if gas >= 3 and depth < _FULL and end <= size:
                        gas -= 3
                        push(int.from_bytes(code[pc:end], "big"))
                        pc = end
                        continue
                elif op < _SWAP1:
                    if gas >= 3 and op - _DUP1 < depth < _FULL:
                        gas -= 3
                        push(stack[_DUP1 - 1 - op])
                        continue
                elif op < _LOG0 and gas >= 3 and depth > op - _SWAP1 + 1:
                    gas -= 3
                    at = _SWAP1 - 2 - op
                    stack[-1], stack[at] = stack[at], stack[-1]
                    continue
            elif op == _JUMPDEST:
                if gas >= 1:
                    gas -= 1
                    continue
            elif op == _JUMPI:
                if gas >= 10 and depth >= 2:
                    to = _int(stack[-1])
                    if not _int(stack[-2]):
                        gas -= 10
                        del stack[-2:]
                        continue
                    if to in good and code[to] == _JUMPDEST:
                        gas -= 10
                        del stack[-2:]
                        pc = to
                        continue
            elif op == _JUMP:
                if gas >= 8 and depth:
                    to = _int(stack[-1])
                    if to in good and code[to] == _JUMPDEST:
                        gas -= 8
                        pop()
                        pc = to
                        continue
            elif op == _POP:
                if gas >= 2 and depth:
                    gas -= 2
                    pop()
                    continue
            elif op == _MSTORE:
                if gas >= 3 and depth >= 2:
                    at = _int(stack[-1])
                    if at + 32 <= len(memory._bytes):
                        gas -= 3
                        memory._bytes[at : at + 32] = _int(stack[-2]).to_bytes(32, "big")
                        del stack[-2:]
                        continue
            elif op == _MLOAD:
                if gas >= 3 and depth:
                    at = _int(stack[-1])
                    if at + 32 <= len(memory._bytes):
                        gas -= 3
                        stack[-1] = int.from_bytes(memory._bytes[at : at + 32], "big")
                        continue
            elif op in _UNARY:
                if gas >= 3 and depth:
                    gas -= 3
                    value = _int(stack[-1])
                    stack[-1] = int(not value) if op == _ISZERO else _LAST - value
                    continue
            elif op == _PUSH0 and gas >= 2 and depth < _FULL:
                gas -= 2
                push(0)
                continue
            self.program_counter, meter.gas_remaining = pc, gas
            yield op
            pc, gas = self.program_counter, meter.gas_remaining
        self.program_counter, meter.gas_remaining = pc, gas
        yield _STOP


class Computation(PragueComputation):
    """A run of code with quick plain instructions."""

    # py-evm's own SELFDESTRUCT warns whoever runs the node that contracts should not use it.
    opcodes = {**PRAGUE_OPCODES, _SELFDESTRUCT: PRAGUE_OPCODES[_SELFDESTRUCT].__wrapped__}  # type: ignore[attr-defined]

    def __init__(self, state: Any, message: Any, transaction_context: Any) -> None:
        super().__init__(state, message, transaction_context)
        stack: Any = self._stack  # its interface does not promise the list of words
        self.code = QuickCode(
            message.code, meter=self._gas_meter, memory=self._memory, words=stack.values
        )
