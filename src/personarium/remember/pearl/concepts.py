"""The concept memory: private names, what stands for them in a search, and since when they are known.

Source: PEARL (arXiv 2603.20422), official code; pearl page, steps 2, 3 and 5, statements 4, 6 and 7.
Differs: the reference registers every concept of a video before it answers anything; here a concept is known only after it was
registered (``as_published`` brings the other back).
Units: times in seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from personarium.core.sentences import sentence_spans
from personarium.remember.records import Fact, Observation, Operation

CONCEPT = "concept"  # the kind of its facts; the key is the name, the text the description
ConceptType = Literal["frame", "clip"]
LONGEST_DESCRIPTION = 600  # characters
_READ = 4000  # characters of one utterance that are searched for a definition
_MARK = re.compile(r"\{([^{}\n]{1,80})\}")
_NAME = r"[^\W\d_a-z][\w'’-]{0,30}(?: [^\W\d_a-z][\w'’-]{0,30})?"
_ROLE = r"(?:(?:my|our|the) (?P<role>[a-z][a-z -]{1,30}) )?"
_PLAIN = (
    re.compile(rf"(?i:this|that|here) (?i:is) {_ROLE}(?P<name>{_NAME})\s{{0,3}}[,:] (?P<what>\S.*)"),
    re.compile(rf"(?:My|Our) (?P<role>[a-z][a-z -]{{1,30}}) (?P<name>{_NAME}) is (?P<what>\S.*)"),
    re.compile(rf"(?P<role>)(?P<name>{_NAME}) is (?P<what>(?:my|our) \S.*)"),
)
_NO_NAMES = re.compile(r"(?:He|She|It|They|This|That|There|Here|What|Who|Where|When|Which|Today|Tomorrow|Yesterday)\b")
_JOINING = re.compile(r"^[\s,:;.=-]*(?:(?:is|are|was|means)\b[\s,:]*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Concept:
    """Something that got a name.

    Args:
        name: As people call it.
        description: Short, of features that stay; it takes the place of the name in a search.
        at: When it was registered.
        media: A reference to its picture or clip; named, and never opened.
        type: ``frame`` for a person or thing, ``clip`` for an action.
        source: Id of the observation it was registered by.
        role: What it is to the user (``friend``), if that was said.
    """

    name: str
    description: str
    at: float = 0.0
    media: str = ""
    type: ConceptType = "frame"
    source: str = ""
    role: str = ""

    def operation(self) -> Operation:
        """The edit that registers it."""
        extra: dict[str, Any] = {"concept_type": self.type, "media": self.media, "role": self.role}
        kept = {name: value for name, value in extra.items() if value}
        evidence = (self.source,) if self.source else ()
        return Operation("add", "", CONCEPT, self.name, self.description, "user", self.at, evidence, attributes=kept)

    @classmethod
    def of(cls, fact: Fact) -> Concept:
        """The concept that a fact keeps."""
        at = fact.recorded_at if fact.valid_from is None else fact.valid_from
        kind: ConceptType = "clip" if fact.attributes.get("concept_type") == "clip" else "frame"
        media, role = (str(fact.attributes.get(name, "")) for name in ("media", "role"))
        source = fact.evidence[0] if fact.evidence else ""
        return cls(fact.key, fact.text, at, media, kind, source, role)

    def line(self) -> str:
        """The concept as a prompt shows it."""
        role = f" ({self.role})" if self.role else ""
        media = f" [{'clip' if self.type == 'clip' else 'picture'} {self.media}]" if self.media else ""
        return f"{self.name}{role}: {self.description}{media}"


def marks(text: str) -> list[str]:
    """The names in braces, in order, each once."""
    return list(dict.fromkeys(name.strip() for name in _MARK.findall(text) if name.strip()))


def named(text: str, known: Iterable[str]) -> list[str]:
    """Known names that stand in a text without braces, as whole words in their own spelling; one-letter names never do."""
    wanted = sorted({name for name in known if len(name) > 1}, key=lambda name: (-len(name), name))
    if not wanted:
        return []
    bare = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, wanted))})(?!\w)")
    return list(dict.fromkeys(bare.findall(_MARK.sub(" ", text))))


def substituted(text: str, descriptions: Mapping[str, str]) -> str:
    """A text with descriptions for names, in braces or bare; the braces of a name that is not known are taken off."""
    parts: list[str] = []
    end = 0
    for mark in _MARK.finditer(text):
        parts += [_bare_replaced(text[end : mark.start()], descriptions)]
        name = mark[1].strip()
        parts += [descriptions.get(name, name)]
        end = mark.end()
    return "".join([*parts, _bare_replaced(text[end:], descriptions)])


def _bare_replaced(text: str, descriptions: Mapping[str, str]) -> str:
    found = named(text, descriptions)
    if not found:
        return text
    longest_first = sorted(found, key=lambda name: -len(name))
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
    return pattern.sub(lambda match: descriptions[match[0]], text)


def holds_names(text: str, names: Iterable[str]) -> bool:
    """Whether any of these private names is left in a text."""
    return bool(_MARK.search(text)) or bool(named(text, names))


def definitions(one: Observation) -> Iterator[Concept]:
    """The concepts that an utterance defines: "this is {Yon}: a tall man", "My friend Yon is a tall man with a beard".

    Of each sentence the first name counts; questions define nothing.
    """
    text = one.text[:_READ]
    for start, stop in sentence_spans(text):
        sentence = text[start:stop]
        found = None if sentence.endswith("?") else _definition(sentence)
        if found is not None:
            name, what, role = found
            yield Concept(name, what, one.at, _media(one), _type(one), one.id, role)


def _definition(sentence: str) -> tuple[str, str, str] | None:
    mark = _MARK.search(sentence)
    if mark:
        what = _tidied(_JOINING.sub("", sentence[mark.end() :]))
        return (mark[1].strip(), what, "") if what and mark[1].strip() else None
    for pattern in _PLAIN:
        match = pattern.match(sentence)
        if match and not _NO_NAMES.match(match["name"]):
            what = _tidied(match["what"])
            return (match["name"], what, match["role"] or "") if what else None
    return None


def _tidied(text: str) -> str:
    return " ".join(text.split()).rstrip(".!; ")[:LONGEST_DESCRIPTION]


def _media(one: Observation) -> str:
    media = one.meta.get("media")
    if isinstance(media, list):
        media = media[0] if media else ""
    return media if isinstance(media, str) else ""


def _type(one: Observation) -> ConceptType:
    return "clip" if one.meta.get("concept_type") == "clip" else "frame"
