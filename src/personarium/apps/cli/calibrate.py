"""``personarium calibrate``: what an instrument can detect, what fools it, how often it cries wolf."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.calibrate_judges import (
    EVERY,
    JUDGED,
    calibrate_judges,
    check_options,
    judged_names,
    plan_judges,
    show_judges,
)
from personarium.apps.cli.output import printable, speaks
from personarium.apps.cli.own_agent import AgentPlace, agent_section, place_agent, show_places
from personarium.apps.cli.session import Session, finish_run, only_persona, read_personas, run_options
from personarium.apps.cli.tables import estimates_table, interval, number
from personarium.core.errors import UsageError

INSTRUMENTS = ("apc", "drift", "personagym")
USUAL_JUDGE = ("simulated:seed=900001",)
GRIDS: Mapping[str, Mapping[str, Sequence[float]]] = {
    "apc": {"fidelity": (0.0, 0.25, 0.5, 0.75, 1.0)},
    "drift": {"drift": (0.0, 0.02, 0.05, 0.1, 0.2, 0.4)},
    "personagym": {"fidelity": (0.0, 0.25, 0.5, 0.75, 1.0)},
}


@speaks
@opt.takes_common
def calibrate(
    instrument: Annotated[
        str,
        typer.Argument(
            help=f"apc, drift, personagym (or all): the subject is varied. {', '.join(JUDGED)} (or {EVERY}): the judge is."
        ),
    ] = "all",
    knob: Annotated[
        list[str],
        typer.Option("--knob", help="Parameter of the subject (of the judge) and its settings: fidelity=0,0.5,1"),
    ] = [],  # noqa: B006 (typer copies it)
    personas: Annotated[int, typer.Option("--personas", "-n", min=2, help="Personas of the keyed world.")] = 24,
    questions: Annotated[int, typer.Option("--questions", min=1, max=8, help="Questions for each persona.")] = 4,
    estimator: Annotated[str, typer.Option("--estimator", help="Of apc: head, oracle or judge.")] = "head",
    task: Annotated[str, typer.Option("--task", help="Of personagym.")] = "Persona Consistency",
    judge: opt.Judge = list(USUAL_JUDGE),  # noqa: B006
    judge_base_url: opt.JudgeBaseUrl = None,
    equals: Annotated[
        int, typer.Option("--equals", min=2, help="Subjects that differ in seed only, for the false alarms.")
    ] = 12,
    controls: Annotated[bool, typer.Option("--controls/--no-controls", help="Run the negative controls.")] = True,
    persona: Annotated[
        str | None,
        typer.Option("--persona", "-p", help="With --agent: the character it plays; a card, file or sentence."),
    ] = None,
    agent: opt.Agent = None,
    agent_model: opt.AgentModel = None,
    stateful: opt.Stateful = False,
    common: opt.Common = opt.Common(),
) -> None:
    """Try instruments on simulated subjects or judges whose behaviour is known; with --agent, show where your own agent lies.

    Example: personarium calibrate apc --knob fidelity=0,0.5,0.9,1 --personas 40

    Example: personarium calibrate pairwise --knob position_bias=0,0.5,1 --personas 40
    """
    given = opt.given(locals())
    judged = judged_names(instrument)
    names = INSTRUMENTS if instrument == "all" else (instrument,)
    if not judged and not set(names) <= set(INSTRUMENTS):
        raise UsageError(
            f"no instrument '{instrument}' to calibrate; there are {', '.join(INSTRUMENTS)}, and all; "
            f"and over judges {', '.join(JUDGED)}, and {EVERY}"
        )
    if judged:
        check_options(judge, USUAL_JUDGE, agent)
        config = {"instruments": list(judged), "personas": personas, "equals": equals, "controls": controls}
        _over_judges(given, judged, read_knobs(knob), config, common.seed, common.dry_run)
        return
    grids = {name: read_knobs(knob) or GRIDS[name] for name in names}
    config = {
        "instruments": list(names),
        "grids": {n: {k: list(v) for k, v in grid.items()} for n, grid in grids.items()},
        "personas": personas,
        "questions": questions,
        "estimator": estimator,
        "task": task,
        "equals": equals,
        "controls": controls,
    }
    people = _own_persona(persona, agent, estimator)
    config["persona"] = [p.id for p in people]
    session = Session(run_options("calibrate", given, config, judge[:1], model="simulated"))
    session.output.warnings = []  # the calibration says itself what it is made with
    if common.dry_run:
        _plan(session, names, grids, personas, questions, estimator, equals, controls)
        return
    with session:
        found, places = session.work(_calibrate_all(session, names, grids, config, people, common.seed))
        summary = _keep(session, found, places)
    data = {
        "calibrations": {name: {**c.as_dict(), "units": len(c.units)} for name, c in found.items()},
        "estimates": summary["estimates"],
        "agent": [place.as_dict() for place in places],
    }
    finish_run(session, data, lambda console: _show(console, found, places))


def _over_judges(
    given: Mapping[str, Any],
    names: Sequence[str],
    settings: Mapping[str, Sequence[float]],
    config: Mapping[str, Any],
    seed: int,
    dry_run: bool,
) -> None:
    """Vary the judge: other trials, other tables, the same run folder."""
    kept = {**config, "settings": {name: list(values) for name, values in settings.items()}}
    session = Session(run_options("calibrate", given, kept, [], model="simulated"))
    session.output.warnings = []  # the calibration says itself what it is made with
    if dry_run:
        plan_judges(session, names, settings, config)
        return
    with session:
        found = session.work(calibrate_judges(session, names, settings, config, seed))
        summary = _keep(session, found, [])
    data = {"calibrations": {name: c.as_dict() for name, c in found.items()}, "estimates": summary["estimates"]}
    finish_run(session, data, lambda console: show_judges(console, found))


def _own_persona(persona: str | None, agent: str | None, estimator: str) -> list[Any]:
    """The character that the own agent plays; none without an agent."""
    if (persona is None) != (agent is None):
        raise UsageError("--agent and --persona belong together: the agent, and the character that it plays")
    if agent is not None and estimator == "oracle":
        raise UsageError(
            "the rule oracle knows the keyed world only; measure your agent with --estimator head or judge"
        )
    people = [] if persona is None else read_personas(persona, None)
    if agent is not None:
        only_persona(agent, people)
    return people


def read_knobs(texts: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """``fidelity=0,0.5,1`` -> {"fidelity": (0.0, 0.5, 1.0)}.

    Raises:
        UsageError: When a text is not of this form.
    """
    found = {}
    for text in texts:
        name, _, values = text.partition("=")
        try:
            found[name.strip()] = tuple(float(value) for value in values.split(","))
        except ValueError:
            raise UsageError(
                f"--knob takes NAME=NUMBER,NUMBER,… for instance fidelity=0,0.5,1, found '{text}'"
            ) from None
    return found


def make_instrument(
    name: str, world: Any, judge: Any, estimator: str = "head", task: str = "Persona Consistency"
) -> Any:
    """An instrument for a keyed world.

    Args:
        name: ``apc``, ``drift`` or ``personagym``.
        world: Whose questions are asked, and whose rule oracle ``estimator="oracle"`` takes.
        judge: For personagym, and for apc with ``estimator="judge"``.
        estimator: Of apc.
        task: Of personagym.
    """
    from personarium.benchmarks import PersonaGymTask
    from personarium.measure import DriftInstrument
    from personarium.measure.apc import APCInstrument

    if name == "drift":
        return DriftInstrument()
    if name == "personagym":
        return PersonaGymTask(judge, task, world.questions)
    used: Any = world.oracle if estimator == "oracle" else estimator
    return APCInstrument(used, judge if estimator == "judge" else None, world.questions)


async def _calibrate_all(
    session: Session,
    names: Sequence[str],
    grids: Mapping[str, Any],
    config: Mapping[str, Any],
    people: Sequence[Any],
    seed: int,
) -> tuple[dict[str, Any], list[AgentPlace]]:
    from personarium.measure.calibrate import calibrate as run_calibration
    from personarium.measure.calibrate import keyed_world

    world = keyed_world(config["personas"], questions=config["questions"])

    async def one(name: str) -> Any:
        instrument = make_instrument(name, world, session.judges[0], config["estimator"], config["task"])
        base = {"patience": 30} if name == "drift" else {}  # a subject that says goodbye early cannot drift
        return await run_calibration(
            instrument,
            grid=grids[name],
            personas=world,
            base=base,
            controls=config["controls"],
            equals=config["equals"],
            seed=seed,
        )

    outcomes = await session.run.map("calibrations", names, one, key=str, concurrency=1)
    found: dict[str, Any] = {o.key: o.value for o in outcomes}
    places = [
        await place_agent(session, name, found[name], person, config, seed) for person in people for name in names
    ]
    return found, places


def _keep(session: Session, found: Mapping[str, Any], places: Sequence[AgentPlace]) -> dict[str, Any]:
    from personarium.apps.cli.summaries import calibration_summary

    session.run.write_results({"instrument": name, **row} for name, c in found.items() for row in c.rows())
    summary = calibration_summary(found)
    if places:
        summary["sections"].insert(0, agent_section(places))
    session.run.write_summary(summary)
    return summary


def _plan(
    session: Session,
    names: Sequence[str],
    grids: Mapping[str, Any],
    personas: int,
    questions: int,
    estimator: str,
    equals: int,
    controls: bool,
) -> None:
    from math import prod

    from personarium.measure.calibrate.controls import applying

    plan = session.run.plan
    for name in names:
        subjects = prod(len(v) for v in grids[name].values()) + equals
        subjects += len(applying(frozenset({"player"}))) if controls else 0
        turns = 12 if name == "drift" else questions
        plan.expect(f"{name}: subject", "simulated", subjects * personas * turns, prompt_tokens=120)
        if name == "personagym":
            batches = -(-questions // 5)
            for step in ("examples", "grading"):
                plan.expect(f"{name}: {step}", session.judges[0].name, subjects * personas * batches, prompt_tokens=900)
        if name == "apc" and estimator == "judge":
            plan.expect(
                f"{name}: judge", session.judges[0].name, subjects * personas * questions * 16, prompt_tokens=250
            )
    session.show_plan()


def _show(out: Any, found: Mapping[str, Any], places: Sequence[AgentPlace]) -> None:
    from rich.table import Table
    from rich.text import Text

    if places:
        show_places(out, places)
    for c in found.values():
        out.print(Text(f"\n{c.instrument}", style="bold underline"))
        out.print(Text(c.sentence, style="dim"), soft_wrap=True)
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in (c.knob, "realised truth", "measured", "95 % interval"):
            table.add_column(name, justify="right")
        for p in c.points:
            table.add_row(
                str(p.setting), number(p.truth.value, 3), number(p.measured.value, 3), interval(p.measured, 3)
            )
        out.print(table)
        out.print(estimates_table(_estimates(c), ""))
        out.print(_controls(c))
        for text in c.findings:
            out.print(Text(f"finding  {printable(text)}", style="yellow"), soft_wrap=True)


def _estimates(c: Any) -> dict[str, Any]:
    return {
        "rank correlation with the truth": c.rank,
        "false alarms between equal subjects": c.false_alarms,
        "the honest subject": c.honest,
    }


def _controls(c: Any) -> Any:
    from rich.table import Table

    table = Table(title="What fools it", title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("control")
    table.add_column("score", justify="right")
    table.add_column("verdict")
    for control in c.controls:
        table.add_row(control.control, number(control.score.value, 3), control.verdict)
    return table
