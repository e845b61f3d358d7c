"""Values for the chosen attributes, section by section and batch by batch, each with sight of everything before it.

Source: deeppersona page, step 9. Differs: all sections are filled (``six-categories`` drops the others, as published); a batch
whose reply cannot be read, and values that break a rule, are asked for once more, and what is then still without a value is
listed (``lost-batches`` loses a batch in silence).
Units: lengths in characters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from personarium.core.chat import ChatModel
from personarium.core.results import Failure
from personarium.make.deeppersona.steps import FILL, read_object
from personarium.make.deeppersona.taxonomy import CATEGORIES, HOBBIES, category_of
from personarium.models.step import Answer

BATCH = 50  # paths of one call, at most
LONGEST_VALUE = 50
TRIES = 2
PUBLISHED_SECTIONS = CATEGORIES[:6]
# Why a value of a reply is not taken.
TOO_LONG, EMPTY, NOT_ASKED, NO_TEXT = "too long", "empty", "not asked for", "not a text"


@dataclass(frozen=True)
class FillConfig:
    """How attributes are filled.

    Args:
        batch: Paths of one call, at most.
        longest: Longest value.
        tries: How often a path is asked for.
        avoid: Themes that the prompt bans.
        seed: Of the model's draws.
        silent: Lose what cannot be read, as published.
    """

    batch: int = BATCH
    longest: int = LONGEST_VALUE
    tries: int = TRIES
    avoid: str = ""
    seed: int = 0
    silent: bool = False


@dataclass
class Filled:
    """What came of it.

    Args:
        values: Path -> value, in the order of filling.
        missing: Paths that were chosen and have no value.
        rejected: Why values were not taken -> how many.
        failures: One for each batch that left paths without a value.
    """

    values: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)


async def fill_sections(
    sections: Mapping[str, Sequence[str]],
    anchors: str,
    model: ChatModel,
    config: FillConfig,
    item: str = "",
) -> Filled:
    """Fill all sections, one after the other.

    Args:
        sections: Category -> chosen paths, in the order of filling.
        anchors: The person's anchors as text.
        model: Who fills.
        config: Limits.
        item: The person's id, for records.

    Returns:
        Every chosen path has a value or is listed as missing (but for ``silent``).
    """
    filled = Filled()
    for category, paths in sections.items():
        for start in range(0, len(paths), config.batch):
            await _fill_batch(filled, category, paths[start : start + config.batch], anchors, model, config, item)
    return filled


def fill_inputs(
    category: str,
    paths: Sequence[str],
    anchors: str,
    values: Mapping[str, str],
    config: FillConfig,
    again: bool = False,
) -> dict[str, Any]:
    """What the prompt of one batch shows: the anchors and every value so far; ``again`` says that these were asked before."""
    return {
        "person": "\n".join([anchors, *known_lines(values)]),
        "category": category,
        "paths": tuple(paths),
        "longest": config.longest,
        "dark": category == HOBBIES,
        "avoid": config.avoid,
        "again": again,
    }


def known_lines(values: Mapping[str, str]) -> Iterator[str]:
    """Values as lines under their sections: ``[section]``, then ``group, attribute: value``."""
    section = ""
    for path, value in values.items():
        if category_of(path) != section:
            section = category_of(path)
            yield f"[{section}]"
        yield f"{path.partition('.')[2].replace('.', ', ')}: {value}"


async def _fill_batch(
    filled: Filled,
    category: str,
    paths: Sequence[str],
    anchors: str,
    model: ChatModel,
    config: FillConfig,
    item: str,
) -> None:
    left, answers = list(paths), list[Answer]()
    for attempt in range(1 if config.silent else config.tries):
        inputs = fill_inputs(category, left, anchors, filled.values, config, again=attempt > 0)
        answer = await FILL.ask(
            model,
            inputs,
            item=f"{item}/{paths[0]}",
            seed=config.seed,
            read=read_object,
            sampling=FILL.sampling.but(attempt=attempt),
        )
        answers.append(answer)
        taken = accepted(answer.values or {}, left, config.longest, filled.rejected)
        filled.values.update(taken)
        left = [path for path in left if path not in taken]
        if not left:
            return
    if not (config.silent and answers[-1].values is None):
        filled.missing += left
        filled.failures.append(_failure(left, len(paths), answers, item))


def accepted(found: Mapping[str, Any], paths: Collection[str], longest: int, rejected: Counter[str]) -> dict[str, str]:
    """The values of a reply that can be taken, in the order of the paths; the others are counted in ``rejected``.

    Args:
        found: What the reply holds, by path.
        paths: What was asked for.
        longest: Longest value.
        rejected: Gets a count for each value that is not taken, by reason.
    """
    taken: dict[str, str] = {}
    for path, value in found.items():
        text = " ".join(str(value).split())
        if path not in paths:
            rejected[NOT_ASKED] += 1
        elif isinstance(value, (dict, list)) or value is None:
            rejected[NO_TEXT] += 1
        elif not text:
            rejected[EMPTY] += 1
        elif len(text) > longest:
            rejected[TOO_LONG] += 1
        else:
            taken[path] = text
    return {path: taken[path] for path in paths if path in taken}


def _failure(left: Sequence[str], asked: int, answers: Sequence[Answer], item: str) -> Failure:
    """Of the kind that the last reply failed by; missing where it could be read but lacked values."""
    last = next((answer.failure for answer in reversed(answers) if answer.failure is not None), None)
    said = f"{len(left)} of {asked} attributes without a value, the first {left[0]}"
    if answers[-1].values is not None or last is None:
        return Failure("missing", said, item)
    return Failure(last.kind, f"{said}: {last.reason}", item, last.raw)
