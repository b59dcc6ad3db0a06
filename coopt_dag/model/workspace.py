"""A workspace: any folder with a `coopt.toml`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from coopt_dag.model.base import Frozen, RelativePath, Sentence


class Paths(Frozen):
    """Where things lie, relative to `coopt.toml`."""

    steps: RelativePath = "steps"
    data: RelativePath = "data"
    store: RelativePath = "store"
    results: RelativePath = "results"
    state: RelativePath = ".coopt"
    """Private state: ledger, identities, content, caches, logs."""


class LedgerConfig(Frozen):
    """Which ledger: embedded in one file, or any JSON-RPC endpoint."""

    kind: Literal["embedded", "rpc", "memory"] = "embedded"
    url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    address: Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")] | None = None
    """Address of the deployed contract; absent = deploy on first use (embedded only)."""
    outbox: RelativePath | None = None
    """Folder into which commands sign their requests for `coopt relay`, in place of sending."""


class IpfsConfig(Frozen):
    """Where content comes from that is not in the workspace's own store."""

    api: Annotated[str, Field(pattern=r"^https?://")] | None = None
    """RPC of a Kubo node of yours to fetch from, e.g. http://127.0.0.1:5001."""
    gateways: tuple[Annotated[str, Field(pattern=r"^https?://")], ...] = ()
    """Trustless gateways to fetch from, in this order; every byte is verified here."""


class Workspace(Frozen):
    """The contents of `coopt.toml`."""

    schema_: Annotated[Literal["coopt/workspace/1"], Field(alias="schema")]
    name: Sentence
    paths: Paths = Paths()
    ledger: LedgerConfig = LedgerConfig()
    ipfs: IpfsConfig = IpfsConfig()
    identity: str | None = None
    """Identity that signs unless `--as` names another."""
    identities: RelativePath | None = None
    """Folder with keystores; absent = the user's own configuration folder."""
