"""Who may do what: keys are bearer tokens, of which the server keeps only hashes.

The keys file is YAML that people can read and edit; ``personarium keys add`` writes it::

    ana-phone:
      hash: sha256:…
      scopes: [chat, "memory:read"]
      users: [ana]          # whose memory it may use; "*" for anybody's
      memory: ana           # optional: keys with the same word here share the memories of their users
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from personarium.apps.server.errors import ApiError
from personarium.core.errors import InvalidInput, NotFound, PersonariumError, UsageError
from personarium.core.files import parse_yaml, read_text, replacing

SCOPES = (*("chat", "embeddings", "personas:read", "personas:write", "memory:read", "memory:write", "runs", "admin"),)
EVERYBODY: Literal["*"] = "*"
_PREFIX = "psn-"
_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_FIELDS = frozenset({"hash", "scopes", "users", "memory"})
_FRESH_S = 1.0  # how long the file is taken as unchanged after it was looked at
LONGEST_USER = 256  # characters
_HEAD = (
    "# Keys of `personarium serve`. The tokens themselves are kept nowhere: `personarium keys add` makes new ones.\n"
)
Users = frozenset[str] | Literal["*"]


@dataclass(frozen=True, slots=True)
class Key:
    """Somebody who may use the server.

    Args:
        name: Who, in the log.
        scopes: What it may do (of :data:`SCOPES`); ``admin`` may do everything.
        users: Whose memories it may use, or ``"*"``.
        memory: Keys with the same word share their users' memories; the name by default.
    """

    name: str
    scopes: frozenset[str]
    users: Users = frozenset()
    memory: str = ""

    def may(self, scope: str) -> bool:
        """Whether the key has a scope."""
        return scope in self.scopes or "admin" in self.scopes

    def serves(self, user: str) -> bool:
        """Whether the key may use this user's memory."""
        return self.users == EVERYBODY or user in self.users

    @property
    def space(self) -> str:
        """What its memories are kept under."""
        return self.memory or self.name


LOCAL = Key("local", frozenset(SCOPES), EVERYBODY)


class KeyRing:
    """All keys of a server; a file that is changed is read again within a second.

    Args:
        path: The keys file; None lets everybody in with all scopes (see :func:`open_ring`).
        clock: Tells the time in seconds.

    Raises:
        NotFound: When there is no such file.
        InvalidInput: Naming the file, the key and the field.
    """

    def __init__(self, path: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.path, self._clock = path, clock
        self._lock = threading.Lock()
        self._seen: tuple[int, ...] = ()
        self._looked = clock()
        self._keys: tuple[tuple[bytes, Key], ...] = ()
        if path is not None:
            self._read(path)

    @property
    def open(self) -> bool:
        """Whether no key is asked for."""
        return self.path is None

    def find(self, token: str | None) -> Key | None:
        """The key of a token; None for a wrong one. It takes the same time whichever key it is.

        Raises:
            ApiError: When the file has become unreadable: nobody is let in then.
        """
        if self.path is None:
            return LOCAL
        self._refresh(self.path)
        given = _digest(token or "")
        found = None
        for kept, key in self._keys:
            if hmac.compare_digest(kept, given):
                found = key
        return found if token else None

    def _refresh(self, path: Path) -> None:
        if self._clock() - self._looked < _FRESH_S:
            return
        with self._lock:
            try:
                if _stamp(path) != self._seen:
                    self._read(path)
            except (PersonariumError, OSError):
                raise ApiError(503, "the server cannot read its keys just now", code="keys_unreadable") from None
            self._looked = self._clock()

    def _read(self, path: Path) -> None:
        rows = read_keys(path)
        self._keys = tuple((bytes.fromhex(hash[7:]), key) for hash, key in rows)
        self._seen, self._looked = _stamp(path), self._clock()


def open_ring(path: Path | None, loopback: bool) -> KeyRing:
    """The keys of a server.

    Raises:
        UsageError: When it would let the whole network in: without keys it listens on this machine only.
        NotFound: When there is no such file.
        InvalidInput: On a file that holds no keys.
    """
    if path is None and not loopback:
        raise UsageError("a server that others can reach needs keys; make one with personarium keys add NAME")
    return KeyRing(path)


# --- the file ---


def read_keys(path: Path) -> list[tuple[str, Key]]:
    """The keys of a file with the hashes of their tokens; raises as :class:`KeyRing`."""
    if not path.is_file():
        raise NotFound(f"{path}: no such keys file; make it with personarium keys add NAME")
    data = parse_yaml(read_text(path, "keys"), str(path))
    if not isinstance(data, dict):
        raise InvalidInput(str(path), "a name for each key", data)
    return [(row["hash"], _key(name, row, str(path))) for name, row in data.items() if _row(name, row, str(path))]


def add_key(
    path: Path, name: str, scopes: Collection[str], users: Collection[str] | Literal["*"] = (), memory: str = ""
) -> str:
    """Make a key, and the file where there is none.

    Returns:
        The token, which is kept nowhere: whoever will use it must note it now.

    Raises:
        UsageError: When there is a key of that name.
        InvalidInput: On a scope or name that is none.
    """
    rows = _rows(path)
    if name in rows:
        raise UsageError(f"there is a key '{name}' already; remove it first")
    token = _PREFIX + secrets.token_urlsafe(32)
    row: dict[str, Any] = {"hash": f"sha256:{_digest(token).hex()}", "scopes": sorted(scopes)}
    row["users"] = EVERYBODY if users == EVERYBODY else sorted(users)
    rows[name] = row | ({"memory": memory} if memory else {})
    _key(name, rows[name], str(path))
    _write(rows, path)
    return token


def remove_key(path: Path, name: str) -> None:
    """Take a key out; whoever holds its token is not let in any more. Raises NotFound when there is none."""
    rows = _rows(path)
    if rows.pop(name, None) is None:
        raise NotFound(f"{path}: there is no key '{name}'")
    _write(rows, path)


def _rows(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    read_keys(path)
    found: dict[str, Any] = parse_yaml(read_text(path, "keys"), str(path))
    return found


def _write(rows: Mapping[str, Any], path: Path) -> None:
    import yaml

    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as scratch:
        scratch.touch(mode=0o600)
        text = (
            yaml.safe_dump(dict(rows), sort_keys=False, allow_unicode=True, default_flow_style=None) if rows else "{}\n"
        )
        scratch.write_text(_HEAD + text, encoding="utf-8")


def _row(name: object, row: object, where: str) -> bool:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidInput(where, "a key's name of letters, digits and ._@- (at most 64)", name)
    if not isinstance(row, dict):
        raise InvalidInput(where, "hash, scopes and users", row, name)
    return True


def _key(name: str, row: Mapping[str, Any], where: str) -> Key:
    _row(name, row, where)
    for field in row:
        if field not in _FIELDS:
            raise InvalidInput(where, f"one of {', '.join(sorted(_FIELDS))}", field, name)
    if not isinstance(row.get("hash"), str) or not _HASH.fullmatch(row["hash"]):
        raise InvalidInput(where, "sha256: and 64 hexadecimal digits", row.get("hash"), f"{name}.hash")
    memory = row.get("memory", "")
    if not isinstance(memory, str) or (memory and not _NAME.fullmatch(memory)):
        raise InvalidInput(where, "a word", memory, f"{name}.memory")
    users: Users = EVERYBODY if row.get("users") == EVERYBODY else frozenset(_texts(row, "users", name, where))
    scopes = frozenset(_texts(row, "scopes", name, where))
    if wrong := sorted(scopes - set(SCOPES)):
        raise InvalidInput(where, f"one of {', '.join(SCOPES)}", wrong[0], f"{name}.scopes")
    return Key(name, scopes, users, memory)


def _texts(row: Mapping[str, Any], field: str, name: str, where: str) -> list[str]:
    found = row.get(field, [])
    if not isinstance(found, list) or not all(isinstance(one, str) and one for one in found):
        raise InvalidInput(where, "a list of words", found, f"{name}.{field}")
    return found


def _stamp(path: Path) -> tuple[int, ...]:
    about = path.stat()
    return (about.st_mtime_ns, about.st_size, about.st_ino)


def _digest(token: str) -> bytes:
    """Tokens are drawn from 256 bits, so that a plain hash cannot be reversed by trying words."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


# --- in a request ---

_bearer = HTTPBearer(auto_error=False, description="A key of the server; without a keys file any word will do.")


def bearer_token(headers: Collection[tuple[bytes, bytes]]) -> str | None:
    """The bearer token in the headers of a request."""
    for name, value in headers:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return value[7:].strip().decode("latin-1")
    return None


def require(*scopes: str) -> Callable[..., Awaitable[Key]]:
    """A FastAPI dependency: the request's key, which must have all of these scopes.

    Raises (when called):
        ApiError: 401 without a key, 403 when it lacks a scope.
    """

    async def checked(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]) -> Key:
        key = request_key(request)
        if key is None:
            raise ApiError(
                401, "the key is missing or wrong", code="invalid_api_key", headers={"WWW-Authenticate": "Bearer"}
            )
        for scope in scopes:
            if not key.may(scope):
                raise ApiError(403, f"this key lacks the scope {scope}", code="missing_scope")
        return key

    return checked


def request_key(request: Request) -> Key | None:
    """Whose request it is; the guards have looked it up already."""
    if "personarium.key" not in request.scope:
        ring: KeyRing = request.app.state.keys
        request.scope["personarium.key"] = ring.find(bearer_token(request.scope["headers"]))
    found: Key | None = request.scope["personarium.key"]
    return found


def check_user(key: Key, user: str) -> str:
    """The user, if the key may use that memory.

    Raises:
        ApiError: 400 on a name that is none, 403 when the user is not one of the key's (whether there is such a memory
            is not said).
    """
    if not 0 < len(user) <= LONGEST_USER:
        raise ApiError(400, f"a user has a name of 1 to {LONGEST_USER} characters", param="user")
    if not key.serves(user):
        raise ApiError(403, "this key may not use the memory of this user", code="user_not_allowed", param="user")
    return user
