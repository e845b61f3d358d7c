"""Items from own scripts and dialogues: whose reply is this, among characters of the same work?

Source: personaeval page, step 3 and "Works when" 7. How the published distractors were drawn is not stated; the rules here are
our own: distractors from the same work, the first speaker is never a candidate, and no utterance may name one.
Units: one item is one turn and the reply of another speaker.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import get_args

from personarium.benchmarks.personaeval.items import (
    UNTRACKED,
    Candidate,
    Exchange,
    IdentificationItem,
    ReplyKind,
)
from personarium.benchmarks.personaeval.steps import written_prompt
from personarium.core.dialogue import Dialogue, Utterance
from personarium.core.errors import InvalidInput, UsageError
from personarium.text.similarity import content_stems

MASK = "[name]"
MOST_CAST, MOST_TEXT = 500, 20_000
_BARRED = re.compile(r'[<>|{}"\\\x00-\x1f\x7f]')
# Words of a name that say nothing of who it is.
_TITLES = frozenset(
    ["mr", "mrs", "ms", "miss", "dr", "prof", "sir", "lady", "lord", "the", "of", "de", "van", "von", "der", "la", "le"]
)
NO_PROFILE, SAME, FEW, NAMED, SHORT, PLAIN, SHARED, BEYOND = (
    "no profile of the speaker",
    "the same speaker goes on",
    "too few candidates",
    "an utterance names a candidate",
    "too short",
    "no word of the profile",
    "shares a name with the first speaker",
    "beyond the number wanted",
)


@dataclass(frozen=True)
class Work:
    """A novel, a play, a set of talks: its characters and what they say.

    Args:
        id: Begins the ids of its items.
        profiles: Name of a character -> profile. Speakers without one can speak first but are nobody's answer.
        dialogues: Speakers are named as in ``profiles`` (case does not matter).

    Raises:
        InvalidInput: A name that cannot stand in a prompt, an empty profile, or more than 500 characters.
    """

    id: str
    profiles: Mapping[str, str]
    dialogues: tuple[Dialogue, ...]

    def __post_init__(self) -> None:
        where = f"work {self.id}"
        if len(self.profiles) > MOST_CAST:
            raise InvalidInput(where, f"at most {MOST_CAST} characters", len(self.profiles), "profiles")
        folded = Counter(name.casefold() for name in self.profiles)
        for name, profile in self.profiles.items():
            if not name.strip() or len(name) > 80 or _BARRED.search(name) or folded[name.casefold()] > 1:
                raise InvalidInput(where, "names of 1 to 80 plain characters that differ", name, "profiles")
            if not isinstance(profile, str) or not profile.strip() or len(profile) > MOST_TEXT:
                raise InvalidInput(where, f"a profile of 1 to {MOST_TEXT:,} characters", profile, f"profiles.{name}")

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Case-folded name -> the name as the profiles spell it."""
        return {name.casefold(): name for name in self.profiles}

    @cached_property
    def mentions(self) -> re.Pattern[str] | None:
        """What names any character: the whole name in any case, or a part of it with a capital."""
        whole = sorted(self.profiles, key=len, reverse=True)
        parts = {part for name in self.profiles for part in name_parts(name)}
        forms = [_bounded(re.escape(name), f"(?i:{re.escape(name)})") for name in whole]
        forms += [_bounded(part, f"(?:{re.escape(part)}|{re.escape(part.upper())})") for part in sorted(parts)]
        return re.compile("|".join(forms)) if forms else None


def name_parts(name: str) -> list[str]:
    """The words of a name of several words that name somebody by themselves."""
    words = name.split()
    capital = [word[:1].upper() + word[1:].lower() for word in words]
    return [w for w in capital if len(words) > 1 and len(w) > 2 and w.isalpha() and w.casefold() not in _TITLES]


def _bounded(name: str, pattern: str) -> str:
    """Scripts that put no blanks between words have no word ends either."""
    return rf"\b{pattern}\b" if name.isascii() and name[:1].isalnum() and name[-1:].isalnum() else pattern


@dataclass(frozen=True)
class BuilderConfig:
    """How items are made.

    Args:
        options: Candidates of an item, the speaker included.
        mentions: A character named in an utterance is replaced by ``[name]`` (``mask``), or the item is left out (``drop``).
            All characters but the first speaker are masked alike, so that a mask tells nothing.
        min_words: The fewest words of a reply (characters, in scripts without blanks).
        min_shared: The fewest content words that a reply shares with its speaker's profile; 0 takes hopeless ones too.
        reply_kind: What the prompt asks for.
        track: The items' track.
        most: The most items of one work; None for all.
        seed: Of distractors and order.
    """

    options: int = 4
    mentions: str = "mask"
    min_words: int = 1
    min_shared: int = 0
    reply_kind: ReplyKind = "probabilities"
    track: str = UNTRACKED
    most: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 2 <= self.options <= 26:
            raise UsageError(f"an item has 2 to 26 candidates, found {self.options}")
        if self.mentions not in ("mask", "drop"):
            raise UsageError(f"mentions must be mask or drop, found '{self.mentions}'")
        if self.reply_kind not in get_args(ReplyKind):
            raise UsageError(f"the reply is probabilities or choice, found '{self.reply_kind}'")


PLAIN_CONFIG = BuilderConfig()


@dataclass(frozen=True)
class Built:
    """What became of the turns.

    Args:
        items: The items.
        dropped: Reason -> turns that gave no item.
        masked: Items in which a name was masked.
    """

    items: tuple[IdentificationItem, ...]
    dropped: Mapping[str, int]
    masked: int


def build_items(works: Sequence[Work], config: BuilderConfig = PLAIN_CONFIG) -> Built:
    """Make an item of every turn that another speaker answers; every turn that gives none is counted with the reason.

    Args:
        works: Ids must be unique.
        config: The rules.

    Raises:
        InvalidInput: Two works of one id.
    """
    if len({work.id for work in works}) < len(works):
        raise InvalidInput("works", "ids that differ", [work.id for work in works], "id")
    drafts: list[_Draft] = []
    dropped: Counter[str] = Counter()
    for work in works:
        found = [_draft(work, *exchange, config) for exchange in _exchanges(work)]
        dropped.update(one for one in found if isinstance(one, str))
        taken = [one for one in found if isinstance(one, _Draft)]
        if config.most is not None and len(taken) > config.most:
            dropped[BEYOND] += len(taken) - config.most
            kept = random.Random(f"items|{config.seed}|{work.id}").sample(range(len(taken)), config.most)
            taken = [taken[k] for k in sorted(kept)]
        drafts += taken
    items = tuple(
        _item(draft, place, config.track) for draft, place in zip(drafts, _places(config.options, config.seed))
    )
    return Built(items, dict(sorted(dropped.items())), sum(draft.masked for draft in drafts))


def _exchanges(work: Work) -> Iterator[tuple[str, Utterance, Utterance]]:
    for number, dialogue in enumerate(work.dialogues):
        for place in range(1, len(dialogue)):
            yield f"{work.id}/{number}/{place}", dialogue[place - 1], dialogue[place]


@dataclass(frozen=True, slots=True)
class _Draft:
    """An item before its candidates are put in order."""

    id: str
    exchange: Exchange
    truth: Candidate
    others: tuple[Candidate, ...]
    masked: bool


def _draft(work: Work, id: str, first: Utterance, second: Utterance, config: BuilderConfig) -> _Draft | str:
    opener, truth = first.speaker.casefold(), work.names.get(second.speaker.casefold())
    reason = _unfit(work, opener, truth, second, config)
    if reason or truth is None:
        return reason
    said, reply = (_masked(work, text, opener) for text in (first.text, second.text))
    masked = (said, reply) != (first.text[:MOST_TEXT], second.text[:MOST_TEXT])
    if masked and config.mentions == "drop":
        return NAMED
    others = sorted(name for name in work.profiles if name != truth and name.casefold() != opener)
    if len(others) < config.options - 1:
        return FEW
    drawn = random.Random(f"distractors|{config.seed}|{id}").sample(others, config.options - 1)
    exchange = Exchange(work.names.get(opener, first.speaker), said, reply, config.reply_kind)
    distractors = tuple(Candidate(name, work.profiles[name]) for name in drawn)
    return _Draft(id, exchange, Candidate(truth, work.profiles[truth]), distractors, masked)


def _places(options: int, seed: int) -> Iterator[int]:
    """Where the truth stands: every place once in each run of so many items, so that no place is worth guessing."""
    for block in count():
        places = list(range(options))
        random.Random(f"places|{seed}|{block}").shuffle(places)
        yield from places


def _item(draft: _Draft, place: int, track: str) -> IdentificationItem:
    people = (*draft.others[:place], draft.truth, *draft.others[place:])
    return IdentificationItem(draft.id, track, written_prompt(draft.exchange, people), people, place, draft.exchange)


def _unfit(work: Work, opener: str, truth: str | None, second: Utterance, config: BuilderConfig) -> str:
    if second.speaker.casefold() == opener:
        return SAME
    if truth is None:
        return NO_PROFILE
    forms = {truth.casefold(), *(part.casefold() for part in name_parts(truth))}
    if forms & {opener, *opener.split()} or opener in truth.casefold().split():
        return SHARED
    reply = second.text
    if len(reply.split() if reply.isascii() or " " in reply.strip() else reply) < config.min_words:
        return SHORT
    shared = set(content_stems(reply)) & set(content_stems(work.profiles[truth]))
    return PLAIN if len(shared) < config.min_shared else ""


def _masked(work: Work, text: str, opener: str) -> str:
    """The text without the name of any character but the first speaker, who is known."""
    text = text[:MOST_TEXT]
    pattern = work.mentions
    if pattern is None:
        return text
    return pattern.sub(lambda found: found[0] if found[0].casefold() == opener else MASK, text)
