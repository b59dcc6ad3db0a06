"""A file of 2 GiB costs a few MiB of memory, on its way in, out, and when only named."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import peak_memory

pytestmark = pytest.mark.slow


def test_naming_two_gib_takes_less_than_100_mib(tmp_path: Path) -> None:
    assert peak_memory.measure("hash", size_mib=2048, folder=tmp_path) < 100


def test_adding_and_reading_half_a_gib_takes_less_than_25_mib(tmp_path: Path) -> None:
    # a quarter of 2 GiB, a quarter of its 100 MiB: what grows with size would show
    assert peak_memory.measure("add", size_mib=512, folder=tmp_path) < 25
    assert peak_memory.measure("read", size_mib=512, folder=tmp_path) < 25
