"""A long history of a ledger, as the rows in which the embedded chain keeps its logs.

One contribution leaves ten events: a lease, a promise, its reveal, three evaluators' commitments,
their three findings, the score, and at times an endorsement or a review.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from hashlib import sha256
from itertools import count, islice
from pathlib import Path
from typing import Any

from coopt_dag.ledger.artifact import interface
from coopt_dag.ledger.chainfile import ADDRESSES, ChainFile
from coopt_dag.ledger.hashing import challenge_key, step_key

CHALLENGES, STEPS, PEOPLE, EVALUATORS = 20, 10, 2_000, 3
START = 1_700_000_000
WAD = 10**18
_TOPICS = {entry["name"]: bytes.fromhex(topic) for topic, entry in interface()["events"].items()}
_HOMES = {"Endorsed": "notes", "Reviewed": "notes", "Anchored": "notes"}
Branches = tuple[tuple[int, int], ...]
Row = tuple[str, tuple[bytes, ...], bytes]
"""Event, further topics, data."""


def word(value: int | bytes | str) -> bytes:
    """Give 32 bytes: a number, an address or a hash."""
    if isinstance(value, int):
        return value.to_bytes(32, "big", signed=value < 0)
    raw = bytes.fromhex(value[2:]) if isinstance(value, str) else value
    return raw.rjust(32, b"\0")


def data(*values: Any) -> bytes:
    """ABI-encode words, texts (`str` that is no address) and lists of words."""
    heads, tails, at = [], [], 32 * len(values)
    for value in values:
        if isinstance(value, list):
            tail = word(len(value)) + b"".join(map(word, value))
        elif isinstance(value, str) and not value.startswith("0x"):
            raw = value.encode()
            tail = word(len(raw)) + raw + bytes(-len(raw) % 32)
        else:
            heads.append(word(value))
            continue
        heads.append(word(at))
        tails.append(tail)
        at += len(tail)
    return b"".join(heads + tails)


def person(number: int) -> str:
    """Give somebody's address."""
    return "0x" + sha256(b"person %d" % number).hexdigest()[:40]


def cid(number: int) -> str:
    """Give something that is as long as a CID."""
    return "bafybei" + sha256(b"content %d" % number).hexdigest()[:52]


def history(events: int, branches: Branches = ((0, 1),)) -> Iterator[Row]:
    """Give as many events, each possible after those before it.

    Parameters
    ----------
    branches
        (contribution, seed): from which contribution on which seed counts. Histories that share
        the first branches share what came of them, as chains do before they part.
    """
    return islice(_all(branches), events)


def _all(branches: Branches) -> Iterator[Row]:
    judges = [person(PEOPLE + i) for i in range(EVALUATORS)]
    owner, places = person(PEOPLE + 9), []
    for c in range(CHALLENGES):
        name = f"challenge_{c}"
        rules = b"".join(map(word, (0, 0, 3, 3600, 86_400, 10**16, 10**24)))
        evaluators = word(3) + b"".join(map(word, judges))
        texts = data(name, cid(c))[64:]
        size = 32 * 11
        head = b"".join((word(START), word(size), word(size + 64), word(size + 64 + 96), rules))
        yield "ChallengeRegistered", (challenge_key(name), word(owner)), head + texts + evaluators
        for s in range(STEPS):
            step = f"step_{s}"
            key = step_key(name, step)
            places.append((name, step, key))
            yield (
                "StepRegistered",
                (key, word(owner)),
                data(START, name, step, cid(s), s % 2, 10**12, 10**15, 0),
            )
    yield from _contributions(branches, places, judges)


def _contributions(
    branches: Branches, places: list[tuple[str, str, bytes]], judges: list[str]
) -> Iterator[Row]:
    heads: dict[bytes, list[tuple[int, int]]] = {}
    revealed: dict[str, list[int]] = {}
    rng = random.Random()
    for number in count(1):
        for first, seed in branches:
            if first in {0, number} and (first or number == 1):
                rng.seed(seed)
        # a fifth of all goes to one step, and a tenth comes from one person
        place = places[0] if rng.random() < 0.2 else rng.choice(places)
        who = person(0 if rng.random() < 0.1 else rng.randrange(PEOPLE))
        earlier = revealed.setdefault(place[0], [])
        parents = sorted(set(rng.choices(earlier[-500:], k=rng.randrange(3)))) if earlier else []
        yield from _offer(number, place, who, parents, judges)
        earlier.append(number)
        yield from _judge(rng, number, place, who, judges, heads.setdefault(place[2], []))
        if rng.random() < 0.1:
            yield "Released", (place[2], word(who)), data(START, place[0], place[1])


def _offer(
    number: int, place: tuple[str, str, bytes], who: str, parents: list[int], judges: list[str]
) -> Iterator[Row]:
    name, step, key = place
    time, topics = START + number * 10, (key, word(who))
    numbered = (*topics, word(number))
    digest = sha256(b"%d" % number).digest()
    yield "Claimed", topics, data(time, name, step, time + 86_400)
    yield "Committed", numbered, data(time + 1, digest, time + 3_600)
    yield "Submitted", numbered, data(time + 2, cid(number), parents)
    yield (
        "ScoresCommitted",
        (key, word(judges[0]), word(number)),
        data(time + 3, digest, list(judges), [digest] * 3, time + 3_603),
    )


def _judge(
    rng: random.Random,
    number: int,
    place: tuple[str, str, bytes],
    who: str,
    judges: list[str],
    heads: list[tuple[int, int]],
) -> Iterator[Row]:
    key = place[2]
    time, topics = START + number * 10 + 4, (key, word(judges[0]), word(number))
    score = rng.randrange(WAD)
    if rng.random() < 0.05:
        yield "Rejected", topics, data(time, who, "crashed", cid(-number))
        return
    for judge in judges:
        yield "Attested", topics, data(time, judge, score, score, "", cid(-number))
    before = heads[-1][1] if heads else None
    is_minimised = int(place[1].split("_")[1]) % 2 == 0
    gain = 0 if before is None else (before - score if is_minimised else score - before)
    is_record = before is None or gain > 10**12
    found = (time, who, score, before is not None, before or 0, gain, is_record, score)
    yield "Scored", topics, data(*found, cid(-number))
    if is_record:
        heads.append((number, score))
        if rng.random() < 0.1:
            yield from _doubt(rng, topics, time, heads)
    for event, chance in (("Endorsed", 0.5), ("Reviewed", 0.5)):
        if rng.random() < chance:
            body = data(time) if event == "Endorsed" else data(time, 1, cid(number))
            yield event, (key, word(person(rng.randrange(PEOPLE))), word(number)), body


def _doubt(
    rng: random.Random, topics: tuple[bytes, ...], time: int, heads: list[tuple[int, int]]
) -> Iterator[Row]:
    is_upheld = rng.random() < 0.5
    yield "Disputed", topics, data(time, 10**16, time + 86_400, cid(time))
    yield "DisputeDecided", topics, data(time, is_upheld, person(1), 10**16, cid(time))
    if is_upheld:
        heads.pop()
        yield "Struck", topics, data(time, True, *(heads[-1] if heads else (0, 0)))


def write(path: Path, events: int, *, per_block: int = 10) -> None:
    """Make a chain's file that holds a history's logs; of its blocks only number, hash, time."""
    file = ChainFile(path, create=True)
    file.db.execute("pragma synchronous=off")
    with file.write():
        file.db.execute("insert into block values(0,?,?,?)", (_hash(0), START, b""))
        for at, (event, topics, body) in enumerate(history(events)):
            block, place = 1 + at // per_block, at % per_block
            if place == 0:
                file.db.execute(
                    "insert into block values(?,?,?,?)", (block, _hash(block), START + block, b"")
                )
            words = (_TOPICS[event], *topics)
            file.db.execute(
                "insert into log values(?,?,?,?,?,?,?,?,?,?)",
                (
                    *(block, place, sha256(b"tx %d" % at).digest()),
                    bytes.fromhex(ADDRESSES[_HOMES.get(event, "ledger")][2:]),
                    *(words + (None,) * (4 - len(words))),
                    *(body, place),
                ),
            )
    file.close()


def _hash(number: int) -> bytes:
    return sha256(b"block %d" % number).digest()
