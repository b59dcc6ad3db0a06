"""Whatever is altered in the ledger's file is found, and the first block where it is seen."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import rlp
from eth_hash.auto import keccak

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger import chainrows
from coopt_dag.ledger.chainblock import receipt_bytes, root
from coopt_dag.ledger.chaincheck import Check, check_chain
from coopt_dag.ledger.chainfile import APPLICATION_ID, ChainFile
from coopt_dag.ledger.chainrules import header_of
from coopt_dag.ledger.embedded import ADDRESS, open_embedded
from coopt_dag.ledger.rpc import EmbeddedProvider

from .conftest import Clock, person
from .nodes import KEEPER, LOGGER, embedded_node, word

ANN = person(3)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chain of six blocks: the first, two contracts, three logs in one, a value, a creation."""
    path = tmp_path_factory.mktemp("chain") / "ledger.sqlite"
    with closing(EmbeddedProvider(path, clock=Clock())) as provider:
        node = embedded_node(provider)
        logger, keeper = node.deploy(ANN, LOGGER), node.deploy(ANN, KEEPER)
        raws = [node.signed(ANN, to=logger, data=word(n) * 3) for n in range(3)]
        provider.send_many([bytes.fromhex(raw[2:]) for raw in raws])
        node.send(ANN, to=keeper, data=word(1) + word(2))
        node.send(ANN, data=b"\xfe", gas=60_000)
        provider.file.db.execute("pragma wal_checkpoint(truncate)")
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "ledger.sqlite"))


def altered(path: Path, statement: str, *values: object) -> Check:
    """Change the file behind the chain's back, and check it."""
    with closing(sqlite3.connect(path)) as db:
        assert db.execute(statement, values).rowcount >= 1
        db.commit()
    return check_chain(path)


def test_a_whole_chain_is_found_whole(path: Path):
    before = path.read_bytes()
    seen: list[tuple[int, int]] = []
    for deep in (False, True):
        check = check_chain(path, deep=deep, progress=lambda *at: seen.append(at))
        assert (check.blocks, check.transactions, check.finding) == (6, 7, None)
        assert check.hint == ""
    assert seen == [(n, 6) for n in range(1, 7)] * 2
    assert path.read_bytes() == before


def test_a_ledger_with_its_contracts_is_found_whole(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    with closing(open_embedded(path)) as ledger:
        assert ledger.address == ADDRESS
    check = check_chain(path, deep=True)
    assert (check.blocks, check.transactions, check.finding) == (2, 1, None)


@pytest.mark.parametrize(
    ("number", "words", "statement"),
    [
        (3, "hash", "update block set hash=zeroblob(32) where number=3"),
        (3, "time", "update block set time=time+1 where number=3"),
        (3, "missing", "delete from block where number=3"),
        (3, "sender", "update tx set sender=zeroblob(20) where block=3 and position=1"),
        (3, "recipient", "update tx set recipient=zeroblob(20) where block=3 and position=1"),
        (3, "nonce", "update tx set nonce=9 where block=3 and position=1"),
        (5, "created", "update tx set created=null where block=5"),
        (3, "receipts", "update tx set status=0 where block=3 and position=1"),
        (3, "add up", "update tx set gas=gas+1 where block=3 and position=1"),
        (3, "receipts", "update tx set cumulative=cumulative+1 where block=3 and position=1"),
        (3, "transactions", "delete from tx where block=3 and position=2"),
        (3, "transactions", "update tx set raw=(select raw from tx where block=4) where block=3"),
        (3, "receipts", "update log set data=zeroblob(31) where block=3 and number=0"),
        (3, "receipts", "update log set topic1=zeroblob(32) where block=3 and number=1"),
        (3, "receipts", "update log set address=zeroblob(20) where block=3 and number=1"),
        (3, "receipts", "delete from log where block=3 and number=2"),
        (3, "numbered", "update log set number=9 where block=3 and number=2"),
        (3, "numbered", "update log set tx=zeroblob(32) where block=3 and number=2"),
        (9, "not there", "update log set block=9, number=0 where block=3 and number=2"),
    ],
)
def test_an_altered_row_is_found_in_its_block(path: Path, number: int, words: str, statement: str):
    check = altered(path, statement)
    assert check.finding is not None
    found = {f"{check.finding.block} {check.finding.what}"}
    if number == 9:  # a log that has left its block is missed there first
        number, words = 3, "receipts"
    assert check.finding.block == number, found
    assert words in check.finding.what
    assert check.blocks == number
    assert f"first {number} blocks are whole" in check.hint
    assert "import" in check.hint


def test_rows_of_blocks_that_are_not_there_are_found(path: Path):
    check = altered(
        path,
        "insert into log select 8, number, tx, address, topic0, topic1, topic2, topic3, data,"
        " position from log where block=3 and number=0",
    )
    assert check.finding is not None
    assert (check.finding.block, check.blocks) == (8, 6)


@pytest.mark.parametrize("number", range(6))
def test_an_altered_header_is_found_even_if_its_hash_is_altered_with_it(path: Path, number: int):
    with closing(sqlite3.connect(path)) as db:
        (encoded,) = db.execute("select header from block where number=?", (number,)).fetchone()
    fields = rlp.decode(encoded)
    fields[10] = b"\x01"  # the gas used
    forged = rlp.encode(fields)
    check = altered(
        path, "update block set header=?, hash=? where number=?", forged, keccak(forged), number
    )
    assert check.finding is not None
    assert (check.finding.block, check.blocks) == (number, number)


@pytest.mark.parametrize(
    "statement",
    [
        "update block set header=null where number=3",
        "update block set header='words' where number=3",
        "update block set time='soon' where number=3",
        "update tx set raw=null where block=3 and position=0",
        "update tx set raw=x'' where block=3 and position=0",
        "update tx set raw='words' where block=3 and position=0",
        "update tx set gas='much' where block=3 and position=0",
        "update tx set cumulative=-1 where block=3 and position=0",
        "update tx set sender=null where block=3 and position=0",
        "update tx set position='first' where block=3 and position=0",
        "update log set data=null where block=3 and number=0",
        "update log set topic0=7 where block=3 and number=0",
        "update log set address='words' where block=3 and number=0",
    ],
)
def test_a_value_of_another_kind_is_found_in_its_block(path: Path, statement: str):
    with closing(sqlite3.connect(path)) as db:
        (sql,) = db.execute("select sql from sqlite_master where name='block'").fetchone()
    if "header=null" in statement:
        assert "header blob not null" in sql  # SQLite itself refuses
        statement = "update block set header=x'' where number=3"
    check = altered(path, statement)
    assert check.finding is not None
    assert (check.finding.block, check.blocks) == (3, 3)


def test_a_header_that_is_no_header_is_found(path: Path):
    check = altered(path, "update block set header=? where number=2", b"\xc0")
    assert check.finding is not None
    assert (check.finding.block, check.blocks) == (2, 2)


def test_a_lost_or_altered_account_or_code_is_found(path: Path, tmp_path: Path):
    with closing(ChainFile(path, create=False)) as file:
        encoded = chainrows.header(file.db)
    assert encoded is not None
    for name, (statement, key, words) in enumerate(
        (
            ("delete from state where key=?", header_of(encoded).state_root, "lost"),
            ("update state set value=x'c0' where key=?", header_of(encoded).state_root, "altered"),
            ("delete from state where key=?", keccak(LOGGER), "code"),
            ("update state set value=x'00' where key=?", keccak(KEEPER), "code"),
        )
    ):
        copy = Path(shutil.copy(path, tmp_path / f"{name}.sqlite"))
        check = altered(copy, statement, key)
        assert check.finding is not None
        assert check.finding.block == 5
        assert words in check.finding.what


def test_every_lost_node_of_the_last_accounts_is_noticed(path: Path, tmp_path: Path):
    """Old accounts may go; of the last ones no node can."""
    with closing(sqlite3.connect(path)) as db:
        keys = [row[0] for row in db.execute("select key from state")]
    found = 0
    for number, key in enumerate(keys):
        copy = Path(shutil.copy(path, tmp_path / f"{number}.sqlite"))
        check = altered(copy, "delete from state where key=?", key)
        found += check.finding is not None
        copy.unlink()
    # The tries are small: their root, its branches, the storage of KEEPER, and two codes; at
    # most the roots of the five blocks before are not needed.
    assert found >= 5


def test_a_call_on_lost_accounts_says_that_the_file_is_damaged(path: Path):
    altered(path, "delete from state where key=?", keccak(KEEPER))
    with closing(EmbeddedProvider(path, clock=Clock())) as provider:
        node = embedded_node(provider)
        (keeper,) = provider.file.db.execute("select created from tx where block=2").fetchone()
        with pytest.raises(LedgerUnavailableError, match="lost a part") as failure:
            node.ask("eth_call", {"to": "0x" + keeper.hex()}, "latest")
        assert "check" in failure.value.hint


def test_a_forged_history_without_a_flaw_is_only_found_by_executing_it_again(path: Path):
    # The last block with logs gets another log, and everything that follows from it.
    with closing(sqlite3.connect(path)) as db:
        db.execute("delete from block where number>3")
        db.execute("delete from tx where block>3")
        db.execute("update log set data=zeroblob(32) where block=3 and number=2")
        block = chainrows.block(db, 3)
        assert block is not None
        forged = header_of(block.header).copy(
            receipt_root=root([receipt_bytes(row) for row in block.transactions])
        )
        encoded = rlp.encode(forged)
        db.execute("update block set header=?, hash=? where number=3", (encoded, keccak(encoded)))
        db.commit()
    assert check_chain(path).finding is None
    check = check_chain(path, deep=True)
    assert check.finding is not None
    assert check.finding.block == 3
    assert "executed again" in check.finding.what


def test_a_damaged_page_is_found(path: Path):
    content = bytearray(path.read_bytes())
    page = 4096
    for at in range(page * 3, len(content), page * 4):
        content[at : at + 200] = b"\xff" * 200
    path.write_bytes(content)
    check = check_chain(path)
    assert check.finding is not None
    assert "SQLite" in check.finding.what


def test_a_file_of_older_tables_is_refused_and_left_as_it_was(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"pragma application_id={APPLICATION_ID}")
        db.execute("create table block(number integer primary key, hash blob, time integer)")
        db.commit()
    before = path.read_bytes()
    for opened in (check_chain, open_embedded):
        with pytest.raises(LedgerUnavailableError, match="version 0") as failure:
            opened(path)
        assert "move it away" in failure.value.hint
    assert path.read_bytes() == before
