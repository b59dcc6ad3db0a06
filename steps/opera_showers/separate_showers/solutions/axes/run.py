"""Each shower is a cloud about a straight axis; as many axes as the base-tracks ask for.

The density of base-tracks about an axis, in place and slope, falls as a power of the distance over
a width that grows with depth; along the axis it rises and falls as a gamma shape (E. Longo and
I. Sestili, doi:10.1016/0029-554X(75)90679-5). Every likely base-track of the first films offers
its own line as an axis. The line that adds most to the Poisson likelihood is taken, if it adds
enough; then all axes and contents are fitted by expectation and maximisation (A. P. Dempster et
al., doi:10.1111/j.2517-6161.1977.tb01600.x), and so on. In the end linked base-tracks pull each
other to the same shower. The widths were fitted on volumes simulated for that, with other seeds.
"""

from itertools import pairwise

import numpy as np
from opera.geometry import PITCH_UM
from scipy.sparse import csr_matrix
from scipy.special import gammaln

TRACK = ["volume", "track"]
COLUMNS = ["x", "y", "plate", "tx", "ty"]
X, Y, PLATE, TX, TY = range(5)


def solve(inputs, *, params, rng):
    tracks = inputs["tracks"].merge(inputs["signal"], on=TRACK, validate="1:1")
    tracks = tracks.sort_values(["volume", "plate", "x", "y", "track"], ignore_index=True)
    chosen = np.flatnonzero(tracks["probability"] >= params["sure"])
    near = _links(tracks, inputs["links"], chosen)
    values = tracks[COLUMNS].to_numpy(dtype=float)[chosen]
    sure = tracks["probability"].to_numpy()[chosen]
    volume = tracks["volume"].to_numpy()[chosen]
    cluster = np.full(len(tracks), -1, dtype=np.int32)
    edges = np.flatnonzero(np.diff(volume, prepend=-1, append=-1))
    for begin, end in pairwise(edges):
        rows = slice(begin, end)
        mine = _of_volume(values[rows], sure[rows], near[rows, rows], params)
        cluster[chosen[rows]] = mine
    return {"clusters": tracks[TRACK].assign(cluster=cluster)}


def _links(tracks, links, chosen):
    """Scores between chosen base-tracks, both ways."""
    place = np.full(len(tracks), -1)
    place[chosen] = np.arange(len(chosen))
    a, b = (place[_rows(tracks, links["volume"], links[end])] for end in "ab")
    both = (a >= 0) & (b >= 0)
    score = links["score"].to_numpy()[both]
    one = csr_matrix((score, (a[both], b[both])), shape=(len(chosen),) * 2)
    return (one + one.T).tocsr()


def _rows(tracks, volume, track):
    """Position of each (volume, track), all of which are there."""
    known, asked = _key(tracks["volume"], tracks["track"]), _key(volume, track)
    order = np.argsort(known)
    return order[np.searchsorted(known[order], asked)]


def _key(volume, track):
    return volume.to_numpy(dtype=np.int64) << 32 | track.to_numpy(dtype=np.int64)


def _of_volume(values, sure, near, params):
    """Give the cluster of each base-track of a volume; -1 = in none."""
    lines, content = _axes(values, sure, params)
    if not len(lines):
        return np.full(len(values), -1)
    mass = content * _density(values, lines, params)
    share = mass / (params["stray"] + mass.sum(axis=1, keepdims=True))
    pull = np.log(mass + 1e-300)
    for _ in range(params["rounds"]):
        vote = pull + params["pull"] * (near @ share)
        weight = np.exp(vote - vote.max(axis=1, keepdims=True))
        share = weight / weight.sum(axis=1, keepdims=True)
    best = share.argmax(axis=1)
    size = np.bincount(best, minlength=len(lines))
    inside = (mass.sum(axis=1) > params["edge"] * params["stray"]) & (size[best] >= params["least"])
    return np.where(inside, best, -1)


def _axes(values, sure, params):
    """Find axes one by one; gives lines, shape (showers, 5), and their base-tracks."""
    offers = values[values[:, PLATE] <= params["last_start"]]
    offered = _density(values, offers, params)
    lines, content = np.empty((0, 5)), np.empty(0)
    base = np.full(len(values), params["stray"])
    while len(offers) and len(lines) < params["showers"]:
        many, gain = _gains(offered, base, sure)
        best = int(gain.argmax())
        if gain[best] < params["gain"] + params["gain_each"] * content.sum():
            break
        lines = np.vstack([lines, offers[best]])
        content = np.append(content, many[best])
        lines, content = _refined(values, sure, lines, content, params)
        base = params["stray"] + _density(values, lines, params) @ content
    return lines, content


def _gains(offered, base, sure):
    """What each line adds to the log likelihood, with the content that suits it."""
    ratio = offered / base[:, None]
    many = np.full(offered.shape[1], 30.0)
    for _ in range(4):
        part = ratio * many
        many = sure @ (part / (1.0 + part))
    return many, sure @ np.log1p(ratio * many) - many


def _refined(values, sure, lines, content, params):
    """Fit axes and contents of all showers to the base-tracks that are likely theirs."""
    for _ in range(params["iterations"]):
        mass = content * _density(values, lines, params)
        share = sure[:, None] * mass / (params["stray"] + mass.sum(axis=1, keepdims=True))
        content = np.maximum(share.sum(axis=0), 1.0)
        lines = np.array(
            [_fitted(values, part, line, params) for part, line in zip(share.T, lines, strict=True)]
        )
    return lines, content


def _fitted(values, share, line, params):
    """The line through base-tracks that weigh the less the farther off they are."""
    wide, tilted, pull = _scales(values, line[None], params)
    weight = share * pull[:, 0]
    if weight.sum() < 1e-6:
        return line
    by_place, by_slope = weight / wide[:, 0] ** 2, weight / tilted[:, 0] ** 2
    ahead = (values[:, PLATE] - line[PLATE]) * PITCH_UM
    matrix = np.array([[by_place.sum(), by_place @ ahead], [0.0, by_place @ ahead**2]])
    matrix[1, 0] = matrix[0, 1]
    matrix[1, 1] += by_slope.sum()
    new = line.copy()
    for place, slope in ((X, TX), (Y, TY)):
        at = by_place * values[:, place]
        target = np.array([at.sum(), at @ ahead + by_slope @ values[:, slope]])
        new[[place, slope]] = np.linalg.solve(matrix, target)
    return new


def _scales(values, lines, params):
    """Widths in um and in slope, and 1 / (1 + distance^2), of base-tracks (rows) to axes."""
    depth = values[:, [PLATE]] - lines[:, PLATE]
    far2, bent2 = 0.0, 0.0
    for place, slope in ((X, TX), (Y, TY)):
        far2 = (
            far2 + (values[:, [place]] - lines[:, place] - lines[:, slope] * depth * PITCH_UM) ** 2
        )
        bent2 = bent2 + (values[:, [slope]] - lines[:, slope]) ** 2
    down = np.maximum(depth, 0.0) + 0.5
    wide = params["wide_um"][0] + params["wide_um"][1] * down
    tilted = params["tilted"][0] + params["tilted"][1] * down
    return wide, tilted, 1.0 / (1.0 + far2 / wide**2 + bent2 / tilted**2)


def _density(values, lines, params):
    """Base-tracks per film, um^2 and unit of slope^2 for a shower of one; shape (tracks, axes)."""
    wide, tilted, near = _scales(values, lines, params)
    power, (a, b) = params["power"], params["profile"]
    across = (power - 1) * (power - 2) / np.pi**2 * near**power / (wide * tilted) ** 2
    depth = values[:, [PLATE]] - lines[:, PLATE] + 0.5
    down = np.maximum(depth, 0.5)
    along = np.exp(a * np.log(b) - gammaln(a) + (a - 1) * np.log(down) - b * down)
    return np.where(depth > 0, along + params["floor"], params["floor"] * 0.01) * across
