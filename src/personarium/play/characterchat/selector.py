"""A trained aspect selector: how well does an aspect's text go with the talk so far?

Source: characterchat page, step 11.
Differs: a logistic regression over embeddings and shared words in BERT's place (no torch); positives and negatives weigh the
same, as unused aspects outnumber the used one about nine to one; the last utterance is also seen by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from personarium.core.dialogue import Dialogue
from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.core.tokens import CHARS_PER_TOKEN, estimate_tokens
from personarium.play.characterchat.aspects import Choice
from personarium.play.characterchat.characters import Character, Role
from personarium.play.characterchat.result import SupportDialogue
from personarium.text.embed import Embedder, StaticEmbedder
from personarium.text.similarity import content_stems

Array = NDArray[np.float64]
TOKENS = 512  # of history and aspect together
STRENGTH = 1.0  # inverse of the penalty


@dataclass(frozen=True, slots=True)
class Example:
    """One training row: the talk so far (a line an utterance), an aspect's text, and whether it was used."""

    history: str
    info: str
    used: bool


@dataclass(frozen=True)
class AspectSelector:
    """Scores (history, aspect) pairs; above 0 the aspect is worth using. A chooser for the dialogues.

    Args:
        weights: Of the features (see :func:`features`).
        bias: Constant.
        embedder: Of history and aspects.
    """

    weights: Array
    bias: float
    embedder: Embedder = field(default_factory=StaticEmbedder)

    @classmethod
    def fit(
        cls, examples: Sequence[Example], embedder: Embedder | None = None, strength: float = STRENGTH
    ) -> AspectSelector:
        """Fit to examples.

        Raises:
            InvalidInput: There are not both used and unused aspects.
        """
        from sklearn.linear_model import LogisticRegression

        embedder = embedder or StaticEmbedder()
        labels = [example.used for example in examples]
        if len(set(labels)) < 2:
            raise InvalidInput("aspect selector", "examples of used and of unused aspects", len(examples), "label")
        rows = features([(e.history, e.info) for e in examples], embedder)
        model = LogisticRegression(C=strength, class_weight="balanced", max_iter=1000).fit(rows, labels)
        return cls(np.asarray(model.coef_[0], np.float64), float(model.intercept_[0]), embedder)

    def scores(self, history: str, aspects: Mapping[str, str]) -> dict[str, float]:
        """Log-odds of each aspect."""
        if not aspects:
            return {}
        rows = features([(history, text) for text in aspects.values()], self.embedder)
        return dict(zip(aspects, (rows @ self.weights + self.bias).tolist(), strict=True))

    def select(self, history: str, aspects: Mapping[str, str]) -> str | None:
        """The best aspect, if its score is above 0."""
        return best_of(self.scores(history, aspects))

    async def choose(
        self, dialogue: Dialogue, speaker: str, offered: Mapping[str, str], *, seed: int | None = 0, sample: int = 0
    ) -> Choice:
        """For :func:`~personarium.play.characterchat.play_support_dialogues`; nothing is drawn by chance."""
        return Choice(self.select(dialogue.concat(), offered))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; the embedder goes in by its name."""
        return {"weights": self.weights.tolist(), "bias": self.bias, "embedder": self.embedder.name}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], embedder: Embedder | None = None) -> AspectSelector:
        """The inverse of :meth:`to_dict`.

        Raises:
            InvalidInput: It was fitted with another embedder.
        """
        embedder = embedder or StaticEmbedder()
        if data.get("embedder") != embedder.name:
            raise InvalidInput(
                "aspect selector", f"a model fitted with {embedder.name}", data.get("embedder"), "embedder"
            )
        return cls(np.asarray(data["weights"], np.float64), float(data["bias"]), embedder)


def best_of(scores: Mapping[str, float]) -> str | None:
    """The name with the highest score, if that is above 0; the first of equal ones."""
    best = max(scores, key=lambda name: scores[name], default=None)
    return best if best is not None and scores[best] > 0 else None


def choice_accuracy(
    selector: AspectSelector, turns: Sequence[tuple[str, Mapping[str, str], str]], constant: str = "hobby"
) -> dict[str, Estimate]:
    """How often the best aspect is the right one, beside a chooser that always says the same.

    Args:
        selector: The one that is tried.
        turns: History, the aspects on offer, and the one that is right, of turns it was not fitted to.
        constant: What the baseline says.
    """
    from personarium.stats.intervals import wilson

    right = sum(selector.select(history, aspects) == wanted for history, aspects, wanted in turns)
    same = sum(wanted == constant for _, _, wanted in turns)
    return {"selector": wilson(right, len(turns), "turn"), f"always {constant}": wilson(same, len(turns), "turn")}


def features(pairs: Sequence[tuple[str, str]], embedder: Embedder) -> Array:
    """One row for each (history, aspect): shared words and cosines, with the whole talk and with its last utterance, and
    the product of the embeddings of talk and aspect.
    """
    histories = [_cut(history, info) for history, info in pairs]
    lasts = [history.rstrip().rpartition("\n")[2] for history in histories]
    infos = [info for _, info in pairs]
    whole, last, aspect = (_embedded(embedder, texts) for texts in (histories, lasts, infos))
    shared = [[_shared(h, i), _shared(t, i)] for h, t, i in zip(histories, lasts, infos, strict=True)]
    cosines = np.column_stack([(whole * aspect).sum(axis=1), (last * aspect).sum(axis=1)])
    return cast(Array, np.hstack([np.array(shared, np.float64), cosines, whole * aspect]))


def _cut(history: str, info: str) -> str:
    """The end of the history, so that both fit into 512 tokens."""
    left = max(0, TOKENS - estimate_tokens(info)) * CHARS_PER_TOKEN
    return history[-left:] if left else ""


def _shared(talk: str, info: str) -> float:
    """How many content words of the talk the aspect has, on a scale that flattens."""
    return float(np.log1p(len(set(content_stems(talk)) & set(content_stems(info)))))


def _embedded(embedder: Embedder, texts: Sequence[str]) -> Array:
    different = list(dict.fromkeys(texts))
    place = {text: k for k, text in enumerate(different)}
    return np.asarray(embedder.embed(different), np.float64)[[place[text] for text in texts]]


def selector_examples(dialogues: Iterable[SupportDialogue], characters: Mapping[int, Character]) -> list[Example]:
    """Training rows of played dialogues: the aspect that a turn used, and those that it might have used instead."""
    found: list[Example] = []
    for talk in dialogues:
        lines: list[str] = []
        for turn in talk.turns:
            role: Role = "seeker" if turn.speaker == "seeker" else "supporter"
            choosable = characters[talk.seeker if role == "seeker" else talk.supporter].choosable(role)
            if turn.aspect in choosable and lines:
                history = "\n".join(lines)
                found += [Example(history, text, name == turn.aspect) for name, text in choosable.items()]
            lines.append(f"{turn.speaker}: {' '.join(turn.utterance.split())}")
    return found
