"""Plain JSON-RPC over any web3 provider: one question, many at once, and logs in ranges."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import LedgerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BATCH = 50
"""Questions that are sent at once; many nodes refuse more than 100."""
FIRST_RANGE, LARGEST_RANGE, FEW_LOGS = 2_000, 1_000_000, 2_500
_TOO_MUCH = re.compile(
    r"more than|exceed|too (many|large|wide|big)|limit|range|size|timed? ?out|timeout",
    re.IGNORECASE,
)


class NodeError(Exception):
    """What a node answered instead of a result; `data` is a revert's, in hex."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error.get("message", error)))
        self.code = error.get("code")
        data = error.get("data")
        if isinstance(data, dict):  # some nodes wrap it
            data = data.get("data") or data.get("result")
        self.data = data if isinstance(data, str) else ""


class Node:
    """Asks a provider and takes its answers apart; see `transport` for patience.

    Parameters
    ----------
    provider
        Any web3 provider.
    """

    def __init__(self, provider: Any) -> None:
        self.provider = provider
        self._range = FIRST_RANGE

    def ask(self, method: str, *params: Any) -> Any:
        """Give a method's result.

        Raises
        ------
        NodeError
            The node answers with an error.
        """
        return _result(self.provider.make_request(method, list(params)))

    def call(self, method: str, *params: Any) -> Any:
        """Give a method's result, where an error has no meaning of its own.

        Raises
        ------
        LedgerUnavailableError
            The node answers with an error.
        """
        try:
            return self.ask(method, *params)
        except NodeError as error:
            raise LedgerUnavailableError(
                f"the chain's node refuses {method}: {error}", hint="ask whoever runs it"
            ) from error

    def batch(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Give the results of several questions in their order, with as few trips as it takes."""
        many = getattr(self.provider, "make_batch_request", None)
        if many is None or len(requests) == 1:
            return [self.call(method, *params) for method, params in requests]
        found: list[Any] = []
        for start in range(0, len(requests), BATCH):
            part = requests[start : start + BATCH]
            for (method, params), answer in zip(
                part, many([(m, list(p)) for m, p in part]), strict=True
            ):
                # one that failed is asked alone, so that its error is told as any other
                found.append(
                    self.call(method, *params) if "error" in answer else answer.get("result")
                )
        return found

    def logs(self, first: int, last: int, addresses: Sequence[str]) -> Iterator[tuple[int, Any]]:
        """Give (last block, its logs) for ranges as large as the node takes.

        Raises
        ------
        LedgerUnavailableError
            It does not even give the logs of a single block.
        """
        while first <= last:
            end = min(last, first + self._range - 1)
            wanted = {"fromBlock": hex(first), "toBlock": hex(end), "address": list(addresses)}
            try:
                found = self.ask("eth_getLogs", wanted)
            except NodeError as error:
                if end == first or not _TOO_MUCH.search(str(error)):
                    raise LedgerUnavailableError(
                        f"the chain's node does not give the logs of blocks {first} to {end}: "
                        f"{error}",
                        hint="use a node that keeps all logs",
                    ) from error
                self._range = max(1, (end - first + 1) // 2)
                continue
            yield end, found
            first = end + 1
            if len(found) < FEW_LOGS:
                self._range = min(LARGEST_RANGE, self._range * 2)


def _result(answer: Any) -> Any:
    if "error" in answer:
        error = answer["error"]
        raise NodeError(error if isinstance(error, dict) else {"message": str(error)})
    return answer.get("result")
