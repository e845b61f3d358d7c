"""The two prompts: the published one, which is sent as it stands in the data, and the one that own items are written with.

Source: personaeval page, steps 2 and 4 (one user message, no system message, temperature 0).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from personarium.benchmarks.personaeval.items import Candidate, Exchange
from personarium.core.chat import Sampling
from personarium.models.step import Step
from personarium.text.form import Form

_HERE = "personarium.benchmarks.personaeval"


def reply_form(kind: str, names: Sequence[str]) -> Form:
    """What an own prompt asks for at its end."""
    if kind == "choice":
        return Form.parse(f"Speaker: <speaker: {'|'.join(names)}> Probability: <probability: 0.0-1.0>")
    holes = ", ".join(f"{json.dumps(name, ensure_ascii=False)}: <0.0-1.0>" for name in names)
    return Form.parse("{" + holes + "}")


def _form(inputs: Mapping[str, Any]) -> Form:
    return reply_form(inputs["kind"], inputs["names"])


IDENTIFY = Step("personaeval.identify", _HERE, "whole", None, Sampling(temperature=0.0))
# Writes the prompts of own items; asked through IDENTIFY, like the published ones.
ITEM = Step("personaeval.item", _HERE, "item", _form)
STEPS = (IDENTIFY,)


def written_prompt(exchange: Exchange, candidates: Sequence[Candidate]) -> str:
    """The whole prompt of an own item."""
    lines = [f"- {one.name}: {' '.join(one.profile.split())}" for one in candidates]
    messages = ITEM.render(
        speaker=exchange.speaker,
        said=exchange.said,
        reply=exchange.reply,
        candidates="\n".join(lines),
        kind=exchange.reply_kind,
        names=[one.name for one in candidates],
    )
    return messages[0]["content"]
