def solve(inputs, *, params, rng):
    return {"doubled": {"values": [params["factor"] * v for v in inputs["numbers"]["values"]]}}
