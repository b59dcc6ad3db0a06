"""Settling an epoch of the tiny challenge: measured by real runs, divided, proposed, redeemed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from coopt_dag.errors import IntegrityError, LedgerRefusedError, NodeFailedError, UnknownNameError
from coopt_dag.evaluation import metrics, tables
from coopt_dag.evaluation import settle as settling
from coopt_dag.evaluation.agekeys import AgeKey
from coopt_dag.evaluation.case import Case, case_at, open_case
from coopt_dag.evaluation.epochs import Versions, beacon, versions_of
from coopt_dag.evaluation.evaluate import evaluate_pending
from coopt_dag.evaluation.redeem import redeem
from coopt_dag.evaluation.register import register
from coopt_dag.evaluation.seal import seal, unseal
from coopt_dag.evaluation.submit import claim, fork, submit
from coopt_dag.ledger.actions import Fund, ProposeSettlement, Reject, Review
from coopt_dag.ledger.actions.money import COIN
from coopt_dag.ledger.memory import MemorySigner
from coopt_dag.store.cid import CID
from coopt_dag.store.folders import add_bytes, cid_of
from tests.evaluation.conftest import ADA, LAB
from tests.evaluation.test_metric_versions import write_metric

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.evaluation.settle import Settled
    from tests.evaluation.conftest import Scene

BEN = MemorySigner("0x" + "b" * 40)
KEY = AgeKey.new()
NOW = 1000
Tell = "Callable[[str], None]"


def begin(scene: Scene, tell: Callable[[str], None]) -> None:
    """Register, and begin epoch 1 with a seal."""
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    seal(scene.lab, scene.challenge, recipients=[], key=KEY)


def offer(scene: Scene, who: MemorySigner, step: str, source: str, code: str = "") -> int:
    """Let somebody submit a fork, or code of its own; give the submission's number."""
    desk, name = replace(scene.lab, signer=who), f"by_{who.address[2:5]}_{len(code)}"
    claim(desk, "tiny", step, days=1)
    made = fork(desk, scene.challenge, step, source=source, name=name, author="somebody")
    (made / "NOTES.txt").write_text(f"{who.address}\n")
    if code:
        (made / "run.py").write_text(code)
    submit(desk, scene.challenge, made)
    return max(scene.lab.state().submissions)


def judge(scene: Scene, tell: Callable[[str], None]) -> list[str]:
    return [v.status for v in evaluate_pending(scene.lab, cores=2, tell=tell)]


def end(scene: Scene) -> None:
    unseal(scene.lab, "tiny", epoch=1, key=KEY)


def settled(scene: Scene, epoch: int = 1) -> Settled:
    case = open_case(scene.lab, scene.challenge, epoch, now=NOW)
    inputs = settling.measure(case, cores=2)
    return settling.propose(case, *settling.publish(case, inputs))


def payments(made: Settled) -> dict[str, int]:
    return {leaf.account: leaf.amount for leaf in tables.leaves_of(made.table)}


def redeemed(desk: Desk, who: MemorySigner) -> list[bool]:
    found = redeem(desk, "tiny", epoch=None, account=who.address, now=NOW)
    return [payment.receipt is not None for payment in found]


def test_two_steps_share_the_pot_by_what_each_added_whatever_came_first(
    scene: Scene, tell: Tell
) -> None:
    # Sealed numbers 10..50, the total of their doubles is 300. Errors: neither step improved
    # 290, doubling alone 280, adding alone 150, both 0. Doubling adds (10 + 150) / 2 = 80,
    # adding (140 + 280) / 2 = 210 of 290. Steps are paid 70 % of 1,000.
    begin(scene, tell)
    offer(scene, ADA, "add", "all_of_them")
    offer(scene, BEN, "double", "twice")
    assert judge(scene, tell) == ["record", "record"]
    end(scene)
    made = settled(scene)
    result = made.table["result"]
    assert result["gain"] == 290 * 10**9
    raw = {row["step"]: row["raw"] // result["scale"] for row in result["rows"]}
    assert raw == {"double": 80 * 10**9, "add": 210 * 10**9}
    assert payments(made) == {ADA.address: 507, BEN.address: 193}
    assert result["pot"] == 700
    assert redeemed(scene.lab, ADA) == [True]
    assert redeemed(scene.lab, BEN) == [True]
    assert scene.lab.state().credit == {("tiny", ADA.address): 507, ("tiny", BEN.address): 193}


LOSSES = """

def losses(reference, prediction):
    return [%s]
"""


@pytest.mark.parametrize(
    ("losses", "test", "paid", "interval"),
    [
        # the error in two equal parts: it varies not at all, so the gain of 290 is certain
        ("error, error", "paired z", 700, [290 * 10**9] * 2),
        # one example has no variance: not tested
        ("error", "none: losses cannot be paired", 700, None),
        # who judges fewer examples of the better work than of the other is not certain of it
        (
            "error" + ", error" * 2 + "][: 2 if error else 3",
            "none: losses of different numbers of examples",
            0,
            None,
        ),
        # no function of the metric: tested, but the examples' parts in it are not known
        ("2 * error, error", "paired z", 700, None),
    ],
)
def test_what_losses_tell_of_the_whole_is_tested_and_what_they_do_not_is_left_out(
    scene: Scene, tell: Tell, losses: str, test: str, paid: int, interval: list[int] | None
) -> None:
    metric = scene.root / "steps" / "tiny" / "metric.py"
    code = LOSSES % losses.replace("error", "abs(reference['value'] - prediction['value'])")
    metric.write_text(metric.read_text() + code)
    begin(scene, tell)
    code = (
        "def solve(inputs, *, params, rng):\n"
        "    return {'total': {'value': 2 * sum(inputs['numbers']['values'])}}\n"
    )
    offer(scene, ADA, "add", "baseline", code)
    assert judge(scene, tell) == ["record"]
    end(scene)
    made = settled(scene)
    assert made.table["inputs"]["test"] == test
    (row,) = made.table["result"]["rows"]
    assert (row["paid"], row["interval"]) == (paid, interval)


def test_an_epoch_that_a_later_seal_ended_waits_until_its_own_is_opened(
    scene: Scene, tell: Tell
) -> None:
    begin(scene, tell)
    offer(scene, ADA, "add", "all_of_them")
    judge(scene, tell)
    seal(scene.lab, scene.challenge, recipients=[], key=AgeKey.new())
    with pytest.raises(LedgerRefusedError, match="still sealed") as caught:
        open_case(scene.lab, scene.challenge, 1, now=NOW)
    assert caught.value.code == "EpochSealed"
    end(scene)
    assert settled(scene).table["result"]["pot"] == 700


def test_a_second_settlement_changes_nothing_and_a_second_redemption_pays_nothing(
    scene: Scene, tell: Tell
) -> None:
    begin(scene, tell)
    offer(scene, ADA, "add", "all_of_them")
    judge(scene, tell)
    end(scene)
    first = settled(scene)
    height = scene.lab.ledger.head().height
    second = settled(scene)
    assert (second.receipt, second.table_cid) == (None, first.table_cid)
    assert scene.lab.ledger.head().height == height
    assert redeemed(scene.lab, ADA) == [True]
    assert redeemed(scene.lab, ADA) == [False]
    assert scene.lab.state().credit["tiny", ADA.address] == 700


def test_what_an_estimate_says_to_run_is_what_runs(scene: Scene, tell: Tell) -> None:
    begin(scene, tell)
    offer(scene, ADA, "add", "all_of_them")
    offer(scene, BEN, "double", "twice")
    judge(scene, tell)
    end(scene)
    case = open_case(scene.lab, scene.challenge, 1, now=NOW)
    before = settling.estimate(case, cores=2)
    # 4 configurations; `double` runs at 2 levels and `add` after each at 2: 2 + 4
    assert (before["configurations"], before["node_runs"], before["one_by_one"]) == (4, 6, 8)
    assert before["there"] + before["to_run"] == 6
    done: list[int] = []
    settling.measure(case, cores=2, listener=lambda p: done.append(p.done))
    assert len(done) == before["to_run"] + before["scores_to_run"]
    assert settling.estimate(case, cores=2)["to_run"] == 0


def test_an_epoch_that_can_still_be_submitted_to_is_not_settled(scene: Scene, tell: Tell) -> None:
    begin(scene, tell)
    with pytest.raises(LedgerRefusedError) as caught:
        open_case(scene.lab, scene.challenge, 1, now=NOW)
    assert caught.value.code == "EpochNotOver"
    assert "coopt unseal tiny --epoch 1" in caught.value.hint
    with pytest.raises(UnknownNameError, match="epoch"):
        open_case(scene.lab, scene.challenge, 2, now=NOW)


def test_an_epoch_with_a_submission_that_nobody_judged_is_not_settled(
    scene: Scene, tell: Tell
) -> None:
    begin(scene, tell)
    offer(scene, ADA, "add", "all_of_them")
    end(scene)
    with pytest.raises(LedgerRefusedError) as caught:
        open_case(scene.lab, scene.challenge, 1, now=NOW)
    assert (caught.value.code, caught.value.hint) == ("NotJudged", "coopt evaluate")


def test_an_epoch_without_a_gain_is_settled_and_pays_nobody(scene: Scene, tell: Tell) -> None:
    begin(scene, tell)
    end(scene)
    made = settled(scene)
    assert (made.table["result"]["pot"], payments(made)) == (0, {})
    assert scene.lab.state().settlements["tiny", 1].credit == 0


def test_the_next_epoch_begins_where_the_last_one_ended(scene: Scene, tell: Tell) -> None:
    begin(scene, tell)
    offer(scene, ADA, "add", "all_of_them")
    judge(scene, tell)
    end(scene)
    settled(scene)
    seal(scene.lab, scene.challenge, recipients=[], key=KEY, again=True)
    offer(scene, BEN, "double", "twice")
    judge(scene, tell)
    unseal(scene.lab, "tiny", epoch=2, key=KEY)
    one, other = versions_of(scene.lab.state(), scene.challenge, 2)
    assert (one.base and one.base.is_baseline, len(one.adopted)) == (True, 1)
    assert (other.base and other.base.contributor, other.adopted) == (ADA.address, ())
    made = settled(scene, epoch=2)
    # from 150 (adding alone) to 0: all of it is Ben's, nothing of it Ada's again
    assert made.table["result"]["gain"] == 150 * 10**9
    assert payments(made) == {BEN.address: 700}


def test_a_metric_that_is_replaced_pays_nothing_twice_and_changes_no_settlement(
    scene: Scene, tell: Tell
) -> None:
    begin(scene, tell)
    metrics.propose(scene.lab, scene.challenge, "add", write_metric(scene.root), cores=2)
    offer(scene, ADA, "add", "all_of_them")
    offer(scene, BEN, "double", "twice")
    assert judge(scene, tell) == ["record", "record"]
    end(scene)
    first = settled(scene)
    seal(scene.lab, scene.challenge, recipients=[], key=KEY, again=True)
    metrics.activate(scene.lab, "tiny", "add")
    judge(scene, tell)
    head, rules = scene.lab.state().head("tiny", "add"), scene.lab.state().steps["tiny", "add"]
    # the quiz total is 44 * 2 = 88 of 88: a share of 1, by a metric that is a share
    assert head is not None
    assert (head.score_wad, rules.metric_version, rules.is_stale) == (10**18, 1, False)
    again = settled(scene)
    assert (again.receipt, again.table_cid) == (None, first.table_cid)
    unseal(scene.lab, "tiny", epoch=2, key=KEY)
    second = settled(scene, epoch=2)
    assert (second.table["result"]["pot"], payments(second)) == (0, {})
    specs = [table["inputs"]["steps"][1]["spec_cid"] for table in (first.table, second.table)]
    assert specs[1] == rules.spec_cid != specs[0]
    # works of the first epoch keep the gains that their own metric gave them
    gains = [
        {w["id"]: w["gain"] for w in t["inputs"]["works"]} for t in (first.table, second.table)
    ]
    assert gains[0] == gains[1]


def test_a_local_record_is_paid_for_its_own_metric_and_its_copy_is_not(
    scene: Scene, tell: Tell
) -> None:
    begin(scene, tell)
    offer(scene, ADA, "add", "all_of_them")
    judge(scene, tell)
    for who in (ADA, BEN):  # Ben hands in the same idea later
        number = offer(scene, who, "double", "twice")
        report = add_bytes(scene.lab.store, b"{}", pin=True)
        scene.lab.send(Reject(number, "local_record", report))
    end(scene)
    made = settled(scene)
    local = {r["account"]: r for r in made.table["result"]["rows"] if r["kind"] == "local"}
    # `twice` removes all of the mean absolute error that was left: 10^9 parts of 10^9
    assert local[ADA.address]["raw"] // made.table["result"]["scale"] == 10**9
    assert (local[ADA.address]["paid"], local[BEN.address]["paid"]) == (200, 0)
    assert local[BEN.address]["reason"] == "nothing new"


def test_a_local_record_that_does_not_run_on_the_sealed_data_stops_nobody(
    scene: Scene, tell: Tell
) -> None:
    begin(scene, tell)
    offer(scene, ADA, "add", "all_of_them")
    judge(scene, tell)
    code = "def solve(inputs, *, params, rng):\n    raise RuntimeError('not here')\n"
    number = offer(scene, BEN, "double", "twice", code)
    report = add_bytes(scene.lab.store, b"{}", pin=True)
    scene.lab.send(Reject(number, "local_record", report))
    end(scene)
    assert payments(settled(scene)) == {ADA.address: 700}


def test_a_review_is_paid_that_the_ledger_proved_right_by_somebody_with_a_record(
    scene: Scene, tell: Tell
) -> None:
    begin(scene, tell)
    mine = offer(scene, ADA, "add", "all_of_them")
    bens = offer(scene, BEN, "double", "twice")
    assert judge(scene, tell) == ["record", "record"]
    paper = add_bytes(scene.lab.store, b"ran it again", pin=True)
    for who, number, opinion in (
        (BEN, mine, "reproduced"),  # counts
        (ADA, bens, "comment"),  # says nothing that could be right or wrong
        (MemorySigner("0x" + "c" * 40), mine, "reproduced"),  # nobody with a record
    ):
        replace(scene.lab, signer=who).send(Review(number, opinion, paper))
    end(scene)
    made = settled(scene)
    reviews = [r for r in made.table["result"]["rows"] if r["kind"] == "review"]
    assert [(r["account"], r["paid"]) for r in reviews] == [(BEN.address, 100)]


def test_bounties_are_paid_as_shares_of_the_settlement(scene: Scene, tell: Tell) -> None:
    begin(scene, tell)
    ledger = scene.lab.ledger
    for step, amount in (("", 290), ("add", 1000)):
        ledger.give(LAB.address, amount)
        scene.lab.send(Fund("tiny", step, 1, COIN, amount, COIN, NOW + 10**6, "terms"))
    mine = offer(scene, ADA, "add", "all_of_them")
    offer(scene, BEN, "double", "twice")
    judge(scene, tell)
    end(scene)
    made = settled(scene)
    paid = {(x.bounty_id, x.account): x.amount for x in tables.leaves_of(made.table)}
    assert paid[1, ADA.address] == 210  # of 290 in all, as the gains are divided
    assert paid[1, BEN.address] == 80
    assert paid[2, ADA.address] == 1000  # the bounty for `add` is its author's alone
    assert (2, BEN.address) not in paid
    assert redeemed(scene.lab, ADA) == [True] * 3
    # What was paid and said since has no part in it: settling again comes out the same.
    paper = add_bytes(scene.lab.store, b"ran it again", pin=True)
    replace(scene.lab, signer=BEN).send(Review(mine, "reproduced", paper))
    again = settled(scene)
    assert (again.receipt, again.table_cid) == (None, made.table_cid)


def test_a_mixture_that_does_not_run_adds_nothing_and_the_rest_is_settled(
    scene: Scene, tell: Tell
) -> None:
    begin(scene, tell)
    # Ben's `add` takes only doubled numbers, which the old `double` does not give.
    code = (
        "def solve(inputs, *, params, rng):\n"
        "    values = inputs['numbers']['values']\n"
        "    assert all(v % 2 == 0 for v in values) and values[0] != 10\n"
        "    return {'total': {'value': sum(values)}}\n"
    )
    offer(scene, ADA, "double", "twice")
    judge(scene, tell)
    offer(scene, BEN, "add", "all_of_them", code)
    assert judge(scene, tell) == ["record"]
    end(scene)
    made = settled(scene)
    rows = {tuple(v["levels"]): v for v in made.table["inputs"]["values"]}
    assert rows[0, 1]["failed"] is True
    assert rows[0, 1]["score"] == rows[0, 0]["score"] == -290 * 10**9
    # doubling (10 + 290) / 2, adding (0 + 280) / 2
    raw = [r["raw"] // made.table["result"]["scale"] for r in made.table["result"]["rows"]]
    assert raw == [150 * 10**9, 140 * 10**9]


def test_an_epoch_whose_final_pipeline_does_not_run_is_not_settled(
    scene: Scene, tell: Tell
) -> None:
    begin(scene, tell)
    code = (
        "def solve(inputs, *, params, rng):\n"
        "    values = inputs['numbers']['values']\n"
        "    assert values[0] != 10, 'not on the sealed numbers'\n"
        "    return {'total': {'value': sum(values)}}\n"
    )
    offer(scene, BEN, "add", "all_of_them", code)
    judge(scene, tell)
    end(scene)
    with pytest.raises(NodeFailedError):
        settled(scene)
    assert scene.lab.state().settlements == {}


def test_another_root_for_the_epoch_is_named_and_not_overwritten(scene: Scene, tell: Tell) -> None:
    begin(scene, tell)
    offer(scene, ADA, "add", "all_of_them")
    judge(scene, tell)
    end(scene)
    scene.lab.send(ProposeSettlement("tiny", 1, "1" * 64, "bafyother", credit=1))
    with pytest.raises(LedgerRefusedError, match="bafyother") as caught:
        settled(scene)
    assert caught.value.code == "AlreadySettled"
    assert "coopt verify tiny --epoch 1" in caught.value.hint


def test_payments_that_do_not_have_the_ledgers_root_are_not_redeemed(
    scene: Scene, tell: Tell
) -> None:
    begin(scene, tell)
    offer(scene, ADA, "add", "all_of_them")
    judge(scene, tell)
    end(scene)
    case = open_case(scene.lab, scene.challenge, 1, now=NOW)
    table, _ = settling.publish(case, settling.measure(case, cores=2))
    false = json.loads(tables.to_text(table))
    false["result"]["leaves"][0]["amount"] += 1
    cid = add_bytes(scene.lab.store, tables.to_text(false).encode(), pin=True)
    root = table["result"]["merkle_root"]
    scene.lab.send(ProposeSettlement("tiny", 1, root, cid, credit=700))
    with pytest.raises(IntegrityError, match="root"):
        redeemed(scene.lab, ADA)
    assert scene.lab.state().credit == {}


def test_a_table_reads_back_the_same_and_names_hidden_data_by_hash_alone(
    scene: Scene, tell: Tell
) -> None:
    begin(scene, tell)
    offer(scene, ADA, "add", "all_of_them")
    judge(scene, tell)
    end(scene)
    made = settled(scene)
    data = {row["path"]: row for row in made.table["inputs"]["data"]}
    names = ("numbers", "doubled", "total")
    splits = ("public", "quiz", "sealed")
    assert sorted(data) == sorted(f"{s}/{n}.json" for s in splits for n in names)
    assert all(len(row["sha256"]) == 64 for row in data.values())
    # the seal's owner decides when they are opened: the next epoch may be judged by them
    assert {path.split("/")[0] for path, row in data.items() if row["cid"]} == {"public"}
    again = tables.read_table(scene.lab.store, made.table_cid)
    assert again == made.table
    assert tables.result_of("tiny", 1, again["inputs"]) == again["result"]


def test_data_that_were_never_sealed_are_published_when_all_is_over(
    scene: Scene, tell: Tell
) -> None:
    spec = scene.root / "steps" / "tiny" / "challenge.yaml"
    sprint = "sprints:\n  - {id: one, opens: 1970-01-01T00:00:00Z, closes: 1970-01-01T00:15:00Z}\n"
    spec.write_text(spec.read_text() + sprint)
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    made = settled(scene, epoch=0)
    total = next(r for r in made.table["inputs"]["data"] if r["path"] == "sealed/total.json")
    assert cid_of(scene.root / "data" / "tiny" / "sealed" / "total.json") == total["cid"]
    assert scene.lab.store.has(CID.parse(total["cid"]))


def test_what_is_too_much_to_run_is_sampled_by_what_nobody_could_choose(
    scene: Scene, tell: Tell
) -> None:
    # Sixteen tiny steps would need 65,536 configurations; 4,096 are announced.
    begin(scene, tell)
    case = replace(_open(scene), versions=_many(scene, 16))
    with pytest.raises(LedgerRefusedError) as caught:
        case.plan()
    assert caught.value.code == "NotUnsealed"
    end(scene)
    plan = replace(case, state=scene.lab.state()).plan()
    assert plan.method == "coalitions"
    assert 3000 < len(plan.configs) <= 4096
    assert plan.seed == beacon(scene.lab.state(), "tiny", 1)
    few = replace(case, versions=_many(scene, 8)).plan()  # 256: exact, and no seed is asked for
    assert (few.method, len(few.configs)) == ("exact", 256)


def _open(scene: Scene) -> Case:
    state, events = scene.lab.state(), scene.lab.ledger.events()
    return case_at(scene.lab, scene.challenge, 1, state=state, events=events, data=None)


def _many(scene: Scene, count: int) -> tuple[Versions, ...]:
    one = scene.lab.state().submissions[1]
    return tuple(Versions(f"s{i}", None, (one,), ()) for i in range(count))
