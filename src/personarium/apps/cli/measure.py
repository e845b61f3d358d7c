"""``personarium measure``: instruments on their own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.measure_log import drift_scores, only_with_log, read_talks
from personarium.apps.cli.output import Output, console, speaks
from personarium.apps.cli.session import (
    Session,
    finish_run,
    only_persona,
    read_personas,
    run_options,
    warn_of_failures,
)
from personarium.apps.cli.tables import interval, number


@speaks
def randomness(
    outcomes: Annotated[Path, typer.Argument(help="JSONL: condition, task_id, run, success (null: missing), tokens?")],
    delta: Annotated[float, typer.Option("--delta", help="The difference worth detecting, in points of 100.")] = 2.0,
    baseline: Annotated[
        str | None, typer.Option("--baseline", help="Compare every condition with this one only.")
    ] = None,
    seed: opt.Seed = 0,
    save: Annotated[Path | None, typer.Option("--save", help="Write the whole report as JSON.")] = None,
    as_json: opt.AsJson = False,
) -> None:
    """How far do repeated runs scatter, what can be told apart, how many runs would be needed?

    Example: personarium measure randomness outcomes.jsonl --delta 2
    """
    from personarium.stats import RandomnessConfig, summarize

    report = summarize(outcomes, RandomnessConfig(delta=delta, baseline=baseline, seed=seed))
    if save is not None:
        report.save(save)
    output = Output(as_json)
    for text in report.warnings:
        output.warn(text)
    output.finish(report.as_dict(), lambda: _show_randomness(report))


def _show_randomness(report: Any) -> None:
    from rich.table import Table

    table = Table(
        title="Conditions (points of 100)", title_justify="left", box=None, pad_edge=False, header_style="bold"
    )
    for name in (
        "condition",
        "pass@1",
        "95 % interval",
        "sd of runs",
        "range",
        "runs",
        "tasks",
        "missing",
        "runs needed",
    ):
        table.add_column(name, justify="left" if name == "condition" else "right")
    for c in report.conditions:
        ci = next(iter(c.ci.values()), None)
        spread = "" if c.run_range is None else f"{c.run_range[0]:.1f} to {c.run_range[1]:.1f}"
        needed = "" if c.runs_needed_t is None else str(c.runs_needed_t.runs)
        cells = [number(c.pass1_mean, 1), "" if ci is None else interval(ci, 1), number(c.run_sd), spread]
        table.add_row(c.condition, *cells, str(c.n_runs), str(c.n_tasks), str(c.missing or ""), needed)
    out = console()
    out.print(table)
    for c in report.comparisons:
        limits = "" if None in c.ci else f" [{c.ci[0]:.2f}, {c.ci[1]:.2f}]"
        p = "" if c.p is None else f", p {c.p:.4f} (Holm {c.p_holm:.4f})"
        out.print(
            f"\n{c.a} minus {c.b}: {number(c.delta)}{limits}{p}\n  speaks about {c.speaks_about}",
            soft_wrap=True,
            markup=False,
        )


@speaks
@opt.takes_common
def apc(
    persona: Annotated[str, typer.Argument(help="A persona file (one or many), or a sentence or two.")],
    query: Annotated[
        str | None, typer.Option("--query", help="With --response: score this reply instead of asking a model.")
    ] = None,
    response: Annotated[str | None, typer.Option("--response", help="The reply to score.")] = None,
    model: opt.Model = "simulated",
    estimator: Annotated[
        str, typer.Option("--estimator", help="head: embedded, no model call; judge: asks --judge.")
    ] = "head",
    judge: opt.Judge = ["simulated:seed=1"],  # noqa: B006 (typer copies it)
    style: Annotated[
        str, typer.Option("--style", help="How the player gets the persona: system, card, …, lcm or rag.")
    ] = "system",
    questions: Annotated[
        int | None, typer.Option("--questions", min=1, help="Most questions for each persona.")
    ] = None,
    log: opt.Log = None,
    speaker: opt.LogSpeaker = None,
    agent: opt.Agent = None,
    agent_model: opt.AgentModel = None,
    stateful: opt.Stateful = False,
    base_url: opt.BaseUrl = None,
    judge_base_url: opt.JudgeBaseUrl = None,
    common: opt.Common = opt.Common(),
) -> None:
    """APC: which facts of a persona a reply carries, misses or contradicts, statement by statement.

    Example: personarium measure apc "I live in Rome. I have two cats." --query "Where do you live?" --response "In Oslo."
    """
    given = opt.given(locals())
    from personarium.core.errors import UsageError

    if (query is None) != (response is None):
        raise UsageError("--query and --response belong together")
    only_with_log(given)
    people = read_personas(persona, None)
    style = "none" if agent is not None else style
    config = {
        "personas": [p.id for p in people],
        "estimator": estimator,
        "style": style,
        "questions": questions,
        "query": query,
        "log": log and str(log),
        "speaker": speaker,
    }
    judges = judge[:1] if estimator == "judge" else []
    only_persona(agent, people)
    talks = None if log is None else read_talks(log, speaker, people[0])
    session = Session(run_options("apc", given, config, judges))
    if query is not None and response is not None and not common.dry_run:
        _score_reply(session, people[0], query, response)
        return
    instrument = _apc_instrument(session, estimator, style, questions)
    if talks is not None:
        _apc_of_log(session, instrument, people[0], talks)
        return
    if common.dry_run:
        session.work(instrument.measure(session.player, people, common.seed))
        session.show_plan()
        return
    with session:
        scores = session.work(_all(session, instrument, people, common.seed))
        summary = _keep_apc(session, people, scores)
    warn_of_failures(session, _lost(scores))
    finish_run(
        session,
        {"estimates": summary["estimates"], "scores": [s.as_dict() for s in scores]},
        lambda c: _show_scores(c, people, scores, summary),
    )


def _apc_of_log(session: Session, instrument: Any, person: Any, talks: tuple[list[Any], str]) -> None:
    """APC of what a speaker said in recorded talks."""
    dialogues, speaker = talks
    _nobody_simulated(session)
    work = instrument.score_dialogues(person, dialogues, speaker, session.options.seed)
    if session.options.dry_run:
        session.work(work)
        session.show_plan()
        return
    with session:
        scores = [session.work(work)]
        summary = _keep_apc(session, [person], scores, f"What {speaker} said in {len(dialogues)} recorded talks.")
    warn_of_failures(session, _lost(scores))
    finish_run(
        session,
        {"estimates": summary["estimates"], "scores": [s.as_dict() for s in scores]},
        lambda c: _show_scores(c, [person], scores, summary),
    )


def _nobody_simulated(session: Session) -> None:
    """The player is not asked here, so that nothing is simulated unless a judge is."""
    if not session.judges:
        session.output.warnings = []


def _lost(scores: list[Any]) -> list[Any]:
    """What could not be had; a question that no fact answers is no failure of anybody."""
    return [failure for score in scores for failure in score.failures if failure.kind != "missing"]


def _apc_instrument(session: Session, estimator: str, style: str, questions: int | None) -> Any:
    from personarium.measure.apc import APCInstrument

    judge = session.judges[0] if session.judges else None
    return APCInstrument(estimator=estimator, judge=judge, style=style, limit=questions)  # type: ignore[arg-type]


async def _all(session: Session, instrument: Any, people: list[Any], seed: int) -> list[Any]:
    """Every persona as an item of the run, so that progress shows and a killed run resumes."""

    async def one(person: Any) -> Any:
        return (await instrument.measure(session.player, [person], seed))[0]

    outcomes = await session.run.map(
        instrument.name, people, one, key=lambda p: p.id, concurrency=session.options.concurrency
    )
    return [o.value for o in outcomes if o.value is not None]


def _keep_apc(session: Session, people: list[Any], scores: list[Any], told: str = "") -> dict[str, Any]:
    from personarium.measure.apc import summarise

    session.run.write_results(
        {"persona": s.id, "item": item, "value": value, "failures": len(s.failures)}
        for s in scores
        for item, value in s.parts.items()
    )
    named = {p.id: p.view("statements").text.replace("\n", " ") for p in people}
    summary = {
        "title": f"APC: {len(scores)} persona{'s' * (len(scores) > 1)}",
        "subtitle": told or f"{session.player.name} answered a question about each fact.",
        "notices": session.output.warnings,
        **summarise(scores, named),
    }
    session.run.write_summary(summary)
    return summary


def _score_reply(session: Session, person: Any, query: str, response: str) -> None:
    from personarium.judges import HeadEstimator, JudgeEstimator
    from personarium.measure.apc import apc_score, statements_of

    used: Any = (
        JudgeEstimator(session.judges[0], person.name, seed=session.options.seed)
        if session.judges
        else HeadEstimator([person.name] if person.name else [])
    )
    with session:
        score = session.work(apc_score(statements_of(person), query, response, used))
        session.run.write_summary(
            {
                "kind": "apc-reply",
                "title": "APC of one reply",
                **{k: v for k, v in score.as_dict().items() if k != "failures"},
            }
        )
    _nobody_simulated(session)
    session.output.finish(
        {**score.as_dict(), "estimator": used.name, "run": str(session.run.path)}, lambda: _show_statements(score, used)
    )


def _show_statements(score: Any, estimator: Any) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("statement", "kind", "relevant", "contradicted", "neutral", "entailed", "satisfied"):
        table.add_column(name, justify="left" if name in ("statement", "kind") else "right", overflow="fold")
    for row in score.rows:
        colour = "red" if row.contradicted else "yellow" if row.violated else ""
        cells = [f"{x:.2f}" for x in (row.relevance, *row.triple, row.satisfied)]
        table.add_row(Text(row.statement, style=colour), row.kind, *cells)
    out = console()
    out.print(table)
    out.print(
        f"\nAPC {number(score.apc, 3)} of {score.n}   APC/n {number(score.per_statement, 3)}   gain over a neutral reply {number(score.gain_over_neutral, 3)}"
    )
    for name, statements in (("missed", score.missed), ("contradicted", score.contradicted)):
        for statement in statements:
            out.print(Text.assemble((f"{name}  ", "bold"), statement), soft_wrap=True)
    out.print(Text(f"estimator: {estimator.name}", style="dim"), soft_wrap=True)


def _show_scores(out: Any, people: list[Any], scores: list[Any], summary: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    from personarium.apps.cli.tables import estimates_table
    from personarium.core.results import Estimate

    out.print(estimates_table({name: Estimate(**e) for name, e in summary["estimates"].items()}, summary["title"]))
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("persona", overflow="fold")
    table.add_column("value", justify="right")
    table.add_column("failures", justify="right")
    named = {p.id: p for p in people}
    for s in scores[:20]:
        text = named[s.id].view("statements").text.replace("\n", " ")
        table.add_row(Text(text[:90]), number(s.value), str(len(s.failures) or ""))
    out.print()
    out.print(table)


@speaks
@opt.takes_common
def drift(
    persona: Annotated[str, typer.Argument(help="A persona file (one or many), or a sentence.")],
    model: opt.Model = "simulated",
    turns: Annotated[int, typer.Option("--turns", min=2, max=200, help="Own turns of the player.")] = 12,
    partner: Annotated[
        str | None, typer.Option("--partner", help="A model that talks with it; fixed open questions without.")
    ] = None,
    log: opt.Log = None,
    speaker: opt.LogSpeaker = None,
    agent: opt.Agent = None,
    agent_model: opt.AgentModel = None,
    stateful: opt.Stateful = False,
    base_url: opt.BaseUrl = None,
    common: opt.Common = opt.Common(),
) -> None:
    """Drift: how far a player moves away from its persona in the course of a talk.

    Example: personarium measure drift personas.jsonl --model ollama/llama3.2 --turns 12
    """
    given = opt.given(locals())
    from personarium.core import Sampling
    from personarium.measure import DriftInstrument

    only_with_log(given)
    people = read_personas(persona, None)
    config = {"personas": [p.id for p in people], "turns": turns, "partner": partner}
    if log is not None:
        config |= {"log": str(log), "speaker": speaker}
    only_persona(agent, people)
    talks = None if log is None else read_talks(log, speaker, people[0])
    session = Session(
        run_options(
            "drift", {**given, "judge_base_url": base_url}, config, [partner] if partner else [], roles=("partner",)
        )
    )
    if talks is not None:
        _drift_of_log(session, people[0], talks)
        return
    instrument = DriftInstrument(
        session.judges[0] if partner else None,
        turns,
        style=None if session.own_agent else "system",
        run=None if common.dry_run else session.run,
        concurrency=common.concurrency,
    )
    if common.dry_run:
        messages = instrument.agent(session.player, people[0]).render()
        session.run.plan.see("play.turn", session.player.name, messages, Sampling())
        each = (
            session.run.plan.prompt_tokens + 60 * turns
        )  # the history grows: on average half of 2 x turns turns of 60 tokens
        session.run.plan.expect("play.turn", session.player.name, len(people) * turns - 1, prompt_tokens=each)
        session.show_plan()
        return
    with session:
        scores = session.work(instrument.measure(session.player, people, common.seed))
        summary = _keep_drift(session, scores)
    warn_of_failures(session, _lost(scores))
    finish_run(
        session,
        {"estimates": summary["estimates"], "scores": [s.as_dict() for s in scores]},
        lambda c: _show_scores(c, people, scores, summary),
    )


def _drift_of_log(session: Session, person: Any, talks: tuple[list[Any], str]) -> None:
    """Drift of a speaker in recorded talks."""
    dialogues, speaker = talks
    _nobody_simulated(session)
    if session.options.dry_run:
        session.show_plan()
        return
    with session:
        scores = drift_scores(session, person, dialogues, speaker)
        summary = _keep_drift(session, scores, f"{speaker} in {len(dialogues)} recorded talks.", "talks")
    finish_run(
        session,
        {"estimates": summary["estimates"], "scores": [s.as_dict() for s in scores]},
        lambda c: _show_drifts(c, scores, summary),
    )


def _show_drifts(out: Any, scores: list[Any], summary: dict[str, Any]) -> None:
    from personarium.apps.cli.tables import estimates_table
    from personarium.core.results import Estimate

    out.print(estimates_table({name: Estimate(**e) for name, e in summary["estimates"].items()}, summary["title"]))
    for s in scores[:20]:
        out.print(f"{s.id}  {number(s.value)}", markup=False)


def _keep_drift(session: Session, scores: list[Any], told: str = "", unit: str = "personas") -> dict[str, Any]:
    from personarium.apps.cli.summaries import drift_summary

    session.run.write_results({"persona": s.id, "drift": s.value, "failures": len(s.failures)} for s in scores)
    said = told or f"{session.player.name} played each persona through a talk."
    summary = drift_summary(scores, said, session.output.warnings, unit)
    session.run.write_summary(summary)
    return summary
