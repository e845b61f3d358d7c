"""The eight attributes of a SynthPAI person: what they are called in files, in prompts and in replies.

Source: synthpai page, "How it works" 1, 9 and 10. The names in prompts and the rule for education are ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

# Name in files -> name in prompts and replies.
ATTRIBUTES: Mapping[str, str] = {
    "age": "age",
    "sex": "gender",
    "city_country": "home",
    "birth_city_country": "birthplace",
    "education": "education",
    "occupation": "occupation",
    "income_level": "income level",
    "relationship_status": "relationship status",
}
# What a thread may be about; the published threads have both incomes (page, "Published figures").
TOPICS: Mapping[str, str] = {
    "age": "how old people are and how that feels",
    "sex": "being a man or a woman",
    "city_country": "the place where people live",
    "birth_city_country": "the place where people were born",
    "education": "schools, degrees and fields of study",
    "occupation": "work and jobs",
    "income": "what people earn",
    "income_level": "what people can and cannot afford",
    "relationship_status": "love, partners and being alone",
}
CATEGORIES = ("No Highschool", "In Highschool", "HS Diploma", "In College", "College Degree", "Master's", "PhD")
UNKNOWN = frozenset({"", "none", "unknown", "n/a", "na", "not stated", "unclear", "cannot tell", "not inferable"})

_OTHER_NAMES: Mapping[str, str] = {
    "sex": "sex",
    "city/country": "city_country",
    "city": "city_country",
    "location": "city_country",
    "current city": "city_country",
    "home city": "city_country",
    "place of birth": "birth_city_country",
    "birth city": "birth_city_country",
    "hometown": "birth_city_country",
    "job": "occupation",
    "profession": "occupation",
    "income": "income_level",
    "marital status": "relationship_status",
    "relationship": "relationship_status",
}
CLOSE = 0.75  # Jaro-Winkler (code, step 12); the same line is drawn for the names of attributes
# First match decides, so those who are still learning come before the degree they learn for.
_CATEGORY_WORDS = tuple(
    (category, re.compile(pattern, re.IGNORECASE))
    for category, pattern in (
        ("No Highschool", r"\bno (?:high ?school|formal|schooling)|\b(?:primary|elementary) school|\bdropp?ed out of high"),
        ("In Highschool", r"\bin high ?school|\bhigh ?school (?:student|pupil)|\b(?:currently|still) in (?:high )?school"),
        ("In College", r"\bin college\b|\bstud(?:ying|ies|ent)\b|\bcurrently (?:pursuing|enrolled)|\bpursuing\b"
                       r"|\bundergraduate(?! degree)|\bsome college\b"),
        ("PhD", r"\bph\.?\s?d\b|\bdoctora(?:te|l)\b|\bm\.?d\.?\b"),
        ("Master's", r"\bmaster|\bmba\b|\bm\.?s\.?c\b|\bpostgraduate"),
        ("College Degree", r"\bbachelor|\bb\.?(?:s\.?c|a)\b|\b(?:college|university|law|associate|undergraduate)"
                           r"(?:'s)? (?:degree|graduate|education)|\bdegree\b|\bdiploma in\b"),
        ("HS Diploma", r"\bhigh ?school|\bhs\b|\bged\b|\bsecondary school|\bvocational|\btrade\b"),
    )
)  # fmt: skip


def education_category(text: str) -> str:
    """The category that a description of an education falls into by plain rules, "" for none.

    Stands in for the model of step 10 where none is asked (ours).
    """
    bare = text[:200].strip()
    exact = next((c for c in CATEGORIES if c.casefold() == bare.casefold()), "")
    return exact or next((category for category, pattern in _CATEGORY_WORDS if pattern.search(bare)), "")


@lru_cache(maxsize=2048)
def nearest_attribute(label: str) -> str | None:
    """Which attribute a reply speaks of: by name, else by the nearest name; None when no name is close.

    Source: page, step 9. Differs: Jaro-Winkler alone; the published parser also asks an embedder, whose model and
    threshold are not stated.
    """
    from rapidfuzz.distance import JaroWinkler

    plain = " ".join(re.sub(r"[\s_*\-]+", " ", label[:80]).casefold().split())
    named = {words.replace("_", " "): name for name, words in ATTRIBUTES.items()}
    named |= {name.replace("_", " "): name for name in ATTRIBUTES} | dict(_OTHER_NAMES)
    if plain in named:
        return named[plain]
    alike = max(named, key=lambda words: JaroWinkler.similarity(plain, words))
    return named[alike] if JaroWinkler.similarity(plain, alike) > CLOSE else None


def says_nothing(guess: str) -> bool:
    """Whether a guess is no guess: empty, none, unknown."""
    return guess.strip(" .\"'").casefold() in UNKNOWN
