"""The same story on memory, the embedded chain and anvil: the same events and balances."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from coopt_dag.ledger.events import Event
from coopt_dag.ledger.state import project

from .conftest import Bench, memory_bench
from .story import BOND, ETHER, PEOPLE, WAD, Story


@pytest.fixture
def told(bench: Bench) -> Story:
    """The story, told on one of the ledgers."""
    story = Story(bench.ledger, bench.sleep, bench.give)
    story.tell()
    return story


def plain(event: Event) -> dict[str, Any]:
    """What every ledger must tell: all but hash and height, and times as seconds from the event."""
    fields = {"event": type(event).__name__, **asdict(event)}
    for own in ("block", "tx_hash", "time"):
        del fields[own]
    for later in ("expires_at", "reveal_by", "vote_by", "final_at"):
        if fields.get(later):
            fields[later] -= event.time
    fields.pop("deadline", None)  # chosen by the teller's clock
    return fields


def test_everybody_ends_with_what_the_story_gives_them(told: Story):
    assert told.balances() == {
        "lab": (0, 0, 0),
        # 5 put in, 2 for the bounty, of which the settlement took 1.5
        "sponsor": (7 * ETHER // 2, 0, 0),
        "relayer": (0, 0, 0),
        # its own bond and Ben's, and half an ether of the bounty
        "ann": (2 * BOND + ETHER // 2, 0, 400_000),
        "ben": (0, 0, 0),
        "cleo": (ETHER, 0, 600_000),
        **dict.fromkeys(("eva", "fay", "gus"), (0, 0, 0)),
    }


def test_the_contracts_keep_nothing(told: Story):
    homes = [told.ledger.domain(name).contract for name in ("ledger", "treasury", "notes")]
    assert [told.ledger.balance(home) for home in homes] == [0, 0, 0]


def test_the_head_is_the_record_that_stood(told: Story):
    head = project(told.ledger.events()).head("toy", "fit")
    # Ben's 1.50 was struck, so Cleo's median of 1.00, 1.80, 1.80 is measured against Ann's 1.01.
    assert head is not None
    assert (head.submission_id, head.score_wad) == (3, 180 * WAD // 100)
    struck = [e for e in told.ledger.events() if type(e).__name__ == "Struck"]
    assert [(e.was_head, e.head_id, e.head_score_wad) for e in struck] == [
        (True, 1, 101 * WAD // 100)
    ]


def test_every_ledger_tells_the_same(told: Story):
    bench = memory_bench()
    memory = Story(bench.ledger, bench.sleep, bench.give)
    memory.tell()
    assert [plain(e) for e in told.ledger.events()] == [plain(e) for e in memory.ledger.events()]
    assert told.balances() == memory.balances()
    assert views(told) == views(memory)


def views(story: Story) -> list[Any]:
    """What the contract says of the step and its submissions, but for their deadlines."""
    said = [story.ledger.read("ledger", "stepOf", "toy", "fit")]
    for number in (1, 2, 3):
        *most, _deadline, word = story.ledger.read("ledger", "submissionOf", number)
        said.append((*most, word))
    return [[part.lower() if isinstance(part, str) else part for part in one] for one in said]


def test_who_owns_no_coin_takes_part(told: Story):
    acts = [e for e in told.ledger.events() if e.actor == PEOPLE["cleo"].address]
    assert [type(e).__name__ for e in acts] == ["Claimed", "Committed", "Submitted"]
