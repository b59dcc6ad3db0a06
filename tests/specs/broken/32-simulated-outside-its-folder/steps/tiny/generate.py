def simulate(out, *, rng, params):
    raise NotImplementedError
