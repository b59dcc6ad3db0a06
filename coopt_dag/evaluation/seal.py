"""Sealing: hidden data are committed to on the ledger, and stored for evaluators' keys alone."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyrage

from coopt_dag.errors import (
    BusyError,
    DataMissingError,
    IdentityError,
    IntegrityError,
    UsageError,
)
from coopt_dag.evaluation.agekeys import AgeKey, read_recipient
from coopt_dag.evaluation.commitment import SALT_BYTES, SealedFile, leaf, root_of
from coopt_dag.evaluation.sealed import SCHEMA, against, entry_of, open_with, revealed, sealed_box
from coopt_dag.evaluation.sealpack import Packer, read_chunks
from coopt_dag.ledger.actions import Seal, Unseal
from coopt_dag.ledger.events import Sealed
from coopt_dag.specs.tree import walk
from coopt_dag.store.folders import add_bytes, add_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.ledger.state import SealEntry
    from coopt_dag.specs.loaded import LoadedChallenge


@dataclass(frozen=True, slots=True)
class Made:
    """A seal on the ledger; `is_new` is false if the same data were sealed before."""

    epoch: int
    root: str
    sealed_cid: str
    files: int
    is_new: bool


def hidden_paths(challenge: LoadedChallenge, data: Path) -> list[str]:
    """Give the files that only evaluators may see, below the challenge's data folder.

    These are truths and inputs of quiz and sealed splits, without those of public splits.

    Raises
    ------
    DataMissingError
        One of them is not on this machine.
    UsageError
        There are no hidden splits, or a hidden truth is public as well.
    """
    splits = challenge.spec.splits.values()
    public = [s for s in splits if s.visibility == "public"]
    hidden = [s for s in splits if s.visibility != "public"]
    seen = {p for s in public for p in (*s.inputs.values(), *s.truths.values())}
    truths = {p for s in hidden for p in s.truths.values()}
    if not truths:
        raise UsageError(
            f"challenge '{challenge.spec.id}' has no quiz or sealed split", hint="nothing to seal"
        )
    if both := sorted(truths & seen):
        raise UsageError(f"'{both[0]}' is hidden and public at once", hint="coopt lint")
    wanted = truths | {p for s in hidden for p in s.inputs.values()} - seen
    found: set[str] = set()
    for path in sorted(wanted):
        if not (data / path).exists():
            raise DataMissingError(
                "is to be sealed, and is not on this machine",
                path=data / path,
                hint=f"coopt data fetch {challenge.spec.id}",
            )
        found.update(f.relative_to(data).as_posix() for f in walk(data / path) if f.is_file())
    return sorted(found, key=str.encode)


def commit(folder: Path, path: str, *, salt: bytes) -> SealedFile:
    """Hash a file for a commitment."""
    size = (folder / path).stat().st_size
    leaves = [
        leaf(path, size, salt, number, chunk)
        for number, chunk in enumerate(read_chunks(folder / path))
    ]
    return SealedFile(path, size, salt, tuple(leaves))


def seal(
    desk: Desk,
    challenge: LoadedChallenge,
    *,
    recipients: Sequence[str],
    key: AgeKey,
    again: bool = False,
) -> Made:
    """Seal the hidden data of a challenge: ciphertext into the store, its root on the ledger.

    Parameters
    ----------
    recipients
        Who can open it, `age1…`; the owner always can.
    key
        The owner's.
    again : bool
        Make a new epoch even if the same data are sealed for the same recipients already.
    """
    name, data = challenge.spec.id, desk.workspace.data_dir / challenge.spec.id
    to = sorted({key.recipient, *recipients})
    readers = [read_recipient(r) for r in to]
    paths = hidden_paths(challenge, data)
    _require_owner(desk, name)
    if not again and (same := _same(desk, challenge, to, paths, key)) is not None:
        return same
    files = [commit(data, path, salt=os.urandom(SALT_BYTES)) for path in paths]
    root = root_of(files)
    with _scratch(desk.workspace.state_dir) as box:
        epoch_key = AgeKey.new()
        _encrypt(data, files, box / "data.age", epoch_key)
        (box / "keys.age").write_bytes(pyrage.encrypt(epoch_key.secret().encode(), readers))
        (box / "manifest.json").write_bytes(_manifest(name, root, to))
        cid = add_path(desk.store, box, pin=True)
    receipt = desk.send(Seal(name, root, cid))
    # What is only signed for a relay has no event yet; the next number will be its own.
    epochs = [e.epoch for e in receipt.events if isinstance(e, Sealed)]
    epoch = epochs[0] if epochs else len(desk.state().seals.get(name, ())) + 1
    return Made(epoch, root, cid, len(files), is_new=True)


def _require_owner(desk: Desk, name: str) -> None:
    """Refuse before anything is encrypted what the ledger would refuse afterwards."""
    entry = desk.state().challenges.get(name)
    if entry is None:
        raise UsageError(
            f"challenge '{name}' is not on the ledger yet", hint=f"coopt challenge register {name}"
        )
    if entry.owner != desk.identity.address:
        raise IdentityError(
            "only the challenge's owner may seal its data", hint="use the owner's name with --as"
        )


def _manifest(name: str, root: str, recipients: Sequence[str]) -> bytes:
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "challenge": name,
        "root": root,
        "recipients": list(recipients),
    }
    return json.dumps(document, indent=1, sort_keys=True).encode() + b"\n"


def _encrypt(data: Path, files: Sequence[SealedFile], target: Path, key: AgeKey) -> None:
    packer = Packer(data, files)
    with target.open("wb") as out:
        try:
            pyrage.encrypt_io(packer, out, [read_recipient(key.recipient)])
        except pyrage.EncryptError as error:
            raise packer.failure or error from error


@contextmanager
def _scratch(state: Path) -> Iterator[Path]:
    """Give a private folder for ciphertext; what a killed call left is removed first.

    Raises
    ------
    BusyError
        Another process seals in this workspace.
    """
    state.mkdir(parents=True, exist_ok=True)
    with (state / "sealing.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(
                "another process seals in this workspace", path=lock.name, hint="wait for it"
            ) from error
        base = state / "sealing"
        shutil.rmtree(base, ignore_errors=True)
        base.mkdir(mode=0o700)
        try:
            yield Path(tempfile.mkdtemp(dir=base))
        finally:
            shutil.rmtree(base)


def _same(
    desk: Desk, challenge: LoadedChallenge, to: list[str], paths: list[str], key: AgeKey
) -> Made | None:
    """Give the present seal if it is secret, for the same people, and of the same bytes."""
    entry: SealEntry | None = desk.state().seal(challenge.spec.id)
    if entry is None or entry.is_open:
        return None
    box = sealed_box(desk, challenge.spec.id, entry)
    if box.recipients != to:
        return None
    files = open_with(box, key)
    data = desk.workspace.data_dir / challenge.spec.id
    if [f.path for f in files] != paths or against(files, data) is not None:
        return None
    return Made(entry.epoch, entry.root, entry.sealed_cid, len(files), is_new=False)


def unseal(desk: Desk, challenge: str, *, epoch: int, key: AgeKey) -> str:
    """Reveal the key of an epoch to everybody, for good; give the CID of the key.

    The seal is opened and checked first: a wrong key could not be taken back. From then on nobody
    can submit in this epoch.

    Raises
    ------
    IntegrityError
        The seal does not open to what the ledger commits to; nothing was revealed.
    """
    _require_owner(desk, challenge)
    entry = entry_of(desk.state(), challenge, epoch)
    if entry.is_open:
        raise UsageError(
            f"epoch {epoch} of '{challenge}' was unsealed already",
            hint=f"coopt challenge verify {challenge} --epoch {epoch}",
        )
    box = sealed_box(desk, challenge, entry)
    epoch_key = box.epoch_key(key)
    box.open(epoch_key)
    cid = add_bytes(desk.store, epoch_key.secret().encode() + b"\n", pin=True)
    if revealed(desk, cid).recipient != epoch_key.recipient:
        raise IntegrityError("the store gave another key back", hint="coopt ipfs doctor")
    desk.send(Unseal(challenge, epoch, cid))
    return cid
