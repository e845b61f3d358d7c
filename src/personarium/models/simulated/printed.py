"""What a prompt prints to choose from: lettered, numbered or bulleted options, and the labels of a rating scale."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_LETTERED = re.compile(
    r"^[ \t]*(?:[-*][ \t]+)?(?:\*\*)?[(\[]?([A-Za-z]|\d{1,2})(?:[)\]](?:[.:])?|[.:]|[ \t]*=|"
    r"[ \t]+-)(?:\*\*)?[ \t]+(\S.*?)[ \t]*$",
    re.M,
)
_BULLET = re.compile(r"^[ \t]*[-*•][ \t]+(\S.*?)[ \t]*$", re.M)
_PAIR = re.compile(
    r"(?<![\w.])[(\[]?([A-Ia-i]|\d{1,2})[)\]]?(?:\s*(?:=|:|\)|-|–|\()\s*|\s+(?:means|is)\s+)"
    r"[\"“']?(?!(?:to|and|or)\b)([A-Za-z][A-Za-z' ]{1,40})"
)
_KEY_AFTER = re.compile(r"[(=:]\s*(?:\d{1,2}|[A-I])\s*\)?(?![\w.])")
_AFTER = re.compile(r"([A-Za-z][A-Za-z' ]{1,40}?)[\"”']?\s*[(=:]\s*(\d{1,2}|[A-I])\s*\)?(?![\w.])")


@dataclass(frozen=True, slots=True)
class Option:
    """One printed option: its key ("A", "3", or "" for a bullet) and its text."""

    key: str
    text: str


@lru_cache(maxsize=2048)
def options_in(text: str) -> tuple[Option, ...]:
    """The options of a text, in print order: lettered or numbered lines in a run (A B C, 1 2 3), else bullets.

    Several runs (a question of three parts) give only the last one; lines without any mark count when there is
    nothing else and the text has at least two lines.
    """
    run: list[Option] = []
    for key, body in _LETTERED.findall(text):
        if run and not _follows(run[-1].key, key):
            run = []
        run.append(Option(key, body))
    if len(run) >= 2:
        return tuple(run)
    bullets = [Option("", body) for body in _BULLET.findall(text)]
    return tuple(bullets) if len(bullets) >= 2 else ()


@lru_cache(maxsize=2048)
def options_of_block(text: str) -> tuple[Option, ...]:
    """The options of an ``options`` block, where every line is one even without a mark."""
    found = options_in(text)
    if found:
        return found
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return tuple(Option("", line) for line in lines) if len(lines) >= 2 else ()


def _follows(before: str, after: str) -> bool:
    if before.isdigit() and after.isdigit():
        return abs(int(after) - int(before)) == 1
    if before.isalpha() and after.isalpha():
        return before != after and abs(ord(after) - ord(before)) <= 25
    return False


_NEUTRAL = re.compile(
    r"\b(?:neither|neutral|undecided|unsure|not sure|no opinion|uncertain|in ?between|half and half|sometimes|"
    r"occasionally)\b"
)
_NEGATIVE = re.compile(
    r"\b(?:not|never|no|disagree\w*|dis\w*like\w*|in(?:accurate|correct|appropriate|consistent)\w*|un(?:true|"
    r"like\w*|typical|characteristic|important)|"
    r"false|hardly|rarely|seldom|dissatisfied|oppose|reject|negative|bad|poor|worse|low)\b"
)
_FREQUENT = re.compile(r"\b(?:always|never|often|frequently|usually|rarely|seldom|hardly|every|constantly|daily)\b")
_KNOWN = re.compile(
    r"\b(?:(?:dis)?agree\w*|(?:in)?accurate\w*|(?:un)?true|false|(?:un)?likely|(?:un)?like|(?:in)?correct|"
    r"neutral|neither|undecided|"
    r"unsure|always|never|often|frequently|usually|rarely|seldom|sometimes|occasionally|hardly|applies|describes?|"
    r"(?:un)?characteristic|(?:un)?typical|not at all|extremely|slightly|somewhat|moderately|very much|a little|"
    r"a lot|quite|"
    r"completely|mostly|yes|no|(?:dis)?satisfied|support|oppose|(?:un)?important|uncertain)\b"
)
_STRENGTH = (  # the order decides: the strongest word that a label has
    (re.compile(r"\b(?:completely|totally|entirely|absolutely|extremely|fully|definitely|constantly)\b"), 5.0),
    (re.compile(r"\b(?:almost|nearly|hardly)\b"), 3.6),
    (re.compile(r"\b(?:strongly|very|always|never|highly|not at all|at all|exactly|a great deal|a lot)\b"), 4.0),
    (re.compile(r"\b(?:mostly|largely|quite|usually|generally|frequently|pretty|fairly|rather)\b"), 3.0),
    (re.compile(r"\b(?:slightly|a little|a bit|weakly|barely|partly|partially)\b"), 1.0),
    (re.compile(r"\b(?:somewhat|tend to|mildly)\b"), 2.0),
    (re.compile(r"\b(?:rarely|seldom)\b"), 2.5),
    (re.compile(r"\b(?:moderately)\b"), 2.4),
)


@lru_cache(maxsize=4096)
def meaning(label: str) -> float | None:
    """How much agreement, accuracy or frequency a label of a rating scale stands for.

    Args:
        label: The printed words, for instance ``Moderately Inaccurate``.

    Returns:
        A number whose order is the order of the meanings (-5 .. 5, 0 is the middle); None for words of no scale.
    """
    text = " ".join(label.lower().replace("-", " ").replace("’", "'").split())
    if len(text) > 60 or not _KNOWN.search(text):
        return None
    if _NEUTRAL.search(text) and not re.search(r"\b(?:very|strongly)\b", text):
        return 0.0
    sign = -1.0 if _NEGATIVE.search(text) else 1.0
    for pattern, strength in _STRENGTH:
        if pattern.search(text):
            return sign * strength
    return sign * 2.5


@dataclass(frozen=True, slots=True)
class Ladder:
    """A rating scale as it is printed: answers in print order, each with the category 0 .. n-1 that it means."""

    answers: tuple[str, ...]
    categories: tuple[int, ...]
    labelled: bool

    def answer_of(self, category: int) -> str:
        """The printed answer that means a category."""
        return self.answers[self.categories.index(category)]


def _ranked(answers: list[str], meanings: list[float]) -> Ladder:
    order = sorted(range(len(answers)), key=lambda i: (meanings[i], i))
    categories = [0] * len(answers)
    for rank, i in enumerate(order):
        categories[i] = rank
    return Ladder(tuple(answers), tuple(categories), True)


@lru_cache(maxsize=2048)
def labels_in(text: str) -> tuple[Option, ...]:
    """Every key with a scale label that a text prints, on lines or inside a sentence, in print order."""
    lines = [o for o in options_in(text) if meaning(o.text) is not None]
    if len(lines) >= 2:
        return tuple(lines)
    found: dict[str, Option] = {}
    for key, label in _PAIR.findall(text):
        if meaning(label) is not None:
            found.setdefault(key, Option(key, " ".join(label.split())))
    if len(found) < 2:
        found.clear()
        # _AFTER tries every letter of a text as a label's first, so it is asked only where a key stands at all.
        for label, key in _AFTER.findall(text) if _KEY_AFTER.search(text) else ():
            label = re.sub(r"^(?:.*\b(?:from|to|and|or|scale)\s+)", "", label.strip())
            if meaning(label) is not None:
                found.setdefault(key, Option(key, label))
    return tuple(found.values()) if len(found) >= 2 else ()


@lru_cache(maxsize=4096)
def ladder(text: str, choices: tuple[str, ...], lo: int | None, hi: int | None) -> Ladder | None:
    """The rating scale that an answer hole is answered on.

    Args:
        text: Where labels may stand (options block, else the whole message).
        choices: The hole's alternatives, empty for a number hole.
        lo: Lower end of a number hole.
        hi: Upper end.

    Returns:
        The ladder, or None when the alternatives are not a rating scale. Without labels a number means itself.
    """
    direct = [meaning(c) for c in choices]
    if len(choices) >= 2 and all(m is not None for m in direct):
        return _ranked(list(choices), [m for m in direct if m is not None])
    labels = labels_in(text)
    if choices:
        by_key = {o.key.upper(): meaning(o.text) for o in labels}
        meanings = [by_key.get(_bare(c)) for c in choices]
        if len(choices) >= 2 and all(m is not None for m in meanings):
            return _ranked(list(choices), [m for m in meanings if m is not None])
        if not all(_bare(c).isdigit() for c in choices):
            return None
        return _numbered([int(_bare(c)) for c in choices], list(choices), labels)
    if lo is None or hi is None:
        return _from_labels(labels)
    printed = [int(o.key) for o in labels if o.key.isdigit()]
    numbers = list(range(lo, hi + 1))
    if sorted(printed) == numbers:
        numbers = printed
    return _numbered(numbers, [str(n) for n in numbers], labels)


def _bare(choice: str) -> str:
    return choice.strip("()[]. ").upper()


def _from_labels(labels: tuple[Option, ...]) -> Ladder | None:
    if not labels:
        return None
    return _ranked([o.key or o.text for o in labels], [meaning(o.text) or 0.0 for o in labels])


def _numbered(numbers: list[int], answers: list[str], labels: tuple[Option, ...]) -> Ladder:
    known = {int(o.key): meaning(o.text) or 0.0 for o in labels if o.key.isdigit()}
    if known and all(n in known for n in numbers):
        return _ranked(answers, [known[n] for n in numbers])
    low, high = min(numbers), max(numbers)
    falling = low in known and high in known and known[low] > known[high]
    ranks = [high - n if falling else n - low for n in numbers]
    return Ladder(tuple(answers), tuple(ranks), bool(known))
