"""PRODIGy: which view of a profile helps a model to say what the character really said?

The procedure in the page's order: profiles with four views, two split protocols, a model trained and scored with no view, each
view alone and all together, conditional perplexity and accuracy at N, and both shuffle controls.

Source: *PRODIGy: a PROfile-based DIalogue Generation dataset*, arXiv 2311.05195 (Findings of NAACL 2024); prodigy page.
Differs: the prompt layout, N, the number of style lines and the shares of a made split are ours (not in the available text);
perplexity is given pooled over tokens and averaged over responses; the data set is read from the user's copy (no licence is
stated, nothing is shipped); the human preference study and the cross-domain test are not part of it.
Units: a response is one turn of an annotated character; perplexity and accuracy count the tokens of its gold text as the
model cuts it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from personarium.core.contract import Contract, Row
from personarium.core.dialogue import Dialogue, Utterance
from personarium.core.errors import UsageError
from personarium.core.results import Estimate
from personarium.make.prodigy.copying_model import CopyingModel
from personarium.make.prodigy.partitions import Partitions, Protocol, make_partitions
from personarium.make.prodigy.views import CONFIGURATIONS, STYLE_LINES, Example, Profile, examples_of
from personarium.models.likelihood import LikelihoodModel, TokenScore
from personarium.stats.likelihood import (
    ACCURACIES,
    Perplexity,
    accuracy_at,
    conditional_perplexity,
    perplexity_estimate,
)

Shuffle = Literal["own", "shuffled at test", "shuffled in training and test"]
SHUFFLES: tuple[Shuffle, ...] = ("own", "shuffled at test", "shuffled in training and test")
Trainer = Callable[[Sequence[Example]], LikelihoodModel]


@dataclass(frozen=True)
class ProdigyConfig:
    """What is compared.

    Args:
        configurations: Name -> views shown; the first one is what the others are compared with.
        style_lines: Lines of the style view.
        last_only: Whether only a character's last turn of a dialogue counts.
        accuracies: The N of accuracy at N.
        seed: Of shuffles and style lines.
    """

    configurations: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict(CONFIGURATIONS))
    style_lines: int = STYLE_LINES
    last_only: bool = False
    accuracies: tuple[int, ...] = ACCURACIES
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.configurations:
            raise UsageError("there is no configuration to compare; give at least one set of views")
        if self.style_lines < 0 or any(n < 1 for n in self.accuracies):
            raise UsageError("style_lines is at least 0 and every N of accuracies at least 1")


@dataclass(frozen=True)
class Scored:
    """A test response and its tokens."""

    example: Example
    tokens: tuple[TokenScore, ...]


@dataclass(frozen=True)
class Cell:
    """One configuration under one shuffle.

    Args:
        configuration: Its name.
        shuffle: Whose profile was shown.
        scored: Every test response; None where the cell does not apply (a model that is not trained here cannot be trained on
            shuffled profiles, and without views there is nothing to shuffle).
    """

    configuration: str
    shuffle: Shuffle
    scored: tuple[Scored, ...] | None

    def log_probabilities(self, wanted: Callable[[str], bool] | None = None) -> list[list[float]]:
        """Of each response's tokens, or of those that are wanted."""
        return [
            [token.log_probability for token in one.tokens if wanted is None or wanted(token.token)]
            for one in self.scored or ()
        ]

    def perplexity(self, wanted: Callable[[str], bool] | None = None) -> Perplexity:
        """Pooled and averaged; of all tokens, or of those that are wanted."""
        return conditional_perplexity(self.log_probabilities(wanted))

    def accuracy(self, n: int) -> float | None:
        """Share of gold tokens among the ``n`` most probable."""
        return accuracy_at([token.rank for one in self.scored or () for token in one.tokens], n)

    def estimate(self, seed: int = 0) -> Estimate:
        """The pooled perplexity with its interval over responses."""
        return perplexity_estimate(self.log_probabilities(), "response", seed)


@dataclass(frozen=True)
class ProdigyResult:
    """All cells of a comparison.

    Args:
        config: What was compared.
        model: Whose likelihoods.
        cells: Configurations in order, each with all three shuffles.
        parts: Dialogues for training, validation and test.
    """

    config: ProdigyConfig
    model: str
    cells: tuple[Cell, ...]
    parts: tuple[int, int, int]

    def cell(self, configuration: str, shuffle: Shuffle = "own") -> Cell:
        """One cell.

        Raises:
            UsageError: There is none of this name.
        """
        for cell in self.cells:
            if (cell.configuration, cell.shuffle) == (configuration, shuffle):
                return cell
        raise UsageError(
            f"no cell '{configuration}', '{shuffle}'; configurations: {', '.join(self.config.configurations)}"
        )

    def rows(self) -> list[dict[str, Any]]:
        """One row a cell, JSON-ready; None is written where a cell does not apply, and where a perplexity is infinite."""
        return [self._row(cell) for cell in self.cells]

    def _row(self, cell: Cell) -> dict[str, Any]:
        found = cell.perplexity()
        return {
            "id": f"{cell.configuration}/{cell.shuffle}",
            "configuration": cell.configuration,
            "views": list(self.config.configurations[cell.configuration]),
            "shuffle": cell.shuffle,
            "model": self.model,
            "perplexity_pooled": None if found.impossible else found.pooled,
            "perplexity_mean": None if found.impossible else found.mean,
            "impossible_tokens": found.impossible,
            **{f"accuracy_at_{n}": cell.accuracy(n) for n in self.config.accuracies},
            "responses": found.responses,
            "tokens": found.tokens,
            "failures": {"empty": found.empty} if found.empty else {},
        }

    def estimates(self) -> dict[str, Estimate]:
        """Perplexity of every cell that applies."""
        applying = [cell for cell in self.cells if cell.scored is not None]
        return {f"Perplexity, {c.configuration}, {c.shuffle}": c.estimate(self.config.seed) for c in applying}

    def section(self) -> dict[str, Any]:
        """The table for the report; both shuffles always stand beside a character's own profile."""
        names = [f"accuracy at {n}" for n in self.config.accuracies]
        rows = []
        for row in self.rows():
            numbers = [row["perplexity_pooled"], row["perplexity_mean"]]
            numbers += [row[f"accuracy_at_{n}"] for n in self.config.accuracies]
            shown = [round(number, 4) if number is not None else "-" for number in numbers]
            rows.append([row["configuration"], row["shuffle"], *shown, row["tokens"]])
        return {
            "kind": "table",
            "title": f"Which view helps: {self.model}",
            "columns": ["views", "profile", "perplexity", "mean of responses", *names, "tokens"],
            "rows": rows,
        }


def compare_views(
    dialogues: Mapping[str, Dialogue],
    targets: Mapping[str, Sequence[str]],
    profiles: Mapping[str, Profile],
    partitions: Partitions,
    model: Trainer | LikelihoodModel = CopyingModel.fit,
    config: ProdigyConfig | None = None,
) -> ProdigyResult:
    """Score the test responses with every configuration and shuffle.

    Args:
        dialogues: By id.
        targets: Dialogue id -> the annotated characters in it.
        profiles: Character id -> profile.
        partitions: Which dialogues are trained on and which are tested.
        model: Something that is trained on examples for each cell (validation dialogues are left alone), or a model as it is,
            which is scored only: then the third shuffle does not apply.
        config: What is compared.

    Raises:
        UsageError: A dialogue of the partitions, or a profile, is missing; or fewer than two profiles, for then nothing can
            be shuffled.
    """
    config = config or ProdigyConfig()
    _check(dialogues, targets, profiles, partitions)
    others = _derangement(sorted({who for people in targets.values() for who in people}), config.seed)
    work = _Work(dialogues, targets, profiles, others, partitions, model, config)
    cells = tuple(work.cell(name, shuffle) for name in config.configurations for shuffle in SHUFFLES)
    return ProdigyResult(config, work.name, cells, partitions.sizes)


def _check(
    dialogues: Mapping[str, Dialogue],
    targets: Mapping[str, Sequence[str]],
    profiles: Mapping[str, Profile],
    partitions: Partitions,
) -> None:
    for id in (*partitions.train, *partitions.test):
        if id not in dialogues or not targets.get(id):
            raise UsageError(f"dialogue {id} of the partitions is not there, or no annotated character speaks in it")
    people = {who for some in targets.values() for who in some}
    missing = sorted(people - profiles.keys())
    if missing or len(people) < 2:
        raise UsageError(
            f"character {missing[0]} has no profile" if missing else "two characters are needed to shuffle profiles"
        )


def _derangement(ids: Sequence[str], seed: int) -> dict[str, str]:
    """Everybody gets another's profile: the next one in a random ring."""
    ring = list(ids)
    random.Random(f"{seed}|shuffle").shuffle(ring)
    return {who: ring[(k + 1) % len(ring)] for k, who in enumerate(ring)}


@dataclass
class _Work:
    """What all cells of one comparison share."""

    dialogues: Mapping[str, Dialogue]
    targets: Mapping[str, Sequence[str]]
    profiles: Mapping[str, Profile]
    others: Mapping[str, str]
    partitions: Partitions
    model: Trainer | LikelihoodModel
    config: ProdigyConfig
    name: str = ""
    trained: dict[tuple[str, bool], LikelihoodModel] = field(default_factory=dict)

    def cell(self, configuration: str, shuffle: Shuffle) -> Cell:
        views = self.config.configurations[configuration]
        if shuffle != "own" and not views:
            return Cell(configuration, shuffle, None)
        in_training = shuffle == "shuffled in training and test"
        model = self._model(configuration, in_training)
        if model is None:
            return Cell(configuration, shuffle, None)
        self.name = model.name
        examples = self._examples(self.partitions.test, views, shuffle != "own")
        scored = (Scored(one, tuple(model.score(one.prompt, one.response))) for one in examples)
        return Cell(configuration, shuffle, tuple(scored))

    def _model(self, configuration: str, shuffled: bool) -> LikelihoodModel | None:
        if isinstance(self.model, LikelihoodModel) and not isinstance(self.model, type):  # a class is a trainer
            return None if shuffled else self.model
        key = configuration, shuffled
        if key not in self.trained:
            views = self.config.configurations[configuration]
            self.trained[key] = self.model(self._examples(self.partitions.train, views, shuffled))
        return self.trained[key]

    def _examples(self, ids: Sequence[str], views: Sequence[str], shuffled: bool) -> list[Example]:
        places = [(id, who) for id in ids for who in self.targets[id]]
        return [one for id, who in places for one in self._of(self.dialogues[id], who, views, shuffled)]

    def _of(self, dialogue: Dialogue, who: str, views: Sequence[str], shuffled: bool) -> list[Example]:
        shown = self.profiles[self.others[who] if shuffled else who]
        config = self.config
        return examples_of(
            dialogue, who, shown, views, seed=config.seed, lines=config.style_lines, last_only=config.last_only
        )


# --- a made-up world with a known truth ---

CITIES = (
    "arvik", "bellmar", "corran", "dunholm", "eastry", "falkov", "gravena", "hartsea", "istrel", "jorvale",
    "kelmora", "lindal", "morvane", "norwick", "ostara", "pellin", "quarrel", "rostow", "sundby", "tarnow",
)  # fmt: skip
_TALK = (
    ("where do you live ?", "i live in {city} ."),
    ("how are you today ?", "i am very well , thank you ."),
    ("what is the time ?", "it is half past nine ."),
    ("shall we go now ?", "yes , let us take the old road ."),
)


def known_world(characters: int, seed: int) -> tuple[dict[str, Dialogue], dict[str, tuple[str]], dict[str, Profile]]:
    """Characters who differ in their city alone, which their biography names and one of their replies tells.

    Returns:
        Dialogues (one a character and question), their targets, and profiles. Source: prodigy page, "Works when" 5.
    """
    rng = random.Random(f"{seed}|known world")
    dialogues: dict[str, Dialogue] = {}
    targets: dict[str, tuple[str]] = {}
    profiles: dict[str, Profile] = {}
    for number in range(characters):
        who, city = f"u{number}", rng.choice(CITIES)
        for k, (question, reply) in enumerate(_TALK):
            id = f"c{len(_TALK) * number + k}"
            dialogues[id] = Dialogue(id, [Utterance("guest", question), Utterance(who, reply.format(city=city))])
            targets[id] = (who,)
        biography = ("I get up early .", f"I live in {city} .", "I have an old boat .")
        lines = tuple((talk.id, talk[1].text) for talk in list(dialogues.values())[-len(_TALK) :])
        profiles[who] = Profile(who, "female", "introvert, sensor, thinker, judger", biography, lines)
    return dialogues, targets, profiles


def compare_in_known_world(characters: int = 60, protocol: Protocol = "inter", seed: int = 0) -> ProdigyResult:
    """The comparison where the truth is known: only the biography (and, intra, nothing else) tells the city."""
    dialogues, targets, profiles = known_world(characters, seed)
    partitions = make_partitions(targets, protocol, shares=(0.0, 0.2), seed=seed)
    return compare_views(dialogues, targets, profiles, partitions, config=ProdigyConfig(seed=seed))


async def _example(model: object, seed: int) -> Sequence[Row]:
    """No chat model is asked: the comparison trains its own small one."""
    return compare_in_known_world(seed=seed).rows()


CONTRACT = Contract(example=_example)
