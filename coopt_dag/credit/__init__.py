"""Gains become credit: integers in, integers out, nothing made or lost.

Floor: ground. Doors: `gate`.
"""
