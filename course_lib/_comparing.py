"""How `check` compares what came with what is wanted, and says both in words.

`misfit` says what is wrong with the *kind* of an answer (type, shape, length, NaN) without giving
the answer away; `agree` compares the values; `readable` shows a value on a line or two.
"""

from numbers import Number

import numpy as np

MOST_ENTRIES = 24  # an array with more entries is shortened
_BIRTHS_OF_NAN = "it is born of 0/0, 0 · ∞, ∞ − ∞ or the log of a negative number"
_BIRTHS_OF_INFINITY = "look for a division by zero, the log of 0 or an exp that overflows"


def agree(came, wanted, tolerance: float) -> bool:
    """Return whether |came − wanted| ≤ tolerance · (1 + |wanted|) throughout; NaN equals NaN.

    Lists and tuples agree item by item, texts whatever their case, outer spaces and -iz- or -is-.
    """
    if misfit(came, wanted):
        return False
    if isinstance(wanted, dict):
        return all(agree(came[key], wanted[key], tolerance) for key in wanted)
    if isinstance(wanted, (list, tuple)):
        return all(agree(a, b, tolerance) for a, b in zip(came, wanted, strict=True))
    if isinstance(wanted, str):
        return _plain(came) == _plain(wanted)
    if (numbers := as_numbers(wanted)) is not None:
        close = np.isclose(as_numbers(came), numbers, tolerance, tolerance, equal_nan=True)
        return bool(np.all(close))
    return bool(came == wanted)


def _plain(text: str) -> str:
    return text.strip().casefold().replace("iz", "is")  # regularize, regularise


def misfit(came, wanted, item: bool = False) -> str:
    """Return one sentence on what is wrong with the kind of `came`, or "" if the kind is right.

    An `item` of a sequence may stand in another's place: how its shape arose is not guessed.
    """
    if came is None and wanted is not None:
        return "Nothing (None) came: did you forget `return`?"
    if isinstance(wanted, dict):
        return _misfit_of_dict(came, wanted)
    if isinstance(wanted, (list, tuple)):
        return _misfit_of_sequence(came, wanted)
    if (numbers := as_numbers(wanted)) is not None:
        return _misfit_of_numbers(came, numbers, item or isinstance(came, (list, tuple)))
    return "" if isinstance(came, type(wanted)) else _unlike(came, wanted)


def _misfit_of_dict(came, wanted) -> str:
    if not isinstance(came, dict):
        return _unlike(came, wanted)
    if came.keys() != wanted.keys():
        return f"The keys {list(came)} came; {list(wanted)} are wanted."
    sentences = (_inside(f"At key {key!r}", misfit(came[key], wanted[key])) for key in wanted)
    return next(filter(None, sentences), "")


def _misfit_of_sequence(came, wanted) -> str:
    if not isinstance(came, (list, tuple)) and not (hasattr(came, "__len__") and np.ndim(came)):
        return _unlike(came, wanted)
    if len(came) != len(wanted):
        verb = "is" if len(wanted) == 1 else "are"
        return f"{_values(len(came))} came; {len(wanted)} {verb} wanted."
    sentences = (
        _inside(f"In value {i}", misfit(part, right, item=True))
        for i, (part, right) in enumerate(zip(came, wanted, strict=True), 1)
    )
    return next(filter(None, sentences), "")


def _inside(place: str, sentence: str) -> str:
    """Put a place before a sentence: "In value 1: …", or "In value 1, value 2: …"."""
    if sentence.startswith(("In value ", "At key ")):
        return f"{place}, {sentence[3:]}"
    return sentence and f"{place}: {sentence}"


def _misfit_of_numbers(came, wanted: np.ndarray, item: bool) -> str:
    numbers = as_numbers(came)
    if numbers is None or (wanted.dtype == bool and numbers.dtype != bool):
        return _unlike(came, wanted)
    if numbers.shape != wanted.shape:
        return _misfit_of_shape(numbers.shape, wanted.shape, item)
    if np.any(np.isnan(numbers) & ~np.isnan(wanted)):
        return f"NaN (not a number) came: {_BIRTHS_OF_NAN}."
    if np.any(np.isinf(numbers) & np.isfinite(wanted)):
        return f"An infinite number came: {_BIRTHS_OF_INFINITY}."
    return ""


def _misfit_of_shape(came: tuple, wanted: tuple, item: bool) -> str:
    came_words, wanted_words = (f"shape {s}" if s else "a single number" for s in (came, wanted))
    sentence = f"{came_words[0].upper()}{came_words[1:]} came; {wanted_words} is wanted."
    return f"{sentence} {_advice_on_shape(came, wanted, item)}".rstrip()


def _advice_on_shape(came: tuple, wanted: tuple, item: bool) -> str:
    if not wanted:
        return "Is a sum missing, or an index?"
    n = max(wanted)
    if n > 1 and came == (n, n) and wanted in [(n,), (n, 1)]:
        advice = f"A column ({n}, 1) may have met a row ({n},): NumPy makes ({n}, {n}) of the two."
        return "" if item else advice
    if len(wanted) == 2 and came == wanted[::-1]:
        return "Rows and columns have changed places: see `.T`."
    if wanted == (n,) and came == (n, 1):
        return "A column came: `.ravel()` makes it one-dimensional."
    return ""


def _unlike(came, wanted) -> str:
    kind = _kind(wanted)
    advice = ": call it, with its parentheses" if callable(came) else ""
    return f"{kind[0].upper()}{kind[1:]} is wanted; {_kind(came)} came{advice}."


def _kind(value) -> str:
    """Name the kind of a value, without the value itself where it is data."""
    if isinstance(value, (str, dict)):
        return "a text" if isinstance(value, str) else "a dictionary"
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__} of {_values(len(value))}"
    if (numbers := as_numbers(value)) is not None:
        one, many = ("True or False",) * 2 if numbers.dtype == bool else ("a number", "numbers")
        return f"an array of {many}, shape {numbers.shape}" if numbers.ndim else one
    if callable(value):
        return "a function"
    return "None" if value is None else f"an object of type {type(value).__name__}"


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count} values"


def as_numbers(value) -> np.ndarray | None:
    """Return numbers, an array, a list of numbers or a tensor as an array; None for the rest."""
    if isinstance(value, (str, bytes, dict)):
        return None
    try:
        if hasattr(value, "detach"):  # a torch tensor, without importing torch
            value = value.detach().cpu()
        array = np.asarray(value)
    except Exception:  # a ragged list, or a student's own class with a broken `__array__`
        return None
    return array if array.dtype.kind in "biufc" else None


def has_numbers(value) -> bool:
    """Return whether numbers are in the value: a tolerance has a meaning for them alone."""
    if isinstance(value, (dict, list, tuple)):
        return any(map(has_numbers, value.values() if isinstance(value, dict) else value))
    numbers = as_numbers(value)
    return numbers is not None and numbers.dtype != bool


def has_gap(value) -> bool:
    """Return whether `...`, the mark of what is still to be written, is in the value."""
    if isinstance(value, dict):
        return has_gap(list(value.values()))
    if isinstance(value, np.ndarray) and value.dtype == object:
        return has_gap(value.ravel().tolist())
    return value is ... or (isinstance(value, (list, tuple)) and any(map(has_gap, value)))


def changed(before, after) -> bool:
    """Return whether data (numbers, texts, arrays, containers of them) differ in any bit.

    Other objects, such as a random generator or a model, may change: that is what they are for.
    """
    if isinstance(before, dict):
        return before.keys() != after.keys() or any(changed(before[k], after[k]) for k in before)
    if isinstance(before, (list, tuple)):
        return len(before) != len(after) or any(map(changed, before, after))
    if hasattr(before, "__array__"):
        old, new = as_numbers(before), as_numbers(after)
        return old is not None and (old.shape != new.shape or old.tobytes() != new.tobytes())
    return isinstance(before, Number | str) and before is not after and before != after


def readable(value, digits: int = 4, entries: int = MOST_ENTRIES) -> str:
    """Show a value with so many significant digits; what is longer than `entries` is shortened."""
    if isinstance(value, dict):
        inside = (f"{key!r}: {readable(item, digits, entries)}" for key, item in value.items())
        return "{" + ", ".join(inside) + "}"
    if isinstance(value, (list, tuple)) and len(value) <= entries:
        inside = ", ".join(readable(item, digits, entries) for item in value)
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' * (len(value) == 1)})"
    numbers = as_numbers(value)
    if numbers is None:
        words = getattr(value, "__name__", None) or _text(value)
        return words if len(words) <= 100 else words[:97] + "..."
    return _readable_array(numbers, digits, entries) if numbers.ndim else _number(value, digits)


def _text(value) -> str:
    try:
        return repr(value)
    except Exception as error:  # a student's own class, or an int of 5,000 digits
        return f"an object of type {type(value).__name__} (showing it: {type(error).__name__})"


def _readable_array(array: np.ndarray, digits: int, entries: int) -> str:
    shown = np.array2string(
        array,
        separator=", ",
        threshold=entries,
        formatter={"float_kind": lambda number: _number(number, digits)},
    )
    return shown if 0 < array.size <= entries else f"{shown} (shape {array.shape})"


def _number(number, digits: int) -> str:
    number = as_numbers(number).item()
    return str(number) if isinstance(number, int) else f"{number:.{digits}g}"


def told_apart(came, wanted) -> tuple[str, str]:
    """Show two values that differ with as few digits as tell them apart."""
    for digits, entries in [(4, MOST_ENTRIES), (9, MOST_ENTRIES), (17, 1000)]:
        texts = readable(came, digits, entries), readable(wanted, digits, entries)
        if texts[0] != texts[1]:
            break
    return texts
