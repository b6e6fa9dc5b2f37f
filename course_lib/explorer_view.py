"""The explorer in a notebook: sliders, buttons, the picture and its words (ipywidgets)."""

import base64
import html
import math

import ipywidgets as widgets

from course_lib.saving import WIDGET_VIEW

LECTURE_SCALE = 1.5


class View:
    """The live widgets of one explorer. The explorer calls `refresh`; a hand calls `set`."""

    def __init__(self, explorer):
        self.explorer = explorer
        self.scale = 1.0
        self.controls = {name: _control(name, c) for name, c in explorer.controls.items()}
        for name, control in self.controls.items():
            control.observe(lambda change, name=name: self._moved(name, change.new), "value")
        self.picture = widgets.HTML()  # and its words: one message to the browser, one frame
        self.nothing = widgets.HTML(layout={"display": "none"})
        self.code = widgets.Text(disabled=True, layout={"width": "auto", "display": "none"})
        self.box = widgets.VBox(
            [
                widgets.HTML(f"<b>{html.escape(explorer.question)}</b>"),
                widgets.HBox(list(self.controls.values()), layout={"flex_flow": "row wrap"}),
                widgets.HBox(self._buttons(), layout={"flex_flow": "row wrap"}),
                self.code,
                self.picture,
            ],
            layout={"max_width": "100%"},
        )
        self.refresh()

    def refresh(self):
        """Show the explorer's state: the picture first, since the eye waits for it."""
        self.picture.value = _image(self.explorer) + _words(self.explorer, 15 * self.scale)
        if self.code.layout.display != "none":
            self.code.value = self.explorer.code
        for name, control in self.controls.items():
            control.value = self.explorer.values[name]

    def bundles(self):
        """Return the live views for the two outputs of a picture: all in the first one.

        The second output has the words of a notebook without a kernel; a live one does not need it.
        """
        return tuple({WIDGET_VIEW: _view(widget)} for widget in (self.box, self.nothing))

    def _moved(self, name, value):
        control = self.explorer.controls[name]
        if control.kind != "choice":  # 10 ** log10(high) can lie a rounding error above high
            value = min(max(value, control.low), control.high)
        if not _same_place(control, value, self.explorer.values[name]):
            self.explorer.set(**{name: value})

    def _buttons(self):
        presets = [
            _button(n, lambda _, n=n: self.explorer.preset(n)) for n in self.explorer.presets
        ]
        reset = _button("reset", lambda _: self.explorer.reset())
        large = _toggle("large", "for the lecture hall", lambda change: self._resize(change.new))
        code = _toggle("code", "this state as code", lambda change: self._show_code(change.new))
        return [*presets, reset, large, code]

    def _resize(self, large):
        self.scale = LECTURE_SCALE if large else 1.0
        self.explorer.enlarge(self.scale)

    def _show_code(self, shown):
        self.code.layout.display = "" if shown else "none"
        self.code.value = self.explorer.code


def _same_place(control, value, other):
    """Whether a slider shows both values at the same step: it moves a value to the nearest one."""
    if control.kind == "choice":
        return value == other
    if control.kind == "log":
        value, other = math.log10(value), math.log10(other)
    return abs(value - other) < 0.51 * control.step


def _image(explorer):
    """Return the picture as HTML that holds its own data: the browser need not ask for them.

    That is why it is not a `widgets.Image`, for whose picture the browser must ask. The width and
    the height keep the page from jumping, and `decoding="sync"` keeps it from showing a picture
    that is not there yet.
    """
    height, width = explorer.pixels().shape[:2]
    data = base64.b64encode(explorer.encoded("jpeg", quality=85, subsampling=0)).decode()
    return (
        f'<img class="explorer" alt="" width="{width}" height="{height}" decoding="sync" '
        f'style="display: block; max-width: 100%; height: auto" '
        f'src="data:image/jpeg;base64,{data}">'
    )


def _words(explorer, size):
    """Return the words as HTML, in letters of this many pixels, room for two lines."""
    return (
        f'<div role="status" style="font-size: {size:.0f}px; line-height: 1.4; '
        f'min-height: 2.8em">{html.escape(explorer.words)}</div>'
    )


def _view(widget):
    return {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}


def _button(text, action):
    button = widgets.Button(description=text, layout={"width": "auto"})
    button.on_click(action)
    return button


def _toggle(text, tooltip, action):
    toggle = widgets.ToggleButton(description=text, tooltip=tooltip, layout={"width": "auto"})
    toggle.observe(action, "value")
    return toggle


def _control(name, control):
    """Return the widget for a control."""
    common = {
        "description": control.label or name.replace("_", " "),
        "value": control.start,
        "style": {"description_width": "initial"},
        "layout": {"width": "430px", "max_width": "100%"},
    }
    bounds = {"min": control.low, "max": control.high, "step": control.step}
    if control.kind == "choice":
        common["style"] |= {"button_width": "auto"}
        return widgets.ToggleButtons(options=control.options, **common | {"layout": {}})
    if control.kind == "integer":
        return widgets.IntSlider(**common, **bounds)
    if control.kind == "log":
        bounds |= {"min": math.log10(control.low), "max": math.log10(control.high)}
        return widgets.FloatLogSlider(**common, **bounds, readout_format=".3g")
    decimals = max(0, math.ceil(-math.log10(control.step)))
    return widgets.FloatSlider(**common, **bounds, readout_format=f".{decimals}f")
