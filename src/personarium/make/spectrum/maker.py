"""``personarium make spectrum``: profiles of people from their answers, or of figures from a model's.

Source: spectrum page, steps 1 to 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personarium.core.errors import UsageError
from personarium.core.population import Population
from personarium.make.makers import Made, Maker, MakeRequest
from personarium.make.option_values import listed, one_of
from personarium.make.spectrum.intake import intake_questions, load_intakes
from personarium.make.spectrum.method import SpectrumConfig, make_profiles
from personarium.make.spectrum.profile import COMBINATIONS, Profile, combination
from personarium.make.spectrum.questionnaires import BFI_2_S, PVQ_21, Questionnaire, load_items, questionnaire
from personarium.make.spectrum.trials import SpectrumResult, evaluate_profiles

WHO = ("figures", "people", "questions")
_LISTED_PARTS = {"Personality": "personality", "Values": "values"}


async def make(request: MakeRequest) -> Made:
    """Read answers or figures, make profiles, and try combinations where that was asked for.

    Raises:
        UsageError: An option that is not what it should be, or no input where one is needed.
    """
    options = request.options
    config = SpectrumConfig(
        personality=_questionnaire(options, "personality", "mini-ipip", BFI_2_S),
        values=_questionnaire(options, "values", "own-values", PVQ_21),
        seed=request.seed,
    )
    who = one_of("from", options.get("from", "figures"), WHO)
    if who == "questions":
        return Made(rows=intake_questions(config.personality, config.values))
    if request.input is None:
        raise UsageError(f"spectrum starts from a file: give --input with {MAKER.takes}")
    people: list[Any] = (
        load_intakes(request.input, config.personality, config.values)
        if who == "people"
        else list(Population.load(request.input))
    )
    profiles = await make_profiles(people[: request.count], request.model, config, run=request.run)
    return await _made(request, profiles, combination(options.get("combination", "SPC")))


async def _made(request: MakeRequest, profiles: list[Profile], letters: str) -> Made:
    result = SpectrumResult(tuple(profiles))
    tried = listed(request.options.get("evaluate", ""))
    if tried:
        wanted = COMBINATIONS if tried == ("all",) else tried
        result = await evaluate_profiles(
            profiles, request.model, request.judge, conditions=wanted, seed=request.seed, run=request.run
        )
    return Made(
        personas=[p.persona(letters) for p in profiles if not p.missing(letters)],
        rows=result.rows(),
        estimates=result.estimates(),
        sections=_sections(profiles),
        failures=result.failures,
    )


def _questionnaire(options: Mapping[str, str], name: str, default: str, key: Questionnaire) -> Questionnaire:
    """A bundled questionnaire by name, or the paper's one with the wordings of a file."""
    given = options.get(name, default)
    path = Path(given)
    return load_items(path, key) if path.suffix and path.is_file() else questionnaire(given)


def _sections(profiles: list[Profile]) -> list[dict[str, Any]]:
    """The exact scores, which the prompts do not show."""
    found = []
    for title, attribute in _LISTED_PARTS.items():
        scored = [(p.id, getattr(p, attribute)) for p in profiles if getattr(p, attribute)]
        if scored:
            names = [s.name for s in scored[0][1]]
            rows = [[id, *(round(s.score, 2) for s in scores)] for id, scores in scored]
            found.append({"kind": "table", "title": f"{title}, 1 to 7", "columns": ["person", *names], "rows": rows})
    return found


MAKER = Maker(
    name="spectrum",
    makes="personas",
    make=make,
    options={
        "from": "figures: personas for whom the model answers; people: their own answers; questions: write what is asked (figures)",
        "personality": "mini-ipip, ipip-neo-120, or your file of the 30 BFI-2-S wordings (mini-ipip)",
        "values": "own-values, or your file of the 21 PVQ wordings (own-values)",
        "combination": "which of S, P and C the personas show (SPC)",
        "evaluate": "combinations for the Twenty Statements Test and Guess Who, separated by commas, or all; none",
    },
    takes="a file of personas, or with --set from=people of people's answers (.jsonl, .json, .yaml)",
)
