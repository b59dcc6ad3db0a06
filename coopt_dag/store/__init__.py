"""Bytes by content: real IPFS CIDs, verified on every read.

Floor: 1st. Doors: the `Store` protocol with memory and local adapters.
"""
