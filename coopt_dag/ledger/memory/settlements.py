"""Who is paid what for an epoch (`Settlement.sol`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coopt_dag.ledger import events as ev
from coopt_dag.ledger.hashing import MerkleTree, challenge_key, leaf_of
from coopt_dag.ledger.memory.bounties import require_bounty, root_of
from coopt_dag.ledger.memory.registry import is_epoch_over, is_evaluator, majority_of
from coopt_dag.ledger.memory.storage import NOBODY, ZERO_WORD, Root
from coopt_dag.ledger.memory.text import require_cid
from coopt_dag.ledger.memory.votes import count_votes
from coopt_dag.ledger.refusals import refused

if TYPE_CHECKING:
    from coopt_dag.ledger import actions as ac
    from coopt_dag.ledger.memory.turn import Turn

MAX_SHARES = 64
MIN_VOTE_S = 86_400


def propose_settlement(turn: Turn, action: ac.ProposeSettlement) -> None:
    """Propose a root for an epoch that is over; owner and evaluators may."""
    turn.require_open()
    _require_proposer(turn, action.challenge)
    if not is_epoch_over(turn, action.challenge, action.epoch):
        raise refused("EpochNotOver")
    if action.root == ZERO_WORD:
        raise refused("BadRoot")
    require_cid(action.table_cid)
    entry = root_of(turn, action.challenge, action.epoch)
    if entry.root != ZERO_WORD:
        raise refused("AlreadySettled")
    rules = turn.world.challenges[action.challenge]
    if action.credit > rules.pot:
        raise refused("BadTotal")
    made = replace(
        entry,
        root=action.root,
        credit_left=action.credit,
        credit=action.credit,
        round=entry.round + 1,
        final_at=turn.now + rules.dispute_s,
        proposer=turn.who,
    )
    turn.world.roots[action.challenge, action.epoch] = made
    _set_shares(turn, action, made.round)
    turn.tell(
        ev.SettlementProposed,
        challenge=action.challenge,
        epoch=action.epoch,
        root=action.root,
        table_cid=action.table_cid,
        credit=action.credit,
        shares=action.shares,
        round=made.round,
        final_at=made.final_at,
    )


def _require_proposer(turn: Turn, challenge: str) -> None:
    rules = turn.world.challenges.get(challenge)
    is_owner = rules is not None and rules.owner == turn.who
    if not is_owner and not is_evaluator(turn, challenge, turn.who):
        raise refused("NotProposer")


def _set_shares(turn: Turn, action: ac.ProposeSettlement, round_: int) -> None:
    if len(action.shares) > MAX_SHARES:
        raise refused("TooManyShares")
    for share in action.shares:
        bounty = require_bounty(turn, share.bounty_id)
        is_ours = (bounty.challenge, bounty.epoch) == (action.challenge, action.epoch)
        if not is_ours or bounty.payee != NOBODY or bounty.round == round_:
            raise refused("UnknownBounty")
        if not 1 <= share.total <= bounty.left:
            raise refused("BadTotal")
        turn.world.bounties[share.bounty_id] = replace(bounty, round=round_, share=share.total)


def dispute_settlement(turn: Turn, action: ac.DisputeSettlement) -> None:
    """Doubt a settlement before it is final, against a bond."""
    entry = root_of(turn, action.challenge, action.epoch)
    if entry.root == ZERO_WORD or entry.is_contested or turn.now >= entry.final_at:
        raise refused("NotDisputable")
    require_cid(action.evidence_cid)
    rules = turn.world.challenges[action.challenge]
    if turn.value != rules.bond_wei:
        raise refused("WrongValue")
    vote_by = turn.now + max(MIN_VOTE_S, rules.dispute_s)
    turn.world.roots[action.challenge, action.epoch] = replace(
        entry, is_contested=True, disputer=turn.who, bond_wei=rules.bond_wei, vote_by=vote_by
    )
    turn.tell(
        ev.SettlementDisputed,
        challenge=action.challenge,
        epoch=action.epoch,
        bond_wei=rules.bond_wei,
        vote_by=vote_by,
        evidence_cid=action.evidence_cid,
    )


def decide_settlement(turn: Turn, action: ac.DecideSettlement) -> None:
    """Decide by votes of more than half of the evaluators, proposer and disputer apart."""
    entry = _require_contested(turn, action.challenge, action.epoch)
    if turn.now > entry.vote_by:
        raise refused("VoteOver")
    require_cid(action.report_cid)
    count = count_votes(
        *(turn, action.challenge, action.votes, entry.disputer, "SettlementVerdict"),
        challengeKey=challenge_key(action.challenge),
        epoch=action.epoch,
        round=entry.round,
        upheld=action.upheld,
        reportCid=action.report_cid,
    )
    if entry.proposer in {vote.evaluator for vote in action.votes}:
        raise refused("NotIndependent")
    if count < majority_of(turn, action.challenge, entry.proposer, entry.disputer):
        raise refused("QuorumNeeded")
    _close(turn, action, upheld=action.upheld, report_cid=action.report_cid)


def lapse_settlement(turn: Turn, action: ac.LapseSettlement) -> None:
    """End a vote that came to nothing: the root is struck."""
    entry = _require_contested(turn, action.challenge, action.epoch)
    if turn.now <= entry.vote_by:
        raise refused("VoteNotOver")
    _close(turn, action, upheld=True, report_cid="")


def _require_contested(turn: Turn, challenge: str, epoch: int) -> Root:
    entry = root_of(turn, challenge, epoch)
    if not entry.is_contested:
        raise refused("NotContested")
    return entry


def _close(
    turn: Turn,
    action: ac.DecideSettlement | ac.LapseSettlement,
    *,
    upheld: bool,
    report_cid: str,
) -> None:
    place = action.challenge, action.epoch
    entry = turn.world.roots[place]
    bond_to = entry.disputer if upheld else entry.proposer
    closed = replace(entry, is_contested=False, disputer=NOBODY, bond_wei=0, vote_by=0)
    ends = {"root": ZERO_WORD} if upheld else {"final_at": turn.now}
    turn.world.roots[place] = replace(closed, **ends)
    if entry.bond_wei:
        turn.owe(bond_to, entry.bond_wei)
    turn.tell(
        ev.SettlementDecided,
        challenge=action.challenge,
        epoch=action.epoch,
        upheld=upheld,
        bond_to=bond_to,
        bond_wei=entry.bond_wei,
        report_cid=report_cid,
    )


def redeem(turn: Turn, action: ac.Redeem) -> None:
    """Pay one leaf to its account, once; anybody may ask."""
    entry = root_of(turn, action.challenge, action.epoch)
    _require_leaf(entry, action, turn.now)
    spent = action.challenge, action.epoch, entry.round, action.index
    if spent in turn.world.redeemed:
        raise refused("AlreadyRedeemed")
    turn.world.redeemed[spent] = True
    turn.tell(
        ev.Redeemed,
        challenge=action.challenge,
        epoch=action.epoch,
        index=action.index,
        bounty_id=action.bounty_id,
        account=action.account,
        amount=action.amount,
    )
    if action.bounty_id == 0:
        _pay_credit(turn, action, entry)
    else:
        _pay_share(turn, action, entry.round)


def _require_leaf(entry: Root, action: ac.Redeem, now: int) -> None:
    if entry.root == ZERO_WORD:
        raise refused("NotSettled")
    if entry.is_contested or now < entry.final_at:
        raise refused("NotFinal")
    leaf = leaf_of(
        *(action.challenge, action.epoch, action.index),
        bounty_id=action.bounty_id,
        account=action.account,
        amount=action.amount,
    )
    if MerkleTree.root_of(leaf, action.proof) != entry.root:
        raise refused("BadProof")


def _pay_credit(turn: Turn, action: ac.Redeem, entry: Root) -> None:
    if action.amount > entry.credit_left:
        raise refused("BadTotal")
    turn.world.roots[action.challenge, action.epoch] = replace(
        entry, credit_left=entry.credit_left - action.amount
    )
    key = action.challenge, action.account
    turn.world.credit[key] = turn.world.credit.get(key, 0) + action.amount


def _pay_share(turn: Turn, action: ac.Redeem, round_: int) -> None:
    bounty = require_bounty(turn, action.bounty_id)
    is_ours = (bounty.challenge, bounty.epoch) == (action.challenge, action.epoch)
    if not is_ours or bounty.round != round_:
        raise refused("UnknownBounty")
    if action.amount > bounty.share:
        raise refused("BadTotal")
    turn.world.bounties[action.bounty_id] = replace(
        bounty, share=bounty.share - action.amount, left=bounty.left - action.amount
    )
    turn.pay(action.account, action.amount)
