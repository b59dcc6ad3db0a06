"""Draws a challenge's pictures from its public split, twice, and keeps what came out the same."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from coopt_dag.errors import NodeFailedError, SpecError
from coopt_dag.execution.harness.publish import discard
from coopt_dag.execution.owncode import Call, order_of, perform
from coopt_dag.specs.pictures import FOLDER, MAX_BYTES, flaw

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coopt_dag.execution.harness.job import Level
    from coopt_dag.execution.owncode import Order
    from coopt_dag.model.science import Plots
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedWorkspace

State = Literal["same", "other", "missing"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One picture, and how the file beside challenge.yaml compares with it."""

    file: str
    content: bytes
    state: State


def draw(
    workspace: LoadedWorkspace,
    challenge: LoadedChallenge,
    *,
    cage: Level,
    tell: Callable[[str], None],
) -> list[Drawn]:
    """Draw every picture; nothing beside challenge.yaml is touched.

    Raises
    ------
    SpecError
        The challenge has no `plots`.
    DataMissingError
        Its public split is not on this machine.
    NodeFailedError
        The code failed, drew otherwise the second time, or drew what cannot be shown.
    EnvironmentBuildError, IsolationError
        As `owncode.perform`.
    """
    spec = _plots(challenge)
    split = split_of(challenge)
    files = tuple(picture.file for picture in spec.pictures)
    orders = [
        order_of(workspace, challenge, _call(spec, split, files, turn=turn), cage=cage)
        for turn in (0, 1)
    ]
    tell(f"{challenge.spec.id}: drawing {len(files)} pictures of split {split}, twice")
    left = [workspace.root / order["folder"] for order in orders]
    _discard_all(left)
    try:
        folders = perform(workspace, challenge, orders)
        contents = [[_content(folder / file, orders[0]) for file in files] for folder in folders]
    finally:
        _discard_all(left)
    for file, first, second in zip(files, *contents, strict=True):
        if first != second:
            raise _refused(orders[0], f"drew {file} otherwise the second time")
    place = challenge.path / FOLDER
    return [
        Drawn(file, content, _state(place / file, content))
        for file, content in zip(files, contents[0], strict=True)
    ]


def write(challenge: LoadedChallenge, pictures: list[Drawn]) -> list[Path]:
    """Put pictures beside challenge.yaml, each whole or not at all; give those that changed."""
    folder, written = challenge.path / FOLDER, []
    folder.mkdir(exist_ok=True)
    for picture in pictures:
        if picture.state == "same":
            continue
        part = folder / f".{picture.file}.{os.getpid()}.part"
        part.write_bytes(picture.content)
        written.append(part.replace(folder / picture.file))
    return written


def _discard_all(folders: list[Path]) -> None:
    for folder in folders:
        discard(folder)


def _plots(challenge: LoadedChallenge) -> Plots:
    if challenge.spec.plots is None:
        raise SpecError(
            f"challenge '{challenge.spec.id}' has no `plots`.",
            path=challenge.path / "challenge.yaml",
            hint="docs/science.md says how pictures are drawn",
        )
    return challenge.spec.plots


def split_of(challenge: LoadedChallenge) -> str:
    """Give the split that is drawn; that there is a public one is a rule of the specification.

    Raises
    ------
    SpecError
        The challenge has no `plots`.
    """
    return _plots(challenge).split or next(
        n for n, s in challenge.spec.splits.items() if s.visibility == "public"
    )


def _call(spec: Plots, split: str, files: tuple[str, ...], *, turn: int) -> Call:
    return Call(
        purpose="plots",
        code=spec.code,
        function="plot",
        gives="files",
        outputs=files,
        seed=spec.seed,
        wall_s=spec.wall_s,
        mem_mb=spec.mem_mb,
        split=split,
        turn=turn,
    )


def _content(file: Path, order: Order) -> bytes:
    if not file.is_file():
        raise _refused(order, f"drew no {file.name}")
    if file.stat().st_size > MAX_BYTES:
        raise _refused(order, f"{file.name} has more than {MAX_BYTES} bytes")
    content = file.read_bytes()
    found = flaw(file.name, content)
    if found is not None:
        raise _refused(order, f"{file.name} {found}")
    return content


def _refused(order: Order, message: str) -> NodeFailedError:
    return NodeFailedError(
        f"{order['function']}: {message}",
        failure="invalid_output",
        path=order["code"],
        hint="docs/science.md says what a picture may hold, and what makes it the same each time",
    )


def _state(file: Path, content: bytes) -> State:
    if not file.is_file():
        return "missing"
    return "same" if file.read_bytes() == content else "other"
