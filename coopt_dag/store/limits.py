"""How much of a DAG of unknown origin we are willing to read."""

from __future__ import annotations

from dataclasses import dataclass

from coopt_dag.errors import ContentRefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one read; the defaults are far above any honest challenge."""

    depth: int = 128
    """Blocks from the root to a leaf; folders, shards and file nodes all count."""
    total_bytes: int = 64 << 30
    """Content of all files together, repeats counted."""
    entries: int = 1_000_000
    """Files and folders together."""
    blocks: int = 4_000_000
    """Blocks read, repeats counted."""
    roots: int = 10_000
    """Roots that a CAR names."""


DEFAULT_LIMITS = Limits()


@dataclass(slots=True)
class Spent:
    """What a read has used up so far.

    Examples
    --------
    >>> Spent(Limits(entries=1)).count(entries=2)
    Traceback (most recent call last):
    coopt_dag.errors.ContentRefusedError: the content exceeds the limit of 1 entries.
    """

    limits: Limits
    total_bytes: int = 0
    entries: int = 0
    blocks: int = 0

    def count(self, *, total_bytes: int = 0, entries: int = 0, blocks: int = 0) -> None:
        """Add to the account, or refuse."""
        self.total_bytes += total_bytes
        self.entries += entries
        self.blocks += blocks
        for name in ("total_bytes", "entries", "blocks"):
            most: int = getattr(self.limits, name)
            if getattr(self, name) > most:
                raise ContentRefusedError(
                    f"the content exceeds the limit of {most} {name}.",
                    hint=f"if you trust its author, raise {name} in the limits.",
                )
