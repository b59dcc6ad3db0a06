"""What does not hold: one object that says what, where, what was expected and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CHANGED_CODE = "changed_code"
CHANGED_DATA = "changed_data"
CHANGED_LEDGER = "changed_ledger"
CHANGED_PAYMENT = "changed_payment"
CHANGED_SCORE = "changed_score"
CHANGED_TERMS = "changed_terms"
DROPPED_SUBMISSION = "dropped_submission"
FORGED_ATTESTATION = "forged_attestation"
SWAPPED_SOLUTION = "swapped_solution"
TAMPERED_ARTIFACT = "tampered_artifact"
KINDS = (
    CHANGED_CODE,
    CHANGED_DATA,
    CHANGED_LEDGER,
    CHANGED_PAYMENT,
    CHANGED_SCORE,
    CHANGED_TERMS,
    DROPPED_SUBMISSION,
    FORGED_ATTESTATION,
    SWAPPED_SOLUTION,
    TAMPERED_ARTIFACT,
)
EVIDENCE = "divergence.json"
_SHOWN = 400


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first thing that does not hold.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    where : str
        Submission, settlement, CID or block, with the field.
    expected, found
        Plain data.
    what : str
        One sentence.
    submission : int
        Number of the submission that a dispute would be about; 0 if it is about none.
    is_of_settlement : bool
        The settlement of the epoch is wrong, so that it can be disputed.
    """

    kind: str
    where: str
    expected: Any
    found: Any
    what: str
    submission: int = 0
    is_of_settlement: bool = False

    def command(self, challenge: str, epoch: int) -> str:
        """Give the command that disputes it; empty where the copy at hand is bad, not the ledger.

        >>> Divergence("changed_score", "", 1, 2, "", submission=4).command("tiny", 1)
        'coopt dispute open 4 --evidence divergence.json'
        """
        if self.is_of_settlement:
            return f"coopt dispute settlement {challenge} --epoch {epoch} --evidence {EVIDENCE}"
        if self.submission:
            return f"coopt dispute open {self.submission} --evidence {EVIDENCE}"
        return ""

    def to_json(self, challenge: str, epoch: int) -> dict[str, Any]:
        """Give it as plain data, with the command that opens a dispute."""
        return {
            "kind": self.kind,
            "where": self.where,
            "expected": self.expected,
            "found": self.found,
            "what": self.what,
            "submission": self.submission or None,
            "dispute": self.command(challenge, epoch) or None,
        }

    @property
    def words(self) -> str:
        r"""Say it in two lines.

        >>> Divergence("changed_score", "submission 4", 1, 2, "it scores less").words
        'changed_score: submission 4: it scores less\nexpected 1, found 2'
        """
        values = f"expected {_short(self.expected)}, found {_short(self.found)}"
        return f"{self.kind}: {self.where}: {self.what}\n{values}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
