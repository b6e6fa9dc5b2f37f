"""Pictures of classifiers: what they say, and that the fast image is the slow one."""

import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB

from course_lib.drawing import (
    PLANE_STYLE,
    boundary_lines,
    class_image,
    class_scores,
    limits_around,
    moving_image,
    moving_texts,
    new_figure,
    plane,
    to_png,
)
from course_lib.gaussian import GaussianClassifier
from course_lib.plotting import plot_boundary, plot_confusion, plot_means


class Halves:
    """A classifier with classes but no probabilities: the sign of the first feature."""

    def predict(self, X):
        return np.where(np.asarray(X)[:, 0] > 0.1, "right", "left")


X = np.array([[-1.0, 0.0], [1.0, 2.0], [2.0, -1.0]])
Y = np.array(["left", "right", "left"])


def pixels(figure):
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba()).astype(int)


@pytest.mark.parametrize("model", [Halves(), GaussianClassifier("diagonal")], ids=["plain", "sure"])
def test_the_boundary_is_drawn_for_any_classifier_and_its_accuracy_said(model):
    y = Y if isinstance(model, Halves) else np.array(["left", "right", "right"])
    points = np.concatenate([X, X + 0.5])
    labels = np.concatenate([y, y])
    if hasattr(model, "fit"):
        model.fit(points, labels)
    picture = plot_boundary(model, points, labels, resolution=30, title="Halves")
    right = np.mean(model.predict(points) == labels)
    assert picture.words.startswith("Halves. 6 points: left")
    assert f"right for {right:.0%} of them" in picture.words
    assert to_png(picture.figure)


def test_colours_follow_the_order_that_is_asked_for():
    words = plot_boundary(Halves(), X, Y, classes=["right", "left"], resolution=10).words
    assert "right (1), left (2)" in words


def test_the_colours_of_the_plane_are_in_the_order_that_is_asked_for():
    scores = class_scores(Halves(), np.array([[1, 0], [-1, 0]]), ["right", "left"])
    np.testing.assert_array_equal(scores, np.eye(2))
    model = GaussianNB().fit([[-1, 0], [-2, 1], [1, 0], [2, 1]], ["a", "a", "b", "b"])
    known, swapped = (class_scores(model, X, order) for order in (["a", "b"], ["b", "a"]))
    np.testing.assert_array_equal(known, model.predict_proba(X))
    np.testing.assert_array_equal(swapped, known[:, ::-1])


@pytest.mark.parametrize("estimator", [GaussianNB(), GaussianClassifier("diagonal")])
def test_a_model_that_was_fitted_on_a_data_frame_is_asked_with_one(estimator):
    frame = pd.DataFrame(np.concatenate([X, X + 0.5]), columns=["height", "width"])
    y = ["left", "right", "right"] * 2
    picture = plot_boundary(estimator.fit(frame, y), frame, y, resolution=10)
    axes = picture.figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("height", "width")


MANY = np.repeat(np.arange(8), 3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: plot_boundary(Halves(), np.ones((3, 3)), Y), "X must have 2 features.* came 3"),
        (lambda: plot_boundary(Halves(), X[:, 0], Y), r"shape \(n_samples, n_features\)"),
        (lambda: plot_boundary(Halves(), X * np.nan, Y), "X must be finite"),
        (lambda: plot_boundary(Halves(), X, Y[:2]), "same length, came X 3, y 2"),
        (lambda: plot_boundary(Halves(), X, Y, classes=["left"]), "model's, each once: .*came"),
        (lambda: plot_boundary(Halves(), X, Y, ["left", "up"]), "model's, each once: .*'up'"),
        (
            lambda: plot_boundary(GaussianNB().fit(X[[0, 1, 0, 1]], list("abab")), X, Y),
            "y must hold classes of the model: .*came .*left",
        ),
        (lambda: plot_boundary(Halves(), np.ones((24, 2)), MANY), "at most 7 .* the model has 8"),
        (lambda: plot_confusion([[1, 2]], "ab"), r"shape \(2, 2\) for 2 classes, came \(1, 2\)"),
        (lambda: plot_confusion([[1, 2], [3, 4]], "a"), r"shape \(1, 1\) for 1 classes"),
        (lambda: plot_confusion([[1.5, 2], [3, 4]], "ab"), "whole numbers"),
        (lambda: plot_confusion([[-1, 2], [3, 4]], "ab"), "whole numbers"),
        (lambda: plot_confusion([[np.nan, 2], [3, 4]], "ab"), "table must be finite"),
    ],
)
def test_what_cannot_be_drawn_is_said(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_the_boundary_runs_where_another_class_gets_ahead():
    first, second, points = plane(((-1, 1), (0, 2)), 101)
    scores = class_scores(Halves(), points, ["left", "right"]).reshape(101, 101, 2)
    (line,) = boundary_lines(first, second, scores)
    np.testing.assert_allclose(line[:, 0], 0.1, atol=0.02)
    assert np.ptp(line[:, 1]) == 2


def test_three_classes_have_three_boundaries_that_meet():
    first, second, points = plane(((-2, 2), (-2, 2)), 81)
    corners = np.array([(0, 1), (-1, -1), (1, -1)])
    scores = (points @ corners.T).reshape(81, 81, 3)
    lines = boundary_lines(first, second, scores)
    nearest = min(np.hypot(*line.T).min() for line in lines)
    assert nearest < 0.1
    for line in lines:  # on a boundary the two best are equal
        best = np.sort(line @ corners.T, axis=1)
        np.testing.assert_allclose(best[:, -1], best[:, -2], atol=0.12)


def test_colours_are_pale_where_the_classifier_is_unsure():
    unsure, sure, surer = class_image(np.array([[0.5, 0.5], [0.8, 0.2], [1.0, 0.0]]))[:, :3].sum(1)
    assert unsure > sure > surer


def test_the_fast_image_is_matplotlibs_but_for_rounding():
    colors = np.random.default_rng(0).integers(0, 256, (20, 30, 4), dtype=np.uint8)
    colors = np.repeat(np.repeat(colors, 4, axis=0), 4, axis=1)
    colors[..., 3] = 255
    (fast_figure, fast_axes), (figure, axes) = new_figure(), new_figure()
    image = moving_image(fast_axes, ((0, 3), (0, 2)), (80, 120))
    image.set_data(colors)
    image.set_animated(False)
    axes.imshow(colors, extent=(0, 3, 0, 2), **PLANE_STYLE)
    for one in (fast_axes, axes):
        one.set(xlim=(0, 3), ylim=(0, 2))
        one.grid(False)
    assert np.mean(abs(pixels(fast_figure) - pixels(figure)) > 40) < 0.02


def test_the_fast_image_shows_new_colors_and_fills_a_figure_that_has_grown():
    figure, axes = new_figure()
    image = moving_image(axes, ((0, 1), (0, 1)), (2, 2))
    image.set_animated(False)
    axes.axis("off")
    for level in (0, 100):
        image.set_data(np.full((2, 2, 4), (level, level, level, 255), dtype=np.uint8))
        for dpi in (100, 200):
            figure.set_dpi(dpi)
            left, low, right, high = np.rint(axes.bbox.extents).astype(int)
            shown = image.make_image(None)[0]
            assert shown.shape == (high - low, right - left, 4)
            assert (shown[..., :3] == level).all()


def test_moving_texts_are_drawn_each_at_its_place_and_move():
    figure, axes = new_figure(size=(4, 3))
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.axis("off")
    paper = pixels(figure)
    write = moving_texts(axes, [(0.2, 0.5), (0.8, 0.5)], size=20)
    axes.collections[0].set_animated(False)

    def halves():
        """How many pixels are inked on the left and on the right."""
        inked = (pixels(figure) != paper).any(axis=2)
        return np.count_nonzero(inked[:, :200]), np.count_nonzero(inked[:, 200:])

    write(["", "8"])
    left, right = halves()
    assert left == 0 < right
    write(["8", ""], [(0.2, 0.5), (0.8, 0.5)])
    assert halves()[0] == pytest.approx(right, rel=0.2)
    write(["8"], [(0.8, 0.2)])
    assert halves()[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((["a"],), "2 texts are wanted, one for each place, came 1"),
        ((["a", "b", "c"],), "2 texts are wanted, one for each place, came 3"),
        ((["a", "b"], [(0, 0)]), "for each place, came 2"),
    ],
)
def test_moving_texts_want_a_text_for_each_place(arguments, words):
    write = moving_texts(new_figure()[1], [(0, 0), (1, 1)])
    with pytest.raises(ValueError, match=words):
        write(*arguments)


def test_means_of_named_things_are_marks_without_a_line_and_said_by_name():
    table = {"remedy": ["none", "SAM"], "kind": "late", "mean": [3.0, 2.0], "error": 0.1}
    picture = plot_means(pd.DataFrame(table), "remedy", "kind", title="Errors")
    assert picture.words == "Errors. remedy: none → SAM. late: 3 → 2."
    (axes,) = picture.figure.axes
    assert axes.lines[0].get_linestyle() == "None"
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["none", "SAM"]


def test_curves_that_stand_at_other_places_each_say_where():
    table = pd.DataFrame({"n": [1, 3, 1, 2], "way": ["a", "a", "b", "b"], "mean": [1.0, 2, 3, 4]})
    words = plot_means(table.assign(error=0.0), "n", "way", title="Ways").words
    assert words == "Ways. n in brackets. a (1 → 3): 1 → 2. b (1 → 2): 3 → 4."


def test_limits_hold_all_points_with_a_margin():
    (left, right), (bottom, top) = limits_around(X)
    assert left < -1 < 2 < right
    assert bottom < -1 < 2 < top


def test_a_confusion_matrix_says_what_became_of_each_class():
    picture = plot_confusion([[3, 1], [0, 5]], ["cat", "dog"])
    assert "Predicted rightly: cat: 3 of 4, dog: 5 of 5." in picture.words
    axes = picture.figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    for axis in (axes.xaxis, axes.yaxis):
        assert [label.get_text() for label in axis.get_ticklabels()] == ["cat", "dog"]
    counts = {(text.get_position()): text.get_text() for text in axes.texts}
    assert counts == {(0, 0): "3", (1, 0): "1", (0, 1): "0", (1, 1): "5"}  # (column, row)


def test_a_class_without_samples_has_an_empty_row():
    assert "cat: 0 of 0, dog: 4 of 7" in plot_confusion([[0, 0], [3, 4]], ["cat", "dog"]).words
