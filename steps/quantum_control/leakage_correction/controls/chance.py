"""Floor: random samples."""

from transmon.design import SAMPLES


def control(inputs, truths, *, rng):
    return {"pulse": rng.uniform(-50.0, 50.0, (SAMPLES, 2))}
