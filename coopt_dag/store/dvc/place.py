"""Where the blocks of an `ipfs://` remote lie: a node's RPC, a folder, or the workspace's store."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from coopt_dag.errors import SpecError, UsageError
from coopt_dag.specs.view import WORKSPACE_FILE, workspace_root
from coopt_dag.store.local import LocalStore

if TYPE_CHECKING:
    from coopt_dag.store.protocol import Home

CONTENT_STORE = "content-store"
"""Name of a workspace's block store, in its folder of private state."""

_PATIENCE_S = 60.0


def home_of(*, api: str | None, store: str | None, timeout_s: float | None = None) -> Home:
    """Open what a remote's options name; without any, the store of the workspace around us.

    Raises
    ------
    UsageError
        Both or neither can be had, or `store` is no absolute path.
    """
    if api is not None and store is not None:
        raise UsageError(
            "an ipfs:// remote has both 'api' and 'store'.",
            hint="keep one: dvc remote modify --local NAME api --unset",
        )
    if api is not None:
        from coopt_dag.store.cached import CachedStore
        from coopt_dag.store.remote.kubo import KuboStore

        return CachedStore(KuboStore(api, timeout_s=timeout_s or _PATIENCE_S))
    return LocalStore(_folder(store) if store is not None else _of_workspace(Path.cwd()))


def _folder(store: str) -> Path:
    path = Path(store).expanduser()
    if not path.is_absolute():
        raise UsageError(
            f"the remote's option 'store' is '{store}', which is no absolute path.",
            hint='dvc remote modify --local NAME store "$PWD/FOLDER"',
        )
    if not path.parent.is_dir():
        raise UsageError(
            "is not there, and so the store of this remote cannot be.",
            hint="was it moved? coopt artifacts setup writes the present place; or make the folder",
            path=path.parent,
        )
    return path


def _of_workspace(here: Path) -> Path:
    root = workspace_root(here)
    if root is None:
        raise UsageError(
            f"{here} is in no workspace, and the remote does not say where its store is.",
            hint="dvc remote modify --local NAME store FOLDER (or api URL of a Kubo node); "
            "or make a workspace: coopt init DIR",
        )
    path = root / WORKSPACE_FILE
    try:
        paths = tomllib.loads(path.read_text(encoding="utf-8")).get("paths", {})
        return root / str(paths.get("state", ".coopt")) / CONTENT_STORE
    except (ValueError, AttributeError) as error:
        raise SpecError(f"is broken: {error}.", hint="coopt lint says where", path=path) from error
