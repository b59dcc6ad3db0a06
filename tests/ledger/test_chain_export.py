"""The whole ledger as one file, and back: every block executed again, the same, or nothing."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
import rlp
from eth.vm.forks.prague.blocks import PragueBlock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rlp.codec import consume_length_prefix

from coopt_dag.errors import IntegrityError, LedgerUnavailableError, UsageError
from coopt_dag.ledger.actions import RegisterChallenge
from coopt_dag.ledger.chaincheck import check_chain
from coopt_dag.ledger.chainexport import export_chain, import_chain
from coopt_dag.ledger.chainfile import ChainFileReader
from coopt_dag.ledger.embedded import open_embedded
from coopt_dag.ledger.rpc import EmbeddedProvider

from .conftest import Clock, person
from .nodes import LOGGER, embedded_node, word
from .test_chain_file import in_child, toy

ANN, BEN = person(3), person(4)


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chain of transfers, a contract, three logs in one block, and a failure."""
    path = tmp_path_factory.mktemp("chain") / "ledger.sqlite"
    clock = Clock()
    with closing(EmbeddedProvider(path, clock=clock)) as provider:
        node = embedded_node(provider)
        node.ask("coopt_fund", ANN.address, hex(10**18))
        node.send(ANN, to=BEN.address, value=5, gasPrice=0)
        logger = node.deploy(ANN, LOGGER)
        clock.now += 7
        raws = [node.signed(ANN, to=logger, data=word(n) * 3) for n in range(3)]
        provider.send_many([bytes.fromhex(raw[2:]) for raw in raws])
        node.send(BEN, data=b"\xfe", gas=60_000)
    return path


@pytest.fixture(scope="session")
def exported(chain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("export") / "chain.rlp"
    export_chain(chain, target)
    return target


def blocks_of(content: bytes) -> list[bytes]:
    """Cut a stream of RLP at its items' ends."""
    found = []
    while content:
        _prefix, _kind, size, start = consume_length_prefix(content, 0)
        found.append(content[: start + size])
        content = content[start + size :]
    return found


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_export_and_its_import_are_the_same_chain_and_the_same_bytes(
    chain: Path, exported: Path, tmp_path: Path
):
    again, target = tmp_path / "again.sqlite", tmp_path / "again.rlp"
    seen: list[tuple[int, int]] = []
    head = import_chain(exported, again, progress=lambda *at: seen.append(at))
    assert export_chain(again, target) == head
    assert target.read_bytes() == exported.read_bytes()
    assert check_chain(again).finding is None
    assert left_in(tmp_path) == ["again.rlp", "again.sqlite"]
    size = exported.stat().st_size
    assert [of for _, of in seen] == [size] * (head.height + 1)
    assert seen[-1] == (size, size)
    written: list[tuple[int, int]] = []
    export_chain(chain, tmp_path / "x.rlp", progress=lambda *at: written.append(at))
    assert written == [(n + 1, head.height + 1) for n in range(head.height + 1)]


def test_an_imported_chain_answers_the_same_and_goes_on(
    chain: Path, exported: Path, tmp_path: Path
):
    path = tmp_path / "ledger.sqlite"
    import_chain(exported, path)
    clock = Clock()
    clock.now += 100
    with (
        closing(EmbeddedProvider(chain, clock=clock)) as first,
        closing(EmbeddedProvider(path, clock=clock)) as second,
    ):
        one, two = embedded_node(first), embedded_node(second)
        for number in range(int(one.ask("eth_blockNumber"), 16) + 1):
            for method, more in (("eth_getBlockByNumber", [True]), ("eth_getBlockReceipts", [])):
                assert one.ask(method, hex(number), *more) == two.ask(method, hex(number), *more)
        assert one.ask("eth_getLogs", {"fromBlock": "0x0"}) == two.ask(
            "eth_getLogs", {"fromBlock": "0x0"}
        )
        assert two.send(ANN, to=BEN.address, value=1)["status"] == "0x1"


def test_the_file_is_a_stream_of_standard_blocks(exported: Path):
    blocks = [rlp.decode(block, PragueBlock) for block in blocks_of(exported.read_bytes())]
    assert [block.number for block in blocks] == list(range(6))
    for parent, block in itertools.pairwise(blocks):
        assert block.header.parent_hash == parent.header.hash
    assert [len(block.transactions) for block in blocks] == [0, 1, 1, 1, 3, 1]


def test_a_ledger_with_its_contracts_is_opened_after_its_import(tmp_path: Path):
    path, again = tmp_path / "ledger.sqlite", tmp_path / "again.sqlite"
    toy(path)
    export_chain(path, tmp_path / "chain.rlp")
    import_chain(tmp_path / "chain.rlp", again)
    reader, other = ChainFileReader(path), ChainFileReader(again)
    assert other.events() == reader.events() != []
    reader.close()
    other.close()
    ledger = open_embedded(again)
    ledger.send(RegisterChallenge("next", "m", (ANN.address,)), signer=ANN)
    ledger.close()


def test_nothing_is_overwritten(chain: Path, exported: Path, tmp_path: Path):
    taken = tmp_path / "taken"
    taken.write_text("mine")
    for work in (lambda: export_chain(chain, taken), lambda: import_chain(exported, taken)):
        with pytest.raises(UsageError, match="taken") as failure:
            work()
        assert failure.value.hint
    assert taken.read_text() == "mine"
    assert left_in(tmp_path) == ["taken"]
    with pytest.raises(LedgerUnavailableError, match="no ledger"):
        export_chain(tmp_path / "none.sqlite", tmp_path / "x.rlp")
    assert left_in(tmp_path) == ["taken"]


def test_an_export_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(UsageError, match=r"none\.rlp.*cannot be read"):
        import_chain(tmp_path / "none.rlp", tmp_path / "ledger.sqlite")
    assert left_in(tmp_path) == []


def test_another_last_block_than_expected_is_refused(exported: Path, tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    short = tmp_path / "short.rlp"
    blocks = blocks_of(exported.read_bytes())
    short.write_bytes(b"".join(blocks[:-1]))
    last = "0x" + rlp.decode(blocks[-1], PragueBlock).header.hash.hex()
    with pytest.raises(IntegrityError, match="expected"):
        import_chain(short, path, expected=last)
    assert not path.exists()
    assert import_chain(exported, path, expected=last).block_hash == last


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_cut_export_is_refused_unless_it_is_cut_between_blocks(
    exported: Path, tmp_path: Path, data: st.DataObject
):
    content = exported.read_bytes()
    ends, at = [], 0
    for block in blocks_of(content):
        at += len(block)
        ends.append(at)
    cut = data.draw(st.one_of(st.integers(0, len(content) - 1), st.sampled_from(ends)))
    (tmp_path / "cut.rlp").write_bytes(content[:cut])
    path = tmp_path / "ledger.sqlite"
    if cut in ends:
        assert import_chain(tmp_path / "cut.rlp", path).height == ends.index(cut)
        path.unlink()
    else:
        whole = sum(end <= cut for end in ends)
        with pytest.raises(IntegrityError, match=f"block {whole} is not valid"):
            import_chain(tmp_path / "cut.rlp", path)
    assert left_in(tmp_path) == ["cut.rlp"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_export_with_one_altered_byte_is_refused_in_its_block_or_the_next(
    exported: Path, tmp_path: Path, data: st.DataObject
):
    blocks = blocks_of(exported.read_bytes())
    number = data.draw(st.integers(1, len(blocks) - 1))
    at = data.draw(st.integers(0, len(blocks[number]) - 1))
    mask = data.draw(st.integers(1, 255))
    block = bytearray(blocks[number])
    block[at] ^= mask
    content = b"".join([*blocks[:number], bytes(block), *blocks[number + 1 :]])
    (tmp_path / "altered.rlp").write_bytes(content)
    last = "0x" + rlp.decode(blocks[-1], PragueBlock).header.hash.hex()
    with pytest.raises(IntegrityError) as failure:
        import_chain(tmp_path / "altered.rlp", tmp_path / "ledger.sqlite", expected=last)
    # A later time makes a valid block, only another one: the next does not follow it, or, if it
    # was the last, it is not the one expected.
    named = re.search(r"block (?:is )?(\d+)", failure.value.message)
    assert named is not None
    assert int(named[1]) in (number, number + 1)
    assert left_in(tmp_path) == ["altered.rlp"]


def test_reordered_repeated_foreign_and_empty_files_are_refused(exported: Path, tmp_path: Path):
    blocks = blocks_of(exported.read_bytes())
    foreign = rlp.encode([[b"\x00"] * 21, [], [], []])
    for number, content in (
        (0, []),
        (0, blocks[1:]),
        (0, [b"\x80"]),
        (0, [b"not an export"]),
        (0, [foreign]),
        (0, [rlp.encode([rlp.decode(blocks[0])[0], rlp.decode(blocks[1])[1], [], []])]),
        (1, [blocks[0], blocks[0]]),
        (2, [blocks[0], blocks[1], blocks[1]]),
        (2, [blocks[0], blocks[1], blocks[3]]),
        (6, [*blocks, b"\xf9\xff"]),
        (6, [*blocks, b"\xff" * 9]),
    ):
        (tmp_path / "bad.rlp").write_bytes(b"".join(content))
        with pytest.raises(IntegrityError, match=f"block {number} is not valid"):
            import_chain(tmp_path / "bad.rlp", tmp_path / "ledger.sqlite")
        assert left_in(tmp_path) == ["bad.rlp"]


@pytest.mark.kill
def test_a_killed_import_or_export_leaves_nothing_in_the_way(exported: Path, tmp_path: Path):
    path = tmp_path / "ledger.sqlite"

    def slow_import() -> None:
        import_chain(exported, path, progress=lambda *_: time.sleep(0.05))

    whole = export_target = tmp_path / "x.rlp"
    for delay in (0.01, 0.05, 0.1, 0.2):
        child = in_child(slow_import)
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert not path.exists()
    head = import_chain(exported, path)
    assert left_in(tmp_path) == ["ledger.sqlite"]  # the halves of the killed ones are swept up

    def slow_export() -> None:
        export_chain(path, whole, progress=lambda *_: time.sleep(0.05))

    child = in_child(slow_export)
    time.sleep(0.12)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert not export_target.exists()
    assert export_chain(path, export_target) == head
    assert left_in(tmp_path) == ["ledger.sqlite", "x.rlp"]


def test_of_two_imports_at_once_one_wins_whole(exported: Path, tmp_path: Path):
    path = tmp_path / "ledger.sqlite"

    def compete() -> None:
        with suppress(UsageError):
            import_chain(exported, path)

    children = [in_child(compete) for _ in range(3)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    assert check_chain(path).finding is None
    assert left_in(tmp_path) == ["ledger.sqlite"]


def test_an_export_while_others_write_ends_at_a_block(chain: Path, tmp_path: Path):
    path = Path(shutil.copy(chain, tmp_path / "ledger.sqlite"))
    stop = tmp_path / "stop"

    def write() -> None:
        with closing(EmbeddedProvider(path)) as provider:
            node = embedded_node(provider)
            while not stop.exists():
                node.send(BEN, to=ANN.address)

    child = in_child(write)
    heads = [export_chain(path, tmp_path / f"{n}.rlp") for n in range(5)]
    stop.touch()
    assert os.waitpid(child, 0)[1] == 0
    for number, head in enumerate(heads):
        imported = import_chain(tmp_path / f"{number}.rlp", tmp_path / f"{number}.sqlite")
        assert imported == head
