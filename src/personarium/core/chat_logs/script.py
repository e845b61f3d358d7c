"""Plain scripts: ``Name: text`` lines; what follows belongs to the speaker until the next name.

A line begins an utterance when it starts, without blanks before it, with a *label*: a name, perhaps a stage direction in
parentheses, and a colon that a blank or the end of the line follows (after a full-width colon, and before a character that
is not ASCII, no blank is needed). So ``http://…`` and ``at 12:30`` are no labels. A name begins with a letter, has at most
40 characters and 5 words of letters, digits and ``- _ . ' & / #``; it may stand in ``**``.

A label's name is a speaker when it is a word for a side (User, Assistant, Human, {{char}}, …), or System or Tool (an aside);
else, unless it is a usual heading (Note, Scene, …), when every word of it begins with a capital, a digit or a letter without
case, or it is one word and labels two lines, or every line of the script has a label. Other labels stay in the text and
are noted. A label without a blank after its colon counts only for a speaker who also has one with it.

Stage directions stay in the text. Lines before the first label are kept (``preface``). A line ``=== name ===`` begins another
dialogue. What is needed to write the script back to the letter is kept with each utterance: its ``head`` (the label as it
stood), how many characters of the text stand in the head (``in_head``), and its ``tail``.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from personarium.core.chat_logs.record import (
    ASSISTANT,
    Imported,
    Outgoing,
    Turn,
    assemble,
    check_number,
    lost_fields,
    outgoing,
    side_of,
)
from personarium.core.chat_logs.source import MAX_SCRIPT_BYTES, Source
from personarium.core.dialogue import RELATIVE_ROLES, Utterance
from personarium.core.errors import InvalidInput

FORMAT = "script"
_LONGEST = 40
_WORDS = 5
_MARKS = frozenset(" -_.'’·&/#")
_PARTICLE = re.compile("a|al|and|bin|da|de|del|der|di|du|el|la|le|of|the|van|von|y|zu")
_ASIDES = frozenset({"system", "tool"})
# What often stands before a colon in a text and is nobody's name.
_HEADING = re.compile(
    r"act|also|but|chapter|context|date|edit|example|hint|however|location|note|options|p\.s\.|plot|ps|re|remember|reminder"
    r"|scene|setting|spoiler|subject|summary|time|tip|title|update|warning|注|注意|备注"
)
_DIRECTION = re.compile(r"(.*?) ?(\([^()]{1,60}\))")
_OTHERWISE = "utterances that will not be read back as they are, for names or texts do not allow it"
_TITLE = re.compile(r"=== (.{1,200}) ===\n?")


@dataclass(frozen=True, slots=True)
class Label:
    """The beginning of a line that may name a speaker.

    Args:
        name: The name.
        direction: A stage direction between name and colon, in its parentheses; or empty.
        end: Where the text begins in the line.
        tight: Whether nothing parts the colon from an ASCII character.
    """

    name: str
    direction: str
    end: int
    tight: bool = False


def label_of(line: str) -> Label | None:
    """The label of a line, if it has the shape of one."""
    places = [place for colon in ":：" if (place := line.find(colon, 0, 2 * _LONGEST + 30)) > 0]
    if not places:
        return None
    head, after = line[: min(places)], line[min(places) + 1 :]
    name, bold = head, head.startswith("**")
    if bold:
        name = head[2:].removesuffix("**")
        if not head.endswith("**", 2):
            if not after.startswith("**"):
                return None
            after = after[2:]
    direction = ""
    if name.endswith(")") and (found := _DIRECTION.fullmatch(name)):
        name, direction = found.groups()
    name = name.rstrip(" ")
    end = len(line) - len(after)
    if not _is_name(name):
        return None
    if not after or after[0].isspace() or line[min(places)] == "：" or not after[0].isascii():
        return Label(name, direction, end)
    glued = (after[0].isalnum() or after[0] in "*\"'[") and not (after[0].isdigit() and head[-1].isdigit())
    return Label(name, direction, end, True) if glued and not head.endswith(" ") else None


def _is_name(name: str) -> bool:
    if side_of(name) and name.startswith("{{"):
        return True
    if not name or len(name) > _LONGEST or len(name.split()) > _WORDS or unicodedata.category(name[0])[0] != "L":
        return False
    return all(c in _MARKS or unicodedata.category(c)[0] in "LMN" for c in name)


class _Names:
    """Which labels of a script are speakers."""

    def __init__(self, labels: list[Label | None], lines: list[str]) -> None:
        loose = [found for found in labels if found is not None and not found.tight]
        self.counts = Counter(found.name for found in loose)
        first = next((place for place, found in enumerate(labels) if found is not None and not found.tight), 0)
        self.only_labels = all(labels[k] is not None for k in range(first, len(lines)) if lines[k].strip())

    def speaks(self, name: str) -> bool:
        """Whether the label names a speaker."""
        if not self.counts[name]:
            return False
        lower = name.casefold()
        if side_of(name) or lower in _ASIDES:
            return True
        if _HEADING.fullmatch(lower):
            return False
        return self.only_labels or _capital(name) or (" " not in name and self.counts[name] > 1)


def _capital(name: str) -> bool:
    first, *others = name.split()
    return not first[0].islower() and all(not w[0].islower() or _PARTICLE.fullmatch(w) for w in others)


# -- reading -----------------------------------------------------------------------------------------------------------


def read(source: Source, names: Mapping[str, str], expected: str) -> Iterator[Imported]:
    """The dialogues of a script; ``expected`` says in an error what the file should have been."""
    whole = source.text("a script", MAX_SCRIPT_BYTES)
    newline = "\r\n" if 0 < whole.count("\n") == whole.count("\r\n") else "\n"
    sections = _sections(whole.replace(newline, "\n"))
    for number, (title, body, line) in enumerate(sections, 1):
        found = _TITLE.fullmatch(title.strip())
        id = found[1].strip() if found else source.name if len(sections) == 1 else f"{source.name}-{number}"
        log = {
            "format": FORMAT,
            **({"title": title} if title else {}),
            **({"newline": newline} if newline != "\n" else {}),
        }
        where = f"{source.where}:{line}" if len(sections) > 1 else source.where
        imported = _dialogue(body, id, log, names, where, line)
        if not found and not len(imported.dialogue) and "asides" not in imported.dialogue.meta:
            raise InvalidInput(where, expected, body.strip()[:60])
        yield imported


def _sections(whole: str) -> list[tuple[str, str, int]]:
    """(title line, what is under it, line number); blank lines before the first title belong to it."""
    sections: list[tuple[str, str, int]] = []
    title, lines, first = "", [], 1
    for number, line in enumerate(whole.split("\n"), 1):
        if not _TITLE.fullmatch(line):
            lines.append(f"{line}\n")
        elif title or "".join(lines).strip():
            sections.append((title, "".join(lines), first))
            title, lines, first = f"{line}\n", [], number + 1
        else:
            title, lines, first = "".join(lines) + f"{line}\n", [], number + 1
    title = title if lines else title.removesuffix("\n")
    return [*sections, (title, "".join(lines)[:-1], first)]


def _dialogue(body: str, id: str, log: dict[str, Any], names: Mapping[str, str], where: str, line: int) -> Imported:
    lines = body.split("\n")
    labels = [label_of(text) for text in lines]
    check_number(len(labels) - labels.count(None), where)
    known = _Names(labels, lines)
    starts = [k for k, found in enumerate(labels) if found is not None and known.speaks(found.name)]
    notes: list[str] = []
    preface = "\n".join([*lines[: starts[0] if starts else len(lines)], ""] if starts else lines)
    if preface:
        log["preface"] = preface
        if preface.strip():
            notes.append("what stands before the first speaker is kept in meta")
    ends = [*starts[1:], len(lines)]
    turns = [_turn(lines[a:b], labels[a], b == len(lines), names, f"line {line + a}") for a, b in zip(starts, ends)]
    notes += _label_notes(labels, known, line)
    return Imported(assemble(turns, id, log, names, notes), FORMAT, tuple(notes), where)


def _turn(lines: list[str], label: Label | None, last: bool, names: Mapping[str, str], place: str) -> Turn:
    assert label is not None
    body = "\n".join([lines[0][label.end :], *lines[1:]])
    said = body.strip()
    lead = len(body) - len(body.lstrip()) if said else len(body)
    head = lines[0][: label.end] + body[:lead]
    tail = body[lead + len(said) :] + ("" if last else "\n")
    side = side_of(label.name) or next((side for side, name in names.items() if name == label.name), "")
    nameless = bool(side) and (label.name.startswith("{{") or label.name in RELATIVE_ROLES or side in names)
    kept: dict[str, Any] = {} if head == f"{label.name}: " and not nameless else {"head": head}
    if tail != "\n":
        kept["tail"] = tail
    if label.direction:
        gap = " " if said else ""
        said = f"{label.direction}{gap}{said}"
        kept["in_head"] = len(label.direction) + len(gap)
    if label.name.casefold() in _ASIDES:
        return Turn(label.name.casefold(), label.name, said, {"head": head, **kept}, True, place)
    return Turn(side or ASSISTANT, "" if nameless else label.name, said, kept, False, place)


def _label_notes(labels: list[Label | None], known: _Names, line: int) -> list[str]:
    """Labels that were not taken for speakers, and speakers with one line only: the reader can judge them at a glance."""
    where: dict[str, int] = {}
    for place, found in enumerate(labels, line):
        if found is not None and not found.tight:
            where.setdefault(found.name, place)
    left = [f"{name} (line {place})" for name, place in where.items() if not known.speaks(name)]
    people = [name for name in where if known.speaks(name) and name.casefold() not in _ASIDES]
    once = [f"{name} (line {where[name]})" for name in people if known.counts[name] == 1]
    notes = [f"left in the text, for they do not look like speakers: {_some(left)}"] if left else []
    return [*notes, f"speaks only once: {_some(once)}"] if once and len(people) > 2 else notes


def _some(items: list[str]) -> str:
    return ", ".join(items[:5]) + (f" and {len(items) - 5} more" if len(items) > 5 else "")


# -- writing -----------------------------------------------------------------------------------------------------------


def text_of(out: Outgoing, titled: bool, lost: Counter[str], notes: Counter[str]) -> str:
    """The script of one dialogue; ``titled`` gives it a title that parts it from others in the same file.

    What a script cannot hold is found by reading it again: utterances that come back otherwise are counted in the notes.
    """
    same = out.was(FORMAT)
    title = str(out.log.get("title", "")) if same else ""
    if titled and not title:
        title = f"=== {' '.join((out.dialogue.id or 'dialogue').split())[:200]} ===\n"
    parts = [_part(out, part, lost) for part in out.parts()]
    whole = (str(out.log.get("preface", "")) if same else "") + "".join(_closed(parts))
    _check(out, whole, notes)
    whole = title + whole
    if "\0" in whole:
        notes["a script with a null character, which is not read back"] += 1
    return whole.replace("\n", "\r\n") if same and out.log.get("newline") == "\r\n" else whole


def _closed(parts: list[str]) -> list[str]:
    """Each part on lines of its own; only the last may end without a line break."""
    return [p if p.endswith("\n") or k == len(parts) - 1 else f"{p}\n" for k, p in enumerate(parts)]


def _part(out: Outgoing, part: Utterance | Mapping[str, Any], lost: Counter[str]) -> str:
    said = part.text if isinstance(part, Utterance) else str(part["text"])
    fields = out.fields(part, FORMAT) if isinstance(part, Utterance) else part.get("log") if out.was(FORMAT) else None
    if fields is not None:
        skip = fields.get("in_head", 0)
        head = fields.get("head", f"{out.called(part.speaker)}: " if isinstance(part, Utterance) else "")
        return f"{head}{said[skip if isinstance(skip, int) else 0 :]}{fields.get('tail', chr(10))}"
    if not out.was(FORMAT):
        lost.update(lost_fields(part))
    name = out.called(part.speaker) if isinstance(part, Utterance) else _aside_name(str(part["role"]))
    return f"{' '.join(name.split())}: {_protected(said, out)}\n"


def _aside_name(role: str) -> str:
    return "System" if role in ("system", "developer") else "Tool"


def _protected(said: str, out: Outgoing) -> str:
    """The text with a blank before every further line that would be read as the beginning of something new."""
    first, *others = said.split("\n")
    return "\n".join([first, *(f" {line}" if _would_split(line, out) else line for line in others)])


def _would_split(line: str, out: Outgoing) -> bool:
    found = label_of(line)
    if found is None:
        return _TITLE.fullmatch(line) is not None
    lower = found.name.casefold()
    return found.name in out.sides or lower in _ASIDES or not _HEADING.fullmatch(lower)


def _check(out: Outgoing, whole: str, notes: Counter[str]) -> None:
    """Read the script again and count what comes back otherwise."""
    meant = _said(out)
    if not whole.strip():
        notes["a script cannot hold a dialogue in which nothing is said"] += 1
        return
    again = _dialogue(whole, "", {"format": FORMAT}, {}, "script", 1).dialogue
    changed = _differences(meant, _said(outgoing(again, None, None, Counter())))
    if changed:
        notes[_OTHERWISE] += changed


def _differences(meant: list[tuple[str, str]], read: list[tuple[str, str]]) -> int:
    """How many utterances differ in text, or in who of all speakers says them; what the speakers are called is no matter."""
    there: dict[str, str] = {}
    back: dict[str, str] = {}
    changed = abs(len(meant) - len(read))
    for (who, said), (other, again) in zip(meant, read):
        same = there.setdefault(who, other) == other and back.setdefault(other, who) == who
        changed += not same or said != again
    return changed


def _said(out: Outgoing) -> list[tuple[str, str]]:
    return [
        (out.called(p.speaker), p.text) if isinstance(p, Utterance) else (_aside_name(str(p["role"])), str(p["text"]))
        for p in out.parts()
    ]
