"""Teaches DVC, once it has imported two of its own modules, that `ipfs://` exists."""

from __future__ import annotations

from typing import Any

SCHEME = "ipfs"
_NOT_HERE = ("worktree", "version_aware")  # versions of files are what a CID is for


def add_filesystem(module: Any) -> None:
    """Enter our file system into `dvc_objects.fs`."""
    module.known_implementations.setdefault(
        SCHEME,
        {
            "class": "coopt_dag.store.dvc.filesystem.IpfsFileSystem",
            "err": "ipfs is supported, but coopt-dag cannot be imported",
        },
    )


def add_schema(module: Any) -> None:
    """Enter the options of an `ipfs://` remote into `dvc.config_schema`."""
    if SCHEME in module.REMOTE_SCHEMAS:
        return
    options = {
        "api": str,
        "store": str,
        "timeout": module.All(module.Coerce(int), module.Range(1)),
        "verify": module.Bool,
        **{k: v for k, v in module.REMOTE_COMMON.items() if str(k) not in _NOT_HERE},
    }
    module.REMOTE_SCHEMAS[SCHEME] = module.All(options, _verify_nodes)
    # ByUrl copies the mapping that it is given, so it has to be given the longer one
    module.SCHEMA["remote"] = {str: module.ByUrl(module.REMOTE_SCHEMAS)}


def _verify_nodes(options: dict[str, Any]) -> dict[str, Any]:
    """Have DVC compare md5 sums too where the root comes from a node, which could name another.

    Our own store needs none: every block is compared with the CID below a root that we wrote.
    """
    return {"verify": "api" in options} | options


TARGETS = {"dvc_objects.fs": add_filesystem, "dvc.config_schema": add_schema}
"""What is done after which module of DVC has been imported."""
