"""Slots: which student each place of the population wants, with exact counts.

Source: hachimi page, step 1 and "Works when" 1.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from personarium.core.errors import InvalidInput, UsageError
from personarium.make.hachimi.published import RANDOM_TIES
from personarium.make.hachimi.schema import LEVELS, StudentSchema

EQUAL_MIX: Mapping[str, float] = dict.fromkeys(LEVELS, 0.25)


@dataclass(frozen=True, slots=True)
class StudentSlot:
    """What is wanted of one student.

    Args:
        grade: A grade of the schema.
        gender: A gender of the schema.
        subjects: The cluster that the strong subjects lean to.
        level: high, mid, low or poor.
    """

    grade: str
    gender: str
    subjects: tuple[str, ...]
    level: str

    def to_dict(self, schema: StudentSchema) -> dict[str, Any]:
        """The published slot object."""
        keys = schema.slot_keys
        return {
            keys["grade"]: self.grade,
            keys["gender"]: self.gender,
            keys["subjects"]: list(self.subjects),
            keys["level"]: schema.levels[self.level],
        }


def parse_mix(text: str) -> dict[str, float]:
    """A level mix such as ``high:0.4,mid:0.3,low:0.2,poor:0.1``; levels that are not named have none.

    Raises:
        InvalidInput: An unknown level, no number, or shares that do not sum to 1.
    """
    mix = dict.fromkeys(LEVELS, 0.0)
    for part in text.split(","):
        level, _, share = part.partition(":")
        try:
            mix[level.strip()] = float(share)
        except ValueError:
            raise InvalidInput("level mix", "level:share, for instance high:0.4", part, level.strip() or None) from None
    return check_mix(mix)


def check_mix(mix: Mapping[str, float]) -> dict[str, float]:
    """The mix with its levels in order.

    Raises:
        InvalidInput: An unknown level, a negative share, or shares that do not sum to 1.
    """
    unknown = [level for level in mix if level not in LEVELS]
    if unknown:
        raise InvalidInput("level mix", f"levels among {', '.join(LEVELS)}", unknown[0])
    if not all(0 <= share <= 1 for share in mix.values()) or abs(sum(mix.values()) - 1) > 1e-9:
        raise InvalidInput("level mix", "shares of at least 0 that sum to 1", dict(mix))
    return {level: float(mix.get(level, 0.0)) for level in LEVELS}


def level_counts(
    mix: Mapping[str, float], total: int, *, seed: int = 0, faults: Collection[str] = ()
) -> dict[str, int]:
    """How many students of each level: the rounded share, halves to the even number, and the difference to ``total`` made up
    one by one, going round the levels in order of falling share.

    Args:
        mix: Level -> share.
        total: How many students.
        seed: Of the order of equal shares, as published only.
        faults: ``random-ties``: equal shares go round in random order; otherwise high, mid, low, poor.
    """
    shares = check_mix(mix)
    counts = {level: round(Fraction(str(share)) * total) for level, share in shares.items()}
    levels = list(LEVELS)
    if RANDOM_TIES in faults:
        random.Random(f"hachimi|ties|{seed}").shuffle(levels)
    order = sorted(levels, key=lambda level: -shares[level])
    missing, turn = total - sum(counts.values()), 0
    while missing:
        level = order[turn % len(order)]
        if missing > 0 or counts[level] > 0:
            step = 1 if missing > 0 else -1
            counts[level] += step
            missing -= step
        turn += 1
    return counts


def plan_students(
    total: int,
    schema: StudentSchema,
    mix: Mapping[str, float] = EQUAL_MIX,
    *,
    seed: int = 0,
    slots: Sequence[Mapping[str, Any]] | None = None,
    faults: Collection[str] = (),
) -> tuple[StudentSlot, ...]:
    """The schedule: grade x gender x cluster in turn, shuffled, and the levels by their exact counts, shuffled.

    Args:
        total: How many students.
        schema: The school.
        mix: Level -> share.
        seed: Same seed, same schedule; another seed, the same counts.
        slots: Slot objects in place of the triples, at least ``total``; where one names no level, it gets one by the mix.
        faults: See :func:`level_counts`.

    Raises:
        UsageError: ``total`` is below 1.
        InvalidInput: A wrong mix or slot, or too few slots.
    """
    if total < 1:
        raise UsageError(f"at least one student is needed, found {total}")
    chance = random.Random(f"hachimi|slots|{seed}")
    triples = _triples(total, schema, chance) if slots is None else read_slots(slots, total, schema)
    counts = level_counts(mix, total, seed=seed, faults=faults)
    levels = [level for level in LEVELS for _ in range(counts[level])]
    chance.shuffle(levels)
    return tuple(
        StudentSlot(grade, gender, subjects, given or level)
        for (grade, gender, subjects, given), level in zip(triples, levels, strict=True)
    )


_Triple = tuple[str, str, tuple[str, ...], str]


def _triples(total: int, schema: StudentSchema, chance: random.Random) -> list[_Triple]:
    every = [(a, b, c, "") for a in schema.grades for b in schema.genders for c in schema.clusters.values()]
    drawn = [every[number % len(every)] for number in range(total)]
    chance.shuffle(drawn)
    return drawn


def read_slots(rows: Sequence[Mapping[str, Any]], total: int, schema: StudentSchema) -> list[_Triple]:
    """Slot objects in the schema's own keys.

    Raises:
        InvalidInput: Naming the slot (from 1) and the key.
    """
    if len(rows) < total:
        raise InvalidInput("slots", f"at least {total} slot objects", len(rows))
    return [_read_slot(row, f"slot {number}", schema) for number, row in enumerate(rows[:total], 1)]


def _read_slot(row: Mapping[str, Any], where: str, schema: StudentSchema) -> _Triple:
    keys = schema.slot_keys
    allowed = {"grade": schema.grades, "gender": schema.genders, "level": tuple(schema.level_names)}
    if not isinstance(row, Mapping):
        raise InvalidInput(where, "an object", row)
    for name, values in allowed.items():
        found = row.get(keys[name])
        if found not in values and not (name == "level" and found is None):
            raise InvalidInput(where, f"one of {', '.join(values)}", found, keys[name])
    subjects = row.get(keys["subjects"])
    if not isinstance(subjects, list) or not subjects or any(s not in schema.subjects for s in subjects):
        raise InvalidInput(where, f"a list of subjects among {', '.join(schema.subjects)}", subjects, keys["subjects"])
    level = row.get(keys["level"])
    return row[keys["grade"]], row[keys["gender"]], tuple(subjects), schema.level_names[level] if level else ""


def slot_from_dict(row: Mapping[str, Any], schema: StudentSchema, where: str = "slot") -> StudentSlot:
    """Read a published slot object that names its level.

    Raises:
        InvalidInput: Naming ``where`` and the key.
    """
    grade, gender, subjects, level = _read_slot(row, where, schema)
    if not level:
        raise InvalidInput(where, f"one of {', '.join(schema.level_names)}", None, schema.slot_keys["level"])
    return StudentSlot(grade, gender, subjects, level)
