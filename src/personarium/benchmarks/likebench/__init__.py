"""LikeBench: subjective likability over several sessions, rated by the simulated user on seven metrics (see ``method``).

Source: *LikeBench: Evaluating Subjective Likability in LLMs for Personalization*, arXiv 2512.13077.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.benchmarks.likebench.aggregation import Course as Course
    from personarium.benchmarks.likebench.aggregation import course as course
    from personarium.benchmarks.likebench.aggregation import likability as likability
    from personarium.benchmarks.likebench.aggregation import turn_score as turn_score
    from personarium.benchmarks.likebench.memory import DynamicUserProfile as DynamicUserProfile
    from personarium.benchmarks.likebench.memory import StoredFact as StoredFact
    from personarium.benchmarks.likebench.memory import UserMemory as UserMemory
    from personarium.benchmarks.likebench.memory import memory_accuracy as memory_accuracy
    from personarium.benchmarks.likebench.method import CONTRACT as CONTRACT
    from personarium.benchmarks.likebench.method import plan_calls as plan_calls
    from personarium.benchmarks.likebench.method import run_likebench as run_likebench
    from personarium.benchmarks.likebench.metrics import metric_names as metric_names
    from personarium.benchmarks.likebench.metrics import metric_order as metric_order
    from personarium.benchmarks.likebench.metrics import metric_table as metric_table
    from personarium.benchmarks.likebench.metrics import published_figures as published_figures
    from personarium.benchmarks.likebench.priors import Prior as Prior
    from personarium.benchmarks.likebench.priors import draw_priors as draw_priors
    from personarium.benchmarks.likebench.profile_writing import make_profiles as make_profiles
    from personarium.benchmarks.likebench.profiles import Profile as Profile
    from personarium.benchmarks.likebench.profiles import draw_profiles as draw_profiles
    from personarium.benchmarks.likebench.profiles import read_profiles as read_profiles
    from personarium.benchmarks.likebench.profiles import write_profiles as write_profiles
    from personarium.benchmarks.likebench.ratings import Rating as Rating
    from personarium.benchmarks.likebench.ratings import read_ratings as read_ratings
    from personarium.benchmarks.likebench.ratings import read_reply as read_reply
    from personarium.benchmarks.likebench.ratings import write_ratings as write_ratings
    from personarium.benchmarks.likebench.results import LikeBenchConfig as LikeBenchConfig
    from personarium.benchmarks.likebench.results import LikeBenchResult as LikeBenchResult
    from personarium.benchmarks.likebench.results import Talks as Talks
    from personarium.benchmarks.likebench.rules import AdaptiveLength as AdaptiveLength
    from personarium.benchmarks.likebench.rules import FixedLength as FixedLength
    from personarium.benchmarks.likebench.rules import Recalling as Recalling
    from personarium.benchmarks.likebench.rules import RuleUser as RuleUser
    from personarium.benchmarks.likebench.rules import length_user as length_user
    from personarium.benchmarks.likebench.rules import rule_user as rule_user
    from personarium.benchmarks.likebench.table import RatingTable as RatingTable
    from personarium.benchmarks.likebench.table import compare as compare
    from personarium.benchmarks.likebench.table import rater_agreement as rater_agreement
    from personarium.benchmarks.likebench.talk import Exchange as Exchange
    from personarium.benchmarks.likebench.talk import Moment as Moment
    from personarium.benchmarks.likebench.users import ModelUser as ModelUser
    from personarium.benchmarks.likebench.users import SimulatedUser as SimulatedUser

_HOME = "personarium.benchmarks.likebench"
_PUBLIC = {
    "aggregation": ("Course", "course", "likability", "turn_score"),
    "memory": ("DynamicUserProfile", "StoredFact", "UserMemory", "memory_accuracy"),
    "method": ("CONTRACT", "plan_calls", "run_likebench"),
    "metrics": ("metric_names", "metric_order", "metric_table", "published_figures"),
    "priors": ("Prior", "draw_priors"),
    "profile_writing": ("make_profiles",),
    "profiles": ("Profile", "draw_profiles", "read_profiles", "write_profiles"),
    "ratings": ("Rating", "read_ratings", "read_reply", "write_ratings"),
    "results": ("LikeBenchConfig", "LikeBenchResult", "Talks"),
    "rules": ("AdaptiveLength", "FixedLength", "Recalling", "RuleUser", "length_user", "rule_user"),
    "table": ("RatingTable", "compare", "rater_agreement"),
    "talk": ("Exchange", "Moment"),
    "users": ("ModelUser", "SimulatedUser"),
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names}
)
