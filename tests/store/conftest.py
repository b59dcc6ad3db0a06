"""Every adapter passes the same kit: a new one is one more entry of `ADAPTERS`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from coopt_dag.store.local import LocalStore
from coopt_dag.store.memory import MemoryStore
from coopt_dag.store.protocol import Store

ADAPTERS: dict[str, Callable[[Path], Store]] = {
    "memory": lambda _folder: MemoryStore(),
    "local": lambda folder: LocalStore(folder / "store"),
}


@pytest.fixture(params=sorted(ADAPTERS))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return ADAPTERS[request.param](tmp_path)
