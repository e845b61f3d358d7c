"""Synthetic-Persona-Chat: a corpus of two-persona dialogues grown by a generator and its critics (see ``method``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.make.synthetic_persona_chat.data_format import Conversation as Conversation
    from personarium.make.synthetic_persona_chat.data_format import Turn as Turn
    from personarium.make.synthetic_persona_chat.data_format import corpus_totals as corpus_totals
    from personarium.make.synthetic_persona_chat.data_format import default_seeds as default_seeds
    from personarium.make.synthetic_persona_chat.data_format import read_release as read_release
    from personarium.make.synthetic_persona_chat.data_format import read_seeds as read_seeds
    from personarium.make.synthetic_persona_chat.data_format import write_release as write_release
    from personarium.make.synthetic_persona_chat.faithfulness import EntailmentInference as EntailmentInference
    from personarium.make.synthetic_persona_chat.faithfulness import Faithfulness as Faithfulness
    from personarium.make.synthetic_persona_chat.faithfulness import InferenceModel as InferenceModel
    from personarium.make.synthetic_persona_chat.faithfulness import check_faithfulness as check_faithfulness
    from personarium.make.synthetic_persona_chat.maker import MAKER as MAKER
    from personarium.make.synthetic_persona_chat.method import CONTRACT as CONTRACT
    from personarium.make.synthetic_persona_chat.method import Cast as Cast
    from personarium.make.synthetic_persona_chat.method import expert_committee as expert_committee
    from personarium.make.synthetic_persona_chat.method import iterate as iterate
    from personarium.make.synthetic_persona_chat.method import run_synthetic_persona_chat as run_synthetic_persona_chat
    from personarium.make.synthetic_persona_chat.profiles import Negator as Negator
    from personarium.make.synthetic_persona_chat.profiles import Pair as Pair
    from personarium.make.synthetic_persona_chat.profiles import Profile as Profile
    from personarium.make.synthetic_persona_chat.profiles import ProfileBuilder as ProfileBuilder
    from personarium.make.synthetic_persona_chat.profiles import inconsistent_subset as inconsistent_subset
    from personarium.make.synthetic_persona_chat.profiles import pair_profiles as pair_profiles
    from personarium.make.synthetic_persona_chat.profiles import profile_similarity as profile_similarity
    from personarium.make.synthetic_persona_chat.result import SpcConfig as SpcConfig
    from personarium.make.synthetic_persona_chat.result import SpcResult as SpcResult

_HERE = "personarium.make.synthetic_persona_chat"
_NAMES = {
    "data_format": (
        "Conversation",
        "Turn",
        "corpus_totals",
        "default_seeds",
        "read_release",
        "read_seeds",
        "write_release",
    ),
    "faithfulness": ("EntailmentInference", "Faithfulness", "InferenceModel", "check_faithfulness"),
    "maker": ("MAKER",),
    "method": ("CONTRACT", "Cast", "expert_committee", "iterate", "run_synthetic_persona_chat"),
    "profiles": (
        "Negator",
        "Pair",
        "Profile",
        "ProfileBuilder",
        "inconsistent_subset",
        "pair_profiles",
        "profile_similarity",
    ),
    "result": ("SpcConfig", "SpcResult"),
}

__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HERE}.{module}" for module, names in _NAMES.items() for name in names}
)
