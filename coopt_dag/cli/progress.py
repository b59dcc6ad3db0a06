"""Progress of a run: a bar on a terminal, plain lines otherwise; always on stderr."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coopt_dag.execution.run import Progress


def _name(progress: Progress) -> str:
    order = progress.order
    return f"{order['step']}/{order['solution'] or 'score'}"


@contextmanager
def shown() -> Iterator[Callable[[Progress], None]]:
    """Give a listener that shows each node as it ends."""
    if not sys.stderr.isatty():
        yield _line
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("nodes", total=None)

        def advance(progress: Progress) -> None:
            bar.update(
                task,
                completed=progress.done,
                total=progress.total,
                description=_name(progress),
            )

        yield advance


def _line(progress: Progress) -> None:
    """Print every node of a small run, and every twentieth of a big one."""
    step = max(1, progress.total // 20)
    if progress.error is not None or progress.done % step == 0 or progress.done == progress.total:
        state = "failed" if progress.error else "done"
        sys.stderr.write(f"  {progress.done}/{progress.total} {_name(progress)} {state}\n")
