"""``personarium make synthpai``: forum threads of people drawn here or read from a file.

Source: synthpai page, steps 1 to 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from personarium.core.errors import UsageError
from personarium.make.makers import Made, Maker, MakeRequest
from personarium.make.synthpai.attributes import TOPICS
from personarium.make.synthpai.flat_rows import author_rows, comment_rows
from personarium.make.synthpai.method import PUBLISHED, ThreadConfig, make_threads, style_profiles
from personarium.make.synthpai.profiles import draw_profiles, load_profiles
from personarium.make.synthpai.result import ThreadsResult

OUTPUTS = ("comments", "authors", "threads")
LABELS = ("tags", "profile")
PEOPLE = 50


async def make(request: MakeRequest) -> Made:
    """Draw or read people, give them a way of writing, let them argue, tag what they give away.

    Raises:
        UsageError: An option that is not what it should be.
    """
    options = request.options
    config = replace(
        PUBLISHED,
        topics=_topics(options),
        participants=_whole(options, "participants", PUBLISHED.participants),
        rounds=_whole(options, "rounds", PUBLISHED.rounds),
        seed=request.seed,
    )
    output, labels = _one_of(options, "output", OUTPUTS), _one_of(options, "labels", LABELS)
    number = _whole(options, "people", PEOPLE)
    people = draw_profiles(number, request.seed) if request.input is None else load_profiles(request.input)
    result, failures = await _threads(request, people, config)
    rows = _rows(result, output, labels)
    return Made(
        rows=rows, estimates=result.estimates(), sections=[_section(result)], failures=[*failures, *result.failures]
    )


async def _threads(request: MakeRequest, people: Any, config: ThreadConfig) -> tuple[ThreadsResult, list[Any]]:
    styled, failures = await style_profiles(people, request.model, run=request.run, seed=request.seed)
    result = await make_threads(
        request.count, styled, request.model, request.model, request.judge, config=config, run=request.run
    )
    return result, failures


def _rows(result: ThreadsResult, output: str, labels: Any) -> list[dict[str, Any]]:
    if output == "authors":
        return author_rows(result, labels)
    return result.published_threads() if output == "threads" else comment_rows(result)


def _section(result: ThreadsResult) -> dict[str, Any]:
    rows: list[list[Any]] = [
        ["threads", len(result.threads)],
        ["threads that could not be begun", len(result.lost)],
        ["comments", result.comments],
        ["people asked whether a post interests them", sum(t.counts.asked for t in result.threads)],
        ["of these interested", sum(t.counts.joined for t in result.threads)],
        ["tags dropped because no guess matches", result.dropped_tags],
    ]
    rows += [[f"tags kept: {name}", count] for name, count in result.tags_by_attribute().items()]
    return {"kind": "table", "title": "What was made", "columns": ["what", "count"], "rows": rows}


def _topics(options: Mapping[str, str]) -> tuple[str, ...]:
    given = options.get("attributes", "")
    return tuple(name.strip() for name in given.split(",") if name.strip()) or tuple(TOPICS)


def _whole(options: Mapping[str, str], name: str, default: int) -> int:
    given = options.get(name, str(default)).strip()
    if not given.isdecimal() or not 1 <= len(given) <= 6 or not int(given):
        raise UsageError(f"{name} must be a whole number from 1, found '{given}'")
    return int(given)


def _one_of(options: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    given = options.get(name, allowed[0])
    if given not in allowed:
        raise UsageError(f"{name} must be one of {', '.join(allowed)}, found '{given}'")
    return given


MAKER = Maker(
    name="synthpai",
    makes="threads",
    make=make,
    options={
        "attributes": f"what threads are about, separated by commas, in turn: {', '.join(TOPICS)} (all)",
        "people": f"how many people are drawn where no file is given ({PEOPLE})",
        "participants": "how many are asked whether a post interests them (40)",
        "rounds": "rounds of comments (2)",
        "output": "comments: a row a comment; authors: a row an author, for bench synthpai; threads: nested trees (comments)",
        "labels": "of authors: tags, what leaked and is true; profile, everything that is true (tags)",
    },
    takes="a SynthPAI profiles file (JSON: id -> fields)",
)
