"""Mean absolute error of the doubled numbers."""


def losses(reference, prediction):
    if len(reference["values"]) != len(prediction["values"]):
        raise ValueError("prediction has another length than the reference")
    return [abs(r - p) for r, p in zip(reference["values"], prediction["values"], strict=True)]


def score(reference, prediction):
    found = losses(reference, prediction)
    return {"mae": sum(found) / len(found)}
