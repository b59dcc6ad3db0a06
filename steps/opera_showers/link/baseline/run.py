"""Link what lies near where a track points: the nearer, the surer; a gap costs."""

from opera.pairs import near

REACH_UM = 60.0
FILMS = 3


def solve(inputs, *, params, rng):
    tracks = inputs["tracks"].sort_values(["volume", "track"], ignore_index=True)
    pairs = near(tracks, reach_um=REACH_UM, films=FILMS)
    volume, track = tracks["volume"].to_numpy(), tracks["track"].to_numpy()
    links = pairs.assign(
        volume=volume[pairs["a"]],
        score=(1.0 - pairs["distance"] / (REACH_UM * pairs["films"])) / pairs["films"],
        a=track[pairs["a"]],
        b=track[pairs["b"]],
    )
    return {"links": links[["volume", "a", "b", "score"]]}
