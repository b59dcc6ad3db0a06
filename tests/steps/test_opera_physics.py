"""Showers of opera_showers against textbooks, and what its files say and do not say."""

from __future__ import annotations

import importlib
import os
import runpy
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from tests.steps.bench import STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = STEPS / "opera_showers"
LEAD = {"x0_um": 5600.0, "critical_mev": 7.4}
SPLIT = {"training": 8, "targets": 32}
FILES = {
    "tracks": ["volume", "track", "plate", "x", "y", "tx", "ty"],
    "labels": ["volume", "track", "shower", "particle"],
    "showers": ["volume", "shower", "energy", "x", "y", "plate", "tx", "ty"],
    "true_links": ["volume", "a", "b"],
}
KEYS = {
    "tracks": ["volume", "track"],
    "labels": ["volume", "track"],
    "showers": ["volume", "shower"],
    "true_links": ["volume", "a", "b"],
}
TRAINING = {"labels": "labels", "showers": "showers", "true_links": "links"}


@pytest.fixture(scope="module")
def opera() -> Iterator[Any]:
    """The modules of the challenge's library and its recipe, imported as a worker would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER / "lib"))
        names = ("bulk", "cascade", "films", "geometry", "lead", "volumes")
        library = {name: importlib.import_module(f"opera.{name}") for name in names}
        recipe = runpy.run_path(str(FOLDER / "generate.py"))
        yield SimpleNamespace(**library, simulate=recipe["simulate"])


@pytest.fixture(scope="module")
def split(opera: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("opera") / "split"
    opera.simulate(folder, rng=np.random.default_rng(5), params=SPLIT)
    return folder


@pytest.fixture(scope="module")
def developments(opera: Any) -> dict[float, Any]:
    rng = np.random.default_rng(11)
    return {e: opera.bulk.develop(e, n, rng=rng) for e, n in {1.0: 800, 8.0: 150}.items()}


def _read(split: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(split / f"{name}.parquet")


def _truth(split: Path, name: str) -> pd.DataFrame:
    """Truth of training and target volumes together."""
    both = [_read(split, f"training_{TRAINING[name]}"), _read(split, name)]
    return pd.concat(both, ignore_index=True)


@pytest.mark.parametrize("energy", [1.0, 8.0])
def test_a_shower_is_at_its_maximum_where_the_logarithm_of_its_energy_says(
    opera: Any, developments: dict[float, Any], energy: float
) -> None:
    # PDG 34.5: t_max = ln(E / E_c) - 0.5, 4.41 X0 at 1 GeV and 6.49 X0 at 8 GeV
    expected = np.log(1000 * energy / LEAD["critical_mev"]) - 0.5
    shape = opera.bulk.fit(developments[energy].profile.mean(axis=0))
    assert shape.t_max == pytest.approx(expected, abs=0.45)
    # EGS4 showers in heavy elements have b near 0.5, and a gamma shape
    assert shape.b == pytest.approx(0.5, abs=0.07)
    assert shape.deviation < 0.08


def test_one_moliere_radius_holds_ninety_percent_of_the_energy(
    opera: Any, developments: dict[float, Any]
) -> None:
    # PDG 34.5: R_M = X0 * 21.2 MeV / E_c = 16.0 mm holds 90 %, 3.5 R_M hold 99 %
    expected_um = LEAD["x0_um"] * 21.2 / LEAD["critical_mev"]
    assert pytest.approx(expected_um) == opera.lead.MOLIERE_UM
    for development in developments.values():
        assert opera.bulk.contained(development, 1.0) == pytest.approx(0.90, abs=0.02)
        assert opera.bulk.contained(development, 3.5) == pytest.approx(0.99, abs=0.01)


def test_no_energy_is_made_or_lost(developments: dict[float, Any]) -> None:
    # every shower leaves its electron's kinetic energy: E less 0.511 MeV
    for energy, development in developments.items():
        kinetic = 1 - 0.51099895 / (1000 * energy)
        np.testing.assert_allclose(development.total, kinetic, rtol=1e-9)


def test_track_length_is_proportional_to_energy(developments: dict[float, Any]) -> None:
    # Rossi's approximation B: length = F E / E_c X0 with the same F at all energies; for tracks
    # above 1 MeV Tamm and Belenky have F = 0.63 (z = 2.29 / 7.4) to 0.67 (z = 4.58 Z/A / 7.4)
    share = [
        development.length.mean() * LEAD["critical_mev"] / (1000 * energy)
        for energy, development in developments.items()
    ]
    assert share[0] == pytest.approx(share[1], rel=0.01)
    assert share[0] == pytest.approx(0.65, abs=0.06)


def test_a_plate_of_lead_scatters_as_highland_says(opera: Any) -> None:
    # 13.6 MeV / p sqrt(x) (1 + 0.038 ln x), x = 1000 / 5600: 0.2689 mrad at 20 GeV
    count = 4000
    record = opera.cascade.simulate(
        opera.bulk.primaries(20_000.0, count),
        settings=opera.cascade.Settings(plates=1),
        rng=np.random.default_rng(3),
    )
    out = record.table("crossings")
    hardly_radiated = (out["particle"] < count) & (out["e"] > 18_000)
    angle = np.concatenate([out["tx"][hardly_radiated], out["ty"][hardly_radiated]])
    assert 1000 * angle.std() == pytest.approx(0.2689, rel=0.04)


def test_photons_are_attenuated_as_in_the_tables_of_nist(opera: Any) -> None:
    # NISTIR 5632, lead, cm2/g; 6.37 g/cm2 are one X0
    table = {5.0: 0.04272, 10.0: 0.04972, 20.0: 0.06206}
    share = (np.arange(4000) + 0.5) / 4000
    for energy, expected in table.items():
        photon = np.array([energy])
        # an electron and a positron take 1.022 MeV of the photon's energy with them
        room = 1 - 2 * 0.51099895 / energy
        pairs = opera.lead.pair_shape(0.51099895 / energy + room * share, photon).mean() * room
        others = opera.lead.compton(photon) + opera.lead.photoelectric(photon)
        assert (pairs + others[0]) / 6.37 == pytest.approx(expected, rel=0.06)


def test_complete_screening_gives_seven_ninths_of_a_pair_and_all_of_the_radiation(
    opera: Any,
) -> None:
    # integrals over x of 1 - 4/3 x (1 - x) = 7/9, and over y of 4/3 - 4/3 y + y^2 = 1
    share = (np.arange(4000) + 0.5) / 4000
    energy = np.array([1e7])
    assert opera.lead.pair_shape(share, energy).mean() == pytest.approx(7 / 9, rel=1e-3)
    assert opera.lead.brems_shape(share, energy).mean() == pytest.approx(1.0, rel=1e-3)


def test_a_turn_by_any_angle_leaves_a_direction_of_length_one(opera: Any) -> None:
    rng = np.random.default_rng(2)
    old = rng.normal(size=(3, 500))
    old /= np.linalg.norm(old, axis=0)
    angles = rng.normal(0, 0.6, (2, 500))
    new = np.stack(opera.cascade._turn(*old, angles))
    np.testing.assert_allclose(np.linalg.norm(new, axis=0), 1.0, atol=1e-12)
    # the angle between old and new is that of the two projected angles together
    theta = np.minimum(np.hypot(*angles), np.pi)
    np.testing.assert_allclose((old * new).sum(axis=0), np.cos(theta), atol=1e-12)


def test_films_see_fewer_steep_tracks_and_none_beyond_their_acceptance(opera: Any) -> None:
    response = opera.films.Response()
    # 0.95 - 0.35 tan: 0.95 straight, 0.81 at 0.4
    seen = opera.films.efficiency(np.array([0.0, 0.4, 0.51]), response)
    np.testing.assert_allclose(seen, [0.95, 0.81, 0.0])
    # 1 - exp(-1/2) = 0.3935 at the scale of the selection
    assert opera.films.selection(np.array([90.0]), response)[0] == pytest.approx(0.3935, abs=1e-4)


def test_a_shower_of_three_gev_has_about_as_many_base_tracks_as_a_real_one(opera: Any) -> None:
    # showers of electron neutrinos in OPERA have some 73 selected base-tracks
    plan = opera.volumes.Plan(energy=(2.99, 3.01), shares=(1.0, 0.0, 0.0))
    made = opera.volumes.make(np.arange(60), plan=plan, rng=np.random.default_rng(4))
    assert 50 < (made["labels"]["shower"] >= 0).sum() / 60 < 110


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_showers(
    opera: Any, split: Path, tmp_path: Path
) -> None:
    for name, seed in (("again", 5), ("other", 6)):
        opera.simulate(tmp_path / name, rng=np.random.default_rng(seed), params=SPLIT)
    files = sorted(path.name for path in split.iterdir())
    assert len(files) == 7
    for name in files:
        assert (split / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
        assert (split / name).read_bytes() != (tmp_path / "other" / name).read_bytes()
    mine, others = (_read(folder, "showers") for folder in (split, tmp_path / "other"))
    assert set(mine["energy"]).isdisjoint(others["energy"])


def test_the_last_bits_of_a_machines_arithmetic_do_not_reach_the_files(
    split: Path, tmp_path: Path
) -> None:
    # numpy's logarithm and exponential differ in the last bit between instruction sets
    code = (
        "import numpy, pathlib, runpy, sys; sys.path.append(sys.argv[1] + '/lib');"
        "run = runpy.run_path(sys.argv[1] + '/generate.py')['simulate'];"
        f"run(pathlib.Path(sys.argv[2]), rng=numpy.random.default_rng(5), params={SPLIT})"
    )
    plain = os.environ | {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL"}
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(FOLDER), str(tmp_path)],
        env=plain,
        check=True,
    )
    for path in sorted(split.iterdir()):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


@pytest.mark.parametrize("name", list(FILES))
def test_files_have_their_columns_types_and_unique_sorted_keys(split: Path, name: str) -> None:
    whole = {"volume", "track", "plate", "shower", "particle", "a", "b"}
    parts = [name] if name == "tracks" else [name, f"training_{TRAINING[name]}"]
    for part in parts:
        table = _read(split, part)
        assert list(table.columns) == FILES[name]
        for column in table.columns:
            assert table[column].dtype == (np.int32 if column in whole else np.float64)
        assert not table.duplicated(KEYS[name]).any()
        assert table.sort_values(KEYS[name]).index.equals(table.index)
        assert np.isfinite(table.to_numpy(dtype=float)).all()


def test_training_volumes_are_numbered_from_zero_and_targets_from_a_hundred_thousand(
    split: Path,
) -> None:
    numbers = [*range(8), *range(100_000, 100_032)]
    assert sorted(set(_read(split, "tracks")["volume"])) == numbers
    assert sorted(set(_read(split, "training_showers")["volume"])) == numbers[:8]
    assert sorted(set(_read(split, "labels")["volume"])) == numbers[8:]


def test_every_track_has_one_label_and_every_label_a_shower_or_none(split: Path) -> None:
    tracks, labels, showers = (_truth_or_tracks(split, n) for n in ("tracks", "labels", "showers"))
    assert len(tracks) == len(labels) == len(tracks.merge(labels, on=["volume", "track"]))
    background = labels["shower"] < 0
    assert (labels.loc[background, ["shower", "particle"]] == -1).all(axis=None)
    assert (labels.loc[~background, "particle"] >= 0).all()
    found = labels[~background].merge(showers, on=["volume", "shower"])
    assert len(found) == (~background).sum()
    assert showers.groupby("volume").size().between(1, 3).all()
    # no base-track is upstream of its shower's first film
    joined = found.merge(tracks, on=["volume", "track"], suffixes=("_first", ""))
    assert (joined["plate"] >= joined["plate_first"]).all()


def _truth_or_tracks(split: Path, name: str) -> pd.DataFrame:
    return _read(split, name) if name == "tracks" else _truth(split, name)


def test_true_links_go_downstream_by_one_to_three_films_within_one_shower(split: Path) -> None:
    tracks = _read(split, "tracks").merge(_truth(split, "labels"), on=["volume", "track"])
    links = _truth(split, "true_links")
    for end in "ab":
        renamed = tracks.rename(columns={"track": end}).rename(
            columns={n: f"{n}_{end}" for n in ("plate", "shower", "particle")}
        )
        columns = ["volume", end, f"plate_{end}", f"shower_{end}", f"particle_{end}"]
        links = links.merge(renamed[columns], on=["volume", end])
    assert len(links) == len(_truth(split, "true_links")), "links join tracks that are there"
    assert (links["plate_b"] - links["plate_a"]).between(1, 3).all()
    assert (links["shower_a"] == links["shower_b"]).all()
    assert (links["shower_a"] >= 0).all()
    # one base-track follows another only once
    assert not links.duplicated(["volume", "b"]).any()
    # a base-track has at most one next of its own particle
    own = links[links["particle_a"] == links["particle_b"]]
    assert not own.duplicated(["volume", "a"]).any()


def test_a_particle_that_is_seen_in_two_films_in_a_row_is_linked(split: Path) -> None:
    tracks = _read(split, "tracks").merge(_truth(split, "labels"), on=["volume", "track"])
    signal = tracks[tracks["shower"] >= 0].sort_values("plate")
    after = signal.assign(plate=signal["plate"] - 1)
    key = ["volume", "shower", "particle", "plate"]
    pairs = signal.merge(after, on=key, suffixes=("_a", "_b"))
    links = _truth(split, "true_links").rename(columns={"a": "track_a", "b": "track_b"})
    assert len(pairs) > 1000
    assert len(pairs.merge(links, on=["volume", "track_a", "track_b"])) == len(pairs)


def test_track_numbers_and_acceptance_tell_nothing_about_the_truth(split: Path) -> None:
    tracks = _read(split, "tracks").merge(_truth(split, "labels"), on=["volume", "track"])
    many = len(tracks)
    rank = tracks["track"] / tracks.groupby("volume")["track"].transform("max")
    signal = tracks["shower"] >= 0
    # ranks are uniform: means differ by chance only, 0.289 / sqrt(n) each; five deviations
    error = 0.289 * np.sqrt(1 / signal.sum() + 1 / (~signal).sum())
    assert abs(rank[signal].mean() - rank[~signal].mean()) < 5 * error
    for column in ("plate", "x", "y", "tx", "particle"):
        rho = np.corrcoef(rank, tracks[column])[0, 1]
        assert abs(rho) < 5 / np.sqrt(many), column
    # neighbours in number are no neighbours in the brick: a shower's share is that of all pairs
    ordered = tracks.sort_values(["volume", "track"])
    same = ordered["shower"].to_numpy()[1:] == ordered["shower"].to_numpy()[:-1]
    within = ordered["volume"].to_numpy()[1:] == ordered["volume"].to_numpy()[:-1]
    sizes = tracks.groupby(["volume", "shower"]).size()
    total = sizes.groupby("volume").sum()
    pairs = (sizes * (sizes - 1)).groupby("volume").sum() / total
    expected = pairs.sum() / (total - 1).sum()
    assert same[within].mean() == pytest.approx(expected, abs=5 * 0.5 / np.sqrt(many))
    # window and slopes are cut where they are measured, alike for signal and background
    for part in (tracks[signal], tracks[~signal]):
        assert np.abs(part[["x", "y"]].to_numpy()).max() <= 3000
        assert np.hypot(part["tx"], part["ty"]).max() < 0.5


def test_most_base_tracks_are_background_and_a_volume_has_six_to_seven_hundred(opera: Any) -> None:
    made = opera.volumes.make(
        np.arange(150), plan=opera.volumes.Plan(), rng=np.random.default_rng(8)
    )
    labels = made["labels"]
    # 20 / cm2 x 0.36 cm2 x 57 films = 410 of background; 1.65 showers of about 140 base-tracks
    assert (labels["shower"] < 0).sum() / 150 == pytest.approx(410.4, rel=0.02)
    assert 0.57 < (labels["shower"] < 0).mean() < 0.71
