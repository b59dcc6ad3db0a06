"""Verifying a challenge as an outsider: everything again, from ledger and store alone."""
