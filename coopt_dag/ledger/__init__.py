"""Who did what, and when: one protocol over memory, an embedded EVM, or any JSON-RPC.

Floor: 1st. Doors: the `Ledger` protocol, its adapters and conformance rules.
"""
