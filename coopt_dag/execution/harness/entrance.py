"""From inside bubblewrap's room into the cage, and on to the program.

Called with ``NAME=NUMBER … -- PROGRAM …``. It is started for every run of a program, so it
imports as little as it can, and has its words in the plainest form.
"""

from __future__ import annotations

import os
import sys

# The folder that holds our package holds nothing else in here, and the program starts afresh.
sys.path.insert(0, os.path.abspath(__file__).rsplit("/", 4)[0])  # noqa: PTH100  # pathlib is slow

from coopt_dag.execution.harness import seccomp, syscalls
from coopt_dag.execution.harness.confine import ROOM, confine


def main(words: list[str]) -> int:
    """Lock this process down and become the program; give 126 if it cannot be started.

    >>> main(["status_fd=1"])
    Traceback (most recent call last):
    ValueError: '--' is not in list
    """
    at = words.index("--")
    program = words[at + 1 :]
    numbers = {name: int(value) for name, _, value in (w.partition("=") for w in words[:at])}
    status_fd = numbers["status_fd"]
    try:
        confine(
            numbers,
            user=numbers.get("user"),
            address_bytes=None,  # some programs reserve far more than they use; it is watched
            landlock_abi=numbers["landlock"],
            rules=ROOM,
            filter_=seccomp.build(),
        )
    except OSError as error:
        os.write(status_fd, str(error).encode())
        return 125
    os.write(status_fd, b"ok")
    os.close(status_fd)
    syscalls.close_from(3)
    try:
        os.execvp(program[0], program)  # noqa: S606
    except OSError as error:
        sys.stderr.write(f"cannot start {program[0]}: {error.strerror}\n")
        return 126


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
