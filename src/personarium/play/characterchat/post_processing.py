"""What becomes of a reply before it is an utterance: the published cleaning, and one that cuts no meaning.

:func:`clean` is step 7 to the letter. It deletes whatever stands before any colon, glues words at line breaks, splits at the
point of a decimal, and drops every thanks; :func:`clean_gently` takes only a speaker's name off the front and leaves those
alone. The raw reply is kept beside either.

Source: characterchat page, step 7 and Traps.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import SequenceMatcher

LISTENING = "I am listening, go on."
ALIKE = 0.9  # quick ratio above which the first piece repeats the partner's
_OPENING = re.compile(r"(?:Hey|Oh|Absolutely)[,.!?]")
_PIECE = re.compile(r"[^,.!?]*[,.!?]|[^,.!?]+\Z")
_SENTENCE_PIECE = re.compile(r"\S(?:[^,.!?]|[,.!?](?!\s|\Z))*(?:[,.!?]|\Z)")
_BRACES = str.maketrans("{}", "()")
_MACHINE = re.compile(r"\bAI\b")
_LONGEST_NAME = 60  # characters before a colon that can be a name


def clean(reply: str, partner: str = "", listening: str = LISTENING) -> str:
    """The published cleaning.

    Args:
        reply: As the model gave it.
        partner: The partner's last utterance, whose opening must not be repeated.
        listening: What is said when nothing is left.
    """
    text = reply.replace("\r", "").replace("\n", "")
    text = text.partition(":")[2] if ":" in text else text
    text = _OPENING.sub("", text, count=1) if _OPENING.match(text) else text
    pieces = [piece for piece in _PIECE.findall(text.translate(_BRACES)) if _kept(piece)]
    return _finished(pieces, _first(_PIECE, partner), "", listening)


def _kept(piece: str) -> bool:
    return len(piece.split(" ")) >= 3 and "Thank you" not in piece and "AI" not in piece


def clean_gently(reply: str, partner: str = "", names: Collection[str] = (), listening: str = LISTENING) -> str:
    """The same without the damage: text before a colon goes only if it is a name, lines are joined by a blank, thanks stay.

    Args:
        reply: As the model gave it.
        partner: The partner's last utterance.
        names: What the speakers are called (names, roles); taken off the front with its colon.
        listening: What is said when nothing is left.
    """
    text = _without_name(" ".join(reply.split()), names)
    opening = _OPENING.match(text)
    text = text[opening.end() :] if opening else text
    pieces = [piece for piece in _SENTENCE_PIECE.findall(text.translate(_BRACES)) if _kept_gently(piece)]
    return _finished(pieces, _first(_SENTENCE_PIECE, partner), " ", listening)


def _without_name(text: str, names: Collection[str]) -> str:
    head, colon, _ = text[: _LONGEST_NAME + 1].partition(":")
    called = {part for name in names for part in (name.casefold(), *name.casefold().split()[:1])}
    if colon and head.strip("*_ ").casefold() in called:
        return text[len(head) + 1 :].lstrip("*_ ")
    return text


def _kept_gently(piece: str) -> bool:
    return len(piece.split()) >= 2 and _MACHINE.search(piece) is None


def _first(pieces: re.Pattern[str], partner: str) -> str:
    found = pieces.match(partner.strip())
    return found[0] if found else ""


def _finished(pieces: list[str], partners_first: str, between: str, listening: str) -> str:
    if pieces and partners_first and SequenceMatcher(None, pieces[0], partners_first).quick_ratio() > ALIKE:
        pieces = pieces[1:]
    text = between.join(pieces).strip()
    return text[:1].upper() + text[1:] if text else listening
