"""Every notebook with explorers, in a real JupyterLab: each control is moved as a hand would."""

import importlib.util
import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.lab import Lab, find_chromium

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def explorers_of(path):
    """Return a lesson's title, its imports and the cells that only open an explorer."""
    notebook = nbformat.read(path, as_version=4)
    title, *_ = notebook.cells
    imports, *codes = (cell for cell in notebook.cells if cell.cell_type == "code")
    openers = [
        cell for cell in codes if re.fullmatch(r"explorers\.(?!plot_)\w+\(\)", cell.source.strip())
    ]
    notebook.cells = [title, imports, *openers] if openers else []
    return notebook


WITH_EXPLORERS = [
    path.name for path in sorted(NOTEBOOKS.glob("*.ipynb")) if explorers_of(path).cells
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not find_chromium(), reason="there is no Chromium on this machine"),
    pytest.mark.skipif(
        not importlib.util.find_spec("playwright"), reason="playwright is not installed"
    ),
]

EVERY_CONTROL = '''
from course_lib.explorer import choice, explorer, int_slider, log_slider, slider

@explorer(
    presets={"steep": {"slope": 3}, "get lost": {"mood": "lost"}},
    slope=slider(-3, 3, start=0),
    rate=log_slider(1e-3, 1e-1, start=1e-2),
    count=int_slider(1, 9, start=3),
    mood=choice(["fine", "lost"]),
)
def every_control(figure):
    """Does every control work?"""
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(-4, 10))
    (line,) = axes.plot([], [], "o-", animated=True)

    def update(slope, rate, count, mood):
        line.set_data([0, 0.5, 1], [slope, 90 * rate, count])
        if mood == "lost":
            raise ValueError("lost <i>on purpose</i>")
        return f"{slope + rate + count:.4g} in all"

    return update
'''
OFF_THE_GRID = EVERY_CONTROL.replace("start=0)", "start=1)").replace("start=1e-2", "start=0.03")
"""The starts of this one are not a whole number of steps from the low end."""
DEAD_SLIDER = EVERY_CONTROL.replace("[slope,", "[0,")
"""The first slider of this one moves nothing in the picture."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab on the lessons, on their explorers alone, and on the three explorers above."""
    folder = tmp_path_factory.mktemp("lab") / "notebooks"
    (folder / "explorers").mkdir(parents=True)
    for path in map(NOTEBOOKS.joinpath, WITH_EXPLORERS):
        (folder / path.name).write_bytes(path.read_bytes())
        nbformat.write(explorers_of(path), folder / "explorers" / path.name)
    sources = [EVERY_CONTROL, OFF_THE_GRID, DEAD_SLIDER]
    cells = [new_code_cell(source + "\nevery_control()") for source in sources]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    small = new_notebook(cells=[new_markdown_cell("# Small"), *cells], metadata=metadata)
    nbformat.write(small, folder / "small.ipynb")
    with Lab(folder) as lab:
        yield lab


@pytest.fixture(scope="module")
def small(lab):
    """The small notebook, run."""
    notebook = lab.open("small.ipynb")
    notebook.run_all()
    yield notebook
    notebook.close()


@pytest.fixture
def lesson(lab, request):
    """The explorers of the lesson of this name, open."""
    notebook = lab.open(f"explorers/{request.param}")
    notebook.run_all()
    yield notebook
    notebook.close()


def move_everything(explorer):
    """Move every control of an explorer; none may be dead, and nothing may jump."""
    explorer.click("reset")  # an earlier test may have moved it
    start = explorer.words, explorer.pixels()
    explorer.watch_height()
    for slider in explorer.sliders():
        move_slider(slider)
        explorer.click("reset")
        explorer.wait_for_words("===", start[0])
    for choice in explorer.choices():
        choice.click()
        explorer.notebook.settle()
    for name in explorer.buttons():
        explorer.click(name)
    explorer.click("reset")
    explorer.wait_for_words("===", start[0])
    assert explorer.pixels() == start[1]
    assert explorer.jump() == 0


def move_slider(slider):
    """Move a slider by key and by mouse from end to end; it must be seen, and alike by both."""
    explorer = slider.explorer
    slider.press("End")
    high_words, high_picture = explorer.words, explorer.pixels()
    slider.press("Home")
    assert explorer.pixels() != high_picture, f"slider {slider.name!r} leaves the picture as it is"
    slider.drag_to_end()
    explorer.wait_for_words("===", high_words)
    assert explorer.pixels() == high_picture


def test_a_whole_lesson_runs_without_trouble(lab):
    notebook = lab.open("01_regression.ipynb")
    notebook.run_all()
    assert notebook.explorers()
    assert notebook.troubles == []
    notebook.close()


@pytest.mark.parametrize("lesson", WITH_EXPLORERS, indirect=True)
def test_every_control_of_a_lesson_is_alive_and_nothing_jumps_or_turns_red(lesson):
    assert lesson.troubles == []
    imports, *openers = lesson.page.locator(".jp-CodeCell").all()
    assert len(lesson.explorers()) == len(openers)
    for explorer in lesson.explorers():
        move_everything(explorer)
    assert lesson.troubles == []


def test_every_kind_of_control_works(small):
    move_everything(small.explorers()[0])
    assert small.troubles == []


def test_arrow_keys_move_a_slider_by_one_step(small):
    explorer = small.explorers()[0]
    slider = explorer.sliders()[0]
    slider.press("Home")
    words = explorer.words
    slider.press("ArrowRight")
    assert explorer.words != words
    slider.press("ArrowLeft")
    assert explorer.words == words


def test_a_move_fetches_no_icon_for_the_browsers_tab(small):
    asked = []
    small.page.on("request", lambda request: asked.append(request.url))
    small.explorers()[0].sliders()[0].press("End")
    small.settle()
    assert not [address for address in asked if "favicon" in address]


def test_large_enlarges_the_picture_and_code_shows_the_call(small):
    explorer = small.explorers()[0]
    width = explorer.picture.evaluate("picture => picture.naturalWidth")
    for scale in (1.5, 1):
        explorer.click("large")
        explorer.wait_until("picture.naturalWidth === arg", scale * width)
    explorer.click("code")
    explorer.click("steep")
    call = "explorers.every_control(slope=3.0"
    explorer.wait_until(
        "root.querySelector('input[type=text]:read-only').value.startsWith(arg)", call
    )
    explorer.click("code")


def test_an_update_that_fails_says_so_and_nothing_turns_red(small):
    explorer = small.explorers()[0]
    explorer.click("reset")
    words, pixels = explorer.words, explorer.pixels()
    explorer.click("get lost")
    explorer.wait_for_words("!==", words)
    assert explorer.words.endswith("lost <i>on purpose</i>")
    assert explorer.pixels() != pixels
    explorer.click("reset")
    explorer.wait_for_words("===", words)
    assert explorer.pixels() == pixels
    assert small.troubles == []


def test_a_start_between_two_steps_of_its_slider_is_where_it_opens_and_where_reset_goes(small):
    explorer = small.explorers()[1]
    small.settle()
    words = explorer.words
    assert words.startswith("slope = 1.0 · rate = 0.03 ·")
    explorer.sliders()[0].press("End")
    explorer.click("reset")
    explorer.wait_for_words("===", words)


def test_a_dead_slider_is_found(small):
    with pytest.raises(AssertionError, match="slope.*leaves the picture as it is"):
        move_slider(small.explorers()[2].sliders()[0])


def test_without_a_kernel_a_saved_lesson_shows_its_pictures_and_words(lab):
    name = "01_regression.ipynb"  # that the others are saved alike is for test_notebooks.py
    saved = nbformat.read(NOTEBOOKS / name, as_version=4)
    outputs = [output for cell in saved.cells for output in cell.get("outputs", [])]
    alts = [o.metadata["image/png"]["alt"] for o in outputs if "image/png" in o.get("data", {})]
    assert alts
    notebook = lab.open(name, kernel=False)
    pictures = notebook.page.locator(".jp-RenderedImage img[src^='data:image/png']")
    pictures.nth(len(alts) - 1).wait_for()
    assert pictures.evaluate_all("all => all.every(one => one.naturalWidth > 100)")
    page = notebook.page.locator(".jp-Notebook").inner_text()
    assert "Loading widget" not in page
    for alt in alts:
        assert alt in page
    notebook.close()
