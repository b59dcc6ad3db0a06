"""Identities: encrypted keystores, private to their user."""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import IdentityError, UnknownNameError

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True)
class KeySigner:
    """A key in memory; never logged, never printed."""

    address: str
    _account: Any

    @classmethod
    def of(cls, secret: bytes) -> KeySigner:
        """Make a signer of 32 secret bytes."""
        from eth_account import Account

        account = Account.from_key(secret)
        return cls(str(account.address).lower(), account)

    def sign(self, transaction: dict[str, Any]) -> bytes:
        """Give the signed raw transaction."""
        return bytes(self._account.sign_transaction(transaction).raw_transaction)

    def sign_typed(self, typed: dict[str, Any]) -> str:
        """Give the signature of EIP-712 data, hex without 0x."""
        from eth_account.messages import encode_typed_data

        signable = encode_typed_data(full_message=typed)
        return bytes(self._account.sign_message(signable).signature).hex()

    def __repr__(self) -> str:
        """Give the address only."""
        return f"KeySigner({self.address})"


@dataclass(frozen=True, slots=True)
class Identity:
    """A name for an address, known without unlocking."""

    name: str
    address: str
    path: Path


def new_identity(
    folder: Path, name: str, passphrase: str, *, iterations: int | None = None
) -> Identity:
    """Make a key and keep it encrypted (scrypt), in a file that only its user can read.

    Parameters
    ----------
    iterations : int, optional
        Work factor of scrypt; the default takes about half a second to unlock.

    Raises
    ------
    IdentityError
        The name is taken or malformed, or the passphrase is empty.
    """
    from eth_account import Account

    if _NAME.fullmatch(name) is None:
        raise IdentityError(
            f"'{name}' is no name for an identity", hint="a letter, then letters, digits, _ or -"
        )
    if not passphrase:
        raise IdentityError("the passphrase is empty", hint="choose one that you will remember")
    path = folder / f"{name}.json"
    if path.exists():
        raise IdentityError(
            f"identity '{name}' exists",
            path=path,
            hint="choose another name; keys are not replaced",
        )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    secret = os.urandom(32)
    document = Account.encrypt(secret, passphrase, iterations=iterations)
    write_new(path, json.dumps(document, sort_keys=True).encode() + b"\n", mode=0o600)
    return Identity(name, KeySigner.of(secret).address, path)


def write_new(path: Path, content: bytes, *, mode: int) -> None:
    """Write a key's file whole or not at all, and never over another.

    Raises
    ------
    IdentityError
        A file of this name appeared meanwhile.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)  # of a killed process that had our number
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)  # refuses to replace a key that appeared meanwhile
    except FileExistsError as error:
        raise IdentityError("a key appeared meanwhile", path=path, hint="try again") from error
    finally:
        part.unlink()


def list_identities(folder: Path) -> list[Identity]:
    """Give the identities of a folder by name; nothing is unlocked."""
    found = []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        document = _read(path)
        address = "0x" + str(document.get("address", "")).removeprefix("0x").lower()
        found.append(Identity(path.stem, address, path))
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise IdentityError(
            "is no keystore", path=path, hint="restore it from a copy, or move it away"
        ) from error


def find_identity(folder: Path, name: str) -> Identity:
    """Give an identity by name."""
    known = {i.name: i for i in list_identities(folder)}
    if name not in known:
        raise UnknownNameError(
            "identity", name, known, hint="" if known else f"coopt id new {name}"
        )
    return known[name]


def unlock(folder: Path, name: str, passphrase: str) -> KeySigner:
    """Decrypt an identity.

    Raises
    ------
    IdentityError
        Others can read the file, or the passphrase is wrong.
    """
    from eth_account import Account

    identity = find_identity(folder, name)
    if stat.S_IMODE(identity.path.stat().st_mode) & 0o077:
        raise IdentityError(
            "others can read this keystore",
            path=identity.path,
            hint=f"chmod 600 {identity.path}; consider the key as known to others",
        )
    try:
        secret = Account.decrypt(_read(identity.path), passphrase)
    except (ValueError, TypeError, KeyError) as error:
        raise IdentityError(
            f"identity '{name}' does not open with this passphrase", hint="try again"
        ) from error
    return KeySigner.of(bytes(secret))
