"""The two files a simulated subject may be given: group rules (`when=`) and what it has learnt (`knowledge=`)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.models.simulated.parameters import Parameters, parse_pairs

_FIXED = frozenset({"seed", "when", "knowledge"})


def with_files(p: Parameters) -> Parameters:
    """Read the files that ``p`` names, once; the digest of each is added to its name (``facts.json#1a2b3c4d``).

    The name then says everything that changes the replies, as cache keys need it; a name that carries a digest is
    refused when the file has changed.

    Raises:
        NotFound: The file does not exist.
        InvalidInput: A line of it is not what was expected.
        UsageError: The file is not the one that the name was made with.
    """
    if p.when:
        name, text = _read(p.when, "when")
        p = replace(p, when=name, rules=_rules(text, name))
    if p.knowledge:
        name, text = _read(p.knowledge, "knowledge")
        p = replace(p, knowledge=name, learnt=_learnt(text, name))
    return p


def for_persona(p: Parameters, persona: str) -> Parameters:
    """The parameters that hold for this persona text: every matching rule applies, later ones over earlier ones."""
    changes: dict[str, Any] = {}
    for pattern, values in p.rules:
        if _compiled(pattern).search(persona):
            changes.update(values)
    return replace(p, **changes) if changes else p


def _read(named: str, key: str) -> tuple[str, str]:
    name, _, digest = named.partition("#")
    try:
        text = Path(name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFound(f"the file '{name}' of parameter '{key}' does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(name, "a readable UTF-8 text file", str(error)) from None
    found = blake2b(text.encode(), digest_size=4).hexdigest()
    if digest and digest != found:
        raise UsageError(f"the file '{name}' of parameter '{key}' has changed: digest {found} instead of {digest}")
    return f"{name}#{found}", text


def _rules(text: str, where: str) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    rules: list[tuple[str, Mapping[str, Any]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        pattern, arrow, pairs = line.rpartition("->")
        place = f"{where}, line {number}"
        if not arrow or not pattern.strip():
            raise InvalidInput(place, "a rule 'PATTERN -> key=value,...'", line)
        try:
            _compiled(pattern.strip())
        except re.error as error:
            raise InvalidInput(place, f"a regular expression before '->' ({error})", pattern.strip()) from None
        values = parse_pairs(pairs)
        if _FIXED & values.keys():
            raise InvalidInput(place, "parameters other than seed, when and knowledge", pairs.strip())
        rules.append((pattern.strip(), values))
    return tuple(rules)


def _learnt(text: str, where: str) -> dict[str, str]:
    if text.lstrip().startswith("{"):
        try:
            table = json.loads(text)
        except json.JSONDecodeError as error:
            raise InvalidInput(where, f"a JSON object of question to answer ({error})") from None
        if not all(isinstance(v, str) for v in table.values()):
            raise InvalidInput(where, "a JSON object whose values are answer texts")
        return dict(table)
    learnt: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        question, tab, answer = line.partition("\t")
        if not tab:
            raise InvalidInput(f"{where}, line {number}", "a question, a tab and its answer", line)
        learnt[question.strip()] = answer.strip()
    return learnt


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
