"""PersonaBench: finding personal facts in somebody's private documents (see ``method``), its files and its scores.

Source: *PersonaBench: Evaluating AI Models on Understanding Personal Information through Accessing (Synthetic) Private User
Data*, arXiv 2502.20616.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.benchmarks.personabench.data_format import Chunk as Chunk
    from personarium.benchmarks.personabench.data_format import Community as Community
    from personarium.benchmarks.personabench.data_format import Person as Person
    from personarium.benchmarks.personabench.data_format import Question as Question
    from personarium.benchmarks.personabench.data_format import load_communities as load_communities
    from personarium.benchmarks.personabench.data_format import load_community as load_community
    from personarium.benchmarks.personabench.data_format import load_example as load_example
    from personarium.benchmarks.personabench.data_format import noise_levels as noise_levels
    from personarium.benchmarks.personabench.method import CONTRACT as CONTRACT
    from personarium.benchmarks.personabench.method import ERRATA as ERRATA
    from personarium.benchmarks.personabench.method import PersonaBenchConfig as PersonaBenchConfig
    from personarium.benchmarks.personabench.method import plan_calls as plan_calls
    from personarium.benchmarks.personabench.method import run_personabench as run_personabench
    from personarium.benchmarks.personabench.results import PersonaBenchResult as PersonaBenchResult
    from personarium.benchmarks.personabench.results import QuestionResult as QuestionResult
    from personarium.benchmarks.personabench.results import noise_robustness as noise_robustness
    from personarium.benchmarks.personabench.results import radar as radar
    from personarium.benchmarks.personabench.retrievers import BM25Retriever as BM25Retriever
    from personarium.benchmarks.personabench.retrievers import EmbeddingRetriever as EmbeddingRetriever
    from personarium.benchmarks.personabench.retrievers import FirstRetriever as FirstRetriever
    from personarium.benchmarks.personabench.retrievers import Oracle as Oracle
    from personarium.benchmarks.personabench.retrievers import Passage as Passage
    from personarium.benchmarks.personabench.retrievers import Retriever as Retriever
    from personarium.benchmarks.personabench.retrievers import Searcher as Searcher
    from personarium.benchmarks.personabench.retrievers import gt_context as gt_context
    from personarium.benchmarks.personabench.retrievers import open_retriever as open_retriever
    from personarium.benchmarks.personabench.retrievers import passage_of as passage_of
    from personarium.benchmarks.personabench.scoring import answer_text as answer_text
    from personarium.benchmarks.personabench.scoring import answer_words as answer_words
    from personarium.benchmarks.personabench.scoring import category_of as category_of
    from personarium.benchmarks.personabench.scoring import retrieval_scores as retrieval_scores
    from personarium.benchmarks.personabench.scoring import word_scores as word_scores
    from personarium.benchmarks.personabench.scoring import word_set as word_set

_HOME = "personarium.benchmarks.personabench"
_PUBLIC = {
    "data_format": (
        "Chunk",
        "Community",
        "Person",
        "Question",
        "load_communities",
        "load_community",
        "load_example",
        "noise_levels",
    ),
    "method": ("CONTRACT", "ERRATA", "PersonaBenchConfig", "plan_calls", "run_personabench"),
    "results": ("PersonaBenchResult", "QuestionResult", "noise_robustness", "radar"),
    "retrievers": (
        "BM25Retriever",
        "EmbeddingRetriever",
        "FirstRetriever",
        "Oracle",
        "Passage",
        "Retriever",
        "Searcher",
        "gt_context",
        "open_retriever",
        "passage_of",
    ),
    "scoring": ("answer_text", "answer_words", "category_of", "retrieval_scores", "word_scores", "word_set"),
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names}
)
