"""The mean direction of a cluster's base-tracks, through the middle of them."""

from opera.geometry import PITCH_UM

KEY = ["volume", "cluster"]


def solve(inputs, *, params, rng):
    tracks = inputs["tracks"].merge(inputs["clusters"], on=["volume", "track"], validate="1:1")
    tracks = tracks[tracks["cluster"] >= 0].sort_values(["volume", "track"])
    groups = tracks.groupby(KEY)
    axes = groups[["x", "y", "plate", "tx", "ty"]].mean()
    first = groups["plate"].min()
    back = PITCH_UM * (first - axes["plate"])
    axes["x"] += axes["tx"] * back
    axes["y"] += axes["ty"] * back
    axes["plate"] = first
    return {"axes": axes.reset_index()}
