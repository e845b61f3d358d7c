"""``personarium persona``: look at personas, turn one format into another, check, compare, and read them out of texts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, print_document, printable, speaks
from personarium.apps.cli.session import SIMULATED, read_personas
from personarium.core.errors import InvalidInput, NotFound, RemoteError, UsageError

FAILED_CHECK = InvalidInput.exit_code
DIFFERENT = 1  # as diff(1) does
Source = Annotated[str, typer.Argument(help="A persona file of any format, a folder of them, or a sentence.")]
Index = Annotated[int | None, typer.Option("--index", min=0, help="Which one of several, from 0.")]
Id = Annotated[str | None, typer.Option("--id", help="Which one of several, by its id or name.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]


@speaks
def show(
    source: Source,
    view: Annotated[
        str | None, typer.Option("--view", help="Print one view and nothing else: system, card, statements, …")
    ] = None,
    index: Index = None,
    id: Id = None,
    as_json: opt.AsJson = False,
) -> None:
    """Show a persona facet by facet, or a list when there are several.

    Example: personarium persona show card.png --view system
    """
    from personarium.apps.cli.persona_screens import show_list, show_persona

    output = Output(as_json)
    people = _chosen(_people(source, output), index, id)
    if view is not None:
        rendered = [(p.id, p.view(view).text) for p in people]
        views = {"views": [{"id": id, "view": view, "text": text} for id, text in rendered]}
        output.finish(views, lambda: _print_views([text for _, text in rendered]))
        return
    data = {"personas": [p.to_dict() for p in people]}
    output.finish(data, lambda: show_persona(people[0]) if len(people) == 1 else show_list(people))


def _print_views(texts: Sequence[str]) -> None:
    """Views exactly as a prompt would hold them; only what could drive the terminal is taken out."""
    sys.stdout.write("\n\n".join(printable(text) for text in texts) + "\n")


@speaks
def convert(
    source: Annotated[str, typer.Argument(metavar="IN", help="A persona file of any format, a folder, or a sentence.")],
    target: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="Its ending says how: .card.json, .png, .charx, .json, .yaml, .jsonl"),
    ],
    index: Index = None,
    id: Id = None,
    force: Force = False,
    as_json: opt.AsJson = False,
) -> None:
    """Turn personas from one format into another, and say what was filled in or left out.

    Example: personarium persona convert card.png nyx.yaml
    """
    from personarium.apps.cli.persona_files import converted
    from personarium.apps.cli.persona_screens import show_converted

    output = Output(as_json)
    people = _chosen(_people(source, output), index, id)
    _refuse_to_overwrite(target, force)
    done = converted(source, people, target)
    output.finish(done, lambda: show_converted(done))


@speaks
def check(
    source: Source,
    strict: Annotated[bool, typer.Option("--strict", help="A warning fails the check too.")] = False,
    entail: Annotated[
        bool,
        typer.Option("--entail/--no-entail", help="Also compare statements with each other by the entailment head."),
    ] = True,
    index: Index = None,
    id: Id = None,
    as_json: opt.AsJson = False,
) -> None:
    """Look for contradictions, missing evidence, real people, minors, injected text and long views.

    Exit code 5 when there is an error, with --strict also when there is a warning.

    Example: personarium persona check cards/ --strict
    """
    from personarium.apps.cli.persona_screens import show_checks
    from personarium.judges.persona_check import check_persona

    output = Output(as_json)
    people = _chosen(_people(source, output), index, id)
    checks = [check_persona(person, entail=entail) for person in people]
    failed = [c for c in checks if not c.passes(strict)]
    data: dict[str, Any] = {"checks": [c.as_dict() for c in checks], "passed": not failed}
    if not failed:
        output.finish(data, lambda: show_checks(checks, strict))
        return
    if as_json:
        said = f"{len(failed)} of {len(checks)} personas did not pass"
        error = {"error": said, "kind": "FailedCheck", "exit_code": FAILED_CHECK}
        print_document("error", {**error, **data}, output.warnings)
    else:
        output.finish(data, lambda: show_checks(checks, strict))
    raise SystemExit(FAILED_CHECK)


@speaks
def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="A persona file or a sentence.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The one to compare it with.")],
    as_json: opt.AsJson = False,
) -> None:
    """Show what changed from one persona to another, word by word. Exit code 1 when they differ.

    Example: personarium persona diff nyx.json nyx-edited.json
    """
    from personarium.apps.cli.persona_screens import show_diff
    from personarium.core.persona_diff import diff_personas

    output = Output(as_json)
    one, other = (_only(_people(source, output), source) for source in (before, after))
    found = diff_personas(one, other)
    output.finish(found.as_dict(), lambda: show_diff(found))
    if not found.equal:
        raise SystemExit(DIFFERENT)


@speaks
def from_text(
    source: Annotated[str, typer.Argument(metavar="FILE", help="A text file; - or nothing for standard input.")] = "-",
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="Ask this model for facts with quotations; without it rules read the text."),
    ] = None,
    base_url: opt.BaseUrl = None,
    timeout: opt.Timeout = None,
    about: Annotated[str, typer.Option("--about", help="Whom to read about, where a text speaks of several.")] = "",
    name: Annotated[str, typer.Option("--name", help="Name of the persona; the one that was read by default.")] = "",
    id: Annotated[str, typer.Option("--id", help="Id of the persona; a hash of its content by default.")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the persona to this file; the ending says how.")
    ] = None,
    force: Force = False,
    dry_run: opt.DryRun = False,
    seed: opt.Seed = 0,
    as_json: opt.AsJson = False,
) -> None:
    """Read a persona out of a text: facets, each with the words it was read from.

    Example: personarium persona from-text interview.txt --out rosa.json
    """
    from personarium.apps.cli.persona_screens import show_extraction
    from personarium.judges.extraction import extract_by_rules

    output = Output(as_json)
    text, where = _text_of(source)
    if dry_run:
        _dry_run(text, model, about, output)
        return
    if out is not None:
        _refuse_to_overwrite(out, force)
    if model is None:
        found = extract_by_rules(text, where=where)
    else:
        found = _ask(text, where, about, seed, model, {"base_url": base_url, "timeout_s": timeout}, output)
    persona = found.persona(id, name or about)
    data = {**found.as_dict(), "persona": persona.to_dict(), "out": str(out) if out else None}
    if out is not None:
        from personarium.core.formats import save_persona

        save_persona(persona, out)
    output.finish(data, lambda: show_extraction(found, persona, out))


def _ask(text: str, where: str, about: str, seed: int, name: str, endpoint: dict[str, Any], output: Output) -> Any:
    from personarium.judges.extraction import extract_by_model
    from personarium.models import close, open_model
    from personarium.models.registry import is_simulated
    from personarium.runs import run_sync

    model = open_model(name, **endpoint)
    if is_simulated(model.name):
        output.warn(SIMULATED)

    async def whole() -> Any:
        try:
            return await extract_by_model(model, text, where=where, about=about, seed=seed)
        finally:
            await close(model)

    found = run_sync(whole())
    if found.facets and found.failures:
        output.warn(f"{len(found.failures)} of the model's entries or replies could not be used; they are listed")
    if not found.facets and found.failures:
        _give_up(found.failures, where)
    return found


def _give_up(failures: Sequence[Any], where: str) -> None:
    """Nothing came of asking: say why."""
    first = f"{where}: the model gave no fact that could be used: {failures[0].reason}"
    if all(failure.kind == "error" for failure in failures):
        raise RemoteError(first)
    raise InvalidInput(where, "facts with quotations from the text", f"{failures[0].reason} ({len(failures)} failures)")


def _dry_run(text: str, model: str | None, about: str, output: Output) -> None:
    """The exact prompts, and how many tokens they are; rules ask nobody."""
    from personarium.apps.cli.persona_screens import show_prompts
    from personarium.judges.extraction import render_parts
    from personarium.runs.plan import estimate_prompt_tokens

    prompts = render_parts(text, about) if model is not None else []
    tokens = sum(estimate_prompt_tokens(messages) for messages in prompts)
    data = {"model": model, "calls": len(prompts), "prompt_tokens": tokens, "prompts": prompts}
    output.finish(data, lambda: show_prompts(model, prompts, tokens))


# -- what is asked for -------------------------------------------------------------------------------------------------


def _people(source: str, output: Output) -> list[Any]:
    """The personas of a file, a folder or a sentence; what could not be read in a folder is a warning each.

    Raises:
        NotFound: When there is none.
    """
    if len(source) < 1024 and Path(source).is_dir():
        from personarium.core.cards import load_cast

        cast = load_cast(source)
        for problem in cast.problems.values():
            output.warn(problem)
        people = list(cast)
    else:
        people = read_personas(source, None)
    if not people:
        raise NotFound(f"{source}: no persona in it")
    return people


def _chosen(people: list[Any], index: int | None, id: str | None) -> list[Any]:
    """One of several, or all."""
    if index is not None and id is not None:
        raise UsageError("choose by --index or by --id, not by both")
    if index is not None:
        if index >= len(people):
            raise NotFound(f"no persona {index}; there are {len(people)}, counted from 0")
        return [people[index]]
    if id is None:
        return people
    found = [p for p in people if p.id == id] or [p for p in people if p.name.casefold() == id.strip().casefold()]
    if not found:
        from personarium.text.similarity import nearest

        near = nearest(id, [name for p in people for name in (p.id, p.name) if name], 1)
        raise NotFound(f"no persona '{id}'" + (f"; did you mean {near[0]}?" if near else ""))
    return found


def _only(people: list[Any], source: str) -> Any:
    if len(people) != 1:
        raise UsageError(f"{source} holds {len(people)} personas; diff compares one with one")
    return people[0]


def _refuse_to_overwrite(path: Path, force: bool) -> None:
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; --force replaces it")


def _text_of(source: str) -> tuple[str, str]:
    """The text of a file or of standard input, and what evidence calls it.

    Raises:
        NotFound: No such file.
        UsageError: Nothing is piped in.
        InvalidInput: Too large, empty or no text.
    """
    from personarium.core.files import MAX_FILE_BYTES, check_text, read_text

    if source != "-":
        path = Path(source)
        if not path.is_file():
            raise NotFound(
                f"{source}: no such file; to read a sentence, pipe it in: echo '…' | personarium persona from-text"
            )
        return read_text(path, "a text"), path.name
    if sys.stdin.isatty():
        raise UsageError("no text: name a file, or pipe one in")
    data = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise InvalidInput("standard input", f"a text of at most {MAX_FILE_BYTES:,} bytes", "a longer one")
    return check_text(data, "standard input", "a text"), "stdin"
