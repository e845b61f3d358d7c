"""``personarium make synthpai``: forum threads of people drawn here or read from a file.

Source: synthpai page, steps 1 to 8.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from personarium.make.makers import Made, Maker, MakeRequest
from personarium.make.option_values import listed, one_of, whole, whole_numbers
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
    topics = listed(options.get("attributes", "")) or tuple(TOPICS)
    numbers = whole_numbers(options, {"participants": 1, "rounds": 1})
    participants = numbers.get("participants", PUBLISHED.participants)
    rounds = numbers.get("rounds", PUBLISHED.rounds)
    config = replace(PUBLISHED, topics=topics, participants=participants, rounds=rounds, seed=request.seed)
    output = one_of("output", options.get("output", "comments"), OUTPUTS)
    labels = one_of("labels", options.get("labels", "tags"), LABELS)
    number = whole("people", options.get("people", str(PEOPLE)), 1)
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
