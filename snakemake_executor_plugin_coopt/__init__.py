"""Snakemake finds executor plugins by this package's name; the executor lives in `coopt_dag`."""

from coopt_dag.execution.executor import Executor, ExecutorSettings, common_settings

__all__ = ["Executor", "ExecutorSettings", "common_settings"]
