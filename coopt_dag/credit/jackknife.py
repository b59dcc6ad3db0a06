"""Pseudo-values for metrics that are not means over examples, such as AUC or F1.

Examples are put into fixed groups before anything is handed in. Leaving out one group at a time
turns the metric into as many numbers as there are groups, which are compared like losses.

References
----------
Tukey (1958); Miller, The jackknife (1974), doi:10.1093/biomet/61.1.1;
Arvesen, Jackknifing U-statistics (1969), doi:10.1214/aoms/1177697287.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.credit.paired import Paired, of_gains

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

GROUPS = 200


def pseudo_values(
    metric: Callable[[Sequence[int]], int], count: int, *, groups: int = GROUPS
) -> list[int]:
    """Give groups * metric(all) - (groups - 1) * metric(all but the group), for each group.

    Parameters
    ----------
    metric : callable
        Takes the places of the examples to use; gives a score in 1e-9.
    count : int
        How many examples there are. The k-th belongs to group k mod groups; order them by
        cluster-keeping draw before, so that no cluster is cut.

    Raises
    ------
    ValueError
        Fewer than two groups, or fewer examples than groups.

    Examples
    --------
    For a mean the pseudo-values are the means of the groups.

    >>> losses = [1, 2, 3, 6]
    >>> pseudo_values(lambda keep: sum(losses[k] for k in keep) // len(keep), 4, groups=2)
    [2, 4]
    """
    if not 2 <= groups <= count:
        raise ValueError("at least two groups, and an example for each")
    whole = groups * metric(range(count))
    return [
        whole - (groups - 1) * metric([k for k in range(count) if k % groups != left])
        for left in range(groups)
    ]


def jackknifed(before: Sequence[int], after: Sequence[int]) -> Paired:
    """Compare the pseudo-values of two works' scores; higher scores are better.

    >>> jackknifed([2, 4], [3, 7])
    Paired(clusters=2, discordant=2, total=4, squares=10)
    """
    return of_gains(b - a for a, b in zip(before, after, strict=True))
