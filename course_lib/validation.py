"""Checks of arguments: the values are what they should be, or a plain sentence says why not.

Every check takes the value and the name of the argument, and returns the value in the form
that the mathematics wants (float64 arrays, plain `int` and `float`).
"""

import math
import operator

import numpy as np

QUICKLY = 1000  # numbers: so few are checked faster in one product than one by one


class DivergedError(ValueError):
    """A training came to a loss that is no finite number: its setting is at fault, not our code."""


def as_array(values, name, ndim=None, keep_single=False):
    """`values` as a float64 array, finite and not empty; `ndim` is a number or a tuple of them.

    With `keep_single` a float32 array stays one: for networks, which need speed more than digits.
    """
    try:
        array = np.asarray(values)
        casting = "unsafe" if array.dtype == object else "same_kind"  # no text, no complex numbers
        if not (keep_single and array.dtype == np.float32):
            array = array.astype(np.float64, casting=casting, copy=False)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must hold real numbers, came {_describe(values)}") from None
    allowed = (ndim,) if isinstance(ndim, int) else ndim
    if allowed is not None and array.ndim not in allowed:
        wanted = " or ".join(f"{n}-dimensional" for n in allowed)
        raise ValueError(f"{name} must be {wanted}, came an array of shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, came an array of shape {array.shape}")
    quickly = array.size < QUICKLY and math.isfinite(np.vdot(array, array))  # NaN and ∞ would show
    if not quickly and not np.isfinite(array).all():
        bad = np.count_nonzero(~np.isfinite(array))
        raise ValueError(f"{name} must be finite, {bad} of {array.size} values are NaN or infinite")
    return array


def as_design(X, features=None):
    """`X` as an array of shape (n_samples, n_features), with as many `features` as a fit saw."""
    array = as_array(X, "X")
    if array.ndim != 2:
        raise ValueError(
            f"X must have shape (n_samples, n_features), came shape {array.shape}: "
            "write x[:, None] for one feature"
        )
    if features is not None and array.shape[1] != features:
        raise ValueError(f"X must have {features} features as in fit, came {array.shape[1]}")
    return array


def as_integer(value, name, minimum):
    """`value` as an `int` that is at least `minimum`."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, came {_describe(value)}") from None
    if number < minimum:
        raise ValueError(f"{name} must be at least {minimum}, came {number}")
    return number


def as_number(value, name, minimum=-math.inf, above=-math.inf, maximum=math.inf):
    """`value` as a finite `float` with `minimum` <= value <= `maximum` and value > `above`."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, came {_describe(value)}") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} must be a finite number, came {number}")
    if number < minimum:
        raise ValueError(f"{name} must be at least {minimum:g}, came {number:g}")
    if number <= above:
        raise ValueError(f"{name} must be greater than {above:g}, came {number:g}")
    if number > maximum:
        raise ValueError(f"{name} must be at most {maximum:g}, came {number:g}")
    return number


def as_option(value, name, options):
    """`value`, which must be one of the options, texts."""
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{name} must be one of {', '.join(options)}, came {value!r}")
    return value


def check_same_length(**arrays):
    """Raise a ValueError unless all arrays have as many rows: `check_same_length(X=X, y=y)`."""
    if len({len(array) for array in arrays.values()}) > 1:
        lengths = ", ".join(f"{name} {len(array)}" for name, array in arrays.items())
        raise ValueError(f"{' and '.join(arrays)} must have the same length, came {lengths}")


def check_same_shape(**arrays):
    """Raise a ValueError unless all arrays have one shape: `check_same_shape(y=y, truth=truth)`."""
    if len({array.shape for array in arrays.values()}) > 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"{' and '.join(arrays)} must have the same shape, came {shapes}")


def check_images(x):
    """Raise a ValueError unless x has four axes: (n, channels, height, width)."""
    if x.ndim != 4:
        came = tuple(x.shape)
        raise ValueError(f"x must have the shape (n, channels, height, width), came {came}")


def check_fitted(estimator, attribute):
    """Raise a ValueError unless `fit` has given the estimator this attribute."""
    if not hasattr(estimator, attribute):
        raise ValueError(f"this {type(estimator).__name__} is not fitted yet: call fit first")


def check_broadcast(**arrays):
    """Raise a ValueError unless the shapes broadcast: `check_broadcast(w=w, b=b)`."""
    try:
        np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"{' and '.join(arrays)} must broadcast, came {shapes}") from None


def _describe(value):
    text = repr(value)
    return f"{text[:60]}…" if len(text) > 60 else text
