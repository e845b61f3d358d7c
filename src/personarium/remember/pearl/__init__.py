"""PEARL: concepts and events in one memory, and questions that are searched without private names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.remember.pearl.asking import Asked as Asked
    from personarium.remember.pearl.asking import Question as Question
    from personarium.remember.pearl.clips import Clip as Clip
    from personarium.remember.pearl.clips import cut_scenes as cut_scenes
    from personarium.remember.pearl.concepts import Concept as Concept
    from personarium.remember.pearl.data_format import read_annotations as read_annotations
    from personarium.remember.pearl.data_format import read_clips as read_clips
    from personarium.remember.pearl.data_format import read_ignored as read_ignored
    from personarium.remember.pearl.data_format import write_results as write_results
    from personarium.remember.pearl.letters import chosen_letter as chosen_letter
    from personarium.remember.pearl.letters import published_letter as published_letter
    from personarium.remember.pearl.method import CONTRACT as CONTRACT
    from personarium.remember.pearl.method import Pearl as Pearl
    from personarium.remember.pearl.method import PearlConfig as PearlConfig
    from personarium.remember.pearl.scores import Judged as Judged
    from personarium.remember.pearl.scores import Scores as Scores
    from personarium.remember.pearl.scores import scored as scored

_NAMES = {
    "asking": "Asked Question",
    "clips": "Clip cut_scenes",
    "concepts": "Concept",
    "data_format": "read_annotations read_clips read_ignored write_results",
    "letters": "chosen_letter published_letter",
    "method": "CONTRACT Pearl PearlConfig",
    "scores": "Judged Scores scored",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{__name__}.{module}" for module, names in _NAMES.items() for name in names.split()}
)
