"""What every saved notebook must satisfy; notebooks are found by themselves.

That its outputs are what its code gives today is nbval's part.
"""

import ast
import base64
import csv
import re
import statistics
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
PATHS = [p for p in sorted((ROOT / "notebooks").rglob("*.ipynb")) if "checkpoints" not in str(p)]
SECTIONS = ["by the end you can", "claimed and measured", "take-away"]
ELSEWHERE = re.compile(r"[a-z]+:|#")  # a link that has a scheme, or stays on its page
CHINESE = re.compile(r"[\u4e00-\u9fff]+")
ADDRESS = re.compile(r"0x[0-9a-f]{6,}", re.IGNORECASE)  # in memory, another in every run
ABSOLUTE_PATH = re.compile(
    r"(?<![\w./:~-])/(?:home|root|tmp|usr|opt|var|mnt|Users|private)/|\b[A-Z]:\\Users"
)


@pytest.fixture(params=[pytest.param(path, id=path.stem) for path in PATHS])
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture
def code(notebook):
    """The code cells that have code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


@pytest.fixture
def outputs(code):
    return [output for cell in code for output in cell.outputs]


@pytest.fixture
def texts(outputs):
    """All that the outputs say, as text and as HTML."""
    data = [output.get("data", {}) for output in outputs]
    streams = [output.get("text", "") for output in outputs]
    return streams + [one.get(f"text/{kind}", "") for one in data for kind in ("plain", "html")]


@pytest.fixture
def prose(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def lines_of(cell):
    lines = (line.strip() for line in cell.source.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def is_exercise(cell):
    return "check(" in cell.source or "exercise" in cell.metadata.get("tags", [])


def definitions_in(cell):
    tree = ast.parse(re.sub(r"^\s*[%!].*$", "", cell.source, flags=re.MULTILINE))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)]


def section(prose, title):
    """Return the text below the heading that holds this title, up to the next heading."""
    found = re.search(rf"^#+ [^\n]*{title}[^\n]*\n(.*?)(?=^#|\Z)", prose, re.M | re.S | re.I)
    return found[1] if found else ""


# --- as it was run --------------------------------------------------------------------------


def test_its_cells_were_run_once_from_top_to_bottom(code):
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))


def test_no_output_is_an_error_or_a_warning(outputs):
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output.text for output in outputs if output.get("name") == "stderr"]


def test_no_claim_fails(texts):
    assert not [text for text in texts if "✗ fails" in text]


def test_no_output_needs_a_kernel_to_be_seen(notebook, outputs):
    assert "widgets" not in notebook.metadata
    mimes = {mime for output in outputs for mime in output.get("data", {})}
    assert not [mime for mime in mimes if "widget" in mime]


def test_its_cells_have_ids_of_their_own(notebook):
    ids = [cell.get("id") for cell in notebook.cells]
    assert all(ids)
    assert len(set(ids)) == len(ids)


def test_no_output_holds_an_address_in_memory(texts):
    assert not [text for text in texts if ADDRESS.search(text)]


def test_it_says_nothing_of_the_machine_that_ran_it(notebook, texts):
    texts = [*texts, *(cell.source for cell in notebook.cells)]
    assert not [text for text in texts if ABSOLUTE_PATH.search(text) or str(ROOT) in text]


def test_its_pictures_have_a_text_for_those_who_cannot_see_them_and_fit_a_page(outputs):
    for output in outputs:
        if "image/png" in output.get("data", {}):
            assert output.metadata.get("image/png", {}).get("alt", "").strip()
            png = base64.b64decode(output.data["image/png"])
            assert int.from_bytes(png[16:20]) <= 1000  # pixels across


# --- as it is read --------------------------------------------------------------------------


def test_its_code_cells_are_short(code):
    sizes = sorted(len(lines_of(cell)) for cell in code)
    assert statistics.median(sizes) <= 4
    assert sizes[int(0.9 * (len(sizes) - 1))] <= 13
    assert sizes[-1] <= 25


def test_only_exercises_define_functions_and_classes(code):
    defined = [definitions_in(cell) for cell in code if not is_exercise(cell)]
    assert not [node.name for nodes in defined for node in nodes]


def test_its_figures_are_drawn_by_the_library(code):
    sources = "\n".join(cell.source for cell in code)
    assert len(re.findall(r"\b(?:plt|ax\d?|axes)\.\w+\(", sources)) <= 10


@pytest.mark.parametrize("title", SECTIONS)
def test_it_has_the_sections_of_a_lesson(prose, title):
    assert title in prose.lower()


def test_its_links_lead_somewhere(path, prose):
    links = re.findall(r"\]\(([^)\s]+)|(?:src|href)=\"([^\"]+)\"", prose)
    links = ["".join(link) for link in links]
    files = [unquote(link.partition("#")[0]) for link in links if not ELSEWHERE.match(link)]
    assert not [file for file in files if not (path.parent / file).exists()]


def test_the_chinese_terms_of_its_take_aways_are_in_the_glossary(prose):
    glossary = ROOT / "data" / "glossary.csv"
    if not glossary.exists():
        pytest.skip("data/glossary.csv does not exist yet")
    with glossary.open(encoding="utf-8", newline="") as lines:
        known = {
            term
            for row in csv.DictReader(lines)
            for term in CHINESE.findall(f"{row['simplified']} {row['traditional']}")
        }
    terms = set(CHINESE.findall(section(prose, "take-away")))
    assert terms
    assert sorted(terms - known) == []


# --- the two tables of lessons --------------------------------------------------------------


def lessons_in(text):
    """The rows of a table of lessons: number and star, title, question, and whether it is there."""
    rows = re.findall(r"^\| (\d\d(?: ★)?) \| (.+?) \| (.+?) \|", text, re.MULTILINE)
    return [
        (number, re.search(r"\w[^]()*]*", title)[0].strip(), question, "to come" not in title)
        for number, title, question in rows
    ]


def test_the_readme_and_the_welcome_list_the_same_lessons_and_questions():
    welcome = nbformat.read(ROOT / "notebooks" / "00_welcome.ipynb", as_version=4)
    lessons = lessons_in((ROOT / "README.md").read_text(encoding="utf-8"))
    assert lessons
    assert lessons == lessons_in("\n".join(cell.source for cell in welcome.cells))


def test_the_lessons_of_the_readme_are_those_that_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\|.*\b\d\d_\w+.*$", readme, re.MULTILINE)
    here = {re.search(r"\d\d_[a-z_]+", row)[0] for row in rows if "to come" not in row.lower()}
    assert here == {path.stem for path in PATHS}
