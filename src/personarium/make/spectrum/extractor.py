"""The intake as an extractor: social identity, loves and hates read out of a text, by rules or by a model.

The engine of extraction does the reading; here its paths become fields of the questionnaire. What a personality or value
questionnaire asks cannot be read out of a text: there a model answers the items for the person
(:func:`personarium.make.spectrum.profile_figure`).

Source: spectrum page, steps 1 and 5.
Differs: the paper has no extractor; a value in the text's own words stands where no option says the same, and is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from personarium.core.chat import ChatModel
from personarium.core.facets import Facet
from personarium.core.results import Failure
from personarium.core.views import show_value
from personarium.judges.extraction import Extraction, extract_by_model, extract_by_rules
from personarium.make.spectrum.social import SocialField, SocialQuestion, social_questions

SURE = 0.8  # a facet of less confidence is presumed
# Field -> path of the extraction engine. Sex at birth, income and living style are not read: texts seldom say them.
PATHS: Mapping[str, str] = {
    "Age": "social.age",
    "Gender": "social.gender",
    "Race": "social.ethnicity",
    "Nationality": "social.nationality",
    "Residence": "place.location",
    "Education": "education.degree",
    "Major": "education.field_of_study",
    "Job": "work.occupation",
    "Political Affiliation": "social.politics",
    "Religious Affiliation": "social.religion",
}
LOVES, HATES = "tastes.likes", "tastes.dislikes"


@dataclass(frozen=True)
class ExtractedIntake:
    """What a text says of a person.

    Args:
        social: Lines of the social identity; low confidence is marked as presumed.
        own_words: Fields whose value is none of the options and stands in the text's own words.
        loves: Likes, in reading order.
        hates: Dislikes, in reading order.
        extraction: All facets that were read, with their evidence.
    """

    social: tuple[SocialField, ...]
    own_words: tuple[str, ...]
    loves: tuple[str, ...]
    hates: tuple[str, ...]
    extraction: Extraction

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What the extraction could not use."""
        return self.extraction.failures


async def extract_intake(
    text: str, model: ChatModel | None = None, *, where: str = "text", seed: int = 0
) -> ExtractedIntake:
    """Read social identity, loves and hates out of a text.

    Args:
        text: A description, or what the person says of themselves.
        model: Who reads; None reads by rules.
        where: What evidence calls the text.
        seed: Of the model's draws.
    """
    if model is None:
        read = extract_by_rules(text, where=where)
    else:
        read = await extract_by_model(model, text, where=where, seed=seed)
    by_path: dict[str, list[Facet]] = {}
    for facet in read.facets:
        by_path.setdefault(facet.path, []).append(facet)
    social, own = [], []
    for question in social_questions():
        facets = by_path.get(PATHS.get(question.field, ""), [])
        if facets:
            value, listed = _value(question, facets)
            social.append(SocialField(question.field, value, min(f.confidence for f in facets) < SURE))
            own += [] if listed else [question.field]
    loves, hates = (tuple(show_value(f.value) for f in by_path.get(path, [])) for path in (LOVES, HATES))
    return ExtractedIntake(tuple(social), tuple(own), loves, hates, read)


def _value(question: SocialQuestion, facets: list[Facet]) -> tuple[str, bool]:
    """The answer, and whether it is an option of the question (or the question has none)."""
    kept = facets if question.several else facets[-1:]
    said = [show_value(f.value) for f in kept]
    options = {option.casefold(): option for option in question.options}
    found = [options.get(one.casefold()) for one in said]
    values = [option or one for option, one in zip(found, said, strict=True)]
    return ", ".join(values), not question.options or None not in found
