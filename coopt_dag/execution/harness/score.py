"""Scoring: match prediction and truth, call the pure metric, refuse anything but a number."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import ScoreInvalidError
from coopt_dag.execution.harness import artifacts, work
from coopt_dag.execution.harness.job import SCORE_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

JACKKNIFE_FILE = "jackknife.json"
"""Pseudo-values of the ranking score, one a group."""


def run_score(order: Mapping[str, Any], root: Path, out: Path) -> None:
    """Score one prediction against one truth; write `score.json` and the per-example losses.

    Raises
    ------
    coopt_dag.execution.harness.artifacts.ArtifactError
        The prediction is malformed, or a link, as to the truth; the metric never sees it.
    ScoreInvalidError
        The metric failed, or gave anything but finite numbers.
    """
    prediction_order, truth_order = order["inputs"]
    prediction = artifacts.load(
        "prediction", prediction_order["type"], root / prediction_order["path"]
    )
    truth = artifacts.load("truth", truth_order["type"], root / truth_order["path"], links=True)
    spec = order["metric"]
    if spec["join"] == "key" and truth_order["type"]["kind"] == "table":
        prediction = pick_rows(truth, prediction, list(truth_order["type"]["key"]))
    code = root / order["code"]
    score = work.load_function(code, "score")
    values = check(spec, _ask(score, truth, prediction))
    groups = spec.get("jackknife", 0)
    if groups:
        _refuse_whole_kinds(prediction_order["type"]["kind"], truth_order["type"]["kind"])
        pseudo = pseudo_values(spec, score, truth, prediction, whole=values[spec["name"]])
    document = {
        "schema": "coopt/score/1",
        "challenge": order["challenge"],
        "label": order["label"],
        "metric": spec["name"],
        "unit": spec["unit"],
        "direction": spec["direction"],
        "value": values[spec["name"]],
        "values": values,
        "losses": _write_losses(code, truth, prediction, out),
    }
    if groups:
        document["jackknife"] = _write_numbers(out / JACKKNIFE_FILE, pseudo)
    text = json.dumps(document, sort_keys=True, indent=1, allow_nan=False)
    (out / SCORE_FILE).write_text(text + "\n", encoding="utf-8")


def pick_rows(truth: Any, prediction: Any, key: list[str]) -> Any:
    """Give the prediction's rows for the truth's keys, in the truth's order.

    Raises
    ------
    ScoreInvalidError
        The prediction lacks a key column, or a row that the truth asks for.
    """
    absent = [k for k in key if k not in prediction.columns]
    if absent:
        raise ScoreInvalidError(
            f"the prediction has no column '{absent[0]}' to match rows by",
            hint="metric.join: whole lets the metric match by itself",
        )
    try:
        merged = truth[key].merge(prediction, on=key, how="left", indicator=True, validate="1:1")
    except ValueError as error:
        raise ScoreInvalidError(f"rows cannot be matched by {key}: {error}") from error
    missing = merged["_merge"] != "both"
    if missing.any():
        example = merged.loc[missing, key].iloc[0].to_dict()
        raise ScoreInvalidError(
            f"{int(missing.sum())} of {len(merged)} rows have no prediction, e.g. {example}"
        )
    return merged.drop(columns="_merge")


def check(spec: Mapping[str, Any], values: Any) -> dict[str, float]:
    """Give the metric's values as finite floats, or refuse.

    >>> check({"name": "rmse", "range": [0, 4]}, {"rmse": 1})
    {'rmse': 1.0}
    """
    name = spec["name"]
    try:
        found = {str(k): float(v) for k, v in dict(values).items()}
    except (TypeError, ValueError, OverflowError) as error:
        raise ScoreInvalidError(f"the metric must return names and numbers: {error}") from error
    if name not in found:
        raise ScoreInvalidError(f"the metric returned no '{name}', only {sorted(found)}")
    for key, value in found.items():
        if not math.isfinite(value):
            raise ScoreInvalidError(f"{key} is {value}, which is no number; it never ranks")
    low, high = spec["range"]
    if not low <= found[name] <= high:
        raise ScoreInvalidError(f"{name} is {found[name]:g}, outside its range [{low:g}, {high:g}]")
    return dict(sorted(found.items()))


def pseudo_values(
    spec: Mapping[str, Any], score: Any, truth: Any, prediction: Any, *, whole: float
) -> list[float]:
    """Give groups * score(all) - (groups - 1) * score(all but the group), for each group.

    Row k belongs to group k mod groups. Where there are fewer rows than groups, there are none.

    Parameters
    ----------
    whole : float
        The score of all rows.

    Raises
    ------
    ScoreInvalidError
        The metric has no valid score without one of the groups.

    References
    ----------
    Tukey (1958); Miller, The jackknife (1974), doi:10.1093/biomet/61.1.1.
    """
    groups = int(spec["jackknife"])
    if len(truth) < groups:
        return []
    found = []
    for left in range(groups):
        keep = [row for row in range(len(truth)) if row % groups != left]
        rows = [table.iloc[keep].reset_index(drop=True) for table in (truth, prediction)]
        try:
            part = check(spec, _ask(score, *rows))[spec["name"]]
        except ScoreInvalidError as error:
            raise ScoreInvalidError(f"without group {left} of {groups}: {error.message}") from error
        found.append(groups * whole - (groups - 1) * part)
    return found


def _refuse_whole_kinds(*kinds: str) -> None:
    """Refuse to leave rows out of what has none."""
    for kind in kinds:
        if kind != "table":
            raise ScoreInvalidError(
                f"metric.jackknife leaves out rows of tables, and this is of kind '{kind}'",
                hint="judge a table, or give the metric a function `losses`",
            )


def _ask(function: Any, truth: Any, prediction: Any) -> Any:
    """Call a metric's function; whatever it raises is no score."""
    try:
        return function(truth, prediction)
    except Exception as error:  # the owner's code may raise anything
        raise ScoreInvalidError(
            f"the metric's {function.__name__} raised {type(error).__name__}: {error}"
        ) from error


def _write_losses(code: Path, truth: Any, prediction: Any, out: Path) -> str | None:
    import sys

    module = sys.modules[f"coopt_entry_{code.stem}"]
    losses = getattr(module, "losses", None)
    if losses is None:
        return None
    values = _ask(losses, truth, prediction)
    if not work.has_numpy():
        return _write_numbers(out / "losses.json", _numbers(values))
    import numpy as np

    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ScoreInvalidError(f"losses must be numbers: {error}") from error
    if array.ndim != 1 or not np.isfinite(array).all():
        raise ScoreInvalidError("losses must be a 1-d array of finite numbers")
    np.save(out / "losses.npy", array, allow_pickle=False)
    return "losses.npy"


def _write_numbers(path: Path, numbers: list[float]) -> str:
    path.write_text(json.dumps(numbers) + "\n", encoding="utf-8")
    return path.name


def _numbers(values: Any) -> list[float]:
    try:
        numbers = [float(v) for v in values]
    except (TypeError, ValueError, OverflowError) as error:
        raise ScoreInvalidError(f"losses must be numbers: {error}") from error
    if not all(map(math.isfinite, numbers)):
        raise ScoreInvalidError("a per-example loss is not finite")
    return numbers
