"""PRODIGy's known truth with a neural network: what holds for the small counting model holds for a transformer, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from personarium.make.prodigy import Example, Partitions, ProdigyConfig, compare_views, known_world
from personarium.make.prodigy.copying_model import words_of
from personarium.make.prodigy.method import CITIES, SHUFFLES
from personarium.models.likelihood import TokenScore

torch = pytest.importorskip("torch")
EPOCHS, BATCH, WIDTH, RATE = 12, 32, 48, 3e-3


class Network:
    """One attention layer over words, trained from scratch on the responses alone."""

    name = "one-layer transformer"

    def __init__(self, examples: Sequence[Example]) -> None:
        torch.set_num_threads(1)  # the matrices are small; more threads only wait for each other
        torch.manual_seed(0)
        words = sorted({word for one in examples for word in words_of(f"{one.prompt} {one.response}")})
        self.places = {word: place for place, word in enumerate(words, 1)}
        rows = [(self.ids(one.prompt), self.ids(one.response)) for one in examples]
        self.longest = max(len(prompt) + len(gold) for prompt, gold in rows)
        self.embed = torch.nn.Embedding(len(words) + 1, WIDTH)
        self.position = torch.nn.Embedding(self.longest, WIDTH)
        self.body = torch.nn.TransformerEncoderLayer(WIDTH, 2, 2 * WIDTH, 0.0, batch_first=True, norm_first=True)
        self.out = torch.nn.Linear(WIDTH, len(words) + 1)
        self.train(rows)

    def ids(self, text: str) -> list[int]:
        return [self.places.get(word, 0) for word in words_of(text)]

    def logits(self, ids: Any) -> Any:
        length = ids.shape[1]
        later = torch.triu(torch.full((length, length), float("-inf")), 1)
        return self.out(self.body(self.embed(ids) + self.position(torch.arange(length)), src_mask=later))

    def train(self, rows: Sequence[tuple[list[int], list[int]]]) -> None:
        given = torch.zeros(len(rows), self.longest, dtype=torch.long)
        wanted = torch.full_like(given, -100)  # what the loss does not count: profile, history and padding
        for k, (prompt, gold) in enumerate(rows):
            given[k, : len(prompt) + len(gold)] = torch.tensor(prompt + gold)
            wanted[k, len(prompt) - 1 : len(prompt) + len(gold) - 1] = torch.tensor(gold)
        weights = [p for part in (self.embed, self.position, self.body, self.out) for p in part.parameters()]
        optimizer = torch.optim.AdamW(weights, lr=RATE)
        steps = EPOCHS * -(-len(rows) // BATCH)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
        for _ in range(EPOCHS):
            for index in torch.randperm(len(rows)).split(BATCH):
                found = self.logits(given[index]).flatten(0, 1)
                loss = torch.nn.functional.cross_entropy(found, wanted[index].flatten(), ignore_index=-100)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()

    def score(self, prompt: str, response: str) -> list[TokenScore]:
        before, gold = self.ids(prompt), self.ids(response)
        with torch.no_grad():
            rows = torch.log_softmax(self.logits(torch.tensor([before + gold]))[0, len(before) - 1 : -1], -1)
        taken = [float(row[token]) for row, token in zip(rows, gold, strict=True)]
        ranks = [1 + int((row > row[token]).sum()) for row, token in zip(rows, gold, strict=True)]
        return [TokenScore(*token) for token in zip(words_of(response), taken, ranks, strict=True)]


@pytest.mark.slow
def test_w5_known_truth_with_a_network() -> None:
    dialogues, targets, profiles = known_world(500, seed=1)
    test = [id for id, (who,) in targets.items() if int(who[1:]) >= 400]
    partitions = Partitions(tuple(id for id in targets if id not in set(test)), (), tuple(test))
    config = ProdigyConfig({"none": (), "biography": ("biography",)}, seed=1)
    result = compare_views(dialogues, targets, profiles, partitions, Network, config)

    def on_cities(name: str, shuffle: Any = "own") -> float:
        return result.cell(name, shuffle).perplexity(lambda token: token in CITIES).pooled or 0.0

    alone = on_cities("none")
    assert alone == pytest.approx(20.5, abs=3)
    assert on_cities("biography") < 3
    assert on_cities("biography", SHUFFLES[1]) > alone
    assert on_cities("biography", SHUFFLES[2]) == pytest.approx(alone, rel=0.2)
    others = [c.perplexity(lambda token: token not in CITIES).pooled or 0 for c in result.cells if c.scored is not None]
    assert len(others) == 4
    assert max(others) <= 1.1 * min(others)
