"""Reading a request: messages and sampling as an OpenAI-compatible server receives them, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from personarium.core.chat import Message, Sampling, canonical_json
from personarium.models.simulated.words import sentences
from personarium.text.blocks import Block, blocks
from personarium.text.form import Form

# A sentence that opens with one of these tells the model what to do; it is not part of who it is.
_ORDERS = """
answer reply respond write return give choose select keep stay remain speak talk use do don't never always
remember follow imagine pretend please try avoid make ensure let take be begin start end stop output print show
state list rate judge score evaluate read consider think note act play adopt assume behave roleplay role-play
embody provide complete continue only produce ask refrain reflect draw base mention include limit put say tell
"""
_IMPERATIVES = frozenset(_ORDERS.split())
_COMMAND = re.compile(
    r"\byou(?:r (?:task|job|goal|replies|answers|answer|reply|response|responses) (?:is to|are to|must|should))\b"
    r"|\byou (?:answer|reply|respond|must|should|will be (?:asked|given|shown)|"
    r"will (?:answer|reply|respond|play|act|talk|chat|speak|have)|"
    r"are (?:to|asked|going|given|about|having|talking|chatting|speaking)|may only|can only|need to|have to|shall)\b"
    r"|\b(?:the following|below) (?:is|are)\b|\bstay in character\b",
    re.I,
)
# Openings that lead into a description; what follows them is the person.
_LEAD_IN = re.compile(
    r"^(?:(?:please |from now on,? |now,? |for this (?:task|conversation|chat),? )*)"
    r"(?:(?:adopt|assume|take on|take) the (?:identity|persona|character|role|personality|perspective) of|"
    r"(?:act|behave|speak|answer|respond|reply|write|talk) (?:exactly )?(?:as|like)(?: if you (?:are|were))?|"
    r"(?:play|embody|assume)(?: the (?:role|part|character|persona) of)?(?= (?:a|an|the|[A-Z]))|"
    r"role-?play(?:ing)? as|pretend (?:to be|that you are|you are)|imagine (?:that )?you(?:'re| are)|"
    r"you(?:'re| are)(?: now)? (?:role-?)?(?:playing|acting as|speaking as)(?: the (?:role|part|character) of)?|"
    r"you will (?:play|be|act as)(?: the (?:role|part|character) of)?|your (?:persona|character|identity|role|profile)"
    r"(?: is|:)|(?:persona|character|profile|description|about you|who you are):)\s*",
    re.I,
)
# "Act as the person described below" says nothing itself.
_ELSEWHERE = re.compile(
    r"^(?:the|this|that) (?:\w+ )?(?:person|character|persona|identity|role|user|speaker|individual)\b"
    r"(?=.*\b(?:described|below|above|here|given|following|persona|profile|answer)|\s*[.:]?$)",
    re.I,
)
_ASSISTANT = re.compile(r"\b(?:assistant|chat ?bot|language model|AI|expert (?:judge|rater|annotator|evaluator))\b")
_BULLET = re.compile(r"^(?:[-*•#>]+|\d+[.)])\s*")
_BLOCK_TAG = re.compile(r"</?[a-z_]+(?: n=\"?\d+\"?)?>")


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the subject sees it.

    Args:
        messages: As sent.
        sampling: As sent; only what goes over the wire is ever looked at.
        form: The wanted reply form, or None.
        blocks: The tagged blocks of the system message and of the last user message, in this order.
        system: The system messages, joined by line ends.
        last: The last user message.
        persona: The persona text: the last ``persona`` block, else the system message without its instructions.
        occasion: The chance key of what varies between samples.
        person: The chance key of what stays the same for this person.
        own_turns: How many earlier turns of its own the messages show.
        own: These turns.
        memory: Texts of ``memory`` blocks and notes that add facts.
    """

    messages: tuple[Message, ...]
    sampling: Sampling
    form: Form | None
    blocks: tuple[Block, ...]
    system: str
    last: str
    persona: str
    occasion: str
    person: str
    own_turns: int
    own: tuple[str, ...] = ()
    memory: tuple[str, ...] = ()

    def block(self, tag: str, n: int | None = None) -> str:
        """The text of the last block ``tag`` (of number ``n``), "" when there is none."""
        return next((b.text for b in reversed(self.blocks) if b.tag == tag and (n is None or b.n == n)), "")

    def has(self, *tags: str) -> bool:
        """Whether any of these blocks is there."""
        return any(b.tag in tags for b in self.blocks)


def read_request(messages: Sequence[Message], sampling: Sampling) -> Request:
    """Read messages and sampling; a pure function of what is sent over the wire."""
    texts = [(m.get("role", "user"), _content(m)) for m in messages]
    system = "\n".join(text for role, text in texts if role in ("system", "developer"))
    last = next((text for role, text in reversed(texts) if role == "user"), "")
    own = tuple(text for role, text in texts if role == "assistant")
    found = _blocks(system) + _blocks(last)
    persona = _persona([text for role, text in texts if role != "assistant"], system)
    return Request(
        messages=tuple(messages),
        sampling=sampling,
        form=_form(tuple(text for role, text in texts if role in ("user", "system", "developer"))),
        blocks=found,
        system=system,
        last=last,
        persona=persona,
        occasion=_occasion(texts, sampling),
        person=_hash(persona),
        own_turns=len(own),
        own=own,
        memory=tuple(b.text for b in found if b.tag == "memory"),
    )


@lru_cache(maxsize=4096)
def without_instructions(text: str) -> str:
    """A system message without the sentences that tell the model what to do; lead-ins such as "Act as" are taken off.

    Blocks other than ``persona`` are left out as well.
    """
    for b in reversed(_blocks(text)):
        if b.tag != "persona":
            text = text[: b.start] + text[b.end :]
    kept = (_described(sentence) for sentence in sentences(_BLOCK_TAG.sub(" ", text)))
    return "\n".join(k for k in kept if k)


def _described(sentence: str) -> str:
    bare = _BULLET.sub("", sentence).strip()
    lead = _LEAD_IN.match(bare)
    rest = bare[lead.end() :] if lead else bare
    if lead and not rest:
        return ""
    if re.match(r"you(?:'re| are)\b", bare, re.I) and _ASSISTANT.search(bare):
        return ""
    if lead:
        return "" if _ELSEWHERE.match(rest) else rest
    first = bare.split(None, 1)[0].lower().strip(",.;!\"'") if bare else ""
    if first in _IMPERATIVES or _COMMAND.search(bare):
        return ""
    return "" if bare.endswith(":") and len(bare.split()) > 3 else bare


def _persona(texts: list[str], system: str) -> str:
    for text in reversed(texts):
        if "<persona" in text:
            for b in reversed(_blocks(text)):
                if b.tag == "persona":
                    return b.text.strip()
    return without_instructions(system)


def _content(message: Message) -> str:
    content: Any = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(p.get("text", "")) for p in parts if isinstance(p, Mapping))


@lru_cache(maxsize=2048)
def _blocks(text: str) -> tuple[Block, ...]:
    return tuple(blocks(text)) if "<" in text else ()


@lru_cache(maxsize=2048)
def _form_of(text: str) -> Form | None:
    return Form.find([{"role": "user", "content": text}])


def _form(texts: tuple[str, ...]) -> Form | None:
    # Form.find looks at the last message that shows a form; asking text by text lets equal texts be read once.
    return next((_form_of(text) for text in reversed(texts) if "<reply>" in text), None)


def _occasion(texts: Sequence[tuple[str, str]], sampling: Sampling) -> str:
    seed = sampling.sent_seed if sampling.temperature > 0 else None
    asked = {
        "messages": texts,
        "temperature": float(sampling.temperature),
        "top_p": float(sampling.top_p),
        "seed": seed,
        "schema": sampling.schema,
        "tools": list(sampling.tools),
    }
    return _hash(canonical_json(asked))


@lru_cache(maxsize=4096)
def _hash(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
