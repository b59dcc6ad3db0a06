"""What a client would rather have: the `Accept` header, in order of preference."""

from __future__ import annotations

from dataclasses import dataclass

_MOST = 32  # media ranges that we look at; browsers send six


@dataclass(frozen=True, slots=True)
class Choice:
    """One media range of an `Accept` header, with its parameters."""

    media: str
    parameters: tuple[tuple[str, str], ...] = ()

    def get(self, name: str, default: str) -> str:
        """Give a parameter."""
        return dict(self.parameters).get(name, default)


def choices(header: str) -> list[Choice]:
    """Read an `Accept` header; the most wanted comes first, what is refused (q=0) is left out.

    References
    ----------
    RFC 9110, section 12.5.1.

    Examples
    --------
    >>> [c.media for c in choices("text/html;q=0.5, application/vnd.ipld.car; dups=y")]
    ['application/vnd.ipld.car', 'text/html']
    """
    found = []
    for part in header.split(",")[:_MOST]:
        media, *rest = (word.strip() for word in part.split(";"))
        pairs = [word.partition("=") for word in rest]
        parameters = {name.strip().lower(): value.strip(' "') for name, _, value in pairs}
        quality = _quality(parameters.pop("q", "1"))
        if media and quality > 0:
            found.append((quality, Choice(media.lower(), tuple(sorted(parameters.items())))))
    return [choice for _, choice in sorted(found, key=lambda pair: -pair[0])]


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0  # a client that cannot count is still a client
