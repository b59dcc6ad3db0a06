"""`coopt demo`: the whole loop on real ratings, in a workspace that stays."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.cli import demo_settlement
from coopt_dag.cli.demo_artifacts import keep_artifacts
from coopt_dag.cli.printing import note, say
from coopt_dag.cli.scaffold import scaffold
from coopt_dag.cli.setup import copy_tree
from coopt_dag.cli.wiring import desk as open_desk
from coopt_dag.cli.wiring import here, namer
from coopt_dag.errors import UsageError
from coopt_dag.evaluation import submit as offering
from coopt_dag.evaluation.agekeys import make_key
from coopt_dag.evaluation.evaluate import evaluate_pending
from coopt_dag.evaluation.pipeline import score_pipeline
from coopt_dag.evaluation.register import register
from coopt_dag.evaluation.seal import seal
from coopt_dag.evaluation.sealed import opened
from coopt_dag.execution.fetch import fetch
from coopt_dag.ledger.keys import KeySigner, new_identity, unlock
from coopt_dag.report.board import table
from coopt_dag.specs.challenge import load_challenge, load_solution
from coopt_dag.specs.workspace import find_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopt_dag.evaluation.agekeys import AgeKey
    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.evaluation.evaluate import Verdict
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedSolution, LoadedWorkspace

CHALLENGE = "movielens"
OWNER = "lab"
CAST = (
    ("ada", "split"),
    ("ada", "bias"),
    ("grace", "matrix_factorisation"),
    ("emmy", "neighbourhood"),
    ("grace", "blend"),
    ("emmy", "calibrate"),
)
"""Who replaces which step, in this order."""
PEOPLE = tuple(dict.fromkeys(person for person, _ in CAST))

_IDENTITIES = ".coopt/identities"
_PASSPHRASE = ".coopt/demo.passphrase"  # noqa: S105  # the name of a file
_MARK = ".coopt/demo"


@dataclass(slots=True)
class Count:
    """Nodes executed and reused so far."""

    executed: int = 0
    reused: int = 0

    def add(self, executed: int, reused: int) -> None:
        """Add one run."""
        self.executed += executed
        self.reused += reused


def play(folder: Path, *, cores: int) -> None:
    """Play the demo and write `results/demo.json` beside the workspace it was started in."""
    origin = here()
    shipped = load_challenge(origin, CHALLENGE)
    workspace = _stage(origin, folder)
    say(f"1. workspace {folder}: the challenge '{CHALLENGE}', its baselines, the real ratings")
    _bring_data(origin, workspace, shipped)
    signers, key = _cast(workspace)
    challenge = load_challenge(workspace, CHALLENGE)
    count = Count()
    say("2. the lab registers the challenge; its baselines run and are scored")
    lab = open_desk(workspace, who=signers[OWNER])
    for verdict in register(lab, challenge, cores=cores, tell=note):
        count.add(verdict.executed, verdict.reused)
    sealed = seal(lab, challenge, recipients=[], key=key)
    note(f"  the hidden ratings are sealed: epoch {sealed.epoch} begins, root {sealed.root[:16]}…")
    say(f"3. {', '.join(PEOPLE)} claim, fork and replace steps; each is re-run, scored, recorded")
    verdicts = []
    for person, step in CAST:
        verdict = _improve(workspace, shipped, person, signers, step, key=key, cores=cores)
        count.add(verdict.executed, verdict.reused)
        verdicts.append((person, verdict))
    _tell_refused([verdict.step for _, verdict in verdicts if verdict.status != "record"])
    say("4. the epoch ends: the ratings are opened, all combinations of steps are scored on them")
    made = demo_settlement.end_epoch(lab, challenge, key, cores=cores)
    ladder = _ladder(lab, verdicts, cores=cores, count=count)
    say("5. the pot is divided by what each step added; everybody redeems from the contract")
    demo_settlement.tell(made, namer(workspace))
    paid = demo_settlement.pay(lab, CHALLENGE, signers)
    say("6. data and results go to IPFS by DVC; the ledger keeps the CID of their root")
    root_cid = keep_artifacts(lab, CHALLENGE, ladder)
    settlement = demo_settlement.words(made, paid)
    _report(lab, origin, workspace, ladder, count, root_cid, settlement)


def _tell_refused(steps: list[str]) -> None:
    if steps:
        note(
            f"  {' and '.join(steps)}: no gain that {CHALLENGE}'s hidden ratings could tell from "
            f"noise (coopt challenge power {CHALLENGE})"
        )


def _stage(origin: LoadedWorkspace, folder: Path) -> LoadedWorkspace:
    if folder.exists() and not (folder / _MARK).exists():
        raise UsageError(
            "exists and is no demo workspace", path=folder, hint="name another with --folder"
        )
    for path in sorted(folder.rglob("*")) if folder.exists() else []:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)
    scaffold(folder, name="coopt demo")
    with (folder / "coopt.toml").open("a", encoding="utf-8") as file:
        file.write(f'identity = "{OWNER}"\nidentities = "{_IDENTITIES}"\n')
    copy_tree(origin.steps_dir / CHALLENGE, folder / "steps" / CHALLENGE, "solutions")
    (folder / _MARK).parent.mkdir(exist_ok=True)
    (folder / _MARK).touch()
    return find_workspace(folder)


def _bring_data(
    origin: LoadedWorkspace, workspace: LoadedWorkspace, challenge: LoadedChallenge
) -> None:
    source = fetch(origin, challenge, tell=note)
    shutil.copytree(source, workspace.data_dir / CHALLENGE)


def _cast(workspace: LoadedWorkspace) -> tuple[dict[str, KeySigner], AgeKey]:
    folder = workspace.root / _IDENTITIES
    phrase = secrets.token_urlsafe(18)
    file = workspace.root / _PASSPHRASE
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(phrase + "\n")
    names = (OWNER, *PEOPLE)
    for name in names:
        # A light key derivation: this passphrase is random and lies beside the keys anyway.
        new_identity(folder, name, phrase, iterations=4096)
    signers = {name: unlock(folder, name, phrase) for name in names}
    return signers, make_key(folder, OWNER, phrase)


def _improve(
    workspace: LoadedWorkspace,
    shipped: LoadedChallenge,
    person: str,
    signers: Mapping[str, KeySigner],
    step: str,
    *,
    key: AgeKey,
    cores: int,
) -> Verdict:
    """Let a person claim a step, fork its record, put a better idea in, and submit it."""
    better = next(s for n, s in shipped.steps[step].solutions.items() if n != "baseline")
    desk = open_desk(workspace, who=signers[person])
    offering.claim(desk, CHALLENGE, step, days=1)
    made = offering.fork(
        desk,
        load_challenge(workspace, CHALLENGE),
        step,
        source=None,
        name=better.spec.id,
        author=person,
    )
    _put_idea(made, better)
    cid, _ = offering.submit(desk, load_challenge(workspace, CHALLENGE), made)
    desk.ledger.close()
    note(f"{person} submits {step}/{better.spec.id} ({cid})")
    lab = open_desk(workspace, who=signers[OWNER])
    with opened(lab, load_challenge(workspace, CHALLENGE), identity=key) as data:
        verdict = evaluate_pending(lab, cores=cores, tell=note, data=data)[0]
    lab.ledger.close()
    return verdict


def _put_idea(made: Path, better: LoadedSolution) -> None:
    """Replace the fork's code by the better solution's; author and parents stay the fork's."""
    mine = load_solution(made).spec
    for path in better.path.iterdir():
        if path.is_file() and path.name != "solution.yaml":
            shutil.copyfile(path, made / path.name)
    merged = better.spec.model_copy(update={"authors": mine.authors, "parents": mine.parents})
    offering.write_solution(made, merged, target=made)


def _ladder(
    desk: Desk, verdicts: list[tuple[str, Verdict]], *, cores: int, count: Count
) -> list[dict[str, Any]]:
    """Score every state of the record pipeline on the sealed split: the nodes are all there."""
    challenge = load_challenge(desk.workspace, CHALLENGE)
    split = challenge.spec.end_to_end.final_split
    pipeline = {s: loaded.solutions["baseline"] for s, loaded in challenge.steps.items()}

    def final() -> float:
        scores = score_pipeline(desk.workspace, challenge, pipeline, splits=(split,), cores=cores)
        count.add(scores.outcome.executed, scores.outcome.reused)
        return scores.whole

    before, rows = final(), []
    for person, verdict in verdicts:
        if verdict.status != "record":
            continue
        pipeline[verdict.step] = desk.solution(verdict.solution_cid)
        after = final()
        rows.append(
            {
                "contributor": person,
                "step": verdict.step,
                "step_score_before": float(str(verdict.before)),
                "step_score_after": float(str(verdict.after)),
                "e2e_before": before,
                "e2e_after": after,
                "e2e_quiz_before": float(str(verdict.e2e_before)),
                "e2e_quiz_after": float(str(verdict.e2e_after)),
                "solution_cid": verdict.solution_cid,
                "tx_hash": verdict.tx_hash,
            }
        )
        before = after
    return rows


def _activate(origin: LoadedWorkspace) -> str:
    """Give the script that puts `coopt` on the PATH, as seen from where the demo started."""
    script = Path(sys.prefix) / "bin" / "activate"
    inside = script.is_relative_to(origin.root)
    return script.relative_to(origin.root).as_posix() if inside else str(script)


def _report(
    desk: Desk,
    origin: LoadedWorkspace,
    workspace: LoadedWorkspace,
    ladder: list[dict[str, Any]],
    count: Count,
    root_cid: str,
    settlement: dict[str, Any],
) -> None:
    head = desk.ledger.head()
    try:
        shown = workspace.root.relative_to(origin.root).as_posix()
    except ValueError:
        shown = str(workspace.root)
    document = {
        "schema": "coopt/demo/1",
        "workspace": shown,
        "challenge": CHALLENGE,
        "baseline_rmse": ladder[0]["e2e_before"] if ladder else None,
        "final_rmse": ladder[-1]["e2e_after"] if ladder else None,
        "records": ladder,
        "settlement": settlement,
        "artifacts_root_cid": root_cid,
        "nodes_executed": count.executed,
        "nodes_reused": count.reused,
        "chain_height": head.height,
        "chain_head": head.block_hash,
        "ledger_address": getattr(desk.ledger, "address", ""),
    }
    path = origin.results_dir / "demo.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    part.replace(path)
    columns = ("contributor", "step", "step before", "after", "test RMSE before", "after")
    keys = (
        *("contributor", "step", "step_score_before", "step_score_after"),
        *("e2e_before", "e2e_after"),
    )
    say("\n" + table([[r[k] for k in keys] for r in ladder], columns))
    say(
        f"\nnodes: {count.executed} executed, {count.reused} reused; "
        f"ledger: height {head.height}, head {head.block_hash[:18]}…\n"
        f"artifacts: {root_cid}, anchored on the ledger"
    )
    say(
        f"\nwritten: {path.relative_to(origin.root)}. Now try:\n"
        f"  . {_activate(origin)} && cd {shown}\n"
        f"  coopt board {CHALLENGE}\n  coopt log --last 5\n  coopt profile grace\n"
        f"  coopt credit {CHALLENGE} grace\n  coopt verify {CHALLENGE}\n"
        f"  coopt run {CHALLENGE} --with bias=regularised\n"
        f"  coopt artifacts root; coopt artifacts list {CHALLENGE}; coopt ipfs serve\n"
        f"  COOPT_PASSPHRASE_FILE={_PASSPHRASE} coopt claim {CHALLENGE}/bias --as ada"
    )
