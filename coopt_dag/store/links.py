"""Symlinks of a fetched folder: made only if each of them stays inside, whatever it leads through.

The text of a link says little alone: ``a/b`` leaves the folder if ``a`` is itself a link. So all
links are collected first and resolved against one another, as the system would resolve them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from coopt_dag.errors import ContentRefusedError

if TYPE_CHECKING:
    from pathlib import Path

_MOST_HOPS = 40  # what Linux follows before it says ELOOP
_MOST_BYTES = 4095  # PATH_MAX of Linux, without the NUL
_MOST_STEPS = 2_000_000  # in all: links through links of thousands of names cost much, say little
_HINT = "if you trust its author, fetch what the link leads to by itself."


class Links:
    """The symlinks of one folder, by the names that lead to them.

    Examples
    --------
    >>> links = Links()
    >>> links.add(("latest",), b"runs/2")
    >>> links.add(("passwords",), b"../../etc/passwd")
    >>> links.check()
    Traceback (most recent call last):
    coopt_dag.errors.ContentRefusedError: the symlink 'passwords' (to '../../etc/passwd') leaves \
the folder that is fetched.
    """

    def __init__(self) -> None:
        self._texts: dict[tuple[str, ...], str] = {}
        self._steps = 0

    def add(self, way: tuple[str, ...], target: bytes) -> None:
        """Remember a link, and refuse a text that no system takes.

        Raises
        ------
        ContentRefusedError
            Empty, with NUL, too long, or not UTF-8; or it is the root, which lies in no folder.
        """
        try:
            text = target.decode()
        except UnicodeDecodeError:
            text = ""
        if not way:
            raise ContentRefusedError("a symlink alone lies in no folder to stay in.", hint=_HINT)
        if not text or "\0" in text or len(target) > _MOST_BYTES:
            raise ContentRefusedError(
                f"the symlink '{'/'.join(way)}' leads to {target[:80]!r}, which is no path.",
                hint="its author should make it again.",
            )
        self._texts[way] = text

    def check(self) -> None:
        """Refuse all if one of them leaves the folder, at its end or on the way.

        Raises
        ------
        ContentRefusedError
            Absolute, through `..` above the folder, through another link that does, in circles,
            or so long that it would take minutes to tell.
        """
        self._steps = 0
        for way in self._texts:
            self._follow(way)

    def make(self, root: Path) -> None:
        """Check all, then make all, below `root`, which must hold everything else already."""
        self.check()
        for way, text in self._texts.items():
            os.symlink(text, root.joinpath(*way))  # noqa: PTH211 - reads as ln -s does

    def _follow(self, way: tuple[str, ...]) -> None:
        here: list[str] = []
        left = list(reversed(way))
        hops = 0
        while left:
            self._step(way, here, left.pop())
            text = self._texts.get(tuple(here))
            if text is None:
                continue
            hops += 1
            if text.startswith("/"):
                raise self._refused(way, "is absolute.")
            if hops > _MOST_HOPS:
                raise self._refused(way, "leads in circles.")
            here.pop()
            left.extend(reversed(text.split("/")))

    def _step(self, way: tuple[str, ...], here: list[str], part: str) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise self._refused(way, f"and those before it take more than {_MOST_STEPS} steps.")
        if part == "..":
            if not here:
                raise self._refused(way, "leaves the folder that is fetched.")
            here.pop()
        elif part not in ("", "."):
            here.append(part)

    def _refused(self, way: tuple[str, ...], why: str) -> ContentRefusedError:
        name = "/".join(way)
        return ContentRefusedError(
            f"the symlink '{name}' (to '{self._texts[way][:80]}') {why}", hint=_HINT
        )
