"""The part that runs inside a step's own environment: standard library only until a type asks.

It is loaded by path, so a step's environment needs nothing of ours installed, and sees
nothing of the host's packages.
"""
