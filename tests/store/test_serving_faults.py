"""The gateway under damage, load, hostile requests, and clients that vanish."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from coopt_dag.errors import ContentMissingError
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.dagpb import Link, encode_node
from coopt_dag.store.hamt import name_hash
from coopt_dag.store.local import LocalStore
from coopt_dag.store.memory import MemoryStore
from coopt_dag.store.serving.server import background
from coopt_dag.store.serving.shelf import Shelf
from coopt_dag.store.unixfs import Kind, Message, encode_message
from tests.store.gateways import BIG, Sample, damage, fill

REPEATS = "format=car&car-dups=y"
REPOSITORY = Path(__file__).parents[2]
SERVE = """
import sys
from pathlib import Path
from coopt_dag.store.local import LocalStore
from coopt_dag.store.serving.server import serve
serve(LocalStore(Path(sys.argv[1])), host="127.0.0.1", port=0,
      ready=lambda url: print(url, flush=True))
"""


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store", durable=False)


@pytest.fixture
def sample(store: LocalStore) -> Sample:
    return fill(store, many=10)


@pytest.fixture
def url(store: LocalStore) -> Iterator[str]:
    with background(store) as address:
        yield address


@pytest.fixture
def impatient(store: LocalStore) -> Iterator[str]:
    """A gateway that gives its clients one second."""
    with background(store, idle_s=1.0, stall_s=1.0) as address:
        yield address


def address_of(url: str) -> tuple[str, int]:
    parsed = httpx.URL(url)
    assert parsed.port
    return parsed.host, parsed.port


def say(url: str, request: bytes, *, timeout_s: float = 10.0) -> bytes:
    """Send bytes as they are; give all that comes until the other side closes."""
    with socket.create_connection(address_of(url), timeout=timeout_s) as connection:
        connection.sendall(request)
        found = b""
        while piece := connection.recv(1 << 16):
            found += piece
        return found


def test_a_damaged_block_is_an_error_that_names_it_and_no_path(
    store: LocalStore, sample: Sample, url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = damage(store, sample["hello.txt"])
    for form in ("", "?format=raw", "?format=car"):
        found = httpx.get(f"{url}/ipfs/{sample['hello.txt']}{form}")
        assert found.status_code == 500
        assert str(sample["hello.txt"]) in found.text
        assert str(path.parent) not in found.text + str(found.headers)
        assert b"hello" not in found.content
    assert str(path) in capfd.readouterr().err  # for the owner, who can mend it


def test_damage_in_the_middle_tears_the_connection(
    store: LocalStore, sample: Sample, url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    leaf = CID.of(BIG[2 << 20 : 3 << 20], Codec.RAW)
    damage(store, leaf)
    for form in ("", "?format=car"):
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            httpx.get(f"{url}/ipfs/{sample['big.bin']}{form}")
    # without chunks there is no mark of the end: the reset is what tells
    request = f"GET /ipfs/{sample['big.bin']}?format=car HTTP/1.0\r\n\r\n".encode()
    with pytest.raises(ConnectionResetError):
        say(url, request)
    assert str(leaf) in capfd.readouterr().err
    assert httpx.get(f"{url}/ipfs/{sample['hello.txt']}").status_code == 200


def test_no_byte_of_a_damaged_block_is_ever_sent(
    store: LocalStore, sample: Sample, url: str
) -> None:
    path = damage(store, CID.of(BIG[1 << 20 : 2 << 20], Codec.RAW))
    wrong = path.read_bytes()
    got = bytearray()
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        receive(f"{url}/ipfs/{sample['big.bin']}?format=car", got)
    assert BIG[:1000] in got  # the leaf before it came
    assert wrong[:1000] not in got


def receive(address: str, into: bytearray) -> None:
    with httpx.stream("GET", address) as answer:
        for piece in answer.iter_raw():
            into += piece


def test_a_block_that_vanishes_while_served_is_missed_by_the_client(
    store: LocalStore, sample: Sample, url: str
) -> None:
    store.path_of(CID.of(BIG[3 << 20 :], Codec.RAW)).unlink()
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        httpx.get(f"{url}/ipfs/{sample['big.bin']}?format=car")


def test_a_file_that_lies_about_its_size_is_refused(store: LocalStore, url: str) -> None:
    leaf = store.put(b"abc", Codec.RAW)
    message = encode_message(Message(Kind.FILE, file_size=5, block_sizes=(5,)))
    liar = store.put(encode_node([Link(leaf, b"", 3)], message), Codec.DAG_PB)
    for range_ in ("bytes=0-", "bytes=1-2"):
        found = httpx.get(f"{url}/ipfs/{liar}", headers={"Range": range_})
        assert found.status_code == 404
        assert "its parent says 5" in found.text


def test_a_shard_with_a_name_in_a_wrong_slot_is_refused(store: LocalStore, url: str) -> None:
    leaf = store.put(b"abc", Codec.RAW)
    slot = (name_hash(b"name")[0] + 1) % 256
    bits = (1 << slot).to_bytes(32, "big").lstrip(b"\0")
    message = encode_message(Message(Kind.SHARD, bits, hash_type=0x22, fanout=256))
    root = store.put(encode_node([Link(leaf, b"%02Xname" % slot, 3)], message), Codec.DAG_PB)
    for path in ("name", "other", ""):
        found = httpx.get(f"{url}/ipfs/{root}/{path}", headers={"Accept": "application/json"})
        assert found.status_code == 404
        assert "slot" in found.text


def test_opened_folders_take_a_bounded_place(store: LocalStore, sample: Sample) -> None:
    size = len(store.get(sample["many"]))
    shelf = Shelf(store, most_bytes=size)  # room for this one alone
    for path in ("", "many", "a b", "many"):
        opened, block = shelf.open(sample[path])
        assert opened.trail == (sample[path],)
        assert block == store.get(sample[path])
    store.path_of(sample["many"]).unlink()
    assert shelf.open(sample["many"])[0].is_folder  # still there: the last one used
    store.path_of(sample["a b"]).unlink()
    with pytest.raises(ContentMissingError):
        shelf.open(sample["a b"])


def test_a_store_that_cannot_be_read_says_nothing_of_this_machine(
    store: LocalStore, sample: Sample, url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = store.path_of(sample["hello.txt"])
    path.unlink()
    path.mkdir()  # reading a folder as a file fails for every user, root included
    found = httpx.get(f"{url}/ipfs/{sample['hello.txt']}?format=raw")
    assert found.status_code == 500
    assert "store" in found.text
    assert str(path.parent.parent) not in found.text
    assert str(path) in capfd.readouterr().err


class Paused(MemoryStore):
    """A store that gives nothing before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go = threading.Event(), threading.Event()

    def get(self, cid: CID) -> bytes:
        self.asked.set()
        assert self.go.wait(20)
        return super().get(cid)


@pytest.mark.parametrize(
    ("path", "query"), [("many", ""), ("many", "?format=car"), ("hello.txt", ""), ("", "")]
)
def test_a_client_that_goes_before_its_answer_comes_is_no_error(
    path: str, query: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = Paused()
    sample = fill(store, many=10)
    with background(store) as url:
        address = address_of(url)
        connection = socket.create_connection(address)
        slash = "/" if path != "hello.txt" and not query else ""
        target = f"/ipfs/{sample[path]}{slash}{query}"
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert store.asked.wait(20)
        connection.close()
        time.sleep(0.2)  # until the gateway has seen it go
        store.go.set()
        assert httpx.get(f"{url}/ipfs/{sample['hello.txt']}").text == "hello world\n"
    assert caplog.text == ""  # aiohttp would log a traceback


def test_a_slow_disk_holds_up_only_who_waits_for_it(
    store: LocalStore, sample: Sample, url: str
) -> None:
    path = store.path_of(sample["hello.txt"])
    path.unlink()
    os.mkfifo(path)  # whoever reads it waits for a writer
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(httpx.get, f"{url}/ipfs/{sample['hello.txt']}", timeout=60)
        for _ in range(20):
            assert httpx.get(f"{url}/ipfs/{sample.root}/a%20b/x:y").content == b"1"
        assert not slow.done()
        path.write_bytes(b"hello world\n")
        assert slow.result().content == b"hello world\n"


def test_500_requests_at_once_are_all_answered(store: LocalStore, sample: Sample, url: str) -> None:
    with store.batch() as put:
        blocks = [hashlib.sha256(b"%d" % n).digest() * 32 for n in range(500)]
        cids = [put(block, Codec.RAW) for block in blocks]

    async def fetch_all() -> list[bytes]:
        limits = httpx.Limits(max_connections=500)
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as client:
            answers = await asyncio.gather(*(client.get(f"/ipfs/{c}?format=raw") for c in cids))
        assert {a.status_code for a in answers} == {200}
        return [a.content for a in answers]

    assert asyncio.run(fetch_all()) == blocks


def test_an_address_with_its_host_is_understood(sample: Sample, url: str) -> None:
    target = f"GET {url}/ipfs/{sample['hello.txt']}?format=raw HTTP/1.1\r\n"  # as proxies write it
    found = say(url, f"{target}Host: x\r\nConnection: close\r\n\r\n".encode())
    assert found.endswith(b"\r\n\r\nhello world\n")


def test_one_connection_serves_many_requests(sample: Sample, url: str) -> None:
    request = f"GET /ipfs/{sample.root}/hello.txt HTTP/1.1\r\nHost: x\r\n"
    found = say(url, (f"{request}\r\n" * 50 + f"{request}Connection: close\r\n\r\n").encode())
    assert found.count(b"HTTP/1.1 200 OK") == 51 == found.count(b"hello world\n")


@pytest.mark.parametrize(
    "path",
    [
        "/ipfs/{root}/../../etc/passwd",
        "/ipfs/{root}/..%2f..%2fetc%2fpasswd",
        "/ipfs/{root}/%2e%2e/%2e%2e/etc/passwd",
        "/ipfs/{root}/a%2fb",
        "/ipfs/{root}/hello.txt%00",
        "/ipfs/{root}/%ff%fe",
        "/ipfs/{root}/./hello.txt",
        "/ipfs/{root}/" + "n" * 256,
        "/ipfs/{root}" + "/a" * 129,
        "/ipfs/../ipfs/{root}",
        "/ipfs/{root}/\udcff",
        "/ipfs/{root}?filename=\udcff",
        "/ipfs/%2e%2e/{root}",
    ],
)
def test_no_path_leaves_its_folder(sample: Sample, url: str, path: str) -> None:
    target = path.format(root=sample.root)
    request = f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    status = int(say(url, request.encode(errors="surrogateescape")).split()[1])
    assert 400 <= status < 500


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /ipfs/" + b"b" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /ipfs/x HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"GET /ipfs/x HTTP/1.1\r\n" + b"X: y\r\n" * 5_000 + b"\r\n",
        b"nonsense\r\n\r\n",
        b"GET //[ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET http://[/ipfs/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /ipfs/\x1b[2J HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
def test_what_is_no_request_of_http_is_refused(url: str, request_: bytes) -> None:
    try:
        found = say(url, request_)
    except ConnectionError:
        return  # refused before it was read to its end
    assert found.startswith(b"HTTP/1.")
    assert found.split()[1].startswith(b"4")
    assert b"Traceback" not in found


def test_a_client_that_never_ends_its_request_is_cut_off(impatient: str) -> None:
    began = time.monotonic()
    with socket.create_connection(address_of(impatient), timeout=20) as connection:
        try:
            for letter in b"GET /ipfs/" + b"x" * 200:
                connection.sendall(bytes([letter]))
                time.sleep(0.05)
            assert connection.recv(1) == b""
        except ConnectionError:
            pass
    assert time.monotonic() - began < 8  # 1 s of patience, not the 10 s that it would take


def test_a_client_that_reads_nothing_is_cut_off_and_holds_up_nobody(
    store: LocalStore, impatient: str
) -> None:
    with store.batch() as put:
        cids = [put(bytes([n]) * (2 << 20), Codec.RAW) for n in range(16)]
        links = b"".join(
            b"\x12\x28\x0a\x24" + c.to_bytes() + b"\x12\x00" for c in cids
        )  # PBLink: hash (36 bytes), empty name
        root = put(links, Codec.DAG_PB)
    with socket.create_connection(address_of(impatient), timeout=20) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(f"GET /ipfs/{root}?format=car HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        time.sleep(3)  # three times the patience
        assert httpx.get(f"{impatient}/ipfs/{cids[7]}?format=raw").content == bytes([7]) * (2 << 20)
        with pytest.raises(ConnectionResetError):
            read_to_the_end(connection)


def read_to_the_end(connection: socket.socket) -> None:
    while connection.recv(1 << 20):
        pass


def test_a_client_that_leaves_is_no_trouble(sample: Sample, url: str) -> None:
    for _ in range(20):
        with socket.create_connection(address_of(url)) as connection:
            request = f"GET /ipfs/{sample['big.bin']}?format=car HTTP/1.1\r\nHost: x\r\n\r\n"
            connection.sendall(request.encode())
            connection.recv(1000)
    assert httpx.get(f"{url}/ipfs/{sample['hello.txt']}").content == b"hello world\n"


def test_a_car_of_400_mib_takes_little_memory(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store", durable=False)
    root = repeated(store)
    process = served(store)
    try:
        address = process_url(process)
        before = memory_kb(process.pid)
        target = f"{address}/ipfs/{root}?{REPEATS}"
        with httpx.stream("GET", target, timeout=60) as answer:
            size = sum(len(piece) for piece in answer.iter_raw(1 << 20))
        assert size > 400 << 20
        assert memory_kb(process.pid) - before < 64 << 10
    finally:
        stop(process)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    process = served(LocalStore(tmp_path / "store"))
    try:
        address = process_url(process)
        with httpx.Client(base_url=address) as client:  # keeps its connection open
            assert client.get("/ipfs/bafkqaaa?format=raw").status_code == 200
            process.send_signal(number)
            out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (0, "", "")
    finally:
        stop(process)


def test_a_client_that_reads_nothing_does_not_keep_the_server_from_ending(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store", durable=False)
    cid = repeated(store)
    process = served(store)
    try:
        address = process_url(process)
        with socket.create_connection(address_of(address)) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(f"GET /ipfs/{cid}?{REPEATS} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert connection.recv(100)
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=30)
        assert process.returncode == 0
        assert "Traceback" not in err
    finally:
        stop(process)


def test_only_this_machine_is_listened_to_by_default() -> None:
    with background(MemoryStore()) as url:
        assert url.startswith("http://127.0.0.1:")


def repeated(store: LocalStore) -> CID:
    """A node with 200 links to one block of 2 MiB: with repeats, a CAR of 400 MiB."""
    with store.batch() as put:
        leaf = put(bytes(2 << 20), Codec.RAW)
        link = b"\x12\x28\x0a\x24" + leaf.to_bytes() + b"\x12\x00"  # PBLink: hash, empty name
        return put(link * 200, Codec.DAG_PB)


def served(store: LocalStore) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SERVE, str(store.root)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def process_url(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def memory_kb(pid: int) -> int:
    """Most memory that a process ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def stop(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
