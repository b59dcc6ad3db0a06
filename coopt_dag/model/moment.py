"""Moments: whole seconds since 1970 inside, UTC where people read and write."""

from __future__ import annotations

from datetime import UTC, datetime

from coopt_dag.errors import UsageError

_LAST = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())


def to_seconds(text: str) -> int:
    """Read a date, or a date with a time, in UTC unless it names its own offset.

    Raises
    ------
    UsageError
        It is not written as ISO 8601 says.

    Examples
    --------
    >>> to_seconds("2033-05-18"), to_seconds("2033-05-18T03:33:20")
    (1999987200, 2000000000)
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"'{text}' is no date", hint="e.g. 2033-05-18, or 2033-05-18T12:00 (UTC)"
        ) from error
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


def from_seconds(seconds: int) -> str:
    """Give a moment to the minute, in UTC; a contract takes later ones than the calendar has.

    >>> from_seconds(2_000_000_000), from_seconds(2**63)
    ('2033-05-18 03:33 UTC', 'after the year 9999')
    """
    if seconds > _LAST:
        return "after the year 9999"
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
