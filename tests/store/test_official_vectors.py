"""IPIP-499: what every other implementation of the profile computes, we compute."""

from __future__ import annotations

import io

import pytest

from coopt_dag.store.cid import CID
from coopt_dag.store.importer import import_file, import_folder
from coopt_dag.store.profile import PROFILE_NAME, UNIXFS_V0_2015, UNIXFS_V1_2025
from tests.store import vectors as v

pytestmark = pytest.mark.interop


def test_a_short_file_is_its_own_block() -> None:
    assert str(import_file(io.BytesIO(b"hello world"), CID.of).cid) == v.GREETING


def test_one_chunk_is_a_block_and_one_byte_more_is_a_tree() -> None:
    assert v.file_cid(v.MIB, "chunk-v1-seed") == v.ONE_CHUNK
    assert v.file_cid(v.MIB + 1, "chunk-v1-seed") == v.ONE_CHUNK_AND_A_BYTE


def test_an_empty_folder_has_the_known_cid() -> None:
    assert str(import_folder({}, CID.of).cid) == v.EMPTY_FOLDER


def test_a_folder_block_of_256_kib_is_plain_and_one_byte_more_is_sharded() -> None:
    assert v.folder_cid(v.names(4766, 11, 21, v.HAMT_SEED)) == v.LARGEST_PLAIN_FOLDER
    assert v.folder_cid(v.names(4766, 11, 22, v.HAMT_SEED)) == v.SMALLEST_HAMT


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "expected"),
    [(1024 * v.MIB, v.FULL_WIDTH), (1024 * v.MIB + 1, v.FULL_WIDTH_AND_A_BYTE)],
)
def test_1024_chunks_fill_one_node_and_one_byte_more_adds_a_level(size: int, expected: str) -> None:
    assert v.file_cid(size, "v1-2025-seed") == expected


def test_the_profile_has_the_name_and_numbers_of_the_specification() -> None:
    # IPIP-499: 1 MiB chunks, width 1024, HAMT above 256 KiB
    assert PROFILE_NAME == UNIXFS_V1_2025.name == "unixfs-v1-2025"
    assert (UNIXFS_V1_2025.chunk_bytes, UNIXFS_V1_2025.width) == (1048576, 1024)
    assert UNIXFS_V1_2025.folder_bytes == 262144


def test_under_the_old_profile_a_short_file_is_wrapped() -> None:
    made = import_file(io.BytesIO(b"hello world"), CID.of, profile=UNIXFS_V0_2015)
    assert str(made.cid) == v.V0_GREETING
    empty = import_file(io.BytesIO(b""), CID.of, profile=UNIXFS_V0_2015)
    assert str(empty.cid) == v.V0_EMPTY_FILE
    assert str(import_folder({}, CID.of, profile=UNIXFS_V0_2015).cid) == v.V0_EMPTY_FOLDER


@pytest.mark.parametrize(
    ("size", "seed", "expected"),
    [
        (v.V0_CHUNK, "chunk-v0-seed", v.V0_ONE_CHUNK),
        (v.V0_CHUNK + 1, "chunk-v0-seed", v.V0_ONE_CHUNK_AND_A_BYTE),
        (174 * v.V0_CHUNK, "v0-seed", v.V0_FULL_WIDTH),
        (174 * v.V0_CHUNK + 1, "v0-seed", v.V0_FULL_WIDTH_AND_A_BYTE),
    ],
)
def test_under_the_old_profile_files_are_cut_as_kubo_did(
    size: int, seed: str, expected: str
) -> None:
    assert v.file_cid(size, seed, profile=UNIXFS_V0_2015) == expected


def test_under_the_old_profile_names_and_cids_of_256_kib_are_plain_and_more_are_sharded() -> None:
    # 4096 x (30 + 34) bytes are 256 KiB, 4033 x (31 + 34) are one more
    plain = v.names(4096, 30, 30, v.V0_HAMT_SEED)
    sharded = v.names(4033, 31, 31, v.V0_HAMT_SEED)
    assert v.folder_cid(plain, profile=UNIXFS_V0_2015) == v.V0_LARGEST_PLAIN_FOLDER
    assert v.folder_cid(sharded, profile=UNIXFS_V0_2015) == v.V0_SMALLEST_HAMT
