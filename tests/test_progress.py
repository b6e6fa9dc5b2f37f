"""The progress bar: it moves, it says what it is told, and a saved notebook keeps none of it."""

import pytest

from course_lib import progress
from course_lib.saving import WIDGET_VIEW, drop_views


@pytest.fixture
def shown(monkeypatch):
    displayed = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: displayed.append(data))
    return displayed


def test_a_bar_goes_on_step_by_step_and_is_shown_once(shown):
    bar = progress.ProgressBar(3)
    assert not shown
    for epoch in (1, 2):
        bar(f"epoch {epoch} of 3: loss < 1")
    assert len(shown) == 1
    assert 'max="3" value="2"' in bar._view.value
    assert "epoch 2 of 3: loss &lt; 1" in bar._view.value


def test_a_saved_notebook_does_not_keep_it(shown):
    progress.ProgressBar(1)("done")
    notebook = {"metadata": {}, "cells": [{"outputs": [{"data": shown[0]}]}]}
    drop_views(notebook)
    assert list(shown[0]) == ["text/plain"]
    assert WIDGET_VIEW not in shown[0]


def test_a_bar_without_steps_is_refused():
    with pytest.raises(ValueError, match="steps must be at least 1"):
        progress.ProgressBar(0)
