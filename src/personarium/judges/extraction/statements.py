"""One clause read: whose it is, whether it denies, supposes or speaks of the past, and what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from personarium.judges.extraction.complements import adjectives, complement
from personarium.judges.extraction.predicates import BE, Said, said_by
from personarium.judges.extraction.record import Place
from personarium.judges.extraction.sentences import trimmed
from personarium.judges.extraction.subjects import POSSESSIVE, SUBJECT, Subject
from personarium.judges.extraction.vocabulary import is_word, path_for, vocabulary
from personarium.text.similarity import content_stems

READ, HEDGED, QUOTED = 0.9, 0.6, 1.0

NO_STATEMENT = re.compile(r"\W{0,8}(?:if|when|imagine|suppose|let['’]?s|please|unless)\b", re.IGNORECASE)
_LEAD = re.compile(
    r"\W{0,4}(?:(?:and|but|also|well|oh|hey(?: there)?|hi(?: there)?|hello|so|in fact|of course|today|nowadays|currently|now|since then|in (?:the )?[12]\d{3}|as|though|although|while|because)\b"
    r"|(?:maybe|perhaps|probably|possibly|apparently|supposedly)\b|(?:I|we)\s(?:think|guess|believe|suppose|assume)\s(?:that\s)?)[,\s]*+",
    re.IGNORECASE,
)
_FRAGMENT = re.compile(r"\W{0,8}(?=an?\s|\d{1,3}-year-old)", re.IGNORECASE)
_IMPLIED = re.compile(
    r"\W{0,8}(?=(?:Lives|Works|Loves|Likes|Enjoys|Hates|Dislikes|Has|Speaks|Owns|Plays|Collects|Wants|Grew|Studied|Prefers)\s)"
)
_FINITE = re.compile(r"\s(?:is|are|was|were|has|have|had|will|can|does|did)\s", re.IGNORECASE)
_ADVERBS = (
    "really|also|always|still|often|usually|absolutely|deeply|truly|just|mostly|mainly|simply|secretly|especially|genuinely|"
    "particularly|actually|definitely|certainly|currently|presently|part-time|full-time|already|very much|occasionally|sometimes|happily"
)
# One word between subject and verb; an auxiliary may stand before it.
_BEFORE_VERB = re.compile(
    r"\s*+(?:['’](?:m|re|s|ve|d|ll)|am|are|is|was|were|have|has|had|ca|wo|would|could|should|will)?\s*+"
    r"(?:(?P<denied>(?:do|does|did)\s+not|(?:do|does|did)n['’]?t|not|never|hardly|n['’]t)"
    r"|(?P<ended>no\s+longer|used\s+to|formerly|previously)|(?P<update>now|recently|newly|has\s+since)"
    rf"|(?P<unsure>maybe|perhaps|probably|possibly|apparently|supposedly|might\s+be|may\s+be|may|might)|(?P<adverb>{_ADVERBS}))"
    r"(?=[\s,])(?!\s+(?:stand|bear|abide)\b)",
    re.IGNORECASE,
)
_UNSURE = re.compile(
    r"\b(?:maybe|perhaps|probably|possibly|apparently|supposedly|i think|i guess|i suppose|seems?|not sure)\b",
    re.IGNORECASE,
)
_BE = re.compile(rf"{BE}|\s*+be\s++", re.IGNORECASE)
_PAST_BE = re.compile(r"\s*+(?:was|were)\s++", re.IGNORECASE)
# "I am Rosa, a nurse": a name directly behind the verb.
_NAMED = re.compile(
    r"(?P<v>[^\W\d_a-z][\w’'-]{0,40}(?:\s[^\W\d_a-z][\w’'-]{0,40}){0,3})(?:,\s++(?=an?\s|the\s)|\W{0,3}\Z)"
)
_ANY_MORE = re.compile(r"\s(?:any ?more|any longer)\W*\Z", re.IGNORECASE)
_SINCE = re.compile(r"\b(?:since|from|in)\s(?P<year>[12]\d{3})\b", re.IGNORECASE)
_UNTIL = re.compile(r"\b(?:until|till|to)\s(?P<year>[12]\d{3})\b", re.IGNORECASE)
_NOUN_IS = re.compile(r"(?P<noun>[^\W\d_]+(?:['’-][^\W\d_]+)?(?:\s[^\W\d_]+){0,3}?)\s(?:is|are)\s++(?!not\b)(?P<v>\S)")
_NOTHING = re.compile(r"(?:no|not|nothing|nobody|none|n['’]t)\b", re.IGNORECASE)
_LIST = re.compile(r"\s*[,;•]\s*(?:and\s|or\s)?|\s/\s|\s\+\s")
_LAST = re.compile(r"\sand\s")
_ENDS = " \t\r\n.!,;:\"'“”‘’*_]}…"
_STARTS = " \t\"'“‘*_["
# Words that tell the path and add nothing to a value.
_CUES = frozenset(
    content_stems(
        "year years old living residing based born raised aged named called working works work worked live lives lived since "
        "until fluently free time tall nearly originally currently man woman person guy individual human weekends anymore "
        "longer lover enthusiast fan mother father parent allergy allergic language move moved really love like day"
    )
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One value, before it becomes a facet.

    Args:
        path: Where it belongs.
        value: The text's own words.
        place: Where the value stands.
        quote: Where the statement stands that it was read from.
        confidence: 0.9, 0.6 when the text is not sure, 1.0 for a description.
        kind: ``ended`` (it was so), ``update`` (it is so from now on) or "".
        since: Year from which it holds.
        until: Year until which it held.
        floor: Where that part of the clause begins that must be covered by values to be understood.
        whole: Whether views should show the statement itself ("My mother is a singer"), for the path tells too little.
    """

    path: str
    value: str | tuple[str, ...]
    place: Place
    quote: Place
    confidence: float = READ
    kind: str = ""
    since: int | None = None
    until: int | None = None
    floor: int | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands before the verb, and the clause with these words blanked out, character by character."""

    plain: str
    denied: bool
    ended: bool
    update: bool
    unsure: bool


def is_unsure(words: str) -> bool:
    """Whether a text says of itself that it may be wrong."""
    return _UNSURE.search(words) is not None


def read_statement(subject: Subject, words: str, at: int, implied: bool) -> list[Reading]:
    """What a clause says of the person; nothing when it supposes, denies or speaks of somebody else.

    Args:
        subject: The person; learns its name when a clause that calls it by name is understood.
        words: The clause.
        at: Where it begins in the text.
        implied: Whether it goes on with the subject of the clause before.
    """
    if NO_STATEMENT.match(words):
        return []
    start = _lead_end(words)
    owner = POSSESSIVE.match(words, start)
    if owner and subject.owns(owner):
        found = _possessive(words, owner, at)
        return [*_called(subject, owner, found, at), *found]
    verb = _verb_at(subject, words, start, implied)
    if verb is None:
        return []
    found = list(_told(words, verb, at))
    who = SUBJECT.match(words, start)
    return [*(_called(subject, who, found, at) if who else ()), *found]


def _called(subject: Subject, who: re.Match[str], found: list[Reading], at: int) -> list[Reading]:
    """The name, when a statement that was understood is the first to call the person by one."""
    if not found or not who["name"] or subject.name:
        return []
    subject.name = who["name"]
    start, end = who.span("name")
    return [Reading("social.name", subject.name, (at + start, at + end), found[0].quote, floor=at + end)]


def _lead_end(words: str) -> int:
    start = 0
    for _ in range(3):
        lead = _LEAD.match(words, start)
        if lead is None or lead.end() >= len(words):
            break
        start = lead.end()
    return start


def _verb_at(subject: Subject, words: str, start: int, implied: bool) -> int | None:
    """Where the verb of a clause begins; None when its subject is somebody else, or it has none."""
    alone = _IMPLIED.match(words, start)
    if alone:
        return alone.end()
    fragment = _FRAGMENT.match(words, start)
    if fragment:
        return fragment.end() if not _FINITE.search(words) else None
    who = SUBJECT.match(words, start)
    if who:
        return who.end() if subject.owns(who) else None
    return start if implied else None


def _possessive(words: str, owner: re.Match[str], at: int) -> list[Reading]:
    """ "My favourite book is Walden": the noun names the path, the rest is the value."""
    found = _NOUN_IS.match(words, owner.end())
    if found is None:
        return []
    start, end = bare(words, found.start("v"), len(words))
    if start >= end or _NOTHING.match(words, start):
        return []
    path, sure = path_for(found["noun"]), HEDGED if is_unsure(words) else READ
    value, whole = listed(path, words[start:end]), path.startswith("family.")
    return [Reading(path, value, (at + start, at + end), (at, at + len(words)), sure, whole=whole)]


def _head(words: str, at: int) -> _Head:
    flags = {"denied": False, "ended": False, "update": False, "unsure": False}
    for _ in range(4):
        found = _BEFORE_VERB.match(words, at)
        if found is None:
            break
        name = str(found.lastgroup)
        start, end = found.span(name)
        words = words[:start] + " " * (end - start) + words[end:].replace(",", " ", words[end : end + 1] == ",")
        if name in flags:
            flags[name] = True
    if flags["denied"] and _ANY_MORE.search(words):
        flags |= {"denied": False, "ended": True}
    return _Head(words, **flags)


def _told(words: str, verb: int, at: int) -> Iterator[Reading]:
    head = _head(words, verb)
    until, since = _UNTIL.search(words), _SINCE.search(words)
    for said in _all_said(head.plain, verb):
        path, kind = said.path, "ended" if head.ended else said.kind
        if head.denied and kind != "like":
            continue
        start, end = bare(words, said.start, said.end)
        if start >= end or _NOTHING.match(words, start):
            continue
        path = "tastes.dislikes" if head.denied else path
        yield Reading(
            path,
            listed(path, words[start:end]),
            (at + start, at + end),
            (at, at + len(words)),
            HEDGED if head.unsure or is_unsure(words) else READ,
            "update" if head.update and kind != "ended" else kind if kind in ("ended", "update") else "",
            int(since["year"]) if since and (kind == "update" or since.group()[0] not in "iI") else None,
            int(until["year"]) if until else None,
            at + said.floor,
        )


def _all_said(plain: str, verb: int) -> Iterator[Said]:
    """By the table of verbs; else "is a ..." and lists of adjectives; "was a ..." is over."""
    said = list(said_by(plain, verb))
    if said:
        yield from said
        return
    be, past = _BE.match(plain, verb), _PAST_BE.match(plain, verb)
    at = be.end() if be else past.end() if past else verb
    name = _NAMED.match(plain, at) if be else None
    if name and not is_word(name["v"], "demonyms") and not is_word(name["v"], "religions"):
        yield Said("social.name", name.start("v"), name.end("v"))
        at = name.end()
    if not be and not past and not _FRAGMENT.match(plain, verb):
        return
    for read in (complement, adjectives) if _FRAGMENT.match(plain, at) else (adjectives, complement):
        said = list(read(plain, at))
        if said:
            break
    yield from (replace(one, kind="ended" if past else "", floor=at) for one in said)


def listed(path: str, value: str, always: bool = False) -> str | tuple[str, ...]:
    """A value that is a list, as one.

    Args:
        path: Only paths of several values are split, and names that are none of ours behind a key.
        value: The words.
        always: Whether commas alone make a list (behind a key); else its entries must be short.
    """
    row = vocabulary().paths.get(path)
    if (row is None and not always) or (row is not None and not row.several):
        return value
    parts = [part.strip() for part in _LIST.split(value) if part.strip()]
    if path == "social.languages" or (len(parts) > 1 and not always):
        parts = [one.strip() for part in parts for one in _LAST.split(part) if one.strip()]
    short = always or path == "social.languages" or all(len(part.split()) <= 4 for part in parts)
    return tuple(parts) if short and len(parts) > 1 else value


def bare(text: str, start: int, end: int) -> Place:
    """A place without blanks, quotation marks and final stops at its ends."""
    part = text[start:end].rstrip(_ENDS)
    start, end = trimmed(text, start + len(part) - len(part.lstrip(_STARTS)), start + len(part))
    return start, end


def says_more(text: str, quote: Place, said: list[Reading]) -> bool:
    """Whether a clause says more than what was read: content words between and behind the values."""
    said = [r for r in said if r.path != "social.name"] or said
    at = min(r.place[0] if r.floor is None else r.floor for r in said)  # before it stands the verb that told the path
    rest: list[str] = []
    for reading in sorted(said, key=lambda reading: reading.place):
        rest.append(text[at : max(at, reading.place[0])])
        at = max(at, reading.place[1])
    years = {str(year) for reading in said for year in (reading.since, reading.until) if year}
    return not set(content_stems(" ".join([*rest, text[at : quote[1]]]))) <= _CUES | years
