"""`coopt settle` and `coopt redeem`: from an epoch's end to what everybody is paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from coopt_dag.cli.loop import CORES
from coopt_dag.cli.options import As, ChallengeId, Cores, Json, PassphraseFile, SignTo
from coopt_dag.cli.printing import note, put, say
from coopt_dag.cli.relays import told_as_signed

if TYPE_CHECKING:
    from coopt_dag.evaluation.case import Case
    from coopt_dag.evaluation.redeem import Payment
    from coopt_dag.evaluation.settle import Settled

Epoch = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="Number of the epoch; else the latest.")
]


def settle(
    challenge: ChallengeId,
    epoch: Epoch = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would run, and how long about.")
    ] = False,
    cores: Cores = CORES,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """Settle an epoch that is over: measure what each step added, divide the pot, propose it.

    The challenge's owner or an evaluator does it. Every configuration that credit needs is run on
    the split that tells the final score; what is in the store is not run again. A settlement that
    was cut short goes on, one that is on the ledger already changes nothing. See docs/credit.md.

    Example: coopt settle movielens --dry-run
    """
    from coopt_dag.cli import wiring
    from coopt_dag.cli.clock import now
    from coopt_dag.evaluation import settle as settling
    from coopt_dag.evaluation.case import open_case
    from coopt_dag.evaluation.epochs import require_over
    from coopt_dag.evaluation.sealed import opened
    from coopt_dag.specs.challenge import load_challenge

    workspace = wiring.here()
    loaded = load_challenge(workspace, challenge)
    hand, key = None, None
    if not dry_run or who is not None or passphrase_file is not None:
        hand, key = wiring.signer_and_key(workspace, who, passphrase_file)
    desk = wiring.desk(workspace, who=hand, sign_to=sign_to)
    number = desk.state().epoch(challenge) if epoch is None else epoch
    present = now(desk.ledger)
    state = desk.state()
    require_over(state, challenge, number, now=present)
    if hand is not None and not dry_run:
        settling.require_proposer(state, challenge, hand.address, now=present)
    with opened(desk, loaded, identity=key, epoch=number) as data:
        case = open_case(desk, loaded, number, now=present, data=data)
        if dry_run:
            _tell_estimate(settling.estimate(case, cores=cores), as_json=as_json)
            return
        made = settled(case, cores=cores)
    if as_json:
        put(_words(made))
    elif made.receipt is None or not told_as_signed(made.receipt):
        _tell(challenge, number, made)


def settled(case: Case, *, cores: int) -> Settled:
    """Say what there is to do, measure, divide and propose."""
    from coopt_dag.cli.progress import shown
    from coopt_dag.evaluation import settle as settling

    found = settling.estimate(case, cores=cores)
    note(
        f"{_configurations(found)}: {found['to_run']} of {found['node_runs']} "
        f"node runs are to do ({found['one_by_one']} if nothing were shared)"
    )
    with shown() as listener:
        inputs = settling.measure(case, cores=cores, listener=listener)
    table, cid = settling.publish(case, inputs)
    return settling.propose(case, table, cid)


def _configurations(found: dict[str, Any]) -> str:
    number = found["configurations"]
    return f"{number} configuration" + ("" if number == 1 else "s")


def _words(made: Settled) -> dict[str, Any]:
    result = made.table["result"]
    return {
        "challenge": made.table["challenge"],
        "epoch": made.table["epoch"],
        "pot": result["pot"],
        "budget": result["budget"],
        "payments": _payments(made),
        "merkle_root": result["merkle_root"],
        "table_cid": made.table_cid,
        "new": made.receipt is not None,
        "tx_hash": made.receipt and made.receipt.tx_hash,
    }


def _payments(made: Settled) -> dict[str, int]:
    from coopt_dag.evaluation import tables

    return {
        leaf.account: leaf.amount
        for leaf in tables.leaves_of(made.table)
        if leaf.bounty_id == tables.CREDIT
    }


def _tell(challenge: str, epoch: int, made: Settled) -> None:
    result = made.table["result"]
    done = "settled" if made.receipt else "settled already, and it comes out the same"
    say(f"{challenge}, epoch {epoch}: {done}")
    say(f"pot {result['pot']} of {result['budget']} credit units, {len(_payments(made))} payments")
    say(f"root {result['merkle_root']}\ntable {made.table_cid}")
    move = f"coopt credit {challenge} --epoch {epoch}"
    note(f"next: {move}" + (f"; coopt redeem {challenge} --as NAME" if _payments(made) else ""))


def _tell_estimate(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        put(found)
        return
    say(f"{_configurations(found)} of the DAG")
    say(
        f"{found['node_runs']} node runs ({found['one_by_one']} if nothing were shared): "
        f"{found['there']} are there, {found['to_run']} would run, "
        f"and {found['scores_to_run']} scores"
    )
    if found["seconds"] is None:
        say("nothing of this challenge has run here yet, so there is no pace to go by")
    else:
        say(f"about {found['seconds']:.0f} s at the pace of the latest run here")


def redeem(
    challenge: ChallengeId,
    account: Annotated[
        str | None,
        typer.Option("--for", metavar="WHO", help="Name or address; else the one that signs."),
    ] = None,
    epoch: Epoch = None,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """Fetch what a settlement pays you; the contract checks each payment against its root.

    Credit is booked to your account and cannot be sold; coin of bounties is paid out. Anybody may
    redeem for somebody else: the money goes to whom the table names.

    Example: coopt redeem movielens --as ada
    """
    from coopt_dag.cli import wiring
    from coopt_dag.cli.clock import now
    from coopt_dag.evaluation import redeem as redeeming

    workspace = wiring.here()
    desk = wiring.acting(workspace, who, passphrase_file, sign_to)
    whom = desk.identity.address if account is None else wiring.address_of(workspace, account)
    name = wiring.namer(workspace)(whom)
    paid = []
    for payment in redeeming.redeem(
        desk, challenge, epoch=epoch, account=whom, now=now(desk.ledger)
    ):
        paid.append(payment)
        if not as_json:
            _tell_payment(name, payment)
    if as_json:
        put(
            [
                {
                    "index": p.leaf.index,
                    "bounty_id": p.leaf.bounty_id,
                    "account": p.leaf.account,
                    "amount": p.leaf.amount,
                    "new": p.receipt is not None,
                    "tx_hash": p.receipt and p.receipt.tx_hash,
                }
                for p in paid
            ]
        )
    elif not paid:
        say(f"{name} is paid nothing by this settlement")
        note(f"next: coopt credit {challenge} {name} tells why")


def _tell_payment(name: str, payment: Payment) -> None:
    from coopt_dag.evaluation.tables import CREDIT

    leaf, receipt = payment.leaf, payment.receipt
    what = "credit units" if leaf.bounty_id == CREDIT else f"of bounty {leaf.bounty_id}"
    if receipt is None:
        say(f"{name} has redeemed {leaf.amount} {what} already")
    elif not told_as_signed(receipt):
        say(f"{name} redeems {leaf.amount} {what} ({receipt.tx_hash})")
