"""Text without models: embeddings, near duplicates, string similarity, the reply form, parsers of model output.

The function ``blocks`` (all blocks of a prompt) is imported from :mod:`personarium.text.blocks`, whose name it shares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.text.blocks import BLOCKS as BLOCKS
    from personarium.text.blocks import Block as Block
    from personarium.text.blocks import block as block
    from personarium.text.choices import Entailment as Entailment
    from personarium.text.choices import read_entailment as read_entailment
    from personarium.text.choices import read_letter as read_letter
    from personarium.text.choices import read_letter_strict as read_letter_strict
    from personarium.text.choices import read_number as read_number
    from personarium.text.choices import read_stop as read_stop
    from personarium.text.choices import read_yes_no as read_yes_no
    from personarium.text.embed import Embedder as Embedder
    from personarium.text.embed import StaticEmbedder as StaticEmbedder
    from personarium.text.embed import load_embedder as load_embedder
    from personarium.text.form import Form as Form
    from personarium.text.holes import Hole as Hole
    from personarium.text.holes import Unparsed as Unparsed
    from personarium.text.json_reading import quoted_strings as quoted_strings
    from personarium.text.json_reading import read_json as read_json
    from personarium.text.json_reading import read_list as read_list
    from personarium.text.json_reading import read_list_strict as read_list_strict
    from personarium.text.json_reading import statement_lines as statement_lines
    from personarium.text.near_duplicates import NearDuplicateGate as NearDuplicateGate
    from personarium.text.near_duplicates import hamming as hamming
    from personarium.text.near_duplicates import near_pairs as near_pairs
    from personarium.text.near_duplicates import simhash as simhash
    from personarium.text.refusals import is_refusal as is_refusal
    from personarium.text.semantic_gate import GateLimits as GateLimits
    from personarium.text.semantic_gate import SemanticGate as SemanticGate
    from personarium.text.semantic_gate import calibrate as calibrate
    from personarium.text.semantic_gate import near_copies as near_copies
    from personarium.text.similarity import content_stems as content_stems
    from personarium.text.similarity import echo_overlap as echo_overlap
    from personarium.text.similarity import letters_and_digits as letters_and_digits
    from personarium.text.similarity import mentions as mentions
    from personarium.text.similarity import nearest as nearest
    from personarium.text.similarity import style_distance as style_distance
    from personarium.text.similarity import word_ngrams as word_ngrams
    from personarium.text.verdicts import Verdict as Verdict
    from personarium.text.verdicts import personagym_score as personagym_score
    from personarium.text.verdicts import personagym_score_published as personagym_score_published
    from personarium.text.verdicts import prometheus_preference as prometheus_preference
    from personarium.text.verdicts import prometheus_score as prometheus_score
    from personarium.text.verdicts import score_examples as score_examples
    from personarium.text.verdicts import split_evaluations as split_evaluations
    from personarium.text.verdicts import split_evaluations_published as split_evaluations_published
    from personarium.text.verdicts import split_examples as split_examples

_PUBLIC = {
    "semantic_gate": ("GateLimits", "SemanticGate", "calibrate", "near_copies"),
    "blocks": ("BLOCKS", "Block", "block"),
    "choices": (
        "Entailment",
        "read_entailment",
        "read_letter",
        "read_letter_strict",
        "read_number",
        "read_stop",
        "read_yes_no",
    ),
    "embed": ("Embedder", "StaticEmbedder", "load_embedder"),
    "form": ("Form",),
    "holes": ("Hole", "Unparsed"),
    "json_reading": ("quoted_strings", "read_json", "read_list", "read_list_strict", "statement_lines"),
    "near_duplicates": ("NearDuplicateGate", "hamming", "near_pairs", "simhash"),
    "refusals": ("is_refusal",),
    "similarity": (
        "content_stems",
        "echo_overlap",
        "letters_and_digits",
        "mentions",
        "nearest",
        "style_distance",
        "word_ngrams",
    ),
    "verdicts": (
        "Verdict",
        "personagym_score",
        "personagym_score_published",
        "prometheus_preference",
        "prometheus_score",
        "score_examples",
        "split_evaluations",
        "split_evaluations_published",
        "split_examples",
    ),
}

__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{__name__}.{module}" for module, names in _PUBLIC.items() for name in names}
)
