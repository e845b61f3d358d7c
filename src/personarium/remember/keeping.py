"""From claims to edits: what is new, what takes the place of an older value, what ends one, and what is known already."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from personarium.core.errors import InvalidInput
from personarium.remember.reading import Claim
from personarium.remember.records import Fact, Operation
from personarium.remember.strategy import UserView
from personarium.text.bm25 import words

_SIGNS = re.compile(r"(?<=\w)[+#]+|(?<!\w)-(?=\d)|(?<=\d)[.,](?=\d)")


def same_words(text: str) -> str:
    """A text without case, punctuation and spacing: by this two entries count as the same. Signs that make a difference stay:
    ``C++`` is not ``C#``, ``-5`` not ``5``, one picture sign not another."""
    signs = _SIGNS.findall(text)
    if not text.isascii():
        signs += [sign for sign in text if unicodedata.category(sign).startswith("S")]
    return " ".join([*words(text), *signs])


def fault_of(claim: Claim) -> str:
    """Why a claim cannot be kept (a model may have written it): no value, or a name or text that is none; empty if it can."""
    try:
        Operation("add", "", "", claim.key, claim.value, claim.holder, attributes={"quote": claim.quote})
    except InvalidInput as error:
        return str(error)
    return ""


def keep_claims(view: UserView, claims: Iterable[Claim], *, kind: str, strategy: str) -> list[Operation]:
    """The edits that bring facts of one kind up to date with claims.

    A claim that is known adds nothing but its source. One about a matter that has one value at a time, or that says itself
    what it takes the place of, updates the older value; one that says something is over ends it. A matter is a key of one
    holder: what a friend prefers never touches what the user prefers.

    Args:
        view: The memory as it stands.
        claims: In the order in which they were said.
        kind: Of the facts.
        strategy: Whose facts they are compared with.
    """
    keeper = _Keeper(view, kind)
    for fact in view.facts(kind, strategy=strategy):
        keeper.of(fact.holder).put(fact)
    for claim in claims:
        keeper.take(claim)
    return keeper.edits


@dataclass
class _Held:
    """One holder's facts in order, found by their words and by their key."""

    facts: dict[str, Fact] = field(default_factory=dict)
    by_words: dict[str, dict[str, None]] = field(default_factory=dict)
    by_key: dict[str, dict[str, None]] = field(default_factory=dict)
    sources: dict[str, dict[str, None]] = field(
        default_factory=dict
    )  # of each fact; thousands, if it is said every day

    def put(self, fact: Fact) -> None:
        """Put a fact to the end."""
        self.facts[fact.id] = fact
        self.sources[fact.id] = dict.fromkeys(fact.evidence)
        self.by_words.setdefault(same_words(fact.text), {})[fact.id] = None
        self.by_key.setdefault(fact.key, {})[fact.id] = None

    def remove(self, fact: Fact) -> None:
        """Take a fact out."""
        del self.facts[fact.id]
        del self.by_words[same_words(fact.text)][fact.id]
        del self.by_key[fact.key][fact.id]

    def same(self, claim: Claim) -> Fact | None:
        """The first fact that says what a claim says: about its key, or about any where it tells a value only."""
        alike = self.by_words.get(same_words(claim.value), {})
        anywhere = not claim.key or bool(claim.instead_of)
        about = alike if anywhere else (id for id in alike if self.facts[id].key == claim.key)
        return next((self.facts[id] for id in about), None)

    def replaced(self, claim: Claim) -> Fact | None:
        """The fact that a claim takes the place of: the one with the value it names, else the one of its single-valued
        matter."""
        if claim.instead_of:
            return self._last(self.by_words.get(same_words(claim.instead_of), {}))
        if not (claim.single or claim.change == "changes") or not claim.key:
            return None
        return self._last(self.by_key.get(claim.key, {}))

    def _last(self, ids: dict[str, None]) -> Fact | None:
        return next((self.facts[id] for id in reversed(ids)), None)


@dataclass
class _Keeper:
    """The facts that hold while claims are taken one by one."""

    view: UserView
    kind: str
    held: dict[str, _Held] = field(default_factory=dict)
    edits: list[Operation] = field(default_factory=list)

    def of(self, holder: str) -> _Held:
        """The facts about somebody."""
        return self.held.setdefault(holder, _Held())

    def take(self, claim: Claim) -> None:
        """Bring what is held up to date with one claim."""
        mine = self.of(claim.holder)
        said = self.view.observation(claim.source)
        at = said.at if said is not None else None
        same = mine.same(claim)
        if claim.change == "ends":
            if same is not None:
                mine.remove(same)
                self.edits.append(Operation("delete", same.id, at=at, evidence=(claim.source,)))
        elif same is None:
            self._put(claim, mine, at)
        elif claim.source not in mine.sources[same.id]:
            mine.sources[same.id][claim.source] = None
            self.edits.append(Operation("mark", same.id, evidence=(claim.source,)))

    def _put(self, claim: Claim, mine: _Held, at: float | None) -> None:
        old = mine.replaced(claim)
        key = old.key if old is not None and (claim.instead_of or not claim.key) else claim.key
        # Its key may come from what the older one said.
        kept = mine.sources[old.id] if old is not None and key != claim.key else {}
        evidence = tuple(dict.fromkeys((claim.source, *kept)))
        if old is not None:
            mine.remove(old)
        mine.put(Fact(f"+{len(self.edits)}", self.kind, key, claim.value, claim.holder, evidence=evidence))
        self.edits.append(
            Operation(
                "add" if old is None else "update",
                "" if old is None else old.id,
                self.kind,
                key,
                claim.value,
                claim.holder,
                at,
                evidence,
                claim.confidence,
                attributes={"quote": claim.quote},
            )
        )
