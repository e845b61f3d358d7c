"""``personarium make prodigy``: the characters of a user's copy as personas, prompts of any views, or the comparison of views.

Source: prodigy page, steps 1 to 4. No chat model is asked.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

from personarium.core.errors import UsageError
from personarium.make.makers import Made, Maker, MakeRequest
from personarium.make.option_values import listed, one_of, whole, yes_no
from personarium.make.prodigy.copying_model import CopyingModel
from personarium.make.prodigy.dataset import Dataset, load_dataset
from personarium.make.prodigy.method import ProdigyConfig, ProdigyResult, compare_views
from personarium.make.prodigy.partitions import PARTS, Partitions, Protocol, make_partitions
from personarium.make.prodigy.views import CONFIGURATIONS, STYLE_LINES, VIEWS, draw_biography, examples_of

_OUTPUTS = ("personas", "prompts", "comparison")
_PROTOCOLS: tuple[Protocol, ...] = ("inter", "intra")
COPYING = "copying"
REMEMBERED = (
    "Large models have read film scripts: a low perplexity without a profile can be memory. A view helps only where a character's "
    "own profile is better than a shuffled one. Personality types are labels from crowd sites, not measurements."
)


async def make(request: MakeRequest) -> Made:
    """Read the copy and give what is wanted of it.

    Raises:
        UsageError: An option that is not what it should be, or a wish that needs dialogues which are not there.
        NotFound, InvalidInput: Of the files.
    """
    assert request.input is not None  # the maker needs one
    output = one_of("output", request.options.get("output", "personas"), _OUTPUTS)
    dataset = load_dataset(request.input)
    found = {"kind": "table", "title": "What was found", "columns": ["what", "found"]}
    section: dict[str, Any] = {**found, "rows": [list(line) for line in dataset.report()]}
    if output == "personas":
        ids = list(dataset.characters)[: request.count]
        said = dataset.said_by()
        return Made(personas=[dataset.characters[id].persona(said[id]) for id in ids], sections=[section])
    if output == "prompts":
        return Made(rows=_first(_prompts(dataset, request), request.count), sections=[section])
    result = _comparison(dataset, request)
    sections = [result.section(), {"kind": "note", "tone": "warning", "text": REMEMBERED}, section]
    return Made(rows=result.rows(), estimates=result.estimates(), sections=sections)


def _first(rows: Iterator[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    return [row for row, _ in zip(rows, range(count), strict=False)]


def _prompts(dataset: Dataset, request: MakeRequest) -> Iterator[dict[str, Any]]:
    options = request.options
    views = views_of(options.get("views", "all"))
    drawn = yes_no("paraphrases", options.get("paraphrases", "no"))
    lines = _style_lines(options)
    part = one_of("part", options.get("part", "train"), PARTS)
    partitions, profiles = _partitions(dataset, request), dataset.profiles()
    for id in getattr(partitions, part):
        for who in dataset.targets.get(id, ()):
            profile = profiles[who]
            if drawn:
                rng = random.Random(f"{request.seed}|biography|{id}|{who}")
                profile = profile.with_biography(draw_biography(dataset.characters[who], rng))
            for one in examples_of(dataset.dialogues[id], who, profile, views, seed=request.seed, lines=lines):
                shown = {"dialogue": id, "character": who, "part": part, "views": ",".join(views)}
                yield {"id": one.id, **shown, "prompt": one.prompt, "response": one.response}


def _comparison(dataset: Dataset, request: MakeRequest) -> ProdigyResult:
    options, partitions = request.options, _partitions(dataset, request)
    named = options.get("likelihood", COPYING)
    kept = Partitions(*(tuple(id for id in getattr(partitions, part) if id in dataset.targets) for part in PARTS))
    kept = Partitions(kept.train, kept.valid, kept.test[: request.count])
    config = ProdigyConfig(style_lines=_style_lines(options), seed=request.seed)
    return compare_views(dataset.dialogues, dataset.targets, dataset.profiles(), kept, _model(named), config)


def _style_lines(options: Mapping[str, str]) -> int:
    return whole("style_lines", options.get("style_lines", str(STYLE_LINES)))


def _model(named: str) -> Any:
    if named == COPYING:
        return CopyingModel.fit
    kind, _, model = named.partition("/")
    if kind != "hf" or not model:
        raise UsageError(f"likelihood is '{COPYING}' or hf/<id or folder of a transformers model>, found '{named}'")
    from personarium.models.likelihood import HFLikelihood

    return HFLikelihood(model)


def _partitions(dataset: Dataset, request: MakeRequest) -> Partitions:
    """The published partitions where they are there and not declined, else made ones."""
    protocol = one_of("protocol", request.options.get("protocol", "inter"), _PROTOCOLS)
    published = yes_no("published_split", request.options.get("published_split", "yes"))
    if not dataset.dialogues:
        raise UsageError(f"{dataset.folder}: there are no dialogues")
    if published and protocol in dataset.partitions:
        return dataset.partitions[protocol]
    return make_partitions(dataset.targets, protocol, seed=request.seed)


def views_of(text: str) -> tuple[str, ...]:
    """The views of an option: the name of a configuration, or views with commas between.

    Raises:
        UsageError: A name that is none.
    """
    if text in CONFIGURATIONS:
        return CONFIGURATIONS[text]
    views = listed(text)
    unknown = [view for view in views if view not in VIEWS]
    if unknown or not views:
        raise UsageError(f"views are none, all or some of {', '.join(VIEWS)}, found '{text}'")
    return views


MAKER = Maker(
    name="prodigy",
    makes="personas of film characters, prompts, or the comparison of profile views",
    make=make,
    options={
        "output": "personas; prompts: one row a response; comparison: perplexity and accuracy of every view (personas)",
        "views": f"of prompts: none, all, or some of {', '.join(VIEWS)} with commas between (all)",
        "protocol": "inter: test characters are not trained on; intra: they are, with other dialogues (inter)",
        "published_split": "no: divide anew with the seed instead of reading the published partitions (yes)",
        "part": "of prompts: train, valid or test (train)",
        "paraphrases": "yes: prompts draw each sentence of a biography from its three wordings (no)",
        "style_lines": f"lines of the style view ({STYLE_LINES})",
        "likelihood": f"of the comparison: {COPYING}, the built-in small model, or hf/<model>, which is not trained ({COPYING})",
    },
    takes="a copy of the PRODIGy repository (a folder), or its characters.json",
    needs_input=True,
)
