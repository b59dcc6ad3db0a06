"""Seeds of simulated splits: public ones as written, hidden ones drawn from an owner's secret."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from coopt_dag.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coopt_dag.specs.loaded import LoadedWorkspace

SECRET_BYTES = 32
_SEED = "coopt/simulator-seed/1"
_COMMITMENT = "coopt/simulator-commitment/1"
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SplitSeed:
    """What `numpy.random.default_rng` is given for a split, and how it may be told to others."""

    value: int
    mark: str
    """The seed itself if it is public, else a commitment that does not tell it."""


def public_seed(seed: int) -> SplitSeed:
    """Give a seed that challenge.yaml tells everybody.

    >>> public_seed(7)
    SplitSeed(value=7, mark='7')
    """
    return SplitSeed(seed, str(seed))


def hidden_seed(challenge: str, split: str, *, secret: bytes) -> SplitSeed:
    r"""Give the seed that a secret draws for a split: nothing of it tells the other splits'.

    It is the SHA-256 of four lines, read as a big-endian number: the word
    ``coopt/simulator-seed/1``, the challenge, the split, the secret in hexadecimal.

    >>> from hashlib import sha256
    >>> lines = f"coopt/simulator-seed/1\ntiny\nquiz\n{'00' * 32}\n"
    >>> found = hidden_seed("tiny", "quiz", secret=bytes(32))
    >>> found.value == int(sha256(lines.encode()).hexdigest(), 16)
    True
    """
    seed = _digest(_SEED, challenge, split, secret.hex())
    return SplitSeed(int(seed, 16), f"secret {_digest(_COMMITMENT, seed)}")


def read_secret(path: Path) -> bytes:
    """Read a secret: one line of 64 hexadecimal digits.

    Raises
    ------
    UsageError
        There is no such file, or something else is in it.
    """
    try:
        text = path.read_text(encoding="ascii").strip().lower()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("cannot be read as a secret", path=path, hint=_form()) from error
    if not _HEX.fullmatch(text):
        raise UsageError("is no secret of a simulator", path=path, hint=_form())
    return bytes.fromhex(text)


def secret_path(workspace: LoadedWorkspace, challenge: str) -> Path:
    """Give the place of the owner's secret; it may not be there yet."""
    return workspace.state_dir / "simulator" / challenge


def make_secret(path: Path, *, draw: Callable[[int], bytes] = secrets.token_bytes) -> bytes:
    """Give the secret at `path`; draw it if there is none. One that is there is never replaced.

    The file appears whole, with mode 0600 from the start. Two processes that draw at once end
    with the same secret: the first one's.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        part.unlink(missing_ok=True)
        file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(file, f"{draw(SECRET_BYTES).hex()}\n".encode())
            os.fsync(file)
        finally:
            os.close(file)
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(part)  # unlike a rename it fails if somebody was first
        part.unlink()
        sync(path.parent)
    return read_secret(path)


def sync(path: Path) -> None:
    """Have the disk hold a file's bytes, or a folder's names."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _digest(*lines: str) -> str:
    return sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def _form() -> str:
    return "a secret is one line of 64 hexadecimal digits"
