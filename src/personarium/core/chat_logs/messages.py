"""Message lists: OpenAI's (role, content) and ShareGPT's (from, value), which differ only in the names of their keys.

One value is one dialogue: a bare list of messages, or an object with the list under ``messages``, ``conversations``,
``conversation`` or ``items``; what stands beside the list is kept. A JSON list of such values is several dialogues, and JSON
Lines are one a line; a file with a single message on each line is one dialogue.

Messages that nobody said are asides: those with the role of a system or a tool, and those without text that call a tool.
Content as a list of parts: the text parts are what was said, the list is kept.

Source: OpenAI's chat completions and fine-tuning files; ShareGPT as FastChat, Axolotl and LLaMA-Factory read it (``system``
beside the list is a system prompt; ``text`` for ``value`` in the first scraped sets).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personarium.core.chat_logs.record import (
    ASIDE_WORDS,
    ASSISTANT,
    USER,
    Imported,
    Outgoing,
    Turn,
    assemble,
    check_number,
    lost_fields,
    short,
    side_of,
)
from personarium.core.chat_logs.source import CONTAINERS, Record, Source, message_format
from personarium.core.dialogue import Utterance
from personarium.core.errors import InvalidInput
from personarium.core.facets import freeze, mapping, text, thaw


@dataclass(frozen=True, slots=True)
class Keys:
    """How a format names the parts of a message and the two sides."""

    format: str
    role: str
    text: tuple[str, ...]
    container: str
    sides: Mapping[str, str]


OPENAI = Keys("openai", "role", ("content",), "messages", {USER: "user", ASSISTANT: "assistant"})
SHAREGPT = Keys("sharegpt", "from", ("value", "text"), "conversations", {USER: "human", ASSISTANT: "gpt"})
_CALLS = ("tool_calls", "function_call")
_TEXT_PARTS = ("text", "input_text", "output_text")
# Roles of asides that are the same thing in both formats.
_ASIDES = {
    "openai": {"observation": "tool", "tool_response": "tool", "ipython": "tool", "function_call": "assistant"},
    "sharegpt": {"tool": "observation", "function": "observation", "developer": "system", "assistant": "function_call"},
}


def read(source: Source, names: Mapping[str, str], keys: Keys) -> Iterator[Imported]:
    """The dialogues of a file, one at a time."""
    number, loose = 0, _Loose(source, keys)
    for record, listed in _flat(source.records()):
        if loose.takes(record):
            continue
        number += 1
        held, log = _held(record, keys)
        if listed:
            log["listed"] = True
        yield _dialogue(held, log, f"{source.name}-{number}", record.where, names, keys)
    if loose.messages:
        log = {"format": keys.format, "bare": True, "loose": True}
        yield _dialogue(loose.messages, log, source.name, source.where, names, keys)


class _Loose:
    """Messages that stand alone on their lines: together one dialogue, and the file holds nothing else."""

    def __init__(self, source: Source, keys: Keys) -> None:
        self.source, self.keys = source, keys
        self.messages: list[Any] = []
        self.others = 0

    def takes(self, record: Record) -> bool:
        """Keep the message if it is one."""
        value = record.value
        alone = isinstance(value, Mapping) and isinstance(value.get(self.keys.role), str) and not _containers(value)
        self.others += not alone
        if alone and not self.messages:
            self.source.check_size("a dialogue")
        if self.others and (alone or self.messages):
            raise InvalidInput(record.where, "either one message or one dialogue on every line", value)
        if alone:
            self.messages.append(Record(value, record.where))
        return alone


def _flat(records: Iterator[Record]) -> Iterator[tuple[Record, bool]]:
    """The dialogues; those of a JSON list of dialogues one by one."""
    for record in records:
        value = record.value
        if isinstance(value, list) and value and (isinstance(value[0], list) or _containers(value[0])):
            for place, item in enumerate(value):
                yield Record(item, f"{record.where}: item {place + 1}"), True
        else:
            yield record, False


def _containers(value: Any) -> list[str]:
    return [key for key in CONTAINERS if isinstance(value, Mapping) and isinstance(value.get(key), list)]


def _held(record: Record, keys: Keys) -> tuple[list[Any], dict[str, Any]]:
    """The messages of a dialogue, and what stands beside them."""
    value = record.value
    if isinstance(value, list):
        return value, {"format": keys.format, "bare": True}
    value = mapping(value, record.where, "dialogue")
    found = [key for key in _containers(value) if _fits(value[key], keys)]
    if len(found) != 1:
        raise InvalidInput(record.where, f"one list of messages under {' or '.join(CONTAINERS)}", list(value)[:8])
    rest = {k: thaw(freeze(v, record.where, k)) for k, v in value.items() if k != found[0]}
    return value[found[0]], {"format": keys.format, "key": found[0], "rest": rest}


def _fits(held: list[Any], keys: Keys) -> bool:
    return not held or not isinstance(held[0], Mapping) or keys.format in (message_format(held[0]) or {keys.format})


def _dialogue(
    held: Sequence[Any], log: dict[str, Any], id: str, where: str, names: Mapping[str, str], keys: Keys
) -> Imported:
    check_number(len(held), where)
    notes: list[str] = []
    rest = log.get("rest", {})
    turns = []
    for place, message in enumerate(held):
        alone = isinstance(message, Record)
        at, name = (message.where, "") if alone else (where, f"{log.get('key', '')}[{place}]")
        turns.append(_turn(message.value if alone else message, at, name, keys, notes))
    if keys is SHAREGPT and isinstance(rest.get("system"), str) and rest["system"]:
        turns.insert(0, Turn("system", "", rest["system"], {}, True))
        log["system_beside"] = True
    found = rest.get("id", rest.get("conversation_id"))
    if isinstance(found, (str, int)) and not isinstance(found, bool) and found != "":
        id = str(found)
    return Imported(assemble(turns, id, log, names, notes), keys.format, tuple(dict.fromkeys(notes)), where)


def _turn(message: Any, where: str, at: str, keys: Keys, notes: list[str]) -> Turn:
    message = mapping(message, where, at or "message")
    dot = f"{at}." if at else ""
    role = message.get(keys.role)
    if not isinstance(role, str) or not role.strip():
        raise InvalidInput(
            where, f"who speaks ({', '.join(keys.sides.values())}, system, …)", role, f"{dot}{keys.role}"
        )
    key = next((k for k in keys.text if k in message), keys.text[0])
    said = _said(message, key, where, f"{dot}{key}", notes)
    whole = {text(k, where, at or "message"): thaw(freeze(v, where, f"{dot}{k}")) for k, v in message.items()}
    lower = role.strip().casefold()
    if lower in ASIDE_WORDS or said is None or (not said.strip() and any(message.get(c) for c in _CALLS)):
        return Turn(lower, "", said or "", whole, True, where)
    if isinstance(message[key], str):
        del whole[key]
    if key != keys.text[0]:
        whole[keys.text[0]] = None  # says that the text goes back under the other key
    return Turn(*_who(message, role, where, dot, notes), said, whole, False, where)


def _who(message: Mapping[str, Any], role: str, where: str, dot: str, notes: list[str]) -> tuple[str, str]:
    """Side and name of the speaker."""
    name = message.get("name")
    if name is not None and not isinstance(name, str):
        raise InvalidInput(where, "text", name, f"{dot}name")
    side = side_of(role)
    if side:
        return side, name or ""
    notes.append(f"taken as a speaker's name, for it is no known role: {short(role)}")
    return ASSISTANT, name or role


def _said(message: Mapping[str, Any], key: str, where: str, at: str, notes: list[str]) -> str | None:
    """The text of a message; None when it has none (a call of a tool, a refusal, a picture alone)."""
    content = message.get(key)
    if isinstance(content, str):
        return text(content, where, at)
    if content is None:
        if key not in message and set(message) <= {"role", "from", "name"}:
            raise InvalidInput(where, "text", None, at)
        return None
    if not isinstance(content, list):
        raise InvalidInput(where, "text or a list of parts", content, at)
    texts = [
        found
        for place, part in enumerate(content)
        if (found := _part(part, where, f"{at}[{place}]", notes)) is not None
    ]
    return "\n".join(texts) if texts else None


def _part(part: Any, where: str, at: str, notes: list[str]) -> str | None:
    if isinstance(part, str):
        return text(part, where, at)
    part = mapping(part, where, at)
    kind = part.get("type")
    if kind in _TEXT_PARTS or (kind is None and "text" in part):
        return text(part.get("text"), where, f"{at}.text")
    notes.append(f"parts that are not text are kept in meta: {short(str(kind))}")
    return None


# -- writing -----------------------------------------------------------------------------------------------------------


def value_of(out: Outgoing, keys: Keys, lost: Counter[str]) -> Any:
    """The JSON value of one dialogue: a bare list where it was read as one, else an object."""
    messages = [
        _message(out, part, keys, lost) if isinstance(part, Utterance) else _aside(out, part, keys, lost)
        for part in out.parts()
        if not _stands_beside(out, part, keys)
    ]
    same = out.was(keys.format)
    if same and out.log.get("bare"):
        return messages
    key = out.log.get("key") if same else None
    rest = mapping(out.log.get("rest", {}), out.where, "meta.log.rest") if same else {}
    if not same and keys is SHAREGPT and out.dialogue.id:
        rest = {"id": out.dialogue.id}
    return {**thaw(rest), key if isinstance(key, str) else keys.container: messages}


def _stands_beside(out: Outgoing, part: Any, keys: Keys) -> bool:
    """Whether a system prompt is already among the fields beside the list."""
    first = keys is SHAREGPT and out.was(keys.format) and out.log.get("system_beside") and isinstance(part, Mapping)
    return bool(first and part.get("log") == {})


def _message(out: Outgoing, utterance: Utterance, keys: Keys, lost: Counter[str]) -> dict[str, Any]:
    side = out.sides[utterance.speaker]
    fields = out.fields(utterance, keys.format)
    if fields is None:
        lost.update(lost_fields(utterance))
        shown = {"name": out.called(utterance.speaker)} if side in out.crowded else {}
        return {keys.role: keys.sides[side], **shown, keys.text[0]: utterance.text}
    key = keys.text[0]
    if fields.get(key, "") is None:
        del fields[key]
        key = keys.text[1]
    message = {keys.role: fields.pop(keys.role, keys.sides[side]), **fields}
    if out.chosen:
        message[keys.role] = keys.sides[side]
    return {**message, key: message.get(key, utterance.text)}


def _aside(out: Outgoing, aside: Mapping[str, Any], keys: Keys, lost: Counter[str]) -> dict[str, Any]:
    kept = aside.get("log")
    if out.was(keys.format) and isinstance(kept, Mapping) and kept:
        return dict(thaw(kept))
    lost.update(lost_fields(aside))
    role = _ASIDES[keys.format].get(aside["role"], aside["role"])
    known = {*ASIDE_WORDS, "assistant"}
    return {keys.role: role if role in known else "system", keys.text[0]: aside["text"]}
