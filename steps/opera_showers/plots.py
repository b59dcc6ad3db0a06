"""Draws the README's pictures: one volume, and what its showers have in common with textbooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from opera import bulk, geometry, lead

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

mpl.rcParams.update(
    {
        "svg.hashsalt": "opera_showers",
        "svg.fonttype": "path",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "legend.frameon": False,
    }
)
COLOURS = ("#0072b2", "#d55e00", "#009e73")
"""Of showers, and of energies: told apart by colour-blind readers as well."""
GREY = "#9a9a9a"
ENERGIES = {1.0: 600, 4.0: 200, 16.0: 80}
"""Showers in endless lead, by energy in GeV."""


def plot(
    inputs: dict[str, pd.DataFrame],
    truths: dict[str, pd.DataFrame],
    out: Path,
    *,
    rng: np.random.Generator,
) -> None:
    """Write out/<id>.svg for each picture of challenge.yaml."""
    tracks = inputs["tracks"].merge(truths["labels"], on=["volume", "track"])
    volume = _crowded(truths["showers"])
    one = tracks[tracks["volume"] == volume].sort_values("track")
    developments = [bulk.develop(energy, n, rng=rng) for energy, n in ENERGIES.items()]
    axes_of = truths["showers"][truths["showers"]["volume"] == volume]
    figures = {
        "display": _display(one, axes_of),
        "film": _film(one, axes_of),
        "profile": _profile(developments),
        "containment": _containment(developments, tracks, truths["showers"]),
        "energy": _energy(tracks, truths["showers"]),
        "slopes": _slopes(tracks),
    }
    for name, figure in figures.items():
        figure.savefig(out / f"{name}.svg", metadata={"Date": None, "Creator": None})


def _crowded(showers: pd.DataFrame) -> int:
    """Of the volumes with most showers of 3 GeV or more, that with the axes nearest together."""
    table = showers.assign(u=_axis(showers, "x", 25), v=_axis(showers, "y", 25))
    rank = {}
    for volume, group in table.groupby("volume"):
        spread = group[["u", "v"]].var().fillna(0).sum()
        rank[int(volume)] = (-(group["energy"] > 3).sum(), spread, volume)
    return min(rank, key=rank.__getitem__)


def _figure(
    width: float, height: float, *, rows: int = 1, columns: int = 1, **options: bool
) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, **options)


def _name(shower: pd.Series) -> str:
    return f"{shower['energy']:.1f} GeV"


def _display(tracks: pd.DataFrame, showers: pd.DataFrame) -> Figure:
    """Draw base-tracks from the side, in x and in y, each longer than it is."""
    figure, both = _figure(9.0, 5.4, rows=2, sharex=True)
    for axes, name in zip(both, "xy", strict=True):
        _side(axes, tracks[tracks["shower"] < 0], name, GREY, 0.8)
        for (_, shower), colour in zip(showers.iterrows(), COLOURS, strict=False):
            own = tracks[tracks["shower"] == shower["shower"]]
            _side(axes, own, name, colour, 1.3)
            axes.plot([], [], color=colour, label=_name(shower))
            start = geometry.z_of(shower["plate"]) / 1000
            axes.plot(start, shower[name] / 1000, "o", color=colour, ms=5, mec="black", mew=0.6)
        axes.set(ylabel=f"{name} (mm)", ylim=(-3.1, 3.1), xlim=(-0.8, 74.2))
    both[0].plot([], [], color=GREY, label="background")
    both[0].legend(ncols=4, loc="lower left", bbox_to_anchor=(0, 0.98))
    both[1].set_xlabel("z (mm): 57 films, 1 mm of lead between them")
    return figure


def _side(axes: mpl.axes.Axes, tracks: pd.DataFrame, name: str, colour: str, width: float) -> None:
    z = geometry.z_of(tracks["plate"].to_numpy()) / 1000
    half = 0.55
    rise = half * tracks["t" + name].to_numpy()
    place = tracks[name].to_numpy() / 1000
    _strokes(axes, (z - half, z + half), (place - rise, place + rise), colour, width)


def _strokes(
    axes: mpl.axes.Axes,
    x: tuple[np.ndarray, np.ndarray],
    y: tuple[np.ndarray, np.ndarray],
    colour: str,
    width: float,
) -> None:
    """Draw many short lines as one path, which keeps the file small."""
    gap = np.full(x[0].size, np.nan)
    ends = [np.round(np.stack([*both, gap], axis=1).ravel(), 3) for both in (x, y)]
    axes.plot(*ends, color=colour, lw=width, solid_capstyle="round")


def _film(tracks: pd.DataFrame, showers: pd.DataFrame) -> Figure:
    """Draw slices of five films along the beam: early, and at the maximum."""
    figure, both = _figure(9.0, 5.0, columns=2, sharey=True)
    centre = [_axis(showers, name, 21).mean() for name in "xy"]
    for axes, (first, last) in zip(both, ((12, 16), (26, 30)), strict=True):
        here = tracks[tracks["plate"].between(first, last)]
        _arrows(axes, here[here["shower"] < 0], GREY)
        for (_, shower), colour in zip(showers.iterrows(), COLOURS, strict=False):
            _arrows(axes, here[here["shower"] == shower["shower"]], colour)
            axes.plot([], [], color=colour, label=_name(shower))
        where = [_axis(showers, name, (first + last) / 2) for name in "xy"]
        axes.plot(*where, "+", color="black", ms=11, mew=1.4, label="true axis", zorder=9)
        axes.plot([], [], color=GREY, label="background")
        axes.set(title=f"films {first} to {last}", xlabel="x (mm)", aspect="equal")
        axes.set(xlim=np.add(centre[0], (-1.5, 1.5)), ylim=np.add(centre[1], (-1.5, 1.5)))
    both[0].set_ylabel("y (mm)")
    figure.legend(*both[0].get_legend_handles_labels(), ncols=5, loc="outside upper center")
    return figure


def _axis(showers: pd.DataFrame, name: str, plate: float) -> np.ndarray:
    """Place of the axes of showers at a plate, in mm."""
    start, slope, first = (showers[n].to_numpy() for n in (name, f"t{name}", "plate"))
    return geometry.extrapolate(start, slope, first, plate) / 1000


def _arrows(axes: mpl.axes.Axes, tracks: pd.DataFrame, colour: str) -> None:
    place, slope = tracks[["x", "y"]].to_numpy() / 1000, tracks[["tx", "ty"]].to_numpy()
    ahead = place + 1.3 * slope
    _strokes(axes, (place[:, 0], ahead[:, 0]), (place[:, 1], ahead[:, 1]), colour, 1.0)
    axes.plot(*np.round(place.T, 3), ".", color=colour, ms=4, mew=0)


def _profile(developments: list[bulk.Development]) -> Figure:
    figure, axes = _figure(6.2, 3.9)
    edges = bulk.DEPTHS[::2]
    fine = np.linspace(0, 25, 251)
    for development, colour in zip(developments, COLOURS, strict=True):
        density = np.add.reduceat(development.profile, np.arange(0, 160, 2), axis=1) * 2
        mean, error = density.mean(axis=0), density.std(axis=0) / np.sqrt(len(density))
        shape = bulk.fit(development.profile.mean(axis=0))
        expected = np.log(development.energy_gev * 1000 / lead.CRITICAL_MEV) - 0.5
        label = f"{development.energy_gev:g} GeV: maximum at {shape.t_max:.1f}, b = {shape.b:.2f}"
        seen = slice(0, 50)
        axes.errorbar(
            ((edges[1:] + edges[:-1]) / 2)[seen],
            mean[seen],
            error[seen],
            fmt=".",
            color=colour,
            ms=5,
            lw=0.8,
            label=label,
        )
        axes.plot(fine, shape.at(fine), color=colour, lw=1.3)
        axes.axvline(expected, 0, 0.06, color=colour, lw=2.5)
    axes.set(xlim=(0, 25), ylim=(0, None), xlabel="depth (radiation lengths of lead)")
    axes.set_ylabel("share of the energy per radiation length")
    axes.set_title("points: simulated; lines: gamma shapes; ticks below: ln(E/Ec) - 0.5", size=9)
    axes.legend()
    return figure


def _containment(
    developments: list[bulk.Development], tracks: pd.DataFrame, showers: pd.DataFrame
) -> Figure:
    figure, axes = _figure(6.2, 4.2)
    for development, colour, width in zip(developments, COLOURS, (5, 3, 1), strict=True):
        inside = np.cumsum(development.radial) / development.total.mean()
        label = f"energy left in lead, {development.energy_gev:g} GeV"
        axes.plot(bulk.RADII[1:], 100 * inside, color=colour, lw=width, label=label)
    radii = np.geomspace(1e-3, 4, 80)
    distance = _distances(tracks, showers) / lead.MOLIERE_UM
    share = [100 * float(np.mean(distance < radius)) for radius in radii]
    axes.plot(radii, share, "--", color="black", lw=1.3, label="base-tracks that films select")
    axes.plot([1, 1], [0, 90], color="black", lw=0.8, ls=":")
    axes.plot([1e-3, 1], [90, 90], color="black", lw=0.8, ls=":")
    axes.text(0.94, 3, f"one Molière radius, {lead.MOLIERE_UM / 1000:.1f} mm", ha="right")
    axes.text(1.1e-3, 91, "90 %", va="bottom")
    axes.set(xscale="log", xlim=(1e-3, 4), ylim=(0, 101))
    axes.set(xlabel="distance from the axis (Molière radii)", ylabel="inside (%)")
    figure.legend(ncols=2, loc="outside upper center")
    return figure


def _distances(tracks: pd.DataFrame, showers: pd.DataFrame) -> np.ndarray:
    """Distances of base-tracks from the axis of their shower, in um."""
    both = tracks.merge(showers, on=["volume", "shower"], suffixes=("", "_axis"))
    away = geometry.z_of(both["plate"].to_numpy()) - geometry.z_of(both["plate_axis"].to_numpy())
    off = (both[n] - both[f"{n}_axis"] - both[f"t{n}_axis"] * away for n in "xy")
    return np.hypot(*off).to_numpy()


def _energy(tracks: pd.DataFrame, showers: pd.DataFrame) -> Figure:
    figure, axes = _figure(6.2, 3.9)
    signal = tracks[tracks["shower"] >= 0]
    many = signal.groupby(["volume", "shower"]).size().rename("many").reset_index()
    table = showers.merge(many, how="left", on=["volume", "shower"]).fillna({"many": 0})
    early = table["plate"] <= 5
    for chosen, colour, label in (
        (early, COLOURS[0], "begins in plates 1 to 5"),
        (~early, COLOURS[1], "begins in plates 6 to 10"),
    ):
        own = table[chosen]
        axes.plot(own["energy"], own["many"], ".", color=colour, ms=4, alpha=0.75, label=label)
    low = table[table["energy"] < 4]
    slope = float(low["many"].sum() / low["energy"].sum())
    line = np.array([0.0, 20.0])
    axes.plot(line, slope * line, color="black", lw=1, label=f"{slope:.0f} a GeV, as below 4 GeV")
    axes.set(xlim=(0, 20.5), ylim=(0, None), xlabel="energy (GeV)")
    axes.set_ylabel("base-tracks of the shower")
    axes.legend()
    return figure


def _slopes(tracks: pd.DataFrame) -> Figure:
    figure, both = _figure(9.0, 3.6, columns=2)
    slope = np.hypot(tracks["tx"], tracks["ty"])
    signal = tracks["shower"] >= 0
    edges = np.linspace(0, 0.5, 51)
    for chosen, colour, label in (
        (signal, COLOURS[0], "showers"),
        (~signal, GREY, "background"),
    ):
        both[0].hist(slope[chosen], edges, histtype="step", color=colour, lw=1.4, label=label)
        share = np.bincount(tracks["plate"][chosen], minlength=geometry.FILMS)
        share = share / tracks["volume"].nunique()
        both[1].stairs(share, np.arange(58) - 0.5, color=colour, lw=1.4, label=label)
    both[0].set(xlabel="slope, tan of the angle to z", ylabel="base-tracks per 0.01", xlim=(0, 0.5))
    both[0].set_ylim(0, None)
    both[1].set(xlabel="film", ylabel="base-tracks a volume and film", xlim=(-1.5, 57.5))
    both[1].set_ylim(0, None)
    both[0].legend()
    return figure
