"""The prompted steps of LikeBench: user turn, rating, tested model's instruction, notes, checks, priors, profiles.

Source: likebench page, steps 1 to 5 and 8; the paper's prompts were not published, these are our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personarium.benchmarks.likebench.ratings import rating_form
from personarium.core.chat import Sampling
from personarium.models.step import Step
from personarium.text.form import Form

_HERE = "personarium.benchmarks.likebench"
REPLY = "likebench.reply"  # the tested model's turn, in the records


def _facts_form(inputs: Mapping[str, Any]) -> Form:
    return Form.parse(f"{inputs['count']} x <yes|no>")


def _priors_form(inputs: Mapping[str, Any]) -> Form:
    return Form.parse(f'{inputs["sessions"]} x {{"topic": <text>, "mood": <text>, "goal": <text>}}')


def _profile_form(inputs: Mapping[str, Any]) -> Form:
    return Form.parse("{" + ", ".join(f'"{name}": <text>' for name in inputs["names"]) + "}")


USER = Step("likebench.user", _HERE, "user", None, Sampling(temperature=0.7))
RATE = Step("likebench.rate", _HERE, "rate", lambda inputs: rating_form(inputs["order"]), Sampling(temperature=0.0))
# The tested model's instruction is part of its system message and not asked by itself.
PARTNER = Step("likebench.partner", _HERE, "partner")
NOTES = Step(
    "likebench.notes",
    _HERE,
    "dup",
    Form.parse('{"said": [<text>, ...], "shown": [<text>, ...]}'),
    Sampling(temperature=0.0),
)
FACTS = Step("likebench.facts", _HERE, "facts", _facts_form, Sampling(temperature=0.0))
TRUTH = Step(
    "likebench.truth", _HERE, "truth", Form.parse("Reason: <text> Truthful: <yes|no>"), Sampling(temperature=0.0)
)
PRIORS = Step("likebench.priors", _HERE, "priors", _priors_form, Sampling(temperature=1.0))
PROFILE = Step("likebench.profile", _HERE, "profile", _profile_form, Sampling(temperature=1.0))
STEPS = (USER, RATE, NOTES, FACTS, TRUTH, PRIORS, PROFILE)
