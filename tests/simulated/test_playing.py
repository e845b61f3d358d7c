"""Playing turn by turn: order of decisions, phrasings, length, goodbye."""

from __future__ import annotations

import asyncio

import pytest

from personarium.core.chat import Message, Sampling, assistant, system, user
from personarium.models.simulated import Ledger, SimulatedModel, attributes
from personarium.models.simulated.phrases import banks, recognises
from personarium.models.simulated.words import stems
from personarium.text.blocks import block
from personarium.text.form import Form
from personarium.text.refusals import is_refusal

PERSONA = "Occupation: florist\nHobby: chess\nI keep bees on the roof."
ASK = [system(PERSONA), user("What do you do for a living?")]
SAMPLING = Sampling(seed=1)


def say(name: str, messages: list[Message] = ASK, sampling: Sampling = SAMPLING) -> str:
    return asyncio.run(SimulatedModel(name).generate(messages, sampling)).text


def explain(name: str, messages: list[Message] = ASK) -> Ledger:
    return SimulatedModel(name).explain(messages, SAMPLING)


def test_the_banks_are_disjoint_and_have_at_least_eight_phrasings_of_each_act() -> None:
    for act, row in banks().items():
        assert set(row) == {"A", "B"}
        assert len(row["A"]) >= 8 and len(row["B"]) >= 8, act
        assert not set(row["A"]) & set(row["B"]), act


def test_no_phrase_says_a_value_of_the_lexicon() -> None:
    values = [stems(v) for a in attributes().values() for v in a.values]
    for row in banks().values():
        for phrase in (*row["A"], *row["B"]):
            assert not [v for v in values if v <= stems(phrase)], phrase


def test_every_refusal_is_recognised_as_one() -> None:
    assert all(is_refusal(p) for bank in banks()["refuse"].values() for p in bank)


def test_a_carried_fact_is_in_own_words_and_keeps_its_value() -> None:
    text = say("simulated:fidelity=1,copy=0,invent=0")
    assert "florist" in text
    assert "Occupation: florist" not in text
    assert recognises(text, "A") and not recognises(text, "B")
    assert "Occupation: florist." in say("simulated:fidelity=1,copy=1")


def test_a_contradiction_is_another_value_the_same_on_every_occasion() -> None:
    said = {say("simulated:fidelity=0,contradict=1,invent=0,words=1", ASK, Sampling(seed=s)) for s in range(20)}
    named = {v for v in attributes()["occupation"].values for text in said if v in text}
    assert len(said) > 3
    assert len(named) == 1 and "florist" not in named


def test_a_fact_without_alternatives_is_denied() -> None:
    messages = [system(PERSONA), user("Are there bees?")]
    text = say("simulated:fidelity=0,contradict=1,invent=0,words=1", messages)
    assert "I keep bees on the roof" in text and ("not" in text or "never" in text)


def test_order_refuse_then_disclose_then_neutral() -> None:
    assert explain("simulated:refusal=1,disclosure=1,drift=1").acts == [("", "refuse")]
    later = [*ASK, assistant("Yes."), user("And your hobby?")]
    assert explain("simulated:disclosure=1,drift=1", later).acts == [("", "disclose")]
    assert explain("simulated:drift=1", later).acts == [("", "neutral")]
    assert explain("simulated:drift=1").acts == [("p1", "carry")], "the first turn never drifts"


def test_the_same_person_invents_the_same_fact() -> None:
    acts = {a for s in range(30) for a in SimulatedModel("simulated:invent=1").explain(ASK, Sampling(seed=s)).acts}
    assert len([a for a in acts if a[1] == "invent"]) == 1


def test_nothing_relevant_gives_an_unsaid_fact_or_small_talk() -> None:
    messages = [system(PERSONA), user("Lovely day.")]
    assert explain("simulated:initiative=1,fidelity=1", messages).acts[:2] in (
        [("p1", "carry"), ("p1", "initiative")],
        [("p1", "copy"), ("p1", "initiative")],
    )
    messages += [assistant("My occupation is florist."), user("Lovely day.")]
    assert ("p2", "initiative") in explain("simulated:initiative=1,fidelity=1", messages).acts
    assert explain("simulated:initiative=0", messages).acts == [("", "smalltalk")]


def test_goodbye_when_all_is_said_or_after_patience() -> None:
    told = "I am a florist, I play chess and I keep bees on the roof."
    assert ("", "goodbye") in explain("simulated", [*ASK, assistant(told), user("I see.")]).acts
    patient = [*ASK, *[m for _ in range(3) for m in (assistant("Hm."), user("Go on."))]]
    assert ("", "goodbye") in explain("simulated:patience=3", patient).acts
    assert ("", "goodbye") not in explain("simulated:patience=4,initiative=0", patient).acts


def test_own_turns_in_a_dialogue_block_count_too() -> None:
    turns = "Ana: I am a florist.\nBo: I see.\nAna: I play chess and I keep bees on the roof.\nBo: Fine."
    messages = [system(f"Name: Ana\n{PERSONA}"), user(block("dialogue", turns))]
    assert SimulatedModel("simulated:drift=1").explain(messages).acts[0] == ("", "neutral")
    assert ("", "goodbye") in SimulatedModel("simulated:patience=2").explain(messages).acts
    assert ("", "goodbye") not in SimulatedModel("simulated:patience=3").explain(messages).acts


@pytest.mark.parametrize("words", [20, 40, 120, 400])
def test_a_reply_is_filled_up_to_words(words: int) -> None:
    lengths = [len(say(f"simulated:words={words}", ASK, Sampling(seed=s)).split()) for s in range(20)]
    assert max(lengths) <= words
    assert min(lengths) >= words - 12


def test_the_partner_is_never_spoken_for() -> None:
    messages = [system(PERSONA), user("User: Hi!\nWhat is your hobby?")]
    assert "User:" not in say("simulated:echo=0", messages)


def test_the_persona_block_wins_over_the_system_message_and_free_text_goes_into_its_form() -> None:
    form = Form.parse("Feedback: <text>")
    prompt = f"{block('persona', PERSONA)}\n{block('question', 'What is your hobby?')}\n{form.show()}"
    messages = [system("You are a pilot from Rome."), user(prompt)]
    assert explain("simulated", messages).relevant == ["p2"]
    read = form.read_strict(say("simulated:sloppy=0", messages))
    assert isinstance(read, dict)


def test_usage_counts_words_and_limits_cut() -> None:
    reply = asyncio.run(SimulatedModel("simulated").generate(ASK, Sampling(seed=1, max_tokens=5)))
    assert (reply.finish_reason, reply.usage.completion_tokens, reply.usage.requests) == ("length", 5, 1)
    assert reply.usage.prompt_tokens == sum(len(m["content"].split()) for m in ASK)
    assert reply.usage.cost_usd == 0.0


async def test_a_stream_gives_the_same_text_and_last_the_reply() -> None:
    subject = SimulatedModel("simulated")
    whole = await subject.generate(ASK, SAMPLING)
    pieces = [piece async for piece in subject.stream(ASK, SAMPLING)]
    assert pieces[-1] == whole
    assert "".join(p for p in pieces[:-1] if isinstance(p, str)) == whole.text
