"""How fast is exact settlement, against shapiq's exact computer on the same game?

python -m benchmarks.bench_credit
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from functools import partial

import numpy as np

from coopt_dag.credit.fold import scale, shapley


def table(n: int) -> np.ndarray:
    """Give scores in 1e-9 of a game without structure."""
    return np.random.default_rng(n).integers(0, 10**9, 1 << n)


def best_s(work: Callable[[], object], times: int) -> float:
    """Give the seconds of the fastest run: other programs only ever add."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def measure() -> dict[str, float]:
    """Give times, the factor, the largest relative difference, and memory next to the table."""
    values = table(20)  # memory first: weights are kept from call to call
    tracemalloc.start()
    shapley(values)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    figures = {"n20_memory_in_tables": 1 + peak / values.nbytes}
    for n in (12, 16, 20):
        figures[f"n{n}_ms"] = 1000 * best_s(partial(shapley, table(n)), 30)
    return figures | _shapiq(16, figures["n16_ms"])


def _shapiq(n: int, ours_ms: float) -> dict[str, float]:
    from shapiq.game_theory.exact import ExactComputer

    values = table(n)
    places = 1 << np.arange(n)

    def game(coalitions: np.ndarray) -> np.ndarray:
        return values[np.asarray(coalitions, dtype=bool) @ places] / 1e9

    start = time.perf_counter()
    found = ExactComputer(n_players=n, game=game)("SV", 1)
    theirs_ms = 1000 * (time.perf_counter() - start)
    theirs = np.array([found[(i,)] for i in range(n)])
    ours = np.array(shapley(values)) / scale(n) / 1e9
    return {
        "shapiq_n16_ms": theirs_ms,
        "times_faster_n16": theirs_ms / ours_ms,
        "largest_difference": float(abs(ours - theirs).max()),
    }


def main() -> None:
    """Print the figures."""
    for figure, value in measure().items():
        print(f"{figure:24} {value:12.4g}")


if __name__ == "__main__":
    main()
