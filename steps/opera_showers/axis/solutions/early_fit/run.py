"""A robust line through the first films of a shower, where the electron is still straight.

Each early base-track of a cluster is tried as the electron: what follows it, nearer than its kind
usually scatters by that depth, supports it. From the best one a line is fitted through positions
and slopes of the films that follow, each base-track weighing by the scatter at its depth and by
how well it fits (a Cauchy distribution's likelihood, by iterated weights). How far base-tracks
scatter at each depth is learnt from the training showers. The start is found again on all
base-tracks of the volume, for clusters lack some. After P. W. Holland and R. E. Welsch, Robust
regression using iteratively reweighted least-squares, doi:10.1080/03610927708827533.
"""

import numpy as np
import pandas as pd
from opera.geometry import PITCH_UM

KEY = ["volume", "cluster"]
COLUMNS = ["x", "y", "plate", "tx", "ty"]
X, Y, PLATE, TX, TY = range(5)


def solve(inputs, *, params, rng):
    tracks = inputs["tracks"].merge(inputs["signal"], on=["volume", "track"], validate="1:1")
    tracks = tracks.merge(inputs["clusters"], on=["volume", "track"], validate="1:1")
    tracks = tracks.sort_values(["volume", "plate", "x", "y", "track"], ignore_index=True)
    scatter = _scatter(inputs, params)
    rows = []
    for volume, group in tracks.groupby("volume", sort=True):
        values = group[COLUMNS].to_numpy(dtype=float)
        sure, cluster = group["probability"].to_numpy(), group["cluster"].to_numpy()
        for one in np.unique(cluster[cluster >= 0]):
            line = _axis(values, sure, cluster == one, scatter, params)
            rows.append((volume, one, *line))
    axes = pd.DataFrame(rows, columns=[*KEY, *COLUMNS])
    return {"axes": axes.astype({"volume": "int32", "cluster": "int32", "plate": "int32"})}


def _scatter(inputs, params):
    """Distance (um) and angle within which a part of the base-tracks is, at each depth."""
    own = inputs["tracks"].merge(inputs["training_labels"], on=["volume", "track"])
    own = own.merge(inputs["training_showers"], on=["volume", "shower"], suffixes=("", "_true"))
    depth = np.minimum(own["plate"] - own["plate_true"], params["depth"]).to_numpy()
    axis = own[[f"{c}_true" for c in COLUMNS]].to_numpy(dtype=float)
    far, bent = _deviations(own[COLUMNS].to_numpy(dtype=float), axis.T)
    table = np.ones((params["depth"] + 1, 2))
    for k in range(params["depth"] + 1):
        here = depth == k
        if here.sum() >= 10:
            table[k] = [np.quantile(v[here], params["part"]) for v in (far, bent)]
        elif k:
            table[k] = table[k - 1] * 1.2
    return np.maximum.accumulate(table)


def _deviations(values, axis):
    """Distance from an axis in um and angle to it, of each base-track."""
    ahead = PITCH_UM * (values[:, PLATE] - axis[PLATE])
    far = np.hypot(
        values[:, X] - axis[X] - axis[TX] * ahead, values[:, Y] - axis[Y] - axis[TY] * ahead
    )
    return far, np.hypot(values[:, TX] - axis[TX], values[:, TY] - axis[TY])


def _axis(values, sure, own, scatter, params):
    members = values[own]
    seed = _seed(members, sure[own], scatter, params)
    wide = sure * np.where(own, 1.0, params["stranger"])
    for _ in range(params["rounds"]):
        line = _fit(values, wide, seed, scatter, params)
        start = _start(values, wide, line, scatter, params)
        if start == line[PLATE]:
            break
        seed = _carried(line, start)
    return _carried(line, start)


def _seed(members, sure, scatter, params):
    """The early base-track that has most support downstream."""
    early = members[:, PLATE] <= members[:, PLATE].min() + params["search"]
    best, most = members[0], -1.0
    for one in members[early][: params["candidates"]]:
        weight = _weights(members, sure, one, scatter, params)
        support = weight.sum()
        if support > most:
            best, most = one, support
    return best


def _weights(values, sure, axis, scatter, params):
    """How much each base-track belongs to an axis: 1 on it, falling as a Cauchy distribution."""
    depth = (values[:, PLATE] - axis[PLATE]).astype(int)
    scale = scatter[np.clip(depth, 0, len(scatter) - 1)] * params["width"]
    far, bent = _deviations(values, axis)
    fit = 1.0 + (far / scale[:, 0]) ** 2 + (bent / scale[:, 1]) ** 2
    return np.where((depth >= 0) & (depth < params["depth"]), sure / fit, 0.0)


def _fit(values, sure, axis, scatter, params):
    """Line through positions and slopes, by iterated weights; in the film of `axis`."""
    for _ in range(params["iterations"]):
        weight = _weights(values, sure, axis, scatter, params)
        near = weight > 1e-6
        depth = (values[near, PLATE] - axis[PLATE]).astype(int)
        scale = scatter[np.clip(depth, 0, len(scatter) - 1)]
        place = weight[near] / scale[:, 0] ** 2
        slope = weight[near] / scale[:, 1] ** 2
        ahead = PITCH_UM * depth
        normal = np.array(
            [
                [place.sum(), (place * ahead).sum()],
                [(place * ahead).sum(), (place * ahead**2).sum() + slope.sum()],
            ]
        )
        if near.sum() == 0:
            return axis
        new = axis.copy()
        for at, tilt in ((X, TX), (Y, TY)):
            right = [
                (place * values[near, at]).sum(),
                (place * ahead * values[near, at]).sum() + (slope * values[near, tilt]).sum(),
            ]
            new[at], new[tilt] = np.linalg.solve(normal, right)
        axis = new
    return axis


def _start(values, sure, line, scatter, params):
    """The first film: as far upstream as base-tracks lie on the line without a long gap."""
    back = line[PLATE] - values[:, PLATE]
    far, bent = _deviations(values, line)
    scale = scatter[np.clip(np.abs(back).astype(int), 0, len(scatter) - 1)]
    on = (far < params["road"] * scale[:, 0]) & (bent < params["road"] * scale[:, 1])
    on &= sure > params["least"]
    films = np.unique(values[on, PLATE])
    start = line[PLATE]
    behind = films[films >= start]
    if len(behind):
        start = behind[0]
    for film in films[::-1]:
        if start - params["gap"] <= film < start:
            start = film
    return start


def _carried(line, plate):
    """The same line, told in another film."""
    ahead = PITCH_UM * (plate - line[PLATE])
    return np.array(
        [line[X] + line[TX] * ahead, line[Y] + line[TY] * ahead, plate, line[TX], line[TY]]
    )
