"""Drawings of computational graphs: `plot_graph`, and the parts that an explorer moves.

In a box stand a node's name or operation, its value (blue) and ∂output/∂node after `backward`
(orange); on an arrow stands the local derivative of the node that it leads to (green). A constant
has no name: its box holds its number alone.
"""

from itertools import count

import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from course_lib.autodiff import edges, topological_order
from course_lib.drawing import BLUE, GREEN, GREY, ORANGE, moving_texts, new_figure
from course_lib.plotting import Picture, number

BOX = 0.62, 0.74  # width and height of a node, where columns and rows are 1 apart
MARGIN = 0.36  # from the middle of the outermost boxes to the rim
SIGNS = {"^2": "( )²"}  # what is written for an operation, where it is not its name


def plot_graph(output, title=""):
    """Draw the computational graph of a `Value`, with its values, gradients and local derivatives.

    Call `output.backward()` before, or the gradients are 0.
    """
    order = topological_order(output)
    width, height = np.ptp(graph_layout(output), axis=0) + 2 * MARGIN
    figure, axes = new_figure(size=(min(10, 1.5 * width), 0.95 * height + 0.5 * bool(title)))
    _, write_values, write_gradients, write_slopes = draw_graph(axes, output)
    axes.set_title(title)
    write_values(["" if is_constant(node) else brief(node.data) for node in order])
    write_gradients(["" if is_constant(node) else brief(node.grad) for node in order])
    write_slopes([brief(slope) for _, slope in slopes_that_move(output)])
    inputs = ", ".join(
        f"{node.name} = {number(node.data)} with gradient {number(node.grad)}"
        for node in order
        if node.name and not node.parents
    )
    words = f"A graph of {len(order)} nodes with the value {number(output.data)}: {inputs}."
    return Picture(figure, words)


# --- parts that an explorer moves ----------------------------------------------------------------


def draw_graph(axes, output):
    """Draw the graph that ends in `output`: boxes, arrows, and places for the numbers.

    Returns the places of the nodes, and three functions that write texts: the nodes' values, their
    gradients (both in topological order), and the local derivatives, those of `slopes_that_move`.
    """
    order, places = topological_order(output), graph_layout(output)
    (left, bottom), (right, top) = places.min(axis=0) - MARGIN, places.max(axis=0) + MARGIN
    axes.set(xlim=(left, right), ylim=(bottom - 0.06, top + 0.06))
    axes.axis("off")
    place = dict(zip(order, places, strict=True))
    write_slopes = _draw_edges(axes, output, place)
    for node in order:
        _draw_box(axes, node, *place[node])
    write_values = moving_texts(axes, places, BLUE)
    write_gradients = moving_texts(axes, places - [0, 0.23], ORANGE, weight="bold")
    return places, write_values, write_gradients, write_slopes


def graph_layout(output):
    """Return the place (column, row) of each node, in topological order, shape (nodes, 2).

    A node's column is given by its longest way to the output; the inputs lie one below the other,
    and every other node in the middle of its parents.
    """
    order = topological_order(output)
    column, row, next_row = dict.fromkeys(order, 0), {}, count()
    for node in reversed(order):
        for parent in node.parents:
            column[parent] = min(column[parent], column[node] - 1)
    for node in order:
        parents = [row[parent] for parent in node.parents]
        row[node] = sum(parents) / len(parents) if parents else next(next_row)
    return np.array([(column[node], -row[node]) for node in order], dtype=float)


def slopes_that_move(output):
    """Return (child, local derivative) for every edge but those of sums and differences.

    Those are 1 or −1 whatever the values: `draw_graph` has written them already.
    """
    return [(child, s) for _, child, s in edges(output) if child.operation not in ("+", "−")]


def is_constant(node):
    """Return whether a node is a plain number of a formula: neither named nor computed."""
    return not (node.name or node.parents)


def brief(value):
    """Write a number so that it fits into a box: 12.3, 0.0125, 0.0013, 7e-04."""
    if 0 < abs(value) < 1e-3:
        return f"{value:.0e}"
    return f"{value + 0.0:.{3 if abs(value) >= 0.01 else 2}g}"


def _draw_edges(axes, output, place):
    """Draw all arrows, with the local derivatives of sums; return what writes the others."""
    spots, ends = [], []
    children = [parent for parent, _, _ in edges(output)]
    for parent, child, slope in edges(output):
        along = 0.48 if children.count(parent) == 1 else 0.62  # where two arrows have parted
        spot = _draw_edge(axes, place[parent], place[child], ends.count((parent, child)), along)
        ends.append((parent, child))
        if child.operation in ("+", "−"):
            axes.text(*spot, f"{slope:.0f}", color=GREEN, ha="center", va="center")
        else:
            spots.append(spot)
    return moving_texts(axes, spots, GREEN, size=12)


def _draw_edge(axes, start, end, earlier, along):
    """Draw an arrow from box to box; one that would be hidden is bent. Return a spot beside it."""
    length = end[0] - start[0]
    hidden = abs(start[1] - end[1]) < 0.1 and length > 1.5
    bend = -0.35 if hidden or earlier else 0.0
    begin, stop = start + [BOX[0] / 2, 0], end - [BOX[0] / 2, 0]
    axes.add_patch(
        FancyArrowPatch(
            begin, stop, connectionstyle=f"arc3,rad={bend}", arrowstyle="-|>", mutation_scale=13,
            color=GREY, linewidth=1.4, shrinkA=0, shrinkB=0, zorder=2,
        )
    )  # fmt: skip
    falls = np.sign(start[1] - end[1])
    aside = [0.08, 0.13 * falls] if falls else [0, 0.14 - 0.5 * bend * length]
    return begin + along * (stop - begin) + aside


def _draw_box(axes, node, x, y):
    """Draw a node: a box with its name or its operation, and room for two numbers."""
    box = FancyBboxPatch(
        (x - BOX[0] / 2, y - BOX[1] / 2), *BOX, boxstyle="round,pad=0,rounding_size=0.12",
        facecolor="white", edgecolor=GREY, linewidth=1.4, zorder=3,
    )  # fmt: skip
    axes.add_patch(box)
    sign = SIGNS.get(node.operation, node.operation)
    label = " = ".join(filter(None, [node.name, sign])) or brief(node.data)
    height = y if is_constant(node) else y + 0.23
    style = {"ha": "center", "va": "center", "fontweight": "bold", "zorder": 5}
    axes.text(x, height, label, fontsize=13.5, **style)
