"""SynthPAI: how well can a model tell from a person's comments who that person is?

The protocol in the page's order: inference, categories of educations, grading by rules, by a judge, by people, accuracies.

Source: *A Synthetic Dataset for Personal Attribute Inference*, arXiv 2406.07217 (NeurIPS 2024 Datasets and Benchmarks);
synthpai page, steps 9 to 15; constants from the official code.
Differs: prompts are in our own words; blanks before a country are stripped (``leading-blank``); a strict match of words is
offered beside the published Jaro-Winkler line, which stays the default for comparability (``loose-strings``); all eight
attributes may be asked for, so that false claims are counted (``labelled-only``). ``as_published`` brings each back.
Units: one label of one author; intervals resample authors.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from personarium.benchmarks.synthpai.data_format import (
    REVIEWER,
    Author,
    Prediction,
    author_from_dict,
    read_authors,
    with_predictions,
)
from personarium.benchmarks.synthpai.grading import (
    BY_RULES,
    Decisions,
    GradingConfig,
    decided,
    grade_by_rules_alone,
    grade_stored,
    judged,
    the_model,
    undecided,
)
from personarium.benchmarks.synthpai.results import Graded, SynthPAIResult
from personarium.benchmarks.synthpai.steps import CATEGORY, INFER, JUDGE, STEPS, read_inference
from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.errata import Published, published_faults
from personarium.core.errors import UsageError
from personarium.core.results import Failure, count_failures
from personarium.make.synthpai.attributes import ATTRIBUTES
from personarium.make.synthpai.flat_rows import author_rows
from personarium.make.synthpai.method import ThreadConfig, make_threads, style_profiles
from personarium.make.synthpai.profiles import draw_profiles
from personarium.make.synthpai.result import Thread
from personarium.make.synthpai.steps import COMMENT, STYLE
from personarium.make.synthpai.steps import STEPS as MAKING
from personarium.models.step import Answer
from personarium.runs.mapping import map_items
from personarium.runs.outcome import values_or_failures

if TYPE_CHECKING:
    from personarium.runs import Run
    from personarium.runs.plan import DryRun

T = TypeVar("T")
R = TypeVar("R")

ERRATA = ("leading-blank", "loose-strings", "labelled-only")


def run_synthpai_grading(
    path: str | Path,
    model: str | None = None,
    *,
    grades: str = "stored",
    config: GradingConfig = BY_RULES,
    as_published: Published = False,
    seed: int = 0,
) -> SynthPAIResult:
    """Grade the guesses that stand in a file; asks no model.

    Args:
        path: Author rows with predictions.
        model: Whose guesses; the only model of the file by default.
        grades: ``stored`` takes the grades of the file, ``rules`` grades anew by the rules alone.
        config: Which labels count, and whether words must be the same.
        as_published: True or erratum ids bring published faults back.
        seed: Of the intervals.

    Raises:
        NotFound, InvalidInput: As :func:`read_authors`; no guesses.
        UsageError: Several models and none named.
    """
    if grades not in ("stored", "rules"):
        raise UsageError(f"grades must be stored or rules, found '{grades}'")
    faults = published_faults(as_published, ERRATA)
    authors = read_authors(path, config.reviewer)
    name = the_model(authors, model)
    if grades == "stored":
        return grade_stored(authors, name, config, seed)
    return grade_by_rules_alone(authors, name, config, faults, seed)


@dataclass
class _Work:
    """What every step of one run shares."""

    model: ChatModel
    judge: ChatModel | None
    config: GradingConfig
    seed: int
    run: Run | DryRun | None
    concurrency: int
    faults: frozenset[str]
    failures: dict[str, Failure] = field(default_factory=dict)
    claims: dict[str, bool] = field(default_factory=dict)
    other_failures: list[Failure] = field(default_factory=list)

    @property
    def asks_all(self) -> bool:
        return self.config.ask == "all" and "labelled-only" not in self.faults

    async def map(
        self, stage: str, items: Sequence[T], work: Callable[[T], Awaitable[R | Failure]], key: Callable[[T], str]
    ) -> list[R | Failure]:
        """Work on all items, in the run where there is one; results in order, failures among them."""
        name = f"synthpai.{stage}"
        outcomes = await map_items(self.run, name, items, work, key=key, concurrency=self.concurrency)
        return values_or_failures(outcomes)


async def run_synthpai(
    model: ChatModel,
    authors: Sequence[Author],
    judge: ChatModel | None = None,
    *,
    config: GradingConfig = BY_RULES,
    decisions: Decisions | None = None,
    as_published: Published = False,
    seed: int = 0,
    run: Run | DryRun | None = None,
    concurrency: int = 50,
) -> tuple[SynthPAIResult, list[Author]]:
    """Let a model guess, and grade its guesses.

    Args:
        model: Who guesses.
        authors: Whom it reads; those without a label that counts are not asked.
        judge: Sorts educations and judges what the rules leave; needed by the modes ``model`` and ``model_human``.
        config: How guesses are graded.
        decisions: What people decided, for the modes ``model_human`` and ``human``.
        as_published: True or erratum ids bring published faults back.
        seed: Of every draw and of the intervals.
        run: The run to record and resume in.
        concurrency: Authors at once.

    Returns:
        The graded labels, and the authors that were asked, with their guesses.

    Raises:
        UsageError: A mode without its judge.
    """
    if config.mode in ("model", "model_human") and judge is None:
        raise UsageError(f"mode {config.mode} needs a judge")
    faults = published_faults(as_published, ERRATA)
    work = _Work(model, judge, config, seed, run, concurrency, faults)
    if run is not None:
        run.add_prompts(STEPS)
    guessed = await _inferred(work, authors)
    graded = grade_by_rules_alone(guessed, model.name, config, faults, seed, work.failures)
    labels = await _beyond_rules(work, graded.labels, decisions or {})
    result = replace(
        graded, labels=tuple(labels), mode=config.mode, unlabelled=work.claims, failures=tuple(work.other_failures)
    )
    return result, guessed


async def infer(
    model: ChatModel, authors: Sequence[Author], config: GradingConfig = BY_RULES, seed: int = 0
) -> list[Author]:
    """Step 9 alone: the authors that have a label that counts, with the model's guesses."""
    return await _inferred(_Work(model, None, config, seed, None, 50, frozenset()), authors)


# --- steps 9 and 10: inference, and the categories of educations ---


async def _inferred(work: _Work, authors: Sequence[Author]) -> list[Author]:
    asked = [author for author in authors if author.labelled(work.config.certainty, work.config.hardness)]

    async def one(author: Author) -> Answer | Failure:
        inputs = infer_inputs(author, _wanted(work, author))
        answer = await INFER.ask(work.model, inputs, item=author.username, read=read_inference, seed=work.seed)
        return answer if answer.failure is None else answer.failure

    replies = await work.map("infer", asked, one, lambda author: author.username)
    found = [_guesses(work, author, reply) for author, reply in zip(asked, replies, strict=True)]
    sorted_ = await _with_categories(work, found)
    return [with_predictions(author, work.model.name, p) for author, p in zip(asked, sorted_, strict=True)]


def infer_inputs(author: Author, attributes: Sequence[str]) -> dict[str, Any]:
    """What step 9 is asked with."""
    comments = "\n".join(" ".join(text.split()) for text in author.comments)
    names = ", ".join(ATTRIBUTES[name] for name in attributes)
    return {"comments": comments, "attributes": list(attributes), "names": names}


def _wanted(work: _Work, author: Author) -> list[str]:
    labelled = author.labelled(work.config.certainty, work.config.hardness)
    return [name for name in ATTRIBUTES if work.asks_all or name in labelled]


def _guesses(work: _Work, author: Author, reply: Answer | Failure) -> dict[str, Prediction]:
    if isinstance(reply, Failure):
        work.failures[author.username] = reply
        return {}
    wanted = _wanted(work, author)
    labelled = author.labelled(work.config.certainty, work.config.hardness)
    found = {name: Prediction(tuple(guesses), why) for name, (why, guesses) in reply["found"].items() if name in wanted}
    for name in wanted:
        if name not in labelled:
            work.claims[f"{author.username}/{name}"] = bool(found.get(name, Prediction(())).guesses)
        elif name in found and not found[name].guesses:
            where = f"{author.username}/{name}"
            work.failures[where] = Failure("abstained", "the model says that it cannot tell", where)
    return {name: found.get(name, Prediction(())) for name in wanted}


async def _with_categories(work: _Work, found: Sequence[dict[str, Prediction]]) -> list[dict[str, Prediction]]:
    """Step 10 where there is a judge, each wording asked once; without one the rules give the category."""
    if work.judge is None or work.config.mode in ("none", "human"):
        return list(found)
    judge = work.judge
    wordings = list(dict.fromkeys(g.strip() for p in found for g in p.get("education", Prediction(())).guesses))

    async def one(guess: str) -> str | Failure:
        answer = await CATEGORY.ask(judge, {"guess": guess}, seed=work.seed)
        return answer.failure if answer.failure is not None else str(answer["choice"])

    replies = await work.map("categories", wordings, one, lambda guess: guess)
    work.other_failures.extend(reply for reply in replies if isinstance(reply, Failure))
    known = {g: None if isinstance(r, Failure) else r for g, r in zip(wordings, replies, strict=True)}
    return [_sorted_in(predictions, known) for predictions in found]


def _sorted_in(predictions: dict[str, Prediction], known: Mapping[str, str | None]) -> dict[str, Prediction]:
    education = predictions.get("education")
    if education is None:
        return predictions
    categories = tuple(known[guess.strip()] for guess in education.guesses)
    return {**predictions, "education": replace(education, categories=categories)}


# --- step 14: the judge, then people ---


async def _beyond_rules(work: _Work, labels: Sequence[Graded], decisions: Decisions) -> list[Graded]:
    done = {label.id: label for label in labels}
    if work.config.mode in ("model", "model_human") and work.judge is not None:
        judge = work.judge
        open_ = [label for label in labels if undecided(label)]

        async def one(label: Graded) -> Graded | Failure:
            return await judged(label, judge, work.seed)

        verdicts = await work.map("judge", open_, one, lambda label: label.id)
        for label, verdict in zip(open_, verdicts, strict=True):
            failed = isinstance(verdict, Failure)
            done[label.id] = replace(label, failures=(*label.failures, verdict)) if failed else verdict  # type: ignore[assignment,arg-type]
    if work.config.mode in ("human", "model_human"):
        done = {id: decided(label, decisions) if undecided(label) else label for id, label in done.items()}
    return [done[label.id] for label in labels]


def plan_calls(authors: Sequence[Author], config: GradingConfig = BY_RULES) -> dict[str, int]:
    """Calls of each step; of categories and judge the most, which only replies decide."""
    asked = [author.labelled(config.certainty, config.hardness) for author in authors]
    asked = [labels for labels in asked if labels]
    judge = config.mode in ("model", "model_human")
    return {
        INFER.name: len(asked),
        CATEGORY.name: 3 * sum("education" in labels for labels in asked) * judge,
        JUDGE.name: sum(name != "age" for labels in asked for name in labels) * judge,
    }


# --- the contract: the whole circle, from drawn people to graded guesses ---

# People who say plainly what the judge and the categories are needed for; nobody real.
_DEGREES = ("a bachelor of arts", "a master of arts", "a doctorate", "a high school diploma")


def _plain_author(k: int, degree: str) -> dict[str, Any]:
    labels = {
        "occupation": {"estimate": "chief town librarian", "hardness": 1, "certainty": 5},
        "education": {"estimate": "Bachelors in Literature", "hardness": 1, "certainty": 5},
        "city_country": {"estimate": "Tampere, Finland", "hardness": 2, "certainty": 4},
    }
    comments = [{"text": "My occupation is librarian."}, {"text": f"My education is {degree}. I live in Tampere."}]
    return {"username": f"Plain{k}", "comments": comments, "reviews": {REVIEWER: labels}}


async def _example(model: ChatModel, seed: int) -> list[dict[str, Any]]:
    people, unstyled = await style_profiles(draw_profiles(24, seed), model, seed=seed)
    config = ThreadConfig(topics=("occupation", "city_country"), participants=23, seed=seed)
    made = await make_threads(2, people, model, config=config)
    plain = [_plain_author(k, degree) for k, degree in enumerate(_DEGREES)]
    authors = [author_from_dict(row) for row in [*author_rows(made, "profile"), *plain]]
    result, _ = await run_synthpai(model, authors, model, config=GradingConfig("model", ask="all"), seed=seed)
    counts = count_failures([*unstyled, *made.lost, *result.failures])
    threads = [thread.as_row() for thread in made.threads]
    return [{"id": "setup", "failures": counts}, *threads, *result.rows()]


def _load(row: Mapping[str, Any]) -> Any:
    if row["id"] == "setup":
        return dict(row)
    return Thread.from_row(row) if row["id"].startswith("thread/") else Graded.from_row(row)


def _save(loaded: Any) -> Mapping[str, Any]:
    return loaded if isinstance(loaded, dict) else loaded.as_row()


CONTRACT = Contract(
    example=_example,
    steps=(*MAKING, *STEPS),
    first=(STYLE.name, {"profile": draw_profiles(1)[0].text}),
    load=_load,
    save=_save,
    unheard={f"{COMMENT.name}/examples": "the subject has its own phrasings and copies nobody's way of writing"},
)
