"""`coopt evaluate`: judge what is pending, once or for as long as the machine runs."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from coopt_dag.cli.evaluator_status import page, status
from coopt_dag.cli.loop import CORES
from coopt_dag.cli.options import As, Cores, Json, PassphraseFile, SignTo
from coopt_dag.cli.printing import note, put, say
from coopt_dag.cli.stopping import stoppable
from coopt_dag.errors import CooptError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from threading import Event

    from coopt_dag.evaluation.agekeys import AgeKey
    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.evaluation.service import Service
    from coopt_dag.evaluation.verdict import Verdict
    from coopt_dag.ledger.protocol import Signer
    from coopt_dag.specs.loaded import LoadedWorkspace


class ChallengeOrVerb(TyperGroup):
    """A group whose first word is one of its verbs, or else the argument CHALLENGE."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Leave CHALLENGE empty before a verb; else take options and argument in any order."""
        if args and args[0] in self.commands:
            return super().parse_args(ctx, ["", *args])
        ctx.allow_interspersed_args = True
        return super().parse_args(ctx, args)


app = typer.Typer(cls=ChallengeOrVerb, invoke_without_command=True, subcommand_metavar="| status")

app.command("status")(status)

Metrics = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Keep Prometheus text in FILE; - prints it at the end."),
]


@app.callback()
def evaluate(
    ctx: typer.Context,
    challenge: Annotated[
        str | None, typer.Argument(metavar="CHALLENGE", help="Only this challenge.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until SIGTERM or SIGINT.")] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Do what is due now, respecting pauses, then end.")
    ] = False,
    interval: Annotated[
        float, typer.Option(min=0.05, help="Seconds between looks at the ledger.")
    ] = 5.0,
    metrics: Metrics = None,
    cores: Cores = CORES,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """Re-run pending submissions caged, score them, and record what they improved.

    Without --watch or --once every pending submission is tried once. The first SIGTERM or
    SIGINT lets the present submission end, the second ends at once; nothing is lost by either,
    nor by kill -9.

    Example: coopt evaluate movielens --as lab --watch
    """
    if ctx.invoked_subcommand is not None:
        return
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation.queue import only_service
    from coopt_dag.execution.cage_check import require_cage

    workspace = wiring.here()
    require_cage()
    hand, key = wiring.signer_and_key(workspace, who, passphrase_file)
    found: list[Verdict] = []
    errors: list[CooptError] = []

    def work(stop: Event) -> None:
        with (
            only_service(workspace.state_dir),
            _service(
                workspace, hand, key, challenge or None, cores, stop, sign_to=sign_to
            ) as service,
        ):
            write = _page_writer(service, metrics)

            def judged(verdict: Verdict) -> None:
                if watch:
                    _tell(verdict, as_json=as_json)
                write()

            service.judged = judged
            if watch and not once:
                service.watch(interval_s=interval, after=write)
                return
            found.extend(service.once(all_pending=not once))
            errors.extend(service.errors)
            write()

    stopped = stoppable(work)
    _last_page(workspace, metrics)
    _end(found, errors, as_json=as_json, shown=watch)
    if stopped and not watch:
        raise typer.Exit(130)


@contextmanager
def _service(
    workspace: LoadedWorkspace,
    hand: Signer,
    key: AgeKey | None,
    challenge: str | None,
    cores: int,
    stop: Event,
    *,
    sign_to: Path | None,
) -> Iterator[Service]:
    """Open the service in the thread that uses it."""
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation.sealed import opened
    from coopt_dag.evaluation.service import Service
    from coopt_dag.specs.challenge import load_challenge

    def open_data(desk: Desk, name: str, epoch: int) -> AbstractContextManager[Path | None]:
        return opened(desk, load_challenge(desk.workspace, name), identity=key, epoch=epoch or None)

    desk = wiring.desk(workspace, who=hand, sign_to=sign_to)
    service = Service(desk, cores, note, challenge, open_data, stop)
    try:
        known = desk.state().challenges
        if challenge is not None and challenge not in known:
            raise UnknownNameError("challenge on the ledger", challenge, known)
        yield service
    finally:
        service.close()
        desk.ledger.close()


def _page_writer(service: Service, metrics: str | None) -> Callable[[], None]:
    from coopt_dag.evaluation.metrics_text import metrics_text, write_metrics

    def write() -> None:
        if metrics not in {None, "-"}:
            rows = [] if service.queue is None else service.queue.rows()
            write_metrics(Path(str(metrics)), metrics_text(rows, is_up=True, now=time.time()))

    return write


def _tell(verdict: Verdict, *, as_json: bool) -> None:
    v = verdict
    if as_json:
        say(json.dumps(v.to_json(), sort_keys=True))
    else:
        why = "" if v.reason in {"", v.status} else f" ({v.reason})"
        scores = "" if v.after is None else f" {v.before or 'no head yet'} -> {v.after}"
        say(f"{v.submission_id} {v.challenge}/{v.step}: {v.status}{why}{scores}")


def _end(found: list[Verdict], errors: list[CooptError], *, as_json: bool, shown: bool) -> None:
    """Print the verdicts unless they were shown; a failure of infrastructure gives the code."""
    if errors and not found:
        raise errors[0]
    if as_json and not shown:
        put([v.to_json() for v in found])
    elif not shown:
        for verdict in found:
            _tell(verdict, as_json=False)
        if not found:
            say("nothing is pending")
    if errors:
        note(f"{errors[0]}\nhint: {errors[0].hint}")
        raise typer.Exit(errors[0].exit_code)


def _last_page(workspace: LoadedWorkspace, metrics: str | None) -> None:
    """Leave metrics behind that say that nobody is at work any more."""
    from coopt_dag.evaluation.metrics_text import write_metrics

    if metrics == "-":
        sys.stdout.write(page(workspace))
    elif metrics is not None:
        write_metrics(Path(metrics), page(workspace))
