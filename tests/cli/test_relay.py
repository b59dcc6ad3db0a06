"""`--sign-to` and `coopt relay` as students and a lab type them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from coopt_dag.ledger.actions import Claim
from coopt_dag.ledger.deployments import deploy_recorded
from coopt_dag.ledger.outbox import Outbox
from coopt_dag.ledger.remote import open_rpc
from coopt_dag.ledger.signing import SigningLedger

from .conftest import Desk, Node, register_tiny


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path / "home", "lab", "ada", "ben")
    ledger = made.open()
    register_tiny(ledger, made.hand("lab"), cap=1)
    ledger.close()
    return made


@pytest.fixture
def shared(tmp_path: Path, node: Node) -> tuple[Desk, Node]:
    """The same on a chain that wants to be paid; only the lab has coin."""
    made = Desk(tmp_path / "home", "lab", "ada", "ben")
    lab = made.hand("lab")
    node.give(lab.address)
    deployment, _, _ = deploy_recorded(node.url, made.root / "deployments", signer=lab)
    ledger = open_rpc(node.url, address=deployment.addresses["ledger"])
    register_tiny(ledger, lab)
    ledger.close()
    made.configure(kind="rpc", url=node.url, address=deployment.addresses["ledger"])
    return made, node


def pending(desk: Desk, folder: str = "out") -> list[str]:
    return sorted(p.name for p in (desk.root / folder).glob("*.json"))


def test_a_student_signs_and_a_lab_relays(desk: Desk) -> None:
    signed = desk("claim", "tiny/add", "--as", "ada", "--sign-to", "out")
    path = Path(signed.stdout.strip())
    assert pending(desk) == [path.name]
    assert "is signed, not sent" in signed.stderr
    assert desk.lines("ledger", "events", "--kind", "Claimed") == []
    told = desk("relay", "out", "--as", "lab")
    assert "taken      Claim add by ada" in told.stdout
    (claim,) = desk.lines("ledger", "events", "--kind", "Claimed")
    assert claim["actor"] == desk.hand("ada").address
    assert pending(desk, "out/done") == [path.name]


def test_the_outbox_of_coopt_toml_is_where_commands_sign_to(desk: Desk) -> None:
    desk.configure(kind="embedded", outbox="queue")
    desk("claim", "tiny/add", "--as", "ada")
    assert len(pending(desk, "queue")) == 1
    assert desk.json("ledger", "status")["pending_relays"] == 1
    (outcome,) = desk.json("relay", "--as", "lab")
    assert (outcome["status"], outcome["what"]) == ("taken", "Claim add")
    assert desk.json("ledger", "status")["pending_relays"] == 0


def test_what_the_rules_refuse_is_not_signed(desk: Desk) -> None:
    said = desk.complaint("claim", "tiny/nothing", "--as", "ada", "--sign-to", "out", code=9)
    assert "this step is not on the ledger" in said
    assert pending(desk) == []


def test_one_refused_request_is_told_and_stops_nobody(desk: Desk) -> None:
    """Each step takes one claim: Ben's on `add` was possible when he signed."""
    for who, step in (("ada", "add"), ("ben", "add"), ("ben", "double")):
        desk("claim", f"tiny/{step}", "--as", who, "--sign-to", "out")
    outcomes = desk.json("relay", "out", "--as", "lab", code=9)
    by_what = {(o["what"], o["status"]) for o in outcomes}
    assert by_what == {("Claim add", "taken"), ("Claim add", "refused"), ("Claim double", "taken")}
    (bad,) = [o for o in outcomes if o["status"] == "refused"]
    assert bad["who"] == desk.hand("ben").address
    assert "all claims on this step are taken" in bad["words"]
    why = (desk.root / bad["path"]).with_suffix(".why")
    assert "all claims on this step are taken" in why.read_text()


def test_a_request_that_comes_twice_is_said_to_be_spent(desk: Desk) -> None:
    desk("claim", "tiny/add", "--as", "ada", "--sign-to", "out")
    shutil.copytree(desk.root / "out", desk.root / "copy")
    desk("relay", "out", "--as", "lab")
    (outcome,) = desk.json("relay", "copy", "--as", "ben")
    assert outcome["status"] == "spent"


def test_a_request_for_another_chain_waits_where_it_is(desk: Desk) -> None:
    desk("claim", "tiny/add", "--as", "ada", "--sign-to", "out")
    (path,) = (desk.root / "out").glob("*.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"chain_id": 1}))
    (outcome,) = desk.json("relay", "out", "--as", "lab", code=9)
    assert outcome["status"] == "elsewhere"
    assert pending(desk) == [path.name]


def test_an_expired_request_moves_to_failed(desk: Desk) -> None:
    ledger = desk.open()
    signing = SigningLedger(ledger, Outbox(desk.root / "out"), tell=str, lifetime_s=0)
    signing.send(Claim("tiny", "add", 600), signer=desk.hand("ada"))
    ledger.close()
    time.sleep(1.1)
    (outcome,) = desk.json("relay", "out", "--as", "lab", code=9)
    assert outcome["status"] == "expired"
    assert len(pending(desk, "out/failed")) == 1


def test_a_corrupt_file_is_told_and_kept(desk: Desk) -> None:
    (desk.root / "out").mkdir()
    (desk.root / "out" / "x.json").write_bytes(b'{"schema": "coopt/requ')
    told = desk("relay", "out", "--as", "lab", code=9)
    assert "unreadable x.json" in told.stdout
    assert (desk.root / "out/failed/x.json").read_bytes() == b'{"schema": "coopt/requ'


def test_without_a_folder_the_next_move_is_told(desk: Desk) -> None:
    assert "which folder" in desk.complaint("relay", "--as", "lab", code=2)
    assert "no such folder" in desk.complaint("relay", "nowhere", "--as", "lab", code=2)
    (desk.root / "out").mkdir()
    assert "nothing waits" in desk("relay", "out", "--as", "lab").stderr


@pytest.mark.parametrize("options", [(), ("--sign-to", "out")])
def test_an_author_calls_a_request_back(desk: Desk, options: tuple[str, ...]) -> None:
    path = desk("claim", "tiny/add", "--as", "ada", "--sign-to", "out").stdout.strip()
    shutil.copytree(desk.root / "out", desk.root / "copy")
    said = desk.complaint("cancel", path, "--as", "ben", code=11)
    assert "ada signed this request" in said
    desk("cancel", path, "--as", "ada", *options)
    assert pending(desk, "out/failed") == [Path(path).name]
    desk("relay", "out", "--as", "lab")
    (outcome,) = desk.json("relay", "copy", "--as", "lab", code=9)
    assert outcome["status"] == "cancelled"
    assert desk.lines("ledger", "events", "--kind", "Claimed") == []
    desk.complaint("cancel", "nowhere.json", "--as", "ada", code=2)


def test_a_solution_is_committed_and_revealed_by_two_relays(desk: Desk) -> None:
    """The salt stays with the student; the number comes with the ledger."""
    folder = desk("fork", "tiny/add@all_of_them", "mine", "--author", "Ada").stdout.strip()
    words = ("submit", folder, "--as", "ada", "--sign-to", "out")
    desk("claim", "tiny/add", "--as", "ada", "--sign-to", "out")
    desk("relay", "out", "--as", "lab")
    assert "it signs the reveal" in desk(*words).stderr
    assert "taken      Commit add" in desk("relay", "out", "--as", "lab").stdout
    assert "it signs the reveal" not in desk(*words).stderr
    assert "taken      Reveal 1" in desk("relay", "out", "--as", "lab").stdout
    (event,) = desk.lines("ledger", "events", "--kind", "Submitted")
    assert event["actor"] == desk.hand("ada").address


def test_a_challenge_is_registered_by_relays(tmp_path: Path) -> None:
    """Challenge, steps, commitments, reveals: each builds on what was relayed before."""
    desk = Desk(tmp_path / "home", "lab", "ada", "judge")
    words = ("challenge", "register", "tiny", "--as", "lab", "--evaluator", "judge")
    kinds = []
    for code in (9, 9, 0, 0):
        desk(*words, "--sign-to", "out", code=code)
        kinds += [o["what"] for o in desk.json("relay", "out", "--as", "ada")]
    assert kinds == [
        *("RegisterChallenge", "RegisterStep double", "RegisterStep add"),
        *("Commit double", "Commit add", "Reveal 1", "Reveal 2"),
    ]
    assert "wait for an evaluator" in desk(*words, "--sign-to", "out").stderr
    assert {e["actor"] for e in desk.lines("ledger", "events")} == {desk.hand("lab").address}


def test_a_watching_relayer_takes_what_comes_and_can_be_killed(desk: Desk) -> None:
    (desk.root / "out").mkdir()
    words = desk.words("relay", "out", "--as", "lab", "--watch", "0.1", "--json")
    process = subprocess.Popen(
        words, cwd=desk.root, env=desk.env, stdout=subprocess.PIPE, text=True
    )
    try:
        for who, step in (("ada", "add"), ("ben", "double")):
            desk("claim", f"tiny/{step}", "--as", who, "--sign-to", "out")
            assert process.stdout
            assert json.loads(process.stdout.readline())["status"] == "taken"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    assert len(pending(desk, "out/done")) == 2


@pytest.mark.npm
def test_on_a_chain_that_costs_a_student_without_coin_acts(shared: tuple[Desk, Node]) -> None:
    desk, node = shared
    for who in ("ada", "ben"):
        desk("claim", "tiny/add", "--as", who, "--sign-to", "out")
    outcomes = desk.json("relay", "out", "--as", "lab")
    assert [o["status"] for o in outcomes] == ["taken", "taken"]
    assert len({o["tx_hash"] for o in outcomes}) == 1
    assert desk.json("ledger", "status", "--as", "ada")["balance_wei"] == 0
    assert 0 < desk.json("ledger", "status", "--as", "lab")["balance_wei"] < 100 * 10**18
    claims = desk.lines("ledger", "events", "--kind", "Claimed")
    assert {c["actor"] for c in claims} == {desk.hand(w).address for w in ("ada", "ben")}
    node.stop()
    desk("claim", "tiny/double", "--as", "ada", "--sign-to", "out", code=10)


@pytest.mark.npm
def test_a_relayer_without_coin_loses_nothing(shared: tuple[Desk, Node]) -> None:
    desk, _ = shared
    desk("claim", "tiny/add", "--as", "ada", "--sign-to", "out")
    said = desk.complaint("relay", "out", "--as", "ben", code=10)
    assert "funds" in said
    assert len(pending(desk)) == 1
    assert desk.json("relay", "out", "--as", "lab")[0]["status"] == "taken"


@pytest.mark.npm
def test_a_key_held_by_another_program_signs_for_a_relay_and_relays(
    shared: tuple[Desk, Node],
) -> None:
    """Anvil holds keys as Clef or Web3Signer would; ours are not asked for."""
    desk, node = shared
    student, lab = node.rpc("eth_accounts")[:2]
    (desk.root.parent / "passphrase").unlink()
    for keystore in desk.ids.iterdir():
        keystore.unlink()
    desk("claim", "tiny/add", "--as", f"{student}@{node.url}", "--sign-to", "out")
    (outcome,) = desk.json("relay", "out", "--as", f"{lab}@{node.url}")
    assert (outcome["status"], outcome["who"]) == ("taken", student)
    desk("claim", "tiny/double", "--as", f"{student}@{node.url}")
    unknown = "0x" + "11" * 20
    said = desk.complaint("claim", "tiny/add", "--as", f"{unknown}@{node.url}", code=11)
    assert "does not sign" in said
    desk.complaint("claim", "tiny/add", "--as", "ada@somewhere", code=11)
