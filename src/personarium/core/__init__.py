"""The vocabulary: personas, dialogues, populations, rubrics, scores, the chat protocol and the errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.core.cards.cast import Cast as Cast
    from personarium.core.cards.cast import load_cast as load_cast
    from personarium.core.cards.files import load_card as load_card
    from personarium.core.cards.files import save_card as save_card
    from personarium.core.cards.persona import cited as cited
    from personarium.core.cards.persona import persona_from_card as persona_from_card
    from personarium.core.cards.persona import stored_card as stored_card
    from personarium.core.cards.record import Card as Card
    from personarium.core.cards.written import card_from_persona as card_from_persona
    from personarium.core.chat import ChatModel as ChatModel
    from personarium.core.chat import Message as Message
    from personarium.core.chat import Reply as Reply
    from personarium.core.chat import Role as Role
    from personarium.core.chat import Sampling as Sampling
    from personarium.core.chat import StreamingModel as StreamingModel
    from personarium.core.chat import TokenLogprob as TokenLogprob
    from personarium.core.chat import Usage as Usage
    from personarium.core.chat import assistant as assistant
    from personarium.core.chat import canonical_json as canonical_json
    from personarium.core.chat import system as system
    from personarium.core.chat import user as user
    from personarium.core.chat_logs.logs import iter_log as iter_log
    from personarium.core.chat_logs.logs import read_log as read_log
    from personarium.core.chat_logs.logs import write_log as write_log
    from personarium.core.contract import Contract as Contract
    from personarium.core.contract import Renderable as Renderable
    from personarium.core.contract import Row as Row
    from personarium.core.dialogue import OPENING_CUE as OPENING_CUE
    from personarium.core.dialogue import Dialogue as Dialogue
    from personarium.core.dialogue import Utterance as Utterance
    from personarium.core.dialogue import iter_dialogues as iter_dialogues
    from personarium.core.dialogue import load_dialogues as load_dialogues
    from personarium.core.dialogue import save_dialogues as save_dialogues
    from personarium.core.errors import BudgetExceeded as BudgetExceeded
    from personarium.core.errors import InvalidInput as InvalidInput
    from personarium.core.errors import NotFound as NotFound
    from personarium.core.errors import PersonariumError as PersonariumError
    from personarium.core.errors import RemoteError as RemoteError
    from personarium.core.errors import StorageError as StorageError
    from personarium.core.errors import UsageError as UsageError
    from personarium.core.exports import lazy_exports as lazy_exports
    from personarium.core.facets import SOURCES as SOURCES
    from personarium.core.facets import VISIBILITIES as VISIBILITIES
    from personarium.core.facets import Facet as Facet
    from personarium.core.files import parse_json as parse_json
    from personarium.core.files import parse_yaml as parse_yaml
    from personarium.core.files import read_text as read_text
    from personarium.core.files import replacing as replacing
    from personarium.core.formats import FORMATS as FORMATS
    from personarium.core.formats import Format as Format
    from personarium.core.formats import iter_personas as iter_personas
    from personarium.core.formats import load_persona as load_persona
    from personarium.core.formats import load_personas as load_personas
    from personarium.core.formats import save_persona as save_persona
    from personarium.core.formats import save_personas as save_personas
    from personarium.core.guards import DisclosureGuard as DisclosureGuard
    from personarium.core.guards import KnowledgeGuard as KnowledgeGuard
    from personarium.core.guards import KnowledgeItem as KnowledgeItem
    from personarium.core.guards import normalise as normalise
    from personarium.core.label import Label as Label
    from personarium.core.label import current_label as current_label
    from personarium.core.label import labelled as labelled
    from personarium.core.layers import LAYER_KINDS as LAYER_KINDS
    from personarium.core.layers import Claim as Claim
    from personarium.core.layers import Conflict as Conflict
    from personarium.core.layers import Knowledge as Knowledge
    from personarium.core.layers import Layer as Layer
    from personarium.core.layers import Resolution as Resolution
    from personarium.core.layers import stack as stack
    from personarium.core.persona import KINDS as KINDS
    from personarium.core.persona import Demonstration as Demonstration
    from personarium.core.persona import Flags as Flags
    from personarium.core.persona import Persona as Persona
    from personarium.core.persona import split_sentences as split_sentences
    from personarium.core.persona_diff import FacetChange as FacetChange
    from personarium.core.persona_diff import FieldChange as FieldChange
    from personarium.core.persona_diff import PersonaDiff as PersonaDiff
    from personarium.core.persona_diff import diff_personas as diff_personas
    from personarium.core.persona_diff import word_changes as word_changes
    from personarium.core.plain_measures import ChecklistItem as ChecklistItem
    from personarium.core.plain_measures import cosine as cosine
    from personarium.core.plain_measures import drift as drift
    from personarium.core.plain_measures import knowledge_checklist as knowledge_checklist
    from personarium.core.plain_measures import style_distance as style_distance
    from personarium.core.plain_measures import trigrams as trigrams
    from personarium.core.population import Population as Population
    from personarium.core.population import Quota as Quota
    from personarium.core.population import QuotaRow as QuotaRow
    from personarium.core.published import SHAPES as SHAPES
    from personarium.core.published import Shape as Shape
    from personarium.core.published import character as character
    from personarium.core.published import demonstrations as demonstrations
    from personarium.core.published import hachimi_record as hachimi_record
    from personarium.core.published import load_spectrum as load_spectrum
    from personarium.core.published import persona_from_hachimi as persona_from_hachimi
    from personarium.core.published import persona_from_hub as persona_from_hub
    from personarium.core.published import persona_from_object as persona_from_object
    from personarium.core.published import persona_from_row as persona_from_row
    from personarium.core.published import persona_from_spectrum as persona_from_spectrum
    from personarium.core.results import Estimate as Estimate
    from personarium.core.results import Failure as Failure
    from personarium.core.results import Instrument as Instrument
    from personarium.core.results import Scale as Scale
    from personarium.core.results import Score as Score
    from personarium.core.results import count_failures as count_failures
    from personarium.core.rpla_survey import CELLS as CELLS
    from personarium.core.rpla_survey import JUDGE_CRITERIA as JUDGE_CRITERIA
    from personarium.core.rpla_survey import VERBS as VERBS
    from personarium.core.rpla_survey import Cell as Cell
    from personarium.core.rpla_survey import DialogueReport as DialogueReport
    from personarium.core.rpla_survey import check_coverage as check_coverage
    from personarium.core.rpla_survey import coverage as coverage
    from personarium.core.rpla_survey import missing_cells as missing_cells
    from personarium.core.rpla_survey import persona_checklist as persona_checklist
    from personarium.core.rpla_survey import recorded_dialogue_report as recorded_dialogue_report
    from personarium.core.rubric import Rubric as Rubric
    from personarium.core.tables import read_table as read_table
    from personarium.core.views import STYLES as STYLES
    from personarium.core.views import Rendered as Rendered
    from personarium.core.views import Span as Span
    from personarium.core.views import render as render
    from personarium.core.views import sentence as sentence

_EXPORTS = {
    "BudgetExceeded": "personarium.core.errors",
    "CELLS": "personarium.core.rpla_survey",
    "Card": "personarium.core.cards.record",
    "Cast": "personarium.core.cards.cast",
    "Cell": "personarium.core.rpla_survey",
    "ChatModel": "personarium.core.chat",
    "ChecklistItem": "personarium.core.plain_measures",
    "Claim": "personarium.core.layers",
    "Conflict": "personarium.core.layers",
    "Contract": "personarium.core.contract",
    "Demonstration": "personarium.core.persona",
    "Dialogue": "personarium.core.dialogue",
    "DialogueReport": "personarium.core.rpla_survey",
    "DisclosureGuard": "personarium.core.guards",
    "Estimate": "personarium.core.results",
    "FORMATS": "personarium.core.formats",
    "Facet": "personarium.core.facets",
    "FacetChange": "personarium.core.persona_diff",
    "Failure": "personarium.core.results",
    "FieldChange": "personarium.core.persona_diff",
    "Flags": "personarium.core.persona",
    "Format": "personarium.core.formats",
    "Instrument": "personarium.core.results",
    "InvalidInput": "personarium.core.errors",
    "JUDGE_CRITERIA": "personarium.core.rpla_survey",
    "KINDS": "personarium.core.persona",
    "Knowledge": "personarium.core.layers",
    "KnowledgeGuard": "personarium.core.guards",
    "KnowledgeItem": "personarium.core.guards",
    "LAYER_KINDS": "personarium.core.layers",
    "Label": "personarium.core.label",
    "Layer": "personarium.core.layers",
    "Message": "personarium.core.chat",
    "NotFound": "personarium.core.errors",
    "OPENING_CUE": "personarium.core.dialogue",
    "Persona": "personarium.core.persona",
    "PersonaDiff": "personarium.core.persona_diff",
    "PersonariumError": "personarium.core.errors",
    "Population": "personarium.core.population",
    "Quota": "personarium.core.population",
    "QuotaRow": "personarium.core.population",
    "RemoteError": "personarium.core.errors",
    "Renderable": "personarium.core.contract",
    "Rendered": "personarium.core.views",
    "Reply": "personarium.core.chat",
    "Resolution": "personarium.core.layers",
    "Role": "personarium.core.chat",
    "Row": "personarium.core.contract",
    "Rubric": "personarium.core.rubric",
    "SHAPES": "personarium.core.published",
    "SOURCES": "personarium.core.facets",
    "STYLES": "personarium.core.views",
    "Sampling": "personarium.core.chat",
    "Scale": "personarium.core.results",
    "Score": "personarium.core.results",
    "Shape": "personarium.core.published",
    "Span": "personarium.core.views",
    "StorageError": "personarium.core.errors",
    "StreamingModel": "personarium.core.chat",
    "TokenLogprob": "personarium.core.chat",
    "Usage": "personarium.core.chat",
    "UsageError": "personarium.core.errors",
    "Utterance": "personarium.core.dialogue",
    "VERBS": "personarium.core.rpla_survey",
    "VISIBILITIES": "personarium.core.facets",
    "assistant": "personarium.core.chat",
    "canonical_json": "personarium.core.chat",
    "card_from_persona": "personarium.core.cards.written",
    "character": "personarium.core.published",
    "check_coverage": "personarium.core.rpla_survey",
    "cited": "personarium.core.cards.persona",
    "cosine": "personarium.core.plain_measures",
    "count_failures": "personarium.core.results",
    "coverage": "personarium.core.rpla_survey",
    "current_label": "personarium.core.label",
    "demonstrations": "personarium.core.published",
    "diff_personas": "personarium.core.persona_diff",
    "drift": "personarium.core.plain_measures",
    "hachimi_record": "personarium.core.published",
    "iter_dialogues": "personarium.core.dialogue",
    "iter_log": "personarium.core.chat_logs.logs",
    "iter_personas": "personarium.core.formats",
    "knowledge_checklist": "personarium.core.plain_measures",
    "labelled": "personarium.core.label",
    "lazy_exports": "personarium.core.exports",
    "load_card": "personarium.core.cards.files",
    "load_cast": "personarium.core.cards.cast",
    "load_dialogues": "personarium.core.dialogue",
    "load_persona": "personarium.core.formats",
    "load_personas": "personarium.core.formats",
    "load_spectrum": "personarium.core.published",
    "missing_cells": "personarium.core.rpla_survey",
    "normalise": "personarium.core.guards",
    "parse_json": "personarium.core.files",
    "parse_yaml": "personarium.core.files",
    "persona_checklist": "personarium.core.rpla_survey",
    "persona_from_card": "personarium.core.cards.persona",
    "persona_from_hachimi": "personarium.core.published",
    "persona_from_hub": "personarium.core.published",
    "persona_from_object": "personarium.core.published",
    "persona_from_row": "personarium.core.published",
    "persona_from_spectrum": "personarium.core.published",
    "read_log": "personarium.core.chat_logs.logs",
    "read_table": "personarium.core.tables",
    "read_text": "personarium.core.files",
    "recorded_dialogue_report": "personarium.core.rpla_survey",
    "render": "personarium.core.views",
    "replacing": "personarium.core.files",
    "save_card": "personarium.core.cards.files",
    "save_dialogues": "personarium.core.dialogue",
    "save_persona": "personarium.core.formats",
    "save_personas": "personarium.core.formats",
    "sentence": "personarium.core.views",
    "split_sentences": "personarium.core.persona",
    "stack": "personarium.core.layers",
    "stored_card": "personarium.core.cards.persona",
    "style_distance": "personarium.core.plain_measures",
    "system": "personarium.core.chat",
    "trigrams": "personarium.core.plain_measures",
    "user": "personarium.core.chat",
    "word_changes": "personarium.core.persona_diff",
    "write_log": "personarium.core.chat_logs.logs",
}

__all__, __getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
