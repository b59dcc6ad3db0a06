"""Settlement: who is paid how much for an epoch, and why; a table that sums to the pot exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from coopt_dag.credit.apportion import apportion
from coopt_dag.credit.curves import Curves, step_curves
from coopt_dag.credit.pot import Terms, divide, pot
from coopt_dag.credit.royalty import lineage, royalties

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from coopt_dag.credit.curves import Curve
    from coopt_dag.credit.paired import Paired
    from coopt_dag.credit.values import ValueTable

Kind = Literal["step", "local", "review", "royalty"]
Reason = Literal["raised", "record", "review", "royalty", "overtaken", "nothing new", "no pot"]


@dataclass(frozen=True, slots=True)
class Work:
    """A contribution: its id, who is paid, the step, and the works that it builds on."""

    id: str
    account: str
    step: str
    parents: tuple[str, ...] = ()
    gain: int = 0
    """Attested gain in 1e-9 when it was handed in: what royalties are divided by."""


@dataclass(frozen=True, slots=True)
class Review:
    """A review that was found useful; `weight` divides the part of reviews."""

    id: str
    account: str
    step: str
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One payment, or one that was not made.

    `raw` and `earned` (after the envelope) are in 1e-9 times the settlement's `scale`; `interval`
    is of the raw gain in 1e-9.
    """

    contribution: str
    account: str
    step: str
    kind: Kind
    raw: int
    earned: int
    paid: int
    reason: Reason
    interval: tuple[int, int] | None = None
    source: str = ""
    """Of a royalty: the work whose payment it was taken from."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """The frozen table of an epoch: `paid` of all rows sum to `pot`, `raw` of steps to `gain`."""

    rows: tuple[Row, ...]
    gain: int
    scale: int
    budget: int
    pot: int

    @property
    def rolled_over(self) -> int:
        """What stays for the next epoch."""
        return self.budget - self.pot

    def payments(self) -> dict[str, int]:
        """Give what each account is paid, by account; those with nothing are left out."""
        found: dict[str, int] = {}
        for row in sorted(self.rows, key=lambda row: row.account):
            if row.paid:
                found[row.account] = found.get(row.account, 0) + row.paid
        return found


@dataclass(frozen=True, slots=True)
class Epoch:
    """What is settled: adopted versions in order of their records, and everything beside them.

    `chains[i]` are the adopted versions of the i-th step of the value table; `records` are local
    records that were not adopted; `lineage` are further works that others build on.
    """

    chains: tuple[tuple[Work, ...], ...]
    records: tuple[Work, ...] = ()
    reviews: tuple[Review, ...] = ()
    lineage: tuple[Work, ...] = ()

    def works(self) -> dict[str, Work]:
        """Give every work by its id."""
        adopted = [work for chain in self.chains for work in chain]
        return {work.id: work for work in (*self.lineage, *self.records, *adopted)}


def settle(
    values: ValueTable | Curves,
    epoch: Epoch,
    *,
    terms: Terms,
    total: Paired,
    intervals: Mapping[str, tuple[int, int]] | None = None,
) -> Settlement:
    """Settle an epoch from sealed scores; a pure function of its arguments.

    Parameters
    ----------
    values : ValueTable or Curves
        Sealed scores, or curves that were estimated from some of them; `values.levels[i]` versions
        of the i-th step.
    total : Paired
        Baseline and final configuration compared on the sealed examples.
    intervals : mapping of work to (low, high), optional
        95 % intervals of the raw gains in 1e-9, copied into the rows.

    Raises
    ------
    ValueError
        Chains and levels differ, or a work stands twice.

    Examples
    --------
    >>> from coopt_dag.credit.paired import of_gains
    >>> from coopt_dag.credit.values import value_table
    >>> table = value_table([1, 1], {(0, 0): 0, (1, 0): 10, (0, 1): 20, (1, 1): 40})
    >>> epoch = Epoch(chains=((Work("a1", "ann", "a"),), (Work("b1", "bob", "b"),)))
    >>> total = of_gains([39, 41] * 9)
    >>> done = settle(table, epoch, terms=Terms(budget=1000, target=80), total=total)
    >>> done.pot, done.payments()
    (350, {'ann': 131, 'bob': 219})
    """
    _check(values.levels, epoch)
    found = values if isinstance(values, Curves) else step_curves(values)
    steps, local, reviews = divide(terms, pot(terms, gain=found.gain, total=total))
    rows = _step_rows(epoch, found.curves, steps)
    rows += _local_rows(epoch.records, local, found.scale)
    rows += _review_rows(epoch.reviews, reviews)
    known = intervals or {}
    rows = [replace(row, interval=known.get(row.contribution)) for row in rows]
    rows = _with_royalties(rows, epoch, terms)
    paid = sum(row.paid for row in rows)
    return Settlement(tuple(rows), found.gain, found.scale, terms.budget, paid)


def _check(levels: tuple[int, ...], epoch: Epoch) -> None:
    if tuple(map(len, epoch.chains)) != levels:
        raise ValueError("the levels are not the numbers of adopted versions")
    ids = [work.id for chain in epoch.chains for work in chain]
    ids += [work.id for work in epoch.records] + [review.id for review in epoch.reviews]
    if len(set(ids)) < len(ids):
        raise ValueError("a contribution stands twice")


def _step_rows(epoch: Epoch, curves: Sequence[Curve], amount: int) -> list[Row]:
    lines = [
        (work, raw, earned)
        for curve in curves
        for work, raw, earned in zip(
            epoch.chains[curve.step], curve.raw, curve.envelope, strict=True
        )
    ]
    paid = apportion({work.id: earned for work, _, earned in lines}, amount)
    return [
        Row(
            contribution=work.id,
            account=work.account,
            step=work.step,
            kind="step",
            raw=raw,
            earned=earned,
            paid=paid[work.id],
            reason=_reason(raw, earned, amount),
        )
        for work, raw, earned in lines
    ]


def _reason(raw: int, earned: int, amount: int) -> Reason:
    if earned == 0:
        return "overtaken" if raw > 0 else "nothing new"
    return "raised" if amount else "no pot"


def _local_rows(works: Iterable[Work], amount: int, scale: int) -> list[Row]:
    found = {work.id: work for work in works}
    paid = apportion({one: max(0, work.gain) for one, work in found.items()}, amount)
    return [
        Row(
            contribution=one,
            account=work.account,
            step=work.step,
            kind="local",
            raw=work.gain * scale,
            earned=max(0, work.gain) * scale,
            paid=paid[one],
            reason=("record" if amount else "no pot") if work.gain > 0 else "nothing new",
        )
        for one, work in found.items()
    ]


def _review_rows(reviews: Iterable[Review], amount: int) -> list[Row]:
    found = {review.id: review for review in reviews}
    paid = apportion({one: review.weight for one, review in found.items()}, amount)
    return [
        Row(
            contribution=one,
            account=review.account,
            step=review.step,
            kind="review",
            raw=0,
            earned=0,
            paid=paid[one],
            reason="review" if amount else "no pot",
        )
        for one, review in found.items()
    ]


def _with_royalties(rows: Sequence[Row], epoch: Epoch, terms: Terms) -> list[Row]:
    """Take royalties from each payment for a work and put them in rows right behind it."""
    works = epoch.works()
    parents = {one: work.parents for one, work in works.items()}
    gains = {one: work.gain for one, work in works.items()}
    chains = {work.step: {one.id for one in chain} for chain in epoch.chains for work in chain}
    found = []
    for row in rows:
        if row.kind == "review" or not row.paid:
            found.append(row)
            continue
        above = lineage(parents, row.contribution, depth=terms.depth)
        known = [one for one in above if one in works]
        own = chains.get(row.step, set())
        parts = royalties(row.paid, known, gains, own=own, part_bp=terms.royalty_bp)
        found.append(replace(row, paid=row.paid - sum(parts.values())))
        found += [_royalty(works[one], row, amount) for one, amount in parts.items()]
    return found


def _royalty(work: Work, row: Row, amount: int) -> Row:
    return Row(
        contribution=work.id,
        account=work.account,
        step=work.step,
        kind="royalty",
        raw=0,
        earned=0,
        paid=amount,
        reason="royalty",
        source=row.contribution,
    )
