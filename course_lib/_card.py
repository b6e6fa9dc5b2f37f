"""The card that shows a feedback: a coloured edge, no fixed background, good in light and dark."""

import re
from html import escape

_EDGES = {"not tried": "#888888", "right": "#009E73", "wrong": "#E69F00"}
HEADINGS = {"not tried": "… Not tried yet", "right": "✓ Right", "wrong": "✗ Not right yet"}
_CARD = "border-left:0.4em solid {}; padding:0.2em 0 0.2em 0.8em; color:inherit; font-size:115%"
_CODE = "background:transparent; color:inherit; margin:0.4em 0; font-family:monospace"
_PRE = f'<pre style="{_CODE}">{{}}</pre>'


def card(feedback) -> str:
    """Return the feedback as HTML: heading, sentences, evidence, then hints and solution folded."""
    sentences = "".join(f"<div>{_prose(sentence)}</div>" for sentence in feedback.sentences)
    evidence = _PRE.format(escape(feedback.evidence)) if feedback.evidence else ""
    diagnosis = _diagnosis(feedback.diagnosis) if feedback.diagnosis else ""
    return (
        f'<div style="{_CARD.format(_EDGES[feedback.status])}">'
        f"<div><strong>{escape(feedback.heading)}</strong></div>"
        f"{sentences}{evidence}{diagnosis}{_folded(feedback)}</div>"
    )


def _diagnosis(sentence: str) -> str:
    return f"<div><strong>Diagnosis:</strong> {_prose(sentence)}</div>"


def _prose(sentence: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(sentence))


def _folded(feedback) -> str:
    """Fold each hint into the one before it, so that a click shows one step, not the solution."""
    folded = _PRE.format(escape(feedback.solution)) if feedback.solution else ""
    if not folded:
        return ""
    folded = _details("Solution", folded)
    if feedback.status == "right":
        return folded
    for number, hint in reversed(list(enumerate(feedback.hints, 1))):
        folded = _details(f"Hint {number}", f"<div>{_prose(hint)}</div>{folded}")
    return folded


def _details(summary: str, inside: str) -> str:
    opener = f'<summary style="cursor:pointer">{summary}</summary>'
    return f'<details style="margin:0.3em 0 0 0.2em">{opener}{inside}</details>'
