"""What students meet in lesson 04: its explorers' words at the edges, its exercises' diagnoses."""

import numpy as np
import pytest

from course_lib.exercises import logistic_regression as exercises
from course_lib.explorers import logistic_regression as explorers

# --- explorers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("p", "q", "words"),
    [(0.7, 0.7, "KL(p ‖ q) 0.000"), (1, 0.01, "H(p, q) = 4.605 = H(p) 0.000")],
)
def test_the_surprise_is_what_one_computes_by_hand(p, q, words):
    assert words in explorers.q_against_p(p=p, q=q).words


def test_where_every_probability_is_one_half_nobody_is_on_the_right_side():
    explorer = explorers.by_hand(w=0, b=0)
    assert "0 of 20 are on the right side" in explorer.words
    assert "14 of 20 are on the right side" in explorer.preset("near the best").words


def test_the_gradient_is_that_of_the_step_shown():
    explorer = explorers.two_losses(w=-6, b=6, rate=0.1, steps=0)
    first = explorer.words.partition("step 0")[2]
    assert explorer.set(steps=100).words.partition("step 100")[2] != first
    assert "(gradient 14)" in first
    assert "(gradient 14)" not in explorer.words


def test_a_walk_that_flew_off_is_told_from_one_that_arrived():
    explorer = explorers.newton_or_gradient(steps=60, kind="plain", w=-3, b=3)
    assert "Newton is a million or more above the lowest loss (it flew off" in explorer.words
    assert "(it arrived)" in explorer.set(kind="damped").words
    assert "flew off" not in explorer.words


def test_the_words_follow_which_patients_are_drawn_and_say_how_far_the_weights_reach():
    explorer = explorers.how_much_data(n=10, draw=0)
    first = explorer.words
    assert "the weights reach" in first
    assert (
        explorer.set(draw=3).words.partition("the weights")[2] != first.partition("the weights")[2]
    )


def test_scores_that_share_the_first_place_are_told():
    explorer = explorers.temperature(z_1=5, z_2=5, z_3=5)
    assert "z₁ and z₂ and z₃ share the first place" in explorer.words
    assert "hardmax picks z₁" in explorer.set(z_2=1, z_3=1).words


def test_words_on_features_speak_of_the_line_that_logistic_regression_chooses():
    words = explorers.feature_transformation(morph=0).words
    assert "the line that logistic regression chooses is right for 50% of the 80 points" in words


def test_a_line_that_is_out_of_the_picture_is_told():
    explorer = explorers.cascade(step=0, start=0)
    assert "the line of h₁ is out of the picture" in explorer.words
    assert "out of the picture" not in explorer.set(step=600).words


def test_a_gate_is_computed_in_tenths_and_not_in_what_floats_make_of_them():
    explorer = explorers.gates(w_1=0.1, w_2=0.2, b=-0.3)  # 0.1 + 0.2 − 0.3 is 5.6e-17 in floats
    assert "outputs 0, 0, 0, 0" in explorer.words


def test_every_gate_is_what_whole_numbers_give():
    explorer, random = explorers.gates(), np.random.default_rng(0)
    for w_1, w_2, b in [(0.7, 0.5, -1.2), *random.uniform(-2, 2, (30, 3)).round(1)]:
        tenths = np.rint(10 * np.array([w_1, w_2, b])).astype(int)
        wanted = 1 * (explorers.CORNERS @ tenths[:2] + tenths[2] > 0)
        assert (
            f"outputs {', '.join(map(str, wanted))} " in explorer.set(w_1=w_1, w_2=w_2, b=b).words
        )


# --- exercises ---------------------------------------------------------------------------------

GATES = [
    (exercise, sentence)
    for exercise in (exercises.GATES, exercises.XOR)
    for sentence in exercise.slips
    if "step is missing" not in sentence
    and "the sum of" not in sentence  # these give other numbers
]


@pytest.mark.parametrize(
    ("exercise", "sentence"), GATES, ids=lambda value: getattr(value, "key", "")
)
@pytest.mark.parametrize("kind", [bool, int])
def test_a_wrong_gate_is_diagnosed_whether_it_gives_truths_or_numbers(exercise, sentence, kind):
    def answer(x1, x2):
        came = exercise.slips[sentence](x1, x2)
        return tuple(g.astype(kind) for g in came) if isinstance(came, tuple) else came.astype(kind)

    assert exercise.judge(answer).diagnosis == sentence


def first_layer(x1, x2):
    return x1 + x2 - 0.5 > 0, -x1 - x2 + 1.5 > 0


@pytest.mark.parametrize(
    ("exercise", "answer", "words"),
    [
        (exercises.XOR, lambda a, b: np.add(*first_layer(a, b)) - 1.5 > 0, "True + True is True"),
        (exercises.XOR, lambda a, b: np.where(a + b > 0.5, 1, 0), "this is OR"),
        (exercises.SOFTMAX, lambda z: np.exp(z - z.mean()) / np.exp(z - z.mean()).sum(), "mean"),
        (exercises.SOFTMAX, lambda z: np.exp(z - z.min()) / np.exp(z - z.min()).sum(), "smallest"),
        (
            exercises.GATES,
            lambda a, b: (1 * (a + b - 2 > 0), 1 * (a + b + 1 > 0), 1 * (-a + 0.5 > 0)),
            "your AND is never 1: for two ones, w₁ + w₂ + b must be above 0, not equal to it; and "
            "your OR is always 1",
        ),
    ],
)
def test_an_answer_as_a_student_writes_it_gets_its_diagnosis(exercise, answer, words):
    feedback = exercise.judge(answer)
    assert feedback.status == "wrong"
    assert words in feedback.diagnosis


def test_truths_that_are_subtracted_get_an_advice_that_fits():
    feedback = exercises.XOR.judge(lambda a, b: np.subtract(*first_layer(a, b)))
    assert "Make numbers of True and False first" in feedback.message
    assert "a power is" not in feedback.message


def test_newtons_g_divided_by_h_is_not_sent_to_the_shape():
    def answer(w, X, y):
        f = 1 / (1 + np.exp(-X @ w))
        return w - (-(y - f) @ X) / ((X.T * (f * (1 - f))) @ X)

    feedback = exercises.NEWTON_STEP.judge(answer)
    assert "H is a matrix" in feedback.diagnosis
    assert "ravel" not in feedback.message
