"""Networks in NumPy: equal to torch, true to the theory of the first weights, and checked."""

import numpy as np
import pytest
import torch

from course_lib.datasets import load_digits, make_circles
from course_lib.networks import (
    ACTIVATIONS,
    MLP,
    Activation,
    Dense,
    difference_quotient,
    gradient_check,
    initial_std,
    numerical_gradient,
    softmax_cross_entropy,
    train,
)
from course_lib.optimizers import SGD, Adam, minimize

TORCH_ACTIVATIONS = {
    "sigmoid": torch.nn.Sigmoid,
    "tanh": torch.nn.Tanh,
    "relu": torch.nn.ReLU,
    "leaky_relu": torch.nn.LeakyReLU,
    "linear": torch.nn.Identity,
}


def samples(n=20, inputs=5, classes=4, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(n, inputs)), random.integers(classes, size=n)


def in_torch(network, activation):
    """The same network in torch, with the same parameters."""
    layers = []
    for dense in network.dense_layers:
        linear = torch.nn.Linear(*dense.W.shape[::-1], dtype=torch.float64)
        linear.weight.data[:] = torch.from_numpy(dense.W)
        linear.bias.data[:] = torch.from_numpy(dense.b)
        layers += [linear, TORCH_ACTIVATIONS[activation]()]
    return torch.nn.Sequential(*layers[:-1])


# --- Forward and backward ----------------------------------------------------------------------


def test_the_lectures_example_of_one_layer():
    layer = Dense(np.array([[1.0, -2], [-1, 1]]), np.array([1.0, 0]))
    z = layer.forward(np.array([[1.0, -1]]))
    np.testing.assert_array_equal(z, [[4, -2]])
    np.testing.assert_array_equal(Activation("sigmoid").forward(z).round(2), [[0.98, 0.12]])


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", [(5, 4), (5, 7, 4), (5, 8, 6, 3, 4)])
def test_loss_and_gradient_agree_with_torch(activation, sizes):
    network, (X, y) = MLP(sizes, activation, seed=1), samples()
    network.parameters += 0.1  # so that no bias is 0
    twin = in_torch(network, activation)
    loss = torch.nn.functional.cross_entropy(twin(torch.from_numpy(X)), torch.from_numpy(y))
    loss.backward()
    ours, gradient = network.loss_and_gradient(X, y)
    theirs = torch.cat([parameter.grad.ravel() for parameter in twin.parameters()])
    assert ours == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(gradient, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_and_its_derivative_agree_with_torch(name):
    z = np.concatenate([np.linspace(-30, 30, 121), [0.0, -800, 800]])
    t = torch.tensor(z, requires_grad=True)
    TORCH_ACTIVATIONS[name]()(t).sum().backward()
    activation = Activation(name)
    np.testing.assert_allclose(activation.forward(z), TORCH_ACTIVATIONS[name]()(t).detach(), 1e-12)
    np.testing.assert_allclose(activation.backward(np.ones_like(z)), t.grad, 1e-10, 1e-15)


def test_the_backward_of_a_dense_layer_is_the_network_reversed():
    random = np.random.default_rng(0)
    layer, X, D = Dense(*samples(3, 5)[:1], np.zeros(3)), *random.normal(size=(2, 7, 5))
    D = D[:, :3]
    layer.forward(X)
    slopes = numerical_gradient(
        lambda flat: np.sum(D * layer.forward(flat.reshape(7, 5))), X.ravel()
    )
    np.testing.assert_allclose(layer.backward(D).ravel(), slopes, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("size", [1.0, 800.0, 1e5])
def test_softmax_and_cross_entropy_in_one_step_agree_with_torch_at_any_size(size):
    logits = size * np.random.default_rng(0).normal(size=(6, 3))
    y = np.array([0, 1, 2, 0, 1, 2])
    t = torch.tensor(logits, requires_grad=True)
    torch.nn.functional.cross_entropy(t, torch.from_numpy(y)).backward()
    loss, D = softmax_cross_entropy(logits, y)
    assert loss == pytest.approx(
        torch.nn.functional.cross_entropy(t, torch.from_numpy(y)).item(), rel=1e-12
    )
    np.testing.assert_allclose(D, t.grad, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_float32_stays_float32_and_agrees_roughly(activation):
    X, y = samples()
    fast, exact = (MLP((5, 7, 4), activation, dtype=dtype) for dtype in (np.float32, np.float64))
    exact.parameters = fast.parameters
    loss, gradient = fast.loss_and_gradient(X, y)
    assert fast.parameters.dtype == gradient.dtype == np.float32
    assert loss == pytest.approx(exact.loss_and_gradient(X, y)[0], rel=1e-5)
    np.testing.assert_allclose(gradient, exact.loss_and_gradient(X, y)[1], rtol=1e-3, atol=1e-5)


def test_parameters_are_a_copy_and_blocks_say_where_each_lies():
    network = MLP((3, 2, 4))
    parameters = network.parameters
    parameters[network.blocks["b2"]] = 7
    assert not network.dense_layers[1].b.any()
    network.parameters = parameters
    np.testing.assert_array_equal(network.dense_layers[1].b, [7] * 4)
    np.testing.assert_array_equal(network.dense_layers[0].W.ravel(), parameters[:6])
    assert {name: block.stop for name, block in network.blocks.items()} == {
        "W1": 6, "b1": 8, "W2": 16, "b2": 20,
    }  # fmt: skip


def test_probabilities_predictions_and_the_score_agree_with_each_other():
    network, (X, y) = MLP((5, 6, 4)), samples()
    p = network.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_array_equal(p.argmax(axis=1), network.predict(X))
    assert network.score(X, y) == np.mean(network.predict(X) == y)


# --- The first weights -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("initializer", "std"), [("zero", 0), ("normal", 1), ("xavier", 0.1), ("kaiming", 0.02**0.5)]
)
def test_weights_have_the_spread_that_the_initializer_says(initializer, std):
    assert initial_std(initializer, 100) == pytest.approx(std)
    W = MLP((100, 400, 3), initializer=initializer).dense_layers[0].W
    assert W.std() == pytest.approx(std, rel=0.02)
    assert abs(W.mean()) <= 0.02 * std
    assert MLP((100, 5), initializer=std).dense_layers[0].b.tolist() == [0] * 5


def spread_through_layers(activation, initializer, depth=20, width=400):
    """The standard deviation of z in the first and in the last of many layers."""
    network = MLP([width] * (depth + 1), activation, initializer)
    network.forward(np.random.default_rng(5).normal(size=(200, width)))
    return [layer.X.std() for layer in network.dense_layers[1:]]


def test_xavier_keeps_the_variance_of_a_linear_network():
    spread = spread_through_layers("linear", "xavier")
    assert 0.7 < spread[-1] / spread[0] < 1.4


def test_kaiming_keeps_it_through_relu_where_xavier_halves_it_a_layer():
    kept, halved = (spread_through_layers("relu", name) for name in ("kaiming", "xavier"))
    assert 0.6 < kept[-1] / kept[0] < 1.6
    assert (halved[-1] / halved[0]) ** (2 / (len(halved) - 1)) == pytest.approx(0.5, rel=0.05)


def test_normal_weights_multiply_the_variance_by_the_width():
    spread = spread_through_layers("linear", "normal", depth=8, width=100)
    assert (spread[-1] / spread[0]) ** (2 / (len(spread) - 1)) == pytest.approx(100, rel=0.1)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_zero_weights_never_tell_the_hidden_neurons_apart(activation):
    network, (X, y) = MLP((5, 6, 4), activation, "zero"), samples()
    train(network, X, y, SGD(0.5), epochs=20)
    first, second = network.dense_layers
    # σ(0) = 0 but for the sigmoid, where it is ½: then the weights move, all of them alike.
    assert first.W.any() == second.W.any() == (activation == "sigmoid")
    np.testing.assert_allclose(first.W, first.W[:1].repeat(6, axis=0), atol=1e-15)
    np.testing.assert_allclose(second.W, second.W[:, :1].repeat(6, axis=1), atol=1e-15)
    assert second.b.any()


def test_sigmoids_lose_the_differences_between_samples_layer_by_layer():
    network = MLP([100] * 12, "sigmoid", "xavier")
    network.forward(np.random.default_rng(1).normal(size=(50, 100)))
    hidden = [layer.X for layer in network.dense_layers[1:]]
    between_samples = [A.std(axis=0).mean() for A in hidden]
    between_neurons = [A.mean(axis=0).std() for A in hidden]
    a_layer = (between_samples[-1] / between_samples[0]) ** (1 / (len(hidden) - 1))
    assert 0.2 < a_layer < 0.3  # σ' is at most ¼
    assert between_neurons[-1] > 0.5 * between_neurons[1]


# --- The check of a gradient -------------------------------------------------------------------


def test_the_two_quotients_have_the_errors_that_taylor_promises():
    errors = {
        (two_sided, e): abs(difference_quotient(np.exp, 1.0, e, two_sided) - np.e)
        for two_sided in (True, False)
        for e in (1e-2, 1e-3)
    }
    assert errors[False, 1e-2] == pytest.approx(np.e * 1e-2 / 2, rel=0.01)
    assert errors[True, 1e-2] == pytest.approx(np.e * 1e-4 / 6, rel=0.01)
    assert errors[False, 1e-2] / errors[False, 1e-3] == pytest.approx(10, rel=0.01)
    assert errors[True, 1e-2] / errors[True, 1e-3] == pytest.approx(100, rel=0.01)


def test_the_numerical_gradient_costs_two_calls_an_entry():
    calls = []
    slopes = numerical_gradient(lambda p: calls.append(p) or p @ p, np.arange(7.0))
    np.testing.assert_allclose(slopes, 2 * np.arange(7.0), atol=1e-8)
    assert len(calls) == 14


@pytest.fixture(params=["sigmoid", "tanh", "relu"])
def problem(request):
    """A network, its loss, its gradient, and a point."""
    network, (X, y) = MLP((5, 8, 6, 4), request.param, seed=2), samples()
    parameters = network.parameters + 0.05
    return network, *network.objective(X, y), parameters


def test_the_check_passes_our_own_gradient(problem):
    network, loss, gradient, parameters = problem
    check = gradient_check(loss, gradient, parameters, network.blocks)
    assert check.passed
    assert max(check.errors.values()) < 1e-6
    assert repr(check).splitlines()[0] == "✓ W1 agrees to 1e-05"


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
@pytest.mark.parametrize("seed", range(8))
def test_the_check_passes_every_first_draw_of_a_smooth_network(activation, seed):
    network, (X, y) = MLP((5, 12, 8, 4), activation, "xavier", seed), samples(60)
    check = gradient_check(*network.objective(X, y), network.parameters, network.blocks)
    assert check.passed
    assert not check.unsure
    assert max(check.errors.values()) < 1e-7


@pytest.mark.parametrize(("z", "passes"), [(2e-6, False), (-2e-6, False), (1e-3, True)])
def test_a_relu_at_its_kink_raises_an_alarm(z, passes):
    """The differences reach over the kink: the gradient is right, and yet they do not agree."""
    network, (X, y) = MLP((5, 6, 4), seed=3), samples(4)
    first = network.dense_layers[0]
    first.b[2] = z - X[0] @ first.W[2]
    check = gradient_check(*network.objective(X, y), network.parameters, network.blocks)
    assert check.passed == passes
    assert passes or "b1" in check.diagnoses


def test_a_gradient_that_rounding_hides_is_neither_right_nor_wrong():
    network, (X, y) = MLP([6, *[5] * 12, 3], "sigmoid", "xavier"), samples(20, 6, 3)
    check = gradient_check(*network.objective(X, y), network.parameters, network.blocks)
    assert check.passed
    assert "W1" in check.unsure
    assert "W13" not in check.unsure
    assert repr(check).splitlines()[0] == "? W1: too small for differences to tell from rounding"


PLANTED = {
    "wrong sign": (lambda part: -part, "its sign is wrong"),
    "wrong scale": (lambda part: part / 20, "0.05 times what it should be"),
    "missing": (lambda part: 0 * part, "this gradient is missing"),
    "slightly wrong": (lambda part: 1.001 * part, "it is 1.001 times what it should be"),
    "shuffled": (lambda part: part[::-1], "another direction"),
}


@pytest.mark.parametrize("block", ["W1", "b1", "W2", "b3"])
@pytest.mark.parametrize(("plant", "words"), PLANTED.values(), ids=PLANTED)
def test_the_check_finds_a_planted_fault_and_says_where(problem, block, plant, words):
    network, loss, gradient, parameters = problem

    def faulty(point):
        slopes = gradient(point)
        slopes[network.blocks[block]] = plant(slopes[network.blocks[block]])
        return slopes

    check = gradient_check(loss, faulty, parameters, network.blocks, most=10**6)
    assert list(check.diagnoses) == [block]
    assert words in check.diagnoses[block]
    assert f"✗ {block}: " in repr(check)


def forgetful_bias(self, D):
    return D.T @ self.X, np.zeros_like(self.b)


def mean_of_means(self, D):
    return D.T @ self.X / len(D), D.sum(axis=0)


@pytest.mark.parametrize(
    ("method", "fault", "blocks"),
    [
        ("gradient", forgetful_bias, {"b1", "b2", "b3"}),
        ("gradient", mean_of_means, {"W1", "W2", "W3"}),
        ("backward", lambda self, D: -D @ self.W, {"W1", "b1", "W2", "b2"}),
    ],
    ids=["missing bias gradient", "wrong scale", "wrong sign on the way back"],
)
def test_the_check_finds_a_fault_in_a_layer_itself(problem, monkeypatch, method, fault, blocks):
    network, loss, gradient, parameters = problem
    monkeypatch.setattr(Dense, method, fault)
    check = gradient_check(loss, gradient, parameters, network.blocks)
    # Two wrong signs on the way make a right one: W1 and b1 are right behind two layers.
    assert set(check.diagnoses) == blocks - ({"W1", "b1"} if method == "backward" else set())


def test_a_gradient_that_is_truly_zero_passes():
    network, (X, y) = MLP((5, 6, 4), initializer="zero"), samples()
    assert gradient_check(*network.objective(X, y), network.parameters, network.blocks).passed


def test_a_large_block_is_checked_in_a_sample_of_its_entries():
    calls = []
    point = np.ones(10_000)
    gradient_check(lambda p: calls.append(1) or p @ p, lambda p: 2 * p, point, most=30)
    assert len(calls) == 60 + 1  # and the loss itself


# --- Training ----------------------------------------------------------------------------------


def test_training_is_what_a_loop_by_hand_gives():
    (X, y), optimizer = samples(30), SGD(0.1)
    network, by_hand = MLP((5, 6, 4)), MLP((5, 6, 4))
    history = train(network, X, y, optimizer, epochs=2, batch_size=30)
    for _ in range(2):
        by_hand.parameters -= 0.1 * by_hand.loss_and_gradient(X, y)[1]
    np.testing.assert_allclose(network.parameters, by_hand.parameters, rtol=1e-12)
    assert len(history.losses) == 2


def test_every_sample_is_seen_once_an_epoch_and_in_another_order_each_time(monkeypatch):
    seen, (X, y) = [], samples(10)
    X[:, 0] = np.arange(10)
    network = MLP((5, 4))
    step = network._loss_and_gradient
    monkeypatch.setattr(network, "_loss_and_gradient", lambda X, y: (seen.append(X), step(X, y))[1])
    train(network, X, y, SGD(0.01), epochs=2, batch_size=4)
    assert [len(batch) for batch in seen] == [4, 4, 2, 4, 4, 2]
    first, second = np.split(np.concatenate(seen)[:, 0], 2)
    assert sorted(first) == sorted(second) == list(range(10))
    assert list(first) != list(second)


def test_a_seed_gives_the_same_training_again():
    histories = [train(MLP((5, 6, 4)), *samples(), Adam(), epochs=3, seed=7) for _ in range(2)]
    np.testing.assert_array_equal(histories[0].losses, histories[1].losses)


def test_a_history_holds_the_start_and_every_epoch():
    (X, y), said, network = samples(50), [], MLP((5, 6, 4))
    start = network.parameters
    history = train(
        network, X, y, Adam(), 3, batch_size=20, held_out=(X, y), keep=True, progress=said.append
    )
    assert history.parameters.shape == (4, len(start))
    np.testing.assert_array_equal(history.parameters[0], start)
    np.testing.assert_array_equal(history.parameters[-1], network.parameters)
    assert (len(history.losses), len(history.epoch_losses), len(history.accuracies)) == (9, 3, 4)
    assert history.accuracies[-1] == network.score(X, y)
    assert history.epoch_losses[0] == pytest.approx(history.losses[:3].mean())
    assert said[-1].startswith("epoch 3 of 3: loss ")
    assert f"{history.accuracies[-1]:.1%}" in said[-1]


def test_a_hidden_layer_learns_what_no_line_can():
    X, y = make_circles(200, noise=0.05)
    network = MLP((2, 8, 2), "tanh", "xavier")
    train(network, X, y, Adam(0.02), epochs=60, batch_size=50)
    assert network.score(X, y) > 0.98
    line = MLP((2, 2))
    train(line, X, y, Adam(0.02), epochs=60, batch_size=50)
    assert line.score(X, y) < 0.75


def test_minimize_walks_as_a_training_on_full_batches_does():
    (X, y), network, by_hand = samples(), MLP((5, 6, 4)), MLP((5, 6, 4))
    trace = minimize(*network.objective(X, y), network.parameters, Adam(0.01), steps=50)
    history = train(by_hand, X, y, Adam(0.01), epochs=50, batch_size=len(X))
    np.testing.assert_allclose(trace.losses[:-1], history.losses, rtol=1e-9)
    assert trace.losses[-1] < 0.7 * trace.losses[0]


def test_an_mlp_reads_handwritten_digits():
    (images, labels), (new, truth) = load_digits("train"), load_digits("test")
    network = MLP((784, 64, 10), dtype=np.float32)
    train(network, images.reshape(len(images), -1), labels, Adam(0.002), epochs=4)
    assert network.score(new.reshape(len(new), -1), truth) > 0.93


# --- What is refused ---------------------------------------------------------------------------

X, Y = samples()
NETWORK = MLP((5, 4))

SQUARES = np.sum, np.ones_like, np.ones(3)  # a loss, its gradient, a point


REFUSED = {
    "one size": (lambda: MLP((5,)), ValueError, "sizes must count inputs and outputs"),
    "an empty layer": (lambda: MLP((5, 0, 2)), ValueError, "sizes must be at least 1, came 0"),
    "activation": (lambda: MLP((5, 6, 4), "gelu"), ValueError, "activation must be one of sigmoid"),
    "initializer": (lambda: MLP((5, 4), initializer="he"), ValueError, "must be one of zero"),
    "dtype": (lambda: MLP((5, 4), dtype=int), ValueError, "dtype must be float64 or float32"),
    "inputs": (lambda: NETWORK.predict(X[:, :3]), ValueError, r"X must have 5 columns, came shape"),
    "images": (lambda: NETWORK.predict(X[None]), ValueError, "X must have shape"),
    "NaN": (lambda: NETWORK.predict(X * np.nan), ValueError, "X must be finite"),
    "class too large": (lambda: NETWORK.score(X, Y + 4), ValueError, "class numbers from 0 to 3"),
    "class 0.5": (lambda: NETWORK.score(X, Y / 2), ValueError, "class numbers from 0 to 3"),
    "lengths": (lambda: NETWORK.score(X, Y[:3]), ValueError, "came X 20, y 3"),
    "one-hot": (lambda: NETWORK.score(X, np.eye(4)[Y]), ValueError, "y must be 1-dimensional"),
    "parameters": (
        lambda: setattr(NETWORK, "parameters", [1.0]),
        ValueError,
        r"parameters must have shape \(24,\), came \(1,\)",
    ),
    "NaN in the loss": (
        lambda: gradient_check(lambda p: np.nan, *SQUARES[1:]),
        ValueError,
        r"loss\(parameters\) must be a finite number, came nan",
    ),
    "NaN beside the point": (
        lambda: gradient_check(lambda p: 0 if (p == 1).all() else np.nan, *SQUARES[1:]),
        ValueError,
        "the value of the function must be a finite number, came nan",
    ),
    "a loss a sample": (
        lambda: gradient_check(lambda p: p**2, *SQUARES[1:]),
        TypeError,
        r"loss\(parameters\) must be a number",
    ),
    "most": (lambda: gradient_check(*SQUARES, most=0), ValueError, "most must be at least 1"),
    "tolerance": (
        lambda: gradient_check(*SQUARES, tolerance=np.nan),
        ValueError,
        "tolerance must be a finite number",
    ),
    "no tolerance": (
        lambda: gradient_check(*SQUARES, tolerance=0),
        ValueError,
        "tolerance must be greater than 0",
    ),
    "an empty block": (
        lambda: gradient_check(*SQUARES, {"W": slice(1, 1)}),
        ValueError,
        "the block W must be a slice with entries of the 3 parameters",
    ),
    "a block elsewhere": (
        lambda: gradient_check(*SQUARES, {"W": slice(2, 7)}),
        ValueError,
        "the block W must be a slice with entries of the 3 parameters",
    ),
    "no step": (
        lambda: difference_quotient(np.exp, 1.0, 0),
        ValueError,
        "epsilon must be greater than 0, came 0",
    ),
    "sizes": (lambda: MLP(5), TypeError, "sizes must be a list of numbers"),
    "text as sizes": (lambda: MLP("abc"), TypeError, "sizes must be a list of numbers"),
    "a list of activations": (lambda: MLP((5, 6, 4), ["relu"]), ValueError, "must be one of"),
    "NaN as parameters": (
        lambda: setattr(NETWORK, "parameters", np.full(24, np.nan)),
        ValueError,
        "parameters must be finite",
    ),
    "forward": (lambda: NETWORK.forward(X[:, :3]), ValueError, r"X must have shape \(n, 5\)"),
    "one sample": (lambda: NETWORK.forward(X[0]), ValueError, r"a sample a row, came \(5,\)"),
    "backward first": (
        lambda: MLP((5, 4)).backward(np.ones((1, 4))),
        RuntimeError,
        "forward comes first",
    ),
    "gradient first": (
        lambda: Dense(np.ones((2, 3)), np.zeros(2)).gradient(np.ones((1, 2))),
        RuntimeError,
        "forward comes first",
    ),
    "activation first": (
        lambda: Activation("relu").backward(np.ones((1, 2))),
        RuntimeError,
        "forward comes first",
    ),
    "another D": (
        lambda: (NETWORK.forward(X), NETWORK.backward(np.ones((3, 4)))),
        ValueError,
        r"D must have the shape of the logits, \(20, 4\), came \(3, 4\)",
    ),
    "one logit": (
        lambda: softmax_cross_entropy(np.ones(3), [0]),
        ValueError,
        r"logits must be an array of shape \(n, classes\)",
    ),
    "a class beyond the logits": (
        lambda: softmax_cross_entropy(np.ones((2, 3)), [0, 5]),
        ValueError,
        "y must hold class numbers from 0 to 2",
    ),
    "too few classes": (
        lambda: softmax_cross_entropy(np.ones((2, 3)), [0]),
        ValueError,
        "y must hold 2 whole numbers",
    ),
    "held out": (
        lambda: train(NETWORK, X, Y, SGD(), 1, held_out=X),
        TypeError,
        r"held_out must be a pair \(X, y\), came ndarray",
    ),
    "an optimizer's class": (
        lambda: train(NETWORK, X, Y, SGD, 1),
        TypeError,
        "optimizer must be made first: SGD",
    ),
    "float32 check": (
        lambda: gradient_check(np.sum, np.ones_like, np.ones(3, np.float32)),
        ValueError,
        "parameters must be float64",
    ),
    "another gradient": (
        lambda: gradient_check(np.sum, lambda p: p[:2], np.ones(3)),
        ValueError,
        "came parameters 3, gradient 2",
    ),
    "epsilon": (
        lambda: numerical_gradient(np.sum, np.ones(3), epsilon=0),
        ValueError,
        "epsilon must be greater than 0",
    ),
    "epochs": (lambda: train(NETWORK, X, Y, SGD(), 0), ValueError, "epochs must be at least 1"),
    "batch size": (
        lambda: train(NETWORK, X, Y, SGD(), 1, batch_size=0.5),
        TypeError,
        "batch_size must be a whole number",
    ),
}


@pytest.mark.parametrize(("call", "kind", "words"), REFUSED.values(), ids=REFUSED)
def test_bad_values_are_refused_in_plain_words(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


@pytest.mark.filterwarnings("ignore:(overflow|invalid value)")
def test_a_training_that_diverges_says_so():
    with pytest.raises(ValueError, match="must be finite: is the learning rate"):
        train(MLP((5, 8, 4)), 1e3 * X, Y, SGD(1e200), epochs=50)
