"""Steering: what makes a model play a persona better. Here so far: preference pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.steer.apc import DPOSettings as DPOSettings
    from personarium.steer.apc import Pairs as Pairs
    from personarium.steer.apc import PairSettings as PairSettings
    from personarium.steer.apc import PreferencePair as PreferencePair
    from personarium.steer.apc import ScoredReplies as ScoredReplies
    from personarium.steer.apc import keep_pairs as keep_pairs
    from personarium.steer.apc import preference_pairs as preference_pairs

_NAMES = "DPOSettings PairSettings Pairs PreferencePair ScoredReplies keep_pairs preference_pairs"
__all__, __getattr__, __dir__ = lazy_exports(__name__, dict.fromkeys(_NAMES.split(), "personarium.steer.apc"))
