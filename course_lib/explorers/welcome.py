"""Lesson 00: the smallest explorer."""

import numpy as np

from course_lib.drawing import BLUE, ORANGE
from course_lib.explorer import explorer, slider


@explorer(
    w=slider(-1, 3, start=0, step=0.01, label="slope w"),
    presets={"far too flat": {"w": 0.3}, "far too steep": {"w": 2.7}},
)
def one_slider(figure):
    """Which of these functions y = w·x fits the five points best?"""
    x, y = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([1.9, 3.1, 5.2, 5.8, 7.9])
    axes = figure.subplots()
    axes.set(
        title="A set of functions: y = w·x", xlabel="x", ylabel="y", xlim=(0, 6), ylim=(-6, 12)
    )
    axes.plot(x, y, "o", color=BLUE)
    (line,) = axes.plot([], [], color=ORANGE, animated=True)

    def update(w):
        line.set_data([0, 6], [0, 6 * w])
        loss = np.sum((y - w * x) ** 2)
        return f"the sum of the squared errors is {loss:.3g}"

    return update
