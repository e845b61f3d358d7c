"""PersonalDialog: records with traits, the anonymiser, corpus statistics, a corpus of known truth (see ``method``).

Source: *Personalized Dialogue Generation with Diversified Traits*, arXiv 1901.09672.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.make.personaldialog.anonymise import Anonymiser as Anonymiser
    from personarium.make.personaldialog.anonymise import age_band as age_band
    from personarium.make.personaldialog.anonymise import clean_text as clean_text
    from personarium.make.personaldialog.anonymise import rare_tags as rare_tags
    from personarium.make.personaldialog.data_format import ASSIGNED_TRAITS as ASSIGNED_TRAITS
    from personarium.make.personaldialog.data_format import TRAITS as TRAITS
    from personarium.make.personaldialog.data_format import Session as Session
    from personarium.make.personaldialog.data_format import iter_sessions as iter_sessions
    from personarium.make.personaldialog.data_format import read_session as read_session
    from personarium.make.personaldialog.data_format import save_sessions as save_sessions
    from personarium.make.personaldialog.method import CONTRACT as CONTRACT
    from personarium.make.personaldialog.method import MAKER as MAKER
    from personarium.make.personaldialog.planted import planted_corpus as planted_corpus
    from personarium.make.personaldialog.planted import shuffle_traits as shuffle_traits
    from personarium.make.personaldialog.statistics import ERRATA as ERRATA
    from personarium.make.personaldialog.statistics import CorpusReport as CorpusReport
    from personarium.make.personaldialog.statistics import corpus_report as corpus_report
    from personarium.make.personaldialog.statistics import distinct_n as distinct_n
    from personarium.make.personaldialog.statistics import names_one_of as names_one_of
    from personarium.make.personaldialog.statistics import trait_accuracy as trait_accuracy

_HOME = "personarium.make.personaldialog"
_PUBLIC = {
    "anonymise": "Anonymiser age_band clean_text rare_tags",
    "data_format": "ASSIGNED_TRAITS TRAITS Session iter_sessions read_session save_sessions",
    "method": "CONTRACT MAKER",
    "planted": "planted_corpus shuffle_traits",
    "statistics": "ERRATA CorpusReport corpus_report distinct_n names_one_of trait_accuracy",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names.split()}
)
