"""Hyper-parameter search: what is drawn, what is tried, and the same table wherever it runs."""

import math
import os
import signal
import time

import joblib
import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info

from course_lib.search import (
    average_best,
    best_score,
    draw_settings,
    grid,
    grid_points,
    log_uniform,
    one_minus,
    one_of,
    response,
    search,
    uniform,
)
from course_lib.validation import DivergedError


def peak(rate, size=4):
    """A response surface with its top at rate = 0.01, size = 4; above 1 it diverges."""
    if rate > 1:
        raise DivergedError("the loss is nan")
    return -(math.log10(rate) ** 2 + 4 * math.log10(rate) + 4) - (size - 4) ** 2


def numbers(draw, n=4000):
    return np.array([setting["x"] for setting in draw_settings(n, x=draw)])


# --- what is drawn ------------------------------------------------------------------------------


def test_uniform_numbers_are_mostly_large_and_log_uniform_ones_of_every_order():
    assert (numbers(uniform(1e-4, 1)) > 0.1).mean() == pytest.approx(0.9, abs=0.02)
    orders = np.floor(np.log10(numbers(log_uniform(1e-4, 1)))).astype(int)
    shares = [(orders == order).mean() for order in (-4, -3, -2, -1)]
    assert shares == pytest.approx([0.25] * 4, abs=0.03)


def test_one_minus_a_log_uniform_number_comes_near_one_in_every_order():
    betas = numbers(one_minus(log_uniform(0.001, 0.1)))
    assert betas.min() >= 0.9
    assert betas.max() <= 0.999
    assert (betas > 0.99).mean() == pytest.approx(0.5, abs=0.03)


def test_one_of_several_options_is_as_probable_as_another():
    drawn = [setting["x"] for setting in draw_settings(3000, x=one_of(["relu", "tanh", None]))]
    assert {drawn.count(option) > 900 for option in ("relu", "tanh", None)} == {True}


def test_the_same_seed_draws_the_same_settings():
    draws = {"rate": log_uniform(1e-4, 1), "size": one_of([8, 16])}
    assert draw_settings(5, seed=1, **draws) == draw_settings(5, seed=1, **draws)
    assert draw_settings(5, seed=1, **draws) != draw_settings(5, seed=2, **draws)


def test_a_grid_holds_all_combinations():
    settings = grid(rate=[0.1, 0.01], size=[8, 16, 32])
    assert len(settings) == 6
    assert {"rate": 0.01, "size": 16} in settings


# --- the search ---------------------------------------------------------------------------------


@pytest.mark.parametrize("n_jobs", [1, 2, -1])
def test_the_table_is_the_same_on_one_core_and_on_all(n_jobs):
    settings = draw_settings(12, rate=log_uniform(1e-4, 1), size=one_of([2, 4, 8]))
    table = search(peak, settings, n_jobs=n_jobs)
    pd.testing.assert_frame_equal(table, search(peak, settings, n_jobs=1))
    assert table.score.is_monotonic_decreasing
    assert table.score[0] == max(peak(**setting) for setting in settings)


def test_a_setting_that_diverges_is_last_and_stops_nothing():
    table = search(peak, grid(rate=[5, 0.01]), n_jobs=1)
    assert table.rate.tolist() == [0.01, 5]
    assert table.score[1] == -math.inf


def test_a_score_that_is_no_number_is_last_too_and_spoils_no_progress():
    said = []
    table = search(lambda x: math.nan if x else 0.5, grid(x=[1, 0]), 1, progress=said.append)
    assert table.score.tolist() == [0.5, -math.inf]
    assert said[-1] == "trial 2 of 2: 0.5, best 0.5"


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        (grid(rate=[0.01], colour=["red"]), TypeError),  # an unexpected keyword
        (grid(rate=[-1]), ValueError),  # the logarithm of a negative number
    ],
)
def test_an_error_of_another_kind_is_not_hidden(settings, kind):
    with pytest.raises(kind):
        search(peak, settings, n_jobs=1)


def test_progress_is_told_trial_by_trial():
    said = []
    search(peak, grid(rate=[1, 0.01, 0.1], size=[5]), n_jobs=1, progress=said.append)
    assert len(said) == 3
    assert said[-1] == "trial 3 of 3: -2, best -1"


def test_a_trial_runs_on_one_thread():
    def threads(x):
        return np.max(
            [np.ones((2, 2)).sum() * 0 + pool["num_threads"] for pool in threadpool_info()]
        )

    assert search(threads, grid(x=[1]), n_jobs=1).score[0] == 1


def test_a_dask_cluster_that_loses_a_worker_gives_the_same_table():
    distributed = pytest.importorskip("distributed")

    def score(rate):  # written here, so that it travels by value
        time.sleep(0.1)
        return -abs(math.log(rate) + 3)

    settings, killed = draw_settings(16, rate=log_uniform(1e-4, 1)), []
    cluster = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(**cluster) as local, distributed.Client(local) as client:
        workers = list(client.run(os.getpid).values())

        def kill_one(_):
            if not killed:
                killed.append(workers[0])
                os.kill(workers[0], signal.SIGTERM if os.name == "nt" else signal.SIGKILL)

        with joblib.parallel_config("dask"):
            table = search(score, settings, progress=kill_one)
        assert len(workers) == 2
        assert killed[0] not in client.run(os.getpid).values()
    pd.testing.assert_frame_equal(table, search(score, settings, n_jobs=1))


REFUSED = {
    "no settings": (lambda: search(peak, []), "settings must not be empty"),
    "no trials": (lambda: draw_settings(0, x=uniform(0, 1)), "trials must be at least 1"),
    "ends changed": (lambda: uniform(1, 0), "low must be below high, came 1 and 0"),
    "order of zero": (lambda: log_uniform(0, 1), "low must be greater than 0"),
    "order upside down": (lambda: log_uniform(1, 0.1), "high must be greater than 1, came 0.1"),
    "no options": (lambda: one_of([]), "options must not be empty"),
}


@pytest.mark.parametrize(("call", "words"), REFUSED.values(), ids=REFUSED)
def test_bad_values_are_refused_in_plain_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("call", [lambda: draw_settings(2, rate=0.1), lambda: one_minus(0.1)])
def test_a_number_is_not_a_way_to_draw(call):
    with pytest.raises(TypeError, match="(rate|draw) must be drawn, as by uniform.*came 0.1"):
        call()


# --- grid, random, and the luck of the best -----------------------------------------------------


def test_the_hill_is_highest_at_its_peak_and_flat_where_the_second_does_not_matter():
    assert response(0.3, 0.7, (0.3, 0.7), 1) == pytest.approx(0.95)
    assert response(0.4, 0.1, (0.3, 0.7), 0) == response(0.4, 0.9, (0.3, 0.7), 0)
    assert sorted(set(grid_points(3)[:, 0])) == pytest.approx([1 / 6, 1 / 2, 5 / 6])


def test_random_wins_where_one_matters_and_the_grid_where_both_do():
    (grid_one, random_one), (grid_both, random_both) = (average_best(3, w) for w in (0, 1))
    assert random_one > grid_one + 0.02
    assert grid_both > random_both + 0.05
    grid_three, random_three = average_best(3, 0, ignored=1)
    assert grid_three == grid_one
    assert random_three > random_one + 0.02


@pytest.mark.parametrize("models", [1, 30])
def test_the_best_of_equal_models_is_as_lucky_as_in_a_simulation(models):
    p = best_score(models, 50, 0.8)
    assert p.sum() == pytest.approx(1)
    drawn = np.random.default_rng(0).binomial(50, 0.8, (20_000, models)).max(axis=1)
    assert p @ np.arange(51) == pytest.approx(drawn.mean(), abs=0.06)
    np.testing.assert_allclose(best_score([1, models], 50, 0.8)[1], p)
