"""What people write and sign before they act: pledges, openings, votes, requests, tables of pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from coopt_dag.ledger.actions import (
    Action,
    Commit,
    CommitScores,
    Opening,
    ProposeSettlement,
    Redeem,
    Relay,
    Reveal,
    RevealScores,
    ScoreCommitment,
    Share,
    SignedRequest,
    Vote,
)
from coopt_dag.ledger.codec import encode_call
from coopt_dag.ledger.hashing import MerkleTree, commitment_of, leaf_of, opening_hash
from coopt_dag.ledger.keys import KeySigner
from coopt_dag.ledger.protocol import Ledger
from coopt_dag.ledger.typed import message

SALT = "5a" * 32
NOBODY = "0x" + "0" * 40


@dataclass(frozen=True)
class Work:
    """A solution before anybody has seen it."""

    who: KeySigner
    challenge: str = "toy"
    step: str = "fit"
    cid: str = "c"
    parents: tuple[int, ...] = ()
    salt: str = SALT

    def commit(self) -> Commit:
        place = self.challenge, self.step
        word = commitment_of(place, self.who.address, self.cid, self.parents, self.salt)
        return Commit(*place, word)

    def reveal(self, number: int) -> Reveal:
        return Reveal(number, self.cid, self.parents, self.salt)


def opening(who: KeySigner, score: int, *, e2e: int = 0, reason: str = "") -> Opening:
    return Opening(who.address, score, e2e, reason, "report", SALT)


def promise(
    ledger: Ledger, number: int, found: Opening, by: KeySigner, *, version: int = 0
) -> ScoreCommitment:
    """An evaluator's signed commitment to what it found; `by` signs, right or wrong."""
    word = opening_hash(number, found)
    typed = message(
        *(ledger.domain("ledger"), "ScoreCommitment"),
        submissionId=number,
        metricVersion=version,
        evaluator=found.evaluator,
        commitment=bytes.fromhex(word),
    )
    return ScoreCommitment(found.evaluator, word, by.sign_typed(typed))


@dataclass(frozen=True)
class Panel:
    """Evaluators, and what each found of a submission."""

    number: int
    scores: tuple[tuple[KeySigner, int], ...]
    base: str
    version: int = 0

    @property
    def openings(self) -> tuple[Opening, ...]:
        return tuple(opening(who, score) for who, score in self.scores)

    def commit(self, ledger: Ledger) -> CommitScores:
        pairs = zip(self.scores, self.openings, strict=True)
        made = [
            promise(ledger, self.number, found, who, version=self.version)
            for (who, _), found in pairs
        ]
        return CommitScores(self.number, tuple(made))

    def reveal(self) -> RevealScores:
        return RevealScores(self.number, self.base, self.openings)


def votes(
    ledger: Ledger, contract: str, purpose: str, who: Sequence[KeySigner], /, **values: Any
) -> tuple[Vote, ...]:
    """Votes over the same words, rising by address."""
    typed = message(ledger.domain(contract), purpose, **values)
    rising = sorted(who, key=lambda s: s.address)
    return tuple(Vote(s.address, s.sign_typed(typed)) for s in rising)


def request(
    ledger: Ledger, action: Action, by: KeySigner, *, nonce: int, deadline: int
) -> SignedRequest:
    """A signed call that anybody may bring."""
    call = encode_call(action)
    typed = message(
        *(ledger.domain(call.contract), "Request"),
        from_=by.address,
        nonce=nonce,
        deadline=deadline,
        data=call.data,
    )
    signature = by.sign_typed(typed)
    return SignedRequest(by.address, nonce, deadline, call.data.hex(), signature)


def relay(*requests: SignedRequest, contract: str = "ledger", value_wei: int = 0) -> Relay:
    return Relay(contract, requests, value_wei)


@dataclass(frozen=True)
class Table:
    """Who is paid what for an epoch: (account, bounty or 0 for credit, amount) each."""

    challenge: str
    epoch: int
    rows: tuple[tuple[str, int, int], ...]

    @property
    def tree(self) -> MerkleTree:
        return MerkleTree(
            [
                leaf_of(
                    *(self.challenge, self.epoch, index),
                    bounty_id=bounty,
                    account=account,
                    amount=amount,
                )
                for index, (account, bounty, amount) in enumerate(self.rows)
            ]
        )

    def propose(self) -> ProposeSettlement:
        credit = sum(amount for _, bounty, amount in self.rows if bounty == 0)
        bounties = sorted({bounty for _, bounty, _ in self.rows if bounty})
        shares = tuple(
            Share(b, sum(amount for _, bounty, amount in self.rows if bounty == b))
            for b in bounties
        )
        return ProposeSettlement(
            self.challenge, self.epoch, self.tree.root, "table", credit, shares
        )

    def redeem(self, index: int) -> Redeem:
        account, bounty, amount = self.rows[index]
        proof = self.tree.proof(index)
        return Redeem(self.challenge, self.epoch, index, bounty, account, amount, proof)
