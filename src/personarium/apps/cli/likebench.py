"""``personarium bench likebench``: how pleasant a model is to users over several sessions, and whether it gets better."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, console, speaks
from personarium.apps.cli.session import Session, digest_of, finish_run, run_options, warn_of_failures

RULES, BASELINE_WORDS = "rules", 40
CAUTIONS = (
    "Users are described by 30 facets of the Big Five and 5 others: the paper's own list was not published.",
    "Likable can mean flattering: read it beside a check of truthfulness (--check-truth).",
    "One model that plays the user and rates may prefer its own kind and let one mood lift all metrics: see the "
    "correlations, and let another model rate a part (--judge, --judge-share).",
)


@speaks
@opt.takes_common
def likebench(
    model: opt.Model = "simulated",
    user_model: Annotated[
        str,
        typer.Option(
            "--user-model",
            "-u",
            help="Who plays the users and rates: a model, or rules (length, register, humour, callback counted by plain "
            "rules; the other metrics stay NA).",
            rich_help_panel="Models",
        ),
    ] = RULES,
    judge: Annotated[
        str | None,
        typer.Option("--judge", "-j", help="Another model that rates in the user's place.", rich_help_panel="Models"),
    ] = None,
    judge_share: Annotated[
        float, typer.Option("--judge-share", min=0, max=1, help="The share of turns that the judge rates.")
    ] = 1.0,
    profiles: Annotated[int, typer.Option("--profiles", "-n", min=1, max=10_000, help="How many users.")] = 8,
    profiles_file: Annotated[
        Path | None, typer.Option("--profiles-file", help="Your own users: a JSON list, as a run's profiles.json.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Have descriptions and situations written by the user model, not drawn.")
    ] = False,
    sessions: Annotated[int, typer.Option("--sessions", min=1, max=1000, help="Sessions with each user.")] = 5,
    turns: Annotated[int, typer.Option("--turns", min=1, max=1000, help="Turns of each session.")] = 4,
    memory: Annotated[
        str, typer.Option("--memory", help="dup: the model keeps notes about the user and gets them; none.")
    ] = "none",
    history: Annotated[
        str | None,
        typer.Option(
            "--history", help="What the model sees: all sessions, or this session (the default with a memory)."
        ),
    ] = None,
    order: Annotated[
        str, typer.Option("--order", help="sessions: turns are averaged within a session first; pooled: all alike.")
    ] = "sessions",
    check_truth: Annotated[
        bool, typer.Option("--check-truth", help="Also have every reply checked for truthfulness.")
    ] = False,
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Also rate a model that says the same 40 words to everybody.")
    ] = False,
    ratings: Annotated[
        Path | None, typer.Option("--ratings", help="Only evaluate a file of ratings (JSON lines); nobody is asked.")
    ] = None,
    base_url: opt.BaseUrl = None,
    judge_base_url: opt.JudgeBaseUrl = None,
    common: opt.Common = opt.Common(),
) -> None:
    """LikeBench: simulated users talk with a model over several sessions and rate every reply on seven metrics.

    Example: personarium bench likebench --model openai/gpt-4o --user-model openai/gpt-4o-mini --memory dup
    """
    given = opt.given(locals())
    if ratings is not None:
        _evaluate(Output(common.as_json), ratings, order, common.seed)
        return
    config = _config(given)
    people = _people(profiles_file, profiles, common.seed)
    names, roles = _others(user_model, judge)
    settings = {
        "users": digest_of([person.to_dict() for person in people]),
        "user_model": user_model,
        "judge": judge,
        "judge_share": judge_share,
        "fresh": fresh,
        "memory": memory,
        "baselines": baselines,
        **{name: getattr(config, name) for name in ("sessions", "turns", "history", "order", "check_truth")},
    }
    session = Session(run_options("likebench", given, settings, names, roles=roles))
    if common.dry_run:
        _plan(session, given, config, people)
        return
    with session:
        result, people, baseline = session.work(_run(session, given, config, people))
        summary = _write(session, result, people, baseline)
    warn_of_failures(session, result.all_failures)
    data = {
        "estimates": summary["estimates"],
        "coverage": {name: e.as_dict() for name, e in result.table.coverage().items()},
        "counts": result.table.counts(),
        "session_means": result.table.session_means(),
        "by_kind": {name: e.as_dict() for name, e in result.by_kind().items()},
        "difference_from_constant": None if baseline is None else baseline.as_dict(),
        "profiles": len(result.talks),
        "overruled": result.table.overruled,
        "turns_not_held": result.turns_not_held,
    }
    finish_run(session, data, lambda out_: _show(out_, result, baseline))


def _config(given: dict[str, Any]) -> Any:
    from personarium.benchmarks.likebench import LikeBenchConfig
    from personarium.core.errors import UsageError

    if given["memory"] not in ("dup", "none"):
        raise UsageError(f"--memory must be dup or none, found '{given['memory']}'")
    if given["user_model"] == RULES:
        _check_rules(given)
    return LikeBenchConfig(
        sessions=given["sessions"],
        turns=given["turns"],
        history=given["history"] or ("session" if given["memory"] == "dup" else "all"),
        priors="model" if given["fresh"] else "drawn",
        order=given["order"],
        check_truth=given["check_truth"],
        seed=given["seed"],
    )


def _check_rules(given: dict[str, Any]) -> None:
    from personarium.core.errors import UsageError

    for name in ("judge", "fresh", "check_truth"):
        if given[name]:
            raise UsageError(
                f"--{name.replace('_', '-')} needs a model that plays the users; name it with --user-model"
            )


def _people(file: Path | None, count: int, seed: int) -> Any:
    from personarium.benchmarks.likebench import draw_profiles, read_profiles

    return draw_profiles(count, seed) if file is None else read_profiles(file)


def _others(user_model: str, judge: str | None) -> tuple[list[str], list[str]]:
    """The models beside the tested one, and what they do."""
    if user_model == RULES:
        return [], []
    return ([user_model], ["user"]) if judge is None else ([user_model, judge], ["user", "judge"])


def _plan(session: Session, given: dict[str, Any], config: Any, people: Any) -> None:
    from personarium.benchmarks.likebench import plan_calls
    from personarium.benchmarks.likebench.steps import PROFILE, REPLY

    by_model = bool(session.judges)
    calls = {PROFILE.name: len(people)} if given["fresh"] else {}
    calls |= plan_calls(
        len(people), config, user_model=by_model, memory=given["memory"] == "dup", checks_facts=by_model
    )
    tested = (REPLY, "likebench.notes")
    for step, count in calls.items():
        name = session.player.name if step in tested else session.judges[0].name
        session.run.plan.expect(step, name, count, prompt_tokens=1_500, max_tokens=300)
    session.output.warn(
        "prompts grow with the talk: about 1,500 tokens each are assumed; a failed turn ends its session"
    )
    session.show_plan()


async def _run(session: Session, given: dict[str, Any], config: Any, people: Any) -> Any:
    from dataclasses import replace

    from personarium.benchmarks.likebench import (
        DynamicUserProfile,
        FixedLength,
        compare,
        make_profiles,
        rule_user,
        run_likebench,
    )

    user: Any = session.judges[0] if session.judges else rule_user
    lost: list[Any] = []
    if given["fresh"]:
        people, lost = await make_profiles(user, people, session.options.seed, session.run)

    async def one(model: Any, memory: Any, run: Any) -> Any:
        return await run_likebench(
            model,
            user,
            people,
            judge=session.judges[1] if len(session.judges) > 1 else None,
            judge_share=given["judge_share"],
            memory=memory,
            config=config,
            run=run,
            concurrency=session.options.concurrency,
        )

    def notes(id: str) -> Any:
        return DynamicUserProfile(session.player, id, session.options.seed)

    tested = await one(session.player, notes if given["memory"] == "dup" else None, session.run)
    result = replace(tested, failures=tuple(lost))
    if not given["baselines"]:
        return result, people, None
    constant = await one(FixedLength(BASELINE_WORDS), None, None)
    return result, people, compare(result.table, constant.table, seed=session.options.seed).effect


# --- what is kept ---


def _write(session: Session, result: Any, people: Any, baseline: Any) -> dict[str, Any]:
    from personarium.benchmarks.likebench import write_profiles, write_ratings
    from personarium.core.files import write_json_lines

    folder = Path(session.run.path)
    session.run.write_results([rating.to_dict() for rating in result.table.ratings])
    write_ratings(result.table.ratings, folder / "ratings.jsonl")
    write_profiles(people, folder / "profiles.json")
    write_json_lines(result.rows(), folder / "talks.jsonl")
    estimates = {name: estimate.as_dict() for name, estimate in result.estimates().items()}
    summary = {
        "kind": "likebench",
        "title": f"LikeBench: {len(result.talks)} users, {result.config.sessions} sessions",
        "subtitle": f"{result.model} answered, {result.user} spoke and rated.",
        "headline": "Likability",
        "estimates": estimates,
        "scale": {"lo": 1, "hi": 5, "higher_is_better": True, "unit": "points"},
        "meaning": "How pleasant each user found the replies; the intervals resample users.",
        "notices": [*session.output.warnings, *CAUTIONS],
        "sections": _sections(result.table, result, baseline),
    }
    session.run.write_summary(summary)
    return summary


def _sections(table: Any, result: Any, baseline: Any) -> list[dict[str, Any]]:
    constant = [] if baseline is None else [["minus a model that says the same to everybody", baseline.as_dict()]]
    kinds = [[name, e.as_dict()] for name, e in result.by_kind().items()]
    raters = [[name, e.as_dict()] for name, e in table.by_rater().items()]
    return [
        _session_curve(table),
        _table(
            "The seven metrics", ["metric", "score", "not NA", "rated", "NA", "overruled", "missing"], _metrics(table)
        ),
        _table("Likability by kind of user, and by rater", ["who", "likability"], [*kinds, *raters, *constant]),
        _table("Correlations between metrics (a halo lifts all)", ["metric", "metric", "r"], _correlations(table)),
        _table("Published (full table not read)", ["model", "memory accuracy", "facts a profile"], _published()),
    ]


def _table(title: str, columns: list[str], rows: list[list[Any]]) -> dict[str, Any]:
    return {"kind": "table", "title": title, "columns": columns, "rows": rows}


def _session_curve(table: Any) -> dict[str, Any]:
    means = enumerate(table.session_estimates(), 1)
    points = [{"x": k, "y": e.value, "lo": e.lo, "hi": e.hi, "n": e.n} for k, e in means]
    return {
        "kind": "curve",
        "title": "From session to session",
        "note": "Mean over users of each session's mean, with a 95 % interval over users.",
        "x_label": "session",
        "y_label": "likability",
        "y_range": [1, 5],
        "series": [{"label": "all metrics", "points": points}],
    }


def _metrics(table: Any) -> list[list[Any]]:
    from personarium.benchmarks.likebench import metric_table

    coverage, counts = table.coverage(), table.counts()
    return [
        [
            metric.title,
            table.estimate(name).as_dict(),
            coverage[name].as_dict(),
            *(counts[name].get(status, 0) for status in ("rated", "na", "overruled")),
            sum(table.missing(name).values()),
        ]
        for name, metric in metric_table().items()
    ]


def _correlations(table: Any) -> list[list[Any]]:
    return [[a, b, r.as_dict()] for (a, b), r in table.correlations().items() if r.value is not None]


def _published() -> list[list[Any]]:
    from personarium.benchmarks.likebench import published_figures

    return [[name, row["accuracy"], row["facts_per_profile"]] for name, row in published_figures()["memory"].items()]


# --- what is shown ---


def _show(out: Any, result: Any, baseline: Any) -> None:
    from personarium.apps.cli.output import printable
    from personarium.apps.cli.tables import estimates_table

    estimates = {**result.estimates(), **result.by_kind()}
    if baseline is not None:
        estimates["Minus a constant answer"] = baseline
    out.print(estimates_table(estimates, f"LikeBench, {printable(result.model)}", _means(result.table)))


def _means(table: Any) -> str:
    shown = ", ".join("none" if value is None else f"{value:.2f}" for value in table.session_means())
    return f"session means: {shown}"


def _evaluate(output: Output, file: Path, order: str, seed: int) -> None:
    """A file of ratings alone: whoever made them, by people or by models."""
    from personarium.apps.cli.output import printable
    from personarium.apps.cli.tables import estimates_table
    from personarium.benchmarks.likebench import RatingTable, read_ratings

    table = RatingTable(tuple(read_ratings(file)), order, seed)  # type: ignore[arg-type]
    estimates = table.estimates()
    data = {
        "estimates": {name: e.as_dict() for name, e in estimates.items()},
        "coverage": {name: e.as_dict() for name, e in table.coverage().items()},
        "counts": table.counts(),
        "session_means": table.session_means(),
        "profiles": len(table.profiles),
    }
    output.finish(data, lambda: console().print(estimates_table(estimates, printable(str(file)), _means(table))))
