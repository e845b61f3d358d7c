"""Whose memory a request means: one for each (key, user), and by default for each persona."""

from __future__ import annotations

from hashlib import blake2b
from urllib.parse import quote

from personarium.apps.server.keys import Key
from personarium.apps.server.settings import MemoryMode

_LONGEST = 160  # characters of one part, so that three of them are within the 512 of a memory's name


def memory_name(key: Key, user: str, persona: str, mode: MemoryMode = "per-persona") -> str:
    """The name under which the workspace's memory keeps what a persona knows of a user.

    Different (key, user, persona) never have the same name: the parts are escaped, and a long one ends in its hash.

    Args:
        key: Whose request it is.
        user: An allowed user of the key (see :func:`keys.check_user`).
        persona: Id of the persona.
        mode: ``shared`` leaves the persona out.
    """
    parts = (key.space, user) if mode == "shared" else (key.space, user, persona)
    return "/".join(map(_part, parts))


def is_memory_of(name: str, key: Key, user: str = "") -> bool:
    """Whether a memory of the workspace is one of this key's, and of this user's when one is named."""
    space, _, rest = name.partition("/")
    return space == _part(key.space) and (not user or rest.partition("/")[0] == _part(user))


def _part(text: str) -> str:
    plain = quote(text, safe="", errors="surrogatepass").replace("~", "%7E")
    if len(plain) <= _LONGEST:
        return plain
    return f"{plain[:100]}~{blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=20).hexdigest()}"
