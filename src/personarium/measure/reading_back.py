"""Read-back: can somebody who sees only what was said tell which persona said it?

A blind reader gets the words of one speaker and k personas in a drawn order, one of them the speaker's, and names one or none. Beside
the share recovered stand the controls without which it says nothing: chance 1 / k; the same readings with the words of another
persona (shuffled); how often the reader was not sure; and how much of the persona text was simply copied, for whoever recites is
recovered too. With ``mask_copies`` the copied word sequences are taken out before anybody reads. What a question gives away is not
controlled: a speaker who repeats "Do you have cats?" is taken for somebody with cats (a parrot is recovered in about half of the
readings of the keyed world), so talks about what all candidates share say more than questions about what only one of them has.

Source: DESIGN.md, "The engines" (read-back); usp page (profile read back from the talk), psyplay page, step 5 ("not sure" is a
failure, and its rate is always shown). Unit of analysis: the persona.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from personarium.core.chat import ChatModel, Sampling
from personarium.core.errors import InvalidInput, UsageError
from personarium.core.persona import Persona
from personarium.core.results import Estimate, Failure, Scale, Score, count_failures
from personarium.core.views import Style
from personarium.measure.blind_readers import Reader
from personarium.play.agents import PLAYING, Agent
from personarium.runs.mapping import map_kept
from personarium.stats.intervals import mean_interval
from personarium.stats.weighted import weighted_mean, weighted_share
from personarium.text.copied_words import MASK, NGRAM, copy_rate, masked, recited_share

if TYPE_CHECKING:
    from personarium.runs import Run
    from personarium.runs.plan import DryRun

SCALE = Scale(0.0, 1.0, unit="share recovered")


@dataclass(frozen=True, slots=True)
class Said:
    """What one speaker said.

    Args:
        id: Unique: of the dialogue, or of the answer.
        persona: Id of the persona that was played.
        text: All of it; blank where nothing was said.
    """

    id: str
    persona: str
    text: str


@dataclass(frozen=True, slots=True)
class ReadBackConfig:
    """How readings are made.

    Args:
        k: Candidates of one reading, the true one included; chance is 1 / k.
        n: Words of a sequence that counts as copied.
        mask_copies: Take copied sequences out before anybody reads.
        control: Also make the readings with the words of another persona.
    """

    k: int = 4
    n: int = NGRAM
    mask_copies: bool = False
    control: bool = True

    def __post_init__(self) -> None:
        if not 2 <= self.k <= 25 or self.n < 1:
            raise UsageError("k must be from 2 to 25 and n at least 1")


PLAIN = ReadBackConfig()
Outcome = Literal["recovered", "missed", "not sure", "failed", "nothing said"]


@dataclass(frozen=True, slots=True)
class ReadBackRow:
    """One reading.

    Args:
        id: Of what was said.
        persona: The persona that the reading is about.
        outcome: Of the true reading.
        control: Of the same reading with another persona's words; None without control.
        copied: Share of the persona text's word sequences that were said as they stand; None for an empty persona.
        recited: Share of what was said that stands so in the persona text; None for fewer words than a sequence.
        failures: Of both readings.
    """

    id: str
    persona: str
    outcome: Outcome
    control: Outcome | None
    copied: float | None
    recited: float | None
    failures: tuple[Failure, ...] = ()

    def as_row(self) -> dict[str, Any]:
        """JSON-ready form; ``failures`` counts by kind."""
        names = ("id", "persona", "outcome", "control", "copied", "recited")
        return {**{name: getattr(self, name) for name in names}, "failures": count_failures(self.failures)}


@dataclass(frozen=True)
class ReadBack:
    """What the readings say together.

    Args:
        rows: One a reading.
        reader: Who read.
        k: Candidates of each.
    """

    rows: tuple[ReadBackRow, ...]
    reader: str
    k: int

    @property
    def chance(self) -> float:
        """Share that a guesser recovers."""
        return 1 / self.k

    def recovered(self, control: bool = False) -> Estimate:
        """Share recovered of all readings that did not fail; not sure and nothing said are misses."""
        return self._share(["recovered"], control)

    def decided(self) -> Estimate:
        """Share recovered of the readings in which the reader named somebody; never the headline."""
        kept = [row for row in self.rows if row.outcome in ("recovered", "missed")]
        hits, people = [row.outcome == "recovered" for row in kept], [row.persona for row in kept]
        return weighted_share(hits, None, people, "persona")

    def not_sure(self, control: bool = False) -> Estimate:
        """Share of readings in which the reader named nobody."""
        return self._share(["not sure"], control)

    def over_control(self) -> Estimate:
        """Recovered minus recovered with another persona's words, paired by reading; t interval over personas."""
        by_persona: dict[str, list[float]] = {}
        for row in self.rows:
            if row.control is not None and "failed" not in (row.outcome, row.control):
                gain = float(row.outcome == "recovered") - float(row.control == "recovered")
                by_persona.setdefault(row.persona, []).append(gain)
        means = [sum(gains) / len(gains) for gains in by_persona.values()]
        return mean_interval(means, "persona", method="recovered minus shuffled control")

    def estimates(self) -> dict[str, Estimate]:
        """Recovered first, then what it must be read beside."""
        people = [row.persona for row in self.rows]
        chance = Estimate(self.chance, None, None, len(self.rows), "reading", "expectation of a uniform guess")
        found = {"Recovered": self.recovered(), "Chance": chance}
        if any(row.control is not None for row in self.rows):
            found |= {"Shuffled persona": self.recovered(True), "Recovered minus shuffled": self.over_control()}
        return {
            **found,
            "Not sure": self.not_sure(),
            "Recovered when decided": self.decided(),
            "Persona text copied": weighted_mean([row.copied for row in self.rows], None, people, "persona"),
            "Words recited": weighted_mean([row.recited for row in self.rows], None, people, "persona"),
        }

    def _share(self, wanted: Sequence[Outcome], control: bool) -> Estimate:
        read = [(row.persona, row.control if control else row.outcome) for row in self.rows]
        kept = [(person, outcome) for person, outcome in read if outcome is not None and outcome != "failed"]
        found = weighted_share([o in wanted for _, o in kept], None, [person for person, _ in kept], "persona")
        return replace(found, failures=count_failures(f for row in self.rows for f in row.failures))


async def read_back(
    said: Sequence[Said],
    personas: Mapping[str, str],
    reader: Reader,
    *,
    given: Mapping[str, str] | None = None,
    config: ReadBackConfig = PLAIN,
    seed: int = 0,
    run: Run | DryRun | None = None,
    concurrency: int = 50,
) -> ReadBack:
    """Have every text read blindly.

    Args:
        said: Texts with the persona that was played.
        personas: Persona id -> its text; these are also where the other candidates come from.
        reader: Who reads; it never sees an id.
        given: Persona id -> the text that the player was given, without instructions, against which copying is measured;
            ``personas`` without.
        config: See :class:`ReadBackConfig`.
        seed: Of candidates, their order, and the shuffled words.
        run: The run to record and resume in.
        concurrency: Readings at once.

    Raises:
        InvalidInput: A text of an unknown persona, two of one id, fewer than k personas (with control: k + 1).
    """
    _check(said, personas, config)
    others = _shuffled(said, seed) if config.control else {}

    async def one(text: Said) -> ReadBackRow:
        return await _read_one(text, others.get(text.id), personas, given or personas, reader, config, seed)

    def lost(text: Said, failure: Failure) -> ReadBackRow:
        return ReadBackRow(text.id, text.persona, "failed", None, None, None, (failure,))

    rows = await map_kept(
        run,
        "readings",
        said,
        one,
        key=lambda text: text.id,
        failure=lambda row: row.failures[0] if row.failures else None,
        lost=lost,
        concurrency=concurrency,
    )
    return ReadBack(tuple(rows), reader.name, config.k)


async def _read_one(
    text: Said,
    other: Said | None,
    personas: Mapping[str, str],
    given: Mapping[str, str],
    reader: Reader,
    config: ReadBackConfig,
    seed: int,
) -> ReadBackRow:
    candidates, gold = _candidates(
        text, personas, {text.persona} | ({other.persona} if other else set()), config.k, seed
    )

    def shown(one: Said) -> str:
        return masked(one.text, given[one.persona], config.n) if config.mask_copies else one.text

    outcome, failures = await _outcome(reader, shown(text), candidates, gold, text.id, seed)
    control = None
    if other is not None:
        control, more = await _outcome(reader, shown(other), candidates, gold, f"{text.id}/shuffled", seed)
        failures += more
    own = given[text.persona]
    copied, recited = copy_rate(own, text.text, config.n), recited_share(own, text.text, config.n)
    return ReadBackRow(text.id, text.persona, outcome, control, copied, recited, tuple(failures))


async def _outcome(
    reader: Reader, said: str, candidates: Sequence[str], gold: int, item: str, seed: int
) -> tuple[Outcome, list[Failure]]:
    if not said.replace(MASK, "").strip():
        return "nothing said", []
    reading = await reader.read(said, candidates, item, seed)
    if reading.failure is not None:
        return "failed", [reading.failure]
    if reading.choice is None:
        return "not sure", []
    return ("recovered" if reading.choice == gold else "missed"), []


def _candidates(
    text: Said, personas: Mapping[str, str], excluded: set[str], k: int, seed: int
) -> tuple[list[str], int]:
    draw = random.Random(f"{seed} candidates {text.id}")
    pool = [id for id in sorted(personas) if id not in excluded]
    chosen = [text.persona, *draw.sample(pool, k - 1)]
    draw.shuffle(chosen)
    return [personas[id] for id in chosen], chosen.index(text.persona)


def _shuffled(said: Sequence[Said], seed: int) -> dict[str, Said]:
    """For every text one of another persona, each used about equally often."""
    order = sorted(said, key=lambda text: (text.persona, text.id))
    random.Random(f"{seed} shuffled").shuffle(order)
    found = {}
    for place, text in enumerate(order):
        turns = (order[(place + step) % len(order)] for step in range(1, len(order)))
        other = next((one for one in turns if one.persona != text.persona), None)
        if other is not None:
            found[text.id] = other
    return found


def _check(said: Sequence[Said], personas: Mapping[str, str], config: ReadBackConfig) -> None:
    needed = config.k + (1 if config.control else 0)
    if len(personas) < needed:
        raise InvalidInput("personas", f"at least {needed} for {config.k} candidates", len(personas))
    seen: set[str] = set()
    for text in said:
        if text.persona not in personas:
            raise InvalidInput(f"text {text.id}", "the id of one of the personas", text.persona, "persona")
        if text.id in seen:
            raise InvalidInput(f"text {text.id}", "an id that no other text has", text.id, "id")
        seen.add(text.id)
    if config.control and said and len({text.persona for text in said}) < 2:
        raise InvalidInput("said", "texts of at least two personas for the shuffled control", len(said))


# --- the instrument ---


@dataclass(frozen=True)
class ReadBackInstrument:
    """Read-back as an instrument: the subject answers questions as each persona, and every answer is read blindly.

    Args:
        reader: Who reads.
        pool: Persona id -> text: whose texts the other candidates are.
        questions: Persona id -> what it is asked.
        config: See :class:`ReadBackConfig`; the shuffled control is left to a whole :func:`read_back`.
        style: How the subject gets its persona; None for an own agent.
        sampling: Of the subject.
    """

    reader: Reader
    pool: Mapping[str, str]
    questions: Mapping[str, Sequence[str]]
    config: ReadBackConfig = PLAIN
    style: Style | None = "system"
    sampling: Sampling = PLAYING
    name: str = field(default="read-back", init=False)
    scale: Scale = field(default=SCALE, init=False)

    @property
    def judge(self) -> Reader:
        """Who reads, for the calibration's head line."""
        return self.reader

    async def measure(self, subject: ChatModel, personas: Sequence[Persona], seed: int = 0) -> list[Score]:
        """Share of answers from which the persona was recovered, one score a persona."""
        config = replace(self.config, control=False)
        scores = []
        for persona in personas:
            said, failures = await self.answers(subject, persona, seed)
            found = await read_back(said, self.pool, self.reader, config=config, seed=seed)
            scores.append(_score(persona.id, found, failures))
        return scores

    async def answers(self, subject: ChatModel, persona: Persona, seed: int = 0) -> tuple[list[Said], list[Failure]]:
        """What the subject says as a persona, each question an interview of its own; and what could not be had."""
        agent = Agent(persona, subject, style=self.style, sampling=self.sampling)
        said, failures = [], []
        for k, question in enumerate(self.questions[persona.id], 1):
            spoken = await agent.answer(question, seed=seed)
            if spoken.failure is not None:
                failures.append(replace(spoken.failure, where=f"{persona.id}/{k}"))
                continue
            said.append(Said(f"{persona.id}/{k}", persona.id, spoken.text))
        return said, failures


def _score(persona: str, found: ReadBack, failures: Sequence[Failure]) -> Score:
    parts: dict[str, float | None] = {
        row.id: None if row.outcome == "failed" else float(row.outcome == "recovered") for row in found.rows
    }
    parts |= {failure.where: None for failure in failures}
    known = [value for value in parts.values() if value is not None]
    lost = (*failures, *(failure for row in found.rows for failure in row.failures))
    detail = {name: estimate.value for name, estimate in found.estimates().items()}
    value = sum(known) / len(known) if known else None
    return Score(value, SCALE, parts, lost, persona, detail)
