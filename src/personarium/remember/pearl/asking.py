"""A question to the stream: names looked up and replaced, clips searched, the answer read.

Source: PEARL official code; pearl page, steps 5 to 9, statements 3, 4 and 6.
Differs: a rewriting that fails, or leaves a private name in, is counted, and the names are simply replaced; a name that nobody
had registered by then is counted, and the question goes on without it.
Units: seconds of the stream.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from personarium.core.chat import ChatModel
from personarium.core.errors import InvalidInput
from personarium.core.results import Failure, count_failures
from personarium.remember.pearl.clips import Clip, Level, current_part, question_time, searchable, with_neighbours
from personarium.remember.pearl.concepts import Concept, holds_names, marks, named, substituted
from personarium.remember.pearl.letters import chosen_letter, published_letter
from personarium.remember.pearl.steps import ANSWER, REWRITE
from personarium.text.embed import Embedder, cosine
from personarium.text.holes import Unparsed
from personarium.text.option_order import LETTERS, Arranged, arranged, rotations

# Errata of the reference; PearlConfig.as_published switches them on.
FUTURE, MISSING, STEM, LETTER = "future-concepts", "missing-concept-stops", "stem-cut", "loose-letter"
ERRATA = (FUTURE, MISSING, STEM, LETTER)
_STEM_END = re.compile(r"\s[A-Z]\.")
_CALENDAR = 366 * 86400.0  # a time above this is one of the calendar and not of a stream
_NOTHING_SEEN = "Nothing has been seen before."


@dataclass(frozen=True, slots=True)
class Question:
    """One question with lettered options.

    Args:
        text: The stem, with names in braces (or bare).
        options: 2 to 26 texts; kept apart from the stem.
        at: When it is asked.
        level: ``frame`` or ``video``.
        id: Its name, for the records.
    """

    text: str
    options: tuple[str, ...]
    at: float
    level: Level = "frame"
    id: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """The answer to one question, and how it came about.

    Args:
        letter: The letter chosen; empty when none could be read.
        query: What was searched for: the stem with descriptions in place of names.
        concepts: Names that were known.
        unknown: Names in braces that nobody had registered by then.
        fetched: Ids of the clips that were shown.
        current: Start and end of the part that ran.
        rewritten_by: ``model``, ``substitution``, or ``nothing`` where there was no known name.
        reply: The answer as it came.
        calls: Model calls; of a rotation the first turn counts the rewriting.
        failures: A failed rewriting, an unread answer, one ``missing`` for each unknown name.
    """

    letter: str
    query: str
    concepts: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    fetched: tuple[str, ...] = ()
    current: tuple[float, float] = (0.0, 0.0)
    rewritten_by: str = "nothing"
    reply: str = ""
    calls: int = 0
    failures: tuple[Failure, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        plain = {name: getattr(self, name) for name in ("letter", "query", "rewritten_by", "reply", "calls")}
        lists = {name: list(getattr(self, name)) for name in ("concepts", "unknown", "fetched", "current")}
        return {**plain, **lists, "failures": count_failures(self.failures)}


@dataclass(frozen=True, slots=True)
class Stream:
    """What a question is asked of.

    Args:
        concepts: Name -> concept, those that may be known.
        clips: In the order of time.
        embedder: For the search.
        top_k: Clips that a search gives.
        neighbours: Clips added on each side of one.
        rewrite: Whether a model rewrites the question.
        bare_names: Whether names without braces count.
        faults: The errata that are switched on.
        owner: Mark of the user in the labels of the calls, so that an erasure finds them in a run folder.
    """

    concepts: Mapping[str, Concept]
    clips: Sequence[Clip]
    embedder: Embedder
    top_k: int
    neighbours: int
    rewrite: bool
    bare_names: bool
    faults: frozenset[str]
    owner: str = ""

    async def ask(self, question: Question, model: ChatModel, seed: int | None) -> Asked:
        """One answer."""
        shown = arranged(question.options, 0)
        return await self._answered(await self._prepared(question, model, seed), question, shown, model, seed)

    async def rotate(self, question: Question, gold: int, model: ChatModel, seed: int | None) -> tuple[Asked, ...]:
        """The rotation test: the right option at A, at B, and so on; every turn asks for an answer of its own."""
        turns = rotations(question.options, gold)
        prepared = await self._prepared(question, model, seed)
        asked: list[Asked] = []
        for shown in turns:
            asked.append(await self._answered(prepared, question, shown, model, seed))
            prepared = replace(prepared, calls=0, failures=())  # counted once, in the first turn
        return tuple(asked)

    # --- step 5: names, rewriting, search ---

    async def _prepared(self, question: Question, model: ChatModel, seed: int | None) -> Asked:
        stem = self.stem(question.text)
        written = marks(stem)
        known = [name for name in written if name in self.concepts]
        known += [name for name in named(stem, self.concepts) if self.bare_names and name not in known]
        unknown = tuple(name for name in written if name not in self.concepts)
        if MISSING in self.faults and (unknown or not written):
            raise InvalidInput(f"question {question.id}", "the names of known concepts in braces", question.text)
        failures = tuple(Failure("missing", f"unknown concept {name}", question.id) for name in unknown)
        asked = Asked("", stem, tuple(known), unknown, failures=failures)
        asked = await self._rewritten(asked, question, model, seed)
        return self._fetched(asked, question)

    def stem(self, text: str) -> str:
        """What is asked, without options; as published it ends at the first blank, capital and full stop."""
        return _STEM_END.split(text)[0] if STEM in self.faults else text

    async def _rewritten(self, asked: Asked, question: Question, model: ChatModel, seed: int | None) -> Asked:
        descriptions = {name: self.concepts[name].description for name in asked.concepts}
        plain = substituted(asked.query, descriptions)
        if not descriptions:
            return replace(asked, query=plain)
        simply = replace(asked, query=plain, rewritten_by="substitution")
        if not self.rewrite:
            return simply
        lines = "\n".join(f"{name}: {what}" for name, what in descriptions.items())
        inputs = {"concepts": lines, "stem": asked.query}
        answer = await REWRITE.ask(model, inputs, item=f"{self.owner}{question.id}", seed=seed)
        failure = answer.failure
        if failure is None:
            query = " ".join(answer["question"].split())
            if query and not holds_names(query, descriptions):
                return replace(asked, query=query, rewritten_by="model", calls=answer.asks)
            reason = "the rewritten question is empty or still holds a private name"
            failure = Failure("unparsed", reason, question.id, answer.replies)
        return replace(simply, calls=answer.asks, failures=(*asked.failures, failure))

    def _fetched(self, asked: Asked, question: Question) -> Asked:
        at = question_time(self.clips, question.at, question.level)
        start, end, _ = current_part(self.clips, at)
        open_ = searchable(self.clips, at)
        ranked = ranking(asked.query, [self.clips[place].text for place in open_], self.embedder)
        hits = [open_[place] for place, _ in ranked[: self.top_k]]
        places = with_neighbours(self.clips, hits, self.neighbours, start)
        return replace(asked, fetched=tuple(self.clips[place].id for place in places), current=(start, end))

    # --- steps 6, 7 and 9: what is shown, and the letter ---

    async def _answered(
        self, prepared: Asked, question: Question, shown: Arranged, model: ChatModel, seed: int | None
    ) -> Asked:
        answer = await ANSWER.ask(
            model, self._inputs(prepared, question, shown), item=f"{self.owner}{question.id}", read=_any, seed=seed
        )
        asked = replace(prepared, reply=answer.text, calls=prepared.calls + answer.asks)
        failure = answer.failure
        if failure is None:
            letter = self._letter(answer.text, shown)
            if letter and not isinstance(letter, Unparsed):
                return replace(asked, letter=letter)
            reason = letter.reason if isinstance(letter, Unparsed) else "no letter was found"
            failure = Failure("unparsed", reason, question.id, answer.replies)
        return replace(asked, failures=(*asked.failures, failure))

    def _letter(self, reply: str, shown: Arranged) -> str | Unparsed:
        return published_letter(reply) if LETTER in self.faults else chosen_letter(reply, shown.texts)

    def _inputs(self, asked: Asked, question: Question, shown: Arranged) -> dict[str, Any]:
        clips = {clip.id: clip for clip in self.clips}
        start, end = asked.current
        at = question_time(self.clips, question.at, question.level)
        place = current_part(self.clips, at)[2]
        running = "nothing new" if place is None else line_of(replace(self.clips[place], start=start, end=end))
        letters = LETTERS[: len(shown.texts)]
        return {
            "concepts": "\n".join(self.concepts[name].line() for name in asked.concepts),
            "events": "\n".join(line_of(clips[id]) for id in asked.fetched) or _NOTHING_SEEN,
            "now": running,
            "question": substituted(self.stem(question.text), {}),
            "options": "\n".join(f"{letters[k]}. {' '.join(text.split())}" for k, text in enumerate(shown.texts)),
            "letters": tuple(letters),
        }


def ranking(query: str, texts: Sequence[str], embedder: Embedder) -> list[tuple[int, float]]:
    """Places of texts with their cosine to a query, best first; of equal ones the earlier first. An exact linear scan."""
    if not texts:
        return []
    vectors = embedder.embed([query, *texts])
    cosines = cosine(vectors[1:], vectors[0]).tolist()
    return sorted(enumerate(cosines), key=lambda one: (-one[1], one[0]))


def line_of(clip: Clip) -> str:
    """A clip as a prompt shows it: who said it, what, the name of its moving picture, and when."""
    times = moment(clip.start) if clip.start == clip.end else f"{moment(clip.start)} to {moment(clip.end)}"
    media = f" [clip {clip.media}]" if clip.media else ""
    speaker = f"{clip.speaker}: " if clip.speaker else ""
    return f"{speaker}{' '.join(clip.text.split())}{media} ({times})"


def moment(at: float) -> str:
    """A time of a stream as hours, minutes and seconds, one of the calendar as date and time (UTC)."""
    if at >= _CALENDAR:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    minutes, seconds = divmod(max(at, 0.0), 60)
    shown = f"{seconds:06.3f}".rstrip("0").rstrip(".")
    return f"{int(minutes) // 60:02d}:{int(minutes) % 60:02d}:{shown}"


def _any(reply: str) -> dict[str, Any] | Unparsed:
    """Every reply with a text in it; its letter is read afterwards, by the reader that the configuration wants."""
    return {"reply": reply} if reply.strip() else Unparsed("the reply is empty", reply)
