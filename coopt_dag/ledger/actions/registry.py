"""What an owner does: challenges, their steps and evaluators, hidden data, metrics."""

from __future__ import annotations

from dataclasses import dataclass

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class RegisterChallenge:
    """Open a challenge; the sender owns it, the named evaluators judge.

    `slots` limits what one contributor may submit to one step in one epoch, 0 = unlimited; from
    the second `closes_at` on nobody can submit, 0 = never. `quorum` evaluators make a score.
    Commitments are revealed within `reveal_s` seconds; records and settlements can be disputed
    for `dispute_s` seconds, 0 = not at all, against `bond_wei`. An epoch pays at most `pot`
    credit units.
    """

    challenge: str
    manifest_cid: str
    evaluators: tuple[str, ...]
    slots: int = 0
    closes_at: int = 0
    quorum: int = 1
    reveal_s: int = DAY_S
    dispute_s: int = 0
    bond_wei: int = 0
    pot: int = 0


@dataclass(frozen=True, slots=True)
class AddEvaluator:
    """Name another evaluator, who may judge after seven days' notice; only the owner may."""

    challenge: str
    evaluator: str


@dataclass(frozen=True, slots=True)
class RetireEvaluator:
    """Let an evaluator go after seven days' notice; only the owner may."""

    challenge: str
    evaluator: str


@dataclass(frozen=True, slots=True)
class RegisterStep:
    """Add a step; only the owner may. `claim_cap` 0 means any number of live claims.

    Evaluators whose scores differ by more than `tolerance_wad` do not agree.
    """

    challenge: str
    step: str
    spec_cid: str
    direction: str
    min_delta_wad: int
    tolerance_wad: int = 0
    claim_cap: int = 0


@dataclass(frozen=True, slots=True)
class Seal:
    """Commit to hidden data; only the owner may, and a seal is never changed.

    Epochs count from 1; `root` is the Merkle root, 64 hex digits.
    """

    challenge: str
    root: str
    sealed_cid: str


@dataclass(frozen=True, slots=True)
class Unseal:
    """Reveal the keys of an epoch, once; only the owner may. While the latest is open none submits.

    `keys_cid` names the revealed keys.
    """

    challenge: str
    epoch: int
    keys_cid: str


@dataclass(frozen=True, slots=True)
class ProposeMetric:
    """Announce the next version of a step's metric; only the owner may."""

    challenge: str
    step: str
    spec_cid: str
    direction: str
    min_delta_wad: int
    tolerance_wad: int = 0


@dataclass(frozen=True, slots=True)
class ActivateMetric:
    """Put the announced version in force, in a later epoch; only the owner may.

    The step's head is stale until a quorum has scored it anew.
    """

    challenge: str
    step: str
