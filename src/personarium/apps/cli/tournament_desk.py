"""The desk of ``personarium tournament --by-hand``: two answers, one key."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import comb
from pathlib import Path
from typing import Any

from personarium.apps.cli.output import console, printable

KEYS = {"a": "A", "b": "B", "t": "tie", "s": None}
HELP = "a or b for the better one, t for a tie, s if you cannot say, q to stop (what you said is kept)"
SIDE_BY_SIDE = 100  # columns of a terminal from which the answers stand beside each other


class Terminal:
    """Asks a person, one pair after the other.

    Args:
        study: The study file, for how much was judged before.
        entry: Who takes part, for how much there is.
        config: The tournament's.
    """

    def __init__(self, study: Path | None, entry: Any, config: Any) -> None:
        there = study is not None and study.is_file()
        # Lines alone are counted: the file's last one may be torn, and the tournament mends it.
        self.done = max(0, study.read_bytes().count(b"\n") - 1) if there and study is not None else 0
        whole = comb(len(entry.names), 2) * len(entry.contexts)
        self.most = min(whole, config.most_duels or whole) * len(config.dimensions)
        self.out = console()
        if self.done:
            self.out.print(f"{self.done} judged before; going on\n", style="dim")

    def ask(self, sheet: Any) -> str | None:
        """Show two answers and read a key.

        Raises:
            JudgingStopped: The person wants to stop, or standard input ended.
        """
        from personarium.measure.prompt_tournament import JudgingStopped

        self._show(sheet)
        while True:
            sys.stdout.write("a, b, t, s, q > ")
            sys.stdout.flush()
            with _stoppable():
                line = sys.stdin.readline()
            if not sys.stdin.isatty():  # nobody has pressed return
                self.out.print()
            key = line.strip().lower()
            if not line or key == "q":
                raise JudgingStopped
            if key in KEYS:
                self.done += 1
                return KEYS[key]
            self.out.print(HELP, style="dim", markup=False)

    def _show(self, sheet: Any) -> None:
        from rich.rule import Rule
        from rich.text import Text

        self.out.print(Rule(Text(f"{self.done + 1} of at most {self.most}"), style="dim"))
        if sheet.persona:
            self.out.print(Text(printable(f"Who speaks: {sheet.persona}"), style="dim"))
        self.out.print(Text(printable(sheet.instruction), style="bold"))
        if sheet.reference:
            self.out.print(Text(printable(f"A right answer: {sheet.reference}"), style="dim"))
        self.out.print(_answers(sheet.responses, self.out.width))
        self.out.print(Text(printable(sheet.rubric.strip("[]"))))


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let Ctrl-C end a wait for a key: the event loop's own handler only marks its task, which is not looked at meanwhile."""
    before = signal.getsignal(signal.SIGINT)
    if before is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _answers(texts: tuple[str, ...], width: int) -> Any:
    from rich.console import Group
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    panels = [
        Panel(Text(printable(text)), title=name, title_align="left") for name, text in zip("AB", texts, strict=True)
    ]
    if width < SIDE_BY_SIDE:
        return Group(*panels)
    grid = Table.grid(expand=True)
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    grid.add_row(*panels)
    return grid
