"""PersonalDialog, the model side: what persona bias means, a reference model for a CPU, and the sensitivity report.

Source: *Personalized Dialogue Generation with Diversified Traits*, arXiv 1901.09672; personaldialog page. The corpus side stands in
:mod:`personarium.make.personaldialog`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.steer.personaldialog.arithmetic import attention_weights as attention_weights
    from personarium.steer.personaldialog.arithmetic import contrastive_logprobs as contrastive_logprobs
    from personarium.steer.personaldialog.arithmetic import fuse_traits as fuse_traits
    from personarium.steer.personaldialog.arithmetic import gate as gate
    from personarium.steer.personaldialog.arithmetic import persona_bias as persona_bias
    from personarium.steer.personaldialog.arithmetic import softmax as softmax
    from personarium.steer.personaldialog.examples import Example as Example
    from personarium.steer.personaldialog.examples import TraitVocabulary as TraitVocabulary
    from personarium.steer.personaldialog.examples import examples_of as examples_of
    from personarium.steer.personaldialog.model import TINY as TINY
    from personarium.steer.personaldialog.model import ModelConfig as ModelConfig
    from personarium.steer.personaldialog.model import PersonaModel as PersonaModel
    from personarium.steer.personaldialog.model import Reply as Reply
    from personarium.steer.personaldialog.model import perplexity as perplexity
    from personarium.steer.personaldialog.model import train_persona_model as train_persona_model
    from personarium.steer.personaldialog.sensitivity import TraitSensitivity as TraitSensitivity
    from personarium.steer.personaldialog.sensitivity import sensitivity_report as sensitivity_report

_HOME = "personarium.steer.personaldialog"
_PUBLIC = {
    "arithmetic": "attention_weights contrastive_logprobs fuse_traits gate persona_bias softmax",
    "examples": "Example TraitVocabulary examples_of",
    "model": "TINY ModelConfig PersonaModel Reply perplexity train_persona_model",
    "sensitivity": "TraitSensitivity sensitivity_report",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names.split()}
)
