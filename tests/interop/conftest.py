"""Every test of this folder runs against software that we did not write."""

from __future__ import annotations

from pathlib import Path

import pytest

FROM_PYPI = {"test_kubo.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.interop)
            if item.path.name not in FROM_PYPI:
                item.add_marker(pytest.mark.npm)
