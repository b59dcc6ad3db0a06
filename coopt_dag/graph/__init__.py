"""Pure questions about DAGs: order, cycles, ancestors, node keys, what is missing.

Floor: cellar. Doors: `order`, `plan`, `keys`; no file is touched here.
"""
