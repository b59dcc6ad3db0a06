"""What must survive a node's collection between its upload and its pin."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from coopt_dag.store.cid import CID


class Held:
    """Pins of our own, each with the roots that it protects until they are kept otherwise.

    Examples
    --------
    >>> from coopt_dag.store.cid import CID, Codec
    >>> held, pin, root = Held(), CID.of(b"pin", Codec.RAW), CID.of(b"root", Codec.RAW)
    >>> held.add(pin, [root])
    >>> held.kept({root.digest}) == [pin], held.kept({root.digest})
    (True, [])
    """

    def __init__(self) -> None:
        self._roots: dict[CID, set[bytes]] = {}
        self._mutex = threading.Lock()

    def add(self, pin: CID, roots: Iterable[CID]) -> None:
        """Remember a pin and what it protects."""
        with self._mutex:
            self._roots[pin] = {root.digest for root in roots}

    def kept(self, digests: Collection[bytes]) -> list[CID]:
        """Learn what is kept otherwise by now; give the pins that are not needed any more."""
        with self._mutex:
            for roots in self._roots.values():
                roots.difference_update(digests)
            return self._drop([pin for pin, roots in self._roots.items() if not roots])

    def all(self) -> list[CID]:
        """Give every pin and forget it."""
        with self._mutex:
            return self._drop(list(self._roots))

    def pins(self) -> frozenset[CID]:
        """Give the pins that are ours."""
        with self._mutex:
            return frozenset(self._roots)

    def _drop(self, pins: list[CID]) -> list[CID]:
        for pin in pins:
            del self._roots[pin]
        return pins
