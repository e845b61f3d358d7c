"""Text that tries to steer a model or to hide: overrides, words to a judge, role marks, invisible characters, links that carry.

A pattern is a hint and no proof: "ignore your rubric" may be what a character says. Every finding shows the words. All
patterns cost linear time: gaps are bounded and nothing repeats inside a repetition.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from personarium.text.blocks import BLOCKS

Severity = Literal["error", "warning", "info"]
LONGEST_QUOTE = 80
# Before an order: the beginning of a sentence, line or quotation, or a word that leads to one.
_ORDER = r"(?P<lead>^|[.!?:;\n\"'“”(\[{>*\-]\s{0,3}|\b(?:please|must|should|now|then|and|will|always|you)\s)"
_GAP = r"[^.!?\n]{0,40}?"
_SUBJECTS = r"(?:instructions?|prompts?|rules?|rubrics?|guidelines?|directions?|directives?|criteria|policies|orders)"
_GRADER = r"(?:judges?|graders?|evaluators?|raters?|scorers?|assessors?|reviewers?|annotators?)"
_TAGS = "|".join(BLOCKS)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Words that look as if they were meant for the model and not about the persona.

    Args:
        kind: What they look like: ``override``, ``judge``, ``role mark``, ``hidden text``, ...
        severity: How sure a pattern of this kind is.
        quote: The words, at most 80 characters.
        meaning: What they would do, as one clause.
    """

    kind: str
    severity: Severity
    quote: str
    meaning: str


@dataclass(frozen=True, slots=True)
class _Pattern:
    kind: str
    severity: Severity
    meaning: str
    source: str

    def compiled(self) -> re.Pattern[str]:
        return re.compile(self.source, re.IGNORECASE | re.MULTILINE)


_PATTERNS = (
    _Pattern(
        "override",
        "error",
        "orders a model to drop its instructions",
        rf"{_ORDER}(?:ignore|disregard|forget|override|bypass|discard)\s{_GAP}\b(?:previous|prior|above|earlier|preceding|all|any|"
        rf"your|the|these|those|every)\b{_GAP}\b{_SUBJECTS}\b",
    ),
    _Pattern(
        "judge",
        "error",
        "speaks to a judge",
        rf"\b(?:note (?:to|for)|attention|dear|message (?:to|for)|if you are|you are|as)\s(?:the |an? |any |all )?(?:llm |ai )?"
        rf"{_GRADER}\b{_GAP}\b(?:must|should|score|rate|give|grade|award|always|ignore|rubric|\d)",
    ),
    _Pattern(
        "judge",
        "error",
        "asks for a score",
        rf"{_ORDER}(?:give|assign|award|output|return|rate|score|grade|answer with|reply with|respond with)\s{_GAP}\b(?:"
        r"(?:score|rating|grade|mark)s?\b[^.!?\n]{0,20}?\b(?:5|five|10|ten|100)\b|(?:full marks|(?:highest|maximum|top|perfect|best) "
        r"(?:score|rating|grade|mark)s?)|(?:5|five|10|ten|100)(?=\s?(?:/|out of\b|stars?\b|points?\b))|(?:5|10|100)(?=\s?(?:[.!\"'\]]|$)))",
    ),
    _Pattern(
        "judge",
        "error",
        "looks like a verdict",
        r"\[RESULT\]\s{0,4}\(?\d|\[\[(?:[AB]|tie|\d{1,3})\]\]|\"score\"\s{0,4}:\s{0,4}\d",
    ),
    _Pattern(
        "role mark",
        "error",
        "is a mark by which chat models tell roles apart",
        r"<\|[a-z_]{2,30}\|>|\[/?INST\]|<</?SYS>>|</?(?:start|end)_of_turn>|<(?:start|end)_of_turn>",
    ),
    _Pattern(
        "role mark",
        "warning",
        "begins a turn of another role",
        r"^[ \t#>*]{0,6}(?:system|assistant|developer)(?: prompt| message)?\s{0,2}:",
    ),
    _Pattern(
        "prompt theft",
        "error",
        "asks a model to show its prompt",
        rf"{_ORDER}(?:reveal|print|repeat|show|output|leak|recite|send)\s{_GAP}\b(?:system prompt|(?:your|the|all|hidden) (?:hidden |full |initial |"
        r"original )?(?:instructions|prompt)|api[ _]keys?)\b",
    ),
    _Pattern(
        "role switch",
        "warning",
        "tells a model to be something else",
        r"\byou are now\b|\bfrom now on,? you (?:are|will|must|act)\b|\bdeveloper mode\b|\bjailbr(?:eak|oken)\b|\bact as an? "
        r"(?:unrestricted|unfiltered|uncensored)\b|\bdo anything now\b",
    ),
    _Pattern(
        "own tags",
        "warning",
        "names a block of our prompts; it is made harmless when a prompt is built",
        rf"<[\s/]{{0,8}}(?:{_TAGS})\b[^>\n]{{0,20}}>",
    ),
    _Pattern(
        "carrying link",
        "warning",
        "is a link that can carry text away when it is shown",
        r"!\[[^\]\n]{0,200}\]\(\s{0,4}(?:https?:|data:|//)[^)\s]{1,400}|<(?:img|iframe|object|embed|link)\b[^>\n]{0,400}",
    ),
    _Pattern("script", "warning", "is a script", r"<script\b|\bjavascript:|\bon(?:error|load|click)\s{0,2}="),
    _Pattern("encoded text", "warning", "is text in base64", r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{80,400}"),
)
_COMPILED = tuple((pattern, pattern.compiled()) for pattern in _PATTERNS)
_MIXED = re.compile(r"(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])[^0-9+/]*[0-9+/]")
# Invisible: zero width, tags (they spell ASCII), direction marks, other controls. Joiners belong to emoji and some scripts.
_ZERO_WIDTH = frozenset("\u200b\u2060\u2061\u2062\u2063\u2064\ufeff\u180e\u00ad")
_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINERS = frozenset("\u200c\u200d")
_BLACK_FLAG = "\U0001f3f4"


def suspicions(text: str) -> Iterator[Suspicion]:
    """What in a text looks as if it was meant for a model; each kind once."""
    yield from _hidden(text)
    visible = unicodedata.normalize("NFKC", "".join(c for c in text if not _invisible(c)))
    for pattern, compiled in _COMPILED:
        for found in compiled.finditer(visible):
            if pattern.kind == "encoded text" and not _MIXED.match(found.group()):
                continue
            lead = found.end("lead") if "lead" in compiled.groupindex else found.start()
            words = " ".join(visible[lead : found.end()].split())
            yield Suspicion(pattern.kind, pattern.severity, words[:LONGEST_QUOTE], pattern.meaning)
            break


def _hidden(text: str) -> Iterator[Suspicion]:
    if text.isascii() and text.isprintable():
        return
    kinds: dict[str, list[str]] = {}
    for at, char in enumerate(text):
        name = _hidden_kind(text, at, char)
        if name:
            kinds.setdefault(name, []).append(char)
    for name, chars in kinds.items():
        codes = ", ".join(f"U+{ord(c):04X}" for c in dict.fromkeys(chars[:200]))
        severity: Severity = "error" if name == "tag characters" else "warning"
        number = (
            f"{len(chars)} {name}"
            if len(chars) > 1
            else f"1 {name.replace('characters', 'character').replace('marks', 'mark')}"
        )
        meaning = f"holds {number} that nobody sees"
        yield Suspicion("hidden text", severity, codes[:LONGEST_QUOTE], meaning)


def _hidden_kind(text: str, at: int, char: str) -> str:
    if "\U000e0000" <= char <= "\U000e007f":
        return "" if _BLACK_FLAG in text[max(0, at - 7) : at] else "tag characters"
    if char in _DIRECTION:
        return "direction marks"
    if char in _ZERO_WIDTH and not (char == "\ufeff" and at == 0):
        return "characters without width"
    if char in _JOINERS and text[at - 1 : at].isascii() and text[at + 1 : at + 2].isascii():
        return "joiner characters between plain letters"
    return "control characters" if unicodedata.category(char) == "Cc" and char not in "\n\r\t" else ""


def _invisible(char: str) -> bool:
    return char in _ZERO_WIDTH or char in _DIRECTION or "\U000e0000" <= char <= "\U000e007f" or char in _JOINERS
