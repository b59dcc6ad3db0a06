"""Tokens on a chain: a sponsor's allowance is exactly what the bounty takes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode as abi_encode
from web3 import Web3

from coopt_dag.errors import LedgerRefusedError
from coopt_dag.ledger import actions as ac
from coopt_dag.ledger import erc20
from coopt_dag.ledger.embedded import open_embedded
from coopt_dag.ledger.events import Funded
from coopt_dag.ledger.evm import EvmLedger, transact
from coopt_dag.ledger.hashing import keccak
from coopt_dag.ledger.keys import KeySigner
from coopt_dag.ledger.rpc import EmbeddedProvider

pytestmark = pytest.mark.npm

CONTRACTS = Path(__file__).parents[2] / "contracts"
NOBODY = "0x" + "0" * 40
# Like USDT it refuses to change an allowance that is not zero; a transfer costs a hundredth.
TOKEN = """
pragma solidity 0.8.37;
contract Token {
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    uint256 public approvals;
    constructor() { balanceOf[msg.sender] = 1000; }
    function approve(address to, uint256 amount) external returns (bool) {
        require(amount == 0 || allowance[msg.sender][to] == 0);
        allowance[msg.sender][to] = amount;
        ++approvals;
        return true;
    }
    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        allowance[from][msg.sender] -= amount;
        balanceOf[from] -= amount;
        balanceOf[to] += amount - amount / 100;
        return true;
    }
}
"""
COMPILE = """
const solc = require("solc");
const source = require("fs").readFileSync(0, "utf8");
const found = JSON.parse(solc.compile(JSON.stringify({
  language: "Solidity",
  sources: {"T.sol": {content: source}},
  settings: {outputSelection: {"*": {"*": ["evm.bytecode.object"]}}},
})));
process.stdout.write(JSON.stringify(found.contracts["T.sol"].Token.evm.bytecode.object));
"""


@pytest.fixture(scope="session")
def code() -> str:
    if not (CONTRACTS / "node_modules/solc").is_dir():
        pytest.skip("the compiler is not installed: npm --prefix contracts ci")
    done = subprocess.run(
        ["node", "-e", COMPILE],
        cwd=CONTRACTS,
        input=TOKEN,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return "0x" + str(json.loads(done.stdout))


@dataclass
class Market:
    """A ledger with a challenge, a token, and a sponsor who holds 1,000 of it."""

    ledger: EvmLedger
    w3: Web3
    token: str
    sponsor: KeySigner

    def ask(self, question: str, *who: str) -> int:
        kinds = ["address"] * len(who)
        data = keccak(f"{question}({','.join(kinds)})".encode())[:4] + abi_encode(kinds, who)
        call: Any = {"to": Web3.to_checksum_address(self.token), "data": data}
        return int.from_bytes(bytes(self.w3.eth.call(call)), "big")

    def allowed(self) -> int:
        return erc20.allowance(
            self.w3, self.token, self.sponsor.address, self.ledger.addresses["treasury"]
        )

    def fund(self, amount: int) -> Funded:
        action = ac.Fund("toy", "", 0, self.token, amount, NOBODY, 4_000_000_000, "bafyterms")
        (event,) = self.ledger.send(action, signer=self.sponsor).events
        assert isinstance(event, Funded)
        return event


@pytest.fixture
def market(tmp_path: Path, code: str) -> Iterator[Market]:
    path = tmp_path / "ledger.sqlite"
    sponsor = KeySigner.of((77).to_bytes(32, "big"))
    with closing(open_embedded(path)) as ledger, closing(EmbeddedProvider(path)) as provider:
        ledger.send(ac.RegisterChallenge("toy", "bafym", (sponsor.address,)), signer=sponsor)
        w3 = Web3(provider)
        receipt = transact(w3, {"data": code}, sponsor, w3.eth.chain_id)
        yield Market(ledger, w3, str(receipt["contractAddress"]).lower(), sponsor)


def test_the_treasury_may_take_exactly_what_the_bounty_is(market: Market) -> None:
    assert market.ledger.allow(market.token, 200, signer=market.sponsor)
    assert market.allowed() == 200
    # a hundredth of 200 is the token's fee
    assert market.fund(200).amount == 198
    assert market.allowed() == 0
    assert market.ask("balanceOf", market.sponsor.address) == 800


def test_an_allowance_that_is_there_is_used(market: Market) -> None:
    market.ledger.allow(market.token, 300, signer=market.sponsor)
    assert market.ledger.allow(market.token, 200, signer=market.sponsor) == ""
    assert (market.allowed(), market.ask("approvals")) == (300, 1)


def test_an_allowance_that_is_too_small_goes_through_zero(market: Market) -> None:
    market.ledger.allow(market.token, 100, signer=market.sponsor)
    market.ledger.allow(market.token, 200, signer=market.sponsor)
    assert (market.allowed(), market.ask("approvals")) == (200, 3)


def test_where_there_is_no_token_nothing_is_allowed(market: Market) -> None:
    with pytest.raises(LedgerRefusedError) as caught:
        market.ledger.allow("0x" + "9" * 40, 1, signer=market.sponsor)
    assert caught.value.code == "BadAsset"
