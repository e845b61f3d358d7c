"""The vocabulary: personas, dialogues, populations, rubrics, scores, the chat protocol and the errors."""

# ruff: noqa: F401  (the imports below tell type checkers what the lazy names are)
from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from personarium.core.chat import (
        ChatModel,
        Message,
        Reply,
        Role,
        Sampling,
        StreamingModel,
        TokenLogprob,
        Usage,
        assistant,
        canonical_json,
        system,
        user,
    )
    from personarium.core.dialogue import (
        OPENING_CUE,
        Dialogue,
        Utterance,
        iter_dialogues,
        load_dialogues,
        save_dialogues,
    )
    from personarium.core.errors import (
        BudgetExceeded,
        InvalidInput,
        NotFound,
        PersonariumError,
        RemoteError,
        StorageError,
        UsageError,
    )
    from personarium.core.facets import SOURCES, VISIBILITIES, Facet
    from personarium.core.label import Label, current_label, labelled
    from personarium.core.layers import LAYER_KINDS, Claim, Conflict, Knowledge, Layer, Resolution, stack
    from personarium.core.persona import KINDS, Demonstration, Flags, Persona, split_sentences
    from personarium.core.results import Estimate, Failure, Instrument, Scale, Score, count_failures
    from personarium.core.rubric import Rubric
    from personarium.core.views import STYLES, Rendered, Span, render, sentence

_EXPORTS = {
    "OPENING_CUE": "dialogue",
    "SOURCES": "facets",
    "STYLES": "views",
    "KINDS": "persona",
    "LAYER_KINDS": "layers",
    "VISIBILITIES": "facets",
    "BudgetExceeded": "errors",
    "ChatModel": "chat",
    "Claim": "layers",
    "Conflict": "layers",
    "Demonstration": "persona",
    "Dialogue": "dialogue",
    "Estimate": "results",
    "Facet": "facets",
    "Failure": "results",
    "Flags": "persona",
    "Instrument": "results",
    "InvalidInput": "errors",
    "Knowledge": "layers",
    "Label": "label",
    "Layer": "layers",
    "Message": "chat",
    "NotFound": "errors",
    "Persona": "persona",
    "PersonariumError": "errors",
    "RemoteError": "errors",
    "Rendered": "views",
    "Reply": "chat",
    "Resolution": "layers",
    "Role": "chat",
    "Rubric": "rubric",
    "Sampling": "chat",
    "Scale": "results",
    "Score": "results",
    "Span": "views",
    "StorageError": "errors",
    "StreamingModel": "chat",
    "TokenLogprob": "chat",
    "Usage": "chat",
    "UsageError": "errors",
    "Utterance": "dialogue",
    "assistant": "chat",
    "canonical_json": "chat",
    "count_failures": "results",
    "current_label": "label",
    "iter_dialogues": "dialogue",
    "labelled": "label",
    "load_dialogues": "dialogue",
    "render": "views",
    "save_dialogues": "dialogue",
    "sentence": "views",
    "split_sentences": "persona",
    "stack": "layers",
    "system": "chat",
    "user": "chat",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'personarium.core' has no attribute '{name}'")
    return getattr(import_module(f"personarium.core.{_EXPORTS[name]}"), name)


def __dir__() -> list[str]:
    return __all__
