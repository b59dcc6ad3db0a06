"""CIDs of version 0 (Qm…) can be made, kept, fetched and checked, under `unixfs-v0-2015`."""

from __future__ import annotations

from pathlib import Path

import pytest

from coopt_dag.errors import UsageError
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.folders import add_path, cid_of, fetch_path
from coopt_dag.store.profile import PROFILES, UNIXFS_V0_2015, profile_of_version
from coopt_dag.store.protocol import Store
from coopt_dag.store.walk import walk


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    folder = tmp_path / "sample"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "large").write_bytes(bytes(range(256)) * 4096)  # four chunks of 256 KiB
    (folder / "small").write_text("hits")
    return folder


def test_a_folder_goes_round(store: Store, sample: Path, tmp_path: Path) -> None:
    cid = add_path(store, sample, profile=UNIXFS_V0_2015)
    assert cid == cid_of(sample, profile=UNIXFS_V0_2015)
    assert cid.startswith("Qm")
    out = fetch_path(store, cid, tmp_path / "out")
    assert (out / "sub" / "large").read_bytes() == (sample / "sub" / "large").read_bytes()
    assert cid_of(out) == cid_of(sample) != cid


def test_all_its_blocks_are_dag_pb_of_version_0(store: Store, sample: Path) -> None:
    root = CID.parse(add_path(store, sample, profile=UNIXFS_V0_2015))
    found = [cid for cid, _ in walk(store, root)]
    # the folder, sub, large, one chunk (all four are equal), small
    assert len(found) == 5
    assert {(cid.version, cid.codec) for cid in found} == {(0, Codec.DAG_PB)}


def test_what_is_there_already_is_checked_by_the_profile_of_its_cid(
    store: Store, sample: Path
) -> None:
    cid = add_path(store, sample, profile=UNIXFS_V0_2015)
    assert fetch_path(store, cid, sample) == sample
    (sample / "small").write_text("other")
    with pytest.raises(UsageError, match="is there already"):
        fetch_path(store, cid, sample)


def test_the_numbers_are_those_of_the_specification() -> None:
    # IPIP-499: CIDv0, 256 KiB chunks in dag-pb, width 174, HAMT above 256 KiB of names and CIDs
    v0 = PROFILES["unixfs-v0-2015"]
    assert (v0.cid_version, v0.raw_leaves, v0.folder_length) == (0, False, "links")
    assert (v0.chunk_bytes, v0.width, v0.folder_bytes) == (262144, 174, 262144)
    assert profile_of_version(0) is v0
    assert profile_of_version(1) is PROFILES["unixfs-v1-2025"]
