"""The demo's settlement: the epoch ends, each step's part is measured, everybody is paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.cli.clock import now
from coopt_dag.cli.printing import note, say
from coopt_dag.cli.settling import settled
from coopt_dag.cli.wiring import desk as open_desk
from coopt_dag.evaluation import redeem as redeeming
from coopt_dag.evaluation import tables
from coopt_dag.evaluation.case import open_case
from coopt_dag.evaluation.seal import unseal
from coopt_dag.evaluation.sealed import opened
from coopt_dag.report.credit import sums
from coopt_dag.report.payments import payment_sentences
from coopt_dag.report.waterfall import waterfall

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coopt_dag.evaluation.agekeys import AgeKey
    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.evaluation.settle import Settled
    from coopt_dag.ledger.keys import KeySigner
    from coopt_dag.specs.loaded import LoadedChallenge

EPOCH = 1


def end_epoch(desk: Desk, challenge: LoadedChallenge, key: AgeKey, *, cores: int) -> Settled:
    """Reveal the hidden data, and settle."""
    unseal(desk, challenge.spec.id, epoch=EPOCH, key=key)
    note(f"  epoch {EPOCH} is unsealed: nobody can submit to it any more")
    with opened(desk, challenge, identity=key, epoch=EPOCH) as data:
        case = open_case(desk, challenge, EPOCH, now=now(desk.ledger), data=data)
        return settled(case, cores=cores)


def pay(lab: Desk, challenge: str, signers: Mapping[str, KeySigner]) -> dict[str, int]:
    """Let everybody redeem; give the credit of each by name."""
    paid = {}
    for name, hand in signers.items():
        desk = open_desk(lab.workspace, who=hand)
        found = redeeming.redeem(
            desk, challenge, epoch=EPOCH, account=hand.address, now=now(desk.ledger)
        )
        amount = sum(payment.leaf.amount for payment in found)
        desk.ledger.close()
        if amount:
            paid[name] = amount
    credit = lab.state().credit
    for name, amount in paid.items():
        held = credit[challenge, signers[name].address]
        say(f"  {name} redeems {amount} credit units; the contract has booked {held}")
    return paid


def tell(made: Settled, name_of: Callable[[str], str]) -> None:
    """Tell the ladder from baseline to final, each payment in a sentence, and that sums match."""
    lines = [*payment_sentences(made.table, name_of), *sums(made.table)]
    say("\n".join(["", waterfall(made.table, name_of), "", *lines, ""]))


def words(made: Settled, paid: Mapping[str, int]) -> dict[str, Any]:
    """Give what `results/demo.json` says of it."""
    result = made.table["result"]
    return {
        "epoch": EPOCH,
        "pot": result["pot"],
        "budget": result["budget"],
        "payments": dict(paid),
        "merkle_root": result["merkle_root"],
        "table_cid": made.table_cid,
        "configurations": len(made.table["inputs"]["values"]),
        "credit": tables.credit_of(made.table),
    }
