"""From a finished stage to a read-only node: hashes, manifest, one atomic rename."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import NodeFailedError
from coopt_dag.execution.harness.job import MANIFEST
from coopt_dag.graph.keys import digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def sha256_of(path: Path) -> str:
    """Give the sha256 of a file's bytes, in hexadecimal."""
    found, buffer = hashlib.sha256(), bytearray(1 << 18)
    with path.open("rb", buffering=0) as file:
        while size := file.readinto(buffer):
            found.update(memoryview(buffer)[:size])
    # Later forks inherit this process's memory: losses tell about truths, so nothing stays.
    buffer[:] = bytes(len(buffer))
    return found.hexdigest()


def listing(folder: Path) -> Iterator[Path]:
    """Yield the plain files below a folder in a fixed order; anything else is refused."""
    for entry in sorted(folder.iterdir()):
        mode = entry.lstat().st_mode
        if stat.S_ISDIR(mode):
            yield from listing(entry)
        elif stat.S_ISREG(mode):
            yield entry
        else:
            raise NodeFailedError(
                f"wrote {entry.name}, which is neither a file nor a folder",
                failure="invalid_output",
            )


def manifest_of(
    order: Mapping[str, Any], out: Path, isolation: Mapping[str, Any]
) -> dict[str, Any]:
    """Describe what a node wrote: each file's sha256 and size, and how it was caged. No clock."""
    files = {
        str(path.relative_to(out)): {"sha256": sha256_of(path), "size_bytes": path.stat().st_size}
        for path in listing(out)
    }
    manifest = {
        "schema": "coopt/node/2",
        "key": order["key"],
        "kind": order["kind"],
        "challenge": order["challenge"],
        "step": order["step"],
        "solution": order["solution"],
        "upstream": order["upstream"],
        "harness": order["harness"],
        "isolation": dict(isolation),
        "files": files,
    }
    return manifest | {"digest": digest(manifest)}


def publish(
    order: Mapping[str, Any], root: Path, stage: Path, isolation: Mapping[str, Any]
) -> None:
    """Move a finished stage into the store.

    No fsync: a kill loses nothing that was renamed, and after a power cut the manifest's
    hashes tell torn files from whole ones, so that they are made again.
    """
    out = stage / "out"
    text = json.dumps(manifest_of(order, out, isolation), sort_keys=True, indent=1) + "\n"
    declared = {o["file"] for o in order["outputs"].values()}
    extra = [p.name for p in out.iterdir() if p.name not in declared]
    if order["kind"] in {"step", "own"} and extra:
        raise NodeFailedError(
            f"wrote {extra[0]}, which is no output of this step", failure="invalid_output"
        )
    (out / MANIFEST).write_text(text, encoding="utf-8")
    for path in listing(out):
        path.chmod(0o444)
    final = root / order["folder"]
    final.parent.mkdir(parents=True, exist_ok=True)
    try:
        out.rename(final)  # replaces the empty folder that Snakemake may have made
    except OSError:
        if not (final / MANIFEST).is_file():
            raise
        return  # somebody published the same key meanwhile; theirs is as good
    for folder in [final, *(p for p in final.rglob("*") if p.is_dir())]:
        folder.chmod(0o555)


def discard(folder: Path) -> None:
    """Remove a stage or a node, read-only or not."""

    def make_writable(function: Any, path: str, _: Any) -> None:
        os.chmod(Path(path).parent, 0o755)  # noqa: PTH101, S103  # about to be removed
        os.chmod(path, 0o755)  # noqa: PTH101, S103
        function(path)

    if folder.exists():
        folder.chmod(0o755)
        shutil.rmtree(folder, onerror=make_writable)
