"""What a request asks for: its form (printed, or from plain words), its parts, and the kinds of hole in the form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from personarium.models.simulated.parameters import Parameters
from personarium.models.simulated.plain_forms import plain_form, sections
from personarium.models.simulated.request import Request
from personarium.models.simulated.subject import Answer, Answered, Filled
from personarium.text.form import Form
from personarium.text.holes import Hole

__all__ = [
    "Answer",
    "Answered",
    "Filled",
    "answer_holes",
    "certainty_value",
    "fill",
    "form_of",
    "has_part",
    "is_certainty",
    "make_values",
    "part",
    "parts",
    "place_of",
    "plain_rule",
    "scale_text",
    "to_range",
]  # fmt: skip

_CERTAINTY = re.compile(r"certain|confiden|probab|how sure|likelihood", re.IGNORECASE)


def form_of(request: Request) -> Form | None:
    """The wanted reply form: the printed one, else the one that plain words ask for; None for free speech."""
    return request.form if request.form is not None else plain_form(request.last)[1]


def plain_rule(request: Request) -> str:
    """The plain phrasing that gave the form, "" when a form is printed or nothing was recognised."""
    return "" if request.form is not None else plain_form(request.last)[0]


def fill(request: Request, form: Form, values: Mapping[str, Any]) -> str | Filled:
    """The answer: values for the printed form, else the plain form already written."""
    return Filled(values) if request.form is not None else form.fill(values)


def make_values(form: Form, make: Callable[[Hole, int], Any], length: int) -> dict[str, Any]:
    """Values for every hole of a form; see :meth:`Form.compose`."""
    return form.compose(make, length)


def place_of(form: Form, hole: Hole, k: int, siblings: tuple[Hole, ...]) -> int:
    """Which of several things a hole is about: the list entry, else its place among its siblings."""
    if form.kind == "list" or hole.many is not None:
        return k
    names = [h.name for h in siblings]
    return names.index(hole.name) if hole.name in names else 0


def is_certainty(hole: Hole) -> bool:
    """Whether a hole asks how certain the answer is."""
    return hole.kind == "number" and bool(_CERTAINTY.search(hole.name))


def answer_holes(form: Form | None) -> tuple[Hole, ...]:
    """The holes that ask for the answer itself: numbers, choices and yes/no, without certainties."""
    if form is None:
        return ()
    return tuple(h for h in form.holes if h.kind in ("number", "choice", "yesno") and not is_certainty(h))


def certainty_value(hole: Hole, p: float, parameters: Parameters) -> float | int:
    """A probability p stated as p + overconfidence x (1 - p): in per cent of 100, else on the hole's range."""
    stated = p + parameters.overconfidence * (1 - p)
    lo, hi = float(hole.lo or 0), float(hole.hi or 0)
    return to_range(hole, 100 * stated if hi == 100 else lo + (hi - lo) * stated)


def to_range(hole: Hole, value: float) -> float | int:
    """A number rounded (whole where a whole number is wanted, else to two decimals) and clipped to the hole's range."""
    lo, hi = float(hole.lo or 0), float(hole.hi or 0)
    kept = min(max(value, lo), hi)
    return (
        min(max(int(kept + 0.5) if kept >= 0 else -int(0.5 - kept), int(lo)), int(hi))
        if hole.integer
        else round(kept, 2)
    )


def part(request: Request, tag: str, n: int | None = None) -> str:
    """The text of a block, else of the section with such a heading in a plain prompt, "" when there is none."""
    found = request.block(tag, n)
    if found or request.blocks:
        return found
    return sections(request.last).get(tag, "") or sections(request.system).get(tag, "")


def parts(request: Request, tag: str) -> list[tuple[int | None, str]]:
    """All blocks of a tag with their numbers, in order; a plain prompt has at most one."""
    found = [(b.n, b.text) for b in request.blocks if b.tag == tag]
    if found or request.blocks:
        return found
    text = part(request, tag)
    return [(None, text)] if text else []


def has_part(request: Request, *tags: str) -> bool:
    """Whether any of these blocks or sections is there (it may be empty)."""
    if request.blocks:
        return request.has(*tags)
    return any(part(request, tag) for tag in tags)


def scale_text(request: Request) -> str:
    """Where the labels of a rating scale are printed: the options block, else everything that was last said."""
    return request.block("options") or f"{request.system}\n{request.last}"
