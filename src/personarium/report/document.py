"""What a report says, apart from how it looks: a title and an ordered list of sections, JSON-serialisable both ways.

Sections are plain records that check their fields when they are made, so that a wrong one is found where it is written.
Systems below this room hand them over as plain dicts of the same shape (docs/report.md).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, InstanceOf, PlainValidator, model_validator
from pydantic.dataclasses import dataclass

from personarium.core.results import Estimate

_CHECKED = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=0)]
Text = Annotated[str, Field(strict=True)]
_ESTIMATE_FIELDS = tuple(field.name for field in dataclasses.fields(Estimate))
_ESTIMATE = f"an estimate with the fields {', '.join(_ESTIMATE_FIELDS)}"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _read_estimate(value: object) -> Estimate:
    if isinstance(value, Mapping):
        value = _estimate_of(value)
    if not isinstance(value, Estimate):
        raise ValueError(_ESTIMATE)
    for number in (value.value, value.lo, value.hi):
        if number is not None and not _is_number(number):
            raise ValueError("an estimate with finite numbers or null as value, lo and hi")
    if isinstance(value.n, bool) or not isinstance(value.n, int) or value.n < 0:
        raise ValueError("an estimate with a count as n")
    return value


def _estimate_of(values: Mapping[Any, Any]) -> Estimate:
    try:
        estimate = Estimate(**values)
    except TypeError as error:
        raise ValueError(_ESTIMATE) from error
    if not isinstance(estimate.failures, Mapping) or not all(_is_number(n) for n in estimate.failures.values()):
        raise ValueError("an estimate whose failures are counts by kind")
    if (
        not isinstance(estimate.unit, str)
        or not isinstance(estimate.method, str)
        or not _is_number(estimate.confidence)
    ):
        raise ValueError("an estimate with texts as unit and method and a number as confidence")
    return estimate


def _read_cell(value: object) -> Any:
    if value is None or isinstance(value, (str, bool)) or _is_number(value):
        return value
    if isinstance(value, (Mapping, Estimate)):
        return _read_estimate(value)
    raise ValueError("a text, a finite number, true, false, null or an estimate")


CheckedEstimate = Annotated[Estimate, PlainValidator(_read_estimate)]
Cell = Annotated[Any, PlainValidator(_read_cell)]  # text, number, bool, None or Estimate


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class ValueRange:
    """The range of a value on a page; as :class:`personarium.core.results.Scale`."""

    lo: Number
    hi: Number
    higher_is_better: bool | None = None
    unit: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Reference:
    """A line across a plot: a published figure, a trivial baseline, chance."""

    label: Text
    value: Number


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Row:
    """One bar or dot.

    Args:
        label: Its name.
        value: None where it could not be measured; the row is then shown as such.
        lo: Lower end of the interval.
        hi: Upper end.
        n: Number of units.
        truth: Realised truth, drawn as a diamond.
        points: Single units, drawn faint behind the dot.
        group: Rows with the same group stand under one small heading.
    """

    label: Text
    value: Number | None
    lo: Number | None = None
    hi: Number | None = None
    n: Count | None = None
    truth: Number | None = None
    points: tuple[Number | None, ...] = ()
    group: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Section:
    """What every section has.

    Args:
        title: Its heading.
        note: One or two sentences on how to read it.
    """

    title: Text = ""
    note: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Headline(Section):
    """The numbers a reader came for.

    Args:
        estimates: Label -> estimate; the order is the order on the page.
        main: Label of the one shown large; the first by default.
        scale: The range they all live on; without it they are written and not drawn.
        truths: Realised truth by label, where it is known.
        meaning: What the number says.
        cautions: What can fool it.
    """

    estimates: dict[Text, CheckedEstimate]
    main: Text = ""
    scale: ValueRange | None = None
    truths: dict[Text, Number] = dataclasses.field(default_factory=dict)
    meaning: Text = ""
    cautions: tuple[Text, ...] = ()
    kind: Literal["headline"] = "headline"


def main_label(headline: Headline) -> str | None:
    """The label of the estimate that is shown large; None when there is none at all."""
    if headline.main in headline.estimates:
        return headline.main
    return next(iter(headline.estimates), None)


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Bars(Section):
    """Values side by side, with intervals."""

    rows: tuple[Row, ...]
    scale: ValueRange | None = None
    references: tuple[Reference, ...] = ()
    kind: Literal["bars"] = "bars"


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Dots(Section):
    """One dot with its interval for each persona, or for each task with its units behind it."""

    rows: tuple[Row, ...]
    scale: ValueRange | None = None
    references: tuple[Reference, ...] = ()
    kind: Literal["dots"] = "dots"


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Point:
    """One point of a curve with its interval; a missing ``y`` breaks the line."""

    x: Number
    y: Number | None
    lo: Number | None = None
    hi: Number | None = None
    n: Count | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Series:
    """One line of a plot."""

    label: Text
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Tick:
    """One mark of a second axis: its place on the first, and its text."""

    at: Number
    label: Text


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class SecondAxis:
    """An axis along the top that reads the same places in other terms."""

    label: Text
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Curve(Section):
    """Lines with error bands: something measured against something varied or realised.

    Args:
        x_label: What is on the horizontal axis.
        y_label: What is on the vertical one.
        series: The lines, at most twelve are drawn.
        x_range: Ends of the horizontal axis; from the data by default.
        y_range: Ends of the vertical one.
        second_axis: For instance the knob's setting above the realised rate.
        references: Horizontal lines.
        diagonal: Draw the line on which measured equals true.
    """

    x_label: Text
    y_label: Text
    series: tuple[Series, ...]
    x_range: tuple[Number, Number] | None = None
    y_range: tuple[Number, Number] | None = None
    second_axis: SecondAxis | None = None
    references: tuple[Reference, ...] = ()
    diagonal: bool = False
    kind: Literal["curve"] = "curve"


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Bin:
    """One bin of a histogram."""

    lo: Number
    hi: Number
    count: Count


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Histogram(Section):
    """How often each value came; references are vertical lines."""

    x_label: Text
    bins: tuple[Bin, ...]
    references: tuple[Reference, ...] = ()
    kind: Literal["histogram"] = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Table(Section):
    """Rows and columns; a cell may be an estimate."""

    columns: tuple[Text, ...]
    rows: tuple[tuple[Cell, ...], ...]
    kind: Literal["table"] = "table"

    @model_validator(mode="after")
    def _rows_fit(self) -> Table:
        for index, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise ValueError(f"rows[{index}] with {len(self.columns)} cells, one for each column")
        return self


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class WorstAnswer:
    """One answer with what the judges said of it."""

    persona: Text
    question: Text
    answer: Text | None
    score: Number | None
    task: Text = ""
    reasons: dict[Text, Text] = dataclasses.field(default_factory=dict)
    scores: dict[Text, Number | None] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class WorstAnswers(Section):
    """Where it went wrong; ``total`` is the number of answers that these are the worst of."""

    items: tuple[WorstAnswer, ...]
    scale: ValueRange | None = None
    total: Count | None = None
    kind: Literal["worst_answers"] = "worst_answers"


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Turn:
    """What one speaker said; ``mark`` is a short tag beside it (``neutral``, ``echo``)."""

    speaker: Text
    text: Text
    mark: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Transcript:
    """One dialogue; ``facts`` are shown above its turns (planted drift, stop reason)."""

    id: Text
    turns: tuple[Turn, ...]
    title: Text = ""
    facts: dict[Text, Text] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Transcripts(Section):
    """Dialogues in full; ``total`` is how many there were, where not all are handed over."""

    dialogues: tuple[Transcript, ...]
    total: Count | None = None
    kind: Literal["transcripts"] = "transcripts"


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class FailureCount:
    """How often a step failed in one way."""

    failure: Text
    step: Text
    count: Count


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class FailureExample:
    """One failure with its reason and the replies that could not be used."""

    failure: Text
    step: Text
    item: Text
    reason: Text
    raw: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Failures(Section):
    """What has no value, and why."""

    counts: tuple[FailureCount, ...]
    examples: tuple[FailureExample, ...] = ()
    kind: Literal["failures"] = "failures"


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Cost(Section):
    """What the run took; ``usd`` is None when no price is known."""

    calls: Count
    cached: Count = 0
    failed: Count = 0
    retries: Count = 0
    prompt_tokens: Count = 0
    completion_tokens: Count = 0
    usd: Number | None = None
    seconds: Number | None = None
    kind: Literal["cost"] = "cost"


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class PromptMessage:
    """One message as it was sent."""

    role: Text
    content: Text


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Prompt:
    """The exact messages of one call of a step, and the reply to it."""

    step: Text
    messages: tuple[PromptMessage, ...]
    hash: Text = ""
    reply: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Prompts(Section):
    """What was sent: one example for every step."""

    steps: tuple[Prompt, ...]
    kind: Literal["prompts"] = "prompts"


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Note(Section):
    """A text; blank lines make paragraphs."""

    text: Text
    tone: Literal["info", "warning"] = "info"
    kind: Literal["note"] = "note"


SECTIONS: tuple[type[Section], ...] = (
    Headline,
    Bars,
    Dots,
    Curve,
    Histogram,
    Table,
    WorstAnswers,
    Transcripts,
    Failures,
    Cost,
    Prompts,
    Note,
)


@dataclass(frozen=True, slots=True, kw_only=True, config=_CHECKED)
class Document:
    """A whole report.

    Args:
        title: Its heading.
        subtitle: One sentence: what was asked of whom.
        notices: What a reader must see first.
        sections: In the order of the page.
        command: The exact command that made the run.
        meta: Short facts for the head of the page (models, seed, date).
        kind: What was run, for the line above the title.
    """

    title: Text
    subtitle: Text = ""
    notices: tuple[Text, ...] = ()
    sections: tuple[InstanceOf[Section], ...] = ()
    command: Text = ""
    meta: dict[Text, Text] = dataclasses.field(default_factory=dict)
    kind: Text = ""

    def _repr_html_(self) -> str:
        """The report as a notebook shows it: its headline, and the whole page to be opened."""
        from personarium.core.notebook import report_html
        from personarium.report.html import render

        headlines = [section for section in self.sections if isinstance(section, Headline)]
        estimates = {label: e for headline in headlines for label, e in headline.estimates.items()}
        return report_html(self.title, self.subtitle, self.notices, estimates, render(self))
