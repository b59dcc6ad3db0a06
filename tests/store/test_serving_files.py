"""What browsers and stock DVC get from the gateway: files, parts of files, listings."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import unquote

import httpx
import pytest

from coopt_dag.store.car import read_car
from coopt_dag.store.importer import import_file
from coopt_dag.store.memory import MemoryStore
from coopt_dag.store.profile import UNIXFS_V0_2015
from coopt_dag.store.serving.server import background
from coopt_dag.store.serving.span import Span, read_range
from tests.store.gateways import BIG, MANY, Sample, fill


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(scope="module")
def sample(store: MemoryStore) -> Sample:
    return fill(store)


@pytest.fixture(scope="module")
def web(store: MemoryStore, sample: Sample) -> Iterator[httpx.Client]:
    with background(store) as url, httpx.Client(base_url=url) as client:
        yield client


def test_a_file_comes_whole_with_its_length_type_and_tag(web: httpx.Client, sample: Sample) -> None:
    found = web.get(f"/ipfs/{sample.root}/hello.txt")
    assert (found.status_code, found.content) == (200, b"hello world\n")
    assert found.headers["Content-Length"] == "12"
    assert found.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert found.headers["ETag"] == f'"{sample["hello.txt"]}"'
    assert found.headers["Accept-Ranges"] == "bytes"
    assert web.get(f"/ipfs/{sample.root}/big.bin").content == BIG


def test_head_tells_the_size_without_the_bytes(web: httpx.Client, sample: Sample) -> None:
    found = web.head(f"/ipfs/{sample.root}/big.bin")
    assert (found.headers["Content-Length"], found.content) == (str(len(BIG)), b"")


def test_an_empty_file_is_a_file(web: httpx.Client, sample: Sample) -> None:
    found = web.get(f"/ipfs/{sample.root}/nothing")
    assert (found.status_code, found.content, found.headers["Content-Length"]) == (200, b"", "0")


def test_every_name_of_a_sharded_folder_leads_to_its_file(
    web: httpx.Client, sample: Sample
) -> None:
    for n in range(0, MANY, 97):
        found = web.get(f"/ipfs/{sample['many']}/event-{n:04d}.json")
        assert found.content == b"%d\n" % n
    assert web.get(f"/ipfs/{sample['many']}/event-8000.json").status_code == 404


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=1048570-1048590", 1048570, 1048591),
        ("bytes=3670000-", 3670000, len(BIG)),
        ("bytes=-10", len(BIG) - 10, len(BIG)),
        ("bytes=-99999999", 0, len(BIG)),
        ("bytes=5-99999999", 5, len(BIG)),
    ],
)
def test_a_range_gives_just_these_bytes(
    web: httpx.Client, sample: Sample, asked: str, start: int, stop: int
) -> None:
    found = web.get(f"/ipfs/{sample['big.bin']}", headers={"Range": asked})
    assert found.content == BIG[start:stop]
    assert found.headers["Content-Length"] == str(stop - start)
    if stop - start < len(BIG):
        assert found.status_code == 206
        assert found.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(BIG)}"


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=3670016-3670020", "bytes=-0"])
def test_a_range_outside_of_the_file_is_refused(
    web: httpx.Client, sample: Sample, asked: str
) -> None:
    found = web.get(f"/ipfs/{sample['big.bin']}", headers={"Range": asked})
    assert found.status_code == 416
    assert found.headers["Content-Range"] == f"bytes */{len(BIG)}"
    assert found.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,4-5", "bytes=5-4", "bytes=a-b", "items=0-1", "bytes=-", "bytes=", "0-5"]
)
def test_what_is_not_one_range_gives_the_whole(
    web: httpx.Client, sample: Sample, asked: str
) -> None:
    # RFC 9110, 14.2: a server may ignore Range; then everything comes, which any client can read
    found = web.get(f"/ipfs/{sample['hello.txt']}", headers={"Range": asked})
    assert (found.status_code, found.content) == (200, b"hello world\n")


def test_a_range_depends_on_the_tag_that_the_client_knows(
    web: httpx.Client, sample: Sample
) -> None:
    tag = f'"{sample["hello.txt"]}"'
    for known, status in ((tag, 206), ('"other"', 200), (f"W/{tag}", 200)):
        headers = {"Range": "bytes=0-4", "If-Range": known}
        assert web.get(f"/ipfs/{sample['hello.txt']}", headers=headers).status_code == status


def test_a_range_means_nothing_to_head(web: httpx.Client, sample: Sample) -> None:
    # RFC 9110, 14.2: ranges are defined for GET alone
    found = web.head(f"/ipfs/{sample['hello.txt']}", headers={"Range": "bytes=0-4"})
    assert (found.status_code, found.headers["Content-Length"]) == (200, "12")


def test_files_that_older_software_added_are_served_too(
    web: httpx.Client, store: MemoryStore
) -> None:
    # CIDv0, chunks of 256 KiB, leaves that are dag-pb
    with store.batch() as put:
        cid = import_file(io.BytesIO(BIG), put, profile=UNIXFS_V0_2015).cid
    assert str(cid).startswith("Qm")
    assert web.get(f"/ipfs/{cid}").content == BIG
    part = web.get(f"/ipfs/{cid}", headers={"Range": "bytes=262100-524300"})
    assert part.content == BIG[262100:524301]
    proof = web.get(f"/ipfs/{cid}?format=car&entity-bytes=262144:262144").content
    assert [c.version for c, _ in read_car(io.BytesIO(proof))] == [0, 0]


def test_stock_dvc_finds_an_object_by_head_and_gets_it(web: httpx.Client, sample: Sample) -> None:
    # what dvc_http and fsspec send: Accept-Encoding identity and any Accept
    headers = {"Accept-Encoding": "identity", "Accept": "*/*"}
    address = f"/ipfs/{sample.root}/many/event-0001.json"
    assert web.head(address, headers=headers).headers["Content-Length"] == "2"
    assert web.get(address, headers=headers).content == b"1\n"
    assert web.head(f"/ipfs/{sample.root}/many/absent", headers=headers).status_code == 404


def test_a_folder_is_a_page_with_a_working_link_for_each_name(
    web: httpx.Client, sample: Sample
) -> None:
    there = web.get(f"/ipfs/{sample.root}/a%20b")
    assert (there.status_code, there.headers["Location"]) == (301, f"/ipfs/{sample.root}/a%20b/")
    odd = web.get(f"/ipfs/{sample.root}/a%20b?x=%0d%0aSet-Cookie:%20y&é=1")
    assert odd.headers["Location"].endswith("/a%20b/?x=%0d%0aSet-Cookie:%20y&%C3%A9=1")
    page = web.get(there.headers["Location"])
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["ETag"].startswith('"DirIndex-')
    links = re.findall(r'href="(\./[^"]+)">([^<]+)<', page.text)
    assert [(unquote(to)[2:], unescape(text)) for to, text in links] == [
        ("x:y", "x:y"),
        ("é<&>.csv", "é<&>.csv"),
    ]
    for to, _ in links:
        assert web.get(f"/ipfs/{sample.root}/a%20b/{to[2:]}").status_code == 200


def test_a_folder_is_json_for_programs(web: httpx.Client, sample: Sample) -> None:
    headers = {"Accept": "application/json"}
    found = web.get(f"/ipfs/{sample.root}/a%20b", headers=headers).json()
    assert found["cid"] == str(sample["a b"])
    assert [(e["name"], e["cid"]) for e in found["entries"]] == [
        ("x:y", str(sample["a b/x:y"])),
        ("é<&>.csv", str(sample["a b/é<&>.csv"])),
    ]
    assert web.get(f"/ipfs/{sample['empty']}", headers=headers).json()["entries"] == []


def test_a_sharded_folder_is_listed_whole(web: httpx.Client, sample: Sample) -> None:
    headers = {"Accept": "application/json"}
    entries = web.get(f"/ipfs/{sample['many']}", headers=headers).json()["entries"]
    assert {e["name"] for e in entries} == {f"event-{n:04d}.json" for n in range(MANY)}
    page = web.get(f"/ipfs/{sample['many']}/")
    assert page.text.count("<tr>") == MANY + 1  # and one row that leads up


def test_the_page_of_a_folder_stands_for_the_folder(web: httpx.Client, sample: Sample) -> None:
    found = web.get(f"/ipfs/{sample.root}/page/")
    assert found.text == "<p>hi</p>\n"
    assert found.headers["Content-Type"] == "text/html; charset=utf-8"
    assert found.headers["ETag"] == f'"{sample["page/index.html"]}"'


def test_pages_of_strangers_run_no_scripts(web: httpx.Client, sample: Sample) -> None:
    found = web.get(f"/ipfs/{sample.root}/page/index.html")
    assert found.headers["Content-Security-Policy"] == "sandbox"
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    headers = {"Service-Worker": "script"}
    assert web.get(f"/ipfs/{sample.root}/page/index.html", headers=headers).status_code == 400


def test_a_file_is_no_folder(web: httpx.Client, sample: Sample) -> None:
    assert web.get(f"/ipfs/{sample.root}/hello.txt/").status_code == 404
    found = web.get(f"/ipfs/{sample.root}/hello.txt/more")
    assert found.status_code == 404
    assert "file" in found.text


def test_a_download_has_the_name_that_was_asked_for(web: httpx.Client, sample: Sample) -> None:
    address = f"/ipfs/{sample['hello.txt']}"
    found = web.get(address, params={"filename": "gr\u00fc\u00dfe.csv", "download": "true"})
    assert found.headers["Content-Disposition"] == (
        "attachment; filename=\"gr__e.csv\"; filename*=UTF-8''gr%C3%BC%C3%9Fe.csv"
    )
    assert found.headers["Content-Type"].startswith("text/csv")
    found = web.get(address, params={"filename": 'a"\r\nSet-Cookie: x'})
    assert "Set-Cookie" not in found.headers
    assert found.headers["Content-Disposition"].startswith("inline")


def test_a_span_is_cut_to_the_file() -> None:
    # by hand, in a file of 10 bytes: (first, last) -> [start, stop)
    for first, last, part in (
        (0, None, (0, 10)),
        (-3, None, (7, 10)),
        (-30, None, (0, 10)),
        (2, -3, (2, 8)),
        (9, 9, (9, 10)),
        (10, 10, None),
        (5, 4, None),
        (0, -11, None),
    ):
        assert Span(first, last).within(10) == part
    assert Span(0, None).within(0) is None
    assert read_range("bytes=9999999999999999999-") is None  # more digits than any file has
