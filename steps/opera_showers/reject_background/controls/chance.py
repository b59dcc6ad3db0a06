"""Floor: a probability drawn at random for every base-track."""


def control(inputs, truths, *, rng):
    keys = inputs["tracks"][["volume", "track"]].sort_values(["volume", "track"], ignore_index=True)
    return {"signal": keys.assign(probability=rng.random(len(keys)))}
