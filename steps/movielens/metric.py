"""How well the whole pipeline foretells stars: overall, and for the users it serves worst."""

from coopt_dag.metrics.calibration import calibration_error
from coopt_dag.metrics.groups import worst_share_rmse
from coopt_dag.metrics.regression import mae, r2, rmse, squared_errors


def score(reference, prediction):
    """Compare stars foretold with stars given, row by row.

    `rmse` ranks. `worst_decile_rmse` is the RMSE over all ratings of the tenth of users with
    the largest mean squared error. `explained_pct` is the share of the variance explained;
    the gain over the baseline pipeline is told by the framework, which runs both.
    """
    truth, guess = reference["rating"], prediction["prediction"]
    return {
        "rmse": rmse(truth, guess),
        "worst_decile_rmse": worst_share_rmse(truth, guess, reference["user"], share=0.1),
        "mae": mae(truth, guess),
        "explained_pct": 100.0 * r2(truth, guess),
        "calibration_error": calibration_error(truth, guess, bins=10),
    }


def losses(reference, prediction):
    """Squared error of each hidden rating, in stars squared."""
    return squared_errors(reference["rating"], prediction["prediction"])
