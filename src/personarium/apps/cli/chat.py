"""``personarium chat``: talk to a persona in the terminal; the talk is kept as a dialogue and goes on next time."""

from __future__ import annotations

import re
import secrets
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, console, printable, say_error, speaks
from personarium.apps.cli.session import read_personas
from personarium.core.errors import UsageError

YOU = "you"
MEMORY_COMMANDS = ("/memory", "/why", "/correct", "/forget", "/forget!", "/undo-memory")
HELP = "/show the exact messages   /undo the last exchange   /quit"


@speaks
def chat(
    persona: Annotated[str, typer.Argument(help="A character card, a persona file, or a sentence about the persona.")],
    model: opt.Model = "simulated",
    agent: opt.Agent = None,
    agent_model: opt.AgentModel = None,
    stateful: opt.Stateful = False,
    base_url: opt.BaseUrl = None,
    history: Annotated[
        Path | None,
        typer.Option(
            "--history",
            help="Dialogue file or chat log of any format; runs/chats/PERSONA.jsonl by default. An existing one goes on.",
        ),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What the character calls you ({{user}} in a card).")] = "User",
    greeting: Annotated[
        int, typer.Option("--greeting", min=0, help="Which greeting of a card: 0 is the first, then the alternates.")
    ] = 0,
    new: Annotated[bool, typer.Option("--new", help="Begin anew; what the file held is kept beside it.")] = False,
    temperature: Annotated[float, typer.Option("--temperature", min=0, max=2)] = 0.7,
    style: Annotated[
        str | None,
        typer.Option(
            "--style",
            help="How the persona is put into words: system, biography, …; a card is played as a card without.",
        ),
    ] = None,
    memory: Annotated[
        Path | None,
        typer.Option("--memory", help="Remember the person in this file, across talks.", rich_help_panel="Memory"),
    ] = None,
    user: Annotated[
        str, typer.Option("--user", help="Whose memory; the same name next time.", rich_help_panel="Memory")
    ] = "me",
    strategy: Annotated[
        str, typer.Option("--strategy", help="How it remembers: facts, personatree, …", rich_help_panel="Memory")
    ] = "facts",
    reader: Annotated[
        str | None,
        typer.Option("--reader", help="Model that reads what was said; plain rules without.", rich_help_panel="Memory"),
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Print the exact messages before every turn.")] = False,
    dry_run: opt.DryRun = False,
    seed: opt.Seed = 0,
    as_json: opt.AsJson = False,
) -> None:
    """Talk to a persona, or to your own agent. Reads lines from standard input, so a file of questions works too.

    Example: personarium chat card.png --model ollama/llama3.2 --name Robin
    """
    given = dict(locals())
    from personarium.runs import run_sync

    who = read_personas(persona, 1)[0]
    speaker, sessions = _speaker(who, given)
    path = history or Path("runs") / "chats" / f"{_file_name(who.id if agent is None else agent)}.jsonl"
    kept = _memory(given)
    talk = _Talk(speaker if kept is None else kept.wrap(speaker), path, seed, show, as_json, kept)
    talk.open(new and not dry_run)
    sessions.nonce = talk.dialogue.meta.setdefault("session", secrets.token_hex(6)) if stateful else ""
    if dry_run:
        shown = {
            "messages": talk.agent.render(talk.dialogue),
            "model": talk.agent.model.name,
            "history": str(talk.path),
        }
        Output(as_json).finish(shown, lambda: _show_messages(shown["messages"]))
        return
    run_sync(talk.loop())
    data: dict[str, Any] = {
        "history": str(talk.path),
        "turns": len(talk.dialogue.utterances),
        "failures": talk.failures,
        "last": talk.last,
        **({} if kept is None else {"memory": str(memory), "learnt": kept.learnt, "unread": kept.failures}),
    }
    Output(as_json).finish(
        data, lambda: console().print(f"kept in {talk.path}", style="dim", markup=False, soft_wrap=True)
    )


def _speaker(who: Any, given: dict[str, Any]) -> tuple[Any, Any]:
    """Who answers: the persona on a model, a card played as a card, or the user's own agent, which is told nothing."""
    from personarium.core import Sampling
    from personarium.models import Sessions, open_agent, open_model
    from personarium.play import Agent, agent_for

    sampling, sessions = Sampling(temperature=given["temperature"]), Sessions()
    if given["agent"] is None:
        if given["agent_model"] or given["stateful"]:
            raise UsageError("--agent-model and --stateful describe an own agent; name it with --agent")
        model = open_model(given["model"], base_url=given["base_url"])
        more = {"style": given["style"], "user": given["name"], "greeting": given["greeting"], "seed": given["seed"]}
        return agent_for(who, model, sampling=sampling, **more), sessions
    own = open_agent(given["agent"], model=given["agent_model"], stateful=given["stateful"], sessions=sessions)
    return Agent(who, own, style=None, sampling=sampling), sessions


def _memory(given: dict[str, Any]) -> Any:
    """The memory that was asked for; None without ``--memory``."""
    from personarium.apps.cli.chat_memory import ChatMemory
    from personarium.models import open_model

    if given["memory"] is None:
        if given["reader"] is not None:
            raise UsageError("--reader reads for a memory; name its file with --memory")
        return None
    reader = None if given["reader"] is None else open_model(given["reader"], base_url=given["base_url"])
    return ChatMemory(given["memory"], given["user"], given["strategy"], reader, given["as_json"])


class _Talk:
    """One conversation in the terminal."""

    def __init__(self, agent: Any, path: Path, seed: int, show: bool, quiet: bool, memory: Any = None) -> None:
        self.agent, self.path, self.seed, self.show, self.quiet = agent, path, seed, show, quiet
        self.memory = memory
        self.terminal = sys.stdin.isatty()
        self.failures = 0
        self.last = ""
        self.dialogue: Any = None

    def open(self, new: bool) -> None:
        """Take up the stored dialogue or another program's log, or begin one; a card begins with its greeting."""
        from personarium.core import Dialogue
        from personarium.core.chat_logs import continue_log
        from personarium.play import opened

        if new and self.path.exists():
            self.path.rename(_free_name(self.path))
        if self.path.exists() and self.path.stat().st_size:
            found = continue_log(self.path, YOU, self.agent.id, self.agent.persona.name)
            self.dialogue = found.dialogue
            if found.format != "personarium":  # another program's file stays as it is; the talk goes on beside it
                self.path = _free_name(self.path.with_suffix(".jsonl"))
        else:
            self.dialogue = opened(Dialogue(self.path.stem, cast=(YOU, self.agent.id)), self.agent)
        if self.dialogue.utterances and not self.quiet:
            self._recall()

    async def loop(self) -> None:
        """Read, answer, keep; until the input ends."""
        from personarium.models import close

        if self.terminal and not self.quiet:
            console().print(f"{self.agent.model.name} · {self._help()}", style="dim", markup=False)
        try:
            while (line := self._read()) is not None:
                if not await self._take(line):
                    break
            if self.memory is not None:
                await self.memory.learn(closing=True)
        finally:
            await close(self.agent.model)
            if self.memory is not None:
                self.memory.close()

    def _help(self) -> str:
        from personarium.apps.cli.chat_memory import HELP as MEMORY_HELP

        return HELP if self.memory is None else f"{HELP}   {MEMORY_HELP}"

    def _read(self) -> str | None:
        if self.terminal and not self.quiet:
            console().print("[bold cyan]you[/bold cyan] ", end="")
        line = sys.stdin.readline()
        return line.strip() if line else None

    async def _take(self, line: str) -> bool:
        if line in ("/quit", "/exit"):
            return False
        if line == "/show":
            _show_messages(self.agent.render(self.dialogue))
        elif line == "/undo":
            del self.dialogue.utterances[-2:]
            self._keep()
            if self.memory is not None:
                self.memory.take_back(self.dialogue.id, len(self.dialogue.utterances))
        elif line and self.memory is not None and line.split()[0] in MEMORY_COMMANDS:
            if self.memory.take(line, _copies(self.path)):
                self._reopen()
        elif line.startswith("/"):
            say_error("unknown", f"{line.split()[0]}; there are {self._help()}")
        elif line:
            await self._exchange(line)
        return True

    async def _exchange(self, line: str) -> None:
        from personarium.play import Spoken

        self.dialogue.say(YOU, line)
        if self.show:
            _show_messages(self.agent.render(self.dialogue))
        self._write(f"\n{self.agent.persona.name or 'persona'}  ")
        spoken = Spoken("")
        async for piece in self.agent.stream(self.dialogue, seed=self.seed):
            if isinstance(piece, str):
                self._write(piece)
            else:
                spoken = piece
        self._write("\n\n")
        if spoken.failure is not None:
            self.failures += 1
            self.dialogue.utterances.pop()
            say_error("no answer", f"{spoken.failure.reason}; say it again to try once more")
        else:
            self.last = spoken.text
            self.dialogue.say(self.agent.id, spoken.text)
            self._keep()
            if self.memory is not None:
                await self.memory.learn()

    def _reopen(self) -> None:
        """Take the talk up from its file, after words were struck out of it."""
        from personarium.core.chat_logs import continue_log

        if self.path.exists() and self.path.stat().st_size:
            self.dialogue = continue_log(self.path, YOU, self.agent.id, self.agent.persona.name).dialogue

    def _write(self, text: str) -> None:
        if not self.quiet:
            sys.stdout.write(printable(text))
            sys.stdout.flush()

    def _keep(self) -> None:
        from personarium.core import save_dialogues
        from personarium.runs.disk import storage

        with storage(f"cannot keep the talk in {self.path}"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        save_dialogues([self.dialogue], self.path)

    def _recall(self) -> None:
        """What was said last, so that one knows where the talk stands."""
        from rich.text import Text

        out = console()
        for utterance in self.dialogue.utterances[-6:]:
            said_by = self.agent.persona.name if utterance.speaker == self.agent.id else utterance.speaker
            out.print(Text(printable(f"{said_by or 'persona'}  {utterance.text}"), style="dim"), soft_wrap=True)


def _file_name(id: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in id)[:80]


def _copies(path: Path) -> list[Path]:
    """The talk's file, its numbered copies, and the log of another program that it goes on from."""
    own = re.compile(re.escape(re.sub(r"(\.[0-9]+)+\Z", "", path.stem)) + r"(\.[0-9]+)*(\.\w+)?")
    return [one for one in sorted(path.parent.glob("*")) if own.fullmatch(one.name) and one.is_file()]


def _free_name(path: Path) -> Path:
    number = 1
    while (candidate := path.with_name(f"{path.stem}.{number}{path.suffix}")).exists():
        number += 1
    return candidate


def _show_messages(messages: Any) -> None:
    from rich.text import Text

    out = console()
    for message in messages:
        out.print(Text(f"[{message['role']}]", style="bold"))
        out.print(Text(printable(message["content"])), soft_wrap=True)
    out.print()
