"""The strip below a reply: which facts it carries, misses or contradicts, in a few words."""

from __future__ import annotations

from typing import Any

from personarium.measure.talk_reading import FactReading, ReplyReading, Verdict

SHOWN = 3  # facts in the strip; the rest is a number
WORDS = 44  # characters of a fact in it
LOOKS: dict[Verdict, tuple[str, str, str]] = {  # verdict -> what it is called, its icon, its colour
    "contradicted": ("contradicted", "close", "bad"),
    "carried": ("asked for and carried", "check", "good"),
    "missed": ("asked for and not carried", "radio_button_unchecked", ""),
    "offered": ("carried unasked", "add", "accent"),
    "untouched": ("not touched", "remove", ""),
}
ORDER: tuple[Verdict, ...] = ("contradicted", "carried", "missed", "offered")


def chips_of(reading: ReplyReading | None) -> tuple[list[dict[str, Any]], int]:
    """What the strip shows, the gravest first, and how many facts it leaves out."""
    if reading is None:
        return [], 0
    found = reading.of(*ORDER)
    return [_chip(fact) for fact in found[:SHOWN]], max(0, len(found) - SHOWN)


def _chip(fact: FactReading) -> dict[str, Any]:
    called, icon, kind = LOOKS[fact.verdict]
    text = fact.statement if len(fact.statement) <= WORDS else f"{fact.statement[: WORDS - 1].rstrip()}…"
    return {"text": text, "icon": icon, "kind": kind, "called": called}


def strip_label(reading: ReplyReading | None) -> str:
    """The strip in words; empty where a reply was not read."""
    if reading is None:
        return ""
    counts = {verdict: len(reading.of(verdict)) for verdict in ORDER}
    told = [f"{n} {LOOKS[verdict][0]}" for verdict, n in counts.items() if n]
    return f"Facts: {', '.join(told)}" if told else "No fact was asked for, and none was touched"
