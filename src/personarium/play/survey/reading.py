"""Reading a questionnaire from YAML or JSON; the first thing that is wrong is named by file and field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.files import existing, parse_json, parse_yaml, read_text
from personarium.play.survey.conditions import Clause, Condition
from personarium.play.survey.questions import (
    TYPES,
    HumanColumn,
    Option,
    Question,
    Questionnaire,
    Section,
    is_number,
    key_of,
)

MOST_QUESTIONS, MOST_OPTIONS, LONGEST_TEXT = 500, 26, 4_000  # options are lettered A to Z
WIDEST_SCALE = 20  # places; what has more is a number
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_SHARED = frozenset({"id", "type", "text", "ask_if", "human"})
_OWN = {
    "single": frozenset({"options", "permute", "keep_last"}),
    "multiple": frozenset({"options", "permute", "keep_last"}),
    "ranking": frozenset({"options", "permute", "keep_last"}),
    "scale": frozenset({"scale", "labels", "permute", "statement"}),
    "number": frozenset({"range", "integer"}),
    "yesno": frozenset[str](),
}


def load_questionnaire(path: str | Path) -> Questionnaire:
    """Read a questionnaire from a .yaml, .yml or .json file.

    Raises:
        NotFound: When there is no such file.
        InvalidInput: Naming file and field of the first thing that is wrong.
    """
    path = existing(path)
    text = read_text(path, "a questionnaire")
    data = parse_json(text, str(path)) if path.suffix.lower() == ".json" else parse_yaml(text, str(path))
    return questionnaire_from(data, str(path))


def example_questionnaire() -> Questionnaire:
    """The bundled example: six questions about daily life, one of each type."""
    return questionnaire_from(parse_yaml(example_text(), "example.yaml"), "example.yaml")


def example_text() -> str:
    """The bundled example as it stands in its file."""
    return (files("personarium.play.survey") / "data" / "example.yaml").read_text(encoding="utf-8")


def questionnaire_from(data: Any, where: str = "questionnaire") -> Questionnaire:
    """Read a questionnaire from plain values: ``title`` and ``questions``, or ``sections`` with ``questions`` each.

    Raises:
        InvalidInput: Naming ``where`` and the field.
    """
    data = _mapping(data, where, None)
    _known(data, {"title", "questions", "sections"}, where, "")
    if ("questions" in data) == ("sections" in data):
        raise InvalidInput(where, "either questions or sections", sorted(map(str, data)))
    sections: list[Section] = []
    questions: list[Question] = []
    for given, section, field in _parts(data, where):
        if section is not None:
            _new_id(section.id, [one.id for one in sections], where, f"{field}.id")
            sections.append(section)
        for k, one in enumerate(_list(given, where, _inside(field, "questions"))):
            questions.append(_question(one, questions, section, where, f"{_inside(field, 'questions')}[{k}]"))
            if len(questions) > MOST_QUESTIONS:
                raise InvalidInput(where, f"at most {MOST_QUESTIONS} questions", "more")
    title = _text(data["title"], where, "title") if "title" in data else "Survey"
    return Questionnaire(title, tuple(questions), tuple(sections), where)


def _parts(data: Mapping[str, Any], where: str) -> Iterable[tuple[Any, Section | None, str]]:
    if "questions" in data:
        yield data["questions"], None, ""
        return
    for k, one in enumerate(_list(data["sections"], where, "sections")):
        field = f"sections[{k}]"
        given = _mapping(one, where, field)
        _known(given, {"id", "title", "intro", "questions"}, where, field)
        texts = [_text(given[n], where, f"{field}.{n}") if n in given else "" for n in ("title", "intro")]
        yield given.get("questions"), Section(_id(given.get("id"), where, f"{field}.id"), *texts), field


def _question(data: Any, before: Sequence[Question], section: Section | None, where: str, field: str) -> Question:
    given = _mapping(data, where, field)
    kind = given.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        raise InvalidInput(where, f"one of {', '.join(TYPES)}", kind, f"{field}.type")
    _known(given, _SHARED | _OWN[kind], where, field)
    id = _id(given.get("id"), where, f"{field}.id")
    _new_id(id, [question.id for question in before], where, f"{field}.id")
    text = _text(given.get("text"), where, f"{field}.text")
    own = _OWN[kind]
    shape = _choice(given, where, field) if "options" in own else _numbers(given, kind, where, field)
    question = Question(id, kind, text, section=section.id if section else "", **shape)  # type: ignore[arg-type]
    condition = _condition(given["ask_if"], before, where, f"{field}.ask_if") if "ask_if" in given else None
    human = _human(given["human"], question, where, f"{field}.human") if "human" in given else None
    return Question(id, question.type, text, ask_if=condition, human=human, section=question.section, **shape)


def _choice(given: Mapping[str, Any], where: str, field: str) -> dict[str, Any]:
    options = _options(given.get("options"), where, f"{field}.options")
    last = given.get("keep_last", 0)
    if isinstance(last, bool) or not isinstance(last, int) or not 0 <= last < len(options):
        raise InvalidInput(where, f"a whole number from 0 to {len(options) - 1}", last, f"{field}.keep_last")
    return {"options": options, "permute": _flag(given, "permute", True, where, field), "keep_last": last}


def _options(data: Any, where: str, field: str) -> tuple[Option, ...]:
    if isinstance(data, Mapping):
        pairs = [(key_of(key), text) for key, text in data.items()]
    elif isinstance(data, list):
        pairs = [(key_of(text), text) for text in data]
    else:
        raise InvalidInput(where, "a list of texts, or key: text for each option", data, field)
    if not 2 <= len(pairs) <= MOST_OPTIONS:
        raise InvalidInput(where, f"2 to {MOST_OPTIONS} options", len(pairs), field)
    options = tuple(Option(key, _text(_plain(text), where, f"{field}.{key}")) for key, text in pairs)
    for what, found in (("key", [o.key for o in options]), ("text", [o.text.casefold() for o in options])):
        if len(set(found)) < len(found) or not all(found):
            raise InvalidInput(where, f"options that each have a {what} of their own", found, field)
    return options


def _plain(text: Any) -> Any:
    """The text of an option: ``- 3`` and ``- yes`` are texts too."""
    return key_of(text) if isinstance(text, (bool, int, float)) else text


def _numbers(given: Mapping[str, Any], kind: str, where: str, field: str) -> dict[str, Any]:
    if kind == "yesno":
        return {}
    name = "scale" if kind == "scale" else "range"
    lo, hi = _range(given.get(name), where, f"{field}.{name}")
    whole = lo.is_integer() and hi.is_integer()
    if kind == "number":
        return {"lo": lo, "hi": hi, "integer": _flag(given, "integer", whole, where, field)}
    if not whole or hi - lo >= WIDEST_SCALE:
        raise InvalidInput(where, f"two whole numbers, at most {WIDEST_SCALE} places", [lo, hi], f"{field}.scale")
    labels = _labels(given.get("labels", {}), int(lo), int(hi), where, f"{field}.labels")
    flags = {name: _flag(given, name, False, where, field) for name in ("permute", "statement")}
    return {"lo": lo, "hi": hi, "labels": labels, **flags}


def _range(data: Any, where: str, field: str) -> tuple[float, float]:
    numbers = data if isinstance(data, list) else []
    if len(numbers) != 2 or not all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in numbers):
        raise InvalidInput(where, "two numbers, [lowest, highest]", data, field)
    lo, hi = (float(n) if abs(n) < 1e15 else float("nan") for n in numbers)
    if not lo < hi:
        raise InvalidInput(where, "a range that rises, within a thousand million millions", data, field)
    return lo, hi


def _labels(data: Any, lo: int, hi: int, where: str, field: str) -> dict[int, str]:
    labels: dict[int, str] = {}
    for key, text in _mapping(data, where, field).items():
        if isinstance(key, bool) or not re.fullmatch(r"-?\d{1,9}", str(key)) or not lo <= int(key) <= hi:
            raise InvalidInput(where, f"places from {lo} to {hi}", key, field)
        labels[int(key)] = _text(_plain(text), where, f"{field}.{key}")
    return labels


# --- conditions ---


def _condition(data: Any, before: Sequence[Question], where: str, field: str) -> Condition:
    several = data if isinstance(data, list) else [data]
    if not several:
        raise InvalidInput(where, "question: answers that count", data, field)
    earlier = {question.id: question for question in before}
    return Condition(tuple(_clauses(one, earlier, where, field) for one in several))


def _clauses(data: Any, earlier: Mapping[str, Question], where: str, field: str) -> tuple[Clause, ...]:
    given = _mapping(data, where, field)
    if not given:
        raise InvalidInput(where, "question: answers that count", "nothing", field)
    return tuple(_clause(str(id), answers, earlier, where, field) for id, answers in given.items())


def _clause(id: str, data: Any, earlier: Mapping[str, Question], where: str, field: str) -> Clause:
    if id not in earlier:
        raise InvalidInput(where, "the id of an earlier question", id, field)
    question, place = earlier[id], f"{field}.{id}"
    if isinstance(data, Mapping):
        return _span(question, data, where, place)
    answers = [_accepted(question, one, where, place) for one in (data if isinstance(data, list) else [data])]
    if not answers:
        raise InvalidInput(where, "at least one answer that counts", data, place)
    return Clause(id, tuple(answers))


def _span(question: Question, data: Mapping[Any, Any], where: str, field: str) -> Clause:
    if question.type not in ("scale", "number"):
        raise InvalidInput(where, f"answers of the question ({question.describe()})", dict(data), field)
    limits = {str(key): value for key, value in data.items()}
    fits = all(question.valid(value) is not None for value in limits.values())
    if not limits or not set(limits) <= {"min", "max"} or not fits:
        raise InvalidInput(where, f"min, max or both, each {question.describe()}", dict(data), field)
    lo, hi = (None if name not in limits else question.valid(limits[name]) for name in ("min", "max"))
    return Clause(question.id, lo=lo, hi=hi)  # type: ignore[arg-type]


def _accepted(question: Question, data: Any, where: str, field: str) -> Any:
    of_options = question.type in ("multiple", "ranking")
    answer = (key_of(data) if question.fits_option(data) else None) if of_options else question.valid(data)
    if answer is None or isinstance(data, (list, Mapping)):
        raise InvalidInput(where, f"answers of the question ({question.describe()})", data, field)
    return answer


# --- people's answers ---


def _human(data: Any, question: Question, where: str, field: str) -> HumanColumn:
    if isinstance(data, str):
        return HumanColumn(_text(data, where, field))
    given = _mapping(data, where, field)
    _known(given, {"column", "recode", "recode_answers", "missing"}, where, field)
    maps = {
        name: {key_of(a): key_of(b) for a, b in _mapping(given.get(name, {}), where, f"{field}.{name}").items()}
        for name in ("recode", "recode_answers")
    }
    if question.type in ("multiple", "ranking") and maps["recode_answers"]:
        raise InvalidInput(where, "no recoding of several answers at once", None, f"{field}.recode_answers")
    _check_targets(question, maps["recode"], maps["recode_answers"], where, field)
    missing = given.get("missing", [])
    listed = missing if isinstance(missing, list) else [missing]
    column = _text(given.get("column", question.id), where, f"{field}.column")
    return HumanColumn(column, maps["recode"], maps["recode_answers"], tuple(key_of(value) for value in listed))


def _check_targets(
    question: Question, recode: Mapping[str, str], recode_answers: Mapping[str, str], where: str, field: str
) -> None:
    """Both sides must end on one scale: the question's own, or that which its answers are recoded to."""
    for answer, target in recode_answers.items():
        if question.valid(answer) is None:
            raise InvalidInput(
                where, f"answers of the question ({question.describe()})", answer, f"{field}.recode_answers"
            )
        if question.type in ("scale", "number") and not is_number(target):
            raise InvalidInput(where, "numbers to recode to", target, f"{field}.recode_answers")
    fits = (
        question.fits_option
        if question.type in ("multiple", "ranking")
        else lambda value: question.valid(value) is not None
    )
    strange = [target for target in recode.values() if not recode_answers and not fits(target)]
    if strange:
        raise InvalidInput(where, f"answers of the question ({question.describe()})", strange[0], f"{field}.recode")


# --- plain values ---


def _mapping(data: Any, where: str, field: str | None) -> Mapping[Any, Any]:
    if not isinstance(data, Mapping):
        raise InvalidInput(where, "a mapping of fields", data, field)
    return data


def _list(data: Any, where: str, field: str) -> list[Any]:
    if not isinstance(data, list) or not data:
        raise InvalidInput(where, "a list with at least one entry", data, field)
    return data


def _text(data: Any, where: str, field: str) -> str:
    if not isinstance(data, str) or not data.strip() or len(data) > LONGEST_TEXT:
        raise InvalidInput(where, f"a text of 1 to {LONGEST_TEXT:,} characters", data, field)
    return data.strip()


def _id(data: Any, where: str, field: str) -> str:
    if not isinstance(data, str) or not _ID.fullmatch(data):
        raise InvalidInput(where, "an id of letters, digits and _ that begins with a letter", data, field)
    return data


def _new_id(id: str, taken: Sequence[str], where: str, field: str) -> None:
    if id in taken:
        raise InvalidInput(where, "an id that no other has", id, field)


def _flag(given: Mapping[str, Any], name: str, default: bool, where: str, field: str) -> bool:
    value = given.get(name, default)
    if not isinstance(value, bool):
        raise InvalidInput(where, "true or false", value, f"{field}.{name}")
    return value


def _known(given: Mapping[Any, Any], names: Iterable[str], where: str, field: str) -> None:
    strange = [key for key in given if key not in set(names)]
    if strange:
        raise InvalidInput(where, f"one of the fields {', '.join(sorted(names))}", strange[0], field or None)


def _inside(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name
