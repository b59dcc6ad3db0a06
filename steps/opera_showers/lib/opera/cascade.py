"""A Monte Carlo of electromagnetic cascades in lead: all particles of many showers at once.

Electrons and positrons lose energy by ionisation (continuous, E_c per X0, Rossi) and by soft
bremsstrahlung, radiate hard photons, and are scattered at a random hinge of each step ([1]), which
gives the displacement and its correlation with the angle. Photons make pairs, are Compton
scattered, or are absorbed by an atom. Left out: the LPM effect, delta rays, the angles of photons
and pairs at birth (0.5 MeV / E, small against the scattering of 13.6 MeV / p), nuclear reactions.
Films are crossed in straight lines: they have 2 % of a plate's X0.

References
----------
.. [1] J. Baro et al., PENELOPE, Nucl. Instrum. Methods B 100 (1995) 31,
   doi:10.1016/0168-583X(95)00349-5.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from opera import geometry, lead

CHARGED = ("x", "y", "u", "dx", "dy", "dz", "e", "shower", "particle", "last", "sign")
PHOTON = ("x", "y", "u", "dx", "dy", "dz", "e", "shower", "last")
STEEP = 0.2
"""Cosine below which a particle in a brick is given up: films do not see it."""
Pool = dict[str, np.ndarray]
_U = np.linspace(0.0, 1.0, 1025)
_PAIR_CDF = (_U - 2 / 3 * _U**2 + 4 / 9 * _U**3) * 9 / 7


@dataclass(frozen=True, slots=True)
class Settings:
    """How a cascade is followed. Energies in MeV, lengths in X0."""

    cut: float = 1.0
    """Kinetic energy at which a particle is stopped and its energy left where it is."""
    hard: float = 1.0
    """Photons above this are made one by one; radiation below is a continuous loss."""
    step: float = 0.06
    plates: int | None = geometry.FILMS - 1
    """Lead plates, with films between them; None is lead without end."""


@dataclass(slots=True)
class Record:
    """What a cascade leaves: crossings of films, or energy and track length in the lead."""

    crossings: list[Pool] = field(default_factory=list)
    deposits: list[Pool] = field(default_factory=list)
    count: int = 0
    """Crossings so far."""
    particles: int = 0
    """Electrons and positrons so far."""

    def table(self, kind: str) -> Pool:
        """All crossings or deposits as one table of columns."""
        parts: list[Pool] = getattr(self, kind)
        return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


@dataclass(frozen=True, slots=True)
class _Rates:
    """Photon cross-sections, in 1 / X0, by the logarithm of energy."""

    log_e: np.ndarray
    pair: np.ndarray
    compton: np.ndarray
    photo: np.ndarray
    total: np.ndarray


def _rates() -> _Rates:
    log_e = np.linspace(np.log(0.1), np.log(50_000.0), 400)
    photon = np.exp(log_e)
    room = np.clip(1 - 2 * lead.MASS_MEV / photon, 0, None)
    x = lead.MASS_MEV / photon[:, None] + room[:, None] * (np.arange(200) + 0.5) / 200
    pair = lead.pair_shape(np.clip(x, 1e-9, 1 - 1e-9), photon[:, None]).mean(axis=1) * room
    compton, photo = lead.compton(photon), lead.photoelectric(photon)
    return _Rates(log_e, pair, compton, photo, pair + compton + photo)


_RATES = _rates()


def simulate(
    primaries: Pool, *, settings: Settings, rng: np.random.Generator, tally: bool = False
) -> Record:
    """Follow electrons of `primaries` (columns x, y, u, dx, dy, dz, e) to the end.

    u is the depth in lead in um (films not counted), e the total energy in MeV. The record has
    crossings of films (shower, particle, plate, x, y, tx, ty, e, previous: the crossing before it
    of the same particle or of its ancestors, -1 if none) when there are plates, and with `tally`
    the deposits (shower, x, y, u, energy, length).
    """
    count = primaries["e"].size
    record = Record(particles=count)
    whole = np.arange(count)
    charged = {**primaries, "shower": whole, "particle": whole.copy()}
    charged |= {"last": np.full(count, -1), "sign": np.full(count, -1)}
    charged = {name: charged[name] for name in CHARGED}
    photons = {name: charged[name][:0] for name in PHOTON}
    sink = record if tally else None
    while charged["e"].size or photons["e"].size:
        charged, radiated = _step(charged, settings, rng, record, sink)
        photons, made = _convert(_join(photons, radiated), settings, rng, record, sink)
        charged = _join(charged, made)
    return record


def _join(first: Pool, second: Pool) -> Pool:
    """One pool of two that have the same columns."""
    if not second["e"].size:
        return first
    return {name: np.concatenate([first[name], second[name]]) for name in first}


def _pick(pool: Pool, rows: np.ndarray) -> Pool:
    return {name: column[rows] for name, column in pool.items()}


def _step(
    pool: Pool, settings: Settings, rng: np.random.Generator, record: Record, sink: Record | None
) -> tuple[Pool, Pool]:
    """One step of every electron and positron; those that live on, and photons they radiate."""
    energy = pool["e"]
    rate = lead.BREMS_MOST * np.log(np.maximum(energy / settings.hard, 1.0 + 1e-12))
    free = rng.standard_exponential(energy.size) / rate
    soft = 4 / 3 * np.minimum(settings.hard, energy)
    loss = lead.CRITICAL_MEV + soft
    limit = np.minimum(settings.step, 0.2 * (energy - lead.MASS_MEV) / loss + 1e-3)
    length = np.minimum(free, limit)
    edge = _to_edge(pool, settings)
    at_edge = edge < length
    length = np.where(at_edge, edge, length)
    spent = np.minimum(loss * length, energy - lead.MASS_MEV)
    plate = np.floor(pool["u"] / geometry.LEAD_UM)
    _scatter(pool, length, energy - 0.5 * spent, rng)
    pool["e"] = energy - spent
    if settings.plates is not None:
        at_edge = at_edge | (np.floor(pool["u"] / geometry.LEAD_UM) > plate)
    if sink is not None:
        _deposit(sink, pool, spent, length * lead.X0_UM)
    radiated = _radiate(pool, (free <= limit) & ~at_edge, settings, rng)
    if settings.plates is not None:
        pool = _cross(pool, at_edge, settings, record)
    return _stop(pool, settings, sink), radiated


def _to_edge(pool: Pool, settings: Settings) -> np.ndarray:
    """Path in X0 to the end of the plate."""
    if settings.plates is None:
        return np.full(pool["e"].size, np.inf)
    ahead = (np.floor(pool["u"] / geometry.LEAD_UM) + 1) * geometry.LEAD_UM - pool["u"]
    return ahead / np.maximum(pool["dz"], STEEP) / lead.X0_UM


def _scatter(pool: Pool, length: np.ndarray, energy: np.ndarray, rng: np.random.Generator) -> None:
    """Move along the old direction to a random hinge, turn, and move on along the new one."""
    hinge = rng.random(length.size) * length * lead.X0_UM
    rest = length * lead.X0_UM - hinge
    momentum = np.sqrt(np.maximum(energy**2 - lead.MASS_MEV**2, 1e-6))
    angle = lead.scattering_angle(momentum * momentum / energy, length)
    old = pool["dx"], pool["dy"], pool["dz"]
    new = _turn(*old, angle * rng.standard_normal((2, length.size)))
    for name, before, after in zip("xyu", old, new, strict=True):
        pool[name] = pool[name] + before * hinge + after * rest
    pool["dx"], pool["dy"], pool["dz"] = new


def _turn(
    dx: np.ndarray, dy: np.ndarray, dz: np.ndarray, angles: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Turn unit vectors by two small projected angles, exactly as one rotation."""
    theta = np.hypot(angles[0], angles[1])
    scale = np.sinc(np.minimum(theta, np.pi) / np.pi)
    a, b = angles[0] * scale, angles[1] * scale
    cos = np.cos(np.minimum(theta, np.pi))
    safe = np.where(dz >= 0, 1.0, -1.0)
    factor = -1.0 / (safe + dz)
    mixed = dx * dy * factor
    new_x = a * (1 + safe * dx * dx * factor) + b * mixed + cos * dx
    new_y = a * safe * mixed + b * (safe + dy * dy * factor) + cos * dy
    new_z = -a * safe * dx - b * dy + cos * dz
    return new_x, new_y, new_z


def _radiate(
    pool: Pool, radiates: np.ndarray, settings: Settings, rng: np.random.Generator
) -> Pool:
    """Photons of hard bremsstrahlung, whose energy is taken from their electrons."""
    rows = np.flatnonzero(radiates & (pool["e"] > settings.hard + lead.MASS_MEV))
    energy = pool["e"][rows]
    share = (settings.hard / energy) ** (1 - rng.random(rows.size))
    most = 1 - lead.MASS_MEV / energy
    shape = lead.brems_shape(np.minimum(share, most), energy)
    kept = (rng.random(rows.size) * lead.BREMS_MOST < shape) & (share < most)
    rows, photon = rows[kept], (share * energy)[kept]
    pool["e"][rows] -= photon
    return {**{name: pool[name][rows] for name in PHOTON}, "e": photon}


def _cross(pool: Pool, at_edge: np.ndarray, settings: Settings, record: Record) -> Pool:
    """Carry particles at the end of a plate through the film; drop those that turned back."""
    forward = pool["dz"] > STEEP
    plate = np.rint(pool["u"] / geometry.LEAD_UM)
    rows = np.flatnonzero(at_edge & forward & (plate <= settings.plates))
    if rows.size:
        _film(pool, rows, plate[rows], record)
    inside = forward & (pool["u"] < settings.plates * geometry.LEAD_UM)
    return pool if inside.all() else _pick(pool, inside)


def _film(pool: Pool, rows: np.ndarray, plate: np.ndarray, record: Record) -> None:
    """Note crossings at the middle of the film and leave particles on its far side."""
    tx, ty = (pool[name][rows] / pool["dz"][rows] for name in ("dx", "dy"))
    short = plate * geometry.LEAD_UM - pool["u"][rows]
    middle = {}
    for name, slope in (("x", tx), ("y", ty)):
        middle[name] = pool[name][rows] + slope * (short + geometry.FILM_UM / 2)
        pool[name][rows] = middle[name] + slope * geometry.FILM_UM / 2
    pool["u"][rows] = plate * geometry.LEAD_UM + 1e-6
    names = ("shower", "particle", "e")
    crossing = {name: pool[name][rows] for name in names} | middle | {"tx": tx, "ty": ty}
    crossing |= {"plate": plate.astype(np.int64), "previous": pool["last"][rows]}
    record.crossings.append(crossing)
    pool["last"][rows] = record.count + np.arange(rows.size)
    record.count += rows.size


def _stop(pool: Pool, settings: Settings, sink: Record | None) -> Pool:
    """Drop particles below the cut; what they have is left where they stand."""
    alive = pool["e"] - lead.MASS_MEV > settings.cut
    if alive.all():
        return pool
    if sink is not None:
        dead = _pick(pool, ~alive)
        left = dead["e"] - lead.MASS_MEV + (dead["sign"] > 0) * 2 * lead.MASS_MEV
        _deposit(sink, dead, left, np.zeros(left.size))
    return _pick(pool, alive)


def _deposit(sink: Record, pool: Pool, energy: np.ndarray, length: np.ndarray) -> None:
    where = {name: pool[name].copy() for name in ("shower", "x", "y", "u")}
    sink.deposits.append({**where, "energy": energy, "length": length})


def _convert(
    pool: Pool, settings: Settings, rng: np.random.Generator, record: Record, sink: Record | None
) -> tuple[Pool, Pool]:
    """Carry photons to where they interact: photons that live on, electrons that they make."""
    pool = _fly(_faint(pool, settings, sink), settings, rng)
    log_e = np.log(pool["e"])
    fate = rng.random(log_e.size) * np.interp(log_e, _RATES.log_e, _RATES.total)
    pair = fate - np.interp(log_e, _RATES.log_e, _RATES.pair)
    photo = pair - np.interp(log_e, _RATES.log_e, _RATES.photo)
    pairs = _pair(_pick(pool, pair < 0), rng, record)
    absorbed = _pick(pool, (pair >= 0) & (photo < 0))
    freed = _electrons(absorbed, absorbed["e"] + lead.MASS_MEV, -1, record)
    scattered, recoils = _compton(_pick(pool, photo >= 0), rng, record)
    return scattered, _join(_join(pairs, freed), recoils)


def _faint(pool: Pool, settings: Settings, sink: Record | None) -> Pool:
    alive = pool["e"] > settings.cut
    if alive.all():
        return pool
    if sink is not None:
        dead = _pick(pool, ~alive)
        _deposit(sink, dead, dead["e"], np.zeros(dead["e"].size))
    return _pick(pool, alive)


def _fly(pool: Pool, settings: Settings, rng: np.random.Generator) -> Pool:
    """Move photons by a free path in lead, across the films in between."""
    log_e = np.log(pool["e"])
    total = np.interp(log_e, _RATES.log_e, _RATES.total)
    path = rng.standard_exponential(log_e.size) / total * lead.X0_UM
    deeper = pool["u"] + path * pool["dz"]
    if settings.plates is not None:
        films = np.floor(deeper / geometry.LEAD_UM) - np.floor(pool["u"] / geometry.LEAD_UM)
        path = path + np.maximum(films, 0) * geometry.FILM_UM / np.maximum(pool["dz"], STEEP)
    moved = {name: pool[name] + path * pool["d" + name] for name in "xy"}
    pool = {**pool, **moved, "u": deeper}
    if settings.plates is None:
        return pool
    inside = (pool["dz"] > STEEP) & (deeper < settings.plates * geometry.LEAD_UM)
    return _pick(pool, inside)


def _electrons(photons: Pool, energy: np.ndarray, sign: int, record: Record) -> Pool:
    count = energy.size
    particle = record.particles + np.arange(count)
    record.particles += count
    made = {**photons, "e": energy, "particle": particle, "sign": np.full(count, sign)}
    return {name: made[name] for name in CHARGED}


def _pair(photons: Pool, rng: np.random.Generator, record: Record) -> Pool:
    share = np.interp(rng.random(photons["e"].size), _PAIR_CDF, _U)
    first = lead.MASS_MEV + share * (photons["e"] - 2 * lead.MASS_MEV)
    electrons = _electrons(photons, first, -1, record)
    return _join(electrons, _electrons(photons, photons["e"] - first, +1, record))


def _compton(photons: Pool, rng: np.random.Generator, record: Record) -> tuple[Pool, Pool]:
    """Klein-Nishina scattering: the photon after it and the electron that it hit."""
    k = photons["e"] / lead.MASS_MEV
    share = _klein_nishina(k, rng)
    cos = 1 - (1 / share - 1) / k
    after = photons["e"] * share
    kinetic = photons["e"] - after
    momentum = np.sqrt(kinetic * (kinetic + 2 * lead.MASS_MEV))
    recoil = np.clip((photons["e"] - after * cos) / momentum, -1, 1)
    turn = rng.random(k.size) * 2 * np.pi
    hit = _electrons(photons, kinetic + lead.MASS_MEV, -1, record)
    _aim(hit, np.arccos(recoil), turn + np.pi)
    scattered = {**photons, "e": after}
    _aim(scattered, np.arccos(np.clip(cos, -1, 1)), turn)
    return scattered, hit


def _aim(pool: Pool, theta: np.ndarray, phi: np.ndarray) -> None:
    angles = np.stack([theta * np.cos(phi), theta * np.sin(phi)])
    pool["dx"], pool["dy"], pool["dz"] = _turn(pool["dx"], pool["dy"], pool["dz"], angles)


def _klein_nishina(k: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw the share of the photon's energy that it keeps, by rejection."""
    share = np.empty(k.size)
    todo = np.arange(k.size)
    while todo.size:
        here = k[todo]
        low = 1 / (1 + 2 * here)
        one, two = np.log(1 / low), 0.5 * (1 - low**2)
        first = rng.random(todo.size) * (one + two) < one
        draw = rng.random(todo.size)
        trial = np.where(first, low**draw, np.sqrt(low**2 + (1 - low**2) * draw))
        versine = (1 / trial - 1) / here
        weight = 1 - trial * versine * (2 - versine) / (1 + trial**2)
        good = rng.random(todo.size) < weight
        share[todo[good]] = trial[good]
        todo = todo[~good]
    return share
