"""``personarium chat``: talk to a persona in the terminal; the talk is kept as a dialogue and goes on next time."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, console, printable, say_error, speaks
from personarium.apps.cli.session import read_personas

YOU = "you"
HELP = "/show the exact messages   /undo the last exchange   /quit"


@speaks
def chat(
    persona: Annotated[str, typer.Argument(help="A persona file, or a sentence that describes the persona.")],
    model: opt.Model = "simulated",
    base_url: opt.BaseUrl = None,
    history: Annotated[
        Path | None,
        typer.Option("--history", help="Dialogue file; runs/chats/PERSONA.jsonl by default. An existing one goes on."),
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Begin anew; what the file held is kept beside it.")] = False,
    temperature: Annotated[float, typer.Option("--temperature", min=0, max=2)] = 0.7,
    style: Annotated[
        str, typer.Option("--style", help="How the persona is put into words: system, card, biography, …")
    ] = "system",
    show: Annotated[bool, typer.Option("--show", help="Print the exact messages before every turn.")] = False,
    dry_run: opt.DryRun = False,
    seed: opt.Seed = 0,
    as_json: opt.AsJson = False,
) -> None:
    """Talk to a persona. Reads lines from standard input, so a file of questions works too.

    Example: personarium chat "A retired nurse from Naples who loves opera" --model ollama/llama3.2
    """
    from personarium.core import Sampling
    from personarium.models import open_model
    from personarium.play import Agent
    from personarium.runs import run_sync

    who = read_personas(persona, 1)[0]
    agent = Agent(who, open_model(model, base_url=base_url), style=style, sampling=Sampling(temperature=temperature))  # type: ignore[arg-type]
    path = history or Path("runs") / "chats" / f"{_file_name(who.id)}.jsonl"
    talk = _Talk(agent, path, seed, show, quiet=as_json)
    if dry_run:
        talk.open(new=False)
        shown = {"messages": agent.render(talk.dialogue), "model": agent.model.name, "history": str(path)}
        Output(as_json).finish(shown, lambda: _show_messages(shown["messages"]))
        return
    talk.open(new)
    run_sync(talk.loop())
    data: dict[str, Any] = {
        "history": str(path),
        "turns": len(talk.dialogue.utterances),
        "failures": talk.failures,
        "last": talk.last,
    }
    Output(as_json).finish(data, lambda: console().print(f"[dim]kept in {path}[/dim]", soft_wrap=True))


class _Talk:
    """One conversation in the terminal."""

    def __init__(self, agent: Any, path: Path, seed: int, show: bool, quiet: bool) -> None:
        self.agent, self.path, self.seed, self.show, self.quiet = agent, path, seed, show, quiet
        self.terminal = sys.stdin.isatty()
        self.failures = 0
        self.last = ""
        self.dialogue: Any = None

    def open(self, new: bool) -> None:
        """Take up the stored dialogue, or begin one."""
        from personarium.core import Dialogue, load_dialogues

        if new and self.path.exists():
            self.path.rename(_free_name(self.path))
        stored = load_dialogues(self.path) if self.path.exists() else []
        self.dialogue = stored[0] if stored else Dialogue(self.path.stem, cast=(YOU, self.agent.id))
        if stored and self.terminal and not self.quiet:
            self._recall()

    async def loop(self) -> None:
        """Read, answer, keep; until the input ends."""
        from personarium.models import close

        if self.terminal and not self.quiet:
            console().print(f"[dim]{self.agent.model.name} · {HELP}[/dim]")
        try:
            while (line := self._read()) is not None:
                if not await self._take(line):
                    break
        finally:
            await close(self.agent.model)

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
        elif line.startswith("/"):
            say_error("unknown", f"{line.split()[0]}; there are {HELP}")
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
        from rich.text import Text

        out = console()
        for utterance in self.dialogue.utterances[-6:]:
            out.print(Text(printable(f"{utterance.speaker}  {utterance.text}"), style="dim"), soft_wrap=True)


def _file_name(id: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in id)[:80]


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
