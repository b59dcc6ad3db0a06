"""Snakemake in this process: greedy scheduling, our executor, no metadata, no second opinion."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from snakemake.api import SnakemakeApi
from snakemake.exceptions import WorkflowError
from snakemake.scheduling.greedy import SchedulerSettings as GreedySettings
from snakemake.settings.enums import Quietness, RerunTrigger
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    ExecutionSettings,
    OutputSettings,
    ResourceSettings,
    SchedulingSettings,
)

from coopt_dag.execution.executor import SESSION, ExecutorSettings, Session
from coopt_dag.execution.harness.job import MANIFEST, folder_of
from coopt_dag.execution.run import SNAKEFILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from coopt_dag.execution.pool import Answer, Pool


def make(
    plan: Mapping[str, Any],
    root: Path,
    plan_path: Path,
    missing: Iterable[str],
    *,
    pool: Pool,
    listener: Callable[[Mapping[str, Any], Answer], None],
    cores: int,
) -> bool:
    """Let Snakemake make the missing nodes; give False if some could not be made."""
    # More jobs in flight than slots keeps the pool busy while Snakemake thinks; a step that
    # asks for several cores needs Snakemake's own count instead.
    wide = any(step["cpu"] > 1 for step in plan["steps"].values())
    token = SESSION.set(Session(pool, listener))
    before = os.getcwd()  # noqa: PTH109  # Snakemake changes it; we put it back
    try:
        with SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, show_failed_logs=False)) as api:
            workflow = api.workflow(
                resource_settings=ResourceSettings(cores=cores if wide else max(8, 4 * cores)),
                config_settings=ConfigSettings(
                    config={"plan": plan_path.relative_to(root).as_posix()}
                ),
                snakefile=SNAKEFILE,
                workdir=root,
            )
            dag = workflow.dag(
                DAGSettings(
                    targets={f"{folder_of(plan, k)}/{MANIFEST}" for k in missing},
                    rerun_triggers={RerunTrigger.INPUT},
                    force_incomplete=False,
                )
            )
            try:
                dag.execute_workflow(
                    executor="coopt",
                    executor_settings=ExecutorSettings(),
                    execution_settings=ExecutionSettings(
                        latency_wait=0,
                        lock=False,  # the store has a lock of its own
                        ignore_incomplete=True,  # a node without manifest is not there
                        keep_metadata=False,
                        keep_going=True,
                    ),
                    scheduler_settings=GreedySettings(),
                    greedy_scheduler_settings=GreedySettings(),
                    scheduling_settings=SchedulingSettings(
                        scheduler="greedy", max_jobs_per_timespan=None
                    ),
                )
            except WorkflowError:
                return False
    finally:
        os.chdir(before)
        SESSION.reset(token)
    return True
