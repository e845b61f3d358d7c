"""Reading a persona: keyed lines, sentence patterns and unkeyed clauses; no embeddings, no models."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files

from personarium.models.simulated.clauses import clause_spans, sentence_spans
from personarium.models.simulated.patterns import AGES, KEYED, OCCUPATION_LEAD, is_occupation
from personarium.models.simulated.words import all_words, is_negated, stems

MOST_RELEVANT = 3
"""A speaker takes up at most three facts at a time. Source: SIMULATED.md, "Reading a persona"."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a persona text says.

    Args:
        id: ``p1``, ``p2``, ... for the persona text; ``m...`` for memory notes, oldest first.
        key: The attribute's key, or "" for an unkeyed clause.
        value: The value, or the clause.
        span: Where it stands in its text (start, end).
        stems: Content stems of the value.
        negated: Whether the text denies it ("I do not smoke").
        text: The words it was read from.
    """

    id: str
    key: str
    value: str
    span: tuple[int, int]
    stems: frozenset[str]
    negated: bool
    text: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """What the subject knows of one attribute of people.

    Args:
        key: Its name in ledgers.
        synonyms: What persona texts call it; the first one is how it is spoken of.
        question_words: Words, or groups of words that must all be there, that ask about it.
        values: What it could be; no two share a content stem.
        question: How one asks about it.
        several: Whether several values may hold at a time.
    """

    key: str
    synonyms: tuple[str, ...]
    question_words: tuple[str, ...]
    values: tuple[str, ...]
    question: str = ""
    several: bool = False

    @property
    def noun(self) -> str:
        """How the attribute is spoken of: ``my <noun>``."""
        return self.synonyms[0]


@lru_cache(maxsize=1)
def attributes() -> Mapping[str, Attribute]:
    """The attribute lexicon by key, loaded on first use from ``attributes.toml``."""
    table = tomllib.loads((files(__package__) / "attributes.toml").read_text(encoding="utf-8"))
    return {
        key: Attribute(
            key,
            tuple(row["synonyms"]),
            tuple(row["question_words"]),
            tuple(row["values"]),
            row["question"],
            row.get("several", False),
        )
        for key, row in table.items()
    }


def read_facts(persona_text: str, memory: Sequence[str] = ()) -> list[Fact]:
    """The valid facts of a persona text and of later notes.

    Args:
        persona_text: The description, in any style.
        memory: Later notes (memory, dialogue), oldest first; notes that begin with a date are put in its order.

    Returns:
        Facts in reading order; of several values of one key the newest dated or updated one is kept.
    """
    return list(_read(persona_text, tuple(memory))[0])


def read_outdated(persona_text: str, memory: Sequence[str] = ()) -> list[Fact]:
    """The facts that :func:`read_facts` no longer counts as valid, in reading order."""
    return list(_read(persona_text, tuple(memory))[1])


def relevant_facts(facts: Sequence[Fact], utterance: str) -> list[Fact]:
    """The facts an utterance is about: those that share a question word of their key or a content stem.

    Returns:
        At most three, most shared first, then in reading order.
    """
    asked, said = stems(utterance), all_words(utterance)
    shared = [(len(f.stems & asked) + _asked_about(f.key, said), f) for f in facts]
    found = sorted((pair for pair in shared if pair[0]), key=lambda pair: -pair[0])
    return [f for _, f in found[:MOST_RELEVANT]]


def is_said(fact: Fact, said: frozenset[str]) -> bool:
    """Whether two thirds of the value's stems are among the stems of what was said."""
    return bool(fact.stems) and 3 * len(fact.stems & said) >= 2 * len(fact.stems)


def read_levels(persona_text: str) -> dict[str, float]:
    """Trait levels -2..2 by letter (O, C, E, A, N) that a text states in trait words with an intensity.

    "not at all outgoing" is -2 on E, "a bit" 0.5, a bare or "quite" word 1, "very" 1.5, "extremely" 2; "low in
    openness", "extraversion: high" likewise. Several words of one trait are averaged.
    """
    return dict(_levels(persona_text))


def key_of(label: str) -> str:
    """The attribute's key that a label such as ``Favorite food`` names; "" when the lexicon does not have it."""
    return _synonyms().get(_plain(label), "")


def question_words(key: str) -> tuple[frozenset[str], tuple[frozenset[str], ...]]:
    """How a key is asked about: single words (with their plurals), and groups of words that must all be there."""
    return _question_index().get(key) or (frozenset(), (all_words(key.replace("_", " ")),))


def _asked_about(key: str, said: frozenset[str]) -> int:
    if not key:
        return 0
    single, groups = question_words(key)
    return len(single & said) + sum(group <= said for group in groups)


@lru_cache(maxsize=1)
def _question_index() -> Mapping[str, tuple[frozenset[str], tuple[frozenset[str], ...]]]:
    index = {}
    for key, attribute in attributes().items():
        phrases = [all_words(q) for q in attribute.question_words]
        # Whole words, not stems: "professional" does not ask for a profession.
        single = frozenset(form for p in phrases if len(p) == 1 for w in p for form in (w, _plural(w)))
        index[key] = (single, tuple(p for p in phrases if len(p) > 1))
    return index


@lru_cache(maxsize=1)
def _known_values() -> Mapping[str, str]:
    index: dict[str, str] = {}
    for key, attribute in attributes().items():
        for value in attribute.values:
            index.setdefault(re.sub(r"^an? ", "", value.lower()), key)
    return index


def _plural(word: str) -> str:
    return word[:-1] + "ies" if word.endswith("y") and word[-2] not in "aeiou" else word + "s"


@lru_cache(maxsize=1)
def _synonyms() -> Mapping[str, str]:
    index: dict[str, str] = {}
    for key, attribute in attributes().items():
        for name in (key, *attribute.synonyms):
            index.setdefault(_plain(name), key)
    return index


def _plain(label: str) -> str:
    return re.sub(r"[\s_-]+", " ", label.lower()).strip(" *#\"'")


_UPDATED = re.compile(
    r"\b(?:now|no longer|moved|anymore|these days|switched|changed|recently|since then|used to)\b", re.I
)
_DATE = re.compile(r"^\W{0,3}(\d{4}-\d{2}(?:-\d{2})?)")


@lru_cache(maxsize=2048)
def _read(persona: str, memory: tuple[str, ...]) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
    valid: list[Fact] = []
    outdated: list[Fact] = []
    by_key: dict[str, list[Fact]] = {}
    notes = [line for note in memory for line in note.splitlines() if line.strip()]
    dated = sorted(range(len(notes)), key=lambda i: (m.group(1) if (m := _DATE.match(notes[i])) else "", i))
    later = [f for i in dated for f in _parse(_DATE.sub("", notes[i]))]
    for number, fact in enumerate(_parse(persona), 1):
        _add(replace(fact, id=f"p{number}"), valid, outdated, by_key, newer=False)
    for number, fact in enumerate(later, 1):
        _add(replace(fact, id=f"m{number}"), valid, outdated, by_key, newer=True)
    return tuple(valid), tuple(outdated)


def _add(fact: Fact, valid: list[Fact], outdated: list[Fact], by_key: dict[str, list[Fact]], newer: bool) -> None:
    if not fact.key:
        valid.append(fact)
        return
    known = attributes().get(fact.key)
    updated = bool(_UPDATED.search(fact.text))
    alike = by_key.setdefault(fact.key, [])  # so that a long persona is not searched for every fact of it
    for old in list(alike):
        same = old.stems == fact.stems
        if same and old.negated == fact.negated:
            return
        denied = fact.negated and is_said(old, fact.stems)
        replaced = (newer or updated) and known is not None and not known.several and not fact.negated
        if denied or replaced or (same and newer):
            valid.remove(old)
            alike.remove(old)
            outdated.append(old)
    valid.append(fact)
    alike.append(fact)


_LINE = re.compile(r"[^\n]+")
_KEYED_LINE = re.compile(
    r"^[\s\-*•\"'{,#]*(?P<label>[A-Za-z][A-Za-z0-9 _/'()-]{0,48}?)[\"'*]*\s*(?::|=|\|)"
    r"[\"'*\s]*(?P<value>\S.*)$"
)
_TRAILING = "\"',*} \t\r"
_LISTED = re.compile(r"\s*(?:[,;/]|\band\b)\s*")
_LONGEST_VALUE = 12  # words; a longer "value" is prose under a heading and is read as prose


_SENTENCE_START = re.compile(r"(?:i|you|he|she|they|we|my|your|his|her|their)\b", re.I)
_LONGEST_HEADING = 3


@lru_cache(maxsize=4096)
def _parse(text: str) -> tuple[Fact, ...]:
    found: list[Fact] = []
    lines = list(_LINE.finditer(text))
    for place, line in enumerate(lines):
        keyed = _KEYED_LINE.match(line.group())
        value = keyed["value"].rstrip(_TRAILING) if keyed else ""
        if keyed and value and _is_value(keyed["label"], value):
            found += _keyed(keyed["label"], value, line.start() + keyed.start("value"), line.group())
        elif not _is_heading(line.group(), lines[place + 1].group() if place + 1 < len(lines) else ""):
            start = line.start() + keyed.start("value") if keyed else line.start()
            found += _prose(text, start, line.end())
    return tuple(f for f in found if f.stems)


def _is_value(label: str, value: str) -> bool:
    """Whether what follows a label is its value and not prose under a heading."""
    if len(value.split()) > _LONGEST_VALUE or re.search(r"[.!?]\s", value):
        return False
    return bool(key_of(label)) or not _SENTENCE_START.match(value)


def _is_heading(line: str, after: str) -> bool:
    bare = line.strip()
    if bare.startswith("#"):
        return True
    short = len(bare.split()) <= _LONGEST_HEADING and bare[-1:] not in ".!?"
    return short and _KEYED_LINE.match(after) is not None


def _keyed(label: str, value: str, start: int, line: str) -> Iterator[Fact]:
    key = key_of(label) or _plain(label).replace(" ", "_")
    known = attributes().get(key)
    if known is None or not known.several:
        yield _fact(key, value, start, line)
        return
    at = 0
    for cut in [*_LISTED.finditer(value), None]:
        end = cut.start() if cut else len(value)
        if value[at:end].strip():
            yield _fact(key, value[at:end].strip(), start + at, line)
        at = cut.end() if cut else end


def _prose(text: str, start: int, end: int) -> Iterator[Fact]:
    for s, e in sentence_spans(text[start:end]):
        for a, b in clause_spans(text, start + s, start + e):
            clause = text[a:b]
            yield from _clause(clause.strip(), a + len(clause) - len(clause.lstrip()))


def _clause(clause: str, start: int) -> Iterator[Fact]:
    """Facts of one clause: what the patterns find, and what they leave as an unkeyed fact."""
    rest = clause
    for key, pattern in KEYED:
        for match in pattern.finditer(rest):
            at, end = match.span(match.lastindex or 0)
            label = match.groupdict().get("label")
            named = key_of(label) if label else key
            if not named:
                continue
            if named == "home" and _known_values().get(rest[at:end].strip().lower()) == "country":
                named = "country"
            yield _fact(named, rest[at:end].strip(), start + at, clause)
            # Blanks keep the places of what stays, and a fact is read once.
            rest = rest[: match.start()] + " " * (match.end() - match.start()) + rest[match.end() :]
    yield from _remainder(rest, clause, start)


def _remainder(rest: str, clause: str, start: int) -> Iterator[Fact]:
    bare = rest.strip(" \t,;:.!?\"'()-")
    if not stems(bare):
        return
    at = rest.index(bare)
    noun = OCCUPATION_LEAD.sub("", bare)
    value = _HAS_OR_IS.sub("", bare)
    known = _known_values().get(value.lower()) if value != bare else None
    if is_occupation(noun):
        at += len(bare) - len(noun)
        yield _fact("occupation", noun, start + at, clause)
    elif known:
        yield _fact(known, value, start + at + len(bare) - len(value), clause)
    else:
        yield _fact("", _ARTICLE.sub(_right_article, bare), start + at, clause)


# "I have a beagle", "They are Norwegian": what remains may be a value that the lexicon knows.
_HAS_OR_IS = re.compile(
    r"^(?:i|you|he|she|they)(?:['’](?:m|re|s))? ?(?:am|are|is|have|has|own|owns)?\b (?:got )?(?:an? )?", re.I
)
_ARTICLE = re.compile(r"^(an?)\s+(?=(\w))", re.I)


def _right_article(match: re.Match[str]) -> str:
    # What a pattern took out may have stood between the article and its noun.
    word = "an " if match[2].lower() in "aeiou" else "a "
    return word.capitalize() if match[1][0] == "A" else word


def _fact(key: str, value: str, start: int, text: str) -> Fact:
    value = " ".join(value.split())
    if key:
        value = value.rstrip(".!?;, ")
    if key == "age" and value.lower() in AGES:
        value = AGES[value.lower()]
    negated = is_negated(text)
    return Fact("", key, value, (start, start + len(value)), stems(value), negated, text.strip())


_INTENSITY = (
    (r"(?:not at all|not in the least|anything but|by no means)", -2.0),
    (r"(?:not(?: (?:very|particularly|so|that|really|especially))?|hardly|un)", -1.0),
    (r"(?:a bit|a little|slightly|somewhat|a touch|mildly)", 0.5),
    (r"(?:quite|rather|fairly|pretty|moderately)", 1.0),
    (r"(?:very|really|highly|strongly|remarkably|especially)", 1.5),
    (r"(?:extremely|exceptionally|incredibly|intensely|utterly|completely)", 2.0),
)
_PLAIN_LEVEL = 1.0
_AMOUNTS = {
    "extremely low": -2.0,
    "very low": -1.5,
    "a bit low": -0.5,
    "low": -1.0,
    "extremely high": 2.0,
    "very high": 1.5,
    "a bit high": 0.5,
    "high": 1.0,
    "average": 0.0,
    "medium": 0.0,
    "moderate": 0.0,
}


@lru_cache(maxsize=2048)
def _levels(text: str) -> tuple[tuple[str, float], ...]:
    low = text.lower()
    words, stated = _trait_patterns()
    found: dict[str, list[float]] = {}
    # "emotional stability" names a trait; its words are not said of the person.
    for match in words.finditer(stated.sub(" ", low)):
        letter, sign = _trait_words()[match["word"]]
        found.setdefault(letter, []).append(sign * _intensity(match["how"]))
    for match in stated.finditer(low):
        letter, sign = _trait_names()[match["name"] or match["name2"]]
        found.setdefault(letter, []).append(sign * _AMOUNTS[match["amount"] or match["amount2"]])
    return tuple((k, max(-2.0, min(2.0, sum(v) / len(v)))) for k, v in sorted(found.items()))


def _intensity(how: str | None) -> float:
    if not how:
        return _PLAIN_LEVEL
    return next(level for pattern, level in _INTENSITY if re.fullmatch(pattern, how.strip()))


@lru_cache(maxsize=1)
def _traits() -> Mapping[str, Mapping[str, list[str]]]:
    return tomllib.loads((files(__package__) / "traits.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _trait_words() -> Mapping[str, tuple[str, int]]:
    signs = (("high", 1), ("low", -1))
    return {word: (letter, sign) for letter, row in _traits().items() for side, sign in signs for word in row[side]}


@lru_cache(maxsize=1)
def _trait_names() -> Mapping[str, tuple[str, int]]:
    names = {name: (letter, 1) for letter, row in _traits().items() for name in row["names"]}
    return names | {name: (letter, -1) for letter, row in _traits().items() for name in row.get("reversed_names", [])}


@lru_cache(maxsize=1)
def _trait_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = "|".join(sorted((re.escape(w) for w in _trait_words()), key=len, reverse=True))
    names = "|".join(sorted((re.escape(w) for w in _trait_names()), key=len, reverse=True))
    how = "|".join(pattern for pattern, _ in _INTENSITY)
    amounts = "|".join(_AMOUNTS)
    return (
        re.compile(rf"\b(?:(?P<how>{how})\s+)?(?P<word>{words})\b"),
        re.compile(
            rf"\b(?P<name>{names})\b[\"'*]*\s*(?::|=|is|are)?\s*[\"'*]*(?P<amount>{amounts})\b"
            rf"|\b(?P<amount2>{amounts})(?: levels?(?: of)?| in| on)?\s+(?P<name2>{names})\b"
        ),
    )
