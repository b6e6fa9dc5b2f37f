"""A progress bar for what takes seconds, in a notebook."""

import html

from course_lib.saving import WIDGET_VIEW
from course_lib.validation import as_integer


class ProgressBar:
    """Call it once a step with a sentence: `fit(…, progress=ProgressBar(12))` for 12 epochs.

    It is a bar and the sentence beside it. A saved notebook keeps neither: what was found is said
    by the cell that shows it. (In a terminal, `progress=print` does.)
    """

    def __init__(self, steps):
        from ipywidgets import HTML

        self.steps, self.done = as_integer(steps, "steps", minimum=1), 0
        self._view = HTML()
        self._shown = False

    def __call__(self, sentence):
        """Go one step further."""
        self.done += 1
        self._view.value = (
            f'<progress max="{self.steps}" value="{self.done}" style="width: 14em"></progress> '
            f"{html.escape(sentence)}"
        )
        if not self._shown:
            self._show()

    def _show(self):
        from IPython.display import display

        view = {"version_major": 2, "version_minor": 0, "model_id": self._view.model_id}
        display(
            {"text/plain": f"(a bar of {self.steps} steps while it runs)", WIDGET_VIEW: view},
            raw=True,
        )
        self._shown = True
