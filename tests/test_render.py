"""What `tools/render.py` writes and refuses to write, and that nbval then finds the same again."""

import base64
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_lib.saving import WIDGET_VIEW

ROOT = Path(__file__).parents[1]
CELLS = [
    "from course_lib.claims import Claims\nfrom course_lib.exercise import check",
    "from course_lib.explorers import welcome as explorers\nexplorers.one_slider(w=1.5)",
    "from course_lib.plotting import Picture, new_figure\nfigure, axes = new_figure()",
    "Picture(figure, 'an empty sheet')",
    "check('00.1', ...)",
    "claims = Claims()\nclaims.add('one', claimed=1, measured=1.0, holds=True)\nclaims",
    "print('first')\nprint('second')",
    "2 + 2;",
]


@pytest.fixture(scope="module")
def render():
    """The module tools/render.py."""
    spec = importlib.util.spec_from_file_location("render", ROOT / "tools" / "render.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_notebook(path, sources):
    """Write a notebook as an old editor would: no ids, no outputs, timings in its metadata."""
    cells = [new_markdown_cell("# Small"), *map(new_code_cell, sources)]
    for cell in cells:
        del cell["id"]
    notebook = new_notebook(cells=cells, nbformat_minor=4, metadata={"widgets": {"state": {}}})
    notebook.cells[1].metadata["execution"] = {"iopub.execute_input": "2020-01-01T00:00:00Z"}
    notebook.cells[1].metadata["tags"] = ["setup"]
    path.write_text(json.dumps(notebook), encoding="utf-8")


@pytest.fixture(scope="module")
def rendered(render, tmp_path_factory):
    """The path of a rendered notebook with one of everything in it."""
    folder = tmp_path_factory.mktemp("a folder 课程") / "notebooks"
    folder.mkdir()
    write_notebook(folder / "small.ipynb", CELLS)
    assert render.main([folder / "small.ipynb"]) == 0
    return folder / "small.ipynb"


@pytest.fixture(scope="module")
def notebook(rendered):
    return nbformat.read(rendered, as_version=4)


def outputs_of(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def test_rendering_twice_writes_the_same_bytes(render, rendered, capsys):
    first = rendered.read_bytes()
    assert render.main([rendered]) == 0
    assert rendered.read_bytes() == first
    name, seconds, _, peak, *_ = capsys.readouterr().out.split()
    assert name == "small.ipynb"
    assert float(seconds) > 0
    assert float(peak) > 20


def test_a_rendered_notebook_is_valid_and_ends_in_one_newline(rendered, notebook):
    nbformat.validate(notebook)
    assert rendered.read_text(encoding="utf-8").endswith("}\n")
    assert [path.name for path in rendered.parent.iterdir()] == ["small.ipynb"]


def test_every_cell_has_an_id_and_the_counts_go_up_by_one(notebook):
    assert len({cell.id for cell in notebook.cells}) == len(CELLS) + 1
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(CELLS) + 1))


def test_tags_stay_and_timings_versions_and_widget_state_go(notebook):
    assert notebook.cells[1].metadata == {"tags": ["setup"]}
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert "version" not in notebook.metadata.language_info


def test_no_output_needs_a_kernel_and_the_picture_and_its_words_remain(render, notebook):
    assert not any(WIDGET_VIEW in output.get("data", {}) for output in outputs_of(notebook))
    picture, words = notebook.cells[2].outputs
    assert base64.b64decode(picture.data["image/png"]).startswith(b"\x89PNG")
    assert words.data["text/plain"] == picture.metadata["image/png"]["alt"]


def test_html_without_a_kernel_shows_the_picture_and_its_words(notebook):
    html, _ = HTMLExporter().from_notebook_node(notebook)
    picture, words = notebook.cells[2].outputs
    assert picture.data["image/png"].replace("\n", "")[:500] in html.replace("\n", "")
    assert f">{words.data['text/plain']}<" in html


def test_nbval_finds_the_same_outputs_again(rendered):
    for name in ("pyproject.toml", "conftest.py"):
        shutil.copy(ROOT / name, rendered.parents[1])
    command = [
        *(sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "notebooks"),
        *("--nbval-sanitize-with", ROOT / "tests" / "nbval_sanitize.cfg"),
        *("--nbval-cell-timeout=120", "-p", "no:cacheprovider", "-q"),
    ]
    run = subprocess.run(
        command,
        cwd=rendered.parents[1],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{len(CELLS)} passed" in run.stdout


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("1 / 0", "a cell fails: ZeroDivisionError: division by zero"),
        ("import warnings; warnings.warn('careful')", "a cell warns: .*careful"),
        (CELLS[0] + "\nClaims().add('two', claimed=1, measured=2, holds=False)", "a claim fails"),
        ("import os; os._exit(1)", "a cell does not end: .*died"),
        ("import time; time.sleep(60)", "a cell does not end: .*timed out"),
    ],
    ids=["error", "warning", "claim", "dead", "slow"],
)
def test_an_unfit_notebook_is_not_written_and_the_reason_is_said(
    render, tmp_path, capsys, monkeypatch, source, reason
):
    if "sleep" in source:
        monkeypatch.setattr(render.execute, "__defaults__", (1,))
    path = tmp_path / "unfit.ipynb"
    write_notebook(path, [source])
    before = path.read_bytes()
    assert render.main([path]) == 1
    assert path.read_bytes() == before
    assert re.search(rf"unfit\.ipynb was not written: {reason}", capsys.readouterr().err, re.DOTALL)


@pytest.mark.parametrize(
    ("seconds", "peak", "reason"),
    [
        (61, 2**20, "it takes 61 s; at most 60 s are allowed"),
        (1, 2**31, "it takes 2048 MiB of memory; at most 1024 MiB are allowed"),
    ],
    ids=["slow", "large"],
)
def test_a_notebook_that_takes_too_much_is_not_written(
    render, tmp_path, capsys, monkeypatch, seconds, peak, reason
):
    monkeypatch.setattr(render, "execute", lambda notebook, folder: peak)
    clock = SimpleNamespace(perf_counter=iter([0, seconds]).__next__)
    monkeypatch.setattr(render, "time", clock)
    path = tmp_path / "greedy.ipynb"
    write_notebook(path, ["1 + 1"])
    before = path.read_bytes()
    assert render.main([path]) == 1
    assert path.read_bytes() == before
    assert f"greedy.ipynb was not written: {reason}" in capsys.readouterr().err


def test_a_notebook_that_is_not_there_or_not_json_is_said(render, tmp_path, capsys):
    (tmp_path / "broken.ipynb").write_text("{", encoding="utf-8")
    assert render.main([tmp_path / "none.ipynb", tmp_path / "broken.ipynb"]) == 1
    said = capsys.readouterr().err
    assert "none.ipynb was not written: " in said
    assert "broken.ipynb was not written: " in said
