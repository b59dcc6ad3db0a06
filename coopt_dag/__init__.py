"""Decompose a research challenge into a DAG of steps, re-run every claim, keep provable credit."""

__version__ = "0.1.0"
