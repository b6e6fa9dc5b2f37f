"""How `check` runs a student's function: on copies, in silence, for a limited time.

Python cannot kill a thread, but it can raise an exception in one; a thread is the only such way
that works on every platform and inside a Jupyter kernel.
"""

import ctypes
import io
import linecache
import sys
import traceback
import warnings
from contextlib import contextmanager, redirect_stdout, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from threading import Thread

from course_lib._comparing import changed


@dataclass
class Run:
    """What a function did: its values case by case, up to the case that stopped it."""

    values: list = field(default_factory=list)
    stopped: str = ""  # one sentence: why it did not reach the last case
    error: type | None = None  # the kind of exception that stopped it
    gap: bool = False  # it stopped because a `...` is still in the student's code
    changed: set = field(default_factory=set)  # positions of the arguments that it changed
    printed: str = ""
    over: bool = False  # none of the student's code runs any more


class _TimeIsUp(BaseException):
    """No subclass of Exception: `except Exception: pass` in a student's loop must not catch it."""


class _FirstWords(io.TextIOBase):
    """A stdout that keeps the first 200 characters: an endless loop may print for ever."""

    words = ""

    def write(self, text: str) -> int:
        self.words += text[: 200 - len(self.words)]
        return len(text)


def run(function, cases, seconds: float) -> Run:
    """Call `function` on a copy of every case, for so many seconds in all."""
    result = Run()
    worker = Thread(target=_work, args=(function, cases, result), daemon=True)
    printed = _FirstWords()
    with redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        worker.start()
        try:
            worker.join(seconds)
        finally:  # also when the student presses «interrupt»
            with _nothing_said_of_what_python_ignores():
                _stop(worker, result)
    if not result.stopped and len(result.values) < len(cases):
        result.stopped = (
            f"Your function did not end in {seconds:g} s: an endless loop, or a slow import?"
        )
        result.stopped += "" if result.over else " It is still running: restart the kernel."
    result.printed = printed.words
    return result


def _work(function, cases, result: Run) -> None:
    with suppress(_TimeIsUp):
        try:
            _call(function, cases, result)
        finally:  # before the function's variables are freed: a long list takes its time
            result.over = True


def _call(function, cases, result: Run) -> None:
    for case in cases:
        arguments = deepcopy(case)
        try:
            value = function(*arguments)
        except _TimeIsUp:
            raise
        except BaseException as error:  # SystemExit, too: nothing an answer raises may escape
            result.stopped, result.error = _explain(error), type(error)
            result.gap = isinstance(error, TypeError) and "ellipsis" in str(error)
            return
        pairs = enumerate(zip(case, arguments, strict=True))
        result.changed |= {i for i, pair in pairs if changed(*pair)}
        result.values.append(value)


def _stop(worker: Thread, result: Run) -> None:
    """Raise `_TimeIsUp` in the thread until the student's code is over, for a second at most.

    Once is not enough: a bare `except:` may swallow it. Code in C sees none until it returns.
    Once it is over, one more would have nobody to catch it.
    """
    for _ in range(20):
        if not worker.is_alive():
            break
        if not result.over:
            identity = ctypes.c_ulong(worker.ident)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(identity, ctypes.py_object(_TimeIsUp))
        worker.join(0.05)


@contextmanager
def _nothing_said_of_what_python_ignores():
    """No report where `_TimeIsUp` comes in a `__del__` or a callback of the garbage collector.

    Nothing can be raised there: Python goes on, and would print "Exception ignored in …".
    """
    report = sys.unraisablehook
    sys.unraisablehook = lambda seen: None if seen.exc_type is _TimeIsUp else report(seen)
    try:
        yield
    finally:
        sys.unraisablehook = report


def _explain(error: BaseException) -> str:
    """Say an exception in one sentence, with the line of the student's own code."""
    words = (str(error).splitlines() or [""])[0][:200]
    if isinstance(error, RecursionError):
        words = "it calls itself without end"
    sentence = f"Your function raised {type(error).__name__}: {words}".rstrip(": .")
    return f"{sentence}{_line(error)}.{_advice(error, words)}"


def _advice(error: BaseException, words: str) -> str:
    """Say what two of Python's and NumPy's riddles mean."""
    if isinstance(error, TypeError) and ("'bitwise_xor'" in words or "for ^" in words):
        return " In Python a power is `**`; `^` is something else."
    if isinstance(error, TypeError) and "numpy boolean" in words:
        return " Make numbers of True and False first: 1 * (… > 0)."
    return ""


def _line(error: BaseException) -> str:
    """Quote the innermost line of the student's file; it is the first file after this one."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    own = [frame for frame in frames if frame.filename == frames[0].filename]
    if not own:
        return ""
    code = linecache.getline(own[-1].filename, own[-1].lineno).strip()
    return f", in your line `{code}`" if code else f", in line {own[-1].lineno} of your code"
