"""PRODIGy: profiles with four interchangeable views, two split protocols, and likelihoods that say which view helps.

Source: *PRODIGy: a PROfile-based DIalogue Generation dataset*, arXiv 2311.05195.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.make.prodigy.characters import Character as Character
    from personarium.make.prodigy.characters import Characters as Characters
    from personarium.make.prodigy.characters import load_characters as load_characters
    from personarium.make.prodigy.copying_model import CopyingModel as CopyingModel
    from personarium.make.prodigy.dataset import Dataset as Dataset
    from personarium.make.prodigy.dataset import load_dataset as load_dataset
    from personarium.make.prodigy.dialogues import DialogueFile as DialogueFile
    from personarium.make.prodigy.dialogues import load_dialogues as load_dialogues
    from personarium.make.prodigy.dialogues import targets_of as targets_of
    from personarium.make.prodigy.maker import MAKER as MAKER
    from personarium.make.prodigy.method import CONTRACT as CONTRACT
    from personarium.make.prodigy.method import ProdigyConfig as ProdigyConfig
    from personarium.make.prodigy.method import ProdigyResult as ProdigyResult
    from personarium.make.prodigy.method import compare_views as compare_views
    from personarium.make.prodigy.method import known_world as known_world
    from personarium.make.prodigy.partitions import Partitions as Partitions
    from personarium.make.prodigy.partitions import load_partitions as load_partitions
    from personarium.make.prodigy.partitions import make_partitions as make_partitions
    from personarium.make.prodigy.views import CONFIGURATIONS as CONFIGURATIONS
    from personarium.make.prodigy.views import ERRATA as ERRATA
    from personarium.make.prodigy.views import VIEWS as VIEWS
    from personarium.make.prodigy.views import Example as Example
    from personarium.make.prodigy.views import Profile as Profile
    from personarium.make.prodigy.views import draw_biography as draw_biography
    from personarium.make.prodigy.views import examples_of as examples_of
    from personarium.make.prodigy.views import profile_text as profile_text

_HOME = "personarium.make.prodigy"
_PUBLIC = {
    "characters": ("Character", "Characters", "load_characters"),
    "copying_model": ("CopyingModel",),
    "dataset": ("Dataset", "load_dataset"),
    "dialogues": ("DialogueFile", "load_dialogues", "targets_of"),
    "maker": ("MAKER",),
    "method": ("CONTRACT", "ProdigyConfig", "ProdigyResult", "compare_views", "known_world"),
    "partitions": ("Partitions", "load_partitions", "make_partitions"),
    "views": (
        "CONFIGURATIONS",
        "ERRATA",
        "VIEWS",
        "Example",
        "Profile",
        "draw_biography",
        "examples_of",
        "profile_text",
    ),
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names}
)
