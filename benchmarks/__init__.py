"""Measurements with their peers in the same run; `python -m benchmarks` writes results.json."""
