"""What a population is made of: fields and where their values come from, targets, rules, owners, languages.

A schema is a frozen record, made in Python or read from YAML (:mod:`personarium.make.population.reading`); a wrong one cannot
be made. Each field has one writer:

- ``sampled``: drawn from one distribution;
- ``table``: drawn from the distribution of the first case whose condition holds, P(field | other fields);
- ``rule``: computed from other fields;
- ``model``: written by a model (:mod:`personarium.make.population.drafting`).

Targets fix how many members have which values; rules say what must hold for each member, and whose fields may change
when it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from personarium.core.errors import InvalidInput
from personarium.make.population.columns import Kind, kind_of_value
from personarium.make.population.expressions import Node, names_in, parse_expression

if TYPE_CHECKING:
    from personarium.make.population.targets import Group

Value: TypeAlias = str | int | float | bool
Writer: TypeAlias = Literal["sampled", "table", "rule", "model"]

ANYBODY = "schema"  # owner of what nobody else owns; a rule of this owner may change whatever it depends on
MAX_LISTED = 10_000  # values of one field, integers of a range that are counted one by one


@dataclass(frozen=True)
class Values:
    """A list of values, each with its weight.

    Args:
        values: All of one kind (whole and real numbers may be mixed).
        weights: Not negative, one above 0; normalised. Equal by default.
    """

    values: tuple[Value, ...]
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _of_one_type(tuple(self.values)))
        object.__setattr__(self, "weights", tuple(self.weights) or (1.0,) * len(self.values))
        _check_values(self.values)
        _check_weights(self.weights, len(self.values))

    @property
    def kind(self) -> Kind:
        """What its values are."""
        return kind_of_value(self.values[0])


@dataclass(frozen=True)
class Integers:
    """Whole numbers from ``low`` to ``high``, both included, all alike."""

    low: int
    high: int

    def __post_init__(self) -> None:
        if not (_whole(self.low) and _whole(self.high) and self.low <= self.high):
            raise InvalidInput("integers", "two whole numbers, the smaller one first", [self.low, self.high])

    kind: Kind = field(default="number", init=False)


@dataclass(frozen=True)
class Reals:
    """Real numbers from ``low`` to ``high``, all alike, rounded to ``digits`` decimals."""

    low: float
    high: float
    digits: int = 2

    def __post_init__(self) -> None:
        _check_range("reals", self.low, self.high, self.digits)

    kind: Kind = field(default="number", init=False)


@dataclass(frozen=True)
class Normal:
    """Normal numbers within ``low`` and ``high`` (cut off there), rounded to ``digits`` decimals; 0 gives whole ones."""

    mean: float
    sd: float
    low: float
    high: float
    digits: int = 0

    def __post_init__(self) -> None:
        _check_range("normal", self.low, self.high, self.digits)
        if not (_number(self.mean) and _number(self.sd) and self.sd > 0):
            raise InvalidInput("normal", "a mean and a standard deviation above 0", [self.mean, self.sd])

    kind: Kind = field(default="number", init=False)


Distribution: TypeAlias = Values | Integers | Reals | Normal


@dataclass(frozen=True)
class Case:
    """One row of a conditional table: the distribution where ``when`` holds; without ``when``, in every other case."""

    draws: Distribution
    when: str | None = None

    @property
    def condition(self) -> Node | None:
        """The condition, read."""
        return None if self.when is None else parse_expression(self.when)


@dataclass(frozen=True)
class Field:
    """A field of every member.

    Args:
        path: The facet path, for instance ``demographics.age``.
        draws: Where its values come from: a distribution, or the cases of a conditional table, first match first.
        compute: An expression over other fields that gives its value.
        model: Whether a model writes it.
        owner: Who may change it when a rule is broken; for a field that a model writes, the writer.
        choices: The values that a model may write; none means free text (or any number, see ``kind``).
        kind: What a model writes: ``text``, ``number`` or ``truth``; found out for every other writer.
    """

    path: str
    draws: Distribution | tuple[Case, ...] | None = None
    compute: str | None = None
    model: bool = False
    owner: str = ANYBODY
    choices: tuple[Value, ...] = ()
    kind: Kind = "text"

    def __post_init__(self) -> None:
        if isinstance(self.draws, list):
            object.__setattr__(self, "draws", tuple(self.draws))
        object.__setattr__(self, "choices", tuple(self.choices))
        sources = [self.draws is not None, self.compute is not None, self.model]
        if not self.path or not isinstance(self.path, str) or len(self.path) > 200:
            raise InvalidInput("schema", "a field path of 1 to 200 characters", self.path)
        if sum(sources) != 1:
            raise InvalidInput(
                "schema", "one writer: values, a distribution, a table, compute, or model", field=self.path
            )
        if self.draws == ():
            raise InvalidInput("schema", "a table of at least one case", field=self.path)

    @property
    def writer(self) -> Writer:
        """Who gives the field its value."""
        if self.model:
            return "model"
        if self.compute is not None:
            return "rule"
        return "table" if isinstance(self.draws, tuple) else "sampled"

    @property
    def cases(self) -> tuple[Case, ...]:
        """The cases of its table; a single one for a plain distribution, none for other writers."""
        if self.draws is None:
            return ()
        return self.draws if isinstance(self.draws, tuple) else (Case(self.draws),)

    @property
    def needs(self) -> tuple[str, ...]:
        """The fields that must be there before this one."""
        if self.compute is not None:
            return names_in(parse_expression(self.compute))
        found = [name for case in self.cases if case.condition is not None for name in names_in(case.condition)]
        return tuple(dict.fromkeys(found))

    @cached_property
    def listed(self) -> tuple[Value, ...]:
        """All its values, in order, where they can be listed; else nothing."""
        if self.model:
            return self.choices
        out: dict[Value, None] = {}
        for case in self.cases:
            if isinstance(case.draws, Values):
                out.update(dict.fromkeys(case.draws.values))
            elif isinstance(case.draws, Integers) and case.draws.high - case.draws.low < MAX_LISTED:
                out.update(dict.fromkeys(range(case.draws.low, case.draws.high + 1)))
            else:
                return ()
        return tuple(out)


@dataclass(frozen=True)
class Target:
    """How many members have which values of one field (a margin) or of several (a joint quota).

    Args:
        fields: The fields.
        cells: One value for each field -> share of the population, or number of members. Cells that are not named are
            empty.
        counts: Whether the cells are numbers of members; otherwise shares that sum to 1.
    """

    fields: tuple[str, ...]
    cells: Mapping[tuple[Value, ...], float]
    counts: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", tuple(self.fields))
        object.__setattr__(self, "cells", dict(self.cells))

    @property
    def title(self) -> str:
        """For messages: ``grade x gender``."""
        return " x ".join(self.fields)

    def __hash__(self) -> int:
        return hash((self.fields, tuple(self.cells.items()), self.counts))


@dataclass(frozen=True)
class Rule:
    """What must hold for every member.

    Args:
        name: A short name, for messages and reports.
        must: The expression that must be true; a missing value makes it false.
        owner: Whose fields are redrawn (or rewritten) when it is broken. ``schema`` may change every field that the rule
            depends on, and then the population is distributed as the schema given the rules.
        message: What a writer is told who broke it.
        check: In place of ``must``: a Python predicate over the whole member; slower, one member at a time.
        fields: What ``check`` reads.
    """

    name: str
    must: str = ""
    owner: str = ANYBODY
    message: str = ""
    check: Callable[[Mapping[str, Any]], bool] | None = None
    fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.must) == (self.check is not None):
            raise InvalidInput("schema", f"an expression for the rule '{self.name}', or a check with its fields")

    @property
    def needs(self) -> tuple[str, ...]:
        """The fields that it reads."""
        return names_in(parse_expression(self.must)) if self.must else tuple(self.fields)

    @property
    def text(self) -> str:
        """What a person is told."""
        return self.message or self.must or self.name


@dataclass(frozen=True)
class Schema:
    """A whole schema, checked when it is made.

    Args:
        fields: In the order of the columns.
        targets: Margins and joint quotas; they are kept exactly.
        rules: What must hold for each member.
        name: For messages and reports.
        languages: ISO 639-1 codes; the first is that of ``fields``, the others have ``labels``.
        labels: Language -> field -> value -> the value in that language.
        names: Language -> field -> its path in that language.
        distinct: The fields that the near-duplicate gate compares; all by default.
        where: The file, for messages.

    Raises:
        InvalidInput: Naming ``where`` and the field or rule: unknown fields and values, a cycle, contradictory or
            non-summing targets, a rule that nobody could repair, an unknown language.
    """

    fields: tuple[Field, ...]
    targets: tuple[Target, ...] = ()
    rules: tuple[Rule, ...] = ()
    name: str = "population"
    languages: tuple[str, ...] = ("en",)
    labels: Mapping[str, Mapping[str, Mapping[Any, str]]] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    distinct: tuple[str, ...] = ()
    where: str = "schema"

    def __post_init__(self) -> None:
        from personarium.make.population.checking import check_schema

        for name in ("fields", "targets", "rules", "languages", "distinct"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        check_schema(self)

    def __getitem__(self, path: str) -> Field:
        return self.by_path[path]

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    @cached_property
    def by_path(self) -> dict[str, Field]:
        """The fields by path."""
        return {one.path: one for one in self.fields}

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """Field -> kind of its values."""
        from personarium.make.population.checking import kinds_of

        return kinds_of(self)

    @cached_property
    def order(self) -> tuple[Field, ...]:
        """The fields that need no model, each after everything it needs."""
        from personarium.make.population.checking import in_order

        return in_order(self)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The fitted tables of the targets."""
        from personarium.make.population.targets import fit_groups

        return fit_groups(self)

    @cached_property
    def late(self) -> tuple[Field, ...]:
        """The fields that are computed from what a model writes, in order."""
        from personarium.make.population.checking import late_fields

        return late_fields(self)

    @cached_property
    def fixed(self) -> frozenset[str]:
        """The fields that have a target."""
        return frozenset(path for target in self.targets for path in target.fields)

    @property
    def by_model(self) -> tuple[Field, ...]:
        """The fields that a model writes."""
        return tuple(one for one in self.fields if one.model)

    @property
    def compared(self) -> tuple[str, ...]:
        """The fields that the near-duplicate gate compares."""
        return self.distinct or tuple(one.path for one in self.fields)


def margins_schema(margins: Mapping[str, Mapping[Value, float]], where: str = "population") -> Schema:
    """The schema of plain margins: every value of every field gets exactly its share (weights are normalised).

    Raises:
        InvalidInput: Naming the field whose weights are none.
    """
    fields, targets = [], []
    for path, weights in margins.items():
        drawn = _margin(weights, where, str(path))
        total = sum(drawn.weights)
        fields.append(Field(str(path), drawn))
        cells: list[tuple[Value, ...]] = [(value,) for value in drawn.values]
        targets.append(Target((str(path),), dict(zip(cells, (w / total for w in drawn.weights), strict=True))))
    return Schema(tuple(fields), tuple(targets), where=where)


def _margin(weights: Mapping[Value, float], where: str, path: str) -> Values:
    try:
        return Values(tuple(weights), tuple(weights.values()))
    except InvalidInput as error:
        raise InvalidInput(where, error.expected, error.found, path) from None


def _check_values(values: Sequence[Value]) -> None:
    if not 1 <= len(values) <= MAX_LISTED:
        raise InvalidInput("values", f"1 to {MAX_LISTED:,} values", len(values))
    strange = [value for value in values if not isinstance(value, (str, int, float, bool)) or value != value]
    if strange:
        raise InvalidInput("values", "texts, numbers, true or false", strange[0])
    if len({kind_of_value(value) for value in values}) > 1:
        raise InvalidInput("values", "values of one kind (quote numbers that stand among texts)", list(values))
    if len(set(values)) < len(values):
        raise InvalidInput("values", "values that differ", list(values))


def _of_one_type(values: tuple[Value, ...]) -> tuple[Value, ...]:
    """Whole numbers among real ones become real: a column has one type."""
    numbers = all(_number(value) for value in values)
    return tuple(float(v) for v in values) if numbers and any(isinstance(v, float) for v in values) else values


def _check_weights(weights: Sequence[float], count: int) -> None:
    bad = [weight for weight in weights if not _number(weight) or weight < 0]
    if bad or len(weights) != count or not sum(weights) > 0:
        raise InvalidInput("values", "weights of at least 0, one of them above 0", list(weights))


def _check_range(where: str, low: float, high: float, digits: int) -> None:
    if not (_number(low) and _number(high) and low < high):
        raise InvalidInput(where, "two numbers, the smaller one first", [low, high])
    if not _whole(digits) or not 0 <= digits <= 9:
        raise InvalidInput(where, "0 to 9 digits", digits)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < float("inf")
