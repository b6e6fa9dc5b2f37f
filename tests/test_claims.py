"""The closing table: three verdicts, nothing typed in, the same words in HTML and in text."""

import re

import numpy as np
import pytest

from course_lib.claims import Claims

ROWS = {
    "slope": {"claimed": "∝ 1/K", "measured": -1.00234, "holds": np.bool_(True)},
    "errors": {"claimed": [3.8, 14.3], "measured": np.array([3.912, 15.04]), "holds": True},
    "Eevee": {"claimed": 3.8, "measured": 12.345, "holds": False, "because": "n < 30 & noisy."},
    "steps": {"claimed": 100, "measured": 12345, "holds": False},
}


@pytest.fixture
def claims():
    table = Claims()
    for name, row in ROWS.items():
        table.add(name, **row)
    return table


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("slope", "✓ holds: slope · claimed ∝ 1/K · measured -1"),
        ("errors", "✓ holds: errors · claimed 3.8, 14.3 · measured 3.91, 15"),
        ("Eevee", "≠ differs: Eevee · claimed 3.8 · measured 12.3 · n < 30 & noisy."),
        ("steps", "✗ fails: steps · claimed 100 · measured 12345"),
    ],
)
def test_a_claim_is_shown_as_one_line_where_it_is_measured(name, line):
    assert repr(Claims().add(name, **ROWS[name])) == line


@pytest.mark.parametrize("holds", [1, "yes", None, 0.0, np.array([True, False])])
def test_holds_must_be_computed_as_a_bool(holds):
    with pytest.raises(TypeError, match="holds must be a bool computed from the measurement"):
        Claims().add("slope", claimed=-1, measured=-1, holds=holds)


def test_only_what_fails_without_a_reason_counts_as_failed(claims):
    assert claims.failed == ["steps"]


def test_running_a_cell_again_replaces_its_row_in_place(claims):
    claims.add("slope", claimed=-1, measured=-2, holds=False)
    assert list(claims.rows) == list(ROWS)
    assert claims.failed == ["slope", "steps"]


@pytest.mark.parametrize(
    ("verdicts", "summary"),
    [
        ([True], "1 of 1 hold"),
        ([True, "why"], "1 of 2 hold, 1 differs and says why"),
        ([True, "why", "why", False], "1 of 4 hold, 2 differ and say why, 1 fails"),
        ([False, False], "0 of 2 hold, 2 fail"),
        ([], "0 of 0 hold"),
    ],
)
def test_the_closing_line_counts_the_verdicts(verdicts, summary):
    table = Claims()
    for number, verdict in enumerate(verdicts):
        because = verdict if isinstance(verdict, str) else ""
        table.add(f"c{number}", claimed=1, measured=1, holds=verdict is True, because=because)
    assert table.summary == summary
    assert repr(table).splitlines()[-1] == summary
    assert summary in table._repr_html_()


def test_the_plain_table_is_aligned(claims):
    header, *rows, _ = repr(claims).splitlines()
    column = header.index("claimed")
    assert [row[column:].split("  ")[0] for row in rows] == ["∝ 1/K", "3.8, 14.3", "3.8", "100"]


def test_the_html_table_has_headers_with_scope_and_escapes_its_texts(claims):
    html = claims._repr_html_()
    assert len(re.findall('<th scope="col"', html)) == 5
    assert re.findall('<th scope="row"[^>]*>([^<]*)<', html) == list(ROWS)
    assert "n &lt; 30 &amp; noisy." in html
    assert not re.search(r"(?<!-)(color|background)\s*:", html)
