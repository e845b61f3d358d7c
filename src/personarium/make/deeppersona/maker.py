"""``personarium make deeppersona``: deep personas, with any anchors fixed.

Source: deeppersona page, "Takes and gives".
"""

from __future__ import annotations

from typing import Any

from personarium.make.deeppersona.anchors import FIXABLE
from personarium.make.deeppersona.evaluation import evaluate_intrinsic, evaluate_qa
from personarium.make.deeppersona.filling import TRIES
from personarium.make.deeppersona.method import DeepPersonaConfig, make_profiles
from personarium.make.deeppersona.result import PersonasResult
from personarium.make.deeppersona.selection import CODE_MIX, PAPER_MIX
from personarium.make.deeppersona.taxonomy import load_taxonomy
from personarium.make.makers import Made, Maker, MakeRequest
from personarium.make.option_values import one_of, whole_numbers
from personarium.text.embed import load_embedder

MIXES = {"paper": PAPER_MIX, "code": CODE_MIX}
EVALUATIONS = ("none", "intrinsic", "qa", "all")


async def make(request: MakeRequest) -> Made:
    """Make people, and judge them where that was asked for.

    Raises:
        UsageError: An option that is not what it should be.
    """
    options = request.options
    numbers = whole_numbers(options, {"attributes": 1, "tries": 1})
    config = DeepPersonaConfig(
        attributes=numbers.get("attributes"),
        tries=numbers.get("tries", TRIES),
        fixed={name: options[name] for name in FIXABLE if name in options},
        mix=MIXES[one_of("mix", options.get("mix", "paper"), MIXES)],
        avoid=options.get("avoid", "").strip(),
        sensitive=one_of("sensitive", options.get("sensitive", "keep"), ("keep", "leave-out")),
        seed=request.seed,
    )
    evaluate = one_of("evaluate", options.get("evaluate", "none"), EVALUATIONS)
    taxonomy = load_taxonomy(request.input)
    embedder = load_embedder(options.get("embedder", "static"))
    result = await make_profiles(
        request.count, request.model, config, taxonomy=taxonomy, embedder=embedder, run=request.run
    )
    return await _made(request, result, evaluate)


async def _made(request: MakeRequest, result: PersonasResult, evaluate: str) -> Made:
    estimates, failures = dict(result.estimates()), list(result.failures)
    if evaluate in ("intrinsic", "all"):
        intrinsic = await evaluate_intrinsic(result.profiles, request.judge, seed=request.seed)
        estimates |= intrinsic.estimates()
        failures += intrinsic.failures
    if evaluate in ("qa", "all"):
        qa = await evaluate_qa(result.profiles, request.model, request.judge, seed=request.seed)
        estimates |= {f"Answers: {name.replace('_', ' ')}": value for name, value in qa.estimates().items()}
        failures += qa.failures
    sections = [result.section(), *_rejected(result)]
    return Made(personas=result.personas(), estimates=estimates, sections=sections, failures=failures)


def _rejected(result: PersonasResult) -> list[dict[str, Any]]:
    counted = result.rejected()
    if not counted:
        return []
    rows = [[reason, number] for reason, number in counted.items()]
    return [{"kind": "table", "title": "Values rejected", "columns": ["why", "how many"], "rows": rows}]


MAKER = Maker(
    name="deeppersona",
    makes="personas",
    make=make,
    options={
        "attributes": "how many attributes each person gets (250, 300 or 350, drawn)",
        "age": "fixed age in years (drawn from 7 to 85)",
        "gender": "fixed (drawn: male, female)",
        "country": "fixed (drawn)",
        "city": "fixed (drawn from the country)",
        "occupation": "fixed (drawn from 18 to 65, else the model says)",
        "values": "fixed orientation of values (the model writes it)",
        "attitude": "fixed attitude to life (the model writes it)",
        "story": "fixed story of the person's life (the model writes one to three)",
        "interests": "fixed, with ; between (the model infers two)",
        "tries": "how often an anchor or attribute is asked for (2)",
        "mix": "of near, middle and far attributes: paper 5:3:2, code 4:4:2 (paper)",
        "sensitive": "attributes of the sensitive list: keep, leave-out (keep)",
        "avoid": "themes that the prompts ban (none; the published prompts ban community)",
        "embedder": "compares anchors and attributes: static, hf/<model> (static)",
        "evaluate": "judged quality: none, intrinsic, qa, all (none)",
    },
    takes="an attribute tree in place of the own one (JSON: nested objects, a leaf is an empty one)",
)
