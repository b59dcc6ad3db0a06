"""Pictures of pulses and of what they do, for the public device."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from scipy.optimize import minimize
from transmon import drive, evolution, fidelity
from transmon.compressed import cubature
from transmon.days import read_days
from transmon.design import GATE_NS, RADIANS, SAMPLES
from transmon.evolution import Draws, noiseless
from transmon.tone import area_scaled, ideal_tone, tone

mpl.use("svg")
from matplotlib import pyplot as plt

COLOURS = {
    "square": "#D55E00",
    "Gaussian": "#56B4E9",
    "raised cosine": "#0072B2",
    "DRAG": "#009E73",
    "robust": "#000000",
}
STYLE = {
    "svg.hashsalt": "quantum_control",
    "svg.fonttype": "path",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}
RUNS = 40
"""Calibration days by which pulses are calibrated."""
DECIMALS = 2
"""Of a calibrated pulse in MHz; further behind, where a search ends depends on the processor."""
ROBUST_MHZ = (
    (-27.62, -33.67),
    (-23.02, 7.94),
    (1.18, 8.58),
    (10.67, 15.78),
    (66.69, 19.04),
    (73.68, 12.78),
    (75.45, -0.58),
    (83.16, -3.19),
    (83.16, 3.15),
    (75.45, 0.6),
    (73.67, -12.83),
    (66.68, -19.07),
    (10.63, -15.82),
    (1.19, -8.61),
    (-23.08, -7.96),
    (-27.57, 33.66),
)
"""What `grape` found on these days, from a raised cosine: 80 steps in phase, then 100 with leakage
counted tenfold. Written down, for a long search ends a little elsewhere on another processor."""


def plot(inputs: dict, truths: dict, out: Path, *, rng: np.random.Generator) -> None:
    """Write out/<id>.svg of every picture."""
    days = read_days(inputs["calibration"], most=RUNS)
    pulses = _pulses(days, inputs["device"]["anharmonicity_mhz"])
    with plt.rc_context(STYLE):
        _draw_pulses(pulses, out / "pulses.svg")
        _draw_populations(pulses, days.draws, out / "populations.svg")
        _draw_detuning(pulses, days.draws, out / "detuning.svg")
        _draw_noise_map(pulses, days.draws, truths["draws"], out / "noise_map.svg")
        _draw_gate_time(inputs["device"]["anharmonicity_mhz"], out / "gate_time.svg")


def _pulses(days, anharmonicity: float) -> dict[str, np.ndarray]:
    """Give one pulse of each kind, each calibrated."""
    draws = days.draws
    found = {
        "square": ideal_tone(np.ones(SAMPLES), draws),
        "Gaussian": ideal_tone(_gaussian(SAMPLES), draws),
        "raised cosine": ideal_tone(_hann(SAMPLES), draws),
        "DRAG": _drag(draws, anharmonicity),
        "robust": np.array(ROBUST_MHZ),
    }
    return {name: np.round(pulse, DECIMALS) for name, pulse in found.items()}


def _drag(draws: Draws, anharmonicity: float) -> np.ndarray:
    """Fit gain, frequency and size of the derivative's quadrature, leakage counted tenfold."""
    points, envelope = cubature(draws), area_scaled(_hann(SAMPLES))
    slope = np.gradient(np.pad(envelope, 1))[1:-1] / (RADIANS * anharmonicity)

    def pulse(x: np.ndarray) -> np.ndarray:
        return tone(envelope - 1j * x[2] * slope, gain=x[0], frequency_mhz=10.0 * x[1])

    def cost(x: np.ndarray) -> float:
        lost, leaked = fidelity.gate_errors(pulse(x), points)
        return float(lost.mean() + 10.0 * leaked.mean())

    found = minimize(cost, [1.0, -0.5, 0.9], method="Nelder-Mead", options={"xatol": 1e-4})
    return pulse(found.x)


def _draw_pulses(pulses: dict, path: Path) -> None:
    """Samples as steps, the drive behind the line as curves."""
    chosen = ("square", "raised cosine", "DRAG", "robust")
    figure, axes = plt.subplots(1, 4, figsize=(9.0, 2.6), sharey=True, layout="constrained")
    edges = np.arange(SAMPLES + 1)
    for axis, name in zip(axes, chosen, strict=True):
        line = drive.line_response(pulses[name], slices_per_sample=16)
        time_ns = drive.slice_times_ns(slices_per_sample=16)
        parts = ((0, "I", COLOURS["raised cosine"]), (1, "Q", COLOURS["square"]))
        for part, label, colour in parts:
            axis.stairs(pulses[name][:, part], edges, color=colour, alpha=0.4)
            seen = (line.real, line.imag)[part]
            axis.plot(time_ns, seen, color=colour, label=label)
        axis.set(title=name, xlabel="time [ns]")
        axis.axhline(0.0, color="0.8", linewidth=0.6, zorder=0)
    axes[0].set_ylabel("drive [MHz]")
    axes[0].legend(loc="upper left")
    _save(figure, path)


def _draw_populations(pulses: dict, draws: Draws, path: Path) -> None:
    """Levels against time from the ground state, for a day without noise."""
    figure, axes = plt.subplots(1, 3, figsize=(9.0, 2.6), sharey=True, layout="constrained")
    typical = Draws(*(np.array([n.mean()]) for n in _noises(draws)))
    time_ns = drive.slice_times_ns() - 0.125
    colours = ("#0072B2", "#D55E00", "#009E73", "0.5")
    for axis, name in zip(axes, ("square", "raised cosine", "robust"), strict=True):
        states = evolution.trajectory(drive.line_response(pulses[name]), typical)[:, 0]
        for level, colour in enumerate(colours):
            population = np.abs(states[:-1, level, 0]) ** 2
            axis.semilogy(time_ns, population + 1e-12, color=colour, label=f"level {level}")
        axis.set(title=name, xlabel="time [ns]", ylim=(1e-7, 2.0))
    axes[0].set_ylabel("population")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", fontsize=8)
    _save(figure, path)


def _draw_detuning(pulses: dict, draws: Draws, path: Path) -> None:
    """Infidelity against detuning, the amplitude at its mean."""
    figure, axis = plt.subplots(figsize=(5.6, 3.4), layout="constrained")
    offset = np.linspace(-4.0, 4.0, 81)
    _, amplitude, anharmonicity = _noises(draws)
    centre = draws.detuning.mean()
    found = Draws(centre + offset, np.full(81, amplitude.mean()), np.full(81, anharmonicity.mean()))
    width = draws.detuning.std()
    axis.axvspan(-width, width, color="0.92", label="one width of the noise")
    for name, pulse in pulses.items():
        lost, _ = fidelity.gate_errors(pulse, found)
        axis.semilogy(offset, lost, color=COLOURS[name], label=name)
    axis.set(xlabel="detuning from its mean [MHz]", ylabel="infidelity", ylim=(1e-6, 1e-1))
    axis.legend(fontsize=8, ncols=2, loc="upper center")
    _save(figure, path)


def _draw_noise_map(pulses: dict, draws: Draws, hidden, path: Path) -> None:
    """Infidelity by detuning and amplitude error, with the hidden draws on it."""
    figure, axes = plt.subplots(1, 2, figsize=(8.0, 3.4), sharey=True, layout="constrained")
    detuning, amplitude = np.linspace(-3.5, 4.0, 41), np.linspace(-0.075, 0.015, 41)
    grid = [m.ravel() for m in np.meshgrid(detuning, amplitude)]
    every = Draws(grid[0], grid[1], np.full(grid[0].size, draws.anharmonicity.mean()))
    levels = np.linspace(-5.0, -2.0, 13)
    shown = hidden[hidden["day"] < 60]
    for axis, name in zip(axes, ("raised cosine", "robust"), strict=True):
        lost, _ = fidelity.gate_errors(pulses[name], every)
        log = np.log10(lost).reshape(41, 41)
        image = axis.contourf(
            detuning, 100.0 * amplitude, log, levels, cmap="cividis", extend="both"
        )
        axis.scatter(shown["detuning"], 100.0 * shown["amplitude"], s=2.0, color="white")
        axis.set(title=name, xlabel="detuning [MHz]")
    axes[0].set_ylabel("error of the drive [%]")
    figure.colorbar(image, ax=axes, label="log10 infidelity", ticks=np.arange(-5.0, -1.9, 0.5))
    _save(figure, path)


def _draw_gate_time(anharmonicity: float, path: Path) -> None:
    """Leakage against gate time of pulses of the right area, behind the line."""
    figure, axis = plt.subplots(figsize=(5.6, 3.4), layout="constrained")
    times, device = np.arange(6, 41), noiseless(anharmonicity)
    shapes = {"square": np.ones, "Gaussian": _gaussian, "raised cosine": _hann, "DRAG": _hann}
    for name, shape in shapes.items():
        leaked = []
        for samples in times:
            envelope = 500.0 * shape(samples) / shape(samples).sum()
            slope = np.gradient(np.pad(envelope, 1))[1:-1] / (RADIANS * anharmonicity)
            c = envelope - 1j * slope * (name == "DRAG")
            found = fidelity.gate_errors(np.stack([c.real, c.imag], axis=1), device)
            leaked.append(found[1][0])
        axis.semilogy(times, leaked, ".-", color=COLOURS[name], label=name)
    axis.axvline(GATE_NS, color="0.7", linewidth=0.8, zorder=0)
    axis.set(xlabel="length of the pulse [ns]", ylabel="leakage", ylim=(1e-9, 1.0))
    axis.legend(fontsize=8, ncols=2)
    _save(figure, path)


def _noises(draws: Draws) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return draws.detuning, draws.amplitude, draws.anharmonicity


def _hann(samples: int) -> np.ndarray:
    return 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(samples) + 0.5) / samples)


def _gaussian(samples: int) -> np.ndarray:
    """Four widths long, shifted so that it begins and ends at zero."""
    place = (np.arange(samples) + 0.5) / samples * 4.0 - 2.0
    return np.exp(-0.5 * place**2) - np.exp(-0.5 * (2.0 + 2.0 / samples) ** 2)


def _save(figure, path: Path) -> None:
    figure.savefig(path, format="svg", metadata={"Date": None})
    plt.close(figure)
