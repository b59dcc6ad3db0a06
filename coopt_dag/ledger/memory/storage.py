"""What the contracts store, as dictionaries of values that never change: a copy is a snapshot."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

NOBODY = "0x" + "0" * 40
FOREVER = 2**64 - 1
ZERO_WORD = "0" * 64

Place = tuple[str, str]
"""Challenge and step."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge's rules, and the number of its latest seal (0 while there is none)."""

    owner: str
    closes_at: int
    quorum: int
    slots: int
    reveal_s: int
    dispute_s: int
    bond_wei: int
    pot: int
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Evaluator:
    """`number` counts from 1; judges from second `since` to before `until`."""

    number: int
    since: int
    until: int = FOREVER

    @property
    def bit(self) -> int:
        """Give the evaluator's bit in a submission's masks."""
        return 1 << (self.number - 1)


@dataclass(frozen=True, slots=True)
class Step:
    """A step's rules and head."""

    direction: str
    min_delta: int
    tolerance: int
    claim_cap: int
    head_id: int = 0
    head_score: int = 0
    first_id: int = 0
    metric_version: int = 0
    is_stale: bool = False
    changes: int = 0
    """Of the metric, or of the head's score by votes: old votes bind no more."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A metric's next version, announced in `epoch`."""

    direction: str
    min_delta: int
    tolerance: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Lease:
    """A claim on a step."""

    since: int = 0
    until: int = 0
    delivered: bool = False


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission; `word` is 64 hex digits, as in the contract."""

    place: Place
    contributor: str
    deadline: int
    word: str
    status: str = "committed"
    committed: int = 0
    revealed: int = 0
    withheld: int = 0
    metric: int = 0
    """Low byte of the metric's version by which `committed` scored."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """An open dispute; `disputer` is nobody where the spread was the cause."""

    disputer: str
    bond_wei: int
    vote_by: int


@dataclass(frozen=True, slots=True)
class Bounty:
    """A bounty's account."""

    challenge: str
    sponsor: str
    deadline: int
    epoch: int
    asset: str
    left: int
    payee: str
    round: int = 0
    share: int = 0


@dataclass(frozen=True, slots=True)
class Root:
    """An epoch's settlement; `root` is zero while there is none."""

    root: str = ZERO_WORD
    credit_left: int = 0
    final_at: int = 0
    round: int = 0
    is_contested: bool = False
    proposer: str = NOBODY
    credit: int = 0
    disputer: str = NOBODY
    bond_wei: int = 0
    vote_by: int = 0


@dataclass(slots=True)
class Storage:
    """All that outlives a call.

    Examples
    --------
    >>> world = Storage()
    >>> before = world.snapshot()
    >>> world.coin["0xab"] = 7
    >>> world.restore(before)
    >>> world.coin
    {}
    """

    challenges: dict[str, Challenge] = field(default_factory=dict)
    evaluators: dict[str, dict[str, Evaluator]] = field(default_factory=dict)
    """By challenge, in the order of their numbers; replaced, never changed."""
    unsealed: dict[tuple[str, int], bool] = field(default_factory=dict)
    steps: dict[Place, Step] = field(default_factory=dict)
    proposals: dict[Place, Proposal] = field(default_factory=dict)
    leases: dict[tuple[Place, str], Lease] = field(default_factory=dict)
    holders: dict[Place, tuple[str, ...]] = field(default_factory=dict)
    """Of capped steps: those whose lease may be live."""
    submissions: dict[int, Submission] = field(default_factory=dict)
    used: dict[tuple[Place, int, str], int] = field(default_factory=dict)
    """Slots by step, epoch and account."""
    disputes: dict[int, Dispute] = field(default_factory=dict)
    bounties: dict[int, Bounty] = field(default_factory=dict)
    roots: dict[tuple[str, int], Root] = field(default_factory=dict)
    redeemed: dict[tuple[str, int, int, int], bool] = field(default_factory=dict)
    """By challenge, epoch, round and number of the leaf."""
    credit: dict[tuple[str, str], int] = field(default_factory=dict)
    batches: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """By challenge, root and who anchored it."""
    endorsed: dict[tuple[int, str], bool] = field(default_factory=dict)
    spent: dict[tuple[str, str, int], bool] = field(default_factory=dict)
    """Nonces, by contract and signer."""
    owed: dict[tuple[str, str], int] = field(default_factory=dict)
    """Wei that a contract owes to an account."""
    coin: dict[str, int] = field(default_factory=dict)
    """Wei of every account, the contracts' too."""
    brake: dict[str, int] = field(default_factory=dict)
    """`until` when new things are stopped; `not_before` when they can be stopped again."""

    def snapshot(self) -> dict[str, dict[Any, Any]]:
        """Give a copy of every table."""
        return {f.name: dict(getattr(self, f.name)) for f in fields(self)}

    def restore(self, before: dict[str, dict[Any, Any]]) -> None:
        """Put every table back."""
        for name, table in before.items():
            setattr(self, name, dict(table))
