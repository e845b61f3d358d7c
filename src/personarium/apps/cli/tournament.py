"""``personarium tournament``: prompts, personas, models, agents or ready answers, judged blind two by two, and ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, console, speaks
from personarium.apps.cli.session import (
    RUNS,
    Session,
    command_line,
    digest_of,
    finish_run,
    run_options,
    warn_of_failures,
)
from personarium.apps.cli.tournament_entry import Entry, dimensions_of, read_entry
from personarium.core.errors import UsageError

STUDY, TEXTS = "study.jsonl", "texts.jsonl"
# A judge model reads about so many tokens for a question, beside the two answers.
PROMPT_TOKENS, REPLY_TOKENS = 600, 200


@speaks
@opt.takes_common
def tournament(
    answers: Annotated[
        Path | None,
        typer.Argument(help="Ready answers, JSON lines of context_id, contestant, text, and context once for each."),
    ] = None,
    contexts: Annotated[
        Path | None,
        typer.Option("--contexts", "-c", help="What all answer: a text file, one a line, or JSON lines of text."),
    ] = None,
    prompt: Annotated[
        list[str],
        typer.Option(
            "--prompt",
            help="A system prompt that takes part: a file, NAME=FILE or NAME=TEXT; 'published' for the study's six.",
            rich_help_panel="Contestants",
        ),
    ] = [],  # noqa: B006 (typer copies it)
    character: Annotated[
        list[str],
        typer.Option(
            "--character",
            help="Characters that take part, each one: a file of personas or a card.",
            rich_help_panel="Contestants",
        ),
    ] = [],  # noqa: B006
    model: Annotated[
        list[str],
        typer.Option(
            "--model",
            "-m",
            help="Who plays; several take part each for itself. simulated without.",
            rich_help_panel="Contestants",
        ),
    ] = [],  # noqa: B006
    agent: Annotated[
        list[str],
        typer.Option(
            "--agent",
            help="Your own agents that take part: http://HOST/v1, module:function or file.py:function, or NAME=… of it.",
            rich_help_panel="Contestants",
        ),
    ] = [],  # noqa: B006
    persona: Annotated[
        str | None,
        typer.Option(
            "--persona", "-p", help="The character that all of them play; the judge is told. File or sentence."
        ),
    ] = None,
    judge: Annotated[
        list[str],
        typer.Option("--judge", "-j", help="Who judges; may be given more than once.", rich_help_panel="Judging"),
    ] = ["simulated:seed=1"],  # noqa: B006
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="You judge, here in the terminal.", rich_help_panel="Judging")
    ] = False,
    criterion: Annotated[
        list[str],
        typer.Option(
            "--criterion",
            help="What is compared, NAME=QUESTION; several are rated apart and in total. 'published' for the study's three.",
            rich_help_panel="Judging",
        ),
    ] = [],  # noqa: B006
    once: Annotated[
        bool,
        typer.Option(
            "--once", help="Ask a model in one order only, sides by lot: half the price.", rich_help_panel="Judging"
        ),
    ] = False,
    duels: Annotated[
        int | None,
        typer.Option("--duels", min=1, help="So many at most, the most instructive ones; all without."),
    ] = None,
    width: Annotated[
        float | None,
        typer.Option("--width", min=1, help="Stop when every 95 % interval is at most so many points wide."),
    ] = None,
    games_per_period: Annotated[
        int, typer.Option("--games-per-period", min=1, help="Of each contestant between two ratings.")
    ] = 12,
    rate: Annotated[
        Path | None,
        typer.Option("--rate", help="Only rate a file of judgements or a study; nobody is asked."),
    ] = None,
    base_url: opt.BaseUrl = None,
    judge_base_url: opt.JudgeBaseUrl = None,
    common: opt.Common = opt.Common(),
) -> None:
    """Rank prompts, personas, models or agents by blind duels: Glicko-2 with intervals, and what speaks against the judge.

    A judge model sees every pair in both orders; what it says twice differently is a tie. The same command goes on with a
    study that was stopped.

    Example: personarium tournament --prompt published --contexts learners.txt --judge ollama/llama3.2
    """
    given = opt.given(locals())
    if rate is not None:
        _rate_only(Output(common.as_json), given)
        return
    entry = read_entry(given)
    config = _config(given, entry)
    if by_hand and common.as_json:
        raise UsageError("--by-hand asks you here in the terminal; leave out --json")
    settings = _settings(given, entry, config)
    if not entry.players and by_hand:
        _without_models(given, entry, config, settings)
    else:
        _with_models(given, entry, config, settings)


# --- the study ---


def _config(given: Mapping[str, Any], entry: Entry) -> Any:
    from personarium.measure.prompt_tournament import TournamentConfig

    return TournamentConfig(
        dimensions=dimensions_of(given["criterion"], given["prompt"], entry.persona is not None),
        games_per_period=given["games_per_period"],
        most_duels=given["duels"],
        stop_width=given["width"],
        both_orders=not (given["by_hand"] or given["once"]),
        seed=given["seed"],
    )


def _settings(given: Mapping[str, Any], entry: Entry, config: Any) -> dict[str, Any]:
    people = [[name, prompt, None if who is None else who.id, target] for name, prompt, who, target, _ in entry.players]
    return {
        "contestants": digest_of([people or [r.to_dict() for r in entry.ready], entry.told or ""]),
        "contexts": digest_of([[c.id, c.text, c.reference or ""] for c in entry.contexts]),
        "criteria": digest_of([[d.name, d.criterion] for d in config.dimensions]),
        "judged": "by hand" if given["by_hand"] else list(given["judge"]),
        "once": given["once"],
        "duels": given["duels"],
        "width": given["width"],
        "games_per_period": given["games_per_period"],
    }


# --- playing ---


def _without_models(given: Mapping[str, Any], entry: Entry, config: Any, settings: Mapping[str, Any]) -> None:
    """Ready answers judged by a person: no model is asked, and the study stands in a run folder all the same."""
    from personarium.runs import Run, run_sync

    if given["dry_run"]:
        raise UsageError("--dry-run shows what models would be asked; here none is")
    folder = given["out"] or RUNS / f"tournament-{digest_of({**settings, 'seed': given['seed']})}"
    desk = _Desk(None, Output(False))
    whole = {"kind": "tournament", **settings}
    with Run.open(folder, whole, seed=given["seed"], command=command_line()) as run:
        desk.run = run
        result = run_sync(_play(desk, given, entry, config, None, ()))
        summary = _keep(desk, result, entry)
    _finish(desk, result, summary)


@dataclass
class _Desk:
    """What of a session the end of a command needs, where no model was opened."""

    run: Any
    output: Output


def _with_models(given: Mapping[str, Any], entry: Entry, config: Any, settings: Mapping[str, Any]) -> None:
    judges = [] if given["by_hand"] else list(given["judge"])
    targets = list(dict.fromkeys((target, is_agent) for *_, target, is_agent in entry.players))
    models = [target for target, is_agent in targets if not is_agent]
    agents = [target for target, is_agent in targets if is_agent]
    # A live bar would write into the questions that a person reads.
    quiet = {**given, "agent": None, "as_json": given["as_json"] or given["by_hand"]}
    if models:
        options = run_options("tournament", quiet, settings, judges, models[0])
    elif agents:
        options = run_options("tournament", {**quiet, "agent": agents[0]}, settings, judges, "agent")
    else:  # ready answers: the first judge is the session's model
        quiet["base_url"] = given["judge_base_url"]
        options = run_options("tournament", quiet, settings, judges[1:], judges[0])
    session = Session(options)
    session.output.as_json = given["as_json"]
    play = _opened(session, given, models, agents)
    if given["dry_run"]:
        _plan(session, entry, config, play)
        return
    with session:
        result = session.work(_play(session, given, entry, config, play, play["judges"]))
        _warn(session, given, entry)
        summary = _keep(session, result, entry)
    warn_of_failures(session, result.failures)
    _finish(session, result, summary)


def _opened(session: Session, given: Mapping[str, Any], models: Sequence[str], agents: Sequence[str]) -> dict[str, Any]:
    """The players by name, and the judges, all recorded in the run."""
    from personarium.models import open_model
    from personarium.models.own_agents import open_agent
    from personarium.models.registry import is_in_process

    if not models and not agents:
        return {"players": {}, "judges": [session.player, *session.judges]}
    first, *rest = [*models, *agents]
    players = {first: session.player}
    for name in rest:
        if name in agents:
            opened: Any = open_agent(name, timeout_s=given["timeout"])
        else:
            timeout = None if is_in_process(name) else given["timeout"]
            opened = open_model(name, base_url=given["base_url"], timeout_s=timeout)
        session.plain_models.append(opened)
        players[name] = session.wrap(opened, "player")
    return {"players": players, "judges": session.judges}


async def _play(
    desk: Any, given: Mapping[str, Any], entry: Entry, config: Any, opened: Any, judges: Sequence[Any]
) -> Any:
    from personarium.judges import Judge, PersonRater
    from personarium.measure.prompt_tournament import run_tournament

    study = None if desk.run.path is None else Path(desk.run.path) / STUDY
    raters: list[Any] = [Judge(model, seed=given["seed"], asks=3, ties=True) for model in judges]
    if given["by_hand"]:
        from personarium.apps.cli.tournament_desk import Terminal

        raters = [PersonRater("person", Terminal(study, entry, config).ask)]
    return await run_tournament(
        _contestants(entry, opened, given["seed"]),
        entry.contexts,
        raters,
        config=config,
        persona=entry.told,
        study=study,
        run=desk.run,
        concurrency=given["concurrency"],
        in_turn=given["by_hand"],
    )


def _contestants(entry: Entry, opened: Any, seed: int) -> Any:
    from personarium.measure.prompt_tournament import from_agent, from_responses
    from personarium.play import Agent

    if not entry.players:
        return from_responses(entry.ready)
    return [
        from_agent(
            Agent(
                who, opened["players"][target], instructions=prompt, style=None if is_agent else "system", id="speaker"
            ),
            name,
            seed,
        )
        for name, prompt, who, target, is_agent in entry.players
    ]


def _plan(session: Session, entry: Entry, config: Any, opened: Any) -> None:
    """The most calls: each answer once, each pair in each order and dimension; and the first prompts."""
    from math import comb

    from personarium.judges import Judge

    session.work(_first_prompts(entry, config, opened, Judge))
    whole = comb(len(entry.names), 2) * len(entry.contexts)
    count = min(whole, config.most_duels or whole) * len(config.dimensions) * (1 + config.both_orders)
    plan = session.run.plan
    for _, _, _, target, _ in entry.players:
        plan.expect("play.interview", opened["players"][target].name, len(entry.contexts) - 1, prompt_tokens=200)
    for model in opened["judges"]:
        plan.expect("prometheus.relative", model.name, count - 1, prompt_tokens=PROMPT_TOKENS, max_tokens=REPLY_TOKENS)
    session.output.warn("the most calls: identical answers are not asked about, and --width stops earlier")
    session.show_plan()


async def _first_prompts(entry: Entry, config: Any, opened: Any, judge: Any) -> None:
    first = entry.contexts[0]
    for contestant in _contestants(entry, opened, config.seed) if entry.players else []:
        await contestant.answer(first)
    texts = [r.text for r in entry.ready if r.context_id == first.id][:2] or ["(one answer)", "(another)"]
    for model in opened["judges"]:
        await judge(model, asks=1, ties=True).compare(
            config.dimensions[0].criterion, first.text, texts[0], texts[-1], "", both_orders=False, persona=entry.told
        )


# --- what is kept and shown ---


def _warn(session: Session, given: Mapping[str, Any], entry: Entry) -> None:
    judges = set() if given["by_hand"] else set(given["judge"])
    same = sorted(judges & {target for *_, target, is_agent in entry.players if not is_agent})
    if same:
        session.output.warn(f"{same[0]} judges its own answers, and models like their own style; let another one judge")
    from personarium.models.registry import is_simulated

    nothing = entry.persona is None and not any(c.reference for c in entry.contexts)
    if nothing and any(is_simulated(name) for name in judges):
        session.output.warn(
            "the simulated judge reads no quality without --persona or references: its verdicts here are noise"
        )


def _keep(desk: Any, result: Any, entry: Entry) -> dict[str, Any]:
    from personarium.apps.cli.tournament_screens import summary_of
    from personarium.core.files import write_json_lines
    from personarium.measure.prompt_tournament import as_markdown
    from personarium.runs.disk import write_whole

    folder = Path(desk.run.path)
    desk.run.write_results(result.rows())
    write_json_lines([result.as_dict()], folder / "ratings.json")
    write_whole(folder / "ratings.md", as_markdown(result).encode())
    texts = [{"context_id": c, "contestant": who, "text": text} for (c, who), text in sorted(result.texts.items())]
    write_json_lines(texts, folder / TEXTS)
    summary = summary_of(result, {c.id: c.text for c in entry.contexts}, desk.output.warnings)
    desk.run.write_summary(summary)
    return summary


def _finish(desk: Any, result: Any, summary: Mapping[str, Any]) -> None:
    from personarium.apps.cli.tournament_screens import show

    for note in result.notes():
        desk.output.warn(note)
    data = {"estimates": summary["estimates"], **result.as_dict(), "study": str(Path(desk.run.path) / STUDY)}
    finish_run(desk, data, lambda out: show(out, result))


def _rate_only(output: Output, given: Mapping[str, Any]) -> None:
    """Judgements of whoever made them."""
    from personarium.apps.cli.tournament_screens import show
    from personarium.core.errors import InvalidInput
    from personarium.measure.prompt_tournament import Dimension, TournamentConfig, rate_judgements, read_study

    head, rows = read_study(given["rate"])
    if not rows:
        raise InvalidInput(str(given["rate"]), "at least one judgement", "none")
    names = sorted({who for row in rows for who in (row.left, row.right)} | set(head.get("contestants", [])))
    dimensions = dict.fromkeys(row.dimension for row in rows if row.dimension != "total") or {"overall": None}
    rows = [replace(row, dimension="overall") if dimensions == {"overall": None} else row for row in rows]
    config = TournamentConfig(dimensions=tuple(Dimension(name, name) for name in dimensions), seed=given["seed"])
    result = rate_judgements(rows, names, config=config)
    for note in result.notes():
        output.warn(note)
    data = {"estimates": {s.contestant: s.rating.as_dict() for s in result.standings}, **result.as_dict()}
    output.finish(data, lambda: show(console(), result))
