"""Facts and utterances as plain rows for the browser, and times for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from personarium.remember.edits import BLOCK
from personarium.remember.readable import ReadableMemory
from personarium.remember.recollection import day
from personarium.remember.records import Fact, Observation
from personarium.remember.replay import ARCHIVED

Row = dict[str, Any]
LONGEST = 600  # characters of a text in a list; the whole text is in the export
LONGEST_SAID = 2000  # characters of an utterance in a list
MOST_SOURCES = 50
NO_PATH = "Without a path"
HAND = "by hand"


def minute(at: float) -> str:
    """A time in UTC, to the minute: ``2026-05-01 14:02``."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def cut(text: str, longest: int = LONGEST) -> str:
    """A text on one line, cut where it is long."""
    plain = " ".join(text.split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"


def spoken_by(speaker: str) -> str:
    """Who said it, for people."""
    return {"user": "the person", "assistant": "the other side"}.get(speaker, speaker)


def fact_rows(facts: Sequence[Fact]) -> list[Row]:
    """The facts as the tree shows them: by kind and first step of the path, in the order of the paths; blocks apart."""
    shown = [fact for fact in facts if fact.kind != BLOCK]
    return sorted(map(_fact_row, shown), key=lambda row: (row["kind"] != "fact", row["group"] == NO_PATH, row["order"]))


def _fact_row(fact: Fact) -> Row:
    first, _, rest = fact.key.partition(".")
    group = first.replace("_", " ") or NO_PATH
    return {
        "id": fact.id,
        "kind": fact.kind,
        "group": group if fact.kind == "fact" else f"{fact.kind}: {group}",
        "order": [fact.kind, fact.key, fact.recorded_at, fact.id],
        "label": rest.replace(".", " › ").replace("_", " "),
        "path": fact.key,
        "text": cut(fact.text),
        "of": "" if fact.holder == "user" else f"of {cut(fact.holder, 80)}",
        "when": when(fact),
        "over": not fact.current,
        "archived": ARCHIVED in fact.attributes,
        "confidence": round(fact.confidence, 2),
        "sources": len(fact.evidence),
    }


def when(fact: Fact) -> str:
    """From when to when a fact holds."""
    since = "" if fact.valid_from is None else day(fact.valid_from)
    if fact.valid_to is None:
        return f"since {since}" if since else ""
    if fact.valid_to == fact.valid_from:
        return "never right"
    return f"{since} to {day(fact.valid_to)}".strip() if since else f"until {day(fact.valid_to)}"


def fact_detail(memory: ReadableMemory, id: str) -> Row:
    """What stands behind a fact: the utterances, its versions, and how it came in."""
    versions = memory.history(id)
    fact = next(one for one in versions if one.id == id)
    sources = memory.sources(id)
    return {
        "id": fact.id,
        "recorded": minute(fact.recorded_at),
        "by": fact.strategy or HAND,
        "importance": round(fact.importance, 2),
        "sources": [said_row(one) for one in sources[:MOST_SOURCES]],
        "more": max(0, len(sources) - MOST_SOURCES),
        "versions": [
            {"id": one.id, "text": cut(one.text), "when": when(one), "recorded": minute(one.recorded_at)}
            for one in versions
        ]
        if len(versions) > 1
        else [],
    }


def said_row(one: Observation) -> Row:
    """An utterance as a list shows it."""
    return {
        "id": one.id,
        "who": cut(spoken_by(one.speaker), 60),
        "own": one.speaker == "user",
        "at": minute(one.at),
        "session": cut(one.session, 60),
        "text": cut(one.text, LONGEST_SAID),
    }
