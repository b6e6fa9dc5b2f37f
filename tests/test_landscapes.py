"""Landscapes against pencil and paper, samples, torch; and the effects that the lesson is about."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from course_lib import landscapes
from course_lib.curvature import find_critical_point, gradient, hessian, loss_of
from course_lib.landscapes import (
    batch_norm_arm,
    cost_of_curvature,
    count_outliers,
    critical_point,
    descend,
    digit_components,
    digits_to_learn,
    distinct,
    edge_of_stability,
    errors_at_rate,
    filter_direction,
    filter_norms,
    fit_students,
    largest,
    look_along_gradient,
    loss_slice,
    minimum,
    network,
    relu_network,
    scaled_top,
    seen_by_hessian,
    small_loss,
    spectrum_along,
    squared_error,
    student_curvature,
    student_gradient,
    student_loss,
    trained_cnn,
    trained_mlp,
    with_decay,
)
from course_lib.validation import DivergedError

A = torch.diag(torch.tensor([1.0, 3, 10], dtype=torch.float64))
ONES = torch.ones(3, dtype=torch.float64)


def bowl(theta):
    return theta @ A @ theta / 2


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# --- data and losses ------------------------------------------------------------------------------


def test_components_have_mean_0_and_variance_1_all_together_and_do_not_repeat_each_other():
    X, y = digit_components(200, 6, 4)
    assert X.shape == (200, 6)
    assert set(y.tolist()) == {0, 1, 2, 3}
    assert abs(X.mean(dim=0)).max() < 1e-12
    assert X.std(correction=0).item() == pytest.approx(1)
    covariance = X.T @ X / 200
    assert abs(covariance - covariance.diag().diag()).max() < 1e-12
    assert (covariance.diag().diff() < 0).all()


def test_weight_decay_adds_itself_to_all_eigenvalues():
    H = hessian(with_decay(bowl, 0.5), ONES)
    torch.testing.assert_close(H, A + 0.5 * torch.eye(3, dtype=torch.float64))


def test_descent_on_a_bowl_shrinks_each_direction_by_its_own_factor():
    *_, end = descend(bowl, ONES, 0.1, 4)
    torch.testing.assert_close(end, (1 - 0.1 * A.diag()) ** 4)
    assert len(list(descend(bowl, ONES, 0.1, 4))) == 5


def test_a_rate_that_is_too_large_is_said():
    with pytest.raises(DivergedError, match="rate = 9 is too large"):
        list(descend(bowl, ONES, 9, 1000))


# --- critical points and minima -------------------------------------------------------------------


def test_near_the_start_there_is_a_saddle_as_good_as_guessing():
    found = critical_point(hidden=3)
    assert found["converged"]
    assert found["kind"] == "saddle"
    assert found["loss"] == pytest.approx(np.log(5), abs=0.02)
    assert found["parameters"] == 47
    assert found["negative"] > 0.1


def test_a_search_after_training_ends_lower_and_with_fewer_ways_down():
    high, low = (critical_point(6, 0, updates) for updates in (0, 30))
    assert high["converged"]
    assert low["converged"]
    assert low["loss"] < high["loss"]
    assert low["negative"] < high["negative"]


def test_where_a_search_is_stuck_the_hessian_does_not_see_the_slope():
    def straight(theta):  # along its first parameter
        return theta[0] + theta[1] ** 2

    at = torch.zeros(2, dtype=torch.float64)
    assert seen_by_hessian(straight, at) == 0
    assert seen_by_hessian(straight, at + 100) > 0.9

    loss, theta = small_loss(3)
    *_, start = descend(loss, theta, 0.1, 5)
    found = find_critical_point(loss, start, steps=60)
    assert not found.converged
    assert seen_by_hessian(loss, found.theta) < 0.1 * seen_by_hessian(loss, start)


def test_a_minimum_is_one():
    found = minimum(hidden=2, seed=1)
    assert found["converged"]
    assert found["kind"] == "minimum"
    assert found["least"] > 0
    assert found["negative"] == 0
    assert found["data_loss"] < found["loss"] < found["start_loss"]
    loss, _ = small_loss(2, 1)
    assert found["loss"] - found["data_loss"] == pytest.approx(0.005 * found["size"] ** 2)
    assert loss(torch.zeros(33, dtype=torch.float64)).item() == pytest.approx(np.log(5))


def test_losses_that_differ_by_rounding_count_once():
    assert distinct([0.3, 0.1, 0.3 + 1e-9, 0.2]) == 3
    assert distinct([]) == 0


# --- students and a teacher -----------------------------------------------------------------------


def test_the_loss_of_a_student_is_the_mean_over_samples():
    generator = torch.Generator().manual_seed(0)
    W = torch.randn(4, 3, generator=generator, dtype=torch.float64)
    X = torch.randn(400_000, 3, generator=generator, dtype=torch.float64)
    errors = (torch.relu(X @ W.T).sum(dim=1) - torch.relu(X).sum(dim=1)) ** 2 / 2
    within = 4 * errors.std().item() / 400_000**0.5
    assert student_loss(W).item() == pytest.approx(errors.mean().item(), abs=within)


def test_the_teacher_is_perfect_in_any_order():
    V = torch.eye(5, dtype=torch.float64)
    assert abs(student_loss(V.flip(0)).item()) < 1e-14
    assert student_gradient(V).norm() < 1e-14


def test_the_gradient_of_a_student_is_that_of_differences():
    W = torch.randn(4, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for index in ((0, 0), (2, 1), (3, 2)):
        step = torch.zeros_like(W)
        step[index] = 1e-6
        slope = (student_loss(W + step) - student_loss(W - step)).item() / 2e-6
        assert student_gradient(W)[index].item() == pytest.approx(slope, abs=1e-8)


def test_some_students_end_in_a_bad_minimum():
    W, losses, slopes = fit_students(8, 8, starts=16, steps=3000)
    settled = slopes < 1e-7
    bad = settled & (losses > 0.01)
    assert (settled & (losses < 1e-8)).any()
    assert bad.any()
    assert all(student_curvature(w) > 1e-3 for w in W[torch.from_numpy(bad)])


# --- spectra --------------------------------------------------------------------------------------


def test_the_spectrum_along_training_is_that_of_the_hessian_there():
    found = spectrum_along(sizes=(4, 3, 3), steps=20, looks=4)
    assert found["steps"][0] == 0
    assert found["steps"][-1] == 20
    assert found["eigenvalues"].shape == (len(found["steps"]), 27)
    loss, theta = loss_of(network((4, 3, 3), "relu"), *digit_components(500, 4, 3))
    *_, end = descend(loss, theta, 0.2, 20)
    np.testing.assert_allclose(
        found["eigenvalues"][-1], np.linalg.eigvalsh(hessian(loss, end)), atol=1e-12
    )
    assert found["losses"][-1] == pytest.approx(loss(end).item())
    assert found["losses"][-1] < found["losses"][0]
    assert found["accuracies"][-1] > found["accuracies"][0]


def test_the_gap_says_how_many_stand_apart():
    assert count_outliers([0.1, 8, -3, 0.12, 9, 0.11]) == (2, pytest.approx(8 / 0.12))
    assert count_outliers(2.0 ** -np.arange(40), most=5)[0] <= 5


def test_of_a_relu_net_about_as_many_eigenvalues_as_classes_stand_apart():
    loss, theta = trained_mlp("relu", classes=5, updates=20)
    k, ratio = count_outliers(largest(loss, theta, 10, 1e-3))
    assert k in (4, 5)
    assert ratio > 1.3


def test_the_larger_nets_are_as_large_as_they_are_said_to_be():
    assert len(trained_mlp(updates=0)[1]) == 5330
    assert len(trained_cnn(updates=0)[1]) == 9930


# --- the edge of stability ------------------------------------------------------------------------


def test_the_squared_error_is_half_the_squared_distance_from_the_class():
    outputs = torch.tensor([[1.0, 0, 0], [0.5, 0.5, 1]])
    assert squared_error(outputs, torch.tensor([0, 1])).item() == pytest.approx(1.5 / 4)


def test_the_top_eigenvalue_rises_to_2_over_the_rate_and_stays_there():
    table = edge_of_stability("squared error", 0.4, steps=800, every=100)
    assert table.top[0] < 2 < 4.5 < table.top.iloc[-3:].min()
    assert table.top.iloc[-3:].max() < 6
    assert table.loss.iloc[-1] < table.loss[0] / 4
    assert table.rises.iloc[-3:].sum() > 0


# --- batch norm and the landscape -----------------------------------------------------------------


def test_the_gradient_in_training_mode_goes_through_the_batchs_mean_and_variance():
    model = relu_network(2, "batch")
    X, y = digits_to_learn(n=40)
    loss, theta = loss_of(model, X, y, training=True)
    value = functional.cross_entropy(model(X), y)
    wanted = torch.cat([p.flatten() for p in torch.autograd.grad(value, model.parameters())])
    torch.testing.assert_close(gradient(loss, theta), wanted)
    testing = loss_of(model, X, y)[0]
    assert (gradient(testing, theta) - wanted).norm() > 0.1 * wanted.norm()


def test_along_the_gradient_of_a_bowl_all_is_known():
    theta = torch.tensor([0.0, 0, 1], dtype=torch.float64)  # slope 10, curvature 10
    found = look_along_gradient(bowl, theta, rate=0.05)
    assert found["beta"] == pytest.approx(10)
    assert found["low"] == pytest.approx(5 * (1 - 1) ** 2)  # at twice the rate: the bottom
    assert found["high"] == pytest.approx(5)  # at four times: as high on the other side


def test_curvature_in_units_of_the_filters_does_not_see_a_rescaling_and_the_hessian_does():
    X, y = digits_to_learn(n=60)
    model = relu_network(1, "batch")
    tops, scaled = [], []
    for _ in range(2):
        loss, theta = loss_of(model, X, y, training=True)
        tops.append(largest(loss, theta, 1)[0])
        scaled.append(scaled_top(loss, theta, filter_norms(model), tolerance=1e-6))
        with torch.no_grad():
            model[0][0].weight /= 10
    assert scaled[1] == pytest.approx(scaled[0], rel=0.02)  # batch norm's ε is seen a little
    assert tops[1] > 10 * tops[0]


def test_an_arm_that_diverges_is_said_and_one_that_learns_has_its_errors():
    training, dev, error = errors_at_rate(8, "none", 50.0, steps=20)
    assert np.isnan(training)
    assert np.isnan(dev)
    assert error == 0.9
    training, dev, error = errors_at_rate(1, "batch", 0.2, steps=40)
    assert training < dev
    assert error < 0.4


def test_an_arm_is_looked_at_as_often_as_wanted():
    table = batch_norm_arm(1, "batch", 0.2, steps=4, every=2)
    assert table.step.tolist() == [0, 2, 4]
    assert (table.low <= table.high).all()
    assert table.loss.is_monotonic_decreasing


# --- slices and costs -----------------------------------------------------------------------------


def test_a_direction_has_the_filters_lengths_and_leaves_biases_alone():
    model = network((5, 4, 3))
    v = filter_direction(model, seed=3)
    first, bias, last, _ = v.split([20, 4, 12, 3])
    layers = [p for p in model.parameters() if p.ndim == 2]
    torch.testing.assert_close(first.view(4, 5).norm(dim=1), layers[0].norm(dim=1).detach())
    torch.testing.assert_close(last.view(3, 4).norm(dim=1), layers[1].norm(dim=1).detach())
    assert not bias.any()


def test_a_slice_has_a_row_for_each_place_along_the_second_direction():
    first, second = torch.eye(3, dtype=torch.float64)[:2]
    losses = loss_slice(bowl, torch.zeros(3, dtype=torch.float64), first, second, [0, 1, 2])
    np.testing.assert_allclose(losses, [[0, 0.5, 2], [1.5, 2, 3.5], [6, 6.5, 8]])


def test_the_cost_of_the_hessian_is_that_of_the_one_which_is_made():
    cost = cost_of_curvature(hidden=2, repeats=1)
    H = hessian(*loss_of(network((16, 2, 10)), *digit_components(50, 16, 10)))
    assert cost["parameters"] == len(H)
    assert cost["bytes"] == H.nbytes
    assert min(cost[name] for name in ("gradient", "product", "hessian")) > 0


BAD = {
    "neurons": (lambda: fit_students(0, 3), "neurons must be at least 1"),
    "n": (lambda: digit_components(10_000), "n must be at most"),
    "kind": (lambda: landscapes.edge_loss("hinge"), "kind must be"),
    "rate": (lambda: list(descend(bowl, ONES, 0, 3)), "rate must be greater than 0"),
    "skip": (lambda: digit_components(10, skip=-1), "skip must be at least 0"),
    "looks": (lambda: spectrum_along(looks=1), "looks must be at least 2"),
    "outliers": (lambda: count_outliers([-1.0, 0.0, 2.0]), "two above 0 or more, came 1"),
    "NaN": (lambda: count_outliers([np.nan, 2.0, 1.0]), "eigenvalues must be finite"),
    "steps": (lambda: list(landscapes.train_full_batch(network((196, 10)), 0.1, -1)), "steps must"),
    "updates": (lambda: trained_mlp(updates=-1), "updates must be at least 0"),
}


@pytest.mark.parametrize(("call", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_said(call, words):
    with pytest.raises(ValueError, match=words):
        call()
