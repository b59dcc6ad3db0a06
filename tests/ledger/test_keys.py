"""Identities: private files, never replaced, never opened for the wrong reason."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from coopt_dag.errors import IdentityError, UnknownNameError
from coopt_dag.ledger.keys import KeySigner, list_identities, new_identity, unlock

CHEAP = 2  # scrypt's work factor: the rules do not depend on it, the seconds do


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_identity_is_private_and_unlocks_to_its_address(tmp_path: Path):
    folder = tmp_path / "ids"
    ann = new_identity(folder, "ann", "open sesame", iterations=CHEAP)
    assert (mode(folder), mode(ann.path)) == (0o700, 0o600)
    assert unlock(folder, "ann", "open sesame").address == ann.address
    assert [p.name for p in folder.iterdir()] == ["ann.json"]  # nothing half-written stays


def test_identities_are_listed_without_a_passphrase(tmp_path: Path):
    made = [new_identity(tmp_path, n, "x", iterations=CHEAP) for n in ("ben", "ann")]
    listed = [(i.name, i.address) for i in list_identities(tmp_path)]
    assert listed == sorted((i.name, i.address) for i in made)
    assert list_identities(tmp_path / "none") == []


def test_a_name_is_never_given_to_a_second_key(tmp_path: Path):
    first = new_identity(tmp_path, "ann", "x", iterations=CHEAP)
    before = first.path.read_bytes()
    with pytest.raises(IdentityError, match="exists") as failure:
        new_identity(tmp_path, "ann", "y", iterations=CHEAP)
    assert failure.value.hint
    assert first.path.read_bytes() == before


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o666])
def test_a_keystore_that_others_can_read_is_refused(tmp_path: Path, bits: int):
    path = new_identity(tmp_path, "ann", "x", iterations=CHEAP).path
    path.chmod(bits)
    with pytest.raises(IdentityError, match="others can read") as failure:
        unlock(tmp_path, "ann", "x")
    assert "chmod 600" in failure.value.hint


def test_a_wrong_passphrase_is_refused_without_telling_it(tmp_path: Path):
    new_identity(tmp_path, "ann", "right", iterations=CHEAP)
    with pytest.raises(IdentityError) as failure:
        unlock(tmp_path, "ann", "guess42")
    assert "guess42" not in str(failure.value) + failure.value.hint


@pytest.mark.parametrize("name", ["", "Ann", "../ann", "a/b", ".ann", "a" * 33])
def test_a_name_that_could_leave_the_folder_is_refused(tmp_path: Path, name: str):
    with pytest.raises(IdentityError):
        new_identity(tmp_path, name, "x", iterations=CHEAP)


def test_an_empty_passphrase_and_a_broken_keystore_are_refused(tmp_path: Path):
    with pytest.raises(IdentityError):
        new_identity(tmp_path, "ann", "", iterations=CHEAP)
    (tmp_path / "ben.json").write_text("{", encoding="utf-8")
    with pytest.raises(IdentityError, match="keystore"):
        list_identities(tmp_path)
    (tmp_path / "ben.json").unlink()
    with pytest.raises(UnknownNameError):
        unlock(tmp_path, "ben", "x")


def test_a_signer_does_not_print_its_key():
    signer = KeySigner.of(bytes([7]) * 32)
    assert "07" * 32 not in repr(signer)
    assert str(signer) == f"KeySigner({signer.address})"
