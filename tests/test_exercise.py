"""What a student reads for every kind of answer: untried, right, wrong in each known way."""

import re
import sys
import threading
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from course_lib import exercises
from course_lib._comparing import agree, misfit, readable
from course_lib.exercise import Exercise, check


def line_loss(w, b, x, y):
    return np.mean((w * x + b - y) ** 2)


def sum_of_squares(w, b, x, y):
    return np.sum((w * x + b - y) ** 2)


def forgotten_bias(w, b, x, y):
    return np.mean((w * x - y) ** 2)


def draw(random, size):
    return random.normal(size=size)


def lines(random):
    return [(*random.normal(size=2), *random.normal(size=(2, size))) for size in (1, 2, 5, 30)]


LINE = Exercise(
    key="98.1",
    title="The loss of a line",
    task="Return the mean squared error of y = w·x + b.",
    solution=line_loss,
    inputs=lines,
    slips={"You forgot 1/n.": sum_of_squares, "You forgot b.": forgotten_bias},
    hints=("An average of squares & <b>no more</b>.", "Use `np.mean`."),
)
VALUE = Exercise(
    key="98.2",
    title="Which degree?",
    task="Give the degree with the lowest test error.",
    solution=3,
    slips={"That is the lowest training error.": 5},
    hints=("Look at the test error.", "It is below 4."),
)


# Answers that students write


def stub(w, b, x, y): ...


def stub_with_docstring(w, b, x, y):
    """Return the loss."""


def stub_that_returns_a_gap(w, b, x, y):
    return ...


def stub_with_a_gap_inside(w, b, x, y):
    prediction = ...
    return np.mean((prediction - y) ** 2)


def forgets_return(w, b, x, y):
    line_loss(w, b, x, y)


def divides_by_zero(w, b, x, y):
    count = 0
    return 1 / count


def recurses_without_end(w, b, x, y):
    return recurses_without_end(w, b, x, y)


def raises_with_a_hat(w, b, x, y):
    return 2 ^ len(x) ^ 0.5


def raises_an_array_with_a_hat(w, b, x, y):
    return sum((y - x) ^ 2)


def subtracts_truths(w, b, x, y):
    return sum((y > 0) - (x > 0))


def exits(w, b, x, y):
    raise SystemExit


def gives_nan(w, b, x, y):
    return np.log(-np.ones(1))[0]


def gives_infinity(w, b, x, y):
    return np.exp(np.float64(1e4))


def gives_a_column(w, b, x, y):
    return (w * x + b - y)[:, None] ** 2


def gives_text(w, b, x, y):
    return "small"


def takes_two(w, b):
    return w


def moves_its_input(w, b, x, y):
    x *= w
    x += b - y
    return np.mean(x**2)


def loops(w, b, x, y):
    while True:
        pass


def loops_and_catches_exceptions(w, b, x, y):
    while True:
        try:
            while True:
                w = w + 1
        except Exception:
            w = 0


def loops_and_catches_everything(w, b, x, y):
    try:
        while True:
            w = w + 1
    except:  # noqa: E722
        while True:
            w = w + 1


def loops_and_prints(w, b, x, y):
    while True:
        print("still here")


def loops_and_fills_the_memory(w, b, x, y):
    losses = []
    while True:
        losses.append({})


def right_and_prints(w, b, x, y):
    loss = line_loss(w, b, x, y)
    print(loss)
    return loss


def right_in_other_words(w, b, x, y):
    residuals = [w * a + b - c for a, c in zip(x, y, strict=True)]
    return float(sum(r**2 for r in residuals) / len(residuals))


def right_but_for_long_data(w, b, x, y):
    return line_loss(w, b, x[:4], y[:4])


@pytest.mark.parametrize(
    "answer", [..., stub, stub_with_docstring, stub_that_returns_a_gap, stub_with_a_gap_inside]
)
def test_an_answer_with_a_gap_is_not_tried_yet(answer):
    feedback = LINE.judge(answer)
    assert (feedback.status, feedback.message) == ("not tried", LINE.task)
    assert not feedback


def test_a_right_answer_says_what_was_verified():
    feedback = LINE.judge(right_in_other_words)
    assert feedback.status == "right"
    assert feedback
    assert feedback.message == "4 cases agree with the reference to 1e-9."


@pytest.mark.parametrize("value", ["done", True, ["a", "b"], {"done": False}])
def test_where_no_number_is_compared_no_tolerance_is_named(value):
    exercise = replace(LINE, solution=lambda w, b, x, y: value)
    assert exercise.judge(exercise.solution).message == "4 cases agree with the reference."


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (lambda w, b, x, y: stub_that_returns_a_gap(w, b, x, y), "wrong"),
        (lambda w, b, x, y: 2 * stub_that_returns_a_gap(w, b, x, y), "wrong"),
        (lambda w, b, x, y: stub_that_returns_a_gap(w, b, x, y)[0], "wrong"),
        (lambda w, b, x, y: [stub_that_returns_a_gap(w, b, x, y)], "wrong"),
        (lambda w, b, x, y: stub_that_returns_a_gap(w, b, x, y) * ..., "not tried"),
        (lambda w, b, x, y: (..., ...), "not tried"),
        (lambda w, b, x, y: (lambda: ...)(), "not tried"),
        (partial(stub_that_returns_a_gap), "not tried"),
    ],
)
def test_a_gap_in_a_called_function_is_told_from_a_gap_in_the_answer(answer, status):
    feedback = LINE.judge(answer)
    calls = "Your function calls one that is not written yet (its value is `...`)"
    assert feedback.status == status
    assert (calls in feedback.message) == (status == "wrong")


def test_a_right_answer_that_prints_is_right_with_a_note(capsys):
    feedback = LINE.judge(right_and_prints)
    assert feedback
    assert "only what it returns is compared" in feedback.message
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("answer", "diagnosis"),
    [(sum_of_squares, "You forgot 1/n."), (forgotten_bias, "You forgot b."), (max, "")],
)
def test_a_known_slip_gets_its_diagnosis(answer, diagnosis):
    feedback = LINE.judge(answer)
    assert (feedback.status, feedback.diagnosis) == ("wrong", diagnosis)
    assert ("Diagnosis: " in feedback.message) == bool(diagnosis)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (forgets_return, "Nothing (None) came: did you forget `return`?"),
        (divides_by_zero, "ZeroDivisionError: division by zero, in your line `return 1 / count`."),
        (recurses_without_end, "RecursionError: it calls itself without end, in your line"),
        (raises_with_a_hat, "In Python a power is `**`; `^` is something else."),
        (raises_an_array_with_a_hat, "In Python a power is `**`; `^` is something else."),
        (subtracts_truths, "Make numbers of True and False first: 1 * (… > 0)."),
        (exits, "raised SystemExit, in your line `raise SystemExit`."),
        (gives_nan, "NaN (not a number) came: it is born of 0/0, 0 · ∞, ∞ − ∞ or the log of"),
        (gives_infinity, "An infinite number came: look for a division by zero, the log of 0 or"),
        (gives_a_column, "single number is wanted. Is a sum missing, or an index?"),
        (gives_text, "A number is wanted; a text came."),
        (takes_two, "must take the arguments (w, b, x, y); it takes (w, b)."),
        (moves_its_input, "Your function changes its argument `x`: work on a copy."),
        (0.5, "A function is wanted"),
        (None, "A function is wanted"),
    ],
)
def test_a_wrong_answer_gets_one_plain_sentence(answer, sentence, capsys):
    feedback = LINE.judge(answer)
    assert feedback.status == "wrong"
    assert sentence in feedback.message
    assert "Traceback" not in feedback.message
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "answer",
    [loops, loops_and_catches_exceptions, loops_and_catches_everything, loops_and_prints],
)
def test_a_loop_that_never_ends_is_ended(answer, capsys):
    threads = threading.active_count()
    feedback = replace(LINE, seconds=0.2).judge(answer)
    assert (
        feedback.sentences[0]
        == "Your function did not end in 0.2 s: an endless loop, or a slow import?"
    )
    assert threading.active_count() == threads
    assert capsys.readouterr() == ("", "")


def test_a_loop_whose_memory_is_slow_to_free_ends_in_silence(monkeypatch):
    escaped = []
    monkeypatch.setattr(threading, "excepthook", escaped.append)
    feedback = replace(LINE, seconds=0.3).judge(loops_and_fills_the_memory)
    assert feedback.message.startswith("Your function did not end in 0.3 s")
    assert escaped == []


class NeverFreed:
    def __del__(self):
        loops(0, 0, 0, 0)


def loops_where_nothing_can_be_raised(w, b, x, y):
    NeverFreed()
    loops(w, b, x, y)


def test_a_loop_where_nothing_can_be_raised_ends_in_silence(monkeypatch):
    escaped = []
    monkeypatch.setattr(sys, "unraisablehook", escaped.append)
    feedback = replace(LINE, seconds=0.2).judge(loops_where_nothing_can_be_raised)
    assert feedback.sentences[0].endswith("0.2 s: an endless loop, or a slow import?")
    assert escaped == []
    assert sys.unraisablehook == escaped.append  # as it was


def holds_itself(*arguments):
    values = []
    values.append(values)
    return values


class BrokenArray:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no numbers here")


class BrokenSequence(BrokenArray):
    def __len__(self):
        return 2


def with_a_broken_signature(w, b, x, y):
    return line_loss(w, b, x, y)


with_a_broken_signature.__signature__ = "(w, b, x, y)"

PAIR = replace(LINE, solution=lambda w, b, x, y: (w, b))


@pytest.mark.parametrize(
    ("exercise", "answer", "sentence"),
    [
        (LINE, holds_itself, "Your answer cannot be compared (RecursionError: "),
        (LINE, holds_itself(), "Your answer cannot be compared (RecursionError: "),
        (VALUE, holds_itself(), "Your answer cannot be compared (RecursionError: "),
        (LINE, lambda *_: BrokenArray(), "A number is wanted; an object of type BrokenArray came."),
        (VALUE, BrokenArray(), "A number is wanted; an object of type BrokenArray came."),
        (
            PAIR,
            lambda *_: BrokenSequence(),
            "Your answer cannot be compared (RuntimeError: no numbers here).",
        ),
    ],
)
def test_an_answer_that_cannot_be_compared_gets_a_plain_sentence(exercise, answer, sentence):
    feedback = exercise.judge(answer)
    assert feedback.status == "wrong"
    assert feedback.message.startswith(sentence)


def test_a_right_function_whose_signature_cannot_be_read_is_right():
    assert LINE.judge(with_a_broken_signature)


@pytest.mark.parametrize("part", ["solution", "inputs"])
def test_an_error_of_the_exercise_itself_is_raised(part):
    def broken(*arguments):
        raise ZeroDivisionError("the declaration is wrong")

    with pytest.raises(ZeroDivisionError, match="the declaration is wrong"):
        replace(LINE, **{part: broken}).judge(line_loss)


def test_what_cannot_be_ended_is_admitted():
    release = threading.Event()
    feedback = replace(LINE, seconds=0.01).judge(lambda w, b, x, y: release.wait())
    release.set()
    assert feedback.sentences[0].endswith("It is still running: restart the kernel.")


def test_the_first_failing_input_is_shown_with_what_came_and_what_is_wanted():
    shown = LINE.judge(right_but_for_long_data).evidence
    case = LINE.cases()[2]
    assert shown.startswith("The first input that fails:\n")
    assert f"x = {readable(case[2])}" in shown
    assert f"came → {line_loss(case[0], case[1], case[2][:4], case[3][:4]):.4g}" in shown
    assert f"wanted → {line_loss(*case):.4g}" in shown


def test_values_that_differ_in_the_eighth_digit_are_shown_to_differ():
    shown = LINE.judge(lambda w, b, x, y: line_loss(w, b, x, y) * (1 + 1e-7)).evidence
    came, wanted = re.search(r"came → (.*)\nwanted → (.*)", shown).groups()
    assert came != wanted


def test_the_answer_never_sees_the_inputs_themselves():
    seen = []
    LINE.judge(lambda w, b, x, y: seen.append(x) or x.fill(0))
    assert all(np.all(x == 0) for x in seen)
    assert np.all(LINE.cases()[0][2] != 0)


def test_numpy_warnings_of_an_answer_stay_inside(recwarn):
    LINE.judge(gives_nan)
    LINE.judge(gives_infinity)
    assert list(recwarn) == []


@pytest.mark.parametrize(
    ("answer", "diagnosis"),
    [
        (lambda random, size: random.normal(size=size), None),
        (lambda random, size: random.uniform(size=size), "These are uniform."),
        (lambda random, size: [0.0] * size, ""),
    ],
)
def test_a_generator_may_be_used_up_and_an_array_returned(answer, diagnosis):
    exercise = replace(
        LINE,
        solution=draw,
        inputs=lambda random: [(random.spawn(1)[0], size) for size in (2, 3, 4)],
        slips={"These are uniform.": lambda random, size: random.uniform(size=size)},
    )
    feedback = exercise.judge(answer)
    assert bool(feedback) == (diagnosis is None)
    assert feedback.diagnosis == (diagnosis or "")


def test_feedback_is_the_same_every_time():
    assert repr(LINE.judge(sum_of_squares)) == repr(LINE.judge(sum_of_squares))


@pytest.mark.parametrize(
    ("answer", "status", "diagnosis"),
    [
        (3, "right", ""),
        (3.0, "right", ""),
        (np.int64(3), "right", ""),
        (5, "wrong", "That is the lowest training error."),
        (4, "wrong", ""),
        ("three", "wrong", ""),
        (None, "wrong", ""),
        (line_loss, "wrong", ""),
        (..., "not tried", ""),
    ],
)
def test_a_value_is_judged_without_giving_the_answer_away(answer, status, diagnosis):
    feedback = VALUE.judge(answer)
    assert (feedback.status, feedback.diagnosis) == (status, diagnosis)
    assert status == "right" or "3" not in feedback.message


COLUMN, ROW = np.ones((3, 1)), np.ones(3)


@pytest.mark.parametrize(
    ("came", "wanted", "sentence"),
    [
        (COLUMN, ROW, "Shape (3, 1) came; shape (3,) is wanted. A column came: `.ravel()`"),
        (np.ones((4, 3)), np.ones((3, 4)), "Rows and columns have changed places: see `.T`."),
        (COLUMN.T, COLUMN, "Rows and columns have changed places: see `.T`."),
        (ROW, 1.0, "Shape (3,) came; a single number is wanted. Is a sum missing, or an index?"),
        (
            COLUMN - ROW,
            ROW,
            "A column (3, 1) may have met a row (3,): NumPy makes (3, 3) of the two.",
        ),
        (COLUMN - ROW, COLUMN, "NumPy makes (3, 3) of the two."),
        (ROW[:2], ROW, "Shape (2,) came; shape (3,) is wanted."),
        (1.0, ROW, "A single number came; shape (3,) is wanted."),
        ([1.0, np.nan, 1.0], ROW, "NaN"),
        ([[1], [1, 2]], ROW, "An array of numbers, shape (3,) is wanted; a list of 2 values came."),
        ({"w": 1}, ROW, "a dictionary came."),
        ((1, 2), (1, 2, 3), "2 values came; 3 are wanted."),
        ((1,), (1, 2), "1 value came; 2 are wanted."),
        ((1, 2), (1,), "2 values came; 1 is wanted."),
        ((1,), "a", "A text is wanted; a tuple of 1 value came."),
        ((1, ROW[:2]), (1, ROW), "In value 2: Shape (2,) came"),
        (1, (1, 2), "A tuple of 2 values is wanted; a number came."),
        ("ab", ("a", "b"), "A tuple of 2 values is wanted; a text came."),
        ({"w": 1}, {"w": 1, "b": 2}, "The keys ['w'] came; ['w', 'b'] are wanted."),
        ({"w": None}, {"w": 1}, "At key 'w': Nothing (None) came"),
        ([[1, 2], [3, ROW]], [[1, 2], [3, 4]], "In value 2, value 2: Shape (3,) came"),
        ({"w": [1, "a"]}, {"w": [1, 2]}, "At key 'w', value 2: A number is wanted"),
        ([1, {"w": "a"}], [1, {"w": 2}], "In value 2, key 'w': A number is wanted"),
        (1, {"w": 1}, "A dictionary is wanted; a number came."),
        (1, True, "True or False is wanted; a number came."),
        ([1, 0], np.array([True, False]), "An array of True or False, shape (2,) is wanted"),
        (1, "a", "A text is wanted; a number came."),
        (ROW.argmin, 1.0, "A number is wanted; a function came: call it, with its parentheses."),
        (line_loss, "a", "A text is wanted; a function came: call it, with its parentheses."),
    ],
)
def test_an_answer_of_the_wrong_kind_is_told_so(came, wanted, sentence):
    assert sentence in misfit(came, wanted)
    assert not agree(came, wanted, 1e-9)


@pytest.mark.parametrize(
    ("came", "wanted"),
    [(np.ones(12), np.ones((3, 4))), (np.ones((2, 6)), np.ones((3, 4))), (ROW, COLUMN)],
)
def test_a_shape_that_says_nothing_of_its_cause_gets_no_advice(came, wanted):
    assert misfit(came, wanted).endswith(f"came; shape {wanted.shape} is wanted.")


def test_of_items_it_is_not_guessed_that_a_column_met_a_row():
    assert misfit((ROW, ROW, ROW), ROW) == "Shape (3, 3) came; shape (3,) is wanted."
    words = "In value 2: Shape (3, 3) came; shape (3,) is wanted."
    assert misfit((1.0, COLUMN - ROW), (1.0, ROW)) == words


@pytest.mark.parametrize(
    ("came", "wanted"),
    [
        (np.float64(1.5), 1.5),
        (1.5 + 1e-12, 1.5),
        ([1, 1, 1], ROW),
        (ROW, [1, 1, 1]),
        ((1, [2.0, 3.0]), [1, np.array([2, 3])]),
        ({"b": 1, "w": 2}, {"w": 2, "b": 1}),
        (np.True_, True),
        (" Ridge ", "ridge"),
        ("regularize", "Regularise"),
        (np.array([np.nan, 1]), np.array([np.nan, 1])),
        (np.inf, np.inf),
        (np.array([]), np.array([])),
        (1e12 + 1, 1e12),
        ({1, 2}, {2, 1}),
    ],
)
def test_equal_answers_in_other_clothes_agree(came, wanted):
    assert misfit(came, wanted) == ""
    assert agree(came, wanted, 1e-9)


@pytest.mark.parametrize(
    ("came", "wanted"),
    [
        (1.5 + 1e-6, 1.5),
        (ROW, 2 * ROW),
        ((1, 2), (1, 3)),
        ({"w": 1}, {"w": 2}),
        ("ridge", "lasso"),
        (True, False),
        (-np.inf, np.inf),
        ({1, 2}, {1, 3}),
    ],
)
def test_other_values_of_the_right_kind_do_not_agree(came, wanted):
    assert misfit(came, wanted) == ""
    assert not agree(came, wanted, 1e-9)


class Unshowable:
    def __repr__(self):
        return 1 / 0


def test_a_torch_tensor_is_compared_as_its_numbers():
    torch = pytest.importorskip("torch")
    assert agree(torch.ones(3, requires_grad=True), ROW, 1e-9)
    assert misfit(torch.ones(2), ROW).startswith("Shape (2,) came")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2 / 3, "0.6667"),
        (7, "7"),
        (np.array([1 / 3, 1e-12]), "[0.3333, 1e-12]"),
        (np.zeros((2, 1)), "[[0],\n [0]]"),
        ((1,), "(1,)"),
        ({"w": [0.5]}, "{'w': [0.5]}"),
        ("π", "'π'"),
        (line_loss, "line_loss"),
        (Unshowable(), "an object of type Unshowable (showing it: ZeroDivisionError)"),
    ],
)
def test_values_are_shown_short(value, text):
    assert readable(value) == text


def test_a_long_array_is_shortened_and_says_its_shape():
    text = readable(np.arange(1000.0))
    assert len(text) < 80
    assert text.endswith("(shape (1000,))")


def test_the_card_folds_hints_and_solution_one_inside_the_other():
    html = LINE.judge(sum_of_squares)._repr_mimebundle_()["text/html"]
    steps = re.findall(r"<details|<summary[^>]*>([^<]*)|</details>", html)
    assert steps == ["", "Hint 1", "", "Hint 2", "", "Solution", "", "", ""]
    assert "def line_loss(w, b, x, y):" in html


def test_the_card_escapes_what_it_quotes():
    html = LINE.judge(lambda w, b, x, y: "<script>")._repr_mimebundle_()["text/html"]
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "squares &amp; &lt;b&gt;no more" in html


@pytest.mark.parametrize(
    ("answer", "heading"),
    [(..., "… Not tried yet"), (line_loss, "✓ Right"), (sum_of_squares, "✗ Not right yet")],
)
def test_card_and_plain_text_say_the_same_without_colour(answer, heading):
    feedback = LINE.judge(answer)
    bundle = feedback._repr_mimebundle_()
    assert bundle["text/plain"] == repr(feedback) == f"{feedback.heading}\n{feedback.message}"
    assert feedback.heading == f"{heading} · 98.1 The loss of a line"
    assert heading in bundle["text/html"]
    assert "np.mean" not in bundle["text/plain"]
    assert "background:#" not in bundle["text/html"].replace(" ", "")


def test_a_right_answer_may_be_compared_with_the_solution_but_needs_no_hint():
    html = LINE.judge(line_loss)._repr_mimebundle_()["text/html"]
    assert re.findall(r"<summary[^>]*>([^<]*)", html) == ["Solution"]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"hints": ("one",)}, ValueError, "98.1: hints must be two sentences"),
        ({"hints": "ab"}, ValueError, "98.1: hints must be two sentences"),
        ({"inputs": None}, TypeError, "98.1: inputs go with a solution that is a function"),
        ({"solution": 3}, TypeError, "98.1: inputs go with a solution that is a function"),
    ],
)
def test_an_incomplete_declaration_is_refused(change, error, words):
    with pytest.raises(error, match=words):
        replace(LINE, **change)


@pytest.mark.parametrize("drawn", [[], [1.0, 2.0]])
def test_inputs_that_are_no_argument_tuples_are_refused(drawn):
    exercise = replace(LINE, inputs=lambda random: drawn)
    with pytest.raises(TypeError, match=r"98\.1: inputs\(random\) must return tuples"):
        exercise.cases()


SAMPLE = """
from course_lib.exercise import Exercise

LESSON = "98"


def double(x):
    return 2 * x


EXERCISES = [
    Exercise(
        key="98.1",
        title="Twice",
        task="Double a number.",
        solution=double,
        inputs=lambda random: [(1.0,), *((x,) for x in random.normal(size=5))],
        slips={"This is the square.": lambda x: x**2},
        hints=("Once more.", "Add it to itself."),
    ),
    Exercise(
        key="98.2", title="Six", task="Twice 3?", solution=6, hints=("More than 5.", "Below 7.")
    ),
]
"""


@pytest.fixture
def sample_lesson(tmp_path, monkeypatch):
    """Two lessons: 98 is fine; 99 breaks when it is imported."""
    (tmp_path / "sample_lesson.py").write_text(SAMPLE, encoding="utf-8")
    broken = 'LESSON = "99"\nraise ImportError("lesson 99 was loaded")\n'
    (tmp_path / "broken_lesson.py").write_text(broken, encoding="utf-8")
    monkeypatch.setattr(exercises, "__path__", [str(tmp_path)])
    yield
    sys.modules.pop("course_lib.exercises.sample_lesson", None)


@pytest.mark.usefixtures("sample_lesson")
@pytest.mark.parametrize(
    ("key", "answer", "status"),
    [
        ("98.1", lambda x: x + x, "right"),
        ("98.1", lambda x: x**2, "wrong"),
        ("98.2", 6, "right"),
        ("98.2", 7, "wrong"),
    ],
)
def test_check_finds_an_exercise_by_its_key_and_loads_only_its_lesson(key, answer, status):
    assert check(key, answer).status == status
    assert "course_lib.exercises.broken_lesson" not in sys.modules


@pytest.mark.usefixtures("sample_lesson")
def test_check_with_no_answer_says_the_task():
    assert check("98.1").status == "not tried"
    assert check("98.1").message == "Double a number."


@pytest.mark.usefixtures("sample_lesson")
@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("98.3", 'There is no exercise "98.3"; lesson 98 has 98.1, 98.2.'),
        ("97.1", 'There is no exercise "97.1"; lessons that have some: 98, 99.'),
        (98.1, 'The first argument is the exercise\'s key, such as "01.1"; 98.1 came.'),
    ],
)
def test_a_key_typed_wrongly_gets_a_sentence_and_raises_nothing(key, sentence):
    feedback = check(key, 6)
    assert (feedback.status, feedback.message) == ("wrong", sentence)
    assert sentence in feedback._repr_mimebundle_()["text/plain"]
