"""`show` gives the source that runs, headed by where it lives."""

import ast
import functools
import math
import textwrap

import pytest

from course_lib.claims import Claims
from course_lib.show import Source, _without_docstrings, show


def documented(x):
    """Say something.

    At length.
    """

    def inner():
        "Deep."
        return 'a "string", not a docstring'

    return x, inner


class Holder:
    """A class."""

    size = 3

    def only_a_docstring(self):
        """This body has nothing else."""


@functools.cache
def cached(x):
    return x


def code_of(source):
    text = source._repr_markdown_()
    return text.split("```python\n")[1].removesuffix("\n```")


@pytest.mark.parametrize("thing", [documented, Holder, Claims, Claims.add, Claims().add, show])
def test_source_is_dedented_python_in_a_fence(thing):
    tree = ast.parse(code_of(show(thing)))
    assert [node.name for node in tree.body] == [thing.__name__]


@pytest.mark.parametrize("thing", [Claims, Claims.add])
def test_the_heading_names_the_file_in_the_library(thing):
    assert show(thing)._repr_markdown_().startswith("`course_lib/claims.py`\n\n```python\n")


def test_the_heading_of_what_lives_elsewhere_names_its_module():
    assert show(textwrap.dedent)._repr_markdown_().startswith("`textwrap`\n")


def test_several_objects_follow_each_other():
    assert show(Claims, show)._repr_markdown_().count("```python\n") == 2


def test_a_decorated_function_is_shown_with_its_decorator():
    assert code_of(show(cached)).startswith("@functools.cache\ndef cached")


def test_docstrings_can_be_left_out_and_nothing_else():
    assert code_of(show(documented, docstring=False)) == (
        "def documented(x):\n"
        "    def inner():\n"
        "        return 'a \"string\", not a docstring'\n\n"
        "    return x, inner"
    )


def test_a_body_that_is_only_a_docstring_keeps_it():
    shown = code_of(show(Holder, docstring=False))
    assert "A class." not in shown
    assert '"""This body has nothing else."""' in shown


def test_a_docstring_that_shares_its_line_with_code_stays():
    code = 'def f(): "Say."; return 1'
    assert _without_docstrings(code) == code


def test_plain_text_holds_the_same_words():
    source = show(Claims.add)
    assert isinstance(source, Source)
    assert repr(source) == source._repr_markdown_()


@pytest.mark.parametrize(
    ("things", "came"),
    [((3,), r"3 \(int\)"), ((len,), "built-in function len"), ((math,), "module"), ((), "nothing")],
)
def test_what_has_no_python_source_is_refused_by_name(things, came):
    with pytest.raises(TypeError, match=f"show wants .*{came}"):
        show(*things)
