"""`coopt artifacts`, as a person calls it: a root a revision, pulled by stock DVC, anchored."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.folders import cid_of, fetch_path
from coopt_dag.store.local import LocalStore
from coopt_dag.store.serving.server import background
from tests.store.dvc_repositories import dvc, environment, fill, forget, git
from tests.workspaces import tiny

PHRASE = "correct horse battery staple"


def coopt(folder: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    env = environment(folder) | {
        "COOPT_PASSPHRASE_FILE": str(folder / ".coopt" / "phrase"),
        "COOPT_CACHE": os.environ.get("COOPT_CACHE", str(Path.home() / ".cache" / "coopt")),
    }
    done = subprocess.run(
        [sys.executable, "-m", "coopt_dag.cli", *words],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done


def root(folder: Path, *words: str) -> str:
    return coopt(folder, "artifacts", "root", *words).stdout.strip()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tiny(tmp_path / "lab")
    (folder / ".gitignore").write_text(".coopt/\n.site/\n")
    (folder / ".dvcignore").write_text(".coopt/\n.site/\n")
    git(folder, "init", "--quiet")
    coopt(folder, "artifacts", "setup")
    fill(folder / "more", files=20, seed=1)
    dvc(folder, "add", "--quiet", "more")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "one")
    return folder


def test_a_root_is_the_same_from_the_cache_from_the_store_and_after_a_pull(
    workspace: Path,
) -> None:
    before = root(workspace)
    pushed = coopt(workspace, "artifacts", "push").stdout.strip()
    assert before == pushed == root(workspace) == root(workspace, "HEAD")
    shutil.rmtree(workspace / ".dvc" / "cache")
    assert root(workspace) == pushed
    shutil.rmtree(workspace / "more")
    dvc(workspace, "pull", "--quiet")
    assert root(workspace) == pushed


def test_the_root_holds_exactly_the_objects_of_its_revision(
    workspace: Path, tmp_path: Path
) -> None:
    first = coopt(workspace, "artifacts", "push", "HEAD").stdout.strip()
    (workspace / "more" / "0.bin").write_bytes(b"other")
    dvc(workspace, "add", "--quiet", "more")
    git(workspace, "commit", "--quiet", "-am", "two")
    second = coopt(workspace, "artifacts", "push", "HEAD").stdout.strip()
    assert first != second
    assert root(workspace, "HEAD~1") == first
    store = LocalStore(workspace / ".coopt" / "content-store")
    assert {CID.parse(first), CID.parse(second)} <= store.pins()
    out = fetch_path(store, second, tmp_path / "out")
    objects = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    cache = workspace / ".dvc" / "cache"
    every = {p.relative_to(cache).as_posix() for p in cache.rglob("*") if p.is_file()}
    assert objects < every
    assert len(every - objects) == 2  # the old file and the old listing
    store.collect()
    assert cid_of(fetch_path(store, first, tmp_path / "old")) == first


@pytest.mark.slow
def test_dvc_without_our_package_pulls_a_revision_by_its_cid(
    workspace: Path, tmp_path: Path
) -> None:
    cid = coopt(workspace, "artifacts", "push", "HEAD").stdout.strip()
    reader = tmp_path / "reader"
    git(tmp_path, "clone", "--quiet", str(workspace), "reader")
    with background(LocalStore(workspace / ".coopt" / "content-store")) as url:
        dvc(reader, "remote", "add", "--local", "-d", "pub", f"{url}/ipfs/{cid}", ours=False)
        dvc(reader, "pull", ours=False)
    assert cid_of(reader / "more") == cid_of(workspace / "more")


def test_what_a_cut_short_dvc_push_left_behind_is_pushed(workspace: Path) -> None:
    coopt(workspace, "artifacts", "push")
    extra = workspace / "extra"
    extra.write_text("extra")
    dvc(workspace, "add", "--quiet", "extra")
    # what a killed push leaves: DVC's record of what to push ends early; here it is an old one
    dvc(workspace, "push", "--quiet", "more")
    coopt(workspace, "artifacts", "push")
    forget(workspace, "extra", "more")
    dvc(workspace, "pull", "--quiet")
    assert extra.read_text() == "extra"


def test_an_object_that_is_nowhere_is_named_with_what_it_is_part_of(workspace: Path) -> None:
    listing = json.loads(next((workspace / ".dvc" / "cache").rglob("*.dir")).read_text())
    oid = next(e["md5"] for e in listing if e["relpath"] == "3.bin")
    (workspace / ".dvc" / "cache" / "files" / "md5" / oid[:2] / oid[2:]).unlink()
    done = coopt(workspace, "artifacts", "root", code=7)
    assert "'more/3.bin'" in done.stderr
    assert "dvc fetch" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("root", "no-such-revision"), 4, "no revision is called 'no-such-revision'"),
        (("push", "--remote", "nowhere"), 4, "no remote is called 'nowhere'"),
        (("anchor", "absent"), 14, "coopt artifacts push"),
        (("list", "absent"), 4, "coopt challenge register absent"),
    ],
)
def test_words_that_name_nothing_have_a_next_move(
    workspace: Path, words: tuple[str, ...], code: int, why: str
) -> None:
    done = coopt(workspace, "artifacts", *words, code=code)
    assert why in done.stderr
    assert "hint: " in done.stderr


def test_a_remote_that_is_not_ours_is_refused(workspace: Path, tmp_path: Path) -> None:
    dvc(workspace, "remote", "add", "--local", "--quiet", "plain", str(tmp_path / "plain"))
    done = coopt(workspace, "artifacts", "push", "--remote", "plain", code=2)
    assert "not an ipfs:// one" in done.stderr


def test_without_dvc_the_next_move_is_setup_and_twice_is_the_same_as_once(tmp_path: Path) -> None:
    folder = tiny(tmp_path / "lab")
    assert "coopt artifacts setup" in coopt(folder, "artifacts", "root", code=2).stderr
    coopt(folder, "artifacts", "setup")
    config = (folder / ".dvc" / "config.local").read_text()
    coopt(folder, "artifacts", "setup")
    assert (folder / ".dvc" / "config.local").read_text() == config
    assert "ipfs" not in (folder / ".dvc" / "config").read_text()


def test_a_pushed_root_is_anchored_once_and_listed(workspace: Path) -> None:
    (workspace / ".coopt" / "phrase").write_text(PHRASE)
    coopt(workspace, "id", "new", "lab")
    coopt(workspace, "challenge", "register", "tiny")
    cid = coopt(workspace, "artifacts", "push", "HEAD").stdout.strip()
    commit = git(workspace, "rev-parse", "HEAD")
    first = json.loads(coopt(workspace, "artifacts", "anchor", "tiny", "HEAD", "--json").stdout)
    assert first["new"]
    assert (first["root_cid"], first["revision"]) == (cid, commit)
    again = json.loads(coopt(workspace, "artifacts", "anchor", "tiny", "HEAD", "--json").stdout)
    assert again == first | {"new": False}
    found = json.loads(coopt(workspace, "artifacts", "list", "tiny", "--json").stdout)
    assert [(a["cid"], a["official"]) for a in found["anchors"]] == [(cid, True)]
    assert {o["step"] for o in found["outputs"]} == {"double", "add"}
    shown = coopt(workspace, "artifacts", "list", "tiny").stdout
    assert cid in shown
    assert commit[:12] in shown


def store_of(folder: Path) -> LocalStore:
    return LocalStore(folder / ".coopt" / "content-store")


def cached(folder: Path, content: bytes) -> Path:
    import hashlib

    oid = hashlib.md5(content).hexdigest()
    return folder / ".dvc" / "cache" / "files" / "md5" / oid[:2] / oid[2:]


def flip(path: Path) -> None:
    path.chmod(0o644)
    damaged = bytearray(path.read_bytes())
    damaged[3] ^= 1
    path.write_bytes(damaged)
    path.chmod(0o444)


def test_verify_says_what_it_mended_and_never_mends_with_wrong_bytes(workspace: Path) -> None:
    cid = coopt(workspace, "artifacts", "push").stdout.strip()
    content = (workspace / "more" / "1.bin").read_bytes()
    block = store_of(workspace).path_of(CID.of(content, Codec.RAW))
    flip(block)
    flip(cached(workspace, content))
    done = coopt(workspace, "artifacts", "push", "--verify", code=6)
    assert "not those it is named by" in done.stderr
    assert store_of(workspace).pins() == {CID.parse(cid)}
    flip(cached(workspace, content))  # right again
    done = coopt(workspace, "artifacts", "push", "--verify")
    assert done.stdout.strip() == cid
    assert "mended from DVC's cache: more/1.bin" in done.stderr
    assert store_of(workspace).get(CID.of(content, Codec.RAW)) == content


def test_a_rotten_cache_gives_no_root(workspace: Path) -> None:
    flip(cached(workspace, (workspace / "more" / "1.bin").read_bytes()))
    assert "not those it is named by" in coopt(workspace, "artifacts", "root", code=6).stderr


def test_a_damaged_folder_of_the_root_is_begun_anew_by_verify(workspace: Path) -> None:
    cid = coopt(workspace, "artifacts", "push").stdout.strip()
    store = store_of(workspace)
    [head] = store.heads("artifacts")
    store.path_of(head).write_bytes(b"damaged")
    assert "hint: " in dvc(workspace, "push", fails=True)
    done = coopt(workspace, "artifacts", "push", "--verify")
    assert done.stdout.strip() == cid
    assert "begun anew" in done.stderr
    forget(workspace, "more")
    dvc(workspace, "pull", "--quiet")


def test_a_listing_that_is_nowhere_is_named_by_push_and_by_root(workspace: Path) -> None:
    shutil.rmtree(workspace / ".dvc" / "cache")
    for words in (("root",), ("push",), ("push", "--verify"), ("push", "HEAD")):
        done = coopt(workspace, "artifacts", *words, code=7)
        assert "'more' is tracked by an object that is neither" in done.stderr
        assert "Traceback" not in done.stderr


def test_only_what_is_kept_can_be_anchored(workspace: Path) -> None:
    cid = coopt(workspace, "artifacts", "push").stdout.strip()
    store_of(workspace).unpin(CID.parse(cid))  # as if the push had been killed before its end
    assert json.loads(coopt(workspace, "artifacts", "root", "--json").stdout)["pushed"] is False
    done = coopt(workspace, "artifacts", "anchor", "tiny", code=14)
    assert "coopt artifacts push" in done.stderr


def test_an_output_that_nobody_has_made_is_told_and_left_out(workspace: Path) -> None:
    before = root(workspace)
    (workspace / "dvc.yaml").write_text(
        "stages:\n  make:\n    cmd: echo 1 > made\n    outs:\n    - made\n"
    )
    done = coopt(workspace, "artifacts", "push")
    assert done.stdout.strip() == before
    assert "'made' (dvc.yaml) has not been made yet" in done.stderr


def test_a_tracked_name_that_leads_out_of_the_cache_is_refused(workspace: Path) -> None:
    file = workspace / "evil.dvc"
    file.write_text("outs:\n- md5: ab/dev/zero\n  size: 1\n  hash: md5\n  path: evil\n")
    assert "no md5 sum" in coopt(workspace, "artifacts", "root", code=6).stderr


def test_without_a_commit_or_with_an_empty_revision_the_next_move_is_told(tmp_path: Path) -> None:
    folder = tiny(tmp_path / "lab")
    git(folder, "init", "--quiet")
    coopt(folder, "artifacts", "setup")
    for revision in ("HEAD", "HEAD~1", "deadbeef"):
        done = coopt(folder, "artifacts", "root", revision, code=4)
        assert "git commit first" in done.stderr
    assert "leave it out" in coopt(folder, "artifacts", "root", "", code=2).stderr
    (folder / ".dvc" / "config.local").unlink()
    assert "coopt artifacts setup" in coopt(folder, "artifacts", "push", code=2).stderr


@pytest.mark.parametrize("word", ["..", "a/b", 'a"b'])
def test_setup_refuses_names_that_could_not_be_used(tmp_path: Path, word: str) -> None:
    folder = tiny(tmp_path / "lab")
    coopt(folder, "artifacts", "setup", "--name", word, code=2)
    coopt(folder, "artifacts", "setup", "--remote", word, code=2)
    assert not (folder / ".dvc" / "config.local").exists()


def test_setup_says_which_default_it_replaces_and_whether_a_node_answers(workspace: Path) -> None:
    done = coopt(workspace, "artifacts", "setup", "--remote", "node", "--api", "http://127.0.0.1:9")
    assert "in place of 'coopt'" in done.stdout
    assert "cannot be reached" in done.stderr
