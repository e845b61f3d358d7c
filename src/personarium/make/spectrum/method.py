"""SPeCtrum: an individual from three grounded parts, and the tests of which parts make it recognisable.

In the paper's order: social identity (a census-like list), personal identity (a personality and a value questionnaire, scored,
put into sentences and summed up in prose), life context (a weekday, a weekend, loves and hates); then the parts in any
combination as a prompt, the Twenty Statements Test and Guess Who. The answers are a real person's (:class:`Intake`), or a
model gives them for a figure that is described to it.

Source: *SPeCtrum: A Grounded Framework for Multidimensional Identity Representation in LLM-Based Agent*, arXiv 2502.08599
(NAACL 2025); spectrum page, steps 1 to 6.
Differs: prompts, questions and sentences are our own (the repository names no licence); the default questionnaires are the
public-domain Mini-IPIP and twenty value statements of our own (not validated) in place of BFI-2-S and PVQ-21, whose wordings
belong to their authors (:func:`load_items`); sentences say "This person"; exact scores are kept; a figure is described by its
persona, where the paper relies on what the model knows of a television character.
Units: scores lie on 1 to 7; shares are of statements (one person) or of persons.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput, UsageError
from personarium.core.persona import Persona
from personarium.core.results import Failure, count_failures
from personarium.make.spectrum.evaluation import TRIES, Truth, judge_statements
from personarium.make.spectrum.intake import Intake
from personarium.make.spectrum.profile import Profile
from personarium.make.spectrum.questionnaires import Questionnaire, TraitScore, questionnaire, score
from personarium.make.spectrum.social import SocialQuestion, social_fields, social_questions, social_text
from personarium.make.spectrum.steps import (
    CONTEXT,
    PERSONALITY,
    PERSONALITY_SUMMARY,
    PLAY,
    SOCIAL,
    STEPS,
    VALUE_SUMMARY,
    VALUES,
    VERDICT,
)
from personarium.make.spectrum.trials import CONCURRENCY, evaluate_profiles
from personarium.make.spectrum.wording import PUBLISHED_SUBJECT, SUBJECT, sentences
from personarium.models.step import Answer
from personarium.runs.mapping import map_kept
from personarium.runs.plan import DryRun
from personarium.runs.run import Run

ERRATA = ("score-floored", "answers-unchecked", "this-character", "merged-orientation")
_NO_SCORES: tuple[TraitScore, ...] = ()


@dataclass(frozen=True)
class SpectrumConfig:
    """The constants.

    Args:
        personality: The personality questionnaire (paper: BFI-2-S).
        values: The value questionnaire (paper: PVQ-21).
        subject: What sentences call the person (published: "This character").
        sentences: Sentences of the therapist's paragraph on personality: 10 by the template; the stored profiles have 5.
        tries: Most times a step is asked: 6 (published helper).
        seed: Of the draws.
        as_published: Which published faults come back; see :data:`ERRATA`.
    """

    personality: Questionnaire = field(default_factory=lambda: questionnaire("mini-ipip"))
    values: Questionnaire = field(default_factory=lambda: questionnaire("own-values"))
    subject: str = SUBJECT
    sentences: int = 10
    tries: int = TRIES
    seed: int = 0
    as_published: Published = False

    def __post_init__(self) -> None:
        if self.personality.kind != "personality" or self.values.kind != "values":
            raise UsageError("personality takes a questionnaire of that kind, and values one of values")
        if not self.subject.strip() or self.sentences < 1 or self.tries < 1:
            raise UsageError("the subject is not empty, sentences and tries are at least 1")
        published_faults(self.as_published, ERRATA)

    @property
    def faults(self) -> frozenset[str]:
        """The errata that are switched on."""
        return published_faults(self.as_published, ERRATA)

    @property
    def who(self) -> str:
        """What sentences call the person."""
        return PUBLISHED_SUBJECT if "this-character" in self.faults else self.subject


PAPER = SpectrumConfig()


# --- steps 2 and 3: scores and sentences ---


def personality_scores(
    answers: Mapping[str, Any], config: SpectrumConfig = PAPER, where: str = "answers"
) -> tuple[TraitScore, ...]:
    """The scores of the personality questionnaire, exact; with ``score-floored`` rounded down, as published."""
    found = score(config.personality, answers, where, unchecked="answers-unchecked" in config.faults)
    return tuple(_floored(s) for s in found) if "score-floored" in config.faults else found


def _floored(found: TraitScore) -> TraitScore:
    return TraitScore(found.name, float(found.score // 1), tuple(_floored(f) for f in found.facets))


def value_scores(
    answers: Mapping[str, Any], config: SpectrumConfig = PAPER, where: str = "answers"
) -> tuple[TraitScore, ...]:
    """The scores of the value questionnaire, exact and not centred (see :func:`~personarium.make.spectrum.centred`)."""
    return score(config.values, answers, where, unchecked="answers-unchecked" in config.faults)


# --- a profile from a person's answers: steps 4 and 5 ---


async def profile_person(intake: Intake, model: ChatModel, config: SpectrumConfig = PAPER) -> Profile:
    """The profile of a real person: their own answers, with scores summed up in prose by a model (two calls)."""
    where = f"answers of {intake.id}"
    personality = personality_scores(intake.personality, config, where)
    values = value_scores(intake.values, config, where)
    parts = {
        "S": social_text(intake.social),
        "C_behavior": behaviour_text(intake.weekday, intake.weekend),
        "C_lovehate": love_hate_text(intake.loves, intake.hates),
    }
    bare = Profile(intake.id, intake.name, parts, personality, values)
    return await _summed_up(bare, model, config)


def behaviour_text(weekday: str, weekend: str) -> str:
    """The two essays as one text, numbered as they are stored."""
    return f"1. {weekday.strip()}\n\n2. {weekend.strip()}"


def love_hate_text(loves: Sequence[str], hates: Sequence[str]) -> str:
    """The two lists as one text."""
    listed = [("What this person loves most", loves), ("What this person hates most", hates)]
    return "\n\n".join("\n".join([f"[{title}]", *(f"- {one}" for one in items)]) for title, items in listed)


async def _summed_up(profile: Profile, model: ChatModel, config: SpectrumConfig) -> Profile:
    """Step 4: one call for personality and one for values, each fed with its sentences."""
    jobs = [
        ("P_personality", PERSONALITY_SUMMARY, config.personality, profile.personality, "Personality"),
        ("P_value", VALUE_SUMMARY, config.values, profile.values, "Value"),
    ]
    answers = await asyncio.gather(
        *(
            step.ask(model, summary_inputs(form, scores, config), item=profile.id, asks=config.tries, seed=config.seed)
            for _, step, form, scores, _ in jobs
            if scores
        )
    )
    parts, failures = dict(profile.parts), list(profile.failures)
    for (part, _, _, _, title), answer in zip([job for job in jobs if job[3]], answers, strict=True):
        if answer.values is None:
            failures += _lost(answer)
        else:
            parts[part] = _stored(title, answer)
    return replace(profile, parts=parts, failures=tuple(failures))


def summary_inputs(form: Questionnaire, scores: Sequence[TraitScore], config: SpectrumConfig = PAPER) -> dict[str, Any]:
    """What a summary prompt is fed with: the sentences, never the numbers."""
    said = "\n".join(sentences(form, scores, config.who))
    return {"results": said, "domains": tuple(s.name for s in scores), "sentences": config.sentences}


def _stored(title: str, answer: Answer) -> str:
    return (
        f"1. Overall {title} Summary (Psychotherapist's Perspective)\n{answer['therapist']}\n\n"
        f"2. Explanation in Everyday Language\n{answer['everyday']}"
    )


def _lost(answer: Answer) -> list[Failure]:
    return [answer.failure] if answer.failure is not None else []


# --- a profile for a figure: a model answers the four instruments ---


async def profile_figure(figure: Persona, model: ChatModel, config: SpectrumConfig = PAPER) -> Profile:
    """The profile of a figure: a model answers the instruments for them (four calls), then sums up (two calls).

    Args:
        figure: Who, with what is known of them.
        model: Who answers.
        config: The constants.

    Returns:
        Parts whose step failed are missing, and the failures say why.
    """
    person = figure.view("biography").text.strip()
    social, personality, values, context = await asyncio.gather(
        *(
            step.ask(model, inputs, item=figure.id, asks=config.tries, seed=config.seed)
            for step, inputs in (
                (SOCIAL, social_inputs(person, config)),
                (PERSONALITY, answer_inputs(config.personality, person)),
                (VALUES, answer_inputs(config.values, person)),
                (CONTEXT, {"person": person}),
            )
        )
    )
    parts, failures = _parts_of_figure(figure.id, social, context, config)
    for answer in (personality, values):
        failures += _lost(answer)
    where = f"answers for {figure.id}"
    profile = Profile(
        figure.id,
        figure.name,
        parts,
        _NO_SCORES if personality.values is None else personality_scores(personality.values, config, where),
        _NO_SCORES if values.values is None else value_scores(values.values, config, where),
        str(figure.value("series") or ""),
        tuple(failures),
    )
    return await _summed_up(profile, model, config)


def _parts_of_figure(
    id: str, social: Answer, context: Answer, config: SpectrumConfig
) -> tuple[dict[str, str], list[Failure]]:
    parts: dict[str, str] = {}
    failures = [*_lost(social), *_lost(context)]
    if social.values is not None:
        parts["S"], odd = _social_of(social.values, id, config)
        failures += odd
    if context.values is not None:
        parts["C_behavior"] = behaviour_text(context["weekday"], context["weekend"])
        parts["C_lovehate"] = love_hate_text(context["loves"], context["hates"])
    return parts, failures


def _social_of(values: Mapping[str, Any], id: str, config: SpectrumConfig) -> tuple[str, list[Failure]]:
    """The list of a model's answers; an answer that is none of the options leaves its field out and is counted."""
    answers, failures = dict(values["answers"]), list[Failure]()
    while True:
        try:
            lines = social_fields(answers, tuple(values["unsure"]), f"answers for {id}", config.faults)
            return social_text(lines), failures
        except InvalidInput as error:
            failures.append(Failure("unparsed", str(error), id))
            del answers[str(error.field)]


def social_inputs(person: str, config: SpectrumConfig = PAPER) -> dict[str, Any]:
    """What the prompt of step 1 shows."""
    asked = "\n".join(f"{q.field}: {q.ask}{_condition(q)}" for q in social_questions(config.faults))
    return {"person": person, "questions": asked, "faults": config.faults}


def _condition(question: SocialQuestion) -> str:
    return f" (only if {question.asked_if} is {' or '.join(question.if_answers)})" if question.asked_if else ""


def answer_inputs(form: Questionnaire, person: str) -> dict[str, Any]:
    """What the prompt of a questionnaire shows.

    Raises:
        UsageError: Its wordings are not here.
    """
    asked = form.asked()
    items = "\n".join(f"{n}. {text}" for n, (_, text) in enumerate(asked, 1))
    return {"person": person, "items": items, "codes": tuple(code for code, _ in asked), "labels": form.labels}


def system_prompt(profile: Profile, letters: str = "SPC") -> str:
    """The system message with which an agent plays a combination of a profile's parts.

    Raises:
        UsageError: Not a combination of S, P and C, or a part of it is not there.
    """
    return PLAY.render(profile=profile.text(letters))[0]["content"]


# --- many people ---


async def make_profiles(
    people: Sequence[Intake | Persona],
    model: ChatModel,
    config: SpectrumConfig = PAPER,
    *,
    run: Run | DryRun | None = None,
) -> list[Profile]:
    """A profile for everybody: from their own answers, or for a figure from a model's.

    Args:
        people: Each with an id of their own.
        model: Who answers for figures and writes the summaries.
        config: The constants.
        run: The run to record and resume in.
    """
    twice = [id for id, n in Counter(p.id for p in people).items() if n > 1]
    if twice:
        raise InvalidInput("people", "an id of its own for each", twice[0], "id")
    if run is not None:
        run.add_prompts(STEPS)

    async def one(person: Intake | Persona) -> Profile:
        if isinstance(person, Intake):
            return await profile_person(person, model, config)
        return await profile_figure(person, model, config)

    return await map_kept(
        run, "spectrum.profiles", people, one, key=_id_of, failure=_failure_of, concurrency=CONCURRENCY
    )


def _id_of(person: Intake | Persona) -> str:
    return person.id


def _failure_of(profile: Profile) -> Failure | None:
    gone = profile.missing()
    return Failure("missing", f"no {', '.join(gone)}", profile.id) if gone else None


# --- the contract ---


def example_figures() -> list[Persona]:
    """Two made-up people for the contract's run."""
    return [
        Persona.from_row(
            {
                "id": "lantern-keeper",
                "name": "Orrin Vale",
                "series": "The Salt Lantern",
                "age": 52,
                "occupation": "lighthouse keeper",
                "location": "Grey Skerry",
                "hobbies": "carving driftwood",
                "personality": "very quiet, orderly and calm",
            }
        ),
        Persona.from_row(
            {
                "id": "ferry-singer",
                "name": "Tamsin Quill",
                "series": "The Salt Lantern",
                "age": 27,
                "occupation": "ferry singer",
                "location": "Port Amble",
                "hobbies": "dancing",
                "personality": "extremely outgoing, imaginative and moody",
            }
        ),
    ]


async def _example(model: ChatModel, seed: int) -> Sequence[dict[str, Any]]:
    figures = example_figures()
    truths = {f.id: Truth(f.view("biography").text.strip(), f.name, "The Salt Lantern") for f in figures}
    # First the judge itself: it should grant what is plainly true of them.
    granted = [
        await judge_statements(model, [(f"I am a {f.value('occupation')}.", "open")], truths[f.id], id=f.id, seed=seed)
        for f in figures
    ]
    profiles = await make_profiles(figures, model, SpectrumConfig(seed=seed, tries=2))
    result = await evaluate_profiles(profiles, model, model, truths, ("SPC", "C"), seed=seed, tries=2)
    known = [
        {"id": f"granted/{f.id}", "true": v.true, "failures": count_failures([v.failure] if v.failure else [])}
        for f, (v,) in zip(figures, granted, strict=True)
    ]
    return [*known, *result.rows()]


CONTRACT = Contract(
    example=_example,
    steps=STEPS,
    first=(VERDICT.name, {"who": "Orrin Vale", "series": "", "truth": "You keep bees.", "statement": "I keep bees."}),
)
