"""What `coopt ipfs doctor` looks at; a failing look is a row, not an end."""

from __future__ import annotations

import base64
import random
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.cli.meter import Meter, size_text
from coopt_dag.errors import ContentMissingError, CooptError, IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from coopt_dag.store.cid import CID
    from coopt_dag.store.local import LocalStore

_MEND = (
    "add the original file or folder again, which repairs it (what DVC tracks: "
    "coopt artifacts push --verify); or remove the file named above and fetch another copy: "
    "coopt ipfs get CID DEST --from URL"
)
_BEGIN = "coopt ipfs add PATH, or coopt artifacts push for what DVC tracks, puts something here."
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
    damaged = _damaged(store, chosen)
    return {
        "store": str(store.root),
        "blocks": len(files),
        "bytes": sum(path.stat().st_size for path in files),
        "verified": len(chosen),
        "damaged": damaged,
        "pins": len(store.pins()),
        "roots": named,
        "incomplete": _incomplete(store, kept, _digests(damaged)),
        "remotes": look_around(api, gateways),
    }


def look_around(api: str | None, gateways: Sequence[str]) -> list[dict[str, Any]]:
    """Reach the node and the gateways; give plain data."""
    return [_node(api)] * (api is not None) + [_gateway(url) for url in gateways]


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


def _digests(damaged: Iterable[dict[str, str]]) -> set[bytes]:
    from coopt_dag.store.layout import Layout

    found = set()
    for row in damaged:
        with suppress(IntegrityError):  # a file that names no block is in no DAG
            found.add(Layout.digest(Path(row["path"])))
    return found


def _incomplete(
    store: LocalStore, kept: Iterable[tuple[str, CID]], damaged: set[bytes]
) -> list[dict[str, str]]:
    found = []
    for why, cid in kept:
        problem, hint = _not_whole(store, cid, damaged)
        if problem:
            found.append({"kept_by": why, "cid": str(cid), "problem": problem, "hint": hint})
    return found


def _not_whole(store: LocalStore, root: CID, damaged: set[bytes]) -> tuple[str, str]:
    """Say what is wrong with a DAG, and the next move; nothing if it is whole."""
    from coopt_dag.store.collect import check_whole, live_blocks

    try:
        check_whole(store, root)  # looks for leaves, without reading them
        hit = len(live_blocks(store, [root]) & damaged) if damaged else 0
    except IntegrityError as error:
        return error.message, _MEND
    except CooptError as error:
        return error.message, _FETCH.format(cid=root)
    return (
        (f"{hit} of its blocks {'is' if hit == 1 else 'are'} damaged", _MEND) if hit else ("", "")
    )


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
    from coopt_dag.store.remote.address import shown

    row = {"kind": kind, "place": shown(place)}
    try:
        return row | {"ok": True, "found": ask(), "hint": ""}
    except CooptError as error:
        return row | {"ok": False, "found": error.message, "hint": error.hint}


def lines(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Tell it for people: lines, each with a next move where there is one."""
    rows = [_blocks_line(found)]
    rows += [(f"      {x['path']}: {x['problem']}", x["hint"]) for x in found["damaged"]]
    named = ", ".join(found["roots"]) or "none"
    nothing = not (found["pins"] or found["roots"])
    state, end = ("none", "nothing is kept when `gc` runs") if nothing else ("ok  ", "all whole")
    if found["incomplete"]:
        state, end = "MISS", f"{len(found['incomplete'])} not whole:"
    rows.append((f"{state}  pins: {found['pins']}, named roots: {named}; {end}", ""))
    for x in found["incomplete"]:
        rows.append((f"      {x['kept_by']} {x['cid']}: {x['problem']}", x["hint"]))
    return _each_hint_once(rows + remote_lines(found["remotes"]))


def remote_lines(remotes: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    """Tell of the node and the gateways for people."""
    rows = []
    for x in remotes:
        state, end = ("ok  ", "") if x["ok"] else ("away", " What is here does not need it.")
        rows.append((f"{state}  {x['kind']} {x['place']}: {x['found']}{end}", x["hint"]))
    return rows


def _blocks_line(found: dict[str, Any]) -> tuple[str, str]:
    if not found["blocks"]:
        return f"none  no blocks in {found['store']} yet", _BEGIN
    part = "" if found["verified"] == found["blocks"] else f"{found['verified']} of them "
    many = len(found["damaged"])
    state, end = ("MISS", f", {many} damaged:") if many else ("ok  ", "")
    text = f"{found['blocks']} blocks, {size_text(found['bytes'])}, {part}verified{end}"
    return f"{state}  {text}", ""


def _each_hint_once(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Leave a hint only where it comes for the last time: below all that it is for."""
    hints = [hint for _, hint in rows]
    return [
        (text, "" if hint in hints[number + 1 :] else hint)
        for number, (text, hint) in enumerate(rows)
    ]


def exit_code(found: dict[str, Any]) -> int:
    """Give the code of the worst in the store; a place out of reach is not its failure."""
    if found["damaged"]:
        return IntegrityError.exit_code
    return ContentMissingError.exit_code if found["incomplete"] else 0
