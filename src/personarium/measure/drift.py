"""Drift: does a speaker move away from its persona while a talk goes on? And what egocentric projection does to it.

Source: SPASM (arXiv 2604.09212), spasm page, point 8: e_k = embedding of the k-th utterance, p = embedding of the persona text,
d_k = 1 - cos(e_k, p); drift = mean(d over the last third) - mean(d over the first third), a third = max(1, floor(n / 3)).
Differs: the formula is the laboratory's, the paper's exact one could not be read. The same on vectors of emotion scores
gives emotion drift: any embedder may be given. Units: differences of cosine distance, -2 to 2; positive is away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from personarium.core.chat import ChatModel, Sampling
from personarium.core.dialogue import Dialogue
from personarium.core.errors import UsageError
from personarium.core.persona import Persona
from personarium.core.plain_measures import cosine, drift
from personarium.core.results import Estimate, Failure, Scale, Score
from personarium.core.views import Style
from personarium.play.agents import PLAYING, Agent, CallableAgent, Projection, Speaker
from personarium.play.dialogues import CONCURRENCY, Casting, Played, play_dialogues

if TYPE_CHECKING:
    from personarium.core.chat import Message
    from personarium.runs.run import Run
    from personarium.text.embed import Embedder

SCALE = Scale(-2.0, 2.0, higher_is_better=False, unit="cosine distance")
TURNS = 12  # own turns; SIMULATED.md, "What a calibration may say"

# A partner that cannot drift or echo: the same open questions for everybody, in the same order.
QUESTIONS: tuple[str, ...] = (
    "Hello! Who are you, and what do you do?",
    "Where do you live, and how do you like it there?",
    "What does a usual day look like for you?",
    "What do you enjoy in your free time?",
    "Tell me about the people who are close to you.",
    "What matters most to you?",
    "Is there something you do not like at all?",
    "What did you want to become as a child?",
    "Which music, books or films do you like?",
    "What do you like to eat and drink?",
    "What are your plans for the next years?",
    "If a friend described you, what would they say?",
)


def dialogue_drift(dialogue: Dialogue, speaker: str, persona_text: str, embedder: Embedder | None = None) -> Score:
    """How far one speaker of a dialogue moves away from its persona text.

    Args:
        dialogue: The whole dialogue.
        speaker: Whose utterances are measured.
        persona_text: What they are compared with.
        embedder: Of utterances and persona; the static one by default. Emotion scores make it emotion drift.

    Returns:
        Drift, with the distance d_k of every utterance as parts (``turn 1``, ...). Missing, and a counted failure, for
        fewer than two utterances or a text without any known word.
    """
    return drift_of_texts(dialogue.said_by(speaker), persona_text, embedder, dialogue.id)


def drift_of_texts(texts: Sequence[str], persona_text: str, embedder: Embedder | None = None, id: str = "") -> Score:
    """As :func:`dialogue_drift`, for the utterances of one speaker in order."""
    from personarium.text.embed import load_embedder

    model = embedder or load_embedder()
    rows = model.embed([*texts, persona_text]).tolist()
    return drift_of_vectors(rows[:-1], rows[-1], id)


def drift_of_vectors(utterances: Sequence[Sequence[float]], persona: Sequence[float], id: str = "") -> Score:
    """As :func:`dialogue_drift`, for vectors (embeddings, emotion scores) of one speaker's utterances in order."""
    cosines = [cosine(e, persona) for e in utterances]
    parts = {f"turn {k}": None if c is None else 1.0 - c for k, c in enumerate(cosines, 1)}
    value = drift(utterances, persona)
    if value is not None:
        return Score(value, SCALE, parts, id=id)
    few = len(utterances) < 2
    reason = "fewer than two utterances" if few else "a text without any known word has no direction"
    return Score(None, SCALE, parts, (Failure("missing", reason, id),), id)


@dataclass(frozen=True, slots=True)
class ProjectionEffect:
    """What egocentric projection does to drift.

    Args:
        difference: Mean drift under ECP minus mean drift under CONCAT; negative is good.
        d: The same in pooled standard deviations (Cohen's d).
        p_value: Of a pooled t test; None when not defined.
    """

    difference: Estimate
    d: Estimate
    p_value: float | None


def projection_effect(egocentric: Sequence[Score], concat: Sequence[Score]) -> ProjectionEffect:
    """ECP effect = drift(ECP) - drift(CONCAT) over dialogues, with Cohen's d; missing drifts are counted.

    Args:
        egocentric: Drift scores of dialogues played with egocentric projection.
        concat: Of dialogues played with the shared transcript.

    Source: spasm page, point 8.
    """
    from personarium.stats.independent import cohens_d, pooled_t

    ours, theirs = ([score.value for score in scores] for scores in (egocentric, concat))
    compared = pooled_t(ours, theirs, "dialogue")
    return ProjectionEffect(compared.effect, cohens_d(ours, theirs, "dialogue"), compared.p)


@dataclass(frozen=True)
class DriftInstrument:
    """Drift as an instrument: the subject plays each persona through a talk, and its own turns are measured.

    Args:
        partner: Who it talks to, chosen apart from the subject: a chat model (plays nobody), any speaker, or None for the
            fixed open questions (more turns than questions begin them again).
        turns: Own turns of the subject.
        embedder: The static one by default.
        style: The view by which the subject gets its persona; None for an own agent, which is told nothing.
        text: The view that its turns are compared with.
        projection: Of the subject and of a partner that is a model.
        sampling: Of both.
        run: The run to count the dialogues in.
        concurrency: Dialogues at once.

    Source: spasm page, point 8; SIMULATED.md, "What a calibration may say" (12 own turns).
    """

    partner: ChatModel | Speaker | None = None
    turns: int = TURNS
    embedder: Embedder | None = None
    style: Style | None = "system"
    text: Style = "statements"
    projection: Projection = "egocentric"
    sampling: Sampling = PLAYING
    run: Run | None = None
    concurrency: int = CONCURRENCY
    name: str = field(default="drift", init=False)
    scale: Scale = field(default=SCALE, init=False)

    def __post_init__(self) -> None:
        if self.turns < 2:
            raise UsageError(f"drift needs at least two turns, found {self.turns}")

    async def measure(self, subject: ChatModel, personas: Sequence[Persona], seed: int = 0) -> list[Score]:
        """One drift score for each persona, in order; a dialogue that failed is missing with its reasons."""
        played = await self.play(subject, personas, seed)
        return [self._score(p, persona) for p, persona in zip(played, personas, strict=True)]

    async def play(self, subject: ChatModel, personas: Sequence[Persona], seed: int = 0) -> list[Played]:
        """The dialogues that are measured, for whoever wants to look at them (calibration does)."""
        partner = self._partner()
        castings = [
            Casting(
                id=f"drift/{place}/{persona.id}",
                speakers=(partner, self.agent(subject, persona)),
                max_turns=self.turns,
                seed=seed,
            )
            for place, persona in enumerate(personas)
        ]
        return await play_dialogues(castings, run=self.run, stage="drift", concurrency=self.concurrency)

    def agent(self, subject: ChatModel, persona: Persona) -> Agent:
        """The subject as this persona."""
        return Agent(
            persona, subject, style=self.style, sampling=self.sampling, id="subject", projection=self.projection
        )

    def _partner(self) -> Speaker:
        if self.partner is None:
            return CallableAgent("partner", _ask)
        if isinstance(self.partner, Speaker):
            return self.partner
        return Agent(None, self.partner, sampling=self.sampling, id="partner", projection=self.projection)

    def _score(self, played: Played, persona: Persona) -> Score:
        if played.failed:
            return Score(None, SCALE, failures=played.failures, id=persona.id)
        words = persona.view(self.text).text
        found = dialogue_drift(played.dialogue, "subject", words, self.embedder)
        detail: dict[str, Any] = {"dialogue": played.dialogue.to_dict()}
        return Score(found.value, SCALE, found.parts, (*played.failures, *found.failures), persona.id, detail)


def _ask(messages: list[Message]) -> str:
    """The next question: as many were asked as the partner has turns of its own in what it is shown."""
    asked = sum(message["role"] == "assistant" for message in messages)
    return QUESTIONS[asked % len(QUESTIONS)]
