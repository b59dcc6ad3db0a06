"""Measures the simulator against closed forms, other methods and the literature."""

from __future__ import annotations

import numpy as np
from scipy.linalg import expm
from transmon import drive, evolution, fidelity
from transmon.design import RADIANS, SAMPLES
from transmon.evolution import Draws, decompose, evolve, hamiltonians, noiseless
from transmon.gradient import infidelity_and_slope
from transmon.tone import area_scaled, tone

ANHARMONICITY_MHZ = -220.0
FINE_NS = 1.0 / 32.0
HAAR_STATES = 40_000


def measure(*, rng: np.random.Generator) -> dict[str, float]:
    """Measure everything; names say what, challenge.yaml says the bands."""
    return {
        **_two_levels(),
        **_numerics(rng),
        **_control_line(),
        **_leakage(),
        **_average_fidelity(rng),
        **_charge_basis(),
    }


def _two_levels() -> dict[str, float]:
    """Rabi oscillations, and how a square pi pulse of 16 ns suffers from noise."""
    time_ns = np.arange(1, 401) * FINE_NS
    deviation = 0.0
    for strength, detuning in ((31.25, 0.0), (80.0, 0.0), (31.25, 12.0), (5.0, -20.0)):
        step = evolve(np.array([strength]), _one(detuning=detuning), step_ns=FINE_NS, levels=2)
        found = np.array(
            [abs(np.linalg.matrix_power(step[0], n)[1, 0]) ** 2 for n in range(1, 401)]
        )
        whole = np.hypot(strength, detuning)
        rabi = (strength / whole) ** 2 * np.sin(0.5 * RADIANS * whole * time_ns) ** 2
        deviation = max(deviation, float(np.abs(found - rabi).max()))
    small = 0.02
    offset = _square_two_levels(_one(detuning=small)) / (2.0 / 3.0 * (small / 31.25) ** 2)
    strong = _square_two_levels(_one(amplitude=1e-3)) / (2.0 / 3.0 * (0.5 * np.pi * 1e-3) ** 2)
    return {
        "rabi_deviation": deviation,
        "detuning_coefficient": offset,
        "amplitude_coefficient": strong,
    }


def _numerics(rng: np.random.Generator) -> dict[str, float]:
    """Exponentials, slopes, and what finer slices or more levels would change."""
    pulse = rng.normal(0.0, 30.0, (SAMPLES, 2))
    draws = Draws(rng.normal(0, 1, 4), rng.normal(0, 0.02, 4), rng.normal(-220, 1, 4))
    line = drive.line_response(pulse)
    unitaries = decompose(line, draws, step_ns=0.25).unitaries()
    whole = np.broadcast_to(np.eye(4), (4, 4, 4))
    for unitary in unitaries:
        whole = evolution.product(unitary, whole)
    identity = evolution.product(np.conj(np.swapaxes(whole, 1, 2)), whole)
    number = np.diag(np.arange(4.0))
    other = [
        expm(-1j * RADIANS * 0.25 * _turned(h, np.angle(c), number))
        for c, row in zip(line[::7], hamiltonians(np.abs(line), draws)[::7], strict=True)
        for h in row
    ]
    found = unitaries[::7].reshape(-1, 4, 4)
    return {
        "unitarity": float(np.abs(identity - np.eye(4)).max()),
        "exponential_deviation": float(np.abs(found - np.array(other)).max()),
        "slope_deviation": _slope_deviation(pulse, draws),
        "slice_change": _change(slices=32, levels=4),
        "level_change": _change(slices=4, levels=7),
    }


def _control_line() -> dict[str, float]:
    """What the line does to one sample: its area, and its power at the band's edge."""
    slices = 32
    response = drive.line_matrix(SAMPLES, slices)[:, SAMPLES // 2] / slices
    time_ns = drive.slice_times_ns(slices_per_sample=slices)
    frequency_mhz = 300.0
    passed = abs(np.sum(response * np.exp(-1j * RADIANS * frequency_mhz * time_ns)))
    held = np.sinc(frequency_mhz * 1e-3)
    return {"line_area": float(response.sum()), "line_power": float((passed / held) ** 2)}


def _leakage() -> dict[str, float]:
    """Square, smooth and DRAG pulses of 16 ns in continuous time, without a control line."""
    time_ns = (np.arange(round(16.0 / FINE_NS)) + 0.5) * FINE_NS
    hann = (1.0 - np.cos(2.0 * np.pi * time_ns / 16.0)) * 31.25
    square = np.full_like(hann, 31.25)
    slope = 31.25 * np.sin(2.0 * np.pi * time_ns / 16.0) * 2.0 * np.pi / 16.0 / RADIANS
    drag = _first_order_drag(hann, slope)
    weak = square * 1e-2
    turned = np.sum(weak * np.exp(1j * RADIANS * ANHARMONICITY_MHZ * time_ns)) * FINE_NS
    perturbed = 0.5 * abs(RADIANS * np.sqrt(2.0) / 2.0 * turned) ** 2
    leaked = {name: _errors(d)[1] for name, d in (("s", square), ("h", hann), ("d", drag))}
    return {
        "weak_leakage": _errors(weak)[1] / perturbed,
        "square_leakage": leaked["s"],
        "smooth_gain": leaked["s"] / leaked["h"],
        "drag_gain": leaked["h"] / leaked["d"],
        "drag_infidelity_gain": _errors(hann)[0] / _errors(drag)[0],
    }


def _first_order_drag(envelope: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Give a pulse with the first-order corrections of Motzoi et al. (2009).

    With lambda^2 = 2: I = E + (lambda^2 - 4) E^3 / (8 D^2), Q = -E' / D, and a detuning of
    (lambda^2 - 4) E^2 / (4 D), which is played as a turning phase.
    """
    gap = ANHARMONICITY_MHZ
    in_phase = envelope - envelope**3 / (4.0 * gap**2)
    detuning = -(envelope**2) / (2.0 * gap)
    phase = RADIANS * FINE_NS * (np.cumsum(detuning) - 0.5 * detuning)
    # the frame turns with the drive; half of its turn before and half after leave X as it is
    return (in_phase - 1j * slope / gap) * np.exp(1j * (phase - 0.5 * phase[-1]))


def _average_fidelity(rng: np.random.Generator) -> dict[str, float]:
    """Compare the closed form with the mean over random states; in standard errors."""
    states = evolve(drive.line_response(rng.normal(0, 30, (SAMPLES, 2))), noiseless(-220.0))
    inside = fidelity.TARGET @ states[0, :2]
    psi = rng.normal(size=(HAAR_STATES, 2)) + 1j * rng.normal(size=(HAAR_STATES, 2))
    psi /= np.linalg.norm(psi, axis=1)[:, None]
    found = np.abs(np.einsum("ni,ij,nj->n", psi.conj(), inside, psi)) ** 2
    error = found.std() / np.sqrt(HAAR_STATES)
    closed = 1.0 - float(fidelity.infidelity(states)[0])
    idle = noiseless(-220.0)
    nothing = evolve(np.zeros(4), idle, step_ns=0.25)
    return {
        "haar_deviation": abs(float(found.mean()) - closed) / float(error),
        "idle_infidelity": float(fidelity.infidelity(nothing)[0]),
    }


def _charge_basis(ratio: float = 42.0) -> dict[str, float]:
    """Levels of a transmon of E_J / E_C = 42 by its charges, over all offset charges.

    Which anharmonicity in units of E_C, and how far offset charges move it.
    """
    charges = np.arange(-20, 21)
    hop = np.eye(41, k=1) + np.eye(41, k=-1)
    levels = np.array(
        [
            np.linalg.eigvalsh(np.diag(4.0 * (charges - offset) ** 2) - 0.5 * ratio * hop)[:3]
            for offset in np.linspace(0.0, 0.5, 41)
        ]
    )
    gaps = levels[:, 2] - 2.0 * levels[:, 1] + levels[:, 0]
    return {
        "anharmonicity": float(gaps.mean()),
        "anharmonicity_spread": float(gaps.std() / abs(gaps.mean()) * abs(ANHARMONICITY_MHZ)),
    }


def _one(*, detuning: float = 0.0, amplitude: float = 0.0) -> Draws:
    return Draws(np.array([detuning]), np.array([amplitude]), np.array([ANHARMONICITY_MHZ]))


def _square_two_levels(draws: Draws) -> float:
    states = evolve(np.full(64, 31.25), draws, step_ns=0.25, levels=2)
    return float(fidelity.infidelity(states)[0])


def _turned(hamiltonian: np.ndarray, phase: float, number: np.ndarray) -> np.ndarray:
    twist = np.exp(1j * phase * np.diag(number))
    return twist[:, None] * hamiltonian * np.conj(twist)[None, :]


def _slope_deviation(pulse: np.ndarray, draws: Draws) -> float:
    """Compare exact slopes with central differences of 1 kHz, relative to the largest."""
    _, slope = infidelity_and_slope(pulse, draws, leakage_weight=2.0)
    worst = 0.0
    for sample, quadrature in ((0, 0), (3, 1), (8, 0), (15, 1)):
        step = np.zeros_like(pulse)
        step[sample, quadrature] = 1e-3
        up, down = (fidelity.gate_errors(pulse + s * step, draws) for s in (1, -1))
        differed = (up[0] - down[0] + 2.0 * (up[1] - down[1])) / 2e-3
        worst = max(worst, float(np.abs(differed - slope[:, sample, quadrature]).max()))
    return worst / float(np.abs(slope).max())


def _change(*, slices: int, levels: int) -> float:
    """Give the relative change of a Hann pulse's infidelity with 1 MHz of detuning."""
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(SAMPLES) + 0.5) / SAMPLES)
    pulse = tone(area_scaled(hann), gain=1.0)
    lost = []
    for n, size in ((4, 4), (slices, levels)):
        line = drive.line_response(pulse, slices_per_sample=n)
        states = evolve(line, _one(detuning=1.0), step_ns=1.0 / n, levels=size)
        lost.append(float(fidelity.infidelity(states)[0]))
    return abs(lost[1] / lost[0] - 1.0)


def _errors(line: np.ndarray) -> tuple[float, float]:
    states = evolve(line, noiseless(ANHARMONICITY_MHZ), step_ns=FINE_NS)
    return float(fidelity.infidelity(states)[0]), float(fidelity.leakage(states)[0])
