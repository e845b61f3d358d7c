"""Do speakers keep their roles? A model audit with categories, deterministic scans, and placeholders for contacts.

Source: SPASM release v1.0.0, spasm page, point 7 (structural checks, screening of every dialogue by a model, scans for
self-identification as a machine, prompt leaks, credentials, e-mails, links, empty turns, exact duplicates).
Differs: categories, patterns and prompt are the laboratory's; the release names only ``none``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personarium.core.chat import ChatModel, Sampling
from personarium.core.dialogue import Dialogue
from personarium.core.results import Failure
from personarium.models.step import Step
from personarium.play.termination import one_line_each
from personarium.text.form import Form
from personarium.text.similarity import word_ngrams

CATEGORIES: Mapping[str, str] = {
    "role_swap": "a speaker takes the other one's part, so that the person gives help or the partner tells its own need",
    "breaks_character": "the person reveals being a language model, or speaks of instructions or of playing a part",
    "speaks_for_partner": "a speaker also writes the other one's turn",
    "mirroring": "a speaker repeats what the other one just said instead of answering",
}
NONE, OTHER = "none", "other"

AUDIT = Step(
    "play.role_audit",
    "personarium.play",
    "role_audit",
    Form.parse('{"role_failure": <yes|no>, "category": <text>, "reason": <text>}'),
    Sampling(temperature=0.0),
)


@dataclass(frozen=True, slots=True)
class Audit:
    """What the model audit found in one dialogue.

    Args:
        id: The dialogue.
        role_failure: None when the verdict could not be read; that is a failure, not a pass.
        category: ``none``, a name of :data:`CATEGORIES`, or ``other``; empty when unread.
        reason: The auditor's words.
        failure: Why there is no verdict.
    """

    id: str
    role_failure: bool | None
    category: str = ""
    reason: str = ""
    failure: Failure | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form, with the release's field names."""
        return {
            "id": self.id,
            "role_failure": self.role_failure,
            "category": self.category,
            "reason": self.reason,
            "failure": None if self.failure is None else self.failure.kind,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """One hit of a deterministic scan: what, in which turn (from 0), and the text that was found."""

    kind: str
    turn: int
    excerpt: str


async def audit_roles(
    dialogue: Dialogue,
    auditor: ChatModel,
    *,
    persona: str = "client",
    seed: int | None = 0,
    sample: int = 0,
    repeat: int = 0,
    attempt: int = 0,
) -> Audit:
    """Ask a model whether a speaker leaves its role.

    Args:
        dialogue: The whole dialogue.
        auditor: Who judges; best of another family than the speakers (spasm page, Traps).
        persona: The speaker who is the person with the need.
        seed: The run's seed.
        sample: Which dialogue of the same speakers.
        repeat: Which repeat.
        attempt: Which attempt at the dialogue.
    """
    answer = await AUDIT.ask(
        auditor,
        audit_inputs(dialogue, persona),
        item=dialogue.id,
        sample=sample,
        repeat=repeat,
        seed=seed,
        sampling=AUDIT.sampling.but(attempt=attempt),
    )
    if answer.failure is not None:
        return Audit(dialogue.id, None, failure=answer.failure)
    failed = bool(answer["role_failure"])
    return Audit(dialogue.id, failed, _category(str(answer["category"])) if failed else NONE, str(answer["reason"]))


def audit_inputs(dialogue: Dialogue, persona: str = "client") -> dict[str, Any]:
    """What the audit step is asked with."""
    labels = {speaker: speaker for speaker in dialogue.speakers} | {persona: f"{persona} (persona)"}
    return {"turns": one_line_each(dialogue.utterances, labels), "categories": dict(CATEGORIES)}


def audit_summary(audits: Iterable[Audit]) -> dict[str, Any]:
    """Counts in the release's form (``role_audit_summary.json``); unread verdicts stand beside the categories."""
    found = list(audits)
    read = [a for a in found if a.failure is None]
    flagged = [a for a in read if a.role_failure]
    return {
        "conversation_count": len(found),
        "flagged_count": len(flagged),
        "category_counts": dict(sorted(Counter(a.category for a in read).items())),
        "unread": len(found) - len(read),
        "flagged_records": [a.as_dict() for a in flagged],
    }


def _category(said: str) -> str:
    folded = "_".join(re.findall(r"[a-z]+", said.lower()))
    return next((name for name in CATEGORIES if name in folded), OTHER)


# --- scans ---

# Said of oneself; "my brother works with language models" is none.
_MACHINE = re.compile(
    r"\b(?:as|i am|i'm|being) (?:just |only |merely )?an? (?:ai|artificial intelligence|(?:large )?language model|chat ?bot|"
    r"virtual assistant|(?:ai|digital) (?:assistant|model|language model|system)|machine|computer program)\b(?! \w+(?:er|or|ist)s?\b)|"
    r"\bi (?:was|am|have been) (?:trained|developed|created|programmed) by (?:openai|anthropic|google|meta|deepseek|alibaba|"
    r"mistral)\b|\bmy (?:training data|knowledge cut-?off)\b",
    re.IGNORECASE,
)
_LEAK = re.compile(
    r"\b(?:my|the|your) system (?:prompt|message|instructions?)\b|\bi (?:was|have been|am) (?:told|instructed|prompted|asked) to "
    r"(?:play|act|role-?play|stay in character|pretend)\b|\bmy instructions (?:say|are|tell)\b|\b(?:stay|staying) in character\b|"
    r"<\|[a-z_]{1,30}\|>|\[/?INST\]|</?(?:persona|rules|reply|rubric)>",
    re.IGNORECASE,
)
_CREDENTIAL = re.compile(
    r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,200}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,200}|-----BEGIN [A-Z ]{0,30}PRIVATE KEY|"
    r"\b(?:password|passwort|passcode|api[ _-]?key|access token)\s{0,3}(?:is|:|=)\s{0,3}\S{4,100}",
    re.IGNORECASE,
)
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")
LINK = re.compile(r"\b(?:https?://|www\.)[^\s<>\"')\]]{2,2000}", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w-])\+?\(?\d{1,4}\)?(?:[ .-]\(?\d{2,4}\)?){2,5}(?![\w-])")
_REFERENCE = re.compile(
    r"(?<![\w-])(?=[A-Z\d-]{6,24}(?![\w-]))(?=[A-Z-]{0,24}\d)(?=[\d-]{0,24}[A-Z])[A-Z\d]+(?:-[A-Z\d]+){0,6}"
)
_ACCOUNT = re.compile(r"(?<![\w.,-])\d{8,34}(?![\w-])")
_SCANS: Mapping[str, re.Pattern[str]] = {
    "machine_self_identification": _MACHINE,
    "prompt_leak": _LEAK,
    "credential": _CREDENTIAL,
    "email": EMAIL,
    "link": LINK,
}
LEAK_WORDS = 12  # a run of so many words of a speaker's own system text is a leak (the laboratory's choice)
_EXCERPT = 80


def scan(dialogue: Dialogue, systems: Mapping[str, str] | None = None) -> list[Finding]:
    """Scan every turn without a model.

    Args:
        dialogue: The dialogue.
        systems: Speaker -> its own system text; a run of twelve of its words in a turn is a prompt leak.

    Returns:
        Findings by turn: ``machine_self_identification``, ``prompt_leak``, ``credential``, ``email``, ``link``,
        ``empty_turn``, ``exact_duplicate`` (a turn that was said before in the dialogue, by anybody).
    """
    secret = {speaker: set(word_ngrams(text, LEAK_WORDS)) for speaker, text in (systems or {}).items()}
    found: list[Finding] = []
    said: set[str] = set()
    for turn, utterance in enumerate(dialogue.utterances):
        text = utterance.text
        plain = text.replace("’", "'")
        found += [Finding(kind, turn, hit[0][:_EXCERPT]) for kind, p in _SCANS.items() if (hit := p.search(plain))]
        own = secret.get(utterance.speaker, set())
        leaked = next((gram for gram in word_ngrams(text, LEAK_WORDS) if gram in own), None) if own else None
        if leaked is not None:
            found.append(Finding("prompt_leak", turn, " ".join(leaked)[:_EXCERPT]))
        folded = " ".join(text.split()).lower()
        if not folded:
            found.append(Finding("empty_turn", turn, ""))
        elif folded in said:
            found.append(Finding("exact_duplicate", turn, text[:_EXCERPT]))
        said.add(folded)
    return found


def duplicate_dialogues(dialogues: Sequence[Dialogue]) -> list[tuple[str, str]]:
    """Pairs (id, id of the earlier one) of dialogues whose turns are all the same."""
    first: dict[tuple[tuple[str, str], ...], str] = {}
    pairs = []
    for dialogue in dialogues:
        key = tuple((u.speaker, u.text) for u in dialogue)
        if key in first:
            pairs.append((dialogue.id, first[key]))
        else:
            first[key] = dialogue.id
    return pairs


_PLACEHOLDERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("[EMAIL]", EMAIL),
    ("[LINK]", LINK),
    ("[PHONE_NUMBER]", _PHONE),
    ("[REFERENCE_ID]", _REFERENCE),
    ("[ACCOUNT_NUMBER]", _ACCOUNT),
)


def replace_contacts(text: str) -> tuple[str, dict[str, int]]:
    """Put placeholders for what looks like a contact or a reference number; also how many of each.

    For texts that leave the house (a released file); a history that is still being played is never edited.
    """
    counts: dict[str, int] = {}
    for placeholder, pattern in _PLACEHOLDERS:
        text, number = pattern.subn(placeholder, text)
        if number:
            counts[placeholder] = number
    return text, counts
