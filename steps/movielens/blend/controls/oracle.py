"""Ceiling: the stars themselves, wherever they are known to anybody."""

KEY = ["user", "movie"]


def control(inputs, truths, *, rng):
    parts = inputs["parts"]
    probe = parts.loc[parts["part"] == "probe", [*KEY, "rating"]]
    told = inputs["targets"][KEY].merge(truths["rated"], on=KEY, how="left")
    told["rating"] = told["rating"].fillna(parts["rating"].mean())  # targets of another split
    return {
        "probe": probe.rename(columns={"rating": "prediction"}),
        "predictions": told.rename(columns={"rating": "prediction"}),
    }
