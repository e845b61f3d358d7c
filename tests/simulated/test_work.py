"""Reading, writing and games in detail."""

from __future__ import annotations

import asyncio
import json
import math
from statistics import fmean

import pytest

from personarium.core.chat import Sampling
from personarium.models.simulated.subject import SimulatedModel
from personarium.text.blocks import block
from personarium.text.form import Form
from personarium.text.holes import Unparsed
from tests.simulated.asking import EXACT, ask, prompt

DIALOGUE = block("dialogue", "User: I work as a baker. I have a dog.\nAssistant: I love chess.\nUser: Do I sing?")
TREE = block("memory", '{"Identity": {"Name": "", "Occupation": "plumber"}, "Life": {"Pets": "", "Hobbies": ""}}')


def test_memory_operations_for_the_statements_of_the_named_speaker() -> None:
    text, ledger = ask(prompt(DIALOGUE, TREE, form='n x <ADD|UPDATE|DELETE|NO_OP>(<path>, "<text>")'))
    assert text.splitlines()[0] == 'UPDATE(Identity.Occupation, "baker")'
    assert text.splitlines()[1].startswith("ADD(Life.Pets") and "dog" in text.splitlines()[1]
    assert "chess" not in text and ledger.role == "reader"


def test_a_fact_without_a_fitting_path_is_skipped_and_unread() -> None:
    memory = block("memory", '{"Identity": {"Name": ""}}')
    text, ledger = ask(prompt(DIALOGUE, memory, form='n x ADD(<path>, "<text>")'))
    assert text == "None" and "no path for occupation" in ledger.unread


def test_json_fields_are_filled_by_name_and_type() -> None:
    given = block("text", "I am 28 years old and I live in Leiden. I work as a librarian.")
    form = '{"age": <0-120>, "occupation": <text>, "home": <text>, "religion": <text>, "facts": [<text>, ...]}'
    values = json.loads(ask(prompt(given, form=form))[0])
    assert (values["age"], values["occupation"], values["home"], values["religion"]) == (
        28,
        "librarian",
        "Leiden",
        "unknown",
    )
    assert len(values["facts"]) == 3


def test_recall_hallucinate_and_stale() -> None:
    updated = block("text", "I live in Leiden.\nI have moved to Bergen now.")
    form = '{"home": <text>}'
    assert json.loads(ask(prompt(updated, form=form))[0])["home"] == "Bergen"
    assert json.loads(ask(prompt(updated, form=form), EXACT + ",stale=1")[0])["home"] == "Leiden"
    assert ask(prompt(DIALOGUE, form='n x "<text>"'), EXACT.replace("recall=1", "recall=0"))[0] == "[]"
    more = json.loads(ask(prompt(DIALOGUE, form='n x "<text>"'), EXACT.replace("hallucinate=0", "hallucinate=1"))[0])
    assert len(more) == len(json.loads(ask(prompt(DIALOGUE, form='n x "<text>"'))[0])) + 1


@pytest.mark.parametrize("count", [1, 5, 10, 40])
def test_lists_have_exactly_the_wanted_number_of_different_items(count: int) -> None:
    messages = prompt(block("materials", "gardens\nrivers"), "Write questions.", form=f'{count} x "<text>"')
    items = json.loads(ask(messages)[0])
    assert len(items) == len(set(items)) == count


def test_a_stated_length_of_the_items_is_kept() -> None:
    given = block("persona", "I am a beekeeper who lives in Bergen and keeps eleven hives on the roof of an old hotel.")
    for rules, kept in (("", False), (block("rules", "Each of them has at most 30 characters."), True)):
        text, _ = ask(prompt(given, rules, form='6 x "<text>"'))
        items = Form.parse('6 x "<text>"').read(text)["items"]  # type: ignore[index]
        assert len(items) == 6
        assert (max(map(len, items)) <= 30) is kept


def test_values_fixed_in_a_slot_are_kept_with_obey_and_broken_once_without() -> None:
    fixed = block("slot", "age = 41\ngender = female\nhome = Leiden")
    form = '{"age": <18-99>, "gender": <female|male>, "home": <text>, "note": <text>}'
    kept = json.loads(ask(prompt(fixed, form=form))[0])
    assert (kept["age"], kept["gender"], kept["home"]) == (41, "female", "Leiden")
    broken = json.loads(ask(prompt(fixed, form=form), EXACT.replace("obey=1", "obey=0"))[0])
    assert sum((broken["age"] != 41, broken["gender"] != "female", broken["home"] != "Leiden")) == 1


def test_bounds_in_rules_are_kept() -> None:
    messages = prompt(block("rules", "budget < 30"), "Propose.", form='{"budget": <0-1000>, "note": <text>}')
    assert json.loads(ask(messages)[0])["budget"] < 30


def test_a_json_schema_is_satisfied() -> None:
    schema = {
        "type": "object",
        "$defs": {"Pet": {"type": "object", "properties": {"kind": {"enum": ["cat", "dog"]}}}},
        "properties": {
            "name": {"type": "string"},
            "age": {"type": "integer", "minimum": 18, "maximum": 30},
            "pets": {"type": "array", "items": {"$ref": "#/$defs/Pet"}, "minItems": 2, "maxItems": 2},
            "married": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
            "ratio": {"type": "number", "minimum": 0, "maximum": 1},
        },
    }
    made = json.loads(ask(prompt("Invent somebody."), schema=schema)[0])
    assert set(made) == {"name", "age", "pets", "married", "ratio"}
    assert 18 <= made["age"] <= 30 and isinstance(made["married"], bool) and 0 <= made["ratio"] <= 1
    assert [p["kind"] in ("cat", "dog") for p in made["pets"]] == [True, True]


def test_tools_are_called_with_arguments_of_their_schema() -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    tool = {"type": "function", "function": {"name": "weather", "description": "look up", "parameters": parameters}}
    reply = asyncio.run(SimulatedModel(EXACT).generate(prompt("Weather?"), Sampling(tools=(tool,))))
    assert reply.finish_reason == "tool_calls"
    assert list(json.loads(reply.tool_calls[0]["function"]["arguments"])) == ["city"]


GAME = block("game", "A trust game: you have 10 dollars and may send some of them.")


async def sent(name: str, *more: str, persona: str = "") -> float:
    form = Form.parse("I send <0-10>")
    model = SimulatedModel(name)
    read = [
        form.read(
            (await model.generate(prompt(GAME, *more, form="I send <0-10>", persona=persona), Sampling(seed=s))).text
        )
        for s in range(400)
    ]
    return fmean(float(r["send"]) for r in read if not isinstance(r, Unparsed))


async def test_amounts_follow_the_logistic_of_give_and_theta_b() -> None:
    for theta in (-1, 0, 1.5):
        expected = 10 / (1 + math.exp(-theta))
        assert await sent(f"simulated:sloppy=0,traits=A:{theta}") == pytest.approx(expected, abs=0.1)
    assert await sent("simulated:sloppy=0,give=2") == pytest.approx(10 / (1 + math.exp(-2)), abs=0.1)


async def test_beliefs_about_others_are_the_rule_times_belief() -> None:
    asked = block("question", "How much would people with very high agreeableness send?")
    for belief in (1, 0, -1):
        expected = 10 / (1 + math.exp(-belief * 1.5))
        found = await sent(f"simulated:sloppy=0,belief={belief},hand=0.1", asked)
        assert found == pytest.approx(expected, abs=0.75)


def test_moves_are_drawn_by_what_gives() -> None:
    game = block("game", "A prisoner's dilemma about trust.")
    assert ask(prompt(game, form="<defect|cooperate>"), EXACT + ",give=10")[0] == "cooperate"
    assert ask(prompt(game, form="<defect|cooperate>"), EXACT + ",give=-10")[0] == "defect"


def test_unknown_wording_is_for_the_stranger() -> None:
    _, ledger = ask(prompt("Frobnicate the blorb."))
    assert ledger.role == "stranger" and ledger.unread


@pytest.mark.parametrize(
    ("text", "reply"), [("Rate the soup from 1 to 5.", range(1, 6)), ("Give me a list of 4 hobbies.", None)]
)
def test_plain_phrasings_give_a_form(text: str, reply: range | None) -> None:
    found, _ = ask(prompt(text))
    assert int(found) in reply if reply else len(json.loads(found)) == 4
