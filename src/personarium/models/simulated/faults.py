"""Faults in a reply: legal sloppiness, malformed replies that a strict reader refuses, and empty ones.

Source: SIMULATED.md, "Parameters", row faults.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache

from personarium.models.simulated.asked import answer_holes, form_of
from personarium.models.simulated.chance import Dice
from personarium.models.simulated.ledger import Ledger
from personarium.models.simulated.parameters import Parameters
from personarium.models.simulated.request import Request
from personarium.text.form import Form
from personarium.text.holes import Hole, Unparsed, number_text
from personarium.text.line_form import Line

_PREAMBLES = ("Sure! Here is my answer:", "Here is what you asked for:", "Of course. My reply:", "Let me think. Okay:")


def spoil(text: str, request: Request, parameters: Parameters, dice: Dice, ledger: Ledger) -> str:
    """Put at most one fault into a reply: ``empty``, else ``malformed``, else ``sloppy``.

    Free speech can be empty but has no form to break. Replies whose label log-probabilities are asked for stay as they
    are: the tokens must be those of the text.

    Args:
        text: The reply.
        request: What was asked.
        parameters: The probabilities of the three faults.
        dice: Chance; one stream for each fault.
        ledger: Gets the name of the fault.
    """
    if parameters.empty and dice.hit("empty", request.occasion, parameters.empty):
        ledger.fault = "empty"
        return ""
    form = form_of(request)
    if (
        form is None
        or form.kind == "text"
        or request.sampling.top_logprobs is not None
        or ledger.role == "player"
        or not text
    ):
        return text
    if parameters.malformed and dice.hit("malformed", request.occasion, parameters.malformed):
        return _malformed(text, form, request, dice, ledger)
    if parameters.sloppy and dice.hit("sloppy", request.occasion, parameters.sloppy):
        return _sloppy(text, form, request, dice, ledger)
    return text


# ---------------------------------------------------------------------------------------------------- malformed


def _truncated(text: str, form: Form) -> str:
    kept = text[: max(len(text) // 2, 1)].rstrip()
    return kept if kept != text else ""


def _wrong_key(text: str, form: Form) -> str:
    try:
        data = json.loads(text)
    except ValueError:
        return ""
    rows = data if isinstance(data, list) else [data]
    if not rows or not isinstance(rows[0], dict) or not rows[0]:
        return ""
    first = next(iter(rows[0]))
    rows[0] = {(f"the_{k}" if k == first else k): v for k, v in rows[0].items()}
    return json.dumps(rows if isinstance(data, list) else rows[0], ensure_ascii=False)


def _missing_marker(text: str, form: Form) -> str:
    """The reply without the form's fixed words: only the values are left."""
    if not isinstance(form.layout, Line) or form.kind == "list":
        return ""
    values = form.read_strict(text)
    if isinstance(values, Unparsed) or not any(isinstance(t, str) and t.strip() for t in form.layout.tokens):
        return ""
    return " ".join(_shown(v) for v in values.values())


def _shown(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _out_of_range(text: str, form: Form) -> str:
    """The first answer replaced by one that the form does not allow."""
    hole = next(iter(answer_holes(form)), None)
    if hole is None:
        return ""
    value = _first_value(text, form, hole)
    if value is None:
        return ""
    written = _shown(value)
    at = text.rfind(written)
    return "" if at < 0 else text[:at] + _impossible(hole) + text[at + len(written) :]


def _first_value(text: str, form: Form, hole: Hole) -> object:
    values = form.read_strict(text)
    if isinstance(values, Unparsed):
        return None
    if form.kind == "list":
        row = values["items"][0] if values["items"] else None
        return row.get(hole.name) if isinstance(row, dict) else row
    node: object = values
    for step in hole.name.split("."):
        node = node.get(step) if isinstance(node, dict) else None
    return None if isinstance(node, (dict, list)) else node


def _impossible(hole: Hole) -> str:
    if hole.kind == "number":
        return number_text(2 * (hole.hi or 0) + 1)
    return next(word for word in ("Z", "perhaps", "neither of them") if word not in hole.choices)


def _wrong_count(text: str, form: Form) -> str:
    """A list with one entry less, or one more where there is one only."""
    if form.kind != "list" or form.count is None:
        return ""
    if text.lstrip().startswith("["):
        try:
            rows = json.loads(text)
        except ValueError:
            return ""
        return json.dumps(rows[:-1] or [*rows, *rows], ensure_ascii=False)
    lines = text.split("\n")
    return "\n".join(lines[:-1] or [*lines, *lines])


def _two_verdicts(text: str, form: Form) -> str:
    """The reply, and then another one that contradicts it."""
    hole = next(iter(answer_holes(form)), None)
    value = None if hole is None else _first_value(text, form, hole)
    if hole is None or value is None:
        return f"{text}\n\nOn second thought:\n\n{text}"
    other = _other(hole, value)
    written = _shown(value)
    at = text.rfind(written)
    return f"{text}\n\nOr rather:\n\n{text[:at]}{other}{text[at + len(written) :]}"


def _other(hole: Hole, value: object) -> str:
    if hole.kind == "number":
        return number_text((hole.lo or 0) if value != hole.lo else (hole.hi or 0))
    return next(c for c in hole.choices if c != _shown(value))


_KINDS: tuple[tuple[str, Callable[[str, Form], str]], ...] = (
    ("truncated", _truncated),
    ("wrong key", _wrong_key),
    ("missing marker", _missing_marker),
    ("out of range", _out_of_range),
    ("wrong count", _wrong_count),
    ("two verdicts", _two_verdicts),
)


@lru_cache(maxsize=2048)
def broken_replies(text: str, form: Form) -> tuple[tuple[str, str], ...]:
    """Every malformed version of a reply that this form can have, by kind; a strict reader refuses each of them."""
    made = ((kind, spoilt(text, form)) for kind, spoilt in _KINDS)
    return tuple((kind, t) for kind, t in made if t and isinstance(form.read_strict(t), Unparsed))


def _malformed(text: str, form: Form, request: Request, dice: Dice, ledger: Ledger) -> str:
    """One of the kinds that apply to this form, in equal shares."""
    kinds = broken_replies(text, form) or (("truncated", "…"),)
    kind, broken = kinds[dice.pick("malformed kind", request.occasion, len(kinds))]
    ledger.fault = f"malformed: {kind}"
    return broken


# ---------------------------------------------------------------------------------------------------- sloppy


def _sloppy(text: str, form: Form, request: Request, dice: Dice, ledger: Ledger) -> str:
    """Legal but untidy, in equal shares: a preamble, bold type, a code fence, or ``4/5``; a tolerant reader copes."""
    ways = _sloppy_ways(text, form)
    at = dice.pick("sloppy kind", request.occasion, len(ways))
    ledger.fault = f"sloppy: {ways[at][0]}"
    return ways[at][1]


@lru_cache(maxsize=2048)
def _sloppy_ways(text: str, form: Form) -> tuple[tuple[str, str], ...]:
    fence = "json" if form.kind == "json" else ""
    ways = [("preamble", f"{_PREAMBLES[len(text) % len(_PREAMBLES)]}\n\n{text}"), ("fence", f"```{fence}\n{text}\n```")]
    holes = answer_holes(form)
    if form.kind == "line" and holes:
        value = _first_value(text, form, holes[-1])
        written = "" if value is None else _shown(value)
        at = text.rfind(written) if written else -1
        if at >= 0:
            end = at + len(written)
            ways.append(("bold", f"{text[:at]}**{written}**{text[end:]}"))
            if holes[-1].kind == "number" and not re.match(r"\s*/", text[end:]):
                ways.append(("4/5", f"{text[:end]}/{number_text(holes[-1].hi or 0)}{text[end:]}"))
    readable = tuple((way, t) for way, t in ways if not isinstance(form.read(t), Unparsed))
    return readable or (("preamble", ways[0][1]),)
