"""Reusable pure scores: arrays in, float out; unit, range, direction and DOI on each.

Floor: cellar. Doors: functions that a step's `metric.py` may call.
"""
