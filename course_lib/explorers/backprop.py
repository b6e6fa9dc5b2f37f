"""Lesson 05: a layer, a computational graph, the reversed network, paths and edges, differences,
the first weights, and two trainings to walk through."""

from functools import cache
from itertools import count

import numpy as np
from matplotlib import rcParams
from matplotlib.colors import to_rgb
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from course_lib.autodiff import Value, count_paths, edges, topological_order
from course_lib.datasets import load_digits, make_circles
from course_lib.explorer import choice, explorer, int_slider, log_slider, slider
from course_lib.logistic import sigmoid, softmax
from course_lib.networks import (
    MLP,
    Activation,
    Dense,
    difference_quotient,
    train,
)
from course_lib.optimizers import Adam, Momentum, linear_decay
from course_lib.plotting import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    Picture,
    boundary_lines,
    class_image,
    draw_classes,
    moving_image,
    moving_lines,
    moving_polygons,
    moving_texts,
    new_figure,
    number,
    plane,
)

# --- Drawing graphs and networks -------------------------------------------------------------


def empty_axes(axes, xlim, ylim, title=""):
    """Make the axes a page for drawings: no ticks, no frame, no grid."""
    axes.set(xlim=xlim, ylim=ylim, title=title)
    axes.axis("off")
    return axes


def graph_layout(output):
    """Return the place (column, row) of each node, in topological order.

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


BOX = 0.62, 0.74  # width and height of a node
SIGNS = {"^2": "( )²"}  # what is written for an operation, where it is not its name


def draw_graph(axes, output):
    """Draw the graph that ends in `output`: boxes, arrows, and places for the numbers.

    Returns the places of the nodes, and three functions that write texts: the nodes' values, their
    gradients (both in topological order), and the local derivatives (in the order of `edges`,
    without those of sums and differences, which are always 1 or −1).
    """
    order, places = topological_order(output), graph_layout(output)
    (left, bottom), (right, top) = places.min(axis=0), places.max(axis=0)
    empty_axes(axes, (left - 0.5, right + 0.5), (bottom - 0.5, top + 0.5))
    spots, ends = [], []
    for parent, child, slope in edges(output):
        i, j = order.index(parent), order.index(child)
        spot = _draw_edge(axes, places[i], places[j], ends.count((i, j)))
        ends.append((i, j))
        if child.operation in ("+", "−"):  # 1 or −1 whatever the values: it need not move
            axes.text(*spot, f"{slope:.0f}", color=GREEN, ha="center", va="center")
        else:
            spots.append(spot)
    for node, (x, y) in zip(order, places, strict=True):
        _draw_box(axes, node, x, y)
    write_values = moving_texts(axes, places, BLUE)
    write_gradients = moving_texts(axes, places - [0, 0.23], ORANGE, weight="bold")
    return places, write_values, write_gradients, moving_texts(axes, spots, GREEN)


def _draw_box(axes, node, x, y):
    """Draw a node: a box with its name or its operation, and room for two numbers."""
    box = FancyBboxPatch(
        (x - BOX[0] / 2, y - BOX[1] / 2), *BOX, boxstyle="round,pad=0,rounding_size=0.12",
        facecolor="white", edgecolor=GREY, linewidth=1.4, zorder=3,
    )  # fmt: skip
    axes.add_patch(box)
    sign = SIGNS.get(node.operation, node.operation)
    label = " = ".join(filter(None, [node.name, sign])) or "const"
    style = {"ha": "center", "va": "center", "fontweight": "bold", "zorder": 5}
    axes.text(x, y + 0.23, label, fontsize=13.5, **style)


def _draw_edge(axes, start, end, earlier):
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
    side = np.sign(start[1] - end[1])
    aside = [0.02, 0.15 * side] if side else [0, 0.14 - 0.5 * bend * length]
    return begin + 0.48 * (stop - begin) + aside


def slopes_that_move(output):
    """Return (child, local derivative) for every edge but those of sums and differences."""
    return [(child, s) for _, child, s in edges(output) if child.operation not in ("+", "−")]


def brief(value):
    """Write a number so that it fits into a box: 12.3, 0.0125, 0.0013, 7e-04."""
    if 0 < abs(value) < 1e-3:
        return f"{value:.0e}"
    return f"{value + 0.0:.{3 if abs(value) >= 0.01 else 2}g}"


def plot_graph(output, title=""):
    """Draw the computational graph of a `Value`, with its values, gradients and local derivatives.

    In a box: its name or operation, its value (blue), ∂output/∂it after `backward` (orange). On an
    arrow: the local derivative of the node that it leads to (green).
    """
    order = topological_order(output)
    width, height = np.ptp(graph_layout(output), axis=0) + 1
    figure, axes = new_figure(size=(min(10, 1.45 * width), 0.95 * height + 0.5 * bool(title)))
    _, write_values, write_gradients, write_slopes = draw_graph(axes, output)
    axes.set_title(title)
    write_values([brief(node.data) for node in order])
    write_gradients([brief(node.grad) for node in order])
    write_slopes([brief(slope) for _, slope in slopes_that_move(output)])
    inputs = ", ".join(
        f"{node.name} = {number(node.data)} with gradient {number(node.grad)}"
        for node in order
        if node.name and not node.parents
    )
    return Picture(figure, f"A graph of {len(order)} nodes with the value {number(output.data)}: "
                           f"{inputs}.")  # fmt: skip


def draw_neurons(axes, places, color="white", shape="o"):
    """Draw neurons at these places, a circle or another shape each."""
    axes.plot(*np.transpose(places), shape, ms=43, mfc=color, mec=INK, mew=1.6, zorder=3)


def formatted(numbers, pattern="{:.2f}"):
    """Return numbers as texts, without a minus before a zero."""
    return [pattern.format(value + 0.0) for value in numbers]


def connect(axes, starts, ends, **style):
    """Draw a line from each start to each end."""
    for start in starts:
        for end in ends:
            axes.plot(*zip(start, end, strict=True), **{"color": GREY, "lw": 1.6, **style})


# --- One layer -------------------------------------------------------------------------------

LECTURE_W = np.array([[1.0, -2.0], [-1.0, 1.0]])


@explorer(
    x1=slider(-3, 3, start=0, step=0.1, label="x₁"),
    x2=slider(-3, 3, start=0, step=0.1, label="x₂"),
    b1=slider(-3, 3, start=0, step=0.1, label="b₁"),
    b2=slider(-3, 3, start=0, step=0.1, label="b₂"),
    presets={
        "the lecture's input, b = (1, 0)": {"x1": 1, "x2": -1, "b1": 1, "b2": 0},
        "b = (1, −1)": {"x1": 1, "x2": -1, "b1": 1, "b2": -1},
        "undecided": {"x1": 0, "x2": 0, "b1": 0, "b2": 0},
    },
    size=(9.5, 4),
)
def layer(figure):
    """What does a layer of two neurons make of two inputs?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.35, 1))
    write_x, write_b, write_z, write_a = draw_layer(left)
    z = np.linspace(-9, 9, 181)
    right.plot(z, sigmoid(z), color=INK)
    right.set(title="The activation σ", xlabel="z", ylabel="a = σ(z)", ylim=(-0.05, 1.05))
    (first,) = right.plot([], [], "o", color=ORANGE, ms=13, animated=True, label="neuron 1")
    (second,) = right.plot([], [], "s", color=BLUE, ms=12, animated=True, label="neuron 2")
    right.legend(loc="upper left")

    def update(x1, x2, b1, b2):
        dense = Dense(LECTURE_W, np.array([b1, b2]))
        z = dense.forward(np.array([[x1, x2]]))[0]
        a = sigmoid(z)
        write_x(formatted([x1, x2], "{:.1f}"))
        write_b(formatted([b1, b2], "{:.1f}"))
        write_z(formatted(z, "{:.1f}"))
        write_a(formatted(a))
        first.set_data(z[:1], a[:1])
        second.set_data(z[1:], a[1:])
        return f"z = ({z[0]:.1f}, {z[1]:.1f}), a = ({a[0]:.2f}, {a[1]:.2f})"

    return update


def draw_layer(axes):
    """Draw the lecture's layer; return what writes its inputs, its biases, z and a."""
    empty_axes(axes, (-0.45, 3.6), (-0.75, 1.8), "z = W x + b,  a = σ(z)")
    inputs, neurons = [(0, 1.2), (0, 0)], [(1.9, 1.2), (1.9, 0)]
    connect(axes, inputs, neurons)
    for i, (x, y) in enumerate([(0.62, 1.36), (0.78, 0.88), (0.78, 0.32), (0.62, -0.17)]):
        weight = LECTURE_W[i % 2, i // 2]
        axes.text(x, y, f"{weight:+.0f}", color=GREEN, fontsize=14, ha="center", va="center")
    draw_neurons(axes, inputs, color="#E8F1F8")
    draw_neurons(axes, neurons)
    for (x, y), b in zip(neurons, "₁₂", strict=True):
        axes.plot([x, x], [y - 0.45, y], color=GREY, lw=1.6, zorder=1)
        axes.plot([x + 0.3, x + 0.85], [y, y], color=GREY, lw=1.6, zorder=1)
        axes.text(x - 0.12, y - 0.52, f"b{b} =", ha="right", va="center", fontsize=14)
    for (x, y), name in zip(inputs + neurons, ("x₁", "x₂", "z₁", "z₂"), strict=True):
        axes.text(x, y + 0.37, name, ha="center", va="center", fontsize=15)
    return (
        moving_texts(axes, inputs, BLUE, size=15),
        moving_texts(axes, [(2.15, 0.68), (2.15, -0.52)], GREEN, size=14),
        moving_texts(axes, neurons, INK, size=15),
        moving_texts(axes, [(3.2, 1.2), (3.2, 0)], ORANGE, size=17, weight="bold"),
    )


# --- The computational graph -----------------------------------------------------------------


def neuron_and_cost(x1, w1, x2, w2, b):
    """Return C = (a − 0)² of the neuron a = σ(w₁x₁ + w₂x₂ + b), as the end of a graph."""
    x1, w1, x2, w2 = Value(x1, "x₁"), Value(w1, "w₁"), Value(x2, "x₂"), Value(w2, "w₂")
    z = x1 * w1 + x2 * w2 + Value(b, "b")
    z.name = "z"
    a = z.sigmoid()
    a.name = "a"
    cost = (a - Value(0.0, "ŷ")) ** 2
    cost.name = "C"
    return cost


N_OPERATIONS = 7  # of that graph
LAST_STEP = 2 * N_OPERATIONS + 1
EDGE = np.array([BOX[0] / 2, 0])  # from the middle of a box to its side


@explorer(
    step=int_slider(0, LAST_STEP, start=0),
    x1=slider(-3, 3, start=1, step=0.1, label="x₁"),
    w1=slider(-3, 3, start=0.5, step=0.1, label="w₁"),
    x2=slider(-3, 3, start=-1, step=0.1, label="x₂"),
    w2=slider(-3, 3, start=-1, step=0.1, label="w₂"),
    b=slider(-3, 3, start=-0.5, step=0.1),
    presets={
        "forward pass done": {"step": N_OPERATIONS},
        "backward begins": {"step": N_OPERATIONS + 2},
        "all gradients": {"step": LAST_STEP},
        "very wrong, hardly a gradient": {"x1": 3, "w1": 2, "x2": -1, "w2": -1, "b": 1,
                                          "step": LAST_STEP},
    },
    size=(10, 5.6),
)  # fmt: skip
def computational_graph(figure):
    """How do values flow forward, and gradients back?"""
    axes = figure.subplots()
    graph = neuron_and_cost(1, 1, 1, 1, 1)
    places, write_values, write_gradients, write_slopes = draw_graph(axes, graph)
    for i, (text, color) in enumerate(
        [("value", BLUE), ("gradient ∂C/∂node", ORANGE), ("local derivative", GREEN)]
    ):
        axes.text(-1.6, -0.1 - 0.4 * i, text, color=color, fontsize=15, fontweight="bold")
    here = moving_polygons(axes, facecolors="none", edgecolors=ORANGE, linewidths=4, zorder=7)
    active = moving_lines(axes, colors=ORANGE, linewidths=4, zorder=2.5)

    def update(step, **inputs):
        cost = neuron_and_cost(**inputs)
        cost.backward()
        order = topological_order(cost)
        now, forward, handed_on = what_is_known(order, step)
        reached = {parent for node in handed_on for parent in node.parents}
        reached |= {cost} if step > N_OPERATIONS else set()
        write_values([brief(node.data) if node in forward else "" for node in order])
        write_gradients([brief(node.grad) if node in reached else "" for node in order])
        write_slopes([brief(s) if child in forward else "" for child, s in slopes_that_move(cost)])
        place = {node: places[i] for i, node in enumerate(order)}
        here.set_verts([box_around(place[now])] if now else [])
        ways = [(place[p] + EDGE, place[now] - EDGE) for p in now.parents] if now else []
        active.set_segments(ways if step != N_OPERATIONS + 1 else [])
        for artist in (here, active):
            artist.set_edgecolor(BLUE if step <= N_OPERATIONS else ORANGE)
        return f"C = {cost.data:.3g}; {say_step(now, step)}"

    return update


def what_is_known(order, step):
    """Return the node that works at this step, the nodes whose values are known, and those that
    have handed their gradient on."""
    operations = [node for node in order if node.parents]
    forward = {node for node in order if not node.parents} | set(operations[:step])
    backward = operations[::-1][: max(0, step - N_OPERATIONS - 1)]
    if step == 0:
        return None, forward, backward
    if step <= N_OPERATIONS:
        return operations[step - 1], forward, backward
    return (backward or [order[-1]])[-1], forward, backward


def box_around(place):
    """Return the corners of the box of a node."""
    return place + np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * np.array(BOX) / 2


def say_step(node, step):
    """Say what happens at a step of the walk through the graph."""
    if node is None:
        return "the inputs are given, nothing is computed yet"
    name = node.name or f"the {node.operation}"
    if step <= N_OPERATIONS:
        return f"forward, step {step}: {name} = {node.data:.3g}"
    if step == N_OPERATIONS + 1:
        return "backward begins: ∂C/∂C = 1"
    sent = " and ".join(
        f"{node.grad:.3g} × {slope:.3g} = {node.grad * slope:.3g}" for slope in node.slopes
    )
    return f"backward, step {step - N_OPERATIONS - 1}: {name} hands on {sent}"


# --- The reversed network --------------------------------------------------------------------


OUTPUT_W = np.array([[2.0, 1.0], [-2.0, -1.0]])


@explorer(
    x1=slider(-3, 3, start=1, step=0.1, label="x₁"),
    x2=slider(-3, 3, start=-1, step=0.1, label="x₂"),
    w=slider(-3, 3, start=1, step=0.1, label="w"),
    activation=choice(["sigmoid", "relu"]),
    presets={
        "the lecture's input": {"x1": 1, "x2": -1, "w": 1, "activation": "sigmoid"},
        "a ReLU shuts the way": {"x1": 1, "x2": -1, "w": 1, "activation": "relu"},
        "saturated": {"x1": 3, "x2": -3, "w": 3, "activation": "sigmoid"},
    },
    size=(10, 4.7),
)
def reversed_network(figure):
    """Which way do the derivatives flow, and what multiplies them?"""
    forward, backward = figure.subplots(1, 2)
    empty_axes(forward, (-0.4, 4.65), (-0.85, 2.15), "Forward: inputs → C")
    empty_axes(backward, (-0.4, 4.65), (-0.85, 2.15), "Reversed: ∂C/∂z ← C")
    columns = [[(x, 1.35), (x, 0)] for x in (0, 1.8, 3.6)]
    write_forward = draw_small_network(forward, columns, reverse=False)
    write_backward = draw_small_network(backward, columns, reverse=True)
    network = MLP((2, 2, 2), "sigmoid")
    first, second = network.dense_layers
    first.b[:], second.W[:] = [1.0, 0.0], OUTPUT_W

    def update(x1, x2, w, activation):
        hidden = network.layers[1] = Activation(activation)
        first.W[:] = LECTURE_W
        first.W[0, 0] = w
        loss, gradient = network.loss_and_gradient([[x1, x2]], [1])
        z = first.forward(np.array([[x1, x2]]))[0]
        slope = hidden.backward(np.ones((1, 2)))[0] + 0.0
        y = softmax(second.forward(hidden.forward(z[None])))[0]
        shown = [x1, x2, *hidden.A[0], *y]
        write_forward(shown, z, "z = {:.2f}", w)
        shown = [*(first.D @ first.W)[0], *first.D[0], *second.D[0]]
        write_backward(shown, slope, "σ′(z) = {:.3f}", w)
        return (
            f"C = {loss:.3f}; ∂C/∂z₁ = {first.D[0, 0]:.3f}, times the input x₁ = {x1:.1f} "
            f"is ∂C/∂w = {gradient[0]:.3f}"
        )

    return update


def draw_small_network(axes, columns, reverse):
    """Draw a network of three columns of two neurons; return a function that writes its numbers:
    in the neurons, beside the hidden ones (with a pattern), and the first weight."""
    for starts, ends in zip(columns, columns[1:], strict=False):
        connect(axes, starts, ends)
    arrows = [((4.45, y), (3.95, y)) if reverse else ((3.95, y), (4.45, y)) for y in (1.35, 0)]
    for start, end in arrows:
        axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": GREY, "lw": 2})
    colors = ("#E8F1F8", "white", "white")
    for k, (column, color) in enumerate(zip(columns, colors, strict=True)):
        draw_neurons(axes, column, color=color, shape="<" if reverse and k == 1 else "o")
    names = ["∂C/∂x₁", "∂C/∂x₂", "∂C/∂z₁", "∂C/∂z₂", "y₁ − 0", "y₂ − 1"]
    names = names if reverse else ["x₁", "x₂", "a₁", "a₂", "y₁", "y₂ (true)"]
    places = [place for column in columns for place in column]
    for (x, y), name in zip(places, names, strict=True):
        axes.text(x, y + (0.34 if y else -0.36), name, ha="center", va="center", fontsize=13)
    middles = places + np.array([(0, 0), (0.07 * reverse, 0), (0, 0)]).repeat(2, axis=0)
    write_neurons = moving_texts(axes, middles, ORANGE if reverse else BLUE, weight="bold")
    write_notes = moving_texts(axes, [(1.8, 1.97), (1.8, -0.65)], INK)
    axes.text(4.5, 0.68, "C", ha="center", va="center", fontsize=17, fontweight="bold")
    spots = [(0.85, 1.47), (0.4, 0.82), (0.4, 0.53), (0.85, -0.13)]
    spots += [(x + 1.8, y) for x, y in spots]
    weights = [W[i, j] for W in (LECTURE_W, OUTPUT_W) for i, j in np.ndindex(2, 2)]
    for place, weight in zip(spots[1:], [weights[k] for k in (2, 1, 3, 4, 6, 5, 7)], strict=True):
        axes.text(*place, f"{weight:+.0f}", color=GREEN, ha="center", va="center", fontsize=13.5)
    write_weight = moving_texts(axes, spots[:1], GREEN, size=14, weight="bold")

    def write(neurons, notes, pattern, w):
        write_neurons(formatted(neurons))
        write_notes(formatted(notes, pattern))
        write_weight([f"w = {w:+.1f}"])

    return write


# --- Paths and edges -------------------------------------------------------------------------


def fully_connected(width, depth):
    """Return the columns of a graph x → `depth` layers of `width` neurons → C, all linked."""
    columns = [[Value(1.0, "x")]]
    for size in [width] * depth + [1]:
        parents = tuple(columns[-1])
        columns.append([Value(1.0, "", parents, (1.0,) * len(parents)) for _ in range(size)])
    return columns


@explorer(
    depth=int_slider(1, 8, start=2, label="hidden layers"),
    width=int_slider(1, 6, start=2, label="neurons a layer"),
    presets={
        "two by two": {"depth": 2, "width": 2},
        "deep": {"depth": 8, "width": 3},
        "deep and wide": {"depth": 8, "width": 6},
    },
    size=(10, 4.2),
)
def paths(figure):
    """How many paths lead from a weight to the loss, and how many edges?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.9, 1))
    empty_axes(left, (-0.9, 9.5), (-4.1, 3.2), "Paths to C from a neuron, layer by layer")
    lines = moving_lines(left, colors=GREY, linewidths=1.0, alpha=0.8)
    (neurons,) = left.plot([], [], "o", ms=17, mfc="white", mec=INK, mew=1.6, animated=True)
    write_counts = moving_texts(left, [], ORANGE, weight="bold")
    write_ends = moving_texts(left, [(0, 0), (9, 0)], size=14, weight="bold")
    write_ends(["x", "C"])
    right.set(title="Two ways to count", yscale="log", ylim=(1, 3e7), ylabel="how many")
    right.set(xlim=(-0.6, 1.6), xticks=(0, 1), xticklabels=["paths", "edges"])
    bars = moving_lines(right, colors=[ORANGE, BLUE], linewidths=60, capstyle="butt")
    write_totals = moving_texts(right, [], size=14)

    def update(depth, width):
        columns = fully_connected(width, depth)
        end = columns[-1][0]
        number_of, n_edges = count_paths(end), len(edges(end))
        x = np.linspace(0, 9, depth + 2)
        spots = [
            [(x[k], row - (len(nodes) - 1) / 2) for row in range(len(nodes))]
            for k, nodes in enumerate(columns)
        ]
        neurons.set_data(*np.concatenate(spots).T)
        lines.set_segments(
            [(a, b) for k in range(depth + 1) for a in spots[k] for b in spots[k + 1]]
        )
        below = np.column_stack([x, -3.3 - 0.55 * (np.arange(depth + 2) % 2)])
        write_counts([f"{number_of[nodes[0]]:,}" for nodes in columns], below)
        n_paths = number_of[columns[0][0]]
        bars.set_segments([[(k, 1e-3), (k, n)] for k, n in enumerate((n_paths, n_edges))])
        write_totals([f"{n_paths:,}", f"{n_edges:,}"], [(0, 1.9 * n_paths), (1, 1.9 * n_edges)])
        return f"{n_paths:,} paths lead from x to C, over {n_edges:,} edges"

    return update


# --- Difference quotients --------------------------------------------------------------------

EPSILONS = np.logspace(-1, -12, 111)


def cost_of_weight(w):
    """Return the loss of one neuron, −ln σ(w), as a function of its weight: input and target 1."""
    return np.log1p(np.exp(-w))


@explorer(
    epsilon=log_slider(1e-12, 1e-1, start=1e-1, label="ε"),
    w=slider(-3, 3, start=1, step=0.1),
    presets={
        "too coarse": {"epsilon": 1e-1},
        "good": {"epsilon": 1e-5},
        "too fine": {"epsilon": 1e-12},
    },
    size=(10, 4.2),
)
def difference_quotients(figure):
    """How small should the step of a difference quotient be?"""
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    grid = np.linspace(-4, 4, 161)
    left.plot(grid, cost_of_weight(grid), color=INK, label="C(w)")
    left.set(title="What is differenced", xlabel="w", ylabel="C", ylim=(-0.3, 4.2))
    (points,) = left.plot([], [], "o-", color=ORANGE, ms=10, animated=True, label="w − ε, w + ε")
    left.legend(loc="upper right")
    right.set(title="Error of the derivative", xlabel="ε", ylabel="absolute error")
    right.set(xscale="log", yscale="log", xlim=(1.3e-1, 0.7e-12), ylim=(1e-14, 1e-1))
    style = {"animated": True, "lw": 1.8}
    (one,) = right.plot([], [], color=BLUE, label="one-sided", **style)
    (two,) = right.plot([], [], color=ORANGE, label="two-sided", **style)
    (at_one,) = right.plot([], [], "s", color=BLUE, ms=11, animated=True)
    (at_two,) = right.plot([], [], "o", color=ORANGE, ms=12, animated=True)
    right.legend(loc="upper center")

    def errors(w, epsilon, two_sided):
        difference = difference_quotient(cost_of_weight, w, epsilon, two_sided)
        return np.maximum(np.abs(difference - (sigmoid(w) - 1)), 1e-14)

    def update(epsilon, w):
        points.set_data(
            [w - epsilon, w + epsilon], cost_of_weight(np.array([w - epsilon, w + epsilon]))
        )
        shown = EPSILONS[
            : np.searchsorted(-EPSILONS, -0.999 * epsilon)
        ]  # what comes next is left to be predicted
        found = []
        for curve, point, two_sided in ((one, at_one, False), (two, at_two, True)):
            curve.set_data(shown, errors(w, shown, two_sided))
            found.append(errors(w, epsilon, two_sided))
            point.set_data([epsilon], [found[-1]])
        return f"error {found[0]:.0e} one-sided, {found[1]:.0e} two-sided"

    return update


# --- Depth × scale × activation --------------------------------------------------------------

WIDTH, N_SIGNALS = 100, 50  # neurons a layer, samples


def signals(activation, scale, depth):
    """Return the activations and the gradients ∂C/∂z of every hidden layer, (depth, n · WIDTH).

    Inputs and the derivatives at the output are standard normal; weights have std scale/√n.
    """
    random = np.random.default_rng(1)
    network = MLP([WIDTH] * (depth + 2), activation, scale / np.sqrt(WIDTH))
    network.forward(random.standard_normal((N_SIGNALS, WIDTH)))
    network.backward(random.standard_normal((N_SIGNALS, WIDTH)))
    hidden = zip(network.dense_layers[1:], network.dense_layers, strict=False)
    return (
        np.array(parts)
        for parts in zip(*((b.X.ravel(), a.D.ravel()) for b, a in hidden), strict=True)
    )


def shares(values, low, high, bins=48):
    """Return the share of each row's values in each bin, shape (rows, bins); NaN counts nowhere.

    What lies outside is counted in the bin at the end.
    """
    place = np.clip((values - low) / (high - low) * bins, 0, bins - 1e-9)
    seen = np.isfinite(values)
    flat = (np.where(seen, place, 0).astype(int) + bins * np.arange(len(values))[:, None])[seen]
    return np.bincount(flat, minlength=bins * len(values)).reshape(-1, bins) / values.shape[1]


def ridges(shares, low, high, height=0.9):
    """Return the outlines of histograms, one below the other: row k stands on the line k + 1.

    The square root of the shares is drawn, so that a tall bar does not hide the small ones.
    """
    x = np.linspace(low, high, shares.shape[1] + 1).repeat(2)
    tops = height * np.sqrt(shares / np.maximum(shares.max(axis=1, keepdims=True), 1e-9))
    return [
        np.column_stack([x, k - np.concatenate([[0], top.repeat(2), [0]])])
        for k, top in enumerate(tops, 1)
    ]


@explorer(
    depth=int_slider(2, 20, start=10, label="hidden layers"),
    scale=log_slider(0.1, 10, start=1, label="std of the weights · √n"),
    activation=choice(["sigmoid", "tanh", "relu", "leaky_relu"], start="tanh"),
    presets={
        "sigmoid, Xavier": {"activation": "sigmoid", "scale": 1, "depth": 20},
        "tanh, N(0,1)": {"activation": "tanh", "scale": 10, "depth": 10},
        "relu, Xavier": {"activation": "relu", "scale": 1, "depth": 20},
        "relu, Kaiming": {"activation": "relu", "scale": 2**0.5, "depth": 20},
    },
    size=(10, 5),
)
def signals_through_layers(figure):
    """Which first weights keep the signal alive, forward and backward?"""
    left, middle, right = figure.subplots(1, 3, sharey=True)
    left.set(title="Activations a", xlabel="a", ylabel="layer", xlim=(-2.5, 2.5))
    left.set(ylim=(20.6, 0), yticks=[1, 5, 10, 15, 20])
    middle.set(title="Gradients ∂C/∂z", xlabel="log₁₀ |∂C/∂z|", xlim=(-12, 12))
    right.set(title="Typical size", xlabel="root mean square", xscale="log", xlim=(1e-15, 1e20))
    right.set_xticks([1e-10, 1, 1e10, 1e20])
    right.axvline(1, color=GREY, lw=1.5)
    style = {"edgecolors": "white", "linewidths": 0.5, "zorder": 3}
    forward = moving_polygons(left, facecolors=BLUE, **style)
    backward = moving_polygons(middle, facecolors=ORANGE, **style)
    (sizes,) = right.plot([], [], "o-", color=BLUE, ms=8, animated=True, label="a")
    (slopes,) = right.plot([], [], "s-", color=ORANGE, ms=7, animated=True, label="∂C/∂z")
    right.legend(loc="upper right")

    def update(depth, scale, activation):
        a, gradients = signals(activation, scale, depth)
        orders = np.full_like(gradients, np.nan)
        np.log10(np.abs(gradients), out=orders, where=gradients != 0)
        forward.set_verts(ridges(shares(a, -2.5, 2.5), -2.5, 2.5))
        backward.set_verts(ridges(shares(orders, -12, 12), -12, 12))
        rows = np.arange(1, depth + 1)
        a_size, g_size = (np.sqrt((v**2).mean(axis=1)).clip(1e-30) for v in (a, gradients))
        sizes.set_data(a_size, rows)
        slopes.set_data(g_size, rows)
        return (
            f"activations: {a_size[0]:.2g} in layer 1, {a_size[-1]:.2g} in layer {depth}; "
            f"gradients: {g_size[-1]:.2g} in layer {depth}, {g_size[0]:.2g} in layer 1"
        )

    return update


# --- Trainings to walk through ---------------------------------------------------------------

EPOCHS_IN_THE_PLANE = 60
HIDDEN = (1, 2, 3, 4, 8)


@cache
def train_in_the_plane():
    """Return networks with one hidden layer, by its size, and their trainings on two circles."""
    X, y = make_circles(200, noise=0.08)
    trained = {}
    for neurons in HIDDEN:
        network = MLP((2, neurons, 2), "tanh", "xavier", seed=2)
        optimizer = Adam(0.05)
        trained[neurons] = (
            network,
            train(
                network,
                X,
                y,
                optimizer,
                EPOCHS_IN_THE_PLANE,
                batch_size=50,
                held_out=(X, y),
                keep=True,
            ),
        )
    return trained


@explorer(
    epoch=int_slider(0, EPOCHS_IN_THE_PLANE, start=EPOCHS_IN_THE_PLANE),
    neurons=choice(HIDDEN, label="hidden neurons"),
    presets={
        "one neuron": {"neurons": 1, "epoch": EPOCHS_IN_THE_PLANE},
        "three": {"neurons": 3, "epoch": EPOCHS_IN_THE_PLANE},
        "eight, before training": {"neurons": 8, "epoch": 0},
        "eight, after": {"neurons": 8, "epoch": EPOCHS_IN_THE_PLANE},
    },
    size=(10, 4.4),
)
def decision_regions(figure):
    """How many hidden neurons does it take to fence in a circle?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
    X, y = make_circles(200, noise=0.08)
    limits = ((-1.6, 1.6), (-1.4, 1.4))
    first, second, points = plane(limits, 60)
    region = moving_image(left, limits, (60, 60))
    edge = moving_lines(left, colors=INK, linewidths=2.4, zorder=2)
    draw_classes(left, X, y, (0, 1), animated=True)
    left.set(title="What the network says", xlabel="x₁", ylabel="x₂")
    right.set(title="Training", xlabel="epoch", ylim=(0, 1.22), xlim=(-1, EPOCHS_IN_THE_PLANE + 1))
    (loss,) = right.plot([], [], color=ORANGE, animated=True, label="loss")
    (accuracy,) = right.plot([], [], "--", color=BLUE, animated=True, label="accuracy")
    mark = right.axvline(0, color=INK, lw=1.5, ls=":", animated=True)
    right.legend(loc="upper center", ncols=2)

    def update(epoch, neurons):
        network, history = train_in_the_plane()[neurons]
        network.parameters = history.parameters[epoch]
        scores = network.predict_proba(points).reshape(60, 60, 2)
        region.set_data(class_image(scores))
        edge.set_segments(boundary_lines(first, second, scores))
        loss.set_data(np.arange(1, epoch + 1), history.epoch_losses[:epoch])
        accuracy.set_data(np.arange(epoch + 1), history.accuracies[: epoch + 1])
        mark.set_xdata([epoch] * 2)
        return (
            f"accuracy {history.accuracies[epoch]:.1%} with {neurons} hidden "
            f"neuron{'s' * (neurons > 1)} after {epoch} epochs"
        )

    return update


EPOCHS_OF_DIGITS = 8
ROWS, COLUMNS = 3, 6


@cache
def train_on_digits():
    """Return the held-out digits, a recorded training of a small network, and its probabilities
    of the held-out digits after each epoch (a second or less)."""
    (images, labels), (new, truth) = load_digits("train"), load_digits("test")
    network = MLP((784, 32, 10))
    X, X_new = images.reshape(len(images), -1), new.reshape(len(new), -1)
    optimizer = Momentum(linear_decay(0.1, EPOCHS_OF_DIGITS * 125))
    history = train(
        network, X, labels, optimizer, EPOCHS_OF_DIGITS, held_out=(X_new, truth), keep=True
    )
    p = []
    for parameters in history.parameters:
        network.parameters = parameters
        p.append(network.predict_proba(X_new))
    return new, truth, history, np.array(p)


def ink(values):
    """Return colours, shape (…, 4) in 0 … 255: paper where values are 0, ink where they are 1."""
    paper, black = (np.array([*to_rgb(color), 1]) for color in (rcParams["axes.facecolor"], INK))
    return np.rint(255 * (paper + values[..., None] * (black - paper))).astype(np.uint8)


def on_one_page(digits):
    """Return one image of all the digits, row by row, each with room above; lowest row first."""
    page = np.zeros((38 * ROWS, 30 * COLUMNS))
    for k, digit in enumerate(digits):
        row, column = 38 * (ROWS - 1 - k // COLUMNS), 30 * (k % COLUMNS)
        page[row : row + 28, column + 1 : column + 29] = digit[::-1]
    return page


@explorer(
    epoch=int_slider(0, EPOCHS_OF_DIGITS, start=1),
    page=int_slider(1, 4, start=1),
    presets={
        "untrained": {"epoch": 0, "page": 1},
        "after one epoch": {"epoch": 1, "page": 1},
        "at the end": {"epoch": EPOCHS_OF_DIGITS, "page": 1},
    },
    size=(10, 4.6),
)
def misread_digits(figure):
    """Which digits does the network read wrongly, and would you have read them?"""
    left, right = figure.subplots(1, 2, width_ratios=(2.1, 1))
    height, width = on_one_page([]).shape
    sheet = moving_image(left, ((0, width), (0, height)), (height, width))
    left.set_title("Most confidently misread: true → said")
    left.axis("off")
    spots = [(30 * c + 15, 38 * r + 33) for r in range(ROWS)[::-1] for c in range(COLUMNS)]
    write_labels = moving_texts(left, spots, ORANGE, size=15, weight="bold")
    epochs = np.arange(EPOCHS_OF_DIGITS + 1)
    right.set(title="Held-out digits", xlabel="epoch", ylabel="misread (%)", yscale="log")
    right.set(
        ylim=(3, 120),
        xlim=(-0.4, EPOCHS_OF_DIGITS + 0.4),
        xticks=epochs[::2],
        yticks=[5, 10, 20, 50, 100],
    )
    right.set_yticklabels(["5", "10", "20", "50", "100"])
    right.minorticks_off()
    (curve,) = right.plot([], [], "o-", color=BLUE, animated=True)

    def update(epoch, page):
        new, truth, history, p = train_on_digits()  # at the first move only
        said = p[epoch].argmax(axis=1)
        wrong = np.flatnonzero(said != truth)
        worst = wrong[np.argsort(-p[epoch][wrong, said[wrong]])]
        shown = worst[(page - 1) * ROWS * COLUMNS : page * ROWS * COLUMNS]
        sheet.set_data(ink(on_one_page(new[shown])))
        write_labels([f"{truth[digit]} → {said[digit]}" for digit in shown], spots[: len(shown)])
        curve.set_data(epochs[: epoch + 1], 100 * (1 - history.accuracies[: epoch + 1]))
        return (
            f"after {epoch} epochs {len(wrong)} of {len(truth)} are misread, accuracy "
            f"{history.accuracies[epoch]:.1%}; page {page} shows {len(shown)} of them"
        )

    return update
