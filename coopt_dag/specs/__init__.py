"""YAML folders become the model; every complaint has a path and a line.

Floor: ground. Doors: `load_*` and `lint`.
"""
