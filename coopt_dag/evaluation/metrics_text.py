"""What a monitor asks an evaluator: Prometheus text, made of the queue alone."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from coopt_dag.errors import UsageError
from coopt_dag.evaluation.queue import STATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from prometheus_client.core import Metric

    from coopt_dag.evaluation.queue import Row

BUCKETS_S = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Rows(Collector):
    """Counts rows afresh at each question, so that a restart forgets nothing."""

    rows: Sequence[Row]
    is_up: bool
    now: float

    def collect(self) -> Iterator[Metric]:
        """Give all families."""
        yield GaugeMetricFamily(
            "coopt_evaluator_up", "1 while a service is at work here.", value=int(self.is_up)
        )
        yield self._states()
        yield self._verdicts()
        yield CounterMetricFamily(
            "coopt_evaluator_retries",
            "Failures of infrastructure, each followed by another try.",
            value=sum(row.failures for row in self.rows),
        )
        yield CounterMetricFamily(
            "coopt_evaluator_kills",
            "Times that the service died under a submission.",
            value=sum(row.kills for row in self.rows),
        )
        waiting = [r.queued_at for r in self.rows if r.state not in {"scored", "failed"}]
        yield GaugeMetricFamily(
            "coopt_evaluator_oldest_pending_seconds",
            "Age of the oldest submission without a verdict; 0 if there is none.",
            value=max(0.0, self.now - min(waiting)) if waiting else 0,
        )
        yield self._seconds()

    def _states(self) -> Metric:
        family = GaugeMetricFamily(
            "coopt_evaluator_submissions", "Submissions by state.", labels=["state"]
        )
        found = Counter(row.state for row in self.rows)
        for state in STATES:
            family.add_metric([state], found[state])
        return family

    def _verdicts(self) -> Metric:
        family = CounterMetricFamily(
            "coopt_evaluator_verdicts",
            "Verdicts on the ledger, by status and reason.",
            labels=["status", "reason"],
        )
        found = Counter((row.status, row.reason) for row in self.rows if row.status)
        for labels, count in sorted(found.items()):
            family.add_metric(labels, count)
        return family

    def _seconds(self) -> Metric:
        took = [row.seconds for row in self.rows if row.seconds is not None]
        buckets = [(str(b), float(sum(t <= b for t in took))) for b in BUCKETS_S]
        family = HistogramMetricFamily(
            "coopt_evaluator_evaluation_seconds", "Time from start to verdict, by the wall clock."
        )
        family.add_metric([], [*buckets, ("+Inf", float(len(took)))], sum(took))
        return family


def metrics_text(rows: Sequence[Row], *, is_up: bool, now: float) -> str:
    """Give the queue as Prometheus text.

    >>> metrics_text([], is_up=True, now=0).splitlines()[2]
    'coopt_evaluator_up 1.0'
    """
    registry = CollectorRegistry()
    registry.register(_Rows(rows, is_up, now))
    return generate_latest(registry).decode()


def write_metrics(path: Path, text: str) -> None:
    """Replace a file as a whole, so that node_exporter never reads half of it.

    Raises
    ------
    UsageError
        It cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise UsageError(
            f"metrics cannot be written ({error.strerror})",
            path=path,
            hint="name a file in a folder that is there and yours with --metrics",
        ) from error
