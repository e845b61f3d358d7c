"""The anchors of a person: what is drawn from tables, what a model infers from it, and what the user fixes.

Source: deeppersona page, step 5. Differs: occupations, countries and cities are our own tables; the country is drawn where
none is fixed (the newer published variant is fixed to Canada); the model sees the tone in which it wrote of values and
attitude when it writes stories (``attitude-neutral`` always shows neutral, as published).
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import Any

from personarium.core.chat import ChatModel
from personarium.core.errors import InvalidInput, UsageError
from personarium.core.results import Failure
from personarium.make.deeppersona.steps import ATTITUDE, INTERESTS, OCCUPATION, STORIES, VALUES
from personarium.make.deeppersona.taxonomy import read_data, split_list
from personarium.models.step import Answer, Step

AGES = (7, 85)  # code; the documentation says 3 to 95
GENDERS = ("male", "female")
TONES = ("positive", "negative", "neutral")
MOST_STORIES = 3
WORKING = (18, 65)  # ages at which an occupation is drawn and not asked for
GROUPS = ((6, "toddler"), (12, "child"), (19, "adolescent"), (29, "young_adult"), (45, "adult"), (65, "middle_aged"))
FIXABLE = ("age", "gender", "country", "city", "occupation", "values", "attitude", "story", "interests")
LONGEST = 2000  # characters of a fixed anchor, and of what is kept of a model's


def age_group(age: int) -> str:
    """The group an age belongs to (toddler up to 6, ..., senior from 66)."""
    return next((name for last, name in GROUPS if age <= last), "senior")


@lru_cache(maxsize=1)
def occupations() -> tuple[str, ...]:
    """The titles that are drawn from."""
    return tuple(
        title for listed in tomllib.loads(read_data("occupations.toml")).values() for title in split_list(listed)
    )


@lru_cache(maxsize=1)
def places() -> Mapping[str, tuple[str, ...]]:
    """Country -> cities."""
    return {country: tuple(split_list(cities)) for country, cities in tomllib.loads(read_data("places.toml")).items()}


@dataclass(frozen=True)
class Anchors:
    """What everything else of a person hangs on.

    Args:
        age: In years.
        gender: ``male`` or ``female`` where it is drawn; as given where it is fixed.
        country: Where the person lives.
        city: In that country.
        occupation: A title, or what a model says of somebody who is not of working age; "" until it is known.
        tone: positive, negative or neutral: how values and attitude are to be written.
        values: Orientation, a phrase.
        attitude: To life, in a few words.
        attitude_details: A sentence.
        coping: How the person copes.
        stories: One to three.
        events: Dated key events of them.
        interests: Short phrases.
        story_count: How many stories are wanted.
        fixed: Which of them the user gave.
    """

    age: int
    gender: str
    country: str
    city: str
    occupation: str = ""
    tone: str = "neutral"
    values: str = ""
    attitude: str = ""
    attitude_details: str = ""
    coping: str = ""
    stories: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    story_count: int = 1
    fixed: tuple[str, ...] = field(default=())

    @property
    def group(self) -> str:
        """Group of the age."""
        return age_group(self.age)

    @property
    def minor(self) -> bool:
        """Whether the person is under 18."""
        return self.age < WORKING[0]

    @property
    def story(self) -> str:
        """The stories as one text, ``Story 1: ...``."""
        return "\n".join(f"Story {k}: {text}" for k, text in enumerate(self.stories, 1))

    def core(self) -> str:
        """Labelled lines, the stories left out: what attributes are compared with (step 8)."""
        lines = {
            "age": str(self.age),
            "age group": self.group.replace("_", " "),
            "gender": self.gender,
            "location": f"{self.city}, {self.country}",
            "occupation": self.occupation,
            "values": self.values,
            "attitude to life": self.attitude,
            "attitude in detail": self.attitude_details,
            "way of coping": self.coping,
            "interests": ", ".join(self.interests),
        }
        return "\n".join(f"{label}: {' '.join(text.split())}" for label, text in lines.items() if text)

    def text(self) -> str:
        """Everything, stories and events too: what the model sees when it fills attributes."""
        events = "\n".join(f"key event: {' '.join(event.split())}" for event in self.events)
        return "\n".join(part for part in (self.core(), self.story, events) if part)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Anchors:
        """The inverse of :meth:`to_dict`."""
        read: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in data.items()}
        return cls(**read)


def check_fixed(fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Fixed anchors, checked; texts as they are.

    Args:
        fixed: Any of :data:`FIXABLE`; ``interests`` may be a list, or a text with ``;`` between.

    Raises:
        UsageError: An unknown name.
        InvalidInput: An age that is no whole number of years, or a text that is empty or too long.
    """
    unknown = [name for name in fixed if name not in FIXABLE]
    if unknown:
        raise UsageError(f"no anchor is called '{unknown[0]}'; the anchors are {', '.join(FIXABLE)}")
    found: dict[str, Any] = {}
    for name, value in fixed.items():
        if name == "age":
            found[name] = _age(value)
        elif name == "interests":
            listed = split_list(value) if isinstance(value, str) else list(value)
            found[name] = tuple(_text(one, name) for one in listed or [""])
        else:
            found[name] = _text(value, name)
    return found


def _age(value: object) -> int:
    text = str(value).strip()
    if not text.isascii() or not text.isdecimal() or len(text) > 3 or not 0 <= int(text) <= 120:
        raise InvalidInput("anchors", "a whole number of years from 0 to 120", value, "age")
    return int(text)


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST:
        raise InvalidInput("anchors", f"a text of 1 to {LONGEST:,} characters", value, name)
    return value


# --- what is drawn ---


def draw_anchors(
    seed: int, index: int, fixed: Mapping[str, Any] | None = None, ages: tuple[int, int] = AGES
) -> Anchors:
    """Everything that needs no model: age, gender, place, the occupation of working ages, tone, number of stories.

    Every anchor has a stream of chance of its own: fixing one changes no other.

    Args:
        seed: Of the run.
        index: Number of the person.
        fixed: Anchors that the user gives, kept word for word.
        ages: Lowest and highest age.

    Raises:
        UsageError: An unknown anchor.
        InvalidInput: A value that cannot be one.
    """
    given = check_fixed(fixed or {})

    def chance(name: str) -> random.Random:
        return random.Random(f"deeppersona|{seed}|{index}|{name}")

    age = given.get("age", chance("age").randint(*ages))
    country = given.get("country") or _country_of(given.get("city")) or chance("country").choice(tuple(places()))
    city = given.get("city") or chance("city").choice(places().get(country, ("",))) or country
    drawn = chance("occupation").choice(occupations()) if WORKING[0] <= age <= WORKING[1] else ""
    return Anchors(
        age=age,
        gender=given.get("gender", chance("gender").choice(GENDERS)),
        country=country,
        city=city,
        occupation=given.get("occupation", drawn),
        tone=chance("tone").choice(TONES),
        values=given.get("values", ""),
        attitude=given.get("attitude", ""),
        stories=(given["story"],) if "story" in given else (),
        interests=given.get("interests", ()),
        story_count=chance("stories").randint(1, MOST_STORIES),
        fixed=tuple(name for name in FIXABLE if name in given),
    )


def _country_of(city: str | None) -> str:
    return next((country for country, cities in places().items() if city in cities), "")


# --- what a model infers ---


@dataclass
class Inferring:
    """Anchors on their way through the model's steps, with what failed.

    Args:
        model: Who infers.
        anchors: What is known so far.
        item: The person's id.
        seed: Of the run.
        asks: Most times a step is asked.
        avoid: Themes that the prompts ban; none by default.
        neutral: Show the stories' prompt a neutral attitude always (``attitude-neutral``).
        failures: One for each step that gave nothing.
    """

    model: ChatModel
    anchors: Anchors
    item: str
    seed: int
    asks: int
    avoid: str = ""
    neutral: bool = False
    failures: list[Failure] = field(default_factory=list)

    async def run(self) -> Anchors:
        """Occupation, values, attitude, stories, interests, each with sight of those before; fixed ones cost no call."""
        if not self.anchors.occupation:
            await self._infer(OCCUPATION, {}, lambda a: {"occupation": _short(a["status"])})
        if "values" not in self.anchors.fixed:
            await self._infer(VALUES, self._tone(), lambda a: {"values": _short(a["values_orientation"])})
        if "attitude" not in self.anchors.fixed:
            await self._infer(ATTITUDE, self._tone(), _attitude)
        if "story" not in self.anchors.fixed:
            tone = "neutral" if self.neutral else self.anchors.tone
            await self._infer(STORIES, {**self._tone(), "tone": tone, "count": self.anchors.story_count}, _stories)
        if "interests" not in self.anchors.fixed:
            await self._infer(INTERESTS, {}, lambda a: {"interests": tuple(_short(one) for one in a["interests"])})
        return self.anchors

    def _tone(self) -> dict[str, Any]:
        return {"tone": self.anchors.tone, "avoid": self.avoid}

    async def _infer(self, step: Step, more: Mapping[str, Any], read: Any) -> None:
        inputs = {"person": self.anchors.text(), **more}
        answer = await step.ask(self.model, inputs, item=self.item, asks=self.asks, seed=self.seed)
        if answer.failure is not None:
            self.failures.append(answer.failure)
            return
        self.anchors = replace(self.anchors, **read(answer))


def _short(text: object) -> str:
    return str(text).strip()[:LONGEST]


def _attitude(answer: Answer) -> dict[str, Any]:
    return {
        "attitude": _short(answer["attitude"]),
        "attitude_details": _short(answer["attitude_details"]),
        "coping": _short(answer["coping_mechanism"]),
    }


def _stories(answer: Answer) -> dict[str, Any]:
    events = [_short(event) for told in answer["key_life_events"] for event in told[:5] if str(event).strip()]
    return {"stories": tuple(_short(told) for told in answer["personal_stories"]), "events": tuple(events)}
