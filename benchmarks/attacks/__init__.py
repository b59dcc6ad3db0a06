"""The attack laboratory: ten ways to be paid for nothing, against three rules.

`python -m benchmarks.attacks`, or `make attacks`, plays them all and writes docs/attacks.md's
tables and docs/pictures/attacks.svg.
"""
