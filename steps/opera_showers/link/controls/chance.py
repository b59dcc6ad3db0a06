"""Floor: pairs of tracks from neighbouring films, wherever they lie, with random scores."""

import numpy as np
import pandas as pd

OTHERS = 3
"""Pairs a track."""


def control(inputs, truths, *, rng):
    tracks = inputs["tracks"].sort_values(["volume", "plate", "track"], ignore_index=True)
    film = tracks["volume"].to_numpy().astype(np.int64) * 64 + tracks["plate"].to_numpy()
    first = np.searchsorted(film, film + 1, side="left")
    after = np.searchsorted(film, film + 1, side="right")
    rows = np.repeat(np.flatnonzero(after > first), OTHERS)
    drawn = first[rows] + (rng.random(rows.size) * (after - first)[rows]).astype(int)
    links = pd.DataFrame(
        {
            "volume": tracks["volume"].to_numpy()[rows],
            "a": tracks["track"].to_numpy()[rows],
            "b": tracks["track"].to_numpy()[drawn],
        }
    ).drop_duplicates(ignore_index=True)
    return {"links": links.assign(score=rng.random(len(links)))}
