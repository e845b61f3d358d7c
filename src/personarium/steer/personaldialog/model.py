"""The reference model, small enough for a CPU: trait encoder, fusion, GRU encoder and decoder, persona-aware attention or bias.

Needs torch (extra ``hf``); it is imported when a model is made.

Source: personaldialog page, steps 2 to 7 (the paper's own settings are not available; defaults are those of the third-party
code, marked T on the page).
Differs: word embeddings are learnt (the third-party code takes fixed word2vec); :data:`TINY` holds the settings of the CPU-sized
model of "Works when" 4.
Units: alpha in [0, 1]: 1 ignores the persona bias.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from personarium.core.errors import InvalidInput, UsageError
from personarium.steer.personaldialog.arithmetic import Fusion
from personarium.steer.personaldialog.examples import Example, TraitValues, TraitVocabulary

Tensor: TypeAlias = Any  # a torch.Tensor; torch is optional, and so are its types
Variant = Literal["bias", "attention"]
PAD, BEGIN, END, UNKNOWN = "<pad>", "<begin>", "<end>", "<unknown>"
SPECIAL = (PAD, BEGIN, END, UNKNOWN)


@dataclass(frozen=True)
class ModelConfig:
    """Sizes and training.

    Args:
        variant: ``bias`` (PAB, the best of the paper) or ``attention`` (PAA).
        fusion: How traits become one vector: ``attention``, ``average`` or ``concatenation``.
        embedding: Size of word and trait embeddings (T: 100).
        hidden: Size of encoder and decoder states (T: 200).
        layers: Of encoder and decoder (T: 4).
        attention: Size of the attention's inner layer (T: 16).
        vocabulary: Most words (T: 40,000).
        batch: Examples a step (T: 80).
        passes: Over the corpus (T: 10).
        clip: Largest norm of a gradient (T: 1).
        teacher_forcing: Share of steps that see the true word before and not the model's own (T: 0.5).
        learning_rate: Of Adam (T: 0.5, which does not train).
        longest: Most words of a reply when decoding.
        seed: Of weights, order and teacher forcing (T: 42).
        threads: Of torch while it trains and replies: 1, which is fastest for small models and repeats bit for bit.
        persona_in_input: Whether the persona vector is part of the decoder's input (T: yes). An easy trait can then be said
            with alpha near 1; without it the bias is the only way in which the persona can speak.
    """

    variant: Variant = "bias"
    fusion: Fusion = "attention"
    embedding: int = 100
    hidden: int = 200
    layers: int = 4
    attention: int = 16
    vocabulary: int = 40_000
    batch: int = 80
    passes: int = 10
    clip: float = 1.0
    teacher_forcing: float = 0.5
    learning_rate: float = 0.5
    longest: int = 30
    seed: int = 42
    threads: int = 1
    persona_in_input: bool = True

    def __post_init__(self) -> None:
        sizes = (
            self.embedding,
            self.hidden,
            self.layers,
            self.attention,
            self.batch,
            self.passes,
            self.longest,
            self.threads,
        )
        if min(sizes) < 1 or self.vocabulary <= len(SPECIAL):
            raise UsageError(
                "sizes, batch, passes, longest and threads are at least 1, the vocabulary has room for words"
            )
        if not 0 <= self.teacher_forcing <= 1 or self.learning_rate <= 0 or self.clip <= 0:
            raise UsageError("teacher_forcing lies in [0, 1], learning_rate and clip are above 0")


# Trains in under a minute on one quiet core. The persona is not in its decoder's input: with it, the answers are as true, but
# whether the gate opens on the city hangs on the seed (seeds 42, 1, 7: alpha lower than elsewhere by 0.96, 0.89, 0.14).
TINY = ModelConfig(
    embedding=24,
    hidden=48,
    layers=1,
    batch=160,
    passes=8,
    teacher_forcing=1.0,
    learning_rate=5e-3,
    longest=12,
    vocabulary=1_000,
    persona_in_input=False,
)


@dataclass(frozen=True, slots=True)
class Reply:
    """A decoded reply.

    Args:
        text: Its words.
        alphas: The gate at each word and at the end (empty for the variant ``attention``).
        weights: The weight of each trait at each step, in the order of the model's traits (``attention`` fusion only).
    """

    text: str
    alphas: tuple[float, ...] = ()
    weights: tuple[tuple[float, ...], ...] = ()


class PersonaModel:
    """The trained model; made by :func:`train_persona_model`."""

    def __init__(self, words: Sequence[str], traits: TraitVocabulary, config: ModelConfig) -> None:
        """Fresh weights under the configuration's seed."""
        torch = _torch()
        nn = torch.nn
        self.config, self.traits = config, traits
        self.words = tuple(words)
        self._number = {word: k for k, word in enumerate(self.words)}
        e, h, a, n = config.embedding, config.hidden, config.attention, len(traits.names)
        persona = 2 * e * (n if config.fusion == "concatenation" else 1)
        torch.manual_seed(config.seed)
        self.net = nn.ModuleDict(
            {
                "word": nn.Embedding(len(self.words), e, padding_idx=0),
                "trait_key": nn.Embedding(n, e),
                "trait_value": nn.Embedding(traits.size, e),
                "encoder": nn.GRU(e, h, config.layers, batch_first=True, bidirectional=True),
                "bridge": nn.Linear(2 * h, h),
                "decoder": nn.GRU(e + persona * config.persona_in_input + 2 * h, h, config.layers, batch_first=True),
                "post_state": nn.Linear(h, a),
                "post_memory": nn.Linear(2 * h, a, bias=False),
                "post_persona": nn.Linear(persona, a, bias=False),
                "post_score": nn.Linear(a, 1, bias=False),
                "trait_state": nn.Linear(h, a),
                "trait_memory": nn.Linear(2 * e, a, bias=False),
                "trait_score": nn.Linear(a, 1, bias=False),
                "base": nn.Linear(h + 2 * h + e, len(self.words), bias=False),
                "persona": nn.Linear(persona, len(self.words), bias=False),
                "gate": nn.Linear(h, 1, bias=False),
            }
        )
        self.bias = nn.Parameter(torch.zeros(len(self.words)))

    # --- the parts, in the page's order ---

    def encode_traits(self, numbers: Tensor) -> Tensor:
        """Step 2: key and value embeddings joined; batch x traits x 2e."""
        torch = _torch()
        keys = self.net["trait_key"].weight.expand(numbers.shape[0], -1, -1)
        return torch.cat([keys, self.net["trait_value"](numbers)], dim=2)

    def fuse(self, state: Tensor, traits: Tensor) -> tuple[Tensor, Tensor | None]:
        """Step 3: one persona vector, and the weights of the traits under attention."""
        if self.config.fusion == "concatenation":
            return traits.flatten(1), None
        if self.config.fusion == "average":
            return traits.mean(1), None
        inner = self.net["trait_state"](state).unsqueeze(1) + self.net["trait_memory"](traits)
        weights = self.net["trait_score"](inner.tanh()).squeeze(2).softmax(1)
        return (weights.unsqueeze(2) * traits).sum(1), weights

    def encode(self, posts: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Step 4: the states of the post and the decoder's first state."""
        torch = _torch()
        packed = torch.nn.utils.rnn.pack_padded_sequence(
            self.net["word"](posts), lengths, batch_first=True, enforce_sorted=False
        )
        memory, last = self.net["encoder"](packed)
        memory, _ = torch.nn.utils.rnn.pad_packed_sequence(memory, batch_first=True, total_length=posts.shape[1])
        first = self.net["bridge"](torch.cat([last[-2], last[-1]], dim=1)).tanh()
        return memory, first.unsqueeze(0).repeat(self.config.layers, 1, 1)

    def attend(self, state: Tensor, memory: Tensor, mask: Tensor, persona: Tensor) -> Tensor:
        """Steps 4 and 5: the context; with PAA the persona takes part in the scores."""
        inner = self.net["post_state"](state).unsqueeze(1) + self.net["post_memory"](memory)
        if self.config.variant == "attention":
            inner = inner + self.net["post_persona"](persona).unsqueeze(1)
        scores = self.net["post_score"](inner.tanh()).squeeze(2).masked_fill(~mask, -1e9)
        return (scores.softmax(1).unsqueeze(2) * memory).sum(1)

    def step(
        self, word: Tensor, hidden: Tensor, memory: Tensor, mask: Tensor, traits: Tensor
    ) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
        """Steps 3 to 6 for one word: logits, the next state, alpha (PAB) and the trait weights (attention fusion)."""
        torch = _torch()
        before = hidden[-1]
        persona, weights = self.fuse(before, traits)
        context = self.attend(before, memory, mask, persona)
        embedded = self.net["word"](word)
        shown = [embedded, persona, context] if self.config.persona_in_input else [embedded, context]
        out, hidden = self.net["decoder"](torch.cat(shown, dim=1).unsqueeze(1), hidden)
        state = out.squeeze(1)
        base = self.net["base"](torch.cat([state, context, embedded], dim=1))
        if self.config.variant == "attention":
            return base + self.bias, hidden, None, weights
        alpha = self.net["gate"](state).sigmoid()
        logits = alpha * base + (1 - alpha) * self.net["persona"](persona) + self.bias
        return logits, hidden, alpha.squeeze(1), weights

    # --- use ---

    def reply(self, questions: Sequence[str], traits: Sequence[TraitValues]) -> list[Reply]:
        """The most likely reply to each question by a speaker with the traits beside it."""
        torch = _torch()
        if len(questions) != len(traits):
            raise InvalidInput("reply", "traits for each question", f"{len(questions)} and {len(traits)}")
        if not questions:
            return []
        with _threads(self.config.threads), torch.no_grad():
            return self._decode(self.posts(questions), self.trait_numbers(traits))

    def _decode(self, posts: tuple[Any, Any, Any], numbers: Tensor) -> list[Reply]:
        torch = _torch()
        ids, lengths, mask = posts
        memory, hidden = self.encode(ids, lengths)
        encoded = self.encode_traits(numbers)
        word = torch.full((len(ids),), self._number[BEGIN])
        words, alphas, weights = [], [], []
        for _ in range(self.config.longest):
            logits, hidden, alpha, weight = self.step(word, hidden, memory, mask, encoded)
            logits[:, [self._number[PAD], self._number[BEGIN]]] = -1e9
            word = logits.argmax(1)
            words.append(word.tolist())
            alphas.append([] if alpha is None else alpha.tolist())
            weights.append([] if weight is None else weight.tolist())
            if all(self._number[END] in said for said in zip(*words, strict=True)):
                break
        return [self._reply(k, words, alphas, weights) for k in range(len(ids))]

    def _reply(self, k: int, words: Sequence[Any], alphas: Sequence[Any], weights: Sequence[Any]) -> Reply:
        said = [step[k] for step in words]
        end = said.index(self._number[END]) if self._number[END] in said else len(said)
        shown = range(min(end + 1, len(said)))
        return Reply(
            " ".join(self.words[n] for n in said[:end]),
            tuple(alphas[t][k] for t in shown if alphas[t]),
            tuple(tuple(weights[t][k]) for t in shown if weights[t]),
        )

    def posts(self, texts: Sequence[str]) -> tuple[Tensor, Tensor, Tensor]:
        """Padded numbers of texts, their lengths, and where a word stands."""
        torch = _torch()
        rows = [self.numbers(text) or [self._number[UNKNOWN]] for text in texts]
        width = max(len(row) for row in rows)
        ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
        return ids, torch.tensor([len(row) for row in rows]), ids != 0

    def numbers(self, text: str) -> list[int]:
        """The words of a text by number; words that are not known are one."""
        return [self._number.get(word, self._number[UNKNOWN]) for word in text.lower().split()]

    def trait_numbers(self, traits: Sequence[TraitValues]) -> Tensor:
        """The trait values of speakers by number."""
        return _torch().tensor([self.traits.encode(one) for one in traits])

    def parameters(self) -> list[Tensor]:
        """Everything that is learnt."""
        return [*self.net.parameters(), self.bias]


def train_persona_model(examples: Sequence[Example], config: ModelConfig = TINY) -> PersonaModel:
    """Train on exchanges: cross-entropy of each word of the reply and of its end.

    Args:
        examples: Each with the same traits (null where one is not known).
        config: Sizes and settings.

    Returns:
        The model; the same examples and configuration give the same one on one machine.

    Raises:
        InvalidInput: Without examples, or traits that differ.
    """
    traits = TraitVocabulary(examples)
    counts: dict[str, int] = {}
    for example in examples:
        for word in f"{example.question} {example.reply}".lower().split():
            counts[word] = counts.get(word, 0) + 1
    kept = sorted(counts, key=lambda word: (-counts[word], word))[: config.vocabulary - len(SPECIAL)]
    model = PersonaModel([*SPECIAL, *kept], traits, config)
    with _threads(config.threads):
        _fit(model, examples)
    return model


def _fit(model: PersonaModel, examples: Sequence[Example]) -> None:
    torch, config = _torch(), model.config
    optimiser = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    chance = random.Random(f"personaldialog {config.seed}")
    order = list(range(len(examples)))
    for _ in range(config.passes):
        chance.shuffle(order)
        for start in range(0, len(order), config.batch):
            batch = [examples[k] for k in order[start : start + config.batch]]
            optimiser.zero_grad()
            _loss(model, batch, chance, config.teacher_forcing).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip)
            optimiser.step()


def perplexity(model: PersonaModel, examples: Sequence[Example]) -> float:
    """Step 8: exp of the mean cross-entropy of a word of the replies (their ends included), each seen after the true ones.

    Raises:
        InvalidInput: Without examples.
    """
    torch = _torch()
    if not examples:
        raise InvalidInput("perplexity", "at least one example", "none")
    size, total, words = model.config.batch, 0.0, 0
    forced = random.Random(0)
    with _threads(model.config.threads), torch.no_grad():
        for start in range(0, len(examples), size):
            batch = examples[start : start + size]
            count = sum(len(model.numbers(e.reply)) + 1 for e in batch)
            total += float(_loss(model, batch, forced, teacher_forcing=1.0)) * count
            words += count
    return float(torch.tensor(total / words).exp())


def _loss(model: PersonaModel, batch: Sequence[Example], chance: random.Random, teacher_forcing: float) -> Tensor:
    """Mean cross-entropy of a word."""
    torch = _torch()
    ids, lengths, mask = model.posts([e.question for e in batch])
    replies = [[*model.numbers(e.reply), SPECIAL.index(END)] for e in batch]
    width = max(len(row) for row in replies)
    wanted = torch.tensor([row + [0] * (width - len(row)) for row in replies])
    memory, hidden = model.encode(ids, lengths)
    encoded = model.encode_traits(model.trait_numbers([e.traits for e in batch]))
    word = torch.full((len(batch),), SPECIAL.index(BEGIN))
    steps = []
    for t in range(width):
        logits, hidden, _, _ = model.step(word, hidden, memory, mask, encoded)
        steps.append(logits)
        word = wanted[:, t] if chance.random() < teacher_forcing else logits.argmax(1)
    flat = torch.stack(steps, dim=1).flatten(0, 1)
    return torch.nn.functional.cross_entropy(flat, wanted.flatten(), ignore_index=0)


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Torch with so many threads, and with those it had before afterwards."""
    torch = _torch()
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise UsageError("the reference model needs torch; install personarium[hf]") from None
    return torch
