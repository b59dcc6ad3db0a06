"""Artifacts: what DVC tracks, pushed to IPFS, one CID a revision, anchored on the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from coopt_dag.cli.options import As, Json, PassphraseFile, SignTo
from coopt_dag.cli.printing import note, put, say
from coopt_dag.errors import ContentMissingError, NodeUnavailableError, UsageError
from coopt_dag.store.dvc import WORKSPACE

if TYPE_CHECKING:
    from coopt_dag.specs.loaded import LoadedWorkspace
    from coopt_dag.store.dvc.repository import Repository

ROOT_NAME = "artifacts"
REMOTE_NAME = "coopt"

Revision = Annotated[
    str, typer.Argument(metavar="[REV]", help="A git revision; else the files as they are now.")
]
RemoteName = Annotated[
    str | None,
    typer.Option(
        "--remote", metavar="NAME", help="Name of an ipfs:// remote; else the default or only one."
    ),
]


def _repository(workspace: LoadedWorkspace) -> Repository:
    from coopt_dag.store.dvc.repository import Repository

    if not (workspace.root / ".dvc").is_dir():
        raise UsageError(
            "this workspace is no DVC repository.",
            hint="coopt artifacts setup",
            path=workspace.root,
        )
    return Repository(workspace.root, note)


def setup(
    api: Annotated[
        str | None, typer.Option(metavar="URL", help="RPC of a Kubo node, in place of the store.")
    ] = None,
    remote: Annotated[str, typer.Option(help="What DVC calls the remote.")] = REMOTE_NAME,
    name: Annotated[str, typer.Option(help="Root in the store: the remote is ipfs://NAME.")] = (
        ROOT_NAME
    ),
) -> None:
    """Make ipfs:// the default remote of `dvc push` here; initialise DVC if need be.

    The remote goes to .dvc/config.local, which git ignores: without coopt-dag installed, a
    committed ipfs:// remote would make every dvc command fail.

    Example: coopt artifacts setup
    """
    from coopt_dag.cli.wiring import content_store, here
    from coopt_dag.store.dvc.repository import set_up

    workspace = here()
    store = content_store(workspace)
    store.mkdir(parents=True, exist_ok=True)
    for line in set_up(workspace.root, name=remote, volume=name, api=api, store=store):
        say(line)
    if api is not None:
        _greet(api)
    note("next: dvc add DATA, then coopt artifacts push, which includes dvc push")


def _greet(api: str) -> None:
    """Say at once if nobody answers there."""
    from coopt_dag.store.remote.kubo import KuboStore

    try:
        with KuboStore(api, timeout_s=5, tell=note) as node:
            version = node.version()
        note(f"{api} answers, version {version}; to prove it: coopt ipfs selftest --api {api}")
    except NodeUnavailableError as error:
        note(f"warning: {error}\nhint: {error.hint}")


def push(
    revision: Revision = WORKSPACE,
    remote: RemoteName = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Read what this revision has in the store; mend it from DVC's cache."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Do `dvc push`, and keep one root of exactly that revision's objects; print its CID.

    What a revision's dvc.yaml promises but nobody has made yet is told and left out.

    Example: coopt artifacts push
    """
    from coopt_dag.cli.wiring import here

    repository = _repository(here())
    place = repository.remote(remote)
    commit = repository.commit_of(revision)
    if verify:
        repository.give_up_if_damaged(place)
    sent = repository.push(place, commit)
    made = repository.revision(place, commit, keep=True, verify=verify)
    if as_json:
        found: dict[str, Any] = {"root_cid": str(made.root.cid), "objects": made.objects}
        found |= {"sent": sent, "revision": commit, "remote": place.name}
        put(found | {"mended": list(made.mended)})
        return
    say(str(made.root.cid))
    for name in made.mended:
        note(f"mended from DVC's cache: {name}")
    note(f"{commit}: {made.objects} objects in {place.url}, {sent} of them new; root pinned")
    note(f"others pull it with plain DVC: coopt ipfs serve, then {_recipe(str(made.root.cid))}")


def _recipe(cid: str) -> str:
    return f"dvc remote add --local -d pub http://HOST:PORT/ipfs/{cid} && dvc pull"


def root(revision: Revision = WORKSPACE, remote: RemoteName = None, as_json: Json = False) -> None:
    """Print the CID of exactly one revision's objects, in DVC's layout; writes nothing.

    The same objects always give the same CID, whether they are in DVC's cache or pushed already.

    Example: coopt artifacts root HEAD
    """
    from coopt_dag.cli.wiring import here

    repository = _repository(here())
    place = repository.remote_or_none(remote)  # without one, DVC's cache may hold everything
    commit = repository.commit_of(revision)
    made = repository.revision(place, commit, keep=False)
    pushed = place is not None and repository.is_kept(place, made.root.cid)
    if as_json:
        found = {"root_cid": str(made.root.cid), "objects": made.objects, "revision": commit}
        put(found | {"pushed": pushed})
        return
    say(str(made.root.cid))
    if not pushed:
        note("not kept in the store yet: coopt artifacts push")


def anchor(
    challenge: Annotated[str, typer.Argument(help="Id of a challenge on the ledger.")],
    revision: Revision = WORKSPACE,
    remote: RemoteName = None,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """Record the root CID of a revision's objects on the ledger, for a challenge.

    It has to be pushed first, so that what the ledger names can be had.

    Example: coopt artifacts anchor movielens HEAD --as lab
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation.anchor import anchor as record

    workspace = wiring.here()
    repository = _repository(workspace)
    place = repository.remote(remote)
    commit = repository.commit_of(revision)
    cid = repository.revision(place, commit, keep=False).root.cid
    if not repository.is_kept(place, cid):
        raise ContentMissingError(
            f"{cid} of {revision} is not kept in {place.url}, so nobody could fetch it for long.",
            hint=f"coopt artifacts push {'' if revision == WORKSPACE else revision}".rstrip(),
        )
    desk = wiring.acting(workspace, who, passphrase_file, sign_to)
    made = record(desk, challenge, commit, str(cid))
    if as_json:
        put(made.to_json())
        return
    say(made.root_cid)
    if made.new:
        note(f"anchored for {challenge}, {commit}: transaction {made.tx_hash}")
    else:
        note(f"anchored before, in transaction {made.tx_hash}")


def list_(
    challenge: Annotated[str, typer.Argument(help="Id of a challenge on the ledger.")],
    as_json: Json = False,
) -> None:
    """List what is known by CID for a challenge: anchored roots and published step outputs.

    Example: coopt artifacts list movielens
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation.anchor import anchors_of
    from coopt_dag.evaluation.outputs import published_outputs
    from coopt_dag.report.board import table

    workspace = wiring.here()
    desk, name_of = wiring.desk(workspace), wiring.namer(workspace)
    roots = anchors_of(desk, challenge)
    try:
        outputs = published_outputs(desk, challenge)
    except ContentMissingError as error:
        outputs = []
        note(str(error))
    if as_json:
        put({"anchors": [r.to_json() for r in roots], "outputs": [o.to_json() for o in outputs]})
        return
    say(
        table(
            [(r.revision[:12], name_of(r.who), "yes" if r.official else "", r.cid) for r in roots],
            ("revision", "anchored by", "official", "root CID"),
        )
    )
    say("")
    rows = [(o.step, o.split, name_of(o.who) if o.who else "", o.cid) for o in outputs]
    say(table(rows, ("step", "split", "solution by", "output CID")))
