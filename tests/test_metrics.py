"""Metrics: scikit-learn's to the last bit, true to what they mean, and plain where undefined."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as theirs

from course_lib.metrics import (
    accuracy,
    as_labels,
    confusion_matrix,
    f1,
    precision,
    recall,
    roc_auc,
    roc_curve,
    standard_error,
)


def labels(seed, classes, n=60):
    random = np.random.default_rng(seed)
    return random.choice(classes, n), random.choice(classes, n)


CLASSES = {"two texts": ["Normal", "Water"], "numbers": [0, 1], "three": ["a", "b", "c"]}


@pytest.fixture(params=CLASSES.values(), ids=CLASSES)
def pair(request):
    return labels(3, request.param)


# --- against scikit-learn ------------------------------------------------------------------------


def test_accuracy_is_scikit_learns(pair):
    assert accuracy(*pair) == theirs.accuracy_score(*pair)


def test_confusion_matrix_is_scikit_learns(pair):
    np.testing.assert_array_equal(confusion_matrix(*pair), theirs.confusion_matrix(*pair))


def test_confusion_matrix_keeps_the_order_of_given_classes():
    y, prediction = labels(0, ["Normal", "Water"])
    order = ["Water", "Normal", "Fire"]
    expected = theirs.confusion_matrix(y, prediction, labels=order)
    np.testing.assert_array_equal(confusion_matrix(y, prediction, order), expected)


@pytest.mark.parametrize(
    ("ours", "name"),
    [(precision, "precision_score"), (recall, "recall_score"), (f1, "f1_score")],
)
def test_precision_recall_and_f1_are_scikit_learns(ours, name, pair):
    for positive in np.unique(pair[0]):
        expected = getattr(theirs, name)(*pair, labels=[positive], average="macro")
        assert ours(*pair, positive) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("decimals", [1, 2, 15], ids=["many ties", "some ties", "no ties"])
def test_roc_curve_and_its_area_are_scikit_learns(decimals):
    random = np.random.default_rng(decimals)
    y = random.choice(["Normal", "Water"], 200)
    scores = np.round(random.uniform(size=200) + 0.3 * (y == "Water"), decimals)
    expected = theirs.roc_curve(y, scores, pos_label="Water", drop_intermediate=False)
    for came, wanted in zip(roc_curve(y, scores, "Water"), expected, strict=True):
        np.testing.assert_array_equal(came, wanted)
    area = theirs.roc_auc_score(y == "Water", scores)
    assert roc_auc(y, scores, "Water") == pytest.approx(area, rel=1e-14)


# --- what they mean ------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=30))
def test_the_area_is_the_chance_that_a_positive_scores_higher(samples):
    y, scores = np.array(samples, dtype=int).T
    if len(set(y)) < 2:
        return
    differences = np.subtract.outer(scores[y == 1], scores[y == 0])
    assert roc_auc(y, scores, 1) == pytest.approx(np.mean((np.sign(differences) + 1) / 2))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_f1_is_the_harmonic_mean_where_both_are_defined(samples):
    y, prediction = np.array(samples).T
    if (y & prediction).any():
        p, r = precision(y, prediction, True), recall(y, prediction, True)
        assert f1(y, prediction, True) == pytest.approx(2 / (1 / p + 1 / r))


def test_accuracy_is_the_diagonal_of_the_confusion_matrix():
    y, prediction = labels(1, ["a", "b", "c"])
    table = confusion_matrix(y, prediction)
    assert accuracy(y, prediction) == np.trace(table) / table.sum()


def test_every_point_of_the_roc_curve_is_what_its_threshold_gives():
    random = np.random.default_rng(0)
    y, scores = random.integers(0, 2, 50), np.round(random.uniform(size=50), 1)
    for false_rate, true_rate, threshold in zip(*roc_curve(y, scores, 1), strict=True):
        called = (scores >= threshold).astype(int)
        assert true_rate == recall(y, called, 1)
        assert false_rate == pytest.approx(1 - recall(y, called, 0), abs=1e-15)


def test_standard_error_is_the_spread_of_a_measured_share():
    shares = np.random.default_rng(0).binomial(119, 0.6, 100_000) / 119
    assert standard_error(0.6, 119) == pytest.approx(shares.std(), rel=0.01)


# --- what cannot be measured ---------------------------------------------------------------------

Y, NONE = np.array(["a", "b"]), np.array(["b", "b"])


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        (lambda: precision(Y, NONE, "a"), "no sample was predicted to be 'a'"),
        (lambda: recall(NONE, Y, "a"), "no sample is 'a'"),
        (lambda: f1(NONE, NONE, "a"), "no sample is, or was predicted to be, 'a'"),
        (lambda: roc_curve(NONE, [0.1, 0.2], "a"), "at least one other class"),
        (lambda: roc_curve(NONE, [0.1, 0.2], "b"), "at least one other class"),
        (lambda: roc_curve(Y, [0.1, np.nan], "b"), "scores must be finite"),
        (lambda: accuracy(Y, Y[:1]), "same length, came y 2, prediction 1"),
        (lambda: accuracy([], []), "y must be 1-dimensional, not empty"),
        (lambda: accuracy(["a", None], Y), "some are missing"),
        (lambda: accuracy([1.0, np.nan], [1, 2]), "some are missing"),
        (lambda: accuracy([0, 1], Y), "same kind of classes, came 0 and 'a'"),
        (lambda: confusion_matrix(Y, Y, ["a"]), "each label must be one of .'a'., once, came 'b'"),
        (lambda: standard_error(1.2, 10), "share must be from 0 to 1"),
        (lambda: standard_error(0.2, 0), "n must be at least 1"),
    ],
)
def test_what_is_not_defined_is_said(measure, words):
    with pytest.raises(ValueError, match=words):
        measure()


def test_f1_is_zero_where_nothing_positive_was_found():
    assert f1(Y, NONE, "a") == 0


def test_labels_of_any_kind_are_welcome():
    assert as_labels([True, False]).dtype == bool
    assert accuracy(["a", "b"], np.array(["a", "a"], dtype=object)) == 0.5
