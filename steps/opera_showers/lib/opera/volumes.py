"""Volumes of the brick: one to three showers in background, as films see them, with the truth."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from opera import cascade, films, geometry
from opera.background import Background, draw

BATCH = 200
"""Showers followed at once: the arrays of a step then stay in the cache."""
Table = dict[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Plan:
    """What volumes hold. Lengths in um, energies in GeV."""

    half_width: float = 3000.0
    """Volumes are windows of 6 mm by 6 mm about (0, 0)."""
    energy: tuple[float, float] = (1.0, 20.0)
    """Energies of primary electrons: uniform in the logarithm between these."""
    shares: tuple[float, float, float] = (0.5, 0.35, 0.15)
    """Shares of volumes with 1, 2 and 3 showers."""
    slope: float = 0.025
    """RMS of a shower's slopes about the direction in which the window is laid."""
    start: int = 10
    """Showers start in one of the first ten plates of lead."""
    apart: float = 2000.0
    """Axes in the middle of the brick have x and y uniform within this of the centre."""
    aim: int = 25
    """Plate that is the middle."""
    background: Background = field(default_factory=Background)
    response: films.Response = field(default_factory=films.Response)


def make(volumes: np.ndarray, *, plan: Plan, rng: np.random.Generator) -> dict[str, Table]:
    """Simulate volumes: tables tracks, labels, showers and true_links, each sorted by its key."""
    showers = _showers(volumes, plan, rng)
    seen = _seen(showers, plan, rng)
    noise = draw(
        volumes,
        background=plan.background,
        half_width=plan.half_width,
        max_slope=plan.response.max_slope,
        rng=rng,
    )
    names = ("volume", "plate", "x", "y", "tx", "ty", "shower", "particle")
    everything = {name: np.concatenate([seen[name], noise[name]]) for name in names}
    everything["track"] = _numbers(everything["volume"], rng)
    links = _links(seen, everything["track"])
    return {
        "tracks": _ordered(everything, ("volume", "track", "plate", "x", "y", "tx", "ty")),
        "labels": _ordered(everything, ("volume", "track", "shower", "particle")),
        "showers": showers["table"],
        "true_links": links,
    }


def _ordered(table: Table, columns: tuple[str, ...], keys: int = 2) -> Table:
    order = np.lexsort([table[name] for name in reversed(columns[:keys])])
    return {name: table[name][order] for name in columns}


def _showers(volumes: np.ndarray, plan: Plan, rng: np.random.Generator) -> dict:
    many = rng.choice(3, volumes.size, p=plan.shares) + 1
    volume = np.repeat(volumes, many)
    first = np.cumsum(many) - many
    shower = np.arange(volume.size) - np.repeat(first, many)
    low, high = np.log(plan.energy)
    energy = np.round(np.exp(rng.uniform(low, high, volume.size)), 4)
    depth = np.round(rng.uniform(0, plan.start * geometry.LEAD_UM, volume.size), 2)
    plate = np.floor(depth / geometry.LEAD_UM).astype(int) + 1
    slopes = np.round(rng.normal(0, plan.slope, (2, volume.size)), 5)
    points = rng.uniform(-plan.apart, plan.apart, (2, volume.size))
    back = geometry.z_of(plate) - geometry.z_of(plan.aim)
    x, y = (np.round(p + s * back, 2) for p, s in zip(points, slopes, strict=True))
    table = {"volume": volume, "shower": shower, "energy": energy, "x": x, "y": y}
    table |= {"plate": plate, "tx": slopes[0], "ty": slopes[1]}
    return {"table": table, "depth": depth}


def _seen(showers: dict, plan: Plan, rng: np.random.Generator) -> Table:
    """Base-tracks of all showers, and for each the row of the base-track before it."""
    parts, offset = [], 0
    for start in range(0, showers["depth"].size, BATCH):
        rows = slice(start, start + BATCH)
        part = _follow(_pick(showers["table"], rows), showers["depth"][rows], plan, rng)
        part["before"] = np.where(part["before"] >= 0, part["before"] + offset, -1)
        offset += part["x"].size
        parts.append(part)
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def _follow(table: Table, depth: np.ndarray, plan: Plan, rng: np.random.Generator) -> Table:
    settings = cascade.Settings()
    record = cascade.simulate(_primaries(table, depth), settings=settings, rng=rng)
    crossings = record.table("crossings")
    measured, seen_by_film = films.see(crossings, response=plan.response, rng=rng)
    kept = seen_by_film & (np.maximum(*np.abs([measured["x"], measured["y"]])) <= plan.half_width)
    rows = np.flatnonzero(kept)
    seen = _pick(crossings | measured, rows)
    seen["before"] = _before(crossings["previous"], kept)[rows]
    seen["particle"] = _dense(seen["shower"], seen["particle"])
    shower = seen["shower"]
    return seen | {"volume": table["volume"][shower], "shower": table["shower"][shower]}


def _primaries(table: Table, depth: np.ndarray) -> Table:
    """Electrons where they start: upstream of their first film, on the axis."""
    norm = np.sqrt(1 + table["tx"] ** 2 + table["ty"] ** 2)
    back = table["plate"] * geometry.LEAD_UM - depth + geometry.FILM_UM / 2
    start = {n: table[n] - table["t" + n] * back for n in ("x", "y")}
    direction = {"dx": table["tx"] / norm, "dy": table["ty"] / norm, "dz": 1 / norm}
    return {**start, "u": depth, **direction, "e": table["energy"] * 1000.0}


def _before(previous: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """For every crossing: the rank among the kept of the nearest kept one upstream, or -1."""
    rank = np.append(np.cumsum(kept) - 1, -1)
    seen = np.append(kept, True)
    before = np.append(previous, -1)
    found = before[:-1]
    for _ in range(2):
        found = np.where(seen[found], found, before[found])
    return np.where(seen[found], rank[found], -1)


def _dense(shower: np.ndarray, particle: np.ndarray) -> np.ndarray:
    """Number the particles of each shower from 0, in order of their making."""
    pairs, where = np.unique(np.stack([shower, particle]), axis=1, return_inverse=True)
    first = np.searchsorted(pairs[0], pairs[0])
    return (np.arange(pairs.shape[1]) - first)[where.ravel()]


def _numbers(volume: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Numbers 0.. within each volume, in an order that tells nothing."""
    order = np.lexsort((rng.random(volume.size), volume))
    grouped = volume[order]
    number = np.empty(volume.size, dtype=np.int64)
    number[order] = np.arange(volume.size) - np.searchsorted(grouped, grouped)
    return number


def _links(seen: Table, track: np.ndarray) -> Table:
    """Base-tracks that follow each other on a particle, or on it and its secondary."""
    rows = np.flatnonzero(seen["before"] >= 0)
    before = seen["before"][rows]
    gap = seen["plate"][rows] - seen["plate"][before]
    rows, before = rows[gap <= 3], before[gap <= 3]
    links = {"volume": seen["volume"][rows], "a": track[before], "b": track[rows]}
    return _ordered(links, ("volume", "a", "b"), keys=3)


def _pick(table: Table, rows: np.ndarray | slice) -> Table:
    return {name: column[rows] for name, column in table.items()}
