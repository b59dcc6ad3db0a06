from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coopt_dag.credit.gate import improvement_wad, is_record

SCORES = st.integers(-(10**24), 10**24)


@given(SCORES, SCORES)
def test_what_one_direction_gains_the_other_loses(before: int, after: int) -> None:
    down = improvement_wad(direction="minimise", before_wad=before, after_wad=after)
    up = improvement_wad(direction="maximise", before_wad=before, after_wad=after)
    assert down == -up == before - after


@given(SCORES, st.integers(0, 10**20))
def test_a_gain_of_exactly_min_delta_is_no_record(before: int, delta: int) -> None:
    rules = {"direction": "maximise", "before_wad": before, "min_delta_wad": delta}
    assert not is_record(after_wad=before + delta, **rules)
    assert is_record(after_wad=before + delta + 1, **rules)


def test_the_first_score_is_a_record_whatever_it_is() -> None:
    assert is_record(direction="minimise", before_wad=None, after_wad=10**30, min_delta_wad=1)
