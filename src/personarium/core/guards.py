"""Guards: what a persona can know, and what it must not tell; everything they hold back is counted.

Source: rpla-survey page, point 8 (the laboratory's own rules). Texts are put into Unicode form NFKC before they are
searched, so that full-width digits do not slip past.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from personarium.core.layers import Knowledge
from personarium.core.persona import Persona


def normalise(text: str) -> str:
    """Lower case, letters and digits only: the form in which secrets and accepted answers are searched."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


@dataclass(frozen=True, slots=True)
class KnowledgeItem:
    """Something a persona might know: what, since which year (BC negative), and of which topic."""

    text: str
    year: int | None = None
    topic: str | None = None


@dataclass(slots=True)
class KnowledgeGuard:
    """Lets through what a persona can know.

    An item with a year is allowed if year <= time limit; an item without a year is allowed and counted as unchecked. An
    item with a topic must be a known one (where known topics are listed) and no unknown one.

    Args:
        knowledge: The persona's scope.
        allowed: Items let through so far.
        blocked: Items held back so far.
        unchecked: Those of the allowed that carried no year.
    """

    knowledge: Knowledge
    allowed: int = 0
    blocked: int = 0
    unchecked: int = 0

    def check(self, item: KnowledgeItem) -> bool:
        """Whether the persona can know the item; counts it."""
        if not (self._in_time(item) and self._on_topic(item)):
            self.blocked += 1
            return False
        self.allowed += 1
        self.unchecked += item.year is None
        return True

    def filter(self, items: Iterable[KnowledgeItem]) -> list[KnowledgeItem]:
        """The items that the persona can know; all are counted."""
        return [item for item in items if self.check(item)]

    def counts(self) -> dict[str, int]:
        """Allowed, blocked and unchecked so far."""
        return {"allowed": self.allowed, "blocked": self.blocked, "unchecked": self.unchecked}

    def _in_time(self, item: KnowledgeItem) -> bool:
        limit = self.knowledge.time_limit
        return limit is None or item.year is None or item.year <= limit

    def _on_topic(self, item: KnowledgeItem) -> bool:
        if item.topic is None:
            return True
        known = self.knowledge.known_topics
        return item.topic not in self.knowledge.unknown_topics and (known is None or item.topic in known)


@dataclass(slots=True)
class DisclosureGuard:
    """Holds back texts that tell a secret, whatever blanks, brackets or hyphens stand between its letters.

    Args:
        secrets: Id -> what must not be told. A secret without any letter or digit is searched as it is.
        blocked: Texts held back so far.
        passed: Texts let through so far.
        hits: How often each secret was found.
    """

    secrets: Mapping[str, str]
    blocked: int = 0
    passed: int = 0
    hits: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, persona: Persona) -> DisclosureGuard:
        """The guard of a persona: every ``never_disclose`` facet (each item of a list) and topic."""
        secrets = {
            f"{facet.id}[{i}]" if i else facet.id: said
            for facet in persona.secrets
            for i, said in enumerate(_leaves(facet.value))
        }
        return cls({**secrets, **{f"topic:{topic}": topic for topic in persona.knowledge.never_disclose}})

    def found(self, text: str) -> tuple[str, ...]:
        """Ids of the secrets that the text tells; counts nothing."""
        plain = normalise(text)
        return tuple(id for id, secret in self.secrets.items() if _tells(text, plain, secret))

    def filter(self, text: str) -> str | None:
        """The text unchanged, or None when it tells a secret; counts either."""
        found = self.found(text)
        self.hits.update(found)
        if found:
            self.blocked += 1
            return None
        self.passed += 1
        return text


def _tells(text: str, plain: str, secret: str) -> bool:
    wanted = normalise(secret)
    if wanted:
        return wanted in plain
    return bool(secret.strip()) and secret.strip() in text


def _leaves(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [leaf for v in value.values() for leaf in _leaves(v)]
    if isinstance(value, (list, tuple)):
        return [leaf for v in value for leaf in _leaves(v)]
    return [] if value is None or isinstance(value, bool) else [str(value)]
