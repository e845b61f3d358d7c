"""How personas, populations, dialogues and scores look in a notebook: small pieces of HTML that need nothing else.

The notebook's own text colour is kept and every other colour is a veil over its background, so that one output reads well on
light and dark pages (Jupyter, VS Code, a browser that prefers dark). No ids and no script; every text is cut and escaped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from personarium.core.errors import PersonariumError
from personarium.core.facets import Facet, thaw
from personarium.core.persona import Persona
from personarium.core.portraits import portrait
from personarium.core.views import show_value

if TYPE_CHECKING:
    from personarium.core.dialogue import Dialogue, Utterance
    from personarium.core.population import Population
    from personarium.core.results import Estimate, Failure, Scale, Score

# Whatever the object, its output stays a page and a half and some hundred kilobytes at most.
FACETS, ROWS, COLUMNS, QUOTAS, COUNTED, VALUES, PARTS = 40, 6, 8, 12, 4, 6, 12
FIRST_TURNS, LAST_TURNS, ALL_TURNS = 6, 2, 200
LABEL, CELL, VALUE, TURN, DETAIL = 80, 60, 300, 1_200, 4_000
SPEAKER_COLOURS = ("#2f8fa3", "#c0603a", "#8a63c9", "#5a9443", "#b8547f", "#a07c1c")  # 3:1 on white and on black


def persona_html(persona: Persona) -> str:
    """A persona as a card: portrait, name, kinds, and its facets by branch; what must never be told is not shown."""
    facets = [f for f in persona.facets if not f.machinery and not f.blank]
    shown = facets[:FACETS]
    rows = "".join(_facet_row(f, before) for before, f in zip([None, *shown], shown, strict=False))
    left = _more(len(facets) - len(shown), "facets")
    table = f"<table><tbody>{rows}</tbody></table>{left}" if rows else '<p class="soft">No facets.</p>'
    return _box(f"{_head(portrait(persona, 64), persona.name or persona.id, _about(persona))}{table}")


def population_html(population: Population) -> str:
    """A population as its counts, quotas and first members, however large it is."""
    frame = population.frame
    columns = [name for name in frame.columns if name != "_persona"]
    facts = [_counted(len(population), "member"), _counted(len(columns), "column"), _plain(population.where, LABEL)]
    parts = [_head("", "Population", facts), _quotas(population), _counts(population), _members(population, columns)]
    return _box("".join(parts))


def dialogue_html(dialogue: Dialogue) -> str:
    """A dialogue as turns; of a long one the middle is folded away."""
    turns = dialogue.utterances
    speakers = dialogue.speakers
    colours = {s: SPEAKER_COLOURS[i % len(SPEAKER_COLOURS)] for i, s in enumerate(speakers)}
    names = "".join(_speaker_chip(s, colours[s]) for s in speakers[:PARTS])
    head = _head("", dialogue.id or "Dialogue", [_counted(len(turns), "turn")]) + f"<p>{names}</p>"
    if len(turns) <= FIRST_TURNS + LAST_TURNS + 2:
        return _box(head + _turns(turns, 1, colours))
    last = len(turns) - LAST_TURNS
    folded = turns[FIRST_TURNS:last]
    middle = _turns(folded[:ALL_TURNS], FIRST_TURNS + 1, colours) + _more(len(folded) - ALL_TURNS, "turns")
    fold = f"<details><summary>{len(folded):,} turns between</summary>{middle}</details>"
    return _box(head + _turns(turns[:FIRST_TURNS], 1, colours) + fold + _turns(turns[last:], last + 1, colours))


def estimate_html(estimate: Estimate, title: str = "Estimate") -> str:
    """An estimate: the number, its interval, what was counted and what failed."""
    facts = [f"n = {estimate.n:,} {_plain(estimate.unit, LABEL)}", _plain(estimate.method, LABEL)]
    number = "not measured" if estimate.value is None else _number(estimate.value)
    span = ""
    if estimate.lo is not None and estimate.hi is not None:
        span = f'<span class="soft">{estimate.confidence:.0%} [{_number(estimate.lo)}, {_number(estimate.hi)}]</span>'
        span += _ruler(estimate.lo, estimate.hi, estimate.value)
    failed = _failed(estimate.failures)
    return _box(f'{_head("", title, facts)}<p><b class="big">{number}</b> {span}</p>{failed}')


def score_html(score: Score) -> str:
    """A score on its scale, with its parts and failures; the detail is folded away."""
    from personarium.core.results import count_failures

    number = "not measured" if score.value is None else _number(score.value)
    scale = score.scale
    of = f'<span class="soft">of {_number(scale.lo)} to {_number(scale.hi)} {_text(scale.unit, LABEL)}</span>'
    bar = "" if score.value is None else _bar(score.value, scale)
    parts = [_head("", "Score", [_plain(score.id, LABEL)] if score.id else [])]
    parts.append(f'<p><b class="big">{number}</b> {of} {bar}</p>{_failed(count_failures(score.failures))}')
    parts += [_parts(score.parts, scale), _reasons(score.failures), _detail(score.detail)]
    return _box("".join(parts))


def report_html(title: str, subtitle: str, notices: Sequence[str], estimates: Mapping[str, Estimate], page: str) -> str:
    """A report: what it is about, its headline numbers, and the whole page in a frame that is opened on demand.

    Args:
        title: Its heading.
        subtitle: One sentence.
        notices: What a reader must see first.
        estimates: Headline estimates by label.
        page: The whole report as an HTML page; too large a one is only told of.
    """
    lines = "".join(f'<p class="note">{_text(n, VALUE)}</p>' for n in notices[:PARTS])
    rows = "".join(_estimate_row(label, e) for label, e in list(estimates.items())[:PARTS])
    table = f"<table><tbody>{rows}</tbody></table>{_more(len(estimates) - PARTS, 'estimates')}" if rows else ""
    return _box(f"{_head('', title, [_plain(subtitle, VALUE)] if subtitle else [])}{lines}{table}{_framed(page)}")


# -- parts ---------------------------------------------------------------------------------------------------------


def _box(inside: str) -> str:
    # The first three classes keep MathJax from reading dollar signs as formulas.
    return f'<div class="tex2jax_ignore mathjax_ignore no-mathjax pnm"><style>{_STYLE}</style>{inside}</div>'


def _head(picture: str, title: str, facts: Iterable[str]) -> str:
    """A heading with facts under it; the facts are plain text."""
    line = " · ".join(_text(fact, VALUE) for fact in facts if fact)
    under = f'<div class="soft">{line}</div>' if line else ""
    return f'<div class="head">{picture}<div><b class="title">{_text(title, LABEL)}</b>{under}</div></div>'


def _about(persona: Persona) -> list[str]:
    facts = [persona.id if persona.name else "", *persona.kinds, persona.language, f"version {persona.version}"]
    for name, things in (("layer", persona.layers), ("demonstration", persona.demonstrations)):
        facts.append(_counted(len(things), name) if things else "")
    marks = ("real_person", "minor", "deceased")
    facts += [mark.replace("_", " ") for mark in marks if getattr(persona.flags, mark)]
    return facts


def _facet_row(facet: Facet, before: Facet | None) -> str:
    branch, _, rest = facet.path.partition(".")
    first = "" if before is not None and before.branch == branch else _text(branch, CELL)
    marks: list[str] = [facet.source] if facet.source != "declared" else []
    if facet.confidence < 1:
        marks.append(f"{facet.confidence:.0%}")
    if facet.visibility != "public":
        marks.append(facet.visibility.replace("_", " "))
    chips = "".join(f'<span class="chip">{_text(m, CELL)}</span>' for m in marks)
    said = (
        '<span class="soft">not shown</span>' if facet.secret else _text(facet.text or show_value(facet.value), VALUE)
    )
    return f'<tr><th>{first}</th><td class="soft">{_text(rest, CELL)}</td><td class="said">{said}</td><td>{chips}</td></tr>'


def _quotas(population: Population) -> str:
    rows = population.quota_report()
    if not rows:
        return ""
    wanting = sum(row.missing != 0 for row in rows)
    told = f"{_counted(len(rows), 'quota')}, {f'{wanting:,} not met' if wanting else 'all met'}"
    lines = [
        f"<tr><th>{_text(_cell_name(row.cell), VALUE)}</th><td>{row.actual:,} of {row.target:,}</td>"
        f"<td>{_share(row.actual, row.target)}</td><td>{_missing(row.missing)}</td></tr>"
        for row in sorted(rows, key=lambda row: row.missing == 0)[:QUOTAS]
    ]
    return (
        f'<p class="soft">{told}</p><table><tbody>{"".join(lines)}</tbody></table>{_more(len(rows) - QUOTAS, "quotas")}'
    )


def _cell_name(cell: Mapping[str, Any]) -> str:
    return ", ".join(f"{column} {show_value(value)}" for column, value in cell.items())


def _missing(missing: int) -> str:
    if missing == 0:
        return "✓"
    return f"{missing:,} missing" if missing > 0 else f"{-missing:,} too many"


def _counts(population: Population) -> str:
    """How the members share the values of the columns that the schema names."""
    blocks = []
    for column in list(population.schema)[:COUNTED]:
        counted = population.frame[column].value_counts(sort=True, name="members").rows()
        total = max(1, len(population))
        lines = "".join(
            f"<tr><td>{_text(show_value(value) or '(empty)', CELL)}</td><td>{n:,}</td><td>{_share(n, total)}</td></tr>"
            for value, n in counted[:VALUES]
        )
        more = _more(len(counted) - VALUES, "values")
        blocks.append(
            f'<div><p class="soft">{_text(column, CELL)}</p><table><tbody>{lines}</tbody></table>{more}</div>'
        )
    rest = _more(len(population.schema) - COUNTED, "columns with a schema")
    return f'<div class="side">{"".join(blocks)}</div>{rest}' if blocks else ""


def _members(population: Population, columns: Sequence[str]) -> str:
    shown = columns[:COLUMNS]
    names = "".join(f"<th>{_text(name, CELL)}</th>" for name in shown)
    lines = []
    for index, row in enumerate(population.frame.head(ROWS).select(shown).rows()):
        cells = "".join(f"<td>{_text(show_value(value), CELL)}</td>" for value in row)
        lines.append(f"<tr><td>{_member_portrait(population, index)}</td>{cells}</tr>")
    left = _more(len(population) - len(lines), "members") + _more(len(columns) - len(shown), "columns")
    return (
        f'<div class="wide"><table><thead><tr><th></th>{names}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
        f"{left}"
    )


def _member_portrait(population: Population, index: int) -> str:
    """The picture of a member; a row that is no persona (its column says so when it is asked for) has none here."""
    try:
        return portrait(population[index], 28)
    except PersonariumError:
        return ""


def _speaker_chip(speaker: str, colour: str) -> str:
    return f'<span class="chip"><i style="background:{colour}"></i>{_text(speaker, LABEL)}</span>'


def _turns(turns: Sequence[Utterance], number: int, colours: Mapping[str, str]) -> str:
    return "".join(
        f'<div class="turn" style="border-color:{colours[turn.speaker]}"><span class="soft">{index} '
        f"<b>{_text(turn.speaker, LABEL)}</b></span><div>{_text(turn.text, TURN, lines=True)}</div></div>"
        for index, turn in enumerate(turns, number)
    )


def _parts(parts: Mapping[str, float | None], scale: Scale) -> str:
    shown = list(parts.items())[:PARTS]
    rows = "".join(
        f"<tr><th>{_text(name, CELL)}</th><td>{'not measured' if value is None else _number(value)}</td>"
        f"<td>{'' if value is None else _bar(value, scale)}</td></tr>"
        for name, value in shown
    )
    return f"<table><tbody>{rows}</tbody></table>{_more(len(parts) - PARTS, 'parts')}" if rows else ""


def _reasons(failures: Sequence[Failure]) -> str:
    if not failures:
        return ""
    rows = "".join(
        f"<tr><th>{f.kind}</th><td>{_text(f.where, CELL)}</td><td>{_text(f.reason, VALUE)}</td></tr>"
        for f in failures[:PARTS]
    )
    more = _more(len(failures) - PARTS, "failures")
    return f"<details><summary>Why</summary><table><tbody>{rows}</tbody></table>{more}</details>"


def _detail(detail: Mapping[str, Any]) -> str:
    if not detail:
        return ""
    text = json.dumps(thaw(dict(detail)), ensure_ascii=False, indent=1, default=str)
    return f"<details><summary>Detail</summary><pre>{_text(text, DETAIL, lines=True)}</pre></details>"


def _estimate_row(label: str, e: Estimate) -> str:
    number = "not measured" if e.value is None else _number(e.value)
    span = "" if e.lo is None or e.hi is None else f"[{_number(e.lo)}, {_number(e.hi)}]"
    told = f"n = {e.n:,} {_text(e.unit, CELL)}"
    return f'<tr><th>{_text(label, CELL)}</th><td><b>{number}</b> {span}</td><td class="soft">{told}</td></tr>'


def _failed(counts: Mapping[str, int]) -> str:
    told = ", ".join(f"{count:,} {_text(kind, CELL)}" for kind, count in sorted(counts.items()) if count)
    return f'<p class="note">Failed: {told}</p>' if told else ""


_LARGEST_PAGE = 2_000_000  # a notebook keeps its outputs in its own file


def _framed(page: str) -> str:
    if len(page) > _LARGEST_PAGE:
        return (
            f'<p class="soft">The page ({len(page) / 1e6:,.0f} MB) is too large for a notebook; write it to a file.</p>'
        )
    frame = f'<iframe sandbox="allow-scripts" title="report" srcdoc="{escape(page)}"></iframe>'
    return f"<details><summary>The whole report</summary>{frame}</details>"


# -- marks and words -----------------------------------------------------------------------------------------------


def _bar(value: float, scale: Scale) -> str:
    width = scale.hi - scale.lo
    return _filled((value - scale.lo) / width if width > 0 else 0.0)


def _share(part: int, whole: int) -> str:
    return _filled(part / whole if whole else 0.0)


def _filled(share: float) -> str:
    percent = 100 * min(1.0, max(0.0, share)) if share == share else 0.0
    return f'<span class="bar"><i style="width:{percent:.1f}%"></i></span>'


def _ruler(lo: float, hi: float, value: float | None) -> str:
    """The interval as a line, the value as a dot on it."""
    at = 50.0 if value is None or not hi > lo else 100 * min(1.0, max(0.0, (value - lo) / (hi - lo)))
    dot = "" if value is None else f'<i style="left:{at:.1f}%"></i>'
    return f' <span class="ruler">{dot}</span>'


def _more(number: int, what: str) -> str:
    return f'<p class="soft">and {number:,} more {what}</p>' if number > 0 else ""


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _number(value: float) -> str:
    if abs(value) >= 1e6 or 0 < abs(value) < 5e-4:
        return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")
    text = f"{value:,.3f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "\N{MINUS SIGN}")


def _text(text: str, limit: int, *, lines: bool = False) -> str:
    """The text cut and escaped."""
    return escape(_plain(text, limit, lines=lines))


def _plain(text: str, limit: int, *, lines: bool = False) -> str:
    """The text cut, without characters that HTML cannot hold; on one line unless ``lines``."""
    cut = text[: limit + 1]
    if not lines:
        cut = " ".join(cut.split())
    cut = cut if len(text) <= limit else cut[:limit] + "…"
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", cut)


_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def _rules() -> Iterator[str]:
    """The style, every rule inside ``.pnm``; the greys are veils and the accent has 3:1 on white and on black."""
    for selector, rule in (
        ("", "font-family:system-ui,sans-serif;font-size:13px;line-height:1.45;max-width:860px;margin:4px 0"),
        (" *", "box-sizing:border-box"),
        (" p", "margin:6px 0"),
        (" .head", "display:flex;gap:12px;align-items:center;margin:2px 0 8px"),
        (" .head svg", "flex:none"),
        (" .title", "font-size:16px"),
        (" .big", "font-size:24px;font-weight:600;letter-spacing:-.01em"),
        (" .soft", "opacity:.72"),
        (" .note", "border-left:3px solid #c8762b;padding:2px 0 2px 10px"),
        (" .chip", "display:inline-flex;align-items:center;gap:6px;border:1px solid rgba(128,128,128,.4);border-radius:99px;padding:0 8px;margin:0 4px 2px 0;font-size:12px;white-space:nowrap"),
        (" .chip i", "width:8px;height:8px;border-radius:99px"),
        (" .side", "display:flex;flex-wrap:wrap;gap:4px 28px"),
        (" .wide", "overflow-x:auto;margin-top:8px"),
        (" table", "border-collapse:collapse!important;border:0!important;margin:2px 0!important;font-size:13px;table-layout:auto"),
        (" tr", "background:none!important"),
        (" thead tr", "border-bottom:1px solid rgba(128,128,128,.45)!important"),
        (" td,.pnm th", "text-align:left!important;vertical-align:baseline!important;padding:3px 14px 3px 0!important;border:0!important;border-bottom:1px solid rgba(128,128,128,.18)!important;overflow-wrap:break-word;unicode-bidi:isolate;font-weight:400"),
        (" th", "font-weight:600!important;white-space:nowrap!important"),
        (" .said", "overflow-wrap:anywhere;width:70%"),
        (" .wide td", "vertical-align:middle!important"),
        (" .wide svg", "display:block"),
        (" .turn", "border-left:3px solid;padding:1px 0 1px 10px;margin:8px 0"),
        (" .turn div", "white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate"),
        (" .bar", "display:inline-block;width:120px;height:7px;border-radius:9px;background:rgba(128,128,128,.25);overflow:hidden;vertical-align:middle"),
        (" .bar i", "display:block;height:100%;background:#2f8fa3"),
        (" .ruler", "display:inline-block;position:relative;width:120px;height:2px;margin:0 8px;background:#2f8fa3;vertical-align:middle"),
        (" .ruler i", "position:absolute;top:-4px;width:10px;height:10px;margin-left:-5px;border-radius:9px;background:#2f8fa3"),
        (" summary", "cursor:pointer;padding:4px 0;opacity:.85"),
        (" pre", "white-space:pre-wrap;overflow-wrap:anywhere;background:rgba(128,128,128,.1)!important;padding:8px!important;border-radius:6px;color:inherit"),
        (" iframe", "width:100%;height:640px;border:1px solid rgba(128,128,128,.4);border-radius:8px"),
    ):  # fmt: skip
        yield f".pnm{selector}{{{rule}}}"


_STYLE = "".join(_rules())
