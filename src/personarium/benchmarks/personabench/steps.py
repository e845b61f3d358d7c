"""The one prompted step of PersonaBench: a short answer from what was retrieved.

Source: PersonaBench (arXiv 2502.20616), page step 5: one question with the retrieved texts, the API's default temperature.
The prompt is in our own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from personarium.core.chat import Sampling
from personarium.models.step import Step
from personarium.text.form import Form, Unparsed
from personarium.text.refusals import is_refusal

_FORM = Form.parse("<answer: text>")
READ = Step("personabench.read", "personarium.benchmarks.personabench", "read", _FORM, Sampling(temperature=1.0))
STEPS = (READ,)


def read_answer(text: str) -> dict[str, Any] | Unparsed:
    """Reader of the answer: whatever was said; an empty reply and one that declines are no answers."""
    return Unparsed("the reply declines to answer", text) if is_refusal(text) else _FORM.read(text)


def printed_array(passages: Sequence[str]) -> str:
    """The passages as the official prompt holds them: a printed array, quoted and escaped (erratum ``printed-chunks``)."""
    import numpy as np

    return str(np.array(passages))
