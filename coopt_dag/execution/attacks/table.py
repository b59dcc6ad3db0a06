"""The fourteen attacks, each with its cases and with the ends that a whole cage gives them."""

from __future__ import annotations

from dataclasses import dataclass

JSON = {"kind": "json", "fields": []}
ARRAY = {"kind": "array", "dtype": "float64", "shape": [None], "minimum": None, "maximum": None}
FOLDER = {"kind": "folder", "max_size_bytes": 1 << 20}
DONE = "done"
_INVALID, _FULL, _MEMORY = "invalid_output", "too_much_output", "out_of_memory"


@dataclass(frozen=True, slots=True)
class Case:
    """One run of an attack.

    Attributes
    ----------
    call : str
        Module and function.
    ends
        How it may end: `done`, or a class of failure.
    kind : str
        Kind of the output that it has declared.
    own_output : bool
        The attack itself writes the output, or does not.
    """

    call: str
    ends: tuple[str, ...] = (DONE,)
    kind: str = "json"
    own_output: bool = False
    memory_mb: int = 96


@dataclass(frozen=True, slots=True)
class Attack:
    """What somebody may try, as one line of the table."""

    name: str
    cases: tuple[Case, ...]


def _bad(function: str, kind: str = "json") -> Case:
    return Case(f"outputs:{function}", (_INVALID,), kind, own_output=True)


ATTACKS = (
    Attack("read labels", (Case("looking:read_labels"),)),
    Attack("environment", (Case("looking:environment"),)),
    Attack("other processes", (Case("looking:other_processes"),)),
    Attack("network", (Case("network:network"),)),
    Attack("fork bomb", (Case("exhausting:fork_bomb", memory_mb=320),)),
    Attack(
        "memory bomb",
        (
            Case("exhausting:memory_of_one", (DONE, _MEMORY)),
            Case("exhausting:memory_of_many", (DONE, _MEMORY)),
            Case("exhausting:memory_of_files", (DONE, _MEMORY)),
            Case("exhausting:memory_of_mappings", (DONE, _MEMORY)),
        ),
    ),
    Attack("fill /tmp", (Case("exhausting:fill_tmp"),)),
    Attack("fill /dev/shm", (Case("exhausting:fill_shm"),)),
    Attack(
        "fill output",
        (
            Case("exhausting:fill_output", (_FULL,)),
            Case("exhausting:many_files", (_FULL, _MEMORY)),
            Case("exhausting:sparse_files", (_FULL,)),
        ),
    ),
    Attack("write elsewhere", (Case("writing:write_elsewhere"),)),
    Attack("outlive its run", (Case("writing:daemon", (DONE, _INVALID)),)),
    Attack(
        "links and special files as outputs",
        (
            _bad("symlink"),
            Case("outputs:fifo", (_INVALID, DONE), own_output=True),
            Case("outputs:local_socket", (_INVALID, DONE), own_output=True),
            Case("outputs:device", (_INVALID, DONE), own_output=True),
            _bad("hard_link"),
        ),
    ),
    Attack("mounts, namespaces, users, signals", (Case("privileges:privileges"),)),
    Attack(
        "hostile bytes for the reader",
        (
            *(_bad(name, "array") for name in ("npy_pickle", "bare_pickle", "npy_bomb", "npy_nan")),
            *(_bad(name) for name in ("json_nan", "json_deep", "json_twice", "json_digits")),
            *(_bad(name, "folder") for name in ("folder_with_link", "long_path", "odd_name")),
            _bad("undeclared"),
            Case("outputs:lies", ("crashed",)),
        ),
    ),
)
TYPES = {"json": JSON, "array": ARRAY, "folder": FOLDER}
FILES = {"json": "report.json", "array": "report.npy", "folder": "report"}
