"""What the published code and documents of HACHIMI do that departs from what is right: erratum ids and published figures.

Source: hachimi page, "Traps", steps 1, 7 and 10; ids in the catalogue row.
"""

from __future__ import annotations

from personarium.core.errata import Published, published_faults

MODEL_RULES = "model-validated-rules"
BLIND_REVISION = "blind-revision"
NAMES_UNSEEN = "names-not-shown"
FAST_SKIPS_RULES = "clean-fast-skips-rules"
NO_LAST_CHECK = "no-last-check"
PATTERN_AS_TUPLES = "agent-pattern-as-tuples"
FIRST_MARKER_ONLY = "first-list-marker-only"
SUBSTRING_POLARITY = "polarity-substrings"
ATTEMPTS_TWICE = "attempts-counted-twice"
ANY_DIMENSION = "any-dimension"
MIDDLE_ANYWHERE = "middle-anywhere"
TOP_BLOCK_ONLY = "top-block-only"
REFILL_OTHER_BAR = "refill-other-bar"
REPORT_AGE_NORMS = "report-age-norms"
LOOSE_AGENT_NAME = "loose-agent-name"
RANDOM_TIES = "random-ties"
SLOT_UNCHECKED = "slot-unchecked"

ERRATA: tuple[str, ...] = (
    MODEL_RULES, BLIND_REVISION, NAMES_UNSEEN, FAST_SKIPS_RULES, NO_LAST_CHECK, PATTERN_AS_TUPLES, FIRST_MARKER_ONLY,
    SUBSTRING_POLARITY, ATTEMPTS_TWICE, ANY_DIMENSION, MIDDLE_ANYWHERE, TOP_BLOCK_ONLY, REFILL_OTHER_BAR, REPORT_AGE_NORMS,
    LOOSE_AGENT_NAME, RANDOM_TIES, SLOT_UNCHECKED,
)  # fmt: skip

DOCUMENTED_SIZE, COMMAND_LINE_SIZE = 1_000_000, 50_000
# What share of a school has each level by the level's own words; the published quotas give each a quarter.
NATURAL_MIX = {"high": 0.1, "mid": 0.2, "low": 0.2, "poor": 0.5}


def faults(as_published: Published) -> frozenset[str]:
    """The erratum ids that are switched on; True is all of them."""
    return published_faults(as_published, ERRATA)


def corpus_size(as_published: bool = False) -> int:
    """The default size of a corpus: a million by the documentation, 50,000 in the published command line."""
    return COMMAND_LINE_SIZE if as_published else DOCUMENTED_SIZE


def natural_weights(mix: dict[str, float], as_published: bool = False) -> dict[str, float]:
    """The weight of a student of each level in a mean over the school.

    Args:
        mix: Level -> its share of the population that was made.
        as_published: Every student weighs 1, as if the quotas were natural frequencies.
    """
    if as_published:
        return dict.fromkeys(mix, 1.0)
    return {level: NATURAL_MIX[level] / share for level, share in mix.items() if share > 0}
