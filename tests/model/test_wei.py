"""Amounts and moments: what is written can be read, and says the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopt_dag.errors import UsageError
from coopt_dag.model.moment import from_seconds, to_seconds
from coopt_dag.model.wei import from_wei, to_wei


@given(st.integers(0, 2**96))
def test_an_amount_that_we_write_is_read_as_itself(wei: int) -> None:
    assert to_wei(from_wei(wei)) == wei


@pytest.mark.parametrize(
    ("text", "wei"),
    [
        ("1eth", 10**18),
        ("0.000000000000000001 ETH", 1),
        ("1.5gwei", 1_500_000_000),
        (" 20 Gwei ", 20 * 10**9),
        ("0wei", 0),
    ],
)
def test_every_unit_is_read(text: str, wei: int) -> None:
    assert to_wei(text) == wei


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "eth",
        "-1eth",
        "1e18wei",
        "0.5wei",
        "1.5000000001gwei",
        "NaN eth",
        "\u0661eth",
        "1 ether",
    ],
)
def test_what_is_no_whole_amount_with_a_unit_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        to_wei(text)
    assert caught.value.hint


@given(st.integers(0, 4_000_000_000))
def test_a_moment_is_written_to_the_minute(seconds: int) -> None:
    text = from_seconds(seconds).removesuffix(" UTC")
    assert to_seconds(text) == seconds - seconds % 60


def test_an_offset_is_respected() -> None:
    assert to_seconds("2033-05-18T05:33:20+02:00") == 2_000_000_000


@pytest.mark.parametrize("text", ["", "tomorrow", "2033-13-01", "18.5.2033", "2033-05-18T25:00"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        to_seconds(text)
