"""Royalties: a part of a payment goes to the works that a work says it builds on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.credit.apportion import apportion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set


def lineage(parents: Mapping[str, Sequence[str]], work: str, *, depth: int) -> tuple[str, ...]:
    """Give the ancestors of a work within so many generations, nearest first; cycles end.

    >>> lineage({"c": ["b"], "b": ["a", "c"]}, "c", depth=8)
    ('b', 'a')
    """
    found = {work: None}
    now = [work]
    for _ in range(depth):
        above = [parent for one in now for parent in parents.get(one, ())]
        now = [one for one in dict.fromkeys(above) if one not in found]
        found |= dict.fromkeys(now)
    return tuple(found)[1:]


def royalties(
    paid: int, ancestors: Sequence[str], gains: Mapping[str, int], *, own: Set[str], part_bp: int
) -> dict[str, int]:
    """Divide part of a payment among ancestors by their attested gain, not by their distance.

    Parameters
    ----------
    paid : int
        The payment from which the royalty is taken.
    gains : mapping of work to int
        Attested gain in 1e-9; a work without one, or with none above 0, gets nothing, so empty
        works put between do not change anything.
    own : set of str
        The adopted versions of the work's own step: the step curve has paid them already.

    Examples
    --------
    >>> royalties(1000, ["b", "a"], {"a": 3, "b": 1}, own=set(), part_bp=2500)
    {'b': 62, 'a': 188}
    """
    weights = {one: max(0, gains.get(one, 0)) for one in ancestors if one not in own}
    found = apportion(weights, paid * part_bp // 10_000)
    return {one: amount for one, amount in found.items() if amount}
