"""From a chain's logs to our events, the same for the embedded chain and any JSON-RPC."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from coopt_dag.ledger import abi
from coopt_dag.ledger import events as ev
from coopt_dag.ledger.abireader import reader, word_reader
from coopt_dag.ledger.actions import Share
from coopt_dag.ledger.artifact import interface
from coopt_dag.ledger.names import CHOICES, snake

if TYPE_CHECKING:
    from collections.abc import Callable

# Arrays of structures among the events' parameters.
_STRUCTURES: dict[str, Callable[..., Any]] = {"shares": Share}


@dataclass(frozen=True, slots=True)
class Log:
    """A raw log of our contracts."""

    block: int
    tx_hash: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Shape:
    """How one event lies in a log: kinds and names of its topics, then of its data."""

    make: Callable[..., ev.Event]
    topics: tuple[tuple[str, Callable[[bytes], Any]], ...]
    """(our name, reader) of the second topic on; `actor` is who acts."""
    names: tuple[str, ...]
    read: Callable[[bytes], list[Any]]
    flat: dict[str, tuple[str, ...]]
    """Structures whose parts are fields of the event itself."""
    special: tuple[str, ...]
    """Values that need more than reading: structures, and numbers that are words here."""

    def fields(self, log: Log) -> dict[str, Any]:
        """Give the log's values under our names."""
        values: dict[str, Any] = {
            name: read(word) for (name, read), word in zip(self.topics, log.topics[1:], strict=True)
        }
        values.update(zip(self.names, self.read(log.data), strict=True))
        for name in self.special:
            value = values.pop(name)
            if name in self.flat:
                values.update(zip(self.flat[name], value, strict=True))
            elif name in _STRUCTURES:
                values[name] = tuple(_STRUCTURES[name](*part) for part in value)
            else:
                values[name] = CHOICES[name][value]
        return values


@cache
def shapes() -> dict[bytes, Shape]:
    """Give first topic → shape, of all events that we know; the rest is OpenZeppelin's roles."""
    return {
        bytes.fromhex(topic): _shape(entry)
        for topic, entry in interface()["events"].items()
        if hasattr(ev, entry["name"])
    }


def _shape(entry: dict[str, Any]) -> Shape:
    indexed = [i for i in entry["inputs"] if i.get("indexed")]
    plain = [i for i in entry["inputs"] if not i.get("indexed")]
    return Shape(
        make=getattr(ev, entry["name"]),
        topics=tuple((_actor(snake(i["name"])), word_reader(i["type"])) for i in indexed),
        names=tuple(snake(i["name"]) for i in plain),
        read=reader(tuple(abi.kind_of(i) for i in plain)),
        flat={
            snake(i["name"]): tuple(snake(c["name"]) for c in i["components"])
            for i in plain
            if i["type"] == "tuple"
        },
        special=tuple(
            name
            for name, i in ((snake(i["name"]), i) for i in plain)
            if i["type"] == "tuple" or name in _STRUCTURES or name in CHOICES
        ),
    )


def _actor(name: str) -> str:
    return "actor" if name == "from" else name


@dataclass(slots=True)
class Decoder:
    """Decodes logs in order; it learns from registrations which names a key stands for."""

    steps: dict[str, tuple[str, str]] = field(default_factory=dict)
    challenges: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def kind(self, log: Log) -> Callable[..., ev.Event] | None:
        """Give the class of a log's event; None for a log that is not ours."""
        shape = shapes().get(log.topics[0]) if log.topics else None
        return None if shape is None else shape.make

    def decode(self, log: Log) -> ev.Event | None:
        """Give the event of a log; None for a log that is not ours."""
        shape = shapes().get(log.topics[0]) if log.topics else None
        if shape is None:
            return None
        values = shape.fields(log)
        step_key, challenge_key = values.pop("step_key", None), values.pop("challenge_key", None)
        if shape.make is ev.StepRegistered:
            self.steps[step_key] = (values["challenge"], values["step"])
        elif shape.make is ev.ChallengeRegistered:
            self.challenges[challenge_key] = values["challenge"]
        if step_key is not None:
            values["challenge"], values["step"] = self.steps.get(step_key, ("", ""))
        elif challenge_key is not None:
            values["challenge"] = self.challenges.get(challenge_key, "")
        if shape.make is ev.Scored and not values.pop("has_before"):
            values["before_wad"] = None
        event = shape.make(seq=self.count, block=log.block, tx_hash=log.tx_hash, **values)
        self.count += 1
        return event
