"""Whatever a step left behind, the reader gives a valid artifact or refuses, and says which."""

from __future__ import annotations

import json
import os
import socket
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopt_dag.errors import ScoreInvalidError
from coopt_dag.execution.harness import artifacts, score
from coopt_dag.execution.harness.artifacts import ArtifactError


def column(name: str, dtype: str) -> dict[str, Any]:
    return {
        "name": name, "dtype": dtype, "required": True,
        "minimum": None, "maximum": None, "values": None,
    }  # fmt: skip


TYPES: dict[str, dict[str, Any]] = {
    "json": {"kind": "json", "id": "t", "fields": [{"name": "a", "type": "number", "required": 1}]},
    "npy": {
        "kind": "array", "id": "t", "dtype": "float64", "shape": [None],
        "minimum": None, "maximum": None,
    },
    "parquet": {
        "kind": "table", "id": "t", "key": ["k"],
        "columns": [column("k", "int64"), column("x", "float64"), column("s", "string")],
    },
    "bin": {"kind": "file", "id": "t", "max_size_bytes": 1000},
    "d": {"kind": "folder", "id": "t", "max_size_bytes": 1000},
}  # fmt: skip
FREE_JSON = {"kind": "json", "id": "t", "fields": []}


def frame() -> pd.DataFrame:
    return pd.DataFrame({"k": [1, 2, 3], "x": [0.5, 1.5, 2.5], "s": ["a", "b", "a"]})


def good(kind: str, path: Path) -> Path:
    values = {"json": {"a": 1.5}, "npy": np.array([1.0, 2.0, 3.0]), "parquet": frame()}
    artifacts.save("o", TYPES[kind], values[kind], path)
    return path


def npy(header: str, data: bytes = bytes(24), *, version: bytes = b"\x01\x00") -> bytes:
    size = struct.pack("<H" if version == b"\x01\x00" else "<I", len(header))
    return b"\x93NUMPY" + version + size + header.encode() + data


def array_text(descr: str = "'<f8'", order: str = "False", shape: str = "(3,)") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


def parquet(table: pa.Table, **words: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **words)
    return bytes(sink.getvalue())


def table(**changed: Any) -> pa.Table:
    return pa.table({"k": [1, 2, 3], "x": [0.5, 1.5, 2.5], "s": ["a", "b", "a"]} | changed)


def refused(kind: str, path: Path, type_: dict[str, Any] | None = None, **words: Any) -> str:
    with pytest.raises(ArtifactError) as caught:
        artifacts.load("o", type_ or TYPES[kind], path, **words)
    assert (caught.value.failure, caught.value.field) == ("invalid_output", "o")
    return str(caught.value)


LONE_BOOL = {**TYPES["npy"], "dtype": "bool"}
HOSTILE: dict[str, bytes] = {
    "empty.json": b"",
    "not-a-number.json": b'{"a": NaN}',
    "infinity.json": b'{"a": -Infinity}',
    "overflowing.json": b'{"a": 1e999}',
    "many-digits.json": b'{"a": ' + b"9" * 5000 + b"}",
    "long-fraction.json": b'{"a": 0.' + b"1" * 5000 + b"}",
    "key-twice.json": b'{"a": 1, "a": 2}',
    "brackets.json": b"[" * 1_000_000,
    "objects.json": b'{"a":' * 100_000,
    "deep-but-whole.json": b'{"a":' + b"[" * 70 + b"]" * 70 + b"}",
    "latin.json": b'{"a": "\xe9"}',
    "wide.json": '{"a": 1}'.encode("utf-16"),
    "marked.json": b'\xef\xbb\xbf{"a": 1}',
    "list.json": b"[1]",
    "two.json": b'{"a": 1}{"a": 2}',
    "undeclared.json": b'{"a": 1, "b": 2}',
    "truth.json": b'{"a": true}',
    "empty.npy": b"",
    "pickled.npy": npy(array_text("'|O'"), b"\x80\x04."),
    "code.npy": npy("__import__('os').abort()"),
    "nested.npy": npy("(" * 3000),
    "long.npy": npy(array_text() + " " * 60_000),
    "endless.npy": b"\x93NUMPY\x02\x00\xff\xff\xff\xff",
    "other-version.npy": npy(array_text(), version=b"\x09\x00"),
    "fields.npy": npy(array_text("[('a', '<f8')]")),
    "texts.npy": npy(array_text("'<U2'")),
    "half-as-wide.npy": npy(array_text("'<f4'"), bytes(12)),
    "vast.npy": npy(array_text(shape="(4000000000000000000,)")),
    "overflowing.npy": npy(array_text(shape="(9223372036854775807,)")),
    "negative.npy": npy(array_text(shape="(-3,)")),
    "number-for-shape.npy": npy(array_text(shape="(3)")),
    "more-dimensions.npy": npy(array_text(shape="(3, 1)")),
    "cut.npy": npy(array_text(), bytes(23)),
    "longer.npy": npy(array_text(), bytes(25)),
    "no-number.npy": npy(array_text(), struct.pack("<3d", 1, float("nan"), 2)),
    "key-twice.npy": npy("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (3,)}"),
    "empty.parquet": b"",
    "marks-only.parquet": b"PAR1\xff\xff\xff\xffPAR1",
    "encrypted.parquet": parquet(table())[:-4] + b"PARE",
    "footer-lies.parquet": parquet(table())[:-8] + b"\xff\xff\xff\x7fPAR1",
    "extension.parquet": parquet(
        table(x=pa.ExtensionArray.from_storage(pa.opaque(pa.int64(), "a", "b"), pa.array([1] * 3)))
    ),
    "nested.parquet": parquet(table(x=[[1.0], [2.0], [3.0]])),
    "struct.parquet": parquet(table(x=[{"y": 1.0}] * 3)),
    "missing-values.parquet": parquet(table(x=[1.0, None, 2.0])),
    "not-a-number.parquet": parquet(table(x=[1.0, float("nan"), 2.0])),
    "infinite.parquet": parquet(table(x=[1.0, float("inf"), 2.0])),
    "key-twice.parquet": parquet(table(k=[1, 1, 2])),
    "texts-for-numbers.parquet": parquet(table(x=["1", "2", "3"])),
    "undeclared.parquet": parquet(table(y=[1, 2, 3])),
    "latin.parquet": parquet(table(s=pa.array([b"\xff", b"b", b"c"]).view(pa.string()))),
    "too-few.parquet": parquet(pa.table({"k": [1], "x": [1.0]})),
    "prefixes.parquet": parquet(
        table(), use_dictionary=False, column_encoding={"s": "DELTA_BYTE_ARRAY"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_refused_by_name(case: str, tmp_path: Path) -> None:
    path = tmp_path / f"o.{case.rpartition('.')[2]}"
    path.write_bytes(HOSTILE[case])
    refused(path.suffix[1:], path)


def test_what_we_write_is_what_we_read(tmp_path: Path) -> None:
    load = artifacts.load
    assert load("o", TYPES["json"], good("json", tmp_path / "o.json")) == {"a": 1.5}
    assert load("o", TYPES["npy"], good("npy", tmp_path / "o.npy")).tolist() == [1, 2, 3]
    read = load("o", TYPES["parquet"], good("parquet", tmp_path / "o.parquet"))
    pd.testing.assert_frame_equal(read, frame(), check_dtype=False)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("descr", ["<f8", ">f8"])
def test_every_layout_of_a_plain_array_reads_the_same(
    version: tuple[int, int], order: Any, descr: str, tmp_path: Path
) -> None:
    want = np.arange(6.0).reshape(2, 3)
    with (tmp_path / "o.npy").open("wb") as file:
        np.lib.format.write_array(file, np.asarray(want, descr, order=order), version)
    type_ = {**TYPES["npy"], "shape": [2, None]}
    got = artifacts.load("o", type_, tmp_path / "o.npy")
    assert got.tolist() == want.tolist()
    assert got.dtype.isnative


def test_a_truth_value_is_zero_or_one(tmp_path: Path) -> None:
    path = tmp_path / "o.npy"
    path.write_bytes(npy(array_text("'|b1'"), b"\x00\x01\x02"))
    assert "neither true nor false" in refused("npy", path, LONE_BOOL)


def test_half_a_character_is_refused_before_anybody_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "o.json"
    path.write_bytes(b'{"a": "\\ud800"}')
    assert "no Unicode" in refused("json", path, FREE_JSON)


def test_a_long_text_that_many_rows_point_to_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    # 1 MB of text, 100,000 rows: 100 GB when written out, a few kB as a file
    bomb = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), ["a" * 1_000_000])
    path = tmp_path / "o.parquet"
    rows = range(100_000)
    path.write_bytes(parquet(pa.table({"k": list(rows), "x": [0.0] * 100_000, "s": bomb})))
    assert path.stat().st_size < 2_000_000
    assert "unpacks to more" in refused("parquet", path, limit_bytes=1 << 28)


def test_zeros_that_compress_well_are_refused_by_what_they_unpack_to(tmp_path: Path) -> None:
    path = tmp_path / "o.parquet"
    many = 1_000_000
    zeros = pa.table({"k": np.zeros(many, int), "x": np.zeros(many), "s": ["a"] * many})
    path.write_bytes(parquet(zeros, compression="zstd"))
    assert path.stat().st_size < 100_000
    assert "unpack" in refused("parquet", path, limit_bytes=1 << 20)


@pytest.mark.parametrize("kind", ["json", "npy", "parquet", "bin"])
def test_only_a_plain_file_with_one_name_is_read(kind: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    path, other = out / f"o.{kind}", tmp_path / f"other.{kind}"
    other.write_bytes(b"x") if kind == "bin" else good(kind, other)
    path.symlink_to(other)
    assert "is a link" in refused(kind, path)
    path.unlink()
    path.symlink_to("nowhere")
    refused(kind, path)
    path.unlink()
    path.hardlink_to(other)
    assert "hard link" in refused(kind, path)
    artifacts.load("o", TYPES[kind], path, links=True)  # our own store may hold links
    path.unlink()
    os.mkfifo(path)  # nobody writes: a reader that waits never ends
    assert "no plain file" in refused(kind, path)
    path.unlink()
    path.mkdir()
    assert "no plain file" in refused(kind, path)
    path.rmdir()
    refused(kind, path)
    (tmp_path / "way").symlink_to(tmp_path)
    refused(kind, tmp_path / "way" / other.name)


def test_a_socket_and_a_device_are_refused(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)  # the names of sockets are short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("o.bin")
        refused("bin", Path("o.bin"))
    refused("bin", Path("/dev/zero"))


@pytest.mark.parametrize("kind", ["json", "npy", "parquet", "bin"])
def test_no_more_bytes_are_read_than_the_step_may_write(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"o.{kind}"
    path.write_bytes(b"x" * 99) if kind == "bin" else good(kind, path)
    assert "allowed" in refused(kind, path, limit_bytes=5)


def test_a_folder_holds_plain_files_with_plain_names(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "c").write_bytes(b"x" * 600)
    assert artifacts.load("o", TYPES["d"], folder) == folder
    entry = folder / "a" / "odd"
    entry.symlink_to("/etc")
    assert "is a link" in refused("d", folder)
    entry.unlink()
    entry.hardlink_to(folder / "a" / "b" / "c")
    assert "hard link" in refused("d", folder)
    entry.unlink()
    os.mkfifo(entry)
    assert "no plain file" in refused("d", folder)
    entry.unlink()
    entry.write_bytes(b"x" * 600)
    assert "more than" in refused("d", folder)
    entry.unlink()
    Path(os.fsdecode(bytes(folder) + b"/\xff")).touch()
    assert "no UTF-8" in refused("d", folder)
    (tmp_path / "way").symlink_to(folder)
    refused("d", tmp_path / "way")


def test_a_folder_too_deep_is_refused(tmp_path: Path) -> None:
    (tmp_path / "d" / "/".join("a" * 40)).mkdir(parents=True)
    assert "inside each other" in refused("d", tmp_path / "d")


# Scoring: the metric must never see what is malformed.

METRIC = """
from pathlib import Path
def score(truth, prediction):
    Path(__file__).with_name("seen").touch()
    {body}
"""


def order(kind: str, folder: Path, body: str = "return {'m': 1.0}") -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    (folder / "metric.py").write_text(METRIC.format(body=body))
    truth = good(kind, folder / f"truth.{kind}")
    return {
        "inputs": [
            {"type": TYPES[kind], "path": str(folder / f"o.{kind}")},
            {"type": TYPES[kind], "path": str(truth)},
        ],
        "metric": {
            "name": "m", "unit": "1", "direction": "minimise", "range": [0, 4], "join": "key",
        },
        "code": str(folder / "metric.py"),
        "challenge": "c",
        "label": "l",
    }  # fmt: skip


KINDS = ("json", "npy", "parquet")


@st.composite
def malformed(draw: st.DrawFn, kind: str, valid: bytes) -> bytes:
    """A valid file, cut off, with bytes flipped or put in; or a hostile one from the list."""
    hostile = [data for case, data in HOSTILE.items() if case.endswith("." + kind)]
    how = draw(st.sampled_from(("cut", "flip", "insert", "hostile", "noise")))
    at = draw(st.integers(0, len(valid) - 1))
    if how == "cut":
        return valid[:at]
    if how == "flip":
        data = bytearray(valid)
        for place in draw(st.lists(st.integers(0, len(valid) - 1), min_size=1, max_size=8)):
            data[place] ^= draw(st.integers(1, 255))
        return bytes(data)
    if how == "insert":
        return valid[:at] + draw(st.binary(min_size=1, max_size=20)) + valid[at:]
    return draw(st.sampled_from(hostile)) if how == "hostile" else draw(st.binary(max_size=200))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=120, derandomize=True)
@given(data=st.data())
def test_of_malformed_predictions_none_crashes_the_scorer_and_none_scores(
    kind: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("score")
    work = order(kind, folder)
    valid = (folder / f"truth.{kind}").read_bytes()
    prediction = folder / f"o.{kind}"
    prediction.write_bytes(data.draw(malformed(kind, valid)))
    try:
        # A flip may give another valid file, as a 2 in the place of a 1: that one may score.
        artifacts.load("o", TYPES[kind], prediction)
    except ArtifactError:
        with pytest.raises(ArtifactError) as caught:
            score.run_score(work, folder, folder)
        assert caught.value.failure == "invalid_output"
        assert not (folder / "seen").exists()
        assert not (folder / "score.json").exists()


@pytest.mark.parametrize("case", [c for c in HOSTILE if c.rpartition(".")[2] in KINDS])
def test_a_hostile_prediction_is_refused_before_the_metric_sees_it(
    case: str, tmp_path: Path
) -> None:
    kind = case.rpartition(".")[2]
    work = order(kind, tmp_path)
    (tmp_path / f"o.{kind}").write_bytes(HOSTILE[case])
    with pytest.raises(ArtifactError):
        score.run_score(work, tmp_path, tmp_path)
    assert not (tmp_path / "seen").exists()
    assert not (tmp_path / "score.json").exists()


def test_a_prediction_that_is_a_link_to_the_truth_does_not_score(tmp_path: Path) -> None:
    work = order("json", tmp_path)
    (tmp_path / "o.json").symlink_to(tmp_path / "truth.json")
    with pytest.raises(ArtifactError, match="link"):
        score.run_score(work, tmp_path, tmp_path)


def test_a_good_prediction_scores(tmp_path: Path) -> None:
    work = order("json", tmp_path)
    good("json", tmp_path / "o.json")
    score.run_score(work, tmp_path, tmp_path)
    assert json.loads((tmp_path / "score.json").read_text())["value"] == 1.0


@pytest.mark.parametrize(
    "body",
    [
        "raise KeyError('a')", "return 1 / 0", "return None", "return {'m': 10**400}",
        "return {'m': float('nan')}", "return {'m': 1.0, 'n': float('inf')}", "return {'m': 5.0}",
    ],
)  # fmt: skip
def test_a_metric_that_fails_gives_no_score(body: str, tmp_path: Path) -> None:
    work = order("json", tmp_path, body)
    good("json", tmp_path / "o.json")
    with pytest.raises(ScoreInvalidError):
        score.run_score(work, tmp_path, tmp_path)
    assert not (tmp_path / "score.json").exists()
