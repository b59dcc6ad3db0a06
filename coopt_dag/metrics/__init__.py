"""Reusable pure scores: arrays in, float out; unit, range, direction and DOI on each.

Floor: cellar. Doors: `regression`, `groups`, `calibration`, `keys`; functions that a step's
`metric.py` may call. It needs numpy alone, so every step's environment can import it.
"""
