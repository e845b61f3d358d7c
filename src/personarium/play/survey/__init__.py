"""Surveys: a closed questionnaire put to a population of personas, and held against people's answers.

Two lines::

    questions, people = load_questionnaire("questions.yaml"), list(Population.load("people.parquet"))
    result = personarium.run(run_survey(open_model("simulated"), questions, people))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.play.survey.asking import Given as Given
    from personarium.play.survey.asking import SurveyConfig as SurveyConfig
    from personarium.play.survey.asking import plan_survey as plan_survey
    from personarium.play.survey.asking import run_survey as run_survey
    from personarium.play.survey.cohorts import CohortCorrelation as CohortCorrelation
    from personarium.play.survey.cohorts import CohortRow as CohortRow
    from personarium.play.survey.cohorts import cohort_means as cohort_means
    from personarium.play.survey.cohorts import compare_cohorts as compare_cohorts
    from personarium.play.survey.cohorts import correlate_cohorts as correlate_cohorts
    from personarium.play.survey.comparison import Comparison as Comparison
    from personarium.play.survey.comparison import compare_with_people as compare_with_people
    from personarium.play.survey.conditions import Condition as Condition
    from personarium.play.survey.human import HumanTable as HumanTable
    from personarium.play.survey.human import load_human as load_human
    from personarium.play.survey.questions import Option as Option
    from personarium.play.survey.questions import Question as Question
    from personarium.play.survey.questions import Questionnaire as Questionnaire
    from personarium.play.survey.reading import example_questionnaire as example_questionnaire
    from personarium.play.survey.reading import load_questionnaire as load_questionnaire
    from personarium.play.survey.reading import questionnaire_from as questionnaire_from
    from personarium.play.survey.result import SurveyResult as SurveyResult
    from personarium.play.survey.summary import survey_summary as survey_summary

_PLACES = {
    "asking": ("Given", "SurveyConfig", "plan_survey", "run_survey"),
    "cohorts": ("CohortCorrelation", "CohortRow", "cohort_means", "compare_cohorts", "correlate_cohorts"),
    "comparison": ("Comparison", "compare_with_people"),
    "conditions": ("Condition",),
    "human": ("HumanTable", "load_human"),
    "questions": ("Option", "Question", "Questionnaire"),
    "reading": ("example_questionnaire", "load_questionnaire", "questionnaire_from"),
    "result": ("SurveyResult",),
    "summary": ("survey_summary",),
}

__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{__name__}.{module}" for module, names in _PLACES.items() for name in names}
)
