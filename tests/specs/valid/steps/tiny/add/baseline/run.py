def solve(inputs, *, params, rng):
    return {"total": {"value": inputs["numbers"]["values"][0]}}
