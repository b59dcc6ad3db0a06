"""Commands: parse, wire the adapters, print, exit.

Floor: roof. Doors: `main`.
"""
