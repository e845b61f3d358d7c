"""The published folders of PERMA: profiles, tasks with their contexts, options, and results of a run.

Source: perma page, "Data formats" (code). The data set (ustclsc/PERMA, Apache-2.0 by its card) is not shipped here.
Differs: a result file is named by its whole stem (``json-ending``); the incremental run reads the same task files as
the others (``incremental-path``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, cast, get_args

from personarium.benchmarks.perma.options import LETTERS, Choice, Option
from personarium.benchmarks.perma.records import Profile, Session, Task, TaskType, User
from personarium.benchmarks.perma.timeline import moment
from personarium.core.chat import Message
from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.core.files import existing, parse_json, read_text

Variant = Literal["clean", "noise", "style"]
VARIANTS: tuple[str, ...] = get_args(Variant)
MOST = 512 * 2**20  # bytes of a task file: each task repeats its whole context
MOST_TASKS, MOST_FILES = 10_000, 100_000
FILE_ERRATA = ("json-ending", "incremental-path")
_ROLES = ("user", "assistant")
_USER = re.compile(r"user(\d{1,9})")
_LETTERED = re.compile(r"^[ \t]*(?:\*\*)?\(?([A-H])[).:]", re.MULTILINE)


def users_in(folder: str | Path) -> list[str]:
    """The ids of the users in a data folder, by their number (``108`` for ``profile/user108``).

    Raises:
        NotFound: There is no such folder, or no user in it.
    """
    home = Path(folder) / "profile"
    if not home.is_dir():
        raise NotFound(f"{home}: no such folder; a PERMA folder has profile/, tasks/ and evaluation/")
    found = sorted(int(m[1]) for path in home.iterdir() if path.is_dir() and (m := _USER.fullmatch(path.name)))
    if not found:
        raise NotFound(f"{home}: no folder user<number> in it")
    return [str(number) for number in found]


def read_user(folder: str | Path, user: str, variant: Variant = "clean", *, multi: bool = False) -> User:
    """One user of the published folders.

    Args:
        folder: The folder that holds ``profile/``, ``tasks/`` and ``evaluation/``.
        user: The id.
        variant: Which dialogues.
        multi: Tasks over several domains instead of one.

    Returns:
        The user. Nothing is known to be planted, and the files tell which option is gold but not the (T, P, I) of the
        others. The time line is the context of the Type 3 tasks.

    Raises:
        NotFound: A file is missing.
        InvalidInput: Naming file and field.
    """
    home = Path(folder)
    profile = read_profile(home / "profile" / f"user{_number(user)}" / "profile.json", user)
    path = existing(tasks_path(home, user, variant, multi=multi))
    rows = _list(_json(path).get("overall"), str(path), "overall")
    if len(rows) > MOST_TASKS:
        raise InvalidInput(str(path), f"at most {MOST_TASKS:,} tasks", len(rows), "overall")
    sessions = _time_line(rows, str(path))
    meta = home / "evaluation" / f"user{user}" / "meta" / "overall"
    tasks = [_task(user, row, sessions, meta, f"{path}: overall[{k}]") for k, row in enumerate(rows)]
    return User(profile, sessions, tuple(tasks))


def tasks_path(
    folder: Path,
    user: str,
    variant: Variant,
    *,
    multi: bool = False,
    incremental: bool = False,
    as_published: Published = False,
) -> Path:
    """Where a user's tasks are.

    Args:
        folder: The data folder.
        user: The id.
        variant: Which dialogues.
        multi: Tasks over several domains.
        incremental: For the incremental protocol.
        as_published: With ``incremental-path`` that protocol looks for ``userID/input_data2…``, which the data set does
            not have, and passes every user over in silence.

    Raises:
        UsageError: On an unknown variant.
    """
    if variant not in VARIANTS:
        raise UsageError(f"no variant '{variant}'; there are {', '.join(VARIANTS)}")
    middle = "_multi" if multi else ""
    number = _number(user)
    if incremental and "incremental-path" in published_faults(as_published, FILE_ERRATA):
        return folder / f"user{number}" / f"input_data2{middle}_{variant[0]}.json"
    return folder / "tasks" / f"user{number}" / f"input_data{middle}_{variant[0]}.json"


def _number(user: str) -> str:
    if not re.fullmatch(r"\d{1,9}", user):
        raise InvalidInput("user", "the number of a user", user)
    return user


def _json(path: Path) -> Mapping[str, Any]:
    return _object(parse_json(read_text(existing(path), "one JSON object", MOST), str(path)), str(path), None)


# --- profiles ---


def read_profile(path: str | Path, id: str) -> Profile:
    """A profile file: demographics, affinities, interests, interactions.

    Raises:
        NotFound: There is none.
        InvalidInput: Naming file and field.
    """
    row = _json(Path(path))
    where = str(path)
    demographics = {k: str(v) for k, v in _object(row.get("demographics", {}), where, "demographics").items()}
    affinities = {
        domain: {slot: _values(found) for slot, found in _object(slots, where, f"affinities.{domain}").items()}
        for domain, slots in _object(row.get("affinities", {}), where, "affinities").items()
    }
    interests = _object(row.get("interests", {}), where, "interests")
    interactions = _object(row.get("interactions", {}), where, "interactions")
    return Profile(
        id,
        demographics,
        affinities,
        {k: _interest(v, where, f"interests.{k}") for k, v in interests.items()},
        {k: _summaries(str(v)) for k, v in interactions.items()},
    )


def _values(found: object) -> tuple[str, ...]:
    return tuple(str(one) for one in found) if isinstance(found, list) else (str(found),)


def _interest(value: object, where: str, at: str) -> float:
    try:
        return float(value) if isinstance(value, (int, float, str)) else float("nan")
    except ValueError:
        raise InvalidInput(where, "0 or 1", value, at) from None


def _summaries(text: str) -> tuple[str, ...]:
    """Blocks between blank lines: a description first and a closing summary last, one summary an event between them."""
    parts = [part.strip() for part in text.split("\n\n") if part.strip()]
    lines = [line.strip() for part in parts[1:-1] for line in part.splitlines() if line.strip()]
    numbered = [line for line in lines if re.match(r"\d{1,3}[.)]\s", line)]
    return tuple(re.sub(r"^\d{1,3}[.)]\s+", "", line) for line in numbered)


# --- the time line ---


def _time_line(rows: Sequence[Any], where: str) -> tuple[Session, ...]:
    for k, row in enumerate(rows):
        at = f"{where}: overall[{k}]"
        if _type(_object(row, at, None), at) == 3:
            return tuple(_session(one, n, at) for n, one in enumerate(_list(row.get("context"), at, "context")))
    raise InvalidInput(where, "at least one Type 3 task, whose context is the time line", None, "overall")


def _session(found: object, n: int, where: str) -> Session:
    pair = _list(found, where, f"context[{n}]")
    if len(pair) < 2 or not isinstance(pair[1], str):
        raise InvalidInput(where, "messages and a date", found, f"context[{n}]")
    moment(pair[1], f"{where}: context[{n}]")  # a date that is none is said here and not in the middle of a run
    return Session(f"s{n + 1}", "", _messages(pair[0], where, f"context[{n}]"), pair[1])


def _messages(found: object, where: str, at: str) -> tuple[Message, ...]:
    out: list[Message] = []
    for k, one in enumerate(_list(found, where, at)):
        row = _object(one, where, f"{at}[{k}]")
        role, content = row.get("role"), row.get("content")
        if role not in _ROLES or not isinstance(content, str):
            raise InvalidInput(where, "a role (user or assistant) and a content", one, f"{at}[{k}]")
        out.append({"role": role, "content": content})
    return tuple(out)


# --- tasks ---


def _type(row: Mapping[str, Any], where: str) -> TaskType:
    value = row.get("type")
    if str(value) not in ("1", "2", "3"):
        raise InvalidInput(where, "1, 2 or 3", value, "type")
    return cast("TaskType", int(str(value)))


def _task(user: str, found: object, sessions: tuple[Session, ...], meta: Path, where: str) -> Task:
    row = _object(found, where, None)
    type, id = _type(row, where), row.get("task_id")
    if not isinstance(id, str) or not id:
        raise InvalidInput(where, "a text that is not empty", id, "task_id")
    asked = _object(row.get("task", {}), where, "task")
    slots = [str(one) for one in _as_list(asked.get("Relevant Affinity Types"))]
    preferences = [str(one) for one in _as_list(row.get("preferences"))]
    question, choice, about = _meta(meta, f"{id}_{type}")
    return Task(
        user,
        id,
        type,
        tuple(str(one) for one in _as_list(row.get("topic"))),
        question,
        _context(row, sessions, where),
        choice,
        str(asked.get("description") or about.get("task_description") or ""),
        str(asked.get("task_goal") or about.get("task_goal") or ""),
        # Only the preferences of the slots that matter here, as the published evaluation takes them.
        tuple(one for one in preferences if any(slot in one for slot in slots)),
        _gold(row, sessions, where),
    )


def _context(row: Mapping[str, Any], sessions: tuple[Session, ...], where: str) -> tuple[Session, ...]:
    found = _list(row.get("context"), where, "context")
    if len(found) > len(sessions):
        raise InvalidInput(where, "a context that is the beginning of the time line", len(found), "context")
    for k, pair in enumerate(found):
        if _session(pair, k, where).messages != sessions[k].messages:
            raise InvalidInput(where, "a context that is the beginning of the time line", None, f"context[{k}]")
    return sessions[: len(found)]


def _gold(row: Mapping[str, Any], sessions: tuple[Session, ...], where: str) -> tuple[Session, ...]:
    out = []
    for k, found in enumerate(_list(row.get("affinity_links") or [], where, "affinity_links")):
        at = f"affinity_links[{k}]"
        link = _object(found, where, at)
        messages = _messages(link.get("value"), where, f"{at}.value")
        same = next((one for one in sessions if one.messages == messages), None)
        shown = same or Session(f"link {k + 1}", "", messages, str(link.get("date", "")))
        out.append(replace(shown, preferences=(str(link.get("pref", "")),), noise=str(link.get("noise", "none"))))
    return tuple(out)


def _meta(folder: Path, name: str) -> tuple[str, Choice, Mapping[str, Any]]:
    if not re.fullmatch(r"[^/\\\x00-\x1f]{1,200}", name) or name.startswith("."):
        raise InvalidInput(str(folder), "a task id that is a plain file name", name, "task_id")
    path = folder / f"{name}.json"
    row = _json(path)
    question, gold = row.get("question"), row.get("gold_label")
    if not isinstance(question, str) or not question.strip():
        raise InvalidInput(str(path), "a question", question, "question")
    texts = _option_texts(row.get("options"), str(path))
    if not isinstance(gold, str) or gold.strip() not in tuple(LETTERS):
        raise InvalidInput(str(path), "a letter from A to H", gold, "gold_label")
    return question, Choice(tuple(map(Option, texts)), gold.strip()), row


def _option_texts(found: object, where: str) -> list[str]:
    """The option texts in the order of their letters: of an object, a list, or a text with lettered lines."""
    if isinstance(found, dict):
        return [str(found.get(letter, "")) for letter in LETTERS]
    if isinstance(found, list):
        return [str(one) for one in found]
    if not isinstance(found, str):
        raise InvalidInput(where, "the eight options", found, "options")
    marks = list(_LETTERED.finditer(found))
    if "".join(mark[1] for mark in marks) != LETTERS:
        raise InvalidInput(where, "eight options, each after its letter A to H", found, "options")
    ends = [mark.start() for mark in marks[1:]] + [len(found)]
    return [found[mark.end() : end].strip(" \t\r\n*") for mark, end in zip(marks, ends, strict=True)]


# --- results of a run ---


def read_results(folder: str | Path, as_published: Published = False) -> tuple[list[dict[str, Any]], list[str]]:
    """The result files of one ``eval`` folder: those whose name is ``TASKID_TYPE.json`` of what stands in them.

    Args:
        folder: The folder.
        as_published: With ``json-ending`` the letters ``.``, ``j``, ``s``, ``o``, ``n`` are stripped from both ends of
            a name instead of its ending, so that a task whose id begins with one of them is passed over.

    Returns:
        The rows, by file name, and the names that were passed over.

    Raises:
        NotFound: There is no such folder.
        InvalidInput: A file is no JSON object.
    """
    home = Path(folder)
    if not home.is_dir():
        raise NotFound(f"{home}: no such folder")
    strip = "json-ending" in published_faults(as_published, FILE_ERRATA)
    rows: list[dict[str, Any]] = []
    passed: list[str] = []
    for path in sorted(home.glob("*.json"))[:MOST_FILES]:
        row = dict(_json(path))
        name = path.name.strip(".json") if strip else path.stem
        kept = name == f"{row.get('task_id')}_{row.get('task_type')}"
        rows += [row] if kept else []
        passed += [] if kept else [path.name]
    return rows, passed


def _object(value: object, where: str, at: str | None) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput(where, "an object", value, at)
    return value


def _list(value: object, where: str, at: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidInput(where, "a list", value, at)
    return value


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
