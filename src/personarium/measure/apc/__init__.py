"""APC: does a reply carry the facts that were asked for and contradict none of the others?

Source: *Quantifying and Optimizing Global Faithfulness in Persona-driven Role-playing*, arXiv 2405.07726.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.measure.apc.bundled import compare_published as compare_published
    from personarium.measure.apc.bundled import load_documents as load_documents
    from personarium.measure.apc.bundled import load_published_scores as load_published_scores
    from personarium.measure.apc.data_formats import NLIRow as NLIRow
    from personarium.measure.apc.data_formats import QueryRow as QueryRow
    from personarium.measure.apc.data_formats import RelevanceRow as RelevanceRow
    from personarium.measure.apc.data_formats import StatementRow as StatementRow
    from personarium.measure.apc.data_formats import load_nli as load_nli
    from personarium.measure.apc.data_formats import load_queries as load_queries
    from personarium.measure.apc.data_formats import load_relevance as load_relevance
    from personarium.measure.apc.data_formats import load_statements as load_statements
    from personarium.measure.apc.data_formats import read_label as read_label
    from personarium.measure.apc.data_formats import save_rows as save_rows
    from personarium.measure.apc.instrument import APCInstrument as APCInstrument
    from personarium.measure.apc.method import ERRATA as ERRATA
    from personarium.measure.apc.method import APCConfig as APCConfig
    from personarium.measure.apc.method import Built as Built
    from personarium.measure.apc.method import label_relevance as label_relevance
    from personarium.measure.apc.method import label_replies as label_replies
    from personarium.measure.apc.method import read_statements as read_statements
    from personarium.measure.apc.method import score_with_teacher as score_with_teacher
    from personarium.measure.apc.method import split_paragraphs as split_paragraphs
    from personarium.measure.apc.method import write_queries as write_queries
    from personarium.measure.apc.method import write_replies as write_replies
    from personarium.measure.apc.method import write_statements as write_statements
    from personarium.measure.apc.playing import apc_scorer as apc_scorer
    from personarium.measure.apc.playing import lcm_inputs as lcm_inputs
    from personarium.measure.apc.playing import plain_questions as plain_questions
    from personarium.measure.apc.playing import rag_inputs as rag_inputs
    from personarium.measure.apc.playing import statements_of as statements_of
    from personarium.measure.apc.playing import top_statements as top_statements
    from personarium.measure.apc.scoring import APCScore as APCScore
    from personarium.measure.apc.scoring import StatementScore as StatementScore
    from personarium.measure.apc.scoring import apc_from_dict as apc_from_dict
    from personarium.measure.apc.scoring import apc_score as apc_score
    from personarium.measure.apc.scoring import apc_scores as apc_scores
    from personarium.measure.apc.scoring import score_statement as score_statement
    from personarium.measure.apc.summary import summarise as summarise

_HERE = "personarium.measure.apc"
_NAMES = {
    "bundled": "compare_published load_documents load_published_scores",
    "data_formats": "NLIRow QueryRow RelevanceRow StatementRow load_nli load_queries load_relevance load_statements "
    "read_label save_rows",
    "instrument": "APCInstrument",
    "method": "APCConfig Built ERRATA label_relevance label_replies read_statements score_with_teacher split_paragraphs "
    "write_queries write_replies write_statements",
    "playing": "apc_scorer lcm_inputs plain_questions rag_inputs statements_of top_statements",
    "scoring": "APCScore StatementScore apc_from_dict apc_score apc_scores score_statement",
    "summary": "summarise",
}
_EXPORTS = {name: f"{_HERE}.{module}" for module, names in _NAMES.items() for name in names.split()}
__all__, __getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
