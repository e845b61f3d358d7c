"""Whose memory is meant, for people to read: the server keeps one for each key, user and persona under one name."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote

from personarium.apps.server.keys import LOCAL

_PLAIN = 2, 3  # parts of a name that the server made: key and user, or key, user and persona


@dataclass(frozen=True, slots=True)
class Person:
    """One memory of the workspace.

    Args:
        id: Its name in the store.
        who: Whom it is about.
        persona: Id of the persona that remembers; empty when it is nobody's in particular.
        space: The key it belongs to; empty when it is not of a key's, or of the local one.
    """

    id: str
    who: str
    persona: str = ""
    space: str = ""

    def label(self, persona_name: str = "") -> str:
        """One line: whom it is about, who remembers, by which key."""
        remembered = f", as {persona_name or self.persona} knows them" if self.persona else ""
        return f"{self.who}{remembered}{f' (key {self.space})' if self.space else ''}"


def person_of(id: str) -> Person:
    """Read the name of a memory; one that no key made stands for itself (see apps/server/memories.py)."""
    parts = id.split("/")
    if len(parts) not in _PLAIN or not all(map(_of_the_server, parts)):
        return Person(id, id)
    space, who, *persona = map(_told, parts)
    return Person(id, who, persona[0] if persona else "", "" if space == LOCAL.space else space)


def _of_the_server(part: str) -> bool:
    """Whether the server could have written this part: escaped as it escapes, perhaps cut and with its hash."""
    plain = part.partition("~")[0]
    return bool(plain) and (plain == part or len(plain) == 100) and _escaped(_unescaped(plain)).startswith(plain[:90])


def _told(part: str) -> str:
    plain, cut, _ = part.partition("~")
    return f"{_unescaped(plain)}…" if cut else _unescaped(plain)


def _unescaped(part: str) -> str:
    return unquote(part, errors="replace")


def _escaped(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass").replace("~", "%7E")
