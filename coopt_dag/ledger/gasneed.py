"""How much less gas would have done: worked out from one run, without running again."""

from __future__ import annotations

from typing import Any

from eth.vm.forks.prague.opcodes import PRAGUE_OPCODES

from coopt_dag.ledger.chainrules import State
from coopt_dag.ledger.interpreter import Computation

_SSTORE, _GAS = 0x55, 0x5A
_CALLS = {0xF1, 0xF2, 0xF4, 0xFA}
_STIPEND = 2_300
_PLENTY = 2**63


class MeasuredComputation(Computation):
    """A run that notes where it would have gone another way with less gas."""

    def __init__(self, state: Any, message: Any, transaction_context: Any) -> None:
        super().__init__(state, message, transaction_context)
        self.bound = _PLENTY
        """The run is the same with so much less gas, as far as is known from its past."""
        self.vague = False
        """What it did may depend on its gas in a way that nobody has noted."""

    def apply_child_computation(self, child_msg: Any) -> Any:
        """Run an inner message, and note how much less gas it could have been given."""
        left = int(self._gas_meter.gas_remaining)
        child: Any = super().apply_child_computation(child_msg)
        spare = slack(child)
        if spare is None:
            self.vague = True
            return child
        paid = int(child_msg.gas)
        if child_msg.value and child_msg.should_transfer_value and not child_msg.is_create:
            paid -= _STIPEND
        self.bound = min(self.bound, left + paid - _before(max(0, paid - spare)))
        return child


def _before(gas: int) -> int:
    """Give the gas of which all but a 64th, which may be given to an inner message, is `gas`.

    References
    ----------
    EIP-150.

    Examples
    --------
    >>> [before - before // 64 for before in map(_before, (1, 63, 64, 126))]
    [1, 63, 64, 126]
    """
    return gas + (gas - 1) // 63 if gas else 0


def slack(computation: Any) -> int | None:
    """Give how much less gas gives the same run; none if that cannot be told.

    It holds until the end and at every inner message, which gets all but a 64th at most.
    """
    failed = computation.is_error and type(computation.error).__name__ != "Revert"
    if computation.vague or failed:
        return None
    return max(0, min(int(computation.get_gas_remaining()), int(computation.bound)))


def _sstore(computation: Any) -> None:
    """Note that storage is only written with more than 2,300 gas left (EIP-2200)."""
    left = int(computation._gas_meter.gas_remaining)
    computation.bound = min(computation.bound, left - _STIPEND - 1)
    PRAGUE_OPCODES[_SSTORE](computation=computation)


def _gas(computation: Any) -> None:
    """Note that the gas is looked at; right before a call it is but the call's limit."""
    if computation.code.peek() not in _CALLS:
        computation.vague = True
    PRAGUE_OPCODES[_GAS](computation=computation)


MeasuredComputation.opcodes = {**Computation.opcodes, _SSTORE: _sstore, _GAS: _gas}  # type: ignore[dict-item]


class MeasuringState(State):
    """Accounts whose messages are measured."""

    computation_class = MeasuredComputation
