"""Drawings of graphs: every node has its place, every number its text."""

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from course_lib.autodiff import Value, topological_order
from course_lib.drawing import new_figure, to_png
from course_lib.graph_drawing import (
    brief,
    draw_graph,
    graph_layout,
    is_constant,
    plot_graph,
    slopes_that_move,
)


def formula():
    """f = (x + y)(y + 1) at x = 2, y = −3, after its backward pass."""
    x, y = Value(2, "x"), Value(-3, "y")
    f = (x + y) * (y + 1)
    f.backward()
    return f


def test_an_arrow_leads_from_left_to_right_and_no_two_boxes_share_a_place():
    f = formula()
    order, places = topological_order(f), graph_layout(f)
    column = dict(zip(order, places[:, 0], strict=True))
    assert all(column[parent] < column[node] for node in order for parent in node.parents)
    assert len(np.unique(places, axis=0)) == len(order) == 6


def test_the_picture_says_the_value_and_the_gradients_of_the_named_inputs():
    picture = plot_graph(formula(), title="f")
    assert picture.words == (
        "A graph of 6 nodes with the value 2: x = 2 with gradient -2, y = -3 with gradient -3."
    )
    assert to_png(picture.figure)


def test_a_constant_is_its_number_and_the_slopes_of_sums_stand_still():
    f = formula()
    assert [node.data for node in topological_order(f) if is_constant(node)] == [1]
    assert [slope for _, slope in slopes_that_move(f)] == [-2, -1]
    axes = plot_graph(f).figure.axes[0]
    texts = [text.get_text() for text in axes.texts]
    assert "const" not in texts
    assert texts.count("1") == 5  # the constant, and four slopes of the two sums
    values, gradients = [c for c in axes.collections if isinstance(c, PathCollection)][1:]
    for collection in (values, gradients):  # nothing is written twice over the constant
        shown = [len(path.vertices) > 0 for path in collection.get_paths()]
        assert shown == [not is_constant(node) for node in topological_order(f)]


def test_as_many_texts_as_boxes_are_wanted():
    _, write_values, _, write_slopes = draw_graph(new_figure()[1], formula())
    with pytest.raises(ValueError, match="6 texts"):
        write_values(["1"])
    with pytest.raises(ValueError, match="2 texts"):
        write_slopes(["1"] * 3)


@pytest.mark.parametrize(
    ("value", "text"),
    [(12.345, "12.3"), (0.0125, "0.0125"), (0.00126, "0.0013"), (-7e-4, "-7e-04"), (-0.0, "0")],
)
def test_numbers_are_brief_enough_for_a_box(value, text):
    assert brief(value) == text
