"""A whole challenge on real data, node by node in this process, each node run once."""

from __future__ import annotations

import runpy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from tests.steps.bench import Bench


@dataclass(slots=True)
class Pipeline:
    """Runs chosen solutions on one split; tables only."""

    folder: Path
    data: Path
    split: str
    scratch: Path
    made: dict[tuple[Any, ...], dict[str, pd.DataFrame]] = field(default_factory=dict)

    @property
    def spec(self) -> dict[str, Any]:
        return dict(yaml.safe_load((self.folder / "challenge.yaml").read_text()))

    def truth(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.data / self.spec["splits"][self.split]["truths"][name])

    def outputs(self, step: str, chosen: dict[str, str]) -> dict[str, pd.DataFrame]:
        """Run a step after all that it needs; a node is known by its solution and its inputs."""
        ports = {}
        for edge in self.spec["edges"]:
            owner, port = edge["to"].split(".")
            if owner == step:
                ports[port] = edge["from"].split(".")
        inputs = {port: self._source(at[0], at[1], chosen) for port, at in ports.items()}
        node = (step, chosen[step], *(id(table) for table in inputs.values()))
        if node not in self.made:
            self.made[node] = self._run(step, chosen[step], inputs)
        return self.made[node]

    def step_score(self, step: str, chosen: dict[str, str]) -> float:
        metric = Bench(self.folder / step).spec.metric
        prediction = self.outputs(step, chosen)[metric.prediction]
        values = self._score(self.folder / step / "metric.py", metric, prediction)
        return float(values[metric.name])

    def end_to_end(self, chosen: dict[str, str]) -> dict[str, float]:
        last = Bench(self.folder / self.spec["end_to_end"]["step"])
        metric = last.challenge.end_to_end.metric
        prediction = self.outputs(last.spec.id, chosen)[metric.prediction]
        return self._score(self.folder / "metric.py", metric, prediction)

    def _source(self, owner: str, port: str, chosen: dict[str, str]) -> pd.DataFrame:
        if owner != "data":
            return self.outputs(owner, chosen)[port]
        known = self.made.setdefault(("data",), {})
        if port not in known:
            known[port] = pd.read_parquet(
                self.data / self.spec["splits"][self.split]["inputs"][port]
            )
        return known[port]

    def _run(
        self, step: str, solution: str, inputs: dict[str, pd.DataFrame]
    ) -> dict[str, pd.DataFrame]:
        folder = Bench(self.folder / step).solutions()[solution]
        params = yaml.safe_load((folder / "solution.yaml").read_text()).get("params", {})
        solve = runpy.run_path(str(folder / "run.py"))["solve"]
        return dict(solve(inputs, params=params, rng=np.random.default_rng(1)))

    def _score(self, code: Path, metric: Any, prediction: pd.DataFrame) -> dict[str, float]:
        truth = self.truth(metric.truth)
        if metric.join == "key":
            key = ["user", "movie"]
            prediction = truth[key].merge(prediction, on=key, how="left", validate="1:1")
        return dict(runpy.run_path(str(code))["score"](truth, prediction))
