"""Claiming a step, forking a solution, and offering one."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from coopt_dag.errors import LedgerRefusedError, SpecError, UnknownNameError, UsageError
from coopt_dag.evaluation import promises
from coopt_dag.ledger.actions import Claim, Commit, Reveal
from coopt_dag.ledger.events import Committed
from coopt_dag.specs.challenge import load_solution
from coopt_dag.specs.dump import to_yaml
from coopt_dag.store.adding import SOLUTION_IGNORE
from coopt_dag.store.folders import add_path

if TYPE_CHECKING:
    from pathlib import Path

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.ledger.protocol import Receipt
    from coopt_dag.ledger.state import LedgerState
    from coopt_dag.model.solution import Solution
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedStep

DAY_S = 86_400


def split_name(text: str) -> tuple[str, str]:
    """Read `CHALLENGE/STEP`.

    >>> split_name("movielens/bias")
    ('movielens', 'bias')
    """
    challenge, slash, step = text.partition("/")
    if not (challenge and slash and step) or "/" in step:
        raise UsageError(f"expected CHALLENGE/STEP, got '{text}'", hint="e.g. movielens/bias")
    return challenge, step


def step_of(challenge: LoadedChallenge, step: str) -> LoadedStep:
    """Give a step of a challenge, or say which there are."""
    if step not in challenge.steps:
        raise UnknownNameError("step", step, challenge.steps)
    return challenge.steps[step]


def claim(desk: Desk, challenge: str, step: str, *, days: float) -> Receipt:
    """Take or renew a lease on a step."""
    return desk.send(Claim(challenge, step, int(days * DAY_S)))


def fork(
    desk: Desk,
    challenge: LoadedChallenge,
    step: str,
    *,
    source: str | None,
    name: str,
    author: str,
) -> Path:
    """Copy a solution under a new name; its origin becomes its parent.

    Parameters
    ----------
    source
        Id of a local solution or a CID; None = the step's head, else its baseline.

    Returns
    -------
    Path
        The new folder, `steps/<challenge>/<step>/solutions/<name>`.
    """
    loaded = step_of(challenge, step)
    target = loaded.path / "solutions" / name
    if target.exists():
        raise UsageError(f"'{name}' exists already", path=target, hint="choose another NAME")
    origin, cid = _origin(desk, challenge, loaded, source)
    part = target.with_name(f".{name}.{os.getpid()}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(origin, part, ignore=shutil.ignore_patterns(*SOLUTION_IGNORE))
    _rename(part, target=target, name=name, author=author, parent=cid)
    part.rename(target)
    return target


def _origin(
    desk: Desk, challenge: LoadedChallenge, step: LoadedStep, source: str | None
) -> tuple[Path, str]:
    if source is None:
        head = desk.state().head(challenge.spec.id, step.spec.id)
        if head is not None:
            return desk.solution(head.solution_cid).path, head.solution_cid
        source = "baseline"
    if source in step.solutions:
        folder = step.solutions[source].path
        return folder, add_path(desk.store, folder, ignore=SOLUTION_IGNORE)
    if source.startswith("b") and len(source) > 50:
        return desk.solution(source).path, source
    raise UnknownNameError(f"solution of step '{step.spec.id}'", source, step.solutions, hint="")


def _rename(folder: Path, *, target: Path, name: str, author: str, parent: str) -> None:
    """Give the copy its own name, author and parent; everything else stays."""
    for path in folder.rglob("*"):
        path.chmod(path.stat().st_mode | 0o200)
    changes = {"id": name, "authors": (author,), "parents": (parent,)}
    write_solution(folder, load_solution(folder).spec.model_copy(update=changes), target=target)


def write_solution(folder: Path, spec: Solution, *, target: Path) -> None:
    """Write a solution.yaml whose first line points at the schemas, as seen from `target`."""
    baseline = target.parents[1] / "baseline" / "solution.yaml"
    first = baseline.read_text(encoding="utf-8").partition("\n")[0]
    schemas = first.partition("$schema=")[2].removesuffix("solution.schema.json")
    text = to_yaml(spec, schemas=f"../{schemas}")
    (folder / "solution.yaml").write_text(text, encoding="utf-8")


def submit(desk: Desk, challenge: LoadedChallenge, folder: Path) -> tuple[str, Receipt]:
    """Publish a solution folder and offer it for its step: first its hash, then its CID.

    A submission that was cut short goes on where it was.

    Returns
    -------
    cid : str
        CID of the folder, profile unixfs-v1-2025.
    receipt : Receipt
        The ledger's, of the reveal; of the commitment, where it was only signed.
    """
    step = place_of(challenge, folder)
    loaded = load_solution(folder)
    cid = add_path(desk.store, folder, ignore=SOLUTION_IGNORE, pin=True)
    state = desk.state()
    _refuse_twice(state, challenge.spec.id, step, cid)
    parents = _parents(state, challenge.spec.id, loaded.spec.parents)
    return cid, offer(desk, (challenge.spec.id, step), cid, parents)


def offer(desk: Desk, place: tuple[str, str], cid: str, parents: tuple[int, ...] = ()) -> Receipt:
    """Commit to a solution that is in the store, and reveal it."""
    promise = promises.promise(desk, place, cid, parents)
    known = promise.on(desk.state())
    number = None if known is None else known.id
    if number is None:
        receipt = desk.send(Commit(*place, promise.commitment))
        number = next((e.submission_id for e in receipt.events if isinstance(e, Committed)), None)
        if number is None:  # signed for a relay: the number comes with the ledger
            return receipt
    try:
        receipt = desk.send(Reveal(number, cid, promise.parents, promise.salt))
    except LedgerRefusedError as error:
        if error.code in {"RevealTooLate", "AlreadyRevealed"}:
            promises.forget(desk, promise)
        raise
    if receipt.events:
        promises.forget(desk, promise)
    return receipt


def place_of(challenge: LoadedChallenge, folder: Path) -> str:
    """Tell from where a solution folder lies which step it answers."""
    for step, loaded in challenge.steps.items():
        if folder.resolve().is_relative_to(loaded.path.resolve()):
            return step
    raise SpecError(
        f"this folder lies in no step of challenge '{challenge.spec.id}'",
        path=folder,
        hint=f"put it into steps/{challenge.spec.id}/<step>/solutions/",
    )


def _refuse_twice(state: LedgerState, challenge: str, step: str, cid: str) -> None:
    for number, s in state.submissions.items():
        if (s.challenge, s.step, s.solution_cid) == (challenge, step, cid):
            raise UsageError(
                f"these very files are submission {number} of {challenge}/{step} already",
                hint=f"coopt board {challenge}/{step}",
            )


def _parents(state: LedgerState, challenge: str, cids: tuple[str, ...]) -> tuple[int, ...]:
    """Give the submissions that the declared parent CIDs came in with; unknown ones are none."""
    first: dict[str, int] = {}
    for number, s in sorted(state.submissions.items()):
        if s.challenge == challenge:
            first.setdefault(s.solution_cid, number)
    return tuple(first[c] for c in cids if c in first)
