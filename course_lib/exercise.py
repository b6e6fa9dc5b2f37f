"""Exercises: `check("01.1", answer)` says whether an answer is right and, if not, what slipped.

An `Exercise` declares everything that is known of one task: the reference solution, random inputs,
the wrong answers that people give with the reason for each, two hints. A lesson's exercises live in
`course_lib/exercises/`, one module a lesson.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from textwrap import dedent
from traceback import format_exception_only
from types import CodeType
from typing import Any

import numpy as np

from course_lib import exercises
from course_lib._card import HEADINGS, card
from course_lib._comparing import agree, has_gap, has_numbers, misfit, readable, told_apart
from course_lib._running import Run, run


@dataclass(frozen=True)
class Feedback:
    """What `check` says: true only when the answer is right; a notebook shows it as a card."""

    status: str  # "not tried", "right" or "wrong"
    sentences: tuple[str, ...]
    title: str = ""
    evidence: str = ""  # the first failing input, what came, what was wanted
    diagnosis: str = ""  # the sentence of the slip, where it is a known one
    hints: tuple[str, ...] = ()
    solution: str = ""

    @property
    def heading(self) -> str:
        return " · ".join(filter(None, [HEADINGS[self.status], self.title]))

    @property
    def message(self) -> str:
        """All the words below the heading, without hints and solution."""
        diagnosis = f"Diagnosis: {self.diagnosis}" if self.diagnosis else ""
        return "\n".join(filter(None, [*self.sentences, self.evidence, diagnosis]))

    def __bool__(self) -> bool:
        return self.status == "right"

    def __repr__(self) -> str:
        return f"{self.heading}\n{self.message}"

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": card(self)}


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One task, declared; raises TypeError or ValueError where the declaration is not complete.

    key        "LL.n": lesson and number
    title      a few words
    task       one sentence: what to write
    solution   the reference: a function, or a value where the answer is a value
    inputs     inputs(random) → argument tuples, smallest first (absent for a value);
               `random` is a seeded numpy Generator
    slips      {diagnosis: wrong answer}, each a function with the same arguments, or a value
    hints      two sentences: a gentle one, and one that is nearly there
    verified   what a right answer has shown (absent: how many cases agree to which tolerance)
    tolerance  |came − wanted| ≤ tolerance · (1 + |wanted|)
    seconds    the time that a function has for all inputs together
    """

    key: str
    title: str
    task: str
    solution: Any
    hints: tuple[str, str]
    inputs: Callable[[np.random.Generator], Sequence[tuple]] | None = None
    slips: Mapping[str, Any] = field(default_factory=dict)
    verified: str = ""
    tolerance: float = 1e-9
    seconds: float = 2.0

    def __post_init__(self):
        if len(self.hints) != 2 or isinstance(self.hints, str):
            raise ValueError(f"{self.key}: hints must be two sentences, got {self.hints!r}")
        if callable(self.solution) != (self.inputs is not None):
            raise TypeError(f"{self.key}: inputs go with a solution that is a function")

    def cases(self, seed: int = 0) -> list[tuple]:
        """Draw the argument tuples, smallest first; raises TypeError if one is not a tuple."""
        cases = list(self.inputs(np.random.default_rng(seed)))
        if not cases or not all(isinstance(case, tuple) for case in cases):
            raise TypeError(f"{self.key}: inputs(random) must return tuples, got {cases!r}")
        return cases

    def judge(self, answer) -> Feedback:
        """Compare an answer with the reference; raises nothing, whatever the answer does."""
        cases = self.cases() if callable(self.solution) else []
        wanted = [self.solution(*deepcopy(case)) for case in cases]  # here an error is our own
        try:
            feedback = self._compare(answer, cases, wanted)
        except Exception as error:  # a list that holds itself, a class with a broken method
            words = format_exception_only(error)[-1].strip()
            feedback = _wrong(f"Your answer cannot be compared ({words}).")
        return replace(
            feedback,
            title=f"{self.key} {self.title}",
            hints=tuple(self.hints),
            solution=self._solution_text(),
        )

    def _compare(self, answer, cases: list[tuple], wanted: list) -> Feedback:
        if has_gap(answer):
            return self._untried()
        return self._judge_function(answer, cases, wanted) if cases else self._judge_value(answer)

    def _judge_value(self, answer) -> Feedback:
        if agree(answer, self.solution, self.tolerance):
            return Feedback("right", (self.verified or "Your answer agrees with the reference.",))
        sentence = misfit(answer, self.solution) or f"{readable(answer)} is not the answer."
        slips = self.slips.items()
        found = (words for words, slip in slips if agree(answer, slip, self.tolerance))
        return _wrong(sentence, diagnosis=next(found, ""))

    def _judge_function(self, answer, cases: list[tuple], wanted: list) -> Feedback:
        if not callable(answer):
            return _wrong("A function is wanted: hand over its name alone, without calling it.")
        if sentence := _wrong_arguments(answer, self.solution, cases[0]):
            return _wrong(sentence)
        result = run(answer, cases, self.seconds)
        gap = result.gap or has_gap(result.values)
        if gap and not _writes_gap(answer):
            return _wrong(_CALLS_A_GAP)
        if gap or _is_blank(answer, result):
            return self._untried()
        feedback = self._first_failure(cases, result, wanted)
        if feedback is None:
            feedback = Feedback("right", (self.verified or self._count(wanted),))
        return replace(feedback, sentences=(*feedback.sentences, *self._manners(result, cases[0])))

    def _first_failure(self, cases, result: Run, wanted: list) -> Feedback | None:
        for case, came, right in zip(cases, result.values, wanted, strict=False):
            if not agree(came, right, self.tolerance):
                sentence = misfit(came, right) or "The values differ."
                evidence = self._evidence(case, *told_apart(came, right))
                return _wrong(sentence, evidence=evidence, diagnosis=self._diagnose(cases, result))
        if result.stopped:
            evidence = self._evidence(cases[len(result.values)])
            diagnosis = self._diagnose(cases, result)
            return _wrong(result.stopped, evidence=evidence, diagnosis=diagnosis)
        if result.changed:
            return _wrong("The values are right, but an argument must stay as it was.")
        return None

    def _manners(self, result: Run, case: tuple) -> list[str]:
        """Say what the function does beside returning its value."""
        names = ", ".join(f"`{self._names(case)[i]}`" for i in sorted(result.changed))
        sentences = [f"Your function changes its argument {names}: work on a copy."] * bool(names)
        if result.printed.strip():
            sentences.append("What it prints is not looked at: only what it returns is compared.")
        return sentences

    def _diagnose(self, cases, result: Run) -> str:
        """Return the sentence of the first slip that gives what came, and stops where it did."""
        for sentence, slip in self.slips.items():
            theirs = run(slip, cases, self.seconds)
            same_end = theirs.error is result.error and len(theirs.values) == len(result.values)
            if same_end and all(
                agree(came, slipped, self.tolerance)
                for came, slipped in zip(result.values, theirs.values, strict=True)
            ):
                return sentence
        return ""

    def _names(self, case: tuple) -> list[str]:
        names = list(inspect.signature(self.solution).parameters)
        return names if len(names) >= len(case) else [f"argument {i + 1}" for i in range(len(case))]

    def _evidence(self, case: tuple, came: str = "", wanted: str = "") -> str:
        """Lay out an input, what came and what is wanted, one below the other."""
        names = self._names(case)
        rows = [(name, readable(value)) for name, value in zip(names, case, strict=False)]
        rows += [("came", came), ("wanted", wanted)] if came else []
        width = max(len(name) for name, _ in rows)
        indent = "\n" + " " * (width + 3)
        sign = {"came": "→", "wanted": "→"}
        return "The first input that fails:\n" + "\n".join(
            f"{name:>{width}} {sign.get(name, '=')} {text.replace(chr(10), indent)}"
            for name, text in rows
        )

    def _count(self, wanted: list) -> str:
        digits = f" to {self.tolerance:.0e}".replace("e-0", "e-") * has_numbers(wanted)
        return f"{len(wanted)} cases agree with the reference{digits}."

    def _untried(self) -> Feedback:
        return Feedback("not tried", (self.task,))

    def _solution_text(self) -> str:
        if callable(self.solution):
            return dedent(inspect.getsource(self.solution)).strip()
        return readable(self.solution)


def check(key: str, answer: Any = ...) -> Feedback:
    """Judge an answer to the exercise "LL.n"; raises nothing, so that a notebook runs to its end.

    The feedback's `status` is "not tried" (the answer is, or returns, `...`), "right" or "wrong".
    """
    if not isinstance(key, str):
        return _wrong(f'The first argument is the exercise\'s key, such as "01.1"; {key!r} came.')
    lesson = key.partition(".")[0]
    lessons = exercises.modules()
    if lesson not in lessons:
        return _wrong(
            f'There is no exercise "{key}"; lessons that have some: {", ".join(lessons)}.'
        )
    known = exercises.exercises(lesson)
    if key not in known:
        return _wrong(f'There is no exercise "{key}"; lesson {lesson} has {", ".join(known)}.')
    return known[key].judge(answer)


def _wrong(sentence: str, **details) -> Feedback:
    return Feedback("wrong", (sentence,), **details)


def _wrong_arguments(answer, solution, case: tuple) -> str:
    """Say which arguments are wanted if the answer cannot be called with these, else ""."""
    try:
        signature = inspect.signature(answer)
    except (ValueError, TypeError):  # some functions have no signature to read
        return ""
    try:
        signature.bind(*case)
    except TypeError:
        wanted = ", ".join(inspect.signature(solution).parameters)
        yours = ", ".join(signature.parameters)
        return f"Your function must take the arguments ({wanted}); it takes ({yours})."
    return ""


_CALLS_A_GAP = (
    "Your function calls one that is not written yet (its value is `...`):"
    " answer that exercise first, or use the library's."
)


def _writes_gap(answer) -> bool:
    """Return whether `...` stands in the answer itself, not only in what it calls."""
    code = answer if isinstance(answer, CodeType) else getattr(answer, "__code__", None)
    if code is None:  # a callable object has no code to look into
        return True
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return has_gap(code.co_consts) or any(map(_writes_gap, inner))


def _blank(): ...


def _blank_with_docstring():
    """Nothing but a docstring."""


def _is_blank(answer, result: Run) -> bool:
    """Return whether nothing has been written yet: the body is `...`, `pass` or a docstring."""
    if not hasattr(answer, "__code__") or not result.values or result.values[0] is not None:
        return False
    blanks = [blank.__code__.co_code for blank in (_blank, _blank_with_docstring)]
    return answer.__code__.co_code in blanks
