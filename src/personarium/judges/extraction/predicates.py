"""What a verb says of its subject: one table, "works as" -> occupation, tried from the top; the first that fits decides.

The patterns are anchored at the verb and hold no repetition inside a repetition. They see a clause in which adverbs,
hedges and negations are blanked out, character by character, so that every place in it is a place in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from personarium.judges.extraction.vocabulary import is_word

Tail = Literal["place", "thing", "none"]
BE = r"(?:\s*+(?:am|are|is)|['’](?:m|re|s))\s++"
WAS = r"(?:\s*+(?:am|are|is|was|were)|['’](?:m|re|s))\s++"
HAVE = r"(?:\s*+(?:have|has)(?:\s++got)?|['’](?:ve|s)\s++got)\s++"
_NEAR = r"(?:in|at|on|just outside)\s++"
# Where a value ends: behind it stands when, why or with whom. (?<!\s) keeps the search linear on a run of blanks.
_WHEN = r"since|(?:just )?[\w-]+ (?:years?|months?|weeks?) ago|last (?:year|month)|until|till|because|when|while|although|though|where|ever since|for (?:the (?:past|last) )?[\w-]+ years?|from \d{4}|(?:in|by|around) (?:the )?\d{4}"
_TAILS = {
    "place": re.compile(
        rf"(?<!\s)\s++(?:{_WHEN}|with|and (?=\w+s\b)|after|before|so|to|but|who|which|near|as)\b|[,(]\s*+(?=[a-z(])"
    ),
    "thing": re.compile(rf"(?<!\s)\s++(?:{_WHEN}|whereas|but)\b|\s\("),
}


@dataclass(frozen=True, slots=True)
class Predicate:
    """One row of the table.

    Args:
        path: Where the value belongs.
        pattern: Anchored at the verb; group ``v`` begins the value, which goes on to the end of the clause.
        tail: What ends the value early: ``place`` (with whom, when), ``thing`` (when, why), ``none``.
        kind: ``ended`` (it was so), ``update`` (from now on it is so), ``like`` (its denial is a dislike), ``also``
            (further rows are tried).
        only: A word list; the value must have a word of it.
        part: A pattern of what in the value is the value itself.
    """

    path: str
    pattern: re.Pattern[str]
    tail: Tail = "thing"
    kind: str = ""
    only: str = ""
    part: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A path and the place of its value in the clause.

    Args:
        path: Where the value belongs.
        start: Where the value begins.
        end: Where it ends.
        kind: ``ended``, ``update``, ``like`` or "".
        floor: Where that part of the clause begins that values must cover for all of it to be understood.
    """

    path: str
    start: int
    end: int
    kind: str = ""
    floor: int = -1


def _row(path: str, source: str, tail: Tail = "thing", kind: str = "", only: str = "", part: str = "") -> Predicate:
    whole = re.compile(source + r"(?P<v>\S)", re.IGNORECASE)
    return Predicate(path, whole, tail, kind, only, re.compile(part, re.IGNORECASE) if part else None)


_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
NUMBER = rf"\d{{1,3}}|(?:{_TENS})(?:[- ](?:{_ONES}))?|{_TEENS}|{_ONES}"


@lru_cache(maxsize=1)
def predicates() -> tuple[Predicate, ...]:
    """The table, compiled on first use."""
    return (*_about_life(), *_about_taste(), *_about_mind(), *_about_body_and_things())


def _about_life() -> tuple[Predicate, ...]:
    numbers = rf"(?:{NUMBER})(?=\s+years?\s+(?:old|of age))|\d{{1,3}}\Z"
    return (
        _row("social.name", rf"{BE}(?:called|named|known\s++as)\s++"),
        _row("social.nickname", r"\s*+(?:go|goes)\s++by\s++(?:the\s++name\s++(?:of\s++)?)?"),
        _row("social.age", rf"{BE}(?:(?:about|around|nearly|almost|aged|only)\s++)?", part=rf"\A(?:{numbers})"),
        _row("social.age", r"\s*+turned\s++", kind="update", part=r"\A\d{1,3}\Z"),
        _row("social.birth_year", rf"{WAS}born\b.{{0,80}}?\bin\s++(?=[12]\d{{3}}\b)", kind="also", part=r"\A\d{4}"),
        _row("social.birthday", rf"{WAS}born\s++on\s++(?:the\s++)?", "none"),
        _row("place.birthplace", rf"{WAS}born(?:\s++and\s++(?:raised|bred))?\s++(?:in|near|at)\s++(?!\d)", "place"),
        _row("place.hometown", rf"(?:\s*+grew\s++up|{WAS}(?:raised|brought\s++up))\s++(?:in|near|outside)\s++", "place"),
        _row("place.hometown", rf"(?:{BE}|\s*+(?:come|comes|hail|hails|originates?)\s++)(?:originally\s++)?from\s++", "place"),
        _row("place.location", r"\s*+(?:moved|relocated|emigrated|immigrated)\s++(?:back\s++)?(?:from\s++.{1,60}?\s++)?to\s++", "place", "update"),
        _row("place.location", r"\s*+settled\s++(?:down\s++)?in\s++", "place", "update"),
        _row("place.location", rf"(?:\s*+(?:live|lives|reside|resides|dwells?)|{BE}(?:living|residing|based|located))\s++{_NEAR}", "place"),
        _row("place.location", rf"\s*+(?:lived|resided)\s++{_NEAR}", "place", "ended"),
        _row("work.occupation", rf"(?:\s*+(?:works?(?:\s++(?:part|full)-time)?|serves?)|{BE}(?:working|employed)|\s*+earns?\s++a\s++living)\s++as\s++(?:(?:an?|the)\s++)?", "place"),
        _row("work.occupation", r"\s*+became\s++(?:an?\s++|the\s++)", "place", "update"),
        _row("work.occupation", r"\s*+(?:worked|served)\s++as\s++(?:(?:an?|the)\s++)?", "place", "ended"),
        _row("work.employer", rf"(?:\s*+works?(?:\s++(?:part|full)-time)?|{BE}(?:working|employed))\s++(?:at|for|by|with)\s++", "place"),
        _row("work.employer", r"\s*+worked\s++(?:at|for)\s++", "place", "ended"),
        _row("work.employer", rf"(?:\s*+works?(?:\s++(?:part|full)-time)?|{BE}(?:working|employed))\s++in\s++(?=(?:an?|the)\s)", "place"),
        _row("work.industry", rf"(?:\s*+works?(?:\s++(?:part|full)-time)?|{BE}working)\s++in\s++(?-i:(?=[a-z]))", "place"),
        _row("work.business", r"\s*+(?:run|runs|manages?)\s++(?=(?:an?|the|my|his|her|their|two|three)\s)", "place"),
        _row("work.occupation", r"\s*+(?=teach(?:es)?\s)", part=r"\Ateach(?:es)?\s.+"),
        _row("education.field_of_study", r"\s*+(?:study|studies|studied|majored\s++in|majors\s++in)\s++", "none", "also", part=r"\A.+?(?=\s(?:at|in|for|under|with)\s|\Z)"),
        _row("education.school", r"\s*+(?:study|studies|studied|majored\s++in)\b.{0,80}?\sat\s++", "place"),
        _row("education.school", r"\s*+(?:attends?|attended|graduated\s++from|went\s++to\s++school\s++at)\s++", "place"),
        _row("education.degree", rf"(?:{HAVE}|\s*+(?:holds?|earned|received|completed)\s++)(?:an?\s++)?(?=(?:[\w'’]+\s){{0,2}}(?:degree|doctorate|phd|diploma|mba|bachelor|master)\b)", "none"),
        _row("social.languages", rf"(?:\s*+speaks?|{BE}fluent\s++in)\s++", part=r"\A.+?(?=\s(?:fluently|at home|well|with|as|to)\b|\Z)"),
        _row("family.partner", rf"(?:{BE}(?:happily\s++)?(?:married|engaged)\s++to(?!\s+be\b)|{BE}dating)\s++", "thing"),
        _row("social.marital_status", BE, part=r"\A(?:happily\s++|recently\s++|newly\s++)?(?:single|married|divorced|widowed|engaged(?:\s+to\s+be\s+married)?|separated|unmarried)\Z"),
        _row("life.volunteering", r"\s*+volunteers?\s++(?=(?:at|for|with|as|in)\s)", "none"),
    )  # fmt: skip


def _about_taste() -> tuple[Predicate, ...]:
    very = r"(?:(?:very|a|big|huge|great|avid|lifelong|die-hard)\s++){0,3}"
    return (
        _row("personality.goal", r"(?:\s*+would|['’]d)\s++(?:like|love)\s++to\s++", "none"),
        _row("tastes.dislikes", r"\s*+(?:can['’]?t|cannot|can\s++not|could\s++never)\s++(?:stand|bear|abide)\s++", "none"),
        _row("tastes.likes", r"\s*+(?:like|love|enjoy|adore|cherish|appreciate|fancie|fancy)s?\s++(?!to\s++think)", "none", "like"),
        _row("tastes.likes", rf"{BE}{very}(?:fond\s++of|keen\s++on|crazy\s++about|mad\s++about|passionate\s++about|in\s++love\s++with|into|fans?\s++of)\s++", "none", "like"),
        _row("tastes.likes", rf"{HAVE}an?\s++(?:\w+\s++)?(?:passion|love|weakness|soft\s++spot)\s++for\s++", "none", "like"),
        _row("tastes.interests", rf"(?:{BE}(?:very\s++)?interested|{HAVE}an?\s++(?:\w+\s++)?interest)\s++in\s++", "none"),
        _row("tastes.dislikes", r"\s*+(?:dislike|hate|detest|despise|loathe|abhor)s?\s++", "none"),
        _row("tastes.preferences", r"\s*+prefers?\s++", "none"),
        _row("skills.instrument", r"\s*+plays?\s++(?:the\s++)?", "thing", only="instruments"),
        _row("tastes.sport", r"\s*+plays?\s++", "thing", only="sports"),
        _row("tastes.hobbies", r"\s*+spends?\s++(?:(?:most\s++of\s++)?(?:my|her|his|their|your)\s++)?(?:free\s++|spare\s++)?(?:time|weekends|evenings|sundays)\s++", "none"),
        _row("tastes.hobbies", r"\s*+(?=plays?\s)", "thing", part=r"\Aplays?\s(?!(?:an?|the)\s+(?:\w+\s+)?(?:role|part)\b).+"),
        _row("possessions.collection", r"\s*+collects?\s++", "thing"),
    )  # fmt: skip


def _about_mind() -> tuple[Predicate, ...]:
    return (
        _row("personality.goal", r"\s*+(?:want|wish|hope|plan|aim|intend|aspire|strive|long)s?\s++to\s++", "none"),
        _row("personality.goal", rf"{BE}(?:planning|hoping|trying|saving|determined|striving)\s++(?:up\s++)?(?:to|for)\s++", "none"),
        _row("personality.dream", rf"(?:\s*+dreams?|{BE}dreaming)\s++(?:of|about)\s++", "none"),
        _row("personality.fears", r"\s*+(?:fear|dread)s?\s++", "none"),
        _row("personality.fears", rf"(?:{BE}(?:very\s++)?(?:afraid|scared|terrified|frightened)|{HAVE}an?\s++(?:\w+\s++)?fear)\s++of\s++", "none"),
        _row("personality.values", r"\s*+(?:value|treasure|prize)s?\s++", "none"),
        _row("personality.values", r"\s*+believes?\s++in\s++", "none"),
        _row("personality.values", r"\s*+cares?\s++(?:(?:deeply|a\s++lot|greatly)\s++)?about\s++", "none"),
        _row("personality.habits", r"\s*+tends?\s++to\s++", "none"),
        _row("skills.skills", rf"{BE}(?:very\s++)?(?:good|skilled|great|talented|excellent|brilliant|gifted)\s++(?:at|in|with)\s++", "none"),
        _row("skills.skills", r"\s*+(?:know|knows)\s++how\s++to\s++", "none"),
        _row("skills.skills", r"\s*+can\s++(?=(?:play|cook|speak|sing|dance|draw|ride|swim|juggle|code|sew|knit|repair|read)\s)", "none"),
        _row("personality.weaknesses", rf"{BE}(?:very\s++)?(?:bad|terrible|poor|hopeless)\s++(?:at|with)\s++", "none"),
    )  # fmt: skip


def _about_body_and_things() -> tuple[Predicate, ...]:
    own = rf"(?:{HAVE}|\s*+(?:own|owns|keep|keeps)\s++)(?!no\s)"
    return (
        _row("body.allergies", rf"(?:{BE}(?:\w+ly\s++)?allergic|{HAVE}an?\s++(?:\w+\s++)?allergy)\s++to\s++"),
        _row("body.health", rf"(?:\s*+suffers?\s++from|{WAS}diagnosed\s++with)\s++"),
        _row("body.health", HAVE, only="conditions"),
        _row("body.eyes", rf"{HAVE}(?:an?\s++)?(?:pair\s++of\s++)?", kind="also", part=r"\A(?:[\w-]+\s){1,3}eyes\b"),
        _row("body.hair", rf"{HAVE}(?:.{{0,60}}?\sand\s++)?", part=r"\A(?:[\w-]+[,]?\s){1,3}hair\b"),
        _row("body.height", BE, part=r"\A\d[\w'’\".]{0,8}(?:\s(?:cm|m|feet|foot|inches|\d{1,2}))?(?=\s+tall)"),
        _row("body.diet", rf"{BE}(?:an?\s++)?", part=r"\A(?:(?:strict|lifelong|committed|devoted)\s+)?(?:vegan|vegetarian|pescatarian)\Z"),
        _row("body.clothing", r"\s*+wears?\s++"),
        _row("family.pets", own, only="pets"),
        _row("family.children", own, only="children"),
        _row("family.siblings", own, only="siblings"),
        _row("family.partner", own, only="partners"),
        _row("possessions.vehicle", r"\s*+(?:drives?|rides?)\s++(?=(?:an?|the|my|his|her|their|your)\s)"),
        _row("possessions.owns", r"\s*+owns?\s++(?!no\s)"),
    )  # fmt: skip


def said_by(clause: str, at: int) -> Iterator[Said]:
    """What the table reads in a clause.

    Args:
        clause: With adverbs, hedges and negations blanked out.
        at: Where the verb (or the blank before it) begins.
    """
    for row in predicates():
        found = row.pattern.match(clause, at)
        if found is None:
            continue
        start = found.start("v")
        end = _value_end(clause, start, row)
        if end <= start or (row.only and not _about(clause[start:end], row.only)):
            continue
        yield Said(row.path, start, end, row.kind, start)
        if row.kind != "also":
            return


def _value_end(clause: str, start: int, row: Predicate) -> int:
    end = len(clause)
    if row.part is not None:
        part = row.part.match(clause[start:])
        return start if part is None else start + part.end()
    cut = _TAILS[row.tail].search(clause, start + 1) if row.tail != "none" else None
    return cut.start() if cut else end


_PARTS = re.compile(r",|\s(?:and|or|named|called|of|for|with|in|from|who|that|at|to|on|about|but)\s")


def _about(value: str, kind: str) -> bool:
    """Whether a value names such things: one of its nouns (the last word before a joint) is in the list."""
    nouns = (part.split()[-1] for part in _PARTS.split(value) if part.strip())
    return any(is_word(noun.strip(".;:!?()\"'"), kind) for noun in nouns)
