"""The committed contracts: what the compiler makes, and that our client says the same."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from typing import get_args

import pytest
from eth_abi import encode

from coopt_dag.errors import LedgerRefusedError
from coopt_dag.ledger import abi
from coopt_dag.ledger import actions as ac
from coopt_dag.ledger import events as ev
from coopt_dag.ledger.artifact import CONTRACTS as NAMES
from coopt_dag.ledger.artifact import contract
from coopt_dag.ledger.codec import contract_of, encode_call
from coopt_dag.ledger.logs import shapes
from coopt_dag.ledger.names import camel, snake
from tools.interface import TARGET, interface

from .conftest import CONTRACTS

# OpenZeppelin's own: roles are granted by whoever deployed, with any tool.
ROLES = {"RoleGranted", "RoleRevoked", "RoleAdminChanged"}
# Parts of actions, not actions.
PARTS = {"Action", "Opening", "ScoreCommitment", "Share", "SignedRequest", "Vote"}


def entries(kind: str, home: str) -> list[dict]:
    return [e for e in contract(home)["abi"] if e["type"] == kind]


def parameters(inputs: list[dict]) -> set[str]:
    """Name a function's or an event's parameters as we do; structures of one are flat."""
    names = set()
    for entry in inputs:
        if entry["type"] == "tuple":
            names |= {snake(c["name"]) for c in entry["components"]}
        else:
            names.add({"from": "actor"}.get(entry["name"], snake(entry["name"])))
    return names


def test_the_table_of_events_is_made_of_the_committed_abis():
    assert TARGET.read_text(encoding="utf-8") == interface()


def test_every_event_of_the_contracts_has_a_class_and_no_class_is_idle():
    told = {e["name"] for home in NAMES for e in entries("event", home)}
    assert told - ROLES == set(ev.__all__) - {"Event"}


@pytest.mark.parametrize("topic", sorted(shapes()))
def test_an_event_class_has_the_parameters_of_the_event(topic: str):
    make = shapes()[topic].make
    inputs = next(
        e["inputs"] for home in NAMES for e in entries("event", home) if e["name"] == make.__name__
    )
    told = parameters(inputs) - {"has_before"}
    told |= {"challenge", "step"} if "step_key" in told else set()
    told |= {"challenge"} if "challenge_key" in told else set()
    known = {f.name for f in dataclasses.fields(make)} - {"seq", "block", "tx_hash"}
    assert told - {"step_key", "challenge_key"} == known


@pytest.mark.parametrize("action", get_args(ac.Action), ids=lambda a: a.__name__)
def test_an_action_is_a_function_of_its_contract_with_the_same_parameters(action: type):
    if action is ac.Relay:
        return  # by number of requests it is `relay` or `relayMany`
    homes = ["ledger", "treasury"] if action is ac.Withdraw else [""]
    blank = object.__new__(action)
    for home in homes:
        if home:
            object.__setattr__(blank, "contract", home)
        elif action is ac.CancelNonce:
            object.__setattr__(blank, "contract", "notes")
        place = contract_of(blank)
        name = camel(action.__name__)
        function = next(e for e in entries("function", place) if e["name"] == name)
        told = parameters(
            [i for i in function["inputs"] if i["type"] != "tuple" or i["name"] == "rules"]
        ) | {i["name"] for i in function["inputs"] if i["type"] == "tuple" and i["name"] != "rules"}
        told = {"challenge" if n == "challenge_key" else n for n in told}
        known = {f.name for f in dataclasses.fields(action)} - {"value_wei", "contract"}
        assert told == known


def test_what_is_no_action_is_a_part_of_one():
    assert {n for n in ac.__all__ if not issubclass(type(getattr(ac, n)), type)} <= {"Action"}
    assert set(ac.__all__) == {a.__name__ for a in get_args(ac.Action)} | PARTS


def test_a_function_that_a_contract_does_not_have_is_refused_by_name():
    with pytest.raises(LedgerRefusedError, match="the notes's contract has no function withdraw"):
        encode_call(ac.Withdraw("notes"))


def test_our_decoder_reads_what_eth_abi_writes():
    kinds = ["uint64", "string", "int128", "bool", "address", "uint256[]", "address[]", "bytes"]
    who = "0x" + "ab" * 20
    values = [7, "試行" * 30, -5, True, who, (1, 2**64), (who, who), b"\x01\x02"]
    read = abi.decode(tuple(abi.kind_of({"type": k}) for k in kinds), encode(kinds, values))
    assert read == [*values[:-1], "0102"]


def test_our_decoder_reads_structures_and_arrays_of_them():
    share = {"type": "tuple[]", "components": [{"type": "uint256"}, {"type": "string"}]}
    data = encode(["(uint256,string)[]", "uint8"], [[(1, "a"), (2, "b" * 40)], 9])
    kinds = (abi.kind_of(share), abi.kind_of({"type": "uint8"}))
    assert abi.decode(kinds, data) == [((1, "a"), (2, "b" * 40)), 9]


def test_no_lock_or_manifest_of_npm_names_a_host():
    for name in ("package.json", "package-lock.json"):
        assert "http" not in (CONTRACTS / name).read_text(encoding="utf-8")


@pytest.mark.npm
def test_the_compiler_makes_the_committed_bytes_again():
    if shutil.which("node") is None or not (CONTRACTS / "node_modules/solc").is_dir():
        pytest.skip("solc is not installed: npm --prefix contracts ci")
    done = subprocess.run(
        ["node", "compile.mjs", "--check"],
        cwd=CONTRACTS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
