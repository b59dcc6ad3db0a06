"""Floor: each cluster points as one of its own base-tracks does, drawn at random, from there."""


def control(inputs, truths, *, rng):
    tracks = inputs["tracks"].merge(inputs["clusters"], on=["volume", "track"], validate="1:1")
    tracks = tracks[tracks["cluster"] >= 0].sort_values(["volume", "track"])
    drawn = tracks.assign(lot=rng.random(len(tracks))).sort_values("lot")
    drawn = drawn.drop_duplicates(["volume", "cluster"])
    return {"axes": drawn.drop(columns=["track", "lot"])}
