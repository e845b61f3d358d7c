"""Issue 4, done when 3: deep personas from an OpenAI-compatible endpoint, kept as cards that ``chat`` opens, and a survey of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.user import endpoint, manifest, personarium
from personarium.core import load_persona
from personarium.make.deeppersona import load_taxonomy
from personarium.models import open_model

DEEP = 200  # attributes of a deep persona, issue 4


@pytest.mark.parametrize("number", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_deep_personas_from_an_endpoint_are_cards_that_chat_opens_and_a_survey_asks(
    tmp_path: Path, number: int
) -> None:
    with endpoint(open_model("simulated:words=180,seed=3")) as server:
        at = ("--model", "deep", "--base-url", server.base_url)
        judge = ("--judge", "deep", "--judge-base-url", server.base_url)
        asked = ("make", "deeppersona", "-n", str(number), *at, *judge, "--set", "attributes=250", "--out", "cast")
        made = personarium(*asked, "--run", "run", "--json", cwd=tmp_path)
        assert made.code == 0, made.err
        cards = sorted((tmp_path / "cast").glob("*.png"))
        assert len(cards) == number
        first = personarium("chat", str(cards[0]), *at, "--json", cwd=tmp_path, stdin="Who are you?\n")
        survey = personarium("survey", "example", "--population", "cast", *at, "--json", cwd=tmp_path)
    paths = set(load_taxonomy().paths)
    for card in cards:
        persona = load_persona(card)
        assert sum(facet.path in paths for facet in persona.facets) >= DEEP
        assert 150 <= len(str(persona.value("summary")).split()) <= 400
    assert first.document["data"]["turns"] == 2
    assert survey.code == 0, survey.err
    assert manifest(tmp_path / "run")["status"] == "complete"
