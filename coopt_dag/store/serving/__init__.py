"""A read-only HTTP gateway over any store: trustless (raw, CAR) and plain (files, folders).

Doors: `server.serve` for a command, `server.background` for tests and programs.
"""
