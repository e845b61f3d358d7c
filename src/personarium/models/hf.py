"""Transformers in this process: chat template, seeds, stop texts, log-probabilities, streaming."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from personarium.core.chat import Message, Reply, Sampling, TokenLogprob, Usage
from personarium.core.errors import NotFound, RemoteError, UsageError, shorten
from personarium.models.wrapper import DEFAULT

DEFAULT_MAX_TOKENS = 512  # without max_tokens a small model may never stop


class HFModel:
    """A transformers model in this process.

    One reply is generated at a time, in a worker thread, so the event loop stays free. Temperature 0 is greedy; with a
    seed the same request gives the same reply. A tokenizer without a chat template gets plain ``role: text`` lines.

    Args:
        model: A Hugging Face id or a local folder.
        device: ``cpu``, ``cuda``, ``cuda:1``, ``mps``; None takes the first accelerator there is.
        dtype: ``float32``, ``bfloat16``, ``float16``; None is what the weights are stored in.
        revision: Of a Hugging Face id.
        max_tokens: For requests that name no ``max_tokens``.

    Raises:
        UsageError: The extra ``hf`` is not installed, or an argument is not known.
        NotFound: There is no such model.
    """

    supports_schema = False

    def __init__(
        self,
        model: str,
        *,
        device: str | None = None,
        dtype: str | None = None,
        revision: str | None = None,
        max_tokens: int = DEFAULT_MAX_TOKENS,
    ) -> None:
        self.model, self.max_tokens = model, max_tokens
        marks = [f"{key}={value}" for key, value in (("dtype", dtype), ("revision", revision)) if value]
        self.name = f"hf/{model}" + (f":{','.join(marks)}" if marks else "")
        self._torch, transformers = _load_libraries()
        self._device = device or _first_device(self._torch)
        # One worker: replies are generated one after the other, and waiting ones hold no thread.
        self._worker = ThreadPoolExecutor(1, "hf")
        self._tokenizer, self._network = _load(transformers, self._torch, model, self._device, dtype, revision)

    def __repr__(self) -> str:
        return f"HFModel({self.name!r})"

    async def generate(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> Reply:
        """One reply.

        Raises:
            UsageError: The sampling asks for what this model cannot do (a JSON schema, tools, unknown extras).
            RemoteError: The prompt is longer than the model reads (kind ``bad_request``).
        """
        given_up = threading.Event()
        work = asyncio.get_running_loop().run_in_executor(
            self._worker, self._generate, list(messages), sampling, None, given_up
        )
        try:
            return await work
        finally:
            given_up.set()

    async def stream(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> AsyncIterator[str | Reply]:
        """The reply as it is generated, and last as a whole. Stop texts end the stream; the whole has them cut off."""
        from transformers import TextIteratorStreamer

        # The streamer's queue has no bound in time: the worker always ends it, in success and in failure.
        streamer = TextIteratorStreamer(self._tokenizer, skip_prompt=True, skip_special_tokens=True)
        given_up = threading.Event()
        work = asyncio.get_running_loop().run_in_executor(
            self._worker, self._generate, list(messages), sampling, streamer, given_up
        )
        shown, held = 0, ""
        try:
            while (piece := await asyncio.to_thread(next, streamer, None)) is not None:
                held += piece
                show = _safe_prefix(held, sampling.stop, shown)
                if show > shown:
                    yield held[shown:show]
                    shown = show
            reply = await work
            if len(reply.text) > shown:
                yield reply.text[shown:]
            yield reply
        finally:
            given_up.set()
            await asyncio.wait([work])

    async def aclose(self) -> None:
        """End the worker thread."""
        self._worker.shutdown(wait=False)

    # -- in the worker thread

    def _generate(self, messages: list[Message], sampling: Sampling, streamer: Any, given_up: threading.Event) -> Reply:
        try:
            _refuse_unsupported(self.name, sampling)
            with self._torch.inference_mode(), self._seeded(sampling):
                prompt = self._prompt(messages)
                length = prompt["input_ids"].shape[1]
                room = self._room(length, sampling)
                ended = self._ended(length, sampling.stop, given_up)
                settings = self._settings(sampling, room)
                out = self._network.generate(**prompt, **settings, streamer=streamer, stopping_criteria=[ended])
                return self._reply(out, length, sampling, room)
        finally:
            if streamer is not None:
                streamer.text_queue.put(streamer.stop_signal)

    def _room(self, prompt_tokens: int, sampling: Sampling) -> int:
        """The most tokens of a reply: what was asked for, within what the network can read."""
        wanted = sampling.max_tokens or self.max_tokens
        longest: int | None = getattr(self._network.config, "max_position_embeddings", None)
        if longest is None:
            return wanted
        # Beyond it a network with learned positions fails inside torch, and one with rotary positions talks nonsense.
        if prompt_tokens >= longest:
            said = f"{self.name}: the prompt has {prompt_tokens:,} tokens, and the model reads at most {longest:,}"
            raise RemoteError(said, "bad_request")
        return min(wanted, longest - prompt_tokens)

    def _ended(self, prompt_tokens: int, stop: Sequence[str], given_up: threading.Event) -> Any:
        """Whether to stop after this token. The library's own stop strings fail on word-level tokenizers."""
        tail = max(map(len, stop), default=0) + 8  # tokens; some decode to nothing

        def ended(ids: Any, scores: Any, **_: Any) -> Any:
            done = given_up.is_set()
            if stop and not done:
                new = ids[0, prompt_tokens:][-tail:].tolist()
                text = self._tokenizer.decode(new, skip_special_tokens=True)
                done = _stop_at(text, stop) < len(text)
            return self._torch.full((len(ids),), done, dtype=self._torch.bool, device=ids.device)

        return ended

    def _seeded(self, sampling: Sampling) -> Any:
        """The request's own random state; the process's is put back afterwards."""
        devices = [self._device] if str(self._device).startswith("cuda") else []
        fork = self._torch.random.fork_rng(devices=devices)
        return _Seeded(fork, self._torch, sampling.sent_seed)

    def _prompt(self, messages: list[Message]) -> dict[str, Any]:
        tokenizer = self._tokenizer
        if getattr(tokenizer, "chat_template", None):
            text = tokenizer.apply_chat_template(_chat(messages), tokenize=False, add_generation_prompt=True)
            encoded = tokenizer(text, return_tensors="pt", add_special_tokens=False)
        else:
            encoded = tokenizer(plain_prompt(messages), return_tensors="pt")
        ids = encoded["input_ids"].to(self._device)
        return {"input_ids": ids, "attention_mask": self._torch.ones_like(ids)}

    def _settings(self, sampling: Sampling, room: int) -> dict[str, Any]:
        tokenizer = self._tokenizer
        pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
        settings: dict[str, Any] = {
            "max_new_tokens": room,
            "do_sample": sampling.temperature > 0,
            "return_dict_in_generate": True,
            "output_logits": sampling.top_logprobs is not None,
            "pad_token_id": 0 if pad is None else pad,
        }
        if sampling.temperature > 0:
            # top_k=0: transformers cuts to 50 tokens by default, which no endpoint does.
            settings |= {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}
        return settings | dict(sampling.extra)

    def _reply(self, out: Any, prompt_tokens: int, sampling: Sampling, room: int) -> Reply:
        ids = out.sequences[0, prompt_tokens:].tolist()
        text = self._tokenizer.decode(ids, skip_special_tokens=True)
        cut = _stop_at(text, sampling.stop)
        ended = cut < len(text) or (ids and ids[-1] in _end_tokens(self._network)) or len(ids) < room
        return Reply(
            text[:cut],
            "stop" if ended else "length",
            Usage(prompt_tokens, len(ids), 1),
            self._logprobs(out, ids, sampling.top_logprobs) if sampling.top_logprobs is not None else None,
            model=self.model,
        )

    def _logprobs(self, out: Any, ids: list[int], top: int) -> tuple[TokenLogprob, ...]:
        """Of the model's own distribution, before temperature and top_p, as the OpenAI endpoint reports them."""
        rows = []
        for logits, token in zip(out.logits, ids, strict=True):
            values = self._torch.log_softmax(logits[0].float(), dim=-1)
            best = self._torch.topk(values, min(top, values.shape[-1])) if top else None
            pairs = () if best is None else zip(best.indices.tolist(), best.values.tolist(), strict=True)
            alternatives = tuple((self._tokenizer.decode([i]), value) for i, value in pairs)
            rows.append(TokenLogprob(self._tokenizer.decode([token]), float(values[token]), alternatives))
        return tuple(rows)


class _Seeded:
    """Fork the random state, then seed it, if there is a seed."""

    def __init__(self, fork: Any, torch: Any, seed: int | None) -> None:
        self._fork, self._torch, self._seed = fork, torch, seed

    def __enter__(self) -> None:
        if self._seed is not None:
            self._fork.__enter__()
            self._torch.manual_seed(self._seed)

    def __exit__(self, *exception: Any) -> None:
        if self._seed is not None:
            self._fork.__exit__(*exception)


def plain_prompt(messages: Sequence[Message]) -> str:
    """The prompt for a tokenizer without a chat template: one ``Role: text`` paragraph each, then ``Assistant:``."""
    parts = [f"{message['role'].capitalize()}: {message['content']}" for message in messages]
    return "\n\n".join([*parts, "Assistant:"])


def _chat(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message["role"], "content": message["content"]} for message in messages]


def _stop_at(text: str, stop: Sequence[str]) -> int:
    """Where the first stop text begins, or the end."""
    places = [place for one in stop if one and (place := text.find(one)) >= 0]
    return min(places, default=len(text))


def _safe_prefix(text: str, stop: Sequence[str], shown: int) -> int:
    """How much may be shown: up to a stop text, and nothing that may still become the beginning of one."""
    end = _stop_at(text, stop)
    if end < len(text):
        return max(end, shown)
    longest = max((len(one) for one in stop), default=1)
    for size in range(min(longest - 1, len(text)), 0, -1):
        if any(one.startswith(text[-size:]) for one in stop):
            return max(len(text) - size, shown)
    return len(text)


def _refuse_unsupported(name: str, sampling: Sampling) -> None:
    for what, given in (("a JSON schema", sampling.schema is not None), ("tools", bool(sampling.tools))):
        if given:
            raise UsageError(f"{name} runs in this process and cannot be given {what}; ask_structured asks in words")


def _load_libraries() -> tuple[Any, Any]:
    try:
        import torch
        import transformers
    except ImportError as error:
        raise UsageError(
            f"hf/ models need the extra 'hf' ({error.name} is not installed): pip install 'personarium[hf]'"
        ) from None
    return torch, transformers


def _first_device(torch: Any) -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _load(transformers: Any, torch: Any, model: str, device: str, dtype: str | None, revision: str | None) -> Any:
    kind = getattr(torch, dtype, None) if dtype else "auto"
    if dtype and not isinstance(kind, torch.dtype):
        raise UsageError(f"hf/{model}: dtype: expected float32, bfloat16 or float16, found {shorten(dtype)}")
    where: dict[str, Any] = {"revision": revision} if revision else {}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(model, **where)
        network = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=kind, **where)
    except (OSError, ValueError) as error:
        first = shorten(str(error).strip().split("\n")[0], 200)
        at = "the folder" if Path(model).exists() else "the model"
        raise NotFound(f"hf/{model}: {at} cannot be loaded by transformers: {first}") from None
    return tokenizer, network.to(device).eval()


def _end_tokens(network: Any) -> tuple[int, ...]:
    end = network.generation_config.eos_token_id
    return tuple(end) if isinstance(end, list) else (end,) if end is not None else ()
