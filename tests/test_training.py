"""The training loop: reproducible, stoppable, honest about what went wrong."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from course_lib.training import build, count_parameters, evaluate, fit, logits, probabilities
from course_lib.validation import DivergedError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(200, 5)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] > 0).astype(int)
HELD_OUT = X[150:], Y[150:]


def network(seed=0, dropout=0.0):
    return build(
        lambda: nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Dropout(dropout), nn.Linear(16, 2)),
        seed,
    )


def train(model, epochs=5, rate=0.05, **options):
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    return fit(model, X[:150], Y[:150], optimizer, epochs, device="cpu", **options)


def weights(model):
    return torch.cat([p.detach().ravel() for p in model.parameters()]).numpy()


def test_it_learns_and_says_how_well():
    model = network()
    before = evaluate(model, *HELD_OUT)
    history = train(model, validation=HELD_OUT, epochs=20)
    after = evaluate(model, *HELD_OUT)
    assert after.accuracy > 0.9 > before.accuracy
    assert after.loss == pytest.approx(min(history.validation_losses))
    assert history.epoch_losses.shape == history.validation_accuracies.shape == (20,)
    assert history.losses.shape == (20 * 3,)
    assert history.ended == "all epochs"


def test_the_same_seed_gives_the_same_training_and_leaves_torchs_own_chance_alone():
    models = [network(seed=3, dropout=0.5) for _ in range(2)]
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    histories = [train(model, seed=1) for model in models]
    assert torch.equal(torch.rand(3), expected)
    np.testing.assert_array_equal(histories[0].losses, histories[1].losses)
    np.testing.assert_array_equal(*map(weights, models))
    other = network(seed=3, dropout=0.5)
    train(other, seed=2)
    assert not np.array_equal(weights(other), weights(models[0]))


def test_first_weights_depend_on_their_seed():
    np.testing.assert_array_equal(weights(network(1)), weights(network(1)))
    assert not np.array_equal(weights(network(1)), weights(network(2)))


def test_it_is_the_plain_loop_of_torch():
    ours, theirs = network(), network()
    history = train(ours, epochs=2, batch_size=150)
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.05, momentum=0.9)
    for loss in history.losses:
        optimizer.zero_grad()
        value = functional.cross_entropy(theirs(torch.tensor(X[:150])), torch.tensor(Y[:150]))
        assert value.item() == pytest.approx(loss, rel=1e-5)
        value.backward()
        optimizer.step()
    np.testing.assert_allclose(weights(ours), weights(theirs), atol=1e-6)


def test_the_best_epoch_is_kept_and_patience_ends_the_rest():
    model, noise = network(), (X[150:], 1 - Y[150:])  # learning makes these worse
    seen = []
    history = train(
        model, epochs=50, validation=noise, patience=4,
        progress=lambda _: seen.append(weights(model)),
    )  # fmt: skip
    assert history.ended == "early"
    assert len(seen) == len(history.validation_losses) == history.best_epoch + 4
    assert history.best_epoch == np.argmin(history.validation_losses) + 1
    np.testing.assert_array_equal(weights(model), seen[history.best_epoch - 1])


@pytest.mark.parametrize("validation", [None, HELD_OUT])
def test_an_interrupt_ends_it_with_what_was_learned(validation):
    model, first = network(), weights(network())

    def interrupt(sentence):
        if sentence.startswith("epoch 3"):
            raise KeyboardInterrupt

    history = train(model, epochs=50, validation=validation, progress=interrupt)
    assert history.ended == "interrupted"
    assert history.epoch_losses.shape == (3,)
    assert not np.array_equal(weights(model), first)


def test_a_loss_that_is_no_number_is_said_at_its_step():
    with pytest.raises(
        DivergedError, match=r"the loss is (nan|inf) at step \d+: is the learning rate"
    ):
        train(network(), epochs=50, rate=1e20)


def test_evaluating_leaves_the_model_as_it_was_and_drops_nothing():
    model = network(dropout=0.9)
    for mode in (True, False):
        model.train(mode)
        first, second = (evaluate(model, *HELD_OUT) for _ in range(2))
        assert model.training is mode
        assert first == second


def test_evaluation_in_parts_is_the_whole(monkeypatch):
    model = network()
    whole = evaluate(model, X, Y)
    monkeypatch.setattr("course_lib.training.EVALUATED_AT_ONCE", 7)
    parts = evaluate(model, X, Y)
    assert parts.loss == pytest.approx(whole.loss, rel=1e-5)
    assert parts.accuracy == whole.accuracy


def test_a_regression_has_a_loss_and_no_accuracy():
    model = build(lambda: nn.Linear(5, 1))
    target = (X @ np.arange(5.0))[:, None]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    options = {"loss": functional.mse_loss, "validation": (X, target), "device": "cpu"}
    history = fit(model, X, target, optimizer, 60, **options)
    assert history.validation_losses[-1] < 1e-2
    assert math.isnan(evaluate(model, X, target, functional.mse_loss).accuracy)


def test_progress_says_epoch_loss_and_accuracy():
    said = []
    train(network(), epochs=2, validation=HELD_OUT, progress=said.append)
    assert said[0].startswith("epoch 1 of 2: loss 0.")
    assert "accuracy" in said[1]
    assert len(said) == 2


def test_parameters_are_counted():
    model = network()
    assert count_parameters(model) == 5 * 16 + 16 + 16 * 2 + 2
    model[0].requires_grad_(False)
    assert count_parameters(model) == 16 * 2 + 2


REFUSED = {
    "other lengths": ((X, Y[:5]), {}, "X and y must have the same length"),
    "nothing": ((X[:0], Y[:0]), {}, "X must not be empty"),
    "NaN": ((X * np.nan, Y), {}, "X must be finite"),
    "no epochs": ((X, Y), {"epochs": 0}, "epochs must be at least 1"),
    "empty batches": ((X, Y), {"batch_size": 0}, "batch_size must be at least 1"),
    "patience alone": ((X, Y), {"patience": 3}, "patience needs validation data"),
    "no patience": ((X, Y), {"validation": (X, Y), "patience": 0}, "patience must be at least 1"),
}


@pytest.mark.parametrize(("data", "options", "words"), REFUSED.values(), ids=REFUSED)
def test_bad_values_are_refused_in_plain_words(data, options, words):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match=words):
        fit(model, *data, optimizer, **{"epochs": 1} | options)


@pytest.mark.parametrize(
    ("y", "options", "words"),
    [
        (Y.astype(float), {}, "y must hold classes, whole numbers"),
        (Y, {"validation": X}, r"validation must be a pair \(X, y\)"),
    ],
)
def test_values_of_another_kind_are_refused_in_plain_words(y, options, words):
    model = network()
    with pytest.raises(TypeError, match=words):
        fit(model, X, y, torch.optim.SGD(model.parameters(), lr=0.1), 1, **options)


def test_logits_are_what_the_model_says_in_test_mode():
    model = network(dropout=0.5)
    many = np.tile(X, (6, 1))  # more than one portion
    found = logits(model, many)
    assert found.shape == (1200, 2)
    with torch.no_grad():
        wanted = model.eval()(torch.from_numpy(many))
    torch.testing.assert_close(torch.from_numpy(found), wanted)
    np.testing.assert_allclose(probabilities(model, X), wanted[:200].softmax(dim=1), rtol=1e-6)
