"""Absolute error of the sum."""


def score(reference, prediction):
    return {"error": abs(reference["value"] - prediction["value"])}
