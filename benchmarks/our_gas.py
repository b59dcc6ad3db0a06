"""What the ledger's actions take, from receipts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from web3.types import RPCEndpoint

from coopt_dag.ledger import actions as ac
from coopt_dag.ledger.evm import EvmLedger, deploy
from coopt_dag.ledger.hashing import MerkleTree, commitment_of, leaf_of, opening_hash
from coopt_dag.ledger.keys import KeySigner
from coopt_dag.ledger.typed import message

if TYPE_CHECKING:
    from web3.providers.base import BaseProvider

CHALLENGE, STEP = "tracking", "seeding"
# As long as a real one.
CID = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"
WAD = 10**18
DAY_S = 86_400
SALT = "5a" * 32
LEAVES = 10_000

OWNER, ANN, ANYBODY, *EVALUATORS = (KeySigner.of((n).to_bytes(32, "big")) for n in range(11, 17))


def contribution_gas(provider: BaseProvider) -> dict[str, int]:
    """Give gas of one accepted contribution, action by action; the second one is counted."""
    ledger = _ledger(provider)
    _contribute(ledger, score_wad=2 * WAD, parents=())
    gas = _contribute(ledger, score_wad=WAD, parents=(1,))
    return gas | {"whole contribution": sum(gas.values())}


def settlement_gas(provider: BaseProvider) -> dict[str, int]:
    """Give gas of a settlement of 10,000 accounts, and of one of them who fetches its credit."""
    ledger = _ledger(provider)
    payments = [(i, _address_of(i) if i % 2 else ANN.address, 7) for i in range(LEAVES)]
    leaves = [
        leaf_of(CHALLENGE, 0, index, bounty_id=0, account=account, amount=amount)
        for index, account, amount in payments
    ]
    tree = MerkleTree(leaves)
    _wait(provider, 31 * DAY_S)
    proposal = ac.ProposeSettlement(CHALLENGE, 0, tree.root, CID, 7 * LEAVES)
    gas = {"propose": ledger.send(proposal, signer=OWNER).gas_used}
    _wait(provider, 3 * DAY_S)
    for name, index in (("redeem, first ever of account and word", 4710), ("redeem", 4712)):
        _, account, amount = payments[index]
        redeem = ac.Redeem(CHALLENGE, 0, index, 0, account, amount, tree.proof(index))
        gas[name] = ledger.send(redeem, signer=ANYBODY).gas_used
    return gas


def notes_gas(provider: BaseProvider) -> dict[str, float]:
    """Give gas of anchoring a batch, and of each record in it."""
    ledger = _ledger(provider)
    gas: dict[str, float] = {}
    for count in (100, LEAVES):
        tree = MerkleTree([f"{i:064x}" for i in range(count)])
        batch = ac.AnchorBatch(CHALLENGE, tree.root, count, CID)
        used = ledger.send(batch, signer=ANYBODY).gas_used
        gas[f"anchor a batch of {count}"] = used
        gas[f"each record of {count}"] = used / count
    return gas


def _ledger(provider: BaseProvider) -> EvmLedger:
    ledger = EvmLedger(provider, address=deploy(provider, signer=OWNER))
    evaluators = tuple(who.address for who in EVALUATORS)
    rules = ac.RegisterChallenge(
        CHALLENGE,
        CID,
        evaluators,
        closes_at=ledger.head().time + 30 * DAY_S,
        quorum=len(evaluators),
        dispute_s=2 * DAY_S,
        bond_wei=WAD,
        pot=10**6,
    )
    ledger.send(rules, signer=OWNER)
    step = ac.RegisterStep(CHALLENGE, STEP, CID, "minimise", 0, tolerance_wad=WAD)
    ledger.send(step, signer=OWNER)
    return ledger


def _contribute(ledger: EvmLedger, *, score_wad: int, parents: tuple[int, ...]) -> dict[str, int]:
    """Claim, commit, reveal; a quorum of three signs, and anybody brings it."""
    gas = {"claim": ledger.send(ac.Claim(CHALLENGE, STEP, DAY_S), signer=ANN).gas_used}
    hidden = commitment_of((CHALLENGE, STEP), ANN.address, CID, parents, SALT)
    sent = ledger.send(ac.Commit(CHALLENGE, STEP, hidden), signer=ANN)
    gas["commit"] = sent.gas_used
    number = int(ledger.read("ledger", "submissionCount"))
    gas["reveal"] = ledger.send(ac.Reveal(number, CID, parents, SALT), signer=ANN).gas_used
    openings = tuple(
        ac.Opening(who.address, score_wad + i, score_wad, "", CID, f"{i + 1:x}a" * 32)
        for i, who in enumerate(EVALUATORS)
    )
    base = ledger.read("ledger", "submissionOf", number)[-1].hex().removeprefix("0x")
    promises = tuple(_promise(ledger, number, opening) for opening in openings)
    committed = ledger.send(ac.CommitScores(number, promises), signer=ANYBODY)
    gas["commit 3 scores"] = committed.gas_used
    revealed = ledger.send(ac.RevealScores(number, base, openings), signer=ANYBODY)
    gas["reveal 3 scores, record"] = revealed.gas_used
    head = ledger.read("ledger", "stepOf", CHALLENGE, STEP)[2]
    if head != number:
        raise RuntimeError(f"submission {number} made no record; the head is {head}")
    return gas


def _promise(ledger: EvmLedger, number: int, opening: ac.Opening) -> ac.ScoreCommitment:
    signer = next(who for who in EVALUATORS if who.address == opening.evaluator)
    hidden = opening_hash(number, opening)
    typed = message(
        ledger.domain(),
        "ScoreCommitment",
        submissionId=number,
        metricVersion=ledger.read("ledger", "stepOf", CHALLENGE, STEP)[4],
        evaluator=signer.address,
        commitment=hidden,
    )
    return ac.ScoreCommitment(signer.address, hidden, signer.sign_typed(typed))


def _wait(provider: BaseProvider, seconds: int) -> None:
    provider.make_request(RPCEndpoint("evm_increaseTime"), [seconds])
    provider.make_request(RPCEndpoint("evm_mine"), [])


def _address_of(number: int) -> str:
    return f"0x{number + 1:040x}"
