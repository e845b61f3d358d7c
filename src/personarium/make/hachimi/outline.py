"""An outline for a slot: the name, the stages, two subjects and every grade, drawn by seed within the rules, for the writers to write out.

Not in the paper, whose writers choose all of this themselves; off by default. With it the quotas against optimism are met by
draw and not by refusing, names hardly repeat, and a writer that can only keep what it is told (the simulated subject) fills slots.

Source: the constraints are those of the hachimi page, steps 3 to 6; the drawing is our own.
"""

from __future__ import annotations

import random
from typing import Any

from personarium.make.hachimi.filtering import OPTIMISM
from personarium.make.hachimi.schema import MIDDLE, StudentSchema
from personarium.make.hachimi.slots import StudentSlot

# How likely each of the six grade words is, best first.
_TILT = {"high": (4, 5, 4, 2, 1, 0), "mid": (2, 4, 4, 4, 2, 1), "low": (1, 2, 3, 5, 4, 2), "poor": (1, 1, 2, 4, 5, 4)}


def outline(slot: StudentSlot, number: int, schema: StudentSchema, seed: int) -> dict[str, Any]:
    """Key -> what the writer of that key is to keep; the same for the same slot, number and seed."""
    chance = random.Random(f"hachimi|outline|{seed}|{number}")
    name, agent_name = _name(schema, chance)
    ages = schema.age_norm(slot.grade) or (0, 0)
    stages = {s.key: chance.choice(schema.stage_words(theory, ages)) for theory, s in schema.stages.items()}
    values = _grades(slot, "values", OPTIMISM[slot.level].values, schema, chance)
    creativity = _grades(slot, "creativity", OPTIMISM[slot.level].creativity, schema, chance)
    keys = schema.keys
    return {
        keys["name"]: name,
        keys["agent_name"]: agent_name,
        **stages,
        keys["strong"]: chance.choice(slot.subjects),
        keys["weak"]: chance.choice([subject for subject in schema.subjects if subject not in slot.subjects]),
        keys["values"]: _told("values", values, schema),
        keys[
            "creativity"
        ]: f"{_told('creativity', _feasible(creativity), schema)}{schema.separator}{schema.closing[0]}",
        keys["health"]: _told("health", _health(slot, values["body_and_mind"], chance), schema),
    }


def _name(schema: StudentSchema, chance: random.Random) -> tuple[str, str]:
    (surname, first), (given, second) = (chance.choice(schema.names[part]) for part in ("surnames", "given"))
    name = f"{surname}{given}" if schema.unit == "character" else f"{given} {surname}"
    return name, f"{first}_{second}"


def _grades(slot: StudentSlot, area: str, least: int, schema: StudentSchema, chance: random.Random) -> dict[str, int]:
    """Dimension -> place of its grade word, with at least so many that are middle or lower, and not all alike."""
    names = list(schema.dimensions[area])
    grades = dict(zip(names, chance.choices(range(6), _TILT[slot.level], k=len(names)), strict=True))
    for name in chance.sample(names, min(least, len(names))):
        grades[name] = max(grades[name], MIDDLE)
    if len(set(grades.values())) == 1:
        grades[names[0]] = MIDDLE if grades[names[0]] != MIDDLE else MIDDLE + 1
    return grades


def _feasible(grades: dict[str, int]) -> dict[str, int]:
    """R4: rather low or low feasibility, proposing at most middle."""
    if grades["feasibility"] > MIDDLE:
        grades["proposing"] = max(grades["proposing"], MIDDLE)
    return grades


def _health(slot: StudentSlot, body_and_mind: int, chance: random.Random) -> dict[str, int]:
    strained = OPTIMISM[slot.level].health
    overall = MIDDLE if strained else chance.choice((1, 2, 3))
    happiness = chance.choice((2, 3, 4)) if strained else chance.choice((1, 2, 3))
    if body_and_mind > MIDDLE:  # R11: the state of mind goes with what the values say of body and mind
        overall = max(overall, MIDDLE)
    risks = chance.choice(((3, 4), (4, 3), (3, 3))) if strained else chance.choice(((4, 4), (4, 5), (5, 4), (4, 3)))
    return {"overall": overall, "happiness": happiness, "depression": risks[0], "anxiety": risks[1]}


def _told(area: str, grades: dict[str, int], schema: StudentSchema) -> str:
    join = "" if schema.unit == "character" else " "
    words = schema.dimensions[area]
    return schema.separator.join(f"{words[name]}{join}{schema.grade_words[place]}" for name, place in grades.items())
