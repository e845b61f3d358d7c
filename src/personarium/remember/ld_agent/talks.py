"""Where one talk ends and the next begins, which are not summed up yet, and what stands in for the summariser without a model.

Source: ld-agent page, step 1 and Traps.
Differs: a change of the session's name ends a talk too (``by_name``); a talk can be closed by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from personarium.core.sentences import sentence_spans
from personarium.remember.ld_agent.nouns import Nouns
from personarium.remember.ld_agent.topics import Session
from personarium.remember.reading import read_claims
from personarium.remember.records import Fact, Observation
from personarium.remember.strategy import UserView
from personarium.remember.view import began

NAME = "ld-agent"
SESSION = "session"
USER = "user"


def talks(said: Iterable[Observation], gap_s: float, by_name: bool) -> list[list[Observation]]:
    """The talks of a log: a new one begins when the user speaks after a pause longer than ``gap_s``.

    Args:
        said: In the order of the log.
        gap_s: Seconds; a pause of exactly this length ends nothing.
        by_name: Whether another session name begins a new one, too.
    """
    out: list[list[Observation]] = []
    for one in said:
        if not out or _begins(out[-1][-1], one, gap_s, by_name):
            out.append([])
        out[-1].append(one)
    return out


def _begins(last: Observation, one: Observation, gap_s: float, by_name: bool) -> bool:
    renamed = by_name and bool(one.session) and bool(last.session) and one.session != last.session
    return renamed or (one.speaker == USER and one.at - last.at > gap_s)


def told(view: UserView) -> frozenset[str]:
    """Observations that a session's summary is of, also one that has been taken away by hand since."""
    return frozenset(id for fact in view.facts(SESSION, ended=True) for id in fact.evidence)


def open_talks(view: UserView, gap_s: float, by_name: bool) -> tuple[list[list[Observation]], list[Observation]]:
    """The talks that are over and not summed up, and the running one without what is summed up of it.

    Returns:
        (talks that are over, the running talk); a talk that was closed by hand and goes on has its new part here.
    """
    known = told(view)
    said = [one for one in view.observations() if one.at <= view.now]
    cut = [[one for one in talk if one.id not in known] for talk in talks(said, gap_s, by_name)]
    return [talk for talk in cut[:-1] if talk], cut[-1] if cut else []


def sessions_of(view: UserView, nouns: Nouns) -> list[Session]:
    """The bank of past sessions, in the order of recording."""
    return [_session(fact, nouns) for fact in view.facts(SESSION) if began(fact) <= view.now]


def _session(fact: Fact, nouns: Nouns) -> Session:
    """A session's fact as the bank holds it; one that was written by hand has the nouns of its words."""
    topics = fact.attributes.get("nouns") or nouns(fact.text)
    return Session(fact.id, fact.text, frozenset(map(str, topics)), began(fact), fact.evidence)


def numbered_lines(talk: Sequence[Observation]) -> str:
    """A talk as the summariser reads it: ``(line 1) user: ...``."""
    return "\n".join(f"(line {n}) {one.speaker}: {' '.join(one.text.split())}" for n, one in enumerate(talk, 1))


def summary_by_rules(talk: Sequence[Observation], nouns: Nouns, most_words: int) -> str:
    """The user's statements of a talk, as many as fit; without any, what it was about; without a noun, its first words."""
    mine = [one for one in talk if one.speaker == USER]
    kept: list[str] = []
    for claim in read_claims(mine):
        length = sum(len(text.split()) for text in kept)
        if claim.sentence not in kept and length + len(claim.sentence.split()) <= most_words:
            kept.append(claim.sentence)
    if kept:
        return " ".join(kept)
    return _about(talk, nouns, most_words) or _first_words(talk, most_words)


def _about(talk: Sequence[Observation], nouns: Nouns, most_words: int) -> str:
    counts = Counter(noun for one in talk for noun in sorted(nouns(one.text)))
    named = [noun for noun, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    return f"Talked about {', '.join(named[: max(most_words - 2, 1)])}." if named else ""


def _first_words(talk: Sequence[Observation], most_words: int) -> str:
    for one in talk:
        for start, end in sentence_spans(one.text):
            return " ".join(one.text[start:end].split()[:most_words])
    return ""


def nouns_of(talk: Iterable[Observation], nouns: Nouns) -> frozenset[str]:
    """The nouns of a whole talk, both speakers'."""
    return frozenset[str]().union(*(nouns(one.text) for one in talk))


def context_lines(talk: Collection[Observation], labels: dict[str, str], most: int) -> str:
    """The last ``most`` utterances as the response generator reads them: ``(turn 1) user: ...``."""
    shown = list(talk)[-most:]
    lines = (f"{labels.get(one.speaker, one.speaker)}: {' '.join(one.text.split())}" for one in shown)
    return "\n".join(f"(turn {n}) {line}" for n, line in enumerate(lines, 1))
