"""Bytes by content: real IPFS CIDs (profile `unixfs-v1-2025`), verified on every read.

Floor: 1st. Doors: the `Store` protocol with its memory and local adapters; `add_path`,
`cid_of` and `fetch_path` between files and CIDs.
"""
