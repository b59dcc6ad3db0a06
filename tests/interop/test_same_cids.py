"""ipfs-unixfs-importer, the JavaScript reference, and we give the same content the same CID."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coopt_dag.store.folders import cid_of
from coopt_dag.store.profile import PROFILES, Profile
from tests.interop.content import SIZES, crowded, files, nested
from tests.interop.nodes import node_22


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = files(tmp_path_factory.mktemp("content"))
    nested(folder / "nested")
    crowded(folder / "crowded", count=5000)  # over 256 KiB in both profiles: sharded
    (folder / "empty-folder").mkdir()
    return folder


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_files_and_folders_of_every_shape(content: Path, profile: Profile) -> None:
    theirs = json.loads(node_22("importer.mjs", profile.name, str(content)))
    assert {path.name: cid_of(path, profile=profile) for path in content.iterdir()} == theirs
    assert len(theirs) == len(SIZES) + 3
