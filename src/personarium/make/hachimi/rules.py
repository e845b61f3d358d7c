"""R1 to R7, R14 and R15 as predicates: each says what is wrong with a student, who owns it and what would be right.

Source: hachimi page, steps 5 and 6, "Works when" 5. In the published code a prompted model checks them (erratum
``model-validated-rules``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from personarium.make.hachimi.grades import dimension_grades
from personarium.make.hachimi.published import FIRST_MARKER_ONLY, LOOSE_AGENT_NAME, MODEL_RULES, SLOT_UNCHECKED
from personarium.make.hachimi.schema import FIELDS, OWNER, PARAGRAPHS, Student, StudentSchema, words_pattern
from personarium.make.hachimi.slots import StudentSlot
from personarium.make.population.drafting import Issue

TOLERANCE = 1  # years above and below a grade's norm
LONGEST_NAME = 100  # characters of an agent name that are looked at
SEVERE_REACH = 8  # characters before a severe word in which a negation takes it back

_BLANK_LINE = re.compile(r"\n[ \t\u3000\r]*\n")
_MARKED_LINE = re.compile(
    r"^[ \t\u3000]*(?:[-•*·–][ \t]|\d{1,3}[.)、．](?!\d)|[(（]\d{1,3}[)）]|[一二三四五六七八九十]{1,3}、)", re.MULTILINE
)
_PUBLISHED_PARAGRAPH = re.compile(r"\n\s*\n|\A\s*[-•\d]+\.")

Rule = Callable[[Student, StudentSchema], Iterable[Issue]]


def issue(schema: StudentSchema, code: str, fields: Iterable[str], text: str, hint: str = "") -> Issue:
    """An issue for the owner of the first field."""
    names = tuple(fields)
    return Issue(OWNER[names[0]], f"{code}: {text}", code, tuple(schema.keys[name] for name in names), hint)


def age_fits(age: object, grade: object, schema: StudentSchema) -> bool:
    """R1: a whole number within one year of the grade's norm (grade 2: 6 to 9)."""
    norm = schema.age_norm(str(grade))
    if norm is None or type(age) is not int:
        return False
    return norm[0] - TOLERANCE <= age <= norm[1] + TOLERANCE


def _r1_age(student: Student, schema: StudentSchema) -> Iterator[Issue]:
    norm = schema.age_norm(str(student.get("grade")))
    if norm is not None and not age_fits(student.get("age"), student["grade"], schema):
        told = f"the age does not fit {student['grade']}, whose usual ages are {norm[0]} and {norm[1]}"
        yield issue(schema, "R1", ("age", "grade"), told, f"{schema.keys['age']} = {norm[0]}")


def wrong_stages(age: object, stages: object, schema: StudentSchema) -> Iterator[tuple[str, str]]:
    """R2: theory and word of every stage that is wrong at this age (formal operations at 10)."""
    if type(age) is not int or not isinstance(stages, Mapping):
        return
    for theory, stage in schema.stages.items():
        for match in stage.pattern.finditer(str(stages.get(stage.key, ""))[:500]):
            word = next(w for w in stage.words if w.lower() == match[0].lower())
            youngest, oldest = stage.words[word]
            if not youngest <= age <= oldest:
                yield theory, word


def _r2_stages(student: Student, schema: StudentSchema) -> Iterator[Issue]:
    for theory, word in wrong_stages(student.get("age"), student.get("stages"), schema):
        youngest, oldest = schema.stages[theory].words[word]
        told = f"'{word}' is wrong at the age of {student['age']}; it is possible from {youngest} to {oldest}"
        yield issue(schema, "R2", ("stages", "age"), told)


def _r3_subjects(student: Student, schema: StudentSchema) -> Iterator[Issue]:
    lists = [student.get("strong"), student.get("weak")]
    if not all(isinstance(subjects, list) and any(map(_filled, subjects)) for subjects in lists):
        yield issue(schema, "R3", ("strong", "weak"), "strong and weak subjects must be two lists that are not empty")
        return
    both = sorted({str(s).strip() for s in student["strong"]} & {str(s).strip() for s in student["weak"]})
    if both:
        yield issue(schema, "R3", ("strong", "weak"), f"a subject is both strong and weak: {', '.join(both)}")


def _r4_creativity(student: Student, schema: StudentSchema) -> Iterator[Issue]:
    grades = dimension_grades(str(student.get("creativity", "")), "creativity", schema)
    if len(grades) > 1 and len(set(grades.values())) == 1:
        yield issue(schema, "R4", ("creativity",), "all dimensions have the same grade; they must vary")
    yield from feasibility_issues(grades, schema)


def feasibility_issues(grades: Mapping[str, str], schema: StudentSchema) -> Iterator[Issue]:
    """Who has rather low or low feasibility proposes at most middle."""
    words = schema.grade_words
    if grades.get("feasibility") in words[4:] and grades.get("proposing") in words[:3]:
        names = schema.dimensions["creativity"]
        told = f"{names['feasibility']} is {grades['feasibility']}, so {names['proposing']} is at most {words[3]}"
        yield issue(schema, "R4", ("creativity",), told)


def _r5_health(student: Student, schema: StudentSchema) -> Iterator[Issue]:
    grades = dimension_grades(str(student.get("values", "")), "values", schema)
    severe = severe_word(str(student.get("health", "")), schema)
    if grades.get("body_and_mind") in schema.grade_words[:2] and severe:
        told = f"the values call body and mind {grades['body_and_mind']}, but the health text has '{severe}'"
        yield issue(schema, "R5", ("health", "values"), told)


def severe_word(text: str, schema: StudentSchema) -> str:
    """The first word of severe impairment that no negation shortly before it takes back; empty when there is none."""
    negations = words_pattern(schema.negations)
    reach = SEVERE_REACH if schema.unit == "character" else 3 * SEVERE_REACH
    for match in words_pattern(schema.severe).finditer(text):
        before = re.split(r"[。！？；，.!?;,\n]", text[max(0, match.start() - reach) : match.start()])[-1]
        if not negations.search(before):
            return match[0]
    return ""


def agent_name_fits(name: object, schema: StudentSchema, *, strict: bool = True) -> bool:
    """R6: the agent name's expression; strictly also what prompts and report forbid beyond it."""
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        return False
    return re.fullmatch(schema.agent_name_strict if strict else schema.agent_name, name) is not None


def _r6_agent_name(student: Student, schema: StudentSchema, *, strict: bool = True) -> Iterator[Issue]:
    if not agent_name_fits(student.get("agent_name"), schema, strict=strict):
        yield issue(schema, "R6", ("agent_name",), f"the agent name must be {schema.agent_name_told}")


def _r7_keys(student: Student, schema: StudentSchema) -> Iterator[Issue]:
    for field in FIELDS:
        if not _filled(student.get(field)):
            yield issue(schema, "R7", (field,), f"'{schema.keys[field]}' is missing or empty")


def _filled(value: object) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, (list, dict)):
        return bool(value)
    return value is not None


def single_paragraph(text: object, faults: Collection[str] = ()) -> bool:
    """R14: a text without a blank line and without a line that begins with a list marker.

    Differs: the published test sees a marker at the very beginning only, and wants a dot after it
    (``first-list-marker-only``).
    """
    if not isinstance(text, str):
        return False
    if FIRST_MARKER_ONLY in faults:
        return _PUBLISHED_PARAGRAPH.search(text) is None
    return _BLANK_LINE.search(text) is None and _MARKED_LINE.search(text) is None


def paragraph_issues(student: Student, schema: StudentSchema, faults: Collection[str] = ()) -> Iterator[Issue]:
    """R14 for the three long fields."""
    for field in PARAGRAPHS:
        if not single_paragraph(student.get(field, ""), faults):
            yield issue(schema, "R14", (field,), f"'{schema.keys[field]}' must be one paragraph without lists")


def _r15_level(student: Student, schema: StudentSchema) -> Iterator[Issue]:
    if student.get("level") not in schema.level_names:
        yield issue(schema, "R15", ("level",), f"the level must be exactly one of: {'; '.join(schema.level_names)}")


RULES: Mapping[str, Rule] = {
    "R1": _r1_age,
    "R2": _r2_stages,
    "R3": _r3_subjects,
    "R4": _r4_creativity,
    "R5": _r5_health,
    "R6": _r6_agent_name,
    "R7": _r7_keys,
    "R14": paragraph_issues,
    "R15": _r15_level,
}


def broken_rules(student: Student, schema: StudentSchema, codes: Iterable[str] = tuple(RULES)) -> list[Issue]:
    """Every broken rule among ``codes``, in their order.

    Args:
        student: By the fields' own names (:meth:`StudentSchema.student`).
        schema: The school.
        codes: Which rules.
    """
    return [found for code in codes for found in RULES[code](student, schema)]


def slot_issues(
    student: Student, slot: StudentSlot, schema: StudentSchema, faults: Collection[str] = ()
) -> Iterator[Issue]:
    """Where a student is not what the slot wants: the quotas are exact only if grade, gender and level are kept.

    Differs: the published code forces the level alone; grade and gender are asked for and never checked (``slot-unchecked``).
    """
    wanted = {"level": schema.levels[slot.level]}
    if SLOT_UNCHECKED not in faults:
        wanted |= {"grade": slot.grade, "gender": slot.gender}
    for field, value in wanted.items():
        if student.get(field) != value:
            told = f"the slot wants '{value}', found '{str(student.get(field, ''))[:60]}'"
            yield issue(schema, "SLOT", (field,), told, f"{schema.keys[field]} = {value}")


def local_issues(
    student: Student, slot: StudentSlot, schema: StudentSchema, faults: Collection[str] = ()
) -> list[Issue]:
    """What executable code finds beside the model validator: the predicates, and the slot.

    Differs: as published only a level outside the four, a malformed agent name and a level unlike the target
    (``model-validated-rules``).
    """
    strict = LOOSE_AGENT_NAME not in faults
    if MODEL_RULES in faults:
        found = [*_r15_level(student, schema), *_r6_agent_name(student, schema, strict=strict)]
        level = [one for one in slot_issues(student, slot, schema, faults) if schema.keys["level"] in one.fields]
        return [*found, *level]
    found = broken_rules(student, schema, [code for code in RULES if code not in ("R6", "R14")])
    found += [*_r6_agent_name(student, schema, strict=strict), *paragraph_issues(student, schema, faults)]
    return [*found, *slot_issues(student, slot, schema, faults)]
