"""What the detail tests of the roles share: prompts made of blocks, and the text and ledger of one reply."""

from __future__ import annotations

import asyncio
from typing import Any

from personarium.core.chat import Message, Sampling, system, user
from personarium.models.simulated.ledger import Ledger
from personarium.models.simulated.subject import SimulatedModel
from personarium.text.form import Form

EXACT = "simulated:sloppy=0,flip=0,judge_noise=0,ability=1,recall=1,hallucinate=0,obey=1"


def prompt(*parts: str, form: str = "", persona: str = "") -> list[Message]:
    """A system message (the persona) and one user message that ends in a reply form."""
    text = "\n".join([*parts, *([Form.parse(form).show()] if form else [])])
    return [system(persona), user(text)] if persona else [user(text)]


def ask(messages: list[Message], name: str = EXACT, **sampling: Any) -> tuple[str, Ledger]:
    """The reply's text and the ledger of one request."""
    model = SimulatedModel(name)
    return asyncio.run(model.generate(messages, Sampling(**sampling))).text, model.explain(
        messages, Sampling(**sampling)
    )
