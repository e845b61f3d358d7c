"""What every kind of chat log comes to: turns with a side and perhaps a name, assembled into a dialogue of named speakers.

What a dialogue keeps of its log, so that it can be written back without loss:

- ``Dialogue.meta["log"]``: ``format``, ``users`` (the speakers on the user's side) and what the format needs (its header,
  the fields beside the messages, how the file was laid out).
- ``Dialogue.meta["asides"]``: messages that nobody said (system prompts, tool calls and their results, narration), each
  ``{"before": index of the next utterance, "role", "text", "log": the message as it was read}``.
- ``Utterance.meta["log"]``: every field of the message but its text.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from personarium.core.dialogue import RELATIVE_ROLES, Dialogue, Utterance
from personarium.core.errors import InvalidInput, UsageError
from personarium.core.facets import mapping, text, unique

FORMATS: dict[str, str] = {
    "sillytavern": "chat JSONL of role-play programs: a header, then a message a line with name, is_user, mes",
    "openai": "messages of role and content: a JSON list, under messages, or JSON Lines of either",
    "sharegpt": "conversations of from and value, in JSON or JSON Lines",
    "script": "plain text with lines of the form Name: text",
    "personarium": "our own JSON Lines of dialogues",
}
MAX_MESSAGES = 200_000  # of one dialogue; keeps the memory for a hostile file within bounds
USER, ASSISTANT = "user", "assistant"
DEFAULT_NAMES = {USER: "User", ASSISTANT: "Assistant"}
# What the two sides are called in the wild: FastChat's cleaning of ShareGPT (human, user; gpt, chatgpt, bing, bard),
# Gemma (model), LangChain (ai), and {{user}} and {{char}} of character cards.
USER_WORDS = frozenset({"user", "human", "{{user}}"})
ASSISTANT_WORDS = frozenset({"assistant", "gpt", "chatgpt", "bing", "bard", "model", "ai", "bot", "{{char}}"})
# Messages with these roles are said by nobody: OpenAI's, and LLaMA-Factory's function_call and observation.
ASIDE_WORDS = frozenset(
    {"system", "developer", "tool", "function", "observation", "function_call", "tool_call", "tool_response", "ipython"}
)


@dataclass(frozen=True, slots=True)
class Imported:
    """One dialogue out of a log.

    Args:
        dialogue: Its speakers are named; what they cannot hold stands in ``meta`` (see the module).
        format: One of :data:`FORMATS`.
        notes: What was read with a second thought, one sentence each: the kind of thing, a colon, and which.
        where: File, and line or item where there are several dialogues.
    """

    dialogue: Dialogue
    format: str
    notes: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a log.

    Args:
        side: ``user`` or ``assistant``; of an aside its role.
        name: What the log calls the speaker; empty when it does not say.
        text: What was said.
        log: Everything else of the message, of an aside the whole message; None when there is nothing to keep.
        aside: Whether nobody said it.
        place: Where it stands, for messages to the user.
    """

    side: str
    name: str
    text: str
    log: Mapping[str, Any] | None = None
    aside: bool = False
    place: str = ""


def side_of(word: str) -> str:
    """``user`` or ``assistant`` for what these are called in logs; empty for any other word."""
    lower = word.strip().casefold()
    return USER if lower in USER_WORDS else ASSISTANT if lower in ASSISTANT_WORDS else ""


def listed() -> str:
    """The formats, for messages."""
    return "; ".join(f"{name} ({text})" for name, text in FORMATS.items())


def check_number(number: int, where: str) -> None:
    """Refuse a dialogue of more messages than anybody wrote."""
    if number > MAX_MESSAGES:
        raise InvalidInput(where, f"a dialogue of at most {MAX_MESSAGES:,} messages", f"{number:,} or more")


def check_names(names: Mapping[str, str] | None) -> dict[str, str]:
    """The names that the caller gives to ``user`` and ``assistant``.

    Raises:
        UsageError: On another key, or a name that is itself a role.
    """
    given = dict(names or {})
    for side, name in given.items():
        if side not in DEFAULT_NAMES:
            raise UsageError(f"names can be given to user and assistant, not to {side!r}")
        if not isinstance(name, str) or not name.strip() or name in RELATIVE_ROLES:
            raise UsageError(f"the name of {side} must be a speaker's own name, not {name!r}")
        text(name, "names", side)
    return given


def assemble(
    turns: Sequence[Turn], id: str, log: Mapping[str, Any], names: Mapping[str, str], notes: list[str]
) -> Dialogue:
    """A dialogue out of the turns of a log; each speaker gets one id, and collisions are noted.

    Args:
        turns: All messages in order.
        id: Of the dialogue.
        log: What ``Dialogue.meta["log"]`` is to hold; ``users`` is added (a script may not say who they are).
        names: Names for a side that the log does not name.
        notes: Sentences are appended here.
    """
    ids = _name_speakers([t for t in turns if not t.aside], names, notes)
    dialogue = Dialogue(id)
    asides: list[dict[str, Any]] = []
    for turn in turns:
        kept = {} if turn.log is None else {"log": dict(turn.log)}
        if turn.aside:
            asides.append({"before": len(dialogue), "role": turn.side, "text": turn.text, **kept})
        else:
            dialogue.utterances.append(Utterance(ids[turn.side, turn.name.strip()], turn.text, kept))
    users = unique(speaker for (side, _), speaker in ids.items() if side == USER)
    dialogue.meta["log"] = {**log, "users": list(users)} if users or log["format"] != "script" else dict(log)
    if asides:
        dialogue.meta["asides"] = asides
        notes.append(_aside_note(asides))
    return dialogue


def _name_speakers(turns: Iterable[Turn], names: Mapping[str, str], notes: list[str]) -> dict[tuple[str, str], str]:
    """An id for each (side, name): the log's own names come first, then the names of sides it does not name."""
    keys = unique_keys(turns)
    ids: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    for side, name in sorted(keys, key=lambda key: not key[1] or key[1] in RELATIVE_ROLES):
        known = name and name not in RELATIVE_ROLES
        wanted = name if known else names.get(side) or DEFAULT_NAMES.get(side) or side.title()
        ids[side, name] = free = _free(wanted, taken)
        taken.add(free)
        if free != wanted:
            notes.append(f"two speakers share a name: the one on the {short(side)}'s side is {short(free)} here")
        elif name and not known and name != side:
            notes.append(f"a role stands as a name: the speaker is {short(free)} here")
    return {key: ids[key] for key in keys}


def short(name: str) -> str:
    """A name for a note: on one line, cut at 40 characters."""
    name = " ".join(name.split())
    return name if len(name) <= 40 else f"{name[:39]}…"


def unique_keys(turns: Iterable[Turn]) -> list[tuple[str, str]]:
    """Who speaks, as (side, name), in order of first appearance."""
    return list(dict.fromkeys((turn.side, turn.name.strip()) for turn in turns))


def _free(wanted: str, taken: set[str]) -> str:
    number, free = 1, wanted
    while free in taken:
        number += 1
        free = f"{wanted} {number}"
    return free


def _aside_note(asides: Sequence[Mapping[str, Any]]) -> str:
    counts = Counter(aside["role"] for aside in asides)
    said = ", ".join(f"{count} {role}" for role, count in counts.items())
    return f"kept aside, for nobody said them: {said}"


# -- on the way out ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A dialogue about to be written: what its log was, and who stands on which side.

    Args:
        dialogue: The dialogue.
        log: Its ``meta["log"]``; empty when it never was one.
        sides: Speaker -> ``user`` or ``assistant``.
        chosen: Whether the caller chose the sides; a message then gives up the role it had.
        crowded: Sides with several speakers, so that only a name tells them apart.
    """

    dialogue: Dialogue
    log: Mapping[str, Any]
    sides: Mapping[str, str]
    chosen: bool
    crowded: frozenset[str] = frozenset()

    @property
    def where(self) -> str:
        """For messages."""
        return f"dialogue {short(self.dialogue.id)}" if self.dialogue.id else "dialogue"

    def was(self, format: str) -> bool:
        """Whether it was read from this format, so that fields can go back where they stood."""
        return self.log.get("format") == format

    def fields(self, utterance: Utterance, format: str) -> dict[str, Any] | None:
        """The fields of the message that the utterance was in this format; None when it was none."""
        kept = utterance.meta.get("log")
        return dict(mapping(kept, self.where, "meta.log")) if kept is not None and self.was(format) else None

    def called(self, speaker: str) -> str:
        """What the log calls a speaker who goes by another id here."""
        called = self.log.get("called")
        name = called.get(speaker) if isinstance(called, Mapping) else None
        return name if isinstance(name, str) else speaker

    def parts(self) -> list[Utterance | Mapping[str, Any]]:
        """Utterances and asides in the order of the log."""
        out: list[Utterance | Mapping[str, Any]] = []
        asides = deque(asides_of(self.dialogue))
        for index, utterance in enumerate(self.dialogue):
            while asides and asides[0]["before"] <= index:
                out.append(asides.popleft())
            out.append(utterance)
        return [*out, *asides]


def outgoing(dialogue: Dialogue, user: str | None, char: str | None, notes: Counter[str]) -> Outgoing:
    """Who is the user and who the assistant: as the caller says, as the log had it, or the first speaker is the user."""
    log = log_of(dialogue)
    chosen = user is not None or char is not None
    sides = _sides(dialogue.speakers, users_of(dialogue), user, char, notes)
    counts = Counter(sides.values())
    return Outgoing(dialogue, log, sides, chosen, frozenset(side for side in counts if counts[side] > 1))


def _sides(
    speakers: Sequence[str], users: Set[str] | None, user: str | None, char: str | None, notes: Counter[str]
) -> dict[str, str]:
    if user is not None or char is not None:
        for name in (user, char):
            if name is not None and name not in speakers:
                notes[f"nobody is called {short(name)}"] += 1
        rest = USER if user is None else ASSISTANT
        return {s: USER if s == user else ASSISTANT if s == char else rest for s in speakers}
    if users is not None:
        return {s: USER if s in users else ASSISTANT for s in speakers}
    return {s: ASSISTANT if k else USER for k, s in enumerate(speakers)}


def log_of(dialogue: Dialogue) -> Mapping[str, Any]:
    """What a dialogue keeps of the log it came from; empty when it came from none."""
    log = dialogue.meta.get("log")
    return log if isinstance(log, Mapping) and log.get("format") in tuple(FORMATS) else {}


def users_of(dialogue: Dialogue) -> frozenset[str] | None:
    """The speakers on the user's side; None when the log did not say, or there was none."""
    users = log_of(dialogue).get("users")
    return frozenset(name for name in users if isinstance(name, str)) if isinstance(users, (list, tuple)) else None


def asides_of(dialogue: Dialogue) -> list[Mapping[str, Any]]:
    """The messages that nobody said, in order: ``before``, ``role``, ``text`` and ``log``.

    Raises:
        InvalidInput: When ``meta["asides"]`` is something else.
    """
    where = f"dialogue {short(dialogue.id)}" if dialogue.id else "dialogue"
    rows = dialogue.meta.get("asides", ())
    if not isinstance(rows, (list, tuple)):
        raise InvalidInput(where, "a list of asides", rows, "meta.asides")
    for place, row in enumerate(rows):
        at = f"meta.asides[{place}]"
        row = mapping(row, where, at)
        if not isinstance(row.get("before"), int):
            raise InvalidInput(where, "the index of an utterance", row.get("before"), f"{at}.before")
        text(row.get("role"), where, f"{at}.role")
        text(row.get("text"), where, f"{at}.text")
        mapping(row.get("log", {}), where, f"{at}.log")
    return sorted(rows, key=lambda row: row["before"])


# Fields that are not lost in another format: what they say is in the text, the speaker, the side or the role.
_CARRIED = frozenset({"name", "is_user", "role", "from", "mes", "head", "tail", "in_head"})


def lost_fields(part: Utterance | Mapping[str, Any]) -> list[str]:
    """Names of fields of an utterance or aside, with something in them, that another format has no place for."""
    meta = part.meta if isinstance(part, Utterance) else {"log": part.get("log", {})}
    log = meta.get("log", {})
    fields = log if isinstance(log, Mapping) else {"log": log}
    carried = _CARRIED if isinstance(part, Utterance) else _CARRIED | {"content", "value", "text"}
    kept = {**fields, **{k: v for k, v in meta.items() if k != "log"}}
    return [name for name, value in kept.items() if name not in carried and value not in (None, "", False, [], {}, ())]
