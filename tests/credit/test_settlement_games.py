"""Ten thousand games a property: what settlement keeps, whatever the scores are."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise, product
from math import comb, lcm

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopt_dag.credit.curves import step_curves
from coopt_dag.credit.fold import scale, shapley
from coopt_dag.credit.levels import configurations, count_configurations, node_runs, players
from coopt_dag.credit.paired import of_gains
from coopt_dag.credit.pot import Terms
from coopt_dag.credit.settlement import Epoch, Review, Settlement, Work, settle
from coopt_dag.credit.values import ValueTable, value_table

GAMES = settings(max_examples=2500, deadline=None, database=None)
SURE = of_gains([1, 2] * 50)
TERMS = Terms(budget=10**18 + 7, target=10**9)

Levels = list[int]
Scores = dict[tuple[int, ...], int]


@st.composite
def games(draw: st.DrawFn) -> tuple[Levels, Scores]:
    """Scores of any configuration, also of those that settlement does not read."""
    levels = draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    rng = random.Random(draw(st.integers(0, 2**64)))
    push = draw(st.sampled_from([-(10**8), 0, 10**8, 10**12]))
    every = product(*[range(top + 1) for top in levels])
    return levels, {c: rng.randint(-(10**9), 10**9) + sum(c) * push for c in every}


def by_definition(levels: Levels, scores: Scores) -> dict[tuple[int, int], Fraction]:
    """Sum over all S in fractions, as the spec writes it; other steps may be empty players."""
    n, found = len(levels), {}
    for i, level in ((j, lv) for j in range(n) for lv in range(1, levels[j] + 1)):
        total = Fraction(0)
        for bits in product((0, 1), repeat=n):
            if bits[i]:
                continue
            at = [b * top for b, top in zip(bits, levels, strict=True)]
            now, was = [*at], [*at]
            now[i], was[i] = level, level - 1
            weight = Fraction(1, n * comb(n - 1, sum(bits)))
            total += weight * (scores[tuple(now)] - scores[tuple(was)])
        found[i, level] = total
    return found


def epoch_of(levels: Levels) -> Epoch:
    return Epoch(
        tuple(
            tuple(Work(f"{i}.{lv:03}", f"who{(i + lv) % 3}", f"s{i}") for lv in range(1, top + 1))
            for i, top in enumerate(levels)
        )
    )


def earned(table: ValueTable) -> dict[tuple[int, int], Fraction]:
    found = step_curves(table)
    return {
        (curve.step, level): Fraction(part, found.scale)
        for curve in found.curves
        for level, part in enumerate(curve.envelope, 1)
    }


def done(levels: Levels, scores: Scores) -> Settlement:
    return settle(value_table(levels, scores), epoch_of(levels), terms=TERMS, total=SURE)


@GAMES
@given(games())
def test_raw_gains_are_those_of_the_definition_and_sum_to_the_gain(
    game: tuple[Levels, Scores],
) -> None:
    levels, scores = game
    found = step_curves(value_table(levels, scores))
    raw = {
        (c.step, lv): Fraction(x, found.scale)
        for c in found.curves
        for lv, x in enumerate(c.raw, 1)
    }
    # two full definitions a game are enough of the slow side
    if sum(levels) <= 6:
        assert raw == by_definition(levels, scores)
    assert sum(raw.values()) == scores[tuple(levels)] - scores[(0,) * len(levels)]


@GAMES
@given(games())
def test_nobody_pays_and_the_payments_are_the_pot(game: tuple[Levels, Scores]) -> None:
    settled = done(*game)
    assert all(row.paid >= 0 and row.earned >= 0 for row in settled.rows)
    assert sum(row.paid for row in settled.rows) == settled.pot == sum(settled.payments().values())
    assert settled.pot + settled.rolled_over == TERMS.budget
    assert sum(row.raw for row in settled.rows) == settled.scale * settled.gain
    assert (settled.pot > 0) == (settled.gain > 0)


@GAMES
@given(games(), st.data())
def test_a_copy_earns_nothing_and_moves_nobody(
    game: tuple[Levels, Scores], data: st.DataObject
) -> None:
    levels, scores = game
    places = [(i, lv) for i, top in enumerate(levels) for lv in range(1, top + 1)]
    if not places:
        return
    i, copied = data.draw(st.sampled_from(places))
    longer = [top + (place == i) for place, top in enumerate(levels)]

    def original(config: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(x - (j == i and x > copied) for j, x in enumerate(config))

    every = product(*[range(top + 1) for top in longer])
    after = earned(value_table(longer, {c: scores[original(c)] for c in every}))
    assert after.pop((i, copied + 1)) == 0
    moved = {(j, lv - (j == i and lv > copied)): part for (j, lv), part in after.items()}
    assert moved == earned(value_table(levels, scores))


@GAMES
@given(games(), st.data())
def test_a_version_in_between_changes_no_total_of_a_step_and_an_idle_step_earns_nothing(
    game: tuple[Levels, Scores], data: st.DataObject
) -> None:
    levels, scores = game
    i = data.draw(st.integers(0, len(levels) - 1))
    ends = [min(1, top) if j == i else top for j, top in enumerate(levels)]
    short = {
        c: scores[tuple(levels[i] * (x > 0) if j == i else x for j, x in enumerate(c))]
        for c in product(*[range(top + 1) for top in ends])
    }
    idle = {(*c, x): score for c, score in short.items() for x in (0, 1)}
    whole, split = earned(value_table(ends, short)), earned(value_table(levels, scores))
    wider = earned(value_table([*ends, 1], idle))
    for j in range(len(levels)):
        total = sum(part for (step, _), part in whole.items() if step == j)
        assert total == sum(part for (step, _), part in split.items() if step == j)
    assert wider.pop((len(levels), 1)) == 0
    assert wider == whole


@GAMES
@given(games(), st.randoms())
def test_the_order_of_steps_moves_nobody(game: tuple[Levels, Scores], rng: random.Random) -> None:
    levels, scores = game
    order = list(range(len(levels)))
    rng.shuffle(order)
    turned = {tuple(c[i] for i in order): score for c, score in scores.items()}
    after = earned(value_table([levels[i] for i in order], turned))
    assert {(order[i], lv): part for (i, lv), part in after.items()} == earned(
        value_table(levels, scores)
    )


@pytest.mark.parametrize("n", range(1, 15))
def test_the_fold_is_exact_beyond_64_bits(n: int) -> None:
    rng = np.random.default_rng(n)
    values = rng.integers(-(2**61), 2**61, 1 << n)
    found, unit, wide = shapley(values), lcm(*range(1, n + 1)), values.tolist()
    assert sum(found) == unit * (wide[-1] - wide[0])
    if n <= 8:
        for i in range(n):
            assert found[i] == sum(
                unit // (n * comb(n - 1, s.bit_count())) * (wide[s | 1 << i] - wide[s])
                for s in range(1 << n)
                if not s >> i & 1
            )
    assert unit == scale(n)


def shapes(n: int) -> list[list[tuple[str, str]]]:
    """A chain, diamonds one after the other, and three random DAGs of n steps."""
    names = [f"s{i:02}" for i in range(n)]
    chain = list(pairwise(names))
    diamond = [(names[0], x) for x in names[1:-1]] + [(x, names[-1]) for x in names[1:-1]]
    rng = random.Random(n)
    pairs = [(a, b) for k, b in enumerate(names) for a in names[:k]]
    return [chain, diamond, *([p for p in pairs if rng.random() < 0.3] for _ in range(3))]


@pytest.mark.parametrize("n", range(4, 13))
def test_node_runs_are_the_different_configurations_above_each_node(n: int) -> None:
    names, rng = [f"s{i:02}" for i in range(n)], random.Random(n)
    levels = [rng.choice([0, 1, 2, 3]) if n <= 8 else 1 for _ in names]
    every = np.array(list(configurations(levels)))
    assert len(set(map(tuple, every.tolist()))) == len(every) == count_configurations(levels)
    for edges in shapes(n):
        above = {name: {name} for name in names}
        for name in names:  # names are in topological order
            for source, target in edges:
                if target == name:
                    above[name] |= above[source]
        runs = sum(
            len(np.unique(every[:, [k for k, x in enumerate(names) if x in above[name]]], axis=0))
            for name in names
        )
        assert node_runs(names, edges, dict(zip(names, levels, strict=True))) == runs
    assert len(players(levels)) <= n


def test_a_chain_of_ten_runs_a_fifth_of_the_nodes() -> None:
    names = [f"s{i}" for i in range(10)]
    chain = list(pairwise(names))
    # 2 + 4 + ... + 1024 = 2046, against 10 nodes of 1024 configurations
    assert node_runs(names, chain, dict.fromkeys(names, 1)) == 2046 <= 10 * 1024 / 5


def test_royalties_records_and_reviews_are_paid_from_the_same_pot() -> None:
    table = value_table([1], {(0,): 0, (1,): 10**9})
    old = Work("old", "eve", "other", gain=3)
    mid = Work("mid", "bob", "other", parents=("old",), gain=1)
    new = Work("new", "ann", "s", parents=("mid",), gain=9)
    epoch = Epoch(
        chains=((new,),),
        records=(Work("near", "cat", "s", gain=5), Work("none", "dan", "s", gain=-1)),
        reviews=(Review("rev", "fay", "s"),),
        lineage=(old, mid),
    )
    settled = settle(table, epoch, terms=Terms(budget=10_000, target=10**9), total=SURE)
    # 7000 for steps, of which 1750 are royalties, 3 : 1; 2000 for records, 1000 for reviews
    assert settled.payments() == {"ann": 5250, "bob": 438, "cat": 2000, "eve": 1312, "fay": 1000}
    assert settled.pot == 10_000


def test_damage_and_repair_earn_nothing() -> None:
    heights = [0, 7, 2, 7]
    table = value_table([3], {(k,): h for k, h in enumerate(heights)})
    settled = settle(table, epoch_of([3]), terms=TERMS, total=SURE)
    assert [row.earned for row in settled.rows] == [7, 0, 0]
    assert [row.reason for row in settled.rows] == ["raised", "nothing new", "overtaken"]


def test_without_a_sure_gain_nobody_is_paid() -> None:
    table = value_table([1], {(0,): 0, (1,): 5})
    settled = settle(table, epoch_of([1]), terms=TERMS, total=of_gains([500, -490] * 50))
    assert settled.pot == 0
    assert settled.rows[0].reason == "no pot"
