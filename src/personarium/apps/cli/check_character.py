"""``personarium check-character``: a gate for CI, with a stated error rate and no more questions than it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.bench import warn_of_unused
from personarium.apps.cli.output import speaks
from personarium.apps.cli.session import RunOptions, Session, finish_run, read_personas, run_options
from personarium.core.errors import UsageError

TASK = "Persona Consistency"


@speaks
@opt.takes_common
def check_character(
    persona: Annotated[
        str, typer.Option("--persona", "-p", help="The character: a card, a persona file, or a sentence.")
    ],
    at_least: Annotated[float, typer.Option("--at-least", help="Score to reach, between 1 and 5 points.")],
    confidence: Annotated[
        float, typer.Option("--confidence", help="How sure it must be before it says pass or fail.")
    ] = 0.95,
    task: Annotated[
        list[str], typer.Option("--task", help="What is asked about, a task of PersonaGym; may be repeated.")
    ] = [TASK],  # noqa: B006 (typer copies it)
    questions: Annotated[
        Path | None,
        typer.Option("--questions", help="Your own: JSON lines with question, task?; else the first judge writes."),
    ] = None,
    max_items: Annotated[
        int, typer.Option("--max-items", min=1, max=100_000, help="Most questions; the same run goes on with more.")
    ] = 60,
    model: opt.Model = "simulated",
    judge: opt.Judge = ["simulated:seed=1"],  # noqa: B006
    agent: opt.Agent = None,
    agent_model: opt.AgentModel = None,
    stateful: opt.Stateful = False,
    base_url: opt.BaseUrl = None,
    judge_base_url: opt.JudgeBaseUrl = None,
    common: opt.Common = opt.Common(),
) -> None:
    """Pass or fail: is an agent at least this true to its character? Asks until it is sure, and then stops.

    Exit codes: 0 passes, 1 is below, 4 not enough evidence (and how many more questions would decide).

    Example: personarium check-character -p card.png --agent http://127.0.0.1:8000/v1 --at-least 4.2 --max-cost 2
    """
    given = opt.given(locals())
    from personarium.benchmarks.personagym import PersonaGymConfig, load_own_questions
    from personarium.benchmarks.personagym.instrument import POINTS
    from personarium.measure.gate import check_gate

    check_gate(at_least, POINTS, confidence)
    config = PersonaGymConfig(tasks=tuple(task), batch_size=1, identity="own" if agent is None else "none")
    person = _one(read_personas(persona, None), persona)
    own = None if questions is None else load_own_questions(questions, [person], config.tasks)[person.id]
    chosen = run_options("check-character", given, _decides(given, person.id), judge)
    session = Session(_anew(chosen) if agent is not None else chosen)
    if questions is not None:
        warn_of_unused(session, questions, [person], config.tasks)
    if common.dry_run:
        _plan(session, person, config, own, max_items)
        return
    with session:
        verdict, answered = session.work(_check(session, person, config, own, given))
        _keep(session, verdict, answered, person, given)
    _finish(session, verdict, person, given)


def _anew(chosen: RunOptions) -> RunOptions:
    """A check of an own agent that was decided is over: the agent may have changed since, so it is asked again.

    A check that was stopped or left open goes on in its folder, and so does one whose folder was named with ``--out``.
    """
    if chosen.out is not None or chosen.dry_run:
        return chosen
    first = folder = chosen.folder()
    number = 1
    while _decided(folder):
        number += 1
        folder = first.with_name(f"{first.name}-{number}")
    return replace(chosen, out=folder)


def _decided(folder: Path) -> bool:
    from personarium.runs import read_run

    return (folder / "summary.json").is_file() and (read_run(folder).summary or {}).get("result") in ("pass", "fail")


def _one(people: Sequence[Any], source: str) -> Any:
    if len(people) != 1:
        raise UsageError(f"one character is checked at a time, found {len(people)} personas in {source}")
    return people[0]


def _decides(given: Mapping[str, Any], persona: str) -> dict[str, Any]:
    """What makes it another run. Not the limit of questions or of cost: with a higher one the same run goes on."""
    return {
        "personas": [persona],
        "tasks": list(given["task"]),
        "questions": given["questions"] and str(given["questions"]),
        "at_least": given["at_least"],
        "confidence": given["confidence"],
    }


def _plan(session: Session, person: Any, config: Any, own: Any, max_items: int) -> None:
    from personarium.benchmarks.personagym.items import plan_items

    known = max_items if own is None else min(max_items, sum(map(len, own.values())))
    judges = [j.name for j in session.judges]
    plan_items(
        session.run.plan, person, player=session.player.name, judges=judges, items=known, config=config, questions=own
    )
    session.output.warn(f"these are the most calls: {known} questions; it stops as soon as it is sure")
    session.show_plan()


async def _check(
    session: Session, person: Any, config: Any, own: Any, given: Mapping[str, Any]
) -> tuple[Any, list[Any]]:
    from personarium.benchmarks.personagym.items import ask_until_sure

    items = _items(session, person, config, own)
    verdict, answered = await ask_until_sure(
        session.player,
        session.judges,
        person,
        items,
        at_least=given["at_least"],
        confidence=given["confidence"],
        max_items=given["max_items"],
        config=config,
        seed=session.options.seed,
        run=session.run,
    )
    for failure in getattr(items, "failures", ()):
        session.output.warn(f"a list of questions could not be had: {failure.reason}")
    return verdict, answered


def _items(session: Session, person: Any, config: Any, own: Any) -> Any:
    """The user's questions, those of an earlier session of this run first and in their order; or new ones."""
    from personarium.benchmarks.personagym.items import WrittenItems, in_random_order
    from personarium.runs import read_run

    seed = session.options.seed
    if own is None:
        return WrittenItems(session.judges[0], person, config, seed)
    earlier = read_run(session.run.path)
    first = earlier.table().select("task", "question").rows() if earlier.table_path().is_file() else ()
    return in_random_order(own, seed, first)


def _keep(session: Session, verdict: Any, answered: Sequence[Any], person: Any, given: Mapping[str, Any]) -> None:
    from personarium.apps.cli.check_summary import check_summary, who_played
    from personarium.benchmarks.personagym import PersonaGymResult, save_questions

    judges = [judge.name for judge in session.judges]
    session.run.write_results(q.as_row() for q in answered)
    if answered and given["questions"] is None:
        kept = PersonaGymResult(tuple(answered), tuple(judges), session.player.name)
        save_questions(kept, session.run.path / "questions.jsonl")
    unread = sum(len(q.failures) for q in answered if q.score is not None)
    if unread:
        session.output.warn(f"{unread} verdicts or score examples could not be read beside the scores that count")
    session.run.write_summary(
        check_summary(verdict, answered, who_played(session.player.name, person, judges), session.output.warnings)
    )
    if verdict.stopped == "budget":
        session.run.close("interrupted", verdict.reasons[0])


def _finish(session: Session, verdict: Any, person: Any, given: Mapping[str, Any]) -> None:
    from personarium.apps.cli.check_summary import SCORE, Costs, next_step, show_verdict, who_played

    costs = Costs.of(session)
    then = next_step(verdict, given, costs)
    measured = {SCORE: verdict.estimate.as_dict()} if verdict.estimate.value is not None else {}
    data = {
        **verdict.as_dict(),
        "exit_code": verdict.exit_code,
        "next": then,
        "estimates": measured,
        "cost_usd": costs.usd,
        "calls": costs.calls,
    }
    who = who_played(session.player.name, person, [judge.name for judge in session.judges])
    finish_run(session, data, lambda out: show_verdict(out, verdict, given, costs, who, then))
    if verdict.exit_code:
        raise SystemExit(verdict.exit_code)
