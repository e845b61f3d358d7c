"""Notebook outputs: self-contained, bounded whatever the object's size, and no text of a guest is ever markup."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personarium.core import Dialogue, Estimate, Facet, Failure, Persona, Population, Quota, Scale, Score
from personarium.core.notebook import report_html

SCRIPT = '<script>alert(1)</script><img src=x onerror="alert(2)">\'"&'
TAGS = {
    *("div", "style", "svg", "title", "g", "path", "circle", "ellipse", "rect", "b", "p", "i", "span", "pre"),
    *("table", "thead", "tbody", "tr", "th", "td", "details", "summary", "iframe"),
}


class _Page(HTMLParser):
    """The tags, attributes and text of an output; void of content models, so that nothing is repaired."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def _read(html: str) -> _Page:
    page = _Page(html)
    assert page.open == []
    assert page.tags <= TAGS
    assert not page.attributes & {"id", "href", "src", "onerror", "onclick", "onload"}
    return page


def _everything(text: str) -> list[Any]:
    """One object of each kind with the text in every field that may hold any."""
    facets = (Facet("", "description", text), Facet("", "history.notes", {"k": text}, text=text or None))
    persona = Persona(id=f"p{text}", name=text, facets=facets, language=text)
    estimate = Estimate(0.5, 0.4, 0.6, 3, text, text, failures={text: 1})
    failure = Failure("unparsed", text, text, (text,))
    return [
        persona,
        Population.from_personas([persona], {"description": [text]}, [Quota({"description": text}, 1)]),
        Population(pl.DataFrame({f"c{text}": [text]}), {f"c{text}": [text]}, where=text),
        Dialogue(f"d{text}", [(f"s{text}", text)], cast=(f"c{text}",)),
        estimate,
        Score(0.5, Scale(0, 1, unit=text), {text: 0.5, "none": None}, (failure,), text, {text: [text]}),
    ]


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_no_text_is_ever_markup(text: str) -> None:
    for thing in _everything(text):
        _read(thing._repr_html_())


def test_script_in_every_field_is_shown_as_text() -> None:
    for thing in _everything(SCRIPT):
        html = thing._repr_html_()
        assert "<script" not in html
        assert "<img" not in html
        assert SCRIPT in _read(html).text


def test_a_page_in_a_frame_may_run_its_script_and_reach_nothing_else() -> None:
    html = report_html(SCRIPT, SCRIPT, (SCRIPT,), {SCRIPT: Estimate(1, 0, 2, 3, SCRIPT, SCRIPT)}, f"<p>{SCRIPT}</p>")
    assert 'sandbox="allow-scripts"' in html
    assert "<script" not in html
    assert SCRIPT in _read(html).text


def test_too_large_a_report_is_only_told_of() -> None:
    html = report_html("Large", "", (), {}, "x" * 5_000_000)
    assert len(html) < 10_000
    assert "too large for a notebook" in html


def test_a_report_shows_its_headline() -> None:
    from personarium.report import Document, Headline

    headline = Headline(estimates={"Fidelity": Estimate(0.81, 0.7, 0.9, 12, "persona", "mean")})
    text = _read(Document(title="My run", notices=("Simulated.",), sections=(headline,))._repr_html_()).text
    for words in ("My run", "Simulated.", "Fidelity", "0.81 [0.7, 0.9]", "n = 12 persona", "The whole report"):
        assert words in text


def test_a_persona_shows_what_it_says_and_keeps_its_secrets() -> None:
    persona = Persona(
        id="p1",
        name="Mira",
        kinds=("character",),
        facets=(
            Facet("", "social.occupation", "beekeeper", source="inferred", confidence=0.7),
            Facet("", "history.debt", "owes the baker", visibility="never_disclose"),
            Facet("", "card.first_mes", "Hello there"),
        ),
    )
    html = persona._repr_html_()
    text = _read(html).text
    for words in ("Mira", "p1", "character", "version 1", "social", "occupation", "beekeeper", "inferred", "70%"):
        assert words in text
    assert "never disclose" in text
    assert "owes the baker" not in html
    assert "Hello there" not in html


def test_a_persona_of_a_thousand_facets_is_cut_and_counted() -> None:
    persona = Persona(id="p1", facets=tuple(Facet(f"f{i}", "note", "long " * 1000) for i in range(1000)))
    html = persona._repr_html_()
    assert "and 960 more facets" in html
    assert len(html) < 40_000


def test_a_large_population_shows_its_head_counts_and_quotas() -> None:
    frame = pl.DataFrame({"id": [f"m{i}" for i in range(200_000)], "job": ["nurse", "sailor"] * 100_000})
    quotas = (Quota({"job": "nurse"}, 100_000), Quota({"job": "sailor"}, 100_003))
    html = Population(frame, {"job": ["nurse", "sailor"]}, quotas)._repr_html_()
    text = _read(html).text
    for words in ("200,000 members", "2 quotas, 1 not met", "3 missing", "100,000 of 100,003", "m0", "m5"):
        assert words in text
    assert "and 199,994 more members" in text
    assert "m6" not in text
    assert len(html) < 60_000


def test_a_wide_population_is_cut_and_a_row_that_is_no_persona_has_no_portrait() -> None:
    frame = pl.DataFrame({f"c{i}": ["x"] for i in range(500)} | {"_persona": ["{broken"]})
    html = Population(frame)._repr_html_()
    assert "and 492 more columns" in html
    assert "<svg" not in html


def test_a_short_dialogue_is_shown_whole_and_a_long_one_is_folded() -> None:
    assert "<details" not in Dialogue("d", [("a", "Hello."), ("b", "Good day.")])._repr_html_()
    html = Dialogue("d", [("ab"[i % 2], f"turn number {i}.") for i in range(500)])._repr_html_()
    text = _read(html).text
    assert html.count("<details") == 1
    assert "492 turns between" in text
    assert "and 292 more turns" in text
    for shown in ("turn number 0.", "turn number 100.", "turn number 499."):
        assert shown in text
    assert len(html) < 60_000


def test_a_turn_of_a_megabyte_is_cut() -> None:
    assert len(Dialogue("d", [("a", "<&>" * 300_000)])._repr_html_()) < 20_000


def test_a_score_says_its_scale_parts_and_failures() -> None:
    failures = (Failure("unparsed", "no number", "habits"),)
    text = _read(Score(3.8, Scale(1, 5), {"consistency": 4.5, "habits": None}, failures, "p1")._repr_html_()).text
    for words in ("3.8", "of 1 to 5 points", "consistency", "4.5", "habits", "not measured", "Failed: 1 unparsed"):
        assert words in text


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (Estimate(0.7341, 0.69, 0.778, 200, "persona", "mean"), ("0.734", "95% [0.69, 0.778]", "n = 200 persona")),
        (Estimate(None, None, None, 0, "persona", "mean", failures={"refused": 2}), ("not measured", "2 refused")),
        (Estimate(-1234567.0, None, None, 1, "run", "sum"), ("−1.23e+06",)),
        (Estimate(0.00001, 0.0, 0.0, 1, "run", "sum"), ("1e−05", "[0, 0]")),
    ],
)
def test_an_estimate_says_its_number_interval_and_n(estimate: Estimate, words: tuple[str, ...]) -> None:
    text = _read(estimate._repr_html_()).text
    for word in words:
        assert word in text


def test_numbers_that_are_none_do_not_break_a_bar() -> None:
    _read(Score(float("nan"), Scale(0, 0), {"x": float("inf")})._repr_html_())
