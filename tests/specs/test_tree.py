from __future__ import annotations

from hashlib import sha256

import pytest

from coopt_dag.errors import SpecError
from coopt_dag.specs.tree import file_sha256, tree_sha256


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "solution"
    (folder / "lib").mkdir(parents=True)
    (folder / "run.py").write_bytes(b"def solve(): ...\n")
    (folder / "lib" / "a.py").write_bytes(b"a = 1\n")
    (folder / "solution.yaml").write_bytes(b"id: x\n")
    return folder


def test_the_hash_is_the_written_rule(folder):
    (folder / "run.py").chmod(0o755)
    (folder / "lib" / "a.py").chmod(0o644)
    # sorted paths: lib/a.py, run.py; "-" plain, "x" executable; each line ends with NUL
    text = (
        f"- {sha256(b'a = 1' + bytes([10])).hexdigest()} lib/a.py\0"
        f"x {sha256(b'def solve(): ...' + bytes([10])).hexdigest()} run.py\0"
    )
    assert tree_sha256(folder) == sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "name",
    [
        "solution.yaml",
        "tests/example.json",
        "__pycache__/run.pyc",
        "lib/__pycache__/a.pyc",
        "b.pyc",
    ],
)
def test_what_is_no_code_does_not_count(folder, name):
    before = tree_sha256(folder)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"changed")
    assert tree_sha256(folder) == before


@pytest.mark.parametrize(
    "name", ["run.py", "new.py", "lib/solution.yaml", "lib/tests/a", ".hidden"]
)
def test_every_other_byte_counts(folder, name):
    before = tree_sha256(folder)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"changed")
    assert tree_sha256(folder) != before


def test_the_executable_bit_and_the_name_count(folder):
    before = tree_sha256(folder)
    (folder / "run.py").chmod(0o755)
    executable = tree_sha256(folder)
    (folder / "run.py").chmod(0o644)
    (folder / "run.py").rename(folder / "go.py")
    assert len({before, executable, tree_sha256(folder)}) == 3


def test_where_the_folder_lies_does_not_count(folder):
    before = tree_sha256(folder)
    moved = folder.rename(folder.with_name("elsewhere"))
    assert tree_sha256(moved) == before


def test_a_symbolic_link_is_refused(folder, tmp_path):
    (tmp_path / "outside.py").write_bytes(b"x")
    (folder / "link.py").symlink_to(tmp_path / "outside.py")
    with pytest.raises(SpecError, match=r"link\.py: is not a plain file"):
        tree_sha256(folder)


def test_a_linked_folder_is_refused_and_not_followed(folder):
    (folder / "loop").symlink_to(folder)
    with pytest.raises(SpecError, match="loop: is not a plain file"):
        tree_sha256(folder)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(SpecError, match="is no folder"):
        tree_sha256(tmp_path / "nowhere")


def test_a_file_has_the_sha256_of_its_bytes(folder):
    assert file_sha256(folder / "run.py") == sha256(b"def solve(): ...\n").hexdigest()
