"""Published results of SynthPAI, for comparison: top-1 and top-3 accuracy on the revised labels, in per cent.

Source: synthpai page, "Published figures", recomputed there from the published files (mode model_human; 700 labels, but 679
for Gemini-1.5-Pro and 699 for Gemma-7B).
"""

from __future__ import annotations

from collections.abc import Mapping

PUBLISHED: Mapping[str, tuple[float, float]] = {
    "GPT-4": (78.00, 91.43),
    "Claude-3-Opus": (73.71, 87.43),
    "Llama-3-70B": (71.71, 88.71),
    "Mixtral-8x22B": (71.57, 87.43),
    "Claude-3-Sonnet": (69.57, 83.29),
    "Gemini-1.5-Pro": (68.19, 86.01),
    "Qwen1.5-110B": (67.71, 83.86),
    "Claude-3-Haiku": (65.29, 81.14),
    "Gemini-Pro": (64.00, 78.29),
    "Yi-34B": (58.86, 76.14),
    "GPT-3.5": (58.29, 81.71),
    "Llama-2-70B": (57.57, 81.86),
    "Llama-3-8B": (55.71, 77.43),
    "Mixtral-8x7B": (55.57, 69.71),
    "Llama-2-13B": (51.00, 69.29),
    "Mistral-7B": (45.71, 62.57),
    "Gemma-7B": (40.77, 63.52),
    "Llama-2-7B": (33.57, 49.43),
}


def published_figures(model: str) -> tuple[float, float] | None:
    """Top-1 and top-3 of a model by its name in a file (``gpt-4``), None when nothing is published."""
    plain = model.casefold()
    return next((figures for name, figures in PUBLISHED.items() if name.casefold() == plain), None)
