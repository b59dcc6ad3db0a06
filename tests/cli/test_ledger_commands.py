"""`coopt ledger`: deploy, status, verify-code, events, export, import, check."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from coopt_dag.ledger.actions import Claim
from coopt_dag.ledger.artifact import CONTRACTS, contract
from coopt_dag.ledger.deployments import code_hash, read

from .conftest import Desk, Node, register_tiny


@pytest.fixture
def empty(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "home", "lab", "ada")


@pytest.fixture
def desk(empty: Desk) -> Desk:
    ledger = empty.open()
    register_tiny(ledger, empty.hand("lab"))
    ledger.send(Claim("tiny", "add", 600), signer=empty.hand("ada"))
    ledger.close()
    return empty


@pytest.fixture
def served(empty: Desk, node: Node) -> tuple[Desk, Node]:
    node.give(empty.hand("lab").address)
    return empty, node


def test_the_embedded_ledger_deploys_itself_once(empty: Desk) -> None:
    first = empty.json("ledger", "deploy")
    assert empty.json("ledger", "deploy") == first
    assert set(first["addresses"]) == set(CONTRACTS)
    assert empty.json("ledger", "status")["height"] == 1


def test_status_of_no_ledger_makes_none(empty: Desk) -> None:
    assert "no ledger yet" in empty.complaint("ledger", "status", code=10)
    assert not (empty.root / ".coopt" / "ledger.sqlite").exists()


def test_status_tells_chain_head_contracts_and_balance(desk: Desk) -> None:
    found = desk.json("ledger", "status", "--as", "ada")
    assert (found["kind"], found["chain_id"], found["code"]) == ("embedded", 1337, "as committed")
    assert found["events"] == 4
    assert found["height"] == 5  # the deployment, and one block an action
    assert found["balance_wei"] == 0
    assert found["paused_until"] is None
    assert abs(found["clock_ahead_s"]) < 120
    assert "head hash" in desk("ledger", "status").stdout


def test_the_code_of_four_contracts_is_compared(desk: Desk) -> None:
    rows = desk.json("ledger", "verify-code")
    assert [r["name"] for r in rows] == list(CONTRACTS)
    assert all(r["differs_at"] is None and r["size_bytes"] > 1000 for r in rows)
    assert desk("ledger", "verify-code").stdout.count("ok  ") == 4


def test_events_are_lines_and_can_be_asked_for(desk: Desk) -> None:
    assert [e["seq"] for e in desk.lines("ledger", "events")] == [0, 1, 2, 3]
    steps = desk.lines("ledger", "events", "--kind", "StepRegistered", "--kind", "Claimed")
    assert [e["event"] for e in steps] == ["StepRegistered", "StepRegistered", "Claimed"]
    (claim,) = desk.lines("ledger", "events", "--by", "ada")
    assert (claim["event"], claim["step"], claim["challenge"]) == ("Claimed", "add", "tiny")
    assert len(desk.lines("ledger", "events", "--step", "add", "--challenge", "tiny")) == 2
    assert desk.lines("ledger", "events", "--challenge", "other") == []
    assert [e["seq"] for e in desk.lines("ledger", "events", "--after", "2")] == [3]
    assert len(desk.lines("ledger", "events", "--since", "2020-01-01")) == 4
    assert desk.lines("ledger", "events", "--since", "2999-01-01T12:00") == []
    assert "Claimed" in desk("ledger", "events").stdout


def test_wrong_words_about_events_get_a_next_move(desk: Desk) -> None:
    assert "did you mean 'Claimed'?" in desk.complaint(
        "ledger", "events", "--kind", "Claim", code=4
    )
    assert "no date" in desk.complaint("ledger", "events", "--since", "yesterday", code=2)


def test_a_reader_who_has_seen_enough_is_no_failure(desk: Desk) -> None:
    line = " ".join(desk.words("ledger", "events", "--json")) + " | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=desk.root,
        env=desk.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout)["seq"] == 0
    assert "Traceback" not in done.stderr


def test_an_export_imports_into_the_same_ledger(desk: Desk, tmp_path: Path) -> None:
    other = Desk(tmp_path / "other", "ben")
    made = desk.json("ledger", "export", str(tmp_path / "all"))
    found = other.json("ledger", "import", str(tmp_path / "all"), "--head", made["head_hash"])
    assert (found["blocks"], found["head_hash"]) == (made["blocks"], made["head_hash"])
    assert other.lines("ledger", "events") == desk.lines("ledger", "events")
    assert other.json("ledger", "check", "--deep")["finding"] is None
    other("claim", "tiny/add", "--as", "ben")  # and goes on from there
    assert len(other.lines("ledger", "events")) == 5


def test_nothing_is_written_over(desk: Desk, tmp_path: Path) -> None:
    target = tmp_path / "all"
    desk("ledger", "export", str(target))
    before = target.read_bytes()
    desk.complaint("ledger", "export", str(target), code=2)
    assert target.read_bytes() == before
    desk.complaint("ledger", "import", str(target), code=2)


def test_a_damaged_export_makes_no_ledger(desk: Desk, tmp_path: Path) -> None:
    other = Desk(tmp_path / "other", "ben")
    target = tmp_path / "all"
    made = desk.json("ledger", "export", str(target))
    whole = target.read_bytes()
    target.write_bytes(whole[:-100])
    other.complaint("ledger", "import", str(target), code=6)
    middle = len(whole) // 2
    target.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    other.complaint("ledger", "import", str(target), code=6)
    target.write_bytes(whole)
    other.complaint("ledger", "import", str(target), "--head", "0x" + "11" * 32, code=6)
    assert not (other.root / ".coopt" / "ledger.sqlite").exists()
    other("ledger", "import", str(target), "--head", made["head_hash"])


def test_a_changed_file_fails_the_check(desk: Desk) -> None:
    assert "whole" in desk("ledger", "check").stdout
    with closing(sqlite3.connect(desk.root / ".coopt" / "ledger.sqlite")) as db, db:
        db.execute("update log set data = x'00' where block = 3")
    found = desk.json("ledger", "check", code=6)
    assert found["finding"]["block"] == 3
    assert "hint: " in desk("ledger", "check", code=6).stderr


def test_only_an_embedded_ledger_is_a_file(desk: Desk) -> None:
    desk.configure(kind="memory")
    for words in (("check",), ("import", "x")):
        assert "kind 'memory'" in desk.complaint("ledger", *words, code=2)
    desk.complaint("ledger", "deploy", code=2)


@pytest.mark.npm
def test_a_deployment_is_recorded_and_not_made_twice(served: tuple[Desk, Node]) -> None:
    desk, node = served
    words = ("ledger", "deploy", node.url, "--as", "lab")
    shown = desk(*words)
    record = desk.root / "deployments" / "anvil.json"
    made = read(record)
    assert made is not None
    assert f'address = "{made.addresses["ledger"]}"' in shown.stdout
    assert (made.chain_id, made.deployer) == (31337, desk.hand("lab").address)
    receipt = node.rpc("eth_getTransactionReceipt", made.tx_hash)
    assert receipt["contractAddress"] == made.addresses["ledger"]
    assert int(receipt["blockNumber"], 16) == made.block
    for name, address in made.addresses.items():
        assert node.rpc("eth_getCode", address, "latest") == contract(name)["runtime"]
    document = json.loads(record.read_text())
    assert document["contracts"]["notes"]["code_hash"] == code_hash("notes")
    before, height = record.read_bytes(), node.rpc("eth_blockNumber")
    assert not desk.json(*words)["new"]
    assert (record.read_bytes(), node.rpc("eth_blockNumber")) == (before, height)


@pytest.mark.npm
def test_another_deployment_is_not_written_over(served: tuple[Desk, Node]) -> None:
    desk, node = served
    words = ("ledger", "deploy", node.url, "--as", "lab")
    desk(*words)
    record = desk.root / "deployments" / "anvil.json"
    document = json.loads(record.read_text())
    document["contracts"]["ledger"]["address"] = "0x" + "11" * 20
    record.write_text(json.dumps(document))
    height = node.rpc("eth_blockNumber")
    assert "--force" in desk.complaint(*words, code=2)
    assert node.rpc("eth_blockNumber") == height
    assert desk.json(*words, "--network", "second")["network"] == "second"
    assert desk.json(*words, "--force")["new"]
    record.write_text("{}")
    assert "no record of a deployment" in desk.complaint(*words, code=3)
    desk.complaint(*words, "--network", "../up", code=2)


@pytest.mark.npm
def test_a_shared_chain_has_status_events_and_an_export_of_them(
    served: tuple[Desk, Node], tmp_path: Path
) -> None:
    desk, node = served
    made = desk.json("ledger", "deploy", node.url, "--as", "lab")
    desk.configure(kind="rpc", url=node.url, address=made["addresses"]["ledger"])
    found = desk.json("ledger", "status")
    assert (found["events"], found["index_events"]) == (0, 0)
    assert desk("ledger", "verify-code").stdout.count("ok  ") == 4
    found = desk.json("ledger", "export", str(tmp_path / "events"))
    assert found["events"] == 0
    assert "nodes of a shared chain" in desk.complaint("ledger", "check", code=2)


@pytest.mark.npm
def test_the_first_byte_of_other_code_is_named(served: tuple[Desk, Node]) -> None:
    desk, node = served
    made = desk.json("ledger", "deploy", node.url, "--as", "lab")
    code = bytearray.fromhex(contract("notes")["runtime"][2:])
    code[77] ^= 1
    node.rpc("anvil_setCode", made["addresses"]["notes"], "0x" + code.hex())
    words = ("ledger", "verify-code", node.url, "--address", made["addresses"]["ledger"])
    said = desk(*words, code=10).stdout
    assert f"byte 77 of {len(code)} differs" in said
    assert said.count("ok  ") == 3
    code[77] ^= 1
    node.rpc("anvil_setCode", made["addresses"]["notes"], "0x" + code[:1000].hex())
    assert f"1000 bytes in place of {len(code)}" in desk(*words, code=10).stdout
    node.rpc("anvil_setCode", made["addresses"]["notes"], "0x")
    assert "there is no code" in desk(*words, code=10).stdout
    desk.configure(kind="rpc", url=node.url, address=made["addresses"]["ledger"])
    desk.complaint("ledger", "status", code=10)


@pytest.mark.npm
def test_a_chain_that_is_gone_is_said_to_be(served: tuple[Desk, Node]) -> None:
    desk, node = served
    node.stop()
    desk.complaint("ledger", "deploy", node.url, "--as", "lab", code=10)
    address = "0x" + "11" * 20
    desk.complaint("ledger", "verify-code", node.url, "--address", address, code=10)
    assert not (desk.root / "deployments").exists()
