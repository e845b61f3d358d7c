"""Reading plain statements about oneself and others by rules: what is said to be so, what has changed, what holds no more.

This is what lets every strategy work without a model. It knows plain English statements only; what it does not
understand stays in the log, unread, and is still found by search.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from personarium.core.persona import DESCRIPTION
from personarium.core.sentences import sentence_spans
from personarium.judges.extraction import extract_by_rules
from personarium.judges.extraction.vocabulary import path_for, vocabulary
from personarium.remember.records import Observation

Change = Literal["states", "changes", "ends"]

LONGEST = 400  # characters of a sentence that is taken apart
_KIN = (
    "mother|mom|mum|father|dad|sister|brother|son|daughter|wife|husband|partner|girlfriend|boyfriend|friend|flatmate|"
    "roommate|neighbour|neighbor|colleague|boss|cousin|aunt|uncle|grandmother|grandfather|grandma|grandpa|niece|nephew"
)
# "My sister", "My friend Ana", "My best friend Ana's"
_OTHER = re.compile(
    rf"(?:\b[Mm]y\s+(?:best\s+|old\s+|older\s+|younger\s+|little\s+|big\s+)?(?P<kin>{_KIN})\b(?:\s+(?P<name>[^\W\d_a-z]\w{{0,30}}))?)"
    r"(?P<own>['’]s)?"
)
_VALUE = r"(?P<value>[^.!?;]{1,120}?)"
_END = r"\s*(?:[.!?;]|\Z)"
_NOW = r"(?:\s+(?:now|nowadays|these days|at the moment|from now on|instead))*"
_BE = r"\s+(?:is|are|was|has become|has always been|has been|became|will be|used to be)(?:\s+now)?\s+"
_FAVOURITE = re.compile(
    rf"\b(?:[Mm]y|{_KIN}['’]s|\w+['’]s)\s+(?:new\s+|current\s+|all-time\s+)?favou?rite\s+(?P<noun>\w[\w ]{{0,30}}?)(?P<be>{_BE}){_VALUE}{_NOW}{_END}"
)
_SWITCHED = re.compile(
    rf"\bI(?:['’]ve|\s+have)?\s+(?:just\s+|recently\s+)?(?:switched|changed|moved on|gone over)\s+from\s+(?P<old>[^.!?;,]{{1,60}}?)\s+to\s+{_VALUE}"
    rf"(?:\s+for\s+my\s+(?P<noun>\w[\w ]{{0,30}}?))?{_NOW}{_END}"
)
_PREFERS = re.compile(rf"\bI\s+(?:now\s+)?prefer\s+{_VALUE}\s+(?:to|over)\s+(?P<old>[^.!?;,]{{1,60}}?){_NOW}{_END}")
_DOING = "work(?:ing)? (?:for|at|with|as)|liv(?:e|ing) in|go(?:ing)? to|listen(?:ing)? to|study(?:ing)?|learn(?:ing)?|attend(?:ing)?|read(?:ing)?"
_HELD = "like|love|enjoy|drink|eat|play|prefer|want|use|drive|own|have|keep|liking|drinking|eating|playing|using|driving|owning|wearing|wear"
_NO_LONGER = re.compile(
    rf"\bI\s+(?:no\s+longer|don['’]t|do\s+not|have\s+stopped|stopped|gave\s+up|have\s+given\s+up|have\s+gone\s+off|went\s+off|quit|used\s+to)\s+"
    rf"(?:really\s+)?(?:(?:{_DOING}|{_HELD})\s+)?{_VALUE}"
    rf"(?P<more>\s+(?:any\s?more|any\s+longer|at\s+all))?{_END}"
)
_CHANGED = re.compile(
    r"\b(?:now|nowadays|these days|from now on|instead|no longer|any ?more|since last \w+|new)\b", re.IGNORECASE
)
_CLAUSE = re.compile(r",?\s+but\s+|,?\s+and\s+(?=(?:I|my)\b)")
_WHEN = r"\s+(?:last|this)\s+(?:week|month|year|spring|summer|autumn|winter)|\s+(?:since|because)\s.*|\s+\w+\s+(?:days?|weeks?|months?)\s+ago"
_NEW = re.compile(r"\b([Mm]y|Her)\s+(?:brand\s+)?(?:new|current|latest|present)\s+")
_OWN = re.compile(r"\b(?:I|I['’]\w+|[Mm]y|me|[Ww]e|[Oo]ur|She|Her)\b")
_TRAILING = re.compile(rf"(?:{_WHEN})?{_NOW}(?:{_WHEN})?\Z", re.DOTALL)
_SURE, _UNSURE = 0.9, 0.6
_HEDGE = re.compile(r"\b(?:maybe|perhaps|I think|I guess|not sure|probably|might)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement that was read out of an observation.

    Args:
        key: What it is about, as a path (``tastes.drink``); empty where only the value is told ("I don't drink tea any
            more"), which is about whatever matter holds that value.
        value: The value, in the speaker's words (``tea``).
        change: ``states`` a value, ``changes`` to it from another one (``now``, ``these days``), or ``ends`` it ("no
            longer", "used to").
        holder: Whom it is about: ``user``, or ``sister``, ``friend Ana``.
        source: Id of the observation.
        quote: The sentence it was read from, word by word.
        confidence: 0.9 for a plain statement, 0.6 for one that is not sure itself.
        single: Whether the key has one value at a time (a favourite drink), so that a new value ends the old one.
        instead_of: The value that it says it takes the place of; empty where it says none.
    """

    key: str
    value: str
    change: Change
    holder: str
    source: str
    quote: str
    confidence: float = _SURE
    single: bool = False
    instead_of: str = ""

    @property
    def sentence(self) -> str:
        """The claim in words, as an entry of a memory shows it."""
        return self.quote


def read_claims(said: Iterable[Observation], speaker: str = "user") -> list[Claim]:
    """The claims in what one speaker said, in order; questions, orders and small talk give none.

    Args:
        said: Observations, oldest first; those of other speakers are passed over.
        speaker: Whose statements are read.
    """
    return [claim for one in said if one.speaker == speaker for claim in _claims(one)]


def read_quote(key: str, value: str, quote: str, source: str, confidence: float) -> list[Claim]:
    """The claims of a sentence that a model quoted for a value.

    What the rules read in the sentence goes first: they tell whom it is about and whether it sets, changes or ends a value,
    which a list of facts does not. Where they read nothing, the model's value stands, about whoever the sentence is about.

    Args:
        key: The path that the model gave.
        value: The value that it gave.
        quote: The sentence, word by word.
        source: Id of the observation.
        confidence: Of the model's reading.
    """
    found = list(_claims(Observation(quote, id=source)))
    if found:
        return found
    row = vocabulary().paths.get(key)
    change: Change = "changes" if _CHANGED.search(quote) else "states"
    single = row is not None and not row.several
    return [Claim(key, _bare(value) or value, change, _whose(quote)[0], source, quote, confidence, single)]


def _claims(one: Observation) -> Iterator[Claim]:
    for start, end in sentence_spans(one.text):
        if end - start <= LONGEST and not one.text.endswith("?", start, end):
            for clause in _CLAUSE.split(one.text[start:end]):
                yield from _read(clause, one.id, one.text[start:end])


def _read(clause: str, source: str, sentence: str) -> Iterator[Claim]:
    """One clause: the patterns that tell a change first, then the general rules of the extraction."""
    holder, told = _whose(clause)
    words = _NEW.sub(r"\1 ", told)
    if not _OWN.search(words):  # an order, a title, a list: it says nothing of anybody here
        return
    made = Claim("", "", "states", holder, source, sentence, _UNSURE if _HEDGE.search(sentence) else _SURE)
    changed = _CHANGED.search(clause) is not None
    found = [claim for claim in _by_pattern(words, made, changed) if claim.value]  # of "is ,." nothing is left
    yield from found or _by_extraction(words, made, changed)


def _whose(sentence: str) -> tuple[str, str]:
    """Whom a sentence is about, and the sentence as if it were about "she" or said by oneself."""
    other = _OTHER.search(sentence)
    if other is None or (other.start() > 0 and re.search(r"\bI\b", sentence[: other.start()])):
        return "user", sentence
    name = f"{other['kin'].lower()} {other['name']}" if other["name"] else other["kin"].lower()
    pronoun = "Her" if other["own"] else "She"
    return name, pronoun + sentence[other.end() :]


def _by_pattern(words: str, made: Claim, changed: bool) -> Iterator[Claim]:
    own = re.sub(r"\bHer favou?rite", "My favourite", words) if made.holder != "user" else words
    if found := _FAVOURITE.search(own):
        change: Change = "ends" if "used to" in found["be"] else ("changes" if changed else "states")
        yield replace(made, key=_favourite(found["noun"]), value=_bare(found["value"]), change=change, single=True)
    elif made.holder != "user":
        return
    elif found := _SWITCHED.search(own):
        key = _favourite(found["noun"]) if found["noun"] else ""
        yield replace(made, key=key, value=_bare(found["value"]), change="changes", instead_of=_bare(found["old"]))
    elif found := _PREFERS.search(own):
        change = "changes" if changed else "states"
        value, old = _bare(found["value"]), _bare(found["old"])
        yield replace(made, key="tastes.preferences", value=value, change=change, instead_of=old)
    elif (found := _NO_LONGER.search(own)) and _ends(found):
        yield replace(made, value=_bare(found["value"]), change="ends")


def _ends(found: re.Match[str]) -> bool:
    """Whether "I don't …" is the end of something and no mere dislike: it says so, or the verb does."""
    return bool(found["more"]) or not re.match(r"I\s+(?:don['’]t|do\s+not)\b", found[0])


def _by_extraction(words: str, made: Claim, changed: bool) -> Iterator[Claim]:
    read = extract_by_rules(words)
    known = vocabulary().paths
    for facet in read.facets:
        row = known.get(facet.path)
        if facet.path == DESCRIPTION or facet.valid_to is not None or (row is None and not _named(facet.path, words)):
            continue
        change: Change = "changes" if changed else "states"
        single = row is not None and not row.several
        for value in facet.value if isinstance(facet.value, tuple) else (facet.value,):
            confidence = min(made.confidence, facet.confidence)
            told = _bare(str(value))
            if told:
                yield replace(made, key=facet.path, value=told, change=change, single=single, confidence=confidence)


def _named(path: str, words: str) -> bool:
    """Whether a sentence names a matter that is none of ours as something of the speaker: "my phone is …"."""
    return re.search(rf"\b(?:my|her)\s+{re.escape(path.replace('_', ' '))}\b", words, re.IGNORECASE) is not None


def _favourite(noun: str) -> str:
    return path_for(f"favourite {noun}")


def _bare(value: str) -> str:
    """A value without the words of time behind it and the article before it."""
    return re.sub(r"\A(?:the|an?)\s+", "", _TRAILING.sub("", value.strip(" ,\"'")).strip(" ,"))
