"""The pictures of a challenge: where they are, how large, and what they may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.specs.svg import svg_flaw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.errors import SpecError
    from coopt_dag.model.challenge import Challenge
    from coopt_dag.specs.read import Read

FOLDER = "pictures"
"""Beside challenge.yaml."""
MAX_BYTES = 300_000
_PNG = b"\x89PNG\r\n\x1a\n"


def flaw(name: str, data: bytes) -> str | None:
    """Give what is wrong with a picture; None if nothing is.

    >>> flaw("profile.png", b"GIF89a")
    'is no PNG'
    """
    if len(data) > MAX_BYTES:
        return f"has {len(data)} bytes, and {MAX_BYTES} are the most"
    if name.endswith(".png"):
        return None if data.startswith(_PNG) else "is no PNG"
    found = svg_flaw(data)
    return None if found is None else f"has on {found}"


def picture_errors(read: Read[Challenge]) -> Iterator[SpecError]:
    """Complain about pictures that are there and should not be shown."""
    plots = read.spec.plots
    for i, picture in enumerate(plots.pictures if plots else ()):
        file = read.source.path.parent / FOLDER / picture.file
        if not file.is_file():
            continue
        found = flaw(file.name, file.read_bytes())
        if found is not None:
            yield read.source.error(
                ("plots", "pictures", i),
                f"{FOLDER}/{picture.file} {found}.",
                hint=f"mend the plot, then: coopt challenge plots {read.spec.id}",
            )


def absent_pictures(read: Read[Challenge]) -> list[str]:
    """Name the pictures that are told of and not there."""
    plots, folder = read.spec.plots, read.source.path.parent / FOLDER
    files = [p.file for p in plots.pictures] if plots else []
    return [name for name in files if not (folder / name).is_file()]
