"""From options to a run: the models that were named, the folder, progress, dry runs and the report at the end."""

from __future__ import annotations

import hashlib
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personarium.apps.cli.output import Output, console, printable
from personarium.core.chat import ChatModel, canonical_json
from personarium.core.errors import InvalidInput, NotFound, UsageError

RUNS = Path("runs")
TRIES = 6  # calls in all for one reply, where asking again is harmless


@dataclass(frozen=True)
class RunOptions:
    """What every command that asks models takes.

    Args:
        kind: The command's name in the folder name and the configuration, for instance ``personagym``.
        model: Name of the player.
        judges: Names of the judges; empty where the command needs none.
        base_url: Endpoint of the player.
        judge_base_url: Endpoint of the judges; the player's when the judges are not named apart.
        timeout: Seconds that one request to an endpoint may take; None for the client's own limit.
        config: What decides the result beyond the models.
        roles: What the models in ``judges`` do, for the records, where they do not judge (``partner``, ...).
        agent: The user's own agent, which then plays in place of ``model``.
        agent_model: Model id at its endpoint.
        stateful: Whether it keeps conversations itself.
        track: A tracker that the run is logged to, for instance ``wandb:bees``.
        track_content: Whether it also gets texts: the command and the report.
    """

    kind: str
    model: str
    judges: Sequence[str] = ()
    base_url: str | None = None
    judge_base_url: str | None = None
    seed: int = 0
    out: Path | None = None
    concurrency: int = 50
    timeout: float | None = None
    max_cost: float | None = None
    prices: Path | None = None
    dry_run: bool = False
    as_json: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)
    roles: Sequence[str] = ()
    agent: str | None = None
    agent_model: str | None = None
    stateful: bool = False
    track: str | None = None
    track_content: bool = False

    def folder(self) -> Path:
        """``--out``, or a folder named by the configuration, so that repeating the command finds its run."""
        if self.out is not None:
            return self.out
        return RUNS / f"{self.kind}-{digest_of(self.full_config())}"

    def full_config(self) -> dict[str, Any]:
        """Everything that decides the result."""
        return {
            "kind": self.kind,
            "model": self.player_name,
            "judges": list(self.judges),
            "base_url": self.base_url,
            "judge_base_url": self.judge_base_url,
            "seed": self.seed,
            **self.config,
        }

    @property
    def player_name(self) -> str:
        """The model that plays, or the user's own agent."""
        if self.agent is None:
            return self.model
        from personarium.models.own_agents import agent_name

        return agent_name(self.agent, self.agent_model, self.stateful)


def digest_of(value: Any) -> str:
    """A short name for what a value holds, for folders and configurations."""
    return hashlib.blake2b(canonical_json(value).encode(), digest_size=4).hexdigest()


# Options that every command with a run may have; what a command lacks keeps its default.
_SHARED = (
    "base_url",
    "judge_base_url",
    "seed",
    "out",
    "concurrency",
    "timeout",
    "max_cost",
    "prices",
    "dry_run",
    "as_json",
    "agent",
    "agent_model",
    "stateful",
    "track",
    "track_content",
)


def run_options(
    kind: str,
    given: Mapping[str, Any],
    config: Mapping[str, Any],
    judges: Sequence[str] = (),
    model: str | None = None,
    roles: Sequence[str] = (),
) -> RunOptions:
    """The run options of a command.

    Args:
        kind: The command's name.
        given: The command's own options by name (its ``locals()`` before it does anything).
        config: What decides the result beyond the models.
        judges: Names of the judges.
        model: The player, where the command has no ``--model``.
        roles: Of the judges, where they do something else.
    """
    shared = {name: given[name] for name in _SHARED if name in given}
    return RunOptions(kind, model or given["model"], judges, config=config, roles=roles, **shared)


class Session:
    """One command's run with its models; use it in a ``with`` block.

    Attributes:
        run: The open run, or a dry one.
        player: The player as the run asks it.
        own_agent: Whether the player is the user's own agent, which must not be told the persona.
        judges: The judges as the run asks them, in the order given.
        output: How the command speaks.
    """

    def __init__(self, options: RunOptions) -> None:
        from personarium.models import load_prices
        from personarium.models.own_agents import Sessions
        from personarium.runs import Run, progress_for

        self.options = options
        self.output = Output(options.as_json)
        self.prices = load_prices(options.prices) if options.prices else None
        self.own_agent = options.agent is not None
        if not self.own_agent and (options.agent_model or options.stateful):
            raise UsageError("--agent-model and --stateful describe an own agent; name it with --agent")
        self._sessions = Sessions()
        opened = self._open_agent() if self.own_agent else self._open(options.model, options.base_url)
        others = [
            self._open(name, options.judge_base_url or (options.base_url if name == options.model else None))
            for name in options.judges
        ]
        self.plain_models: list[ChatModel] = [opened, *others]
        self._tracking = _tracking(options, self.output)
        if options.dry_run:
            self.run: Any = Run.dry(options.full_config(), seed=options.seed)
        else:
            shown = None if options.as_json else progress_for()
            self.run = Run.open(
                options.folder(),
                options.full_config(),
                seed=options.seed,
                command=command_line(),
                max_cost=options.max_cost,
                progress=shown if self._tracking is None else self._tracking.watch(shown),
            )
            if self._tracking is not None:
                self._tracking.begin(self.run.path)
        self._sessions.nonce = self.run.id
        try:
            self.player = self.wrap(opened, "player")
            roles = [*options.roles, *["judge"] * len(others)]
            self.judges = [self.wrap(model, role) for model, role in zip(others, roles, strict=False)]
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        self._warn_if_simulated()

    def _open(self, name: str, base_url: str | None) -> ChatModel:
        from personarium.models import open_model
        from personarium.models.registry import is_in_process

        return open_model(name, base_url=base_url, timeout_s=None if is_in_process(name) else self.options.timeout)

    def _open_agent(self) -> ChatModel:
        from personarium.models.own_agents import open_agent

        chosen = self.options
        assert chosen.agent is not None
        if chosen.max_cost is not None:
            self.output.warn(
                "what your own agent costs you is counted only if --prices names it; the judges are counted"
            )
        return open_agent(
            chosen.agent,
            model=chosen.agent_model,
            stateful=chosen.stateful,
            sessions=self._sessions,
            timeout_s=chosen.timeout,
        )

    def wrap(self, model: ChatModel, role: str) -> ChatModel:
        """A model as this run asks it; an agent that remembers is asked once, for it would hear a retry as a new line."""
        tries = 1 if getattr(model, "stateful", False) else TRIES
        wrapped: ChatModel = self.run.model(
            model, role=role, concurrency=self.options.concurrency, tries=tries, prices=self.prices
        )
        return wrapped

    def __enter__(self) -> Session:
        self.run.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        try:
            self.run.__exit__(*error)
        finally:
            if self._tracking is not None:
                self._tracking.end(self.run.path)

    async def close_models(self) -> None:
        """Close the connections of all models."""
        for model in self.plain_models:
            close = getattr(model, "aclose", None)
            if close is not None:
                await close()

    def work(self, coroutine: Any) -> Any:
        """Run the command's coroutine to its end, then close the models."""
        from personarium.runs import run_sync

        async def whole() -> Any:
            try:
                return await coroutine
            finally:
                await self.close_models()

        return run_sync(whole())

    def show_plan(self) -> None:
        """The end of a dry run: calls, tokens, cost, and the exact first prompts."""
        plan = self.run.plan
        self.output.finish(plan.as_dict(), lambda: show_plan(plan))

    def _warn_if_simulated(self) -> None:
        from personarium.models.registry import is_simulated

        if any(is_simulated(model.name) for model in self.plain_models):
            self.output.warn(SIMULATED)


def _tracking(options: RunOptions, output: Output) -> Any:
    """The tracking that was asked for; None without, and for a dry run."""
    if options.track is None:
        return None
    from personarium.report.tracking import Tracking, open_tracker

    tracker = open_tracker(options.track)
    return None if options.dry_run else Tracking(tracker, content=options.track_content, warn=output.warn)


SIMULATED = (
    "Made with a simulated subject: shows what this instrument can detect when the text is plain; "
    "says nothing about any language model."
)


def command_line() -> str:
    """The command as it was typed, for the run folder and the report."""
    return shlex.join(["personarium", *sys.argv[1:]])


def show_plan(plan: Any) -> None:
    """A dry run's plan for people."""
    from rich.markup import escape

    out = console()
    out.print(escape(printable(plan.text(samples=True))), soft_wrap=True)


def only_persona(agent: str | None, people: Sequence[Any]) -> None:
    """An own agent plays one character, so there must be one persona; asked before a run folder is made.

    Raises:
        UsageError: When there are several.
    """
    if agent is not None and len(people) != 1:
        raise UsageError(
            f"--agent plays one character, found {len(people)} personas; name one with its file or sentence"
        )


def read_personas(source: str | None, number: int | None) -> list[Any]:
    """Personas from ``--persona``: a file of one or many, a folder of them, or a sentence; cut to ``number``.

    Raises:
        NotFound: When the text looks like a file name that does not exist.
    """
    from personarium.core import Persona, load_cast, load_personas

    if source is None:
        raise UsageError("no persona given: name a file or write a sentence")
    path = Path(source)
    if len(source) < 1024 and path.is_file():
        found = load_personas(path)
    elif len(source) < 1024 and path.is_dir():
        cast = load_cast(path)
        if cast.problems:
            place, problem = next(iter(cast.problems.items()))
            raise InvalidInput(
                str(path),
                f"a folder of personas that can all be read ({len(cast.problems)} cannot)",
                f"{place}: {problem}",
            )
        found = list(cast)
    elif len(source.split()) < 3 and (path.suffix or "/" in source):
        raise NotFound(f"there is no file {source}; give a file, or a sentence that describes the persona")
    else:
        found = [Persona.from_text(source)]
    return list(found)[:number]


def warn_of_failures(session: Session, failures: Sequence[Any]) -> None:
    """One sentence about what failed: how often, of which kinds, and why the first did."""
    from personarium.core.results import count_failures

    if failures:
        kinds = ", ".join(f"{count} {kind}" for kind, count in count_failures(failures).items())
        session.output.warn(
            f"{len(failures)} failures ({kinds}), the first: {failures[0].reason}; the report lists them"
        )


def _nothing(data: Mapping[str, Any]) -> str:
    """What a run was for and did not reach in a single case: ``made``, ``measured``; "" where there is something."""
    made = data.get("made")
    if isinstance(made, Mapping) and not any(made.values()):
        return "made"
    estimates = list(dict(data.get("estimates") or {}).values())
    return "measured" if estimates and all(estimate["value"] is None for estimate in estimates) else ""


def finish_run(session: Session, data: Mapping[str, Any], show: Callable[[Any], None]) -> None:
    """After the run closed: write its report, name it, and say the result once.

    Exit code 1 when nothing at all could be measured or made: everything failed, and the report says why.
    """
    from personarium.report import write_report

    path = write_report(session.run.path)
    nothing = _nothing(data)
    if nothing:
        session.output.warn(f"nothing could be {nothing}; the report lists what failed")
    document = {**data, "run": str(session.run.path), "report": str(path)}

    def people() -> None:
        out = console()
        show(out)
        out.print(f"\nreport  {path}", soft_wrap=True, markup=False)

    session.output.finish(document, people)
    if nothing:
        raise SystemExit(1)
