"""Ceiling: the true axes; clusters are those of the showers themselves."""


def control(inputs, truths, *, rng):
    axes = truths["showers"].rename(columns={"shower": "cluster"}).drop(columns="energy")
    return {"axes": axes}
