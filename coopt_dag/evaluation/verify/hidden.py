"""The data of an epoch: from its seal once it is open, else by CID from the settlement's table."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import ContentMissingError, IntegrityError
from coopt_dag.evaluation.sealed import opened
from coopt_dag.evaluation.verify import divergence as kinds
from coopt_dag.evaluation.verify.divergence import Divergence
from coopt_dag.evaluation.verify.task import settlement_place
from coopt_dag.specs.tree import file_sha256
from coopt_dag.store.folders import fetch_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from coopt_dag.evaluation.verify.task import Task
    from coopt_dag.specs.loaded import LoadedChallenge


@dataclass(frozen=True, slots=True)
class Data:
    """Where an epoch's data lie; `folder` is None where they lie in the workspace's own `data/`."""

    task: Task
    challenge: LoadedChallenge
    folder: Path | None
    divergence: Divergence | None = None

    def has(self, split: str) -> bool:
        """Tell whether a split is whole."""
        return all((self.place / path).exists() for path in _files(self.challenge, split))

    @property
    def place(self) -> Path:
        """Give the folder with the challenge's files."""
        return (self.folder or self.task.desk.workspace.data_dir) / self.challenge.spec.id


def _files(challenge: LoadedChallenge, split: str) -> set[str]:
    found = challenge.spec.splits[split]
    return {*found.inputs.values(), *found.truths.values()}


@contextmanager
def data_of(
    task: Task, challenge: LoadedChallenge, rows: Sequence[dict[str, Any]]
) -> Iterator[Data]:
    """Bring the data of the epoch; what is missing is noted, what differs is in `divergence`.

    Parameters
    ----------
    rows
        Of the settlement's table: path, sha256, cid. A stranger wrote them.
    """
    wrong = next(_fetched(task, challenge, rows), None)
    with ExitStack() as stack:
        folder = None
        try:
            if task.epoch and wrong is None and _is_open(task):
                folder = stack.enter_context(opened(task.desk, challenge, epoch=task.epoch))
        except IntegrityError as error:
            wrong = Divergence(
                kinds.CHANGED_DATA,
                f"seal of epoch {task.epoch}, {error.path}",
                task.state.seals[task.name][task.epoch - 1].root,
                error.message,
                "what was sealed is not what the ledger commits to",
            )
        except ContentMissingError as error:
            task.lacks(f"hidden data of epoch {task.epoch}", error.message)
        data = Data(task, challenge, folder, wrong)
        if wrong is None:
            data = Data(task, challenge, folder, next(_differing(data, rows), None))
        yield data


def _is_open(task: Task) -> bool:
    if task.state.seals[task.name][task.epoch - 1].is_open:
        return True
    task.lacks(
        f"key of epoch {task.epoch}",
        f"its owner has not revealed it yet (coopt unseal {task.name} --epoch {task.epoch}): no "
        "score on hidden data could be compared",
    )
    return False


def _fetched(
    task: Task, challenge: LoadedChallenge, rows: Sequence[dict[str, Any]]
) -> Iterator[Divergence]:
    """Bring the files that the table names by CID into the scratch workspace."""
    known = {p for split in challenge.spec.splits for p in _files(challenge, split)}
    place = task.desk.workspace.data_dir / challenge.spec.id
    for row in rows:
        if row["cid"] is None or row["path"] not in known:
            continue
        target = place / row["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            fetch_path(task.desk.store, row["cid"], target)
        except ContentMissingError as error:
            task.lacks(f"data {row['path']}, {row['cid']}", error.message)
        except IntegrityError as error:
            yield Divergence(
                *(kinds.TAMPERED_ARTIFACT, f"data {row['path']}, {row['cid']}"),
                *(row["cid"], str(error)),
                "the store holds other bytes than this CID names",
            )


def _differing(data: Data, rows: Sequence[dict[str, Any]]) -> Iterator[Divergence]:
    for row in rows:
        path = data.place / row["path"]
        if not path.is_file():
            continue
        found = file_sha256(path)
        if found != row["sha256"]:
            yield Divergence(
                *(kinds.CHANGED_DATA, f"{settlement_place(data.task)}, data {row['path']}"),
                *(found, row["sha256"]),
                "the table was made with other data than were committed to",
                is_of_settlement=True,
            )
