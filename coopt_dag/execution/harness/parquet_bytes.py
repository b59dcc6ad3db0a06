"""From the bytes of a Parquet file to plain columns: bounds first, then batch by batch.

What the file says of its sizes is checked before any value is read, and counted again while
they are read, since it may lie. Texts are read as dictionaries: a long text that a million rows
point to takes its own size, and is refused before it is written out a million times.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Collection

LONGEST_FOOTER = 1 << 24
MOST_ROW_GROUPS = 1 << 14
MOST_CELLS = 1 << 32
"""Rows times columns."""
BATCH_ROWS = 1 << 20

_ENCODINGS = {
    "PLAIN", "RLE", "BIT_PACKED", "PLAIN_DICTIONARY", "RLE_DICTIONARY", "DELTA_BINARY_PACKED",
    "BYTE_STREAM_SPLIT", "DELTA_LENGTH_BYTE_ARRAY",
}  # fmt: skip
"""Not DELTA_BYTE_ARRAY, which unpacks without bound."""
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{16,}")
_TEXT_BYTES = 16  # a text's place in its column, beyond its own bytes


def read_columns(data: bytes, declared: Collection[str], *, limit_bytes: int) -> pa.Table:
    """Read a flat table of numbers, truth values and texts that unpacks to `limit_bytes` at most.

    Raises
    ------
    ValueError
        Anything else; what pyarrow itself finds wrong keeps pyarrow's own error.
    """
    check_footer(data)
    with pq.ParquetFile(pa.BufferReader(data)) as file:
        schema = file.schema_arrow
        texts = [f.name for f in schema if _is_text(f.type)]
        _check_schema(schema, declared)
        _check_size(file.metadata, schema, limit_bytes)
    with pq.ParquetFile(pa.BufferReader(data), read_dictionary=texts) as file:
        _check_chunks(file, limit_bytes)
        return _read(file, schema, limit_bytes)


def check_footer(data: bytes) -> None:
    r"""Refuse what is no Parquet, is encrypted, or names types of Python, before it is parsed.

    >>> check_footer(b"PAR1" + b"\0" * 8 + b"PARE")
    Traceback (most recent call last):
    ValueError: it does not begin and end as one
    """
    if len(data) < 12 or data[:4] != b"PAR1" or data[-4:] != b"PAR1":
        raise ValueError("it does not begin and end as one")
    length = int.from_bytes(data[-8:-4], "little")
    if not 0 < length <= min(LONGEST_FOOTER, len(data) - 12):
        raise ValueError(f"its footer says to have {length} bytes")
    footer = data[-8 - length : -8]
    # A stored Arrow schema may name an extension type; old versions of pyarrow unpickle it.
    for run in _BASE64.findall(footer[max(footer.find(b"ARROW:schema"), 0) :]):
        for shift in range(4):
            part = run[shift:]
            if b"ARROW:extension" in base64.b64decode(part[: len(part) // 4 * 4]):
                raise ValueError("it holds an extension type")


def _is_text(type_: pa.DataType) -> bool:
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def _is_number(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_boolean(type_)
    )


def _check_schema(schema: pa.Schema, declared: Collection[str]) -> None:
    if len(set(schema.names)) != len(schema.names) or len(schema.names) > len(declared):
        raise ValueError(f"it has columns {schema.names[:20]}, declared are {sorted(declared)}")
    for field in schema:
        if not (_is_number(field.type) or _is_text(field.type)):
            raise ValueError(f"column {field.name!r} holds {field.type}, not plain values")


def _check_size(metadata: Any, schema: pa.Schema, limit_bytes: int) -> None:
    rows = metadata.num_rows
    if (
        metadata.num_row_groups > MOST_ROW_GROUPS
        or not 0 <= rows * metadata.num_columns <= MOST_CELLS
    ):
        raise ValueError(f"it has {rows} rows in {metadata.num_row_groups} groups")
    if _row_bytes(schema) * rows > limit_bytes:
        raise ValueError(f"its {rows} rows unpack to more than the {limit_bytes} bytes allowed")


def _check_chunks(file: Any, limit_bytes: int) -> None:
    """Refuse odd encodings, other files, and more bytes than allowed, by what the footer says.

    One row of each group is read first: what is malformed is an exception there, and the end
    of the process when pyarrow 26 is asked for a chunk's metadata.
    """
    unpacked = 0
    for number in range(file.metadata.num_row_groups):
        first = next(file.iter_batches(1, row_groups=[number], use_threads=False), None)
        if first is None:
            continue
        group = file.metadata.row_group(number)
        for chunk in (group.column(c) for c in range(group.num_columns)):
            odd = set(chunk.encodings) - _ENCODINGS
            if odd or chunk.file_path:
                raise ValueError(f"a column is stored as {sorted(odd) or 'another file'}")
            unpacked += max(chunk.total_uncompressed_size, 0)
    if unpacked > limit_bytes:
        raise ValueError(f"it unpacks to {unpacked} bytes, {limit_bytes} are allowed")


def _row_bytes(schema: pa.Schema) -> int:
    return sum(_TEXT_BYTES if _is_text(t) else max(t.bit_width // 8, 1) for t in schema.types)


def _read(file: Any, schema: pa.Schema, limit_bytes: int) -> pa.Table:
    """Read batch by batch, in one thread: a forked child must not touch Arrow's thread pools."""
    plain = pa.schema([(f.name, pa.string() if _is_text(f.type) else f.type) for f in schema])
    left, batches = limit_bytes, []
    for batch in file.iter_batches(BATCH_ROWS, use_threads=False):
        left -= batch.num_rows * _row_bytes(schema)
        left -= sum(_text_bytes(c) for c in batch.columns if pa.types.is_dictionary(c.type))
        if left < 0:
            raise ValueError(f"it unpacks to more than the {limit_bytes} bytes allowed")
        cast = [c.cast(pa.string()) if pa.types.is_dictionary(c.type) else c for c in batch.columns]
        batches.append(pa.RecordBatch.from_arrays(cast, schema=plain))
    return pa.Table.from_batches(batches, schema=plain)


def _text_bytes(column: pa.DictionaryArray) -> int:
    lengths = pc.binary_length(column.dictionary).cast(pa.int64())
    return int(pc.sum(lengths.take(column.indices)).as_py() or 0)
