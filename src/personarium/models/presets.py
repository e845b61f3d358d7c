"""Which endpoint a provider's name stands for: address, where the key comes from, what it wants said differently."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from personarium.core.errors import UsageError
from personarium.models.openai_compatible import OpenAICompatible, clean_url
from personarium.models.wire import PLAIN, Dialect

OWN_KEY = "PERSONARIUM_API_KEY"


@dataclass(frozen=True, slots=True)
class Preset:
    """A provider.

    Args:
        base_url: Its address; empty: ``base_url`` must be given.
        key_variables: Environment variables that may hold its key, first one first.
        needs_key: Whether nothing works without one.
        dialect: What it wants said differently.
        supports_schema: Whether it takes JSON schemas natively (None: depends on the model).
        reports_cost: Whether its usage carries the price of each reply.
    """

    base_url: str
    key_variables: tuple[str, ...] = ()
    needs_key: bool = False
    dialect: Dialect = PLAIN
    supports_schema: bool | None = None
    reports_cost: bool = False


PRESETS: Mapping[str, Preset] = {
    "openai": Preset(
        "https://api.openai.com/v1",
        ("OPENAI_API_KEY",),
        True,
        # Source: OpenAI API reference, "Create chat completion": o-series models refuse max_tokens.
        Dialect(max_tokens_field="max_completion_tokens", send_defaults=False),
    ),
    # Source: Ollama docs, "OpenAI compatibility".
    "ollama": Preset("http://127.0.0.1:11434/v1", ("OLLAMA_API_KEY",), supports_schema=True),
    # Source: vLLM docs, "OpenAI-Compatible Server".
    "vllm": Preset("http://127.0.0.1:8000/v1", ("VLLM_API_KEY",), supports_schema=True),
    # Source: OpenRouter docs, "Usage accounting": usage.include adds the cost in dollars.
    "openrouter": Preset(
        "https://openrouter.ai/api/v1",
        ("OPENROUTER_API_KEY",),
        True,
        Dialect(extra={"usage": {"include": True}}),
        reports_cost=True,
    ),
    "openai-compatible": Preset("", ("OPENAI_API_KEY",)),
}


def open_preset(
    provider: str, model: str, base_url: str | None = None, api_key: str | None = None, **options: Any
) -> OpenAICompatible:
    """A client for a provider's model.

    An address is looked for in ``base_url``, then in ``<PROVIDER>_BASE_URL`` (``OPENAI_BASE_URL``, ``OLLAMA_BASE_URL``, …).
    A key is looked for in ``api_key``, then in ``PERSONARIUM_API_KEY`` when ``base_url`` replaces the provider's own
    address, then in the provider's variables. A provider's key is sent to no other provider.

    Args:
        provider: A name in ``PRESETS``.
        model: The model's id there.
        base_url: Replaces the provider's address.
        api_key: Replaces the environment.
        options: For :class:`OpenAICompatible`.

    Raises:
        UsageError: A key or an address is missing, before any request.
    """
    preset = PRESETS[provider]
    base_url = base_url or os.environ.get(f"{provider.upper().replace('-', '_')}_BASE_URL", "").strip() or None
    # A known provider's dialect stays with its own address: an "openai/x" behind another address is only compatible.
    own = base_url is None or clean_url(base_url) == preset.base_url
    if not own:
        preset = Preset("", preset.key_variables, dialect=PLAIN)
    url = base_url or preset.base_url
    if not url:
        raise UsageError(f"{provider}/{model} needs an address: give base_url=, on the command line --base-url")
    variables = preset.key_variables if own else (OWN_KEY, *preset.key_variables)
    key = api_key or next((value for name in variables if (value := os.environ.get(name, "").strip())), None)
    if preset.needs_key and not key:
        raise UsageError(f"{provider}/{model} needs a key: set the environment variable {preset.key_variables[0]}")
    options.setdefault("name", f"{provider}/{model}" if own else f"{provider}/{model}@{clean_url(url)}")
    options.setdefault("dialect", preset.dialect)
    options.setdefault("supports_schema", preset.supports_schema)
    options.setdefault("reports_cost", preset.reports_cost)
    return OpenAICompatible(model, url, key, **options)
