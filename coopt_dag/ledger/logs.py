"""From a chain's logs to our events, the same for the embedded chain and any JSON-RPC."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from coopt_dag.ledger import abi
from coopt_dag.ledger import events as ev

if TYPE_CHECKING:
    from collections.abc import Callable

DIRECTIONS = ("minimise", "maximise")

# First topic (keccak of the signature) → event, kind of the third topic if there is one, and
# kinds of the data. A test compares this table with the committed ABI.
TABLE: dict[str, tuple[str, str, list[str]]] = {
    "cb89e6c4435a8bd474abacd67fb931659098134ec16fbf45465f98a04d3faf95": (
        "ChallengeRegistered",
        "",
        ["uint64", "string", "string", "address[]", "uint32", "uint64"],
    ),
    "6cf80e69f9f0f5b007a385f0b83d4dc3ea0f87aff268b90744c7197a26f39608": (
        "StepRegistered",
        "",
        ["uint64", "string", "string", "string", "uint8", "uint128", "uint8"],
    ),
    "d9e5a7a1394c0c80e24a1db16eb3a6b6913a5b6b160fd87a8208ccad141659dc": (
        "Claimed",
        "",
        ["uint64", "string", "string", "uint64"],
    ),
    "b76d1818a7de69ba463e806e4625208d659fc36e5656b1cce04f61131b0b39f1": (
        "Released",
        "",
        ["uint64", "string", "string"],
    ),
    "7befae3d8673f83c56b88b8da6ca840fe2ba0d7036c657819a9d835dab7f6503": (
        "Submitted",
        "uint256",
        ["uint64", "string", "string", "string", "uint256[]"],
    ),
    "21b5ccddfbc32100c7a5a408cd238d4e3c9a50c70e53321a1c6f8f1ddb07884b": (
        "Scored",
        "uint256",
        [
            *("uint64", "address", "int256", "bool", "int256"),
            *("int256", "bool", "int256", "string"),
        ],
    ),
    "ca1f978ec5d64654f86a91b48d354c436585df21bf2afa3eeeab1ad16dde765a": (
        "Rejected",
        "uint256",
        ["uint64", "address", "string", "string"],
    ),
    "a7a853e6be19edc7993f3bc470d13dd8db4cae34302765f1bdc955edcff374ad": (
        "HeadRescored",
        "uint256",
        ["uint64", "int256", "int256"],
    ),
    "f26faeb36685ec2667e0bbf7dc621430628de073a7a5424ae51913e8d7384e1a": (
        "Anchored",
        "",
        ["uint64", "string", "string", "string"],
    ),
    "0839620aa0a070addcd1bd0773f4fcf5c24431f44d202d542036569a4783ed38": (
        "Sealed",
        "uint256",
        ["uint64", "string", "bytes32", "string"],
    ),
    "a9cfef5c8ef22576489d275b6b3bcfc1ccddf718243b3e8297ea683c3c81ceee": (
        "Unsealed",
        "uint256",
        ["uint64", "string", "string"],
    ),
}


@dataclass(frozen=True, slots=True)
class Log:
    """A raw log of our contract."""

    block: int
    tx_hash: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(slots=True)
class Decoder:
    """Decodes logs in order; it learns from registrations which step a key stands for."""

    names: dict[bytes, tuple[str, str]] = field(default_factory=dict)
    count: int = 0

    def decode(self, log: Log) -> ev.Event | None:
        """Give the event of a log; None for a log that is not ours."""
        entry = TABLE.get(log.topics[0].hex())
        if entry is None:
            return None
        name, third, kinds = entry
        time, *values = abi.decode(kinds, log.data)
        meta = {
            "seq": self.count,
            "block": log.block,
            "time": time,
            "tx_hash": log.tx_hash,
            "actor": abi.word_value("address", log.topics[2]),
        }
        number = abi.word_value(third, log.topics[3]) if third else 0
        self.count += 1
        if name == "StepRegistered":
            self.names[log.topics[1]] = (values[0], values[1])
        place = self.names.get(log.topics[1], ("", ""))
        return _BUILDERS[name](meta, values, number, place)


def _scored(m: dict[str, Any], v: list[Any], n: int, place: tuple[str, str]) -> ev.Event:
    contributor, score, has_before, before, improvement, record, e2e, report = v
    return ev.Scored(
        **m,
        submission_id=n,
        challenge=place[0],
        step=place[1],
        contributor=contributor,
        score_wad=score,
        before_wad=before if has_before else None,
        improvement_wad=improvement,
        is_record=record,
        e2e_score_wad=e2e,
        report_cid=report,
    )


def _step_registered(m: dict[str, Any], v: list[Any], _n: int, _p: tuple[str, str]) -> ev.Event:
    return ev.StepRegistered(
        **m,
        challenge=v[0],
        step=v[1],
        spec_cid=v[2],
        direction=DIRECTIONS[v[3]],
        min_delta_wad=v[4],
        claim_cap=v[5],
    )


_BUILDERS: dict[str, Callable[[dict[str, Any], list[Any], int, tuple[str, str]], ev.Event]] = {
    "ChallengeRegistered": lambda m, v, _n, _p: ev.ChallengeRegistered(
        **m, challenge=v[0], manifest_cid=v[1], evaluators=v[2], slots=v[3], closes_at=v[4]
    ),
    "StepRegistered": _step_registered,
    "Claimed": lambda m, v, _n, _p: ev.Claimed(**m, challenge=v[0], step=v[1], expires_at=v[2]),
    "Released": lambda m, v, _n, _p: ev.Released(**m, challenge=v[0], step=v[1]),
    "Submitted": lambda m, v, n, _p: ev.Submitted(
        **m, submission_id=n, challenge=v[0], step=v[1], solution_cid=v[2], parents=v[3]
    ),
    "Scored": _scored,
    "Rejected": lambda m, v, n, p: ev.Rejected(
        **m,
        submission_id=n,
        challenge=p[0],
        step=p[1],
        contributor=v[0],
        reason=v[1],
        report_cid=v[2],
    ),
    "HeadRescored": lambda m, v, n, p: ev.HeadRescored(
        **m, challenge=p[0], step=p[1], old_wad=v[0], new_wad=v[1], because=n
    ),
    "Anchored": lambda m, v, _n, _p: ev.Anchored(**m, challenge=v[0], revision=v[1], root_cid=v[2]),
    "Sealed": lambda m, v, n, _p: ev.Sealed(
        **m, challenge=v[0], epoch=n, root=v[1], sealed_cid=v[2]
    ),
    "Unsealed": lambda m, v, n, _p: ev.Unsealed(**m, challenge=v[0], epoch=n, keys_cid=v[1]),
}
