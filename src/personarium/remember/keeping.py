"""From claims to edits: what is new, what takes the place of an older value, what ends one, and what is known already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from personarium.remember.reading import Claim
from personarium.remember.records import Fact, Operation
from personarium.remember.strategy import UserView
from personarium.text.bm25 import words


def same_words(text: str) -> str:
    """A text without case, punctuation and spacing: by this two entries count as the same."""
    return " ".join(words(text))


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
        keeper.held.setdefault(fact.holder, []).append(fact)
    for claim in claims:
        keeper.take(claim)
    return keeper.edits


@dataclass
class _Keeper:
    """The facts that hold while claims are taken one by one."""

    view: UserView
    kind: str
    held: dict[str, list[Fact]] = field(default_factory=dict)
    edits: list[Operation] = field(default_factory=list)

    def take(self, claim: Claim) -> None:
        """Bring what is held up to date with one claim."""
        mine = self.held.setdefault(claim.holder, [])
        said = self.view.observation(claim.source)
        at = said.at if said is not None else None
        same = next((fact for fact in _about(mine, claim) if same_words(fact.text) == same_words(claim.value)), None)
        if claim.change == "ends":
            if same is not None:
                mine.remove(same)
                self.edits.append(Operation("delete", same.id, at=at, evidence=(claim.source,)))
        elif same is None:
            self._put(claim, mine, at)
        elif claim.source not in same.evidence:
            mine[mine.index(same)] = replace(same, evidence=(*same.evidence, claim.source))
            self.edits.append(Operation("mark", same.id, evidence=(claim.source,)))

    def _put(self, claim: Claim, mine: list[Fact], at: float | None) -> None:
        old = _replaced(mine, claim)
        key = old.key if old is not None and (claim.instead_of or not claim.key) else claim.key
        kept = (
            old.evidence if old is not None and key != claim.key else ()
        )  # its key comes from what the older one said
        evidence = tuple(dict.fromkeys((claim.source, *kept)))
        new = Fact(f"+{len(self.edits)}", self.kind, key, claim.value, claim.holder, evidence=evidence)
        if old is not None:
            mine.remove(old)
        mine.append(new)
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


def _about(mine: list[Fact], claim: Claim) -> Iterator[Fact]:
    """The facts that a claim may be about: those of its key; all where it tells a value only."""
    return (fact for fact in mine if not claim.key or claim.instead_of or fact.key == claim.key)


def _replaced(mine: list[Fact], claim: Claim) -> Fact | None:
    """The fact that a claim takes the place of: the one with the value it names, else the one of its single-valued matter."""
    if claim.instead_of:
        old = same_words(claim.instead_of)
        return next((fact for fact in reversed(mine) if same_words(fact.text) == old), None)
    if not (claim.single or claim.change == "changes") or not claim.key:
        return None
    return next((fact for fact in reversed(mine) if fact.key == claim.key), None)
