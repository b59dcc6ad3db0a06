"""Keys that open sealed data: one age identity beside a keystore, under the same passphrase."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyrage

from coopt_dag.errors import IdentityError
from coopt_dag.ledger.keys import find_identity, unlock, write_new

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class AgeKey:
    """A secret key of age in memory; never printed."""

    recipient: str
    """What others encrypt to: `age1…`."""
    identity: Any

    @classmethod
    def new(cls) -> AgeKey:
        """Make a fresh key.

        >>> AgeKey.new().recipient[:4]
        'age1'
        """
        return cls.of(str(pyrage.x25519.Identity.generate()))

    @classmethod
    def of(cls, secret: str) -> AgeKey:
        """Read a secret key, `AGE-SECRET-KEY-1…`."""
        try:
            identity = pyrage.x25519.Identity.from_str(secret.strip())
        except pyrage.IdentityError as error:
            raise IdentityError("is no secret key of age", hint="ask who gave it") from error
        return cls(str(identity.to_public()), identity)

    def secret(self) -> str:
        """Give the text of the secret key."""
        return str(self.identity)

    def __repr__(self) -> str:
        """Give the public half only."""
        return f"AgeKey({self.recipient})"


def read_recipient(text: str) -> Any:
    """Read `age1…` into a key to encrypt to.

    >>> read_recipient("age1junk")
    Traceback (most recent call last):
    coopt_dag.errors.IdentityError: 'age1junk' is no recipient of age
    """
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise IdentityError(
            f"'{text}' is no recipient of age",
            hint="the evaluator runs `coopt id recipient NAME` and sends you the line",
        ) from error


def has_key(folder: Path, name: str) -> bool:
    """Tell whether an identity has a key that opens sealed data."""
    return (folder / f"{name}.age").exists()


def make_key(folder: Path, name: str, passphrase: str) -> AgeKey:
    """Give an identity's age key; make it if there is none, under the keystore's passphrase.

    Raises
    ------
    IdentityError
        The passphrase does not open the keystore, or others can read a file.
    UnknownNameError
        There is no such identity.
    """
    if has_key(folder, name):
        return open_key(folder, name, passphrase)
    unlock(folder, name, passphrase)
    key = AgeKey.new()
    sealed = pyrage.passphrase.encrypt(key.secret().encode(), passphrase)
    write_new(folder / f"{name}.age", sealed, mode=0o600)
    _write_recipient(folder, name, key)
    return key


def open_key(folder: Path, name: str, passphrase: str) -> AgeKey:
    """Decrypt an identity's age key.

    Raises
    ------
    IdentityError
        There is none, others can read it, or the passphrase is wrong.
    """
    find_identity(folder, name)
    path = folder / f"{name}.age"
    if not path.exists():
        raise IdentityError(
            f"identity '{name}' has no key for sealed data", hint=f"coopt id recipient {name}"
        )
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise IdentityError("others can read this key", path=path, hint=f"chmod 600 {path}")
    try:
        secret = pyrage.passphrase.decrypt(path.read_bytes(), passphrase)
    except pyrage.DecryptError as error:
        raise IdentityError(
            f"the key for sealed data of '{name}' does not open with this passphrase ({error})",
            path=path,
            hint="it is the passphrase of its keystore; try again",
        ) from error
    key = AgeKey.of(secret.decode())
    if not (folder / f"{name}.recipient").exists():  # of a kill between the two files
        _write_recipient(folder, name, key)
    return key


def recipient_of(folder: Path, name: str) -> str:
    """Give an identity's recipient, without a passphrase.

    Raises
    ------
    IdentityError
        It has none yet.
    """
    find_identity(folder, name)
    try:
        return (folder / f"{name}.recipient").read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        raise IdentityError(
            f"identity '{name}' has no key for sealed data", hint=f"coopt id recipient {name}"
        ) from error


def _write_recipient(folder: Path, name: str, key: AgeKey) -> None:
    write_new(folder / f"{name}.recipient", f"{key.recipient}\n".encode(), mode=0o644)
