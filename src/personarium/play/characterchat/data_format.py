"""The published files of dialogues, ratings and training rows, one JSON object a line; read and written.

Source: characterchat page, "Data formats". The question sentences of ratings are in our own words; when a file is read, its
three scores are taken in their order, whatever their sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from personarium.core.dialogue import Dialogue
from personarium.core.errors import InvalidInput
from personarium.core.files import MAX_FILE_BYTES, iter_json_lines, write_json_lines
from personarium.play.characterchat.characters import SEEKER, SUPPORTER, Character, Role, plain_text
from personarium.play.characterchat.matching import RatedPair
from personarium.play.characterchat.rating import QUESTIONS, Rating, match_label
from personarium.play.characterchat.result import SupportDialogue
from personarium.play.characterchat.selector import Example
from personarium.text.json_reading import read_json

REASON = "Rating Reason"


def write_lines(rows: Iterable[Mapping[str, Any]], path: str | Path) -> Path:
    """Write JSON Lines, whole or not at all; raises StorageError when the disk refuses."""
    return write_json_lines(rows, path)


def iter_lines(path: str | Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects of a JSON Lines file, each with its place for messages.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file and line.
    """
    for where, row in iter_json_lines(path, "object", MAX_FILE_BYTES):
        yield where, _mapping(row, where)


def _mapping(value: Any, where: str, name: str | None = None) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidInput(where, "an object", value, name)
    return value


# --- dial_output.json ---


def dialogue_rows(dialogues: Iterable[SupportDialogue], characters: Mapping[int, Character]) -> list[dict[str, Any]]:
    """Rows of ``dial_output.json``: both characters, and each turn with the aspect that it drew on."""
    return [
        {
            "index": number,
            "seeker_info": _info(SEEKER, characters[talk.seeker], talk),
            "supporter_info": _info(SUPPORTER, characters[talk.supporter], talk),
            "dial": [
                {
                    "turn": turn.turn,
                    "speaker": turn.speaker,
                    "choose_info": {"aspect": turn.aspect or "", "content": turn.content},
                    "utterance": turn.utterance,
                }
                for turn in talk.turns
            ],
        }
        for number, talk in enumerate(dialogues)
    ]


def _info(role: Role, character: Character, talk: SupportDialogue) -> dict[str, Any]:
    return {
        f"{role}_index": character.index,
        f"{role}_mbti": character.type,
        f"{role}_profile": dict(character.profile),
        f"{role}_profile_trans": dict(character.aspects),
        f"{role}_statement": character.statement(role),
        f"{role}_tone_sentences": talk.tones.get(role, ""),
    }


def read_dialogues(path: str | Path) -> list[Dialogue]:
    """The dialogues of a ``dial_output.json``, neutral; ``meta`` of each utterance names the aspect where there is one.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, line and field.
    """
    return [_dialogue(row, where) for where, row in iter_lines(path)]


def _dialogue(row: Mapping[str, Any], where: str) -> Dialogue:
    turns = row.get("dial")
    if not isinstance(turns, list):
        raise InvalidInput(where, "a list of turns", turns, "dial")
    meta = {
        f"{role}_index": _mapping(row.get(f"{role}_info", {}), where, f"{role}_info").get(f"{role}_index")
        for role in (SEEKER, SUPPORTER)
    }
    talk = Dialogue(str(row.get("index", "")), meta=meta, cast=(SEEKER, SUPPORTER))
    for number, turn in enumerate(turns):
        name = f"dial[{number}]"
        said = _mapping(turn, where, name)
        if said.get("speaker") not in (SEEKER, SUPPORTER):
            raise InvalidInput(where, "seeker or supporter", said.get("speaker"), f"{name}.speaker")
        if not isinstance(said.get("utterance"), str):
            raise InvalidInput(where, "text", said.get("utterance"), f"{name}.utterance")
        aspect = _mapping(said.get("choose_info") or {}, where, f"{name}.choose_info").get("aspect")
        talk.say(
            said["speaker"], said["utterance"], **({"aspect": aspect} if isinstance(aspect, str) and aspect else {})
        )
    return talk


# --- eval_dial_output.json ---


def rating_rows(dialogues: Iterable[SupportDialogue]) -> list[dict[str, Any]]:
    """Rows of ``eval_dial_output.json``: the talk as text, and the three scores with their reason."""
    return [
        {
            "index": number,
            "dial": talk.dialogue().concat(),
            "rating": {
                **{question: getattr(talk.rating, name) for name, question in QUESTIONS.items()},
                REASON: talk.rating.reason,
            },
        }
        for number, talk in enumerate(dialogues)
        if talk.rating is not None
    ]


def read_rating(rating: Any) -> Rating | None:
    """A published rating, an object or the text of one; None where it has not exactly three scores from 1 to 5."""
    found = read_json(rating) if isinstance(rating, str) else rating
    if not isinstance(found, Mapping):
        return None
    scores = [value for key, value in found.items() if key != REASON]
    if len(scores) != len(QUESTIONS) or any(type(s) is not int or not 1 <= s <= 5 for s in scores):
        return None
    mood, problem, engaged = scores
    return Rating(mood, problem, engaged, str(found.get(REASON, "")))


def read_labels(path: str | Path) -> list[float | None]:
    """The match label of each row of an ``eval_dial_output.json``; None where its rating cannot be read."""
    ratings = [read_rating(row.get("rating")) for _, row in iter_lines(path)]
    return [None if rating is None else rating.label for rating in ratings]


# --- the training rows ---


def selector_rows(examples: Iterable[Example]) -> list[dict[str, Any]]:
    """Rows of ``model_info_selecter_dataset.json``."""
    return [{"conversations": {"history": e.history, "info": e.info, "label": int(e.used)}} for e in examples]


def read_selector_rows(path: str | Path) -> list[Example]:
    """The inverse of :func:`selector_rows`; a history given as a list is joined by line ends.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, line and field.
    """
    found = []
    for where, row in iter_lines(path):
        data = _mapping(row.get("conversations"), where, "conversations")
        history = data.get("history")
        text = "\n".join(map(str, history)) if isinstance(history, list) else plain_text(data, "history", where)
        if data.get("label") not in (0, 1):
            raise InvalidInput(where, "0 or 1", data.get("label"), "conversations.label")
        found.append(Example(text, plain_text(data, "info", where), bool(data["label"])))
    return found


def match_pairs(dialogues: Iterable[SupportDialogue], characters: Mapping[int, Character]) -> list[RatedPair]:
    """The rated pairs of played dialogues; those without a rating give none."""
    return [
        RatedPair(characters[talk.seeker].seeker_statement, characters[talk.supporter].supporter_statement, talk.label)
        for talk in dialogues
        if talk.label is not None
    ]


def match_rows(pairs: Sequence[RatedPair]) -> list[dict[str, Any]]:
    """Rows of ``model_persona_score_dataset.json``."""
    return [
        {"conversations": {"seeker_statement": p.seeker, "supporter_statement": p.supporter, "rating": p.rating}}
        for p in pairs
    ]


def read_match_rows(path: str | Path) -> list[RatedPair]:
    """The inverse of :func:`match_rows`; a rating given as a list of scores counts as their mean.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, line and field.
    """
    found = []
    for where, row in iter_lines(path):
        data = _mapping(row.get("conversations"), where, "conversations")
        seeker, supporter = (plain_text(data, f"{role}_statement", where) for role in (SEEKER, SUPPORTER))
        found.append(RatedPair(seeker, supporter, _label(data.get("rating"), where)))
    return found


def _label(value: Any, where: str) -> float:
    scores = value if isinstance(value, list) else [value]
    if not scores or any(isinstance(s, bool) or not isinstance(s, (int, float)) or not 1 <= s <= 5 for s in scores):
        raise InvalidInput(where, "a number from 1 to 5", value, "conversations.rating")
    return match_label(scores)
