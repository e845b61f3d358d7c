"""Text without models: embeddings, near duplicates, string similarity, the reply form, parsers of model output."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from personarium.text.blocks import BLOCKS, Block, block, blocks
    from personarium.text.form import Form
    from personarium.text.holes import Hole, Unparsed

_EXPORTS = {
    "BLOCKS": "blocks",
    "Block": "blocks",
    "Embedder": "embed",
    "Form": "form",
    "Hole": "holes",
    "StaticEmbedder": "embed",
    "Unparsed": "holes",
    "block": "blocks",
    "blocks": "blocks",
    "is_refusal": "refusals",
    "load_embedder": "embed",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_EXPORTS[name]}"), name)
