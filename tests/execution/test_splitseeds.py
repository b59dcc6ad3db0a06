"""Hidden seeds: one for each challenge, split and secret; the secret is drawn once, and private."""

from __future__ import annotations

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopt_dag.errors import UsageError
from coopt_dag.execution.splitseeds import hidden_seed, make_secret, public_seed, read_secret

secrets = st.binary(min_size=32, max_size=32)
slugs = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)


def sha256sum(text: str) -> str:
    """Digest with another program than ours."""
    done = subprocess.run(["sha256sum"], input=text.encode(), capture_output=True, check=True)
    return done.stdout.decode().split()[0]


def test_seed_and_commitment_are_what_anybody_computes_in_a_shell() -> None:
    secret = bytes(range(32))
    seed = sha256sum(f"coopt/simulator-seed/1\nopera\nquiz\n{secret.hex()}\n")
    found = hidden_seed("opera", "quiz", secret=secret)
    assert found.value == int(seed, 16)
    assert found.mark == "secret " + sha256sum(f"coopt/simulator-commitment/1\n{seed}\n")


@given(st.tuples(slugs, slugs, secrets), st.tuples(slugs, slugs, secrets))
def test_two_splits_share_a_seed_only_if_all_is_the_same(
    one: tuple[str, str, bytes], other: tuple[str, str, bytes]
) -> None:
    seeds = [hidden_seed(c, s, secret=secret) for c, s, secret in (one, other)]
    assert (seeds[0] == seeds[1]) == (one == other)


@given(st.integers(0, 2**64 - 1))
def test_a_public_seed_is_told_as_it_is(seed: int) -> None:
    assert (public_seed(seed).value, public_seed(seed).mark) == (seed, str(seed))


@given(secret=secrets)
def test_a_secret_is_read_as_it_was_drawn(
    tmp_path_factory: pytest.TempPathFactory, secret: bytes
) -> None:
    path = tmp_path_factory.mktemp("state") / "simulator" / "tiny"
    assert make_secret(path, draw=lambda _: secret) == secret
    assert read_secret(path) == secret


def test_a_secret_is_never_replaced_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "simulator" / "tiny"
    first = make_secret(path)
    assert make_secret(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["tiny"]


def test_of_two_that_draw_at_once_the_first_secret_stays(tmp_path: Path) -> None:
    path = tmp_path / "simulator" / "tiny"

    def draw(size: int) -> bytes:
        # Somebody else is quicker, after we looked and before our file is in its place.
        path.write_text("ab" * size + "\n")
        return bytes(size)

    assert make_secret(path, draw=draw) == b"\xab" * 32


def test_many_at_once_end_with_one_secret(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys; from coopt_dag.execution.splitseeds import make_secret; "
        "print(make_secret(pathlib.Path(sys.argv[1])).hex())"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "simulator" / "tiny")]
    programs = [subprocess.Popen(words, stdout=subprocess.PIPE) for _ in range(4)]
    with ThreadPoolExecutor() as pool:
        said = list(pool.map(lambda p: p.communicate()[0], programs))
    assert len(set(said)) == 1
    assert len(said[0].strip()) == 64


@pytest.mark.parametrize("text", ["", "ab" * 31, "ab" * 33, "zz" * 32, "ab" * 32 + "\nab", "é"])
def test_what_is_no_secret_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secret"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_secret(path)
    assert caught.value.hint == "a secret is one line of 64 hexadecimal digits"


def test_a_secret_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read_secret(tmp_path / "nothing")
