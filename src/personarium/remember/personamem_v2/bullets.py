"""The memory text: a list of bullets that a user can read and edit; cut at their borders, compared from version to version.

Source: personamem-v2 page, step B3, "Works when" 4 and Traps (rewriting a whole memory can silently lose facts).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personarium.core.results import Failure
from personarium.core.sentences import sentence_spans
from personarium.remember.keeping import same_words
from personarium.remember.personamem_v2.history import Tokenizer
from personarium.text.holes import Unparsed
from personarium.text.similarity import content_stems

NO_MEMORY = "No previous memory"
MOST_BULLETS = 1000
ALIKE = 0.5  # share of an entry's content words that another one must have to count as its new wording
_BULLET = re.compile(r"^[ \t]{0,8}(?:[-*•·–]|\(?\d{1,4}[.):])[ \t]+(\S.*)$")
_NOTHING = frozenset({"none", "nothing", "no previous memory", "no memory"})
# What says that something is not so any more, or is to be left out.
_AGAINST = re.compile(
    r"\b(?:no longer|not|never|now|nowadays|these days|any ?more|instead|stop(?:ped)?|quit|gave up|given up|used to|switched|"
    r"changed|rather|forget|delete|remove|wrong|actually|\w+n['’]t)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Bullet:
    """One entry of the memory.

    Args:
        text: Without the bullet.
        sources: Ids of the observations it comes from.
        key: What it is about, where rules wrote it.
        holder: Whom it is about.
        value: Its value, where rules wrote it.
    """

    text: str
    sources: tuple[str, ...] = ()
    key: str = ""
    holder: str = "user"
    value: str = ""

    def as_dict(self) -> dict[str, Any]:
        """What the attributes of the memory's fact keep of it: all but the text, fields at their default left out."""
        out: dict[str, Any] = {"sources": list(self.sources)}
        if self.key or self.value:
            out |= {"key": self.key, "value": self.value}
        return out | ({} if self.holder == "user" else {"holder": self.holder})


def bullet_text(bullets: Iterable[Bullet]) -> str:
    """The memory as it stands in a prompt; empty without bullets."""
    return "\n".join(f"- {bullet.text}" for bullet in bullets)


def read_bullets(reply: str) -> list[str] | Unparsed:
    """The entries of a reply: its bulleted or numbered lines, and the lines that go on with one; what stands before the
    first is left out, the word "none" is an empty list.
    """
    found: list[str] = []
    for line in reply.split("\n"):
        bullet = _BULLET.match(line)
        if bullet is not None:
            found.append(" ".join(bullet[1].split()))
        elif found and line.strip() and not line.strip().startswith("```"):
            found[-1] += " " + " ".join(line.split())
    if len(found) > MOST_BULLETS:
        return Unparsed(f"more than {MOST_BULLETS:,} entries", reply)
    if found:
        return list(dict.fromkeys(found))
    return [] if same_words(reply) in _NOTHING else Unparsed("the reply has no bulleted line", reply)


def restored(text: str, attributes: Mapping[str, Any]) -> list[Bullet]:
    """The bullets of a memory that was kept: its lines, with what the attributes know of each.

    A text that was edited by hand has lines of its own; these have no sources.
    """
    lines = read_bullets(text)
    if isinstance(lines, Unparsed):
        lines = [line.strip() for line in text.split("\n") if line.strip()]
    kept = attributes.get("bullets", ())
    known = kept if len(kept) == len(lines) else [{}] * len(lines)
    return [_restored(line, one) for line, one in zip(lines, known, strict=True)]


def _restored(line: str, kept: Mapping[str, Any]) -> Bullet:
    return Bullet(
        line, tuple(kept.get("sources", ())), kept.get("key", ""), kept.get("holder", "user"), kept.get("value", "")
    )


def within_limit(bullets: Sequence[Bullet], limit: int, tokenizer: Tokenizer, keep_last: bool = False) -> list[Bullet]:
    """As many bullets as the limit allows, cut at a border.

    Args:
        bullets: In order.
        limit: Tokens of the whole text.
        tokenizer: What a token is.
        keep_last: Drop the first ones instead of the last.
    """
    ordered = list(reversed(bullets)) if keep_last else list(bullets)
    kept: list[Bullet] = []
    used = 0
    for bullet in ordered:
        used += len(tokenizer(f"- {bullet.text}\n"))
        if used > limit:
            break
        kept.append(bullet)
    return list(reversed(kept)) if keep_last else kept


def with_sources(texts: Iterable[str], before: Sequence[Bullet], sources: Sequence[str]) -> list[Bullet]:
    """New entries with where they come from: an entry that stood there keeps its sources, a new wording of one has these
    and the part's, any other one the part's.
    """
    known = {same_words(bullet.text): bullet for bullet in before}
    stems = [(set(content_stems(bullet.text)), bullet) for bullet in before]
    out: list[Bullet] = []
    for text in texts:
        same = known.get(same_words(text))
        if same is not None:
            out.append(Bullet(text, same.sources, same.key, same.holder, same.value))
            continue
        mine = set(content_stems(text))
        old = [id for theirs, bullet in stems if _alike(theirs, mine) for id in bullet.sources]
        out.append(Bullet(text, tuple(dict.fromkeys((*old, *sources)))))
    return out


def disappeared(before: Sequence[Bullet], after: Sequence[Bullet], chunk: str, where: str = "") -> list[Failure]:
    """The alarm: entries that are gone, in whatever wording, although nothing that was read speaks against them.

    Args:
        before: The memory as it was.
        after: The memory as it is.
        chunk: What was read in between.
        where: The name of the step, for the report.
    """
    known = {same_words(bullet.text) for bullet in after}
    stems = [set(content_stems(bullet.text)) for bullet in after]
    against = _contradicting(chunk)
    return [
        Failure("missing", f"disappeared, and nothing said speaks against it: {bullet.text}", where)
        for bullet in before
        if same_words(bullet.text) not in known and _unexplained(set(content_stems(bullet.text)), stems, against)
    ]


def _unexplained(mine: set[str], after: Sequence[set[str]], against: set[str]) -> bool:
    return not any(_alike(mine, theirs) for theirs in after) and not mine & against


def _contradicting(chunk: str) -> set[str]:
    """The content words of the sentences that say that something has changed."""
    found: set[str] = set()
    for start, end in sentence_spans(chunk):
        sentence = chunk[start:end]
        if _AGAINST.search(sentence):
            found.update(content_stems(sentence))
    return found


def _alike(old: set[str], new: set[str]) -> bool:
    return bool(old) and len(old & new) > ALIKE * len(old)
