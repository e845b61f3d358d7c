"""Populations by exact margins: every value of every field gets exactly its share of the places.

Fields are dealt independently of each other; joint quotas, rules between fields and model writers belong to the population
engine, which comes later and takes the same schema file.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.population import Population, Quota

Margins = Mapping[str, Mapping[Any, float]]


def allot(shares: Mapping[Any, float], places: int, where: str = "shares") -> dict[Any, int]:
    """Whole numbers in proportion to ``shares`` that sum to ``places`` (largest remainder, ties to the first).

    Args:
        shares: Value -> weight, not negative; weights are normalised.
        places: How many there are to give.
        where: Named in errors.

    Raises:
        InvalidInput: A negative weight, or none above 0.
    """
    bad = [value for value, share in shares.items() if not isinstance(share, (int, float)) or share < 0]
    if bad or not sum(shares.values()) > 0:
        raise InvalidInput(where, "weights of at least 0, one of them above 0", dict(shares))
    total = sum(shares.values())
    exact = {value: places * share / total for value, share in shares.items()}
    given = {value: int(part) for value, part in exact.items()}
    rest = places - sum(given.values())
    by_remainder = sorted(exact, key=lambda value: exact[value] - given[value], reverse=True)
    for value in by_remainder[:rest]:
        given[value] += 1
    return given


def sample_population(margins: Margins, places: int, seed: int = 0) -> Population:
    """A population whose margins are exact.

    Args:
        margins: Field path -> value -> weight.
        places: How many personas.
        seed: Same seed, same population.

    Returns:
        The population with its quotas, so that ``quota_report()`` proves them.

    Raises:
        InvalidInput: No field, no place, or weights that are none.
    """
    if not margins or places < 1:
        raise InvalidInput("population", "at least one field and one place", f"{len(margins)} fields, {places} places")
    columns: dict[str, list[Any]] = {"id": [f"person-{k:0{len(str(places))}d}" for k in range(1, places + 1)]}
    quotas: list[Quota] = []
    for path, shares in margins.items():
        counts = allot(shares, places, f"field {path}")
        dealt = [value for value, count in counts.items() for _ in range(count)]
        random.Random(f"{seed}|{path}").shuffle(dealt)
        columns[path] = dealt
        quotas += [Quota({path: value}, count) for value, count in counts.items()]
    schema: dict[str, Sequence[Any]] = {path: list(shares) for path, shares in margins.items()}
    return _population(columns, schema, tuple(quotas))


def load_margins(path: str | Path) -> dict[str, dict[Any, float]]:
    """Read margins from YAML or JSON: ``field: {value: weight, ...}``, or ``field: [value, ...]`` for equal weights.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file and field.
    """
    from personarium.core.files import parse_yaml, read_text

    data = parse_yaml(read_text(Path(path), "a YAML or JSON file of fields and values"), str(path))
    if not isinstance(data, dict) or not data:
        raise InvalidInput(str(path), "a mapping from field to values", data)
    return {str(name): _margin(values, str(path), str(name)) for name, values in data.items()}


def example_margins() -> dict[str, dict[Any, float]]:
    """The margins of the bundled example schema."""
    return load_margins(Path(str(files("personarium.make") / "data" / "example.yaml")))


def _margin(values: Any, where: str, name: str) -> dict[Any, float]:
    if isinstance(values, list) and values:
        return dict.fromkeys(values, 1.0)
    if isinstance(values, dict) and values:
        return dict(values)
    raise InvalidInput(where, "a list of values or a mapping from value to weight", values, name)


def _population(
    columns: Mapping[str, list[Any]], schema: Mapping[str, Sequence[Any]], quotas: tuple[Quota, ...]
) -> Population:
    import polars as pl

    return Population(pl.DataFrame(columns), schema, quotas, "population")
