"""Ceiling: the hidden stars themselves."""

KEY = ["user", "movie"]


def control(inputs, truths, *, rng):
    told = inputs["targets"][KEY].merge(truths["rated"], on=KEY, how="left")
    told["rating"] = told["rating"].fillna(3.0)  # targets of another split
    return {"predictions": told.rename(columns={"rating": "prediction"})}
