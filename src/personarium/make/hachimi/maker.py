"""``personarium make hachimi``: a population of students with exact quotas.

Source: hachimi page, "Takes and gives".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.files import parse_json, read_text
from personarium.core.results import Estimate, count_failures
from personarium.make.hachimi.method import first_inputs, plan_calls, run_hachimi
from personarium.make.hachimi.quality import QualityReport, student_quality
from personarium.make.hachimi.result import PAPER, HachimiConfig, HachimiResult
from personarium.make.hachimi.schema import StudentSchema, load_student_schema, student_schema
from personarium.make.hachimi.slots import parse_mix
from personarium.make.hachimi.steps import STEPS, WRITE
from personarium.make.makers import Made, Maker, MakeRequest
from personarium.make.option_values import published, whole_numbers, yes_no
from personarium.runs.plan import DryRun

_WHOLE = {"rounds": 1, "attempts": 1, "threshold": 0, "chunk_size": 1, "names_shown": 0, "asks": 1}  # the least


async def make(request: MakeRequest) -> Made:
    """Make ``request.count`` students.

    Raises:
        UsageError: An option that cannot be read.
        InvalidInput, NotFound: What is wrong with a file.
    """
    options = request.options
    config, schema = read_options(options, request.seed), _schema(options)
    slots = None if request.input is None else read_slot_file(request.input)
    if isinstance(request.run, DryRun):
        _plan(request, config)
        return Made()
    result = await run_hachimi(
        request.model,
        request.judge,
        request.count,
        config=config,
        schema=schema,
        slots=slots,
        folder=_folder(options, request),
        run=request.run,
    )
    quality = (
        student_quality(result.records, schema, mix=config.mix, as_published=config.faults) if result.records else None
    )
    if quality is not None and options.get("report"):
        quality.save(options["report"])
    return Made(
        personas=result.personas,
        estimates=estimates(result, quality),
        sections=[_quotas(result)],
        failures=result.lost,
    )


def read_options(options: Mapping[str, str], seed: int = 0) -> HachimiConfig:
    """The configuration that options as text come to.

    Raises:
        UsageError: Naming the option and what was expected.
        InvalidInput: A level mix that is none.
    """
    changes: dict[str, Any] = {**whole_numbers(options, _WHOLE)}
    if "mix" in options:
        changes["mix"] = parse_mix(options["mix"])
    if "outline" in options:
        changes["outline"] = yes_no("outline", options["outline"])
    if "as_published" in options:
        changes["as_published"] = published(options["as_published"])
    return replace(PAPER, seed=seed, **changes)


def _schema(options: Mapping[str, str]) -> StudentSchema:
    if options.get("schema"):
        return load_student_schema(options["schema"])
    return student_schema(options.get("language", "en"))


def _folder(options: Mapping[str, str], request: MakeRequest) -> Path | None:
    if options.get("folder"):
        return Path(options["folder"])
    return None if request.run.path is None else request.run.path / "students"


def read_slot_file(path: Path) -> Sequence[Mapping[str, Any]]:
    """A JSON list of slot objects, or a schedule as a run wrote it.

    Raises:
        InvalidInput: The file is no list of objects.
    """
    found = parse_json(read_text(path, "a JSON list of slots"), str(path))
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise InvalidInput(str(path), "a JSON list of slot objects", json.dumps(found)[:80])
    return [row["slot"] if isinstance(row.get("slot"), dict) else row for row in found]


def estimates(result: HachimiResult, quality: QualityReport | None) -> dict[str, Estimate]:
    """The share of places that were filled, and the rates of the quality report."""
    from personarium.stats.intervals import wilson

    filled = wilson(len(result.records), len(result.places), "student")
    found = {"places filled": replace(filled, failures={**result.failures, **count_failures(result.lost)})}
    if quality is not None:
        found |= {name.replace("_", " "): estimate for name, estimate in quality.estimates.items()}
    return found


def _quotas(result: HachimiResult) -> dict[str, Any]:
    """Wanted beside made, by level."""
    key, level = result.schema.slot_keys["level"], result.schema.keys["level"]
    rows = []
    for text in result.schema.level_names:
        wanted = sum(place.slot[key] == text for place in result.places)
        rows.append([text, wanted, sum(record.get(level) == text for record in result.records)])
    return {"kind": "table", "title": "Quotas", "columns": ["level", "wanted", "made"], "rows": rows}


def _plan(request: MakeRequest, config: HachimiConfig) -> None:
    """Count the calls of a run in which every first draft is accepted."""
    plan = request.run.plan  # type: ignore[union-attr]
    writer, judge = request.model.name, request.judge.name
    first, inputs = WRITE["enrolment"], first_inputs()
    counts = plan_calls(config, request.count)
    plan.see(first.name, writer, first.render(**inputs), first.sampling)
    tokens = plan.steps[first.name, writer].prompt_tokens
    counts[first.name] -= 1
    for step in STEPS:
        model = writer if step in WRITE.values() else judge
        plan.expect(step.name, model, counts[step.name], prompt_tokens=tokens, max_tokens=step.sampling.max_tokens)


MAKER = Maker(
    name="hachimi",
    makes="personas",
    make=make,
    options={
        "mix": "share of each level, for instance high:0.4,mid:0.3,low:0.2,poor:0.1 (a quarter each)",
        "language": "en or zh (en)",
        "schema": "a student schema of your own, in the form of the bundled en.toml",
        "rounds": "rounds of the deep validator (3)",
        "attempts": "full drafts of one slot before it is given up (4)",
        "threshold": "SimHash distance that is still a near duplicate, 0 to 3 (3)",
        "outline": "yes: each slot also fixes name, stages, subjects and grades, drawn within the rules (no)",
        "chunk_size": "records of a file, and slots drafted together (50)",
        "names_shown": "names taken so far that the writer sees (100)",
        "asks": "the most times one question is put while its reply cannot be read (2)",
        "folder": "where chunks, schedule and failure log go (the run folder's students/)",
        "report": "a folder for the six files of the quality report (none)",
        "as_published": "yes, or ids of errata with commas (no)",
    },
    takes="a JSON list of slot objects (grade, gender, subject leaning, level), one for each student",
)
