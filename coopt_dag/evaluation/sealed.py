"""Opening sealed data: for evaluators in memory, and for everybody once keys are revealed."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyrage

from coopt_dag.errors import ContentMissingError, IdentityError, IntegrityError, UnknownNameError
from coopt_dag.evaluation.agekeys import AgeKey
from coopt_dag.evaluation.commitment import SealedFile, leaf, root_of
from coopt_dag.evaluation.sealpack import Unpacker, differs, malformed, read_chunks
from coopt_dag.execution.private import private_folder
from coopt_dag.model.json_text import read_json
from coopt_dag.store.folders import fetch_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.evaluation.sealpack import Sink
    from coopt_dag.ledger.state import LedgerState, SealEntry
    from coopt_dag.specs.loaded import LoadedChallenge

SCHEMA = "coopt/seal/1"
PARTS = {"manifest.json", "data.age", "keys.age"}
_MAX_SMALL_BYTES = 1 << 20
_SECRET = re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]{58}\n?")


@dataclass(frozen=True, slots=True)
class Box:
    """A seal's ciphertext on this machine."""

    folder: Path
    challenge: str
    entry: SealEntry
    recipients: list[str]

    def epoch_key(self, key: AgeKey) -> AgeKey:
        """Decrypt the key of the epoch.

        Raises
        ------
        IdentityError
            This seal was not made for `key`.
        """
        try:
            secret = pyrage.decrypt((self.folder / "keys.age").read_bytes(), [key.identity])
        except (pyrage.DecryptError, OSError) as error:
            if key.recipient not in self.recipients:
                raise IdentityError(
                    f"epoch {self.entry.epoch} of '{self.challenge}' is not sealed for this "
                    f"identity, {key.recipient}",
                    hint="its owner adds you: coopt seal "
                    f"{self.challenge} --again --to {key.recipient}",
                ) from error
            raise IntegrityError(
                f"cannot be decrypted ({error})", path="keys.age", hint="ask the challenge's owner"
            ) from error
        return _secret_key(secret)

    def open(self, epoch_key: AgeKey, sink: Sink | None = None) -> tuple[SealedFile, ...]:
        """Decrypt the data as a stream, and compare all of it with the root on the ledger.

        Raises
        ------
        IntegrityError
            Something differs; `path` names the file, and the message the chunk.
        """
        unpacker = Unpacker(self._check_root, sink)
        with (self.folder / "data.age").open("rb") as source:
            try:
                pyrage.decrypt_io(source, unpacker, [epoch_key.identity])
            except (pyrage.DecryptError, OSError) as error:
                if isinstance(error, OSError) and error.errno is not None:
                    raise  # the disk's or the memory's, not the ciphertext's
                raise IntegrityError(
                    f"cannot be decrypted with the key of epoch {self.entry.epoch} ({error})",
                    path="data.age",
                    hint="the ciphertext or the key is not the one that was sealed",
                ) from error
        return unpacker.finish()

    def _check_root(self, files: tuple[SealedFile, ...]) -> None:
        if root_of(files) != self.entry.root:
            raise IntegrityError(
                f"the hashes inside the seal have the root {root_of(files)}; the ledger commits "
                f"to {self.entry.root}",
                path="data.age",
                hint="the owner's commitment stands: do not score with these data",
            )


def entry_of(state: LedgerState, challenge: str, epoch: int | None = None) -> SealEntry:
    """Give a seal of a challenge, the latest if no epoch is named."""
    seals = state.seals.get(challenge, [])
    for entry in reversed(seals):
        if epoch in {None, entry.epoch}:
            return entry
    wanted = "" if epoch is None else str(epoch)
    hint = "" if seals else f"coopt seal {challenge}"
    raise UnknownNameError("epoch", wanted, [str(s.epoch) for s in seals], hint=hint)


def sealed_box(desk: Desk, challenge: str, entry: SealEntry) -> Box:
    """Fetch a seal's ciphertext, kept in the workspace's content folder, and read its manifest."""
    folder = desk.content(entry.sealed_cid)
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
    fetch_path(desk.store, entry.sealed_cid, folder)  # compares what is there with the CID
    return Box(folder, challenge, entry, _recipients(folder, challenge, entry))


def _recipients(folder: Path, challenge: str, entry: SealEntry) -> list[str]:
    if not folder.is_dir() or {p.name for p in folder.iterdir()} != PARTS:
        raise malformed(f"it is no folder of {', '.join(sorted(PARTS))}")
    path = folder / "manifest.json"
    if max(path.stat().st_size, (folder / "keys.age").stat().st_size) > _MAX_SMALL_BYTES:
        raise malformed("manifest.json or keys.age is too large")
    try:
        document: Any = read_json(path.read_bytes())
        found = (document["schema"], document["challenge"], document["root"])
        recipients = [str(r) for r in document["recipients"]]
    except (ValueError, TypeError, KeyError) as error:
        raise malformed(f"manifest.json cannot be read ({error})") from error
    if found != (SCHEMA, challenge, entry.root):
        raise IntegrityError(
            f"says {', '.join(map(str, found))}; the ledger says {SCHEMA}, {challenge}, "
            f"{entry.root}",
            path="manifest.json",
            hint="ask the challenge's owner",
        )
    return recipients


def _secret_key(secret: bytes) -> AgeKey:
    text = secret.decode("utf-8", "replace")
    if _SECRET.fullmatch(text) is None:
        raise malformed("its key is no secret key of age")
    return AgeKey.of(text)


def revealed(desk: Desk, cid: str) -> AgeKey:
    """Fetch a key that was revealed."""
    place = desk.content(cid)
    place.parent.mkdir(parents=True, exist_ok=True)
    path = fetch_path(desk.store, cid, place)
    if not path.is_file() or path.stat().st_size > _MAX_SMALL_BYTES:
        raise malformed("the revealed key is no small file")
    return _secret_key(path.read_bytes())


def open_with(box: Box, key: AgeKey, sink: Sink | None = None) -> tuple[SealedFile, ...]:
    """Open a seal with the key of one of its recipients."""
    return box.open(box.epoch_key(key), sink)


def against(files: Sequence[SealedFile], folder: Path) -> IntegrityError | None:
    """Compare the files of a folder with an opened seal; give the first difference."""
    for file in files:
        path = folder / file.path
        if not path.is_file():
            return IntegrityError("is sealed, and missing here", path=file.path, hint=str(folder))
        size = path.stat().st_size
        for number, chunk in enumerate(read_chunks(path)):
            if number == len(file.leaves):
                break
            if leaf(file.path, file.size_bytes, file.salt, number, chunk) != file.leaves[number]:
                return differs(file, number)
        if size != file.size_bytes:
            return IntegrityError(
                f"has {size} bytes; {file.size_bytes} were sealed", path=file.path, hint=str(folder)
            )
    return None


@dataclass(frozen=True, slots=True)
class Verified:
    """An opening that matches its commitment."""

    epoch: int
    root: str
    files: tuple[SealedFile, ...]


def verify(
    desk: Desk,
    challenge: str,
    *,
    epoch: int | None = None,
    key: AgeKey | None = None,
    folder: Path | None = None,
) -> Verified:
    """Check an opening against the commitment, from ledger and store alone.

    Parameters
    ----------
    epoch
        The latest if not told.
    key
        Of a recipient: opens a seal whose keys are not revealed yet.
    folder
        Data to compare with what was sealed, laid out like `data/<challenge>`.

    Raises
    ------
    IntegrityError
        Something differs; file and chunk are named.
    ContentMissingError
        The keys are not revealed yet, or the store lacks the ciphertext.
    """
    entry = entry_of(desk.state(), challenge, epoch)
    box = sealed_box(desk, challenge, entry)
    if entry.is_open:
        files = box.open(revealed(desk, entry.keys_cid))
    elif key is not None:
        files = open_with(box, key)
    else:
        raise ContentMissingError(
            f"the keys of epoch {entry.epoch} of '{challenge}' are not revealed yet",
            hint=f"wait for its owner's `coopt unseal {challenge} --epoch {entry.epoch}`, "
            "or open it as one of its recipients with --as NAME",
        )
    if folder is not None and (found := against(files, folder)) is not None:
        raise found
    return Verified(entry.epoch, entry.root, files)


@dataclass(slots=True)
class _Folder:
    """Writes the files of a seal below a folder."""

    root: Path
    _file: IO[bytes] | None = field(default=None)

    def begin(self, file: SealedFile) -> None:
        self.close()
        path = self.root / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("xb")
        # A caged run of root is nobody and reads it; the private folder around it stays closed.
        path.chmod(0o644)

    def write(self, chunk: bytes) -> None:
        assert self._file is not None  # noqa: S101  # begin() comes first
        self._file.write(chunk)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


@contextmanager
def opened(
    desk: Desk,
    challenge: LoadedChallenge,
    *,
    identity: AgeKey | None = None,
    epoch: int | None = None,
) -> Iterator[Path | None]:
    """Give a folder that stands for `data/`: hidden files opened in memory, public ones linked.

    None if the challenge, or the epoch, has no seal on the ledger; by default it is the latest.
    The folder is gone when the context ends.

    Raises
    ------
    IdentityError
        The challenge is sealed, and `identity` is missing or not among its recipients.
    IntegrityError
        What was sealed is not what the ledger commits to; the file is named.
    """
    name = challenge.spec.id
    seals = desk.state().seals.get(name, [])
    number = len(seals) if epoch is None else epoch
    if number == 0:
        yield None
        return
    entry = seals[number - 1]
    with private_folder() as data:
        root = data / name
        root.mkdir()
        box = sealed_box(desk, name, entry)
        _unpack(box, root, _key(desk, box, identity))
        _link_public(challenge, desk.workspace.data_dir / name, root)
        yield data


def _key(desk: Desk, box: Box, identity: AgeKey | None) -> AgeKey:
    if box.entry.is_open:
        return revealed(desk, box.entry.keys_cid)
    if identity is None:
        raise IdentityError(
            f"the hidden data of '{box.challenge}' are sealed, and no key opens them here",
            hint="coopt id recipient NAME, and ask the owner to seal for that recipient",
        )
    return box.epoch_key(identity)


def _unpack(box: Box, root: Path, epoch_key: AgeKey) -> None:
    sink = _Folder(root)
    try:
        box.open(epoch_key, sink)
    finally:
        sink.close()


def _link_public(challenge: LoadedChallenge, source: Path, root: Path) -> None:
    """Link what public splits name; what this machine lacks the planner complains of."""
    for split in challenge.spec.splits.values():
        if split.visibility != "public":
            continue
        for path in {*split.inputs.values(), *split.truths.values()}:
            target = root / path
            if (source / path).exists() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to((source / path).resolve())
