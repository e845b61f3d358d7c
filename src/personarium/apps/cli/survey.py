"""``personarium survey``: a questionnaire put to a population, and held against people's answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import printable, speaks
from personarium.apps.cli.session import Session, digest_of, finish_run, read_personas, run_options, warn_of_failures
from personarium.apps.cli.tables import interval, number

BASELINE = 100  # most samples of the model without a persona, where nobody says how many


@speaks
@opt.takes_common
def survey(
    questions: Annotated[
        str, typer.Argument(help="A questionnaire, YAML or JSON; 'example' for the bundled one of seven questions.")
    ],
    population: Annotated[
        str,
        typer.Option("--population", "-p", help="Who is asked: .parquet, .csv, .jsonl or a folder of personas."),
    ],
    model: opt.Model = "simulated",
    number_asked: Annotated[
        int | None, typer.Option("--number", "-n", min=1, help="Ask so many of them, drawn with the seed.")
    ] = None,
    weights: Annotated[
        str | None, typer.Option("--weights", help="Column of the population: how much each person counts.")
    ] = None,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Ask everybody so often; every answer is kept.")] = 1,
    by_section: Annotated[
        bool, typer.Option("--by-section", help="One call for the closed questions of a section, not one for each.")
    ] = False,
    style: Annotated[
        str, typer.Option("--style", help="How the model gets the persona: system, card, attributes, biography, …")
    ] = "system",
    agent_less: Annotated[
        bool, typer.Option("--agent-less", help="Ask the bare model, once for each person and without any persona.")
    ] = False,
    baseline: Annotated[
        int | None,
        typer.Option(
            "--baseline",
            min=0,
            help="Ask the model so often without a persona, beside. With --human 100 at most, else 0.",
        ),
    ] = None,
    temperature: Annotated[float, typer.Option("--temperature", min=0, max=2, help="Of the answers.")] = 1.0,
    asks: Annotated[
        int, typer.Option("--asks", min=1, max=10, help="Put a question again while the reply is no answer.")
    ] = 1,
    human: Annotated[
        Path | None, typer.Option("--human", help="People's answers: .csv or .parquet, one row a person.")
    ] = None,
    human_weights: Annotated[str | None, typer.Option("--human-weights", help="Column of weights there.")] = None,
    by: Annotated[
        str, typer.Option("--by", help="Grouping columns of both tables, with commas: cohorts are correlated.")
    ] = "",
    row_aligned: Annotated[
        bool,
        typer.Option("--row-aligned", help="As published: compare only as many rows as the shorter table has."),
    ] = False,
    base_url: opt.BaseUrl = None,
    common: opt.Common = opt.Common(),
) -> None:
    """Ask a population closed questions: shares, means, distances from people's answers.

    Example: personarium survey questions.yaml --population people.parquet --model openai/gpt-4o --human wave7.csv
    """
    given = opt.given(locals())
    questionnaire, table, people, columns = _read(given)
    config = _config(given, len(people))
    session = Session(run_options("survey", given, _decides(given, questionnaire, people, columns, config)))
    if common.dry_run:
        from personarium.play.survey import plan_survey

        plan_survey(session.run.plan, session.player.name, questionnaire, people, config)
        session.show_plan()
        return
    with session:
        found = session.work(_ask(session, questionnaire, people, columns.get("weights"), config))
        compared, cohorts = _compare(given, found, table, columns)
        summary = _keep(session, found, compared, cohorts)
    warn_of_failures(session, found.failures)
    finish_run(session, _data(found, compared, cohorts, summary), lambda out_: _show(out_, found, compared, cohorts))


def _read(given: dict[str, Any]) -> tuple[Any, Any, list[Any], dict[str, Any]]:
    """The questionnaire, people's table, who is asked, and of the population its weights and grouping columns."""
    from personarium.core.errors import UsageError
    from personarium.play.survey import example_questionnaire, load_human, load_questionnaire

    names = [name.strip() for name in given["by"].split(",") if name.strip()]
    if given["human"] is None and (names or given["human_weights"] or given["row_aligned"]):
        raise UsageError("--by, --human-weights and --row-aligned need --human: the people to compare with")
    source = given["questions"]
    questionnaire = example_questionnaire() if source == "example" else load_questionnaire(source)
    table = None
    if given["human"] is not None:
        table = load_human(given["human"], questionnaire, weights=given["human_weights"], cohorts=names)
    people, columns = _population(given["population"], given["number_asked"], given["seed"], given["weights"], names)
    return questionnaire, table, people, columns


def _population(
    source: str, count: int | None, seed: int, weights: str | None, names: list[str]
) -> tuple[list[Any], dict[str, Any]]:
    """Who is asked; a column of weights is no fact of a person and is taken out."""
    import random

    from personarium.core.population import Population

    whole = Population.load(source) if Path(source).is_file() else Population.from_personas(read_personas(source, None))
    columns: dict[str, Any] = {name: _column(whole, name) for name in names}
    if weights is not None:
        columns["weights"] = _weights(whole, weights)
    rows = range(len(whole))
    chosen = sorted(random.Random(seed).sample(rows, count)) if count is not None and count < len(whole) else rows
    picked = {name: [values[k] for k in chosen] for name, values in columns.items()}
    return [_without(whole[k], weights) for k in chosen], picked


def _without(person: Any, column: str | None) -> Any:
    path = "_".join((column or "").split())
    for facet in person.facets if path else ():
        if facet.path == path:
            person = person.without_facet(facet.id)
    return person


def _column(whole: Any, name: str) -> list[str | None]:
    from personarium.play.survey.human import need
    from personarium.play.survey.questions import key_of

    need(whole.frame, name, whole.where)
    return [None if value is None else key_of(value) for value in whole.frame[name].to_list()]


def _weights(whole: Any, name: str) -> list[float]:
    from personarium.core.errors import InvalidInput
    from personarium.play.survey.human import need
    from personarium.play.survey.questions import is_number

    need(whole.frame, name, whole.where)
    values = whole.frame[name].to_list()
    for row, value in enumerate(values, 1):
        if not is_number(value) or float(value) <= 0:
            raise InvalidInput(f"{whole.where}: row {row}", "a weight above 0", value, name)
    return [float(value) for value in values]


def _config(given: dict[str, Any], people: int) -> Any:
    from personarium.core.errors import UsageError
    from personarium.core.views import STYLES
    from personarium.play.survey import SurveyConfig

    if given["style"] not in STYLES:
        raise UsageError(f"--style must be one of {', '.join(STYLES)}, found '{given['style']}'")
    baseline = given["baseline"]
    if baseline is None:
        baseline = min(BASELINE, people * given["repeats"]) if given["human"] and not given["agent_less"] else 0
    return SurveyConfig(
        repeats=given["repeats"],
        by_section=given["by_section"],
        style="none" if given["agent_less"] else given["style"],
        temperature=given["temperature"],
        baseline=baseline,
        asks=given["asks"],
        seed=given["seed"],
    )


def _decides(given: dict[str, Any], questionnaire: Any, people: list[Any], columns: Any, config: Any) -> dict[str, Any]:
    """What decides the result beyond the models."""
    from dataclasses import asdict

    from personarium.play.survey.human import content_of

    texts = people if config.style == "none" else [(p.id, p.view(config.style).text) for p in people]
    return {
        "questions": digest_of(repr(questionnaire.questions) + repr(questionnaire.sections)),
        "people": digest_of([p.id for p in people] if config.style == "none" else texts),
        "columns": digest_of(columns),
        **{name: value for name, value in asdict(config).items() if name != "seed"},
        "human": None if given["human"] is None else content_of(given["human"]),
        "human_weights": given["human_weights"],
        "by": given["by"],
        "row_aligned": given["row_aligned"],
    }


async def _ask(session: Session, questionnaire: Any, people: list[Any], weights: Any, config: Any) -> Any:
    from personarium.play.survey import run_survey

    return await run_survey(
        session.player,
        questionnaire,
        people,
        weights=weights,
        config=config,
        run=session.run,
        concurrency=session.options.concurrency,
    )


def _compare(given: dict[str, Any], found: Any, table: Any, columns: dict[str, Any]) -> tuple[Any, Any]:
    from personarium.play.survey import compare_cohorts, compare_with_people

    if table is None:
        return None, ()
    compared = compare_with_people(found, table, row_aligned=given["row_aligned"], seed=given["seed"])
    groups = {name: columns[name] for name in table.cohorts}
    return compared, compare_cohorts(found, table, groups, seed=given["seed"]) if groups else ()


def _keep(session: Session, found: Any, compared: Any, cohorts: Any) -> dict[str, Any]:
    from personarium.play.survey import survey_summary

    summary = survey_summary(found, compared, cohorts, session.output.warnings)
    session.run.write_results(found.rows())
    session.run.write_summary(summary)
    return summary


def _data(found: Any, compared: Any, cohorts: Any, summary: dict[str, Any]) -> dict[str, Any]:
    """The document for programs."""
    questions = {
        question.id: {
            "counts": found.counts(question.id),
            "shares": {label: e.as_dict() for label, e in found.distribution(question.id).items()},
            "mean": None if found.mean(question.id) is None else found.mean(question.id).as_dict(),
        }
        for question in found.questionnaire.questions
    }
    # Whether anything was measured is said by the answers; the share of answered questions is 0 when nothing was.
    estimates = {name: e for name, e in summary["estimates"].items() if name != "Questions answered"}
    data: dict[str, Any] = {"estimates": estimates, "answered": found.answered().as_dict(), "questions": questions}
    if compared is not None:
        data["distances"] = {
            row.name: {who: {k: e.as_dict() for k, e in by.items()} for who, by in row.distances.items()}
            for row in compared.rows
        }
    if cohorts:
        data["cohorts"] = {
            row.name: {
                "pearson": row.found.pearson.as_dict(),
                "spearman": row.found.spearman.as_dict(),
                "by_chance": row.by_chance,
                "left_out": [list(cell) for cell in row.found.left_out],
            }
            for row in cohorts
        }
    return data


# --- for people ---


def _table(title: str, *columns: str) -> Any:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for k, name in enumerate(columns):
        table.add_column(name, justify="left" if k == 0 or name == "answer" else "right", overflow="fold")
    return table


def _show(out: Any, found: Any, compared: Any, cohorts: Any) -> None:
    title = f"{found.questionnaire.title}: {len(found.people)} persons answered by {found.model}"
    table = _table(printable(title), "question", "answer", "value", "95 % interval", "n", "lost")
    for question in found.questionnaire.questions:
        label, estimate = _main(found, question)
        counts = found.counts(question.id)
        lost = sum(counts[k] for k in ("invalid", "unparsed", "refused", "empty", "error"))
        table.add_row(
            _text(question.id), _text(label), number(estimate.value), interval(estimate), str(estimate.n), _lost(lost)
        )
    out.print(table)
    if compared is not None:
        _show_distances(out, compared)
    if cohorts:
        _show_cohorts(out, cohorts)


def _main(found: Any, question: Any) -> tuple[str, Any]:
    """The line of a question: its mean, or its most frequent answer with its share."""
    mean = found.mean(question.id)
    if mean is not None:
        return ("share of yes" if question.type == "yesno" else f"mean, {question.lo:g} to {question.hi:g}"), mean
    shares = found.distribution(question.id)
    label = max(shares, key=lambda name: shares[name].value or 0)
    return label if shares[label].value is not None else "", shares[label]


def _lost(count: int) -> str:
    return str(count) if count else ""


def _text(text: str) -> Any:
    from rich.text import Text

    said = printable(text)
    return Text(said if len(said) <= 40 else said[:39] + "…")


def _show_distances(out: Any, compared: Any) -> None:
    from personarium.play.survey.comparison import SURVEY

    out.print()
    table = _table("Distances from people's answers", "question", "KS", "Wasserstein-1", "JS", "mean diff", "people")
    for row in compared.rows:
        by = row.distances[SURVEY]
        js, ks = by.get("js_binned", by.get("js")), by.get("ks")
        cells = [_value(ks), _value(by.get("wasserstein")), _value(js), _value(by.get("mean_difference"))]
        table.add_row(_text(row.name), *cells, str(row.people))
    for who in compared.subjects():
        names = ("ks", "wasserstein", "js_binned", "mean_difference")
        table.add_row(_text(f"mean: {who}"), *(_value(compared.mean(name, who)) for name in names), "")
    out.print(table)


def _value(estimate: Any) -> str:
    return "" if estimate is None or estimate.value is None else f"{estimate.value:.3f}"


def _show_cohorts(out: Any, cohorts: Any) -> None:
    out.print()
    table = _table(
        "Groups of personas against groups of people", "question", "Pearson", "interval", "by chance", "rho", "groups"
    )
    for row in cohorts:
        r, rho = row.found.pearson, row.found.spearman
        chance = "" if row.by_chance is None else f"{row.by_chance:.3f}"
        table.add_row(_text(row.name), _value(r) or "undefined", interval(r), chance, _value(rho), str(r.n))
    out.print(table)
    left_out = sorted({" / ".join(cell) for row in cohorts for cell in row.found.left_out})
    if left_out:
        out.print(_text_line(f"left out, without answers on one side: {', '.join(left_out)}"), soft_wrap=True)


def _text_line(text: str) -> Any:
    from rich.text import Text

    return Text(printable(text)[:1000], style="dim")
