"""What each event says, in one sentence of a log; who did it stands beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.ledger import events as ev
from coopt_dag.ledger.actions.money import COIN
from coopt_dag.model.moment import from_seconds
from coopt_dag.model.wad import from_wad
from coopt_dag.model.wei import from_wei

if TYPE_CHECKING:
    from collections.abc import Callable

    Namer = Callable[[str], str]
    Teller = Callable[[Any, Namer], str]

_OPINIONS = {
    "comment": "has a word on",
    "reproduced": "has reproduced",
    "concern": "has a concern about",
}

UNBOUNDED = 2**256 - 1
"""The spread where some evaluators gave a score and others none."""


def sentence(event: ev.Event, *, name_of: Namer) -> str:
    """Tell an event in one sentence; scores and amounts are exact.

    >>> from coopt_dag.ledger.events import Endorsed
    >>> where = {"seq": 0, "block": 1, "time": 0, "tx_hash": "0x", "actor": "0xa"}
    >>> event = Endorsed(challenge="toy", step="fit", submission_id=3, **where)
    >>> sentence(event, name_of=str)
    'stands behind submission 3 (toy/fit)'
    """
    return _SENTENCES[type(event)](event, name_of)


def asset_amount(asset: str, amount: int) -> str:
    """Give an amount of coin, or of a token in its smallest units.

    >>> asset_amount("0x" + "0" * 40, 7)
    '7 wei'
    """
    return from_wei(amount) if asset == COIN else f"{amount} units of token {asset}"


def spread_text(spread_wad: int) -> str:
    """Give how far apart evaluators were.

    >>> spread_text(UNBOUNDED)
    'without bound: some found no score'
    """
    if spread_wad >= UNBOUNDED:
        return "without bound: some found no score"
    return from_wad(spread_wad)


def _of(e: Any) -> str:
    return f"submission {e.submission_id} ({e.challenge}/{e.step})"


def _until(e: Any, name: str = "until") -> str:
    return from_seconds(getattr(e, name))


def _found(e: Any) -> str:
    if e.reason:
        return f"no score, {e.reason}"
    return f"{from_wad(e.score_wad)}, end to end {from_wad(e.e2e_score_wad)}"


def _registered(e: ev.ChallengeRegistered, _: Namer) -> str:
    judges = len(e.evaluators)
    quorum = f"a quorum of {e.quorum} of {judges} evaluators" if judges > 1 else "one evaluator"
    return f"opened challenge {e.challenge}, judged by {quorum}"


def _sealed(e: ev.Sealed, _: Namer) -> str:
    return f"sealed the hidden data of {e.challenge}: epoch {e.epoch}"


def _step(e: ev.StepRegistered, _: Namer) -> str:
    return (
        f"added step {e.challenge}/{e.step}: {e.direction}, gain above {from_wad(e.min_delta_wad)}"
    )


def _submitted(e: ev.Submitted, _: Namer) -> str:
    built = f", built on {', '.join(map(str, e.parents))}" if e.parents else ""
    return f"revealed {_of(e)}{built}"


def _scored(e: ev.Scored, name_of: Namer) -> str:
    change = from_wad(e.score_wad)
    if e.before_wad is not None:
        change = f"{from_wad(e.before_wad)} -> {change}"
    kind = "a record" if e.is_record else "no record"
    return f"{_of(e)} by {name_of(e.contributor)} is {kind}: {change}"


def _rejected(e: ev.Rejected, name_of: Namer) -> str:
    if e.reason == "no_gain":
        return f"{_of(e)} by {name_of(e.contributor)} is no gain"
    return f"rejected {_of(e)} by {name_of(e.contributor)}: {e.reason}"


def _rescored(e: ev.HeadRescored, _: Namer) -> str:
    change = f"{from_wad(e.old_wad)} -> {from_wad(e.new_wad)}"
    return f"the record of {e.challenge}/{e.step} is worth {change} since submission {e.because}"


def _committed_scores(e: ev.ScoresCommitted, name_of: Namer) -> str:
    end = f"; complete, to be opened by {_until(e, 'reveal_by')}" if e.reveal_by else ""
    return f"{_others(e.evaluators, e, name_of)}committed to what was found of {_of(e)}{end}"


def _others(who: tuple[str, ...], e: ev.Event, name_of: Namer) -> str:
    """Name whose finding it is, unless it is the actor's own: that name stands there already."""
    return "" if who == (e.actor,) else f"{', '.join(map(name_of, who))} "


def _attested(e: ev.Attested, name_of: Namer) -> str:
    return f"{name_of(e.evaluator)} found of {_of(e)}: {_found(e)}"


def _opening(e: ev.OpeningPublished, name_of: Namer) -> str:
    whose = _others((e.evaluator,), e, name_of)
    return f"{whose}showed what was found of {_of(e)}: {_found(e)}"


def _expired(e: ev.RoundExpired, _: Namer) -> str:
    count = e.withheld.bit_count()
    some = "1 evaluator" if count == 1 else f"{count} evaluators"
    return f"{some} did not show what was found of {_of(e)}; shut out, the round begins anew"


def _spread(e: ev.SpreadFound, _: Namer) -> str:
    apart = f"evaluators of {_of(e)} are too far apart ({spread_text(e.spread_wad)})"
    return f"{apart}: does {from_wad(e.score_wad)} stand? Vote by {_until(e, 'vote_by')}"


def _disputed(e: ev.Disputed, _: Namer) -> str:
    bond = f", with a bond of {from_wei(e.bond_wei)}" if e.bond_wei else ""
    return f"disputes {_of(e)}{bond}; vote by {_until(e, 'vote_by')}"


def _decided(e: ev.DisputeDecided, name_of: Namer) -> str:
    end = "is upheld" if e.upheld else "is rejected"
    if not e.report_cid:
        end = f"lapsed without a majority and {end}"
    bond = f"; the bond of {from_wei(e.bond_wei)} goes to {name_of(e.bond_to)}"
    return f"the doubt about {_of(e)} {end}{bond if e.bond_wei else ''}"


def _struck(e: ev.Struck, _: Namer) -> str:
    head = ""
    if e.was_head:
        back = f"submission {e.head_id} holds" if e.head_id else "nobody holds"
        head = f"; {back} the record again"
    return f"{_of(e)} is struck{head}"


def _funded(e: ev.Funded, name_of: Namer) -> str:
    place = f"{e.challenge}/{e.step}" if e.step else e.challenge
    whom = f", for {name_of(e.payee)}" if e.payee != COIN else ""
    amount = asset_amount(e.asset, e.amount)
    return f"bounty {e.bounty_id}: {amount} for {place}{whom}, until {_until(e, 'deadline')}"


def _proposed(e: ev.SettlementProposed, _: Namer) -> str:
    taken = f" and of {len(e.shares)} bounties" if e.shares else ""
    return (
        f"proposed the settlement of {e.challenge}, epoch {e.epoch}: {e.credit} credit{taken}; "
        f"final at {_until(e, 'final_at')}"
    )


def _settlement_decided(e: ev.SettlementDecided, name_of: Namer) -> str:
    end = "is struck" if e.upheld else "is final"
    bond = f"; the bond of {from_wei(e.bond_wei)} goes to {name_of(e.bond_to)}"
    return f"the settlement of {e.challenge}, epoch {e.epoch}, {end}{bond if e.bond_wei else ''}"


def _redeemed(e: ev.Redeemed, name_of: Namer) -> str:
    what = f"{e.amount} of bounty {e.bounty_id}" if e.bounty_id else f"{e.amount} credit"
    return f"paid {name_of(e.account)} {what} ({e.challenge}, epoch {e.epoch})"


def _anchored(e: ev.Anchored, _: Namer) -> str:
    return f"artifacts of {e.challenge} at {e.revision} are {e.root_cid}"


_SENTENCES: dict[type[ev.Event], Teller] = {
    ev.ChallengeRegistered: _registered,
    ev.EvaluatorAdded: lambda e, name: (
        f"named {name(e.evaluator)} evaluator of {e.challenge}, from {_until(e, 'since')}"
    ),
    ev.EvaluatorRetired: lambda e, name: (
        f"lets {name(e.evaluator)} go as evaluator of {e.challenge}, at {_until(e)}"
    ),
    ev.StepRegistered: _step,
    ev.Sealed: _sealed,
    ev.Unsealed: lambda e, _: f"opened the hidden data of {e.challenge}, epoch {e.epoch}",
    ev.MetricProposed: lambda e, _: (
        f"announced a new metric of {e.challenge}/{e.step}: {e.direction}, "
        f"gain above {from_wad(e.min_delta_wad)}"
    ),
    ev.MetricActivated: lambda e, _: (
        f"metric version {e.metric_version} of {e.challenge}/{e.step} is in force"
    ),
    ev.Claimed: lambda e, _: f"claims {e.challenge}/{e.step} until {_until(e, 'expires_at')}",
    ev.Released: lambda e, _: f"gave the claim on {e.challenge}/{e.step} back",
    ev.Committed: lambda e, _: f"promised {_of(e)}; to be revealed by {_until(e, 'reveal_by')}",
    ev.Submitted: _submitted,
    ev.Scored: _scored,
    ev.Rejected: _rejected,
    ev.HeadRescored: _rescored,
    ev.ScoresCommitted: _committed_scores,
    ev.Attested: _attested,
    ev.OpeningPublished: _opening,
    ev.RoundExpired: _expired,
    ev.SpreadFound: _spread,
    ev.Disputed: _disputed,
    ev.DisputeDecided: _decided,
    ev.Struck: _struck,
    ev.Funded: _funded,
    ev.Refunded: lambda e, name: (
        f"{e.amount} of bounty {e.bounty_id} went back to {name(e.sponsor)}"
    ),
    ev.GrantReleased: lambda e, name: f"paid {name(e.payee)} {e.amount} of bounty {e.bounty_id}",
    ev.SettlementProposed: _proposed,
    ev.SettlementDisputed: lambda e, _: (
        f"disputes the settlement of {e.challenge}, epoch {e.epoch}; vote by {_until(e, 'vote_by')}"
    ),
    ev.SettlementDecided: _settlement_decided,
    ev.Redeemed: _redeemed,
    ev.Withdrawn: lambda e, _: f"fetched {from_wei(e.amount_wei)} that was owed",
    ev.Anchored: _anchored,
    ev.BatchAnchored: lambda e, _: (
        f"anchored {e.count} contributions to {e.challenge} at once: {e.batch_cid}"
    ),
    ev.Reviewed: lambda e, _: f"{_OPINIONS[e.opinion]} {_of(e)}",
    ev.Endorsed: lambda e, _: f"stands behind {_of(e)}",
    ev.Skipped: lambda e, _: f"a relayed request failed and may come again: {e.reason}",
    ev.NonceCancelled: lambda e, _: f"made a signed request worthless: {e.nonce:x}",
    ev.PauseStarted: lambda e, _: f"new things are stopped until {_until(e)}",
    ev.PauseEnded: lambda *_: "new things are possible again",
}
