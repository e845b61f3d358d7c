"""The personas of both speakers: which traits are new, which are known, and which take the place of an older one.

Source: ld-agent page, step 3.
Differs: traits carry their time and source; a known one is kept once, and one about the same matter that has changed ends the
old one (``resolve``), where the code only ever adds lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from personarium.remember.keeping import same_words
from personarium.remember.ld_agent.talks import USER
from personarium.remember.reading import Claim, read_claims
from personarium.remember.records import Observation, Operation
from personarium.remember.strategy import UserView

USER_TRAIT, AGENT_TRAIT = "user_trait", "agent_trait"
Claims = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Trait:
    """One trait as it stands: ``claims`` are the matters it speaks of, each with what it says of it."""

    id: str
    kind: str
    text: str
    claims: Claims
    evidence: tuple[str, ...]


@dataclass(slots=True)
class Traits:
    """The traits of both speakers while new ones come in.

    Args:
        kept: Those that hold.
        edits: What has been changed so far; ``offset`` operations stand before them in the batch.
        offset: As said.
        resolve: Whether known traits are kept once and changed ones replaced.
    """

    kept: list[Trait]
    offset: int = 0
    resolve: bool = True
    edits: list[Operation] = field(default_factory=list)

    @classmethod
    def of(cls, view: UserView, offset: int, resolve: bool) -> Traits:
        """The traits of a memory as it stands."""
        kept = [
            Trait(one.id, one.kind, one.text, dict(one.attributes.get("claims") or {}), one.evidence)
            for one in view.facts(USER_TRAIT, AGENT_TRAIT)
        ]
        return cls(kept, offset, resolve)

    def take(self, said: Observation, texts: Sequence[str], claims: Sequence[Claim], by: str) -> None:
        """Take what was concluded from one utterance.

        Args:
            said: The utterance.
            texts: Traits in words; one that is a sentence of the utterance has the claims of that sentence, another one all.
            claims: What rules read in the utterance itself: by them it is seen what a trait is about.
            by: Who concluded: a model's name, or ``rules``.
        """
        if self.resolve:
            for claim in claims:
                if claim.change == "ends":
                    self._end(said, claim)
        stated = [claim for claim in claims if claim.change != "ends"]
        for text in dict.fromkeys(texts):
            self._add(said, text, [claim for claim in stated if claim.sentence == text] or stated, by)

    def _add(self, said: Observation, text: str, claims: Sequence[Claim], by: str) -> None:
        kind = kind_of(said)
        known = next((one for one in self._mine(kind) if same_words(one.text) == same_words(text)), None)
        if known is not None and self.resolve:
            if said.id not in known.evidence:
                self.edits.append(Operation("mark", known.id, evidence=(said.id,)))
            return
        old = self._replaced(kind, claims) if self.resolve else None
        attributes: dict[str, object] = {"by": by}
        values = _values(claims)
        if values:
            attributes["claims"] = {key: list(told) for key, told in values.items()}
        new = Trait(f"+{self.offset + len(self.edits)}", kind, text, values, (said.id,))
        self.edits.append(
            Operation(
                "add" if old is None else "update",
                "" if old is None else old.id,
                kind,
                "",
                text,
                said.speaker,
                said.at,
                (said.id,),
                attributes=attributes,
            )
        )
        self.kept = [one for one in self.kept if old is None or one.id != old.id] + [new]

    def _replaced(self, kind: str, claims: Sequence[Claim]) -> Trait | None:
        """The trait that these claims take the place of: about the same matters, with another value of one that has changed.

        One that speaks of further matters stays: what it says of those would be lost with it.
        """
        new = _values(claims)
        moved = {claim.key for claim in claims if claim.key and (claim.single or claim.change == "changes")}
        left = {same_words(claim.instead_of) for claim in claims if claim.instead_of}
        for one in reversed(self._mine(kind)):
            gone = {
                key
                for key, told in one.claims.items()
                if {same_words(value) for value in told} <= left or (key in moved and tuple(told) != tuple(new[key]))
            }
            if gone and set(one.claims) <= gone | set(new):
                return one
        return None

    def _end(self, said: Observation, claim: Claim) -> None:
        """End the traits that say nothing but what an utterance says is over."""
        for one in self._mine(kind_of(said)):
            values = {same_words(value) for told in one.claims.values() for value in told}
            if values == {same_words(claim.value)} and (not claim.key or set(one.claims) == {claim.key}):
                self.edits.append(Operation("delete", one.id, at=said.at, evidence=(said.id,)))
                self.kept.remove(one)

    def _mine(self, kind: str) -> list[Trait]:
        return [one for one in self.kept if one.kind == kind]


def _values(claims: Sequence[Claim]) -> dict[str, tuple[str, ...]]:
    """Matter -> what is said of it; a claim that names no matter is left out."""
    out: dict[str, tuple[str, ...]] = {}
    for claim in claims:
        if claim.key:
            out[claim.key] = (*out.get(claim.key, ()), claim.value)
    return out


def kind_of(said: Observation) -> str:
    """Whose trait an utterance speaks of: the user's, or the agent's."""
    return USER_TRAIT if said.speaker == USER else AGENT_TRAIT


def claims_of(said: Observation) -> list[Claim]:
    """What rules read in an utterance of its speaker about themselves."""
    return [claim for claim in read_claims([said], said.speaker) if claim.holder in ("user", said.speaker)]
