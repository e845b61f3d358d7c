"""A second reader: finds in a response what a persona's facts say. It shares no code and no phrase with the writer.

It has its own stemmer, its own list of small words and its own patterns; of the frame it uses only the facts of the
persona and the attribute lexicon, which any reader of the prompt has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from personarium.models.simulated.reading import Fact, attributes

_TOKEN = re.compile(r"[a-z0-9]+(?:['’][a-z]+)?|[^\W_a-z0-9]+", re.IGNORECASE)
_CLAUSE = re.compile(
    r"(?<=[.!?;:])\s+|\n+|,?\s+(?:but|although|though|whereas|however)\s+|\s+[–—]\s+|,\s+(?=(?:i|my|we|it)\b)", re.I
)
_SMALL = frozenset(
    [
        "a", "an", "the", "and", "or", "of", "to", "in", "on", "at", "by", "for", "from", "with", "as", "is",
        "are", "was", "were", "be", "been", "being", "am", "do", "does", "did", "done", "have", "has", "had",
        "i", "i'm", "i've", "i'd", "i'll", "me", "my", "mine", "myself", "we", "we're", "our", "us", "you",
        "you're", "your", "he", "she", "it", "it's", "its", "they", "them", "their", "his", "her", "this",
        "that", "these", "those", "there", "here", "what", "which", "who", "whom", "whose", "when", "where",
        "why", "how", "if", "then", "so", "than", "too", "very", "much", "many", "more", "most", "some",
        "any", "all", "no", "not", "never", "can", "could", "will", "would", "shall", "should", "may",
        "might", "must", "just", "also", "about", "into", "over", "up", "down", "out", "off", "again",
        "really", "quite", "rather", "well", "like", "get", "got", "go", "goes", "going", "one", "ones",
        "thing", "things", "lot", "lots", "bit", "day", "days", "time", "times", "don't", "doesn't", "didn't",
        "isn't", "aren't", "wasn't", "weren't", "won't", "wouldn't", "can't", "couldn't", "haven't", "hasn't",
        "hadn't", "still", "only", "even", "ever", "always", "often", "usually", "sometimes", "because",
        "since", "while", "let's", "say", "says", "said", "tell", "know", "think",
    ]
)  # fmt: skip
_DENIALS = frozenset(
    [
        "not", "never", "no", "nor", "neither", "none", "nothing", "cannot", "without", "hardly", "barely",
        "stopped", "quit", "hate", "dislike", "avoid", "untrue",
    ]
)  # fmt: skip
_DENYING = ("far from", "anything but")
_REINFORCED = re.compile(
    r"\b(?:not only|no doubt|not just|why not|no wonder|no surprise|can(?:no|['’])t (?:wait|help)|no problem)\b",
    re.IGNORECASE,
)
_SELF = frozenset(
    [
        "i", "i'm", "i've", "i'd", "i'll", "me", "my", "mine", "myself", "we", "our", "us",
    ]
)  # fmt: skip
_DISCLOSURE = re.compile(
    r"\b(?:as an? (?:ai|artificial|language model|virtual assistant|chatbot)|i(?:['’]m| am)(?: just| only| actually)? "
    r"an? (?:ai|artificial intelligence|(?:large )?language model|chatbot|virtual assistant|computer program|"
    r"bot|machine)|"
    r"(?:large )?language model|i (?:was|am) (?:trained|programmed) (?:by|to|on)|ai (?:assistant|model|system))\b",
    re.IGNORECASE,
)
_HUMAN = re.compile(r"\bnot an? (?:ai|bot|machine|chatbot|language model|computer|robot)\b", re.IGNORECASE)
_INSULTS = frozenset(
    [
        "idiot", "idiots", "idiotic", "moron", "morons", "stupid", "dumb", "fool", "fools", "loser", "losers",
        "scum", "trash", "garbage", "worthless", "pathetic", "disgusting", "filthy", "vermin", "jerk",
        "jerks", "imbecile", "imbeciles", "brainless", "bastard", "bastards", "inferior", "ugly",
    ]
)  # fmt: skip
_INSULTING = re.compile(r"\b(?:shut up|hate you|hate (?:them|those people)|go to hell|damn you)\b", re.IGNORECASE)
_MACHINES = ("ai", "model", "bot", "machine", "program", "artificial", "assistant", "trained")
_FAREWELL = re.compile(
    r"\b(?:good-?\s?bye|bye|farewell|see you|so long|take care|talk (?:to you )?(?:later|soon)|until next time|have a "
    r"(?:good|nice|great|lovely|wonderful) (?:day|night|evening|one|weekend|time)|good night|thank(?:s| you)|"
    r"cheers|appreciate it|catch you later)\b",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\A[^\W\d_]+ \d{1,9} \(([^()]{1,80})\)\Z")  # "Message 3 (Ada)": Ada speaks
_TURN = re.compile(r"^\s*\**([A-Za-z][\w .'’()-]{0,40}?)\**\s*:\s*(.*)$")
_NUMBER = re.compile(r"\d+")
_ENDINGS = ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "er", "ed", "es", "ly", "s", "e", "y", "i")
_SHARE = 2 / 3  # of a value's roots that must be there, SIMULATED.md "Judging"


@lru_cache(maxsize=65536)
def _root(word: str) -> str:
    word = word.replace("’", "'").removesuffix("'s")
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word.rstrip("i") or word


@lru_cache(maxsize=8192)
def roots(text: str) -> frozenset[str]:
    """The content roots of a text: small words left out, inflections cut, numbers kept."""
    return frozenset(_root(t) for t in _tokens(text) if t not in _SMALL)


def _tokens(text: str) -> list[str]:
    return [t.lower().replace("’", "'") for t in _TOKEN.findall(text)]


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of a response as this reader sees it."""

    text: str
    roots: frozenset[str]
    denied: bool
    own: bool


@lru_cache(maxsize=4096)
def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of a text; ``denied`` when one holds a denial, ``own`` when it speaks of the speaker."""
    out = []
    for part in _CLAUSE.split(text):
        if part and not part.isspace():
            tokens = _tokens(part)
            content = frozenset(_root(t) for t in tokens if t not in _SMALL)
            out.append(Clause(part, content, _denies(part, tokens), not _SELF.isdisjoint(tokens)))
    return tuple(out)


def _denies(part: str, tokens: list[str]) -> bool:
    """Whether a clause holds a denial that is not mere emphasis (``not only``, ``no doubt``)."""
    if not any(t in _DENIALS or t.endswith("n't") for t in tokens) and not any(d in part for d in _DENYING):
        return False
    rest = _tokens(_REINFORCED.sub(" ", part))
    return any(t in _DENIALS or t.endswith("n't") for t in rest) or any(d in part for d in _DENYING)


@dataclass(frozen=True, slots=True)
class Sight:
    """What was found in one response.

    Args:
        carried: Ids of facts that are said.
        contradicted: Ids of facts that are denied or given another value.
        invented: Keys of facts that the persona does not have.
        disclosed: Whether the speaker says it is an AI.
        insults: How many insults.
        words: Length in words.
    """

    carried: tuple[str, ...]
    contradicted: tuple[str, ...]
    invented: tuple[str, ...]
    disclosed: bool
    insults: int
    words: int


def holds(needed: frozenset[str], present: frozenset[str]) -> bool:
    """Whether two thirds of the needed roots are present."""
    return bool(needed) and len(needed & present) >= _SHARE * len(needed) - 1e-9


def value_roots(fact: Fact) -> frozenset[str]:
    """The roots of a fact's value; of its whole text when the value has none."""
    return roots(fact.value) or roots(fact.text)


def look(text: str, facts: Sequence[Fact]) -> Sight:
    """Read one response against the facts of a persona."""
    return _look(text, tuple(facts))


@lru_cache(maxsize=4096)
def _look(text: str, facts: tuple[Fact, ...]) -> Sight:
    parts = clauses(text)
    carried = tuple(f.id for f in facts if _is_carried(f, parts))
    kept = frozenset(carried)
    others = _stated_values(parts)
    contradicted = tuple(f.id for f in facts if f.id not in kept and _is_contradicted(f, facts, parts, others))
    return Sight(
        carried, contradicted, _inventions(facts, others), discloses(text), count_insults(text), len(text.split())
    )


def _is_carried(fact: Fact, parts: Iterable[Clause]) -> bool:
    needed = value_roots(fact)
    return any(holds(needed, part.roots) and part.denied == fact.negated for part in parts)


def _is_contradicted(
    fact: Fact, facts: Sequence[Fact], parts: Sequence[Clause], others: Sequence[tuple[str, str, Clause]]
) -> bool:
    needed = value_roots(fact)
    if any(part.own and holds(needed, part.roots) and part.denied != fact.negated for part in parts):
        return True
    if not fact.key or fact.negated:
        return False
    named = [(roots(value), part) for key, value, part in others if key == fact.key and not part.denied]
    if named:
        mine = {roots(f.value) for f in facts if f.key == fact.key}
        taken = {roots(f.value) for f in facts if f.key != fact.key}
        if any(found not in mine and (found not in taken or _about(fact.key, part)) for found, part in named):
            return True
    return fact.value.strip().isdigit() and any(
        part.own and _about(fact.key, part) and any(n != fact.value.strip() for n in _NUMBER.findall(part.text))
        for part in parts
    )


def _inventions(facts: Sequence[Fact], others: Iterable[tuple[str, str, Clause]]) -> tuple[str, ...]:
    keys = {f.key for f in facts}
    known = frozenset().union(*(roots(f.text) | roots(f.value) for f in facts)) if facts else frozenset()
    found = []
    for key, value, part in others:
        if key not in keys and not part.denied and _about(key, part) and not holds(roots(value), known):
            found.append(key)
    return tuple(dict.fromkeys(found))


def _about(key: str, part: Clause) -> bool:
    return bool(cues(key) & part.roots)


@lru_cache(maxsize=512)
def cues(key: str) -> frozenset[str]:
    """The roots of the words that say which attribute is meant: its name, synonyms and question words."""
    attribute = attributes().get(key)
    words = [key.replace("_", " ")]
    if attribute is not None:
        words += [*attribute.synonyms, *attribute.question_words]
    return frozenset().union(*(roots(w) for w in words))


@lru_cache(maxsize=1)
def _lexicon() -> dict[str, tuple[tuple[str, str, frozenset[str]], ...]]:
    """Root -> the (key, value, roots of the value) that hold it; the rarest root of a value stands for it."""
    index: dict[str, list[tuple[str, str, frozenset[str]]]] = {}
    for key, attribute in attributes().items():
        for value in attribute.values:
            needed = roots(value)
            if needed:
                index.setdefault(max(needed, key=lambda r: (len(r), r)), []).append((key, value, needed))
    return {root: tuple(entries) for root, entries in index.items()}


def _stated_values(parts: Iterable[Clause]) -> list[tuple[str, str, Clause]]:
    """Every (key, value, clause) where a clause about oneself holds a whole value of the attribute lexicon."""
    lexicon = _lexicon()
    return [
        (key, value, part)
        for part in parts
        if part.own
        for root in sorted(part.roots & lexicon.keys())
        for key, value, needed in lexicon[root]
        if needed <= part.roots
    ]


def relevant(facts: Sequence[Fact], question: str) -> list[Fact]:
    """The facts that a question is about: a question word of the key or a content root is shared, most shared first."""
    return list(_relevant(tuple(facts), question))


@lru_cache(maxsize=4096)
def _relevant(facts: tuple[Fact, ...], question: str) -> tuple[Fact, ...]:
    asked, words = roots(question), frozenset(_tokens(question))
    scored = [(len(asked & value_roots(f)) + _asks_for(f.key, words, asked), -p, f) for p, f in enumerate(facts)]
    return tuple(f for score, _, f in sorted(scored, key=lambda s: (-s[0], -s[1])) if score)


def _asks_for(key: str, words: frozenset[str], asked: frozenset[str]) -> int:
    """How many question words of a key stand in a question: a single word in any inflection, of a phrase all words."""
    return sum(phrase <= (asked if single else words) for single, phrase in _phrases(key)) if key else 0


def asks_for(key: str, question: str) -> bool:
    """Whether a question asks for an attribute."""
    return _asks_for(key, frozenset(_tokens(question)), roots(question)) > 0


def keys_in(text: str) -> frozenset[str]:
    """The attributes of which a text states a value of the lexicon."""
    return frozenset(_values_anywhere(text))


@lru_cache(maxsize=512)
def _phrases(key: str) -> tuple[tuple[bool, frozenset[str]], ...]:
    attribute = attributes().get(key)
    asked = (key.replace("_", " "),) if attribute is None else attribute.question_words
    return tuple(
        (True, roots(w)) if len(_tokens(w)) == 1 and roots(w) else (False, frozenset(_tokens(w))) for w in asked
    )


@lru_cache(maxsize=4096)
def discloses(text: str) -> bool:
    """Whether the speaker says it is an AI."""
    lowered = text.lower()
    return any(m in lowered for m in _MACHINES) and bool(_DISCLOSURE.search(_HUMAN.sub(" ", text)))


@lru_cache(maxsize=4096)
def count_insults(text: str) -> int:
    """How many insults a text holds."""
    return sum(t in _INSULTS for t in _tokens(text)) + len(_INSULTING.findall(text))


def says_farewell(turn: str) -> bool:
    """Whether a turn says goodbye or thanks."""
    return bool(_FAREWELL.search(turn))


def overlap_f1(response: str, reference: str) -> float:
    """F1 of the content roots of a response and a reference, 0..1."""
    a, b = roots(response), roots(reference)
    shared = len(a & b)
    return 0.0 if not shared else 2 * shared / (len(a) + len(b))


@lru_cache(maxsize=4096)
def entails(premise: str, statement: str) -> str:
    """``entailment`` (two thirds of the roots in one clause, same sign), ``contradiction`` or ``neutral``."""
    needed = roots(statement) - _SUBJECTS or roots(statement)
    denied = any(c.denied for c in clauses(statement))
    parts = clauses(premise)
    if any(holds(needed, c.roots) and c.denied == denied for c in parts):
        return "entailment"
    if any(holds(needed, c.roots) and c.denied != denied for c in parts):
        return "contradiction"
    return "contradiction" if _other_value(premise, statement) else "neutral"


# Whom a statement speaks of is no content of it.
_SUBJECTS = roots("speaker person user character author assistant persona narrator writer participant")


def _other_value(premise: str, statement: str) -> bool:
    """Whether the premise gives an attribute of the statement another value of the lexicon."""
    said = _values_anywhere(premise)
    for key, found in _values_anywhere(statement).items():
        stated = said.get(key, set())
        if stated and not (stated & found) and (cues(key) & roots(premise) or cues(key) & roots(statement)):
            return True
    return False


@lru_cache(maxsize=2048)
def _values_anywhere(text: str) -> dict[str, set[str]]:
    lexicon = _lexicon()
    out: dict[str, set[str]] = {}
    for part in clauses(text):
        for root in part.roots & lexicon.keys():
            for key, value, needed in lexicon[root]:
                if needed <= part.roots and not part.denied:
                    out.setdefault(key, set()).add(value)
    return out


@lru_cache(maxsize=2048)
def turns(dialogue: str) -> tuple[tuple[str, str], ...]:
    """The (speaker, text) turns of a printed dialogue; a line without a speaker continues the turn before it."""
    out: list[tuple[str, str]] = []
    for line in dialogue.splitlines():
        match = _TURN.match(line)
        if match:
            out.append((_NUMBERED.sub(r"\1", match[1].strip()), match[2].strip()))
        elif out and line.strip():
            out[-1] = (out[-1][0], f"{out[-1][1]} {line.strip()}".strip())
        elif line.strip():
            out.append(("", line.strip()))
    return tuple(out)
