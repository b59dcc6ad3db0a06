"""Evolution under a piecewise constant drive, by exact exponentials, for many draws at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transmon.design import LEVELS, RADIANS, SAMPLE_NS, SLICES_PER_SAMPLE


@dataclass(frozen=True, slots=True)
class Draws:
    """Noise that stays as it is during a gate, one value of each a draw.

    `detuning`: qubit frequency less drive frequency, MHz. `amplitude`: relative error of the
    drive. `anharmonicity`: of the device in this draw, MHz.
    """

    detuning: np.ndarray
    amplitude: np.ndarray
    anharmonicity: np.ndarray

    def __len__(self) -> int:
        return len(self.detuning)


def noiseless(anharmonicity: float) -> Draws:
    """Give the one draw of a device without noise."""
    return Draws(np.zeros(1), np.zeros(1), np.full(1, float(anharmonicity)))


def raising(levels: int = LEVELS) -> np.ndarray:
    """Give the raising operator of the oscillator."""
    return np.diag(np.sqrt(np.arange(1.0, levels)), -1)


def hamiltonians(strength: np.ndarray, draws: Draws, *, levels: int = LEVELS) -> np.ndarray:
    """Give H/h in MHz [slices, draws, levels, levels] for drives of phase 0, real and symmetric.

    H = detuning n + anharmonicity n (n - 1) / 2 + strength (1 + amplitude) (a + a^+) / 2, in the
    frame of the drive and without terms at twice its frequency.

    References
    ----------
    Koch et al. (2007), doi:10.1103/PhysRevA.76.042319; Motzoi et al. (2009),
    doi:10.1103/PhysRevLett.103.110501.
    """
    number = np.arange(levels)
    diagonal = draws.detuning[:, None] * number
    diagonal = diagonal + draws.anharmonicity[:, None] * (number * (number - 1) / 2.0)
    seen = 0.5 * strength[:, None] * (1.0 + draws.amplitude)[None, :]
    up = raising(levels)
    found = seen[:, :, None, None] * (up + up.T)
    found[..., number, number] += diagonal
    return found


@dataclass(frozen=True, slots=True)
class Slices:
    """Each slice's exponential in its own eigenbasis: U = B diag(exp(-i energy)) B^+."""

    energy: np.ndarray
    """[slices, draws, levels], radians."""
    basis: np.ndarray
    """[slices, draws, levels, levels], real, of the Hamiltonian at phase 0."""
    twist: np.ndarray
    """[slices, levels]: exp(i phase n), which turns the drive's phase."""

    def unitaries(self) -> np.ndarray:
        """Give the exponentials [slices, draws, levels, levels]."""
        turned = self.twist[:, None, :, None] * self.basis
        phases = np.exp(-1j * self.energy)[..., None, :]
        return product(turned * phases, np.conj(np.swapaxes(turned, -1, -2)))


def decompose(drive: np.ndarray, draws: Draws, *, step_ns: float, levels: int = LEVELS) -> Slices:
    """Diagonalise the Hamiltonian of every slice and draw; the drive is I + iQ in MHz.

    A drive's phase is a turn by the number operator, so that only real symmetric matrices are
    diagonalised.
    """
    phase = np.angle(drive)
    energy, basis = np.linalg.eigh(hamiltonians(np.abs(drive), draws, levels=levels))
    twist = np.exp(1j * phase[:, None] * np.arange(levels))
    return Slices(energy * (RADIANS * step_ns), basis, twist)


def evolve(
    drive: np.ndarray,
    draws: Draws,
    *,
    step_ns: float = SAMPLE_NS / SLICES_PER_SAMPLE,
    levels: int = LEVELS,
) -> np.ndarray:
    """Give the first two columns [draws, levels, 2] of the evolution under a drive of slices."""
    states = qubit_states(len(draws), levels)
    for unitary in decompose(drive, draws, step_ns=step_ns, levels=levels).unitaries():
        states = product(unitary, states)
    return states


def trajectory(
    drive: np.ndarray, draws: Draws, *, step_ns: float = SAMPLE_NS / SLICES_PER_SAMPLE
) -> np.ndarray:
    """Give the states [slices + 1, draws, levels, 2] at the slices' edges."""
    states = [qubit_states(len(draws), LEVELS)]
    for unitary in decompose(drive, draws, step_ns=step_ns).unitaries():
        states.append(product(unitary, states[-1]))
    return np.stack(states)


def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Give the matrix product over the last two axes, summed in a fixed order.

    A linear algebra library may choose another order for another number of threads, and an
    optimiser that stops after some iterations then ends elsewhere.
    """
    found = left[..., :, 0, None] * right[..., None, 0, :]
    for k in range(1, left.shape[-1]):
        found += left[..., :, k, None] * right[..., None, k, :]
    return found


def qubit_states(count: int, levels: int) -> np.ndarray:
    """Give the two states of the qubit, once a draw: [draws, levels, 2]."""
    return np.broadcast_to(np.eye(levels, 2, dtype=complex), (count, levels, 2))
