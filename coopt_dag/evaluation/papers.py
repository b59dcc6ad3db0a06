"""Papers: evidence, reports, reviews and terms, which the ledger names by CID."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from coopt_dag.errors import UsageError
from coopt_dag.store.cid import CID
from coopt_dag.store.folders import add_path

if TYPE_CHECKING:
    from coopt_dag.evaluation.desk import Desk


def paper(desk: Desk, named: str) -> str:
    """Give the CID of a paper: of a file or folder, which is added and kept, or the one given.

    Raises
    ------
    UsageError
        It is neither a file here nor a CID.
    """
    path = Path(named)
    if path.exists():
        return add_path(desk.store, path, pin=True)
    try:
        return str(CID.parse(named))
    except UsageError as error:
        raise UsageError(
            f"'{named}' is no file here and no CID", hint="write it down in a file and name that"
        ) from error
