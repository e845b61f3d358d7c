"""Transformers in process, with a tiny randomly initialised network and a tokenizer made here."""

from __future__ import annotations

import asyncio
import builtins
from pathlib import Path
from typing import Any

import pytest

from personarium.core.chat import Reply, Sampling, system, user
from personarium.core.errors import NotFound, RemoteError, UsageError
from personarium.models import HFModel, open_model
from personarium.models.hf import _safe_prefix, plain_prompt

ASK = [system("You are Ada."), user("who are you")]
TEMPLATE = "{% for m in messages %}<{{ m.role }}> {{ m.content }} {% endfor %}<assistant>"


def save_tiny(folder: Path, template: str | None) -> Path:
    """A GPT-2 of two layers over a vocabulary of words and punctuation."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    words = "<unk> <end> who are you i am ada the dog cat sea ship yes no ."
    words += " You Ada User System Assistant : < > user system assistant"
    vocabulary = {word: i for i, word in enumerate(words.split())}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, unk_token="<unk>", eos_token="<end>")
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=len(vocabulary), n_positions=128, n_embd=16, n_layer=2, n_head=2)
    config.bos_token_id = config.eos_token_id = 1
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> HFModel:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    model = open_model(f"hf/{save_tiny(tmp_path_factory.mktemp('tiny'), TEMPLATE)}", device="cpu")
    assert isinstance(model, HFModel)
    return model


async def test_a_seed_repeats_a_reply_and_another_sample_changes_it(tiny: HFModel) -> None:
    sampling = Sampling(seed=3, max_tokens=12)
    texts = [(await tiny.generate(ASK, sampling)).text for _ in range(2)]
    others = {(await tiny.generate(ASK, sampling.but(sample=s))).text for s in range(1, 4)}
    assert texts[0] == texts[1]
    assert len(others | {texts[0]}) > 1


async def test_temperature_zero_takes_the_likeliest_token_whatever_the_seed(tiny: HFModel) -> None:
    replies = [await tiny.generate(ASK, Sampling(0.0, seed=s, max_tokens=6, top_logprobs=2)) for s in (1, 2)]
    assert replies[0].text == replies[1].text
    assert replies[0].logprobs is not None
    for one in replies[0].logprobs:
        assert (one.token, one.logprob) == (one.top[0][0], pytest.approx(one.top[0][1]))
        assert one.top[0][1] >= one.top[1][1]


async def test_a_prompt_beyond_the_context_is_one_clear_error_and_a_reply_ends_with_it(tiny: HFModel) -> None:
    with pytest.raises(RemoteError, match=r"the prompt has 1,0.. tokens, and the model reads at most 128") as caught:
        await tiny.generate([user("cat " * 1000)])
    assert caught.value.kind == "bad_request"
    reply = await tiny.generate([user("cat " * 120)], Sampling(0.0, seed=1, max_tokens=500))
    assert reply.usage.prompt_tokens + reply.usage.completion_tokens <= 128


async def test_log_probabilities_are_those_of_the_network(tiny: HFModel) -> None:
    import torch

    reply = await tiny.generate(ASK, Sampling(seed=1, max_tokens=5, top_logprobs=0))
    assert reply.logprobs is not None
    prompt = tiny._prompt(list(ASK))["input_ids"]
    with torch.inference_mode():
        first = torch.log_softmax(tiny._network(prompt).logits[0, -1], -1)
    token = tiny._tokenizer.convert_tokens_to_ids(reply.logprobs[0].token)
    assert reply.logprobs[0].logprob == pytest.approx(float(first[token]), abs=1e-4)
    assert len(reply.logprobs) == reply.usage.completion_tokens


async def test_the_limit_and_the_usage_count_tokens(tiny: HFModel) -> None:
    reply = await tiny.generate(ASK, Sampling(seed=1, max_tokens=4))
    assert reply.usage.completion_tokens <= 4
    assert reply.usage.prompt_tokens == tiny._prompt(list(ASK))["input_ids"].shape[1]
    assert reply.finish_reason == ("length" if reply.usage.completion_tokens == 4 else "stop")


async def test_a_stop_text_ends_the_reply_and_is_cut_off(tiny: HFModel) -> None:
    free = await tiny.generate(ASK, Sampling(0.0, max_tokens=8))
    stop = free.text.split()[1]
    reply = await tiny.generate(ASK, Sampling(0.0, max_tokens=8, stop=(stop,)))
    assert reply.text == free.text[: free.text.index(stop)]
    assert reply.finish_reason == "stop"


async def test_a_stream_gives_the_same_reply_in_pieces(tiny: HFModel) -> None:
    sampling = Sampling(seed=5, max_tokens=12)
    whole = await tiny.generate(ASK, sampling)
    *pieces, last = [piece async for piece in tiny.stream(ASK, sampling)]
    assert isinstance(last, Reply)
    assert last == whole
    assert "".join(str(piece) for piece in pieces) == whole.text


async def test_a_stream_that_is_left_ends_its_work(tiny: HFModel) -> None:
    stream: Any = tiny.stream(ASK, Sampling(seed=5, max_tokens=60))
    async for _ in stream:
        break
    await stream.aclose()
    assert (await tiny.generate(ASK, Sampling(seed=5, max_tokens=2))).usage.completion_tokens <= 2


async def test_replies_asked_together_are_the_replies_asked_alone(tiny: HFModel) -> None:
    samplings = [Sampling(seed=s, max_tokens=6) for s in range(4)]
    together = await asyncio.gather(*(tiny.generate(ASK, sampling) for sampling in samplings))
    assert together == [await tiny.generate(ASK, sampling) for sampling in samplings]


async def test_what_it_cannot_do_is_said(tiny: HFModel) -> None:
    with pytest.raises(UsageError, match="cannot be given a JSON schema"):
        await tiny.generate(ASK, Sampling(schema={"type": "object"}))


async def test_without_a_chat_template_the_prompt_is_plain(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    model = HFModel(str(save_tiny(tmp_path, None)), device="cpu")
    assert plain_prompt(ASK) == "System: You are Ada.\n\nUser: who are you\n\nAssistant:"
    ids = model._prompt(list(ASK))["input_ids"][0].tolist()
    assert ids == model._tokenizer(plain_prompt(ASK))["input_ids"]
    assert (await model.generate(ASK, Sampling(seed=1, max_tokens=3))).usage.completion_tokens <= 3


def test_no_such_model_and_no_such_dtype(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    with pytest.raises(NotFound, match="cannot be loaded by transformers"):
        HFModel(str(tmp_path), device="cpu")
    with pytest.raises(UsageError, match="dtype: expected float32"):
        HFModel(str(tmp_path), device="cpu", dtype="float99")


def test_a_missing_extra_is_said_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_torch(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "torch":
            raise ImportError("No module named 'torch'", name="torch")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_torch)
    with pytest.raises(UsageError, match=r"torch is not installed\): pip install 'personarium\[hf\]'"):
        open_model("hf/some/model")


@pytest.mark.parametrize(
    ("text", "stop", "shown"),
    [("abc", (), 3), ("abcEN", ("END",), 3), ("abcENDx", ("END",), 3), ("abcE", ("END", "cEx"), 2), ("", ("a",), 0)],
)
def test_a_stream_never_shows_the_beginning_of_a_stop_text(text: str, stop: tuple[str, ...], shown: int) -> None:
    assert _safe_prefix(text, stop, 0) == shown
