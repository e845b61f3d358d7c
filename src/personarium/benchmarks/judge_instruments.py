"""The judge-based benchmarks, each brought to the planted trials of :mod:`personarium.measure.calibrate.judges`.

Every one is asked with its own prompts, readers and rules; what is given here is only what a trial is for it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from personarium.core.chat import ChatModel
from personarium.measure.calibrate.judge_instruments import CANDIDATES, CONCURRENCY, Recital, candidates_of
from personarium.measure.calibrate.judge_instruments import INSTRUMENTS as BELOW
from personarium.measure.calibrate.planted import Trial
from personarium.measure.calibrate.rulings import (
    JudgeInstrument,
    Reads,
    Ruling,
    Said,
    ruling_of_scores,
    ruling_of_verdicts,
    ruling_of_voice,
)
from personarium.measure.choice_items import ChoiceAnswer
from personarium.runs.executors import AsyncioExecutor

NAMES = ("Alder", "Birch", "Cedar", "Rowan")  # they tell nothing of anybody
DIMENSION = "overall"


@dataclass(frozen=True)
class PersonaGymGrades:
    """PersonaGym's Persona Consistency, one question a batch."""

    name: str = "personagym-judge"
    reads: Reads = "score"
    shown: int = 2
    both_orders: bool = False
    states_certainty: bool = False
    calls: int = 4
    note: str = "The judge writes the score examples, too; whole points from 1 to 5."

    async def rule(self, judge: ChatModel, trials: Sequence[Trial], seed: int = 0) -> list[Ruling]:
        """Have both replies of each pair graded."""
        from personarium.benchmarks.personagym import PersonaGymTask

        async def one(trial: Trial) -> Ruling:
            task = PersonaGymTask(judge, questions={trial.persona.id: [trial.question]})
            found = [
                (await task.measure(Recital(text), [trial.persona], seed))[0] for text in (trial.favoured, trial.other)
            ]
            return ruling_of_scores(trial, found[0].value, found[1].value, (*found[0].failures, *found[1].failures))

        return await AsyncioExecutor().map(trials, one, concurrency=CONCURRENCY)


@dataclass(frozen=True)
class PersonaFeedbackChoice:
    """PersonaFeedback: a letter in both orders."""

    name: str = "personafeedback"
    reads: Reads = "pair"
    shown: int = 2
    both_orders: bool = True
    states_certainty: bool = False
    calls: int = 2
    note: str = "The benchmark's own accuracy counts one order; here orders that disagree are a tie."

    async def rule(self, judge: ChatModel, trials: Sequence[Trial], seed: int = 0) -> list[Ruling]:
        """Let the judge choose in every item."""
        from personarium.benchmarks.personafeedback import FeedbackItem, run_personafeedback

        items = [
            FeedbackItem(t.id, t.profile, t.question, (t.favoured, t.other), 0, "medium", "specific") for t in trials
        ]
        found = (
            await run_personafeedback(judge, items, settings=(), baselines=(), seed=seed, concurrency=CONCURRENCY)
        ).report
        return [
            ruling_of_verdicts(trial, [_said(a), _said(b)], [x.failure for x in (a, b) if x.failure is not None])
            for trial, a, b in zip(trials, found.first, found.second or (), strict=True)
        ]


def _said(answer: ChoiceAnswer) -> Said | None:
    return None if answer.place is None else Said(answer.place == 0, answer.option == 0)


@dataclass(frozen=True)
class EscEvalRating:
    """ESC-Eval's rater on one dimension, of a dialogue with one planted turn."""

    name: str = "esc-eval"
    reads: Reads = "score"
    shown: int = 2
    both_orders: bool = False
    states_certainty: bool = False
    calls: int = 2
    note: str = (
        "The rater is shown the card, and the assistant's turn takes up none to four of its facts: the simulated rater sees "
        "nothing else in a dialogue, so all seven dimensions would be one. Whole points from 0 to 4."
    )

    async def rule(self, judge: ChatModel, trials: Sequence[Trial], seed: int = 0) -> list[Ruling]:
        """Have a dialogue with each of both replies rated."""
        from personarium.benchmarks.esc_eval import EscEvalConfig, RoleCard
        from personarium.benchmarks.esc_eval.method import rate
        from personarium.benchmarks.esc_eval.talking import MODEL, OPENINGS, PERSON
        from personarium.core.dialogue import Dialogue, Utterance

        config = EscEvalConfig(rater_sees_card=True)

        async def one(trial: Trial) -> Ruling:
            card = RoleCard(0, "english", trial.profile, "family life", "planted")
            scores, failures = [], []
            for place, text in enumerate((trial.favoured, trial.other)):
                turns = ((MODEL, OPENINGS["english"]), (PERSON, trial.question), (MODEL, text))
                talk = Dialogue(f"{trial.id}-{place}", [Utterance(who, said) for who, said in turns])
                answer = await rate(judge, talk, DIMENSION, card, config, seed=seed)
                scores.append(None if answer.failure is not None else float(answer["score"]))
                failures += [] if answer.failure is None else [answer.failure]
            return ruling_of_scores(trial, scores[0], scores[1], failures)

        return await AsyncioExecutor().map(trials, one, concurrency=CONCURRENCY)


@dataclass(frozen=True)
class PersonaEvalAdmission:
    """PersonaEval's admission test: who of four is speaking, and how probable is that?"""

    name: str = "personaeval"
    reads: Reads = "voice"
    shown: int = CANDIDATES
    both_orders: bool = False
    states_certainty: bool = True
    calls: int = 1
    note: str = "Own items that ask for one name and its probability; a simulated judge states no distribution."

    async def rule(self, judge: ChatModel, trials: Sequence[Trial], seed: int = 0) -> list[Ruling]:
        """Ask who speaks in every item."""
        from personarium.benchmarks.personaeval import Candidate, Exchange, IdentificationItem, PersonaEvalConfig
        from personarium.benchmarks.personaeval.method import identify
        from personarium.benchmarks.personaeval.steps import written_prompt

        config = PersonaEvalConfig(attempts=1)

        async def one(job: tuple[int, Trial]) -> Ruling:
            place, trial = job
            people, truth = candidates_of(trial, place, trials)
            exchange = Exchange("The interviewer", trial.question, trial.favoured, "choice")
            # A reader that has nothing to go by may have a favourite name; it must not be a favourite place.
            names = random.Random(f"names|{trial.id}").sample(NAMES, CANDIDATES)
            named = tuple(Candidate(name, who.profile) for name, who in zip(names, people, strict=True))
            prompt = written_prompt(exchange, named)
            item = IdentificationItem(trial.id, "Planted", prompt, named, truth, exchange)
            found = await identify(judge, item, config, seed=seed)
            sure = None if found.predicted is None else found.probabilities[found.predicted]
            return ruling_of_voice(trial, found.predicted, truth, sure, found.failure)

        return await AsyncioExecutor().map(list(enumerate(trials)), one, concurrency=CONCURRENCY)


INSTRUMENTS: Mapping[str, JudgeInstrument] = {
    one.name: one
    for one in (
        *BELOW,
        PersonaFeedbackChoice(),
        PersonaGymGrades(),
        EscEvalRating(),
        PersonaEvalAdmission(),
    )
}
# What has no such calibration, and why.
NOT_CALIBRATED: Mapping[str, str] = {
    "drift": "it reads by embeddings and asks no judge; its calibration over subjects is in calibration.md",
    "apc with the entailment head": "it asks no judge; its calibration over subjects is in calibration.md",
    "read-back by word overlap or nearness": "a rule reads, and no judge can be varied",
    "esc-eval, seven dimensions": "a simulated rater reads a dialogue against the card in one way only, so one dimension stands for all",
    "evolvr, self check and robustness check": "they judge whether an argument fits a score; a simulated judge reads replies, not arguments",
    "personalized-judge, ties": "the published prompt for PRISM offers none; pairs of equal worth are used for the biases only",
    "personaeval, published items": "they ask for a distribution over names, which a simulated judge does not state",
    "personafeedback by likelihood": "a simulated subject has log-probabilities of labels only, not of free text",
    "persobench, perseval": "their metrics are computed; a judge of entailment put into PersoBench is that of apc-judge",
    "reward-calibration": "pure functions of a stated confidence; the confidence is calibrated here where an instrument states one",
    "a person at the terminal": "nobody can be simulated who is not a model",
}
