"""How fast is exact settlement against shapiq's exact computer, and how near is a sampled one?

python -m benchmarks.bench_credit
"""

from __future__ import annotations

import hashlib
import time
import tracemalloc
from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.chain_game import saturating_chain
from coopt_dag.credit.fold import scale, shapley
from coopt_dag.credit.sampling import estimate, sample_plan

PLAYERS, EVALUATIONS = 16, 1024
SEEDS, GAMES = 100, 5
Z95 = 1.959964


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


def measure() -> dict[str, object]:
    """Give times, the factor, the largest difference, memory, and the errors of samples."""
    values = table(20)  # memory first: weights are kept from call to call
    tracemalloc.start()
    shapley(values)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    figures: dict[str, object] = {"n20_memory_in_tables": 1 + peak / values.nbytes}
    for n in (12, 16, 20):
        figures[f"n{n}_ms"] = 1000 * best_s(partial(shapley, table(n)), 30)
    figures |= _shapiq(PLAYERS)
    figures["sample_of_chain"] = sampled(rough=0.0)
    figures["sample_of_rough_chain"] = sampled(rough=0.003)
    return figures


def sampled(*, rough: float) -> dict[str, float]:
    """Give relative L1 errors of 1,024 evaluations over many seeds, and how often bars hold."""
    games = [saturating_chain(PLAYERS, salt, rough=rough) for salt in range(GAMES)]
    exact = [np.array(shapley(game)) / scale(PLAYERS) for game in games]
    errors, held, took = [], [], []
    for turn in range(SEEDS):
        game, truth = games[turn % GAMES], exact[turn % GAMES]
        start = time.perf_counter()
        values, bars = _once(game, hashlib.sha256(b"bench %d" % turn).digest())
        took.append(time.perf_counter() - start)
        errors.append(abs(values - truth).sum() / abs(truth).sum())
        held.append((abs(values - truth) <= Z95 * bars).mean())
    return {
        "seeds": SEEDS,
        "relative_l1_median": float(np.median(errors)),
        "relative_l1_p95": float(np.quantile(errors, 0.95)),
        "relative_l1_most": max(errors),
        "coverage_of_95_intervals": float(np.mean(held)),
        "plan_and_estimate_ms": 1000 * min(took),
    }


def _once(game: np.ndarray, seed: bytes) -> tuple[np.ndarray, np.ndarray]:
    plan = sample_plan([1] * PLAYERS, evaluations=EVALUATIONS, seed=seed)
    if len(plan.configs) > EVALUATIONS:
        raise AssertionError("the plan is over the budget")
    scores = {c: int(game[sum(x << i for i, x in enumerate(c))]) for c in plan.configs}
    found = estimate(plan, scores)
    heights = np.array([curve.heights[-1] / found.scale for curve in found.curves])
    return heights, np.array([errors[-1] for errors in found.errors])


def _shapiq(n: int) -> dict[str, object]:
    from shapiq.game_theory.exact import ExactComputer

    values = table(n)
    places = 1 << np.arange(n)

    def game(coalitions: np.ndarray) -> np.ndarray:
        return values[np.asarray(coalitions, dtype=bool) @ places] / 1e9

    start = time.perf_counter()
    found = ExactComputer(n_players=n, game=game)("SV", 1)
    theirs_ms = 1000 * (time.perf_counter() - start)
    ours_ms = 1000 * best_s(partial(shapley, values), 30)
    theirs = np.array([found[(i,)] for i in range(n)])
    ours = np.array(shapley(values)) / scale(n) / 1e9
    return {
        "shapiq_n16_ms": theirs_ms,
        "times_faster_n16": theirs_ms / ours_ms,
        # as text: a table of three decimals would show it as nothing
        "largest_difference": f"{abs(ours - theirs).max():.1e}",
    }


def main() -> None:
    """Print the figures."""
    from benchmarks.__main__ import show

    show(measure())


if __name__ == "__main__":
    main()
