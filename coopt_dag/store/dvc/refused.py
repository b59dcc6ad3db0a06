"""Our failures in the form that DVC tells in one line, with their hint."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dvc.exceptions import DvcException

from coopt_dag.errors import CooptError

if TYPE_CHECKING:
    from collections.abc import Iterator


class RefusedError(DvcException):  # type: ignore[misc]  # dvc has no types
    """One of our failures, kept as `origin`."""

    def __init__(self, text: str, origin: CooptError) -> None:
        super().__init__(text)
        self.origin = origin


def refused(error: CooptError) -> RefusedError:
    r"""Put message and hint into one text.

    >>> str(refused(CooptError("the node is away.", hint="start it.")))
    'the node is away.\nhint: start it.'
    """
    text = f"{error}\nhint: {error.hint}" if error.hint else str(error)
    return RefusedError(text, error)


@contextmanager
def told_by_dvc() -> Iterator[None]:
    """Let DVC tell what goes wrong inside.

    >>> with told_by_dvc():
    ...     raise CooptError("the node is away.")
    Traceback (most recent call last):
    coopt_dag.store.dvc.refused.RefusedError: the node is away.
    """
    try:
        yield
    except CooptError as error:
        raise refused(error) from None  # DVC would tell the cause again
