"""Lesson 05: a layer, a computational graph, the reversed network, paths and edges, differences,
the first weights, and two trainings to walk through."""

from functools import cache

import numpy as np
from matplotlib import rcParams
from matplotlib.colors import to_rgb

from course_lib.autodiff import Value, count_paths, edges, topological_order
from course_lib.datasets import load_digits, make_circles
from course_lib.drawing import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    boundary_lines,
    class_image,
    draw_classes,
    moving_image,
    moving_lines,
    moving_polygons,
    moving_texts,
    plane,
    ridges,
)
from course_lib.explorer import choice, explorer, int_slider, log_slider, slider
from course_lib.graph_drawing import BOX, brief, draw_graph, slopes_that_move
from course_lib.logistic import sigmoid, softmax
from course_lib.networks import MLP, Activation, Dense, difference_quotient, train
from course_lib.optimizers import Adam, Momentum, linear_decay

# --- Drawing networks, writing numbers -------------------------------------------------------


def empty_axes(axes, xlim, ylim, title=""):
    """Make the axes a page for drawings: no ticks, no frame, no grid."""
    axes.set(xlim=xlim, ylim=ylim, title=title)
    axes.axis("off")
    return axes


def draw_neurons(axes, places, color="white", shape="o", size=43):
    """Draw neurons at these places, a circle or another shape each."""
    axes.plot(*np.transpose(places), shape, ms=size, mfc=color, mec=INK, mew=1.6, zorder=3)


def formatted(numbers, decimals=2):
    """Return numbers as texts that fit into a neuron: 0.98, 0, 12.5, and 7e-04 where 0 would lie.

    From 10 on there is one decimal.
    """
    return [_formatted(float(value), decimals) for value in numbers]


def _formatted(value, decimals):
    if value == 0 or decimals == 1:
        return f"{round(value, decimals) + 0.0:.{decimals}f}"
    if abs(value) < 0.005:
        return f"{value:.0e}"
    return f"{value:.{decimals if abs(value) < 9.995 else 1}f}"


def counted(n, thing):
    """Return "1 epoch" or "3 epochs"."""
    return f"{n:,} {thing}{'s' * (n != 1)}"


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
    z = np.linspace(-13, 13, 181)
    right.plot(z, sigmoid(z), color=INK)
    right.set(title="The activation σ", xlabel="z", ylabel="a = σ(z)", ylim=(-0.05, 1.05))
    (first,) = right.plot([], [], "o", color=ORANGE, ms=13, animated=True, label="neuron 1")
    (second,) = right.plot([], [], "s", color=BLUE, ms=12, animated=True, label="neuron 2")
    right.legend(loc="upper left")

    def update(x1, x2, b1, b2):
        dense = Dense(LECTURE_W, np.array([b1, b2]))
        z = dense.forward(np.array([[x1, x2]]))[0]
        a = sigmoid(z)
        write_x(formatted([x1, x2], decimals=1))
        write_b(formatted([b1, b2], decimals=1))
        write_z(formatted(z, decimals=1))
        write_a([f"{value:.2f}" for value in a])
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
    outputs = [(3.2, 1.2), (3.2, 0)]
    names = "x₁", "x₂", "z₁", "z₂", "a₁", "a₂"
    for (x, y), name in zip(inputs + neurons + outputs, names, strict=True):
        axes.text(x, y + 0.37, name, ha="center", va="center", fontsize=15)
    return (
        moving_texts(axes, inputs, BLUE, size=15),
        moving_texts(axes, [(2.15, 0.68), (2.15, -0.52)], GREEN, size=14),
        moving_texts(axes, neurons, INK, size=15),
        moving_texts(axes, outputs, ORANGE, size=17, weight="bold"),
    )


# --- The computational graph -----------------------------------------------------------------


def neuron_and_cost(x1, w1, x2, w2, b):
    """Return C = (a − y)², a = σ(w₁x₁ + w₂x₂ + b) and the label y = 0, as the end of a graph."""
    x1, w1, x2, w2 = Value(x1, "x₁"), Value(w1, "w₁"), Value(x2, "x₂"), Value(w2, "w₂")
    z = x1 * w1 + x2 * w2 + Value(b, "b")
    z.name = "z"
    a = z.sigmoid()
    a.name = "a"
    cost = (a - Value(0.0, "y")) ** 2
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


HIDDEN_B = 1.0, 0.0
OUTPUT_W = np.array([[2.0, 1.0], [-2.0, -1.0]])
SMALL_NETWORK = [[(x, 1.35), (x, 0.0)] for x in (0.0, 1.8, 3.6)]  # the places of its neurons


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
    write_forward, write_backward = map(draw_small_network, figure.subplots(1, 2), (False, True))
    network = MLP((2, 2, 2), "sigmoid")
    first, second = network.dense_layers
    first.b[:], second.W[:] = HIDDEN_B, OUTPUT_W

    def update(x1, x2, w, activation):
        hidden = network.layers[1] = Activation(activation)
        first.W[:] = LECTURE_W
        first.W[0, 0] = w
        loss, gradient = network.loss_and_gradient([[x1, x2]], [1])
        z = first.forward(np.array([[x1, x2]]))[0]
        p = softmax(second.forward(hidden.forward(z[None])))[0]
        slope = hidden.backward(np.ones((1, 2)))[0]
        write_forward([x1, x2, *hidden.A[0], *p], [f"z = {n}" for n in formatted(z)], w)
        flows = [*(first.D @ first.W)[0], *first.D[0], *second.D[0]]
        write_backward(flows, [f"σ′(z) = {brief(n)}" for n in slope], w)
        return (
            f"C = {loss:.3g}; ∂C/∂z₁ = {brief(first.D[0, 0])} and ∂C/∂z₂ = {brief(first.D[0, 1])}; "
            f"∂C/∂z₁ times the input x₁ = {x1:.1f} is ∂C/∂w = {brief(gradient[0])}"
        )

    return update


def draw_small_network(axes, reverse):
    """Draw a network of three columns of two neurons, or its reverse; return a function that
    writes its numbers: in the neurons, beside the hidden ones, and the first weight."""
    title = "Reversed: ∂C/∂z ← C" if reverse else "Forward: inputs → C"
    empty_axes(axes, (-0.4, 4.65), (-0.85, 2.15), title)
    draw_wires(axes, reverse)
    names = ["∂C/∂x₁", "∂C/∂x₂", "∂C/∂z₁", "∂C/∂z₂", "p₁ − 0", "p₂ − 1"]
    names = names if reverse else ["x₁", "x₂", "a₁", "a₂", "p₁", "p₂ (true)"]
    places = np.concatenate(SMALL_NETWORK)
    for (x, y), name in zip(places, names, strict=True):
        axes.text(x, y + (0.36 if y else -0.38), name, ha="center", va="center", fontsize=13)
    middles = places + np.array([(0, 0), (0.07 * reverse, 0), (0, 0)]).repeat(2, axis=0)
    color = ORANGE if reverse else BLUE
    write_neurons = moving_texts(axes, middles, color, size=12, weight="bold")
    write_notes = moving_texts(axes, [(1.8, 2.02), (1.8, -0.7)], INK)
    write_weight = moving_texts(axes, [(0.9, 1.5)], GREEN, size=13, weight="bold")

    def write(neurons, notes, w):
        write_neurons(formatted(neurons))
        write_notes(notes)
        write_weight([f"w = {w + 0.0:+.1f}"])

    return write


def draw_wires(axes, reverse):
    """Draw the lines of that network with their weights, its neurons, and the way to C or back."""
    for starts, ends in zip(SMALL_NETWORK, SMALL_NETWORK[1:], strict=False):
        connect(axes, starts, ends)
    arrow = {"arrowstyle": "-|>" if not reverse else "<|-", "color": GREY, "lw": 2}
    for y in (1.35, 0):
        axes.annotate("", (4.45, y), (3.95, y), arrowprops=arrow)
    axes.text(4.5, 0.68, "C", ha="center", va="center", fontsize=17, fontweight="bold")
    draw_neurons(axes, SMALL_NETWORK[0], color="#E8F1F8", size=50)
    draw_neurons(axes, SMALL_NETWORK[1], shape="<" if reverse else "o", size=60 if reverse else 50)
    draw_neurons(axes, SMALL_NETWORK[2], size=50)
    style = {"color": GREEN, "ha": "center", "va": "center", "fontsize": 13.5}
    spots = (0.4, 0.82), (0.4, 0.53), (0.85, -0.13)
    for (x, y), weight in zip(spots, (-1, -2, 1), strict=True):  # the first one is w
        axes.text(x, y, f"{weight:+.0f}", **style)
    for (x, y), weight in zip(((0.85, 1.47), *spots), (2, -2, 1, -1), strict=True):
        axes.text(x + 1.8, y, f"{weight:+.0f}", **style)
    if not reverse:  # a bias is a constant: nothing flows back through it
        for y, b in zip((1.72, -0.37), HIDDEN_B, strict=True):
            axes.text(2.42, y, f"b = {b:.0f}", **style)


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
    """How many paths lead from an input to the loss, and over how many edges?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.9, 1))
    move_layers, write_counts = draw_layers_of_paths(left)
    right.set(title="Two ways to count", yscale="log", ylim=(0.4, 3e7), ylabel="how many")
    right.set(xlim=(-0.6, 1.6), xticks=(0, 1), xticklabels=["paths", "edges"])
    bars = moving_lines(right, colors=[ORANGE, BLUE], linewidths=60, capstyle="butt")
    write_totals = moving_texts(right, [], size=14)

    def update(depth, width):
        columns = fully_connected(width, depth)
        end = columns[-1][0]
        number_of, n_edges = count_paths(end), len(edges(end))
        move_layers(columns)
        x = np.linspace(0, 9, depth + 2)
        below = np.column_stack([x, -3.3 - 0.55 * (np.arange(depth + 2) % 2)])
        write_counts([f"{number_of[nodes[0]]:,}" for nodes in columns], below)
        n_paths = number_of[columns[0][0]]
        bars.set_segments([[(k, 1e-3), (k, n)] for k, n in enumerate((n_paths, n_edges))])
        write_totals([f"{n_paths:,}", f"{n_edges:,}"], [(0, 1.9 * n_paths), (1, 1.9 * n_edges)])
        lead = "leads" if n_paths == 1 else "lead"
        return f"{counted(n_paths, 'path')} {lead} from x to C, over {counted(n_edges, 'edge')}"

    return update


def draw_layers_of_paths(axes):
    """Return what moves the neurons and lines of a network, and what writes the counts below."""
    empty_axes(axes, (-0.9, 9.5), (-4.9, 3.2), "How many paths lead on to C?")
    note = "from each neuron of the layer above, so many paths lead to C"
    axes.text(4.5, -4.65, note, color=ORANGE, ha="center", va="center", fontsize=12.5)
    lines = moving_lines(axes, colors=GREY, linewidths=1.0, alpha=0.8)
    (neurons,) = axes.plot([], [], "o", ms=17, mfc="white", mec=INK, mew=1.6, animated=True)
    write_ends = moving_texts(axes, [(0, 0), (9, 0)], size=14, weight="bold")
    write_ends(["x", "C"])

    def move(columns):
        x = np.linspace(0, 9, len(columns))
        spots = [
            [(x[k], row - (len(nodes) - 1) / 2) for row in range(len(nodes))]
            for k, nodes in enumerate(columns)
        ]
        neurons.set_data(*np.concatenate(spots).T)
        pairs = zip(spots, spots[1:], strict=False)
        lines.set_segments([(a, b) for start, end in pairs for a in start for b in end])

    return move, moving_texts(axes, [], ORANGE, weight="bold")


# --- Difference quotients --------------------------------------------------------------------

EPSILONS = np.logspace(-1, -12, 111)
LEAST_ERROR = 1e-14  # where the picture ends


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
    secants = draw_secants(left)
    curves, points = draw_errors(right)

    def update(epsilon, w):
        for line, ends in zip(secants, ([w, w + epsilon], [w - epsilon, w + epsilon]), strict=True):
            line.set_data(ends, cost_of_weight(np.array(ends)))
        shown = EPSILONS[: np.searchsorted(-EPSILONS, -0.999 * epsilon)]  # let the rest be guessed
        found = []
        for curve, point, two_sided in zip(curves, points, (False, True), strict=True):
            curve.set_data(shown, quotient_error(w, shown, two_sided).clip(LEAST_ERROR))
            found.append(quotient_error(w, epsilon, two_sided))
            point.set_data([epsilon], [max(found[-1], LEAST_ERROR)])
        said = [f"{e:.0e}" if e > LEAST_ERROR else f"at most {LEAST_ERROR:.0e}" for e in found]
        return f"error {said[0]} one-sided, {said[1]} two-sided"

    return update


def quotient_error(w, epsilon, two_sided):
    """Return |difference quotient − C'(w)| of `cost_of_weight`."""
    quotient = difference_quotient(cost_of_weight, w, epsilon, two_sided)
    return np.abs(quotient - (sigmoid(w) - 1))


def draw_secants(axes):
    """Draw the cost; return the two lines whose slopes are the quotients, one-sided first."""
    grid = np.linspace(-4, 4, 161)
    axes.plot(grid, cost_of_weight(grid), color=INK, label="C(w)")
    axes.set(title="What is differenced", xlabel="w", ylabel="C", ylim=(-0.3, 4.2))
    style = {"animated": True, "mec": "white"}
    (two,) = axes.plot([], [], "o-", color=ORANGE, ms=12, label="w − ε, w + ε", **style)
    (one,) = axes.plot([], [], "s--", color=BLUE, ms=8, label="w, w + ε", **style)
    axes.legend(loc="upper right")
    return one, two


def draw_errors(axes):
    """Return two curves of errors over ε and the points at their ends, one-sided first."""
    axes.set(title="Error of the derivative", xlabel="ε", ylabel="absolute error")
    axes.set(xscale="log", yscale="log", xlim=(1.3e-1, 0.7e-12), ylim=(LEAST_ERROR, 1e-1))
    colors, shapes, names = (BLUE, ORANGE), ("s", "o"), ("one-sided", "two-sided")
    curves = [axes.plot([], [], color=color, lw=1.8, animated=True)[0] for color in colors]
    points = [
        axes.plot([], [], f"{shape}-", color=color, ms=11, label=name, animated=True)[0]
        for color, shape, name in zip(colors, shapes, names, strict=True)
    ]
    axes.legend(loc="upper center")
    return curves, points


# --- Depth × scale × activation --------------------------------------------------------------

WIDTH, N_SIGNALS = 100, 50  # neurons a layer, samples


@cache
def normal_weights(depth):
    """Return the parameters of a network with this many hidden layers, its weights from N(0, 1)."""
    return MLP([WIDTH] * (depth + 2), initializer="normal").parameters


def signals(activation, std, depth):
    """Return what goes through the hidden layers: activations and gradients ∂C/∂z, each of shape
    (depth, N_SIGNALS, WIDTH). Inputs and the derivatives at the output are standard normal."""
    random = np.random.default_rng(1)
    network = MLP([WIDTH] * (depth + 2), activation, "zero")
    network.parameters = std * normal_weights(depth)
    network.forward(random.standard_normal((N_SIGNALS, WIDTH)))
    D, gradients = random.standard_normal((N_SIGNALS, WIDTH)), []
    for layer in reversed(network.layers):  # as MLP.backward, without the gradients by weights
        gradients.append(D)
        D = layer.backward(D)
    activations = [layer.X for layer in network.dense_layers[1:]]
    return np.array(activations), np.array(gradients[2::2])[::-1]


def shares(values, low, high, bins=48):
    """Return the share of each row's values in each bin, shape (rows, bins); NaN counts nowhere.

    What lies outside is counted in the bin at the end.
    """
    place = np.clip((values - low) / (high - low) * bins, 0, bins - 1e-9)
    seen = np.isfinite(values)
    flat = (np.where(seen, place, 0).astype(int) + bins * np.arange(len(values))[:, None])[seen]
    return np.bincount(flat, minlength=bins * len(values)).reshape(-1, bins) / values.shape[1]


@explorer(
    depth=int_slider(2, 20, start=10, label="hidden layers"),
    scale=log_slider(0.1, 10, start=1, label="std of the weights · √n"),
    activation=choice(["sigmoid", "tanh", "relu", "leaky_relu"], start="tanh"),
    weights=choice(["random", "zero"], label="first weights"),
    presets={
        "sigmoid, Xavier": {"activation": "sigmoid", "scale": 1, "depth": 20},
        "tanh, N(0,1)": {"activation": "tanh", "scale": 10, "depth": 20},
        "relu, Xavier": {"activation": "relu", "scale": 1, "depth": 20},
        "relu, Kaiming": {"activation": "relu", "scale": 2**0.5, "depth": 20},
        "all zero": {"activation": "sigmoid", "weights": "zero", "depth": 20},
    },
    size=(10, 5.4),
)
def signals_through_layers(figure):
    """Which first weights keep the signal alive, forward and backward?"""
    forward, backward, sizes = draw_signals(*figure.subplots(1, 3, sharey=True))

    def update(depth, scale, activation, weights):
        std = scale / np.sqrt(WIDTH) if weights == "random" else 0.0
        a, gradients = signals(activation, std, depth)
        orders = np.full_like(gradients, np.nan)
        np.log10(np.abs(gradients), out=orders, where=gradients != 0)
        for polygons, values, end in ((forward, a, 2.5), (backward, orders, 12)):
            polygons.set_verts(ridges(shares(values.reshape(depth, -1), -end, end), -end, end))
        found = typical(a), a.std(axis=1).mean(axis=1), typical(gradients)
        for line, values in zip(sizes, found, strict=True):
            line.set_data(values[values > 0], 1 + np.flatnonzero(values > 0))
        said = [[say_size(values[k]) for k in (0, -1)] for values in found]
        return (
            f"from layer 1 to layer {depth}: activations {said[0][0]} to {said[0][1]}, the same "
            f"neuron from sample to sample {said[1][0]} to {said[1][1]}, gradients {said[2][0]} to "
            f"{said[2][1]}"
        )

    return update


def typical(values):
    """Return the root mean square of each layer's values."""
    return np.sqrt((values**2).mean(axis=(1, 2)))


def say_size(value):
    """Say a typical size: 0.62, 1.3e+17; where the picture ends, that it is below."""
    return f"{value:.2g}" if value == 0 or value >= 1e-15 else "below 1e-15"


def draw_signals(left, middle, right):
    """Draw three panels; return the histograms of two of them and the three lines of the last."""
    left.set(title="Activations a", xlabel="a", ylabel="layer", xlim=(-2.5, 2.5))
    left.set(ylim=(20.6, 0), yticks=[1, 5, 10, 15, 20])
    middle.set(title="Gradients ∂C/∂z", xlabel="log₁₀ |∂C/∂z|", xlim=(-12, 12))
    right.set(title="Typical size", xlabel="root mean square", xscale="log", xlim=(1e-15, 1e20))
    right.set_xticks([1e-10, 1, 1e10, 1e20])
    right.axvline(1, color=GREY, lw=1.5)
    style = {"edgecolors": "white", "linewidths": 0.5, "zorder": 3}
    forward = moving_polygons(left, facecolors=BLUE, **style)
    backward = moving_polygons(middle, facecolors=ORANGE, **style)
    looks = (
        ("o-", BLUE, "a"), ("^--", GREEN, "a, from sample to sample"), ("s-", ORANGE, "∂C/∂z"),
    )  # fmt: skip
    sizes = [
        right.plot([], [], look, color=color, ms=7, animated=True, label=name)[0]
        for look, color, name in looks
    ]
    right.figure.legend(handles=sizes, loc="outside lower right", ncols=3)
    return forward, backward, sizes


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
        how = {"batch_size": 50, "held_out": (X, y), "keep": True}  # judged by the same points
        trained[neurons] = network, train(network, X, y, Adam(0.05), EPOCHS_IN_THE_PLANE, **how)
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
    loss, accuracy, mark = draw_progress(right)

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
            f"{history.accuracies[epoch]:.1%} of the {len(X)} points that it learns from are right "
            f"with {counted(neurons, 'hidden neuron')} after {counted(epoch, 'epoch')}"
        )

    return update


def draw_progress(axes):
    """Return two lines over the epochs, loss and accuracy, and a mark that moves along."""
    last = EPOCHS_IN_THE_PLANE + 1
    axes.set(title="Training points", xlabel="epoch", ylim=(0, 1.22), xlim=(-1, last))
    (loss,) = axes.plot([], [], color=ORANGE, animated=True, label="loss")
    (accuracy,) = axes.plot([], [], "--", color=BLUE, animated=True, label="accuracy")
    axes.legend(loc="upper center", ncols=2)
    return loss, accuracy, axes.axvline(0, color=INK, lw=1.5, ls=":", animated=True)


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
    page = np.zeros((38 * ROWS, 35 * COLUMNS))
    for k, digit in enumerate(digits):
        row, column = 38 * (ROWS - 1 - k // COLUMNS), 35 * (k % COLUMNS)
        page[row : row + 28, column + 3 : column + 31] = digit[::-1]
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
    """Which digits does the network read wrongly, how sure is it, and would you have read them?"""
    left, right = figure.subplots(1, 2, width_ratios=(2.1, 1))
    show_digits, curve = draw_sheet(left), draw_misread(right)

    def update(epoch, page):
        new, truth, history, p = train_on_digits()  # at the first move only
        said, sure = p[epoch].argmax(axis=1), p[epoch].max(axis=1)
        wrong = np.flatnonzero(said != truth)
        surest_first = wrong[np.argsort(-sure[wrong], kind="stable")]
        shown = surest_first[(page - 1) * ROWS * COLUMNS : page * ROWS * COLUMNS]
        show_digits(new[shown], [f"{truth[i]}→{said[i]} {sure[i]:.2f}" for i in shown])
        epochs = np.arange(epoch + 1)
        curve.set_data(epochs, 100 * (1 - history.accuracies[: epoch + 1]))
        return (
            f"after {counted(epoch, 'epoch')} {len(wrong)} of {len(truth):,} are misread, accuracy "
            f"{history.accuracies[epoch]:.1%}; page {page} shows {len(shown)} of them, read with "
            f"probability {sure[shown[0]]:.2f} to {sure[shown[-1]]:.2f}"
        )

    return update


def draw_sheet(axes):
    """Return a function that shows digits, row by row, with a label above each."""
    height, width = on_one_page([]).shape
    sheet = moving_image(axes, ((0, width), (0, height)), (height, width))
    axes.set_title("Misread, the surest first: true → said, probability")
    axes.axis("off")
    spots = [(35 * c + 17, 38 * r + 33) for r in range(ROWS)[::-1] for c in range(COLUMNS)]
    write_labels = moving_texts(axes, spots, ORANGE, size=12.5, weight="bold")

    def show(digits, labels):
        sheet.set_data(ink(on_one_page(digits)))
        write_labels(labels, spots[: len(labels)])

    return show


def draw_misread(axes):
    """Return the line of the share that is misread, epoch by epoch."""
    ticks = [5, 10, 20, 50, 100]
    axes.set(title="Held-out digits", xlabel="epoch", ylabel="misread (%)", yscale="log")
    axes.set(ylim=(3, 120), yticks=ticks, yticklabels=map(str, ticks))
    axes.set(xlim=(-0.4, EPOCHS_OF_DIGITS + 0.4), xticks=range(0, EPOCHS_OF_DIGITS + 1, 2))
    axes.minorticks_off()
    return axes.plot([], [], "o-", color=BLUE, animated=True)[0]
