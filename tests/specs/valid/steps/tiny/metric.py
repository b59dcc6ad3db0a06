"""Absolute error of the total."""


def score(reference, prediction):
    return {"error": abs(reference["value"] - prediction["value"])}
