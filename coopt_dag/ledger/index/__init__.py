"""The ledger's events in one SQLite file, with everything that boards and profiles ask of them.

The file is a copy: it can be deleted at any time, and is made anew from the chain.
"""
