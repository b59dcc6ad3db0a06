"""Gains become credit: integers in, integers out, nothing made or lost.

Floor: ground. Doors: `gate` and `decide` (is it better?),
`settlement` and `levels` (who is paid what), `sampling` and `choice` (which runs), `power`.
"""
