"""Forgetting: what goes with what, the tombstones that take its place, and the receipt that lists everything removed.

What was concluded from an erased utterance is erased too, through any number of steps; the utterances that such a conclusion
rested on besides are read again by the strategy, so that what they said on their own comes back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from personarium.core.errors import NotFound, UsageError
from personarium.remember.entries import Entry, entries_in
from personarium.remember.events import Draft, Event
from personarium.remember.partition_view import NAME
from personarium.remember.records import Operation
from personarium.remember.replay import ARCHIVED, State, target_id
from personarium.remember.store import EventStore
from personarium.runs.erasing import Erased, erase_from_folder
from personarium.runs.manifest import CALLS, MANIFEST
from personarium.runs.traces import Named, Traces
from personarium.text.bm25 import words as words_of


@dataclass(frozen=True, slots=True)
class Plan:
    """What forgetting would take.

    Args:
        user: Whose memory.
        observations: Ids of utterances.
        facts: Ids of facts, their earlier and later versions as far as these rest on the same utterances.
        texts: The words of all of these; never stored.
        words: Words that were named.
        kept: The words of what stays.
        reread: Strategy -> utterances that stay and are read again.
        folders: Run folders that the log names.
        seq: The last event that the plan has seen.
        also: Id -> text of entries that stay and share a rare word with what goes, or hold a named word as a part of a longer
            one: perhaps they should go too.
    """

    user: str
    observations: tuple[str, ...]
    facts: tuple[str, ...]
    texts: tuple[str, ...] = field(repr=False, default=())
    words: tuple[str, ...] = field(repr=False, default=())
    kept: tuple[str, ...] = field(repr=False, default=())
    reread: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    seq: int = 0
    also: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What forgetting took; it holds no word of it.

    Args:
        user: Whose memory.
        mode: ``archive`` or ``erase``.
        at: When, in seconds since 1970.
        observations: Ids of the utterances.
        facts: Ids of the facts.
        seq: Number of the receipt in the log; 0 for an archive.
        events: How many events were rewritten.
        derived: How many indexes and snapshots were dropped.
        folders: Run folder -> what was removed there.
        reread: How many utterances are read again by the next consolidation.
        searched: How many files were looked through: those of the store, and those of the folders.
        bytes: Bytes of the store's files.
        found: Files that are no text, in which some of it still stands: delete them by hand.
        unsearched: Files that could not be looked into (packed, too large, links), and folders that the log names and that are
            not there or no run folders.
    """

    user: str
    mode: str
    at: float
    observations: tuple[str, ...]
    facts: tuple[str, ...]
    seq: int = 0
    events: int = 0
    derived: int = 0
    folders: Mapping[str, Erased] = field(default_factory=dict)
    reread: int = 0
    searched: int = 0
    bytes: int = 0
    found: tuple[str, ...] = ()
    unsearched: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            **{name: value for name, value in asdict(self).items() if name != "folders"},
            "observations": list(self.observations),
            "facts": list(self.facts),
            "found": list(self.found),
            "unsearched": list(self.unsearched),
            "folders": {folder: asdict(erased) for folder, erased in self.folders.items()},
        }


@dataclass(frozen=True, slots=True)
class Swept:
    """What was done in the folders of model calls.

    Args:
        folders: Folder -> what was removed there.
        unsearched: Folders that the log names and that are not there or no run folders.
    """

    folders: Mapping[str, Erased] = field(default_factory=dict)
    unsearched: tuple[str, ...] = ()

    def and_then(self, later: Swept) -> Swept:
        """What two ways through the folders have done together."""
        both = {name: self.folders[name].and_then(one) for name, one in later.folders.items() if name in self.folders}
        return Swept({**self.folders, **later.folders, **both}, later.unsearched)


NOT_SWEPT = Swept()


def plan_erasure(
    store: EventStore,
    user: str,
    ids: Collection[str] = (),
    *,
    session: str = "",
    key: str = "",
    words: Collection[str] = (),
    sources: bool = True,
) -> Plan:
    """What goes when some entries go.

    Arguments as in :meth:`personarium.remember.user_memory.UserMemory.forget`.

    Raises:
        UsageError: When nothing is named.
        NotFound: When an id does not exist.
    """
    if isinstance(ids, str) or isinstance(words, str):
        raise UsageError("ids and words are several; give a list, also of one")
    spoken = Named(tuple(words))
    if not (ids or session or key or spoken.phrases or spoken.signs):
        raise UsageError("say what to forget: ids, a session, a key or words")
    log = list(store.read(user))
    entries = [entry for event in log for entry in entries_in(event)]
    wide = _chosen(entries, set(ids), session, key)
    missing = sorted(set(ids) - {entry.id for entry in entries})
    if missing:
        raise NotFound(f"the memory of {user!r} has no entry {missing[0]!r}")
    named = {entry.id for entry in entries if entry.is_named(spoken)} if words else set()
    gone = _closure(entries, wide | named, wide if sources else set())
    taken = [entry for entry in entries if entry.drops(gone)]
    kept = [entry for entry in entries if not entry.drops(gone)]
    return Plan(
        user,
        tuple(entry.id for entry in taken if entry.number < 0),
        tuple(dict.fromkeys(entry.id for entry in taken if entry.number >= 0 and entry.id in gone)),
        tuple(entry.text for entry in taken if entry.text),
        tuple(words),
        tuple(entry.text for entry in kept),
        _to_reread(taken, kept),
        tuple(sorted({event.body["run"] for event in log if event.kind == "operations" and event.body.get("run")})),
        log[-1].seq if log else 0,
        _alike(taken, kept, spoken),
    )


def sweep_folders(plan: Plan, more: Sequence[Path] = ()) -> Swept:
    """Remove what goes from the folders of model calls.

    The log is a file that may come from elsewhere: a folder that it names is gone through only if it is a run's.

    Args:
        plan: What goes.
        more: Folders and files beside those that the log names.

    Raises:
        StorageError: When a disk refuses.
        UsageError: When a run is going on in a folder.
    """
    traces = Traces(plan.texts, plan.words, plan.kept, owner_mark(plan.user))
    runs = [Path(folder) for folder in plan.folders]
    strange = tuple(str(folder) for folder in runs if not _is_run(folder))
    found = dict.fromkeys([*(folder for folder in runs if _is_run(folder)), *(path for path in more if path.exists())])
    return Swept({str(folder): erase_from_folder(folder, traces) for folder in found}, strange)


def carry_out(store: EventStore, plan: Plan, now: float, swept: Swept = NOT_SWEPT) -> Receipt:
    """Erase what a plan names from the log. The folders come first, so that a fault in between leaves the entry in the log
    and the same command can be given again.

    Raises:
        Conflict: When the log has gone on since the plan was made.
        StorageError: When the disk refuses.
    """
    gone = {*plan.observations, *plan.facts}
    changed = _tombstones(list(store.read(plan.user)), gone, plan.seq + 1) if gone else {}
    seq = derived = 0
    if changed:
        derived = int(store.load_derived(plan.user, NAME) is not None)
        reread = {name: list(ids) for name, ids in plan.reread.items()}
        body = {"observations": list(plan.observations), "facts": list(plan.facts), "reread": reread}
        seq = store.rewrite(plan.user, changed, Draft("erase", now, body), expected=plan.seq)
    files = store.files() if changed else []
    told = swept.folders.items()
    return Receipt(
        plan.user,
        "erase",
        now,
        plan.observations,
        plan.facts,
        seq,
        len(changed),
        derived,
        swept.folders,
        len({id for ids in plan.reread.values() for id in ids}),
        len(files) + sum(one.searched for one in swept.folders.values()),
        sum(path.stat().st_size for path in files if path.exists()),
        tuple(str(Path(folder, name)) for folder, one in told for name in one.found),
        (*swept.unsearched, *(str(Path(folder, name)) for folder, one in told for name in one.unsearched)),
    )


def owner_mark(user: str) -> str:
    """How the label of a model call about a user begins; it does not tell the user's id."""
    return f"memory-{blake2b(user.encode('utf-8', 'surrogatepass'), digest_size=8).hexdigest()}/"


def archive_edits(plan: Plan, state: State, now: float) -> list[Operation]:
    """The edits that archive what a plan names and is there: marks, which an edit can take off again."""
    said = [id for id in plan.observations if id in state.observations and ARCHIVED not in state.observations[id].meta]
    facts = [id for id in plan.facts if id in state.facts and ARCHIVED not in state.facts[id].attributes]
    return [Operation("mark", id, attributes={ARCHIVED: now}) for id in (*said, *facts)]


def _is_run(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (MANIFEST, CALLS))


def _chosen(entries: Sequence[Entry], ids: set[str], session: str, key: str) -> set[str]:
    """What is named by an id, a session or a key."""
    return {
        entry.id
        for entry in entries
        if entry.id in ids or (session and entry.session == session) or (key and entry.key == key)
    }


def _closure(entries: Sequence[Entry], named: set[str], wide: set[str]) -> set[str]:
    """What goes with what is named: what those of ``wide`` were concluded from, and everything concluded from what goes."""
    behind: dict[str, set[str]] = {}
    rests_on: dict[str, set[str]] = {}
    for entry in entries:
        behind.setdefault(entry.id, set()).update(entry.evidence, entry.supports)
        for id in entry.evidence:
            rests_on.setdefault(id, set()).add(entry.id)
    return _reached(named | (_reached(wide, behind) & behind.keys()), rests_on)


def _reached(start: set[str], ways: Mapping[str, set[str]]) -> set[str]:
    """Everything that can be reached, in any number of steps."""
    found, left = set(start), list(start)
    while left:
        new = ways.get(left.pop(), set()) - found
        found |= new
        left += new
    return found


def _to_reread(taken: Sequence[Entry], kept: Sequence[Entry]) -> dict[str, tuple[str, ...]]:
    """What strategies have to read again: the utterances that stay, behind edits that go."""
    said = {entry.id: entry.event for entry in kept if entry.number < 0}
    again: dict[str, set[str]] = {}
    for entry in taken:
        if entry.strategy:
            behind = (*entry.evidence, *entry.supports)
            again.setdefault(entry.strategy, set()).update(id for id in behind if id in said)
    return {name: tuple(sorted(ids, key=said.__getitem__)) for name, ids in sorted(again.items()) if ids}


def _alike(taken: Sequence[Entry], kept: Sequence[Entry], spoken: Named, most: int = 20) -> dict[str, str]:
    """Entries that stay and share with what goes a word that stands in at most three entries that stay; and those where a
    named word is a part of a longer one, or of the name of their session."""
    counts: dict[str, list[Entry]] = {}
    for entry in kept:
        for word in set(words_of(entry.text)):
            counts.setdefault(word, []).append(entry)
    rare = {
        word
        for entry in taken
        for word in words_of(entry.text)
        if len(word) >= 5 and 1 <= len(counts.get(word, ())) <= 3
    }
    nearly = (
        [entry for entry in kept if spoken.within(entry.text) or spoken.in_text(entry.session)] if spoken.words else []
    )
    found = {entry.id: entry.text for entry in (*nearly, *(one for word in sorted(rare) for one in counts[word]))}
    return dict(list(found.items())[:most])


def _tombstones(log: Sequence[Event], gone: set[str], receipt: int) -> dict[int, Draft]:
    """Number -> what takes the event's place. A later version of a fact that goes takes the place of the version before it,
    which would hold again otherwise."""
    changed: dict[int, Draft] = {}
    older: dict[str, str] = {}  # a version that goes -> the one whose place it took
    for event in log:
        entries = list(entries_in(event))
        if event.kind == "observe" and any(entry.drops(gone) for entry in entries):
            changed[event.seq] = Draft("erased", event.at, {"receipt": receipt})
        elif entries and event.kind == "operations":
            edits = list(event.body["operations"])
            for entry in entries:
                edits[entry.number] = _left_of(edits[entry.number], entry, gone, older, receipt)
            if edits != event.body["operations"]:
                changed[event.seq] = Draft("operations", event.at, {**event.body, "operations": edits})
    return changed


def _left_of(edit: dict[str, Any], entry: Entry, gone: set[str], older: dict[str, str], receipt: int) -> dict[str, Any]:
    """An edit after an erasure; takes note of the version before one that goes."""
    target = target_id(entry.event, edit.get("target", ""))
    if entry.drops(gone):
        if target and entry.id != target:
            older[entry.id] = older.get(target, target)
        return {"erased": receipt}
    return {**edit, "target": older[target]} if older.get(target, "") not in ("", *gone) else edit
