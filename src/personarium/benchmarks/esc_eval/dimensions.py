"""The seven dimensions and what their scores 0 to 4 mean, in our own words.

Source: esc-eval page, step 5. A list of good advice is punished by *human* and rewarded by *suggestion*, so the seven are never
put together into one number.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

LOWEST, HIGHEST = 0, 4
UNPARSED = -1  # how the published files write a score that could not be read
DIMENSIONS = ("fluency", "diversity", "empathic", "suggestion", "human", "tech", "overall")


@lru_cache(maxsize=1)
def rubrics() -> Mapping[str, str]:
    """Dimension -> its rubric, as a rater reads it."""
    import tomllib

    text = (files("personarium.benchmarks.esc_eval") / "data" / "dimensions.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return {name: "\n".join([table[name]["asks"], *_levels(table[name]["levels"])]) for name in DIMENSIONS}


def _levels(levels: list[str]) -> list[str]:
    return [f"{score}: {words}" for score, words in enumerate(levels, LOWEST)]
