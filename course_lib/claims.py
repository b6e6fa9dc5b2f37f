"""Claims: what the lecture notes say beside what this run measured, in one closing table."""

from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

_COLUMNS = ("", "claim", "claimed", "measured", "why")
_CELL = 'style="text-align:left; padding:0.2em 0.8em; vertical-align:top"'


@dataclass(frozen=True)
class Claim:
    """One row of the table; a notebook shows it as one line where it was measured."""

    name: str
    claimed: Any
    measured: Any
    holds: bool
    because: str = ""

    @property
    def verdict(self) -> str:
        """ "✓ holds", "≠ differs" (and `because` says why), or "✗ fails"."""
        if self.holds:
            return "✓ holds"
        return "≠ differs" if self.because else "✗ fails"

    @property
    def row(self) -> tuple[str, ...]:
        """The texts of the five cells: verdict, name, claimed, measured, because."""
        numbers = _rounded(self.claimed), _rounded(self.measured)
        return (self.verdict, self.name, *numbers, self.because)

    def __repr__(self) -> str:
        verdict, name, claimed, measured, because = self.row
        line = f"{verdict}: {name} · claimed {claimed} · measured {measured}"
        return f"{line} · {because}" if because else line

    def _repr_html_(self) -> str:
        verdict, name, claimed, measured, because = map(escape, self.row)
        lines = [f"<strong>{verdict}: {name}</strong>", f"claimed {claimed} · measured {measured}"]
        text = "<br>".join(filter(None, [*lines, because]))
        return f'<p style="font-size:110%; margin:0.3em 0">{text}</p>'


@dataclass
class Claims:
    """The claims of a lesson, in the order in which they were first added."""

    rows: dict[str, Claim] = field(default_factory=dict)

    def add(self, name: str, *, claimed, measured, holds: bool, because: str = "") -> Claim:
        """Record one claim and return it; a name that was there before replaces its row.

        `holds` is computed by the caller from `measured`: anything but a bool raises TypeError.
        `because` is a sentence on why our result differs from the notes, where it does.
        """
        if not isinstance(holds, (bool, np.bool_)):
            raise TypeError(
                f"holds must be a bool computed from the measurement, such as"
                f" abs(slope + 1) < 0.1; {holds!r} of type {type(holds).__name__} came"
            )
        self.rows[name] = Claim(name, claimed, measured, bool(holds), because)
        return self.rows[name]

    @property
    def failed(self) -> list[str]:
        """The names of the claims that fail and say no reason."""
        return [name for name, claim in self.rows.items() if claim.verdict == "✗ fails"]

    @property
    def summary(self) -> str:
        """One line, such as "8 of 9 hold, 1 differs and says why"."""
        verdicts = [claim.verdict for claim in self.rows.values()]
        differ, fail = verdicts.count("≠ differs"), verdicts.count("✗ fails")
        parts = [f"{verdicts.count('✓ holds')} of {len(verdicts)} hold"]
        if differ:
            parts.append(f"{differ} {'differs and says' if differ == 1 else 'differ and say'} why")
        if fail:
            parts.append(f"{fail} {'fails' if fail == 1 else 'fail'}")
        return ", ".join(parts)

    def __repr__(self) -> str:
        table = [_COLUMNS, *(claim.row for claim in self.rows.values())]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in table)
        return "\n".join([*lines, self.summary])

    def _repr_html_(self) -> str:
        """A table without colours of its own, so that it is legible in light and dark."""
        header = "".join(f'<th scope="col" {_CELL}>{escape(title)}</th>' for title in _COLUMNS)
        body = "".join(map(_html_row, self.rows.values()))
        caption = '<caption style="text-align:left">Claimed and measured</caption>'
        return (
            f'<table style="font-size:110%">{caption}<thead><tr>{header}</tr></thead>'
            f"<tbody>{body}</tbody></table><p><strong>{escape(self.summary)}</strong></p>"
        )


def _html_row(claim: Claim) -> str:
    verdict, name, *rest = map(escape, claim.row)
    cells = "".join(f"<td {_CELL}>{cell}</td>" for cell in rest)
    return f'<tr><td {_CELL}>{verdict}</td><th scope="row" {_CELL}>{name}</th>{cells}</tr>'


def _rounded(value) -> str:
    """Show a number with 3 significant digits, an integer or a text as it is."""
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_rounded, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)
