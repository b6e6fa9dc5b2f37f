"""Lesson 00: one exercise that shows what feedback looks like."""

import numpy as np

from course_lib.exercise import Exercise

LESSON = "00"


def double_plus_one(x):
    return 2 * x + 1


DOUBLE_PLUS_ONE = Exercise(
    key="00.1",
    title="a function of your own",
    task="Return 2·x + 1.",
    solution=double_plus_one,
    inputs=lambda random: [(0.0,), (1.0,), *((float(x),) for x in random.normal(0, 10, 8))],
    slips={
        "the + 1 is missing: at x = 0 the function should give 1.": lambda x: 2 * x,
        "this is x² + 1: twice x is 2 * x; x ** 2 is x times itself.": lambda x: x**2 + 1,
        "this is 2·(x + 1): multiply first, then add.": lambda x: 2 * (x + 1),
        "this is half of x: multiply, do not divide.": lambda x: x / 2 + 1,
        "the sign is wrong: + 1, not − 1.": lambda x: 2 * x - 1,
    },
    hints=(
        "In Python, multiplication is written with a star: 2 * x.",
        "Replace the three dots after return by 2 * x + 1.",
    ),
)


def best_of(losses):
    return int(np.argmin(losses))


BEST_OF = Exercise(
    key="00.2",
    title="step three: pick the best",
    task="From the losses of several functions, return the index of the best one.",
    solution=best_of,
    inputs=lambda random: [
        (np.array([3.0, 1.0]),),
        *((random.permutation(n).astype(float),) for n in (3, 5, 9)),
    ],  # fmt: skip
    slips={
        "this is the worst function: a loss says how bad a function is, so the smallest wins.": (
            lambda losses: int(np.argmax(losses))
        ),
        "this is the smallest loss itself; its position in the array is wanted.": np.min,
        "this counts from 1; Python counts from 0.": lambda losses: int(np.argmin(losses)) + 1,
    },
    hints=(
        "The best function has the smallest loss. NumPy can say where an array is smallest.",
        "np.argmin(losses)",
    ),
)

EXERCISES = [DOUBLE_PLUS_ONE, BEST_OF]
