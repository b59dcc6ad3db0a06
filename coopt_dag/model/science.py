"""What a challenge says of its own data: measured against the literature, and drawn."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from coopt_dag.model.base import Frozen, RelativePath, Sentence, Slug
from coopt_dag.model.metric import Bound

Seed = Annotated[int, Field(ge=0, lt=2**64)]
WallSeconds = Annotated[int, Field(ge=1, le=3600)]
Megabytes = Annotated[int, Field(ge=64, le=1 << 20)]


class Check(Bound):
    """A band for one measured quantity, and the literature that it is from."""

    unit: Annotated[str, Field(min_length=1, max_length=40)]
    reference: Sentence
    """Where the band comes from: a DOI, or a paper and section."""

    def holds(self, value: float) -> bool:
        """Tell whether a measured value is within the band; its ends are."""
        low = self.at_least is None or value >= self.at_least
        return low and (self.at_most is None or value <= self.at_most)

    @property
    def band(self) -> str:
        """Give the band as it is written on paper, with digits enough for one that is narrow.

        >>> Check(id="x", value="x", unit="mm", at_least=5, at_most=5.0000002, summary="Y.",
        ...       reference="doi").band
        '5 to 5.0000002'
        """
        low, high = self.at_least, self.at_most
        if low is None:
            return f"<= {high:.12g}"
        return f">= {low:.12g}" if high is None else f"{low:.12g} to {high:.12g}"


class Validation(Frozen):
    """How the simulator is measured; `coopt lint` does it whenever something changed."""

    code: RelativePath = "validation.py"
    """Python file beside challenge.yaml with `measure(*, rng) -> dict[str, float]`."""
    seed: Seed = 0
    wall_s: WallSeconds = 120
    mem_mb: Megabytes = 2048
    checks: Annotated[tuple[Check, ...], Field(min_length=1)]


class Picture(Frozen):
    """One picture of the README, `pictures/<id>.<form>` beside challenge.yaml."""

    id: Slug
    form: Literal["svg", "png"] = "svg"
    caption: Sentence

    @property
    def file(self) -> str:
        """Give its name.

        >>> Picture(id="profile", caption="Tracks by depth.").file
        'profile.svg'
        """
        return f"{self.id}.{self.form}"


class Plots(Frozen):
    """Pictures of the public split, drawn by `coopt challenge plots`."""

    code: RelativePath = "plots.py"
    """Python file beside challenge.yaml with `plot(inputs, truths, out, *, rng)`."""
    split: Slug | None = None
    """A public split; absent = the first one."""
    seed: Seed = 0
    wall_s: WallSeconds = 120
    mem_mb: Megabytes = 2048
    pictures: Annotated[tuple[Picture, ...], Field(min_length=1)]
