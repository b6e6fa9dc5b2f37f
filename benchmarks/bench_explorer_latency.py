"""From key press to painted picture: one figure as an Explorer and with `interact`.

    python benchmarks/bench_explorer_latency.py [ROUNDS]

In one run, in a real JupyterLab with headless Chromium: a figure with two panels, a curve and its
slope, moved one step at a time by the keyboard. Ten steps of the one, ten of the other, and again:
the two share whatever else the machine does. The clock is that of the page, from the time stamp of
the key to the frame in which the new picture was painted.
"""

import os
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])

import nbformat  # noqa: E402
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook  # noqa: E402

from tests.lab import Lab, find_chromium  # noqa: E402

STEPS = 10
CURVES = """
import numpy as np

x = np.linspace(0, 6, 200)

def curves(frequency):
    return np.sin(frequency * x), frequency * np.cos(frequency * x)

def label(left, right):
    left.set(title="a wave", xlabel="x", ylabel="y", xlim=(0, 6), ylim=(-1.2, 1.2))
    right.set(title="its slope", xlabel="x", ylabel="dy/dx", xlim=(0, 6), ylim=(-5, 5))
"""
EXPLORER = """
from course_lib.explorer import explorer, slider

@explorer(frequency=slider(0, 5, start=1))
def wave(figure):
    '''How fast does it go up and down?'''
    left, right = figure.subplots(1, 2)
    label(left, right)
    lines = [axes.plot([], [], animated=True)[0] for axes in (left, right)]

    def update(frequency):
        for line, y in zip(lines, curves(frequency)):
            line.set_data(x, y)
        return "a wave and its slope"

    return update

wave()
"""
INTERACT = """
import matplotlib.pyplot as plt
from ipywidgets import FloatSlider, interact

@interact(frequency=FloatSlider(value=1, min=0, max=5, step=0.05))
def wave(frequency):
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8))
    label(left, right)
    for axes, y in zip((left, right), curves(frequency)):
        axes.plot(x, y)
    plt.show()
"""


def measure(rounds):
    """Return the milliseconds of every step, after one round to warm up: explorer, interact."""
    with tempfile.TemporaryDirectory() as folder:
        cells = [new_markdown_cell("# A wave"), *map(new_code_cell, [CURVES, EXPLORER, INTERACT])]
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        nbformat.write(new_notebook(cells=cells, metadata=metadata), Path(folder, "wave.ipynb"))
        with Lab(folder) as lab:
            notebook = lab.open("wave.ipynb")
            notebook.run_all()
            handles = notebook.page.locator(".noUi-handle")
            handles.nth(1).wait_for()
            times = [], []
            for i in range(rounds + 1):
                for handle, seen in zip(handles.all(), times, strict=True):
                    handle.focus()
                    for _ in range(STEPS):
                        seen.append(notebook.time_key(["ArrowRight", "ArrowLeft"][i % 2]))
                        notebook.settle()
            assert notebook.troubles == []
            notebook.close()
    return [seen[STEPS:] for seen in times]


def main(rounds=6):
    if not find_chromium():
        sys.exit("This benchmark needs Chromium, Chrome or Edge.")
    medians = []
    for name, times in zip(("Explorer", "interact"), measure(rounds), strict=True):
        medians.append(statistics.median(times))
        late = statistics.quantiles(times, n=20)[-1]
        print(
            f"{name:10}median {medians[-1]:6.1f} ms   95 % within {late:6.1f} ms   n = {len(times)}"
        )
    print(f"The Explorer is {medians[1] / medians[0]:.1f} times as fast (wanted: at least 5).")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
