"""How much gas a message needs on the embedded chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.ledger.chain import Call, unsigned
from coopt_dag.ledger.chaintx import REFUSED, Refusal, needed
from coopt_dag.ledger.gasneed import MeasuringState, slack

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopt_dag.ledger.chain import Chain

REVERTED = 3
_REVERT_WORD = "execution reverted"
_ERROR_STRING = bytes.fromhex("08c379a0")


def output(computation: Any, *, gas: int) -> bytes:
    """Give what a message returned.

    Raises
    ------
    Refusal
        It reverted, code 3 with the contract's output; or it failed otherwise.
    """
    if computation.is_success:
        return bytes(computation.output)
    kind = type(computation.error).__name__
    if kind == "Revert":
        data = bytes(computation.output)
        raise Refusal(REVERTED, _REVERT_WORD + _reason(data), data)
    if kind == "OutOfGas":
        raise Refusal(REFUSED, f"out of gas: gas required exceeds allowance ({gas})")
    raise Refusal(REFUSED, f"{kind}: {computation.error}")


def _reason(data: bytes) -> str:
    """Give the words of `require(..., words)`, which the ABI writes as Error(string)."""
    if not data.startswith(_ERROR_STRING) or len(data) < 68:
        return ""
    size = int.from_bytes(data[36:68], "big")
    words = data[68 : 68 + size]
    return ": " + words.decode("utf-8", "replace") if len(words) == size else ""


def estimate(chain: Chain, call: Call, *, number: int | None) -> int:
    """Give gas with which the message succeeds; with a hundredth less it may not.

    One run with plenty tells, for nearly all messages, how much less would have done. If one
    looks at its gas or goes on after an inner failure, the least is searched for, as geth does.

    Raises
    ------
    Refusal
        It does not succeed, whatever the gas.
    """
    first = chain.execute(call, number=number, kind=MeasuringState)
    output(first, gas=call.gas)
    least_of_all = needed(unsigned(call, nonce=0))
    spare = slack(first)
    if spare is not None:
        return max(call.gas - spare, least_of_all)
    used = int(first.get_gas_used()) + least_of_all

    def succeeds(gas: int) -> bool:
        tried = Call(call.sender, call.to, call.data, call.value, gas)
        try:
            return bool(chain.execute(tried, number=number).is_success)
        except Refusal:
            return False

    return least(succeeds, low=used, high=call.gas)


def least(succeeds: Callable[[int], bool], *, low: int, high: int) -> int:
    """Give the least number that succeeds, or up to a hundredth more.

    Examples
    --------
    >>> 25_000 <= least(lambda gas: gas >= 25_000, low=21_000, high=30_000_000) <= 25_250
    True
    """
    if low >= high or succeeds(low):
        return min(low, high)
    middle = low * 64 // 63 + 2_300
    while high - low > max(1, low // 100):
        middle = min(middle, (low + high) // 2)
        if succeeds(middle):
            high = middle
        else:
            low = middle
        middle = (low + high) // 2 if high < 4 * low else low * 2
    return high
