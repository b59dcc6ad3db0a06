"""Turn the raw MovieLens-100k file into the splits of the challenge, byte for byte the same.

The held-out set is built like the Netflix Prize's: the last nine ratings of each user, and
a fixed coin decides for each whether it is quiz or sealed. The public split repeats the
construction one level down, so that a check on it predicts what quiz will say.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HELD_OUT = 9
"""Ratings held out per user, as in the Netflix Prize."""
COIN_SEED = 0
"""Fixed before any model was fitted; gives 4,256 quiz and 4,231 sealed ratings."""
EXPECTED_ROWS = 100_000

Table = dict[str, np.ndarray]


def prepare(raw: Path, out: Path) -> None:
    """Write `out`/{public,qualifying,quiz,sealed}/*.parquet from `raw`/**/ml-100k.inter."""
    everything = _read(raw)
    known, held = _hold_out_last(everything)
    quiz = np.random.default_rng(COIN_SEED).random(held["user"].size) < 0.5
    fit, public = _hold_out_last(known)

    _write_inputs(out / "public", fit, public)
    _write_truths(out / "public", fit, public)
    _write_inputs(out / "qualifying", known, held)
    _write_truths(out / "quiz", known, _rows(held, quiz))
    _write_truths(out / "sealed", known, _rows(held, ~quiz))


def _read(raw: Path) -> Table:
    """Read the raw file in its own order, which breaks ties between equal time stamps."""
    found = sorted(raw.rglob("ml-100k.inter"))
    if not found:
        raise FileNotFoundError(f"no ml-100k.inter below {raw}")
    with found[0].open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream, delimiter="\t")
        names = [field.split(":")[0] for field in next(reader)]
        rows = np.array([[float(cell) for cell in row] for row in reader])
    if names != ["user_id", "item_id", "rating", "timestamp"] or len(rows) != EXPECTED_ROWS:
        raise ValueError(f"{found[0].name}: not the 100,000 ratings of MovieLens-100k")
    table = {
        "user": rows[:, 0].astype(np.int32),
        "movie": rows[:, 1].astype(np.int32),
        "rating": rows[:, 2],
        "timestamp": rows[:, 3].astype(np.int64),
    }
    return _rows(table, np.lexsort((np.arange(len(rows)), table["timestamp"], table["user"])))


def _hold_out_last(table: Table) -> tuple[Table, Table]:
    """Part a table that is ordered by user and time into (earlier, last nine of each user)."""
    user = table["user"]
    ends = np.searchsorted(user, user, side="right")
    last = ends - np.arange(user.size) <= HELD_OUT
    return _rows(table, ~last), _rows(table, last)


def _rows(table: Table, pick: np.ndarray) -> Table:
    return {name: column[pick] for name, column in table.items()}


def _write_inputs(folder: Path, ratings: Table, held: Table) -> None:
    _write(folder / "ratings.parquet", ratings, ["user", "movie", "rating", "timestamp"])
    _write(folder / "targets.parquet", held, ["user", "movie", "timestamp"])


def _write_truths(folder: Path, ratings: Table, held: Table) -> None:
    _write(folder / "rated.parquet", held, ["user", "movie", "rating"])
    both = {name: np.concatenate([ratings[name], held[name]]) for name in ratings}
    both["held"] = np.arange(both["user"].size) >= ratings["user"].size
    _write(folder / "everything.parquet", both, ["user", "movie", "rating", "held"])


def _write(path: Path, table: Table, columns: list[str]) -> None:
    """Write rows by (user, movie): the file's order then tells nothing about time."""
    order = np.lexsort((table["movie"], table["user"]))
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        pa.table({name: table[name][order] for name in columns}), path, compression="zstd"
    )
