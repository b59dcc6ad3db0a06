"""One plain sentence for each row of a settlement's table: who is paid what, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.report.ladder import work_name
from coopt_dag.report.measure import Measure, fixed, measure_of
from coopt_dag.report.overtaking import Fate, fate_of
from coopt_dag.report.sentences import asset_amount
from coopt_dag.report.unpaid import parts_of, why_nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coopt_dag.report.sentences import Namer

    Table = Mapping[str, Any]
    Row = Mapping[str, Any]
    Teller = Callable[["_Account", Row], str]


@dataclass(frozen=True, slots=True)
class _Account:
    """A table and what all its sentences need."""

    table: Table
    name_of: Namer
    measure: Measure
    parts: Mapping[str, int]
    handed_on: Mapping[str, int]
    """Work → royalties that were taken from its payment."""
    errors: Mapping[str, int]
    """Work → standard error of its raw gain in 1e-9, where credit was sampled."""

    def what(self, row: Row) -> str:
        return f"{row['step']} ({work_name(row['contribution'])})"

    def who(self, row: Row) -> str:
        return printable(self.name_of(row["account"]))


def payment_sentences(table: Table, name_of: Namer) -> list[str]:
    """Tell each row of a table in one sentence, in the order of the rows.

    Parameters
    ----------
    table : mapping
        `inputs` and `result` as `coopt/settlement/1` has them.
    name_of : callable
        Account to name.
    """
    rows = table["result"]["rows"]
    handed_on: dict[str, int] = {}
    for row in rows:
        if row["kind"] == "royalty":
            handed_on[row["source"]] = handed_on.get(row["source"], 0) + row["paid"]
    found = _Account(
        table, name_of, measure_of(table), parts_of(table), handed_on, errors_of(table)
    )
    return [_TELLERS[row["kind"]](found, row) for row in rows]


def bounty_sentences(table: Table, name_of: Namer) -> list[str]:
    """Tell what each bounty pays to whom; one sentence for each payment, or for none."""
    found = []
    for bounty in table["inputs"]["bounties"]:
        leaves = [x for x in table["result"]["leaves"] if x["bounty_id"] == bounty["id"]]
        aim = f"for {bounty['step']}" if bounty["step"] else "for the whole"
        head = f"bounty {bounty['id']} {aim}"
        left = asset_amount(bounty["asset"], bounty["left"])
        found += [
            f"{head}: {printable(name_of(leaf['account']))} gets "
            f"{asset_amount(bounty['asset'], leaf['amount'])} of {left}."
            for leaf in leaves
        ]
        if not leaves:
            found.append(f"{head} pays nobody; {left} stay in it.")
    return [printable(text) for text in found]


def errors_of(table: Table) -> dict[str, int]:
    """Give the standard error of each version's gain in 1e-9; empty where credit is exact.

    The error of a difference is at most the sum of both errors: that is what is told.
    """
    lines = table["result"].get("errors", ())
    chains = [step["adopted"] for step in table["inputs"]["steps"] if step["adopted"]]
    return {
        work: line[level - 1] + line[level]
        for chain, line in zip(chains, lines, strict=False)
        for level, work in enumerate(chain, 1)
        if line[level - 1] + line[level]
    }


def printable(text: str) -> str:
    r"""Write out what would steer a reader's terminal: a table may be a stranger's.

    >>> printable("a\x1b[2J")
    'a\\x1b[2J'
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _step(of: _Account, row: Row) -> str:
    head, fate = _moved(of, row), fate_of(of.table, row)
    if row["raw"] == 0:
        return f"{of.what(row)} changed nothing; {of.who(row)} gets nothing for it."
    if row["raw"] < 0:
        return f"{head}: the whole got worse; {of.who(row)} gets nothing for it."
    if row["earned"] == 0:
        return f"{head}, but {_lost(of, fate)}; {of.who(row)} gets nothing for it."
    kept = ""
    if row["earned"] < row["raw"]:
        kept = f", of which {of.measure.size(row['earned'])} counts: {_lost(of, fate)}"
    return f"{head}{kept}; {_gets(of, row, '')}."


def _moved(of: _Account, row: Row) -> str:
    """Say what a version did to the whole, on average over what the other steps may be."""
    raw, measure = row["raw"], of.measure
    error = of.errors.get(row["contribution"])
    size = measure.size(raw)
    about = "" if error is None or size.startswith("less") else "about "
    text = f"{of.what(row)} {measure.moved(raw)} by {about}{size}"
    gain = of.table["result"]["gain"]
    if raw > 0 and gain > 0:
        text += f" of the total {measure.size(gain * measure.scale)}"
    text = measure.with_unit(text)
    if row["interval"] is not None:
        text += " " + measure.interval(*row["interval"], is_worse=raw < 0)
    if error is not None:
        text += f" (sampled, standard error at most {measure.size(error * measure.scale)})"
    return text


def _lost(of: _Account, fate: Fate) -> str:
    """Say by whose version a gain was overtaken, or whose loss it only made good."""
    found = []
    if fate.regained:
        amount = _part(of, fate.regained, fate)
        found.append(f"{amount} only got back what {_whose(of, fate.lost_by)} had lost")
    if fate.given_up:
        amount = _part(of, fate.given_up, fate)
        found.append(f"{amount} was overtaken by {_whose(of, fate.final)}, which stands below it")
    return " and ".join(found)


def _part(of: _Account, raw: int, fate: Fate) -> str:
    return "it" if fate.is_all(raw) else f"{of.measure.size(raw)} of it"


def _whose(of: _Account, row: Row | None) -> str:
    if row is None:
        return "what came before"
    return f"{work_name(row['contribution'])} by {of.who(row)}"


def _gets(of: _Account, row: Row, kind: str) -> str:
    """Say what somebody gets of its part of the pot, and what goes on to others."""
    part, on = of.parts[row["kind"]], of.handed_on.get(row["contribution"], 0)
    whose = of.who(row)
    if part == 0:
        return f"{whose} gets nothing, for {why_nothing(of.table, row['kind'])}"
    if row["paid"] + on == 0:
        return f"{whose} gets nothing: the share of {part:,} credits{kind} is less than one"
    text = f"{whose} gets {row['paid']:,} of {part:,} credits{kind}"
    return f"{text}, and {on:,} go to what it builds on" if on else text


def _local(of: _Account, row: Row) -> str:
    if row["raw"] <= 0:
        best = "nothing to the best that its step had by then"
        return f"{of.what(row)}, a local record, added {best}; {of.who(row)} gets nothing for it."
    percent = fixed(100 * row["raw"], of.measure.scale * 10**9, digits=2)
    head = f"{of.what(row)} removed {percent} % of the error that its step had left"
    return f"{head}, but was not adopted; {_gets(of, row, ' for local records')}."


def _review(of: _Account, row: Row) -> str:
    work = row["contribution"].partition("/")[0]
    adopted = {one for step in of.table["inputs"]["steps"] for one in step["adopted"]}
    found = "reproduced" if work in adopted else "warned of"
    end = "stands" if work in adopted else "was struck"
    head = f"{of.who(row)} {found} {row['step']} ({work_name(work)}), which {end}"
    return f"{head}; {_gets(of, row, ' for reviews')}."


def _royalty(of: _Account, row: Row) -> str:
    rows = of.table["result"]["rows"]
    source = next(r for r in rows if r["contribution"] == row["source"] and r["kind"] != "royalty")
    return (
        f"{of.what(row)} is what {of.what(source)} by {of.who(source)} builds on; "
        f"{of.who(row)} gets {row['paid']:,} credits of its payment as royalty."
    )


_TELLERS: dict[str, Teller] = {
    "step": lambda of, row: printable(_step(of, row)),
    "local": lambda of, row: printable(_local(of, row)),
    "review": lambda of, row: printable(_review(of, row)),
    "royalty": lambda of, row: printable(_royalty(of, row)),
}
