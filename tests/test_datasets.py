"""The data: what is embedded is what its sources say, and the laws that generate it are right."""

import csv
import hashlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from course_lib import datasets

SPECIES_SETS = [datasets.SPECIES, ("Eevee", "Pidgey"), "Weedle"]
TOY_SETS = [
    datasets.make_xor,
    datasets.make_moons,
    datasets.make_circles,
    datasets.make_blobs,
    datasets.make_sine,
]


# --- the folder data/ ------------------------------------------------------------------------


def checksums():
    with open(datasets.DATA / "checksums.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def embedded_files():
    notes = {"README.md", "checksums.csv"}
    files = (p for p in datasets.DATA.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    paths = (p for p in files if p.suffix != ".py" and p.name not in notes)
    return sorted(path.relative_to(datasets.DATA).as_posix() for path in paths)


def test_every_embedded_file_has_one_line_in_checksums():
    assert sorted(row["file"] for row in checksums()) == embedded_files()


@pytest.mark.parametrize("row", checksums(), ids=lambda row: row["file"])
def test_an_embedded_file_is_what_its_line_says(row):
    digest = hashlib.sha256((datasets.DATA / row["file"]).read_bytes()).hexdigest()
    assert digest == row["sha256"], "the file has changed: is its line in checksums.csv up to date?"
    assert row["source"]
    assert row["licence"]
    pd.Timestamp(row["date"])
    assert not row["script"] or (datasets.DATA / row["script"]).is_file()


def test_the_readme_names_every_embedded_file():
    readme = (datasets.DATA / "README.md").read_text(encoding="utf-8")
    assert [name for name in embedded_files() if f"`{name}`" not in readme] == []


def test_a_missing_file_is_said_plainly(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "DATA", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"pokemon\.csv is missing.*pip install -e"):
        datasets.load_pokemon()


def test_importing_the_module_loads_nothing_heavy():
    heavy = "{'torch', 'skimage', 'sklearn', 'matplotlib', 'ipywidgets'}"
    code = f"import sys, course_lib.datasets; print(sorted({heavy} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.stdout.strip(), result.stderr) == ("[]", "")


# --- evolutions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "published"),
    [("Eevee", 1077), ("Vaporeon", 2816), ("Jolteon", 2140), ("Flareon", 2643)],
)
def test_the_best_pokemon_at_level_40_have_the_published_cp(name, published):
    stats = datasets.evolution_stats().loc[name, ["attack", "defense", "stamina"]] + 15
    assert datasets.combat_power(*stats.to_numpy(float), datasets.cp_multipliers()[39]) == published


def test_no_pokemon_has_less_than_ten_cp():
    assert datasets.combat_power(55.0, 55.0, 90.0, 0.094) == 10


def test_a_table_of_evolutions_has_the_documented_columns():
    table = datasets.load_evolutions(n=300)
    assert list(table.columns) == [
        "species", "evolved", "level", "cp", "hp", "weight", "height", "cp_after",
    ]  # fmt: skip
    assert len(table) == 300
    assert not table.isna().any().any()
    assert table["level"].between(1, 30).all()
    assert (table[["weight", "height"]] > 0).all().all()
    assert set(table["species"]) == set(datasets.SPECIES)
    assert set(table.loc[table["species"] == "Eevee", "evolved"]) == {
        "Vaporeon", "Jolteon", "Flareon",
    }  # fmt: skip


def test_hp_follows_from_stamina_and_level():
    """The individual value of stamina is whole, so HP has one of 16 values."""
    table = datasets.load_evolutions("Eevee", n=200)
    multiplier = datasets.cp_multipliers()[table["level"] - 1]
    stamina = datasets.evolution_stats().loc["Eevee", "stamina"] + np.arange(16)
    possible = np.maximum(10, np.floor(stamina[:, None] * multiplier))
    assert (possible == table["hp"].to_numpy()).any(axis=0).all()


def test_the_same_seed_gives_the_same_pokemon():
    first, again = datasets.load_evolutions(seed=3), datasets.load_evolutions(seed=3)
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(datasets.load_evolutions(seed=4))


def test_the_table_and_the_arrays_are_one_draw():
    table = datasets.load_evolutions(n=50, seed=7)
    cp, cp_after, index = datasets.sample_evolutions(np.random.default_rng(7), 50)
    np.testing.assert_array_equal(cp, table["cp"])
    np.testing.assert_array_equal(cp_after, table["cp_after"])
    np.testing.assert_array_equal(np.array(datasets.SPECIES)[index], table["species"])
    assert cp.dtype == cp_after.dtype == np.float64


@pytest.mark.parametrize("species", SPECIES_SETS)
def test_the_exact_law_agrees_with_a_simulation_within_its_standard_error(species):
    cp, cp_after, _ = datasets.sample_evolutions(np.random.default_rng(0), 100_000, species)
    residual = cp_after - datasets.expected_cp_after(cp, species)
    surplus = residual**2 - datasets.cp_noise_variance(cp, species)
    for level in [residual, residual * cp, surplus, surplus * cp]:
        assert abs(level.mean()) < 4 * level.std() / np.sqrt(level.size)


@pytest.mark.parametrize("species", SPECIES_SETS)
def test_the_simulated_cp_follow_the_exact_distribution(species):
    cp, _, _ = datasets.sample_evolutions(np.random.default_rng(1), 100_000, species)
    attainable, probability = datasets.cp_distribution(species)
    assert np.isin(cp, attainable).all()
    assert probability.sum() == pytest.approx(1)
    distance = np.abs(
        np.searchsorted(np.sort(cp), attainable, "right") / cp.size - probability.cumsum()
    )
    assert distance.max() < 2 / np.sqrt(cp.size)  # Kolmogorov: exceeded less than once in 1,000


def test_the_mixture_weighs_species_by_how_likely_they_have_this_cp():
    """Above what a Pidgey can have, the mixture is Eevee alone."""
    both, highest = ("Pidgey", "Eevee"), datasets.cp_distribution("Pidgey")[0].max()
    cp = datasets.cp_distribution("Eevee")[0]
    cp = cp[cp > highest]
    for law in [datasets.expected_cp_after, datasets.cp_noise_variance]:
        np.testing.assert_allclose(law(cp, both), law(cp, "Eevee"))
    shared = np.array([400.0])
    low, high = sorted(datasets.expected_cp_after(shared, name)[0] for name in both)
    assert low < datasets.expected_cp_after(shared, both)[0] < high


def test_the_law_is_linear_between_attainable_cp_and_undefined_outside():
    cp, _ = datasets.cp_distribution("Pidgey")
    left = np.flatnonzero(np.diff(cp) > 1)[0]
    ends = datasets.expected_cp_after(cp[[left, left + 1]], "Pidgey")
    middle = datasets.expected_cp_after(cp[[left, left + 1]].mean(), "Pidgey")
    assert middle == pytest.approx(ends.mean())
    assert np.isnan(datasets.expected_cp_after([cp.min() - 1, cp.max() + 1], "Pidgey")).all()


def test_changing_what_was_returned_does_not_change_the_law():
    before = datasets.expected_cp_after([100.0])
    datasets.cp_distribution()[0][:] = 0
    with pytest.raises(ValueError, match="read-only"):
        datasets.cp_multipliers()[0] = 0
    np.testing.assert_array_equal(datasets.expected_cp_after([100.0]), before)


# --- species, digits, photographs ------------------------------------------------------------


@pytest.mark.parametrize(("type1", "up_to_400", "after"), [("Water", 73, 61), ("Normal", 60, 58)])
def test_the_lecture_split_has_its_counts(type1, up_to_400, after):
    early = datasets.load_pokemon((type1,))["number"] <= 400
    assert (early.sum(), (~early).sum()) == (up_to_400, after)


def test_the_pokemon_table_is_complete_and_consistent():
    table = datasets.load_pokemon()
    stats = ["hp", "attack", "defense", "sp_attack", "sp_defense", "speed"]
    assert list(table.columns) == [
        "number", "name", "type1", "type2", "total", *stats, "height", "weight",
    ]  # fmt: skip
    np.testing.assert_array_equal(table["number"], np.arange(1, len(table) + 1))
    assert table["name"].is_unique
    np.testing.assert_array_equal(table["total"], table[stats].sum(axis=1))
    assert (table[["height", "weight"]] > 0).all().all()
    bulbasaur = table.iloc[0][["name", "type1", "type2", "total"]].tolist()
    assert bulbasaur == ["Bulbasaur", "Grass", "Poison", 318]


def test_water_and_normal_are_parted_at_a_number_without_loss_or_overlap():
    (stats, types), (early, _), (late, _) = (
        datasets.load_water_or_normal(*numbers) for numbers in [(1, None), (1, 400), (401, None)]
    )
    assert (len(early), len(late)) == (73 + 60, 61 + 58)
    pd.testing.assert_frame_equal(pd.concat([early, late]).sort_index(), stats)
    assert list(stats.columns) == datasets.STATS
    assert set(types) == {"Water", "Normal"}


def test_twenty_pokemon_come_in_standard_deviations():
    x, y = datasets.load_twenty_pokemon()
    assert (x.shape, y.sum()) == ((20, 1), 7)
    assert (x.mean(), x.std()) == pytest.approx((0, 1))


@pytest.mark.parametrize("types", [("Water", "Normal"), ("Normal", "Water")])
def test_types_come_in_the_order_asked_for(types):
    assert tuple(datasets.load_pokemon(types)["type1"].unique()) == types


@pytest.mark.parametrize(("subset", "size"), [("train", 8000), ("test", 2000), (None, 10_000)])
def test_digits_have_the_documented_shapes_and_range(subset, size):
    images, labels = datasets.load_digits(subset)
    assert (images.shape, images.dtype) == ((size, 28, 28), np.float32)
    assert (labels.shape, labels.dtype) == ((size,), np.int64)
    assert (images.min(), images.max()) == (0, 1)
    assert set(labels) == set(range(10))


def test_training_and_test_digits_share_no_image_and_have_equal_shares():
    (training, y), (test, z) = datasets.load_digits("train"), datasets.load_digits("test")
    assert not {image.tobytes() for image in training} & {image.tobytes() for image in test}
    difference = np.bincount(y) / len(y) - np.bincount(z) / len(z)
    assert np.abs(difference).max() < 1 / len(z)


def test_the_digits_can_be_told_apart():
    """The nearest class mean finds four in five: images and labels belong together."""
    (images, labels), (test, truth) = datasets.load_digits("train"), datasets.load_digits("test")
    means = np.stack([images[labels == digit].mean(axis=0).ravel() for digit in range(10)])
    distance = np.linalg.norm(test.reshape(-1, 1, 784) - means, axis=2)
    assert (distance.argmin(axis=1) == truth).mean() > 0.75


@pytest.mark.parametrize("name", datasets.PHOTOS)
def test_a_photo_is_a_colour_image_between_0_and_1(name):
    photo = datasets.load_photo(name)
    assert photo.ndim == 3
    assert photo.shape[2] == 3
    assert photo.dtype == np.float64
    assert 0 <= photo.min() < 0.1
    assert 0.9 < photo.max() <= 1


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.data", None)
    with pytest.raises(ModuleNotFoundError, match="pip install scikit-image"):
        datasets.load_photo("cat")


# --- the ImageNet network --------------------------------------------------------------------


@pytest.fixture(scope="module")
def network():
    return datasets.load_imagenet_network()


def test_the_network_sees_a_cat(network):
    logits = network(datasets.imagenet_image(datasets.load_photo("cat")))
    assert logits.shape == (1, 1000)
    assert sorted(logits[0].topk(3).indices.tolist()) == [281, 282, 285]


def test_the_network_is_frozen_and_has_the_published_size(network):
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())
    assert sum(p.numel() for p in network.parameters()) == pytest.approx(4.65e6, rel=1e-3)


def test_the_network_passes_a_gradient_to_its_input(network):
    image = datasets.imagenet_image(datasets.load_photo("cat")).requires_grad_()
    network(image)[0, 1].backward()
    assert image.grad.shape == image.shape
    assert image.grad.abs().max() > 0


def test_the_classes_have_their_names():
    names = datasets.imagenet_classes()
    assert len(names) == 1000
    assert [names[k] for k in (1, 281, 282, 285)] == [
        "goldfish", "tabby", "tiger cat", "Egyptian cat",
    ]  # fmt: skip


# --- toy sets --------------------------------------------------------------------------------


@pytest.mark.parametrize("make", TOY_SETS)
def test_a_toy_set_has_its_size_and_depends_on_its_seed_alone(make):
    X, y = make(n=50, seed=1)
    assert X.shape == (50, 1 if make is datasets.make_sine else 2)
    assert y.shape == (50,)
    np.testing.assert_array_equal(X, make(n=50, seed=1)[0])
    assert not np.array_equal(X, make(n=50, seed=2)[0])


def test_xor_without_noise_is_the_truth_table():
    X, y = datasets.make_xor(n=8, noise=0)
    np.testing.assert_array_equal(np.logical_xor(X[:, 0], X[:, 1]), y)
    assert len(np.unique(X, axis=0)) == 4


def test_the_inner_circle_has_half_the_radius():
    X, y = datasets.make_circles(noise=0)
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), np.where(y == 1, 0.5, 1.0))


def test_blobs_have_the_classes_and_the_spread_asked_for():
    X, y = datasets.make_blobs(n=3000, noise=0.5, classes=4)
    assert set(y) == set(range(4))
    assert X[y == 0].std(axis=0) == pytest.approx([0.5, 0.5], rel=0.1)


@pytest.mark.parametrize("common", [0.0, 0.2, 0.8])
def test_symptoms_of_patients_are_correlated_as_asked_within_an_illness(common):
    X, y = datasets.make_patients(n=20_000, seed=1, common=common)
    share = X[y == 1].mean(axis=0)
    assert share[0] == pytest.approx(0.5, abs=0.02)
    assert share[-1] == pytest.approx(0.726, abs=0.02)  # P(N(0, 1) > −0.6)
    together = np.corrcoef(X[y == 1][:, :2].T)[0, 1]
    assert together == pytest.approx(2 / np.pi * np.arcsin(common), abs=0.03)
    np.testing.assert_array_equal(X, datasets.make_patients(20_000, 1, common)[0])
    assert set(np.unique(X)) == {0, 1}


def test_sine_noise_has_the_standard_deviation_asked_for():
    X, y = datasets.make_sine(n=5000, noise=0.3)
    assert X.min() >= 0
    assert X.max() <= 1
    assert np.std(y - np.sin(2 * np.pi * X[:, 0])) == pytest.approx(0.3, rel=0.05)


# --- the glossary ----------------------------------------------------------------------------


def test_the_glossary_is_complete_and_has_no_term_twice():
    glossary = datasets.load_glossary()
    assert list(glossary.columns) == ["term", "simplified", "traditional", "meaning"]
    assert len(glossary) >= 90
    assert glossary["term"].is_unique
    assert (glossary.map(str.strip) == glossary).all().all()
    assert (glossary != "").all().all()
    assert glossary["meaning"].str.endswith(".").all()


def test_the_two_chinese_columns_are_not_swapped():
    rows = datasets.load_glossary().set_index("term")[["simplified", "traditional"]]
    assert rows.loc["regression"].tolist() == ["回归", "迴歸"]
    assert rows.loc["variance"].tolist() == ["方差", "變異數"]


# --- bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: datasets.load_evolutions("Mew"), ValueError, "species must be among .*'Mew'"),
        (lambda: datasets.load_evolutions(()), ValueError, "at least one species"),
        (lambda: datasets.load_evolutions(["Eevee"] * 2), ValueError, "each once"),
        (lambda: datasets.load_evolutions(n=0), ValueError, "n must be at least 1, came 0"),
        (lambda: datasets.load_evolutions(n=2.5), TypeError, "n must be a whole number, came 2.5"),
        (lambda: datasets.load_evolutions(seed=-1), ValueError, "seed must be at least 0"),
        (lambda: datasets.expected_cp_after([np.nan]), ValueError, "cp must be finite"),
        (lambda: datasets.expected_cp_after([]), ValueError, "cp must not be empty"),
        (lambda: datasets.cp_noise_variance("high"), TypeError, "cp must hold real numbers"),
        (lambda: datasets.load_pokemon("Wood"), ValueError, "types must be among .*'Wood'"),
        (lambda: datasets.load_pokemon(()), ValueError, "at least one type"),
        (lambda: datasets.load_digits("dev"), ValueError, "subset must be .*'dev'"),
        (lambda: datasets.load_photo("dog"), ValueError, "must be among astronaut, cat.*'dog'"),
        (lambda: datasets.imagenet_image(np.ones((3, 9, 9))), ValueError, "photo must have shape"),
        (lambda: datasets.imagenet_image(2 * np.ones((9, 9, 3))), ValueError, "values in"),
        (lambda: datasets.make_xor(noise=-1), ValueError, "noise must be at least 0, came -1"),
        (lambda: datasets.make_sine(n=1), ValueError, "n must be at least 2"),
        (lambda: datasets.make_blobs(classes=0), ValueError, "classes must be at least 1"),
        (lambda: datasets.make_patients(common=2), ValueError, "common must be from 0 to 1, came"),
        (lambda: datasets.make_patients(common="x"), TypeError, "common must be a number"),
        (lambda: datasets.load_water_or_normal(0), ValueError, "first must be at least 1"),
        (lambda: datasets.load_water_or_normal(9, 8), ValueError, "last must be at least 9"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()
