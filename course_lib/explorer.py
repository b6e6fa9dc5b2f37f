"""Explorers: sliders and one live figure.

Three parts that never mix, so that all but the last is tested without a browser:

1. a *drawing*: a function that draws the parts that stand still, once, and returns `update`;
2. `update`: moves the artists made with `animated=True`, and returns what is seen, in words;
3. a *view*: sliders, the picture and its words in a notebook. Only this one touches ipywidgets.

Speed: the figure is built once. After a move only the artists with `animated=True` are drawn, over
a copy of everything else ("blitting", Matplotlib's guide to faster rendering). Where `update` also
changes something that stands still, such as the limits of an axis, Matplotlib marks the figure as
stale, and the whole of it is drawn again: slower, never wrong.
"""

import functools
import io
import math
import re
import threading
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from threadpoolctl import ThreadpoolController

from course_lib.drawing import DPI, ORANGE, without_opacity
from course_lib.plotting import show_picture

# A slider moves on another thread than the cells run on, and the number of threads of the linear
# algebra, which an update limits, is one for all: so explorers move one at a time.
_ONE_AT_A_TIME = threading.RLock()

# --- controls -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Control:
    """What can be set: a slider's range, or a list of options. It knows nothing of widgets."""

    kind: str  # "linear", "log", "integer" or "choice"
    start: object
    low: float = 0
    high: float = 0
    step: float = 0
    options: tuple = ()
    label: str = ""

    def checked(self, name, value):
        """Return the value as the control holds it; ValueError where it is out of range."""
        if self.kind == "choice":
            if value in self.options:
                return value
            raise ValueError(f"{name} must be one of {list(self.options)}, not {value!r}")
        as_kind, wanted = (round, "whole number") if self.kind == "integer" else (float, "number")
        if isinstance(value, int | float | np.number) and self.low <= value <= self.high:
            number = as_kind(value)
            if number == value:
                return number
        raise ValueError(f"{name} must be a {wanted} from {self.low} to {self.high}, not {value!r}")

    def samples(self, random):
        """Return the values that a test tries: both ends, the start and one at random."""
        if self.kind == "choice":
            return list(self.options)
        if self.kind == "log":
            between = float(np.exp(random.uniform(np.log(self.low), np.log(self.high))))
        else:
            between = random.uniform(self.low, self.high)
            between = round(between) if self.kind == "integer" else between
        return [self.low, self.high, self.start, between]


def slider(low, high, start, step=None, label=""):
    """A slider for a real number from low to high (100 steps unless told otherwise)."""
    _check_ends(low, high)
    return _with_checked_start(
        Control("linear", start, low, high, step or (high - low) / 100, label=label)
    )


def log_slider(low, high, start, label=""):
    """A slider for a positive number whose order of magnitude matters: equal steps in log₁₀."""
    if low <= 0:
        raise ValueError(f"low must be positive on a logarithmic slider, not {low}")
    _check_ends(low, high)
    step = (math.log10(high) - math.log10(low)) / 100
    return _with_checked_start(Control("log", start, low, high, step, label=label))


def int_slider(low, high, start, label=""):
    """A slider for a whole number from low to high."""
    _check_ends(low, high)
    return _with_checked_start(Control("integer", start, low, high, 1, label=label))


def choice(options, start=None, label=""):
    """A row of buttons, one of which is pressed."""
    options = tuple(options)
    if not options:
        raise ValueError("options must not be empty")
    start = options[0] if start is None else start
    return _with_checked_start(Control("choice", start, options=options, label=label))


def _check_ends(low, high):
    if not low < high:
        raise ValueError(f"low must be below high, not {low} and {high}")


def _with_checked_start(control):
    return replace(control, start=control.checked("start", control.start))


# --- the explorer ---------------------------------------------------------------------------


def explorer(*, presets=None, size=(9, 3.8), **controls):
    """Turn a drawing into an explorer.

    The drawing takes an empty figure, draws what stands still, and returns `update`, which takes
    the controls by name, moves the artists, and returns a sentence. The first line of the
    drawing's docstring is the explorer's question. `presets` maps names to values, for lectures.
    """

    def decorate(draw):
        if not draw.__doc__:
            raise TypeError(
                f"{draw.__name__} must have a docstring: its first line is the question"
            )
        taken = {"reset", "large", "code"} | {
            option for control in controls.values() for option in control.options
        }
        for name, values in (presets or {}).items():
            if name in taken:
                raise ValueError(f"the preset {name!r} must have a name that no other button has")
            for control, value in values.items():
                if control not in controls:
                    raise ValueError(f"the preset {name!r} sets {control!r}, which is no control")
                controls[control].checked(f"{control} of the preset {name!r}", value)

        @functools.wraps(draw)
        def start(**values):
            return Explorer(draw, controls, presets or {}, size, values)

        start.controls = controls
        start.presets = presets or {}
        return start

    return decorate


class Explorer:
    """A figure with controls. In a notebook it shows itself; from code, `set` moves it.

    Attributes: `values` (the controls' values by name), `words` (what is seen, in words),
    `error` (the exception that the last update ended with, or None).
    """

    def __init__(self, draw, controls, presets, size, values):
        self.name = draw.__name__
        self.question = draw.__doc__.strip().splitlines()[0]
        self.controls = controls
        self.presets = presets
        self.error = None
        self._view = None
        self._figure = Figure(figsize=size, dpi=DPI)
        self._canvas = FigureCanvasAgg(self._figure)
        self._update = draw(self._figure)
        if not callable(self._update):
            raise TypeError(f"{self.name} must return its function `update`")
        self._figure.stale = True
        self._paint()
        self._threads = ThreadpoolController()  # small problems are fastest on one thread
        self.values = {name: control.start for name, control in controls.items()}
        self.set(**values)

    def set(self, **values):
        """Move controls by name, and return the explorer; ValueError where a value is unfit."""
        checked = {name: self._control(name).checked(name, v) for name, v in values.items()}
        with _ONE_AT_A_TIME:
            self.values |= checked
            self._move()
            if self._view:
                self._view.refresh()
        return self

    def reset(self):
        """Put every control back to its start, and return the explorer."""
        return self.set(**{name: control.start for name, control in self.controls.items()})

    def preset(self, name):
        """Go to a named state, and return the explorer."""
        if name not in self.presets:
            raise ValueError(f"preset must be one of {list(self.presets)}, not {name!r}")
        return self.set(**self.presets[name])

    @property
    def code(self):
        """The call that opens this explorer in this state."""
        values = ", ".join(f"{name}={value!r}" for name, value in self.values.items())
        return f"explorers.{self.name}({values})"

    @property
    def state(self):
        """The controls' values in words."""
        return " · ".join(
            f"{control.label or name.replace('_', ' ')} = {_short(self.values[name])}"
            for name, control in self.controls.items()
        )

    def pixels(self):
        """Return the picture as it stands, shape (height, width, 4), values 0 to 255."""
        with _ONE_AT_A_TIME:
            return np.asarray(self._canvas.buffer_rgba()).copy()

    def encoded(self, kind, **options):
        """Return the picture as the bytes of a file: "png", or "jpeg", ten times faster."""
        picture, buffer = without_opacity(self.pixels()), io.BytesIO()
        if kind != "jpeg":  # which takes the pixels as they lie
            picture = picture.convert("RGB")
        picture.save(buffer, format=kind, **options)
        return buffer.getvalue()

    def enlarge(self, scale):
        """Draw everything larger by this factor, letters and lines too; return the explorer."""
        with _ONE_AT_A_TIME:
            self._figure.set_dpi(DPI * scale)
        return self.set()

    def _control(self, name):
        if name not in self.controls:
            raise ValueError(f"{self.name} has no {name!r}; it has {list(self.controls)}")
        return self.controls[name]

    def _move(self):
        """Call `update` and paint; whatever goes wrong is said in the picture and in the words."""
        try:
            with self._threads.limit(limits=1), _strict_arithmetic():
                seen = self._update(**self.values)
            if not isinstance(seen, str):
                raise TypeError(f"update must return a sentence, not {type(seen).__name__}")
            if re.search(r"\b(nan|inf)\b", seen):
                raise FloatingPointError(seen)
            self._paint()
            self.error = None
        except Exception as error:
            self.error = error
            seen = _in_plain_words(error)
            self._paint_notice(seen)
        self.words = f"{self.state}: {seen}"

    def _paint(self):
        """Bring the canvas up to date: what stands still, then the artists that move."""
        if self._figure.stale:
            self._canvas.draw()
            self._background = self._canvas.copy_from_bbox(self._figure.bbox)
            moving = self._figure.findobj(lambda artist: artist.get_animated())
            self._moving = sorted(moving, key=lambda artist: artist.get_zorder())
        self._canvas.restore_region(self._background)
        for artist in self._moving:
            self._figure.draw_artist(artist)

    def _paint_notice(self, sentence):
        """Paint a sentence on an empty page; the next good move draws everything anew."""
        page = self._canvas.get_renderer()
        page.clear()
        self._figure.patch.draw(page)
        notice = self._figure.text(
            0.5, 0.5, sentence, ha="center", va="center", wrap=True, fontsize=17,
            bbox={"facecolor": "white", "edgecolor": ORANGE, "linewidth": 3, "pad": 14},
        )  # fmt: skip
        notice.draw(page)
        notice.remove()

    def _ipython_display_(self):
        from course_lib.explorer_view import View

        with _ONE_AT_A_TIME:
            self._view = self._view or View(self)
            show_picture(self.encoded("png"), self.words, *self._view.bundles())


def _strict_arithmetic():
    """NumPy raises where it would warn; a number too small to hold is zero, and that is fine."""
    return np.errstate(all="raise", under="ignore")


def _short(value):
    """Round a number to four digits, for reading."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _in_plain_words(error):
    if isinstance(error, FloatingPointError | OverflowError):
        return "Here the numbers leave what a computer can hold. Move a slider back."
    if isinstance(error, ValueError):
        return f"{error}"
    return f"This state cannot be drawn ({type(error).__name__}: {error}). Move a slider back."
