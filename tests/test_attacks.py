"""Attacks: in the ball and in the box, as strong as theory allows, and the model as it was."""

import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from course_lib.attacks import (
    Average,
    add,
    attack_loss,
    attack_path,
    carlini_wagner,
    distance,
    fgsm,
    fooled,
    input_gradient,
    inwards,
    margin,
    pgd,
    project,
    random_start,
    read_rightly,
    steepest,
    universal_perturbation,
)
from course_lib.cnn import digit_images, load_digit_network
from course_lib.explorers.adversarial_attacks import steps_in_a_ball, two_pixel_network
from course_lib.training import build

NORMS = ("linf", "l2")


def small_network():
    """A convolutional network with dropout and batch norm, of random weights."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(0.5),
        nn.Linear(4 * 16, 3),
    )  # fmt: skip


def some_images(n=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 1, 6, 6, generator=generator)
    return x, torch.arange(n) % 3


def linear(W):
    """A network without a hidden layer, z = W x."""
    layer = nn.Linear(W.shape[1], len(W), bias=False)
    layer.weight.data = W
    return nn.Sequential(nn.Flatten(), layer).requires_grad_(False)


@pytest.fixture
def two_classes():
    """A linear model of two classes, and grey images far from the rim of the box."""
    W = torch.tensor(np.random.default_rng(0).normal(size=(2, 36)), dtype=torch.float32)
    x = torch.full((3, 1, 6, 6), 0.5)
    x[1:] += 0.02 * torch.rand(2, 1, 6, 6, generator=torch.Generator().manual_seed(1))
    model = linear(W)
    return model, x, model(x).argmax(dim=1), W[0] - W[1]


# --- Ball and box --------------------------------------------------------------------------------


@settings(deadline=None, max_examples=30)
@given(
    epsilon=st.floats(0, 2), norm=st.sampled_from(NORMS), seed=st.integers(0, 99),
    steps=st.integers(1, 5), restarts=st.integers(0, 2), target=st.sampled_from([None, 0, 2]),
)  # fmt: skip
def test_no_image_of_pgd_leaves_the_ball_or_the_box(epsilon, norm, seed, steps, restarts, target):
    model, (x, y) = build(small_network, seed), some_images(seed=seed)
    found = pgd(model, x, y, epsilon, norm, target, steps, restarts=restarts, seed=seed)
    assert found.min() >= 0
    assert found.max() <= 1
    assert distance(found, x, norm).max() <= epsilon + 1e-6


@settings(deadline=None, max_examples=15)
@given(epsilon=st.floats(0, 3), seed=st.integers(0, 99), target=st.sampled_from([None, 1]))
def test_no_image_of_carlini_and_wagner_leaves_the_ball_or_the_box(epsilon, seed, target):
    model, (x, y) = build(small_network, seed), some_images(seed=seed)
    found = carlini_wagner(model, x, y, epsilon, target=target, steps=10, searches=3)
    assert found.min() >= 0
    assert found.max() <= 1
    assert distance(found, x, "l2").max() <= epsilon + 1e-6


@settings(deadline=None, max_examples=30)
@given(epsilon=st.floats(0, 3), norm=st.sampled_from(NORMS), seed=st.integers(0, 99))
def test_a_projected_image_is_in_ball_and_box_and_one_that_was_there_stays(epsilon, norm, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(5, 3, 4, 4, generator=generator)
    far = x + 3 * torch.randn(x.shape, generator=generator)
    near = project(far, x, epsilon, norm)
    assert near.min() >= 0
    assert near.max() <= 1
    assert distance(near, x, norm).max() <= epsilon + 1e-6
    torch.testing.assert_close(project(near, x, epsilon, norm), near, atol=1e-6, rtol=0)


@pytest.mark.parametrize("norm", NORMS)
def test_a_random_start_fills_the_ball_evenly(norm):
    x = torch.full((4000, 1, 1, 2), 0.5)
    found = random_start(x, 0.4, norm, torch.Generator().manual_seed(0))
    lengths = distance(found, x, norm)
    assert lengths.max() <= 0.4
    assert float((lengths <= 0.2).double().mean()) == pytest.approx(1 / 4, abs=0.03)  # in a plane


@pytest.mark.parametrize("norm", NORMS)
def test_a_change_that_is_turned_inwards_keeps_its_size_in_the_box(norm):
    x = torch.from_numpy(digit_images("test")[0][:20])
    noise = steepest(torch.randn(x.shape, generator=torch.Generator().manual_seed(0)), norm)
    change = (0.3 if norm == "linf" else 3) * noise
    turned = inwards(x, change)
    torch.testing.assert_close(turned.abs(), change.abs())
    torch.testing.assert_close(add(x, turned), x + turned)  # nothing is cut
    assert distance(add(x, change), x, "l2").max() < 0.85 * distance(x + change, x, "l2").min()


@pytest.mark.parametrize("norm", NORMS)
def test_the_steepest_step_has_size_one_and_no_other_gains_more(norm):
    generator = torch.Generator().manual_seed(0)
    gradient = torch.randn(20, 1, 3, 3, generator=generator)
    step, zero = steepest(gradient, norm), torch.zeros(20, 1, 3, 3)
    torch.testing.assert_close(distance(step, zero, norm), torch.ones(20))
    other = random_start(zero + 0.5, 0.5, norm, generator) - 0.5
    gains = [(gradient * 0.5 * step).flatten(1).sum(1), (gradient * other).flatten(1).sum(1)]
    assert (gains[0] >= gains[1]).all()
    assert steepest(zero, norm).abs().max() == 0


# --- Strength ------------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("attack", [fgsm, pgd])
def test_on_a_linear_model_an_attack_gains_epsilon_times_the_dual_norm(two_classes, attack, norm):
    model, x, y, w = two_classes
    found = attack(model, x, y, 0.05, norm)
    gain = margin(model(found), y) - margin(model(x), y)
    dual = w.abs().sum() if norm == "linf" else w.norm()
    torch.testing.assert_close(gain, 0.05 * dual.expand(3), rtol=1e-4, atol=1e-5)


def test_carlini_and_wagner_find_the_distance_to_the_boundary_of_a_linear_model(two_classes):
    model, x, y, w = two_classes
    found = carlini_wagner(model, x, y, steps=300)
    assert fooled(model, found, y).all()
    to_boundary = -margin(model(x), y) / w.norm()
    torch.testing.assert_close(distance(found, x, "l2"), to_boundary, rtol=0.01, atol=1e-4)


def test_what_carlini_and_wagner_did_not_reach_comes_back_as_it_was(two_classes):
    model, x, y, w = two_classes
    too_near = float((-margin(model(x), y) / w.norm()).min()) / 2
    assert torch.equal(carlini_wagner(model, x, y, too_near, steps=50, searches=3), x)


@pytest.mark.parametrize("attack", [fgsm, pgd, carlini_wagner])
def test_with_a_target_the_digit_network_says_it(attack):
    model, (x, y) = load_digit_network(), digit_images("test")
    x, y = x[y != 3][:20], y[y != 3][:20]
    options = {"steps": 80, "searches": 3} if attack is carlini_wagner else {}
    found = attack(model, x, y, epsilon=4, norm="l2", target=3, **options)
    says = fooled(model, found, y, target=3)
    assert says.double().mean() >= (0.3 if attack is fgsm else 1)
    assert (model(found).argmax(dim=1)[says] == 3).all()


def test_many_steps_are_stronger_than_one_and_restarts_never_weaker():
    model, (x, y) = load_digit_network(), map(torch.from_numpy, digit_images("test"))
    x, y = x[:100], y[:100]
    one, many, again = (
        margin(model(found), y)
        for found in (
            fgsm(model, x, y, 0.1), pgd(model, x, y, 0.1, steps=10),
            pgd(model, x, y, 0.1, steps=10, restarts=2),
        )
    )  # fmt: skip
    assert (many > 0).sum() > (one > 0).sum()
    assert (again >= many).all()


def test_equally_large_random_noise_is_nearly_harmless():
    model, (x, y) = load_digit_network(), map(torch.from_numpy, digit_images("test"))
    x, y = x[:200], y[:200]
    noisy = random_start(x, 0.1, "linf", torch.Generator().manual_seed(0))
    attacked = pgd(model, x, y, 0.1, steps=10)
    harmed, fallen = (int(fooled(model, images, y).sum()) for images in (noisy, attacked))
    assert harmed < 10 < 40 < fallen


def test_the_path_begins_at_the_image_and_ends_where_pgd_does():
    model, (x, y) = build(small_network), some_images()
    path = attack_path(model, x, y, 0.2, steps=7)
    assert path.shape == (8, *x.shape)
    assert torch.equal(path[0], x)
    assert torch.equal(path[-1], pgd(model, x, y, 0.2, steps=7))


# --- What the attacker makes large ---------------------------------------------------------------


def test_the_lectures_loss_is_a_difference_of_two_logits():
    logits = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    y, target = torch.tensor([0, 1, 2, 3, 0, 1]), torch.tensor([1, 2, 3, 0, 2, 0])
    wanted = logits.gather(1, target[:, None])[:, 0] - logits.gather(1, y[:, None])[:, 0]
    torch.testing.assert_close(attack_loss(logits, y, target, "lecture"), wanted)


def test_the_margin_is_above_zero_where_the_attack_has_won_and_nowhere_else():
    logits = torch.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
    y = torch.tensor([0, 0])
    assert margin(logits, y).tolist() == [-1, 3]
    assert margin(logits, y, torch.tensor([1, 2])).tolist() == [-1, 2]


@pytest.mark.parametrize("loss", ["cross_entropy", "lecture", "margin"])
def test_the_input_gradient_agrees_with_differences(loss):
    model, (x, y) = build(small_network).double().eval(), some_images(4)
    x, target, h = x.double(), (y + 1) % 3, 1e-6
    gradient = input_gradient(model, x, y, target, loss)
    step = torch.zeros_like(x)
    step[:, 0, 2, 3] = h
    high, low = (attack_loss(model(x + s), y, target, loss) for s in (step, -step))
    torch.testing.assert_close(gradient[:, 0, 2, 3], (high - low).detach() / (2 * h))


# --- One change for all, many readings of one ----------------------------------------------------


@pytest.mark.parametrize("norm", NORMS)
def test_on_a_linear_model_the_universal_change_is_the_attack_on_one(two_classes, norm):
    model, x, y, w = two_classes
    change = universal_perturbation(model, x[:1], y[:1], 0.01, norm, epochs=20)
    assert change.shape == (1, 1, 6, 6)
    down = w.view(1, 1, 6, 6) * (1 if y[0] == 1 else -1)
    torch.testing.assert_close(change, 0.01 * steepest(down, norm))


@settings(deadline=None, max_examples=15)
@given(epsilon=st.floats(0, 2), norm=st.sampled_from(NORMS), target=st.sampled_from([None, 1]))
def test_a_universal_change_stays_in_the_ball_and_the_images_in_the_box(epsilon, norm, target):
    model, (x, y) = build(small_network), some_images()
    change = universal_perturbation(model, x, y, epsilon, norm, target, epochs=2, batch_size=3)
    assert distance(change, torch.zeros_like(change), norm).max() <= epsilon + 1e-6
    assert 0 <= add(x, change).min() <= add(x, change).max() <= 1


def test_one_change_fools_many_digits_that_it_was_not_made_on_and_noise_does_not():
    model, (x, y) = load_digit_network(), map(torch.from_numpy, digit_images("test"))
    change = universal_perturbation(model, x[:300], y[:300], 0.3, epochs=8)
    noise = 0.3 * torch.randn(change.shape, generator=torch.Generator().manual_seed(0)).sign()
    made, chance = (
        fooled(model, add(x[500:], v), y[500:]).double().mean() for v in (change, noise)
    )
    assert made > 0.6
    assert chance < 0.4


def test_the_average_of_one_model_is_the_model_and_of_two_the_mean_probability():
    one, two, (x, _) = build(small_network, 0).eval(), build(small_network, 1).eval(), some_images()
    torch.testing.assert_close(Average([one])(x), one(x).log_softmax(dim=1))
    mean = (one(x).softmax(dim=1) + two(x).softmax(dim=1)) / 2
    torch.testing.assert_close(Average([one, two])(x).exp(), mean)


def test_an_attack_on_the_average_fools_both_models():
    models = [load_digit_network(kind) for kind in ("cnn", "mlp")]
    x, y = (torch.from_numpy(array[:50]) for array in digit_images("test"))
    found = pgd(Average(models), x, y, 0.25, steps=15)
    assert all(fooled(model, found, y).double().mean() > 0.85 for model in models)


def test_an_average_needs_a_model():
    with pytest.raises(ValueError, match="readings must hold at least one model"):
        Average([])


# --- The model stays as it is --------------------------------------------------------------------


@pytest.mark.parametrize("attack", [fgsm, pgd, carlini_wagner, universal_perturbation])
def test_the_model_is_left_as_it_was_found(attack):
    model, (x, y) = build(small_network), some_images()
    model.train()
    model[1].eval()  # one part is frozen
    model(x).sum().backward()
    before = copy.deepcopy(model.state_dict())
    gradients = [p.grad.clone() for p in model.parameters()]
    image, modes = x.clone(), [module.training for module in model.modules()]
    attack(model, x, y, epsilon=0.3, norm="l2")
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(a, p.grad) for a, p in zip(gradients, model.parameters(), strict=True))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(x, image)
    assert not x.requires_grad


def test_one_seed_gives_one_attack_and_the_global_chance_is_untouched():
    model, (x, y) = build(small_network), some_images()
    state = torch.get_rng_state()
    first, second, other = (
        pgd(model, x, y, 0.01, restarts=1, steps=3, seed=s, target=2) for s in (0, 0, 1)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)


def test_numpy_arrays_of_float64_are_taken_too():
    model, (x, y) = build(small_network), some_images()
    found = fgsm(model, x.double().numpy(), y.numpy(), 0.1)
    assert torch.equal(found, fgsm(model, x, y, 0.1))


# --- Bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "sentence"),
    [
        ({"epsilon": -1}, ValueError, "epsilon must be at least 0"),
        ({"epsilon": math.nan}, ValueError, "epsilon must be a finite number"),
        ({"norm": "l1"}, ValueError, "norm must be one of linf, l2"),
        ({"loss": "hinge"}, ValueError, "loss must be one of"),
        ({"loss": "lecture"}, ValueError, 'loss "lecture" needs a target'),
        ({"steps": 0}, ValueError, "steps must be at least 1"),
        ({"restarts": -1}, ValueError, "restarts must be at least 0"),
        ({"target": 3}, ValueError, "target must hold class numbers from 0 to 2, came 3 to 3"),
        ({"y": torch.zeros(7, dtype=int)}, ValueError, "x and y must have the same length"),
        ({"y": torch.zeros(8)}, TypeError, "y must hold classes, whole numbers, came torch.float"),
        ({"y": torch.arange(-1, 7)}, ValueError, "y must hold class numbers .* came -1 to 6"),
        ({"x": torch.full((8, 1, 6, 6), 255)}, ValueError, "came torch.int64, 255 to 255"),
        ({"x": torch.full((8, 1, 6, 6), 1.5)}, ValueError, "x must hold images, .* 1.5 to 1.5"),
        ({"x": torch.full((8, 1, 6, 6), math.nan)}, ValueError, "came torch.float32, nan to nan"),
        ({"x": torch.rand(0, 1, 6, 6), "y": []}, ValueError, "x must not be empty"),
        ({"y": torch.zeros(8, 1, dtype=int)}, ValueError, "y their classes, a number each, came"),
        ({"y": torch.tensor(1)}, ValueError, "y their classes, a number each, came"),
        ({"target": [1, 2]}, ValueError, r"target must be one class or 8 of them, .* \(2,\)"),
        ({"target": True}, TypeError, "target must hold classes, whole numbers, came torch.bool"),
        ({"model": "cnn"}, TypeError, "model must be a torch module, came 'cnn'"),
    ],
)
def test_bad_input_is_said(changes, error, sentence):
    x, y = some_images()
    with pytest.raises(error, match=sentence):
        pgd(**{"model": build(small_network), "x": x, "y": y, "epsilon": 0.1} | changes)


def test_images_of_another_number_have_no_distance():
    x, _ = some_images()
    with pytest.raises(ValueError, match="x_new and x must have the same shape"):
        distance(x, x[:1], "l2")


def test_a_network_that_diverged_is_said_and_not_called_robust():
    x, y = some_images()
    network = build(small_network)
    with torch.no_grad():
        next(network.parameters()).fill_(math.nan)
    for use in (fooled, read_rightly):
        with pytest.raises(ValueError, match="logits must be numbers, came NaN"):
            use(network, x, y)


def test_a_network_that_says_the_same_of_all_is_neither_fooled_nor_right():
    x, y = some_images()
    network = build(small_network)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    assert not fooled(network, x, y).any()
    assert not read_rightly(network, x, y).any()


@pytest.mark.parametrize("norm", ["L∞", "Linf", "l1", None])
@pytest.mark.parametrize(
    "use",
    [
        lambda x, norm: distance(x, x, norm),
        lambda x, norm: project(x, x, 0.1, norm),
        lambda x, norm: steepest(x, norm),
        lambda x, norm: random_start(x, 0.1, norm, torch.Generator()),
    ],
    ids=["distance", "project", "steepest", "random_start"],
)
def test_an_unknown_norm_is_said_and_never_taken_for_l2(use, norm):
    with pytest.raises(ValueError, match=f"norm must be one of linf, l2, came {norm!r}"):
        use(some_images()[0], norm)


def test_a_ball_of_negative_radius_is_said():
    x, _ = some_images()
    with pytest.raises(ValueError, match="epsilon must be at least 0, came -0.1"):
        project(x, x, -0.1, "linf")


@pytest.mark.parametrize(
    ("loss", "sentence"),
    [("hinge", "loss must be one of .* came 'hinge'"), ("lecture", "needs a target, came None")],
)
def test_an_unknown_loss_is_said_and_never_taken_for_another(loss, sentence):
    with pytest.raises(ValueError, match=sentence):
        attack_loss(torch.zeros(2, 3), torch.tensor([0, 1]), loss=loss)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [({"rate": 0}, "rate must be greater than 0"), ({"confidence": -1}, "confidence must be at")],
)
def test_carlini_and_wagner_say_a_bad_rate_or_confidence(setting, sentence):
    with pytest.raises(ValueError, match=sentence):
        carlini_wagner(build(small_network), *some_images(), **setting)


@pytest.mark.parametrize("name", ["epochs", "batch_size"])
def test_a_universal_change_needs_epochs_and_batches(name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1"):
        universal_perturbation(build(small_network), *some_images(), 0.1, **{name: 0})


def test_carlini_and_wagner_say_that_they_only_know_l2():
    with pytest.raises(ValueError, match="norm must be one of l2"):
        carlini_wagner(build(small_network), *some_images(), norm="linf")


def test_one_long_step_of_the_explorer_crosses_the_other_class_and_comes_out_behind_it():
    preset = steps_in_a_ball.presets["one step goes too far"]
    x = torch.tensor([[[[preset["across"], preset["up"]]]]])
    network = two_pixel_network(preset["model"])
    y = network(x).argmax(dim=1)
    change = fgsm(network, x, y, preset["epsilon"], loss="margin") - x
    along = margin(network(x + torch.linspace(0, 1, 21).view(-1, 1, 1, 1) * change), y.expand(21))
    assert along[0] < 0
    assert along.max() > 1
    assert along[-1] < -1
