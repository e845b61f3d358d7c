"""PersonaTree: one schema-based tree describes the user and is edited in the open (see ``method``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.remember.personatree.answering import AgenticConfig as AgenticConfig
    from personarium.remember.personatree.answering import ByEmbedding as ByEmbedding
    from personarium.remember.personatree.answering import ChunkIndex as ChunkIndex
    from personarium.remember.personatree.answering import TreeAnswer as TreeAnswer
    from personarium.remember.personatree.answering import answer_agentic as answer_agentic
    from personarium.remember.personatree.answering import answer_fast as answer_fast
    from personarium.remember.personatree.answering import index_messages as index_messages
    from personarium.remember.personatree.data_format import load_final_trees as load_final_trees
    from personarium.remember.personatree.data_format import load_history as load_history
    from personarium.remember.personatree.data_format import load_tree as load_tree
    from personarium.remember.personatree.data_format import save_batch as save_batch
    from personarium.remember.personatree.data_format import save_tree as save_tree
    from personarium.remember.personatree.errata import ERRATA as ERRATA
    from personarium.remember.personatree.grammar import Edit as Edit
    from personarium.remember.personatree.grammar import Parsed as Parsed
    from personarium.remember.personatree.grammar import Refused as Refused
    from personarium.remember.personatree.grammar import edits_from_json as edits_from_json
    from personarium.remember.personatree.grammar import edits_to_json as edits_to_json
    from personarium.remember.personatree.grammar import parse_edits as parse_edits
    from personarium.remember.personatree.grammar import write_edits as write_edits
    from personarium.remember.personatree.leaf_facts import ShownLeaf as ShownLeaf
    from personarium.remember.personatree.leaf_facts import show_tree as show_tree
    from personarium.remember.personatree.leaf_facts import tree_in as tree_in
    from personarium.remember.personatree.method import CONTRACT as CONTRACT
    from personarium.remember.personatree.method import PersonaTree as PersonaTree
    from personarium.remember.personatree.recipe import MemListenerRecipe as MemListenerRecipe
    from personarium.remember.personatree.recipe import training_row as training_row
    from personarium.remember.personatree.reward import Reward as Reward
    from personarium.remember.personatree.reward import judge_reward as judge_reward
    from personarium.remember.personatree.reward import process_reward as process_reward
    from personarium.remember.personatree.reward import process_rewards as process_rewards
    from personarium.remember.personatree.schema import Schema as Schema
    from personarium.remember.personatree.schema import load_schema as load_schema
    from personarium.remember.personatree.segmentation import segment as segment
    from personarium.remember.personatree.tree import Applied as Applied
    from personarium.remember.personatree.tree import Tree as Tree
    from personarium.remember.personatree.tree import apply_edits as apply_edits
    from personarium.remember.personatree.tree import filled as filled
    from personarium.remember.personatree.tree import leaves as leaves
    from personarium.remember.personatree.tree import prune as prune
    from personarium.remember.personatree.tree import tree_json as tree_json
    from personarium.remember.personatree.tree import undo_edits as undo_edits
    from personarium.remember.personatree.updating import Built as Built
    from personarium.remember.personatree.updating import TreeConfig as TreeConfig
    from personarium.remember.personatree.updating import Update as Update
    from personarium.remember.personatree.updating import build_from_chunks as build_from_chunks
    from personarium.remember.personatree.updating import build_tree as build_tree
    from personarium.remember.personatree.updating import update_tree as update_tree

_NAMES = {
    "answering": "AgenticConfig ByEmbedding ChunkIndex TreeAnswer answer_agentic answer_fast index_messages",
    "data_format": "load_final_trees load_history load_tree save_batch save_tree",
    "errata": "ERRATA",
    "grammar": "Edit Parsed Refused edits_from_json edits_to_json parse_edits write_edits",
    "leaf_facts": "ShownLeaf show_tree tree_in",
    "method": "CONTRACT PersonaTree",
    "recipe": "MemListenerRecipe training_row",
    "reward": "Reward judge_reward process_reward process_rewards",
    "schema": "Schema load_schema",
    "segmentation": "segment",
    "tree": "Applied Tree apply_edits filled leaves prune tree_json undo_edits",
    "updating": "Built TreeConfig Update build_from_chunks build_tree update_tree",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{__name__}.{module}" for module, names in _NAMES.items() for name in names.split()}
)
