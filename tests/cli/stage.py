"""A workspace whose ledger holds a scored submission: nothing was run for it."""

from __future__ import annotations

import io
import subprocess
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from coopt_dag.cli.failing import guarded
from coopt_dag.cli.wiring import LEDGER_FILE
from coopt_dag.ledger import actions as ac
from coopt_dag.ledger.embedded import open_embedded
from coopt_dag.ledger.events import Committed
from coopt_dag.ledger.hashing import commitment_of
from coopt_dag.ledger.keys import KeySigner, new_identity, unlock
from coopt_dag.ledger.playcoin import give
from coopt_dag.ledger.protocol import Ledger
from coopt_dag.model.wad import to_wad
from tests.cli.test_commands import Shell

DAY = 86_400
BOND = 10**15
SALT = "22" * 32
SOLUTION = "bafybeidfnljvuqpgkxqzmqhhhzkckkxd6lqqn34wyinglakpet6dcstxkq"
REPORT = "bafkreih3a5ssw4pqef33vk5fdz6fpdavszgwfhckto2f4ny2hp423sdfhi"
JUDGES = ("lab", "eva", "tom")


class Stage(Shell):
    """Lab's challenge, judged by lab, eva or tom; ada holds the record of `add`; bob looks on."""

    def __init__(self, home: Path, *, quorum: int = 1) -> None:
        super().__init__(home)
        folder = self.root / ".coopt/ids"
        self.keys: dict[str, KeySigner] = {}
        for name in (*JUDGES, "ada", "bob"):
            new_identity(folder, name, "correct horse", iterations=2)
            self.keys[name] = unlock(folder, name, "correct horse")
        self.ledger_file = self.root / ".coopt" / LEDGER_FILE
        with closing(open_embedded(self.ledger_file)) as ledger:
            self._play(ledger, quorum)

    def __call__(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command here in this process: what is tried is its words, not its start."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(self.root)
            patch.setenv("COOPT_PASSPHRASE_FILE", self.env["COOPT_PASSPHRASE_FILE"])
            found = guarded(list(words))
        done = subprocess.CompletedProcess(words, found, out.getvalue(), err.getvalue())
        assert found == code, (words, found, done.stdout, done.stderr)
        return done

    def as_process(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command as a user types it."""
        return super().__call__(*words, code=code)

    def _play(self, ledger: Ledger, quorum: int) -> None:
        judges = tuple(self.keys[n].address for n in JUDGES)
        rules = {"quorum": quorum, "dispute_s": 2 * DAY, "bond_wei": BOND, "pot": 1000}
        lab = self.keys["lab"]
        ledger.send(ac.RegisterChallenge("tiny", REPORT, judges, **rules), signer=lab)
        ledger.send(ac.RegisterStep("tiny", "add", REPORT, "minimise", 1), signer=lab)
        self.submit(ledger, "lab", ())
        if quorum > 1:
            return
        ledger.send(ac.Score(1, to_wad(40), to_wad(40), REPORT), signer=lab)
        self.submit(ledger, "ada", (1,))
        ledger.send(ac.Score(2, to_wad(22), to_wad(22), REPORT), signer=lab)

    def submit(self, ledger: Ledger, name: str, parents: tuple[int, ...]) -> int:
        who = self.keys[name]
        if name != "lab":
            ledger.send(ac.Claim("tiny", "add", DAY), signer=who)
        promise = commitment_of(("tiny", "add"), who.address, SOLUTION, parents, SALT)
        (event,) = ledger.send(ac.Commit("tiny", "add", promise), signer=who).events
        assert isinstance(event, Committed)
        ledger.send(ac.Reveal(event.submission_id, SOLUTION, parents, SALT), signer=who)
        return event.submission_id

    def fund(self, name: str, wei: int) -> None:
        give(self.ledger_file, self.keys[name].address, wei)

    def write(self, name: str, text: str) -> str:
        (self.root / name).write_text(text)
        return name
