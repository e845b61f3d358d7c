"""Statements of one persona that cannot both be true: by path and value, by what sentences say, by the entailment head."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from personarium.core.facets import Facet, Value
from personarium.core.persona import DESCRIPTION, Persona
from personarium.core.views import sentence, show_value
from personarium.judges.extraction.rules import extract_by_rules
from personarium.judges.extraction.vocabulary import own_path, vocabulary
from personarium.judges.persona_findings import Finding
from personarium.text.similarity import content_stems, letters_and_digits

# Mean of P(contradicted) in both directions. Of 71 pairs of statements that people wrote about one person
# (Synthetic-Persona-Chat, test set, sharing a content word) none reaches 0.9; of ten contradictions written by hand seven do.
ENTAILMENT_AT_LEAST = 0.9
MOST_PAIRS = 2000
MOST_SENTENCES = 400
LONGEST_SENTENCE = 500  # characters
# What nobody has two of at a time; of other paths that hold one value (work, employer, ...) people may have several.
EXCLUSIVE = frozenset(
    f"social.{name}" for name in ("name", "age", "gender", "birthday", "birth_year", "marital_status")
) | {"place.birthplace", "place.location", "family.partner", "body.height", "body.weight", "body.eyes"}
_QUERY = "Tell me about yourself."
_COMMON = 12  # a word in more statements than this (a name) makes no pair


@dataclass(frozen=True, slots=True)
class _Claim:
    """One value of a path that holds one value at a time."""

    id: str
    value: str
    since: str
    until: str
    read: bool


def contradictions(persona: Persona) -> Iterator[Finding]:
    """Different values of one path that holds one value at a time (name, age, birthplace, ...).

    Two values in facets are an error where nobody has two (:data:`EXCLUSIVE`), else a warning; so is a value that the
    rules read out of a sentence, for they may misread it.
    """
    claims: dict[str, list[_Claim]] = defaultdict(list)
    if persona.name:
        claims["social.name"].append(_Claim("@name", persona.name, "", "", True))
    for facet in persona.facets:
        if not facet.machinery and not facet.blank:
            for path, claim in _claims(facet):
                claims[path].append(claim)
    for path, told in claims.items():
        if path not in _TASTES:
            yield from _different(path, told)
    yield from _loved_and_hated(claims["tastes.likes"], claims["tastes.dislikes"])


def _loved_and_hated(likes: list[_Claim], dislikes: list[_Claim]) -> Iterator[Finding]:
    """The same thing among likes and dislikes."""
    hated = {letters_and_digits(claim.value): claim for claim in dislikes}
    for claim in likes:
        other = hated.get(letters_and_digits(claim.value))
        if other is not None:
            ids = tuple(dict.fromkeys((claim.id, other.id)))
            yield Finding("contradiction", "warning", ids, "is among likes and among dislikes", claim.value)


def _claims(facet: Facet) -> Iterator[tuple[str, _Claim]]:
    when = (_year(facet.valid_from), _year(facet.valid_to))
    path = own_path(facet.path)
    if path is not None and facet.value is not None:
        if path in _TASTES:
            yield from ((path, _Claim(facet.id, value, *when, False)) for value in _each(facet.value))
        elif not vocabulary().paths[path].several:
            yield path, _Claim(facet.id, show_value(facet.value), *when, False)
        return
    said = facet.text or (facet.value if isinstance(facet.value, str) and facet.path in _PROSE else "")
    for read in extract_by_rules(said).facets if said else ():
        if read.path in EXCLUSIVE | _TASTES and read.confidence >= 0.9:
            until = _year(read.valid_to) or when[1]
            yield from ((read.path, _Claim(facet.id, value, when[0], until, True)) for value in _each(read.value))


_TASTES = frozenset({"tastes.likes", "tastes.dislikes"})
_PROSE = (DESCRIPTION, "scenario", "personality")


def _each(value: Value) -> list[str]:
    return [show_value(v) for v in value] if isinstance(value, tuple) else [show_value(value)]


def _year(when: str | int | None) -> str:
    return "" if when is None else str(when)


def _different(path: str, told: list[_Claim]) -> Iterator[Finding]:
    """One finding for a path with values that differ, do not contain one another and may hold at the same time."""
    kept: list[_Claim] = []
    for claim in told[:MOST_SENTENCES]:
        if all(_apart(claim, other) for other in kept if other is not claim) and len(kept) < 8:
            kept.append(claim)
    if len(kept) < 2 or not any(_overlap(a, b) for a in kept for b in kept if a is not b):
        return
    certain = path in EXCLUSIVE and sum(not claim.read for claim in kept) > 1
    values = " / ".join(claim.value for claim in kept)
    ids = tuple(dict.fromkeys(claim.id for claim in kept))
    message = f"{path} holds one value and has {len(kept)}"
    yield Finding("contradiction", "error" if certain else "warning", ids, message, values)


def _apart(one: _Claim, other: _Claim) -> bool:
    a, b = letters_and_digits(one.value), letters_and_digits(other.value)
    return bool(a and b) and a not in b and b not in a


def _overlap(one: _Claim, other: _Claim) -> bool:
    """Whether two claims may hold at the same time; dates are compared as text, which orders ISO dates and years."""
    if one.until and other.since and one.until <= other.since:
        return False
    if other.until and one.since and other.until <= one.since:
        return False
    return bool(one.until) == bool(other.until) or bool(one.since or other.since)


def head_contradictions(persona: Persona, known: Collection[frozenset[str]] = ()) -> tuple[list[Finding], int]:
    """Pairs of statements that the entailment head takes for a contradiction, and how many pairs it looked at.

    Args:
        persona: Who; only pairs that share a content word are looked at, at most 2,000.
        known: Pairs of facet ids that were found to contradict each other already.
    """
    told = _statements(persona)
    pairs = _pairs([said for _, said in told])
    if not pairs:
        return [], 0
    from personarium.judges.entailment import HeadEstimator
    from personarium.judges.entailment.features import first_person

    names = ("She", "He", "They", *([persona.name] if persona.name else []))
    plain, head = first_person([said for _, said in told], names), HeadEstimator(names)
    first, second = [plain[a] for a, _ in pairs], [plain[b] for _, b in pairs]
    queries = [_QUERY] * len(pairs)
    there, back = head.score_pairs(first, queries, second), head.score_pairs(second, queries, first)
    found = []
    for (a, b), x, y in zip(pairs, there, back, strict=True):
        likely = (x.contradicted + y.contradicted) / 2
        if likely >= ENTAILMENT_AT_LEAST and frozenset((told[a][0], told[b][0])) not in known:
            message = f"two statements seem to contradict each other (entailment head: {likely:.2f})"
            found.append(
                Finding("contradiction", "warning", (told[a][0], told[b][0]), message, f"{told[a][1]} / {told[b][1]}")
            )
    return found, len(pairs)


def _statements(persona: Persona) -> list[tuple[str, str]]:
    shown = (f for f in persona.facets if not f.machinery and not f.blank and f.valid_to is None)
    told = [(f.id, sentence(f, "I", persona.language)) for f in shown]
    return [(id, said) for id, said in told if len(said) <= LONGEST_SENTENCE][:MOST_SENTENCES]


def _pairs(said: list[str]) -> list[tuple[int, int]]:
    """Pairs that share a content word which is no commonplace of this persona, in order."""
    by_word: dict[str, list[int]] = defaultdict(list)
    for index, text in enumerate(said):
        for word in dict.fromkeys(content_stems(text)):
            by_word[word].append(index)
    found = {
        (a, b)
        for places in by_word.values()
        if len(places) <= _COMMON
        for k, a in enumerate(places)
        for b in places[k + 1 :]
        if said[a] != said[b]
    }
    return sorted(found)[:MOST_PAIRS]
