def control(inputs, truths, *, rng):
    values = inputs["numbers"]["values"]
    return {"doubled": {"values": [1000 * (1 + rng.random()) for _ in values]}}
