"""One specification file becomes one model that knows its lines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel

from coopt_dag.errors import SpecError, SpecGroupError, near
from coopt_dag.model.artifact import ArrayType, FileType, FolderType, JsonType, TableType
from coopt_dag.specs.marks import Document, Source
from coopt_dag.specs.validate import validate
from coopt_dag.specs.yaml_text import MAX_BYTES, parse_yaml

if TYPE_CHECKING:
    from coopt_dag.specs.view import View

AnyType = TableType | ArrayType | JsonType | FileType | FolderType
T = TypeVar("T", bound=BaseModel)
T_co = TypeVar("T_co", covariant=True)

TYPE_MODELS: dict[str, type[AnyType]] = {
    "table": TableType,
    "array": ArrayType,
    "json": JsonType,
    "file": FileType,
    "folder": FolderType,
}


@dataclass(frozen=True, slots=True)
class Read(Generic[T_co]):
    """A model and the file that it came from."""

    spec: T_co
    source: Source


def read_text(path: Path, *, view: View) -> str:
    """Give the text of a specification file.

    Raises
    ------
    SpecError
        The file is missing, too large, or not UTF-8.
    """
    shown = view.show(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SpecError(
                f"is larger than {MAX_BYTES} bytes.",
                hint="keep data in files under data/.",
                path=shown,
            )
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise SpecError("does not exist.", hint="write this file.", path=shown) from None
    except PermissionError:
        raise SpecError("cannot be read.", hint="check its permissions.", path=shown) from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise SpecError(
            "is not UTF-8 text.", hint="save it as UTF-8.", path=shown, line=line
        ) from error


def read_spec(path: Path, model: type[T], *, view: View) -> Read[T]:
    """Read a YAML file as `model`.

    Raises
    ------
    SpecError
        Its text cannot be read at all.
    SpecGroupError
        Every value that does not fit.
    """
    document, source = _open(path, view)
    return Read(validate(document, model, source), source)


def read_type(path: Path, *, view: View) -> Read[AnyType]:
    """Read an artifact type; `kind` decides which.

    Raises
    ------
    SpecError
        Its text cannot be read, or `kind` is missing or unknown.
    SpecGroupError
        Every value that does not fit.
    """
    document, source = _open(path, view)
    value = document.value
    kind = value.get("kind") if isinstance(value, dict) else None
    if kind is None:
        raise source.error(("kind",), "kind is missing.", hint=near("", TYPE_MODELS))
    model = TYPE_MODELS.get(str(kind))
    if model is None:
        raise source.error(
            ("kind",), f"kind is '{kind}', which is no kind.", hint=near(str(kind), TYPE_MODELS)
        )
    return Read(validate(document, model, source), source)


def each(error: SpecError) -> list[SpecError]:
    """Give the single complaints that `error` stands for."""
    return error.errors if isinstance(error, SpecGroupError) else [error]


def _open(path: Path, view: View) -> tuple[Document, Source]:
    shown = view.show(path)
    document = parse_yaml(read_text(path, view=view), shown=shown)
    source = Source(path, shown, document.marks)
    if not isinstance(document.value, dict):
        raise source.error((), "is not a mapping of keys to values.", hint="write `key: value`.")
    return document, source
