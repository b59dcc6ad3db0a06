"""What a solution names: files, environment, parents."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from coopt_dag.specs.checks.files import beside, lock_errors, missing_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.errors import SpecError
    from coopt_dag.model.solution import Solution
    from coopt_dag.specs.read import Read

_CID = re.compile(r"b[a-z2-7]{58}")


def solution_errors(read: Read[Solution]) -> Iterator[SpecError]:
    """Complain about missing files and about parents that are no CIDs."""
    spec, source = read.spec, read.source
    if spec.entry.python is not None:
        yield from missing_file(source, ("entry", "python"), spec.entry.python)
    if spec.entry.command is not None and spec.entry.command[0].startswith("./"):
        program = spec.entry.command[0].removeprefix("./")
        yield from missing_file(source, ("entry", "command", 0), program)
    if spec.environment is not None:
        missing = list(missing_file(source, ("environment",), spec.environment))
        yield from missing
        if not missing:
            shown = beside(source, spec.environment)
            yield from lock_errors(source.path.parent / spec.environment, shown)
    for i, parent in enumerate(spec.parents):
        if not _CID.fullmatch(parent):
            yield source.error(
                ("parents", i),
                f"parents[{i}] is '{parent}', which is no CID.",
                hint="`coopt fork` writes it: CIDv1 in base32, e.g. bafybei… of 59 characters.",
            )
