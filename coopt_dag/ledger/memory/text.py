"""What names, content identifiers, revisions and reasons may look like (`Text.sol`)."""

from __future__ import annotations

import re

from coopt_dag.ledger.refusals import refused

_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")


def require_name(name: str) -> None:
    """Insist on a slug."""
    if _NAME.fullmatch(name) is None:
        raise refused("BadName")


def require_cid(cid: str) -> None:
    """Insist on 1 to 128 bytes."""
    if not 1 <= len(cid.encode()) <= 128:
        raise refused("BadCid")


def require_revision(revision: str) -> None:
    """Insist on 1 to 64 bytes."""
    if not 1 <= len(revision.encode()) <= 64:
        raise refused("BadRevision")


def require_reason(reason: str) -> None:
    """Insist on 1 to 31 bytes."""
    if not 1 <= len(reason.encode()) <= 31:
        raise refused("BadReason")
