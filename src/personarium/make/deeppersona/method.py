"""DeepPersona: people with hundreds of attributes, out of a tree of attributes instead of a plea to be detailed.

In the page's order: anchors out of tables and a model, which attributes, values section by section with sight of everything
before, the person's own account. Evaluation stands in ``evaluation`` and ``survey``, the making of the tree in ``mining``.

Source: *DeepPersona: A Generative Engine for Scaling Deep Synthetic Personas*, arXiv 2511.07338 (LAW workshop at NeurIPS
2025); deeppersona page, steps 5 to 10; constants from the official code where the paper has none.
Differs: the tree, the tables and the prompts are our own (the repository names no licence); all 12 categories are filled; the
mix of near, middle and far attributes is the paper's; people under 18 get no attributes of adult life (``adult`` in
``data/sensitive.toml``); the ban on "community" themes is an option (``avoid``); the section "Other", which the published
code asks for although no tree has it, is part of Psychological and Cognitive Aspects.
Units: a profile's depth is its number of filled attributes.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.errata import Published, published_faults
from personarium.core.errors import UsageError
from personarium.core.results import Failure
from personarium.judges.prometheus.steps import ABSOLUTE
from personarium.make.deeppersona.anchors import AGES, Anchors, Inferring, check_fixed, draw_anchors
from personarium.make.deeppersona.filling import (
    BATCH,
    PUBLISHED_SECTIONS,
    TRIES,
    FillConfig,
    Filled,
    fill_sections,
    known_lines,
)
from personarium.make.deeppersona.profile import WORDS, Profile
from personarium.make.deeppersona.result import PersonasResult
from personarium.make.deeppersona.selection import CODE_MIX, LEAST, PAPER_MIX, Mix, select_attributes
from personarium.make.deeppersona.steps import (
    CAREER_NEEDED,
    JUDGING,
    MAKING,
    MINING,
    NARRATIVE,
    OCCUPATION,
)
from personarium.make.deeppersona.taxonomy import CAREER, Taxonomy, load_taxonomy
from personarium.runs.mapping import map_items
from personarium.runs.outcome import values_or_failures
from personarium.runs.plan import DryRun
from personarium.runs.run import Run
from personarium.text.embed import Embedder, load_embedder

ERRATA = ("six-categories", "lost-batches", "mix-40-40-20", "attitude-neutral", "selection-cached")
DEPTHS = (250, 300, 350)  # one of them is drawn where k is not given (code)
ACCOUNT_TOKENS = 4000  # of the prompt of an account: some 300 lines
Chosen = Mapping[str, Sequence[str]]
Sensitive = Literal["keep", "leave-out"]


@dataclass(frozen=True)
class DeepPersonaConfig:
    """The constants.

    Args:
        attributes: Target number k; None draws 250, 300 or 350 for each person. Quality is best at 200 to 250 and falls
            above 300 (paper).
        fixed: Anchors that are given and cost no call: any of age, gender, country, city, occupation, values, attitude,
            story, interests.
        ages: Lowest and highest drawn age.
        mix: Near, middle and far attributes.
        least: Quota of the smallest categories.
        batch: Paths of one call, at most.
        tries: How often an anchor or a path is asked for.
        avoid: Themes that all prompts ban; the published prompts ban community.
        sensitive: ``leave-out`` chooses no attribute of the sensitive list.
        seed: Of everything that is drawn.
        as_published: Which published faults come back; see :data:`ERRATA`.
    """

    attributes: int | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    ages: tuple[int, int] = AGES
    mix: Mix = PAPER_MIX
    least: int = LEAST
    batch: int = BATCH
    tries: int = TRIES
    avoid: str = ""
    sensitive: Sensitive = "keep"
    seed: int = 0
    as_published: Published = False

    def __post_init__(self) -> None:
        published_faults(self.as_published, ERRATA)
        check_fixed(self.fixed)
        numbers = (self.least, self.batch, self.tries, 1 if self.attributes is None else self.attributes)
        if min(numbers) < 1 or self.batch > BATCH:
            raise UsageError(f"attributes, least, batch and tries are at least 1, batch at most {BATCH}")
        if not 0 <= self.ages[0] <= self.ages[1] <= 120:
            raise UsageError(f"ages are two whole numbers from 0 to 120, the lower first; found {self.ages}")
        if len(self.mix) != 3 or min(self.mix) < 0 or not sum(self.mix):
            raise UsageError(f"the mix has three parts from 0, one of them above 0; found {self.mix}")
        if self.sensitive not in ("keep", "leave-out"):
            raise UsageError(f"sensitive is keep or leave-out, found '{self.sensitive}'")

    @property
    def faults(self) -> frozenset[str]:
        """The errata that are switched on."""
        return published_faults(self.as_published, ERRATA)


PAPER = DeepPersonaConfig()


async def make_profiles(
    count: int,
    model: ChatModel,
    config: DeepPersonaConfig = PAPER,
    *,
    taxonomy: Taxonomy | None = None,
    embedder: Embedder | None = None,
    run: Run | DryRun | None = None,
    concurrency: int = 20,
) -> PersonasResult:
    """Make people; each depends on the seed and its number alone.

    Args:
        count: How many.
        model: Who writes.
        config: The constants.
        taxonomy: The tree; the project's own where it is None.
        embedder: Compares anchors and attributes; the static default where it is None.
        run: The run to record and resume in.
        concurrency: People at once.

    Raises:
        UsageError: A count below 1.
    """
    if count < 1:
        raise UsageError(f"the number of people must be at least 1, found {count}")
    tree, compare = taxonomy or load_taxonomy(), embedder or load_embedder()
    if run is not None:
        run.add_prompts(MAKING)
    if isinstance(run, DryRun):  # without values there is nothing to tell, so a dry run does not come to the accounts
        run.plan.expect(NARRATIVE.name, model.name, count, prompt_tokens=ACCOUNT_TOKENS)
    chosen: Chosen | None = None
    rest = list(range(1, count + 1))
    made: list[Profile | Failure] = []
    if "selection-cached" in config.faults:  # the first person's attributes are everybody's
        made = await _all(run, rest[:1], model, config, tree, compare, None, concurrency, "first")
        chosen, rest = _chosen_of(made), rest[1:]
    made += await _all(run, rest, model, config, tree, compare, chosen, concurrency, "profiles")
    profiles = tuple(one for one in made if isinstance(one, Profile))
    lost = tuple(one for one in made if isinstance(one, Failure))
    return PersonasResult(profiles, tree, lost, config.seed, model.name)


def _chosen_of(made: Sequence[Profile | Failure]) -> Chosen | None:
    first = made[0] if made else None
    if not isinstance(first, Profile):
        return None
    paths = [*first.values, *first.missing]
    return {name: [path for path in paths if path.startswith(f"{name}.")] for name in first.sections}


async def _all(
    run: Run | DryRun | None,
    numbers: Sequence[int],
    model: ChatModel,
    config: DeepPersonaConfig,
    taxonomy: Taxonomy,
    embedder: Embedder,
    chosen: Chosen | None,
    concurrency: int,
    stage: str,
) -> list[Profile | Failure]:
    async def one(index: int) -> Profile | Failure:
        profile = await make_profile(index, model, config, taxonomy, embedder, chosen)
        if profile.values:
            return profile
        kind = profile.failures[0].kind if profile.failures else "missing"
        why = profile.failures[0].reason if profile.failures else "nothing was chosen"
        return Failure(kind, f"no attribute has a value: {why}", profile.id)

    stage = f"deeppersona.{stage}"
    return values_or_failures(await map_items(run, stage, numbers, one, key=profile_id, concurrency=concurrency))


def profile_id(index: int) -> str:
    """The id of a person of a run."""
    return f"deeppersona-{index:04d}"


# --- one person ---


async def make_profile(
    index: int,
    model: ChatModel,
    config: DeepPersonaConfig = PAPER,
    taxonomy: Taxonomy | None = None,
    embedder: Embedder | None = None,
    chosen: Chosen | None = None,
) -> Profile:
    """Make one person.

    Args:
        index: Its number, from 1.
        model: Who writes.
        config: The constants.
        taxonomy: The tree.
        embedder: Compares anchors and attributes.
        chosen: Attributes by category, where they are not to be chosen here.

    Returns:
        Whatever could be had; what failed is listed in it.
    """
    tree, id = taxonomy or load_taxonomy(), profile_id(index)
    drawn = draw_anchors(config.seed, index, config.fixed, config.ages)
    neutral = "attitude-neutral" in config.faults
    inferring = Inferring(model, drawn, id, config.seed, config.tries, config.avoid, neutral)
    anchors = await inferring.run()
    if chosen is None:
        chosen = await choose_attributes(inferring, config, tree, embedder or load_embedder(), index)
    sections = _filled_sections(chosen, config)
    filling = FillConfig(config.batch, tries=config.tries, avoid=config.avoid, seed=config.seed)
    filling = replace(filling, silent="lost-batches" in config.faults)
    filled = await fill_sections(sections, anchors.text(), model, filling, id)
    summary = await _narrative(model, filled, config, id)
    failures = (*inferring.failures, *filled.failures, *([summary] if isinstance(summary, Failure) else []))
    return Profile(
        id,
        index,
        anchors,
        filled.values,
        "" if isinstance(summary, Failure) else summary,
        tuple(sections),
        tuple(filled.missing),
        dict(filled.rejected),
        failures,
    )


async def choose_attributes(
    known: Inferring, config: DeepPersonaConfig, taxonomy: Taxonomy, embedder: Embedder, index: int
) -> dict[str, list[str]]:
    """Steps 6 to 8: which categories, how many attributes, which."""
    anchors, rng = known.anchors, random.Random(f"deeppersona|{config.seed}|{index}|attributes")
    categories = _allowed(taxonomy, anchors, config)
    if CAREER in categories and not await _needs_career(known):
        del categories[CAREER]
    target = rng.choice(DEPTHS) if config.attributes is None else config.attributes
    mix = CODE_MIX if "mix-40-40-20" in config.faults else config.mix
    return select_attributes(categories, anchors.core(), target, embedder, rng, mix, config.least)


def _allowed(taxonomy: Taxonomy, anchors: Anchors, config: DeepPersonaConfig) -> dict[str, list[str]]:
    """The attributes that this person may have, by category."""
    found = {
        name: [
            path
            for path in paths
            if not (anchors.minor and taxonomy.adult_only(path))
            and not (config.sensitive == "leave-out" and taxonomy.sensitive_kind(path))
        ]
        for name, paths in taxonomy.by_category.items()
    }
    return {name: paths for name, paths in found.items() if paths}


async def _needs_career(known: Inferring) -> bool:
    """Step 6: whether the career section stays; it does when the reply cannot be had (code)."""
    inputs = {"person": known.anchors.core()}
    answer = await CAREER_NEEDED.ask(known.model, inputs, item=known.item, asks=known.asks, seed=known.seed)
    if answer.failure is not None:
        known.failures.append(answer.failure)
        return True
    return bool(answer["is_career_needed"])


def _filled_sections(chosen: Chosen, config: DeepPersonaConfig) -> dict[str, Sequence[str]]:
    """All sections; as published the first six alone, although attributes of the others were chosen too."""
    if "six-categories" not in config.faults:
        return dict(chosen)
    return {name: paths for name, paths in chosen.items() if name in PUBLISHED_SECTIONS}


async def _narrative(model: ChatModel, filled: Filled, config: DeepPersonaConfig, item: str) -> str | Failure:
    """Step 10: the account, out of the profile without anchors, stories and raw interests; cut to 400 words."""
    if not filled.values:
        return Failure("missing", "no attribute to tell of", item)
    inputs = {"profile": "\n".join(known_lines(filled.values)), "shortest": WORDS[0], "longest": WORDS[1]}
    answer = await NARRATIVE.ask(model, inputs, item=item, asks=config.tries, seed=config.seed)
    if answer.failure is not None:
        return answer.failure
    return cut_words(str(answer["text"]), WORDS[1])


def cut_words(text: str, most: int) -> str:
    """The first ``most`` words; a text that is not longer stays as it is."""
    words = text.split()
    return text if len(words) <= most else " ".join(words[:most])


# --- the contract ---


def _small(taxonomy: Taxonomy, each: int = 6) -> Taxonomy:
    """Every so-many-th attribute of each category, so that an example is short."""
    return taxonomy.only(path for paths in taxonomy.by_category.values() for path in paths[:: len(paths) // each])


_ACCOUNT = "I am a baker and I live in Ghent. My hobby is pottery. I love early mornings. I have a beagle."


async def _example(model: ChatModel, seed: int) -> Sequence[dict[str, Any]]:
    from personarium.make.deeppersona.evaluation import evaluate_intrinsic, evaluate_qa
    from personarium.make.deeppersona.mining import mine_taxonomy

    tree = _small(load_taxonomy())
    config = DeepPersonaConfig(attributes=40, least=2, seed=seed, fixed={"age": 70})
    result = await make_profiles(2, model, config, taxonomy=tree)
    told = [replace(profile, id=f"told-{profile.index}", summary=_ACCOUNT) for profile in result.profiles[:1]]
    rated = await evaluate_intrinsic(told, model, seed=seed)
    judged = await evaluate_qa(told, model, model, seed=seed, questions=["Which hobby would go well with my job?"])
    texts = {"letter": "I am a baker. My hobby is pottery. I live in Ghent."}
    mined = await mine_taxonomy(texts, model, tree, seed=seed)
    return [*result.rows(), *rated.rows(), *judged.rows(), *mined.rows()]


CONTRACT = Contract(
    example=_example,
    steps=(*MAKING, *MINING, *JUDGING, ABSOLUTE),
    first=(OCCUPATION.name, {"person": "age: 70\nage group: senior\ngender: female\nlocation: Ghent, Belgium"}),
    unheard={f"{ABSOLUTE.name}/rubric": "the subject grades by the facts of the persona, whatever the metric"},
)
