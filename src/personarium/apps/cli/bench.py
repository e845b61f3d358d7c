"""``personarium bench``: published benchmarks on any model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import speaks
from personarium.apps.cli.session import (
    Session,
    digest_of,
    finish_run,
    only_persona,
    read_personas,
    run_options,
    warn_of_failures,
)

# The calibration of a run's own instrument: small, because a judge may cost money.
CALIBRATED, FIDELITIES, EQUALS, CONTROLS = 12, (0.0, 0.5, 1.0), 4, 11


@speaks
@opt.takes_common
def personagym(
    model: opt.Model = "simulated",
    judge: opt.Judge = ["simulated:seed=1"],  # noqa: B006 (typer copies it)
    personas: Annotated[
        int, typer.Option("--personas", "-n", min=1, max=200, help="How many of the 200 personas.")
    ] = 5,
    persona: Annotated[
        str | None,
        typer.Option(
            "--persona", "-p", help="Your own: a card or persona file, or a sentence. Questions are then written."
        ),
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(
            "--questions", help="Your own, or a run's questions.jsonl: JSON lines with question, task?, persona_id?."
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Have settings and questions written anew.")] = False,
    task: Annotated[list[str], typer.Option("--task", help="One task only; may be repeated.")] = [],  # noqa: B006
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, max=10, help="Answers graded in one prompt; 1 avoids order effects.")
    ] = 5,
    missing: Annotated[
        str, typer.Option("--missing", help="drop: an unread judge is missing; paper: it counts 0.")
    ] = "drop",
    as_published: Annotated[bool, typer.Option("--as-published", help="Bring all published faults back.")] = False,
    erratum: Annotated[list[str], typer.Option("--erratum", help="Bring one published fault back, by its id.")] = [],  # noqa: B006
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Also run the player without persona and with another's.")
    ] = False,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate",
            help="Also try the first judge on simulated subjects (432 more judge calls) and show what it detects.",
        ),
    ] = False,
    agent: opt.Agent = None,
    agent_model: opt.AgentModel = None,
    stateful: opt.Stateful = False,
    base_url: opt.BaseUrl = None,
    judge_base_url: opt.JudgeBaseUrl = None,
    common: opt.Common = opt.Common(),
) -> None:
    """PersonaGym: five tasks, graded 1 to 5 by an ensemble of judges.

    Example: personarium bench personagym --persona card.png --agent http://127.0.0.1:8000/v1 --judge openai/gpt-4o
    """
    given = opt.given(locals())
    from personarium.benchmarks.personagym import PersonaGymConfig, load_own_questions, load_personas
    from personarium.benchmarks.personagym.tasks import TASKS

    config = PersonaGymConfig(
        tasks=tuple(task) or tuple(t.name for t in TASKS),
        batch_size=batch_size,
        missing=missing,  # type: ignore[arg-type]
        identity="own" if agent is None else "none",
    )
    people = load_personas(personas) if persona is None else read_personas(persona, None)
    own = None if questions is None else load_own_questions(questions, people, config.tasks)
    fresh = own is None and (fresh or persona is not None)
    faults: Any = True if as_published else sorted(erratum)
    chosen = run_options(
        "personagym",
        given,
        {
            "personas": [p.id for p in people],
            "questions": own and digest_of(own),
            "fresh": fresh,
            "tasks": list(config.tasks),
            "batch_size": batch_size,
            "missing": missing,
            "as_published": faults,
            "baselines": baselines,
            "calibrate": calibrate,
        },
        judge,
    )
    only_persona(agent, people)
    session = Session(chosen)
    if questions is not None:
        warn_of_unused(session, questions, people, config.tasks)
    if common.dry_run:
        _plan(session, people, config, own, fresh, calibrate)
        return
    with session:
        result, others, calibration = session.work(
            _run(
                session, people, config, own or ("fresh" if fresh else "stored"), faults or False, baselines, calibrate
            )
        )
        _write(session, result, others, calibration)
    _finish(session, result, others)


def warn_of_unused(session: Session, questions: Path, people: Any, tasks: Any) -> None:
    """Say how many lines of the user's questions are not asked, and why."""
    from personarium.benchmarks.personagym import unused_questions

    unused = unused_questions(questions, people, tasks)
    if unused:
        session.output.warn(
            f"{unused} lines of {questions} are not asked: they repeat a question, or are of another task or persona"
        )


def _plan(session: Session, people: Any, config: Any, own: Any, fresh: bool, calibrates: bool) -> None:
    from personarium.benchmarks.personagym.planning import plan_personagym

    names = [j.name for j in session.judges]
    plan_personagym(
        session.run.plan,
        people,
        player=session.player.name,
        judges=names,
        writer=names[0],
        config=config,
        fresh=fresh,
        questions=own,
    )
    if calibrates:
        calls = CALIBRATED * (len(FIDELITIES) + EQUALS + CONTROLS)
        for step in ("examples", "grade"):
            session.run.plan.expect(f"calibration.{step}", names[0], calls, prompt_tokens=900)
    session.show_plan()


def _finish(session: Session, result: Any, others: dict[str, Any]) -> None:
    from personarium.apps.cli.summaries import BASELINES
    from personarium.core.results import count_failures

    baselines = {BASELINES[name]: other.estimates()["PersonaScore"] for name, other in others.items()}
    data = {
        "estimates": {name: e.as_dict() for name, e in result.estimates().items()},
        "unparsed": result.unparsed,
        "failures": count_failures(result.failures),
        "questions": len(result.questions),
        "reasks": result.reasks,
        "baselines": {name: estimate.as_dict() for name, estimate in baselines.items()},
    }
    warn_of_failures(session, result.failures)
    finish_run(session, data, lambda out_: _show(out_, result, baselines))


async def _run(
    session: Session, people: Any, config: Any, questions: Any, faults: Any, baselines: bool, calibrates: bool
) -> Any:
    from dataclasses import replace

    from personarium.benchmarks.personagym import run_personagym

    async def one(personas: Any, questions: Any, identity: str) -> Any:
        return await run_personagym(
            session.player,
            session.judges,
            personas=personas,
            questions=questions,
            config=replace(config, identity=identity),
            seed=session.options.seed,
            as_published=faults,
            run=session.run,
            concurrency=session.options.concurrency * 2,
        )

    result = await one(people, questions, config.identity)
    others: dict[str, Any] = {}
    if baselines and session.own_agent:
        stranger = _stranger(people[0])
        others["stranger"] = await one([stranger], {stranger.id: _asked(result)}, config.identity)
    elif baselines:
        others = {name: await one(people, questions, name) for name in ("none", "shuffled")}
    return result, others, await _calibration(session) if calibrates else None


def _stranger(person: Any) -> Any:
    """Somebody else, as whom an own agent's answers are judged once more: the first bundled persona that is not it."""
    from personarium.benchmarks.personagym import load_personas

    return next(other for other in load_personas(2) if other.view("statements").text != person.view("statements").text)


def _asked(result: Any) -> dict[str, list[str]]:
    return {task: [q.question for q in result.questions if q.task == task] for task in result.tasks}


async def _calibration(session: Session) -> Any:
    """The instrument of this run, one task with its first judge, on subjects whose truth is known."""
    from personarium.apps.cli.calibrate import make_instrument
    from personarium.measure.calibrate import calibrate, keyed_world

    world = keyed_world(CALIBRATED)
    instrument = make_instrument("personagym", world, session.judges[0])
    return await calibrate(
        instrument, grid={"fidelity": FIDELITIES}, personas=world, equals=EQUALS, seed=session.options.seed
    )


def _write(session: Session, result: Any, others: dict[str, Any], calibration: Any) -> None:
    from personarium.apps.cli.summaries import personagym_summary
    from personarium.benchmarks.personagym import save_questions

    session.run.write_results(result.rows())
    save_questions(result, Path(session.run.path) / "questions.jsonl")
    summary = personagym_summary(result, others, session.output.warnings)
    if calibration is not None:
        summary["sections"] += calibration.sections()
    session.run.write_summary(summary)


def _show(out: Any, result: Any, baselines: dict[str, Any]) -> None:
    from personarium.apps.cli.tables import estimates_table

    out.print(
        estimates_table(result.estimates(), "PersonaGym", f"{result.player} judged by {', '.join(result.judges)}")
    )
    if baselines:
        out.print()
        out.print(estimates_table(baselines, "Trivial baselines (PersonaScore)"))
