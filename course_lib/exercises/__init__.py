"""The exercises: one module a lesson, each with its solution, slips and hints.

A lesson's module says its number in a line of its own, `LESSON = "01"`, and lists its exercises in
`EXERCISES`. `modules` reads that line without importing, so that lesson 01 never loads lesson 07.
"""

import importlib
import re
from pathlib import Path

_NUMBER = re.compile(r'^LESSON = "(\d\d)"$', re.MULTILINE)


def modules() -> dict[str, str]:
    """Return {lesson number: module name} for every module here that names its lesson."""
    found = {}
    for path in sorted(path for folder in __path__ for path in Path(folder).glob("*.py")):
        number = _NUMBER.search(path.read_text(encoding="utf-8"))
        if number:
            found[number[1]] = f"{__name__}.{path.stem}"
    return dict(sorted(found.items()))


def exercises(lesson: str) -> dict:
    """Return {key: exercise} of one lesson, such as "01"; KeyError if it has none."""
    module = importlib.import_module(modules()[lesson])
    return {exercise.key: exercise for exercise in module.EXERCISES}
