"""``personarium measure rubric``: any quality, judged by a rubric in the Prometheus layout."""

from __future__ import annotations

from dataclasses import replace
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
from personarium.apps.cli.summaries import shown_persona
from personarium.core.errors import UsageError

# What stands for an answer in a dry run's prompts; about as long as a usual one, so that tokens are estimated well.
STAND_IN = "(the answer of the player) " * 8


@speaks
@opt.takes_common
def rubric(
    items: Annotated[
        Path | None,
        typer.Argument(
            help="JSON lines: instruction, response, and if you like reference, persona, human, rubric, id."
        ),
    ] = None,
    rubric: Annotated[
        Path | None,
        typer.Option("--rubric", help="YAML or JSON: criterion and five levels; for items without their own."),
    ] = None,
    instruction: Annotated[
        str | None, typer.Option("--instruction", help="One item without a file: what was asked.")
    ] = None,
    response: Annotated[str | None, typer.Option("--response", help="And what was answered.")] = None,
    persona: Annotated[
        str | None,
        typer.Option("--persona", "-p", help="Ask a player instead: the character; a card, persona file or sentence."),
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option("--questions", help="What it is asked: JSON lines or a text file; a question a fact without."),
    ] = None,
    model: opt.Model = "simulated",
    agent: opt.Agent = None,
    agent_model: opt.AgentModel = None,
    stateful: opt.Stateful = False,
    base_url: opt.BaseUrl = None,
    judge: opt.Judge = ["simulated:seed=1"],  # noqa: B006 (typer copies it)
    samples: Annotated[int, typer.Option("--samples", min=1, help="Verdicts for each item.")] = 3,
    judge_base_url: opt.JudgeBaseUrl = None,
    common: opt.Common = opt.Common(),
) -> None:
    """Score responses 1 to 5 by a rubric, with reasons, agreement with people and the length bias.

    With --persona the responses are asked for first, from --model or your own --agent.

    Example: personarium measure rubric answers.jsonl --rubric warmth.yaml --judge ollama/llama3.2
    """
    given = opt.given(locals())
    if persona is not None:
        _ask_and_score(given)
        return
    if agent is not None or questions is not None:
        raise UsageError("--agent and --questions need --persona: the character that is asked")
    found = _items(items, rubric, instruction, response)
    config = {"items": [item.id for item in found], "file": str(items), "rubric": str(rubric), "samples": samples}
    session = Session(
        run_options("rubric", {**given, "agent": None, "base_url": judge_base_url}, config, model=judge[0])
    )
    if common.dry_run:
        session.work(_score(session, session.player, found, samples))
        session.show_plan()
        return
    with session:
        result = session.work(_score(session, session.player, found, samples))
        summary = _keep(session, result)
    _finish(session, summary, result)


def _finish(session: Session, summary: dict[str, Any], result: Any) -> None:
    finish_run(
        session, {"estimates": summary["estimates"], "grades": result.rows()}, lambda c: _show(c, summary, result)
    )


async def _score(session: Session, judge: Any, items: list[Any], samples: int) -> Any:
    from personarium.judges.prometheus import PrometheusConfig, run_scores

    return await run_scores(
        judge,
        items,
        config=PrometheusConfig(samples=samples, retries=0 if session.options.dry_run else PrometheusConfig.retries),
        seed=session.options.seed,
        run=session.run,
        concurrency=session.options.concurrency,
    )


def _ask_and_score(given: dict[str, Any]) -> None:
    """The same for a player that is asked first."""
    if given["items"] is not None or given["response"] is not None or given["instruction"] is not None:
        raise UsageError("--persona asks for the responses; leave out the file, --instruction and --response")
    if given["rubric"] is None:
        raise UsageError("--persona needs --rubric: what its answers are judged by")
    shared = _shared_rubric(given["rubric"])
    people = read_personas(given["persona"], None)
    asked = _questions(people, given["questions"])
    config = {"personas": list(asked), "questions": digest_of(asked), "rubric": shared.id, "samples": given["samples"]}
    only_persona(given["agent"], people)
    session = Session(run_options("rubric", given, config, given["judge"][:1]))
    work = _asked_and_scored(session, people, asked, shared, given["samples"])
    if given["dry_run"]:
        session.work(work)
        session.show_plan()
        return
    with session:
        result, lost = session.work(work)
        summary = _keep(session, result, session.player.name)
    warn_of_failures(session, lost)
    _finish(session, summary, result)


def _questions(people: list[Any], path: Path | None) -> dict[str, list[str]]:
    """Persona id -> what it is asked."""
    from personarium.benchmarks.personagym import load_own_questions
    from personarium.benchmarks.personagym.tasks import TASKS
    from personarium.measure.apc import plain_questions

    if path is None:
        return {p.id: plain_questions(p) for p in people}
    names = [task.name for task in TASKS]
    found = load_own_questions(path, people, names)
    return {id: [q for asked in by_task.values() for q in asked] for id, by_task in found.items()}


async def _asked_and_scored(
    session: Session, people: list[Any], asked: dict[str, list[str]], rubric: Any, samples: int
) -> tuple[Any, list[Any]]:
    """The answers' scores, and the failures of the player: an answer that could not be had is no item."""
    from personarium.judges.prometheus import ScoredItem
    from personarium.play import Agent

    style = None if session.own_agent else "system"
    agents = {p.id: Agent(p, session.player, style=style) for p in people}  # type: ignore[arg-type]
    jobs = [(p, k, question) for p in people for k, question in enumerate(asked[p.id])]

    async def one(job: tuple[Any, int, str]) -> Any:
        spoken = await agents[job[0].id].answer(job[2], seed=session.options.seed)
        return STAND_IN if session.options.dry_run else spoken.failure or spoken.text

    outcomes = await session.run.map(
        "answers", jobs, one, key=lambda job: f"{job[0].id}/{job[1]}", concurrency=session.options.concurrency
    )
    found = [
        ScoredItem(o.key, question, o.value, replace(rubric, reference=None), persona=p.view("card").text)
        for o, (p, _, question) in zip(outcomes, jobs, strict=True)
        if o.value
    ]
    lost = [o.failure for o in outcomes if o.failure is not None]
    return await _score(session, session.judges[0], found, samples), lost


def _shared_rubric(path: Path) -> Any:
    from personarium.core.errors import NotFound
    from personarium.core.files import parse_yaml, read_text
    from personarium.judges.prometheus import read_rubric

    if not path.is_file():
        raise NotFound(f"{path}: no such file")
    return read_rubric(parse_yaml(read_text(path, "a rubric"), str(path)), str(path))


def _items(items: Path | None, rubric: Path | None, instruction: str | None, response: str | None) -> list[Any]:
    from personarium.judges.prometheus import ScoredItem, load_scored

    shared = None if rubric is None else _shared_rubric(rubric)
    if items is not None:
        return load_scored(items, shared)
    if instruction is None or response is None or shared is None:
        raise UsageError("give a file of items, or --rubric with --instruction and --response")
    return [ScoredItem("item", instruction, response, replace(shared, reference=None), shared.reference)]


def _keep(session: Session, result: Any, player: str = "") -> dict[str, Any]:
    from personarium.stats import bootstrap_mean

    mean = bootstrap_mean([grade.value for grade in result.grades], "item")
    estimates = {"Mean score": mean.as_dict(), "Length bias (Spearman)": result.length_bias.as_dict()}
    if any(item.human is not None for item in result.items):
        agreement = result.agreement()
        estimates |= {
            f"{name} with people": getattr(agreement, name.lower()).as_dict()
            for name in ("Pearson", "Spearman", "Kendall")
        }
    summary = {
        "kind": "rubric",
        "title": f"Rubric scores: {len(result.items)} responses",
        "subtitle": f"{player} answered, {result.judge} judged." if player else f"{result.judge} judged.",
        "headline": "Mean score",
        "estimates": estimates,
        "notices": session.output.warnings,
        "cautions": [
            "Without a reference answer a judge is less exact.",
            "Look at the length bias before comparing systems.",
        ],
        "sections": [_worst(result)],
    }
    session.run.write_results(result.rows())
    session.run.write_summary(summary)
    return summary


def _worst(result: Any) -> dict[str, Any]:
    pairs = [(g, i) for g, i in zip(result.grades, result.items, strict=True) if g.value is not None]
    return {
        "kind": "worst_answers",
        "title": "The lowest scores",
        "scale": {"lo": 1, "hi": 5},
        "total": len(pairs),
        "items": [
            {
                "persona": shown_persona(item.persona or ""),
                "question": item.instruction,
                "answer": item.response,
                "score": grade.value,
                "reasons": {f"sample {k}": text for k, text in enumerate(grade.feedback, 1) if text},
            }
            for grade, item in sorted(pairs, key=lambda p: (p[0].value, p[1].id))[:30]
        ],
    }


def _show(out: Any, summary: dict[str, Any], result: Any) -> None:
    from rich.text import Text

    from personarium.apps.cli.output import printable
    from personarium.apps.cli.tables import estimates_table
    from personarium.core.results import Estimate

    out.print(
        estimates_table(
            {k: Estimate(**e) for k, e in summary["estimates"].items()}, summary["title"], summary["subtitle"]
        )
    )
    if len(result.grades) == 1:
        for text in result.grades[0].feedback:
            out.print(Text(printable(text)), soft_wrap=True)
