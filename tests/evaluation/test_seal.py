"""Hidden data: sealed by the owner, opened by evaluators in memory, checked by anybody."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest

from coopt_dag.errors import (
    BusyError,
    ContentMissingError,
    CooptError,
    DataMissingError,
    IdentityError,
    IntegrityError,
    IsolationError,
    LedgerRefusedError,
    UnknownNameError,
    UsageError,
)
from coopt_dag.evaluation import agekeys, sealpack
from coopt_dag.evaluation import submit as offering
from coopt_dag.evaluation.agekeys import AgeKey
from coopt_dag.evaluation.commitment import CHUNK_BYTES, SealedFile, leaf, root_of
from coopt_dag.evaluation.desk import Desk
from coopt_dag.evaluation.evaluate import evaluate_one
from coopt_dag.evaluation.register import register
from coopt_dag.evaluation.seal import Made, _scratch, commit, hidden_paths, seal, unseal
from coopt_dag.evaluation.sealed import opened, verify
from coopt_dag.execution.planning import make_plan
from coopt_dag.execution.private import MEMORY, private_folder
from coopt_dag.execution.request import Request
from coopt_dag.ledger.actions import RegisterChallenge, Seal, Unseal
from coopt_dag.ledger.keys import new_identity
from coopt_dag.ledger.memory import MemorySigner
from coopt_dag.specs.challenge import load_challenge
from coopt_dag.specs.workspace import find_workspace
from coopt_dag.store.folders import add_bytes, add_path, fetch_path

OWNER, JUDGE = AgeKey.new(), AgeKey.new()
LABELS = b'{"secret": "labels that nobody may see 8f14e45f"}\n'


@pytest.fixture
def sealed(scene):
    """The tiny challenge on a ledger, with hidden data of known bytes; nothing sealed yet."""
    lab = scene.lab
    lab.send(RegisterChallenge("tiny", "m", (lab.identity.address,)))
    data = lab.workspace.data_dir / "tiny"
    (data / "sealed" / "total.json").write_bytes(LABELS)
    (data / "quiz" / "doubled.json").write_bytes(bytes(range(256)) * 8192)  # two chunks
    return scene


def elsewhere(scene, folder: Path, *, with_public: bool = True) -> Desk:
    """Another workspace on the same ledger and store, without the hidden data."""
    shutil.copytree(scene.root, folder)
    shutil.rmtree(folder / ".coopt", ignore_errors=True)
    for room in ("quiz", "sealed") if with_public else ("",):
        shutil.rmtree(folder / "data" / "tiny" / room)
    return replace(scene.lab, workspace=find_workspace(folder), signer=None)


def do_seal(scene, *recipients: str, again: bool = False) -> Made:
    to = recipients or (JUDGE.recipient,)
    return seal(scene.lab, scene.challenge, recipients=to, key=OWNER, again=again)


def blocks(desk: Desk) -> bytes:
    return b"".join(desk.store._blocks.values())


def test_the_owner_seals_an_evaluator_opens_and_anybody_checks_after_the_keys_are_revealed(
    sealed, tmp_path
):
    made = do_seal(sealed)
    assert (made.epoch, made.files, made.is_new) == (1, 6, True)
    judge = elsewhere(sealed, tmp_path / "judge")
    challenge = load_challenge(judge.workspace, "tiny")
    with opened(judge, challenge, identity=JUDGE) as data:
        hidden = data / "tiny"
        assert (hidden / "sealed/total.json").read_bytes() == LABELS
        assert (hidden / "public/numbers.json").resolve() == (
            judge.workspace.data_dir / "tiny/public/numbers.json"
        )
        assert data.is_relative_to(MEMORY)
        assert data.stat().st_mode & 0o777 == 0o700
    assert not data.exists()
    third = elsewhere(sealed, tmp_path / "third", with_public=False)
    with pytest.raises(ContentMissingError, match="not revealed yet"):
        verify(third, "tiny")
    assert verify(third, "tiny", key=JUDGE).root == made.root
    unseal(sealed.lab, "tiny", epoch=1, key=OWNER)
    found = verify(third, "tiny")
    assert (found.epoch, found.root) == (1, made.root)
    assert [f.path for f in found.files] == sorted(
        f"{room}/{name}.json"
        for room in ("quiz", "sealed")
        for name in ("doubled", "numbers", "total")
    )
    assert verify(third, "tiny", folder=sealed.lab.workspace.data_dir / "tiny") == found


def test_a_plan_on_opened_data_has_the_nodes_of_a_plan_on_the_owners(sealed, tmp_path):
    do_seal(sealed)
    request = Request("tiny", splits=("quiz", "public"))
    own = make_plan(sealed.lab.workspace, sealed.challenge, request)
    judge = elsewhere(sealed, tmp_path / "judge")
    challenge = load_challenge(judge.workspace, "tiny")
    with pytest.raises(DataMissingError):
        make_plan(judge.workspace, challenge, request)
    with opened(judge, challenge, identity=JUDGE) as data:
        plan = make_plan(judge.workspace, challenge, request, data_dir=data)
    assert list(plan["nodes"]) == list(own["nodes"])
    places = plan["data"].values()
    assert sum(p.startswith(f"{data}/tiny/quiz/") for p in places) == 3
    assert sum(p.startswith("data/tiny/public/") for p in places) == 3


def test_without_a_seal_there_is_nothing_to_open(sealed):
    with opened(sealed.lab, sealed.challenge) as data:
        assert data is None
    with pytest.raises(UnknownNameError, match="no epoch"):
        verify(sealed.lab, "tiny")


def test_who_is_no_recipient_is_refused_with_the_owners_next_move(sealed):
    do_seal(sealed)
    stranger = AgeKey.new()
    with (
        pytest.raises(IdentityError) as refusal,
        opened(sealed.lab, sealed.challenge, identity=stranger),
    ):
        pass
    assert stranger.recipient in refusal.value.hint
    with pytest.raises(IdentityError) as refusal, opened(sealed.lab, sealed.challenge):
        pass
    assert "coopt id recipient" in refusal.value.hint


def test_neither_plaintext_nor_salts_nor_leaves_nor_plain_hashes_reach_the_store(sealed, tmp_path):
    do_seal(sealed)
    files = verify(sealed.lab, "tiny", key=JUDGE).files
    kept = blocks(sealed.lab)
    state = b"".join(
        p.read_bytes() for p in sealed.lab.workspace.state_dir.rglob("*") if p.is_file()
    )
    from hashlib import sha256

    secrets = [LABELS[:24], bytes(range(256)), b"AGE-SECRET-KEY", sha256(LABELS).digest()]
    secrets += [one for f in files for one in (f.salt, *f.leaves)]
    for secret in secrets:
        for form in (secret, secret.hex().encode()):
            assert form not in kept
            assert form not in state
    assert b"coopt/seal/1" in kept  # the search looks at the right bytes


def test_the_same_bytes_have_another_commitment_each_time(sealed):
    first, second = do_seal(sealed), do_seal(sealed, again=True)
    assert (first.epoch, second.epoch) == (1, 2)
    assert first.root != second.root


def test_sealing_again_does_nothing_until_data_or_recipients_change(sealed):
    first = do_seal(sealed)
    assert do_seal(sealed) == replace(first, is_new=False)
    assert do_seal(sealed, JUDGE.recipient, AgeKey.new().recipient).epoch == 2
    (sealed.lab.workspace.data_dir / "tiny/quiz/total.json").write_bytes(b"[1]")
    third = do_seal(sealed)
    assert (third.epoch, third.is_new) == (3, True)
    unseal(sealed.lab, "tiny", epoch=3, key=OWNER)
    assert do_seal(sealed).epoch == 4  # what everybody can read is no seal any more


def test_only_the_owner_seals_and_unseals_and_an_epoch_once(sealed):
    other = replace(sealed.lab, signer=MemorySigner("0x" + "b" * 40))
    with pytest.raises(IdentityError, match="owner"):
        seal(other, sealed.challenge, recipients=(), key=JUDGE)
    do_seal(sealed)
    with pytest.raises(IdentityError, match="owner"):
        unseal(other, "tiny", epoch=1, key=JUDGE)
    unseal(sealed.lab, "tiny", epoch=1, key=OWNER)
    with pytest.raises(UsageError, match="already"):
        unseal(sealed.lab, "tiny", epoch=1, key=OWNER)


def test_a_seal_needs_all_hidden_files_and_a_registered_challenge(scene):
    with pytest.raises(UsageError) as refusal:
        do_seal(scene)
    assert "coopt challenge register" in refusal.value.hint
    (scene.root / "data/tiny/sealed/total.json").unlink()
    with pytest.raises(DataMissingError, match="total"):
        hidden_paths(scene.challenge, scene.root / "data/tiny")


@pytest.mark.parametrize(
    ("path", "byte", "chunk"),
    [("sealed/total.json", 5, 0), ("quiz/doubled.json", CHUNK_BYTES + 7, 1)],
)
def test_one_changed_byte_of_the_data_is_named_by_file_and_chunk(
    sealed, tmp_path, path, byte, chunk
):
    do_seal(sealed)
    copy = tmp_path / "copy"
    shutil.copytree(sealed.lab.workspace.data_dir / "tiny", copy)
    flip(copy / path, byte)
    with pytest.raises(IntegrityError) as found:
        verify(sealed.lab, "tiny", key=JUDGE, folder=copy)
    assert (found.value.path, found.value.field) == (path, f"chunk {chunk}")


def flip(path: Path, byte: int) -> None:
    content = bytearray(path.read_bytes())
    content[byte] ^= 1
    path.write_bytes(bytes(content))


def test_a_missing_longer_or_shorter_file_is_named(sealed, tmp_path):
    do_seal(sealed)
    for change in ("missing", "longer", "shorter"):
        copy = tmp_path / change
        shutil.copytree(sealed.lab.workspace.data_dir / "tiny", copy)
        path = copy / "quiz/doubled.json"
        content = path.read_bytes()
        path.write_bytes(content + b"x" if change == "longer" else content[:-1])
        if change == "missing":
            path.unlink()
        with pytest.raises(IntegrityError) as found:
            verify(sealed.lab, "tiny", key=JUDGE, folder=copy)
        assert found.value.path == "quiz/doubled.json"


def reseal(scene, tmp_path: Path, name: str, change, *, root: str | None = None) -> None:
    """Put a changed copy of the present seal on the ledger, as a lying owner would."""
    entry = scene.lab.state().seal("tiny")
    box = tmp_path / name
    fetch_path(scene.lab.store, entry.sealed_cid, box)
    change(box)
    cid = add_path(scene.lab.store, box, pin=True)
    scene.lab.send(Seal("tiny", root or entry.root, cid))


@pytest.mark.parametrize("byte", [3, 300, -3])
def test_one_changed_byte_of_the_ciphertext_is_named(sealed, tmp_path, byte):
    do_seal(sealed)
    reseal(sealed, tmp_path, "bad", lambda box: flip(box / "data.age", byte))
    with pytest.raises(IntegrityError) as found:
        verify(sealed.lab, "tiny", key=JUDGE)
    assert found.value.path == "data.age"


def test_a_changed_manifest_or_key_file_is_named(sealed, tmp_path):
    do_seal(sealed)

    def other_root(box: Path) -> None:
        text = (box / "manifest.json").read_text()
        document = json.loads(text) | {"root": "cd" * 32}
        (box / "manifest.json").write_text(json.dumps(document))

    reseal(sealed, tmp_path, "one", other_root)
    with pytest.raises(IntegrityError) as found:
        verify(sealed.lab, "tiny", key=JUDGE)
    assert found.value.path == "manifest.json"
    sealed.lab.send(Seal("tiny", *first_seal(sealed)))
    reseal(sealed, tmp_path, "two", lambda box: flip(box / "keys.age", -1))
    with pytest.raises(IntegrityError) as found:
        verify(sealed.lab, "tiny", key=JUDGE)
    assert found.value.path == "keys.age"


def first_seal(scene) -> tuple[str, str]:
    entry = scene.lab.state().seals["tiny"][0]
    return entry.root, entry.sealed_cid


def test_an_owner_who_swaps_a_label_is_caught_with_the_files_name(sealed, tmp_path):
    """The owner encrypts other bytes than it committed to, with a right header."""
    data = sealed.lab.workspace.data_dir / "tiny"
    do_seal(sealed)
    files = verify(sealed.lab, "tiny", key=JUDGE).files
    epoch_key = AgeKey.new()

    def swap(box: Path) -> None:
        pack = sealpack.header_of(files) + b"".join(
            (data / f.path).read_bytes().replace(b"8f14", b"8f15") for f in files
        )
        reader = agekeys.read_recipient(epoch_key.recipient)
        (box / "data.age").write_bytes(pyrage.encrypt(pack, [reader]))
        to = [agekeys.read_recipient(JUDGE.recipient)]
        (box / "keys.age").write_bytes(pyrage.encrypt(epoch_key.secret().encode(), to))

    reseal(sealed, tmp_path, "swapped", swap)
    with (
        pytest.raises(IntegrityError) as found,
        opened(sealed.lab, sealed.challenge, identity=JUDGE),
    ):
        pass
    assert (found.value.path, found.value.field) == ("sealed/total.json", "chunk 0")
    assert not list((MEMORY / f"coopt-{os.getuid()}").rglob("total.json"))


def test_a_header_with_other_leaves_does_not_have_the_ledgers_root(sealed, tmp_path):
    do_seal(sealed)
    reseal(sealed, tmp_path, "same", lambda _box: None, root="ee" * 32)
    with pytest.raises(IntegrityError) as found:
        verify(sealed.lab, "tiny", key=JUDGE)
    assert found.value.path == "manifest.json"


def test_a_wrong_revealed_key_opens_nothing(sealed):
    do_seal(sealed)
    cid = add_bytes(sealed.lab.store, AgeKey.new().secret().encode() + b"\n")
    sealed.lab.send(Unseal("tiny", 1, cid))
    with pytest.raises(IntegrityError) as found:
        verify(sealed.lab, "tiny")
    assert found.value.path == "data.age"


def test_unsealing_a_seal_that_does_not_open_reveals_nothing(sealed, tmp_path):
    do_seal(sealed)
    reseal(sealed, tmp_path, "bad", lambda box: flip(box / "data.age", -3))
    with pytest.raises(IntegrityError):
        unseal(sealed.lab, "tiny", epoch=2, key=OWNER)
    assert not sealed.lab.state().seal("tiny").is_open


def test_a_damaged_copy_of_the_ciphertext_is_not_believed(sealed):
    made = do_seal(sealed)
    verify(sealed.lab, "tiny", key=JUDGE)
    flip(sealed.lab.workspace.state_dir / "content" / made.sealed_cid / "data.age", 300)
    with pytest.raises(CooptError):
        verify(sealed.lab, "tiny", key=JUDGE)


def row(**change) -> dict:
    good = {"path": "a", "size": 1, "salt": "00" * 32, "leaves": ["11" * 32]}
    return good | change


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [row(path="../a")],
        [row(path="/a")],
        [row(path="a//b")],
        [row(path="a\0")],
        [row(path="")],
        [row(path=1)],
        [row(size=-1)],
        [row(size=True)],
        [row(size=1 << 60)],
        [row(size=CHUNK_BYTES + 1)],
        [row(salt="00")],
        [row(leaves=[])],
        [row(leaves=["11"])],
        [row(), row()],
        [row(path="b"), row(path="a")],
        [row(path="a"), row(path="a/b")],
        [row(path="a"), row(path="a-b"), row(path="a/b")],
    ],
)
def test_a_hostile_header_is_refused(rows):
    with pytest.raises(IntegrityError):
        sealpack.read_header(json.dumps({"files": rows}).encode())


@pytest.mark.parametrize("size", [1, 7, 8192, 1 << 30])
def test_a_pack_is_read_the_same_however_it_is_cut(tmp_path, size):
    for name, content in (("a", b""), ("b/c", b"x" * (2 * CHUNK_BYTES)), ("b/d", b"yz")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content if size > 7 else content[:3])
    files = [commit(tmp_path, p, salt=bytes(32)) for p in ("a", "b/c", "b/d")]
    pack = sealpack.Packer(tmp_path, files).read()
    packer, pieces = sealpack.Packer(tmp_path, files), []
    while part := packer.read(size):
        pieces.append(part)
    whole = b"".join(pieces)
    assert whole.startswith(pack)
    seen = []
    unpacker = sealpack.Unpacker(seen.append)
    for at in range(0, len(whole), size):
        unpacker.write(whole[at : at + size])
    assert unpacker.finish() == tuple(files)
    assert seen == [tuple(files)]
    cut = sealpack.Unpacker(seen.append)
    cut.write(whole[:-1])
    with pytest.raises(IntegrityError):
        cut.finish()
    with pytest.raises(IntegrityError, match="follows"):
        unpacker.write(b"x")


def test_a_file_that_changes_while_it_is_sealed_is_not_sealed(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    files = [commit(tmp_path, "a", salt=bytes(32))]
    (tmp_path / "a").write_bytes(b"two")
    packer = sealpack.Packer(tmp_path, files)
    packer.read()
    with pytest.raises(IntegrityError, match="changed"):
        packer.read()


def test_the_commitment_is_the_one_that_the_page_describes():
    """By hand, from docs/sealed.md: one file `a` of one byte, one file `b` of none."""
    from hashlib import sha256

    salt = bytes(range(32))

    def hand(name: bytes, size: int, chunk: bytes) -> bytes:
        lengths = len(name).to_bytes(8, "big"), size.to_bytes(8, "big"), bytes(8)
        return sha256(b"\0" + salt + lengths[0] + name + lengths[1] + lengths[2] + chunk).digest()

    one, two = hand(b"a", 1, b"x"), hand(b"b", 0, b"")
    assert leaf("a", 1, salt, 0, b"x") == one
    files = [SealedFile("b", 0, salt, (two,)), SealedFile("a", 1, salt, (one,))]
    assert root_of(files) == sha256(b"\1" + one + two).hexdigest()
    three = [*files, SealedFile("c", 0, salt, (two,))]
    assert root_of(three) == sha256(b"\1" + sha256(b"\1" + one + two).digest() + two).hexdigest()


@pytest.mark.slow
def test_an_identity_has_one_key_for_sealed_data_under_its_passphrase(tmp_path):
    new_identity(tmp_path, "lab", "word", iterations=2)
    with pytest.raises(IdentityError, match="no key"):
        agekeys.recipient_of(tmp_path, "lab")
    with pytest.raises(IdentityError):
        agekeys.make_key(tmp_path, "lab", "other word")
    made = agekeys.make_key(tmp_path, "lab", "word")
    assert made.secret() not in repr(made)
    assert (tmp_path / "lab.age").stat().st_mode & 0o777 == 0o600
    assert agekeys.recipient_of(tmp_path, "lab") == made.recipient
    (tmp_path / "lab.recipient").unlink()  # as after a kill between the two
    assert agekeys.make_key(tmp_path, "lab", "word").recipient == made.recipient
    assert agekeys.recipient_of(tmp_path, "lab") == made.recipient
    with pytest.raises(IdentityError, match="passphrase"):
        agekeys.open_key(tmp_path, "lab", "other word")
    (tmp_path / "lab.age").chmod(0o640)
    with pytest.raises(IdentityError, match="others"):
        agekeys.open_key(tmp_path, "lab", "word")


def test_a_folder_that_is_no_tmpfs_or_is_somebody_elses_is_refused(tmp_path):
    with pytest.raises(IsolationError, match="no tmpfs"), private_folder(memory=tmp_path):
        pass
    from coopt_dag.execution.private import _make_base

    (tmp_path / "taken").mkdir(mode=0o755)
    with pytest.raises(IsolationError, match="taken"):
        _make_base(tmp_path / "taken")


@pytest.mark.kill
def test_what_a_killed_evaluator_had_open_is_gone_at_the_next_start_and_others_are_left_alone():
    script = textwrap.dedent("""
        import sys, time
        from coopt_dag.execution.private import private_folder
        with private_folder() as folder:
            (folder / "labels").write_text("hidden")
            print(folder, flush=True)
            time.sleep(60)
    """)
    killed = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    left = Path(killed.stdout.readline().strip())
    with private_folder() as mine:
        assert (left / "labels").exists()  # its maker lives
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
        assert (left / "labels").exists()  # a kill leaves it for now
        with private_folder() as other:
            assert not left.exists()
            assert mine.exists()
            assert other.exists()


@pytest.mark.kill
def test_a_seal_that_was_killed_midway_leaves_no_plaintext_and_the_next_one_completes(sealed):
    """Killed while the second of 200 reads encrypts: ciphertext on disk, nothing on the ledger."""
    state = sealed.lab.workspace.state_dir
    pid = os.fork()
    if pid == 0:  # pragma: no cover  # the killed side
        calls = []
        original = sealpack.Packer.read

        def read(self, size=-1):
            calls.append(size)
            if len(calls) == 100:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(self, size)

        sealpack.Packer.read = read
        do_seal(sealed)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    left = [p for p in (state / "sealing").rglob("*") if p.is_file()]
    assert left  # it was in the middle
    assert all(bytes(range(256)) not in p.read_bytes() for p in left)
    assert sealed.lab.state().seal("tiny") is None
    assert do_seal(sealed).epoch == 1
    assert not (state / "sealing").exists()


def test_two_processes_do_not_seal_at_once(sealed):
    with _scratch(sealed.lab.workspace.state_dir) as mine:
        with pytest.raises(BusyError):
            do_seal(sealed)
        assert mine.exists()
    assert do_seal(sealed).epoch == 1


def test_a_seal_is_refused_by_the_ledger_if_its_owner_changed_its_mind(sealed):
    do_seal(sealed)
    with pytest.raises(LedgerRefusedError) as refusal:
        sealed.lab.send(Unseal("tiny", 2, "cid"))
    assert refusal.value.code == "UnknownEpoch"


@pytest.mark.slow
def test_an_evaluator_without_the_data_scores_what_the_owner_scored_and_leaks_no_label(
    scene, tmp_path, tell
):
    """Owner registers and seals; another workspace opens, runs caged, records; owner unseals."""
    judge_hand = MemorySigner("0x" + "c" * 40)
    register(
        scene.lab,
        scene.challenge,
        evaluators=(scene.lab.identity.address, judge_hand.address),
        cores=1,
        tell=tell,
    )
    made = do_seal(scene)
    offering.claim(scene.ada, "tiny", "double", days=1)
    folder = offering.fork(
        scene.ada, scene.challenge, "double", source="baseline", name="mine", author="ada"
    )
    code = (folder / "run.py").read_text(encoding="utf-8")
    code = code.replace("list(", "[2 * v + 1 for v in (").replace(")}}", ")]}}")
    (folder / "run.py").write_text(code, encoding="utf-8")
    offering.submit(scene.ada, scene.challenge, folder)
    judge = replace(elsewhere(scene, tmp_path / "judge"), signer=judge_hand)
    challenge = load_challenge(judge.workspace, "tiny")
    (submission,) = judge.state().pending
    with opened(judge, challenge, identity=JUDGE) as data:
        verdict = evaluate_one(judge, submission, cores=1, tell=tell, data=data)
    # Each value is one too large: a mean absolute error of 1, where the baseline has 5.5.
    assert (verdict.status, judge.state().submissions[submission.id].score_wad) == (
        *("record", 10**18),
    )
    truth = (scene.root / "data/tiny/quiz/doubled.json").read_bytes()
    assert truth.strip() not in blocks(scene.lab)
    for path in judge.workspace.root.rglob("*"):
        assert not path.is_file() or truth.strip() not in path.read_bytes(), path
    unseal(scene.lab, "tiny", epoch=1, key=OWNER)
    third = elsewhere(scene, tmp_path / "third", with_public=False)
    assert verify(third, "tiny").root == made.root
