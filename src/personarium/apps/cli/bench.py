"""``personarium bench``: published benchmarks on any model."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import speaks
from personarium.apps.cli.session import Session, finish_run, read_personas, run_options

# The calibration of a run's own instrument: small, because a judge may cost money.
CALIBRATED, FIDELITIES, EQUALS, CONTROLS = 12, (0.0, 0.5, 1.0), 4, 11


@speaks
def personagym(
    model: opt.Model = "simulated",
    judge: opt.Judge = ["simulated:seed=1"],  # noqa: B006 (typer copies it)
    personas: Annotated[
        int, typer.Option("--personas", "-n", min=1, max=200, help="How many of the 200 personas.")
    ] = 5,
    persona: Annotated[
        str | None,
        typer.Option("--persona", "-p", help="Your own: a persona file, or a sentence. Questions are then written."),
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
    base_url: opt.BaseUrl = None,
    judge_base_url: opt.JudgeBaseUrl = None,
    concurrency: opt.Concurrency = 50,
    timeout: opt.Timeout = None,
    max_cost: opt.MaxCost = None,
    prices: opt.Prices = None,
    out: opt.Out = None,
    seed: opt.Seed = 0,
    dry_run: opt.DryRun = False,
    as_json: opt.AsJson = False,
) -> None:
    """PersonaGym: five tasks, graded 1 to 5 by an ensemble of judges.

    Example: personarium bench personagym --personas 5 --model ollama/llama3.2 --judge openai/gpt-4o
    """
    given = dict(locals())
    from personarium.benchmarks.personagym import PersonaGymConfig, load_personas
    from personarium.benchmarks.personagym.tasks import TASKS

    config = PersonaGymConfig(
        tasks=tuple(task) or tuple(t.name for t in TASKS),
        batch_size=batch_size,
        missing=missing,  # type: ignore[arg-type]
    )
    people = load_personas(personas) if persona is None else read_personas(persona, None)
    fresh = fresh or persona is not None
    faults: Any = True if as_published else sorted(erratum)
    chosen = run_options(
        "personagym",
        given,
        {
            "personas": [p.id for p in people],
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
    session = Session(chosen)
    if dry_run:
        _plan(session, people, config, fresh, calibrate)
        return
    with session:
        result, others, calibration = session.work(
            _run(session, people, config, fresh, faults or False, baselines, calibrate)
        )
        _write(session, result, others, calibration)
    _finish(session, result)


def _plan(session: Session, people: Any, config: Any, fresh: bool, calibrates: bool) -> None:
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
    )
    if calibrates:
        calls = CALIBRATED * (len(FIDELITIES) + EQUALS + CONTROLS)
        for step in ("examples", "grade"):
            session.run.plan.expect(f"calibration.{step}", names[0], calls, prompt_tokens=900)
    session.show_plan()


def _finish(session: Session, result: Any) -> None:
    from personarium.core.results import count_failures

    data = {
        "estimates": {name: e.as_dict() for name, e in result.estimates().items()},
        "unparsed": result.unparsed,
        "failures": count_failures(result.failures),
        "questions": len(result.questions),
        "reasks": result.reasks,
    }
    if result.failures:
        session.output.warn(_failures_in_words(data["failures"], result.failures[0]))
    finish_run(session, data, lambda out_: _show(out_, result))


async def _run(
    session: Session, people: Any, config: Any, fresh: bool, faults: Any, baselines: bool, calibrates: bool
) -> Any:
    from dataclasses import replace

    from personarium.benchmarks.personagym import run_personagym

    async def one(identity: str) -> Any:
        return await run_personagym(
            session.player,
            session.judges,
            personas=people,
            questions="fresh" if fresh else "stored",
            config=replace(config, identity=identity),
            seed=session.options.seed,
            as_published=faults,
            run=session.run,
            concurrency=session.options.concurrency * 2,
        )

    result = await one("own")
    others = {name: await one(name) for name in ("none", "shuffled")} if baselines else {}
    return result, others, await _calibration(session) if calibrates else None


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

    session.run.write_results(result.rows())
    summary = personagym_summary(result, others, session.output.warnings)
    if calibration is not None:
        summary["sections"] += calibration.sections()
    session.run.write_summary(summary)


def _failures_in_words(counts: dict[str, int], first: Any) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    return f"{sum(counts.values())} failures ({kinds}), the first: {first.reason}; the report lists them"


def _show(out: Any, result: Any) -> None:
    from personarium.apps.cli.tables import estimates_table

    out.print(
        estimates_table(result.estimates(), "PersonaGym", f"{result.player} judged by {', '.join(result.judges)}")
    )
