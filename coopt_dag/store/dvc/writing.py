"""Many files into a volume at once, with all that their listings name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.store.dvc.listing import check_md5, is_listing, read_listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coopt_dag.store.volume import Volume

Given = tuple[str, "bytes | Path", Any]
"""Path in the volume, content or file that holds it, and DVC's callback that counts bytes."""


def write(volume: Volume, given: Sequence[Given]) -> None:
    """Put files as one change: all of them, or none.

    DVC sends the listing of a folder last. But a `dvc push` that was killed can leave it with a
    list of what to send that ends early, and then it sends the listing without the rest. Whoever
    sees a listing takes everything in it for present, so with it comes all of it that is in
    DVC's local cache.
    """
    callbacks: dict[str, Any] = {}
    wanted: list[tuple[str, bytes | Path]] = []
    for path, source, callback in given:
        callbacks[path] = callback
        callback.set_size(len(source) if isinstance(source, bytes) else source.stat().st_size)
        wanted.append((path, source))

    def told(path: str, size_bytes: int) -> None:
        if path in callbacks:
            callbacks[path].relative_update(size_bytes)

    volume.add([*wanted, *_left_behind(volume, wanted)], told=told)


def _left_behind(
    volume: Volume, wanted: Sequence[tuple[str, bytes | Path]]
) -> list[tuple[str, bytes | Path]]:
    """Give what the listings among `wanted` name, and nobody has put."""
    coming = {path for path, _ in wanted}
    left: dict[str, bytes | Path] = {}
    for path, source in wanted:
        if isinstance(source, bytes) or not is_listing(path):
            continue
        volume.tree(fresh=True)  # another may have removed objects since DVC asked for them
        for entry in read_listing(source.read_bytes(), place=path, cached=source):
            known = entry.place in coming or volume.entry(entry.place) is not None
            if not known and entry.cached.is_file():
                check_md5(entry.place, entry.cached)
                left[entry.place] = entry.cached
    return list(left.items())
