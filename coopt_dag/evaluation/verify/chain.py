"""The ledger's own file: copied, checked block by block, executed again, compared log by log."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import IntegrityError, LedgerUnavailableError
from coopt_dag.evaluation.verify import divergence as kinds
from coopt_dag.evaluation.verify.divergence import Divergence
from coopt_dag.evaluation.verify.task import plain
from coopt_dag.ledger import events as ev
from coopt_dag.ledger.chaincheck import check_chain
from coopt_dag.ledger.chainexport import export_chain, import_chain
from coopt_dag.ledger.chainfile import ChainFile, ChainFileReader
from coopt_dag.ledger.chainrows import number_of
from coopt_dag.ledger.verification import verify_embedded, verify_rpc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from coopt_dag.ledger.chaincheck import Finding
    from coopt_dag.ledger.events import Event
    from coopt_dag.ledger.verification import CodeCheck

_JUDGING = (ev.Scored, ev.Rejected, ev.Attested, ev.HeadRescored)
_WORK = (ev.Committed, ev.Submitted, ev.Scored, ev.Rejected)
_MONEY = (ev.SettlementProposed, ev.SettlementDecided, ev.Redeemed, ev.Funded)
_SCORES = ("score_wad", "e2e_score_wad", "improvement_wad", "before_wad", "new_wad", "old_wad")


def take(source: Path, target: Path) -> bool:
    """Copy a ledger's file, or make it of an export; the source is only read.

    Returns
    -------
    bool
        Whether every block was executed on the way.

    Raises
    ------
    IntegrityError
        A block of the export is not what its transactions give.
    LedgerUnavailableError
        There is no such file.
    """
    if not source.is_file():
        raise LedgerUnavailableError(
            "there is no ledger", path=source, hint="--ledger FILE: ledger.sqlite, or an export"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    for old in target.parent.glob(f"{target.name}*"):
        old.unlink()
    with source.open("rb") as file:
        is_database = file.read(15) == b"SQLite format 3"
    if is_database:
        shutil.copyfile(source, target)
        wal = source.with_name(f"{source.name}-wal")
        if wal.is_file():
            shutil.copyfile(wal, target.with_name(f"{target.name}-wal"))
    else:
        import_chain(source, target)
    return not is_database


def check_file(path: Path, again: Path, tell: Callable[[str], None]) -> Divergence | None:
    """Check a ledger's file to the ground; name the event that was altered, if that can be told.

    Parameters
    ----------
    again
        A folder that does not exist: the chain is executed into it.
    """
    tell("ledger: hashes, signatures, receipts, accounts")
    check = check_chain(path)
    tell(f"ledger: executing {check.blocks} blocks again")
    again.mkdir()
    try:
        export_chain(path, again / "chain.rlp")
        import_chain(again / "chain.rlp", again / "ledger.sqlite")
        executed = _events(again / "ledger.sqlite")
    except (IntegrityError, LedgerUnavailableError) as error:
        return _broken(path, check.finding, error)
    finally:
        (again / "chain.rlp").unlink(missing_ok=True)
    stored = _events(path)
    altered = None if stored is None or executed is None else first_altered(stored, executed)
    if altered is not None or check.finding is None:
        return altered
    return _broken(path, check.finding, None)


def can_be_read(path: Path) -> bool:
    """Tell whether the rows of a ledger's log are at least what events are made of."""
    return _events(path) is not None


def check_head(path: Path, block_hash: str) -> Divergence | None:
    """Insist that a block that others know is in the chain: one that was rebuilt lacks it."""
    with closing(ChainFile(path, create=False)) as file:
        head = file.head()
        known = bytes.fromhex(block_hash.removeprefix("0x"))
        if number_of(file.db, known) is not None:
            return None
    return Divergence(
        *(kinds.CHANGED_LEDGER, f"block {head.height}", block_hash, head.block_hash),
        "this chain does not hold the block that others know: it is another one, or an older copy",
    )


def check_code(*, path: Path | None = None, url: str = "", address: str = "") -> Divergence | None:
    """Compare the code of the four contracts with the committed one."""
    checks: tuple[CodeCheck, ...] = (
        verify_rpc(url, address) if path is None else verify_embedded(path)
    )
    for check in checks:
        if check.differs_at is not None:
            return Divergence(
                kinds.CHANGED_CODE,
                f"contract {check.contract} at {check.address}",
                f"{check.wanted_bytes} bytes as committed",
                check.words,
                "its code is not the committed one, so that its rules are unknown",
            )
    return None


def first_altered(stored: Sequence[Event], executed: Sequence[Event]) -> Divergence | None:
    """Compare the log of a file with the one that its transactions give; name the first event."""
    for index, true in enumerate(executed):
        if index == len(stored):
            return _dropped(true)
        told = stored[index]
        if told == true:
            continue
        if _place(told) == _place(true):
            return _changed(told, true)
        return _dropped(true) if len(stored) < len(executed) else _added(told)
    return _added(stored[len(executed)]) if len(stored) > len(executed) else None


def _place(event: Event) -> tuple[Any, ...]:
    return type(event), event.block, event.tx_hash, getattr(event, "submission_id", None)


def _changed(told: Event, true: Event) -> Divergence:
    old, new = asdict(true), asdict(told)
    name = next(n for n in old if old[n] != new[n])
    kind = kinds.CHANGED_LEDGER
    if isinstance(true, _MONEY):
        kind = kinds.CHANGED_PAYMENT
    elif isinstance(true, _JUDGING) and name in {"actor", "evaluator"}:
        kind = kinds.FORGED_ATTESTATION
    elif isinstance(true, _JUDGING) and name in _SCORES:
        kind = kinds.CHANGED_SCORE
    elif isinstance(true, ev.Submitted) and name == "solution_cid":
        kind = kinds.SWAPPED_SOLUTION
    return Divergence(
        *(kind, f"{_words(true)}, {name}", plain(old[name]), plain(new[name])),
        "the ledger's file tells another value than its own transactions give",
    )


def _dropped(true: Event) -> Divergence:
    kind = kinds.DROPPED_SUBMISSION if isinstance(true, _WORK) else kinds.CHANGED_LEDGER
    what = "the transactions make this event, and the ledger's file does not tell it"
    return Divergence(kind, _words(true), plain(asdict(true)), None, what)


def _added(told: Event) -> Divergence:
    kind = kinds.FORGED_ATTESTATION if isinstance(told, _JUDGING) else kinds.CHANGED_LEDGER
    what = "the ledger's file tells this event, and no transaction makes it"
    return Divergence(kind, _words(told), None, plain(asdict(told)), what)


def _words(event: Event) -> str:
    number = getattr(event, "submission_id", None)
    of = "" if number is None else f" of submission {number}"
    return f"block {event.block}, {type(event).__name__}{of}"


def _broken(path: Path, finding: Finding | None, error: Exception | None) -> Divergence:
    """Say which block is broken, and what the file tells of it."""
    block = None if finding is None else finding.block
    what = str(error) if finding is None else finding.what
    told = [] if block is None else [e for e in _events(path) or () if e.block == block]
    judging = next((e for e in told if isinstance(e, _JUDGING)), None)
    forged = judging is not None and "signed for" in what
    where = f"block {block}" if judging is None else _words(judging)
    return Divergence(
        kinds.FORGED_ATTESTATION if forged else kinds.CHANGED_LEDGER,
        "the ledger's file" if block is None else where,
        "a chain whose every block follows from its signed transactions",
        what,
        "the ledger's file is not what was recorded",
    )


def _events(path: Path) -> list[Event] | None:
    """Read the log as it stands; None if it cannot even be read."""
    try:
        with closing(ChainFileReader(path)) as reader:
            return reader.events()
    except (IntegrityError, KeyError, LedgerUnavailableError):
        return None
