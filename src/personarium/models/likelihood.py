"""How likely a model holds a given response: log-probability and rank of each gold token under teacher forcing.

Chat endpoints give probabilities of what they say themselves; a likelihood needs those of a text that is given. Models in this
process have them (extra ``hf``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from personarium.core.errors import NotFound, UsageError, shorten


@dataclass(frozen=True, slots=True)
class TokenScore:
    """One gold token of a response.

    Args:
        token: As the model cuts it.
        log_probability: Natural logarithm, ``-inf`` for a token that the model holds impossible.
        rank: 1 + number of tokens with a higher probability.
    """

    token: str
    log_probability: float
    rank: int


@runtime_checkable
class LikelihoodModel(Protocol):
    """Anything that scores a response given its prompt."""

    @property
    def name(self) -> str: ...

    def score(self, prompt: str, response: str) -> list[TokenScore]:
        """The tokens of the response alone, each given the prompt and the gold tokens before it."""
        ...


class HFLikelihood:
    """A transformers model, causal or encoder-decoder, as a likelihood model.

    The prompt is cut from the left where it does not fit; the end-of-text token is not scored.

    Args:
        model: A Hugging Face id or a local folder.
        device: ``cpu``, ``cuda``, ``mps``; None takes the first accelerator there is.

    Raises:
        UsageError: The extra ``hf`` is not installed.
        NotFound: There is no such model.
    """

    def __init__(self, model: str, *, device: str | None = None) -> None:
        try:
            import torch
            import transformers
        except ImportError as error:
            raise UsageError(
                f"likelihoods of {model} need the extra 'hf' ({error.name} is not installed): pip install 'personarium[hf]'"
            ) from None
        self.name = f"hf/{model}"
        self._torch: Any = torch
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        try:
            config = transformers.AutoConfig.from_pretrained(model)
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(model)
            kind: Any = (
                transformers.AutoModelForSeq2SeqLM if config.is_encoder_decoder else transformers.AutoModelForCausalLM
            )
            self._network: Any = kind.from_pretrained(model).to(self._device).eval()
        except (OSError, ValueError) as error:
            first = shorten(str(error).strip().split("\n")[0], 200)
            raise NotFound(f"hf/{model}: the model cannot be loaded by transformers: {first}") from None

    def score(self, prompt: str, response: str) -> list[TokenScore]:
        """The response's tokens; prompt tokens are context only.

        Raises:
            UsageError: The response alone is longer than the model reads.
        """
        gold = self._ids(response)
        if not gold:
            return []
        encoder = bool(self._network.config.is_encoder_decoder)
        with self._torch.inference_mode():
            logits = self._decoded(prompt, gold) if encoder else self._continued(prompt, gold)
            values = self._torch.log_softmax(logits.float(), dim=-1)
        taken = values[range(len(gold)), gold]
        ranks = (values > taken[:, None]).sum(dim=-1) + 1
        return [
            TokenScore(self._tokenizer.decode([token]), float(value), int(rank))
            for token, value, rank in zip(gold, taken.tolist(), ranks.tolist(), strict=True)
        ]

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _continued(self, prompt: str, gold: list[int]) -> Any:
        """Logits of a causal model at the places of the gold tokens."""
        start = self._tokenizer.bos_token_id
        before = self._ids(prompt) or [self._first(start)]
        room = self._room(len(gold))
        before = before[max(0, len(before) - room) :]
        ids = self._torch.tensor([before + gold], device=self._device)
        return self._network(input_ids=ids).logits[0, len(before) - 1 : -1]

    def _first(self, start: int | None) -> int:
        """What an empty prompt begins with: some token must stand before the first gold one."""
        found = start if start is not None else self._tokenizer.eos_token_id
        if found is None:
            raise UsageError(f"{self.name} has neither a start nor an end token: give a prompt that is not empty")
        return int(found)

    def _decoded(self, prompt: str, gold: list[int]) -> Any:
        """Logits of an encoder-decoder model: the prompt goes to the encoder."""
        ids = self._tokenizer(prompt, truncation=True, return_tensors="pt")["input_ids"].to(self._device)
        labels = self._torch.tensor([gold], device=self._device)
        return self._network(input_ids=ids, labels=labels).logits[0]

    def _room(self, gold: int) -> int:
        longest: int | None = getattr(self._network.config, "max_position_embeddings", None)
        if longest is None:
            return 2**31
        if gold >= longest:
            raise UsageError(f"{self.name} reads at most {longest:,} tokens, and the response alone has {gold:,}")
        return longest - gold
