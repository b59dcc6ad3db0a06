"""Snakemake executor `coopt`: our nodes go to the warm pool, every other job runs locally.

It recognises a node by its command, so the same Snakefile runs under plain Snakemake.
"""

from __future__ import annotations

import json
import shlex
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snakemake.executors.local import Executor as LocalExecutor
from snakemake.executors.local import common_settings
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.settings import ExecutorSettingsBase

from coopt_dag.execution.pool import BOOTSTRAP, Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from snakemake_interface_executor_plugins.jobs import JobExecutorInterface

    from coopt_dag.execution.pool import Answer

__all__ = ["Executor", "ExecutorSettings", "common_settings"]


@dataclass(frozen=True, slots=True)
class Session:
    """What an in-process run shares with the executor: its pool, and who listens."""

    pool: Pool
    listener: Callable[[Mapping[str, Any], Answer], None]


SESSION: ContextVar[Session | None] = ContextVar("SESSION", default=None)


@dataclass
class ExecutorSettings(ExecutorSettingsBase):  # type: ignore[misc]  # Snakemake has no types
    """Settings on Snakemake's command line, e.g. ``--coopt-slots 4``."""

    slots: int | None = field(
        default=None, metadata={"help": "nodes at once; default: the number of cores", "type": int}
    )


class Executor(LocalExecutor):  # type: ignore[misc]  # Snakemake has no types
    """Runs node jobs in forked workers of warm servers."""

    def __post_init__(self) -> None:
        """Use the session's pool, or make one of our own."""
        super().__post_init__()
        session = SESSION.get()
        settings = self.workflow.executor_settings
        slots = (settings.slots if settings else None) or self.cores or 1
        self.workspace = Path.cwd()
        self.own_nodes = None if session else _pool(self.workspace, slots)
        self.nodes = session.pool if session else self.own_nodes
        self.listener = session.listener if session else None

    def run_jobs(self, jobs: list[JobExecutorInterface]) -> None:
        """Send all ready nodes to the pool at once; run anything else as Snakemake would."""
        batch = []
        for job in jobs:
            order = self._order_of(job)
            if order is None:
                self.run_job_pre(job)
                self.run_job(job)
                continue
            self.run_job_pre(job)
            self.workflow.async_run(job.prepare())
            info = SubmittedJobInfo(job=job)
            self.report_job_submission(info, register_job=False)
            batch.append((order, self._teller(info, order)))
        if batch:
            assert self.nodes is not None  # noqa: S101  # set in __post_init__
            self.nodes.send(batch)

    def _order_of(self, job: JobExecutorInterface) -> dict[str, Any] | None:
        if not job.is_shell or job.is_group() or str(BOOTSTRAP) not in job.shellcmd:
            return None
        words = shlex.split(job.shellcmd)
        return dict(json.loads((self.workspace / words[-1]).read_text(encoding="utf-8")))

    def _teller(self, info: SubmittedJobInfo, order: Mapping[str, Any]) -> Callable[[Answer], None]:
        def tell(error: Answer) -> None:
            if self.listener is not None:
                self.listener(order, error)
            if error is None:
                self.report_job_success(info)
            else:
                self.report_job_error(info, msg=f"{order['step']}: {error['message']}")

        return tell

    def shutdown(self) -> None:
        """End our own pool; a session's pool is its owner's."""
        if self.own_nodes is not None:
            self.own_nodes.close()
        super().shutdown()

    def cancel(self) -> None:
        """Kill every running node."""
        if self.nodes is not None:
            self.nodes.close()
        super().cancel()


def _pool(root: Path, slots: int) -> Pool:
    """Make a pool as the planner's note beside the orders says: what to warm, whether to cage."""
    path = root / ".coopt" / "orders" / "servers.json"
    if not path.is_file():
        return Pool(root, slots)
    about = json.loads(path.read_text(encoding="utf-8"))
    return Pool(root, slots, about["preload"], cage=about["cage"])
