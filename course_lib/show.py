"""`show(pgd)`: the source of a function or class, where the reader is."""

import ast
import inspect
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Source:
    """Source code that a notebook shows highlighted, as Markdown; elsewhere as plain text."""

    text: str  # Markdown

    def _repr_markdown_(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


def show(*objects, docstring: bool = True) -> Source:
    """Return the source of functions, classes and methods, each headed by its file.

    `docstring=False` leaves all docstrings out. Raises TypeError for what has no Python source.
    """
    if not objects:
        raise TypeError("show wants at least one function, class or method; nothing came")
    return Source("\n\n".join(_block(thing, docstring) for thing in objects))


def _block(thing, docstring: bool) -> str:
    thing = inspect.unwrap(thing) if callable(thing) else thing
    try:
        code = dedent(inspect.getsource(thing)).rstrip()
    except (TypeError, OSError):
        code = ""
    if not code or inspect.ismodule(thing):
        kind = type(thing).__name__
        raise TypeError(
            f"show wants a function, class or method written in Python; {thing!r} ({kind}) came"
        )
    return f"`{_home(thing)}`\n\n```python\n{code if docstring else _without_docstrings(code)}\n```"


def _home(thing) -> str:
    """Name the file as seen from the repository, or the module of a library from elsewhere."""
    path = Path(inspect.getsourcefile(thing)).resolve()
    if path.is_relative_to(_ROOT / "course_lib"):
        return path.relative_to(_ROOT).as_posix()
    return "this notebook" if thing.__module__ == "__main__" else thing.__module__


def _without_docstrings(code: str) -> str:
    """Drop the lines of every docstring; a body that has nothing else keeps its own."""
    lines = code.splitlines()
    dropped = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first, *others = node.body
            end = first.end_lineno
            if ast.get_docstring(node) is not None and others and others[0].lineno > end:
                dropped |= set(range(first.lineno, end + 1 + (not lines[end].strip())))
    return "\n".join(line for number, line in enumerate(lines, 1) if number not in dropped)
