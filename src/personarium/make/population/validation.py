"""Who reads a draft: the schema's rules as executable checks, and a model as validator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from personarium.core.chat import Sampling
from personarium.make.population.checking import ancestors, waiting_for_model
from personarium.make.population.columns import to_polars
from personarium.make.population.drafting import Asking, Draft, Findings, Issue, Slot, lines
from personarium.make.population.expressions import parse_expression
from personarium.make.population.schema import ANYBODY, Rule, Schema
from personarium.make.population.targets import holds
from personarium.models.step import Step
from personarium.text.form import Form

if TYPE_CHECKING:
    import polars as pl

_PACKAGE = "personarium.make.population"
_VALIDATE = Form.parse("Reason: <text> Writer: <text> Verdict: <accept|reject>")


def model_rules(schema: Schema) -> tuple[Rule, ...]:
    """The rules that what a model writes must keep."""
    waiting = waiting_for_model(schema)
    return tuple(rule for rule in schema.rules if waiting & set(rule.needs))


class RuleChecks:
    """The schema's rules over one draft, each broken one as an issue for its owner.

    Args:
        schema: The schema.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.rules = model_rules(schema)

    def __call__(self, draft: Draft, slot: Slot) -> Sequence[Issue]:
        """What is wrong."""
        frame = completed(self.schema, {**slot.values, **draft})
        broken = [rule for rule in self.rules if not holds(rule, frame)[0]]
        return [Issue(self._owner(rule), rule.text, rule.name, rule.needs) for rule in broken]

    def _owner(self, rule: Rule) -> str:
        """The rule's owner, or the writer of the last written field that it reads."""
        if rule.owner != ANYBODY:
            return rule.owner
        read = ancestors(self.schema, rule.needs)
        return [field.owner for field in self.schema.by_model if field.path in read][-1]


def completed(schema: Schema, values: Mapping[str, Any]) -> pl.DataFrame:
    """A member as a frame of one row, with what is computed from its written fields; what is missing is null."""
    import polars as pl

    types: dict[str, Any] = {"text": pl.String, "truth": pl.Boolean}
    columns = [
        pl.Series(path, [values.get(path)], dtype=types.get(kind))
        for path, kind in schema.kinds.items()
        if path not in {field.path for field in schema.late}
    ]
    frame = pl.DataFrame(columns)
    for late in schema.late:
        frame = frame.with_columns(to_polars(parse_expression(str(late.compute))).alias(late.path))
    return frame


def validate_step() -> Step:
    """The prompt of the model validator."""
    return Step("population.validate", _PACKAGE, "validate", _VALIDATE, Sampling(temperature=0.1))


@dataclass(frozen=True)
class ModelValidator:
    """A model reads the draft: accept, or reject with a reason and the writer who must change something.

    Args:
        owners: The writers, each with the keys that it owns; a reason that names none of them goes to all.
        rules: What it is told to look for, one rule a line.
        step: The prompt.
    """

    owners: Mapping[str, Sequence[str]]
    rules: str = ""
    step: Step = field(default_factory=validate_step)

    async def __call__(self, draft: Draft, asking: Asking) -> Findings:
        """What it says; a reply that cannot be read is no consent."""
        writers = "\n".join(f"{owner}: {', '.join(keys)}" for owner, keys in self.owners.items())
        inputs = {
            "slot": lines(asking.slot.values),
            "draft": lines(draft),
            "rules": self.rules,
            "writers": writers,
        }
        answer = await asking.ask(self.step, inputs)
        if answer.values is None:
            return Findings((), False, answer.failure)
        if answer["verdict"] == "accept":
            return Findings()
        named = str(answer["writer"]).casefold()
        to = [owner for owner in self.owners if owner.casefold() == named] or list(self.owners)
        return Findings(tuple(Issue(owner, str(answer["reason"]), "validator") for owner in to), False)
