"""The two validators: a model reads the draft, code looks beside it, and every issue finds its owner.

Source: hachimi page, steps 5 and 6, "Traps".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from personarium.make.hachimi.rules import TOLERANCE
from personarium.make.hachimi.schema import OWNER, WRITERS, StudentSchema
from personarium.make.hachimi.slots import StudentSlot
from personarium.make.hachimi.steps import shown_pattern
from personarium.make.population.drafting import Asking, Draft, Findings, Issue
from personarium.models.step import Step
from personarium.text.form import Unparsed
from personarium.text.json_reading import read_json

MOST_ISSUES, LONGEST_ISSUE = 50, 600  # of one verdict, characters of one part of an issue
# Rule -> who owns it where a validator names nobody.
RULE_OWNER: Mapping[str, str] = {
    "R1": "enrolment", "R2": "enrolment", "R3": "academic", "R4": "social", "R5": "health", "R6": "enrolment",
    "R8": "personality", "R9": "social", "R10": "health", "R12": "health", "R15": "academic", "F3": "enrolment",
}  # fmt: skip
Look = Callable[[Draft, int], Sequence[Issue]]


def read_verdict(text: str) -> dict[str, Any] | Unparsed:
    """A validator's reply: ``issues`` (objects, any part may be missing) and ``final_ready``; without the latter, ready means
    that there are no issues."""
    found = read_json(text)
    if isinstance(found, Unparsed):
        return found
    issues = found.get("issues")
    if not isinstance(issues, list) or not all(isinstance(entry, dict) for entry in issues):
        return Unparsed("'issues' should be a list of objects", text)
    ready = found.get("final_ready", not issues)
    if isinstance(ready, str):
        ready = {"yes": True, "true": True, "no": False, "false": False}.get(ready.strip().lower())
    if not isinstance(ready, bool):
        return Unparsed("'final_ready' should be true or false", text)
    return {"issues": issues[:MOST_ISSUES], "final_ready": ready}


def addressed(entry: Mapping[str, Any], schema: StudentSchema) -> Issue | None:
    """A validator's entry as an issue; None when it names no rule's, key's or writer's owner, so that nobody could revise."""
    code, told, hint = (str(entry.get(part) or "").strip()[:LONGEST_ISSUE] for part in ("code", "desc", "hint"))
    listed = entry.get("fields")
    fields = tuple(str(f).strip() for f in listed if str(f).strip()) if isinstance(listed, list) else ()
    named = str(entry.get("owner") or "").strip().casefold()
    owners = [owner for owner in WRITERS if owner == named]
    owners += [OWNER[schema.fields_by_key[f]] for f in fields if f in schema.fields_by_key]
    owners += [RULE_OWNER[code]] if code in RULE_OWNER else []
    if not owners:
        return None
    return Issue(owners[0], f"{code}: {told}" if code else told, code[:20] or "validator", fields[:10], hint)


def plain_rules(slot: StudentSlot, schema: StudentSchema) -> str:
    """What the slot wants and R1 allows, as ``key = value`` and ``key >= number`` lines."""
    low, high = schema.age_norm(slot.grade) or (0, 99)
    keys = schema.keys
    return "\n".join(
        (
            f"{keys['grade']} = {slot.grade}",
            f"{keys['gender']} = {slot.gender}",
            f"{keys['level']} = {schema.levels[slot.level]}",
            f"{keys['age']} >= {low - TOLERANCE}",
            f"{keys['age']} <= {high + TOLERANCE}",
        )
    )


@dataclass
class StudentValidator:
    """Asks a model what is wrong with a draft, and adds what code finds.

    Args:
        step: The prompt of the fast or of the deep validator.
        schema: The school.
        slots: Number of a slot -> what it wants.
        look: What code finds in a draft for a slot's number.
        faults: Erratum ids.
        last: The round after which nobody revises any more; what is found then stays in ``open``. 0: there is none.
        open: Number of a slot -> what the last round found.
    """

    step: Step
    schema: StudentSchema
    slots: Mapping[int, StudentSlot]
    look: Look
    faults: frozenset[str] = frozenset()
    last: int = 0
    open: dict[int, tuple[Issue, ...]] = field(default_factory=dict)

    async def __call__(self, draft: Draft, asking: Asking) -> Findings:
        """What the model says and code finds; a reply that cannot be read is no consent."""
        number = asking.slot.number
        self.open.pop(number, None)
        found = tuple(self.look(draft, number))
        answer = await asking.ask(self.step, self.inputs(draft, number), read_verdict)
        ready = False
        if answer.values is not None:
            entries = (addressed(entry, self.schema) for entry in answer["issues"])
            found += tuple(one for one in entries if one is not None)
            ready = bool(answer["final_ready"])
        if asking.round != self.last or not self.last or (ready and not found):
            return Findings(found, ready, answer.failure)
        unsaid = Issue("", "the validator is not content", "validator")
        self.open[number] = found or (unsaid,)
        return Findings((), False, answer.failure)

    def inputs(self, draft: Draft, number: int) -> dict[str, Any]:
        """What the prompt is made of."""
        return {
            "draft": json.dumps(dict(draft), ensure_ascii=False),
            "rules": plain_rules(self.slots[number], self.schema),
            "pattern": shown_pattern(self.schema, self.faults),
            "owners": "; ".join(f"{owner}: {', '.join(self.schema.writer_keys(owner))}" for owner in WRITERS),
            "schema": self.schema,
        }
