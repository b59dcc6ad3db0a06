"""Sentences of payments: by hand, and for random tables, whose numbers are the table's."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import asdict, replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings

from coopt_dag.credit.pot import Terms
from coopt_dag.errors import IntegrityError
from coopt_dag.ledger.entries import BountyEntry, DisputeEntry, SettlementEntry
from coopt_dag.ledger.state import LedgerState
from coopt_dag.report.credit import explained, owed, standing, summary, sums
from coopt_dag.report.overtaking import fate_of
from coopt_dag.report.payments import bounty_sentences, payment_sentences
from coopt_dag.report.unpaid import unpaid
from tests.report.made import (
    NANO,
    UNSURE,
    account,
    inputs_of,
    name_of,
    random_tables,
    table_of,
    work,
)

MILLI = NANO // 1000
PAID = re.compile(r"gets ([\d,]+) (?:of [\d,]+ )?credits")
MANY = settings(max_examples=300, deadline=None, database=None)


def one_step(*heights: int, **more: Any) -> dict[str, Any]:
    """Give a table of one step whose versions #1, #2, ... stand at these heights, in 1e-3."""
    names = [f"{n:08d}" for n in range(1, len(heights) + 1)]
    people = ("ann", "bob", "cy", "dan")
    works = more.pop("works", [])
    terms = more.pop("terms", Terms(budget=10_000, target=80 * MILLI))
    made = [work(n, p, "bias") for n, p in zip(names, people, strict=False)]
    scores = {(n,): h * MILLI - NANO for n, h in enumerate((0, *heights))}
    known = {w["id"] for w in works}
    made = [w for w in made if w["id"] not in known]
    return table_of(inputs_of({"bias": names}, scores, [*made, *works], terms=terms, **more))


def told(table: dict[str, Any]) -> list[str]:
    return payment_sentences(table, name_of)


def test_a_payment_is_told_with_its_gain_its_interval_and_its_part_of_the_pot() -> None:
    # two steps that add to each other: 31 and 49 thousandths, of 7,000: 2712.5 and 4287.5; the
    # unit that is left goes to the smaller id of two equal remainders
    chains = {"bias": ["00000007"], "blend": ["00000009"]}
    scores = {(a, b): (31 * a + 49 * b) * MILLI - NANO for a, b in product((0, 1), repeat=2)}
    works = [work("00000007", "ada", "bias"), work("00000009", "ben", "blend")]
    terms = Terms(budget=10_000, target=80 * MILLI)
    known = {"00000007": [24 * MILLI, 38 * MILLI]}
    table = table_of(inputs_of(chains, scores, works, terms=terms, intervals=known))
    assert told(table) == [
        (
            "bias (#7) lowered rmse by 0.03100 of the total 0.08000 stars [0.02400, 0.03800]; "
            "ada gets 2,713 of 7,000 credits."
        ),
        (
            "blend (#9) lowered rmse by 0.04900 of the total 0.08000 stars; "
            "ben gets 4,287 of 7,000 credits."
        ),
    ]
    assert summary(table) == "rmse: 1.00000 -> 0.92000 stars; 7,000 of 10,000 credits are paid"


def test_whose_version_overtook_and_whose_loss_was_only_made_good_is_told() -> None:
    # heights 5 2 5 9 of 80: ann 5, damage by bob, cy repairs it, dan adds 4; then as in the
    # doctest of `envelope` 9 falls to 7
    up_down = told(one_step(50, 20, 50, 90))
    assert "bob gets nothing" in up_down[1]
    assert "bias (#2) raised rmse by 0.03000 stars: the whole got worse" in up_down[1]
    assert "but it only got back what #2 by bob had lost; cy gets nothing" in up_down[2]
    overtaken = told(one_step(50, 90, 40))
    assert "of which 0.04000 counts: 0.01000 of it was overtaken by #3 by cy" in overtaken[0]
    assert "but it was overtaken by #3 by cy, which stands below it; bob gets" in overtaken[1]
    both = told(one_step(50, 20, 90, 70))
    parts = "0.03000 of it only got back what #2 by bob had lost and 0.02000 of it was overtaken"
    assert parts in both[2]
    assert told(one_step(50, 50))[1] == "bias (#2) changed nothing; bob gets nothing for it."


def test_a_metric_that_is_to_rise_is_said_to_rise() -> None:
    metric = {"name": "auc", "unit": "1", "direction": "maximise"}
    (text,) = told(one_step(80, metric=metric))
    assert text == (
        "bias (#1) raised auc by 0.08000 of the total 0.08000; ann gets 7,000 of 7,000 credits."
    )


def test_royalties_local_records_and_reviews_are_told() -> None:
    works = [
        work("00000001", "ann", "bias", "00000000", gain=NANO // 2),
        work("00000000", "eve", "older", gain=7),
        work("00000005", "bob", "bias", gain=NANO // 8),
        work("00000006", "cy", "bias", gain=0),
    ]
    reviews = [
        {"id": "00000001/rae", "account": account("rae"), "step": "bias", "weight": 1},
        {"id": "00000004/rae", "account": account("rae"), "step": "bias", "weight": 1},
    ]
    table = one_step(80, works=works, local={"bias": ["00000005", "00000006"]}, reviews=reviews)
    assert told(table) == [
        # a quarter of 7,000 goes to eve
        (
            "bias (#1) lowered rmse by 0.08000 of the total 0.08000 stars; "
            "ann gets 5,250 of 7,000 credits, and 1,750 go to what it builds on."
        ),
        (
            "older (#0) is what bias (#1) by ann builds on; "
            "eve gets 1,750 credits of its payment as royalty."
        ),
        (
            "bias (#5) removed 12.50 % of the error that its step had left, but was not adopted; "
            "bob gets 2,000 of 2,000 credits for local records."
        ),
        (
            "bias (#6), a local record, added nothing to the best that its step had by then; "
            "cy gets nothing for it."
        ),
        "rae reproduced bias (#1), which stands; rae gets 500 of 1,000 credits for reviews.",
        "rae warned of bias (#4), which was struck; rae gets 500 of 1,000 credits for reviews.",
    ]
    assert unpaid(table) == ()


def test_what_is_not_paid_has_its_reason() -> None:
    # 40 of 80: half of the budget; of this 3,500 for steps, 1,000 and 500 for nobody
    half = one_step(40)
    assert [str(one) for one in unpaid(half)] == [
        "5,000 credits are not paid: the gain of 0.04000 is 50.0 % of the target, 0.08000 stars.",
        (
            "1,000 credits are not paid: they are for local records, and there is no local record "
            "that added something."
        ),
        (
            "500 credits are not paid: they are for reviews, and there is no review that the "
            "ledger proved right."
        ),
    ]
    # mean of 500 and -440: 30; s = 472.4, n = 100: 30 - 1.645 * 47.24 = -47.7, in 1e-9
    unsure = one_step(40, total=asdict(UNSURE))
    reason = "the gain is not certain: the lower bound of its mean is -0.000000048, not above 0"
    assert [(u.amount, u.reason) for u in unpaid(unsure)] == [(10_000, reason)]
    assert told(unsure)[0].endswith(f"; ann gets nothing, for {reason}.")
    assert unpaid(one_step(-40))[0].reason == "the whole did not get better"
    untested = one_step(40, total=asdict(UNSURE), test="none: the metric tells no losses")
    assert "own threshold" in unpaid(untested)[0].reason
    poor = one_step(40, terms=Terms(budget=0, target=1))
    assert unpaid(poor) == ()
    assert "the epoch has no budget" in told(poor)[0]
    tiny = one_step(40, terms=Terms(budget=1, target=80 * MILLI))
    assert "too small a part of the target" in unpaid(tiny)[0].reason
    none_for_steps = one_step(
        40, terms=Terms(budget=10, target=1, steps_bp=0, local_bp=9000, reviews_bp=1000)
    )
    assert "the terms leave nothing for what steps add" in told(none_for_steps)[0]


def test_sampled_credit_is_told_as_about_with_its_error() -> None:
    chains = {f"s{i}": [f"{i:08d}"] for i in range(8)}
    works = [work(f"{i:08d}", "ann", f"s{i}") for i in range(8)]
    # pairs of steps help each other, so that a sample of 256 configurations is not exact
    scores = {
        c: MILLI * (sum(c) + sum(c[i] * c[j] * c[k] * (i + j - k) for i, j, k in TRIPLES))
        for c in product((0, 1), repeat=8)
    }
    made = inputs_of(chains, scores, works, terms=Terms(budget=1000, target=1), evaluations=128)
    table = table_of(made)
    assert made["plan"]["method"] != "exact"
    assert any(any(line) for line in table["result"]["errors"])
    texts = told(table)
    assert any("by about " in t and "(sampled, standard error at most " in t for t in texts)
    assert sums(table)


TRIPLES = [(i, j, k) for i in range(8) for j in range(i) for k in range(j)]


def test_a_strangers_words_do_not_steer_the_terminal() -> None:
    (text,) = told(one_step(80, metric={"name": "a\x1b[2J", "unit": "1", "direction": "minimise"}))
    assert "\x1b" not in text


@pytest.mark.parametrize("field", ["paid", "raw"])
def test_a_row_that_was_changed_is_refused(field: str) -> None:
    table = deepcopy(one_step(80))
    table["result"]["rows"][0][field] += 1
    with pytest.raises(IntegrityError, match="sum to"):
        sums(table)


def test_a_gain_that_is_not_between_the_scores_is_refused() -> None:
    table = deepcopy(one_step(80))
    table["inputs"]["values"][0]["score"] += 1
    with pytest.raises(IntegrityError, match="above the first"):
        sums(table)


def test_sums_are_shown_number_by_number() -> None:
    assert sums(one_step(50, 20, 80)) == (
        "payments: 4,375 + 2,625 = 7,000, the pot",
        "gains: 50,000,000 + (-30,000,000) + 60,000,000 = 80,000,000, the total gain (in 1e-9)",
        "budget: 7,000 paid + 3,000 not paid = 10,000",
    )


@MANY
@given(random_tables())
def test_every_row_has_a_sentence_and_the_numbers_in_them_sum_to_the_pot(
    table: dict[str, Any],
) -> None:
    result, texts = table["result"], told(table)
    assert len(texts) == len(result["rows"])
    for row, text in zip(result["rows"], texts, strict=True):
        assert name_of(row["account"]) in text
        shown = [int(n.replace(",", "")) for n in PAID.findall(text)]
        assert shown == ([row["paid"]] if shown else [])
        assert shown or row["paid"] == 0
    paid = [int(n.replace(",", "")) for text in texts for n in PAID.findall(text)]
    assert sum(paid) == result["pot"]
    assert result["pot"] + sum(one.amount for one in unpaid(table)) == result["budget"]


@MANY
@given(random_tables())
def test_parts_of_a_gain_sum_to_it_and_sums_match(table: dict[str, Any]) -> None:
    for row in table["result"]["rows"]:
        if row["kind"] == "step" and row["raw"] > 0:
            fate = fate_of(table, row)
            parts = (fate.counts, fate.regained, fate.given_up)
            assert sum(parts) == row["raw"]
            assert min(parts) >= 0
            assert (fate.lost_by is not None) is (fate.regained > 0)
    assert len(sums(table)) == 3
    assert len(explained(table, name_of)["rows"]) == len(table["result"]["rows"])
    texts = bounty_sentences(table, name_of)
    leaves = [x for x in table["result"]["leaves"] if x["bounty_id"]]
    assert len(texts) == max(len(leaves), len(table["inputs"]["bounties"]))


ENTRY = SettlementEntry("0xlab", "root", "cid", 7, (), round=1, final_at=100)


def test_how_a_settlement_stands_depends_on_disputes_and_time() -> None:
    assert standing(ENTRY, now=100) == ("final", "final")
    assert standing(ENTRY, now=99)[0] == "open"
    doubted = replace(ENTRY, dispute=DisputeEntry("0xada", 0, 200))
    assert standing(doubted, now=300)[0] == "disputed"
    assert standing(replace(ENTRY, is_struck=True), now=300)[0] == "struck"


def test_what_an_account_fetched_and_what_waits_is_told_apart_with_its_asset() -> None:
    coin = "0x" + "0" * 40
    bounty = {"id": 4, "step": "bias", "asset": coin, "left": 30}
    table, ann = one_step(80, bounties=[bounty]), account("ann")
    state = LedgerState()
    state.bounties[4] = BountyEntry(
        *(4, "toy", "bias", 1, "0xeve", coin, 30, 30, coin), deadline=9, terms_cid="t"
    )
    found = owed(state, table, replace(ENTRY, redeemed=frozenset({0})), ann)
    assert [(x["amount"], x["asset"]) for x in found["redeemed"]] == [(7000, None)]
    assert [(x["amount"], x["asset"]) for x in found["waiting"]] == [(30, coin)]
    assert owed(state, table, ENTRY, account("bob")) == {"redeemed": [], "waiting": []}
    assert bounty_sentences(table, name_of) == ["bounty 4 for bias: ann gets 30 wei of 30 wei."]


def test_a_share_below_one_credit_is_said_to_be_one() -> None:
    # 1 and 79 parts of 80, of 7 credits
    table = one_step(1, 80, terms=Terms(budget=10, target=80 * MILLI))
    assert told(table)[0].endswith("ann gets nothing: the share of 7 credits is less than one.")


def test_a_table_without_the_score_of_its_end_is_refused() -> None:
    table = deepcopy(one_step(80))
    table["inputs"]["values"].pop()
    with pytest.raises(IntegrityError, match="lacks the score"):
        sums(table)
