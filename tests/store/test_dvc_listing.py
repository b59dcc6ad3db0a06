"""Names and listings of DVC's objects, which strangers may have written."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopt_dag.errors import IntegrityError
from coopt_dag.store.dvc.listing import check_md5, is_listing, is_object, read_listing

PLACE = "files/md5/ab/cdef0123456789abcdef0123456789.dir"
CACHED = Path("/cache/files/md5/ab/cdef0123456789abcdef0123456789.dir")


@pytest.mark.parametrize(
    "md5",
    [
        "ab/dev/zero",
        "..",
        "ab",
        "../../../../etc/passwd",
        "A" * 32,
        "a" * 33,
        "a" * 400,
        "a" * 31 + "\0",
        "a" * 31 + "\n",
        "\ud800" + "a" * 31,
        5,
        None,
        ["a" * 32],
    ],
)
def test_an_entry_that_is_no_md5_sum_never_becomes_a_path(md5: object) -> None:
    text = json.dumps([{"md5": md5, "relpath": "x"}]).encode()
    with pytest.raises(IntegrityError) as caught:
        read_listing(text, place=PLACE, cached=CACHED)
    assert caught.value.path == str(CACHED)
    assert caught.value.hint


@pytest.mark.parametrize(
    "text", [b"", b"{", b"5", b"null", b'{"md5": 1}', b"[1]", b"[" * 200_000, b"\xff", b"[{}]"]
)
def test_what_is_no_listing_is_refused(text: bytes) -> None:
    with pytest.raises(IntegrityError, match="no listing"):
        read_listing(text, place=PLACE, cached=CACHED)


@given(text=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    try:
        entries = read_listing(text, place=PLACE, cached=CACHED)
    except IntegrityError:
        return
    assert all(is_object(entry.place) for entry in entries)


def test_entries_lie_beside_their_listing_in_both_layouts() -> None:
    oid = hashlib.md5(b"a").hexdigest()
    text = json.dumps([{"md5": oid, "relpath": "a"}]).encode()
    [new] = read_listing(text, place=PLACE, cached=CACHED)
    assert new.place == f"files/md5/{oid[:2]}/{oid[2:]}"
    assert new.cached == Path(f"/cache/files/md5/{oid[:2]}/{oid[2:]}")
    [old] = read_listing(text, place=PLACE.removeprefix("files/md5/"), cached=CACHED)
    assert old.place == f"{oid[:2]}/{oid[2:]}"


def test_only_objects_with_the_suffix_are_listings() -> None:
    assert is_listing(PLACE)
    assert not is_listing(PLACE.removesuffix(".dir"))
    assert not is_listing("data/x.dir")


def test_a_cache_file_with_other_bytes_than_its_name_says_is_refused(tmp_path: Path) -> None:
    oid = hashlib.md5(b"right").hexdigest()
    file = tmp_path / oid[:2] / oid[2:]
    file.parent.mkdir()
    file.write_bytes(b"right")
    check_md5(f"files/md5/{oid[:2]}/{oid[2:]}", file)
    file.write_bytes(b"wrong")
    with pytest.raises(IntegrityError, match="not those it is named by") as caught:
        check_md5(f"files/md5/{oid[:2]}/{oid[2:]}", file)
    assert caught.value.path == str(file)
