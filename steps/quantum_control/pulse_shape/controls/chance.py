"""Floor: a random shape."""

from transmon.design import SAMPLES


def control(inputs, truths, *, rng):
    return {"envelope": rng.uniform(0.0, 1.0, SAMPLES)}
