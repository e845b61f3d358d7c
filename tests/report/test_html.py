"""The page: complete, self-contained, escaped, legible in both themes, bounded."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personarium.report import (
    Document,
    Note,
    Table,
    Transcript,
    Transcripts,
    Turn,
    as_dict,
    bounds,
    document_from_dict,
    render,
)
from tests.report.example import estimate, example_dict, example_document
from tests.report.reading import Page, read_page

VOID = {"meta", "input"}


@pytest.fixture(scope="module")
def html() -> str:
    return render(example_document())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return read_page(html)


# --- structure ---


def test_the_order_of_the_page_is_headline_details_then_origin(page: Page, html: str) -> None:
    assert page.tags.count("h1") == 1
    headings = [re.sub("<[^>]+>", "", found) for found in re.findall(r"<h2[^>]*>(.*?)</h2>", html)]
    titles = [section.get("title") for section in example_dict()["sections"]]
    assert headings == ["PersonaScore", *titles[1:], "Exact command"]


def test_the_headline_has_its_interval_n_unit_method_and_failures(page: Page) -> None:
    for said in ("4.21", "95 % interval", "4.04 to 4.39", "n = 8, unit of analysis: persona", "Missing values: 1 refused, 3 unparsed", "What it says", "What can fool it", "realised truth 4.30"):  # fmt: skip
        assert said in page.text


def test_what_could_not_be_measured_is_said_and_drawn_as_such(page: Page) -> None:
    assert "has never seen the sea: not measured" in page.text
    assert "No answer could be had." in page.text


def test_every_drawing_has_a_name_or_is_hidden_from_readers(html: str) -> None:
    outer = re.findall(r"<svg class=\"(?:strip|plot|ticks|yticks|swatch)[^>]*>(?:<title>)?", html)
    assert len(outer) > 30
    assert all('aria-hidden="true"' in found or found.endswith("<title>") for found in outer)
    assert html.count("<desc>") == 3  # two curves and a histogram


def test_contents_link_to_every_section(page: Page) -> None:
    links, ids = page.values("href"), set(page.values("id"))
    assert len(links) == len(example_dict()["sections"]) + 1
    assert {link.removeprefix("#") for link in links} <= ids


def test_what_is_left_out_is_counted(page: Page) -> None:
    assert "3 of 24 dialogues shown" in page.text
    assert "The 12 lowest of 200 answers." in page.text


def test_a_document_without_anything_still_renders() -> None:
    assert "<h1>empty</h1>" in render(Document(title="empty"))


def test_empty_sections_say_so() -> None:
    empty = [
        {"kind": "headline", "estimates": {}},
        {"kind": "bars", "rows": []},
        {"kind": "curve", "x_label": "x", "y_label": "y", "series": []},
        {"kind": "curve", "x_label": "x", "y_label": "y", "series": [{"label": "l", "points": [{"x": 3, "y": None}]}]},
        {"kind": "histogram", "x_label": "x", "bins": []},
        {"kind": "table", "columns": [], "rows": []},
        {"kind": "worst_answers", "items": []},
        {"kind": "transcripts", "dialogues": []},
        {"kind": "failures", "counts": []},
        {"kind": "prompts", "steps": []},
        {"kind": "note", "text": ""},
    ]
    text = read_page(render(document_from_dict({"title": "x", "sections": empty}))).text
    assert "Every item has a value; nothing is missing." in text
    assert "This run has no estimate yet." in text


# --- nothing from outside ---


def test_nothing_is_asked_of_the_network(page: Page, html: str) -> None:
    assert not page.values("src")
    assert all(link.startswith("#") for link in page.values("href"))
    assert not {"link", "img", "iframe", "object", "embed", "form", "base"} & set(page.tags)
    own = "".join(page.styles + page.scripts)
    assert not re.search(r"https?:|//[a-z]|@import|url\(|fetch\(|XMLHttpRequest", re.sub(r"(?m)^\s*//.*$", "", own))


def test_the_policy_allows_its_own_script_only(page: Page) -> None:
    policy = next(v for v in page.values("content") if v.startswith("default-src"))
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    [script] = page.scripts
    assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy
    assert not any(name.startswith("on") for _, name, _ in page.attributes)


# --- escaping ---

NAMES = {"kind", "tone"}  # fields that are no free text


def _fill(value: Any, text: str, field: str = "") -> Any:
    """Every text, and every label that is a key, replaced by hostile text."""
    if isinstance(value, str):
        return value if field in NAMES else text
    if isinstance(value, list):
        return [_fill(inner, text, field) for inner in value]
    if isinstance(value, dict):
        free = field in ("truths", "reasons", "scores", "facts", "meta", "estimates")
        if field == "failures" or ("unit" in value and "method" in value):
            return {**value, **{k: text for k in ("unit", "method") if k in value}}
        return {
            (f"{text} {i}" if free else k): _fill(v, text, "" if free else k) for i, (k, v) in enumerate(value.items())
        }
    return value


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</title></style></textarea><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "\x00\x1b\ud800\u202e]]>--><!--",
    "' onmouseover='alert(1)",
)


def _check_harmless(text: str, clean: Page) -> None:
    html = render(document_from_dict(_fill(example_dict(), text)))
    html.encode("utf-8")
    found = read_page(html)
    assert set(found.tags) <= set(clean.tags)
    assert found.scripts == clean.scripts
    assert found.styles == clean.styles
    assert {(tag, name) for tag, name, _ in found.attributes} <= {(tag, name) for tag, name, _ in clean.attributes}
    assert all(link.startswith("#") for link in found.values("href"))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_every_field_stays_text(text: str, page: Page) -> None:
    _check_harmless(text, page)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.sampled_from("<>&\"'/= \n{}%#-!abonerscipt;:\x00\u2028"), max_size=40))
def test_any_text_in_every_field_stays_text(page: Page, text: str) -> None:
    _check_harmless(text, page)


def test_hostile_text_is_shown_as_it_is() -> None:
    assert HOSTILE[0] in read_page(render(Document(title="x", sections=(Note(text=HOSTILE[0]),)))).text


# --- both themes ---


def _themes(html: str) -> dict[str, dict[str, str]]:
    blocks = {
        theme: dict(re.findall(r"--([\w]+):(#[0-9a-f]{6})", block))
        for theme, block in re.findall(r":root\[data-theme=(light|dark)\]\{([^}]*)\}", html)
    }
    assert "@media (prefers-color-scheme:dark)" in html
    assert "@media print" in html
    return blocks


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    """Contrast ratio of two colours, WCAG 2.2."""
    high, low = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


TEXTS = [("ink", "paper"), ("ink", "card"), ("ink", "tint"), ("soft", "paper"), ("soft", "card"), ("soft", "tint"), ("accent", "paper"), ("accent", "card"), ("accent", "tint"), ("warn", "warnback"), ("warn", "paper"), ("warn", "card"), ("warn", "tint")]  # fmt: skip
MARKS = [
    ("bar", "paper"),
    ("ink", "bar"),
    ("truth", "paper"),
    ("ruler", "paper"),
    *((f"s{i}", "paper") for i in range(8)),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_have_aa_contrast(html: str, theme: str) -> None:
    colours = _themes(html)[theme]
    for front, back in TEXTS:  # AA for text: 4.5
        assert contrast(colours[front], colours[back]) >= 4.5, (front, back)
    for front, back in MARKS:  # AA for graphics: 3
        assert contrast(colours[front], colours[back]) >= 3.0, (front, back)


def test_lines_differ_by_shape_and_not_by_colour_alone() -> None:
    from personarium.report.plots import swatch

    shapes = {re.findall(r' d="([^"]+)"', str(swatch(i)))[0] for i in range(5)}
    assert len(shapes) == 5


# --- bounds ---


def test_a_huge_run_gives_a_bounded_page_that_counts_what_it_leaves_out() -> None:
    talk = tuple(Turn(speaker="ab"[i % 2], text="word " * 4000) for i in range(500))
    document = Document(
        title="x" * 10_000,
        sections=(
            Transcripts(dialogues=tuple(Transcript(id=f"d{i}", turns=talk) for i in range(60))),
            Table(columns=("a",), rows=tuple(("y" * 5000,) for _ in range(3000))),
            *(Note(text="z" * 50_000) for _ in range(200)),
        ),
    )
    html = render(document)
    text = read_page(html).text
    assert len(html) < 12_000_000
    for said in ("20 of 60 dialogues shown", "200 of 500 turns shown", "500 of 3,000 rows shown", f"{bounds.SECTION_LIMIT} of 202 sections shown", "more characters in the run folder"):  # fmt: skip
        assert said in text


def test_drawings_cannot_make_a_page_without_end() -> None:
    rows = [{"label": "r", "value": 1, "points": [j / 600 for j in range(600)]}] * 200
    document = document_from_dict({"title": "x", "sections": [{"kind": "dots", "rows": rows}] * 5})
    html = render(document)
    assert len(html) < 40_000_000
    assert " of 5 sections shown" in html
    assert "At most 500 of up to 600 faint dots of a row are drawn." in html


def test_estimates_without_a_common_scale_are_written_and_not_drawn_on_one_axis() -> None:
    headline = {
        "kind": "headline",
        "estimates": {"Turns": estimate(12, 1, 3), "Drift": estimate(-0.08, 0.07, 3, empty=1)},
    }
    html = render(document_from_dict({"title": "x", "sections": [headline]}))
    text = read_page(html).text
    assert "[−0.15, −0.01]" in text
    assert "1 empty" in text
    assert 'class="strip"' not in html


def test_rows_and_lines_beyond_the_limits_are_counted() -> None:
    rows = [{"label": f"r{i}", "value": i} for i in range(300)]
    series = [{"label": f"l{i}", "points": [{"x": j, "y": j} for j in range(600)]} for i in range(15)]
    sections = [{"kind": "bars", "rows": rows}, {"kind": "curve", "x_label": "x", "y_label": "y", "series": series}]
    text = read_page(render(document_from_dict({"title": "x", "sections": sections}))).text
    assert "200 of 300 rows shown" in text
    assert "12 of 15 lines shown" in text
    assert "500 of 600 points of a line shown" in text


def test_the_same_document_gives_the_same_page() -> None:
    assert render(example_document()) == render(document_from_dict(as_dict(example_document())))
