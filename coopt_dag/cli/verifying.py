"""`coopt verify`: everything again from ledger and store alone, by anybody."""

from __future__ import annotations

import json
import re
import secrets
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coopt_dag.cli.loop import CORES
from coopt_dag.cli.options import ChallengeId, Cores, Json
from coopt_dag.cli.printing import note, put, say
from coopt_dag.errors import ContentMissingError, IntegrityError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.cli.verify_sources import Sources
    from coopt_dag.evaluation.verify.divergence import Divergence
    from coopt_dag.evaluation.verify.task import Task
    from coopt_dag.specs.loaded import LoadedWorkspace

_HASH = re.compile(r"(0x)?[0-9a-fA-F]{64}")
_TOML = 'schema = "coopt/workspace/1"\nname = "verify"\n'


def verify(
    challenge: ChallengeId,
    epoch: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Else the latest that is settled.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, metavar="K", help="Re-run only K records, by chance.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="S", help="Choose the sample by this number.")
    ] = None,
    ledger: Annotated[
        Path | None, typer.Option(metavar="FILE", help="ledger.sqlite, or an export of it.")
    ] = None,
    rpc: Annotated[str | None, typer.Option(metavar="URL", help="Node of a shared chain.")] = None,
    address: Annotated[
        str | None, typer.Option(metavar="0x…", help="Of the ledger's contract there.")
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(metavar="HASH", help="Of a block that others know; it must be in the file."),
    ] = None,
    store: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of a store of blocks.")
    ] = None,
    car: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="CAR export; repeat for more.")
    ] = None,
    gateway: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="Gateway to fetch from; repeat.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Work here, and keep it; else it is gone.")
    ] = None,
    cores: Cores = CORES,
    as_json: Json = False,
) -> int:
    """Verify a challenge from ledger and store alone: fetch, check, re-run, compare, recompute.

    In an empty folder it takes ./ledger.sqlite or ./*.rlp, and ./store or ./*.car; in a workspace
    its own. Neither is changed. Prints PASS, or the first divergence, which it also writes to
    divergence.json, with the command that disputes it (exit code 6); INCOMPLETE if something
    could not be had (exit code 14). See docs/verify.md.

    Example: coopt verify movielens --epoch 1 --sample 5
    """
    from coopt_dag.cli.verify_sources import sources

    found = sources(ledger, rpc, address, store, car or [], gateway or [])
    if head is not None and (_HASH.fullmatch(head) is None or found.ledger is None):
        raise UsageError(
            "--head takes the hash of a block of a ledger's file", hint="coopt ledger status"
        )
    found = replace(found, head=head)
    number = secrets.randbelow(2**32) if seed is None else seed
    with ExitStack() as stack:
        workspace = stack.enter_context(_scratch(folder))
        task, divergence = _verified(
            stack, workspace, found, challenge, epoch, sample, number, cores
        )
        return _told(task, divergence, sample, number, as_json=as_json)


@contextmanager
def _scratch(folder: Path | None) -> Iterator[LoadedWorkspace]:
    """Make a workspace of one's own: nothing of where we are is used or changed."""
    import tempfile

    from coopt_dag.specs.workspace import find_workspace

    with ExitStack() as stack:
        if folder is None:
            root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="coopt-verify-")))
            root.chmod(0o755)  # a caged run of root is somebody else
        else:
            root = folder.resolve()
            root.mkdir(parents=True, exist_ok=True)
            own = root / "coopt.toml"
            if any(root.iterdir()) and not (own.is_file() and own.read_text() == _TOML):
                raise UsageError(
                    "is not empty", path=folder, hint="name a new folder; results are kept in it"
                )
        (root / "coopt.toml").write_text(_TOML)
        yield find_workspace(root)


def _verified(
    stack: ExitStack,
    workspace: LoadedWorkspace,
    found: Sources,
    challenge: str,
    epoch: int | None,
    sample: int | None,
    seed: int,
    cores: int,
) -> tuple[Task, Divergence | None]:
    from random import Random

    from coopt_dag.cli.progress import shown
    from coopt_dag.evaluation.verify.whole import named, task_of
    from coopt_dag.evaluation.verify.whole import verify as check

    desk, wrong = found.desk(workspace, tell=note)
    stack.callback(desk.ledger.close)
    with shown() as listener:
        task = task_of(
            *(desk, challenge),
            epoch=epoch,
            cores=cores,
            tell=note,
            listener=listener,
            is_broken=wrong is not None,
        )
        if wrong is not None:
            return task, named(task, wrong)
        return task, check(task, sample=sample, rng=Random(seed))  # noqa: S311  # a sample, shown


def _told(
    task: Task, divergence: Divergence | None, sample: int | None, seed: int, *, as_json: bool
) -> int:
    from coopt_dag.evaluation.verify.divergence import EVIDENCE
    from coopt_dag.evaluation.verify.whole import result_of
    from coopt_dag.ledger.whole import write_whole

    proposal = task.proposal
    document: dict[str, Any] = {
        "schema": "coopt/verification/1",
        "result": result_of(task, divergence),
        "challenge": task.name,
        "epoch": task.epoch,
        "head": task.desk.ledger.head().block_hash,
        "settlement": proposal and proposal.table_cid,
        "sample": sample,
        "seed": None if sample is None else seed,
        "counts": asdict(task.counts),
        "missing": task.missing,
        "divergence": divergence and divergence.to_json(task.name, task.epoch),
    }
    if divergence is not None:
        text = json.dumps(document, sort_keys=True, indent=1)
        write_whole(Path.cwd() / EVIDENCE, text + "\n")
    if as_json:
        put(document)
    else:
        _say(document, task, divergence)
    if divergence is not None:
        return IntegrityError.exit_code
    return ContentMissingError.exit_code if task.missing else 0


def _say(document: dict[str, Any], task: Task, divergence: Divergence | None) -> None:
    from coopt_dag.evaluation.verify.divergence import EVIDENCE

    counts = task.counts
    say(f"{document['result']} {task.name}, epoch {task.epoch}")
    if divergence is not None:
        say(divergence.words)
        say(f"evidence {EVIDENCE}")
        command = divergence.command(task.name, task.epoch)
        note(f"next: {command}" if command else "next: get another copy, and verify it")
        return
    say(
        f"{counts.events} events, {counts.submissions} submissions, {counts.objects} objects of "
        f"{counts.blocks} blocks"
    )
    say(
        f"{counts.nodes_run} nodes re-run, {counts.scores_compared} scores and "
        f"{counts.outputs_compared} published outputs compared, the largest difference is "
        f"{counts.largest_difference:.3g}"
    )
    if task.proposal is not None and not task.missing:
        say(f"{counts.payments} payments recomputed, root {task.proposal.root}")
    say(f"the ledger's last block is {document['head']}")
    if document["sample"] is not None:
        say(f"a sample of {document['sample']} records, --seed {document['seed']}")
    for row in task.missing:
        say(f"missing: {row['what']}: {row['why']}")
