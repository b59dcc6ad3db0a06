"""An outsider verifies from a ledger and a store alone, and every tampering is found and named."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from coopt_dag.evaluation import tables
from coopt_dag.evaluation.register import register
from coopt_dag.ledger.actions import Reject, Review, Score
from coopt_dag.ledger.chainexport import export_chain
from coopt_dag.ledger.embedded import ADDRESS
from coopt_dag.ledger.logs import shapes
from coopt_dag.model.wad import to_wad
from coopt_dag.specs.challenge import load_challenge
from coopt_dag.store.car import write_car
from coopt_dag.store.cid import CID
from coopt_dag.store.folders import add_bytes, add_path, fetch_path
from coopt_dag.store.layout import Layout
from coopt_dag.store.local import LocalStore
from coopt_dag.store.walk import walk
from tests.cli.verifiable import ADA, BEN, EPOCH, LAB, Said, World, begun, coopt, outsider, served
from tests.workspaces import tiny

ADAS, BENS = 3, 4
"""Numbers of their submissions: the baselines of two steps are 1 and 2."""


@pytest.fixture(scope="module")
def unjudged(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Ada's step is a record, Ben's waits for its judgement; the epoch is open."""
    return begun(tmp_path_factory.mktemp("worlds") / "begun")


@pytest.fixture(scope="module")
def unsettled(unjudged: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """All is judged, and the keys are revealed."""
    world = unjudged.copy(tmp_path_factory.mktemp("worlds") / "judged")
    assert world.judge() == ["record"]
    world.close()
    return world


@pytest.fixture(scope="module")
def settled(unsettled: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The epoch is settled, and Ada has redeemed."""
    world = unsettled.copy(tmp_path_factory.mktemp("worlds") / "settled")
    world.settle()
    world.redeem(ADA)
    return world


@pytest.fixture
def folder(settled: World, tmp_path: Path) -> Path:
    """An outsider's fresh copy."""
    return outsider(settled, tmp_path / "outsider")


def verified(folder: Path, *words: str) -> Said:
    return coopt(folder, "verify", "tiny", "--json", *words)


def diverged(folder: Path, kind: str, *parts: str) -> dict[str, Any]:
    """Verify, insist that one kind of divergence is named, and give it."""
    said = verified(folder)
    assert said.code == 6, said
    found: dict[str, Any] = said.document["divergence"]
    assert (said.document["result"], found["kind"]) == ("DIVERGED", kind), found
    for part in parts:
        assert part in found["where"], found
    assert json.loads((folder / "divergence.json").read_text()) == said.document
    return found


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# What holds


def test_an_outsider_with_ledger_and_store_alone_re_runs_all_and_changes_nothing(folder: Path):
    before = snapshot(folder)
    said = verified(folder)
    assert said.code == 0, said
    found = said.document
    assert (found["result"], found["epoch"], found["missing"]) == ("PASS", EPOCH, [])
    counts = found["counts"]
    # two records of the epoch, each with a step's and the end-to-end score; the head of `add` was
    # scored anew below Ben's `double`; two steps with one adopted version each make 2^2
    # configurations of the value table
    assert (counts["submissions"], counts["scores_compared"]) == (2, 2 * 2 + 1 + 4)
    assert counts["outputs_compared"] == 2 * 2
    assert counts["payments"] == 2
    assert counts["largest_difference"] == 0
    assert snapshot(folder) == before


def test_an_export_and_a_car_do_as_well(settled: World, tmp_path: Path):
    folder = tmp_path / "exports"
    folder.mkdir()
    export_chain(settled.ledger, folder / "ledger.rlp")
    store = LocalStore(settled.store)
    roots = sorted(store.pins(), key=str)
    # what is offered is not pinned by who offers it: the evaluator pins what becomes a record
    blocks = {cid.digest: (cid, block) for root in roots for cid, block in walk(store, root)}
    with (folder / "content.car").open("xb") as stream:
        write_car(stream, roots, blocks.values())
    said = coopt(folder, "verify", "tiny", "--folder", "work")
    assert said.code == 0, said
    assert said.stdout.startswith("PASS tiny, epoch 1\n")
    again = verified(folder, "--folder", "work")
    assert again.code == 0, again
    assert again.document["counts"]["nodes_run"] == 0  # they are in the folder


def test_inside_a_workspace_its_own_ledger_and_store_are_taken(settled: World, tmp_path: Path):
    world = settled.copy(tmp_path / "own")
    assert verified(world.root).document["result"] == "PASS"


def test_a_sample_says_by_which_seed_it_was_drawn(folder: Path):
    said = coopt(folder, "verify", "tiny", "--sample", "1", "--seed", "7")
    assert said.code == 0, said
    assert "a sample of 1 records, --seed 7" in said.stdout
    counts = verified(folder, "--sample", "1", "--seed", "7").document["counts"]
    assert counts["scores_compared"] == 1 * 2 + 4


def test_a_review_between_settling_and_proposing_is_no_fault_of_the_settlement(
    unsettled: World, tmp_path: Path
):
    world = unsettled.copy(tmp_path / "world")

    def meanwhile(_case: Any, table: dict[str, Any]) -> tuple[dict[str, Any], str]:
        with world.desk(BEN) as desk:
            cid = add_bytes(desk.store, b"the same here\n", pin=True)
            desk.send(Review(ADAS, "reproduced", cid))
            return table, add_bytes(desk.store, tables.to_text(table).encode(), pin=True)

    world.settle(meanwhile)
    said = verified(outsider(world, tmp_path / "outsider"))
    assert said.code == 0, said


@pytest.fixture(scope="module")
def unsealed(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A challenge without a seal, whose sprint is over: its owner's baselines alone are judged."""
    world = World(tiny(tmp_path_factory.mktemp("worlds") / "unsealed"))
    sprint = "{id: one, opens: 1970-01-01T00:00:00Z, closes: 1970-01-01T00:15:00Z}"
    with (world.root / "steps/tiny/challenge.yaml").open("a") as file:
        file.write(f"sprints:\n  - {sprint}\n")
    with world.desk() as desk:
        challenge = load_challenge(desk.workspace, "tiny")
        register(desk, challenge, cores=2, tell=lambda _: None)
    return world


def test_without_a_seal_the_data_come_by_cid_from_the_settlements_table(
    unsealed: World, tmp_path: Path
):
    world = unsealed.copy(tmp_path / "world")
    world.settle(epoch=0)
    said = verified(outsider(world, tmp_path / "outsider"))
    assert said.code == 0, said
    # the baselines of two steps, each with its own and the end-to-end score, and the one
    # configuration of an epoch that adopted nothing
    assert said.document["counts"]["scores_compared"] == 2 * 2 + 1


def test_before_a_settlement_names_the_data_nothing_can_be_compared(
    unsealed: World, tmp_path: Path
):
    said = verified(outsider(unsealed, tmp_path / "outsider"))
    assert (said.code, said.document["settlement"]) == (14, None)
    assert said.document["missing"][0]["what"] == "scores of submissions 1, 2"


def test_changed_data_in_a_settlements_table(unsealed: World, tmp_path: Path):
    def swap(inputs: dict[str, Any]) -> None:
        row = next(r for r in inputs["data"] if r["path"] == "sealed/total.json")
        row["sha256"] = "ab" * 32

    proposed(unsealed, tmp_path, swap, "changed_data", "sealed/total.json", epoch=0)


def test_a_chain_behind_a_node_does_as_well(settled: World, folder: Path):
    (folder / "ledger.sqlite").unlink()
    with served(settled.ledger) as url:
        said = verified(folder, "--rpc", url, "--address", ADDRESS)
        assert said.code == 0, said
        assert "the contracts' code" in said.stderr
        assert said.document["counts"]["payments"] == 2
        other = ADDRESS[:-1] + "0"
        assert verified(folder, "--rpc", url, "--address", other).code == 10
    assert "--rpc needs --address" in verified(folder, "--rpc", url).stderr


# What is missing


def test_before_the_keys_are_revealed_it_says_what_could_not_be_verified(
    unjudged: World, tmp_path: Path
):
    world = unjudged.copy(tmp_path / "world")
    world.judge()
    said = verified(outsider(world, tmp_path / "outsider"))
    assert (said.code, said.document["result"]) == (14, "INCOMPLETE")
    missing = {row["what"] for row in said.document["missing"]}
    assert {"key of epoch 1", f"scores of submissions {ADAS}, {BENS}"} <= missing
    assert said.document["counts"]["objects"] > 0  # and what needs no key was


def test_a_block_that_nobody_has_is_named(settled: World, folder: Path):
    cid = solution(settled, BENS)
    block_file(folder, cid).unlink()
    said = verified(folder)
    assert (said.code, said.document["result"]) == (14, "INCOMPLETE")
    assert any(str(cid) in row["what"] for row in said.document["missing"])


def test_words_that_do_not_fit_are_refused(folder: Path, tmp_path: Path):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "there is no ledger here" in coopt(empty, "verify", "tiny").stderr
    shutil.copy(folder / "ledger.sqlite", empty)
    assert "there is no content here" in coopt(empty, "verify", "tiny").stderr
    assert coopt(folder, "verify", "other").code == 4
    assert coopt(folder, "verify", "tiny", "--epoch", "9").code == 4
    assert "is not empty" in coopt(folder, "verify", "tiny", "--folder", ".").stderr


# The six tamperings: files that were edited, and honest chains with false content


def solution(world: World, number: int) -> CID:
    with world.desk() as desk:
        return CID.parse(desk.state().submissions[number].solution_cid)


def block_file(folder: Path, cid: CID) -> Path:
    layout = Layout(folder / "store" / "blocks")
    return Path(layout.file(layout.key(cid)))


def edit(folder: Path, event: str, change: Callable[[bytes], bytes], *, last: bool = True) -> None:
    """Change the data of an event's row in the ledger's file, behind the chain's back."""
    (topic,) = (t for t, shape in shapes().items() if shape.make.__name__ == event)
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as db:
        rows = db.execute(
            "select block, number, data from log where topic0=? order by block, number", (topic,)
        ).fetchall()
        block, number, data = rows[-1 if last else 0]
        db.execute(
            "update log set data=? where block=? and number=?", (change(data), block, number)
        )
        db.commit()


def test_changed_score_an_evaluator_attests_another_than_the_run_gives(
    unjudged: World, tmp_path: Path
):
    world = unjudged.copy(tmp_path / "world")
    with world.desk() as desk:
        report = json.dumps({"schema": "coopt/report/1", "submission": BENS, "outputs": {}})
        cid = add_bytes(desk.store, report.encode(), pin=True)
        desk.send(Score(BENS, to_wad(3), to_wad(0), cid))  # it is exact: its error is 0
    world.close()
    found = diverged(
        outsider(world, tmp_path / "outsider"), "changed_score", f"submission {BENS}", "score_wad"
    )
    assert (found["expected"], found["found"]) == ("0", "3")
    assert LAB.address in found["what"]
    assert found["dispute"] == f"coopt dispute open {BENS} --evidence divergence.json"


def test_changed_score_in_the_ledgers_file(folder: Path):
    better = to_wad(1).to_bytes(32, "big")
    edit(folder, "Scored", lambda data: data.replace(bytes(32), better, 1))
    found = diverged(folder, "changed_score", f"submission {BENS}")
    assert found["dispute"] is None  # the chain is right; this copy of its file is not


def test_changed_score_in_a_settlements_table(unsettled: World, tmp_path: Path):
    def more(inputs: dict[str, Any]) -> None:
        inputs["values"][-1]["score"] += 10**9

    found = proposed(unsettled, tmp_path, more, "changed_score", "score of configuration [1, 1]")
    assert found["found"] - found["expected"] == 10**9


def proposed(
    unsettled: World,
    tmp_path: Path,
    change: Callable[[dict[str, Any]], None],
    *expected: str,
    epoch: int = EPOCH,
) -> dict[str, Any]:
    """Propose a table whose inputs were changed and whose sums are right; give what is named."""
    world = unsettled.copy(tmp_path / "world")

    def publish(case: Any, table: dict[str, Any]) -> tuple[dict[str, Any], str]:
        inputs = json.loads(json.dumps(table["inputs"]))
        change(inputs)
        made = tables.table_of("tiny", epoch, inputs)
        return made, add_bytes(case.desk.store, tables.to_text(made).encode(), pin=True)

    world.settle(publish, epoch=epoch)
    found = diverged(outsider(world, tmp_path / "outsider"), *expected)
    command = f"coopt dispute settlement tiny --epoch {epoch} --evidence divergence.json"
    assert found["dispute"] == command
    return found


def test_changed_payment_in_a_table_whose_root_was_made_to_fit(unsettled: World, tmp_path: Path):
    world = unsettled.copy(tmp_path / "world")

    def publish(case: Any, table: dict[str, Any]) -> tuple[dict[str, Any], str]:
        made = json.loads(json.dumps(table))
        first, second = made["result"]["leaves"]
        first["amount"], second["amount"] = first["amount"] - 1, second["amount"] + 1
        leaves = tables.leaves_of(made)
        made["result"]["merkle_root"] = tables.tree_of("tiny", EPOCH, leaves).root
        return made, add_bytes(case.desk.store, tables.to_text(made).encode(), pin=True)

    world.settle(publish)
    found = diverged(outsider(world, tmp_path / "outsider"), "changed_payment", "payment 0")
    assert found["expected"]["amount"] - found["found"]["amount"] == 1
    assert found["dispute"].startswith("coopt dispute settlement tiny --epoch 1")


def test_changed_payment_to_another_account(unsettled: World, tmp_path: Path):
    def to_lab(inputs: dict[str, Any]) -> None:
        next(w for w in inputs["works"] if int(w["id"]) == BENS)["account"] = LAB.address

    found = proposed(unsettled, tmp_path, to_lab, "changed_payment", f"submission {BENS}.account")
    assert (found["expected"], found["found"]) == (BEN.address, LAB.address)


def test_changed_payment_by_another_root_on_the_ledger(unsettled: World, tmp_path: Path):
    world = unsettled.copy(tmp_path / "world")

    def publish(case: Any, table: dict[str, Any]) -> tuple[dict[str, Any], str]:
        cid = add_bytes(case.desk.store, tables.to_text(table).encode(), pin=True)
        result = dict(table["result"]) | {"merkle_root": "ab" * 32}
        return dict(table) | {"result": result}, cid

    world.settle(publish)
    folder = outsider(world, tmp_path / "outsider")
    found = diverged(folder, "changed_payment", "merkle_root on the ledger")
    assert found["found"] == "ab" * 32


def test_changed_payment_in_the_ledgers_file(folder: Path):
    edit(folder, "Redeemed", lambda data: data[:-1] + bytes([data[-1] ^ 1]))
    diverged(folder, "changed_payment", "Redeemed")


def test_changed_terms_are_named(unsettled: World, tmp_path: Path):
    def spare(inputs: dict[str, Any]) -> None:
        inputs["terms"]["royalty_bp"] = 0

    found = proposed(unsettled, tmp_path, spare, "changed_terms", "terms.royalty_bp")
    assert (found["expected"], found["found"]) == (2500, 0)


def test_a_table_whose_steps_are_in_another_order(unsettled: World, tmp_path: Path):
    def turn(inputs: dict[str, Any]) -> None:
        inputs["steps"].reverse()

    proposed(unsettled, tmp_path, turn, "changed_payment", "steps")


def test_a_table_that_counts_other_examples(unsettled: World, tmp_path: Path):
    def more(inputs: dict[str, Any]) -> None:
        inputs["total"]["clusters"] += 7

    proposed(unsettled, tmp_path, more, "changed_score", "total")


def test_swapped_solution_in_the_store(settled: World, folder: Path):
    cid = solution(settled, BENS)
    block_file(folder, cid).write_bytes(block_file(folder, solution(settled, ADAS)).read_bytes())
    found = diverged(folder, "swapped_solution", f"solution of submission {BENS}", str(cid))
    assert found["expected"] == str(cid)


def test_swapped_solution_in_a_record_whose_report_ran_another(unjudged: World, tmp_path: Path):
    world = unjudged.copy(tmp_path / "world")
    with world.desk() as desk:
        output = {"key": "k", "cid": str(solution(world, ADAS)), "split": "public"}
        output["solution_cid"] = str(solution(world, 1))  # the baseline, not what Ben offered
        report = {"schema": "coopt/report/1", "submission": BENS, "outputs": {"double": output}}
        cid = add_bytes(desk.store, json.dumps(report).encode(), pin=True)
        desk.send(Score(BENS, to_wad(0), to_wad(0), cid))
    world.close()
    folder = outsider(world, tmp_path / "outsider")
    found = diverged(folder, "swapped_solution", f"report on submission {BENS}, step 'double'")
    assert found["expected"] == str(solution(world, BENS))
    assert found["dispute"].startswith(f"coopt dispute open {BENS}")


def test_swapped_solution_in_a_settlements_table(unsettled: World, tmp_path: Path):
    def swap(inputs: dict[str, Any]) -> None:
        step = next(s for s in inputs["steps"] if s["step"] == "double")
        step["solutions"][f"{BENS:08d}"] = step["solutions"]["00000001"]

    proposed(unsettled, tmp_path, swap, "swapped_solution", "step 'double', solutions")


def test_tampered_artifact_in_the_store(settled: World, folder: Path):
    with settled.desk() as desk:
        report = json.loads(read(desk.store, desk.state().submissions[ADAS].report_cid))
    cid = CID.parse(report["outputs"]["add"]["cid"])
    path = block_file(folder, cid)
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    diverged(folder, "tampered_artifact", "published output of 'add'", str(cid))


def test_tampered_artifact_in_a_car(settled: World, tmp_path: Path):
    folder = tmp_path / "car"
    folder.mkdir()
    shutil.copy(settled.ledger, folder)
    with settled.desk() as desk:
        manifest = CID.parse(desk.state().challenges["tiny"].manifest_cid)
    with (folder / "content.car").open("xb") as stream:
        write_car(stream, [manifest], [(manifest, b"\n\0")])
    diverged(folder, "tampered_artifact", "specification of challenge 'tiny'", str(manifest))


def test_tampered_artifact_that_is_published_in_place_of_a_records_output(
    unjudged: World, tmp_path: Path
):
    world = unjudged.copy(tmp_path / "world")
    with world.desk() as desk:
        state = desk.state()
        before = json.loads(read(desk.store, state.submissions[ADAS].report_cid))
        place = fetch_path(desk.store, before["outputs"]["double"]["cid"], tmp_path / "node")
        (place / "doubled.json").write_text('{"values": [1, 2, 3]}')
        false = before["outputs"]["double"] | {
            "cid": add_path(desk.store, place, pin=True),
            "solution_cid": state.submissions[BENS].solution_cid,
        }
        report = {"schema": "coopt/report/1", "submission": BENS, "outputs": {"double": false}}
        cid = add_bytes(desk.store, json.dumps(report).encode(), pin=True)
        desk.send(Score(BENS, to_wad(0), to_wad(0), cid))
    world.close()
    world.settle()  # with its table come the public data, on which outputs are published
    folder = outsider(world, tmp_path / "outsider")
    found = diverged(folder, "tampered_artifact", "published output of 'double'", false["cid"])
    assert "doubled.json" in found["expected"]
    assert found["dispute"].startswith(f"coopt dispute open {BENS}")


def read(store: LocalStore, cid: str) -> bytes:
    return b"".join(block for _, block in walk(store, CID.parse(cid)))


def test_forged_attestation_in_the_ledgers_file(folder: Path):
    (topic,) = (t for t, shape in shapes().items() if shape.make.__name__ == "Scored")
    stranger = bytes(12) + bytes.fromhex(BEN.address[2:])
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as db:
        (block,) = db.execute("select max(block) from log where topic0=?", (topic,)).fetchone()
        judge = bytes(12) + bytes.fromhex(LAB.address[2:])
        columns = [f"topic{n}" for n in (1, 2, 3)]
        changed = sum(
            db.execute(
                f"update log set {c}=? where block=? and topic0=? and {c}=?",
                (stranger, block, topic, judge),
            ).rowcount
            for c in columns
        )
        db.commit()
    assert changed == 1
    found = diverged(folder, "forged_attestation", f"submission {BENS}", "actor")
    assert (found["expected"], found["found"]) == (LAB.address, BEN.address)


def test_forged_attestation_a_transactions_sender_is_not_who_signed_it(folder: Path):
    (topic,) = (t for t, shape in shapes().items() if shape.make.__name__ == "Scored")
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as db:
        (block,) = db.execute("select max(block) from log where topic0=?", (topic,)).fetchone()
        who = bytes.fromhex(BEN.address[2:])
        db.execute("update tx set sender=? where block=?", (who, block))
        db.commit()
    found = diverged(folder, "forged_attestation", f"submission {BENS}")
    assert "signed for" in found["found"]


def test_dropped_submission_in_a_settlements_table(unsettled: World, tmp_path: Path):
    def drop(inputs: dict[str, Any]) -> None:
        one = f"{BENS:08d}"
        step = next(s for s in inputs["steps"] if s["step"] == "double")
        step["adopted"].remove(one)
        del step["solutions"][one]
        inputs["works"] = [w for w in inputs["works"] if w["id"] != one]
        at = [s["step"] for s in inputs["steps"]].index("double")
        inputs["values"] = [row for row in inputs["values"] if row["levels"][at] == 0]
        for row in inputs["values"]:
            row["levels"][at] = 0
        inputs["intervals"].pop(one, None)

    found = proposed(unsettled, tmp_path, drop, "dropped_submission", f"submission {BENS}")
    assert found["expected"]["account"] == BEN.address


def test_dropped_submission_in_the_ledgers_file(folder: Path):
    (topic,) = (t for t, shape in shapes().items() if shape.make.__name__ == "Committed")
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as db:
        (block,) = db.execute("select max(block) from log where topic0=?", (topic,)).fetchone()
        db.execute("delete from log where block=?", (block,))
        db.commit()
    diverged(folder, "dropped_submission", f"submission {BENS}")


def test_dropped_submission_with_its_whole_transaction(folder: Path):
    (topic,) = (t for t, shape in shapes().items() if shape.make.__name__ == "Committed")
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as db:
        (block,) = db.execute("select max(block) from log where topic0=?", (topic,)).fetchone()
        for table in ("log", "tx"):
            db.execute(f"delete from {table} where block=?", (block,))
        db.commit()
    diverged(folder, "dropped_submission", f"submission {BENS}")


def test_dropped_submission_an_evaluator_refuses_what_is_better(unjudged: World, tmp_path: Path):
    world = unjudged.copy(tmp_path / "world")
    with world.desk() as desk:
        cid = add_bytes(desk.store, b'{"reason": "no_gain"}\n', pin=True)
        desk.send(Reject(BENS, "no_gain", cid))
    world.close()
    world.settle()
    found = diverged(
        outsider(world, tmp_path / "outsider"), "dropped_submission", f"submission {BENS}"
    )
    # doubled as it should be, its error is 0; the baseline's is not
    assert found["expected"].startswith("a record: 0, after ")
    assert found["dispute"].startswith("coopt dispute settlement tiny")


def test_a_chain_that_lacks_a_block_that_others_know_is_another_one(
    settled: World, unsettled: World, tmp_path: Path
):
    known = verified(outsider(settled, tmp_path / "one")).document["head"]
    assert verified(tmp_path / "one", "--head", known).code == 0
    said = verified(outsider(unsettled, tmp_path / "two"), "--head", known)
    assert said.code == 6
    assert said.document["divergence"]["kind"] == "changed_ledger"
    assert said.document["divergence"]["expected"] == known
    assert verified(tmp_path / "two", "--head", "0x12").code == 2
