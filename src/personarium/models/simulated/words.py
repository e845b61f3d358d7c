"""Words, stems and sentences: the only similarity that the simulated subject knows."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|\n+")
_ABBREVIATION = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|e\.g|i\.e|vs|No|U\.S|Ph\.D)\.$")

# Function words and words that any two utterances share; they never make a fact relevant.
_SMALL_WORDS = """
a about above across actually after again against ago all almost along already also although always am among an
and another any anybody anyone anything anyway are aren't around as ask at away back be became because become
been before began begin behind being below besides best better between beyond both bring but by call came can
can't cannot case certain certainly come could couldn't day describe did didn't different discuss do does
doesn't doing don't done down during each either else enough especially etc even ever every everyone everything
example explain far feel felt few find first for from further gave general get getting give given go goes going
gone good got great had hadn't has hasn't have haven't having he he'd he'll her here hers herself him himself
his how however i i'd i'll i'm i've if important in indeed instead into is isn't it it's its itself just keep
kind knew know known last later least less let let's like likely little long look lot made main make makes many
may maybe me mean might mine more most much must my myself need never new next no nobody none nor not nothing
now of off often ok old on once one ones only onto or other others otherwise our ours ourselves out over own
particular particularly people perhaps person please point possible put quite rather really regard regarding
respond right said same saw say says see seem seen several shall share she she'd she'll should shouldn't show
simply since so some somebody someone something sometimes somewhat soon specific still such suppose sure take
taken talk tell than that that's the their theirs them themselves then there there's these they they'd they'll
they're they've thing things think this those though through thus time to today together told too toward towards
tried try under until up upon us use used using usually various very via want wanted was wasn't way ways we we'd
we'll we're we've well went were weren't what what's when where whether which while who who's whole whom whose
why will with within without won't would wouldn't year years yes yet you you'd you'll you're you've your yours
yourself yourselves
"""
STOPWORDS = frozenset(_SMALL_WORDS.split())
_DENYING = """
not no never none nobody nothing neither nor cannot without hardly can't don't doesn't didn't isn't aren't
wasn't weren't won't wouldn't haven't hasn't hadn't couldn't shouldn't
"""
NEGATIONS = frozenset(_DENYING.split())
_INFLECTIONS = ("ings", "ing", "edly", "ied", "ies", "ed", "es", "s", "ly")
_DERIVATIONS = (
    "ization", "isation", "ability", "ionate", "ation", "ments", "ment", "ness", "able", "ible", "ist", "ism", "ity",
    "ion", "ive", "ate", "ial", "ian", "al", "ic", "er", "or", "e", "y",
)  # fmt: skip
_SHORTEST = 3
_SHORTEST_ROOT = 4


def words(text: str) -> list[str]:
    """The words of a text, lower-cased, curly apostrophes made straight; hyphens separate."""
    return [w.replace("’", "'") for w in _WORD.findall(text.lower())]


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The stem of one lower-case word: one inflection is cut, then up to three derivations (``hiking`` -> ``hik``).

    A light stemmer of our own: it only has to bring the forms of one word together (``nurse``, ``nursing``).
    """
    word = _cut(word.removesuffix("'s"), _INFLECTIONS, _SHORTEST)
    for _ in range(3):
        shorter = _cut(_undouble(word), _DERIVATIONS, _SHORTEST_ROOT if len(word) > _SHORTEST_ROOT + 1 else _SHORTEST)
        if shorter == word:
            break
        word = shorter
    return word


def _cut(word: str, endings: tuple[str, ...], shortest: int) -> str:
    for ending in endings:
        if word.endswith(ending) and len(word) - len(ending) >= shortest and not (ending == "s" and word[-2] in "su"):
            return word[: -len(ending)]
    return word


def _undouble(word: str) -> str:
    return word[:-1] if len(word) > _SHORTEST and word[-1] == word[-2] and word[-1] not in "aeious" else word


@lru_cache(maxsize=8192)
def stems(text: str) -> frozenset[str]:
    """The content stems of a text: stop words left out, numbers kept."""
    return frozenset(stem(w) for w in words(text) if w not in STOPWORDS and (len(w) > 1 or w.isdigit()))


@lru_cache(maxsize=8192)
def all_words(text: str) -> frozenset[str]:
    """Every word of a text, stop words too (question phrases like ``how old`` need them)."""
    return frozenset(words(text))


@lru_cache(maxsize=4096)
def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text, in order; line ends end a sentence too."""
    out: list[str] = []
    for part in _SENTENCE_END.split(text):
        piece = part.strip()
        if not piece:
            continue
        if out and _ABBREVIATION.search(out[-1]):
            out[-1] = f"{out[-1]} {piece}"
        else:
            out.append(piece)
    return tuple(out)


def is_negated(text: str) -> bool:
    """Whether a sentence holds a word of negation."""
    return any(w in NEGATIONS or w.endswith("n't") for w in words(text))
