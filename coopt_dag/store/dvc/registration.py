"""Teaches DVC, once it has imported two of its own modules, that `ipfs://` exists."""

from __future__ import annotations

from typing import Any

SCHEME = "ipfs"


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
    module.REMOTE_SCHEMAS[SCHEME] = {
        "api": str,
        "store": str,
        "timeout": module.All(module.Coerce(int), module.Range(1)),
        module.Optional("verify", default=True): module.Bool,
        **module.REMOTE_COMMON,
    }
    # ByUrl copies the mapping that it is given, so it has to be given the longer one
    module.SCHEMA["remote"] = {str: module.ByUrl(module.REMOTE_SCHEMAS)}


TARGETS = {"dvc_objects.fs": add_filesystem, "dvc.config_schema": add_schema}
"""What is done after which module of DVC has been imported."""
