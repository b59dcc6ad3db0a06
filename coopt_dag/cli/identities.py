"""Commands for identities."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from coopt_dag.cli.options import Json, PassphraseFile
from coopt_dag.cli.printing import put, say
from coopt_dag.errors import NotAWorkspaceError

Name = Annotated[str, typer.Argument(help="Name of the identity.")]


def _folder() -> Path:
    from coopt_dag.cli.wiring import here, identities_folder

    try:
        return identities_folder(here())
    except NotAWorkspaceError:
        return identities_folder(None)


def new(name: Name, passphrase_file: PassphraseFile = None) -> None:
    """Make a key, kept encrypted and readable by you alone.

    Example: coopt id new ada
    """
    from coopt_dag.cli.wiring import passphrase
    from coopt_dag.ledger.keys import new_identity

    made = new_identity(_folder(), name, passphrase(passphrase_file, confirm=True))
    say(f"{made.name} {made.address}\n{made.path}")


def list_(as_json: Json = False) -> None:
    """List identities and their addresses.

    Example: coopt id list
    """
    from coopt_dag.ledger.keys import list_identities

    found = list_identities(_folder())
    if as_json:
        put([{"name": i.name, "address": i.address} for i in found])
    else:
        say("\n".join(f"{i.name:<20} {i.address}" for i in found) or "none; coopt id new NAME")


def recipient(name: Name, passphrase_file: PassphraseFile = None, as_json: Json = False) -> None:
    """Print the age recipient to which owners seal hidden data for you; make its key if absent.

    The key lies beside the keystore, under the same passphrase. Send the line to the owner.

    Example: coopt id recipient lab
    """
    from coopt_dag.cli.wiring import passphrase
    from coopt_dag.evaluation.agekeys import has_key, make_key, recipient_of

    folder = _folder()
    if has_key(folder, name) and (folder / f"{name}.recipient").is_file():
        found = recipient_of(folder, name)
    else:
        found = make_key(folder, name, passphrase(passphrase_file)).recipient
    put({"name": name, "recipient": found}) if as_json else say(found)


def show(name: Name, as_json: Json = False) -> None:
    """Show one identity's address and file.

    Example: coopt id show ada
    """
    from coopt_dag.ledger.keys import find_identity

    found = find_identity(_folder(), name)
    row = {"name": found.name, "address": found.address, "path": str(found.path)}
    put(row) if as_json else say("\n".join(f"{k}: {v}" for k, v in row.items()))
