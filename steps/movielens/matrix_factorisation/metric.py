"""RMSE of the prediction so far, in stars."""

from coopt_dag.metrics.regression import mae, rmse, squared_errors


def score(reference, prediction):
    """Compare stars foretold with stars given, row by row."""
    truth, guess = reference["rating"], prediction["prediction"]
    return {"rmse": rmse(truth, guess), "mae": mae(truth, guess)}


def losses(reference, prediction):
    """Squared error of each hidden rating, in stars squared."""
    return squared_errors(reference["rating"], prediction["prediction"])
