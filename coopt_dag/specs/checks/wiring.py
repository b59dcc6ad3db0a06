"""Edges between the steps of a challenge: ends, types, one edge for each input, no cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.errors import near
from coopt_dag.graph.order import find_cycle
from coopt_dag.specs.checks.structure import RESERVED

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from coopt_dag.errors import SpecError
    from coopt_dag.model.challenge import Challenge
    from coopt_dag.specs.draft import Draft
    from coopt_dag.specs.read import Read


def edge_errors(draft: Draft, read: Read[Challenge]) -> Iterator[SpecError]:
    """Complain about edges whose ends do not exist or do not fit, and about doubled inputs."""
    sources: dict[str, Mapping[str, str]] = {RESERVED: read.spec.data}
    targets: dict[str, Mapping[str, str]] = {}
    for name, step in draft.steps.items():
        sources[name] = step.spec.outputs
        targets[name] = step.spec.inputs
    broken = draft.step_names - set(draft.steps)
    seen: dict[str, int] = {}
    for i, edge in enumerate(read.spec.edges):
        ends = (
            _End(read, ("edges", i, "from"), edge.source, "output"),
            _End(read, ("edges", i, "to"), edge.target, "input"),
        )
        source = yield from ends[0].find(sources, broken)
        target = yield from ends[1].find(targets, broken)
        # An undeclared type has its own complaint, where it is used.
        if source != target and {source, target} <= draft.type_names:
            yield read.source.error(
                ("edges", i),
                f"edges[{i}] joins {edge.source} of type '{source}' "
                f"to {edge.target} of type '{target}'.",
                hint="join ports of one type, or change a type.",
            )
        if edge.target in seen:
            first = read.source.line(("edges", seen[edge.target]))
            yield read.source.error(
                ("edges", i, "to"),
                f"edges[{i}].to is '{edge.target}', which the edge on line {first} feeds already.",
                hint="give every input exactly one edge.",
            )
        seen.setdefault(edge.target, i)


class _End:
    """One end of an edge, looked up among the ports that exist."""

    __slots__ = ("loc", "port", "read", "side")

    def __init__(
        self, read: Read[Challenge], loc: tuple[str | int, ...], port: str, side: str
    ) -> None:
        self.read = read
        self.loc = loc
        self.port = port
        self.side = side

    def find(
        self, ports: Mapping[str, Mapping[str, str]], broken: frozenset[str] | set[str]
    ) -> Generator[SpecError, None, str | None]:
        """Give the type of the port, or complain and give None."""
        step, _, name = self.port.partition(".")
        if step in broken:
            return None
        where = f"edges[{self.loc[1]}].{self.loc[2]} is '{self.port}'"
        if step not in ports:
            text = f"{where}, but there is no step '{step}'."
            yield self.read.source.error(self.loc, text, hint=near(step, ports))
            return None
        if name not in ports[step]:
            owner = "data has no entry" if step == RESERVED else f"step '{step}' has no {self.side}"
            yield self.read.source.error(
                self.loc, f"{where}, but {owner} '{name}'.", hint=near(name, ports[step])
            )
            return None
        return ports[step][name]


def unfed_errors(draft: Draft, read: Read[Challenge]) -> Iterator[SpecError]:
    """Complain about inputs that no edge feeds."""
    fed = {edge.target for edge in read.spec.edges}
    for name, step in draft.steps.items():
        for port in step.spec.inputs:
            if f"{name}.{port}" not in fed and name in read.spec.steps:
                yield step.source.error(
                    ("inputs", port),
                    f"inputs.{port} is fed by no edge of the challenge.",
                    hint=f"add `- {{from: …, to: {name}.{port}}}` to edges in {read.source.shown}.",
                    at_key=True,
                )


def cycle_errors(read: Read[Challenge]) -> Iterator[SpecError]:
    """Complain about the first cycle, at the edge that closes it."""
    spec = read.spec
    steps = list(dict.fromkeys(spec.steps))
    joins = [(e.source.partition(".")[0], e.target.partition(".")[0]) for e in spec.edges]
    cycle = find_cycle(steps, [j for j in joins if set(j) <= set(steps)])
    if cycle is not None:
        i = joins.index((cycle[-2], cycle[-1]))
        yield read.source.error(
            ("edges", i),
            f"edges[{i}] closes the cycle {' -> '.join(cycle)}.",
            hint="remove or turn one of these edges; a step cannot wait for its own result.",
        )
