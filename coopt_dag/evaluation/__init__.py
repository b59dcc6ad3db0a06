"""One submission's way through one step: fetch, run, score, gate, record.

Floor: 2nd. Doors: `submit`, `evaluate`, `check`.
"""
