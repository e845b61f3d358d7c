"""The bank: for each type so many characters, invented, enriched and told of themselves.

Source: characterchat page, steps 1 and 2; 16 types x 64.
Differs: the two steps are two calls, the second of which shows the first one's profile (the original goes on in one
conversation); the age is drawn here, evenly from 12 to 40, as models are bad at chance (the original asks for a random one); a
field that cannot be put into the second person stays as it is and is a counted failure; as published (``profile-short-fields``)
the second-person profile lacks name, gender, age, region, job and personality, as the released sample does.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from personarium.core.chat import ChatModel
from personarium.core.errors import UsageError
from personarium.core.results import Failure, count_failures
from personarium.make.characterchat.steps import ADD, ENRICH, INVENT, REWORD, STATE, read_profile
from personarium.make.characterchat.type_letters import type_descriptions
from personarium.models.step import Answer, Step
from personarium.play.characterchat.characters import ADDITIONAL, FIELDS, WORRY, Character
from personarium.runs.mapping import map_kept

if TYPE_CHECKING:
    from personarium.runs.plan import DryRun
    from personarium.runs.run import Run

STATED = ("name", "gender", "age", "region", "job", "personality", "tone")
SHORT = ("name", "gender", "age", "region", "job")  # never reworded
UNLISTED = (*SHORT, "personality")  # not in the released sample
CONCURRENCY = 20


@dataclass(frozen=True)
class BankConfig:
    """The constants of the official code.

    Args:
        types: The types that are drawn for; all 16.
        ages: The least and greatest age in years: 12 and 40.
        long_words: A field of so many words or more is put into the second person: 20.
        asks: The most times one question is put: 5.
        seed: 0.
    """

    types: tuple[str, ...] = ()
    ages: tuple[int, int] = (12, 40)
    long_words: int = 20
    asks: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = [name for name in self.types if name not in type_descriptions()]
        if unknown:
            raise UsageError(f"no type is called '{unknown[0]}'; the types are {', '.join(type_descriptions())}")
        if not 1 <= self.ages[0] <= self.ages[1] <= 120 or self.asks < 1:
            raise UsageError("ages must rise within 1 to 120, and asks must be at least 1")

    @property
    def drawn(self) -> tuple[str, ...]:
        """The types, all of them where none are named."""
        return self.types or tuple(type_descriptions())


@dataclass(frozen=True)
class Slot:
    """One place of the bank.

    Args:
        index: From 0.
        type: Drawn for.
        character: Who took it; None when nobody did.
        failures: Why not, and what could not be reworded.
        asks: How many questions were put.
        retried: How many of them were put again because the answer could not be used.
    """

    index: int
    type: str
    character: Character | None
    failures: tuple[Failure, ...] = ()
    asks: int = 0
    retried: int = 0

    def as_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "id": f"character/{self.index:04d}",
            "index": self.index,
            "type": self.type,
            "character": None if self.character is None else self.character.to_row(),
            "problems": [
                {"kind": f.kind, "reason": f.reason, "where": f.where, "raw": list(f.raw)} for f in self.failures
            ],
            "failures": count_failures(self.failures),
            "asks": self.asks,
            "retried": self.retried,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Slot:
        """The inverse of :meth:`as_row`."""
        made = None if row["character"] is None else Character.from_row(row["character"], row["id"])
        failures = tuple(Failure(**{**problem, "raw": tuple(problem["raw"])}) for problem in row["problems"])
        return cls(row["index"], row["type"], made, failures, row["asks"], row["retried"])


def slots_of(count: int, config: BankConfig) -> list[tuple[int, str]]:
    """(index, type) of each place, type by type; where they do not divide evenly the first types have one more."""
    each, more = divmod(count, len(config.drawn))
    named = [name for place, name in enumerate(config.drawn) for _ in range(each + (place < more))]
    return list(enumerate(named))


async def make_bank(
    count: int,
    model: ChatModel,
    config: BankConfig | None = None,
    *,
    as_published: frozenset[str] = frozenset(),
    run: Run | DryRun | None = None,
    concurrency: int = CONCURRENCY,
) -> list[Slot]:
    """Make characters.

    Args:
        count: How many in all, spread over the types.
        model: Who writes.
        config: The constants.
        as_published: Published faults that are switched on.
        run: The run to record and resume in.
        concurrency: Characters at once.

    Returns:
        One slot a place, in order; empty ones say why.
    """
    chosen = config or BankConfig()
    writer = _Writer(model, chosen, "profile-short-fields" in as_published)
    jobs = slots_of(count, chosen)
    return await map_kept(
        run,
        "characterchat.bank",
        jobs,
        lambda job: writer.slot(*job),
        key=lambda job: f"{job[0]:04d}",
        failure=lambda slot: slot.failures[0] if slot.character is None else None,
        concurrency=concurrency,
    )


@dataclass
class _Tally:
    """What one place took."""

    failures: list[Failure] = field(default_factory=list)
    asks: int = 0
    retried: int = 0

    def count(self, answer: Answer) -> Answer:
        """Note how often a question was put, and what came of it."""
        self.asks += 1
        self.retried += answer.asks - 1
        if answer.failure is not None:
            self.failures.append(answer.failure)
        return answer


@dataclass(frozen=True)
class _Writer:
    model: ChatModel
    config: BankConfig
    short_fields_gone: bool

    async def slot(self, index: int, type: str) -> Slot:
        """One character; the place stays empty when profile or statements cannot be had."""
        tally = _Tally()
        made = await self._character(index, type, tally)
        return Slot(index, type, made, tuple(tally.failures), tally.asks, tally.retried)

    async def _character(self, index: int, type: str, tally: _Tally) -> Character | None:
        drawn = await self._profiles(index, type, tally)
        if drawn is None:
            return None
        draft, profile = drawn
        statements = [await self._stated(profile, fields, index, tally) for fields in ((*STATED, WORRY), STATED)]
        if not all(statements):
            return None
        aspects = await self._aspects(profile, index, tally)
        seeker, supporter = statements
        return Character(index, type, profile, seeker or "", supporter or "", aspects, draft)

    async def _ask(self, step: Step, inputs: dict[str, Any], index: int, tally: _Tally, **how: Any) -> Answer:
        # The place in the bank is the sample: 64 people of one type are 64 draws.
        item = f"{index:04d}"
        return tally.count(
            await step.ask(
                self.model, inputs, item=item, sample=index, asks=self.config.asks, seed=self.config.seed, **how
            )
        )

    async def _profiles(self, index: int, type: str, tally: _Tally) -> tuple[dict[str, str], dict[str, str]] | None:
        """Step 1: invent, then enrich; both are kept."""
        inputs = invent_inputs(type, index, self.config)
        draft = await self._ask(INVENT, inputs, index, tally, read=read_profile)
        if draft.values is None:
            return None
        kept = "\n".join(f"{name} = {' '.join(draft[name].split())}" for name in SHORT)
        told = {"draft": lines_of(draft.values, FIELDS), "fixed": kept}
        full = await self._ask(ENRICH, told, index, tally, read=read_profile)
        return None if full.values is None else (draft.values, full.values)

    async def _stated(self, profile: Mapping[str, str], fields: Sequence[str], index: int, tally: _Tally) -> str | None:
        """Step 2a: who it is, in the second person."""
        answer = await self._ask(STATE, {"facts": lines_of(profile, fields)}, index, tally)
        return None if answer.failure is not None else str(answer["statement"]) or None

    async def _aspects(self, profile: Mapping[str, str], index: int, tally: _Tally) -> dict[str, str]:
        """Steps 2b and 2c: long fields, and those that name the character, in the second person; and something more."""
        aspects = {}
        for name in FIELDS:
            if self.short_fields_gone and name in UNLISTED:
                continue
            aspects[name] = profile[name]
            if is_reworded(name, profile, self.config.long_words):
                told = {"told": profile[name], "field": name.replace("_", " "), "name": profile["name"]}
                answer = await self._ask(REWORD, told, index, tally)
                aspects[name] = profile[name] if answer.failure is not None else str(answer["text"]) or profile[name]
        more = await self._ask(ADD, {"facts": lines_of(profile, FIELDS)}, index, tally)
        if more.failure is None:
            aspects[ADDITIONAL] = str(more[ADDITIONAL])
        return aspects


def invent_inputs(type: str, index: int, config: BankConfig) -> dict[str, Any]:
    """What the first question shows: the type's description and a drawn age."""
    age = random.Random(f"{config.seed}|{index}|age").randint(*config.ages)
    return {"description": type_descriptions()[type], "fixed": f"age = {age}"}


def lines_of(profile: Mapping[str, str], fields: Sequence[str]) -> str:
    """``field: text`` lines, each on one line."""
    return "\n".join(f"{name.replace('_', ' ')}: {' '.join(profile[name].split())}" for name in fields)


def is_reworded(name: str, profile: Mapping[str, str], long_words: int = 20) -> bool:
    """Whether a field is put into the second person: it is long, or names the character; short ones by name never are."""
    if name in SHORT:
        return False
    called = [profile["name"], *profile["name"].split()[:1]]
    text = profile[name]
    return len(text.split()) >= long_words or any(re.search(rf"\b{re.escape(n)}\b", text) for n in called if n)
