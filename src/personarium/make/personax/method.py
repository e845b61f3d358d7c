"""PersonaX's trait inference: several models rate each persona, abstentions drop out, the median is the score.

The paper's order: subject facts, one call a rater with a justification and a score for each trait, pooling; then agreement
and, on demand, the dependency audit (:mod:`personarium.measure.personax`).

Terms of use: the paper's data come under guidelines that forbid automated personality profiling, surveillance and
re-identification, and a rating describes the model's stereotype of a person, not the person. For synthetic personas and for
audits of models only: a persona that is flagged as a real person is not rated.

Source: *PersonaX: Multimodal Datasets with LLM-Inferred Behavior Traits*, arXiv 2509.11362 (ICLR 2026); personax page, steps
2 to 4.
Differs: the prompt and the meanings of traits are our own; the raters are whichever models are given (the paper's three were
chosen from ten by a study of their own); raters may be blinded (``hide``); temperature 0 (not stated).
Units: scores are whole numbers from 1 to 3, 0 for "not enough information"; pooled ones may be half-points.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from personarium.core.chat import ChatModel, Sampling
from personarium.core.contract import Contract
from personarium.core.errors import InvalidInput, UsageError
from personarium.core.facets import Facet
from personarium.core.persona import Persona
from personarium.core.population import Population
from personarium.core.results import Failure
from personarium.make.makers import Made, Maker, MakeRequest
from personarium.make.option_values import listed
from personarium.make.personax.pooling import read_score
from personarium.make.personax.result import BRANCH, PAPER, PersonaxConfig, RatedPersonas, Rating
from personarium.measure.personax.audit import AuditConfig, dependency_audit
from personarium.measure.personax.result import Audit
from personarium.measure.personax.sections import audit_sections
from personarium.models.registry import open_model
from personarium.models.step import Read, Step
from personarium.runs.mapping import map_kept
from personarium.runs.plan import DryRun
from personarium.runs.run import Run
from personarium.text.form import Form, Unparsed
from personarium.text.json_reading import read_json

CONCURRENCY = 20
_LONGEST_REASON = 1_000  # characters that are kept


def _form(inputs: Mapping[str, Any]) -> Form:
    holes = ", ".join(f'"{t}": {{"reason": <text>, "score": <0-{inputs["highest"]}>}}' for t in inputs["traits"])
    return Form.parse(f"{{{holes}}}")


RATE = Step("personax.rate", "personarium.make.personax", "rate", _form, Sampling(temperature=0.0))


async def rate_personas(
    personas: Sequence[Persona],
    raters: Sequence[ChatModel],
    config: PersonaxConfig = PAPER,
    *,
    run: Run | DryRun | None = None,
    concurrency: int = CONCURRENCY,
) -> RatedPersonas:
    """Have every persona rated by every rater.

    Args:
        personas: Synthetic personas with ids of their own; those flagged as real persons are left out and counted.
        raters: The models; one that is given twice is a second rater with draws of its own.
        config: The constants.
        run: The run to record and resume in.
        concurrency: Calls at once.

    Raises:
        UsageError: Without a rater.
        InvalidInput: Two personas with one id.
    """
    if not raters:
        raise UsageError("name at least one rater")
    twice = [id for id, n in Counter(p.id for p in personas).items() if n > 1]
    if twice:
        raise InvalidInput("personas", "an id of its own for each", twice[0], "id")
    if run is not None:
        run.add_prompts([RATE])
    named = _named(raters)
    subjects = [p for p in personas if p.flags.real_person is not True]
    jobs = [(p, name, model, sample) for p in subjects for name, model, sample in named]

    async def one(job: tuple[Persona, str, ChatModel, int]) -> Rating:
        return await _rating(*job, config)

    found = await map_kept(
        run,
        "personax.ratings",
        jobs,
        one,
        key=lambda job: f"{job[0].id}/{job[1]}",
        failure=lambda rating: rating.failure,
        concurrency=concurrency,
    )
    size = len(named)
    grouped = tuple(tuple(found[k : k + size]) for k in range(0, len(found), size))
    left_out = [Failure("missing", "a real person is not rated", p.id) for p in personas if p.flags.real_person is True]
    return RatedPersonas(config, tuple(n for n, _, _ in named), tuple(subjects), grouped, tuple(left_out))


def _named(raters: Sequence[ChatModel]) -> list[tuple[str, ChatModel, int]]:
    """Each rater with a name of its own and the sample that it draws."""
    seen: Counter[str] = Counter()
    named = []
    for model in raters:
        sample = seen[model.name]
        seen[model.name] += 1
        named.append((f"{model.name} #{sample + 1}" if sample else model.name, model, sample))
    return named


# --- step 3: the trait call ---


async def _rating(persona: Persona, rater: str, model: ChatModel, sample: int, config: PersonaxConfig) -> Rating:
    inputs = rating_inputs(persona, config)
    item = f"{persona.id}/{rater}"
    reader = _reader(config)
    answer = await RATE.ask(model, inputs, item=item, sample=sample, asks=config.asks, read=reader, seed=config.seed)
    if answer.values is None:
        return Rating(persona.id, rater, dict.fromkeys(config.traits), failure=answer.failure)
    return Rating(persona.id, rater, answer["scores"], answer["reasons"], answer["rejected"])


def rating_inputs(persona: Persona, config: PersonaxConfig = PAPER) -> dict[str, Any]:
    """What the prompt shows: the facts but hidden ones and earlier ratings, and the traits with the scale."""
    return {
        "facts": _facts(persona, config).view("attributes").text.strip(),
        "rubric": _rubric(config),
        "traits": tuple(config.traits),
        "highest": config.scale[1],
    }


def _facts(persona: Persona, config: PersonaxConfig) -> Persona:
    hidden = (*config.hide, *(f"{BRANCH}.{trait}" for trait in config.traits))

    def shown(facet: Facet) -> bool:
        return not any(facet.path == h or facet.path.startswith(f"{h}.") or facet.key == h for h in hidden)

    name = "" if "name" in config.hide else persona.name
    return replace(persona, name=name, facets=tuple(f for f in persona.facets if shown(f)))


def _rubric(config: PersonaxConfig) -> str:
    lo, hi = config.scale
    listed = [f"{trait}: {meaning}" for trait, meaning in config.traits.items()]
    return "\n".join(
        [*listed, f"Scores run from {lo} (low) to {hi} (high), whole numbers only; 0 says that the facts do not tell."]
    )


def _reader(config: PersonaxConfig) -> Read:
    """Reads a reply score by score: one that is no score is rejected, and the others still count."""

    def read(reply: str) -> dict[str, Any] | Unparsed:
        found = read_json(reply)
        if isinstance(found, Unparsed):
            return found
        given = {str(key).strip().casefold(): value for key, value in found.items()}
        if not set(config.traits) & set(given):
            return Unparsed(f"the reply names none of {', '.join(config.traits)}", reply)
        return _scores(given, config)

    return read


def _scores(given: Mapping[str, Any], config: PersonaxConfig) -> dict[str, Any]:
    scores: dict[str, int | None] = dict.fromkeys(config.traits)
    reasons: dict[str, str] = {}
    rejected: dict[str, str] = {}
    for trait in config.traits:
        entry = given.get(trait)
        value = entry.get("score") if isinstance(entry, Mapping) else entry
        if isinstance(entry, Mapping) and isinstance(entry.get("reason"), str):
            reasons[trait] = entry["reason"].strip()[:_LONGEST_REASON]
        if value is None:
            continue
        score = read_score(value, config.scale)
        if isinstance(score, Unparsed):
            rejected[trait] = score.reason
        else:
            scores[trait] = score
    return {"scores": scores, "reasons": reasons, "rejected": rejected}


# --- the command ---

_OPTIONS = {
    "raters": "further raters by model name, with blanks between; none",
    "hide": "facets that raters do not see, with commas between; none",
    "audit": "facets that the scores are tested against, with commas between; none",
}


async def _make(request: MakeRequest) -> Made:
    assert request.input is not None  # the maker needs one
    people = list(Population.load(request.input))[: request.count]
    variables = listed(request.options.get("audit", ""))
    _check_variables(people, variables, str(request.input))
    config = PersonaxConfig(hide=listed(request.options.get("hide", "")), seed=request.seed)
    rated = await rate_personas(people, _raters(request), config, run=request.run)
    personas = rated.personas()
    return Made(
        personas=personas,
        rows=rated.rows(),
        estimates=rated.estimates(),
        sections=audit_sections(audit_ratings(rated, variables)) if variables and personas else (),
        failures=rated.failures,
    )


def _check_variables(people: Sequence[Persona], variables: Sequence[str], where: str) -> None:
    """Before anybody is asked: what is to be audited is there, and holds single values."""
    for path in variables:
        values = [p.value(path) for p in people]
        if all(v is None for v in values):
            raise InvalidInput(where, "personas with this facet (named by --set audit=)", "none", path)
        strange = next((v for v in values if not isinstance(v, (str, int, float, type(None)))), None)
        if strange is not None:
            raise InvalidInput(where, "a number, a text or a truth value to audit", strange, path)


def _raters(request: MakeRequest) -> list[ChatModel]:
    """The writer, the judge where another one was named, and the raters of the option."""
    named = request.options.get("raters", "").split()
    further = [request.run.model(open_model(name), role="rater") for name in named]
    judge = [request.judge] if request.judge.name != request.model.name else []
    return [request.model, *judge, *further]


def audit_ratings(rated: RatedPersonas, variables: Sequence[str], config: AuditConfig | None = None) -> Audit:
    """The dependency audit of pooled scores against facets of the personas (paths), on the raters' scale."""
    traits = [f"{BRANCH}.{trait}" for trait in rated.config.traits]
    people = rated.personas()
    columns = {path: [p.value(path) for p in people] for path in (*traits, *variables)}
    config = config or AuditConfig(scale=rated.config.scale, seed=rated.config.seed)
    return dependency_audit(columns, traits, variables, config)


MAKER = Maker(
    "personax",
    "personas with trait scores",
    _make,
    _OPTIONS,
    takes="a file of synthetic personas (.jsonl, .parquet, .csv)",
    needs_input=True,
)


def example_personas() -> list[Persona]:
    """Twelve made-up people for the contract's run."""
    jobs = ("clockmaker", "diving instructor", "registry clerk", "beekeeper", "tram driver", "puppeteer")
    rows = (
        {"id": f"{gender} {job}", "occupation": job, "age": 24 + 5 * k, "gender": gender}
        for k, (job, gender) in enumerate(product(jobs, ("female", "male")))
    )
    return [Persona.from_row(row) for row in rows]


async def _example(model: ChatModel, seed: int) -> Sequence[dict[str, Any]]:
    rated = await rate_personas(example_personas(), [model, model], PersonaxConfig(seed=seed))
    audit = audit_ratings(rated, ["gender", "age"], AuditConfig(permutations=99, seed=seed))
    cells = [{"id": f"{c.trait}/{c.variable}/{c.test}", **c.as_dict()} for c in audit.cells]
    return [*rated.rows(), *cells]


CONTRACT = Contract(example=_example, steps=(RATE,), first=(RATE.name, rating_inputs(example_personas()[0])))
