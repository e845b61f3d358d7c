"""Files as a guest brings them: bounded, checked to be what they say, and written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from personarium.core.errors import InvalidInput, NotFound, StorageError

MAX_FILE_BYTES = 4 * 2**20  # a file that holds one document; lines and rows of larger files are bounded singly
MAX_LINE_BYTES = 2**20
MAX_VALUES = 1_000_000  # in one JSON document: each takes some 60 bytes and more, however short it is written


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file whole or not at all: what is written to the yielded path replaces ``path`` when the block ends well.

    Raises:
        StorageError: When the disk refuses; a file that was there stays as it was.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield scratch
        with scratch.open("rb+") as file:
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)


def existing(path: str | Path) -> Path:
    """The path of a file that is there; raises NotFound when there is none."""
    path = Path(path)
    if not path.is_file():
        raise NotFound(f"{path}: no such file")
    return path


def read_text(path: Path, expected: str, limit: int = MAX_FILE_BYTES) -> str:
    """The text of a small file.

    Args:
        path: The file.
        expected: What it should hold, for messages.
        limit: The most bytes it may have.

    Raises:
        InvalidInput: When it is larger than that, empty, not UTF-8 text, or a web page.
    """
    return check_text(read_bytes(path, expected, limit), str(path), expected)


def read_bytes(path: Path, expected: str, limit: int) -> bytes:
    """The bytes of a file; raises InvalidInput when there are more than ``limit``."""
    size = path.stat().st_size
    if size > limit:
        raise too_large(str(path), expected, limit, size)
    return path.read_bytes()


def too_large(where: str, expected: str, limit: int, size: int) -> InvalidInput:
    """The error for what has more than ``limit`` bytes."""
    return InvalidInput(where, f"{expected} of at most {limit:,} bytes", f"{size:,} bytes")


def check_text(data: bytes, where: str, expected: str) -> str:
    """The bytes as text if they are UTF-8 and not something else under a wrong name."""
    if b"\0" in data:
        raise InvalidInput(where, expected, "binary data")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(where, f"{expected} in UTF-8", "bytes that are not UTF-8") from None
    if not text.strip():
        raise InvalidInput(where, expected, "an empty file")
    if text.lstrip()[:9].lower().startswith(("<!doctype", "<html", "<?xml")):
        raise InvalidInput(where, expected, "a web page")
    return text


class ReadsLines(Protocol):
    """A file that was opened to read bytes, packed or not."""

    def readline(self, size: int, /) -> bytes: ...


def bounded_lines(file: ReadsLines, name: str, limit: int = MAX_LINE_BYTES) -> Iterator[tuple[int, bytes]]:
    """The lines of an open file that are not blank, with their numbers; no longer one than allowed is ever in memory.

    Args:
        file: The file.
        name: Its name, for messages.
        limit: The most bytes of a line.

    Raises:
        InvalidInput: A line is longer, named ``name:number``.
    """
    for number, line in enumerate(iter(lambda: file.readline(limit + 1), b""), 1):
        if len(line) > limit:
            raise InvalidInput(f"{name}:{number}", f"a line of at most {limit:,} bytes", "a longer one")
        if line.strip():
            yield number, line


def iter_json_lines(path: str | Path, what: str, limit: int = MAX_LINE_BYTES) -> Iterator[tuple[str, Any]]:
    """The values of a JSON Lines file, one at a time, each with its place (``file:line``) for messages.

    Args:
        path: The file.
        what: One of its values, for messages: ``object``, ``dialogue``.
        limit: The most bytes of a line.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file and line.
    """
    path = existing(path)
    with path.open("rb") as file:
        for number, line in bounded_lines(file, str(path), limit):
            where = f"{path}:{number}"
            yield where, parse_json(check_text(line, where, f"one JSON {what} on the line"), where)


def write_json_lines(rows: Iterable[Mapping[str, Any]], path: str | Path) -> Path:
    """Write JSON Lines, whole or not at all; returns the file and raises StorageError when the disk refuses."""
    path = Path(path)
    with replacing(path) as scratch, scratch.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
    return path


def parse_json(text: str, where: str) -> Any:
    """A JSON value; refuses NaN, repeated keys, endless nesting and a million values with one InvalidInput that names
    the place.
    """
    if text.count(",") > MAX_VALUES:  # a comma in a sentence counts, too; no document of ours comes near
        raise InvalidInput(where, f"JSON of at most {MAX_VALUES:,} values", "more")
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_distinct)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{where}: line {error.lineno}", f"JSON ({error.msg})", text[error.pos :][:40]) from None
    except RecursionError:
        raise InvalidInput(where, "JSON of less depth") from None
    except ValueError as error:
        raise InvalidInput(where, f"JSON ({error})") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) < len(pairs):
        raise ValueError("an object has the same key twice")
    return out


def parse_yaml(text: str, where: str) -> Any:
    """A YAML value of plain JSON types: no aliases (they can grow without bound), no dates, no tags.

    Raises:
        InvalidInput: Naming file and line.
    """
    import yaml

    try:
        return yaml.load(text, _yaml_loader())  # a SafeLoader, made narrower
    except yaml.MarkedYAMLError as error:
        line = f": line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InvalidInput(f"{where}{line}", f"YAML ({error.problem})") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidInput(where, "YAML", str(error)) from None


@lru_cache(maxsize=1)
def _yaml_loader() -> type[Any]:
    import yaml

    class Loader(yaml.SafeLoader):
        """Plain values only."""

        def compose_node(self, parent: Any, index: int) -> Any:
            if self.check_event(yaml.events.AliasEvent):
                mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
                raise yaml.composer.ComposerError(None, None, "aliases are not read here", mark)
            return super().compose_node(parent, index)

    plain = {
        first: [(tag, pattern) for tag, pattern in rules if not tag.endswith(":timestamp")]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.yaml_implicit_resolvers = plain
    return Loader
