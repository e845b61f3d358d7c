"""Does a persona, or the reference, entail a reply: the protocol, trained classifiers (extra ``hf``), estimators of the house as stand-ins.

Source: page persobench, step 5 and "Works when" 4 (arXiv 2410.03198).
Differs: proper sentence pairs, premise first; the code sends one string (``c-score-one-string``: reply and persona in the wrong order
with a blank between; ``ue-one-string``: a literal separator token between).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from personarium.benchmarks.persobench.data_format import sentences_of
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.judges.entailment import EntailmentEstimator, HeadEstimator

Label = Literal["entail", "neutral", "contradict"]
DNLI_LABELS: Mapping[int, Label] = {0: "contradict", 1: "neutral", 2: "entail"}  # negative, neutral, positive
SNLI_LABELS: Mapping[int, Label] = {0: "entail", 1: "neutral", 2: "contradict"}
DNLI_LENGTH, SNLI_LENGTH = 210, 128  # tokens, as trained
BATCH = 32
C_ERRATUM, UE_ERRATUM = "c-score-one-string", "ue-one-string"


class NliInput(NamedTuple):
    """What an NLI model gets: two texts, or one string alone where ``hypothesis`` is None (only as published)."""

    premise: str
    hypothesis: str | None


@runtime_checkable
class NliModel(Protocol):
    """Anything that labels pairs; None stands where no label could be had, never "neutral".

    ``single_strings`` says whether it can label one string alone, as the published code sends it.
    """

    @property
    def name(self) -> str: ...

    @property
    def single_strings(self) -> bool: ...

    async def label(self, inputs: Sequence[NliInput]) -> list[Label | None]:
        """One label for each input."""
        ...


def c_input(persona: str, reply: str, faults: Collection[str] = ()) -> NliInput:
    """What is asked for the C score and for P consistency."""
    return NliInput(f"{reply} {persona}", None) if C_ERRATUM in faults else NliInput(persona, reply)


def ue_inputs(persona: str, reference: str, reply: str, faults: Collection[str] = ()) -> tuple[NliInput, NliInput]:
    """What is asked for the UE score: from the persona, and from the reference."""
    if UE_ERRATUM in faults:
        return NliInput(f"{persona} [SEP] {reply}", None), NliInput(f"{reference} [SEP] {reply}", None)
    return NliInput(persona, reply), NliInput(reference, reply)


def c_score(label: Label) -> float:
    """1 where the persona entails the reply, 0 where neutral, -1 where it contradicts."""
    return {"entail": 1.0, "neutral": 0.0, "contradict": -1.0}[label]


def p_consistency(label: Label) -> float:
    """1 unless the persona contradicts the reply."""
    return float(label != "contradict")


def ue_score(from_persona: Label, from_reference: Label) -> float:
    """2 where both entail the reply, 1 where only the persona does, else 0."""
    if from_persona != "entail":
        return 0.0
    return 2.0 if from_reference == "entail" else 1.0


class ClassifierNli:
    """A sequence classifier trained on DNLI or SNLI (extra ``hf``).

    Args:
        model: A Hugging Face id or a local folder.
        labels: Class number -> label: ``DNLI_LABELS`` or ``SNLI_LABELS``; they order their classes differently.
        max_length: Tokens of a pair.
        device: ``cpu``, ``cuda``, ...

    Raises:
        UsageError: The extra is not installed.
        NotFound: There is no such model.
        InvalidInput: It does not have as many classes as there are labels.
    """

    single_strings = True

    def __init__(
        self, model: str, labels: Mapping[int, Label], *, max_length: int = DNLI_LENGTH, device: str = "cpu"
    ) -> None:
        try:
            import torch
            import transformers
        except ImportError as error:
            raise UsageError(
                "an NLI classifier needs transformers and torch; run pip install 'personarium[hf]'"
            ) from error
        try:
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(model)
            self._model: Any = transformers.AutoModelForSequenceClassification.from_pretrained(model)
        except (OSError, ValueError) as error:
            raise NotFound(f"no NLI classifier '{model}' could be loaded: {error}") from error
        if int(self._model.config.num_labels) != len(labels):
            raise InvalidInput(f"NLI classifier {model}", f"{len(labels)} classes", self._model.config.num_labels)
        self._model = self._model.to(device).eval()
        self._torch, self._labels, self._max_length, self._device = torch, labels, max_length, device
        self.name = f"nli/{model}"

    async def label(self, inputs: Sequence[NliInput]) -> list[Label | None]:
        """The most likely class of each input."""
        found: list[Label | None] = []
        for start in range(0, len(inputs), BATCH):
            found.extend(self._labels[number] for number in self._classes(inputs[start : start + BATCH]))
        return found

    def _classes(self, inputs: Sequence[NliInput]) -> list[int]:
        numbers = dict.fromkeys(range(len(inputs)), 0)
        for single in (True, False):  # a tokenizer takes pairs or single texts in one call, not both
            places = [k for k, one in enumerate(inputs) if (one.hypothesis is None) == single]
            if places:
                texts = [[inputs[k].premise for k in places]]
                texts += [] if single else [[str(inputs[k].hypothesis) for k in places]]
                numbers.update(zip(places, self._argmax(texts), strict=True))
        return list(numbers.values())

    def _argmax(self, texts: Sequence[list[str]]) -> list[int]:
        cut = self._tokenizer(*texts, padding=True, truncation=True, max_length=self._max_length, return_tensors="pt")
        with self._torch.no_grad():
            found: list[int] = self._model(**cut.to(self._device)).logits.argmax(dim=-1).tolist()
        return found


class StatementNli:
    """A STAND-IN: an estimator of the house looks what a reply does to each sentence of the premise.

    Contradicted where any sentence is, else entailed where any is, else neutral. It runs from reply to persona sentence, the other
    way round than a trained classifier, and judges sentence by sentence: a reply that carries one fact entails.

    Args:
        estimator: The embedded head (no model call; the default), a chat model as judge, or a rule oracle.
    """

    single_strings = False

    def __init__(self, estimator: EntailmentEstimator | None = None) -> None:
        self._estimator: EntailmentEstimator = HeadEstimator() if estimator is None else estimator
        self.name = f"stand-in for NLI, sentence by sentence: {self._estimator.name}"

    async def label(self, inputs: Sequence[NliInput]) -> list[Label | None]:
        """One label for each pair."""
        return list(await asyncio.gather(*map(self._one, inputs)))

    async def _one(self, one: NliInput) -> Label | None:
        triples = await self._estimator.entailment(sentences_of(one.premise), "", one.hypothesis or "")
        labels = {None if triple is None else triple.label for triple in triples}
        if "contradicted" in labels:
            return "contradict"
        if None in labels:
            return None
        return "entail" if "entailed" in labels else "neutral"
