"""Opening a challenge on the ledger: its steps, its rules, and a scored baseline for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.evaluation.evaluate import evaluate_pending
from coopt_dag.evaluation.published import publish_challenge, publish_step
from coopt_dag.evaluation.submit import offer
from coopt_dag.ledger.actions import RegisterChallenge, RegisterStep
from coopt_dag.model.wad import to_wad
from coopt_dag.store.adding import SOLUTION_IGNORE
from coopt_dag.store.folders import add_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.evaluation.evaluate import Verdict
    from coopt_dag.specs.loaded import LoadedChallenge

HOUR_S = 3_600


def register(
    desk: Desk,
    challenge: LoadedChallenge,
    *,
    evaluators: tuple[str, ...] = (),
    cores: int,
    tell: Callable[[str], None],
) -> list[Verdict]:
    """Put a challenge on the ledger and record its baselines; what is there already stays.

    Parameters
    ----------
    evaluators
        Addresses that may score; the signer itself if none is named.

    Returns
    -------
    list of Verdict
        One a baseline that was scored now.
    """
    signs = desk.identity.address
    name, state = challenge.spec.id, desk.state()
    if name not in state.challenges:
        cid = publish_challenge(desk, challenge)
        who = evaluators or (signs,)
        spec = challenge.spec
        desk.send(
            RegisterChallenge(
                name,
                cid,
                who,
                slots=spec.slots,
                closes_at=spec.closes_at,
                quorum=spec.quorum,
                reveal_s=spec.reveal_hours * HOUR_S,
                dispute_s=spec.dispute_hours * HOUR_S,
                bond_wei=spec.bond_wei,
                pot=spec.budget_credit,
            )
        )
        tell(f"registered challenge {name} ({cid})")
    for step, loaded in challenge.steps.items():
        if (name, step) in state.steps:
            continue
        metric = loaded.spec.metric
        cid = publish_step(desk, loaded.path)
        desk.send(
            RegisterStep(
                name,
                step,
                cid,
                metric.direction,
                to_wad(metric.min_delta),
                to_wad(metric.tolerance),
            )
        )
    state = desk.state()
    for step, loaded in challenge.steps.items():
        # A promise that was not revealed is none yet: who was cut short there goes on.
        offered = any(
            (s.challenge, s.step) == (name, step) and s.status != "committed"
            for s in state.submissions.values()
        )
        if not offered:
            baseline = loaded.solutions["baseline"].path
            cid = add_path(desk.store, baseline, ignore=SOLUTION_IGNORE, pin=True)
            offer(desk, (name, step), cid)
    entry = desk.state().challenges[name]
    if signs not in entry.evaluators:
        tell("the baselines wait for an evaluator: coopt evaluate")
        return []
    return evaluate_pending(desk, cores=cores, tell=tell, challenge=name)
