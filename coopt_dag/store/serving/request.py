"""What a request asks for: a CID, a path below it, a form, and how much of the DAG."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlsplit

from coopt_dag.errors import ContentMissingError, ContentRefusedError, UsageError
from coopt_dag.store.cid import CID
from coopt_dag.store.names import file_name
from coopt_dag.store.serving.accept import Choice, choices
from coopt_dag.store.serving.span import Span, read_entity_bytes

PROBE = "bafkqaaa"
"""The empty identity CID, by which clients find out whether this is a trustless gateway."""
_MOST_NAMES = 128  # below the depth that readers accept
_MOST_PARAMETERS = 32
_CAR_WORDS = {"version": ("1",), "order": ("dfs", "unk"), "dups": ("n", "y")}
"""Parameters of a CAR, and what they may be; the first is what comes if nothing is said."""
_RAW, _CAR, _JSON = "application/vnd.ipld.raw", "application/vnd.ipld.car", "application/json"


class Form(StrEnum):
    """What is sent: one block, a stream of blocks, or content for people and plain programs."""

    RAW = "raw"
    CAR = "car"
    CONTENT = "content"


class Scope(StrEnum):
    """How much of the DAG below the end of the path goes into a CAR."""

    BLOCK = "block"
    ENTITY = "entity"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A request that has been understood."""

    root: CID | None
    """None for the probe."""
    names: tuple[str, ...]
    folder: bool
    """The path ended with a slash."""
    form: Form
    by_header: bool
    """The form was chosen by `Accept`, not by the address."""
    listing: bool
    """Folders as JSON."""
    scope: Scope = Scope.ALL
    span: Span | None = None
    repeats: bool = False
    filename: str = ""
    download: bool = False
    query: str = ""

    @property
    def path(self) -> str:
        """The path as it can stand in a header, without what was odd about the request's own."""
        end = "/" if self.folder else ""
        return "/".join(("/ipfs", str(self.root or PROBE), *map(quote, self.names))) + end


def read_request(target: str, accept: str) -> Wanted:
    """Understand a request's target and `Accept` header, or refuse it.

    Raises
    ------
    ContentMissingError
        Nothing is ever served there.
    UsageError
        A CID, path or parameter that means nothing.

    References
    ----------
    Trustless Gateway Specification and Path Gateway Specification, "HTTP Request".

    Examples
    --------
    >>> cid = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
    >>> wanted = read_request(f"/ipfs/{cid}/a%20b?format=car&dag-scope=entity", "")
    >>> wanted.form.value, wanted.scope.value, wanted.names
    ('car', 'entity', ('a b',))
    """
    try:
        target.encode()  # bytes that are no UTF-8 arrive as surrogates
        parts = urlsplit(target)
    except ValueError as error:
        raise _refused("the address means nothing", "e.g. /ipfs/CID/PATH.") from error
    root, names = _path(parts.path)
    words = _parameters(parts.query)
    wishes = choices(accept)
    possible = [wish for wish in wishes if wish.media != _CAR or _is_possible(wish)]
    form, choice = _form(words.get("format"), possible or wishes)
    wanted = Wanted(
        root=root,
        names=names,
        folder=parts.path.endswith("/"),
        form=form,
        by_header=form != Form.CONTENT and "format" not in words,
        listing=choice.media == _JSON,
        filename=words.get("filename", "")[:255],
        download=words.get("download") == "true",
        query=quote(parts.query, safe="%&=+:,*/?@;!$'()"),
    )
    if form == Form.RAW and names:
        raise _refused("a raw block is asked for by its CID alone", "leave the path out.")
    return _with_car_words(wanted, words, choice) if form == Form.CAR else wanted


def _path(path: str) -> tuple[CID | None, tuple[str, ...]]:
    space, *parts = [part for part in path.split("/") if part] or [""]
    if space != "ipfs" or not parts:
        raise ContentMissingError(
            "nothing is served here.", hint="the addresses of this gateway are /ipfs/CID[/PATH]."
        )
    if len(parts) > _MOST_NAMES:
        raise _refused(f"more than {_MOST_NAMES} names in a path", "shorten it.")
    try:
        names = tuple(file_name(unquote_to_bytes(part)) for part in parts[1:])
    except ContentRefusedError as error:
        raise UsageError(error.message, hint=error.hint) from error
    return (None if parts[0] == PROBE else CID.parse(parts[0])), names


def _parameters(query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError as error:
        raise _refused("too many parameters", "leave some out.") from error
    words = dict(pairs)
    if len(words) != len(pairs):
        raise _refused("a parameter is there twice", "say it once.")
    return words


def _form(format_: str | None, wanted: list[Choice]) -> tuple[Form, Choice]:
    """Choose a form; the address says more than the header."""
    known = {_RAW: Form.RAW, _CAR: Form.CAR}
    if format_ is None:
        for choice in wanted:
            if choice.media in known or choice.media == _JSON or "text/" in choice.media:
                return known.get(choice.media, Form.CONTENT), choice
        if wanted and all("/vnd.ip" in choice.media for choice in wanted):
            raise _refused(f"there is no {wanted[0].media[:60]} here", f"ask for {_RAW} or {_CAR}.")
        return Form.CONTENT, Choice("*/*")
    if format_ not in (Form.RAW, Form.CAR):
        raise _refused(f"there is no format '{format_[:40]}'", "raw and car are known.")
    form = Form(format_)
    return form, next((c for c in wanted if known.get(c.media) == form), Choice("*/*"))


def _is_possible(choice: Choice) -> bool:
    """Tell a CAR that we could send; a client may name several kinds, best first."""
    return all(choice.get(name, known[0]) in known for name, known in _CAR_WORDS.items())


def _with_car_words(wanted: Wanted, words: dict[str, str], choice: Choice) -> Wanted:
    chosen = {}
    for name, known in _CAR_WORDS.items():
        chosen[name] = words.get(f"car-{name}", choice.get(name, known[0]))
        if chosen[name] not in known:
            text = f"no CAR has {name}={chosen[name][:40]}"
            raise _refused(text, f"known: {', '.join(known)}.")
    span = read_entity_bytes(words["entity-bytes"]) if "entity-bytes" in words else None
    scope = words.get("dag-scope", Scope.ENTITY if span else Scope.ALL)
    if scope not in set(Scope):
        raise _refused(f"no dag-scope '{scope[:40]}'", f"known: {', '.join(Scope)}.")
    if span:
        scope = Scope.ENTITY  # the specification has it imply this scope
    return Wanted(
        root=wanted.root,
        names=wanted.names,
        folder=wanted.folder,
        form=wanted.form,
        by_header=wanted.by_header,
        listing=False,
        scope=Scope(scope),
        span=span,
        repeats=chosen["dups"] == "y",
        filename=wanted.filename,
    )


def _refused(what: str, hint: str) -> UsageError:
    return UsageError(f"{what}.", hint=hint)
