"""Entailment by keys and values alone: exact, for tests and calibration."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from personarium.core.errors import InvalidInput
from personarium.judges.entailment.triples import ONE_HOT, Triple


@dataclass(frozen=True, slots=True)
class KeyedFact:
    """A statement whose key and value are known.

    Args:
        statement: The sentence as the estimators get it.
        key: What it is about, for instance ``home``.
        value: What it says of that.
        alternatives: Other values that the key could have; naming one of them contradicts the fact.
        asks: Words or phrases; a query that holds one asks for the key. None takes the key itself, ``_`` as blank.
    """

    statement: str
    key: str
    value: str
    alternatives: tuple[str, ...] = ()
    asks: tuple[str, ...] | None = None


# A denial word, and between it and the value no end of a clause ("No, I live in Rome", "not Rome but Paris").
_ARTICLE = re.compile(r"^(?:an?|the)\s+(?=\w)", re.IGNORECASE)
_DENIAL = re.compile(
    r"(?:\b(?:not|no(?!,)|never|neither|nor|without|hardly)\b|n['’]t\b)(?:(?!\bbut\b)[^.!?;:])*$", re.IGNORECASE
)


class RuleOracle:
    """Decides by keys and values alone: hard, deterministic labels for tests and calibration.

    Relevant: the query asks for the key. Entailed: the value occurs undenied. Contradicted: an alternative occurs
    undenied, or the value occurs denied (a denial word before it in its sentence). Both at once: contradicted.

    Args:
        facts: All statements it will be asked about.
        hit: The relevance it gives when the query asks for the key.
        miss: The relevance otherwise.
    """

    def __init__(self, facts: Sequence[KeyedFact], hit: float = 1.0, miss: float = 0.0) -> None:
        for name, value in (("hit", hit), ("miss", miss)):
            if not 0.0 <= value <= 1.0:
                raise InvalidInput("RuleOracle", "a probability in [0, 1]", value, name)
        self.name = "rule-oracle" if (hit, miss) == (1.0, 0.0) else f"rule-oracle:hit={hit:g},miss={miss:g}"
        self._facts = {fact.statement: fact for fact in facts}
        self._hit, self._miss = hit, miss

    async def relevance(self, statements: Sequence[str], query: str) -> list[float | None]:
        """``hit`` or ``miss`` for each statement; raises InvalidInput for a statement it was not told of."""
        return [self._hit if asks_for(self._fact(s), query) else self._miss for s in statements]

    async def entailment(self, statements: Sequence[str], query: str, response: str) -> list[Triple | None]:
        """A one-hot triple for each statement; raises InvalidInput for a statement it was not told of."""
        return [ONE_HOT[label_by_rule(self._fact(s), response)] for s in statements]

    def _fact(self, statement: str) -> KeyedFact:
        if statement not in self._facts:
            raise InvalidInput("RuleOracle", "a statement of its facts", statement)
        return self._facts[statement]


def asks_for(fact: KeyedFact, query: str) -> bool:
    """Whether a query holds one of the words that ask for the fact's key."""
    asks = (fact.key.replace("_", " "),) if fact.asks is None else fact.asks
    return any(_occurrences(word, query) for word in asks)


def label_by_rule(fact: KeyedFact, response: str) -> str:
    """``entailed``, ``neutral`` or ``contradicted`` for a fact with a known value (see :class:`RuleOracle`)."""
    value = _bare(fact.value)
    own = [_denied(response, start) for start in _occurrences(value, response)]
    other = [
        _denied(response, start)
        for alternative in map(_bare, fact.alternatives)
        for start in _occurrences(alternative, response)
        if not _inside(value, alternative)
    ]
    if any(own) or not all(other):
        return "contradicted"
    return "entailed" if own else "neutral"


def _bare(value: str) -> str:
    """A value without its article: "my tortoise" states the fact "a tortoise"."""
    return _ARTICLE.sub("", value)


def _occurrences(words: str, text: str) -> list[int]:
    return [m.start() for m in _whole(words).finditer(text)]


@lru_cache(maxsize=4096)
def _whole(words: str) -> re.Pattern[str]:
    """The words as a whole; kept, because re's own cache is too small for a lexicon."""
    return re.compile(rf"(?<!\w){re.escape(words)}(?!\w)", re.IGNORECASE)


def _inside(whole: str, part: str) -> bool:
    return bool(_occurrences(part, whole))


def _denied(text: str, start: int) -> bool:
    return _DENIAL.search(text[max(0, start - 200) : start]) is not None
