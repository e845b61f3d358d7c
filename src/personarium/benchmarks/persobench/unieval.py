"""UniEval for dialogue: five yes/no questions to a trained encoder-decoder (extra ``hf``), and an embedding stand-in.

Source: Zhong et al. (2022), "UniEval", arXiv 2210.07197 (MIT; the questions are those that its model was trained with); page persobench, step 5.
Differs: the repository's own copy steps through its inputs by one while it scores eight at a time, and reads the first n of the 8n scores
(``unieval-windows``): of 200 replies only the first 32 are ever scored, row 8 gets the score of reply 1, and so on. Its failed rows are put
behind the valid ones of their batch (``unieval-order``). :func:`published_order` gives both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

from personarium.core.errors import NotFound, UsageError
from personarium.core.sentences import sentence_spans
from personarium.text.embed import Embedder

DEFAULT_MODEL = "MingZhong/unieval-dialog"
DIMENSIONS = ("naturalness", "coherence", "engagingness", "groundedness", "understandability")
MAX_LENGTH, BATCH = 1024, 8
PUBLISHED_BATCH = 200  # rows evaluated in one go by the published code
WINDOWS_ERRATUM, ORDER_ERRATUM = "unieval-windows", "unieval-order"
V = TypeVar("V")

_QUESTIONS: Mapping[str, str] = {
    "naturalness": "question: Is this a natural response in the dialogue? </s> response: {reply}",
    "coherence": "question: Is this a coherent response given the dialogue history? </s> response: {reply} "
    "</s> dialogue history: {context}",
    "engagingness": "question: Is this an engaging and informative response according to the dialogue history and fact? "
    "</s> response: {reply} </s> dialogue history: {context} </s> fact: {fact}",
    "groundedness": "question: Is this response consistent with knowledge in the fact? </s> response: {reply} "
    "</s> fact: {fact}",
    "understandability": "question: Is this an understandable response in the dialogue? </s> response: {reply}",
}


class UniEvalInput(NamedTuple):
    """One reply with what it is judged by."""

    reply: str
    context: str
    fact: str


@runtime_checkable
class DialogueScorer(Protocol):
    """Scores replies on named dimensions."""

    @property
    def name(self) -> str: ...

    def score(self, inputs: Sequence[UniEvalInput]) -> list[dict[str, float]]:
        """Dimension -> score, one mapping a reply."""
        ...


def question(dimension: str, one: UniEvalInput) -> str:
    """The input of the model for one dimension; texts are put in whole, braces in them mean nothing."""
    text = _QUESTIONS[dimension]
    for name, value in zip(("{reply}", "{context}", "{fact}"), one, strict=True):
        head, mark, tail = text.partition(name)
        text = f"{head}{_marked(value)}{tail}" if mark else text
    return text.replace(_OPEN, "{")


_OPEN = "\x00"


def _marked(value: str) -> str:
    """A text whose braces cannot be taken for a place to be filled."""
    return value.replace(_OPEN, "").replace("{", _OPEN)


class UniEval:
    """The trained evaluator.

    Args:
        model: A Hugging Face id or a local folder.
        device: ``cpu``, ``cuda``, ...

    Raises:
        UsageError: The extra is not installed.
        NotFound: There is no such model.
    """

    def __init__(self, model: str = DEFAULT_MODEL, *, device: str = "cpu") -> None:
        try:
            import torch
            import transformers
        except ImportError as error:
            raise UsageError("UniEval needs transformers and torch; run pip install 'personarium[hf]'") from error
        try:
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(model)
            self._model: Any = transformers.AutoModelForSeq2SeqLM.from_pretrained(model).to(device).eval()
        except (OSError, ValueError) as error:
            raise NotFound(f"no UniEval model '{model}' could be loaded: {error}") from error
        self._torch, self._device = torch, device
        self._yes, self._no = (int(self._tokenizer(word)["input_ids"][0]) for word in ("Yes", "No"))
        self.name = f"unieval/{model}"

    def score(self, inputs: Sequence[UniEvalInput]) -> list[dict[str, float]]:
        """The five dimensions and their mean, ``overall``; engagingness is the sum over a reply's sentences."""
        found: list[dict[str, float]] = [{} for _ in inputs]
        for dimension in DIMENSIONS:
            parts = [_parts(one, dimension) for one in inputs]
            flat = iter(self.yes_shares([question(dimension, part) for row in parts for part in row]))
            for row, scores in zip(parts, found, strict=True):
                scores[dimension] = sum(next(flat) for _ in row)
        for scores in found:
            scores["overall"] = sum(scores.values()) / len(DIMENSIONS)
        return found

    def yes_shares(self, questions: Sequence[str]) -> list[float]:
        """P(Yes) / (P(Yes) + P(No)) of the first word of the answer, one a question."""
        found: list[float] = []
        for start in range(0, len(questions), BATCH):
            cut = self._tokenizer(
                list(questions[start : start + BATCH]),
                padding=True,
                truncation=True,
                max_length=MAX_LENGTH,
                return_tensors="pt",
            ).to(self._device)
            rows = cut["input_ids"].shape[0]
            begin = self._torch.full((rows, 1), self._model.config.decoder_start_token_id, device=self._device)
            with self._torch.no_grad():
                logits = self._model(
                    input_ids=cut["input_ids"], attention_mask=cut["attention_mask"], decoder_input_ids=begin
                ).logits[:, 0]
            two = self._torch.softmax(logits[:, [self._yes, self._no]].double(), dim=-1)
            found.extend(two[:, 0].tolist())
        return found


def _parts(one: UniEvalInput, dimension: str) -> list[UniEvalInput]:
    if dimension != "engagingness":
        return [one]
    return [one._replace(reply=one.reply[a:b]) for a, b in sentence_spans(one.reply)] or [one]


class EmbeddingStandIn:
    """A STAND-IN for UniEval's coherence and groundedness: cosines with the context and with the persona.

    It sees only topics; its figures are not comparable with UniEval's, and the other dimensions have none.

    Args:
        embedder: Makes the vectors.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    @property
    def name(self) -> str:
        """Says that it is a stand-in."""
        return f"stand-in for UniEval, cosine: {self._embedder.name}"

    def score(self, inputs: Sequence[UniEvalInput]) -> list[dict[str, float]]:
        """``coherence`` and ``groundedness``, at least 0."""
        import numpy as np

        replies, contexts, facts = (self._embedder.embed([one[k] for one in inputs]) for k in range(3))
        near = [np.clip(np.einsum("kd,kd->k", replies, other), 0.0, 1.0) for other in (contexts, facts)]
        return [{"coherence": float(a), "groundedness": float(b)} for a, b in zip(*near, strict=True)]


def published_order(
    values: Sequence[V | None], worst: V, faults: Collection[str], batch: int = PUBLISHED_BATCH
) -> list[V | None]:
    """Where the published code puts the values: one a row, None for a failed row, in batches.

    Args:
        values: The right values by row.
        worst: What stands for a failed row that is moved.
        faults: ``unieval-windows``, ``unieval-order``, both or none.
        batch: Rows evaluated in one go.
    """
    found: list[V | None] = []
    for start in range(0, len(values), batch):
        rows = values[start : start + batch]
        valid = [value for value in rows if value is not None]
        if WINDOWS_ERRATUM in faults:
            windows = (valid[begin : begin + BATCH] for begin in range(len(valid)))
            valid = list(islice(chain.from_iterable(windows), len(valid)))
        if ORDER_ERRATUM in faults:
            found.extend([*valid, *[worst] * (len(rows) - len(valid))])
        else:
            rest = iter(valid)
            found.extend(None if value is None else next(rest) for value in rows)
    return found
