"""Models by name, and the wrappers that every run puts around them."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from personarium.core.chat import ChatModel
from personarium.core.errors import UsageError, shorten
from personarium.models.accounting import Accounted, Prices, UsageLedger
from personarium.models.cache import Cached, ResponseCache
from personarium.models.limits import Limited
from personarium.models.retries import Retrying

PROVIDERS = ("openai", "ollama", "vllm", "openrouter", "openai-compatible")
FORMS = (
    "simulated",
    "openai/MODEL",
    "ollama/MODEL",
    "vllm/MODEL",
    "openrouter/MODEL",
    "openai-compatible/MODEL",
    "hf/ID_OR_PATH",
    "inspect/PROVIDER/MODEL",
)


def open_model(name: str, **options: Any) -> ChatModel:
    """A chat model by its name.

    Args:
        name: ``simulated[/CONTROL][:key=value,...]``, ``openai/…``, ``ollama/…``, ``vllm/…``, ``openrouter/…``,
            ``hf/<id or path>``, ``inspect/<any model of Inspect AI>``; with ``base_url`` any model id.
            ``<name>@http://HOST/PATH``, which is what such models call themselves, opens the same model again.
        options: For the model: ``base_url``, ``api_key``, ``timeout_s``, … of :class:`OpenAICompatible`; ``device``,
            ``dtype``, … of :class:`HFModel`; ``base_url``, ``timeout_s`` of :class:`InspectModel`. Options that are None
            are as if they were left out.

    Raises:
        UsageError: The name or an option is not known, or a key is missing; no request has been made then.
    """
    options = {key: value for key, value in options.items() if value is not None}
    if not name or not name.strip() or not name.isprintable():
        raise UsageError(f"model name: expected PROVIDER/MODEL or simulated, found {shorten(name)}")
    if name == "simulated" or name.startswith(("simulated/", "simulated:")):
        _no_options(name, options)
        # By name, because this room must work without knowing the subject (only calibrate, apps and tests do).
        return _construct("personarium.models.simulated", "SimulatedModel", name, name)
    plain, at, address = name.rpartition("@http")
    if at and ("://" in address):
        name = plain
        options.setdefault("base_url", "http" + address)
    provider, _, model = name.partition("/")
    if provider in PROVIDERS and model:
        return _construct("personarium.models.presets", "open_preset", name, provider, model, **options)
    if provider == "hf" and model:
        return _construct("personarium.models.hf", "HFModel", name, model, **options)
    if provider == "inspect" and model:
        return _construct("personarium.models.inspect_models", "InspectModel", name, model, **options)
    if "base_url" in options and provider not in PROVIDERS:
        return _construct("personarium.models.presets", "open_preset", name, "openai-compatible", name, **options)
    raise UsageError(_unknown(name))


def is_simulated(name: str) -> bool:
    """Whether a model of this name is the simulated subject, also behind Inspect AI: whatever is made with it says so."""
    return name.removeprefix("inspect/personarium/").startswith("simulated")


def is_in_process(name: str) -> bool:
    """Whether a model of this name runs in this process, so that no endpoint and no time limit belong to it."""
    return is_simulated(name) or name.startswith("hf/")


def _construct(module: str, attribute: str, name: str, *args: Any, **options: Any) -> ChatModel:
    make = getattr(importlib.import_module(module), attribute)
    known = _option_names(module, make)
    for option in options:
        if option not in known:
            near = _nearest(option, sorted(known))
            raise UsageError(f"model {name} has no option {option!r}; did you mean {' or '.join(near)}?")
    model: ChatModel = make(*args, **options)
    return model


def _option_names(module: str, make: Any) -> set[str]:
    names = set(inspect.signature(make).parameters)
    if module.endswith("presets"):
        from personarium.models.openai_compatible import OpenAICompatible

        names |= set(inspect.signature(OpenAICompatible.__init__).parameters)
    return names - {"self", "model", "provider", "options", "parameters"}


def _no_options(name: str, options: dict[str, Any]) -> None:
    if options:
        given = ", ".join(sorted(options))
        raise UsageError(f"model {name} takes its parameters in its name and no options, found {given}")


def _unknown(name: str) -> str:
    provider, _, model = name.partition("/")
    ways = {form.partition("/")[0]: form for form in FORMS}
    if provider in ways and not model:
        return f"model name {shorten(name)}: the part behind the slash is missing, write {ways[provider]}"
    near = _nearest(provider, list(ways))
    guesses = [f"{way}/{model or 'MODEL'}" if way != "simulated" else way for way in near]
    meant = f"did you mean {' or '.join(guesses)}? " if near else ""
    return f"no model is called {shorten(name)}; {meant}Known forms: {', '.join(FORMS)}; any id works with --base-url"


def _nearest(word: str, words: list[str]) -> list[str]:
    from rapidfuzz import process

    found = process.extract(word.lower(), words, limit=2, score_cutoff=50)
    return [match[0] for match in found] or words[:2]


def equip(
    model: ChatModel,
    *,
    cache: ResponseCache | None = None,
    ledger: UsageLedger | None = None,
    prices: Prices | None = None,
    concurrency: int = 100,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    tries: int = 6,
    seed: int = 0,
) -> ChatModel:
    """Put the wrappers of a run around a model, in the one right order.

    From outside: cache (what is known costs nothing), account (a retried call is booked once), retries (a waiting call
    holds no slot), limits.

    Args:
        model: The model.
        cache: Where replies live, or None for none.
        ledger: The account; its ``max_cost`` is kept. None: not accounted.
        prices: Dollars per million tokens by model, see :func:`load_prices`.
        concurrency: Calls in flight.
        requests_per_minute: Or None.
        tokens_per_minute: Or None.
        tries: Calls in all for one reply.
        seed: Of the retries' jitter.
    """
    equipped: ChatModel = Limited(model, concurrency, requests_per_minute, tokens_per_minute)
    equipped = Retrying(equipped, tries, seed=seed)
    if ledger is not None:
        equipped = Accounted(equipped, ledger, prices)
    return equipped if cache is None else Cached(equipped, cache)
