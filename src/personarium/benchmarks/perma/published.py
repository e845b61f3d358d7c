"""Published figures of PERMA, for comparison, and the people of the published set.

Source: perma page, step 1 and "Published figures" (paper). Memory systems answered with gpt-4o-mini; search times
include the network of hosted services and cannot be compared.
"""

from __future__ import annotations

from collections.abc import Mapping

# Ids of the ten published users and where they come from (code).
PEOPLE: Mapping[int, str] = {
    334: "Canada",
    354: "Mexico",
    123: "Finland",
    1377: "United States",
    507: "Australia",
    914: "United Kingdom",
    112: "Switzerland",
    419: "Israel",
    108: "Russian Federation",
    109: "Belgium",
}
COUNTRIES: tuple[str, ...] = tuple(PEOPLE.values())

# The whole history in the prompt: multiple-choice accuracy, by (variant, domains).
SETTINGS = ("clean single", "noise single", "clean multi", "noise multi")
STANDALONE: Mapping[str, tuple[float, float, float, float]] = {
    "MiniMax-M2.5": (0.797, 0.797, 0.860, 0.866),
    "GLM-5": (0.811, 0.813, 0.885, 0.905),
    "Kimi-K2.5": (0.882, 0.865, 0.955, 0.930),
    "Qwen3-32B": (0.870, 0.877, 0.936, 0.930),
    "Qwen2.5-72B": (0.790, 0.792, 0.815, 0.841),
    "Qwen2.5-14B-1M": (0.759, 0.766, 0.873, 0.841),
    "Llama3.3-70B": (0.818, 0.820, 0.682, 0.656),
    "Gemini2.5-Flash": (0.870, 0.879, 0.898, 0.930),
    "GLM-4.7-Flash": (0.868, 0.853, 0.828, 0.841),
    "GPT-4o-mini": (0.780, 0.766, 0.707, 0.720),
}

MEASURES = (
    "accuracy",
    "BERT-F1",
    "memory score",
    "context tokens",
    "search ms",
    "completion",
    "user tokens",
    "turn = 1",
    "turn <= 2",
)
CLEAN_SINGLE: Mapping[str, tuple[float, ...]] = {
    "RAG (BGE-M3)": (0.702, 0.859, 1.89, 928.8, 16.2, 0.830, 61.9, 0.461, 0.797),
    "MemOS": (0.811, 0.830, 2.27, 709.1, 369.1, 0.842, 60.7, 0.548, 0.801),
    "Mem0": (0.686, 0.781, 1.91, 340.1, 557.0, 0.797, 69.4, 0.475, 0.775),
    "LightMem": (0.657, 0.792, 1.83, 297.3, 8.5, 0.794, 62.3, 0.532, 0.813),
    "Memobase": (0.733, 0.781, 1.86, 1033.3, 1991.0, 0.804, 59.2, 0.504, 0.830),
    "EverMemOS": (0.728, 0.827, 2.08, 3230.5, 16666.5, 0.846, 60.0, 0.508, 0.790),
    "Supermemory": (0.655, 0.799, 1.84, 94.3, 2881.7, 0.804, 65.9, 0.501, 0.804),
}
CLEAN_MULTI: Mapping[str, tuple[float, ...]] = {
    "RAG (BGE-M3)": (0.682, 0.849, 1.78, 858.1, 16.5, 0.745, 122.6, 0.204, 0.561),
    "MemOS": (0.732, 0.819, 2.14, 664.7, 364.2, 0.643, 113.3, 0.306, 0.592),
    "Mem0": (0.650, 0.785, 1.78, 339.5, 525.3, 0.694, 129.7, 0.280, 0.529),
    "LightMem": (0.605, 0.795, 1.78, 289.9, 8.5, 0.643, 129.2, 0.274, 0.580),
    "Memobase": (0.694, 0.793, 1.71, 1033.2, 2228.0, 0.650, 102.4, 0.331, 0.656),
    "EverMemOS": (0.713, 0.820, 1.98, 3134.4, 15847.0, 0.688, 115.2, 0.268, 0.573),
    "Supermemory": (0.656, 0.803, 1.72, 92.4, 3232.3, 0.675, 125.4, 0.248, 0.554),
}


def above_full_context(reader: str = "GPT-4o-mini") -> dict[str, list[str]]:
    """Which memory systems beat the whole history in the prompt of the same reader (page, Traps), by setting."""
    whole = STANDALONE[reader]
    tables = {"clean single": (CLEAN_SINGLE, whole[0]), "clean multi": (CLEAN_MULTI, whole[2])}
    return {name: [s for s, row in table.items() if row[0] > line] for name, (table, line) in tables.items()}
