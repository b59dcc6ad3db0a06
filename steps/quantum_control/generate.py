"""Draw what the noise of a transmon was on calibration runs and on hidden days.

Noise is quasi-static: it stays during a gate and differs between draws. A part of it is the
day's, shared by its draws; a mean error of drive and frequency is the device's and is in no data
sheet. The evolution itself is computed by `lib/transmon`, by whoever judges or designs a pulse.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from transmon import design

TOLERANCE = {"detuning_mhz": 4.0, "amplitude": 0.08, "anharmonicity_mhz": 2.0}
"""Of the data sheet: beyond four widths of what is drawn."""


def simulate(out: Path, *, rng: np.random.Generator, params: dict) -> None:
    """Write device.json, calibration.parquet and draws.parquet of one split into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    calibration = noise(rng, days=params["calibration_days"], params=params)
    hidden = noise(rng, days=params["hidden_days"], params=params)
    _write_table(out / "calibration.parquet", calibration)
    _write_table(out / "draws.parquet", hidden)
    text = json.dumps(data_sheet(params), indent=1, sort_keys=True) + "\n"
    (out / "device.json").write_text(text, encoding="utf-8")


def noise(rng: np.random.Generator, *, days: int, params: dict) -> dict[str, np.ndarray]:
    """Draw `days` days of `draws` draws: mean + the day's part + the draw's own part.

    `params[noise]` of each noise holds `mean`, `of_day` and `of_draw` (standard deviations).
    """
    draws = params["draws"]
    table = {
        "day": np.repeat(np.arange(days, dtype=np.int32), draws),
        "draw": np.tile(np.arange(draws, dtype=np.int32), days),
    }
    for name in ("detuning", "amplitude", "anharmonicity"):
        widths = params[name]
        of_day = rng.normal(0.0, widths["of_day"], days)
        own = rng.normal(0.0, widths["of_draw"], days * draws)
        table[name] = widths["mean"] + np.repeat(of_day, draws) + own
    return table


def data_sheet(params: dict) -> dict[str, float]:
    """Give what the maker says of the device: times, limits, tolerances."""
    return {
        "anharmonicity_mhz": params["anharmonicity"]["mean"],
        "levels": design.LEVELS,
        "samples": design.SAMPLES,
        "sample_ns": design.SAMPLE_NS,
        "gate_ns": design.GATE_NS,
        "guard_ns": design.GUARD_NS,
        "bandwidth_mhz": design.BANDWIDTH_MHZ,
        "max_drive_mhz": design.MAX_DRIVE_MHZ,
        "detuning_tolerance_mhz": TOLERANCE["detuning_mhz"],
        "amplitude_tolerance": TOLERANCE["amplitude"],
        "anharmonicity_tolerance_mhz": TOLERANCE["anharmonicity_mhz"],
    }


def _write_table(path: Path, table: dict[str, np.ndarray]) -> None:
    pq.write_table(pa.table(table), path, compression="zstd", store_schema=False)
