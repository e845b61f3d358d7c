"""What a run will take, without asking anybody: calls, tokens, and the exact prompts as far as they are known beforehand.

Source: PersonaGym (arXiv 2407.18416), "Works when" 6 (86 calls a persona with fresh questions and two judges, 80 with stored).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from personarium.benchmarks.personagym.bundled import load_questions, load_settings
from personarium.benchmarks.personagym.method import (
    Asked,
    Batch,
    PersonaGymConfig,
    Questions,
    example_inputs,
    grade_inputs,
    in_words,
    plan_calls,
    question_inputs,
)
from personarium.benchmarks.personagym.steps import ANSWER, EXAMPLES, GRADE, QUESTIONS, SETTINGS
from personarium.benchmarks.personagym.tasks import BY_NAME
from personarium.core.persona import Persona
from personarium.models.step import Step
from personarium.runs import Plan

# What stands in a sample prompt where a reply will stand; about as long as a usual one, so that tokens are estimated well.
_ANSWER = "(the answer of the player) " * 12
_EXAMPLES = "\n".join(f"Score {k}: Response - (an example written for this question)" for k in range(1, 6))
_QUESTION = "(a question written for this persona, its settings and this task)"


def plan_personagym(
    plan: Plan,
    personas: Sequence[Persona],
    *,
    player: str,
    judges: Sequence[str],
    writer: str,
    config: PersonaGymConfig = PersonaGymConfig(),
    fresh: bool = False,
    questions: Mapping[str, Questions] | None = None,
) -> Plan:
    """Fill a plan with the calls of a run.

    Args:
        plan: Where to count.
        personas: Who will be played.
        player: Model name of the player.
        judges: Model names of the judges.
        writer: Model name of the writer of settings, questions and examples.
        config: As for the run.
        fresh: Whether questions are written anew.
        questions: Your own, by persona and task.
    """
    if not personas:
        return plan
    counts = plan_calls(len(personas), len(judges), config, fresh, questions)
    batch = _sample_batch(personas[0], config, fresh, questions)
    samples: list[tuple[Step, str, dict[str, Any]]] = [
        (SETTINGS, writer, {"persona": in_words(batch.persona), "settings": load_settings()}),
        (QUESTIONS, writer, question_inputs(in_words(batch.persona), load_settings()[:8], batch.task, config)),
        (ANSWER, player, {"identity": batch.asked[0].identity, "question": batch.asked[0].question}),
        (EXAMPLES, writer, example_inputs(batch)),
    ]
    samples += [(GRADE, judge, grade_inputs(batch)) for judge in judges]
    for step, model, inputs in samples:
        if step.name in counts:
            calls = counts[step.name] // (len(judges) if step is GRADE else 1)
            _expect(plan, step, model, calls, inputs)
    return plan


def _expect(plan: Plan, step: Step, model: str, calls: int, inputs: dict[str, Any]) -> None:
    messages = step.render(**inputs)
    plan.see(step.name, model, messages, step.sampling)
    entry = plan.steps[(step.name, model)]
    plan.expect(
        step.name,
        model,
        calls - 1,
        prompt_tokens=entry.prompt_tokens // entry.calls,
        max_tokens=step.sampling.max_tokens,
    )


def _sample_batch(
    person: Persona, config: PersonaGymConfig, fresh: bool, own: Mapping[str, Questions] | None = None
) -> Batch:
    known = {} if fresh else (own or load_questions()).get(person.id, {})
    task = BY_NAME[next((name for name in config.tasks if known.get(name)), config.tasks[0])]
    size = min(config.batch_size, config.questions_per_task)
    questions = list(known.get(task.name, ())[:size]) or [_QUESTION] * size
    identity = "" if config.identity == "none" else person.view("personagym").text
    asked = tuple(Asked(person, task, k, question, identity) for k, question in enumerate(questions))
    return Batch(person, task, 0, asked, {a.id: _ANSWER for a in asked}, (_EXAMPLES,) * len(asked))
