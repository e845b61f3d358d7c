"""``personarium make personamath``: a file of problems with answers becomes a checked, persona-diversified data set.

Source: personamath page, steps 1 and 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, cast

from personarium.make.makers import Made, Maker, MakeRequest
from personarium.make.option_values import whole, whole_numbers, yes_no
from personarium.make.personamath.answers import AnswerChecker, answer_checker
from personarium.make.personamath.bank import example_bank, load_bank
from personarium.make.personamath.data_format import load_seeds, write_training
from personarium.make.personamath.method import DEFAULT, make_problems
from personarium.make.personamath.result import PersonaMathConfig

_WHOLE = {"attempts": 1, "rewrites": 0, "repaired_rewrites": 0, "agreeing": 1}  # the least


async def make(request: MakeRequest) -> Made:
    """Solve, reflect, rewrite, check.

    Raises:
        UsageError: An option that is not what it should be.
        NotFound, InvalidInput: A file that is not there or not right.
    """
    assert request.input is not None  # the maker needs one
    options = request.options
    checker, config = _checker(options), _config(options, request.seed)
    seeds = load_seeds(request.input, checker)[: request.count]
    bank = load_bank(Path(options["personas"])) if options.get("personas") else example_bank()
    result = await make_problems(
        seeds, bank, request.model, request.judge, checker=checker, config=config, run=request.run
    )
    rows = [row.to_dict() for row in result.rows]
    if options.get("training"):
        write_training(rows, Path(options["training"]))
    return Made(rows=rows, estimates=result.estimates(), sections=[result.section()], failures=result.failures)


def _checker(options: Mapping[str, str]) -> AnswerChecker:
    choices = whole("choices", options.get("choices", "4"), 2)
    published = yes_no("as_published", options.get("as_published", "no"))
    return answer_checker(options.get("answer", "number"), options=choices, as_published=published)


def _config(options: Mapping[str, str], seed: int) -> PersonaMathConfig:
    version = options.get("version", DEFAULT.version)
    return PersonaMathConfig(
        version=cast(Literal["v1", "v2"], version),
        keep_numbers=yes_no("keep_numbers", options.get("keep_numbers", "yes")),
        gate=yes_no("gate", options.get("gate", "yes")),
        seed=seed,
        **whole_numbers(options, _WHOLE),
    )


MAKER = Maker(
    name="personamath",
    makes="checked problems, told anew by personas (--count: how many seed problems are used)",
    make=make,
    options={
        "personas": "a file of personas; with facet occupation_class for version v2 (55 bundled ones)",
        "answer": "number, math (LaTeX), text or choice (number)",
        "choices": "options of a choice (4)",
        "version": "v1: personas of the whole bank; v2: the same share of each occupation class (v1)",
        "attempts": "solutions of a seed before it counts as wrong (1)",
        "rewrites": "of each problem solved at once (2)",
        "repaired_rewrites": "of each repaired problem (3)",
        "agreeing": "solutions of a rewrite that must agree (3)",
        "keep_numbers": "yes: a rewrite has its parent's numbers; no (yes)",
        "gate": "no: rewrites are solved once and not checked (yes)",
        "as_published": "yes: answers are read with the published evaluation's faults (no)",
        "training": "where the training file goes: .json or .jsonl with problem and response; none",
    },
    takes="a JSON list or JSON Lines of problems with answers (GSM8K and MATH files as they are)",
    needs_input=True,
)
