"""SynthPAI's makers: people with a way of writing, forum threads in which they argue, and labels of what leaks.

Source: *A Synthetic Dataset for Personal Attribute Inference*, arXiv 2406.07217. The benchmark that reads what is made
here stands in :mod:`personarium.benchmarks.synthpai`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.make.synthpai.attributes import ATTRIBUTES as ATTRIBUTES
    from personarium.make.synthpai.attributes import education_category as education_category
    from personarium.make.synthpai.flat_rows import author_rows as author_rows
    from personarium.make.synthpai.flat_rows import comment_rows as comment_rows
    from personarium.make.synthpai.matching import grade_by_rules as grade_by_rules
    from personarium.make.synthpai.method import ERRATA as ERRATA
    from personarium.make.synthpai.method import ThreadConfig as ThreadConfig
    from personarium.make.synthpai.method import make_threads as make_threads
    from personarium.make.synthpai.method import style_profiles as style_profiles
    from personarium.make.synthpai.profiles import Profile as Profile
    from personarium.make.synthpai.profiles import draw_profiles as draw_profiles
    from personarium.make.synthpai.profiles import load_profiles as load_profiles
    from personarium.make.synthpai.profiles import save_profiles as save_profiles
    from personarium.make.synthpai.result import Thread as Thread
    from personarium.make.synthpai.result import ThreadsResult as ThreadsResult
    from personarium.make.synthpai.tree import Comment as Comment
    from personarium.make.synthpai.tree import Tag as Tag
    from personarium.make.synthpai.tree import Tree as Tree

_HOME = "personarium.make.synthpai"
_PUBLIC = {
    "attributes": ("ATTRIBUTES", "education_category"),
    "flat_rows": ("author_rows", "comment_rows"),
    "matching": ("grade_by_rules",),
    "method": ("ERRATA", "ThreadConfig", "make_threads", "style_profiles"),
    "profiles": ("Profile", "draw_profiles", "load_profiles", "save_profiles"),
    "result": ("Thread", "ThreadsResult"),
    "tree": ("Comment", "Tag", "Tree"),
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names}
)
