"""The committed contract: what the compiler makes, and what our tables say of it."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from eth_abi import encode
from eth_utils import keccak

from coopt_dag.ledger import abi
from coopt_dag.ledger.artifact import contract
from coopt_dag.ledger.logs import TABLE
from coopt_dag.ledger.refusals import CODES

from .conftest import CONTRACTS


def entries(kind: str) -> list[dict]:
    return [e for e in contract()["abi"] if e["type"] == kind]


def test_every_custom_error_of_the_contract_has_words_and_no_words_are_idle():
    assert sorted(CODES) == sorted(e["name"] for e in entries("error"))
    assert all(e["inputs"] == [] for e in entries("error"))


def test_the_table_of_events_is_the_committed_abi():
    expected = {}
    for event in entries("event"):
        kinds = [i["type"] for i in event["inputs"]]
        topics = [i["type"] for i in event["inputs"] if i["indexed"]]
        data = [i["type"] for i in event["inputs"] if not i["indexed"]]
        signature = f"{event['name']}({','.join(kinds)})"
        third = topics[2] if len(topics) == 3 else ""
        expected[keccak(text=signature).hex()] = (event["name"], third, data)
    assert expected == TABLE


def test_our_decoder_reads_what_eth_abi_writes():
    kinds = ["uint64", "string", "int256", "bool", "address", "uint256[]", "address[]", "string"]
    who = "0x" + "ab" * 20
    values = [7, "試行" * 30, -5, True, who, (1, 2**64), (who, who), ""]
    assert abi.decode(kinds, encode(kinds, values)) == values


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
