"""A document as one HTML file that needs nothing else: styles, script and drawings inside, every text escaped.

The page forbids itself the network by a Content-Security-Policy that allows its own script by hash and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from personarium import __version__
from personarium.core.results import Estimate
from personarium.report import bounds, plots, wording
from personarium.report.document import (
    Curve,
    Document,
    Headline,
    Row,
    Section,
    Table,
    WorstAnswer,
    main_label,
)
from personarium.report.page_policy import page_policy

_HEADINGS = {
    "headline": "Headline",
    "bars": "Comparison",
    "dots": "Comparison",
    "curve": "Curve",
    "histogram": "Distribution",
    "table": "Table",
    "worst_answers": "Worst answers",
    "transcripts": "Transcripts",
    "failures": "Failures",
    "cost": "Cost",
    "prompts": "Exact prompts",
    "note": "Note",
}
# Characters that no HTML file may hold, and half surrogate pairs, which no file can.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def render(document: Document) -> str:
    """The whole page.

    Args:
        document: What to say; texts may hold anything.

    Returns:
        A complete HTML document; at most 40 MB however large ``document`` is, and usually well under 1 MB.
    """
    environment = _environment()
    clip = _Clipping()
    shown = _sections(document, environment, clip)
    script = _source("script.js")
    page = environment.get_template("report.html.jinja").render(
        document=document,
        parts=shown,
        sections_taken=bounds.Taken(shown, len(document.sections)),
        clip=clip,
        version=__version__,
        style=Markup(environment.get_template("style.css").render()),
        script=Markup(script),
        policy=page_policy(),
    )
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", page)


def _sections(document: Document, environment: Environment, clip: _Clipping) -> list[SimpleNamespace]:
    """The sections as HTML, as many as a page holds."""
    draw: Any = environment.get_template("sections.html.jinja").make_module({"clip": clip})
    shown: list[SimpleNamespace] = []
    size = 0
    for section in document.sections[: bounds.SECTION_LIMIT]:
        if size >= bounds.PAGE:
            break
        body = draw.section(section)
        size += len(body)
        shown.append(SimpleNamespace(kind=getattr(section, "kind", ""), heading=heading(section), body=body))
    return shown


class _Clipping(bounds.Clip):
    """The clip that templates call; ``quiet`` cuts without a remark, where the full text stands beside it."""

    def __call__(self, text: str, limit: int = bounds.ONE_TEXT, quiet: bool = False) -> str:
        return text[:limit] if quiet else super().__call__(text, limit)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("personarium.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    functions = (
        wording.number,
        wording.interval,
        wording.decimals,
        wording.common_decimals,
        wording.count_text,
        wording.duration,
        wording.dollars,
        bounds.take,
        heading,
        main_label,
        headline_rows,
        headline_row,
        point_decimals,
        column_kinds,
        sort_key,
        tasks,
        judges,
        score_decimals,
        paragraphs,
    )
    environment.globals.update({function.__name__: function for function in functions})
    environment.globals.update(plots=plots, limits=bounds)
    return environment


def _source(name: str) -> str:
    environment = _environment()
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


# --- what templates ask ---


def heading(section: Section) -> str:
    """A section's heading, also where none was given."""
    if isinstance(section, Headline):
        return section.title or main_label(section) or _HEADINGS["headline"]
    return section.title or _HEADINGS[getattr(section, "kind", "note")]


def headline_row(headline: Headline, label: str) -> Row:
    """One of its estimates as a row of a plot."""
    found = headline.estimates[label]
    return Row(
        label=label, value=found.value, lo=found.lo, hi=found.hi, n=found.n, truth=headline.truths.get(label)
    )  # fmt: skip


def headline_rows(headline: Headline) -> list[Row]:
    """The estimates that are not shown large."""
    main = main_label(headline)
    return [headline_row(headline, label) for label in headline.estimates if label != main]


def point_decimals(curve: Curve) -> int:
    """The decimals that all points of a curve share."""
    return wording.common_decimals([point for line in curve.series for point in line.points])


def column_kinds(table: Table) -> list[SimpleNamespace]:
    """For each column: whether it is numbers, and their common decimals."""
    kinds = []
    for index in range(len(table.columns)):
        cells = [row[index] for row in table.rows]
        numbers = [c for c in cells if isinstance(c, (int, float)) and not isinstance(c, bool)]
        texts = any(isinstance(c, (str, bool)) for c in cells)
        places = min(3, max((wording.decimals(value) for value in numbers), default=0))
        numeric = not texts and any(cell is not None for cell in cells)
        kinds.append(SimpleNamespace(numeric=numeric, places=places))
    return kinds


def sort_key(cell: Any) -> str:
    """What a table sorts a cell by; empty for what was not measured."""
    value = cell.value if isinstance(cell, Estimate) else cell
    return "" if value is None else str(value)[:80]


def tasks(answers: Sequence[WorstAnswer]) -> list[str]:
    """The tasks of some answers, in order of appearance."""
    return [task for task in dict.fromkeys(answer.task for answer in answers) if task][: bounds.SMALL]


def score_decimals(answers: Sequence[WorstAnswer]) -> int:
    """The fewest decimals, at most two, that show all scores as they are."""
    scores = [answer.score for answer in answers if answer.score is not None]
    return next((d for d in (0, 1) if all(abs(score - round(score, d)) < 1e-9 for score in scores)), 2)


def judges(answer: WorstAnswer) -> list[str]:
    """Everybody who judged an answer."""
    return list(dict.fromkeys([*answer.scores, *answer.reasons]))


def paragraphs(text: str) -> list[str]:
    """A text in paragraphs."""
    return [part.strip() for part in text.split("\n\n") if part.strip()][: bounds.SMALL]
