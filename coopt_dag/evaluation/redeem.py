"""Fetching what a settlement pays: each leaf once, with its proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.errors import IntegrityError, LedgerRefusedError, UnknownNameError
from coopt_dag.evaluation import tables
from coopt_dag.ledger.actions import Redeem
from coopt_dag.model.moment import from_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.evaluation.tables import Leaf
    from coopt_dag.ledger.protocol import Receipt
    from coopt_dag.ledger.state import LedgerState, SettlementEntry


@dataclass(frozen=True, slots=True)
class Payment:
    """A leaf, and the ledger's receipt; None if it was paid before."""

    leaf: Leaf
    receipt: Receipt | None


def settlement_of(
    state: LedgerState, challenge: str, epoch: int | None = None
) -> tuple[int, SettlementEntry]:
    """Give an epoch's settlement, the latest if no epoch is named.

    Raises
    ------
    UnknownNameError
        There is none.
    """
    known = sorted(e for c, e in state.settlements if c == challenge)
    if epoch is None and known:
        epoch = known[-1]
    if epoch is None or (challenge, epoch) not in state.settlements:
        wanted = "" if epoch is None else str(epoch)
        hint = "" if known else f"coopt settle {challenge}"
        raise UnknownNameError("settled epoch", wanted, [str(e) for e in known], hint=hint)
    return epoch, state.settlements[challenge, epoch]


def settled_table(desk: Desk, challenge: str, entry: SettlementEntry, epoch: int) -> dict[str, Any]:
    """Fetch the table of a settlement; its payments must have the root that the ledger has.

    Raises
    ------
    IntegrityError
        They have another.
    """
    table = tables.read_table(desk.store, entry.table_cid)
    root = tables.tree_of(challenge, epoch, tables.leaves_of(table)).root
    if root != entry.root:
        raise IntegrityError(
            f"its payments have the root {root}; the ledger has {entry.root}",
            path=entry.table_cid,
            hint=f"coopt verify {challenge} --epoch {epoch}",
        )
    return table


def require_final(challenge: str, epoch: int, entry: SettlementEntry, *, now: int) -> None:
    """Insist that a settlement can be paid.

    Raises
    ------
    LedgerRefusedError
        It is struck, in dispute, or can still be disputed.
    """
    what = f"the settlement of epoch {epoch} of '{challenge}'"
    if entry.is_struck:
        hint = f"coopt settle {challenge}"
        raise LedgerRefusedError("NotSettled", f"{what} was struck", hint=hint)
    if entry.dispute is not None:
        raise LedgerRefusedError("NotFinal", f"{what} is in dispute", hint="coopt dispute list")
    if now < entry.final_at:
        raise LedgerRefusedError(
            "NotFinal",
            f"{what} can be disputed until {from_seconds(entry.final_at)}",
            hint="redeem after that",
        )


def redeem(
    desk: Desk, challenge: str, *, epoch: int | None, account: str, now: int
) -> Iterator[Payment]:
    """Pay an account all that a settlement owes it; what was paid before is only told.

    Anybody may do it for anybody: the contract pays the account that the leaf names.

    Raises
    ------
    UnknownNameError, LedgerRefusedError
        There is no settlement, or it is not final.
    IntegrityError
        Its table is not what the ledger says.
    """
    number, entry = settlement_of(desk.state(), challenge, epoch)
    require_final(challenge, number, entry, now=now)
    table = settled_table(desk, challenge, entry, number)
    leaves = tables.leaves_of(table)
    tree = tables.tree_of(challenge, number, leaves)
    for leaf in leaves:
        if leaf.account != account:
            continue
        if leaf.index in entry.redeemed:
            yield Payment(leaf, None)
            continue
        action = Redeem(
            *(challenge, number, leaf.index),
            bounty_id=leaf.bounty_id,
            account=leaf.account,
            amount=leaf.amount,
            proof=tree.proof(leaf.index),
        )
        yield Payment(leaf, desk.send(action))
