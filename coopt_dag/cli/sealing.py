"""Commands for hidden data: seal them, reveal the keys, check the opening."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coopt_dag.cli.options import As, ChallengeId, Json, PassphraseFile, SignTo
from coopt_dag.cli.printing import note, put, say

if TYPE_CHECKING:
    from coopt_dag.specs.loaded import LoadedWorkspace


def seal(
    challenge: ChallengeId,
    to: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHO",
            help="An evaluator: name of an identity here, or age1…; repeat for more. "
            "You can always open it yourself.",
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Begin a new epoch even if nothing has changed.")
    ] = False,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """Commit to the quiz and sealed data of a challenge, and encrypt them to its evaluators.

    The commitment goes on the ledger as a new epoch, the ciphertext into the store. The same data
    for the same people are sealed once. See docs/sealed.md.

    Example: coopt seal movielens --to lab --to age1…
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation.seal import seal as put_under_seal
    from coopt_dag.specs.challenge import load_challenge

    workspace = wiring.here()
    loaded = load_challenge(workspace, challenge)
    recipients = [_recipient(workspace, one) for one in to or ()]
    hand, key = wiring.signer_and_key(workspace, who, passphrase_file, make=True)
    assert key is not None  # noqa: S101  # it was made
    desk = wiring.desk(workspace, who=hand, sign_to=sign_to)
    made = put_under_seal(desk, loaded, recipients=recipients, key=key, again=again)
    if as_json:
        put(
            {
                "challenge": challenge,
                "epoch": made.epoch,
                "root": made.root,
                "sealed_cid": made.sealed_cid,
                "files": made.files,
                "new": made.is_new,
            }
        )
        return
    done = "sealed" if made.is_new else "sealed already (--again begins a new epoch)"
    say(f"{challenge}: {made.files} files {done}, epoch {made.epoch}")
    say(f"root {made.root}\nciphertext {made.sealed_cid}")
    note(f"next: when all is settled, coopt unseal {challenge} --epoch {made.epoch}")


def _recipient(workspace: LoadedWorkspace, who: str) -> str:
    from coopt_dag.cli.wiring import identities_folder
    from coopt_dag.evaluation.agekeys import read_recipient, recipient_of

    if who.startswith("age1"):
        read_recipient(who)
        return who
    return recipient_of(identities_folder(workspace), who)


def unseal(
    challenge: ChallengeId,
    epoch: Annotated[int, typer.Option(min=1, help="Number of the seal.")],
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """Reveal the key of an epoch to everybody; this cannot be taken back.

    The seal is opened and checked first. Nobody can submit from then on until you seal new data;
    what was submitted before is still judged.

    Example: coopt unseal movielens --epoch 1
    """
    from coopt_dag.cli import wiring
    from coopt_dag.errors import IdentityError
    from coopt_dag.evaluation.seal import unseal as reveal

    workspace = wiring.here()
    hand, key = wiring.signer_and_key(workspace, who, passphrase_file)
    if key is None:
        raise IdentityError(
            "this identity has no key that opens sealed data", hint="use the one that sealed"
        )
    desk = wiring.desk(workspace, who=hand, sign_to=sign_to)
    cid = reveal(desk, challenge, epoch=epoch, key=key)
    pending = sum(s.challenge == challenge for s in desk.state().pending)
    if as_json:
        put({"challenge": challenge, "epoch": epoch, "keys_cid": cid, "pending": pending})
        return
    say(f"{challenge}: epoch {epoch} is open to everybody\nkey {cid}")
    if pending:
        note(f"{pending} submissions from before are not judged yet")
    note(f"next: anybody can run coopt challenge verify {challenge} --epoch {epoch}")


def verify(
    challenge: ChallengeId,
    epoch: Annotated[int | None, typer.Option(min=1, help="The latest if not told.")] = None,
    against: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Compare this folder, laid out like data/CHALLENGE."),
    ] = None,
    who: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="Open it as one of its recipients."),
    ] = None,
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """Check opened hidden data against the commitment on the ledger, from ledger and store alone.

    A difference is named, file and chunk, and ends with exit code 6. Before the keys are revealed
    only a recipient can check (--as).

    Example: coopt challenge verify movielens --epoch 1 --against data/movielens
    """
    from coopt_dag.cli import wiring
    from coopt_dag.errors import UsageError
    from coopt_dag.evaluation.agekeys import open_key
    from coopt_dag.evaluation.sealed import verify as check

    workspace = wiring.here()
    if against is not None and not against.is_dir():
        raise UsageError("there is no such folder", path=against, hint="e.g. data/CHALLENGE")
    folder = wiring.identities_folder(workspace)
    key = None if who is None else open_key(folder, who, wiring.passphrase(passphrase_file))
    found = check(wiring.desk(workspace), challenge, epoch=epoch, key=key, folder=against)
    rows = [{"path": f.path, "size_bytes": f.size_bytes} for f in found.files]
    if as_json:
        put({"challenge": challenge, "epoch": found.epoch, "root": found.root, "files": rows})
        return
    for row in rows:
        say(f"{row['path']}: {row['size_bytes']} bytes as committed to")
    say(f"PASS {challenge}, epoch {found.epoch}: {len(rows)} files have the root {found.root}")
