"""What a contributor is told of a failure: its class, and never a text.

A text that was made in a run on hidden data may carry those data: in a message, a path, a value,
a name. So what leaves the evaluator's machine is one word of a fixed list, and at most the name of
an output that the step itself declares.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import (
    FAILURES,
    ContentRefusedError,
    EnvironmentBuildError,
    NodeFailedError,
    ScoreInvalidError,
    SpecError,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from coopt_dag.errors import CooptError

OWN: dict[type[CooptError], str] = {
    SpecError: "invalid_spec",
    NodeFailedError: "crashed",
    ScoreInvalidError: "invalid_score",
    ContentRefusedError: "refused_content",
}
"""Failures that are the submission's own; a node's has classes of its own, `FAILURES`."""

ENVIRONMENT = "environment"
IRREPRODUCIBLE = "irreproducible"
NO_GAIN = "no_gain"
LOCAL_RECORD = "local_record"
"""Better by the step's own metric, and not adopted: the whole is hurt, or a constraint broken."""
TESTS_SPENT = "tests_spent"
"""As many submissions to the step as `gate.slots` says came before it: it is not run."""
REASONS = (
    *FAILURES,
    *sorted(set(OWN.values()) - set(FAILURES)),
    ENVIRONMENT,
    IRREPRODUCIBLE,
    NO_GAIN,
    LOCAL_RECORD,
)
"""All that the evaluation itself gives as a reason; the ledger takes at most 31 bytes."""

_AWAY = ("fetch", "sending request", "connect", "timed out", "dns", "no space left", "network")
"""Words of a failed build that may well be the network's fault, or the machine's."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """A class, and the declared output that it is about, if it is about one."""

    reason: str
    field: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Give what a report says of it.

        >>> Feedback("crashed").to_json()
        {'reason': 'crashed'}
        """
        return {"reason": self.reason} | ({} if self.field is None else {"field": self.field})


def is_own_failure(error: CooptError, *, folder: Path | None = None) -> bool:
    """Tell whether a submission is to blame; else it stays pending, whatever was tried.

    Parameters
    ----------
    folder
        Of the solution: a lock in it that cannot be built, other than for want of the network,
        is its own fault; that of the challenge never is.

    Examples
    --------
    >>> from coopt_dag.errors import DataMissingError
    >>> is_own_failure(NodeFailedError("it crashed")), is_own_failure(DataMissingError("no data"))
    (True, False)
    """
    if isinstance(error, EnvironmentBuildError):
        inside = folder is not None and Path(error.path or "").is_relative_to(folder)
        return inside and not any(word in error.message.lower() for word in _AWAY)
    return isinstance(error, tuple(OWN))


def feedback_of(error: CooptError, *, outputs: Collection[str] = ()) -> Feedback:
    """Give the class of a submission's own failure; nothing of its text.

    Parameters
    ----------
    outputs
        Names that the judged step declares; an output of any other name is not told.

    Examples
    --------
    >>> error = NodeFailedError("label 4711", failure="invalid_output", field="total")
    >>> feedback_of(error, outputs=["total"])
    Feedback(reason='invalid_output', field='total')
    >>> feedback_of(error, outputs=["another"]).field is None
    True
    """
    if isinstance(error, NodeFailedError):
        reason = error.failure if error.failure in FAILURES else "crashed"
        named = reason == "invalid_output" and error.field in outputs
        return Feedback(reason, error.field if named else None)
    if isinstance(error, EnvironmentBuildError):
        return Feedback(ENVIRONMENT)
    return Feedback(next(text for cls, text in OWN.items() if isinstance(error, cls)))
