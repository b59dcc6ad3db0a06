"""Make one split of the challenge: training volumes with their truth, and target volumes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from opera import volumes

FIRST_TARGET = 100_000
"""Numbers of target volumes start here, those of training volumes at 0."""
WHOLE = ("volume", "track", "plate", "shower", "particle", "a", "b")
"""Columns of int32; all others are float64."""

Table = dict[str, np.ndarray]


def simulate(out: Path, *, rng: np.random.Generator, params: dict) -> None:
    """Write a split of `params["training"]` and `params["targets"]` volumes below `out`.

    The files tracks (all volumes), training_labels, training_showers, training_links (training
    volumes), labels, showers and true_links (target volumes) are in parquet, sorted by key.
    """
    training = np.arange(params["training"])
    targets = FIRST_TARGET + np.arange(params["targets"])
    made = volumes.make(np.concatenate([training, targets]), plan=volumes.Plan(), rng=rng)
    _write(out / "tracks.parquet", made["tracks"])
    for name, known in (("labels", "labels"), ("showers", "showers"), ("true_links", "links")):
        target = made[name]["volume"] >= FIRST_TARGET
        _write(out / f"training_{known}.parquet", _rows(made[name], ~target))
        _write(out / f"{name}.parquet", _rows(made[name], target))


def _rows(table: Table, pick: np.ndarray) -> Table:
    return {name: column[pick] for name, column in table.items()}


def _write(path: Path, table: Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    kinds = {name: np.int32 if name in WHOLE else np.float64 for name in table}
    columns = {name: column.astype(kinds[name]) for name, column in table.items()}
    pq.write_table(pa.table(columns), path, compression="zstd")
