"""CharacterChat's dialogues: support talks of two characters, who draws on what, and who fits whom (see ``method``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.play.characterchat.aspects import AskedChooser as AskedChooser
    from personarium.play.characterchat.aspects import Choice as Choice
    from personarium.play.characterchat.aspects import Guard as Guard
    from personarium.play.characterchat.characters import FIELDS as FIELDS
    from personarium.play.characterchat.characters import Character as Character
    from personarium.play.characterchat.crisis import Crisis as Crisis
    from personarium.play.characterchat.crisis import CrisisPolicy as CrisisPolicy
    from personarium.play.characterchat.crisis import self_harm_language as self_harm_language
    from personarium.play.characterchat.data_format import dialogue_rows as dialogue_rows
    from personarium.play.characterchat.data_format import match_pairs as match_pairs
    from personarium.play.characterchat.data_format import match_rows as match_rows
    from personarium.play.characterchat.data_format import rating_rows as rating_rows
    from personarium.play.characterchat.data_format import read_dialogues as read_dialogues
    from personarium.play.characterchat.data_format import read_labels as read_labels
    from personarium.play.characterchat.data_format import read_match_rows as read_match_rows
    from personarium.play.characterchat.data_format import read_rating as read_rating
    from personarium.play.characterchat.data_format import read_selector_rows as read_selector_rows
    from personarium.play.characterchat.data_format import selector_rows as selector_rows
    from personarium.play.characterchat.data_format import write_lines as write_lines
    from personarium.play.characterchat.matching import CosineScorer as CosineScorer
    from personarium.play.characterchat.matching import LinearCosineScorer as LinearCosineScorer
    from personarium.play.characterchat.matching import PairScorer as PairScorer
    from personarium.play.characterchat.matching import RatedPair as RatedPair
    from personarium.play.characterchat.matching import compare_scorers as compare_scorers
    from personarium.play.characterchat.matching import rank_supporters as rank_supporters
    from personarium.play.characterchat.matching import split_pairs as split_pairs
    from personarium.play.characterchat.method import ERRATA as ERRATA
    from personarium.play.characterchat.method import Cast as Cast
    from personarium.play.characterchat.method import plan_calls as plan_calls
    from personarium.play.characterchat.method import play_support_dialogues as play_support_dialogues
    from personarium.play.characterchat.moods import MoodWatch as MoodWatch
    from personarium.play.characterchat.moods import mood_stops as mood_stops
    from personarium.play.characterchat.moods import read_mood as read_mood
    from personarium.play.characterchat.post_processing import clean as clean
    from personarium.play.characterchat.post_processing import clean_gently as clean_gently
    from personarium.play.characterchat.rating import Rating as Rating
    from personarium.play.characterchat.rating import match_label as match_label
    from personarium.play.characterchat.rating import rate_dialogue as rate_dialogue
    from personarium.play.characterchat.result import DialogueConfig as DialogueConfig
    from personarium.play.characterchat.result import SupportDialogue as SupportDialogue
    from personarium.play.characterchat.result import Turn as Turn
    from personarium.play.characterchat.result import aspect_counts as aspect_counts
    from personarium.play.characterchat.selector import AspectSelector as AspectSelector
    from personarium.play.characterchat.selector import Example as Example
    from personarium.play.characterchat.selector import choice_accuracy as choice_accuracy
    from personarium.play.characterchat.selector import selector_examples as selector_examples
    from personarium.play.characterchat.speakers import CharacterSpeaker as CharacterSpeaker

_HOME = "personarium.play.characterchat"
_PUBLIC = {
    "aspects": ("AskedChooser", "Choice", "Guard"),
    "characters": ("FIELDS", "Character"),
    "crisis": ("Crisis", "CrisisPolicy", "self_harm_language"),
    "data_format": (
        "dialogue_rows",
        "match_pairs",
        "match_rows",
        "rating_rows",
        "read_dialogues",
        "read_labels",
        "read_match_rows",
        "read_rating",
        "read_selector_rows",
        "selector_rows",
        "write_lines",
    ),
    "matching": (
        "CosineScorer",
        "LinearCosineScorer",
        "PairScorer",
        "RatedPair",
        "compare_scorers",
        "rank_supporters",
        "split_pairs",
    ),
    "method": ("ERRATA", "Cast", "plan_calls", "play_support_dialogues"),
    "moods": ("MoodWatch", "mood_stops", "read_mood"),
    "post_processing": ("clean", "clean_gently"),
    "rating": ("Rating", "match_label", "rate_dialogue"),
    "result": ("DialogueConfig", "SupportDialogue", "Turn", "aspect_counts"),
    "selector": ("AspectSelector", "Example", "choice_accuracy", "selector_examples"),
    "speakers": ("CharacterSpeaker",),
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names}
)
