"""Settling an epoch: measure, divide, publish the table, put its root on the ledger.

Each stage leaves its work where the next run finds it: nodes in the store, the table by CID, the
root on the ledger. So a settlement that was killed goes on, and a second one changes nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from coopt_dag.credit.intervals import example_gains, interval
from coopt_dag.credit.paired import Paired, of_gains, paired
from coopt_dag.credit.pot import Terms
from coopt_dag.errors import LedgerRefusedError
from coopt_dag.evaluation import tables
from coopt_dag.evaluation.epochs import epoch_of, work_id
from coopt_dag.evaluation.examples import clusters_by_loss, clusters_of, example_scores
from coopt_dag.evaluation.local import local_gains
from coopt_dag.execution.pace import estimate_s
from coopt_dag.ledger.actions import ProposeSettlement
from coopt_dag.ledger.actions.money import COIN
from coopt_dag.ledger.refusals import refused
from coopt_dag.model.nano import to_nano
from coopt_dag.specs.tree import file_sha256
from coopt_dag.store.folders import add_bytes, add_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence, Set

    import numpy as np
    from numpy.typing import NDArray

    from coopt_dag.credit.levels import Config
    from coopt_dag.evaluation.case import Case
    from coopt_dag.evaluation.epochs import Versions
    from coopt_dag.evaluation.valuing import Valuation
    from coopt_dag.execution.run import Progress
    from coopt_dag.ledger.protocol import Receipt
    from coopt_dag.ledger.state import LedgerState
    from coopt_dag.model.challenge import Split
    from coopt_dag.specs.loaded import LoadedChallenge


@dataclass(frozen=True, slots=True)
class Settled:
    """A table, its CID, and the ledger's receipt; None if its root stood there before."""

    table: dict[str, Any]
    table_cid: str
    receipt: Receipt | None


def require_proposer(state: LedgerState, challenge: str, who: str, *, now: int) -> None:
    """Refuse before anything runs whom the ledger would refuse afterwards.

    Raises
    ------
    LedgerRefusedError
        `who` is neither the challenge's owner nor one of its evaluators.
    """
    if who != state.challenges[challenge].owner and who not in state.judges(challenge, now=now):
        raise refused("NotProposer")


def measure(
    case: Case, *, cores: int, listener: Callable[[Progress], None] | None = None
) -> dict[str, Any]:
    """Run every configuration and give the table's inputs.

    Raises
    ------
    NodeFailedError, ScoreInvalidError
        The pipeline that the epoch began or ended with does not run here.
    """
    valuation = case.valuation()
    valuation.run(cores=cores, listener=listener)
    failed = valuation.failed()
    scores, gains = valuation.scores(failed), local_gains(case, cores=cores, listener=listener)
    clusters = clusters_of(case.challenge, valuation.split, case.data_dir)
    total, test = _total(case, valuation, scores, clusters)
    return ledger_words(case, gains) | {
        "plan": tables.plan_words(valuation.chosen),
        "values": [
            {"levels": list(c), "score": score} | ({"failed": True} if c in failed else {})
            for c, score in scores.items()
        ],
        "total": asdict(total),
        "test": test,
        "intervals": _intervals(case, valuation, failed, clusters),
        "data": _data_words(case),
    }


def ledger_words(case: Case, local_gains: Mapping[int, int]) -> dict[str, Any]:
    """Give the part of a table's inputs that the ledger and the manifest alone decide.

    Parameters
    ----------
    local_gains
        What each local record was measured to add: the one number in it that was measured.
    """
    work = epoch_of(
        *(case.state, case.challenge, case.versions),
        epoch=case.epoch,
        metrics=case.era.metrics,
        local_gains=local_gains,
    )
    spec, terms = case.challenge.spec, terms_of(case)
    return tables.epoch_words(work) | {
        "manifest_cid": case.state.challenges[spec.id].manifest_cid,
        "split": spec.end_to_end.final_split,
        "metric": _metric_words(case.challenge),
        "terms": asdict(terms) | {"alpha": str(terms.alpha)},
        "steps": [_step_words(case, one) for one in case.versions],
        "bounties": _bounties(case),
    }


def terms_of(case: Case) -> Terms:
    """Give the terms: the budget as the ledger has it, the rest as the manifest announced it."""
    spec = case.challenge.spec
    metric, credit = spec.end_to_end.metric, spec.credit
    target = to_nano(metric.min_delta if credit.target is None else credit.target)
    return Terms(
        budget=case.state.challenges[spec.id].pot,
        target=max(1, target),
        steps_bp=credit.steps_bp,
        local_bp=credit.local_bp,
        reviews_bp=credit.reviews_bp,
        royalty_bp=credit.royalty_bp,
        depth=credit.depth,
        alpha=Fraction(str(credit.alpha)),
    )


def publish(case: Case, inputs: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Divide, and keep the table in the store; give it and its CID."""
    table = tables.table_of(case.challenge.spec.id, case.epoch, inputs)
    return table, add_bytes(case.desk.store, tables.to_text(table).encode(), pin=True)


def propose(case: Case, table: dict[str, Any], table_cid: str) -> Settled:
    """Put the table's root on the ledger, unless it is there.

    Raises
    ------
    LedgerRefusedError
        Another root stands for this epoch.
    """
    name, root = case.challenge.spec.id, table["result"]["merkle_root"]
    known = case.desk.state().settlements.get((name, case.epoch))
    if known is not None and not known.is_struck:
        if (known.root, known.table_cid) == (root, table_cid):
            return Settled(table, table_cid, None)
        raise LedgerRefusedError(
            "AlreadySettled",
            f"epoch {case.epoch} of '{name}' is settled by another table: {known.table_cid}, "
            f"and here it comes out as {table_cid}",
            hint=f"coopt verify {name} --epoch {case.epoch} names the first difference",
        )
    receipt = case.desk.send(
        ProposeSettlement(
            *(name, case.epoch, root, table_cid),
            credit=tables.credit_of(table),
            shares=tables.shares_of(table),
        )
    )
    return Settled(table, table_cid, receipt)


def _metric_words(challenge: LoadedChallenge) -> dict[str, Any]:
    metric = challenge.spec.end_to_end.metric
    keys = {"name", "unit", "direction", "tolerance"}
    return metric.model_dump(mode="json", include=keys)


def _step_words(case: Case, one: Versions) -> dict[str, Any]:
    return {
        "step": one.step,
        "spec_cid": case.era.spec_cids[one.step],
        "base": None if one.base is None else work_id(one.base.id),
        "adopted": [work_id(s.id) for s in one.adopted],
        "local": [work_id(s.id) for s in one.local],
        "solutions": {
            work_id(s.id): s.solution_cid
            for s in (*((one.base,) if one.base else ()), *one.adopted, *one.local)
        },
    }


def _total(
    case: Case,
    valuation: Valuation,
    scores: Mapping[Config, int],
    clusters: Sequence[Any] | None,
) -> tuple[Paired, str]:
    """Compare the ends of the epoch example by example, if the metric tells losses of examples.

    Where it tells of fewer examples of one end than of the other, no gain is certain.
    """
    before, after = valuation.losses(valuation.base), valuation.losses(valuation.final)
    if before is not None and after is not None and len(before) != len(after):
        return of_gains([0] * 2), "none: losses of different numbers of examples"
    clusters = clusters if before is None else clusters_by_loss(clusters, len(before))
    if before is None or after is None or not _vary(before, clusters):
        gain = scores[valuation.final] - scores[valuation.base]
        least = case.challenge.spec.end_to_end.metric
        floor = to_nano(max(least.min_delta, least.tolerance))
        return of_gains([gain if gain > floor else 0] * 2), "none: losses cannot be paired"
    return paired(_whole(before), _whole(after), clusters), "paired z"


def _vary(losses: NDArray[Any], clusters: Sequence[Any] | None) -> bool:
    """Tell whether there are two independent examples: one has no variance."""
    if clusters is not None and len(clusters) != len(losses):
        return False
    return len(losses if clusters is None else set(clusters)) > 1


def _whole(losses: NDArray[np.float64]) -> list[int]:
    return [to_nano(loss) for loss in losses.tolist()]


def _intervals(
    case: Case,
    valuation: Valuation,
    failed: Set[Config],
    clusters: Sequence[Any] | None,
) -> dict[str, list[int]]:
    """Give 95 % intervals of raw gains by work.

    None if the metric is no mean of its losses, or if the gains are themselves estimates.
    """
    base = _examples(case, valuation, valuation.base)
    clusters = clusters if base is None else clusters_by_loss(clusters, len(base))
    if base is None or valuation.chosen.method != "exact" or not _vary(base, clusters):
        return {}
    untold = []

    def of(config: Config) -> NDArray[np.int64]:
        found = base if config in failed else _examples(case, valuation, config)
        if found is None or found.shape != base.shape:
            untold.append(config)
            return base
        return found

    gains = example_gains(case.levels, of)
    if untold:
        return {}
    return {
        work_id(case.versions[i].adopted[level - 1].id): list(interval(found, clusters))
        for (i, level), found in gains.items()
    }


def _examples(case: Case, valuation: Valuation, config: Config) -> NDArray[np.int64] | None:
    losses = valuation.losses(config)
    if losses is None:
        return None
    direction = case.challenge.spec.end_to_end.metric.direction
    return example_scores(valuation.value(config), losses, direction=direction)


def _bounties(case: Case) -> list[dict[str, Any]]:
    name = case.challenge.spec.id
    return [
        {"id": b.id, "step": b.step, "asset": b.asset, "left": b.left}
        for _, b in sorted(case.state.bounties.items())
        if (b.challenge, b.epoch, b.payee) == (name, case.epoch, COIN) and b.left
    ]


def _data_words(case: Case) -> list[dict[str, Any]]:
    """Name the files that the epoch was judged by, and the public ones; and publish them.

    Not those that are hidden in a challenge that was ever sealed: a seal opens them when its owner
    says so, and until then they may judge a later epoch.
    """
    spec, folder = case.challenge.spec, case.data_dir / case.challenge.spec.id
    judging = [spec.splits[n] for n in (spec.end_to_end.record_split, spec.end_to_end.final_split)]
    public = _files(s for s in spec.splits.values() if s.visibility == "public")
    was_sealed = spec.id in case.state.seals
    found = []
    for path in sorted(_files(judging) | {p for p in public if (folder / p).exists()}):
        place = (folder / path).resolve()
        is_hidden = was_sealed and path not in public
        cid = None if is_hidden else add_path(case.desk.store, place, pin=True)
        found.append({"path": path, "sha256": file_sha256(place), "cid": cid})
    return found


def _files(splits: Iterable[Split]) -> set[str]:
    return {path for s in splits for path in (*s.inputs.values(), *s.truths.values())}


def estimate(case: Case, *, cores: int) -> dict[str, Any]:
    """Say what a settlement would take, and do nothing.

    Returns
    -------
    dict
        configurations; node_runs of steps, of which `there` are in the store and `to_run` are not;
        scores_to_run; one_by_one: node runs if nothing were shared; seconds: how long that may
        take, None if nothing of the challenge has run here yet.
    """
    valuation, workspace = case.valuation(), case.desk.workspace
    found = valuation.preview()
    nodes = found.executed + found.scored
    return {
        "configurations": len(valuation.keys),
        "node_runs": found.executed + found.reused,
        "there": found.reused,
        "to_run": found.executed,
        "scores_to_run": found.scored,
        "one_by_one": len(valuation.keys) * len(case.versions),
        "seconds": estimate_s(
            workspace.state_dir, case.challenge.spec.id, nodes=nodes, cores=cores
        ),
    }
