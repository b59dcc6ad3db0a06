def control(inputs, truths, *, rng):
    return {"total": {"value": 10000 * (1 + rng.random())}}
