"""Plan to results: Snakemake, the node runner, environments, the typed-artifact harness.

Floor: 1st. Doors: the only door to processes.
"""
