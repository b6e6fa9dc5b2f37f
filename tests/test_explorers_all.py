"""Every explorer there is, found by itself: each control at its ends, its start and at random."""

import importlib
import inspect
import pkgutil

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import Collection
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

from course_lib import explorers

NUMBERS = {
    Line2D: lambda line: line.get_xydata(),
    Collection: lambda collection: np.concatenate(
        [np.ma.filled(collection.get_offsets(), np.nan)]
        + [path.vertices for path in collection.get_paths()]
    ),
    AxesImage: lambda image: image.get_array(),
    Patch: lambda patch: patch.get_verts(),
    Text: lambda text: text.get_position(),
}


def find_explorers():
    modules = pkgutil.walk_packages(explorers.__path__, explorers.__name__ + ".")
    for module in (importlib.import_module(found.name) for found in modules):
        for name, thing in vars(module).items():
            if inspect.isfunction(thing) and hasattr(thing, "controls"):
                yield pytest.param(thing, id=f"{module.__name__.rpartition('.')[2]}.{name}")


@pytest.fixture(scope="module", params=find_explorers())
def opened(request):
    """An explorer, opened once for all the tests of this file."""
    return request.param()


@pytest.fixture
def one(opened):
    """The explorer at its start."""
    return opened.reset()


def states(one):
    """Return every state to try: each control at its samples, every preset, some at random."""
    random = np.random.default_rng(0)
    samples = {name: control.samples(random) for name, control in one.controls.items()}
    alone = [{name: value} for name, values in samples.items() for value in values]
    mixed = [
        {name: values[random.integers(len(values))] for name, values in samples.items()}
        for _ in range(10)
    ]
    return [{}, *alone, *one.presets.values(), *mixed]


def test_every_state_is_fit_to_be_seen(one):
    moving = one._figure.findobj(lambda artist: artist.get_animated())
    for state in states(one):
        one.reset().set(**state)
        assert one.error is None, f"{state}: {one.error!r}"
        for artist in moving:
            kind = next(kind for kind in NUMBERS if isinstance(artist, kind))
            numbers = np.asarray(NUMBERS[kind](artist), dtype=float)
            assert np.isfinite(numbers).all(), (
                f"{state}: {artist} holds a number that is not finite"
            )


def test_no_control_is_dead(one):
    random = np.random.default_rng(0)
    for name, control in one.controls.items():
        ends = control.options or control.samples(random)[:2]
        pictures = {one.set(**{name: end}).pixels().tobytes() for end in ends}
        assert len(pictures) == len(ends), f"{name} leaves the picture as it is"
        one.reset()


def test_reset_brings_back_the_first_picture(one):
    first, words = one.pixels(), one.words
    for state in states(one):
        one.set(**state)
    one.reset()
    assert one.words == words
    assert np.array_equal(one.pixels(), first)


def test_what_stands_still_is_not_drawn_again(one, monkeypatch):
    drawn = []
    draw = FigureCanvasAgg.draw
    monkeypatch.setattr(FigureCanvasAgg, "draw", lambda self: (drawn.append(self), draw(self))[1])
    for state in states(one):
        one.set(**state)
        assert not drawn, f"{state} draws the whole figure"


def test_its_words_change_with_what_is_seen(one):
    said = {one.reset().set(**state).words for state in states(one)}
    assert len(said) > len(one.controls)


def test_it_has_a_question_and_its_presets_are_states(one):
    assert one.question.endswith("?")
    for name in one.presets:
        assert one.preset(name).values | one.presets[name] == one.values
