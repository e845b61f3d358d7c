"""The judge-based instruments of the rooms judges and measure, each brought to planted trials and rulings.

Every one is asked with its own prompts, readers and rules; what is given here is only what a trial is for it. The instruments of the
benchmarks stand in :mod:`personarium.benchmarks.judge_instruments`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from personarium.core.chat import ChatModel, Message, Reply, Sampling
from personarium.core.results import Failure
from personarium.core.rubric import Rubric
from personarium.judges.verdicts import Preference
from personarium.measure.calibrate.planted import Trial
from personarium.measure.calibrate.rulings import (
    Reads,
    Ruling,
    Said,
    ruling_of_preference,
    ruling_of_scores,
    ruling_of_verdicts,
    ruling_of_voice,
)
from personarium.runs.executors import AsyncioExecutor

CRITERION = "Which of the two responses is more faithful to what is known of the character?"
RUBRIC = Rubric(
    "Is the response faithful to what is known of the character?",
    (
        "Nothing that is known is in it.",
        "Little of what was asked for is in it.",
        "About half of what was asked for is in it.",
        "Most of what was asked for is in it.",
        "All that was asked for is in it.",
    ),
)
CANDIDATES = 4
CONCURRENCY = 20


@dataclass(frozen=True)
class PairwiseJudge:
    """The pairwise judge of the room judges: both orders, with a stated certainty."""

    name: str = "pairwise"
    reads: Reads = "pair"
    shown: int = 2
    both_orders: bool = True
    states_certainty: bool = True
    calls: int = 2
    note: str = "Orders that disagree are a tie."

    async def rule(self, judge: ChatModel, trials: Sequence[Trial], seed: int = 0) -> list[Ruling]:
        """Compare each pair in both orders."""
        from personarium.judges.judging import Judge

        asked = Judge(judge, asks=1, seed=seed, certainty=True)

        async def one(trial: Trial) -> Ruling:
            found = await asked.compare(
                CRITERION, trial.question, trial.favoured, trial.other, persona=trial.profile, item=trial.id
            )
            return ruling_of_preference(trial, found)

        return await AsyncioExecutor().map(trials, one, concurrency=CONCURRENCY)


@dataclass(frozen=True)
class GradingJudge:
    """The pointwise judge of the room judges: a rubric, one response, 1 to 5 points."""

    name: str = "grades"
    reads: Reads = "score"
    shown: int = 2
    both_orders: bool = False
    states_certainty: bool = False
    calls: int = 2
    note: str = "Whole points from 1 to 5, without a reference answer."

    async def rule(self, judge: ChatModel, trials: Sequence[Trial], seed: int = 0) -> list[Ruling]:
        """Grade both replies of each pair."""
        from personarium.judges.judging import Judge

        asked = Judge(judge, asks=1, seed=seed)

        async def one(trial: Trial) -> Ruling:
            found = [
                await asked.grade(RUBRIC, trial.question, text, persona=trial.profile, item=trial.id)
                for text in (trial.favoured, trial.other)
            ]
            return ruling_of_scores(trial, found[0].value, found[1].value, (*found[0].failures, *found[1].failures))

        return await AsyncioExecutor().map(trials, one, concurrency=CONCURRENCY)


@dataclass(frozen=True)
class PersonalizedJudge:
    """The personalized judge: one order, a letter and a certainty."""

    name: str = "personalized-judge"
    reads: Reads = "pair"
    shown: int = 2
    both_orders: bool = False
    states_certainty: bool = True
    calls: int = 1
    note: str = "Each pair is shown once; the better text is A in half of the pairs."

    async def rule(self, judge: ChatModel, trials: Sequence[Trial], seed: int = 0) -> list[Ruling]:
        """Ask about each pair once."""
        from personarium.judges.personalized_judge import PreferenceItem, judge_item

        async def one(trial: Trial) -> Ruling:
            texts = (trial.favoured, trial.other)
            a, b = texts if trial.favoured_first else texts[::-1]
            truth: str = "A" if trial.favoured_first else "B"
            item = PreferenceItem(trial.id, trial.question, a, b, truth, {"all": trial.profile})  # type: ignore[arg-type]
            found = await judge_item(judge, item, seed=seed)
            sure = None if found.certainty is None else found.certainty / 100
            said = None if found.letter is None else Said(found.letter == "A", found.letter == truth, sure)
            return ruling_of_verdicts(trial, [said], [found.failure] if found.failure else [])

        return await AsyncioExecutor().map(trials, one, concurrency=CONCURRENCY)


@dataclass(frozen=True)
class EvolvRPanel:
    """EvolvR's panel, with the character as the one reader persona: two scores of a pair, both orders."""

    name: str = "evolvr"
    reads: Reads = "score"
    shown: int = 2
    both_orders: bool = True
    states_certainty: bool = False
    calls: int = 2
    note: str = "The reader persona is the character, for a simulated judge has no taste of a scholar or a cynic."

    async def rule(self, judge: ChatModel, trials: Sequence[Trial], seed: int = 0) -> list[Ruling]:
        """Have the reader score both replies in both orders; a reply's score is the mean over the orders."""
        from personarium.judges.evolvr import EvolvRConfig, StoryPair, judge_stories

        async def one(trial: Trial) -> Ruling:
            pair = StoryPair(trial.id, trial.question, trial.favoured, trial.other, "Faithfulness")
            config = EvolvRConfig(readers={"character": trial.profile})
            (found,) = await judge_stories(judge, [pair], config=config, seed=seed)
            read = [reading.scores for reading in found.readings if reading.scores is not None]
            lost = [reading.failure for reading in found.readings if reading.failure is not None]
            if len(read) < len(found.readings):
                return ruling_of_scores(trial, None, None, lost)
            favoured, other = (sum(scores[k] for scores in read) / len(read) for k in (0, 1))
            return ruling_of_scores(trial, favoured, other)

        return await AsyncioExecutor().map(trials, one, concurrency=CONCURRENCY)


@dataclass(frozen=True)
class PairwiseComparison:
    """The comparison of contestants by pairwise verdicts."""

    name: str = "comparison"
    reads: Reads = "pair"
    shown: int = 2
    both_orders: bool = True
    states_certainty: bool = False
    calls: int = 2
    note: str = "Two contestants, one reply each an item; replies of one wording are a tie that nobody is asked about."

    async def rule(self, judge: ChatModel, trials: Sequence[Trial], seed: int = 0) -> list[Ruling]:
        """Judge all pairs as one contest."""
        from personarium.judges.judging import Judge
        from personarium.measure.comparison import Item, Replies, judge_pairs

        items = tuple(Item(t.id, t.persona.id, t.question, t.profile) for t in trials)
        texts = {"favoured": tuple(t.favoured for t in trials), "other": tuple(t.other for t in trials)}
        table = await judge_pairs(Replies(items, texts), Judge(judge, asks=1, seed=seed), CRITERION)
        found = table.verdicts["favoured", "other"]
        return [
            Ruling(trial.id, None, None) if verdict is None else ruling_of_preference(trial, verdict)
            for trial, verdict in zip(trials, found, strict=True)
        ]


@dataclass(frozen=True)
class Tournament:
    """A prompt tournament of two contestants in one dimension."""

    name: str = "prompt-tournament"
    reads: Reads = "pair"
    shown: int = 2
    both_orders: bool = True
    states_certainty: bool = False
    calls: int = 2
    note: str = "Every context has its own character, shown to the judge; ties may be given."

    async def rule(self, judge: ChatModel, trials: Sequence[Trial], seed: int = 0) -> list[Ruling]:
        """Play every trial as a context, and take the judgements one by one."""
        from personarium.measure.prompt_tournament import Context, Dimension, Response, TournamentConfig, run_tournament
        from personarium.measure.prompt_tournament.contestants import from_responses

        texts = [Response(t.id, who, text) for t in trials for who, text in zip("xy", (t.favoured, t.other))]
        config = TournamentConfig((Dimension("faithful", CRITERION),), draws=2, seed=seed)
        told = _Told(judge, {t.id: t.profile for t in trials}, seed)
        contexts = [Context(t.id, t.question) for t in trials]
        found = await run_tournament(from_responses(texts), contexts, [told], config=config)
        said: dict[str, list[Said | None]] = {trial.id: [] for trial in trials}
        failed: dict[str, list[Failure]] = {trial.id: [] for trial in trials}
        for row in found.judgements:
            said[row.context_id].append(_of_row(row.winner, row.left))
            failed[row.context_id] += [row.as_failure()] if row.winner is None else []
        return [ruling_of_verdicts(trial, said[trial.id], failed[trial.id]) for trial in trials]


def _of_row(winner: str | None, left: str) -> Said | None:
    if winner is None:
        return None
    if winner == "tie":
        return Said(None, None)
    return Said(winner == "left", (winner == "left") == (left == "x"))


@dataclass(frozen=True)
class _Told:
    """A judge that is told in each context whose reply it reads; a tournament has one character for all contexts."""

    model: ChatModel
    profiles: dict[str, str]
    seed: int

    @property
    def name(self) -> str:
        return self.model.name

    async def compare(
        self,
        criterion: Rubric | str,
        instruction: str,
        a: str,
        b: str,
        reference: str | None = None,
        *,
        both_orders: bool = True,
        persona: str | None = None,
        item: str | None = None,
    ) -> Preference:
        from personarium.judges.judging import Judge

        known = self.profiles[(item or "").partition("/")[0]]
        asked = Judge(self.model, asks=1, seed=self.seed, ties=True)
        return await asked.compare(
            criterion, instruction, a, b, reference, both_orders=both_orders, persona=known, item=item
        )


@dataclass(frozen=True)
class ApcByJudge:
    """APC with a judge in the place of the entailment head."""

    name: str = "apc-judge"
    reads: Reads = "score"
    shown: int = 2
    both_orders: bool = False
    states_certainty: bool = False
    calls: int = 16
    note: str = (
        "About eight questions to the judge for each reply: is the statement relevant, does the reply entail it."
    )

    async def rule(self, judge: ChatModel, trials: Sequence[Trial], seed: int = 0) -> list[Ruling]:
        """Score both replies of each pair by the gain over a neutral reply."""
        from personarium.measure.apc import APCInstrument

        async def one(trial: Trial) -> Ruling:
            tool = APCInstrument("judge", judge, {trial.persona.id: [trial.question]})
            found = [
                (await tool.measure(Recital(text), [trial.persona], seed))[0] for text in (trial.favoured, trial.other)
            ]
            return ruling_of_scores(trial, found[0].value, found[1].value, (*found[0].failures, *found[1].failures))

        return await AsyncioExecutor().map(trials, one, concurrency=CONCURRENCY)


@dataclass(frozen=True)
class Recital:
    """A subject that says one planted text whatever it is asked."""

    text: str
    name: str = field(default="recital", init=False)

    async def generate(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        """The text."""
        return Reply(self.text)


@dataclass(frozen=True)
class ReadBackReader:
    """Read-back with a chat model as the blind reader."""

    name: str = "read-back"
    reads: Reads = "voice"
    shown: int = CANDIDATES
    both_orders: bool = False
    states_certainty: bool = False
    calls: int = 1
    note: str = "Whose words are these, of four characters; not sure counts as a miss."

    async def rule(self, judge: ChatModel, trials: Sequence[Trial], seed: int = 0) -> list[Ruling]:
        """Read each voice once."""
        from personarium.measure.blind_readers import ModelReader

        reader = ModelReader(judge)

        async def one(job: tuple[int, Trial]) -> Ruling:
            place, trial = job
            people, truth = candidates_of(trial, place, trials)
            found = await reader.read(trial.favoured, [person.profile for person in people], trial.id, seed)
            return ruling_of_voice(trial, found.choice, truth, failure=found.failure)

        return await AsyncioExecutor().map(list(enumerate(trials)), one, concurrency=CONCURRENCY)


def candidates_of(trial: Trial, place: int, trials: Sequence[Trial]) -> tuple[list[Trial], int]:
    """Four trials of different characters, one of them this one; and its place, which every trial moves on by one.

    Args:
        trial: Whose speaker is to be found.
        place: Of the trial among all of them.
        trials: Where the others come from.
    """
    others = list({one.persona.id: one for one in trials if one.persona.id != trial.persona.id}.values())
    people = random.Random(f"candidates|{trial.id}").sample(others, CANDIDATES - 1)
    truth = place % CANDIDATES
    return [*people[:truth], trial, *people[truth:]], truth


INSTRUMENTS = (
    PairwiseJudge(),
    GradingJudge(),
    PersonalizedJudge(),
    PairwiseComparison(),
    Tournament(),
    EvolvRPanel(),
    ApcByJudge(),
    ReadBackReader(),
)
