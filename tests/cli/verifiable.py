"""A tiny challenge that was judged, sealed, opened and settled, with real keys on a real chain."""

from __future__ import annotations

import io
import json
import queue
import shutil
import threading
from collections.abc import Iterator
from contextlib import chdir, closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from coopt_dag.cli.failing import guarded
from coopt_dag.evaluation import settle as settling
from coopt_dag.evaluation.agekeys import AgeKey
from coopt_dag.evaluation.case import open_case
from coopt_dag.evaluation.desk import Desk
from coopt_dag.evaluation.evaluate import evaluate_pending
from coopt_dag.evaluation.redeem import redeem
from coopt_dag.evaluation.register import register
from coopt_dag.evaluation.seal import seal, unseal
from coopt_dag.evaluation.submit import claim, fork, submit
from coopt_dag.ledger.embedded import open_embedded
from coopt_dag.ledger.keys import KeySigner
from coopt_dag.ledger.rpc import EmbeddedProvider
from coopt_dag.specs.challenge import load_challenge
from coopt_dag.specs.workspace import find_workspace
from coopt_dag.store.local import LocalStore
from tests.workspaces import tiny

LATER = 2**40
"""A second at which nothing is open any more."""
EPOCH = 1
_OLD = AgeKey.new()
LAB, ADA, BEN = (KeySigner.of((7000 + n).to_bytes(32, "big")) for n in range(3))


@dataclass(frozen=True)
class World:
    """The folder of everybody's work; each test has a copy of its own."""

    root: Path

    @property
    def ledger(self) -> Path:
        return self.root / ".coopt" / "ledger.sqlite"

    @property
    def store(self) -> Path:
        return self.root / ".coopt" / "content-store"

    @contextmanager
    def desk(self, who: KeySigner = LAB) -> Iterator[Desk]:
        """Open the workspace as somebody."""
        self.store.parent.mkdir(exist_ok=True)
        with closing(open_embedded(self.ledger)) as ledger:
            store = LocalStore(self.store, durable=False)
            yield Desk(find_workspace(self.root), store, ledger, who)

    def copy(self, target: Path) -> World:
        shutil.copytree(self.root, target, symlinks=True)
        return World(target)

    def offer(self, who: KeySigner, step: str, source: str) -> int:
        with self.desk(who) as desk:
            challenge = load_challenge(desk.workspace, "tiny")
            claim(desk, "tiny", step, days=1)
            made = fork(
                desk, challenge, step, source=source, name=f"s{who.address[2:6]}", author="x"
            )
            (made / "NOTES.txt").write_text(f"{who.address} {source}\n")
            submit(desk, challenge, made)
            return max(desk.state().submissions)

    def judge(self) -> list[str]:
        with self.desk() as desk:
            return [v.status for v in evaluate_pending(desk, cores=2, tell=lambda _: None)]

    def settle(self, change: Any = None, *, epoch: int = EPOCH) -> str:
        """Settle, with inputs or a table that `change` has altered; give the table's CID."""
        with self.desk() as desk:
            challenge = load_challenge(desk.workspace, "tiny")
            case = open_case(desk, challenge, epoch, now=LATER)
            table, cid = settling.publish(case, settling.measure(case, cores=2))
            if change is not None:
                table, cid = change(case, table)
            settling.propose(case, table, cid)
            return cid

    def close(self) -> None:
        with self.desk() as desk:
            unseal(desk, "tiny", epoch=EPOCH, key=_OLD)

    def redeem(self, who: KeySigner) -> None:
        with self.desk(who) as desk:
            list(redeem(desk, "tiny", epoch=EPOCH, account=who.address, now=LATER))


def begun(root: Path) -> World:
    """Register, seal, judge Ada's and leave Ben's better step to be judged."""
    world = World(tiny(root))
    with world.desk() as desk:
        challenge = load_challenge(desk.workspace, "tiny")
        register(desk, challenge, cores=2, tell=lambda _: None)
        seal(desk, challenge, recipients=[], key=_OLD)
    world.offer(ADA, "add", "all_of_them")
    assert world.judge() == ["record"]
    world.offer(BEN, "double", "twice")
    return world


@dataclass(frozen=True)
class Said:
    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.stdout)


def outsider(world: World, folder: Path) -> Path:
    """An empty folder with only the ledger's file and the store; the owner's machine is gone."""
    folder.mkdir()
    for file in world.ledger.parent.glob("ledger.sqlite*"):
        shutil.copy(file, folder)
    shutil.copytree(world.store, folder / "store")
    return folder


def coopt(folder: Path, *words: str) -> Said:
    """Run a command as a process would, in this one."""
    out, err = io.StringIO(), io.StringIO()
    with chdir(folder), redirect_stdout(out), redirect_stderr(err):
        code = guarded(list(words))
    return Said(code, out.getvalue(), err.getvalue())


@contextmanager
def served(ledger: Path) -> Iterator[str]:
    """Serve an embedded chain as a node does, JSON-RPC over HTTP; give its URL."""
    ready: queue.Queue[ChainNode] = queue.Queue()
    thread = threading.Thread(target=_serve, args=(ledger, ready))
    thread.start()
    server = ready.get(timeout=10)
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


class ChainNode(HTTPServer):
    """A chain, held by the one thread that answers."""

    provider: EmbeddedProvider


def _serve(ledger: Path, ready: queue.Queue[ChainNode]) -> None:
    with (
        closing(EmbeddedProvider(ledger)) as provider,
        ChainNode(("127.0.0.1", 0), _Answers) as server,
    ):
        server.provider = provider
        ready.put(server)
        server.serve_forever(poll_interval=0.05)


class _Answers(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = [self._one(q) for q in asked] if isinstance(asked, list) else self._one(asked)
        text = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _one(self, question: dict[str, Any]) -> dict[str, Any]:
        provider = self.server.provider  # type: ignore[attr-defined]
        return provider.make_request(question["method"], question["params"]) | {
            "jsonrpc": "2.0",
            "id": question["id"],
        }

    def log_message(self, *_: object) -> None:
        """Say nothing."""
