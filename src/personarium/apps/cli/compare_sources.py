"""Where the scores of ``personarium compare`` come from: PersonaGym, APC, own questions, replies in files."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from personarium.apps.cli.session import Session, read_personas
from personarium.core.errors import UsageError

PERSONAGYM, APC = "personagym", "apc"
# What a judge is asked where neither --criterion nor --rubric says it.
IN_CHARACTER = "Which reply is what this person would say: true to who they are, nothing added that contradicts it?"
LEVELS = (
    "The reply contradicts the person, or speaks as an AI.",
    "The reply shows little of the person, or is doubtful on something that is stated.",
    "Nothing is wrong, and anybody could have said it.",
    "The reply is this person's, with something left out.",
    "The reply is entirely what this person would say.",
)
_FUNCTION = re.compile(r"[\w./\\-]+:[A-Za-z_]\w*")
_MODELS = ("simulated", "openai", "ollama", "vllm", "openrouter", "openai-compatible", "hf")
STAND_IN = "(the reply of {}) " * 8  # in a dry run's prompts; about as long as a usual one


def is_own_agent(name: str) -> bool:
    """Whether a contestant is the user's own agent (an address, ``module:function``), and not a model."""
    if name.startswith(("http://", "https://")):
        return True
    return _FUNCTION.fullmatch(name) is not None and re.split(r"[:/]", name)[0] not in _MODELS


class Contest(Session):
    """A session in which several models and own agents take part; the first is the session's player."""

    def _open(self, name: str, base_url: str | None) -> Any:
        if not is_own_agent(name):
            return super()._open(name, base_url)
        from personarium.models.own_agents import open_agent

        return open_agent(name, sessions=self._sessions, timeout_s=self.options.timeout)

    def contestants(self, names: Sequence[str]) -> dict[str, Any]:
        """Name -> the model as the run asks it."""
        return dict(zip(names, [self.player, *self.judges[: len(names) - 1]], strict=True))

    def graders(self, names: Sequence[str]) -> list[Any]:
        """The judges, without the contestants."""
        return self.judges[len(names) - 1 :]


# --- PersonaGym ---


def personagym_items(number: int, tasks: Sequence[str], seed: int) -> tuple[list[Any], dict[str, dict[str, list[str]]]]:
    """So many stored questions, spread over as many personas as there are: personas, and persona -> task -> questions."""
    from personarium.benchmarks.personagym import load_personas, load_questions

    rng = random.Random(f"{seed} items")
    stored, people = load_questions(), load_personas()
    rng.shuffle(people)
    decks = {p.id: [(t, q) for t in tasks for q in stored[p.id].get(t, ())] for p in people}
    for deck in decks.values():
        rng.shuffle(deck)
    rounds = (
        (p, deck[k]) for k in range(max(map(len, decks.values()))) for p in people if k < len(deck := decks[p.id])
    )
    asked: dict[str, dict[str, list[str]]] = {}
    for _, (person, (task, question)) in zip(range(number), rounds, strict=False):
        asked.setdefault(person.id, {}).setdefault(task, []).append(question)
    return [p for p in people if p.id in asked], asked


async def written_items(
    persona: Any, writer: Any, number: int, config: Any, seed: int
) -> dict[str, dict[str, list[str]]]:
    """So many questions that the judge writes for the user's own persona."""
    from personarium.benchmarks.personagym import WrittenItems

    asked: dict[str, list[str]] = {}
    count = 0
    async for item in WrittenItems(writer, persona, config, seed):
        asked.setdefault(item.task, []).append(item.question)
        count += 1
        if count == number:
            break
    if not asked:
        raise UsageError("the judge wrote no question for this persona; try another --judge, or --on FILE")
    return {persona.id: asked}


async def personagym_table(session: Contest, given: Mapping[str, Any]) -> Any:
    """Every contestant on the same questions, each answered and graded alone."""
    from personarium.benchmarks.personagym import PersonaGymConfig
    from personarium.benchmarks.personagym.tasks import TASKS

    names, seed = given["contestants"], given["seed"]
    config = PersonaGymConfig(tasks=tuple(given["task"]) or tuple(t.name for t in TASKS), batch_size=1)
    graders = session.graders(names)
    if given["persona"] is not None:
        people = read_personas(given["persona"], 1)
        if session.options.dry_run:
            return _plan_written(session, people[0], names, graders, given["items"], config)
        questions = await written_items(people[0], graders[0], given["items"], config, seed)
    else:
        people, questions = personagym_items(given["items"], config.tasks, seed)
    players = _players(session, names, given["baselines"], len(people) > 1)
    if session.options.dry_run:
        return _plan_stored(session, people, questions, players, graders, config)
    found = {}
    for name, (model, identity) in players.items():
        found[name] = await _played(session, model, graders, people, questions, replace(config, identity=identity))
    return _table_of(found, people, graders, frozenset(players) - set(names))


def _players(session: Contest, names: Sequence[str], baselines: bool, several: bool) -> dict[str, tuple[Any, str]]:
    """Name -> (model, whose identity it is told); the baselines are the first model that is told one at all."""
    models = session.contestants(names)
    players = {name: (model, "none" if is_own_agent(name) else "own") for name, model in models.items()}
    told = [name for name in names if not is_own_agent(name)]
    if baselines and told:
        players["no persona"] = (models[told[0]], "none")
        if several:
            players["shuffled persona"] = (models[told[0]], "shuffled")
    elif baselines:
        session.output.warn("own agents are told no persona, so that there is no baseline without one")
    return players


async def _played(session: Contest, model: Any, graders: Any, people: Any, questions: Any, config: Any) -> Any:
    from personarium.benchmarks.personagym import run_personagym

    return await run_personagym(
        model,
        graders,
        personas=people,
        questions=questions,
        config=config,
        seed=session.options.seed,
        run=session.run,
        concurrency=session.options.concurrency,
    )


def _table_of(
    found: Mapping[str, Any], people: Sequence[Any], graders: Sequence[Any], baselines: frozenset[str]
) -> Any:
    from personarium.benchmarks.personagym import score_of
    from personarium.core.results import Failure, Scale, count_failures, main_reason
    from personarium.measure.comparison import Item, ScoreTable

    first = next(iter(found.values()))
    scored = {name: [score_of(question) for question in result.questions] for name, result in found.items()}
    items = tuple(Item(q.id, q.persona_id if len(people) > 1 else "", q.question, q.persona) for q in first.questions)
    return ScoreTable(
        items,
        {name: tuple(None if isinstance(s, Failure) else s for s in column) for name, column in scored.items()},
        Scale(1.0, 5.0, True, "points"),
        "PersonaGym, each question by itself",
        {name: tuple(q.answer for q in result.questions) for name, result in found.items()},
        {name: count_failures(s for s in column if isinstance(s, Failure)) for name, column in scored.items()},
        baselines,
        unit="question",
        judge=", ".join(judge.name for judge in graders),
        reason=main_reason(s for column in scored.values() for s in column if isinstance(s, Failure)),
    )


def _plan_stored(
    session: Contest, people: Any, questions: Any, players: Mapping[str, Any], graders: Any, config: Any
) -> None:
    from personarium.benchmarks.personagym.planning import plan_personagym

    judges = [judge.name for judge in graders]
    for model, _ in players.values():
        plan_personagym(
            session.run.plan,
            people,
            player=model.name,
            judges=judges,
            writer=judges[0],
            config=config,
            questions=questions,
        )
    session.output.warn("the score examples are the same for all contestants, and asked for once only")


def _plan_written(session: Contest, person: Any, names: Sequence[str], graders: Any, items: int, config: Any) -> None:
    from personarium.benchmarks.personagym import plan_items

    for model in session.contestants(names).values():
        judges = [judge.name for judge in graders]
        plan_items(session.run.plan, person, player=model.name, judges=judges, items=items, config=config)


# --- APC ---


async def apc_table(session: Contest, given: Mapping[str, Any]) -> Any:
    """Every contestant by the APC score: one item a question, one group a persona."""
    from personarium.measure.apc import APCInstrument
    from personarium.measure.comparison import measure_with

    names = given["contestants"]
    own = [name for name in names if is_own_agent(name)]
    if own and len(own) < len(names):
        raise UsageError("--on apc compares models, or own agents, not both: only models are told the persona")
    models = session.contestants(names)
    untold = {"no persona": (APCInstrument(style="none"), models[names[0]])}
    return await measure_with(
        APCInstrument(style="none" if own else "system"),
        models,
        read_personas(given["persona"], given["items"]),
        baselines=untold if given["baselines"] and not own else None,
        seed=given["seed"],
        run=session.run,
        concurrency=session.options.concurrency,
    )


# --- replies that a judge reads ---


async def asked_replies(session: Contest, items: Sequence[Any], given: Mapping[str, Any]) -> Any:
    """What the contestants answer to questions of the user's own; stand-ins in a dry run."""
    from personarium.measure.comparison import Replies, ask_agents

    names = given["contestants"]
    replies = await ask_agents(
        session.contestants(names),
        items,
        untold=[name for name in names if is_own_agent(name)],
        baselines=given["baselines"],
        seed=given["seed"],
        run=session.run,
        concurrency=session.options.concurrency,
    )
    if not session.options.dry_run:
        return replies
    texts = {name: (STAND_IN.format(*[name] * 8),) * len(replies.items) for name in replies.texts}
    return Replies(replies.items, texts, {}, replies.baselines)


async def judged(session: Contest, replies: Any, graders: Sequence[Any], given: Mapping[str, Any]) -> Any:
    """Replies compared two by two in both orders, or graded one by one with ``--pointwise``."""
    from personarium.core.rubric import Rubric
    from personarium.judges import Ensemble, Judge
    from personarium.measure.comparison import grade_replies, judge_pairs, shuffled_replies

    if given["baselines"] and not replies.baselines and len(replies.items) > 1:
        replies = shuffled_replies(replies)
    asks = 1 if session.options.dry_run else Judge.asks
    judges = [Judge(model, seed=given["seed"], asks=asks, ties=not given["pointwise"]) for model in graders]
    rater: Any = judges[0] if len(judges) == 1 else Ensemble(judges)
    criterion = given["criterion"] or IN_CHARACTER
    rubric = rubric_of(given["rubric"])
    common = {"run": session.run, "concurrency": session.options.concurrency}
    if given["pointwise"]:
        return await grade_replies(replies, rater, rubric or Rubric(criterion, LEVELS), **common)
    return await judge_pairs(replies, rater, rubric or criterion, prices=session.prices, **common)


def rubric_of(path: Any) -> Any:
    """The rubric of ``--rubric``; None without."""
    from personarium.core.files import existing, parse_yaml, read_text
    from personarium.judges.prometheus import read_rubric

    return (
        None if path is None else read_rubric(parse_yaml(read_text(existing(path), "a rubric"), str(path)), str(path))
    )
