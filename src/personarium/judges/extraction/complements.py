"""What follows "is a": age, origin, work, traits and more out of "34-year-old shy nurse from Naples, mother of two"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from personarium.judges.extraction.predicates import NUMBER, Said
from personarium.judges.extraction.vocabulary import is_word, is_work

_WORD = re.compile(r"[^\s,;:()!?.\"]+")
_ARTICLE = re.compile(r"\s*+(?:an?|the)\s++", re.IGNORECASE)
_AGE = re.compile(rf"\b(?P<v>{NUMBER})[- ]years?[- ]olds?\b", re.IGNORECASE)
# Where the noun's own words end and something is said about it.
_CUE = re.compile(
    r"(?:,\s*|\s)(?:(?P<hometown>(?:originally |hailing )?from)|(?P<location>(?:currently )?(?:living|residing|based) (?:in|near|at))"
    r"|(?P<job>working as(?: an?)?)|(?P<employer>working (?:at|for)|employed (?:at|by))|(?P<at>at|for)|(?P<volunteering>volunteering(?= (?:in|at|for|with|as)\s))|(?P<study>studying|majoring in)|(?P<industry>working in)|(?P<birthplace>born (?:and raised )?in)"
    r"|(?P<upbringing>(?:raised|who grew up) in)|(?P<name>named|called)|(?P<age>aged|of)(?=\s\d{1,3}\b)|(?P<of>of|to)|(?P<in>in|near)"
    r"|(?P<other>with|by|about|on|against|over|under|known|specializing|specialising|who|whose|that|which|trying|looking|and (?=an?\s|\w+ing\b)))\s++",
    re.IGNORECASE,
)
_PATHS = {
    "hometown": "place.hometown", "location": "place.location", "employer": "work.employer", "industry": "work.industry",
    "birthplace": "place.birthplace", "upbringing": "place.hometown", "name": "social.name", "age": "social.age",
    "in": "place.location", "at": "work.employer", "job": "work.occupation", "volunteering": "life.volunteering",
    "study": "education.field_of_study",
}  # fmt: skip
_KINDS = {
    "demonyms": "social.nationality", "marital": "social.marital_status", "genders": "social.gender",
    "religions": "social.religion", "diets": "body.diet",
}  # fmt: skip
_NO_NOUN = ("what", "who", "how", "where", "why", "when", "that")
_JOINING = ("and", "but", "yet")
_JOINT = re.compile(r"(?<![\s,]),?\s++(?:and|but|yet|or)\s++|,\s*+", re.IGNORECASE)


def complement(clause: str, at: int) -> Iterator[Said]:
    """What a noun phrase says of a person; nothing where its noun is none that is known.

    Args:
        clause: The clause.
        at: Where the phrase begins, article included.
    """
    article = _ARTICLE.match(clause, at)
    start = article.end() if article else at
    cues = list(_CUE.finditer(clause, start))
    head_end = cues[0].start() if cues else _comma(clause, start)
    noun, said = "", list(_head(clause, start, head_end))
    words = list(_WORD.finditer(clause, start, head_end))
    if words:
        noun = words[-1].group().lower()
    known = bool(said) or is_word(noun, "people")
    if words and words[0].group().lower() in _NO_NOUN:
        return
    if not known and not (cues and cues[0]["of"]):
        return
    yield from said
    yield from _tail(clause, cues, noun, any(s.path == "work.occupation" for s in said))


def _comma(clause: str, start: int) -> int:
    comma = clause.find(",", start)
    return len(clause) if comma < 0 or not clause[comma + 1 :].strip() else comma


def _head(clause: str, start: int, end: int) -> Iterator[Said]:
    """The words up to the noun: age, nationality, marital status, traits, then the noun itself."""
    age = _AGE.search(clause, start, end)
    if age:
        yield Said("social.age", age.start("v"), age.end("v"))
        start = age.end()
    words = list(_WORD.finditer(clause, start, end))
    while words and (path := _adjective(words[0].group())) and (len(words) > 1 or path != "personality.traits"):
        if path != "-":
            yield Said(path, words[0].start(), words[0].end())
        words.pop(0)
    if words:
        yield from _noun(words, clause)


def _adjective(word: str) -> str:
    """What a word before the noun says: a path, ``-`` for nothing of its own, "" when it belongs to the noun."""
    path = "personality.traits" if is_word(word, "traits") else _kind_of(word)
    return path or ("-" if is_word(word, "intensity") or is_word(word, "people") or word.lower() in _JOINING else "")


def _kind_of(word: str) -> str:
    return next((path for kind, path in _KINDS.items() if is_word(word, kind)), "")


def _noun(words: list[re.Match[str]], clause: str) -> Iterator[Said]:
    noun = words[-1].group()
    if len(words) > 1 and noun.lower() in ("lover", "enthusiast", "fan", "fanatic", "addict", "hater"):
        path = "tastes.dislikes" if noun.lower() == "hater" else "tastes.likes"
        yield Said(path, words[0].start(), words[-2].end())
    elif (path := _kind_of(noun)) and (path != "social.nationality" or len(words) == 1):  # "Native American" is none
        yield Said(path, words[-1].start(), words[-1].end())
    elif is_work(noun):
        yield Said("work.occupation", words[0].start(), words[-1].end())


def _tail(clause: str, cues: list[re.Match[str]], noun: str, works: bool) -> Iterator[Said]:
    """What is said about the noun: "from Naples", "of two", "at a hospital"."""
    for k, cue in enumerate(cues):
        start = cue.end()
        end = cues[k + 1].start() if k + 1 < len(cues) else len(clause)
        path = _PATHS.get(str(cue.lastgroup), "")
        if cue["of"]:
            path = _relation(noun) if k == 0 else ""
        if (cue["at"] and (k or not works)) or (cue["in"] and not clause[start : start + 1].isupper()):
            path = ""
        comma = clause.find(",", start, end)
        stop = comma if comma >= 0 and path and not clause[comma + 1 :].lstrip()[:1].isupper() else end
        if path and start < stop:
            yield Said(path, start, stop)


def _relation(noun: str) -> str:
    """What "of" introduces behind a noun: a mother of two has two children, a fan of jazz likes jazz."""
    if noun in ("mother", "father", "parent", "mum", "mom", "dad"):
        return "family.children"
    if noun in ("fan", "lover", "admirer", "devotee"):
        return "tastes.likes"
    return "personality.values" if noun in ("believer", "advocate", "champion") else ""


def adjectives(clause: str, at: int) -> Iterator[Said]:
    """Traits, nationality, religion and the like in a list of adjectives ("kind, patient and a bit shy")."""
    start = at
    for place in (*((j.start(), j.end()) for j in _JOINT.finditer(clause, at)), (len(clause), len(clause))):
        words = list(_WORD.finditer(clause, start, place[0]))
        first = words[0].start() if words else start
        if len(words) > 2 and words[0].group() == "a" and words[1].group() in ("bit", "little"):
            words.pop(0)
        plain = [w.group().lower() for w in words]
        if (
            words
            and all(is_word(w, "intensity") for w in plain[:-1])
            and (path := _adjective(plain[-1])) not in ("", "-")
        ):
            yield Said(path, first, words[-1].end())
        start = place[1]
