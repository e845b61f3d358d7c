"""Likelihoods of given texts from tiny random networks, causal and encoder-decoder, against sums done by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from personarium.core.errors import NotFound, UsageError
from personarium.models.likelihood import HFLikelihood, LikelihoodModel

WORDS = ["<unk>", "<end>", "i", "live", "in", "arvik", "bellmar", "biography", ":", "."]


def tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.WordLevel({word: k for k, word in enumerate(WORDS)}, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    made = PreTrainedTokenizerFast(tokenizer_object=raw, unk_token="<unk>", eos_token="<end>", pad_token="<end>")
    made.save_pretrained(folder)
    return made


@pytest.fixture(scope="module")
def causal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("causal")
    tokenizer(folder)
    torch.manual_seed(0)
    config = transformers.GPT2Config(vocab_size=len(WORDS), n_positions=16, n_embd=16, n_layer=2, n_head=2)
    config.bos_token_id = config.eos_token_id = 1
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def encoder_decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("t5")
    tokenizer(folder)
    torch.manual_seed(0)
    config = transformers.T5Config(
        vocab_size=len(WORDS),
        d_model=16,
        d_kv=8,
        d_ff=32,
        num_layers=1,
        num_heads=2,
        decoder_start_token_id=1,
        pad_token_id=1,
    )
    transformers.T5ForConditionalGeneration(config).save_pretrained(folder)
    return folder


def by_hand(
    folder: Path, kind: str, inputs: dict[str, list[int]], gold: list[int], first: int
) -> list[tuple[float, int]]:
    import torch
    import transformers

    network = getattr(transformers, kind).from_pretrained(folder).eval()
    with torch.no_grad():
        logits = network(**{name: torch.tensor([ids]) for name, ids in inputs.items()}).logits[0]
    rows = torch.log_softmax(logits, -1)[first : first + len(gold)]
    return [(float(row[token]), 1 + int((row > row[token]).sum())) for row, token in zip(rows, gold, strict=True)]


def test_a_causal_model_scores_the_response_alone(causal: Path) -> None:
    model = HFLikelihood(str(causal), device="cpu")
    assert isinstance(model, LikelihoodModel)
    found = model.score("biography : arvik .", "i live in arvik")
    assert [token.token for token in found] == ["i", "live", "in", "arvik"]
    wanted = by_hand(causal, "GPT2LMHeadModel", {"input_ids": [7, 8, 5, 9, 2, 3, 4, 5]}, [2, 3, 4, 5], 3)
    assert [(token.log_probability, token.rank) for token in found] == [(pytest.approx(p), rank) for p, rank in wanted]
    assert model.score("biography", "") == []
    assert len(model.score("", "i live")) == 2


def test_a_long_prompt_is_cut_from_the_left_and_a_long_response_is_refused(causal: Path) -> None:
    model = HFLikelihood(str(causal), device="cpu")
    assert model.score("arvik " * 40 + "biography : . " * 5, "i live") == model.score("biography : . " * 5, "i live")
    with pytest.raises(UsageError, match="at most 16 tokens"):
        model.score("biography", "i " * 16)


def test_an_encoder_decoder_reads_the_prompt_in_its_encoder(encoder_decoder: Path) -> None:
    model = HFLikelihood(str(encoder_decoder), device="cpu")
    found = model.score("biography : arvik", "i live")
    inputs = {"input_ids": [7, 8, 5], "labels": [2, 3]}
    wanted = by_hand(encoder_decoder, "T5ForConditionalGeneration", inputs, [2, 3], 0)
    assert [(token.log_probability, token.rank) for token in found] == [(pytest.approx(p), rank) for p, rank in wanted]
    assert model.score("biography : bellmar", "i live")[0] != found[0]


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    with pytest.raises(NotFound, match="cannot be loaded"):
        HFLikelihood(str(tmp_path / "nothing"))
