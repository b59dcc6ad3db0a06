"""`coopt ipfs` as a user types it: a process each, in a workspace or with a store of its own."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.local import LocalStore
from tests.workspaces import tiny

HELLO = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"  # of "hello world", as Kubo
COMMANDS = [
    *("serve", "add", "get", "ls", "gc", "export", "import", "selftest", "doctor"),
    *("pin add", "pin rm", "pin ls"),
]


class Shell:
    """Runs `coopt ipfs` in a workspace."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = LocalStore(root / ".coopt" / "content-store")

    def words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "coopt_dag.cli", "ipfs", *words]

    def __call__(
        self, *words: str, code: int = 0, given: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(
            self.words(*words), cwd=self.root, capture_output=True, input=given, check=False
        )
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done

    def line(self, *words: str, given: bytes = b"") -> str:
        return self(*words, given=given).stdout.decode().strip()

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self(*words, "--json", code=code).stdout)

    def complaint(self, *words: str, code: int) -> str:
        said = self(*words, code=code).stderr.decode()
        assert "hint: " in said
        assert "Traceback" not in said
        return said

    @contextmanager
    def serving(self, *words: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
        process = subprocess.Popen(
            self.words("serve", "--port", "0", *words),
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()
            process.communicate()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tiny(tmp_path / "here"))


@pytest.fixture
def other(tmp_path: Path) -> Shell:
    return Shell(tiny(tmp_path / "there"))


@pytest.fixture
def sample(shell: Shell) -> Path:
    folder = shell.root / "sample"
    (folder / "sub").mkdir(parents=True)
    (folder / "greeting").write_bytes(b"hello world")
    (folder / "sub" / "big").write_bytes(random.Random(5).randbytes(2_500_000))
    (folder / ".hidden").write_bytes(b"")
    return folder


def test_what_is_added_is_pinned_listed_and_got_back(shell: Shell, sample: Path) -> None:
    found = shell.json("add", "sample")
    assert (found["pinned"], found["profile"]) == (True, "unixfs-v1-2025")
    assert found["size_bytes"] == 2_500_011
    assert shell.json("pin", "ls") == [found["cid"]]
    entries = shell.json("ls", found["cid"])["entries"]
    assert [e["name"] for e in entries] == [".hidden", "greeting", "sub"]
    assert entries[1] == {"name": "greeting", "cid": HELLO, "dag_bytes": 11}
    assert "big" in shell.line("ls", f"/ipfs/{found['cid']}/sub")
    shell("get", f"{found['cid']}/sub/big", "copy")
    assert (shell.root / "copy").read_bytes() == (sample / "sub" / "big").read_bytes()
    assert shell.line("get", f"ipfs://{found['cid']}", "whole") == "whole"
    assert shell.line("add", "whole") == found["cid"]


def test_only_the_hash_leaves_no_trace(shell: Shell, sample: Path) -> None:
    assert shell.line("add", "sample/greeting", "--only-hash") == HELLO
    assert not shell.store.has(CID.parse(HELLO))
    assert shell.json("pin", "ls") == []


def test_another_profile_gives_another_cid(shell: Shell, sample: Path) -> None:
    v1 = shell.line("add", "sample/sub/big", "--only-hash")
    v0 = shell.line("add", "sample/sub/big", "--only-hash", "--profile", "unixfs-v0-2015")
    assert v1.startswith("bafybei")
    assert v0.startswith("Qm")
    assert "unixfs-v1-2025" in shell.complaint("add", "sample", "--profile", "unixfs-v1", code=2)


def test_gc_removes_what_is_not_pinned_and_says_so_before(shell: Shell, sample: Path) -> None:
    kept = shell.line("add", "sample/greeting")
    done = shell("add", "sample/sub/big", "--no-pin")
    assert b"not pinned" in done.stderr
    gone = CID.parse(done.stdout.decode().strip())
    # 2.5 MB are three leaves and the node above them, of which only "greeting" stays
    would = shell.json("gc", "--dry-run")
    assert (would["removed"], would["kept"]) == (4, 1)
    assert would["freed_bytes"] > 2_500_000
    assert shell.store.has(gone)
    assert "removed 4 blocks, 2.5 MB" in shell.line("gc")
    assert not shell.store.has(gone)
    assert shell.store.get(CID.parse(kept)) == b"hello world"


def test_a_pin_can_be_set_and_taken_away(shell: Shell, sample: Path) -> None:
    cid = shell.line("add", "sample", "--no-pin")
    shell("pin", "add", cid)
    assert shell.json("pin", "ls") == [cid]
    assert "unpinned" in shell.line("pin", "rm", cid)
    assert "was not pinned" in shell.line("pin", "rm", cid)
    absent = str(CID.of(b"absent", Codec.RAW))
    assert absent in shell.complaint("pin", "add", absent, code=14)


def test_a_car_carries_everything_to_another_store(
    shell: Shell, other: Shell, sample: Path
) -> None:
    cid = shell.line("add", "sample")
    shell("export", cid, "all.car")
    piped = shell("export", cid, "-").stdout
    assert piped == (shell.root / "all.car").read_bytes()
    assert other.line("import", str(shell.root / "all.car")) == cid
    assert other.json("pin", "ls") == [cid]
    other("get", cid, "copy")
    assert other.line("add", "copy", "--only-hash") == cid
    third = shell.root / "third"
    assert shell.line("import", "-", "--no-pin", "--store", str(third), given=piped) == cid
    assert LocalStore(third).pins() == frozenset()


def test_an_export_replaces_nothing_and_leaves_no_half(shell: Shell, sample: Path) -> None:
    cid = shell.line("add", "sample")
    (shell.root / "there.car").write_bytes(b"precious")
    assert "there.car" in shell.complaint("export", cid, "there.car", code=2)
    assert (shell.root / "there.car").read_bytes() == b"precious"
    big = CID.of((sample / "sub" / "big").read_bytes()[: 1 << 20], Codec.RAW)
    shell.store.path_of(big).unlink()
    assert str(big) in shell.complaint("export", cid, "new.car", code=14)
    assert {p.name for p in shell.root.glob("*.car")} == {"there.car"}


def test_a_pipe_that_ends_early_is_an_error_of_ours(shell: Shell, sample: Path) -> None:
    cid = shell.line("add", "sample")
    words = shell.words("export", cid, "-")
    with subprocess.Popen(
        words, cwd=shell.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(10)
        process.stdout.close()
        said = process.stderr.read().decode()
    assert process.returncode == 1
    assert "hint: " in said
    assert "Traceback" not in said
    assert "Exception ignored" not in said


def test_a_car_that_is_cut_short_imports_nothing(shell: Shell, other: Shell, sample: Path) -> None:
    car = shell("export", shell.line("add", "sample"), "-").stdout
    (other.root / "cut.car").write_bytes(car[:-100])
    other.complaint("import", "cut.car", code=16)
    assert list(other.store.files()) == []
    assert "no such file" in other.complaint("import", "absent.car", code=2)


def test_a_car_of_a_part_is_taken_but_not_pinned(shell: Shell, other: Shell, sample: Path) -> None:
    cid = shell.line("add", "sample")
    with shell.serving() as (url, _):
        part = httpx.get(f"{url}/ipfs/{cid}?format=car&dag-scope=block").content
    (other.root / "part.car").write_bytes(part)
    assert "--no-pin" in other.complaint("import", "part.car", code=14)
    assert other.json("pin", "ls") == []
    assert other.line("import", "part.car", "--no-pin") == cid


def test_the_first_line_of_serve_is_its_address(shell: Shell, sample: Path) -> None:
    cid = shell.line("add", "sample")
    with shell.serving() as (url, process):
        assert url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{url}/ipfs/{cid}/greeting").text == "hello world"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
        assert (process.returncode, said) == (0, "stopped\n")


def test_another_address_is_served_with_a_warning(shell: Shell) -> None:
    with shell.serving("--host", "0.0.0.0") as (url, process):
        assert httpx.get(f"{url}/ipfs/bafkqaaa?format=raw").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert "warning: 0.0.0.0 can be reached" in process.communicate(timeout=20)[1]


def test_a_port_that_is_taken_is_named(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert port in shell.complaint("serve", "--port", port, code=2)


def test_content_comes_from_another_workspace_by_its_gateway(
    shell: Shell, other: Shell, sample: Path
) -> None:
    cid = shell.line("add", "sample")
    assert cid in other.complaint("get", cid, "copy", code=14)
    with shell.serving() as (url, _):
        assert "greeting" in other.line("ls", cid, "--from", url)
        other("get", f"{cid}/sub", "sub", "--from", url)
        with (other.root / "coopt.toml").open("a") as file:
            file.write(f'\n[ipfs]\ngateways = ["{url}"]\n')
        other("get", cid, "copy")
        assert other.json("doctor")["remotes"][0]["ok"]
    assert other.line("add", "copy", "--only-hash") == cid
    (remote,) = other.json("doctor")["remotes"]  # the gateway is gone by now
    assert not remote["ok"]
    assert remote["hint"]


def test_a_gateway_that_lies_is_refused_and_named(shell: Shell, other: Shell) -> None:
    (shell.root / "file").write_bytes(b"honest")
    cid = shell.line("add", "file")
    server = liar("a lie!")
    try:
        assert server.stdout
        address = server.stdout.readline().strip()
        said = other.complaint("get", cid, "copy", "--from", address, code=6)
        assert address in said
        assert cid in said
        assert not (other.root / "copy").exists()
    finally:
        server.kill()
        server.communicate()


LIAR = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Liar(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.ipld.raw")
        self.send_header("Content-Length", str(len(sys.argv[1])))
        self.end_headers()
        self.wfile.write(sys.argv[1].encode())
    def log_message(self, *words):
        pass
server = HTTPServer(("127.0.0.1", 0), Liar)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
"""


def liar(lie: str) -> subprocess.Popen[str]:
    """A gateway that answers everything with the same bytes."""
    words = [sys.executable, "-c", LIAR, lie]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def test_doctor_finds_nothing_wrong_with_a_sound_store(shell: Shell, sample: Path) -> None:
    shell("add", "sample")
    found = shell.json("doctor")
    # root, .hidden, greeting, sub, the node of big and its three leaves
    assert (found["blocks"], found["verified"], found["pins"]) == (8, 8, 1)
    assert found["bytes"] > 2_500_000
    assert (found["damaged"], found["incomplete"], found["remotes"]) == ([], [], [])
    assert shell.json("doctor", "--sample", "3")["verified"] == 3
    assert "8 blocks" in shell.line("doctor")


def test_doctor_names_what_is_damaged_and_the_next_move_works(shell: Shell, sample: Path) -> None:
    cid = shell.line("add", "sample")
    path = shell.store.path_of(CID.parse(HELLO))
    path.write_bytes(b"hello_world")
    done = shell("doctor", code=6)
    assert str(path) in done.stdout.decode()
    assert "hint: add the original file or folder again" in done.stderr.decode()
    assert shell.json("doctor", code=6)["damaged"][0]["path"] == str(path)
    assert shell.line("add", "sample") == cid
    assert shell.json("doctor")["damaged"] == []


def test_doctor_says_which_roots_damage_hits(shell: Shell, sample: Path) -> None:
    whole = shell.line("add", "sample/sub/big")
    hit = shell.line("add", "sample")
    shell.store.path_of(CID.parse(HELLO)).write_bytes(b"hello_world")
    done = shell("doctor", code=6)
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "MISS  8 blocks, 2.5 MB, verified, 1 damaged:"
    assert lines[2] == "MISS  pins: 2, named roots: none; 1 not whole:"
    assert lines[3] == f"      pin {hit}: 1 of its blocks is damaged"
    assert whole not in done.stdout.decode()
    assert done.stderr.decode().count("coopt artifacts push --verify") == 1


def test_doctor_does_not_praise_a_store_with_nothing_in_it(shell: Shell) -> None:
    done = shell("doctor")
    assert not [line for line in done.stdout.decode().splitlines() if line.startswith("ok")]
    assert b"no blocks" in done.stdout
    assert b"hint: coopt ipfs add PATH" in done.stderr


def test_doctor_tells_a_gateway_that_is_away_once_and_goes_on(shell: Shell, sample: Path) -> None:
    shell("add", "sample")
    with (shell.root / "coopt.toml").open("a") as file:
        file.write('\n[ipfs]\ngateways = ["http://127.0.0.1:9"]\n')
    (away,) = [line for line in shell.line("doctor").splitlines() if line.startswith("away")]
    assert away.count("http://127.0.0.1:9") == 1
    assert "does not need it" in away


def test_doctor_reaches_the_places_even_where_there_is_no_store(shell: Shell, other: Shell) -> None:
    shutil.rmtree(other.store.root)
    with shell.serving() as (url, _):
        with (other.root / "coopt.toml").open("a") as file:
            file.write(f'\n[ipfs]\ngateways = ["{url}"]\n')
        done = other("doctor", code=2)
    assert done.stdout.decode() == f"ok    gateway {url}: answers as a gateway\n"
    assert b"no store here yet" in done.stderr
    assert not other.store.root.exists()


def test_selftest_of_a_dead_node_prints_json_alone(shell: Shell) -> None:
    (row,) = shell.json("selftest", "--api", "http://127.0.0.1:9", code=17)
    assert (row["what"], row["ok"]) == ("version", False)
    assert "ipfs daemon" in row["hint"]
    assert row["hint"] not in row["detail"]


def test_doctor_names_a_pin_that_is_not_whole(shell: Shell, sample: Path) -> None:
    cid = shell.line("add", "sample")
    shell.store.path_of(CID.parse(HELLO)).unlink()
    (found,) = shell.json("doctor", code=14)["incomplete"]
    assert (found["kept_by"], found["cid"]) == ("pin", cid)
    assert HELLO in found["problem"]


def test_a_damaged_block_is_fetched_anew_from_a_gateway(
    shell: Shell, other: Shell, sample: Path
) -> None:
    cid = shell.line("add", "sample")
    assert other.line("add", str(sample)) == cid
    other.store.path_of(CID.parse(HELLO)).write_bytes(b"hello_world")
    with shell.serving() as (url, _):
        done = other("get", cid, "copy", "--from", url)
    assert HELLO in done.stderr.decode()  # told, not only mended
    assert (other.root / "copy" / "greeting").read_bytes() == b"hello world"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("add", "absent"), 2, "not there"),
        (("get", "bafy", "x"), 2, "no CID"),
        (("get", f"{HELLO}/x", "y"), 14, HELLO),
        (("ls", HELLO), 14, HELLO),
        (("export", HELLO, "x.car"), 14, HELLO),
        (("get", HELLO, "x", "--from", "http://127.0.0.1:9"), 17, "127.0.0.1:9"),
        (("selftest", "--api", "http://127.0.0.1:9"), 17, "127.0.0.1:9"),
    ],
)
def test_wrong_words_get_a_code_and_a_next_move(
    shell: Shell, words: tuple[str, ...], code: int, said: str
) -> None:
    assert said in shell.complaint(*words, code=code)


def test_ls_of_a_file_says_how_to_get_it(shell: Shell, sample: Path) -> None:
    cid = shell.line("add", "sample/greeting")
    assert f"coopt ipfs get {cid}" in shell.complaint("ls", cid, code=2)


def test_outside_of_a_workspace_a_store_can_be_named(tmp_path: Path, sample: Path) -> None:
    bare = Shell(tmp_path)
    assert "--store DIR" in bare.complaint("pin", "ls", code=13)
    where = str(tmp_path / "kept")
    cid = bare.line("add", str(sample), "--store", where)
    assert bare.json("pin", "ls", "--store", where) == [cid]
    for words in (("serve",), ("gc",), ("doctor",), ("pin", "ls"), ("ls", cid)):
        assert "no store" in bare.complaint(*words, "--store", f"{where}-misspelt", code=2)
    assert not (tmp_path / "kept-misspelt").exists()


def test_get_replaces_nothing(shell: Shell, sample: Path) -> None:
    cid = shell.line("add", "sample/greeting")
    (shell.root / "taken").write_bytes(b"precious")
    shell.complaint("get", cid, "taken", code=2)
    assert (shell.root / "taken").read_bytes() == b"precious"


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nobody can write below a folder meanwhile; permissions alone do not hold root."""
    if os.geteuid() == 0:
        bar, free = ["chattr", "-R", "+i", str(folder)], ["chattr", "-R", "-i", str(folder)]
    else:
        bar, free = ["chmod", "-R", "a-w", str(folder)], ["chmod", "-R", "u+w", str(folder)]
    if subprocess.run(bar, capture_output=True, check=False).returncode:
        subprocess.run(free, capture_output=True, check=False)
        pytest.skip(f"{bar[0]} does not work here")
    try:
        yield
    finally:
        subprocess.run(free, capture_output=True, check=True)


def test_a_store_that_cannot_be_written_is_read(shell: Shell, sample: Path) -> None:
    cid = shell.line("add", "sample")
    shell("add", "sample/sub/big", "--no-pin")
    shutil.rmtree(shell.store.root / "locks")  # as in a copy on a stick
    with read_only(shell.store.root):
        assert "greeting" in shell.line("ls", cid)
        shell("get", cid, "copy")
        shell("export", cid, "all.car")
        assert shell.json("gc", "--dry-run")["kept"] == 8
        assert shell.json("pin", "ls") == [cid]
        assert shell.json("doctor")["damaged"] == []
        shell.complaint("gc", code=1)
        shell.complaint("add", "sample/greeting", code=1)
    assert shell.line("add", "copy", "--only-hash") == cid


def test_folders_that_are_not_there_are_not_made(shell: Shell, sample: Path) -> None:
    cid = shell.line("add", "sample")
    assert "mkdir -p no/such" in shell.complaint("export", cid, "no/such/s.car", code=2)
    assert "mkdir -p no/such" in shell.complaint("get", cid, "no/such/copy", code=2)
    assert not (shell.root / "no").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("ls", HELLO),
        ("get", HELLO, "copy"),
        ("export", HELLO, "s.car"),
        ("pin", "ls"),
        ("pin", "add", HELLO),
        ("gc",),
        ("doctor",),
        ("serve", "--port", "0"),
    ],
)
def test_a_store_that_is_not_there_is_not_made_by_looking(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    shell = Shell(tiny(tmp_path / "here"))
    shutil.rmtree(shell.store.root)
    said = shell.complaint(*words, code=2)
    assert "no store here yet" in said
    assert "coopt artifacts push" in said
    assert not shell.store.root.exists()


def test_the_first_get_from_a_gateway_makes_the_store(
    shell: Shell, other: Shell, sample: Path
) -> None:
    cid = shell.line("add", "sample")
    shutil.rmtree(other.store.root)
    with shell.serving() as (url, _):
        other("get", cid, "copy", "--from", url)
        absent = str(CID.of(b"absent", Codec.RAW))
        said = other.complaint("get", absent, "x", "--from", url, code=14)
    assert url in said
    assert "coopt.toml" not in said  # a gateway was named: it lacks the content
    assert "--from URL" in other.complaint("get", absent, "x", code=14)


def test_an_address_with_content_in_it_is_no_gateway(shell: Shell) -> None:
    said = shell.complaint(
        "get", HELLO, "x", "--from", f"http://me:pw@host:80/ipfs/{HELLO}", code=2
    )
    assert "hint: give the address without /ipfs/…: http://host:80\n" in said
    assert "pw" not in said


def test_the_next_source_is_promised_only_if_there_is_one(shell: Shell) -> None:
    one, two = "http://127.0.0.1:9", "http://127.0.0.1:10"
    assert "next source" not in shell.complaint("get", HELLO, "x", "--from", one, code=17)
    said = shell.complaint("get", HELLO, "x", "--from", one, "--from", two, code=17)
    assert said.count("Trying the next source.") == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_carries_an_example(shell: Shell, command: str) -> None:
    assert f"Example: coopt ipfs {command}" in shell.line(*command.split(), "--help")
