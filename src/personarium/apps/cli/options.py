"""Options that several commands share, each defined once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

Model = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        help="Who plays: simulated, openai/…, ollama/…, vllm/…, openrouter/…, hf/…",
        rich_help_panel="Models",
    ),
]
Judge = Annotated[
    list[str],
    typer.Option(
        "--judge",
        "-j",
        help="Who judges; may be given more than once. Chosen apart from --model.",
        rich_help_panel="Models",
    ),
]
BaseUrl = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        help="OpenAI-compatible endpoint of --model, for instance http://127.0.0.1:8000/v1",
        rich_help_panel="Models",
    ),
]
JudgeBaseUrl = Annotated[
    str | None, typer.Option("--judge-base-url", help="Endpoint of the judges.", rich_help_panel="Models")
]
Agent = Annotated[
    str | None,
    typer.Option(
        "--agent",
        help="Your own agent plays instead of --model: http://HOST/v1, module:function or file.py:function. "
        "It is told nothing of the persona; only the judge is.",
        rich_help_panel="Models",
    ),
]
AgentModel = Annotated[
    str | None,
    typer.Option(
        "--agent-model",
        help="Model id to send to the agent's endpoint; its first one without.",
        rich_help_panel="Models",
    ),
]
Stateful = Annotated[
    bool,
    typer.Option(
        "--stateful",
        help="The agent remembers a conversation itself: it gets a session id and only what is new.",
        rich_help_panel="Models",
    ),
]
Log = Annotated[
    Path | None,
    typer.Option(
        "--log", help="Measure what was said already: dialogues, or a chat log of any format; nobody is asked."
    ),
]
LogSpeaker = Annotated[
    str | None, typer.Option("--speaker", help="Who in the log is measured; the persona's name without.")
]
Concurrency = Annotated[
    int, typer.Option("--concurrency", min=1, max=10_000, help="Requests in flight at once.", rich_help_panel="Run")
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout", min=0.1, help="Seconds that one request to an endpoint may take (600).", rich_help_panel="Run"
    ),
]
MaxCost = Annotated[
    float | None,
    typer.Option(
        "--max-cost", min=0, help="Stop before spending more than this many US dollars.", rich_help_panel="Run"
    ),
]
Prices = Annotated[
    Path | None,
    typer.Option(
        "--prices",
        help="YAML file: model name: [dollars per million prompt tokens, per million reply tokens]",
        rich_help_panel="Run",
    ),
]
Track = Annotated[
    str | None,
    typer.Option(
        "--track",
        help="Also log progress, cost and estimates, no texts: wandb:PROJECT, mlflow:EXPERIMENT or trackio:PROJECT.",
        rich_help_panel="Run",
    ),
]
TrackContent = Annotated[
    bool,
    typer.Option("--track-content", help="Send the command and the report, with texts, too.", rich_help_panel="Run"),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Run folder; the same command on the same folder resumes.", rich_help_panel="Run"),
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything drawn.", rich_help_panel="Run")]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Ask nobody: show the number of calls, tokens, cost, and the exact prompts.",
        rich_help_panel="Run",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.", rich_help_panel="Run")]


@dataclass(frozen=True, slots=True)
class Common:
    """The options of every command that asks models in a run; its fields are the options, its values their defaults."""

    concurrency: Concurrency = 50
    timeout: Timeout = None
    max_cost: MaxCost = None
    prices: Prices = None
    track: Track = None
    track_content: TrackContent = False
    out: Out = None
    seed: Seed = 0
    dry_run: DryRun = False
    as_json: AsJson = False


def takes_common(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command each field of its last parameter, ``common``, as an option of its own; they reach it put together again.

    Args:
        function: A command whose default of ``common`` says the defaults.
    """
    signature = inspect.signature(function, eval_str=True)
    *own, last = signature.parameters.values()
    hints = get_type_hints(Common, include_extras=True)
    single = [
        inspect.Parameter(one.name, last.kind, default=getattr(last.default, one.name), annotation=hints[one.name])
        for one in fields(Common)
    ]

    @functools.wraps(function)
    def command(**options: Any) -> None:
        common = Common(**{one.name: options.pop(one.name) for one in fields(Common)})
        function(**options, common=common)

    command.__signature__ = signature.replace(parameters=[*own, *single])  # type: ignore[attr-defined]
    return command


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """A command's ``locals()`` before it does anything, with the common options by their own names."""
    own = {name: value for name, value in options.items() if name != "common"}
    return {**own, **asdict(options["common"])}
