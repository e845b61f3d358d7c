"""The labels that a judge may be asked for, by what they mean."""

from __future__ import annotations

from functools import lru_cache

_MEANINGS = {
    "yes": """yes true entailment entailed entails supported supports support consistent
        valid pass passed correct good accept
        accepted acceptable approve agree implied present holds satisfied followed ok safe""",
    "no": """no false contradiction contradicted contradicts refuted refutes inconsistent
        invalid fail failed incorrect bad reject
        rejected unacceptable disagree violated unsafe wrong conflict""",
    "neutral": """neutral unknown unrelated maybe unclear neither absent undetermined unsure baseless
        unsupported abstain""",
    "relevant": "relevant pertinent",
    "irrelevant": "irrelevant",
    "stop": "stop end ended finish finished terminate done over complete completed",
    "continue": "continue go proceed ongoing keep more",
    "tie": "tie draw equal both same c",
    "first": "a first left 1 response_a model_a win",
    "second": "b second right 2 response_b model_b lose loss",
}
_MEANING = {word: meaning for meaning, words in _MEANINGS.items() for word in words.split()}
_PHRASES = {
    "not mentioned": "neutral", "not enough information": "neutral", "cannot tell": "neutral", "not sure": "neutral",
    "not supported": "neutral", "not entailed": "no", "no information": "neutral", "not consistent": "no",
    "partially supported": "neutral", "not valid": "no", "not relevant": "irrelevant", "go on": "continue", "keep going": "continue",
}  # fmt: skip
_TELLING = frozenset({"yes", "no", "stop", "continue", "relevant"})
_PAIR_WORDS = frozenset({"first", "second", "tie"})


@lru_cache(maxsize=2048)
def meanings(choices: tuple[str, ...]) -> tuple[str, ...]:
    """What each label of a verdict hole means ("" for a label that is no verdict).

    ``A`` and ``B`` (or 1, 2; first, second; left, right; win, lose) mean the two responses of a pair only when the
    hole has both.
    """
    found = tuple(_meaning(c) for c in choices)
    if {"first", "second"} <= set(found):
        return found
    return tuple("" if f in _PAIR_WORDS and f != "tie" else f for f in found)


def _meaning(choice: str) -> str:
    words = choice.lower().strip("()[]. '\"").replace("_", " ").replace("-", " ")
    if words in _PHRASES:
        return _PHRASES[words]
    bare = words.removeprefix("response ").removeprefix("assistant ").removeprefix("answer ").removeprefix("option ")
    return _MEANING.get(bare, _MEANING.get(words.split()[0], "") if words.split() else "")


def is_verdict(choices: tuple[str, ...]) -> bool:
    """Whether a choice hole asks for a verdict: every label is one, and they do not all mean the same."""
    found = meanings(choices)
    return all(found) and len(set(found)) > 1 and bool(_TELLING & set(found))


def is_pair(choices: tuple[str, ...]) -> bool:
    """Whether a choice hole asks which of two is better: both, perhaps a tie, and nothing else."""
    found = meanings(choices)
    return {"first", "second"} <= set(found) and all(found) and len(choices) <= 4
