"""The four views of a profile, biographies drawn from paraphrases, and prompts built from any subset of views.

Source: prodigy page, steps 1 and 3 and "Works when" 6 and 7. The layout is ours (the paper's is not in the available text):
one block with a heading for each view, the history with speaker tags, the tag of the speaker whose turn it is. Tags are
neutral: a name would let a model that knows the script remember it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from personarium.core.dialogue import Dialogue
from personarium.core.errata import Published, published_faults
from personarium.core.errors import UsageError
from personarium.make.prodigy.characters import Character

VIEWS = ("gender", "personality", "biography", "style")
# Step 3: dialogue only, each view alone, all together.
CONFIGURATIONS: Mapping[str, tuple[str, ...]] = {"none": (), **{view: (view,) for view in VIEWS}, "all": VIEWS}
ERRATA = ("misaligned-paraphrases",)
STYLE_LINES = 5  # not stated
HEADINGS = {"gender": "Gender", "personality": "Personality", "biography": "Biography", "style": "Style"}
TARGET, PARTNER = "SELF", "PARTNER"


@dataclass(frozen=True, slots=True)
class Profile:
    """What may be shown of one character; a profile can be shown for somebody else (the shuffle control).

    Args:
        id: Whose it is.
        gender: One word.
        personality: Four words.
        biography: Sentences.
        lines: What the character says anywhere: (dialogue id, text); the pool of the style view.
    """

    id: str
    gender: str = ""
    personality: str = ""
    biography: tuple[str, ...] = ()
    lines: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, character: Character, dialogues: Sequence[Dialogue] = ()) -> Profile:
        """The profile of a character with the lines it says in ``dialogues``."""
        lines = tuple((talk.id, text) for talk in dialogues for text in talk.said_by(character.id))
        return cls(character.id, character.gender, character.personality, character.biography, lines)

    def with_biography(self, sentences: Sequence[str]) -> Profile:
        """The same profile with another wording of the biography."""
        return replace(self, biography=tuple(sentences))


def draw_biography(character: Character, rng: random.Random, as_published: Published = False) -> tuple[str, ...]:
    """A biography in which every sentence stands once, in one of its wordings.

    Args:
        character: Whose.
        rng: Decides the wordings.
        as_published: ``misaligned-paraphrases`` pairs by number even where the lists differ in length, as the file invites to.

    Returns:
        With lists of equal length sentence i is drawn from its three wordings; otherwise nobody knows which belong together,
        and one whole list is drawn.
    """
    lists = (character.biography, *character.paraphrases)
    by_number = "misaligned-paraphrases" in published_faults(as_published, ERRATA)
    if not character.aligned and not by_number:
        return rng.choice([one for one in lists if one])
    return tuple(rng.choice([one[k] for one in lists if k < len(one)]) for k in range(len(character.biography)))


def style_lines(profile: Profile, dialogue: Dialogue, count: int, rng: random.Random) -> list[str]:
    """Up to ``count`` different lines of the character, none from the dialogue that is scored and none that occurs in it."""
    said = {_plain(utterance.text) for utterance in dialogue}
    pool = {text: None for id, text in profile.lines if id != dialogue.id and text.strip() and _plain(text) not in said}
    return rng.sample(list(pool), min(count, len(pool)))


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def profile_text(
    profile: Profile, views: Sequence[str], dialogue: Dialogue, rng: random.Random, lines: int = STYLE_LINES
) -> str:
    """The blocks of the views that are wanted, in the order of :data:`VIEWS`; a view with nothing to say has no block.

    Raises:
        UsageError: An unknown view.
    """
    unknown = [view for view in views if view not in VIEWS]
    if unknown:
        raise UsageError(f"no view is called '{unknown[0]}'; there are {', '.join(VIEWS)}")
    said = {
        "gender": profile.gender,
        "personality": profile.personality,
        "biography": " ".join(profile.biography),
        "style": "\n".join(_one_line(line) for line in style_lines(profile, dialogue, lines, rng))
        if "style" in views
        else "",
    }
    return "\n\n".join(f"{HEADINGS[view]}:\n{said[view]}" for view in VIEWS if view in views and said[view])


def history_text(dialogue: Dialogue, speaker: str, before: int) -> str:
    """The turns before turn ``before`` as the speaker lived them, one a line."""
    turns = dialogue.project(speaker)[:before]
    return "\n".join(f"{label}: {_one_line(text)}" for label, text in turns)


def _one_line(text: str) -> str:
    return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class Example:
    """One response to be learnt or scored.

    Args:
        id: ``<dialogue>/<turn>/<character>``.
        dialogue: Dialogue id.
        character: Who speaks.
        prompt: Profile blocks, history and the tag of the speaker; not scored.
        response: The gold line.
    """

    id: str
    dialogue: str
    character: str
    prompt: str
    response: str


def examples_of(
    dialogue: Dialogue,
    character: str,
    profile: Profile,
    views: Sequence[str],
    *,
    seed: int = 0,
    lines: int = STYLE_LINES,
    last_only: bool = False,
) -> list[Example]:
    """The turns of one character in one dialogue, each with what goes before it.

    Args:
        dialogue: Where it speaks.
        character: Its speaker id.
        profile: The profile that is shown: its own, or another's.
        views: Which views of it.
        seed: Decides the lines of the style view, for each dialogue anew.
        lines: At most so many.
        last_only: Whether only the character's last turn counts; not stated, so all of them do.
    """
    shown = profile_text(profile, views, dialogue, random.Random(f"{seed}|style|{dialogue.id}|{profile.id}"), lines)
    turns = [k for k, utterance in enumerate(dialogue) if utterance.speaker == character and utterance.text.strip()]
    return [
        Example(
            f"{dialogue.id}/{k}/{character}",
            dialogue.id,
            character,
            "\n\n".join(part for part in (shown, f"Dialogue:\n{history_text(dialogue, character, k)}".rstrip()) if part)
            + f"\n{TARGET}:",
            _one_line(dialogue[k].text),
        )
        for k in (turns[-1:] if last_only else turns)
    ]
