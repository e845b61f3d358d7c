"""PersonalDialog, the corpus side: records with traits, the anonymiser, statistics, and a corpus whose truth is known.

The paper's order: sessions with the traits of each speaker, anonymised by several schemes; then the figures of the corpus. The
model side (trait fusion, persona-aware attention and bias, the sensitivity report) stands in
:mod:`personarium.steer.personaldialog`.

The corpus itself is Weibo data about people: its terms are not known, it is to be had from its authors only and is not shipped.

Source: *Personalized Dialogue Generation with Diversified Traits*, arXiv 1901.09672; personaldialog page, steps 1 and 8.
Differs: format and anonymisation rules are the project's (the paper's are not available).
Units: utterances a session, utterances a speaker; k counts speakers.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.dialogue import Dialogue
from personarium.core.errors import UsageError
from personarium.make.makers import Made, Maker, MakeRequest
from personarium.make.option_values import whole
from personarium.make.personaldialog.anonymise import RARE, Anonymiser
from personarium.make.personaldialog.data_format import Session, iter_sessions
from personarium.make.personaldialog.planted import planted_corpus
from personarium.make.personaldialog.statistics import CorpusReport, corpus_report, distinct_n

SALT = "PERSONARIUM_SALT"  # environment variable: a salt on the command line would stand in its record
_MOST_VALUES = 20  # of a trait in a report's table


async def make(request: MakeRequest) -> Made:
    """Anonymise the corpus of the input, or make one whose truth is known; no model is asked.

    Raises:
        UsageError: k is no whole number from 1, or there is no salt.
    """
    if request.input is None:
        sessions = planted_corpus(request.count, request.seed)
    else:
        read = list(_first(request, request.count))
        sessions = Anonymiser(_salt(), whole("k", request.options.get("k", str(RARE)), 1))(read)
    report = corpus_report(sessions)
    return Made(
        dialogues=[_with_traits(s) for s in sessions],
        rows=[s.to_dict() for s in sessions],
        sections=[_sizes(report, sessions), *_tables(report)],
    )


def _first(request: MakeRequest, count: int) -> Sequence[Session]:
    from itertools import islice

    assert request.input is not None  # the caller looked
    return list(islice(iter_sessions(request.input), count))


def _salt() -> str:
    salt = os.environ.get(SALT, "")
    if not salt:
        raise UsageError(f"speakers are hashed with a secret salt; set the environment variable {SALT}")
    return salt


def _with_traits(session: Session) -> Dialogue:
    """The talk, with the traits of its speakers beside it."""
    talk = session.dialogue
    return Dialogue(talk.id, list(talk), {**talk.meta, "traits": session.to_dict()["traits"]}, talk.cast)


def _sizes(report: CorpusReport, sessions: Sequence[Session]) -> dict[str, Any]:
    responses = [s.response for s in sessions]
    rows: list[list[Any]] = [
        ["sessions", report.sessions],
        ["utterances", report.utterances],
        ["speakers", report.speakers],
        ["utterances a session", report.per_session],
        ["utterances a speaker", report.per_speaker],
        ["distinct-1 of responses", distinct_n(responses, 1)],
        ["distinct-2 of responses", distinct_n(responses, 2)],
        ["speakers with conflicting traits", len(report.conflicts)],
    ]
    return {"kind": "table", "title": "The corpus", "columns": ["what", "number"], "rows": rows}


def _tables(report: CorpusReport) -> list[dict[str, Any]]:
    found = []
    for name, values in report.traits.items():
        rows: list[list[Any]] = [[value, n] for value, n in list(values.items())[:_MOST_VALUES]]
        rest = len(values) - len(rows)
        rows += [[f"{rest} other values", sum(list(values.values())[_MOST_VALUES:])]] if rest else []
        rows.append(["not known", report.unknown[name]])
        found.append({"kind": "table", "title": f"Speakers by {name}", "columns": [name, "speakers"], "rows": rows})
    return found


MAKER = Maker(
    name="personaldialog",
    makes="dialogues",
    make=make,
    options={"k": f"a tag held by fewer speakers is dropped ({RARE})"},
    takes=f"a corpus of sessions with traits (.jsonl) to anonymise; speakers are hashed with the salt in {SALT}",
)


async def _example(model: ChatModel, seed: int) -> Sequence[dict[str, Any]]:
    """A corpus of known truth, anonymised and counted; no model is asked."""
    sessions = planted_corpus(12, seed)
    clean = Anonymiser("a salt for the contract", k=2)(sessions)
    rows = [{"id": s.dialogue.id, **s.to_dict()} for s in clean]
    return [*rows, corpus_report(clean).as_row()]


CONTRACT = Contract(example=_example)
