"""Every failure raised on purpose: one tree, each class with an exit code and a hint.

Floor: bedrock. Doors: none; it imports nothing of ours and nobody else's code.
The text is built here, from objects, so that every room complains in one voice.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


def near(name: str, known: Iterable[str]) -> str:
    """Give a did-you-mean sentence for `name`, or the list of what there is.

    >>> near("energy", ["hits", "tracks"])
    "known: 'hits', 'tracks'."
    >>> near("trakcs", ["hits", "tracks"])
    "did you mean 'tracks'?"
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    if not names:
        return "there is none yet."
    return (
        "known: " + ", ".join(f"'{n}'" for n in names[:12]) + ("." if len(names) <= 12 else ", …")
    )


class CooptError(Exception):
    """A failure that we understand: what, where, and the next move.

    Parameters
    ----------
    message : str
        What is wrong: expected and got.
    hint : str
        The next move of the person who reads it.
    path, line, field
        Where, as data; any may be absent.
    """

    exit_code: ClassVar[int] = 1
    meaning: ClassVar[str] = "a failure that has no class of its own"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        path: Path | str | None = None,
        line: int | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.path = None if path is None else str(path)
        self.line = line
        self.field = field

    @property
    def where(self) -> str:
        """`path:line`, `path`, or an empty string.

        >>> SpecError("bad", path="step.yaml", line=3).where
        'step.yaml:3'
        """
        if self.path is None:
            return ""
        return f"{self.path}:{self.line}" if self.line is not None else self.path

    def __str__(self) -> str:
        """Location and message, without the hint."""
        return f"{self.where}: {self.message}" if self.where else self.message

    def to_json(self) -> dict[str, Any]:
        """Give the error as plain data for `--json` readers."""
        return {
            "error": type(self).__name__,
            "exit_code": self.exit_code,
            "message": self.message,
            "path": self.path,
            "line": self.line,
            "field": self.field,
            "hint": self.hint,
        }


FAILURES = ("crashed", "timed_out", "out_of_memory", "too_much_output", "invalid_output")
"""Ways in which a run can fail; the last one names the output, `field`."""


class UsageError(CooptError):
    """The command was called with words that do not fit."""

    exit_code = 2
    meaning = "the command's words do not fit"


class SpecError(CooptError):
    """One complaint about a specification file."""

    exit_code = 3
    meaning = "a specification is invalid"


class SpecGroupError(SpecError):
    """Several complaints about specification files, all found in one pass.

    >>> str(SpecGroupError([SpecError("bad id", path="step.yaml", line=2)]))
    'step.yaml:2: bad id'
    """

    def __init__(self, errors: list[SpecError]) -> None:
        first = errors[0]
        super().__init__(
            first.message, hint=first.hint, path=first.path, line=first.line, field=first.field
        )
        self.errors = errors

    def __str__(self) -> str:
        """Give every complaint, one a line."""
        return "\n".join(str(e) for e in self.errors)


class UnknownNameError(CooptError):
    """A challenge, step, solution, identity or record that does not exist."""

    exit_code = 4
    meaning = "a name (challenge, step, solution, identity) is not known"

    def __init__(self, kind: str, name: str, known: Iterable[str], *, hint: str = "") -> None:
        super().__init__(f"no {kind} is called '{name}'", hint=hint or near(name, known))


class NodeFailedError(CooptError):
    """A step's code crashed, or its result broke its declared type.

    Parameters
    ----------
    failure : str
        One of `FAILURES`: all that a contributor is told of a run on hidden data.
    step : str, optional
        Whose node failed, where that is known.

    >>> NodeFailedError("took too long", failure="timed_out").to_json()["failure"]
    'timed_out'
    """

    exit_code = 5
    meaning = "a node of the DAG failed: it crashed or its output is invalid"

    def __init__(
        self,
        message: str,
        *,
        failure: str = "crashed",
        step: str | None = None,
        hint: str = "",
        path: Path | str | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, path=path, field=field)
        self.failure = failure
        self.step = step

    def to_json(self) -> dict[str, Any]:
        """Give the error as plain data, with the class of its failure."""
        return super().to_json() | {"failure": self.failure}


class IntegrityError(CooptError):
    """Bytes do not match the hash under which they are known."""

    exit_code = 6
    meaning = "stored bytes do not match their hash"


class DataMissingError(CooptError):
    """Data that a challenge needs are not on this machine."""

    exit_code = 7
    meaning = "data are missing; fetch them first"


class EnvironmentBuildError(CooptError):
    """An environment could not be built from its lock."""

    exit_code = 8
    meaning = "an environment could not be built from its lock"


class LedgerRefusedError(CooptError):
    """The ledger's rules refuse the action; nothing was recorded.

    Parameters
    ----------
    code : str
        Name of the contract's custom error, e.g. ``NotEvaluator``.
    """

    exit_code = 9
    meaning = "the ledger's rules refuse the action"

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class LedgerUnavailableError(CooptError):
    """The ledger cannot be reached or is not what was expected."""

    exit_code = 10
    meaning = "the ledger cannot be reached, or is another one than expected"


class IdentityError(CooptError):
    """A key is missing, locked, or its file is readable by others."""

    exit_code = 11
    meaning = "an identity is missing or cannot be unlocked"


class ScoreInvalidError(CooptError):
    """A metric gave no usable number: missing, NaN, infinite, or out of its range."""

    exit_code = 12
    meaning = "a score is missing, not finite, or out of its range; it never ranks"


class NotAWorkspaceError(CooptError):
    """No `coopt.toml` here or in any parent folder."""

    exit_code = 13
    meaning = "not inside a workspace"


class ContentMissingError(CooptError):
    """Content with this CID is not in the store."""

    exit_code = 14
    meaning = "content with this CID is not in the store"


class BusyError(CooptError):
    """Another process holds what this one needs."""

    exit_code = 15
    meaning = "another process is at work on the same files"


class ContentRefusedError(CooptError):
    """Content of a form that we do not take: malformed, hostile, or not plain files."""

    exit_code = 16
    meaning = "content is malformed, beyond the limits, or not made of plain files and folders"


class NodeUnavailableError(CooptError):
    """An IPFS node or gateway cannot be reached, is too slow, or is something else.

    Parameters
    ----------
    answer : str
        What the node itself said, if it said something.
    """

    exit_code = 17
    meaning = "an IPFS node or gateway cannot be reached or does not answer as one"

    def __init__(
        self, message: str, *, hint: str = "", path: str | None = None, answer: str = ""
    ) -> None:
        super().__init__(message, hint=hint, path=path)
        self.answer = answer


class IsolationError(CooptError):
    """The cage for contributed code is not whole here, so that nothing was run."""

    exit_code = 18
    meaning = "contributed code cannot be caged on this machine, so it was not run"


def exit_codes() -> dict[int, str]:
    """Map each exit code to its meaning, for the documentation.

    >>> exit_codes()[3]
    'a specification is invalid'
    """
    codes = {0: "done", CooptError.exit_code: CooptError.meaning, 130: "interrupted"}
    for cls in CooptError.__subclasses__():
        codes[cls.exit_code] = cls.meaning
    return dict(sorted(codes.items()))
