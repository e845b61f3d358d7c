"""The anonymiser: hashed speakers, age bands, provinces, no rare tags, no contacts in texts.

Source: personaldialog page, step 1: the paper's exact rules are not available; these are the project's design (k = 50).
Differs: what is taken out of a text leaves a mark in its place, so that digits around it cannot join into a number.
Units: k counts speakers.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from personarium.core.dialogue import Dialogue
from personarium.core.errors import UsageError
from personarium.make.personaldialog.data_format import LISTS, Session, Traits, TraitValue

BANDS: tuple[tuple[int, int, str], ...] = (
    (0, 17, "under 18"),
    (18, 24, "18-24"),
    (25, 34, "25-34"),
    (35, 44, "35-44"),
    (45, 54, "45-54"),
    (55, 64, "55-64"),
    (65, 150, "65 and over"),
)
RARE = 50  # speakers
IDENTIFYING = ("name",)  # traits of the later files that become null
# Links and addresses end at what is not ASCII: Chinese text follows them without a blank. Every repetition is bounded.
_LINK = re.compile(r"(?:https?://|www\.)[!-~]{1,2000}", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_HANDLE = re.compile(r"[@＠][\w.-]{1,64}")
_NUMBER = re.compile(r"\+?\d(?:[ .\-]?\d){6,40}")  # seven digits or more, single blanks, dots and dashes between
_CUTS = re.compile(r"[\s/,，·]+")
_MARKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (_LINK, "[link]"),
    (_MAIL, "[mail]"),
    (_HANDLE, "[handle]"),
    (_NUMBER, "[number]"),
)


@dataclass(frozen=True)
class Anonymiser:
    """The rules.

    Args:
        salt: What speaker ids are hashed with; whoever knows it can test guesses, so it stays secret.
        k: A tag held by fewer speakers disappears.
        provinces: Place -> province; a place that is not in it becomes null. Without one the first word counts, as the
            corpus writes places ("Zhejiang Hangzhou").

    Raises:
        UsageError: An empty salt, or k below 1.
    """

    salt: str = field(repr=False)
    k: int = RARE
    provinces: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.salt:
            raise UsageError("speakers are hashed with a salt; give one that is not empty")
        if self.k < 1:
            raise UsageError(f"k is at least 1, found {self.k}")

    def speaker(self, id: str) -> str:
        """The hash that stands for a speaker: the same under one salt, another under another."""
        key = hashlib.blake2b(self.salt.encode(), digest_size=32).digest()
        return "s" + hashlib.blake2b(id.encode("utf-8", "surrogatepass"), digest_size=8, key=key).hexdigest()

    def place(self, location: str) -> str | None:
        """The province of a place, None where it is not known."""
        if self.provinces:
            return self.provinces.get(location.strip())
        return next((part for part in _CUTS.split(location.strip()) if part), None)

    def traits(self, traits: Traits, rare: frozenset[tuple[str, str]] = frozenset()) -> dict[str, TraitValue]:
        """A speaker's traits, coarsened; what cannot be coarsened becomes null.

        Args:
            traits: As recorded.
            rare: (trait, tag) pairs that too few speakers hold.
        """
        return {name: self._trait(name, value, rare) for name, value in traits.items()}

    def _trait(self, name: str, value: TraitValue, rare: frozenset[tuple[str, str]]) -> TraitValue:
        if value is None or name in IDENTIFYING:
            return None
        if isinstance(value, tuple):
            return tuple(tag for tag in value if (name, tag) not in rare)
        if name == "age":
            return age_band(value)
        return self.place(value) if name == "location" else clean_text(value)

    def __call__(self, sessions: Sequence[Session]) -> list[Session]:
        """Anonymise a corpus; tags are counted over all of its speakers first."""
        rare = rare_tags(sessions, self.k)
        return [self._session(session, rare, number) for number, session in enumerate(sessions, 1)]

    def _session(self, session: Session, rare: frozenset[tuple[str, str]], number: int) -> Session:
        talk = Dialogue(f"session-{number:08d}")  # an id of its own could tell who speaks
        for said in session.dialogue:
            talk.say(self.speaker(said.speaker), clean_text(said.text))
        return Session(talk, {self.speaker(who): self.traits(one, rare) for who, one in session.traits.items()})


def age_band(age: str | int) -> str | None:
    """The band of an age in years ("27" -> "25-34"); a band stays, anything else becomes None."""
    text = str(age).strip()
    if text in {band for _, _, band in BANDS}:
        return text
    if not text.isdecimal() or len(text) > 3:
        return None
    return next((band for lo, hi, band in BANDS if lo <= int(text) <= hi), None)


def clean_text(text: str) -> str:
    """A text without handles, links, e-mail addresses and runs of seven digits or more; linear in its length."""
    for pattern, mark in _MARKS:
        text = pattern.sub(mark, text)
    return text


def rare_tags(sessions: Iterable[Session], k: int = RARE) -> frozenset[tuple[str, str]]:
    """(trait, tag) pairs held by fewer than k different speakers."""
    held: set[tuple[str, str, str]] = set()
    for session in sessions:
        for who, traits in session.traits.items():
            held.update((name, tag, who) for name in LISTS for tag in traits.get(name) or ())
    counts = Counter((name, tag) for name, tag, _ in held)
    return frozenset(pair for pair, number in counts.items() if number < k)
