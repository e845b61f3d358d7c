"""``personarium bench personabench``: facts found in private documents, with retrieval apart from reading."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, console, speaks
from personarium.apps.cli.session import Session, digest_of, finish_run, run_options, warn_of_failures


@speaks
@opt.takes_common
def personabench(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="A community of PersonaBench, or a folder of them. Without one the bundled example, too small to measure by."
        ),
    ] = None,
    retriever: Annotated[
        str, typer.Option("--retriever", "-r", help="bm25, embedding, first (the same always), or oracle (the truth).")
    ] = "bm25",
    embedder: Annotated[
        str, typer.Option("--embedder", help="Of --retriever embedding: static, or hf/<id or path>.")
    ] = "static",
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="Who answers from what was found; without it retrieval alone is scored and nobody is asked.",
            rich_help_panel="Models",
        ),
    ] = None,
    noise: Annotated[
        list[float],
        typer.Option("--noise", help="Level of noise, for instance 0.5; may be repeated. The lowest without."),
    ] = [],  # noqa: B006 (typer copies it)
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Segments retrieved for a question.")] = 5,
    people: Annotated[int, typer.Option("--people", min=1, help="The first so many people of a community.")] = 3,
    any_alphabet: Annotated[
        bool,
        typer.Option("--any-alphabet", help="Compare words of every script; the published rule knows ASCII alone."),
    ] = False,
    missing: Annotated[
        str, typer.Option("--missing", help="drop: a reply that could not be had is missing; zero: it scores 0.")
    ] = "drop",
    as_published: Annotated[bool, typer.Option("--as-published", help="Bring all published faults back.")] = False,
    erratum: Annotated[list[str], typer.Option("--erratum", help="Bring one published fault back, by its id.")] = [],  # noqa: B006
    base_url: opt.BaseUrl = None,
    common: opt.Common = opt.Common(seed=2024),
) -> None:
    """PersonaBench: find personal facts in somebody's private documents, then answer with a word or two.

    Example: personarium bench personabench synthetic_data/community_0 --retriever bm25 --noise 0.0 --noise 0.5
    """
    given = opt.given(locals())
    from personarium.benchmarks.personabench import PersonaBenchConfig, open_retriever

    config = PersonaBenchConfig(
        k=k,
        num_people=people,
        alphabet="any" if any_alphabet else "ascii",
        missing=missing,  # type: ignore[arg-type]
    )
    levels = [_communities(folder, level) for level in dict.fromkeys(noise)] or [_communities(folder, None)]
    work = _Work(
        levels, open_retriever(retriever, embedder), config, True if as_published else sorted(erratum), common.seed
    )
    if model is None:
        _check_nobody_is_asked(given)
        _retrieve(Output(common.as_json), work, bundled=folder is None)
        return
    session = Session(run_options("personabench", given, work.settings(), model=model))
    if folder is None:
        session.output.warn(BUNDLED)
    if common.dry_run:
        session.work(work.run(session))
        session.show_plan()
        return
    with session:
        results = session.work(work.run(session))
        summary = _write(session, results)
    warn_of_failures(session, [f for result in results for f in result.failures])
    finish_run(session, {**_document(results), "estimates": summary["estimates"]}, lambda out_: _show(out_, results))


BUNDLED = "the bundled example is our own and much too small to measure by; name a folder of the released data"


class _Work:
    """The communities at each level of noise, and how they are worked on."""

    def __init__(self, levels: list[Any], retriever: Any, config: Any, faults: Any, seed: int) -> None:
        self.levels, self.retriever, self.config = levels, retriever, config
        self.faults, self.seed = faults, seed

    def settings(self) -> dict[str, Any]:
        """What decides the result beyond the model."""
        from dataclasses import asdict

        documents = [
            [
                (
                    c.name,
                    c.noise,
                    [(p.name, [asdict(q) for q in p.questions], [x.text for x in p.chunks]) for p in c.people],
                )
            ]
            for level in self.levels
            for c in level
        ]
        return {
            "documents": digest_of(documents),
            "noise": [level[0].noise for level in self.levels],
            "retriever": self.retriever.name,
            "as_published": self.faults,
            **asdict(self.config),
        }

    async def run(self, session: Session | None, retriever: Any = None) -> list[Any]:
        """One result a level."""
        from personarium.benchmarks.personabench import run_personabench

        return [
            await run_personabench(
                level,
                retriever or self.retriever,
                None if session is None else session.player,
                config=self.config,
                seed=self.seed,
                as_published=self.faults or False,
                run=None if session is None else session.run,
                concurrency=50 if session is None else session.options.concurrency,
            )
            for level in self.levels
        ]


def _communities(folder: Path | None, noise: float | None) -> Any:
    from personarium.benchmarks.personabench import load_communities, load_example

    return [load_example(noise or 0.0)] if folder is None else load_communities(folder, noise)


def _check_nobody_is_asked(given: dict[str, Any]) -> None:
    from personarium.core.errors import UsageError

    needless = [name for name in ("base_url", "max_cost", "prices", "dry_run", "out") if given[name]]
    if needless:
        raise UsageError(f"--{needless[0].replace('_', '-')} belongs to a run with a reader: name it with --model")
    if given["retriever"] == "oracle":
        raise UsageError("the oracle's retrieval is the truth and is not scored: name a reader with --model")


# --- retrieval alone ---


def _retrieve(output: Output, work: _Work, bundled: bool) -> None:
    from personarium.benchmarks.personabench import open_retriever
    from personarium.runs import run_sync

    results = run_sync(work.run(None))
    baseline = run_sync(work.run(None, open_retriever("first")))
    if bundled:
        output.warn(BUNDLED)

    def people() -> None:
        shown = console()
        _show(shown, results)
        shown.print()
        _show(shown, baseline, "the same first documents always (trivial baseline)", categories=False)

    output.finish({**_document(results), "baseline": _document(baseline)["levels"]}, people)


def _document(results: list[Any]) -> dict[str, Any]:
    return {
        "retriever": results[0].retriever,
        "k": results[0].k,
        "questions": len(results[0].questions),
        "levels": [
            {
                "noise": result.noise,
                "estimates": {name: e.as_dict() for name, e in result.estimates().items()},
                "by_category": {
                    category: {name: e.as_dict() for name, e in estimates.items()}
                    for category, estimates in result.by_category().items()
                },
                "statistics": result.statistics()["Statistics"],
            }
            for result in results
        ],
        **({"radar": _radar(results)} if len(results) > 1 and results[0].reader else {}),
    }


def _radar(results: list[Any]) -> dict[str, float | None]:
    from personarium.benchmarks.personabench import radar

    return radar(results)


# --- with a reader ---


def _write(session: Session, results: list[Any]) -> dict[str, Any]:
    folder = Path(session.run.path)
    session.run.write_results([_flat(row, result.noise) for result in results for row in result.rows()])
    for result in results:
        _write_json(result.results_file(), folder / f"result_noise_{result.noise}.json")
    _write_json([result.statistics() for result in results], folder / "statistics_all_noises.json")
    first = results[0]
    estimates = {
        name if len(results) == 1 else f"{name}, noise {result.noise}": estimate.as_dict()
        for result in results
        for name, estimate in result.estimates().items()
    }
    summary = {
        "kind": "personabench",
        "title": f"PersonaBench: {len(first.questions)} questions on private documents",
        "subtitle": f"{first.reader} read what {first.retriever} found ({first.k} segments a question).",
        "headline": next(iter(estimates)),
        "estimates": estimates,
        "scale": {"lo": 0, "hi": 1, "higher_is_better": None, "unit": "share"},
        "meaning": "How well personal facts are found in private documents and said in a word or two.",
        "notices": session.output.warnings,
        "sections": [_section(result) for result in results],
    }
    session.run.write_summary(summary)
    return summary


def _flat(row: dict[str, Any], noise: float) -> dict[str, Any]:
    """A row for a table, whose columns have one type: answers, which may be texts, numbers or lists, as JSON text."""
    import json

    return {**row, "noise": noise} | {
        name: json.dumps(row[name], ensure_ascii=False) for name in ("answer", "outdated")
    }


def _write_json(data: Any, path: Path) -> None:
    import json

    from personarium.core.files import replacing

    with replacing(path) as scratch:
        scratch.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _section(result: Any) -> dict[str, Any]:
    rows = [
        [category, *(estimate.as_dict() for estimate in estimates.values())]
        for category, estimates in {"Overall": result.estimates(), **result.by_category()}.items()
    ]
    repeated = result.repeated_question().value
    return {
        "kind": "table",
        "title": f"Noise {result.noise}",
        "note": f"Mean over questions. A reader that repeats the question has a word F1 of {repeated:.3f}. "
        "Outdated recall: lower is better.",
        "columns": ["category", *result.metrics],
        "rows": rows,
    }


def _show(out: Any, results: list[Any], title: str = "", categories: bool = True) -> None:
    from rich.table import Table
    from rich.text import Text

    from personarium.apps.cli.output import printable
    from personarium.apps.cli.tables import estimates_table, number

    for result in results:
        heading = title or f"PersonaBench, {result.retriever}, {result.k} segments"
        out.print(printable(f"{heading}, noise {result.noise}"), style="bold", soft_wrap=True, markup=False)
        out.print(estimates_table(result.estimates(), ""))
        if not categories:
            continue
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("", *result.metrics, "n"):
            table.add_column(name, justify="left" if not name else "right")
        for category, estimates in result.by_category().items():
            count = str(max((e.n for e in estimates.values()), default=0))
            table.add_row(
                Text(printable(category)), *(number(estimates[name].value, 3) for name in result.metrics), count
            )
        out.print()
        out.print(table)
