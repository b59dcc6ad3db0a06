"""A workspace with people whose keys are quick to open, a ledger, and a node of one's own."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.anvil import BINARY as ANVIL
from benchmarks.anvil import Anvil
from coopt_dag.cli.failing import guarded
from coopt_dag.ledger.actions import RegisterChallenge, RegisterStep
from coopt_dag.ledger.embedded import open_embedded
from coopt_dag.ledger.keys import KeySigner, new_identity, unlock
from coopt_dag.ledger.protocol import Ledger
from tests.workspaces import tiny

PASSPHRASE = "correct horse"


@dataclass(frozen=True)
class Said:
    """What a command wrote."""

    stdout: str
    stderr: str


class Desk:
    """Runs `coopt` in a workspace of its own, as one of its people."""

    def __init__(self, home: Path, *people: str) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.root = tiny(home / "tiny")
        self.ids = self.root / ".coopt" / "ids"
        for name in people:
            new_identity(self.ids, name, PASSPHRASE, iterations=2)
        secret = home / "passphrase"
        secret.write_text(PASSPHRASE + "\n")
        self.env = {**os.environ, "COOPT_PASSPHRASE_FILE": str(secret), "HOME": str(home)}

    def words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "coopt_dag.cli", *words]

    def __call__(self, *words: str, code: int = 0) -> Said:
        """Run a command as a process would, in this one: a process each takes two seconds."""
        out, err = io.StringIO(), io.StringIO()
        with (
            chdir(self.root),
            pytest.MonkeyPatch.context() as patch,
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            for name, value in self.env.items():
                patch.setenv(name, value)
            found = guarded(list(words))
        said = Said(out.getvalue(), err.getvalue())
        assert found == code, (words, found, said)
        return said

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self(*words, "--json", code=code).stdout)

    def lines(self, *words: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self(*words, "--json").stdout.splitlines()]

    def complaint(self, *words: str, code: int) -> str:
        said = self(*words, code=code).stderr
        assert "hint: " in said
        return said

    def hand(self, name: str) -> KeySigner:
        return unlock(self.ids, name, PASSPHRASE)

    def configure(self, **ledger: str) -> None:
        """Give coopt.toml a [ledger]."""
        lines = [f'{key} = "{value}"' for key, value in ledger.items()]
        head = 'schema = "coopt/workspace/1"\nname = "tiny"\nidentities = ".coopt/ids"\n'
        (self.root / "coopt.toml").write_text("\n".join([head, "[ledger]", *lines, ""]))

    def open(self) -> Ledger:
        return open_embedded(self.root / ".coopt" / "ledger.sqlite")


def register_tiny(ledger: Ledger, owner: KeySigner, *, cap: int = 0) -> None:
    """Put the tiny challenge on a ledger, without running its baselines."""
    ledger.send(RegisterChallenge("tiny", "m", (owner.address,)), signer=owner)
    for step, direction in (("double", "minimise"), ("add", "minimise")):
        ledger.send(RegisterStep("tiny", step, "s", direction, 0, 0, cap), signer=owner)


class Node(Anvil):
    """An anvil with prices, as on a public chain."""

    def give(self, address: str, ether: int = 100) -> None:
        self.rpc("anvil_setBalance", address, hex(ether * 10**18))


@pytest.fixture
def node() -> Iterator[Node]:
    if not ANVIL.is_file():
        pytest.skip("anvil is not installed: npm --prefix contracts ci")
    made = Node()
    yield made
    made.stop()
