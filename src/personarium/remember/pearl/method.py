"""PEARL as a memory in text: who and what (concepts), when (events), and questions that are searched without private names.

In the paper's order: concept memory, retrieval descriptions, streaming memory, questions (:mod:`.asking`). Text first: a clip is
what its description says, an utterance is an event, and pictures and clips are named and never opened: nobody is recognised by
face here.

Source: *PEARL: Personalized Streaming Video Understanding Model*, arXiv 2603.20422 and its official code; pearl page, steps 2 to 8.
Differs: concepts are known only after they were registered; a question without a known concept is answered from events alone;
stem and options are kept apart; an unread answer is counted. ``as_published`` brings the reference's behaviour back.
Names without braces count too, as whole words in their own spelling. Nothing is cached, so forgetting leaves nothing behind.
Units: seconds of the stream, or since 1970 (UTC) in a chat.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput
from personarium.core.results import Failure, count_failures
from personarium.models.step import Answer
from personarium.remember.erasing import owner_mark
from personarium.remember.pearl.asking import ERRATA, FUTURE, Asked, Question, Stream
from personarium.remember.pearl.clips import Clip
from personarium.remember.pearl.concepts import (
    CONCEPT,
    LONGEST_DESCRIPTION,
    Concept,
    definitions,
    marks,
    named,
    substituted,
)
from personarium.remember.pearl.recalling import recall_entries
from personarium.remember.pearl.steps import DESCRIBE, STEPS
from personarium.remember.records import Fact, Observation, Operation
from personarium.remember.strategy import Proposal, Recalled, UserView
from personarium.text.embed import Embedder, load_embedder

EVENT = "event"  # kind of a fact that is a clip of the stream
STREAM = "stream"  # speaker of an observation that nobody said


@dataclass(frozen=True)
class PearlConfig:
    """The constants of the official code.

    Args:
        top_k: Clips that a search gives.
        num_neighbor: Clips added on each side of one.
        rewrite: Whether a model rewrites questions; otherwise names are simply replaced by their descriptions.
        bare_names: Whether names without braces count.
        as_published: Which faults of the reference are switched on: ``future-concepts``, ``missing-concept-stops``,
            ``stem-cut``, ``loose-letter``.

    Raises:
        InvalidInput: On a number out of range.
        UsageError: On an erratum that is not known.
    """

    top_k: int = 4
    num_neighbor: int = 1
    rewrite: bool = True
    bare_names: bool = True
    as_published: Published = False

    def __post_init__(self) -> None:
        if self.top_k < 1 or self.num_neighbor < 0:
            raise InvalidInput(
                "pearl", "a top_k of 1 or more and 0 or more neighbours", [self.top_k, self.num_neighbor]
            )
        published_faults(self.as_published, ERRATA)

    @property
    def faults(self) -> frozenset[str]:
        """The errata that are switched on."""
        return published_faults(self.as_published, ERRATA)


@dataclass(frozen=True, slots=True)
class Registration:
    """What came of registering a concept: the edit, or none and the reason why the first registration stays."""

    operation: Operation | None
    notice: str = ""


class Pearl:
    """The strategy: two-grained memory of concepts and events.

    Args:
        config: The constants.
        embedder: For the search of :meth:`ask`; the static default when left out.
    """

    name = "pearl"

    def __init__(self, config: PearlConfig | None = None, embedder: Embedder | None = None) -> None:
        self.config = config or PearlConfig()
        self._embedder = embedder

    # --- step 2: the concept memory ---

    def registration(self, view: UserView, concept: Concept) -> Registration:
        """The edit that registers a concept, to be made with ``edit(..., strategy="pearl")``.

        The first registration of a name stays, and a later one is told so.
        """
        if concept.name in self.concepts(view):
            return Registration(None, _taken(concept.name))
        return Registration(concept.operation())

    def concepts(self, view: UserView, at: float | None = None) -> dict[str, Concept]:
        """Name -> concept: those registered before ``at``; all that the view knows without it, or as published."""
        when = math.inf if at is None or FUTURE in self.config.faults else at
        known = [_known_before(view, fact, when) for fact in self._facts(view, CONCEPT)]
        return {one.name: one for one in known if one is not None}

    # --- steps 2 and 3: definitions are read out of what was said, and described ---

    async def consolidate(
        self, view: UserView, new: Sequence[Observation], model: ChatModel | None, *, closing: bool = False
    ) -> Proposal:
        """Register what the user has given a name to; a model describes it so that it can be found again.

        A definition whose description fails stays unconsolidated, and what came after it waits.
        """
        known = set(self.concepts(view))
        operations: list[Operation] = []
        told: list[Failure] = []
        calls, through = 0, ""
        for one in new:
            for concept in definitions(one) if one.speaker == "user" else ():
                if concept.name in known:
                    told.append(Failure("abstained", _taken(concept.name), one.id))
                    continue
                if model is not None:
                    answer = await _describe(concept, one, model)
                    calls += answer.asks
                    if answer.failure is not None:
                        return Proposal(tuple(operations), tuple(told), (answer.failure,), through, calls)
                    concept = replace(concept, description=_short(answer["description"]) or concept.description)
                known.add(concept.name)
                operations.append(concept.operation())
            through = one.id
        return Proposal(tuple(operations), tuple(told), (), through, calls)

    # --- step 4: the streaming memory ---

    def events(self, view: UserView) -> list[Clip]:
        """Every clip and utterance, in the order of time."""
        said = [clip_of(one) for one in view.observations()]
        kept = [_clip_kept(one) for one in self._facts(view, EVENT)]
        return sorted([*said, *kept], key=lambda clip: (clip.start, clip.end))

    def _facts(self, view: UserView, kind: str) -> list[Fact]:
        """Its own entries of a kind, and what somebody has put right in them by hand."""
        return [one for one in view.facts(kind) if one.strategy in ("", self.name)]

    # --- steps 5 to 8: a question, and the rotation test ---

    async def ask(self, view: UserView, question: Question, model: ChatModel, *, seed: int | None = None) -> Asked:
        """Answer a question from what had happened and was registered by then.

        Args:
            view: The memory.
            question: With options and time.
            model: Who rewrites and answers.
            seed: The run's seed.

        Raises:
            InvalidInput: On too few or too many options; as published also on a name that is not known.
        """
        return await self._stream(view, question.at).ask(question, model, seed)

    async def rotate(
        self, view: UserView, question: Question, gold: int, model: ChatModel, *, seed: int | None = None
    ) -> tuple[Asked, ...]:
        """The answers with the right option at A, at B, and so on; the item is right only if all of them are.

        Args:
            view: The memory.
            question: With options and time.
            gold: Place of the right option, from 0.
            model: Who rewrites and answers.
            seed: The run's seed.
        """
        return await self._stream(view, question.at).rotate(question, gold, model, seed)

    def _stream(self, view: UserView, at: float) -> Stream:
        config = self.config
        return Stream(
            self.concepts(view, at),
            self.events(view),
            self._embedder or load_embedder(),
            config.top_k,
            config.num_neighbor,
            config.rewrite,
            config.bare_names,
            config.faults,
            owner_mark(view.user),
        )

    # --- the strategy protocol ---

    def recall(self, view: UserView, query: str, k: int) -> Sequence[Recalled]:
        """Concepts that the query names, then events and facts that fit it with descriptions for names, and their neighbours."""
        concepts = self.concepts(view)
        names = [name for name in marks(query) if name in concepts]
        names += [name for name in named(query, concepts) if self.config.bare_names and name not in names]
        plain = substituted(query, {name: concepts[name].description for name in names})
        plain = " ".join([plain, *names])  # utterances, unlike clips, may call it by its name
        known = [fact for fact in self._facts(view, CONCEPT) if fact.key in names]
        return recall_entries(view, plain, known, k, (self.config.top_k, self.config.num_neighbor), self.name)

    def standing(self, view: UserView) -> Sequence[Recalled]:
        """Nothing: a name brings its concept when it is used."""
        return ()

    def recalled(self, view: UserView, used: Sequence[Recalled]) -> Sequence[Operation]:
        """Being recalled changes nothing."""
        return ()


def observation_of(clip: Clip) -> Observation:
    """A clip as it is observed: known when it has ended, with its start and its reference kept in ``meta``."""
    media = {"media": [clip.media]} if clip.media else {}
    meta = {"start": clip.start, "end": clip.end, "clip_id": clip.id, **media}
    return Observation(clip.text, clip.speaker or STREAM, clip.end, meta=meta)


def clip_of(one: Observation) -> Clip:
    """An observation as a piece of the stream; without times of its own it has no length."""
    start, end = _time(one.meta.get("start"), one.at), _time(one.meta.get("end"), one.at)
    media = one.meta.get("media")
    reference = str(media[0]) if isinstance(media, list) and media else ""
    return Clip(one.id, one.text, min(start, end), end, reference, "" if one.speaker == STREAM else one.speaker)


def _clip_kept(fact: Fact) -> Clip:
    at = fact.recorded_at if fact.valid_from is None else fact.valid_from
    start, end = _time(fact.attributes.get("start"), at), _time(fact.attributes.get("end"), at)
    return Clip(fact.id, fact.text, min(start, end), end, str(fact.attributes.get("media", "")))


def _time(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else otherwise


def _known_before(view: UserView, fact: Fact, at: float) -> Concept | None:
    """A concept as it was known before a time: the newest version that is older; one that was never right does not count."""
    concept = Concept.of(fact)
    while concept.at >= at and fact.replaces:
        before = view.fact(fact.replaces)
        if before is None:
            break
        wrong = before.valid_to is not None and before.valid_to == before.valid_from
        concept = replace(concept, at=Concept.of(before).at) if wrong else Concept.of(before)
        fact = before
    return concept if concept.at < at else None


def _taken(name: str) -> str:
    return f"the name {name} is registered already; the first registration stays"


def _short(description: str) -> str:
    return " ".join(description.split())[:LONGEST_DESCRIPTION]


async def _describe(concept: Concept, one: Observation, model: ChatModel) -> Answer:
    definition = f"{concept.name}: {concept.description}"
    return await DESCRIBE.ask(model, {"definition": definition, "type": concept.type}, item=one.id)


# --- the contract ---

_SAID = (
    (600.0, "user", "This is my friend Yon: a tall man with short grey hair and a beard."),
    (610.0, "user", "This is my dog Dill: a small brown spaniel with one white ear."),
    (620.0, "user", "I live in Harrowby. I have two cats."),
    (700.0, "stream", "A tall man with grey hair stands at the door."),
    (708.0, "stream", "A young woman opens the door at night."),
    (716.0, "stream", "A dog sleeps on the sofa."),
)
_ASKED = (
    ("Where is {Yon}?", ("at the door", "on the sofa", "in the garden", "at sea")),
    ("What does {Dill} do?", ("sleeps", "barks", "runs", "swims")),
    ("Where do I live?", ("Harrowby", "Lisbon", "Oslo", "Quebec")),
    ("Who is {Moss}?", ("a cat", "a dog", "a bird", "nobody")),
)


async def _example(model: ChatModel, seed: int) -> Sequence[dict[str, Any]]:
    from personarium.remember.memory import Memory

    strategy = Pearl()
    with Memory.open(None, strategy=strategy, clock=lambda: 720.0) as memory:
        user = memory.user("tilda")
        user.observe_all([Observation(text, speaker, at) for at, speaker, text in _SAID])
        diff = await user.consolidate(model, closing=True)
        user.apply(diff)
        failures = count_failures((*diff.failures, *diff.quarantined))
        rows: list[dict[str, Any]] = [{"id": "update", "operations": len(diff.operations), "failures": failures}]
        for number, (text, options) in enumerate(_ASKED):
            question = Question(text, options, 720.0, id=f"q{number}")
            turns = await strategy.rotate(user.view(), question, 0, model, seed=seed)
            rows += [{"id": f"q{number}-{place}", **turn.as_dict()} for place, turn in enumerate(turns)]
    return rows


CONTRACT = Contract(
    example=_example,
    steps=STEPS,
    first=(DESCRIBE.name, {"definition": "Yon: a tall man with a beard", "type": "frame"}),
    unheard={"pearl.answer/materials": "the subject looks for answers in the stream and not among descriptions"},
)
