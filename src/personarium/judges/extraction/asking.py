"""Reading a persona out of a text by asking a model for facts with quotations; what is not quoted from the text is not kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from personarium.core.chat import ChatModel, Message, Sampling
from personarium.core.errors import InvalidInput
from personarium.core.facets import Facet, Source
from personarium.core.persona import DESCRIPTION
from personarium.core.results import Failure
from personarium.judges.extraction.quotes import QuoteFinder
from personarium.judges.extraction.record import Extraction, covered_share, pointer
from personarium.judges.extraction.sentences import lines, sentences
from personarium.judges.extraction.vocabulary import path_for, vocabulary
from personarium.models.step import Answer, Step
from personarium.text.form import Form, Unparsed
from personarium.text.similarity import content_stems

PART, OVERLAP = 6000, 500  # characters: about 1,500 tokens a call leaves small models room for the reply
QUOTED, CONCLUDED = 0.8, 0.5  # confidence of a value in the quotation's own words, and of one that is not
_FORM = Form.parse('n x FACT(<path>, answer: "<text>", quote: "<text>")')
EXTRACT = Step(
    "extraction.facts",
    "personarium.judges.extraction",
    "facts",
    _FORM,
    Sampling(temperature=0.0, max_tokens=4096),
)


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of the text that fits one call."""

    number: int
    start: int
    end: int


async def extract_by_model(
    model: ChatModel,
    text: str,
    *,
    where: str = "text",
    about: str = "",
    seed: int = 0,
    asks: int = 2,
    part: int = PART,
    overlap: int = OVERLAP,
) -> Extraction:
    """Read a persona out of a text with a model.

    Args:
        model: Who is asked.
        text: Any text in which the person is described or speaks.
        where: What evidence calls the text (a file's name).
        about: The name of the person, where the text speaks of several.
        seed: Of the model's draws.
        asks: The most times one part is asked about while the reply cannot be read.
        part: Longest text of one call, in characters; a longer text is cut at sentence ends.
        overlap: Characters that neighbouring parts share, so that a statement at a cut is seen whole.

    Returns:
        Facets with confidence 0.8 (source ``extracted``), or 0.5 and source ``inferred`` where no content word of the
        value stands in its quotation. A fact whose quotation is not in the text is a failure and no facet; so are parts
        whose reply is empty, refused or unreadable, and single lines of a reply that could not be read.

    Raises:
        InvalidInput: ``part`` is not above ``overlap``.
    """
    parts = cut(text, part, overlap)
    answers = await asyncio.gather(
        *(
            EXTRACT.ask(
                model, _inputs(text, one, about), item=f"{where}#{one.number}", asks=asks, seed=seed, read=_read
            )
            for one in parts
        )
    )
    finder, failures = QuoteFinder(text), list[Failure]()
    merged: dict[tuple[str, str], Facet] = {}
    for one, answer in zip(parts, answers, strict=True):
        for entry in _entries(answer, f"{where}#{one.number}", failures):
            _keep(entry, one, finder, where, merged, failures)
    facets = _numbered(merged.values())
    spans = [place for line in lines(text) for place in sentences(text, line.place)]
    method = f"{model.name}:facts={EXTRACT.hash}"
    return Extraction(text, where, facets, method, tuple(failures), (), covered_share(spans, facets))


def render_parts(text: str, about: str = "", part: int = PART, overlap: int = OVERLAP) -> list[list[Message]]:
    """The exact messages that :func:`extract_by_model` sends, one list for each call; asks nobody."""
    return [EXTRACT.render(**_inputs(text, one, about)) for one in cut(text, part, overlap)]


def cut(text: str, part: int = PART, overlap: int = OVERLAP) -> list[_Part]:
    """Stretches of at most ``part`` characters that end at sentences where they can and overlap by about ``overlap``.

    Raises:
        InvalidInput: ``part`` is not above ``overlap``, or ``overlap`` is negative.
    """
    if not 0 <= overlap < part:
        raise InvalidInput("extraction", "a part longer than its overlap, which is 0 or more", (part, overlap), "part")
    if not text.strip():
        return []
    ends = [end for line in lines(text) for _, end in sentences(text, line.place)]
    found: list[_Part] = []
    start = k = 0
    while True:
        last = start
        while k < len(ends) and ends[k] <= start + part:
            last = max(last, ends[k])
            k += 1
        stop = len(text) if k == len(ends) and len(text) - start <= part else last if last > start else start + part
        found.append(_Part(len(found) + 1, start, min(stop, len(text))))
        if stop >= len(text) or (k == len(ends) and stop >= ends[-1]):
            return found
        start = _restart(text, found[-1], overlap)


def _restart(text: str, before: _Part, overlap: int) -> int:
    """Where the next part begins: at a blank about ``overlap`` characters before the last one ended."""
    begin = max(before.start + 1, before.end - overlap)
    blank = text.find(" ", begin, before.end)
    return blank + 1 if blank >= 0 else begin if overlap else before.end


def _inputs(text: str, part: _Part, about: str) -> dict[str, str]:
    return {"text": text[part.start : part.end], "about": about, "rules": _menu()}


@lru_cache(maxsize=1)
def _menu() -> str:
    """The paths with what belongs there, one a line."""
    return "\n".join(f"{row.path}  {row.about}" for row in vocabulary().paths.values())


def _read(text: str) -> dict[str, Any] | Unparsed:
    """By the form; a reply without a word is no list without entries."""
    return _FORM.read(text) if text.strip() else Unparsed("the reply is empty", text)


def _entries(answer: Answer, item: str, failures: list[Failure]) -> Sequence[Mapping[str, Any]]:
    if answer.values is None:
        failures.append(answer.failure or Failure("unparsed", "no reply could be read", item))
        return ()
    entries: Sequence[Mapping[str, Any]] = answer.values["items"]
    missed = sum("fact(" in line.lower() for line in answer.text.splitlines()) - len(entries)
    if missed > 0:
        failures.append(Failure("unparsed", f"{missed} lines of the reply could not be read", item, (answer.text,)))
    return entries


def _keep(
    entry: Mapping[str, Any],
    part: _Part,
    finder: QuoteFinder,
    where: str,
    merged: dict[tuple[str, str], Facet],
    failures: list[Failure],
) -> None:
    """Take one fact into the facets if its quotation is in the part of the text that was shown."""
    value, quote = " ".join(str(entry["answer"]).split()), str(entry["quote"])
    path = _path(str(entry["path"]))
    place = finder.find(quote, part.start, part.end)
    item = f"{where}#{part.number}"
    if place is None:
        failures.append(Failure("missing", f"quote not in the text: {path} {value!r}", item, (quote,)))
        return
    key = (path, value.lower())
    source, confidence = _trust(value, finder.text[slice(*place)])
    evidence = pointer(where, place)
    old = merged.get(key)
    if old is None:
        try:
            merged[key] = Facet("", path, value, source, (evidence,), confidence)
        except InvalidInput as error:  # a lone surrogate, which JSON can bring and UTF-8 cannot write
            failures.append(Failure("unparsed", str(error), item, (value,)))
        return
    known = old.evidence if evidence in old.evidence else (*old.evidence, evidence)
    best = max((old.confidence, old.source), (confidence, source), key=lambda pair: pair[0])
    merged[key] = Facet("", path, value, best[1], known, best[0])


def _trust(value: str, quote: str) -> tuple[Source, float]:
    """Source and confidence: whether the value shares a content word (or its very letters) with its quotation."""
    told, proof = set(content_stems(value)), set(content_stems(quote))
    if told & proof or (not told and value.lower() in quote.lower()):
        return "extracted", QUOTED
    return "inferred", CONCLUDED


def _path(named: str) -> str:
    """The path a model named: one of ours, or its last step if that is a name of ours, else what it wrote as one step."""
    if named in vocabulary().paths or named == DESCRIPTION:
        return named
    return path_for(named.rpartition(".")[2].replace("_", " "))


def _numbered(facets: Any) -> tuple[Facet, ...]:
    from personarium.core.layers import with_ids

    return with_ids(facets, "extraction")
