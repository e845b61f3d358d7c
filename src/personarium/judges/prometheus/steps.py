"""The prompted steps of Prometheus and the readers of its verdicts; also the judge core's usual layout.

Source: Prometheus (arXiv 2310.08491), steps 1 to 3; sampling constants from the official scripts and library.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Literal

from personarium.core.chat import Sampling
from personarium.judges.layouts import Asked, Layout, Reading, read_verdict
from personarium.models.step import Step
from personarium.text.form import Form, Unparsed
from personarium.text.verdicts import Mode, Verdict, prometheus_preference, prometheus_score

_HERE = "personarium.judges.prometheus"
ReaderName = Literal["default", "library", "script"]

# Temperature and top_p of the benchmark script, the library's 1,024 new tokens; the repetition penalty (1.03) is no
# field of every endpoint and so belongs to :class:`PrometheusConfig`.
SAMPLING = Sampling(temperature=1.0, top_p=0.9, max_tokens=1024)
NO_HOLES = Asked()


def _absolute_form(inputs: Mapping[str, Any]) -> Form:
    return Form.parse(f"Feedback: <text> [RESULT] <1-5>{_certainty(inputs)}")


def _relative_form(inputs: Mapping[str, Any]) -> Form:
    choices = ["A", "B", *["tie"] * bool(inputs["ties"]), *["abstain"] * bool(inputs["abstention"])]
    return Form.parse(f"Feedback: <text> [RESULT] <{'|'.join(choices)}>{_certainty(inputs)}")


def _certainty(inputs: Mapping[str, Any]) -> str:
    return " Certainty: <1-100>" if inputs["certainty"] else ""


ABSOLUTE = Step("prometheus.absolute", _HERE, "absolute", _absolute_form, SAMPLING)
RELATIVE = Step("prometheus.relative", _HERE, "relative", _relative_form, SAMPLING)
WHOLE = Step("prometheus.whole", _HERE, "whole", None, SAMPLING)
STEPS = (ABSOLUTE, RELATIVE, WHOLE)


def read_score(
    text: str, asked: Asked = NO_HOLES, reader: ReaderName = "default", faults: Collection[str] = ()
) -> Reading | Unparsed:
    """Read a score from 1 to 5.

    Args:
        text: The judge's reply.
        asked: Optional holes.
        reader: ``default`` (end of the text; emphasis and a final stop forgiven), ``library`` (as the published library) or
            ``script`` (exactly one digit between the first and the next "[RESULT]").
        faults: ``strict-ending`` makes the default reader the library's; ``whole-output-feedback`` hands the whole reply
            back as feedback.
    """
    mode: Mode = "published" if reader == "library" else reader
    if mode == "default" and "strict-ending" in faults:
        mode = "published"
    return read_verdict(text, asked, lambda body: _with_feedback(prometheus_score(body, mode), body, faults))


def read_preference(
    text: str, asked: Asked = NO_HOLES, reader: ReaderName = "default", faults: Collection[str] = ()
) -> Reading | Unparsed:
    """Read which of two is better; ``any-line-marker`` takes the first marker that ends any line, as published."""
    published = reader != "default" or "any-line-marker" in faults
    return read_verdict(
        text,
        asked,
        lambda body: _with_feedback(prometheus_preference(body, "published" if published else "default"), body, faults),
    )


def _with_feedback(found: Verdict | Unparsed, text: str, faults: Collection[str]) -> Verdict | Unparsed:
    if isinstance(found, Unparsed):
        return found
    if "whole-output-feedback" in faults:
        return replace(found, feedback=text)
    return replace(found, feedback=feedback_of(text)) if found.feedback == text else found


def feedback_of(text: str) -> str:
    """The words before the first "[RESULT]" (all of them where there is none), without the cue "Feedback:"."""
    return text.split("[RESULT]", 1)[0].strip().removeprefix("Feedback:").strip()


def layout(reader: ReaderName = "default", faults: Collection[str] = ()) -> Layout:
    """Prometheus's layout with one of its readers and with published faults."""
    kept = frozenset(faults)
    return Layout(
        "prometheus",
        ABSOLUTE,
        RELATIVE,
        lambda text, asked: read_score(text, asked, reader, kept),
        lambda text, asked: read_preference(text, asked, reader, kept),
        WHOLE,
    )


PROMETHEUS = layout()
