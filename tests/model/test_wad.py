from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopt_dag.errors import ScoreInvalidError
from coopt_dag.model.wad import from_wad, to_wad


@given(st.integers(0, 99))
def test_every_two_decimal_score_is_exact(hundredths: int) -> None:
    # 0.07 must become 70000000000000000, which int(0.07 * 10**18) misses.
    assert to_wad(hundredths / 100) == hundredths * 10**16


@given(st.integers(1 - 2**127, 2**127 - 1))
def test_a_wad_survives_its_decimal_text(wad: int) -> None:
    assert to_wad(from_wad(wad)) == wad


def test_half_a_unit_goes_to_the_even_neighbour() -> None:
    assert to_wad(Decimal("0.0000000000000000005")) == 0
    assert to_wad(Decimal("0.0000000000000000015")) == 2


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "-Infinity", 2.0**68, -1.8e20])
def test_what_is_no_score_is_refused(value: float | str) -> None:
    with pytest.raises(ScoreInvalidError):
        to_wad(value)
