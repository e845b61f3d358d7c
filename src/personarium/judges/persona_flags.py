"""Real people, people under age, consent: what a persona says of it, and what its text hints at when it says nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from personarium.core.facets import Facet
from personarium.core.persona import Persona
from personarium.core.views import show_value
from personarium.judges.extraction.vocabulary import own_path
from personarium.judges.persona_findings import Finding

ADULT = 18
_AGE = re.compile(
    r"\b(?P<years>\d{1,3})[- ](?:years?[- ]olds?|years? of age)\b(?!\s(?:son|daughter|child|children|kid|twins?|"
    r"niece|nephew|brother|sister|cousin|pupils?|students?|dog|cat|horse|house|car)\b)|\baged? (?P<aged>\d{1,2})\b",
    re.IGNORECASE,
)
# "High school teacher" is none of these.
_SCHOOL = re.compile(
    r"\b(?:(?:elementary|primary|middle|junior high|high|secondary|grade)[- ]school(?:er)?[- ](?:student|pupil|girl|boy|kid|"
    r"freshman|sophomore|junior|senior)|(?:high|middle|pre|grade)[- ]?schooler|school ?(?:girl|boy|child|kid)|kindergart(?:ner|ener)|"
    r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|\d{1,2}(?:st|nd|rd|th))[- ]graders?|"
    r"teenage (?:girl|boy)|teenager|underage|preteen|toddler)\b|小学|初中|高中|[一二三四五六七八九]年级|初[一二三]|高[一二三]",
    re.IGNORECASE,
)
_OF_ANOTHER = re.compile(
    r"\b(?:teach\w*|work\w*|mother|father|parent|for|to|with|coach\w*|tutor\w*|of|my|his|her)\s\W*(?:\w+\s){0,3}\Z",
    re.IGNORECASE,
)
_FULL_NAME = re.compile(r"[^\W\d_a-z][\w'’.-]*(?:\s[^\W\d_a-z][\w'’.-]*){1,3}\Z")
_FAMOUS = re.compile(
    r"\b(?:real[- ](?:life )?person|celebrity|politician|prime minister|president of|nobel|oscar|grammy|"
    r"olympic (?:gold|champion|medal)\w*|singer-songwriter|born (?:on )?(?:\d{1,2} )?[A-Z]\w+ (?:\d{1,2}, )?1[5-9]\d\d|(?:based on|portrays?) (?:the )?real)\b"
    r"|\(\s?(?:born |b\. )?\d{3,4}\s?[–—-]\s?(?:\d{2,4}\s?)?\)"
)


def flag_findings(persona: Persona) -> Iterator[Finding]:
    """What the flags say, what is missing in them, and where the text speaks against them."""
    yield from _real_person(persona)
    yield from _minor(persona)


def _real_person(persona: Persona) -> Iterator[Finding]:
    flags = persona.flags
    if flags.real_person is None:
        hints = list(_famous(persona))
        if hints:
            ids, words = tuple(id for id, _ in hints), "; ".join(dict.fromkeys(word for _, word in hints))
            yield Finding(
                "real person",
                "warning",
                ids,
                "nobody said whether this is a real person, and it may be one",
                words[:160],
            )
        else:
            yield Finding("real person", "info", ("@flags.real_person",), "nobody said whether this is a real person")
    elif flags.real_person and flags.consent is not True and flags.deceased is not True:
        said = "did not agree" if flags.consent is False else "agreed, nobody said"
        message = f"a real person who {said}" if flags.consent is False else f"a real person; whether they {said}"
        yield Finding("real person", "warning", ("@flags.consent",), message)


def _famous(persona: Persona) -> Iterator[tuple[str, str]]:
    """A full name together with words of public life or dates of a life."""
    if not _FULL_NAME.fullmatch(persona.name.strip()[:200]):
        return
    for facet in _told(persona):
        found = _FAMOUS.search(_text(facet))
        if found:
            yield facet.id, found.group()


def _minor(persona: Persona) -> Iterator[Finding]:
    hints = [(f.id, hint) for f in _told(persona) if (hint := _young(f))]
    ids, words = tuple(id for id, _ in hints), "; ".join(dict.fromkeys(hint for _, hint in hints))[:160]
    if persona.flags.minor is None and hints:
        yield Finding("minor", "warning", ids, "may be under age, and the flag minor is not set", words)
    elif persona.flags.minor is False and any(hint.startswith("age ") for _, hint in hints):
        yield Finding("minor", "error", ids, "the flag minor says no, and an age says yes", words)
    elif persona.flags.minor:
        yield Finding("minor", "info", ("@flags.minor",), "is under age, as its flag says")


def _young(facet: Facet) -> str:
    """What in a facet hints at somebody under age, "" when nothing does."""
    if own_path(facet.path) == "social.age":
        years = re.match(r"\s{0,4}(\d{1,3})(?!\d)", show_value(facet.value))
        return f"age {years[1]}" if years and int(years[1]) < ADULT else ""
    text = _text(facet)
    for age in _AGE.finditer(text):
        if int(age["years"] or age["aged"]) < ADULT and not _OF_ANOTHER.search(
            text[max(0, age.start() - 40) : age.start()]
        ):
            return f"age {age['years'] or age['aged']}"
    school = _SCHOOL.search(text)
    if school and not _OF_ANOTHER.search(text[max(0, school.start() - 40) : school.start()]):
        return school.group()
    return ""


def _told(persona: Persona) -> list[Facet]:
    return [f for f in persona.facets if not f.machinery and not f.blank]


def _text(facet: Facet) -> str:
    return f"{show_value(facet.value)} {facet.text or ''}"
