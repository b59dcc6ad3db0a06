"""Helia, the JavaScript IPFS of today, fetches from our gateway and imports our CARs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from coopt_dag.store.car import write_car
from coopt_dag.store.cid import CID
from coopt_dag.store.folders import add_path
from coopt_dag.store.local import LocalStore
from coopt_dag.store.walk import walk
from tests.interop.content import MANY, crowded, nested
from tests.interop.nodes import node_22, our_gateway


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("content")
    nested(folder / "nested")
    (folder / "plain").mkdir()
    (folder / "plain" / "one.csv").write_text("1\n")
    (folder / "plain" / "two.csv").write_text("2\n")
    crowded(folder / "crowded")
    return folder


@pytest.fixture(scope="module")
def store(content: Path) -> LocalStore:
    return LocalStore(content / "store", durable=False)


@pytest.fixture(scope="module")
def gateway(store: LocalStore) -> Iterator[str]:
    with our_gateway(store.root, store.root / "log") as url:
        yield url


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def expected(path: Path) -> object:
    """What helia.mjs prints about this file or folder."""
    if path.is_file():
        return {"file": sha256(path.read_bytes())}
    names = sorted(entry.name for entry in path.iterdir())
    some = {name: sha256((path / name).read_bytes()) for name in names[:5]}
    return {"count": len(names), "names": sha256("\n".join(names).encode()), "some": some}


@pytest.mark.parametrize("name", ["nested/large", "plain", "crowded"])
def test_helia_fetches_from_our_gateway(
    name: str, content: Path, store: LocalStore, gateway: str
) -> None:
    cid = add_path(store, content / name, pin=True)
    found = json.loads(node_22("helia.mjs", "gateway", gateway, cid))
    assert found == expected(content / name)


def test_the_crowded_folder_is_one_that_must_be_sharded(content: Path) -> None:
    assert expected(content / "crowded")["count"] == MANY  # type: ignore[index]


@pytest.mark.parametrize("name", ["nested/large", "plain", "crowded"])
def test_helia_imports_a_car_that_we_wrote(
    name: str, content: Path, store: LocalStore, tmp_path: Path
) -> None:
    root = CID.parse(add_path(store, content / name))
    with (tmp_path / "our.car").open("wb") as stream:
        write_car(stream, [root], walk(store, root))
    found = json.loads(node_22("helia.mjs", "car", str(tmp_path / "our.car")))
    assert found == expected(content / name)
