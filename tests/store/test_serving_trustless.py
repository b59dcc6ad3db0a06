"""Raw blocks and CARs from the gateway, as its specification has them."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopt_dag.errors import ContentMissingError, CooptError, UsageError
from coopt_dag.store.car import import_car, read_car
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.folders import fetch_path
from coopt_dag.store.hamt import name_hash
from coopt_dag.store.memory import MemoryStore
from coopt_dag.store.reader import Reader
from coopt_dag.store.serving.request import Scope, Wanted, read_request
from coopt_dag.store.serving.server import background
from coopt_dag.store.serving.span import Span, read_entity_bytes
from tests.store.gateways import BIG, MANY, TWICE, Sample, fill, symlink

RAW, CAR = "application/vnd.ipld.raw", "application/vnd.ipld.car"
ABSENT = CID.of(b"never put", Codec.RAW)


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


def car(web: httpx.Client, path: str, **parameters: str) -> tuple[list[CID], dict[CID, bytes]]:
    """The CIDs in a CAR in their order, and the blocks."""
    found = web.get(f"/ipfs/{path}", params={"format": "car", **parameters})
    assert found.status_code == 200, found.text
    pairs = list(read_car(io.BytesIO(found.content)))
    return [cid for cid, _ in pairs], dict(pairs)


def test_a_raw_block_is_the_bytes_that_its_cid_names(web: httpx.Client, sample: Sample) -> None:
    for cid in (sample.root, sample["hello.txt"]):
        by_address = web.get(f"/ipfs/{cid}?format=raw")
        by_header = web.get(f"/ipfs/{cid}", headers={"Accept": RAW})
        assert by_address.content == by_header.content
        assert hashlib.sha256(by_address.content).digest() == cid.digest
        assert by_address.headers["Content-Type"] == RAW
        assert by_address.headers["Content-Disposition"] == f'attachment; filename="{cid}.bin"'


def test_the_address_says_more_than_the_header(web: httpx.Client, sample: Sample) -> None:
    found = web.get(f"/ipfs/{sample.root}?format=raw", headers={"Accept": CAR})
    assert found.headers["Content-Type"] == RAW
    assert "Content-Location" not in found.headers


def test_a_form_chosen_by_header_is_located_for_caches(web: httpx.Client, sample: Sample) -> None:
    found = web.get(f"/ipfs/{sample.root}", headers={"Accept": f"text/html;q=0.2, {CAR}"})
    assert found.headers["Content-Type"].startswith(CAR)
    assert found.headers["Content-Location"] == f"/ipfs/{sample.root}?format=car"
    assert found.headers["Vary"] == "Accept"


def test_head_gives_the_headers_of_get_and_no_body(web: httpx.Client, sample: Sample) -> None:
    for address in (
        f"/ipfs/{sample['hello.txt']}?format=raw",
        f"/ipfs/{sample.root}?format=car",
        f"/ipfs/{sample.root}/hello.txt",
    ):
        head, get = web.head(address), web.get(address)
        assert (head.status_code, head.content) == (200, b"")
        for name in ("ETag", "Content-Type", "X-Ipfs-Path", "Cache-Control", "Content-Length"):
            assert head.headers.get(name) == get.headers.get(name), name


def test_a_car_of_a_folder_has_everything_below_it(web: httpx.Client, sample: Sample) -> None:
    found = web.get(f"/ipfs/{sample.root}?format=car")
    assert found.headers["Content-Type"] == f"{CAR}; version=1; order=dfs; dups=n"
    other = MemoryStore()
    assert import_car(other, io.BytesIO(found.content)) == (sample.root,)
    assert Reader(other).open(sample.root).is_folder


def test_a_car_makes_the_same_file_elsewhere(
    web: httpx.Client, sample: Sample, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other, out = MemoryStore(), tmp_path_factory.mktemp("out") / "big"
    import_car(other, io.BytesIO(web.get(f"/ipfs/{sample['big.bin']}?format=car").content))
    assert fetch_path(other, str(sample["big.bin"]), out).read_bytes() == BIG


def test_blocks_come_parents_first_and_each_once(web: httpx.Client, sample: Sample) -> None:
    order, blocks = car(web, str(sample["big.bin"]))
    # 3.5 MiB in leaves of 1 MiB: a node and four leaves, in the order of the file
    assert order[0] == sample["big.bin"]
    assert len(order) == len(blocks) == 5
    assert b"".join(blocks[cid] for cid in order[1:]) == BIG


def test_repeats_are_sent_only_when_asked_for(web: httpx.Client, sample: Sample) -> None:
    once, blocks = car(web, str(sample["twice.bin"]))
    again, _ = car(web, str(sample["twice.bin"]), **{"car-dups": "y"})
    assert len(once) == 2  # the node, and the one leaf of both halves
    assert again == [once[0], once[1], once[1]]
    assert blocks[once[1]] * 2 == TWICE
    accept = f"{CAR}; version=1; order=dfs; dups=y"
    found = web.get(f"/ipfs/{sample['twice.bin']}", headers={"Accept": accept})
    assert found.headers["Content-Type"].endswith("order=dfs; dups=y")
    assert [cid for cid, _ in read_car(io.BytesIO(found.content))] == again


def test_of_several_kinds_of_car_the_best_that_we_have_comes(
    web: httpx.Client, sample: Sample
) -> None:
    accept = f"{CAR};order=foo, {CAR};order=dfs;dups=y;q=0.5, {CAR};version=2;q=0.9"
    found = web.get(f"/ipfs/{sample.root}", headers={"Accept": accept})
    assert found.headers["Content-Type"] == f"{CAR}; version=1; order=dfs; dups=y"
    assert (
        web.get(f"/ipfs/{sample.root}", headers={"Accept": f"{CAR};order=foo"}).status_code == 400
    )


def test_the_blocks_of_the_path_come_first(web: httpx.Client, sample: Sample) -> None:
    order, _ = car(web, f"{sample.root}/a%20b/{'é<&>.csv'}")
    assert order == [sample.root, sample["a b"], sample["a b/é<&>.csv"]]


def test_a_path_through_shards_carries_the_shards(web: httpx.Client, sample: Sample) -> None:
    for n in (0, 4321, MANY - 1):
        path = f"many/event-{n:04d}.json"
        order, blocks = car(web, f"{sample.root}/{path}")
        assert order[:2] == [sample.root, sample["many"]]
        # 8,000 names in 256 slots: a second level is needed, and often a third
        assert 4 <= len(order) <= 5
        assert (order[-1], blocks[order[-1]]) == (sample[path], b"%d\n" % n)


@pytest.mark.parametrize("path", ["", "many", "big.bin"])
def test_scope_block_ends_with_one_block(web: httpx.Client, sample: Sample, path: str) -> None:
    order, _ = car(web, str(sample[path] if path else sample.root), **{"dag-scope": "block"})
    assert order == [sample[path]]


def test_scope_entity_of_a_folder_is_what_lists_it(web: httpx.Client, sample: Sample) -> None:
    order, blocks = car(web, str(sample.root), **{"dag-scope": "entity"})
    assert order == [sample.root]
    order, blocks = car(web, str(sample["many"]), **{"dag-scope": "entity"})
    # a shard for each beginning of a hash that two names share
    hashes = [name_hash(b"event-%04d.json" % n) for n in range(MANY)]
    shared = Counter(h[:level] for h in hashes for level in range(8))
    assert len(order) == sum(count > 1 for count in shared.values())
    other = MemoryStore()
    with other.batch() as put:
        for cid, block in blocks.items():
            put(block, cid.codec)
    reader = Reader(other)
    assert len(list(reader.links(reader.open(sample["many"])))) == MANY


def test_scope_entity_of_a_file_is_the_whole_file(web: httpx.Client, sample: Sample) -> None:
    order, _ = car(web, f"{sample.root}/big.bin", **{"dag-scope": "entity"})
    assert (order[0], len(order)) == (sample.root, 6)


@pytest.mark.parametrize(
    ("span", "leaves"),
    # leaves 0, 1, 2 of 1 MiB = 1048576 bytes, and 3 of half of that
    [
        ("0:*", [0, 1, 2, 3]),
        ("0:0", [0]),
        ("1048575:1048576", [0, 1]),
        ("1048576:2097151", [1]),
        ("-1:*", [3]),
        ("-524289:*", [2, 3]),
        ("2097152:-524289", [2]),
        ("3000000:99999999999", [2, 3]),
        ("99999999999:*", []),
        ("5:4", []),
    ],
)
def test_entity_bytes_selects_the_fewest_leaves(
    web: httpx.Client, sample: Sample, span: str, leaves: list[int]
) -> None:
    whole, _ = car(web, str(sample["big.bin"]))
    order, _ = car(web, str(sample["big.bin"]), **{"entity-bytes": span})
    assert order == [whole[0], *(whole[1 + n] for n in leaves)]


def test_entity_bytes_of_a_folder_is_the_folder(web: httpx.Client, sample: Sample) -> None:
    order, _ = car(web, str(sample.root), **{"entity-bytes": "0:9", "dag-scope": "all"})
    assert order == [sample.root]


def test_what_is_neither_file_nor_folder_is_served_as_blocks_only(
    web: httpx.Client, store: MemoryStore
) -> None:
    cid = symlink(store.put)
    assert car(web, str(cid))[0] == [cid]
    assert car(web, str(cid), **{"dag-scope": "entity"})[0] == [cid]
    assert web.get(f"/ipfs/{cid}?format=raw").status_code == 200
    assert web.get(f"/ipfs/{cid}").status_code == 404


def test_the_probe_for_a_trustless_gateway_is_answered(web: httpx.Client) -> None:
    raw = web.get("/ipfs/bafkqaaa", headers={"Accept": RAW})
    assert (raw.status_code, raw.content, raw.headers["Content-Type"]) == (200, b"", RAW)
    found = web.get("/ipfs/bafkqaaa?format=car")
    # the map {roots: [tag 42 of 00 01 55 00 00], version: 1} has 1+6+1+8+8+1 = 25 bytes
    assert found.content[0] == 25 == len(found.content) - 1
    assert bytes.fromhex("d82a450001550000") in found.content
    assert web.head("/ipfs/bafkqaaa?format=raw").status_code == 200


def test_a_version_0_cid_is_served_under_its_own_name(web: httpx.Client, sample: Sample) -> None:
    v0 = CID(0, Codec.DAG_PB, sample.root.digest)
    order, _ = car(web, f"{v0}/hello.txt")
    assert order == [v0, sample["hello.txt"]]


def test_what_is_known_already_is_not_sent_again(web: httpx.Client, sample: Sample) -> None:
    for address in (
        f"/ipfs/{sample.root}?format=raw",
        f"/ipfs/{sample.root}/big.bin?format=car",
        f"/ipfs/{sample.root}/hello.txt",
        f"/ipfs/{sample.root}/",
    ):
        tag = web.head(address).headers["ETag"]
        for sent in (tag, f'"other", {tag}', "*", f"W/{tag.removeprefix('W/')}"):
            found = web.get(address, headers={"If-None-Match": sent})
            assert (found.status_code, found.content) == (304, b"")
            assert found.headers["ETag"] == tag
        assert web.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


def test_every_form_of_an_answer_has_its_own_tag(web: httpx.Client, sample: Sample) -> None:
    addresses = [
        f"/ipfs/{sample['big.bin']}{rest}"
        for rest in (
            "",
            "?format=raw",
            "?format=car",
            "?format=car&dag-scope=block",
            "?format=car&dag-scope=entity",
            "?format=car&entity-bytes=0:5",
            "?format=car&entity-bytes=0:6",
            "?format=car&car-dups=y",
        )
    ]
    addresses.append(f"/ipfs/{sample.root}/big.bin?format=car")
    tags = [web.head(address).headers["ETag"] for address in addresses]
    assert len(set(tags)) == len(tags)
    assert tags[:2] == [f'"{sample["big.bin"]}"', f'"{sample["big.bin"]}.raw"']
    assert all(tag.startswith("W/") for tag in tags[2:])


def test_content_may_be_cached_for_ever_and_errors_never(web: httpx.Client, sample: Sample) -> None:
    found = web.get(f"/ipfs/{sample.root}/hello.txt")
    assert found.headers["Cache-Control"] == "public, max-age=29030400, immutable"
    assert found.headers["X-Ipfs-Path"] == f"/ipfs/{sample.root}/hello.txt"
    assert found.headers["X-Ipfs-Roots"] == f"{sample.root},{sample['hello.txt']}"
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert web.get(f"/ipfs/{ABSENT}").headers["Cache-Control"] == "no-store"


def test_pages_of_any_origin_may_read(web: httpx.Client, sample: Sample) -> None:
    asked = web.options(f"/ipfs/{sample.root}")
    assert asked.status_code == 204
    assert asked.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    for address in (f"/ipfs/{sample.root}?format=car", f"/ipfs/{ABSENT}"):
        assert web.get(address).headers["Access-Control-Allow-Origin"] == "*"


def test_an_absent_block_is_named(web: httpx.Client, sample: Sample) -> None:
    for form in ("", "?format=raw", "?format=car"):
        found = web.get(f"/ipfs/{ABSENT}{form}")
        assert found.status_code == 404
        assert str(ABSENT) in found.text
    cached = {"Cache-Control": "only-if-cached"}
    assert web.head(f"/ipfs/{ABSENT}?format=raw", headers=cached).status_code == 412
    missing = web.get(f"/ipfs/{sample.root}/a%20b/absent?format=car")
    assert missing.status_code == 404
    assert "'absent'" in missing.text


@pytest.mark.parametrize(
    "query",
    [
        "format=tar",
        "format=",
        "format=raw&format=raw",
        "format=car&dag-scope=some",
        "format=car&entity-bytes=5",
        "format=car&entity-bytes=a:b",
        "format=car&car-order=bfs",
        "format=car&car-version=2",
        "format=car&car-dups=maybe",
        "&".join(f"p{n}=1" for n in range(40)),
    ],
)
def test_a_parameter_that_means_nothing_is_refused(
    web: httpx.Client, sample: Sample, query: str
) -> None:
    found = web.get(f"/ipfs/{sample.root}?{query}")
    assert found.status_code == 400
    assert "hint: " in found.text


@pytest.mark.parametrize(
    "media", ["vnd.ipld.dag-json", "vnd.ipfs.ipns-record", "vnd.ipld.dag-cbor"]
)
def test_a_form_that_we_do_not_have_is_refused(
    web: httpx.Client, sample: Sample, media: str
) -> None:
    found = web.get(f"/ipfs/{sample.root}", headers={"Accept": f"application/{media}"})
    assert found.status_code == 400
    assert media in found.text


@pytest.mark.parametrize(
    "cid",
    [
        "Qm",
        "bafy",
        "bafkqaab",
        "b" + "a" * 58,
        "z" * 59,
        "Qm" + "l" * 44,
        "ipfs:",
        "%00",
        "x" * 4000,
    ],
)
def test_what_is_no_cid_is_refused(web: httpx.Client, cid: str) -> None:
    found = web.get(f"/ipfs/{cid}?format=raw")
    assert found.status_code == 400


def test_a_raw_block_has_no_path(web: httpx.Client, sample: Sample) -> None:
    assert web.get(f"/ipfs/{sample.root}/hello.txt?format=raw").status_code == 400


@pytest.mark.parametrize("path", ["/", "/ipfs", "/ipfs/", "/ipns/x", "/api/v0/add", "/etc/passwd"])
def test_nothing_else_is_served(web: httpx.Client, path: str) -> None:
    found = web.get(path)
    assert found.status_code == 404
    assert "/ipfs/CID" in found.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_nothing_can_be_written(web: httpx.Client, sample: Sample, method: str) -> None:
    found = web.request(method, f"/ipfs/{sample.root}", content=b"x" * 100)
    assert found.status_code == 405
    assert found.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_a_request_can_be_understood_without_a_socket(sample: Sample) -> None:
    wanted = read_request(f"/ipfs/{sample.root}/a%20b/?format=car&entity-bytes=-5:*", "")
    assert (wanted.names, wanted.folder, wanted.scope) == (("a b",), True, Scope.ENTITY)
    assert wanted.span == Span(-5, None)
    assert wanted.path == f"/ipfs/{sample.root}/a%20b/"
    with pytest.raises(ContentMissingError):
        read_request("/", "")
    with pytest.raises(UsageError):
        read_entity_bytes("5-6")


@given(
    target=st.text(max_size=80)
    | st.text("/ipfs.%2e0b?=&[]:@#", max_size=40).map(lambda rest: f"/ipfs/{ABSENT}{rest}"),
    accept=st.text(max_size=60) | st.text("*/;=,q.01 application", max_size=60),
)
def test_any_request_is_understood_or_refused_with_a_next_move(target: str, accept: str) -> None:
    wanted = understood(target, accept)
    if isinstance(wanted, CooptError):
        assert wanted.hint
    else:
        assert wanted.path.isascii()
        assert not {"..", "."} & set(wanted.names)


def understood(target: str, accept: str) -> Wanted | CooptError:
    try:
        return read_request(target, accept)
    except CooptError as error:
        return error
