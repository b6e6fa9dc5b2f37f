"""Sharpness-aware steps, rescaling, slices and correlations; stored nets come out again."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import sem, spearmanr
from torch import nn
from torch.nn import functional
from torch.nn.utils import parameters_to_vector

from course_lib import flatness
from course_lib.curvature import gradient, hessian, loss_of
from course_lib.deep_networks import dense_network
from course_lib.deep_training import Augment, small_digits
from course_lib.experiments import load_experiment
from course_lib.flatness import correlation, relative, rescaled, sam_step, train_until
from course_lib.generalization import sharpness, widths_at_height
from course_lib.training import build, evaluate, train_step
from course_lib.validation import DivergedError

SAME = 0.1  # the same code and seed: what is left is rounding on another machine, amplified


@pytest.fixture
def model():
    return build(lambda: dense_network((6, 8, 5, 3)), seed=1).double()


@pytest.fixture
def data():
    random = np.random.default_rng(0)
    X = random.normal(size=(40, 6))
    return torch.from_numpy(X), torch.from_numpy(X[:, :3].argmax(axis=1))


def vector(model):
    return nn.utils.parameters_to_vector(model.parameters()).detach()


# --- sharpness-aware steps ------------------------------------------------------------------------


@pytest.mark.parametrize("radius", [0.1, 1.0])
def test_a_step_goes_down_the_gradient_of_the_worst_place_nearby(model, data, radius):
    loss, theta = loss_of(model, *data)
    g = gradient(loss, theta)
    wanted = theta - 0.5 * gradient(loss, theta + radius * g / g.norm())
    before = sam_step(model, *data, torch.optim.SGD(model.parameters(), 0.5), radius)
    torch.testing.assert_close(vector(model), wanted)
    assert before == pytest.approx(float(loss(theta)))


def test_with_a_radius_of_zero_it_is_the_common_step(model, data):
    other = build(lambda: dense_network((6, 8, 5, 3)), seed=1).double()
    sam_step(model, *data, torch.optim.SGD(model.parameters(), 0.5), 0.0)
    optimizer = torch.optim.SGD(other.parameters(), 0.5)
    train_step(other, *data, optimizer, functional.cross_entropy, 1)
    torch.testing.assert_close(vector(model), vector(other))


def test_where_there_is_no_slope_nothing_moves():
    model = nn.Linear(2, 2)
    before = vector(model)
    optimizer = torch.optim.SGD(model.parameters(), 1.0)
    value = sam_step(model, torch.ones(3, 2), None, optimizer, 0.5, lambda z, y: (0 * z).sum())
    assert value == 0
    torch.testing.assert_close(vector(model), before)


def test_a_loss_that_is_no_number_is_said(model, data):
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with pytest.raises(DivergedError, match="the loss is nan: is the learning rate too large"):
        sam_step(model, data[0] * float("nan"), data[1], optimizer, 0.1)


def test_training_ends_at_the_goal_or_after_so_many_updates(model, data):
    looks = []
    optimizer = torch.optim.SGD(model.parameters(), 0.3)
    assert train_until(model, *data, optimizer, 10, 25, look=looks.append) == 25
    assert looks == [10, 20, 25]
    updates = train_until(model, *data, optimizer, 10, 5000, goal=0.1)
    assert updates % 10 == 0 < updates < 5000
    assert evaluate(model, *data).loss <= 0.1


# --- rescaling ------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.125, 8.0])
@pytest.mark.parametrize("layer", [0, 1])
def test_a_rescaled_network_is_the_same_function_with_another_curvature(model, data, alpha, layer):
    before = vector(model)
    other = rescaled(model, alpha, layer)
    assert torch.equal(other(data[0]), model(data[0]))  # a power of two: not one bit differs
    assert torch.equal(vector(model), before)
    tops = [torch.linalg.eigvalsh(hessian(*loss_of(m, *data)))[-1] for m in (model, other)]
    assert tops[1] > 1.5 * tops[0]


def test_relative_sharpness_does_not_feel_rescaling(model, data):
    nets = model, rescaled(model, 8.0)
    common = [sharpness(*loss_of(net, *data), 0.2) for net in nets]
    invariant = [sharpness(*relative(*loss_of(net, *data)), 0.5) for net in nets]
    assert common[1] > 3 * common[0]
    assert invariant[1] == pytest.approx(invariant[0], rel=1e-6)


def test_no_change_at_all_is_where_relative_changes_begin(model, data):
    loss, theta = loss_of(model, *data)
    changed, u = relative(loss, theta)
    assert changed(u) == loss(theta)
    assert changed(u + 1) == loss(2 * theta)


def test_the_measures_of_flatness_are_what_their_names_say(model, data):
    X, y = data
    model = model.float()
    found = flatness.flatness(model, X.float(), y)
    loss, theta = loss_of(model.double(), X, y)
    top = float(torch.linalg.eigvalsh(hessian(loss, theta))[-1])
    assert found["curvature"] == pytest.approx(top, rel=5e-3)
    assert found["norm"] == pytest.approx(float(theta.norm()))
    assert found["sharpness"] == pytest.approx(sharpness(loss, theta, flatness.RADIUS), rel=0.02)
    wide = widths_at_height(loss, theta, flatness.HEIGHT, directions=300).mean()
    assert found["valley"] == pytest.approx(wide, rel=0.2)  # five directions stand for all
    worst = sharpness(*relative(loss, theta), flatness.RELATIVE_RADIUS)
    assert found["adaptive"] == pytest.approx(worst, rel=0.1)


# --- slices ---------------------------------------------------------------------------------------


def test_a_slice_begins_at_one_network_and_ends_at_the_other(model, data):
    other = build(lambda: dense_network((6, 8, 5, 3)), seed=2).double()
    seen = flatness.slice_between(model, other, {"training": data}, [0, 0.5, 1])
    ends = [evaluate(net, *data) for net in (model, other)]
    np.testing.assert_allclose(seen["training_loss"][[0, 2]], [end.loss for end in ends])
    np.testing.assert_allclose(seen["training_error"][[0, 2]], [1 - e.accuracy for e in ends])
    same = flatness.slice_between(model, model, {"new": data}, [-1, 3])
    np.testing.assert_allclose(same["new_loss"], ends[0].loss)


# --- correlation ----------------------------------------------------------------------------------


def columns(n, seeds=3):
    x, y = np.random.default_rng(0).normal(size=(2, n))
    table = {"x": x, "gap": y + 0.5 * x, "group": np.arange(n) % 3}
    return pd.DataFrame(table).assign(seed=np.arange(n) // 3 % seeds)


def test_the_correlation_is_spearmans():
    table = columns(50, seeds=1)
    rho, error = correlation(table, "x")
    assert rho == pytest.approx(spearmanr(table.x, table.gap).statistic)
    assert np.isnan(error)  # one seed has no spread


def test_each_seed_counts_as_one_measurement():
    table = columns(60, seeds=4)
    parts = [spearmanr(part.x, part.gap).statistic for _, part in table.groupby("seed")]
    assert correlation(table, "x") == pytest.approx((np.mean(parts), sem(parts)))
    table["gap"] += 50 * table.seed  # other digits: another gap
    assert correlation(table, "x") == pytest.approx((np.mean(parts), sem(parts)))


def test_what_differs_between_groups_explains_nothing_within():
    table = columns(90)
    table["x"] += 20 * table.group
    table["gap"] -= 20 * table.group
    assert correlation(table, "x")[0] < -0.7
    parts = [spearmanr(part.x, part.gap).statistic for _, part in table.groupby(["seed", "group"])]
    assert correlation(table, "x", within=["group"])[0] == pytest.approx(np.mean(parts))


def test_differences_are_those_of_pairs_and_their_error_is_that_over_the_seeds():
    rows = [(width, seed, batch) for width in (32, 128) for seed in range(3) for batch in (8, 500)]
    table = pd.DataFrame(rows, columns=["width", "seed", "batch"]).assign(noise=0.2, rate=0.1)
    table["test"] = table.width + (table.batch == 500) * (table.seed + (table.width == 32) * 2)
    alone = table.iloc[[0]].assign(seed=7)  # no net with the other batch size
    found = flatness.differences(pd.concat([table, alone]), "batch", 500, 8)
    assert found.loc[0.2].tolist() == pytest.approx([2, 1 / np.sqrt(3), 3])
    by_rate = flatness.differences(table, "batch", 500, 8, by=["rate"])
    assert by_rate.loc[0.1].tolist() == pytest.approx([2, 1 / np.sqrt(3), 3])


# --- what helps -----------------------------------------------------------------------------------


@pytest.mark.parametrize("remedy", ["weight decay", "augmentation", "SAM"])
def test_a_remedy_without_strength_is_none(remedy):
    nothing = flatness.learn("nothing", 0, 0.1, updates=60)
    assert set(nothing) == {"training", "dev", "test", "early_update", "early_dev", "early"}
    found = flatness.learn(remedy, 0, 0.1, updates=60)
    assert found == pytest.approx(nothing, abs=0.01)


@pytest.mark.parametrize("remedy", ["weight decay", "augmentation", "SAM"])
def test_a_remedy_at_its_strongest_keeps_labels_from_being_learned(remedy):
    nothing = flatness.learn("nothing", 0, 0.1, updates=300)
    found = flatness.learn(remedy, flatness.REMEDIES[remedy][-1], 0.1, updates=300)
    assert found["training"] > nothing["training"] + 0.1


def test_a_digit_is_moved_over_its_own_background_and_only_while_training():
    X = torch.as_tensor(small_digits(1000).X[:50])
    background = X.amin()
    shift = Augment(shift=3, degrees=0, zoom=1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        moved = shift(X)
    ink, still = ((images - background).sum(dim=1) for images in (moved, X))
    assert moved.amin() == pytest.approx(float(background), abs=1e-5)
    assert (ink <= 1.001 * still).all()  # what is lost went over the edge
    assert (ink > 0.7 * still).all()
    assert (moved - X).norm(dim=1).min() > 0.5
    torch.testing.assert_close(shift.eval()(X), X)


def test_the_tuned_rate_is_the_best_on_dev_data_of_those_with_which_all_seeds_arrive():
    rows = [
        (0.1, 0, 0.30, 0.9), (0.1, 1, 0.32, 0.9), (0.2, 0, 0.25, 0.8), (0.2, 1, 0.27, 0.8),
        (0.4, 0, 0.10, 0.7), (0.4, 1, 0.10, 0.7),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["rate", "seed", "dev", "test"])
    table = table.assign(noise=0.0, width=32, batch=8, training_loss=flatness.GOAL)
    table.loc[5, "training_loss"] = 2 * flatness.GOAL  # one seed did not arrive
    assert flatness.at_tuned_rate(table)["test"].tolist() == [0.8, 0.8]


def test_gains_are_differences_of_the_same_seed_at_the_setting_that_is_best_on_dev_data():
    rows = [
        ("nothing", 0.0, 0, 0.30, 0.31, 0.29, 0.28), ("nothing", 0.0, 1, 0.20, 0.22, 0.19, 0.20),
        ("SAM", 0.1, 0, 0.25, 0.26, 0.5, 0.5), ("SAM", 0.1, 1, 0.15, 0.15, 0.5, 0.5),
        ("SAM", 0.3, 0, 0.26, 0.01, 0.5, 0.5), ("SAM", 0.3, 1, 0.15, 0.01, 0.5, 0.5),
    ]  # fmt: skip
    names = ["remedy", "strength", "seed", "dev", "test", "early_dev", "early"]
    table = pd.DataFrame(rows, columns=names).assign(noise=0.2, rate=0.1)
    best = flatness.remedied(table)
    assert best[best.remedy == "SAM"].strength.tolist() == [0.1, 0.1]
    means = flatness.gains(best).set_index("remedy")
    assert means.loc["SAM", "mean"] == pytest.approx(0.06)
    assert means.loc["SAM", "error"] == pytest.approx(0.01)
    assert means.loc["early stopping", "mean"] == pytest.approx(0.025)
    stopped = flatness.remedied(table, early=True)
    assert set(stopped.remedy) == {"early stopping", "SAM"}
    assert flatness.gains(stopped, over="early stopping")["mean"].item() == pytest.approx(-0.26)


# --- stored runs ----------------------------------------------------------------------------------


def row_of(name, **values):
    """The one row of a stored table with these values."""
    table = load_experiment(name)
    (found,) = np.flatnonzero((table[list(values)] == pd.Series(values)).all(axis=1))
    return table.iloc[found]


def test_stored_nets_come_out_again():
    row = row_of("trained_nets", seed=0, noise=0.0, width=32, batch=500, rate=0.2)
    model, X, y, updates = flatness.train_net(500, 0.2)
    again = flatness.examine(model, X, y)
    assert updates == pytest.approx(row.updates, rel=SAME)
    for measure in ("test", "sensitivity", "valley", "curvature", "norm"):
        assert again[measure] == pytest.approx(row[measure], rel=SAME)


def test_most_stored_nets_reached_the_goal_and_their_losses_are_alike():
    table = load_experiment("trained_nets")
    good = flatness.reached(table)
    assert len(good) > 0.8 * len(table)
    assert good.training_loss.between(flatness.GOAL / 2, flatness.GOAL).all()
    assert good.training.max() < 0.01


def test_stored_budgets_come_out_again():
    row = row_of("batch_budgets", seed=0, noise=0.0, arm="500, 60 epochs", rate=0.1)
    model, X, y, _ = flatness.train_net(500, 0.1, updates=60, goal=0)
    again = flatness.judge(model, X, y)
    assert again["test"] == pytest.approx(row.test, rel=SAME)
    assert again["training_loss"] == pytest.approx(row.training_loss, rel=SAME)


def test_stored_remedies_are_complete_and_one_comes_out_again():
    table = load_experiment("what_helps")
    settings = sum(map(len, flatness.REMEDIES.values()))
    assert len(table) == 5 * settings * 4
    assert len(flatness.remedied(table)) == 5 * 5
    row = row_of("what_helps", seed=0, remedy="weight decay", strength=0.03, rate=0.1)
    again = flatness.learn("weight decay", 0.03, 0.1)
    assert again["early_update"] == pytest.approx(row.early_update, abs=50)
    for column in ("dev", "test", "early_dev", "early"):
        assert again[column] == pytest.approx(row[column], rel=SAME)


@pytest.mark.parametrize("remedy", ["SAM", "augmentation"])
def test_the_long_runs_have_the_settings_chosen_for_the_short_ones_and_begin_again(remedy):
    row = row_of("what_lasts", seed=1, remedy=remedy, update=200)
    best = flatness.remedied(load_experiment("what_helps"))
    chosen = best[(best.remedy == remedy) & (best.seed == 1)].iloc[0]
    assert (row.strength, row.rate) == (chosen.strength, chosen.rate)
    again = flatness.learning(remedy, row.strength, row.rate, seed=1, updates=200, every=200)
    assert again["test"].item() == pytest.approx(row.test, rel=SAME)
    assert again["dev_loss"].item() == pytest.approx(row.dev_loss, rel=SAME)
    at_2000 = row_of("what_lasts", seed=1, remedy=remedy, update=2000)
    assert at_2000.test == pytest.approx(chosen.test, rel=1e-4)


def test_stored_slices_have_the_nets_at_zero_and_one():
    arrays = load_experiment("slices")
    t = arrays["t"].tolist()
    for noise in ("0", "0.2"):
        for seed in range(3):
            loss = arrays[f"noise_{noise}_seed_{seed}_training_loss"]
            assert max(loss[t.index(0)], loss[t.index(1)]) <= flatness.GOAL
            assert loss.shape == arrays["t"].shape


def test_a_stored_slice_comes_out_again():
    arrays, places = load_experiment("slices"), [0, 0.5, 1]
    small, X, y, _ = flatness.train_net(8, 0.1)
    large = flatness.train_net(500, 0.4)[0]
    found = flatness.slice_between(small, large, {"training": (X, y)}, places)
    before = np.interp(places, arrays["t"], arrays["noise_0_seed_0_training_loss"])
    np.testing.assert_allclose(found["training_loss"], before, rtol=SAME)
    norms = [parameters_to_vector(net.parameters()).norm().item() for net in (small, large)]
    np.testing.assert_allclose(norms, arrays["noise_0_seed_0_norms"], rtol=SAME)


BAD = {
    "radius": (
        lambda: sam_step(nn.Linear(1, 2), torch.ones(1, 1), torch.tensor([0]), None, -1),
        "radius must be at least 0",
    ),
    "alpha": (lambda: rescaled(dense_network((2, 2, 2)), 0), "alpha must be greater than 0"),
    "one layer": (lambda: rescaled(dense_network((2, 2)), 2), "must have two dense layers or more"),
    "layer": (lambda: rescaled(dense_network((2, 2, 2)), 2, 1), "layer must be at most 0, came 1"),
    "tanh": (
        lambda: rescaled(dense_network((2, 2, 2), "tanh"), 2),
        r"dense layers and ReLUs, there is Tanh\(\)",
    ),
    "groups": (
        lambda: correlation(columns(9), "x", within=["group"]),
        "x and gap must have 3 values, not all the same",
    ),
    "constant": (lambda: correlation(columns(9).assign(x=1), "x"), "x and gap must have 3 values"),
    "remedy": (lambda: flatness.learn("luck", 1, 0.1), "remedy must be one of nothing, weight"),
}


@pytest.mark.parametrize(("call", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_said(call, words):
    with pytest.raises(ValueError, match=words):
        call()
