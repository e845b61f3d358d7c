"""A run's document: headline first, then what the run handed over, then what every run has.

``summary.json`` (written by ``run.write_summary``; its fields are described in docs/report.md)::

    {"kind", "title", "subtitle", "headline", "estimates": {label: Estimate.as_dict()}, "scale", "truths", "meaning",
     "cautions", "notices", "tables": {title: {"columns", "rows"}}, "sections": [section as a plain dict]}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.models.registry import is_simulated
from personarium.report import bounds
from personarium.report.builders.origin import cost, failures, origin, prompts
from personarium.report.builders.personagym import personagym_sections
from personarium.report.builders.readings import READINGS, SIMULATED_NOTICE, Reading
from personarium.report.document import Bars, Document, Dots, Headline, Section, main_label
from personarium.report.schema import section_from_dict, sections_from_list
from personarium.runs import RunRecord

# Kinds that can be drawn from their tables when the run handed over no sections.
FROM_TABLES: Mapping[str, Callable[[RunRecord], list[Section]]] = {"personagym": personagym_sections}


def build_document(run: RunRecord) -> Document:
    """The report of a run, finished or not.

    Args:
        run: As :func:`personarium.runs.read_run` gives it.

    Returns:
        The document; a run without a summary has its failures, cost, prompts and origin.

    Raises:
        InvalidInput: When ``summary.json`` does not follow docs/report.md; names the field.
    """
    where = str(run.path / "summary.json")
    summary = run.summary or {}
    kind = _text(summary, "kind", where) or str(run.config.get("kind") or "")
    return Document(
        title=_text(summary, "title", where) or kind or f"Run {run.id}",
        subtitle=_text(summary, "subtitle", where),
        notices=tuple(_notices(run, _texts(summary, "notices", where))),
        sections=tuple(_sections(run, summary, kind, where)),
        command=run.command,
        meta=_meta(run),
        kind=kind,
    )


def _sections(run: RunRecord, summary: Mapping[str, Any], kind: str, where: str) -> list[Section]:
    given = list(sections_from_list(summary.get("sections") or (), where))
    sections = _headline(summary, kind, given, where) + given
    if not given and kind in FROM_TABLES and run.table_path().is_file():
        sections += FROM_TABLES[kind](run)
    sections += _tables(summary, where)
    there = {getattr(section, "kind", "") for section in given}
    always = {"failures": failures, "cost": cost, "prompts": prompts}
    room = bounds.SECTION_LIMIT - len(always) - 1
    extra: list[Section | None] = [build(run) for name, build in always.items() if name not in there]
    if len(sections) > room:  # what every run has is never what is left out
        sections = [*sections[:room], *filter(None, extra), origin(run), *sections[room:]]
        return sections
    return [*sections, *filter(None, extra), origin(run)]


def _headline(summary: Mapping[str, Any], kind: str, given: list[Section], where: str) -> list[Section]:
    """The headline of the summary's estimates; or the run's own, with this kind's reading where it has none."""
    if given and isinstance(given[0], Headline):
        given[0] = _with_reading(given[0], kind)
        return []
    estimates = summary.get("estimates")
    if not estimates:
        return []
    named = {name: summary[name] for name in ("scale", "truths", "meaning", "cautions") if summary.get(name)}
    section = section_from_dict(
        {"kind": "headline", "estimates": estimates, "main": _text(summary, "headline", where), **named}, where
    )
    assert isinstance(section, Headline)
    return [_with_reading(_without_repeats(section, given), kind)]


def _without_repeats(headline: Headline, given: list[Section]) -> Headline:
    """The headline with its main estimate only, where a plot of the run already draws all the others."""
    main = main_label(headline)
    others = set(headline.estimates) - {main}
    drawn = [{row.label for row in section.rows} for section in given if isinstance(section, (Bars, Dots))]
    if main is None or not any(others <= labels for labels in drawn):
        return headline
    return replace(headline, estimates={main: headline.estimates[main]})


def _with_reading(headline: Headline, kind: str) -> Headline:
    reading = READINGS.get(kind, Reading("", ()))
    return replace(
        headline, meaning=headline.meaning or reading.meaning, cautions=headline.cautions or reading.cautions
    )  # fmt: skip


def _tables(summary: Mapping[str, Any], where: str) -> list[Section]:
    tables = summary.get("tables") or {}
    if not isinstance(tables, Mapping):
        raise InvalidInput(where, "tables by title", tables, "tables")
    return [
        section_from_dict({"title": title, **_mapping(table, where, f"tables.{title}"), "kind": "table"}, where, f"tables.{title}")
        for title, table in tables.items()
    ]  # fmt: skip


def _mapping(value: Any, where: str, field: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidInput(where, "an object with columns and rows", value, field)
    return value


def _text(summary: Mapping[str, Any], name: str, where: str) -> str:
    value = summary.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidInput(where, "a text", value, name)
    return value or ""


def _texts(summary: Mapping[str, Any], name: str, where: str) -> list[str]:
    value = summary.get(name) or []
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise InvalidInput(where, "a list of texts", value, name)
    return value


def _notices(run: RunRecord, given: list[str]) -> list[str]:
    """What must be known of a run before any number is read; the sentence on simulated subjects stands once."""
    notices = []
    simulated = any(is_simulated(model["name"]) for model in run.models)
    if simulated and not any(text.startswith(SIMULATED_NOTICE) for text in given):
        notices.append(SIMULATED_NOTICE)
    if run.status != "complete":
        why = f": {run.reason}" if run.reason else ""
        notices.append(f"This run is {run.status}{why}. The report shows what there is; its command goes on with it.")
    if run.warnings:
        found = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(run.warnings.items()))
        notices.append(f"When this run was resumed, its records were repaired: {found}.")
    return list(dict.fromkeys([*notices, *given]))


def _meta(run: RunRecord) -> dict[str, str]:
    roles: dict[str, list[str]] = {}
    for model in run.models:
        roles.setdefault(model["role"], []).append(model["name"])
    facts = {role: ", ".join(names) for role, names in roles.items()}
    facts |= {"seed": str(run.seed), "started": run.started.replace("T", " ").replace("+00:00", " UTC")}
    return {**facts, "status": run.status, "run": run.id, "version": run.versions.get("personarium", "")}
