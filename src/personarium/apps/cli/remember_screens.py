"""What the commands of ``personarium remember`` print for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from personarium.apps.cli.output import console, printable

_QUOTE = 90  # characters of an utterance that are shown
_MOST_SOURCES = 3
_MOST_UNSEARCHED = 5
_COLOURS = {"+": "green", "~": "yellow", "!": "yellow", "-": "red", "*": "dim"}


def show_memory(user: str, facts: Sequence[Any], quotes: Mapping[str, Sequence[Any]], data: Mapping[str, Any]) -> None:
    """The facts as a tree by kind and key, with dates and the words they come from."""
    from rich.text import Text
    from rich.tree import Tree

    root = Tree(Text(printable(user), style="bold"))
    branches: dict[tuple[str, ...], Any] = {(): root}
    for fact in facts:
        parent = _branch(branches, (fact.kind, *_steps(fact.key)))
        leaf = parent.add(_told(fact))
        for one in list(quotes.get(fact.id, ()))[:_MOST_SOURCES]:
            leaf.add(Text(f"{one.id} · {_day(one.at)} · “{_short(one.text)}”", style="dim"))
        more = len(quotes.get(fact.id, ())) - _MOST_SOURCES
        if more > 0:
            leaf.add(Text(f"and {more} more", style="dim"))
    out = console()
    if not facts:
        root.add(Text("nothing is believed yet", style="dim"))
    out.print(root)
    out.print(
        f"{_count(data['observations'], 'utterance')}, {_count(len(facts), 'fact')}, {_count(data['batches'], 'batch', 'es')} of edits",
        style="dim",
    )


def show_users(rows: Sequence[tuple[str, int]]) -> None:
    """Who is in the memory."""
    from rich.table import Table
    from rich.text import Text

    table = Table("user", "events", box=None, header_style="bold")
    table.columns[1].justify = "right"
    for name, events in rows:
        table.add_row(Text(printable(name)), f"{events:,}")
    console().print(table if rows else "nobody yet")


def show_recalled(found: Any, said: Mapping[str, Any]) -> None:
    """The entries with reasons and sources."""
    from rich.text import Text

    out = console()
    if not found.items:
        out.print("nothing comes to mind", style="dim")
    for number, item in enumerate(found.items, 1):
        when = f"  {_day(item.at)}" if item.at is not None else ""
        out.print(Text.assemble((f"{number}. ", "bold"), printable(item.text), (when, "cyan")), soft_wrap=True)
        out.print(Text(f"   why: {printable(item.reason)}", style="dim"), soft_wrap=True)
        for id in item.sources[:_MOST_SOURCES]:
            if id in said and id not in item.ids:
                out.print(Text(f"   from {id}: “{_short(said[id].text)}” ({_day(said[id].at)})", style="dim"))
    left = f", {found.left_out} did not fit the budget" if found.left_out else ""
    out.print(f"{len(found.items)} entries, about {found.tokens} tokens{left}", style="dim")


def show_diff(proposed: Any, state: str) -> None:
    """A proposal, one coloured line an edit."""
    from rich.text import Text

    out = console()
    for line in proposed.lines():
        out.print(Text(printable(line), style=_COLOURS.get(line[:1], "")), soft_wrap=True)
    edits = len(proposed.operations)
    out.print(f"{edits} edit{'s' * (edits != 1)} {state}" if edits else "nothing to change", style="dim")


def show_added(data: Mapping[str, Any], proposed: Any, preview: bool) -> None:
    """What was taken in."""
    out = console()
    out.print(f"{data['said']} utterances kept for {printable(data['user'])}", markup=False)
    if proposed is not None:
        show_diff(proposed, "proposed, none made" if preview else "made")


def show_undone(taken: Sequence[Any]) -> None:
    """What was taken back."""
    out = console()
    for batch in taken:
        out.print(f"batch {batch.seq} of {_day(batch.at)}: {len(batch.operations)} edits taken back")
    if not taken:
        out.print("nothing to take back", style="dim")


def show_plan(planned: Any) -> None:
    """What an erasure would take."""
    from rich.text import Text

    out = console()
    out.print(f"{len(planned.observations)} utterances: {', '.join(planned.observations) or 'none'}", soft_wrap=True)
    out.print(f"{len(planned.facts)} facts: {', '.join(planned.facts) or 'none'}", soft_wrap=True)
    for id, text in planned.also.items():
        out.print(Text(f"stays, and shares a rare word: {id} “{_short(text)}”", style="yellow"), soft_wrap=True)


def show_receipt(receipt: Any) -> None:
    """What forgetting took, and where it was looked for."""
    out = console()
    done = "erased" if receipt.mode == "erase" else "archived"
    out.print(
        f"{done}: {_count(len(receipt.observations), 'utterance')}, {_count(len(receipt.facts), 'fact')}", style="bold"
    )
    if receipt.mode != "erase":
        return
    out.print(f"log: {receipt.events} events rewritten, receipt is event {receipt.seq}")
    for folder, erased in receipt.folders.items():
        files = f", {len(erased.files)} other files" if erased.files else ""
        out.print(f"{folder}: {erased.calls} calls, {erased.replies} cached replies{files}", markup=False)
    if receipt.reread:
        out.print(f"{receipt.reread} utterances that stay will be read again by the next diff")
    out.print(f"{receipt.searched} files searched; nothing of it is left in them", style="green")
    for name in receipt.found:
        out.print(
            f"still in {printable(name)}, which is no text: delete it by hand",
            style="yellow",
            markup=False,
            soft_wrap=True,
        )
    for name in receipt.unsearched[:_MOST_UNSEARCHED]:
        out.print(f"not looked into: {printable(name)}", style="yellow", markup=False, soft_wrap=True)
    more = len(receipt.unsearched) - _MOST_UNSEARCHED
    if more > 0:
        out.print(f"and {more} more files that could not be looked into (--json names them)", style="yellow")


def _branch(branches: dict[tuple[str, ...], Any], path: tuple[str, ...]) -> Any:
    from rich.text import Text

    if path not in branches:
        parent = _branch(branches, path[:-1])
        branches[path] = parent.add(Text(printable(path[-1]), style="bold cyan" if len(path) == 1 else "cyan"))
    return branches[path]


def _steps(key: str) -> tuple[str, ...]:
    return tuple(key.split(".")[:6]) if key else ()


def _told(fact: Any) -> Any:
    from rich.text import Text

    dates = [f"since {_day(fact.valid_from)}"] if fact.valid_from is not None else []
    if fact.valid_to is not None:
        dates = [f"{_day(fact.valid_from)} to {_day(fact.valid_to)}"] if fact.valid_from is not None else []
    notes = [*dates, *([f"of {fact.holder}"] if fact.holder != "user" else []), fact.id]
    if fact.confidence < 1:
        notes.append(f"confidence {fact.confidence:.2f}")
    style = "" if fact.current else "strike dim"
    return Text.assemble((printable(" ".join(fact.text.split())), style), (f"  {' · '.join(notes)}", "dim"))


def _count(number: int, what: str, many: str = "s") -> str:
    return f"{number:,} {what}{many if number != 1 else ''}"


def _short(text: str) -> str:
    plain = printable(" ".join(text.split()))
    return plain if len(plain) <= _QUOTE else plain[: _QUOTE - 1] + "…"


def _day(at: float) -> str:
    from personarium.remember.recollection import day

    return day(at)
