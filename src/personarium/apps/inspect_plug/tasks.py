"""The tasks: ``inspect eval personarium/personagym --model … --model-role grader=…``, and ten more.

Each makes its items from what is bundled or from the file that it is given, and hands them to its benchmark. Where the published
set cannot be shipped and no file was given, the task says so (in the log's metadata and on the screen) and takes the benchmark's own
small or made-up set. Heavy rooms are imported inside, for Inspect imports this module at its start.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inspect_ai import Task, task

from personarium.apps.inspect_plug.task_arguments import errata_of, listed, task_of
from personarium.core.errors import UsageError

# --- rated ---


@task
def personagym(
    personas: int = 5,
    tasks: str | list[str] | None = None,
    persona: str | None = None,
    questions: str | None = None,
    fresh: bool = False,
    batch_size: int = 5,
    identity: str = "own",
    errata: str | list[str] | None = None,
    judge: str | None = None,
    seed: int = 0,
) -> Task:
    """PersonaGym: five tasks, graded 1 to 5. All 200 personas and 10,000 questions are bundled.

    Args:
        personas: How many of the 200.
        tasks: Which of the five, by name; all without.
        persona: Your own: a card or persona file; its questions are then written by the grader.
        questions: Your own, JSON lines with question, task?, persona_id?.
        fresh: Have settings and questions written anew by the grader.
        batch_size: Answers graded in one prompt.
        identity: ``own``, or ``none`` for the trivial baseline without a persona.
        errata: Published faults to bring back: ids, or ``all``.
        judge: The grader; the role ``grader`` (``--model-role grader=…``) goes before it, the evaluated model grades without either.
        seed: Of every draw.
    """
    from personarium.apps.inspect_plug.rated import PersonaGym
    from personarium.benchmarks.personagym import TASKS, PersonaGymConfig, load_own_questions, load_personas
    from personarium.core import load_personas as read_personas

    if identity not in ("own", "none"):
        raise UsageError(
            f"identity must be own or none, found '{identity}': another persona's needs more than one sample"
        )
    config = PersonaGymConfig(
        tasks=tuple(listed(tasks)) or tuple(one.name for one in TASKS), batch_size=batch_size, identity=identity
    )
    people = list(load_personas(personas) if persona is None else read_personas(persona))
    own = None if questions is None else load_own_questions(questions, people, config.tasks)
    asked = own or ("fresh" if fresh or persona is not None else "stored")
    return task_of(PersonaGym(people, asked, config, seed, errata_of(errata)), seed, judge)


@task
def esc_eval(
    cards: str | list[str] | None = None,
    language: str | None = None,
    rounds: int = 5,
    rater_sees_card: bool = False,
    errata: str | list[str] | None = None,
    judge: str | None = None,
    user: str | None = None,
    seed: int = 0,
) -> Task:
    """ESC-Eval: simulated people talk about their worries with the model; seven dimensions, 0 to 4.

    Args:
        cards: Files ``card_high_en.json`` and the like; the bundled invented people without.
        language: ``english`` or ``chinese``; both without.
        rounds: Of each dialogue.
        rater_sees_card: Show the grader who was played (a simulated grader is always shown it).
        errata: Published faults to bring back: ids, or ``all``.
        judge: The grader, as for personagym.
        user: Who plays the people; role ``user``.
        seed: Of all replies.
    """
    from personarium.apps.inspect_plug.rated import EscEval
    from personarium.benchmarks.esc_eval import EscEvalConfig, bundled_cards, read_cards

    files = listed(cards)
    people = [card for path in files for card in read_cards(path)] if files else bundled_cards()
    kept = [card for card in people if language in (None, card.language)]
    if not kept:
        raise UsageError(f"there is no card in '{language}'; the languages are english and chinese")
    config = EscEvalConfig(rounds=rounds, rater_sees_card=rater_sees_card)
    notice = (
        "" if files else "the published cards are not shipped (-T cards=card_high_en.json); these are invented people"
    )
    return task_of(EscEval(kept, config, seed, errata_of(errata)), seed, judge, user, notice)


@task
def likebench(
    profiles: int = 8,
    data: str | None = None,
    sessions: int = 5,
    turns: int = 4,
    judge: str | None = None,
    user: str | None = None,
    seed: int = 0,
) -> Task:
    """LikeBench: users talk with the model over several sessions and rate every reply on seven metrics.

    Args:
        profiles: How many users are drawn.
        data: Your own users: a JSON list, as a run's ``profiles.json``.
        sessions: With each user.
        turns: Of each session.
        judge: Another model that rates in the user's place; role ``grader``.
        user: Who plays the users and rates; role ``user``. Plain rules without.
        seed: Of every draw.
    """
    from personarium.apps.inspect_plug.rated import LikeBench
    from personarium.benchmarks.likebench import LikeBenchConfig, draw_profiles, read_profiles

    people = draw_profiles(profiles, seed) if data is None else read_profiles(data)
    return task_of(LikeBench(people, LikeBenchConfig(sessions=sessions, turns=turns, seed=seed)), seed, judge, user)


# --- chosen ---


@task
def personaeval(
    data: str | list[str] | None = None, errata: str | list[str] | None = None, attempts: int = 5, seed: int = 0
) -> Task:
    """PersonaEval: who is speaking? The evaluated model is the judge that is tested.

    Args:
        data: ``Literary.csv``, ``Drama.csv``, ``Expertise.csv`` or own items (JSON lines); the bundled items without.
        errata: Published faults to bring back: ids, or ``all``.
        attempts: Most times an item is asked while its reply cannot be read.
        seed: Of replies and intervals.
    """
    from personarium.apps.inspect_plug.chosen import PersonaEval
    from personarium.benchmarks.personaeval import PersonaEvalConfig, bundled_items, read_items

    files = listed(data)
    items = [item for path in files for item in read_items(path)] if files else bundled_items()
    notice = (
        "" if files else "the published items are not shipped (-T data=Literary.csv); these are our own, from chats"
    )
    return task_of(
        PersonaEval(items, PersonaEvalConfig(attempts=attempts), seed, errata_of(errata)), seed, notice=notice
    )


@task
def personafeedback(
    data: str | None = None,
    fields: str | list[str] | None = None,
    settings: str | list[str] = "none,shuffled",
    users: int = 20,
    seed: int = 0,
) -> Task:
    """PersonaFeedback: which of two replies suits this user better? In both orders.

    Args:
        data: A JSON lines file or the data set's folder; without it a made-up set with a known rule.
        fields: Which key of the file means what: ``persona=profile,chosen=good,rejected=bad``.
        settings: Beside the explicit persona: none, shuffled, retrieved.
        users: Of the made-up set, six items each.
        seed: Of the run and of the intervals.
    """
    from personarium.apps.inspect_plug.chosen import PersonaFeedback
    from personarium.benchmarks.personafeedback import FieldMap, planted_items, read_feedback

    if data is None:
        items: Sequence[Any] = planted_items(users, 6, seed)
        notice = "the published items are not shipped (-T data=FOLDER); this is a made-up set with a known rule"
    else:
        items, notice = read_feedback(data, FieldMap.parse(listed(fields)), seed=seed).items, ""
    return task_of(PersonaFeedback(items, listed(settings), seed), seed, notice=notice)


# --- answered ---


@task
def persobench(
    data: str | None = None, dataset: str | None = None, reasoning: bool = False, rows: int | None = None, seed: int = 0
) -> Task:
    """PersoBench: the next reply for given personas, by metrics without any judge.

    Args:
        data: CSV with columns personas, context, act_response (``Prompts/FoCus.csv``); the bundled example without.
        dataset: focus, it-convai2, blended-skill-talk, pec, synthetic-personachat or other; by the file's name without.
        reasoning: Ask for a reasoning field first (the paper's CoT).
        rows: The first so many.
        seed: Of the model and the intervals.
    """
    from personarium.apps.inspect_plug.answered import PersoBench
    from personarium.benchmarks.persobench import (
        PersoBenchConfig,
        dataset_of,
        embedded_scorers,
        example_rows,
        read_rows,
    )

    found = example_rows() if data is None else read_rows(data, dataset or dataset_of(data))
    config = PersoBenchConfig(reasoning=reasoning, seed=seed)
    notice = (
        ""
        if data
        else "the published prompts are not shipped (-T data=FoCus.csv); this example is too small to measure by"
    )
    return task_of(PersoBench(found[:rows], embedded_scorers(), config), seed, notice=notice)


@task
def personabench(
    data: str | None = None,
    retriever: str = "bm25",
    noise: float | None = None,
    k: int = 5,
    people: int = 3,
    seed: int = 2024,
) -> Task:
    """PersonaBench: find personal facts in somebody's private documents, then answer with a word or two.

    Args:
        data: A community of PersonaBench, or a folder of them; the bundled example without.
        retriever: bm25, embedding, first, or oracle.
        noise: Level of noise; the lowest without.
        k: Segments retrieved.
        people: The first so many people of a community.
        seed: Of the reader and the intervals.
    """
    from personarium.apps.inspect_plug.answered import PersonaBench
    from personarium.benchmarks.personabench import (
        PersonaBenchConfig,
        load_communities,
        load_example,
        open_retriever,
    )

    communities = [load_example(noise or 0.0)] if data is None else load_communities(data, noise)
    config = PersonaBenchConfig(k=k, num_people=people)
    benchmark = PersonaBench(communities, open_retriever(retriever, "static"), config, seed)
    notice = (
        ""
        if data
        else "the released communities are not shipped (-T data=FOLDER); this example is too small to measure by"
    )
    return task_of(benchmark, seed, notice=notice)


@task
def synthpai(data: str | None = None, ask_all: bool = False, judge: str | None = None, seed: int = 0) -> Task:
    """SynthPAI: what a model guesses of the authors of comments.

    Args:
        data: Author rows, ``.jsonl`` or ``.jsonl.gz`` with username, comments, reviews. They are not shipped.
        ask_all: Ask for all eight attributes and count claims about those without a label.
        judge: Sorts educations and judges what the rules leave open; role ``grader``, nobody without.
        seed: Of the run and the intervals.
    """
    from personarium.apps.inspect_plug.answered import SynthPAI
    from personarium.benchmarks.synthpai import GradingConfig, read_authors

    if data is None:
        raise UsageError(
            "synthpai needs author rows (username, comments, reviews), which are not shipped: give the file that SynthPAI "
            "publishes, or your own, with -T data=authors.jsonl"
        )
    config = GradingConfig(ask="all" if ask_all else "labelled")
    return task_of(SynthPAI(read_authors(data), config, seed), seed, judge)
