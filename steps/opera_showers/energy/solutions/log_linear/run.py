"""The logarithm of the energy, linear in a few figures of each shower, fitted against outliers.

The errors of a calorimeter are relative, so the logarithm is fitted. What a base-track adds is its
probability; base-tracks of overlapping showers are shared by how near they are to each axis, so
that the clusters' mistakes are partly undone. Depth and width tell what left the brick. Huber's
loss keeps training showers that were merged or split from spoiling the fit: P. J. Huber, Robust
estimation of a location parameter, 1964, doi:10.1214/aoms/1177703732.
"""

import numpy as np
from opera.geometry import PITCH_UM
from opera.matching import FIRST_TARGET, match

CLUSTER, TRACK = ["volume", "cluster"], ["volume", "track"]
COLUMNS = ["x", "y", "plate", "tx", "ty"]
X, Y, PLATE, TX, TY = range(5)
ENERGIES_GEV = (0.1, 200.0)


def solve(inputs, *, params, rng):
    axes = inputs["axes"].sort_values(CLUSTER, ignore_index=True)
    known = axes["volume"].to_numpy() < FIRST_TARGET
    showers = inputs["training_showers"].sort_values(["volume", "shower"], ignore_index=True)
    claim = match(showers, axes[known], first=0)
    if not (claim >= 0).any():  # nothing to learn from
        return {"reconstructed": axes.assign(energy=float(showers["energy"].median()))}
    figures = _figures(inputs, axes, params)
    seen = figures[known][claim[claim >= 0]]
    energy = np.log(showers["energy"].to_numpy()[claim >= 0])
    foretold = _fit(seen, energy, params)(figures)
    return {"reconstructed": axes.assign(energy=np.clip(np.exp(foretold), *ENERGIES_GEV))}


def _figures(inputs, axes, params):
    """What is known of each axis's shower, shape (axes, figures)."""
    tracks = inputs["tracks"].merge(inputs["signal"], on=TRACK, validate="1:1")
    tracks = tracks.merge(inputs["clusters"], on=TRACK, validate="1:1")
    tracks = tracks.sort_values(["volume", "plate", "x", "y", "track"], ignore_index=True)
    rows = tracks.groupby("volume").indices
    values, sure = tracks[COLUMNS].to_numpy(dtype=float), tracks["probability"].to_numpy()
    cluster = tracks["cluster"].to_numpy()
    lines, name = axes[COLUMNS].to_numpy(dtype=float), axes["cluster"].to_numpy()
    parts = []
    for volume, at in axes.groupby("volume", sort=True).indices.items():
        here = rows[volume]
        own = cluster[here][:, None] == name[at][None, :]
        parts.append(_of_volume(values[here], sure[here], own, lines[at], params))
    return np.concatenate(parts)


def _of_volume(values, sure, own, lines, params):
    """Figures of all axes of a volume; arrays are (base-tracks, axes)."""
    depth = values[:, [PLATE]] - lines[:, PLATE]
    far, bent = _deviations(values, lines, PITCH_UM * depth)
    ahead = np.maximum(depth, 0)
    wide = params["far_um"][0] + params["far_um"][1] * ahead
    tilted = params["bent"][0] + params["bent"][1] * ahead
    fit = np.where(depth >= 0, (1.0 + (far / wide) ** 2 + (bent / tilted) ** 2) ** -1.5, 0.0)
    pull = fit * (1.0 + params["own"] * own)
    share = pull / np.maximum(pull.sum(axis=1, keepdims=True), 1e-12)
    road = (depth >= -1) & (far < params["road"] * wide) & (bent < 2 * params["road"] * tilted)
    part = sure[:, None] * share * road
    whole = np.maximum(part.sum(axis=0), 0.5)
    others = (sure[:, None] * road * (1.0 - share)).sum(axis=0)
    return np.column_stack(
        [
            np.log(np.maximum((sure[:, None] * own).sum(axis=0), 0.5)),
            np.log(whole),
            np.log(0.5 + (part * (far < params["core_um"])).sum(axis=0)),
            lines[:, PLATE],
            (part * depth).sum(axis=0) / whole,
            (part * np.minimum(far, 3000.0)).sum(axis=0) / whole,
            (part * np.minimum(bent, 0.5)).sum(axis=0) / whole,
            np.log1p(others / whole),
        ]
    )


def _deviations(values, lines, ahead):
    """Distance from each axis in um, and the angle to it."""
    x = values[:, [X]] - lines[:, X] - lines[:, TX] * ahead
    y = values[:, [Y]] - lines[:, Y] - lines[:, TY] * ahead
    return np.hypot(x, y), np.hypot(values[:, [TX]] - lines[:, TX], values[:, [TY]] - lines[:, TY])


def _fit(figures, wanted, params):
    """Huber's regression with a small ridge, by iterated weights; gives the function found."""
    middle, spread = figures.mean(axis=0), figures.std(axis=0) + 1e-9

    def design(rows):
        return np.column_stack([np.ones(len(rows)), (rows - middle) / spread])

    rows, weight = design(figures), np.ones(len(figures))
    ridge = params["ridge"] * np.eye(rows.shape[1])
    ridge[0, 0] = 0.0
    for _ in range(params["iterations"]):
        weighted = rows * weight[:, None]
        slopes = np.linalg.solve(weighted.T @ rows + ridge, weighted.T @ wanted)
        missed = np.abs(wanted - rows @ slopes)
        scale = max(1.4826 * np.median(missed), 1e-6)
        weight = np.minimum(1.0, params["huber"] * scale / np.maximum(missed, 1e-12))
    return lambda asked: design(asked) @ slopes
