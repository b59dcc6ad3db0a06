"""RMSE of the final answer, in stars, and whether a forecast of x stars means x stars."""

from coopt_dag.metrics.calibration import calibration_error
from coopt_dag.metrics.regression import bias, rmse, squared_errors


def score(reference, prediction):
    """Compare stars foretold with stars given; reliability over ten bins of equal size."""
    truth, guess = reference["rating"], prediction["prediction"]
    return {
        "rmse": rmse(truth, guess),
        "calibration_error": calibration_error(truth, guess, bins=10),
        "bias": bias(truth, guess),
    }


def losses(reference, prediction):
    """Squared error of each hidden rating, in stars squared."""
    return squared_errors(reference["rating"], prediction["prediction"])
