"""How a score comes from what several evaluators say, under each of the three rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.credit.gate import is_record
from coopt_dag.ledger.actions import Opening
from coopt_dag.ledger.memory.attestations import agree

if TYPE_CHECKING:
    from collections.abc import Callable, Set

    import numpy as np

WAD = 10**18
TOLERANCE = WAD // 100_000
"""By how much two honest runs may differ."""
DIFFERENCE = WAD // 1_000_000
"""By how much two machines do differ."""
LIE = WAD // 20
"""What dishonest evaluators add to a score: 0.05."""
HEAD = 7 * WAD // 10
"""Score of the head; everybody can read it."""


@dataclass(frozen=True, slots=True)
class Round:
    """What was said of one submission, in the order of commitments.

    `pool` are all evaluators of the challenge, `liars` those of them who want the lie to stand.
    """

    openings: tuple[Opening, ...]
    truth: int
    pool: int
    liars: Set[int]


@dataclass(frozen=True, slots=True)
class Judging:
    """A rule for scores: `hidden` if nobody sees others' scores before being bound to its own."""

    hidden: bool
    score: Callable[[Round, np.random.Generator], int | None]


def opening(who: int, score_wad: int) -> Opening:
    """Give what an evaluator says."""
    return Opening(f"0x{who:040x}", score_wad, score_wad, "", "cid", f"{who:064x}")


def honest(truth: int, rng: np.random.Generator) -> int:
    """Give what an honest run finds: the truth, up to the last digits of the machine."""
    return truth + int(rng.integers(-DIFFERENCE, DIFFERENCE + 1))


def averaged(said: Round, _rng: np.random.Generator) -> int:
    """Take the mean."""
    return sum(one.score_wad for one in said.openings) // len(said.openings)


def drawn(said: Round, rng: np.random.Generator) -> int:
    """Take one evaluator's word, whoever it is: the Ladder knows no second."""
    return said.openings[int(rng.integers(len(said.openings)))].score_wad


def median(said: Round, _rng: np.random.Generator) -> int | None:
    """Take the ledger's lower median; if the spread is above the tolerance, all evaluators vote."""
    chosen, spread = agree(said.openings, direction="maximise")
    if spread <= TOLERANCE or _stands(chosen.score_wad, said):
        return chosen.score_wad
    return None


def _stands(score_wad: int, said: Round) -> bool:
    """More than half of the pool must vote for it; each honest one has run it once more."""
    wrong = abs(score_wad - said.truth) > TOLERANCE
    votes = len(said.liars) if wrong else said.pool - len(said.liars)
    return 2 * votes > said.pool


def gain(score_wad: int | None) -> int:
    """Give the gain over the head that counts, in 1e-9: none below the tolerance."""
    if score_wad is None or not is_record(
        direction="maximise", before_wad=HEAD, after_wad=score_wad, min_delta_wad=TOLERANCE
    ):
        return 0
    return (score_wad - HEAD) * 10**9 // WAD


JUDGINGS: dict[str, Judging] = {
    "naive board": Judging(hidden=False, score=averaged),
    "Ladder": Judging(hidden=False, score=drawn),
    "ours": Judging(hidden=True, score=median),
}
