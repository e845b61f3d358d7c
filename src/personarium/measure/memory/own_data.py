"""The comparison on one's own data: questions from a file, logs from a memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.files import iter_json_lines
from personarium.measure.memory.questions import Case, Question
from personarium.remember.records import Observation
from personarium.text.option_order import LETTERS, shuffled

MOST_QUESTIONS = 100_000
_NEEDED = ("user", "at", "question", "options", "answer")
_KNOWN = (*_NEEDED, "id", "type", "sources", "stale")


@dataclass(frozen=True, slots=True)
class OwnQuestion:
    """One question of a file.

    Args:
        user: Whose memory is asked.
        at: When; the memory knows what was said until then.
        question: As it is asked.
        options: 2 to 26 texts.
        answer: Place of the right one.
        id: Unique; ``user/line`` when the file gives none.
        type: Any word; the table has a column for each.
        sources: Ids of the observations that the answer rests on; without them evidence is not measured.
        stale: Options that were right once; without them staleness is not measured (give such questions the type ``changed``,
            or ``retracted`` where nothing holds any more).
    """

    user: str
    at: float
    question: str
    options: tuple[str, ...]
    answer: int
    id: str
    type: str = "own"
    sources: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()


def own_questions(path: str | Path) -> list[OwnQuestion]:
    """Read questions from JSON Lines: ``{"user", "at", "question", "options", "answer"}`` on each line.

    ``at`` is a date (``2026-05-01`` or ``2026-05-01T18:30``, UTC) or seconds since 1970; ``answer`` is the text of an option, or
    its letter. May be there: ``id``, ``type``, ``sources`` (ids of observations), ``stale`` (texts of options).

    Raises:
        InvalidInput: On a line that is not such a question, naming line and field.
        NotFound: When there is no such file.
    """
    found: list[OwnQuestion] = []
    taken: set[str] = set()
    for where, data in iter_json_lines(path, "question"):
        if len(found) == MOST_QUESTIONS:
            raise InvalidInput(str(path), f"at most {MOST_QUESTIONS:,} questions", where)
        one = _question(where, data, len(found) + 1)
        if one.id in taken:
            raise InvalidInput(where, "an id of its own", one.id, "id")
        taken.add(one.id)
        found.append(one)
    return found


def own_cases(
    questions: Iterable[OwnQuestion], logs: Mapping[str, Sequence[Observation]], *, seed: int = 0
) -> list[Case]:
    """Questions and logs as cases.

    Args:
        questions: What is asked.
        logs: User -> what was said (for instance ``memory.user(name).observations()``), in any order.
        seed: Of the order of the options.

    Raises:
        InvalidInput: On a question about a user without a log, before anything was said, or with a source that is not in the
            log or comes later.
    """
    by_user: dict[str, list[OwnQuestion]] = {}
    for one in questions:
        if not logs.get(one.user):
            raise InvalidInput(f"question {one.id}", "a user with a log", one.user, "user")
        by_user.setdefault(one.user, []).append(one)
    return [_case(user, asked, logs[user], seed) for user, asked in by_user.items()]


def _case(user: str, asked: Sequence[OwnQuestion], log: Sequence[Observation], seed: int) -> Case:
    said = sorted(log, key=lambda one: one.at)
    numbers = {one.id: number for number, one in enumerate(said) if one.id}
    questions = tuple(_placed(one, said, numbers, seed) for one in asked)
    return Case(user, tuple(replace(one, id="") for one in said), questions)


def _placed(one: OwnQuestion, said: Sequence[Observation], numbers: Mapping[str, int], seed: int) -> Question:
    where = f"question {one.id}"
    end = sum(message.at <= one.at for message in said)
    if not end:
        raise InvalidInput(where, "a time after the first thing that was said", one.at, "at")
    missing = [id for id in one.sources if numbers.get(id, end) >= end]
    if missing:
        raise InvalidInput(where, "ids of observations before the question", missing[0], "sources")
    order = shuffled(one.options, one.answer, f"{seed}|{one.id}")
    roles = ["stale" if text in one.stale else "decoy" for text in one.options]
    roles[one.answer] = "gold"
    sources = tuple(sorted(numbers[id] for id in one.sources))
    return Question(
        one.id, one.user, one.type, end, one.at, one.question, order.texts, order.gold, order.carried(roles), sources
    )


def _question(where: str, data: Any, number: int) -> OwnQuestion:
    if not isinstance(data, Mapping):
        raise InvalidInput(where, "an object with user, at, question, options and answer", data)
    unknown = sorted(set(data) - set(_KNOWN))
    if unknown:
        raise InvalidInput(where, f"the fields {', '.join(_KNOWN)}", unknown[0])
    missing = [name for name in _NEEDED if name not in data]
    if missing:
        raise InvalidInput(where, "a value", None, missing[0])
    user, question = (_text(where, data[name], name) for name in ("user", "question"))
    options = _texts(where, data["options"], "options")
    if not 2 <= len(options) <= len(LETTERS) or len(set(options)) < len(options):
        raise InvalidInput(where, "2 to 26 different texts", data["options"], "options")
    stale = _texts(where, data.get("stale", []), "stale")
    strange = [text for text in stale if text not in options]
    if strange:
        raise InvalidInput(where, "texts of options", strange[0], "stale")
    return OwnQuestion(
        user,
        _time(where, data["at"]),
        question,
        options,
        _answer(where, data["answer"], options),
        _text(where, data.get("id", f"{user}/{number}"), "id"),
        _text(where, data.get("type", "own"), "type"),
        _texts(where, data.get("sources", []), "sources"),
        stale,
    )


def _answer(where: str, answer: Any, options: Sequence[str]) -> int:
    if isinstance(answer, str) and answer in options:
        return options.index(answer)
    place = LETTERS.find(answer.upper()) if isinstance(answer, str) and len(answer) == 1 else -1
    if not 0 <= place < len(options):
        raise InvalidInput(where, "the text of an option, or its letter", answer, "answer")
    return place


def _time(where: str, at: Any) -> float:
    if isinstance(at, (int, float)) and not isinstance(at, bool) and abs(at) < 1e12:
        return float(at)
    try:
        read = datetime.fromisoformat(at)
    except (TypeError, ValueError) as error:
        raise InvalidInput(where, "a date like 2026-05-01 or seconds since 1970", at, "at") from error
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def _text(where: str, text: Any, field: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise InvalidInput(where, "a text", text, field)
    return text


def _texts(where: str, texts: Any, field: str) -> tuple[str, ...]:
    if not isinstance(texts, list):
        raise InvalidInput(where, "a list of texts", texts, field)
    return tuple(_text(where, text, field) for text in texts)
