"""What `coopt ipfs doctor` looks at; a failing look is a row, not an end."""

from __future__ import annotations

import base64
import random
from typing import TYPE_CHECKING, Any

from coopt_dag.cli.meter import Meter, size_text
from coopt_dag.errors import ContentMissingError, CooptError, IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from coopt_dag.store.cid import CID
    from coopt_dag.store.local import LocalStore

_MEND = (
    "add the original file or folder again, which repairs it; or remove the file named above "
    "and fetch another copy: coopt ipfs get CID DEST --from URL"
)
_FETCH = "coopt ipfs get {cid} DEST --from URL brings what is missing; or coopt ipfs pin rm {cid}"


def look(
    store: LocalStore, *, sample: int | None, api: str | None, gateways: Sequence[str]
) -> dict[str, Any]:
    """Look at everything; give plain data."""
    files = sorted(store.files())
    chosen = files if sample is None or sample >= len(files) else random.sample(files, sample)
    named = {name: sorted(map(str, store.heads(name))) for name in store.names()}
    kept = [("pin", cid) for cid in sorted(store.pins())]
    kept += [(name, cid) for name in named for cid in sorted(store.heads(name))]
    return {
        "store": str(store.root),
        "blocks": len(files),
        "bytes": sum(path.stat().st_size for path in files),
        "verified": len(chosen),
        "damaged": _damaged(store, chosen),
        "pins": len(store.pins()),
        "roots": named,
        "incomplete": _incomplete(store, kept),
        "remotes": [_node(api)] * (api is not None) + [_gateway(url) for url in gateways],
    }


def _damaged(store: LocalStore, files: Iterable[Path]) -> list[dict[str, str]]:
    meter, found = Meter("verified"), []
    for path in files:
        try:
            meter.count(len(store.get(_cid(path))))
        except CooptError as error:
            found.append({"path": str(path), "problem": error.message, "hint": _MEND})
    return found


def _cid(path: Path) -> CID:
    """Give a CID for the file of a block; which codec it has, only a link to it says."""
    from coopt_dag.store.cid import CID, Codec

    key = path.name.removesuffix(".data")
    try:
        multihash = base64.b32decode(key + "=" * (-len(key) % 8))
    except ValueError as error:
        raise IntegrityError("its name is no hash.", path=path) from error
    return CID(1, Codec.RAW, multihash[2:])


def _incomplete(store: LocalStore, kept: Iterable[tuple[str, CID]]) -> list[dict[str, str]]:
    from coopt_dag.store.collect import check_whole

    found = []
    for why, cid in kept:
        try:
            check_whole(store, cid)
        except CooptError as error:
            hint = _FETCH.format(cid=cid)
            found.append({"kept_by": why, "cid": str(cid), "problem": str(error), "hint": hint})
    return found


def _node(api: str | None) -> dict[str, Any]:
    from coopt_dag.store.remote.kubo import KuboStore

    def ask() -> str:
        with KuboStore(str(api), timeout_s=10) as node:
            return f"version {node.version()}"

    return _reach("node", str(api), ask)


def _gateway(url: str) -> dict[str, Any]:
    from coopt_dag.store.cid import CID, Codec
    from coopt_dag.store.remote.gateway import GatewayStore

    def ask() -> str:
        with GatewayStore(url, timeout_s=10) as gateway:
            gateway.has(CID.of(b"", Codec.RAW))
        return "answers as a gateway"

    return _reach("gateway", url, ask)


def _reach(kind: str, place: str, ask: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"kind": kind, "place": place, "ok": True, "found": ask(), "hint": ""}
    except CooptError as error:
        return {"kind": kind, "place": place, "ok": False, "found": str(error), "hint": error.hint}


def lines(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Tell it for people: lines, each with a next move where there is one."""
    part = "" if found["verified"] == found["blocks"] else f"{found['verified']} of them "
    state = "MISS" if found["damaged"] else "ok  "
    size = size_text(found["bytes"])
    rows = [(f"{state}  {found['blocks']} blocks, {size}, {part}verified", "")]
    rows += [(f"      {x['path']}: {x['problem']}", x["hint"]) for x in found["damaged"]]
    named = ", ".join(found["roots"]) or "none"
    state, end = ("MISS", "not whole:") if found["incomplete"] else ("ok  ", "all whole")
    rows.append((f"{state}  pins: {found['pins']}, named roots: {named}; {end}", ""))
    for x in found["incomplete"]:
        rows.append((f"      {x['kept_by']} {x['cid']}: {x['problem']}", x["hint"]))
    for x in found["remotes"]:
        state = "ok  " if x["ok"] else "MISS"
        rows.append((f"{state}  {x['kind']} {x['place']}: {x['found']}", x["hint"]))
    return rows


def exit_code(found: dict[str, Any]) -> int:
    """Give the code of the worst in the store; a place out of reach is not its failure."""
    if found["damaged"]:
        return IntegrityError.exit_code
    return ContentMissingError.exit_code if found["incomplete"] else 0
