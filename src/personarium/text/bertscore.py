"""BERTScore: how well each token of one text finds a like token in the other, by a transformer's vectors (extra ``hf``).

Source: Zhang et al. (2020), "BERTScore", arXiv 1904.09675: greedy matching by cosine, begin and end marks left out, no idf weights, no
rescaling; the layers that its package takes for English models. Pages perseval (step 7) and persobench (step 5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import NotFound, UsageError

Array: TypeAlias = NDArray[np.float64]

DEFAULT_MODEL = "roberta-large"
LAYERS: Mapping[str, int] = {"roberta-large": 17, "distilbert-base-uncased": 5, "bert-base-uncased": 9}
MAX_TOKENS = 512
BATCH = 32


@dataclass(frozen=True, slots=True)
class BertScores:
    """One number for each pair."""

    precision: Array
    recall: Array
    f1: Array


class BertScorer:
    """A transformer as BERTScore's reader of tokens.

    Args:
        model: A Hugging Face id or a local folder.
        layer: Whose hidden states are compared; None takes the package's choice for known models, else the last.
        device: ``cpu``, ``cuda``, ...

    Raises:
        UsageError: The extra ``hf`` is not installed.
        NotFound: There is no such model.
    """

    def __init__(self, model: str = DEFAULT_MODEL, *, layer: int | None = None, device: str = "cpu") -> None:
        try:
            import torch
            import transformers
        except ImportError as error:
            raise UsageError("BERTScore needs transformers and torch; run pip install 'personarium[hf]'") from error
        try:
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(model)
            self._model: Any = transformers.AutoModel.from_pretrained(model).to(device).eval()
        except (OSError, ValueError) as error:
            raise NotFound(f"no model '{model}' could be loaded for BERTScore: {error}") from error
        self._torch = torch
        self._device = device
        self.layer = LAYERS.get(model) if layer is None else layer
        self.name = f"bertscore/{model}" + ("" if self.layer is None else f"@{self.layer}")

    def score(self, replies: Sequence[str], references: Sequence[str]) -> BertScores:
        """Each reply against its reference; 0 where one of the two has no token."""
        texts = list(dict.fromkeys([*replies, *references]))
        vectors = dict(zip(texts, self._vectors(texts), strict=True))
        rows = [
            greedy_match(vectors[reply], vectors[reference])
            for reply, reference in zip(replies, references, strict=True)
        ]
        table = np.array(rows, np.float64).reshape(-1, 3)
        return BertScores(table[:, 0], table[:, 1], table[:, 2])

    def _vectors(self, texts: Sequence[str]) -> list[Array]:
        found: list[Array] = []
        limit = min(MAX_TOKENS, int(self._tokenizer.model_max_length))
        for start in range(0, len(texts), BATCH):
            cut = self._tokenizer(
                list(texts[start : start + BATCH]),
                padding=True,
                truncation=True,
                max_length=limit,
                return_tensors="pt",
                return_special_tokens_mask=True,
            )
            special = cut.pop("special_tokens_mask").bool()
            with self._torch.no_grad():
                states = self._model(**cut.to(self._device), output_hidden_states=True).hidden_states
            layer = states[-1 if self.layer is None else self.layer]
            kept = cut["attention_mask"].bool().cpu() & ~special
            found.extend(layer[k][kept[k]].double().cpu().numpy() for k in range(len(kept)))
        return found


def greedy_match(reply: Array, reference: Array) -> tuple[float, float, float]:
    """Precision, recall and F1 of two texts' token vectors, (tokens, dimensions) each."""
    if not len(reply) or not len(reference):
        return 0.0, 0.0, 0.0
    a, b = (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12) for x in (reply, reference))
    cosine = a @ b.T
    precision, recall = float(cosine.max(axis=1).mean()), float(cosine.max(axis=0).mean())
    total = precision + recall
    return precision, recall, 2 * precision * recall / total if total > 0 else 0.0


class BertScoreDistance:
    """1 - BERTScore F1 as a distance of texts.

    Args:
        model: A Hugging Face id or a local folder; "" is the default English model.
        layer: As for :class:`BertScorer`.
    """

    symmetric = True  # precision and recall change places, F1 stays

    def __init__(self, model: str = "", *, layer: int | None = None) -> None:
        self._scorer = BertScorer(model or DEFAULT_MODEL, layer=layer)

    @property
    def name(self) -> str:
        """The scorer's name."""
        return self._scorer.name

    def between(self, texts: Sequence[str], left: NDArray[np.int64], right: NDArray[np.int64]) -> Array:
        """See :class:`personarium.text.text_distances.TextDistance`."""
        found = self._scorer.score([texts[i] for i in left], [texts[j] for j in right]).f1
        return np.where(left == right, 0.0, np.clip(1.0 - found, 0.0, 1.0))
