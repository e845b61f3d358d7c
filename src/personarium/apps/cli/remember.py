"""``personarium remember``: a memory of people that one can look into, correct, undo, and truly erase from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, console, speaks
from personarium.apps.cli.session import Session, digest_of, run_options
from personarium.core.errors import NotFound, UsageError

Store = Annotated[Path, typer.Argument(metavar="MEMORY", help="The memory, one SQLite file; made by add.")]
User = Annotated[str, typer.Option("--user", "-u", help="Whose memory.")]
StrategyName = Annotated[
    str,
    typer.Option(
        "--strategy",
        "-s",
        help="How it remembers: facts, personatree, memorybank, ld-agent, personamem-v2, personavlm, pearl; "
        "none, full-context, bm25, embedding to compare with.",
    ),
]
Reader = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help="Who reads what was said: openai/…, ollama/…, vllm/…, hf/…, simulated. Plain rules without.",
        rich_help_panel="Models",
    ),
]


@speaks
def add(
    store: Store,
    user: User,
    sources: Annotated[
        list[Path] | None, typer.Argument(metavar="[LOG]...", help="Chat logs of any format, each talk a session.")
    ] = None,
    fact: Annotated[
        list[str] | None, typer.Option("--fact", help="State a fact yourself: 'KEY: TEXT' or a sentence.")
    ] = None,
    speaker: Annotated[
        str | None, typer.Option("--speaker", help="Who in the logs is the user, where they do not say it.")
    ] = None,
    strategy: StrategyName = "facts",
    model: Reader = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Keep what was said, show what would be believed, and believe nothing.")
    ] = False,
    base_url: opt.BaseUrl = None,
    concurrency: opt.Concurrency = 50,
    timeout: opt.Timeout = None,
    max_cost: opt.MaxCost = None,
    prices: opt.Prices = None,
    out: opt.Out = None,
    seed: opt.Seed = 0,
    as_json: opt.AsJson = False,
) -> None:
    """Take in chat logs and facts: what was said is kept word by word, and the strategy says what to believe of it.

    Example: personarium remember add people.db --user ana chat.jsonl --fact "tastes.drink: tea"
    """
    given = dict(locals())
    if not sources and not fact:
        raise UsageError("nothing to add: name a chat log, or state a fact with --fact")
    talks = [talk for path in sources or () for talk in _talks(path, speaker)]
    with _open(store, strategy, new=True) as memory:
        ana, output = memory.user(user), Output(as_json)
        untimed = sum(ana_untimed for _, ana_untimed in talks)
        for said, _ in talks:
            ana.observe_all(said)
        facts = [_state(ana, text) for text in fact or ()]
        if untimed:
            output.warn(f"{untimed} messages had no time of their own; their file's time was taken")
        diff = _consolidated(ana, given, output) if talks else None
        made = ana.apply(diff) if diff is not None and not preview else ()
        data = {
            "user": user,
            "said": sum(len(said) for said, _ in talks),
            "facts": [one.id for one in (*facts, *made)],
            "diff": diff.as_dict() if diff is not None else None,
            "applied": diff is not None and not preview,
        }
    from personarium.apps.cli.remember_screens import show_added

    output.finish(data, lambda: show_added(data, diff, preview))


@speaks
def recall(
    store: Store,
    query: Annotated[str, typer.Argument(help="What is asked, or said.")],
    user: User,
    number: Annotated[int, typer.Option("--number", "-k", min=0, help="Most entries.")] = 5,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Only entries of this kind; said for utterances.")
    ] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Only what was known on that day: 2026-05-01.")] = None,
    budget: Annotated[int | None, typer.Option("--budget", min=0, help="Most tokens.")] = None,
    strategy: StrategyName = "facts",
    as_json: opt.AsJson = False,
) -> None:
    """What matters for a question, with the reason and the sources of every entry. Looking changes nothing.

    Example: personarium remember recall people.db "what does she drink?" --user ana
    """
    from personarium.apps.cli.remember_screens import show_recalled

    with _open(store, strategy) as memory:
        ana = _known(memory, user)
        found = ana.recall(query, number, kind or (), as_of=_day(as_of), budget_tokens=budget, preview=True)
        quotes = {one.id: one for one in ana.observations()}
        Output(as_json).finish(found.as_dict(), lambda: show_recalled(found, quotes))


@speaks
def show(
    store: Store,
    user: Annotated[
        str | None, typer.Option("--user", "-u", help="Whose memory; without, the users are listed.")
    ] = None,
    history: Annotated[bool, typer.Option("--history", help="Also what holds no more.")] = False,
    as_of: Annotated[str | None, typer.Option("--as-of", help="As it was known on that day: 2026-05-01.")] = None,
    strategy: StrategyName = "facts",
    as_json: opt.AsJson = False,
) -> None:
    """Show what is believed of a user as a tree, each entry with its dates and the words it comes from.

    Example: personarium remember show people.db --user ana --history
    """
    from personarium.apps.cli.remember_screens import show_memory, show_users
    from personarium.remember.records import to_dict

    with _open(store, strategy) as memory:
        if user is None:
            rows = [(name, memory.store.last(name)) for name in memory.users()]
            listed = {"users": [{"user": name, "events": events} for name, events in rows]}
            Output(as_json).finish(listed, lambda: show_users(rows))
            return
        ana = _known(memory, user)
        seen = ana if as_of is None else ana.as_of(_day(as_of) or 0.0)
        facts = seen.facts(ended=history)
        quotes = {fact.id: seen.sources(fact) for fact in facts}
        data = {
            "user": user,
            "facts": [{**to_dict(fact), "sources": [to_dict(one) for one in quotes[fact.id]]} for fact in facts],
            "observations": len(seen.observations()),
            "batches": len(seen.batches()),
        }
        Output(as_json).finish(data, lambda: show_memory(user, facts, quotes, data))


@speaks
def diff(
    store: Store,
    user: User,
    apply: Annotated[bool, typer.Option("--apply", help="Believe it.")] = False,
    refuse: Annotated[
        bool, typer.Option("--refuse", help="Turn it down; what it came from is not read again.")
    ] = False,
    closing: Annotated[bool, typer.Option("--closing", help="The running talk is over.")] = False,
    strategy: StrategyName = "facts",
    model: Reader = None,
    base_url: opt.BaseUrl = None,
    concurrency: opt.Concurrency = 50,
    timeout: opt.Timeout = None,
    max_cost: opt.MaxCost = None,
    prices: opt.Prices = None,
    out: opt.Out = None,
    seed: opt.Seed = 0,
    as_json: opt.AsJson = False,
) -> None:
    """What the strategy would change after what was said since the last time; nothing changes without --apply.

    Example: personarium remember diff people.db --user ana --strategy personatree
    """
    from personarium.apps.cli.remember_screens import show_diff

    given = dict(locals())
    if apply and refuse:
        raise UsageError("either --apply or --refuse")
    output = Output(as_json)
    with _open(store, strategy) as memory:
        ana = _known(memory, user)
        proposed = _consolidated(ana, given, output)
        if apply:
            ana.apply(proposed)
        elif refuse:
            ana.refuse(proposed)
    done = "applied" if apply else "refused" if refuse else "proposed"
    output.finish({**proposed.as_dict(), "state": done}, lambda: show_diff(proposed, done))


@speaks
def undo(
    store: Store,
    user: User,
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="How many batches.")] = 1,
    as_json: opt.AsJson = False,
) -> None:
    """Take the latest edits of a memory back, batch by batch.

    Example: personarium remember undo people.db --user ana
    """
    from personarium.apps.cli.remember_screens import show_undone

    with _open(store, "facts") as memory:
        taken = _known(memory, user).undo(number)
    data = {"user": user, "undone": [{"batch": one.seq, "edits": len(one.operations)} for one in taken]}
    Output(as_json).finish(data, lambda: show_undone(taken))


@speaks
def forget(
    store: Store,
    user: User,
    entries: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Facts and utterances: f12_0, o7.")
    ] = None,
    word: Annotated[list[str] | None, typer.Option("--word", help="Every entry with this word or phrase.")] = None,
    key: Annotated[str, typer.Option("--key", help="Every fact about this matter.")] = "",
    session: Annotated[str, typer.Option("--session", help="Everything said in this talk.")] = "",
    erase: Annotated[
        bool, typer.Option("--erase", help="Remove it from every file, for good; else it is archived.")
    ] = False,
    keep_sources: Annotated[
        bool, typer.Option("--keep-sources", help="Leave the utterances that a fact was concluded from.")
    ] = False,
    folder: Annotated[
        list[Path] | None, typer.Option("--folder", help="Also go through this folder of runs or chats.")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would go.")] = False,
    as_json: opt.AsJson = False,
) -> None:
    """Archive or erase entries, with a receipt of everything that went with them.

    Example: personarium remember forget people.db --user ana --word violin --erase
    """
    from personarium.apps.cli.remember_screens import show_plan, show_receipt

    with _open(store, "facts") as memory:
        ana = _known(memory, user)
        named: Any = {"session": session, "key": key, "words": word or (), "sources": not keep_sources}
        planned = ana.plan_forget(entries or (), **named)
        if plan:
            told = {
                "observations": list(planned.observations),
                "facts": list(planned.facts),
                "also": dict(planned.also),
            }
            Output(as_json).finish(told, lambda: show_plan(planned))
            return
        if not planned.observations and not planned.facts and not (erase and word and folder):
            raise NotFound(f"the memory of {user!r} has nothing of that")
        mode = "erase" if erase else "archive"
        receipt = ana.forget(entries or (), mode=mode, folders=folder or (), **named)
    output = Output(as_json)
    if planned.also:
        output.warn(f"{len(planned.also)} entries that stay share a rare word with it: {', '.join(planned.also)}")
    output.finish(receipt.as_dict(), lambda: show_receipt(receipt))


@speaks
def export(
    store: Store,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file: .jsonl without loss, .md to read.")],
    user: Annotated[list[str] | None, typer.Option("--user", "-u", help="Whose; everybody without.")] = None,
    as_json: opt.AsJson = False,
) -> None:
    """Write memories to a file: JSON lines with every event, or Markdown with what is believed.

    Example: personarium remember export people.db ana.md --user ana
    """
    from personarium.remember import export_memory

    with _open(store, "facts") as memory:
        count = export_memory(memory, out, user or None)
    what = "facts" if out.suffix == ".md" else "events"
    Output(as_json).finish({"file": str(out), what: count}, lambda: console().print(f"{count} {what} in {out}"))


@speaks
def import_(
    store: Store,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What export wrote: .jsonl or .md.")],
    user: Annotated[str, typer.Option("--user", "-u", help="Whose it is; needed for .md.")] = "",
    as_json: opt.AsJson = False,
) -> None:
    """Read what export wrote; a Markdown file may have been edited.

    Example: personarium remember import people.db ana.md --user ana
    """
    from personarium.remember import import_memory

    with _open(store, "facts", new=True) as memory:
        counts = import_memory(memory, file, user)
    said = ", ".join(f"{name}: {count}" for name, count in counts.items())
    Output(as_json).finish({"users": counts}, lambda: console().print(said, markup=False))


def _open(store: Path, strategy: str, new: bool = False) -> Any:
    from personarium.remember import Memory

    if not new and not store.exists():
        raise NotFound(f"there is no memory {store}; make one with personarium remember add {store} --user NAME LOG")
    return Memory.open(store, strategy=strategy)


def _known(memory: Any, user: str) -> Any:
    found = memory.user(user)
    if not memory.store.last(user):
        names = ", ".join(memory.users()[:8])
        raise NotFound(f"the memory knows no user '{user}'; it knows {names or 'nobody'}")
    return found


def _talks(path: Path, speaker: str | None) -> list[tuple[Any, int]]:
    """The talks of a log as observations, each with how many messages had no time."""
    from personarium.core.chat_logs import iter_log
    from personarium.remember.from_dialogues import observations_of

    found = []
    for number, imported in enumerate(iter_log(path), 1):
        named = imported.dialogue.id or f"{path.stem}-{number}"
        found.append(observations_of(imported.dialogue, user=speaker or "", at=path.stat().st_mtime, session=named))
    return found


def _state(user: Any, text: str) -> Any:
    """A fact as it was typed: ``KEY: TEXT`` where the key is one word, else a sentence."""
    key, colon, value = text.partition(":")
    if colon and key.strip() and " " not in key.strip() and value.strip():
        return user.remember(value.strip(), key=key.strip(), replaces=True)
    return user.remember(text)


def _consolidated(user: Any, given: dict[str, Any], output: Output) -> Any:
    """What the strategy proposes: by rules, or with a model whose calls are kept in a run folder."""
    from personarium.runs import run_sync

    closing = bool(given.get("closing", True))
    if given["model"] is None:
        proposed = run_sync(user.consolidate(closing=closing))
    else:
        config = {"memory": str(given["store"]), "user": digest_of(user.id), "strategy": given["strategy"]}
        session = Session(run_options("remember", given, config))
        with session:
            proposed = session.work(user.consolidate(session.player, closing=closing, run=session.run.path))
        output.warnings += session.output.warnings
    if proposed.quarantined:
        output.warn(f"{len(proposed.quarantined)} proposed edits could not be used: {proposed.quarantined[0].reason}")
    if proposed.failures:
        output.warn(f"{len(proposed.failures)} calls failed ({proposed.failures[0].reason}); the same command goes on")
    return proposed


def _day(text: str | None) -> float | None:
    """The end of a day as seconds since 1970, or a whole time."""
    from personarium.remember.from_dialogues import read_time

    if text is None:
        return None
    when = read_time(text)
    if when is None:
        raise UsageError(f"--as-of takes a day or a time such as 2026-05-01 or 2026-05-01T12:00, found '{text}'")
    return when + 86399.0 if len(text) == 10 else when
