"""The command table: which verb lives where; each module is imported only when its command is called."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import typer

from personarium.apps.cli.output import print_document

# (group or "", command, module, function): the order is the order of the help page.
COMMANDS = (
    ("", "demo", "demo", "demo"),
    ("", "make", "make", "make"),
    ("", "describe", "describe", "describe"),
    ("", "play", "play", "play"),
    ("", "survey", "survey", "survey"),
    ("", "chat", "chat", "chat"),
    ("", "check-character", "check_character", "check_character"),
    ("", "compare", "compare", "compare"),
    ("", "tournament", "tournament", "tournament"),
    ("", "calibrate", "calibrate", "calibrate"),
    ("", "report", "report", "report"),
    ("", "studio", "studio", "studio"),
    ("", "serve", "serve", "serve"),
    ("", "mcp", "mcp", "mcp"),
    ("", "systems", "systems", "systems"),
    ("", "doctor", "doctor", "doctor"),
    ("bench", "personagym", "bench", "personagym"),
    ("bench", "synthpai", "synthpai", "synthpai"),
    ("bench", "personabench", "personabench", "personabench"),
    ("bench", "personamem", "personamem", "personamem"),
    ("bench", "personamem-v2", "personamem", "personamem_v2"),
    ("bench", "perma", "perma", "perma"),
    ("bench", "personafeedback", "personafeedback", "personafeedback"),
    ("bench", "persobench", "persobench", "persobench"),
    ("bench", "esc-eval", "esc_eval", "esc_eval"),
    ("bench", "likebench", "likebench", "likebench"),
    ("judge", "admit", "judge", "admit"),
    ("judge", "items", "judge", "items"),
    ("judge", "selective", "selective", "selective"),
    ("judge", "evolvr", "evolvr", "evolvr"),
    ("measure", "apc", "measure", "apc"),
    ("measure", "drift", "measure", "drift"),
    ("measure", "rubric", "rubric", "rubric"),
    ("measure", "randomness", "measure", "randomness"),
    ("measure", "confidence", "confidence", "confidence"),
    ("measure", "perseval", "perseval", "perseval"),
    ("measure", "personax", "personax", "personax"),
    ("remember", "add", "remember", "add"),
    ("remember", "show", "remember", "show"),
    ("remember", "recall", "remember", "recall"),
    ("remember", "diff", "remember", "diff"),
    ("remember", "undo", "remember", "undo"),
    ("remember", "forget", "remember", "forget"),
    ("remember", "export", "remember", "export"),
    ("remember", "import", "remember", "import_"),
    ("remember", "compare", "remember_compare", "compare"),
    ("keys", "add", "keys", "add"),
    ("keys", "show", "keys", "show"),
    ("keys", "remove", "keys", "remove"),
    ("persona", "show", "persona", "show"),
    ("persona", "convert", "persona", "convert"),
    ("persona", "check", "persona", "check"),
    ("persona", "diff", "persona", "diff"),
    ("persona", "from-text", "persona", "from_text"),
    ("log", "show", "log", "show"),
    ("log", "convert", "log", "convert"),
)
_GROUPS = {
    "bench": "Published benchmarks: data, protocol, metric.",
    "remember": "A memory of people: what was said, what is believed of it and why; correct it, undo it, erase from it.",
    "keys": "Who may use a server, and what they may do.",
    "persona": "Personas: look at them, convert, check, compare, read them out of texts.",
    "judge": "Judges: what is known of one before its word is taken, and verdicts that may be withheld.",
    "log": "Chat logs that you already have: look into one, turn one into another.",
    "measure": "Instruments: what a reply, a dialogue or a table of outcomes shows.",
}
_MISTAKE: Any = typer.BadParameter.__base__  # click's UsageError, wherever this typer keeps its click
HELP = "The laboratory for personas in language models: make, play, remember, measure, steer."


def build() -> typer.Typer:
    """The whole application; the docs, the tests and the shell all use this one object."""
    app = typer.Typer(
        name="personarium", help=HELP, no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False
    )
    app.callback()(_version_option)
    groups = {name: typer.Typer(help=text, no_args_is_help=True) for name, text in _GROUPS.items()}
    for group, command, module, function in COMMANDS:
        target = groups[group] if group else app
        loaded = importlib.import_module(f"personarium.apps.cli.{module}")
        target.command(command)(getattr(loaded, function))
    for name, sub in groups.items():
        app.add_typer(sub, name=name)
    return app


def application(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit code."""
    app = build()
    try:
        if "--json" in arguments:
            return _for_programs(app, arguments)
        app(list(arguments), prog_name="personarium", standalone_mode=True)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


def _for_programs(app: typer.Typer, arguments: Sequence[str]) -> int:
    """As for people, but a mistake in the command line is a document too."""
    try:
        code = app(list(arguments), prog_name="personarium", standalone_mode=False)
    except _MISTAKE as error:
        said = error.format_message()
        print_document("error", {"error": said, "kind": "UsageError", "exit_code": error.exit_code}, [])
        return int(error.exit_code)
    return code if isinstance(code, int) else 0


def _show_version(wanted: bool) -> None:
    if wanted:
        from personarium import __version__

        typer.echo(__version__)
        raise typer.Exit


def _version_option(
    version: bool = typer.Option(
        False, "--version", help="Show the version and stop.", is_eager=True, callback=_show_version
    ),
) -> None:
    """The options before the command."""
