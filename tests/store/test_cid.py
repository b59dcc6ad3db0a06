"""One CID, one text: everything else is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopt_dag.errors import CooptError, UsageError
from coopt_dag.store.cid import CID, Codec
from tests.store.vectors import EMPTY_FOLDER, GREETING

EMPTY_FOLDER_V0 = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"  # IPIP-499, unixfs-v0-2015

versions = st.sampled_from([(0, Codec.DAG_PB), (1, Codec.DAG_PB), (1, Codec.RAW)])


@given(kind=versions, digest=st.binary(min_size=32, max_size=32))
def test_text_and_bytes_lead_back_to_the_cid(kind: tuple[int, Codec], digest: bytes) -> None:
    cid = CID(*kind, digest)
    assert CID.parse(str(cid)) == cid
    assert CID.from_bytes(cid.to_bytes()) == cid


def test_both_versions_of_the_empty_folder_have_one_hash() -> None:
    assert CID.parse(EMPTY_FOLDER_V0).digest == CID.parse(EMPTY_FOLDER).digest
    assert str(CID.parse(EMPTY_FOLDER_V0)) == EMPTY_FOLDER_V0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b",
        GREETING.upper(),
        GREETING[:-1],
        GREETING + "a",
        " " + GREETING,
        GREETING + "\n",
        "ipfs://" + GREETING,
        "/ipfs/" + GREETING,
        "z" + GREETING[1:],  # base58 prefix
        GREETING[:-1] + "f",  # the two spare bits of the last letter are set: 'e' is 0b00100
        GREETING[:10] + "1" + GREETING[11:],  # no letter of base32
        "ba" + GREETING[2:3] + "e" + GREETING[4:],  # another codec
        EMPTY_FOLDER_V0[:-1] + "0",  # no letter of base58
        "Qm" + "z" * 44,  # larger than 34 bytes
        EMPTY_FOLDER_V0[:-1],
    ],
)
def test_text_that_is_no_canonical_cid_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        CID.parse(text)
    assert caught.value.hint


@given(st.text(max_size=70))
def test_no_text_raises_anything_but_our_errors(text: str) -> None:
    with contextlib.suppress(CooptError):
        assert str(CID.parse(text)) == text


@given(st.binary(max_size=40))
def test_no_bytes_raise_anything_but_our_errors(data: bytes) -> None:
    with contextlib.suppress(CooptError):
        assert CID.from_bytes(data).to_bytes() == data
