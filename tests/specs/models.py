"""Strategies that build random valid models, with texts that trip YAML readers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from coopt_dag.model import artifact, challenge, metric, science, solution, step, workspace

TRICKY = [
    "no", "on", "1e-3", "1_000", "010", "1:30", "~", "null", "0x1F", ".nan", "2026-01-31", "- a",
    "a: b", "a #b", "'", '"', "&a", "*a", "!x", "|", "%", "@", "`", "{", "[", "<<", "=",
    "\u00e9\u20ac", "a\nb", "a\n\n  b\n c", "tab\tinside", "\u2028", "\x85x", "back\\slash",
    "--- a", "... b", "\U0001f600", "x" * 150 + " " + "y" * 60, "\x7f", "\ufeffbom",
]  # fmt: skip
slugs = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True) | st.sampled_from(["no", "y", "on"])
printable = st.text("aZ09 äß€#:'\"-[]{}&*!|>%@`,?\\\n\t", min_size=1, max_size=40)
texts = (st.sampled_from(TRICKY) | printable).filter(lambda t: t.strip())
units = texts.filter(lambda t: len(t) <= 40)
paths = st.lists(slugs, min_size=1, max_size=3).map("/".join)
numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(1, 200)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)


def some(values, *, low=0, high=3):
    return st.lists(values, min_size=low, max_size=high).map(tuple)


def mapping(values, *, low=0, high=3):
    return st.dictionaries(slugs, values, min_size=low, max_size=high)


def maybe(values):
    return st.none() | values


columns = st.builds(
    artifact.Column,
    name=slugs,
    dtype=st.sampled_from(["int32", "float64", "string", "bool"]),
    unit=units,
    description=texts,
    required=st.booleans(),
    minimum=maybe(numbers),
    maximum=maybe(numbers),
    values=maybe(some(texts)),
)


@st.composite
def tables(draw):
    found = draw(st.lists(columns, min_size=1, max_size=3, unique_by=lambda c: c.name))
    key = draw(st.lists(st.sampled_from([c.name for c in found]), min_size=1, max_size=2))
    return artifact.TableType(
        id=draw(slugs), kind="table", summary=draw(texts), columns=tuple(found), key=tuple(key)
    )


@st.composite
def axes(draw, shape, names):
    """Give an axis for each length; those of fixed length may have labels."""
    found = []
    for length, name in zip(shape, names, strict=True):
        labels = draw(st.booleans()) if length is not None else False
        exactly = {"min_size": length, "max_size": length}
        found.append(
            artifact.Axis(
                name=name,
                unit=draw(units),
                description=draw(texts),
                labels=draw(st.lists(slugs, unique=True, **exactly)) if labels else None,
                label_units=draw(maybe(st.lists(units, **exactly))) if labels else None,
            )
        )
    return tuple(found)


@st.composite
def arrays(draw):
    shape = draw(some(maybe(st.integers(0, 3))))
    names = draw(st.lists(slugs, unique=True, min_size=len(shape), max_size=len(shape)))
    return artifact.ArrayType(
        id=draw(slugs),
        kind="array",
        summary=draw(texts),
        dtype=draw(st.sampled_from(["int8", "float32"])),
        unit=draw(units),
        shape=shape,
        axes=draw(maybe(axes(shape, names))),
        minimum=draw(maybe(numbers)),
        maximum=draw(maybe(numbers)),
    )


types = st.one_of(
    tables(),
    arrays(),
    st.builds(
        artifact.JsonType,
        id=slugs,
        kind=st.just("json"),
        summary=texts,
        fields=some(
            st.builds(
                artifact.JsonField,
                name=texts,
                type=st.sampled_from(["number", "array"]),
                unit=units,
                description=texts,
                required=st.booleans(),
            )
        ),
    ),
    st.builds(
        artifact.FileType,
        id=slugs,
        kind=st.just("file"),
        summary=texts,
        suffix=st.sampled_from([".bin", ".tar.gz", ".1e3"]),
        max_size_bytes=counts,
    ),
    st.builds(
        artifact.FolderType,
        id=slugs,
        kind=st.just("folder"),
        summary=texts,
        max_size_bytes=counts,
    ),
)


def metrics(predictions=slugs):
    return st.builds(
        metric.Metric,
        name=slugs,
        unit=units,
        range=st.lists(numbers, min_size=2, max_size=2, unique=True).map(sorted).map(tuple),
        direction=st.sampled_from(["minimise", "maximise"]),
        prediction=predictions,
        truth=slugs,
        min_delta=numbers.map(abs),
        tolerance=numbers.map(abs),
        join=st.sampled_from(["key", "whole"]),
        code=paths,
        summary=texts,
        reference=texts,
    )


@st.composite
def steps(draw):
    outputs = draw(mapping(slugs, low=1))
    return step.Step(
        schema="coopt/step/1",
        id=draw(slugs),
        version=draw(counts),
        summary=draw(texts),
        question=draw(texts),
        inputs=draw(mapping(slugs, low=1)),
        outputs=outputs,
        metric=draw(metrics(st.sampled_from(sorted(outputs)))),
        budget=draw(
            st.builds(step.Budget, cpu=counts, mem_mb=st.integers(16, 10**6), wall_s=counts)
        ),
        keywords=draw(some(texts)),
    )


entries = st.one_of(
    st.builds(solution.Entry, python=paths, function=st.sampled_from(["solve", "no", "_x1"])),
    st.builds(solution.Entry, command=some(texts, low=1)),
)
solutions = st.builds(
    solution.Solution,
    schema=st.just("coopt/solution/1"),
    id=slugs,
    summary=texts,
    authors=some(texts, low=1),
    licence=units,
    parents=some(texts),
    entry=entries,
    params=mapping(json_values),
    environment=maybe(paths),
)


@st.composite
def sprints(draw):
    zone = draw(st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]))
    opens = draw(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001
    closes = opens + draw(st.timedeltas(timedelta(microseconds=1), timedelta(days=900)))
    return challenge.Sprint(
        id=draw(slugs), opens=opens.replace(tzinfo=zone), closes=closes.replace(tzinfo=zone)
    )


ports = st.tuples(slugs, slugs).map(".".join)


@st.composite
def limits(draw):
    low, high = sorted([draw(numbers), draw(numbers)])
    return draw(
        st.sampled_from([{"at_least": low}, {"at_most": high}, {"at_least": low, "at_most": high}])
    )


@st.composite
def bounds(draw, kind, **words):
    told = {name: draw(strategy) for name, strategy in words.items()}
    return kind(id=draw(slugs), value=draw(slugs), summary=draw(texts), **draw(limits()), **told)


constraints = bounds(metric.Constraint, split=slugs, against=maybe(slugs))
origins = st.builds(
    challenge.DataOrigin,
    kind=st.sampled_from(["real", "simulated"]),
    summary=texts,
    licence=texts,
    recipe=paths,
    package=maybe(texts),
    wheel_sha256=maybe(st.text("0123456789abcdef", min_size=64, max_size=64)),
    members=some(texts),
    simulator=maybe(
        mapping(
            st.builds(
                challenge.SimulatedSplit,
                seed=maybe(st.integers(0, 2**64 - 1)),
                params=mapping(json_values),
            )
        )
    ),
)
validations = st.builds(
    science.Validation,
    code=paths,
    seed=st.integers(0, 2**64 - 1),
    wall_s=counts,
    checks=some(bounds(science.Check, unit=units, reference=texts), low=1),
)
plots = st.builds(
    science.Plots,
    code=paths,
    split=maybe(slugs),
    pictures=some(
        st.builds(science.Picture, id=slugs, form=st.sampled_from(["svg", "png"]), caption=texts),
        low=1,
    ),
)
challenges = st.builds(
    challenge.Challenge,
    schema=st.just("coopt/challenge/1"),
    id=slugs,
    title=texts,
    question=texts,
    goal=texts,
    manifest=texts,
    data=mapping(slugs),
    truths=mapping(slugs),
    steps=some(slugs, low=1),
    edges=some(st.builds(lambda a, b: challenge.Edge(**{"from": a, "to": b}), ports, ports), low=1),
    splits=mapping(
        st.builds(
            challenge.Split,
            visibility=st.sampled_from(["public", "quiz", "sealed"]),
            inputs=mapping(paths),
            truths=mapping(paths),
        ),
        low=1,
    ),
    end_to_end=st.builds(
        challenge.EndToEnd,
        step=slugs,
        metric=metrics(),
        record_split=slugs,
        final_split=slugs,
        constraints=some(constraints),
    ),
    environment=st.builds(challenge.Environment, lock=paths, preload=some(texts)),
    origin=maybe(origins),
    validation=maybe(validations),
    plots=maybe(plots),
    sprints=some(sprints()),
    seed=st.integers(0, 2**32 - 1),
    budget_credit=st.integers(0, 2**96 - 1),
    licence=texts,
    references=some(texts),
    keywords=some(texts),
    extra=st.dictionaries(texts, json_values, max_size=2),
)
workspaces = st.builds(
    workspace.Workspace,
    schema=st.just("coopt/workspace/1"),
    name=texts,
    paths=st.builds(workspace.Paths, steps=paths, data=paths, store=paths, state=paths),
    ledger=st.builds(
        workspace.LedgerConfig,
        kind=st.sampled_from(["embedded", "rpc", "memory"]),
        url=maybe(st.just("http://127.0.0.1:8545")),
        address=maybe(st.just("0x" + "aB" * 20)),
    ),
    identity=maybe(texts),
    identities=maybe(paths),
)
