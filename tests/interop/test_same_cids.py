"""ipfs-unixfs-importer, the JavaScript reference, and we give the same content the same CID."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coopt_dag.store.folders import cid_of
from tests.interop.content import crowded, files, nested
from tests.interop.nodes import node_22


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = files(tmp_path_factory.mktemp("content"))
    nested(folder / "nested")
    crowded(folder / "crowded")
    (folder / "empty-folder").mkdir()
    return folder


def test_under_our_profile(content: Path) -> None:
    theirs = json.loads(node_22("importer.mjs", "unixfs-v1-2025", str(content)))
    assert {path.name: str(cid_of(path)) for path in content.iterdir()} == theirs
    assert len(theirs) == 10
