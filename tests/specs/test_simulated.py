"""Simulators: what lint says beyond the broken workspaces; notes on seeds that are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopt_dag.model.artifact import ArrayType, Axis
from coopt_dag.model.unit import is_unit
from coopt_dag.specs.lint import lint, notes
from tests.workspaces import SIMULATOR

SIMULATE = "def simulate(out, *, rng, params):\n    pass\n"


@pytest.fixture
def simulator(tiny):
    """Give the valid challenge a simulator with this recipe, and these words changed."""

    def write(recipe=SIMULATE, *changes):
        folder = tiny.steps_dir / "tiny"
        text = SIMULATOR.replace("library: lib\n", "")
        for old, new in changes:
            assert text.count(old) == 1
            text = text.replace(old, new)
        (folder / "challenge.yaml").write_text((folder / "challenge.yaml").read_text() + text)
        (folder / "generate.py").write_text(recipe)
        return tiny

    return write


@pytest.mark.parametrize(
    "recipe",
    [
        SIMULATE,
        "def simulate(out, rng, params):\n    pass\n",
        "def simulate(out, **found):\n    pass\n",
        "def simulate(*places, rng, params, depth=3):\n    pass\n",
        "from drawing import simulate\n",
        "from drawing import draw as simulate\n",
        "import drawing\n\nsimulate = drawing.draw\n",
    ],
)
def test_a_recipe_that_can_be_called_is_taken(simulator, recipe):
    assert lint(simulator(recipe).root) == []


@pytest.mark.parametrize(
    ("recipe", "line", "reason"),
    [
        ("x = 1\nsimulate(\n", 2, "is no Python: '(' was never closed."),
        ("x = '\udcff'\n", 1, "is no Python"),
        ("def simulate(*, rng, params):\n    pass\n", 1, "simulate does not take out."),
        ("def simulate(out, seed):\n    pass\n", 1, "simulate does not take rng, params."),
        ("def simulate(out, rng, params, /):\n    pass\n", 1, "does not take rng, params."),
        ("class A:\n    def simulate(out, rng, params):\n        pass\n", 1, "has no function"),
        ("", 1, "has no function 'simulate'"),
    ],
)
def test_a_recipe_that_cannot_be_called_is_refused_at_its_line(simulator, recipe, line, reason):
    root = simulator().root
    (root / "steps/tiny/generate.py").write_text(recipe, errors="surrogateescape")
    (found,) = lint(root)
    assert (found.path, found.line) == ("steps/tiny/generate.py", line)
    assert reason in found.message
    assert found.hint


def test_a_recipe_that_is_missing_brings_one_complaint(simulator):
    root = simulator().root
    (root / "steps/tiny/generate.py").unlink()
    (found,) = lint(root)
    assert found.field == "origin.recipe"


def test_a_hidden_split_with_a_written_seed_is_noted(simulator):
    root = simulator(SIMULATE, ("quiz: {", "quiz: {seed: 8, ")).root
    assert (
        "steps/tiny/challenge.yaml: split 'quiz' is hidden, but its seed is written (`seed: 8`): "
        "whoever reads it can make its truths"
    ) in notes(root)


def test_a_public_split_without_a_seed_is_noted(simulator):
    root = simulator(SIMULATE, ("seed: 7, ", "")).root
    assert any("'public' is public, but has no `seed`" in line for line in notes(root))


def test_a_simulator_as_it_should_be_is_not_noted(simulator):
    assert not any("seed" in line for line in notes(simulator().root))


@pytest.mark.parametrize("seed", ["-1", "18446744073709551616", "1.5", "seven"])
def test_a_seed_is_a_whole_number_of_64_bits(simulator, seed):
    root = simulator(SIMULATE, ("seed: 7", f"seed: {seed}")).root
    assert [e.field for e in lint(root)] == ["origin.simulator.public.seed"]


symbols = st.from_regex(r"[a-zA-Zµ°Ω%][a-zA-Zµ]{0,3}", fullmatch=True)
powers = st.sampled_from(["", "2", "^2", "^-1", "-1", "^0.5", "^(1/2)"])
factors = st.just("1") | st.tuples(symbols, powers).map("".join)
units = st.recursive(
    factors,
    lambda inner: (
        st.tuples(inner, st.sampled_from("*/·"), inner).map("".join) | inner.map("({})".format)
    ),
    max_leaves=6,
)


@given(units)
def test_products_quotients_and_powers_of_units_are_units(text):
    assert is_unit(text)


@given(units, st.sampled_from(["", " ", "*", "//", "^", "(", "in", "?"]), units)
def test_two_units_with_no_sign_between_them_are_none(left, between, right):
    if is_unit(f"{left}{between}{right}"):
        assert between in {"", "*", "in"}  # "um" "ns" without a space reads as one symbol


@pytest.mark.parametrize("unit", ["1", "stars", "s", "credits", "um", "mrad", "GeV", "rad/ns"])
def test_units_in_use_are_units(unit):
    assert is_unit(unit)


def quadrature(**words):
    return Axis(name="quadrature", unit="1", description="Which drive.", **words)


def pulse(*axes, shape):
    return ArrayType(
        id="pulse", kind="array", summary="x", dtype="int8", unit="1", shape=shape, axes=axes
    )


def test_labels_name_the_places_of_an_axis_and_may_have_units_of_their_own():
    axis = quadrature(labels=["i", "q"], label_units=["V", "mV"])
    assert pulse(axis, shape=(2,)).axes == (axis,)


@pytest.mark.parametrize(
    ("words", "shape", "reason"),
    [
        ({"labels": ["i", "q"]}, (None,), "2 labels, its length in shape is any"),
        ({"labels": []}, (2,), "0 labels"),
        ({"labels": ["i", "i"]}, (2,), "'i' stands there twice"),
        ({"labels": ["i", "q"], "label_units": ["V"]}, (2,), "1 for 2 labels"),
        ({"label_units": ["V", "V"]}, (2,), "2 for 0 labels"),
        ({}, (), "axes has 1 for 0 lengths"),
    ],
)
def test_axes_that_do_not_fit_the_shape_are_refused(words, shape, reason):
    with pytest.raises(ValueError, match=reason):
        pulse(quadrature(**words), shape=shape)


def test_an_axis_declared_twice_is_refused():
    with pytest.raises(ValueError, match="'quadrature' is declared twice"):
        pulse(quadrature(), quadrature(), shape=(2, 2))
