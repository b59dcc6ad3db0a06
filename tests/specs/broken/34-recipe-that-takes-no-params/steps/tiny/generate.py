"""Draws."""


def simulate(out, *, rng):
    raise NotImplementedError
