"""What of an epoch's budget is not paid, and why."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from coopt_dag.credit.paired import Paired
from coopt_dag.credit.pot import Terms, divide, pot
from coopt_dag.credit.spending import z_nano
from coopt_dag.model.nano import from_nano
from coopt_dag.report.measure import fixed, measure_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    Table = Mapping[str, Any]

_NOBODY = {
    "step": "no version of a step is above what was there before",
    "local": "there is no local record that added something",
    "review": "there is no review that the ledger proved right",
}
_PART = {"step": "what steps add", "local": "local records", "review": "reviews"}


@dataclass(frozen=True, slots=True)
class Unpaid:
    """Credit that stays, with the reason."""

    amount: int
    reason: str

    def __str__(self) -> str:
        """Give one sentence.

        >>> str(Unpaid(2000, "there is no local record"))
        '2,000 credits are not paid: there is no local record.'
        """
        return f"{self.amount:,} credits are not paid: {self.reason}."


def terms_of(table: Table) -> Terms:
    """Give the terms that were announced."""
    words = dict(table["inputs"]["terms"])
    return Terms(**(words | {"alpha": Fraction(words["alpha"])}))


def parts_of(table: Table) -> dict[str, int]:
    """Give what there was for each kind of work: steps, local records, reviews."""
    terms = terms_of(table)
    whole = pot(terms, gain=table["result"]["gain"], total=Paired(**table["inputs"]["total"]))
    return dict(zip(("step", "local", "review"), divide(terms, whole), strict=True))


def unpaid(table: Table) -> tuple[Unpaid, ...]:
    """Give all that is not paid: the amounts and the pot sum to the budget exactly."""
    parts, paid = parts_of(table), _paid(table)
    rest = terms_of(table).budget - sum(parts.values())
    found = [Unpaid(rest, _why_less(table, sum(parts.values())))] if rest else []
    found += [
        Unpaid(parts[kind] - paid[kind], f"they are for {_PART[kind]}, and {_NOBODY[kind]}")
        for kind in parts
        if parts[kind] > paid[kind]
    ]
    return tuple(found)


def why_nothing(table: Table, kind: str = "step") -> str:
    """Say why there is nothing to divide for a kind of work."""
    terms, gain = terms_of(table), table["result"]["gain"]
    if terms.budget == 0:
        return "the epoch has no budget"
    if gain <= 0:
        return "the whole did not get better"
    if not Paired(**table["inputs"]["total"]).exceeds(0, z=z_nano(terms.alpha)):
        return _why_uncertain(table, terms)
    if sum(parts_of(table).values()) == 0:
        return "the gain is too small a part of the target to come to one credit"
    return f"the terms leave nothing for {_PART[kind]}"


def _why_uncertain(table: Table, terms: Terms) -> str:
    total = Paired(**table["inputs"]["total"])
    if str(table["inputs"].get("test", "")).startswith("none"):
        return (
            "the gain is not more than the metric's own threshold, "
            "and its metric tells no losses of examples to test it by"
        )
    bound = from_nano(total.lower_bound(z_nano(terms.alpha)))
    return f"the gain is not certain: the lower bound of its mean is {bound}, not above 0"


def _why_less(table: Table, whole: int) -> str:
    if whole == 0:
        return why_nothing(table)
    terms, measure = terms_of(table), measure_of(table)
    gain, target = (
        measure.size(n * measure.scale) for n in (table["result"]["gain"], terms.target)
    )
    percent = fixed(100 * table["result"]["gain"], terms.target, digits=1)
    return f"the gain of {gain} is {percent} % of the target, {measure.with_unit(target)}"


def _paid(table: Table) -> dict[str, int]:
    """Sum what is paid by kind of work; a royalty belongs to the work it was taken from."""
    rows = table["result"]["rows"]
    kinds = {row["contribution"]: row["kind"] for row in rows if row["kind"] != "royalty"}
    found = {"step": 0, "local": 0, "review": 0}
    for row in rows:
        found[kinds[row["source"] or row["contribution"]]] += row["paid"]
    return found
