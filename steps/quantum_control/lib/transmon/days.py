"""Device-days: draws of noise that belong together, and what a pulse is worth on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from transmon.design import MAX_DRIVE_MHZ, SAMPLES
from transmon.evolution import Draws
from transmon.fidelity import gate_errors
from transmon.gradient import infidelity_and_slope

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("detuning", "amplitude", "anharmonicity")


@dataclass(frozen=True, slots=True)
class Days:
    """Draws in the order of their days; `first` is where each day begins."""

    draws: Draws
    first: np.ndarray

    def __len__(self) -> int:
        return len(self.first)

    @property
    def counts(self) -> np.ndarray:
        """Give the number of draws of each day."""
        return np.diff(np.append(self.first, len(self.draws)))


@dataclass(frozen=True, slots=True)
class Judged:
    """What a pulse does on each day."""

    mean: np.ndarray
    """Infidelity, mean over the day's draws."""
    worst: np.ndarray
    """Infidelity of the day's worst draw."""
    leakage: np.ndarray
    """Leakage, mean over the day's draws."""

    @property
    def losses(self) -> np.ndarray:
        """Give (mean + worst) / 2 of each day."""
        return 0.5 * (self.mean + self.worst)


def read_days(table: pd.DataFrame, *, most: int | None = None) -> Days:
    """Sort a table of draws by day and draw; `most` keeps only so many days, the first.

    Raises
    ------
    ValueError
        There is no draw, or one is there twice.
    """
    ordered = table.sort_values(["day", "draw"], ignore_index=True)
    if ordered.empty or ordered.duplicated(["day", "draw"]).any():
        raise ValueError("draws must be there, each once")
    names, first = np.unique(ordered["day"].to_numpy(), return_index=True)
    if most is not None and most < len(names):
        ordered, first = ordered.iloc[: first[most]], first[:most]
    return Days(Draws(*(ordered[c].to_numpy(dtype=float) for c in COLUMNS)), first)


def judge(pulse: np.ndarray, days: Days) -> Judged:
    """Simulate a pulse [samples, 2] in MHz on every draw.

    Raises
    ------
    ValueError
        The pulse has another shape, or is stronger than any generator.
    """
    check_pulse(pulse)
    lost, leaked = gate_errors(pulse, days.draws)
    return Judged(
        mean=np.add.reduceat(lost, days.first) / days.counts,
        worst=np.maximum.reduceat(lost, days.first),
        leakage=np.add.reduceat(leaked, days.first) / days.counts,
    )


def report(judged: Judged, pulse: np.ndarray) -> dict[str, float]:
    """Give the figures of a pulse over all days; `infidelity` is the mean loss."""
    return {
        "infidelity": float(judged.losses.mean()),
        "mean_infidelity": float(judged.mean.mean()),
        "worst_infidelity": float(judged.worst.mean()),
        "leakage": float(judged.leakage.mean()),
        "drive_peak": peak_mhz(pulse),
    }


def loss_and_slope(
    pulse: np.ndarray, days: Days, *, leakage_weight: float = 0.0
) -> tuple[float, np.ndarray]:
    """Give the mean loss over days and its slope [samples, 2] in 1/MHz, for optimisers.

    The loss of a day is (mean + worst) / 2 of infidelity + leakage_weight * leakage over its
    draws; where two draws are equally bad, the slope is that of the first.
    """
    value, slope = infidelity_and_slope(pulse, days.draws, leakage_weight=leakage_weight)
    share = 0.5 / np.repeat(days.counts, days.counts)
    ends = np.append(days.first[1:], len(value))
    for first, end in zip(days.first, ends, strict=True):
        share[first + np.argmax(value[first:end])] += 0.5
    share /= len(days)
    return float(np.sum(share * value)), np.einsum("n,nsq->sq", share, slope)


def peak_mhz(pulse: np.ndarray) -> float:
    """Give the largest strength of a pulse's samples.

    >>> peak_mhz(np.array([[3.0, 4.0], [0.0, 1.0]]))
    5.0
    """
    return float(np.max(np.hypot(pulse[:, 0], pulse[:, 1])))


def check_pulse(pulse: np.ndarray) -> None:
    """Refuse what is no pulse, before anything is simulated.

    Raises
    ------
    ValueError
        Wrong shape, numbers that are none, or more than ten times the allowed drive.
    """
    if pulse.shape != (SAMPLES, 2):
        raise ValueError(f"a pulse has {SAMPLES} samples of I and Q, this one {pulse.shape}")
    if not np.isfinite(pulse).all() or peak_mhz(pulse) > 10.0 * MAX_DRIVE_MHZ:
        raise ValueError("a pulse holds finite samples of a strength that can be simulated")
