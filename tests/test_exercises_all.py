"""Every exercise of every lesson, found by itself: its solution, its slips, its notebook agree."""

import importlib
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from course_lib import exercises
from course_lib._comparing import readable
from course_lib._running import run

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("[0-9][0-9]_*.ipynb"))
LESSONS = {
    number: importlib.import_module(module) for number, module in exercises.modules().items()
}
ALL = [exercise for module in LESSONS.values() for exercise in module.EXERCISES]
FUNCTIONS = [exercise for exercise in ALL if callable(exercise.solution)]
SLIPS = [(exercise, sentence) for exercise in ALL for sentence in exercise.slips]


def name(value):
    return getattr(value, "key", value)


def size(case):
    return sum(np.size(value) for value in case)


def keys_in(notebook):
    """Return the keys that the code cells hand to `check`, in order."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return re.findall(r"""\bcheck\(\s*["'](.+?)["']""", "\n".join(code))


@pytest.mark.parametrize("exercise", ALL, ids=name)
def test_the_reference_solution_is_right(exercise):
    feedback = exercise.judge(exercise.solution)
    assert feedback.status == "right", feedback.message


@pytest.mark.parametrize(("exercise", "sentence"), SLIPS, ids=name)
def test_every_named_slip_gets_its_own_diagnosis(exercise, sentence):
    feedback = exercise.judge(exercise.slips[sentence])
    assert (feedback.status, feedback.diagnosis) == ("wrong", sentence), feedback.message
    for other in exercise.slips.keys() - {sentence}:
        alone = replace(exercise, slips={other: exercise.slips[other]})
        assert alone.judge(exercise.slips[sentence]).diagnosis == "", other


def squared(w, b, X, y):
    return (y - (X @ w + b)) ** 2


def judge_by(
    large_error=lambda training, test, noise: training > 2 * noise,
    large_gap=lambda training, test, noise: test > 2 * training,
):
    def diagnose(training_error, test_error, noise):
        if large_error(training_error, test_error, noise):
            return "redesign the model"
        return "more data or regularise" if large_gap(training_error, test_error, noise) else "done"

    return diagnose


@pytest.mark.parametrize(
    ("key", "answer", "words"),
    [
        ("01.1", lambda w, b, x, y: np.sum((y - b + w * x) ** 2), "parentheses"),
        (
            "01.2",
            lambda w, b, x, y: [np.sum(2 * (y - b + w * x) * d) for d in (-x, -1)],
            "parentheses",
        ),
        (
            "01.2",
            lambda w, b, x, y: [np.sum(2 * (y - (b + w * x)) * d) for d in (x, -1)],
            "minus is missing in ∂L/∂w",
        ),
        (
            "01.4",
            lambda x, *species: np.column_stack([c for s in species for c in (s, x * s)]),
            "both δ come first",
        ),
        (
            "01.5",
            lambda w, b, X, y, penalty: np.sum(squared(w, b, X, y) + penalty * np.sum(w**2)),
            "counts n times",
        ),
        (
            "01.5",
            lambda w, b, X, y, penalty: np.mean(squared(w, b, X, y)) + penalty * w @ w,
            "averaged",
        ),
        (
            "01.5",
            lambda w, b, X, y, penalty: np.sum((y - (X @ w + b)) ** 2) - penalty * np.sum(w**2),
            "subtracted",
        ),
        (
            "01.5",
            lambda w, b, X, y, penalty: np.sum((y - X @ w + b) ** 2) + penalty * np.sum(w**2),
            "parentheses",
        ),
        (
            "01.5",
            lambda w, b, X, y, penalty: sum(((X * w + b - y) ** 2).ravel()) + penalty * w @ w,
            "X @ w is one number for each sample",
        ),
        ("01.6", lambda x: np.sum((x - x.mean()) ** 2) / len(x) - 1, "parentheses"),
        ("01.7", judge_by(lambda training, test, noise: training > noise), "above 2·noise"),
        (
            "01.7",
            judge_by(large_gap=lambda training, test, noise: test > training),
            "test error > 2·training error",
        ),
    ],
)
def test_a_slip_as_a_student_writes_it_gets_its_diagnosis(key, answer, words):
    """The slips are declared in terms of the solution; students do not write them so."""
    exercise = next(exercise for exercise in ALL if exercise.key == key)
    assert words in exercise.judge(answer).diagnosis


@pytest.mark.parametrize("exercise", ALL, ids=name)
def test_what_is_not_tried_yet_is_told_so(exercise):
    assert exercise.judge(...).status == "not tried"
    if callable(exercise.solution):
        assert exercise.judge(lambda *arguments: ...).status == "not tried"


@pytest.mark.parametrize("exercise", FUNCTIONS, ids=name)
def test_the_solution_leaves_its_inputs_alone_and_prints_nothing(exercise):
    result = run(exercise.solution, exercise.cases(), exercise.seconds)
    assert (result.stopped, result.changed, result.printed) == ("", set(), "")


@pytest.mark.parametrize("exercise", FUNCTIONS, ids=name)
def test_inputs_are_at_least_three_random_and_smallest_first(exercise):
    cases = exercise.cases()
    assert len(cases) >= 3
    assert size(cases[0]) == min(map(size, cases))
    assert readable(cases) == readable(exercise.cases())
    assert readable(cases, entries=1000) != readable(exercise.cases(seed=1), entries=1000)


@pytest.mark.parametrize("exercise", ALL, ids=name)
def test_task_hints_and_solution_are_there_to_read(exercise):
    feedback = exercise.judge(...)
    assert exercise.title
    assert exercise.task.endswith((".", "?"))
    assert len(set(feedback.hints)) == 2
    assert all(feedback.hints)
    assert not feedback.solution.startswith("EXERCISES")
    assert getattr(exercise.solution, "__name__", "") != "<lambda>", (
        "a lambda has no source to show"
    )


@pytest.mark.parametrize("number", LESSONS)
def test_the_keys_of_a_lesson_count_from_one(number):
    keys = [exercise.key for exercise in LESSONS[number].EXERCISES]
    assert keys == [f"{number}.{count}" for count in range(1, len(keys) + 1)]
    assert keys


def test_every_module_but_the_package_itself_names_its_lesson_once():
    files = {
        path.stem
        for path in Path(exercises.__file__).parent.glob("*.py")
        if not path.stem.startswith("_")
    }
    assert {module.__name__.rpartition(".")[2] for module in LESSONS.values()} == files


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_checks_every_exercise_of_its_lesson_and_no_other(notebook):
    number = notebook.stem[:2]
    module = LESSONS.get(number)
    known = [exercise.key for exercise in module.EXERCISES] if module else []
    assert list(dict.fromkeys(keys_in(notebook))) == known


@pytest.mark.skipif(not NOTEBOOKS, reason="no lesson has been written yet")
def test_every_lesson_that_has_exercises_has_a_notebook():
    assert LESSONS
    assert set(LESSONS) <= {notebook.stem[:2] for notebook in NOTEBOOKS}
