"""``personarium measure perseval``: how far what a model writes adapts to each user."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, console, speaks

EXAMPLE = "the bundled example is our own and much too small to measure by; name a file of documents"


@speaks
def perseval(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="JSON lines of documents (doc_id, doc_text, doc_summ, m_summary_dict), or a folder of distance tables. "
            "Without one the bundled example."
        ),
    ] = None,
    distance: Annotated[
        str,
        typer.Option(
            "--distance",
            "-d",
            help="embedding, rouge_l, rouge_su4, contiguous5, jsd, jsd4, bleu, meteor, or bertscore/MODEL (extra hf).",
        ),
    ] = "embedding",
    words: Annotated[
        str, typer.Option("--words", help="What texts are cut into: content (no stop words, no digits) or blank.")
    ] = "content",
    embedder: Annotated[
        str, typer.Option("--embedder", help="Of --distance embedding: static, or hf/<id or path>.")
    ] = "static",
    tables: Annotated[
        Path | None,
        typer.Option("--tables", help="Keep the distances in this folder; the same command goes on where it stopped."),
    ] = None,
    edp_beta: Annotated[
        float, typer.Option("--edp-beta", min=0, max=3, help="Steepness of the penalty (1 to 2).")
    ] = 1.0,
    simplified: Annotated[
        bool, typer.Option("--simplified", help="Compare raw distances, not weighted by the document's.")
    ] = False,
    stability: Annotated[
        bool, typer.Option("--stability", help="Also on 80, 60, 40 and 20 % of the comparisons, and the ranking there.")
    ] = False,
    human: Annotated[
        Path | None,
        typer.Option("--human", help="CSV with columns models and human: correlate PerSEval with people's column."),
    ] = None,
    as_published: Annotated[bool, typer.Option("--as-published", help="Missing distances count as 1.")] = False,
    save: Annotated[Path | None, typer.Option("--save", help="Write the whole report as JSON.")] = None,
    save_scores: Annotated[
        Path | None,
        typer.Option("--save-scores", help="With --stability: the score table in the published form (CSV)."),
    ] = None,
    seed: opt.Seed = 0,
    as_json: opt.AsJson = False,
) -> None:
    """PerSEval and EGISES: do outputs differ between users as the users' own texts do, and no less well for any?

    Example: personarium measure perseval summaries.jsonl --distance rouge_su4 --stability
    """
    from personarium.core.errors import UsageError
    from personarium.measure.perseval import PersevalConfig, perseval_summary, score_models, write_scores

    if save_scores is not None and not stability:
        raise UsageError("--save-scores writes the table of --stability; give both")
    output = Output(as_json)
    documents, name = _documents(output, file, distance, words, embedder, tables)
    config = PersevalConfig(edp=(3.0, edp_beta), simplified=simplified)
    scores = score_models(documents, config, as_published=as_published)
    rows = _stability(documents, scores, config, seed, as_published) if stability else []
    people = None if human is None else _human(human, scores)
    summary = perseval_summary(scores, name, rows=rows, human=people, seed=seed)
    for notice in summary["notices"]:
        output.warn(notice)
    if save is not None:
        _save(summary, save)
    if save_scores is not None:
        write_scores([row.as_row() for row in rows], save_scores)
    output.finish(_data(scores, name, rows, people, seed), lambda: _show(scores, name, rows, people, seed))


def _documents(
    output: Output, file: Path | None, distance: str, words: str, embedder: str, tables: Path | None
) -> tuple[list[Any], str]:
    """The distances, and what they are called."""
    from personarium.core.errors import UsageError
    from personarium.measure.perseval import (
        distance_name,
        example_items,
        measure_distances,
        read_distances,
        read_items,
        write_distances,
    )
    from personarium.text.embed import load_embedder
    from personarium.text.text_distances import text_distance

    if file is not None and file.is_dir():
        if tables is not None:
            raise UsageError("--tables keeps distances that are measured; a folder of tables has them already")
        return read_distances(file), distance_name(file) or "the distance of the tables"
    if file is None:
        output.warn(EXAMPLE)
    items = example_items() if file is None else read_items(file)
    if not items:
        raise UsageError(f"{file} holds no document")
    chosen = text_distance(distance, words, load_embedder(embedder) if distance == "embedding" else None)
    if tables is None:
        return measure_distances(items, chosen), chosen.name
    write_distances(items, chosen, tables)
    return read_distances(tables), chosen.name


def _stability(documents: Any, scores: Any, config: Any, seed: int, as_published: bool) -> list[Any]:
    from personarium.measure.perseval import stability

    return [
        stability(documents, model, config, seed=seed, as_published=as_published)
        for model, one in scores.items()
        if one.documents
    ]


def _human(path: Path, scores: Any) -> dict[str, Any]:
    from personarium.core.errors import InvalidInput
    from personarium.measure.perseval import correlations, read_scores

    column = {model: row["human"] for model, row in read_scores(path).items() if "human" in row}
    if not column:
        raise InvalidInput(str(path), "a column 'human' with a number for each model", "none")
    return correlations({model: one.perseval for model, one in scores.items() if one.documents}, column)


def _save(summary: dict[str, Any], path: Path) -> None:
    import json

    from personarium.core.files import replacing

    with replacing(path) as scratch:
        scratch.write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _data(scores: Any, distance: str, rows: Any, people: Any, seed: int) -> dict[str, Any]:
    return {
        "distance": distance,
        "models": {
            model: {
                "degress": one.degress,
                "egises": one.egises,
                "perseval": one.perseval,
                "distance_from_golds": one.accuracy,
                "documents": len(one.documents),
                "missing": dict(one.missing),
                "zero_document_distances": one.zero_document,
                "estimates": {name: e.as_dict() for name, e in one.estimates(seed).items()},
            }
            for model, one in scores.items()
        },
        "stability": [row.as_row() for row in rows],
        "human": None if people is None else {name: e.as_dict() for name, e in people.items()},
    }


def _show(scores: Any, distance: str, rows: Any, people: Any, seed: int) -> None:
    from personarium.apps.cli.tables import estimates_table

    out = console()
    out.print(_models_table(scores, distance, seed))
    out.print("PerSEval, DEGRESS: higher is better; EGISES, distance: lower.", style="dim", soft_wrap=True)
    if rows:
        out.print(_stability_table(rows))
    if people is not None:
        out.print(estimates_table(people, "PerSEval against people"))


def _models_table(scores: Any, distance: str, seed: int) -> Any:
    from rich.table import Table
    from rich.text import Text

    from personarium.apps.cli.output import printable
    from personarium.apps.cli.tables import interval, number

    table = Table(title=Text(printable(distance)), title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in ("", "PerSEval", "95 % interval", "DEGRESS", "EGISES", "distance", "documents", "skipped"):
        table.add_column(name, justify="right" if name else "left")
    for model, one in scores.items():
        found = one.estimates(seed)
        cells = [number(e.value, 4) for e in found.values()]
        skipped = one.missing.get("document", 0)
        table.add_row(
            Text(printable(model)),
            cells[0],
            interval(found["PerSEval"], 4),
            *cells[1:],
            str(len(one.documents)),
            str(skipped) if skipped else "",
        )
    return table


def _stability_table(rows: Any) -> Any:
    from rich.table import Table
    from rich.text import Text

    from personarium.apps.cli.output import printable

    table = Table(title="PerSEval on shares of the comparisons", title_justify="left", box=None, pad_edge=False)
    for name in ("", *(f"{share} %" for share in rows[0].columns), "spread"):
        table.add_column(name, justify="right" if name else "left", header_style="bold")
    for row in rows:
        table.add_row(
            Text(printable(row.model)), *(f"{value:.4f}" for value in row.columns.values()), f"{row.spread:.4f}"
        )
    return table
