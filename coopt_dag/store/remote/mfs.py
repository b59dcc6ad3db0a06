"""Named roots on a shared node: a folder of heads in its file tree (MFS), one entry a head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.errors import IntegrityError, NodeUnavailableError
from coopt_dag.store.cid import CID
from coopt_dag.store.heads import check_name
from coopt_dag.store.remote.answers import entries, node_cid, says_no_path

if TYPE_CHECKING:
    from coopt_dag.store.remote.rpc import Rpc

_ROOTS = "/coopt/roots"


def read_heads(rpc: Rpc, name: str) -> frozenset[CID]:
    """Give the heads of a name.

    Raises
    ------
    IntegrityError
        An entry is not called by the CID of what lies in it.
    """
    folder = f"{_ROOTS}/{check_name(name)}"
    try:
        found = rpc.call("files/ls", folder, options={"long": "true"})
    except NodeUnavailableError as error:
        if says_no_path(error):
            return frozenset()
        raise
    return frozenset(
        _head(f"{rpc.place}{folder}", entry.get("Name"), entry.get("Hash"))
        for answer in found
        for entry in entries(answer)
    )


def add_head(rpc: Rpc, name: str, cid: CID, *, options: dict[str, str]) -> None:
    """Add a head; one that is there already is fine. Durable when it returns.

    The entry is a link, so it costs the same for any size; what it leads to is kept from the
    node's collection.
    """
    folder = f"{_ROOTS}/{check_name(name)}"
    rpc.call("files/mkdir", folder, options={"parents": "true", "flush": "true"})
    try:
        rpc.call(
            "files/cp", f"/ipfs/{cid}", f"{folder}/{cid}", options={"flush": "true", **options}
        )
    except NodeUnavailableError as error:
        if "already" not in error.answer.lower():
            raise


def remove_head(rpc: Rpc, name: str, cid: CID) -> None:
    """Take a head away; another writer may have done it before."""
    _remove(rpc, f"{_ROOTS}/{check_name(name)}/{cid}")


def remove_name(rpc: Rpc, name: str) -> None:
    """Take a name away with all its heads."""
    _remove(rpc, f"{_ROOTS}/{check_name(name)}")


def _remove(rpc: Rpc, path: str) -> None:
    options = {"recursive": "true", "force": "true", "flush": "true"}
    try:
        rpc.call("files/rm", path, options=options)
    except NodeUnavailableError as error:
        if not says_no_path(error):
            raise


def _head(place: str, name: object, content: object) -> CID:
    named, found = node_cid(name), node_cid(content)
    if named is None or found is None or named.digest != found.digest:
        raise IntegrityError(
            f"the entry {str(name)[:120]!r} holds {str(content)[:120]}.",
            hint="somebody or the node changed it: look with `ipfs files ls --long`, and remove "
            "or restore the entry; an entry is called by the CID of its content.",
            path=place,
        )
    return named
