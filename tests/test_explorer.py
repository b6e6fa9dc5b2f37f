"""The explorer from the user's side, without a browser."""

import gc
import html
import re
import subprocess
import sys
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from threadpoolctl import threadpool_info

from course_lib.explorer import choice, explorer, int_slider, log_slider, slider

VIEW = "application/vnd.jupyter.widget-view+json"
TROUBLES = ["raises", "divides by zero", "overflows", "loses a number", "runs away", "has no words"]


@explorer(
    presets={"steep": {"slope": 3.0}, "flat and zoomed": {"slope": 0.0, "mood": "zooms"}},
    slope=slider(-3, 3, start=1),
    rate=log_slider(1e-3, 1, start=0.1),
    count=int_slider(1, 9, start=3),
    mood=choice(["fine", "zooms", *TROUBLES]),
)
def toy(figure):
    """How steep is the line?

    And what else could be asked?
    """
    axes = figure.subplots()
    axes.set(title="toy", xlim=(0, 4), ylim=(-4, 4))
    (line,) = axes.plot([], [], animated=True)
    dots = axes.scatter([], [], animated=True)

    def update(slope, rate, count, mood):
        line.set_data([0, 4], [rate, slope])
        dots.set_offsets(np.column_stack([np.linspace(0, 4, count), np.full(count, slope)]))
        limits = (0.0, 2.0) if mood == "zooms" else (0.0, 4.0)
        if axes.get_xlim() != limits:
            axes.set_xlim(limits)
        return get_into_trouble(mood) if mood in TROUBLES else f"it rises by {slope:.3g}"

    return update


def get_into_trouble(mood):
    if mood == "raises":
        raise ValueError("the matrix is singular")
    if mood == "divides by zero":
        return f"{np.float64(1) / np.float64(0)}"
    if mood == "overflows":
        return f"{np.exp(np.array([1e5]))}"
    return {"loses a number": "loss nan", "runs away": "loss -inf"}.get(mood)


@pytest.fixture
def draws(monkeypatch):
    """The list grows by one whenever a whole figure is drawn."""
    draw, seen = FigureCanvasAgg.draw, []
    monkeypatch.setattr(FigureCanvasAgg, "draw", lambda self: (seen.append(1), draw(self))[1])
    return seen


@pytest.fixture
def displayed(monkeypatch):
    """Return a function that displays an object and returns what a notebook would receive."""

    def show(thing):
        bundles = []
        monkeypatch.setattr(
            "IPython.display.display",
            lambda data, raw, metadata=None: bundles.append((data, metadata or {})),
        )
        thing._ipython_display_()
        return bundles

    return show


def same_picture(one, other):
    return np.array_equal(one.pixels(), other.pixels())


# --- from code ------------------------------------------------------------------------------


def test_it_opens_at_the_starts_of_its_controls():
    assert toy().values == {"slope": 1.0, "rate": 0.1, "count": 3, "mood": "fine"}


def test_it_opens_in_a_given_state():
    assert same_picture(toy(slope=2, count=5), toy().set(slope=2, count=5))


def test_set_moves_some_controls_leaves_the_others_and_returns_the_explorer():
    one = toy(count=5)
    assert one.set(slope=-2) is one
    assert one.values == {"slope": -2.0, "rate": 0.1, "count": 5, "mood": "fine"}
    assert "it rises by -2" in one.words


def test_a_move_changes_the_picture():
    one = toy()
    before = one.pixels()
    assert not np.array_equal(before, one.set(slope=-2).pixels())


def test_reset_brings_back_the_start_and_its_picture():
    one = toy().set(slope=-3, rate=1, count=9, mood="zooms")
    assert one.reset() is one
    assert one.values == toy().values
    assert same_picture(one, toy())


def test_a_preset_is_a_named_state():
    one = toy().preset("flat and zoomed")
    assert (one.values["slope"], one.values["mood"]) == (0.0, "zooms")
    assert same_picture(one, toy(slope=0, mood="zooms"))


@pytest.mark.parametrize(
    "values",
    [{}, {"slope": 1 / 3}, {"rate": 10 ** (-3 + 0.03)}, {"rate": 0.0012344999}, {"mood": "zooms"}],
    ids=str,
)
def test_its_code_opens_the_same_state(values):
    class Explorers:
        toy = staticmethod(toy)

    one = toy(**values)
    again = eval(one.code, {"explorers": Explorers})
    assert again.values == one.values
    assert again.words == one.words
    assert same_picture(again, one)


@pytest.mark.parametrize("end", ["low", "high"])
def test_its_code_is_within_range_even_at_an_end_that_is_not_a_round_number(end):
    @explorer(x=slider(1 / 3, 2 / 3, start=0.5))
    def thirds(figure):
        """Where?"""
        return lambda x: f"at {x}"

    one = thirds(x=getattr(thirds.controls["x"], end))
    assert eval(one.code, {"explorers": type("", (), {"thirds": thirds})}).values == one.values


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"slope": 3.1}, r"slope must be a number from -3 to 3, not 3\.1"),
        ({"slope": float("nan")}, "slope must be a number"),
        ({"slope": float("inf")}, "slope must be a number"),
        ({"slope": 10**310}, "slope must be a number"),
        ({"slope": "1"}, "slope must be a number.*'1'"),
        ({"slope": None}, "slope must be a number"),
        ({"slope": [1.0]}, "slope must be a number"),
        ({"rate": 0}, "rate must be a number from 0.001 to 1, not 0"),
        ({"count": 10}, "count must be a whole number from 1 to 9, not 10"),
        ({"count": 2.7}, r"count must be a whole number from 1 to 9, not 2\.7"),
        ({"mood": "sad"}, "mood must be one of .*'fine'.*'sad'"),
        ({"speed": 1}, "toy has no 'speed'; it has .*'slope'"),
    ],
    ids=str,
)
def test_an_unfit_value_is_a_value_error_that_says_what_is_wanted_and_moves_nothing(values, said):
    one = toy()
    with pytest.raises(ValueError, match=said):
        one.set(**{"count": 5} | values)
    assert one.values == toy().values
    assert same_picture(one, toy())
    with pytest.raises(ValueError, match=said):
        toy(**values)


def test_an_unknown_preset_is_a_value_error_that_names_the_known_ones():
    with pytest.raises(ValueError, match="'steep', 'flat and zoomed'.*'steeper'"):
        toy().preset("steeper")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: slider(0, 1, start=2), "start must be a number from 0 to 1"),
        (lambda: int_slider(0, 9, start=-1), "start must be"),
        (lambda: log_slider(0, 1, start=0.1), "low must be positive"),
        (lambda: choice(["a", "b"], start="c"), "start must be one of"),
        (lambda: choice([]), "options must not be empty"),
        (lambda: slider(1, 1, start=1), "low must be below high, not 1 and 1"),
        (lambda: log_slider(1, 0.1, start=0.5), "low must be below high"),
        (
            lambda: int_slider(1, 10, start=5.5),
            r"start must be a whole number from 1 to 10, not 5\.5",
        ),
    ],
)
def test_a_control_that_makes_no_sense_is_a_value_error(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def bare(figure):
    """Is this a drawing?"""


def test_a_drawing_that_returns_no_update_is_a_type_error_that_names_it():
    with pytest.raises(TypeError, match="bare must return its function `update`"):
        explorer()(bare)()


def test_a_drawing_without_a_question_is_a_type_error_that_names_it():
    with pytest.raises(TypeError, match="<lambda> must have a docstring"):
        explorer()(lambda figure: None)


@pytest.mark.parametrize(
    ("preset", "said"),
    [
        ({"hue": 1}, "the preset 'odd' sets 'hue', which is no control"),
        ({"x": 9}, "x of the preset 'odd' must be a number from 0 to 1, not 9"),
    ],
)
def test_a_preset_that_cannot_be_reached_is_a_value_error(preset, said):
    with pytest.raises(ValueError, match=said):
        explorer(presets={"odd": preset}, x=slider(0, 1, start=0))(bare)


@pytest.mark.parametrize("name", ["reset", "large", "code", "blue"])
def test_a_preset_named_like_another_button_is_refused(name):
    controls = {"x": slider(0, 1, start=0), "color": choice(["blue", "red"])}
    with pytest.raises(ValueError, match=f"the preset '{name}' must have a name that no other"):
        explorer(presets={name: {"x": 1}}, **controls)(bare)


def test_an_update_that_says_nothing_is_said_to_be_wrong():
    @explorer(x=slider(0, 1, start=0))
    def silent(figure):
        """Does it speak?"""
        return lambda x: None

    assert isinstance(silent().error, TypeError)
    assert "update must return a sentence, not NoneType" in silent().words


# --- words ----------------------------------------------------------------------------------


def test_its_words_say_the_state_and_what_is_seen():
    assert toy().words == "slope = 1.0 · rate = 0.1 · count = 3 · mood = fine: it rises by 1"


def test_its_question_is_the_first_line_of_the_docstring():
    assert toy().question == "How steep is the line?"


# --- trouble --------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_is_said_in_words_and_in_the_picture_and_the_next_move_recovers(trouble):
    one = toy()
    fine = one.pixels()
    one.set(mood=trouble)
    assert isinstance(one.error, Exception)
    assert "Traceback" not in one.words
    assert not re.search(r"\b(nan|inf)\b", one.words)
    changed = np.any(one.pixels() != fine, axis=-1)
    assert changed.sum() > 5_000  # a notice, not a line that moved
    one.set(mood="fine")
    assert one.error is None
    assert np.array_equal(one.pixels(), fine)


def test_what_a_value_error_says_is_what_the_reader_reads():
    assert toy(mood="raises").words.endswith(": the matrix is singular")


def test_trouble_looks_the_same_whether_it_is_opened_or_reached():
    assert same_picture(toy(mood="raises"), toy().set(slope=2).set(slope=1, mood="raises"))


def test_trouble_leaves_nothing_behind_in_the_picture_of_the_next_trouble():
    one = toy(mood="raises").set(mood="loses a number")
    assert same_picture(one, toy(mood="loses a number"))


def test_trouble_while_the_axes_change_recovers_to_the_right_axes():
    one = toy(mood="zooms").set(mood="raises").set(mood="fine", slope=2)
    assert same_picture(one, toy(slope=2))


def test_arithmetic_is_strict_only_inside_an_update():
    toy(mood="divides by zero")
    with np.errstate(divide="ignore"):
        assert np.float64(1) / np.float64(0) == np.inf


# --- painting -------------------------------------------------------------------------------


def test_a_move_draws_only_the_artists_that_move(draws):
    one = toy()
    draws.clear()
    for slope in np.linspace(-3, 3, 20):
        one.set(slope=slope)
    assert not draws
    assert same_picture(one, toy(slope=3))


def test_a_move_that_changes_the_axes_draws_the_whole_figure_once(draws):
    one = toy()
    draws.clear()
    one.set(mood="zooms")
    assert len(draws) == 1
    assert same_picture(one, toy(mood="zooms"))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_after_any_moves_the_picture_is_that_of_a_new_explorer_in_that_state(seed):
    random = np.random.default_rng(seed)
    one = toy()
    for _ in range(12):
        name = random.choice(list(one.controls))
        values = one.controls[name].samples(random)
        one.set(**{name: values[random.integers(len(values))]})
        if random.random() < 0.2:
            one.enlarge(random.choice([1, 1.5])).enlarge(1)
    assert same_picture(one, toy(**one.values))


def test_a_thousand_moves_leave_no_artist_and_no_memory_behind():
    one = toy()

    def move(times):
        for i in range(times):
            one.set(slope=3 * np.sin(i), mood="raises" if i % 100 == 0 else "fine")
        gc.collect()

    move(101)
    artists, objects = len(one._figure.findobj()), len(gc.get_objects())
    move(801)
    tracemalloc.start()  # makes it ten times slower, so that it watches the last fifth only
    try:
        move(2)
        before = tracemalloc.get_traced_memory()[0]
        move(201)
        growth = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(one._figure.findobj()) == artists
    assert len(gc.get_objects()) - objects < 500
    assert growth < 200_000


def test_updates_never_run_at_the_same_time_whatever_thread_moves_whatever_explorer():
    inside, pause = [], threading.Event()

    @explorer(x=slider(0, 1, start=0))
    def alone(figure):
        """Is anybody else here?"""

        def update(x):
            if inside:
                raise RuntimeError("somebody else is here")
            inside.append(x)
            pause.wait(0.002)  # long enough for the others to come
            inside.pop()
            return f"{x}"

        return update

    explorers = [alone(), alone()]

    def move(one, low):
        return [one.set(x=low + i / 100).error for i in range(25)]

    with ThreadPoolExecutor(4) as threads:
        running = [threads.submit(move, one, low) for one in explorers for low in (0, 0.5)]
        errors = sum((moved.result(60) for moved in running), [])
    assert set(errors) == {None}


def test_two_threads_may_move_it_while_a_third_displays_it(displayed):
    one = toy()
    moves = [
        lambda: [one.set(slope=x) for x in np.linspace(-3, 3, 40)],
        lambda: [one.set(count=n, mood=m) for n in range(1, 9) for m in ("fine", "zooms", "fine")],
        lambda: [one.encoded("png").startswith(b"\x89PNG") for _ in range(40)],
    ]
    displayed(one)  # a view that must follow
    with ThreadPoolExecutor(3) as threads:
        results = [running.result(60) for running in [threads.submit(move) for move in moves]]
    assert all(results[2])
    assert one.error is None
    assert one.words == toy(**one.values).words
    assert same_picture(one, toy(**one.values))


@pytest.mark.parametrize("kind", ["blas", "openmp"])
def test_an_update_computes_on_one_thread_whatever_thread_calls_it(kind):
    import torch  # it brings OpenMP, whose number of threads is each calling thread's own

    assert torch.ones(1) == 1
    seen = []

    @explorer(x=slider(0, 1, start=0))
    def counting(figure):
        """How many threads?"""

        def update(x):
            pools = [pool for pool in threadpool_info() if pool["user_api"] == kind]
            seen.append([pool["num_threads"] for pool in pools])
            return f"{len(pools)} pools"

        return update

    one = counting()
    with ThreadPoolExecutor(1) as other:
        other.submit(one.set, x=1).result(60)
    assert len(seen) == 2
    assert all(threads == [1] * len(threads) != [] for threads in seen)


# --- the lecture hall -----------------------------------------------------------------------


@pytest.mark.parametrize("mood", ["fine", "zooms", "raises"])
def test_lecture_mode_draws_all_of_it_larger_and_goes_back(mood):
    one = toy(mood=mood)
    small = one.pixels()
    large = one.enlarge(1.5).pixels()
    assert large.shape[:2] == (small.shape[0] * 1.5, small.shape[1] * 1.5)
    ink = [np.mean(np.min(picture, axis=-1) < 180) for picture in (small, large)]
    assert ink[1] == pytest.approx(ink[0], rel=0.2)  # letters and lines grow as the page does
    assert np.array_equal(one.enlarge(1).pixels(), small)


# --- in a notebook --------------------------------------------------------------------------


def test_a_notebook_gets_a_picture_with_its_words_and_the_live_views(displayed):
    one = toy()
    (picture, metadata), (words, _) = displayed(one)
    assert picture["image/png"].startswith(b"\x89PNG")
    assert one.words in picture["text/plain"]
    assert metadata["image/png"]["alt"] == one.words
    assert words["text/plain"] == one.words
    assert html.escape(one.words) in words["text/html"]
    assert picture[VIEW]["model_id"] != words[VIEW]["model_id"]


def test_showing_it_twice_shows_the_same_live_view(displayed):
    one = toy()
    assert displayed(one)[0][0][VIEW] == displayed(one.set(slope=2))[0][0][VIEW]


def test_the_live_view_follows_moves_from_code(displayed):
    one = toy()
    displayed(one)
    view = one._view
    picture = view.picture.value
    one.set(slope=-2.5, rate=1, count=9, mood="zooms")
    assert {name: control.value for name, control in view.controls.items()} == one.values
    assert view.picture.value != picture
    assert "it rises by -2.5" in view.picture.value


def test_a_hand_on_a_control_moves_the_explorer(displayed):
    one = toy()
    displayed(one)
    for name, value in {"slope": -2.5, "rate": 1.0, "count": 9, "mood": "zooms"}.items():
        one._view.controls[name].value = value
    assert one.values == {"slope": -2.5, "rate": 1.0, "count": 9, "mood": "zooms"}
    assert same_picture(one, toy(**one.values))


def test_words_with_signs_of_html_are_shown_as_they_are(displayed):
    @explorer(x=slider(0, 1, start=0))
    def signs(figure):
        """Is <b> < 1?"""
        return lambda x: "a < b & c"

    one = signs()
    displayed(one)
    assert "a &lt; b &amp; c" in one._view.picture.value


# --- floors ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import course_lib", ["numpy", "matplotlib", "torch", "scipy", "sklearn", "ipywidgets"]),
        ("import course_lib.explorer, course_lib.plotting", ["ipywidgets", "torch", "pyplot"]),
        (
            "from course_lib.explorers import welcome; one = welcome.one_slider(); one.set(w=1);"
            " one.pixels(); one.code; one.reset()",
            ["ipywidgets", "IPython", "torch", "matplotlib.pyplot"],
        ),
    ],
    ids=["the course", "the explorer", "an explorer driven from code"],
)
def test_nothing_is_imported_that_is_not_needed(code, unwanted):
    script = f"{code}\nimport sys\nprint([name for name in {unwanted} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
