"""The simulated subject, statements 1, 2, 3, 4, 9 and 10 of SIMULATED.md, "Works when" (the others: roles)."""

from __future__ import annotations

import asyncio
import math
import random
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files

import pytest

from personarium.core.chat import Message, Sampling, assistant, system, user
from personarium.models.openai_compatible import OpenAICompatible
from personarium.models.registry import open_model
from personarium.models.simulated import Ledger, SimulatedModel, attributes
from personarium.models.simulated.second_reader import look
from personarium.testing.stub import StubServer
from personarium.text.blocks import block
from personarium.text.form import Form, Unparsed
from tests.simulated.keyed_world import Case, cases, keyed_personas

NURSE = "You are a 71-year-old retired nurse from Italy. You love hiking. You have two dogs. Answer in character."
SAMPLING = Sampling(seed=3)


def asked(case: Case) -> list[Message]:
    return [system(case.persona), user(case.question)]


def acts(ledger: Ledger) -> Iterator[tuple[str, str]]:
    """What was done with the facts that the question is about; a verbatim copy is carried too."""
    for fact, act in ledger.acts:
        if fact in ledger.relevant and act in ("carry", "copy", "contradict", "evade"):
            yield fact, "carry" if act == "copy" else act


def requests() -> list[tuple[list[Message], Sampling]]:
    """Requests of several roles, with every kind of sampling that goes over the wire."""
    judge = block("persona", NURSE) + "\n" + block("response", "I love hiking.") + "\n" + block("rubric", "Faithful?")
    form = Form.parse("Therefore, the final score is <1-5>").show()
    turns = [system(NURSE), user("Do you like hiking?"), assistant("I love hiking."), user("And your dogs?")]
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    return [
        (turns, Sampling(seed=1)),
        (turns, Sampling(seed=1, sample=2, repeat=1)),
        (turns, Sampling(temperature=0.0, seed=1)),
        (turns, Sampling(max_tokens=7, seed=1)),
        (turns, Sampling(stop=("dogs",), seed=1, top_p=0.5)),
        ([user(f"{judge}\n{form}")], Sampling(seed=5, temperature=0.7)),
        ([user("Which is larger?\nA. 3 + 4\nB. 2 + 2\nAnswer with only the letter.")], Sampling(seed=5)),
        ([user("Make up a person as JSON.")], Sampling(seed=5, schema=schema)),
        ([user("Ünïcode — «hello» 你好")], Sampling(seed=5)),
    ]


async def test_w1_the_same_request_gives_the_same_bytes_in_any_order_and_at_any_concurrency() -> None:
    todo = requests() * 3
    one_by_one = [(await SimulatedModel("simulated").generate(m, s)).text for m, s in todo]
    order = list(range(len(todo)))
    random.Random(0).shuffle(order)
    subject = SimulatedModel("simulated")
    replies = await asyncio.gather(*(subject.generate(*todo[i]) for i in order))
    assert {i: r.text for i, r in zip(order, replies)} == dict(enumerate(one_by_one))


@pytest.mark.parametrize("name", ["simulated", "simulated:bank=B,malformed=0.3,seed=4", "simulated/contrary"])
async def test_w1_in_process_and_over_http_the_replies_are_byte_identical(name: str) -> None:
    subject = SimulatedModel(name)
    async with StubServer(subject) as stub:
        remote = open_model("openai-compatible/any", base_url=stub.base_url)
        assert isinstance(remote, OpenAICompatible)
        for messages, sampling in requests():
            near, far = await subject.generate(messages, sampling), await remote.generate(messages, sampling)
            assert (far.text, far.finish_reason) == (near.text, near.finish_reason)
        await remote.aclose()


async def test_w1_another_seed_changes_the_reply_and_temperature_0_ignores_the_sampling_seed() -> None:
    messages = [system(NURSE), user("Tell me about hiking and your dogs.")]

    async def text(name: str, sampling: Sampling) -> str:
        return (await SimulatedModel(name).generate(messages, sampling)).text

    base = await text("simulated", Sampling(seed=1))
    assert {await text(f"simulated:seed={n}", Sampling(seed=1)) for n in range(1, 6)} != {base}
    assert len({await text("simulated", Sampling(seed=n)) for n in range(6)}) > 3
    assert len({await text("simulated", Sampling(seed=1, sample=n)) for n in range(6)}) > 3
    assert len({await text("simulated", Sampling(temperature=0.0, seed=n)) for n in range(6)}) == 1


@pytest.mark.parametrize("bank", ["A", "B"])
async def test_w2_planted_rates_come_back_and_the_second_reader_sees_them(bank: str) -> None:
    world = cases()
    assert len(world) == 800
    for fidelity in (0.0, 0.5, 0.8, 0.9, 1.0):
        subject = SimulatedModel(f"simulated:fidelity={fidelity},bank={bank},seed=11")
        done: list[str] = []
        agreed = 0
        for case in world:
            ledger = subject.explain(asked(case), SAMPLING)
            sight = look((await subject.generate(asked(case), SAMPLING)).text, ledger.facts)
            for fact, act in acts(ledger):
                seen = "carry" if fact in sight.carried else "contradict" if fact in sight.contradicted else "evade"
                done.append(act)
                agreed += seen == act
        n = len(done)
        assert n >= 780, "nearly every question is about the one attribute it asks for"
        for act, p in (("carry", fidelity), ("contradict", (1 - fidelity) * 0.3)):
            assert abs(done.count(act) / n - p) <= 3 * math.sqrt(p * (1 - p) / n) + 1e-12, (act, fidelity)
        assert agreed / n >= 0.98


async def test_w2_with_shuffled_personas_nothing_is_carried_above_chance_overlap() -> None:
    personas = keyed_personas(100)
    subject = SimulatedModel("simulated:fidelity=1,bank=B,seed=11")
    own = other = chance = 0
    for i, (text, keys) in enumerate(personas):
        stranger = personas[(i + 1) % len(personas)]
        facts = subject.explain([system(stranger[0]), user("Hello.")], SAMPLING).facts
        # What two personas have in common by chance is no finding of the reader.
        mine = {f.stems for f in subject.explain([system(text), user("Hello.")], SAMPLING).facts}
        chance += sum(any(f.stems <= stems for stems in mine) for f in facts)
        for key in keys[:3]:
            messages = [system(text), user(attributes()[key].question)]
            reply = (await subject.generate(messages, SAMPLING)).text
            own += len(look(reply, subject.explain(messages, SAMPLING).facts).carried)
            other += len(look(reply, facts).carried)
    assert own >= 295
    assert other <= max(chance, 0.005 * 2400)


def test_w3_draws_are_nested_whatever_is_carried_at_half_is_carried_at_nine_tenths() -> None:
    half, most = SimulatedModel("simulated:fidelity=0.5"), SimulatedModel("simulated:fidelity=0.9")
    carried = 0
    for case in cases(40):
        low = {fact for fact, act in acts(half.explain(asked(case), SAMPLING)) if act == "carry"}
        high = {fact for fact, act in acts(most.explain(asked(case), SAMPLING)) if act == "carry"}
        assert low <= high
        carried += len(low)
    assert carried > 100


async def test_w3_a_judge_parameter_changes_no_player_reply() -> None:
    plain, noisy = SimulatedModel("simulated"), SimulatedModel("simulated:judge_noise=2")
    for case in cases(15):
        assert (await plain.generate(asked(case), SAMPLING)).text == (await noisy.generate(asked(case), SAMPLING)).text


def dialogue(persona: str, turn: int) -> list[Message]:
    """A conversation in which the subject is about to take its turn number ``turn`` (from 0)."""
    messages = [system(persona)]
    for n in range(turn):
        messages += [user(f"This is remark {n}."), assistant("I see.")]
    return [*messages, user(f"This is remark {turn}.")]


@pytest.mark.parametrize(
    ("drift", "expected"), [(0.02, 0.145), (0.05, 0.312), (0.1, 0.490), (0.2, 0.614), (0.4, 0.535)]
)
def test_w4_realised_drift_of_500_dialogues(drift: float, expected: float) -> None:
    subject = SimulatedModel(f"simulated:drift={drift},patience=20")
    first = last = 0
    for n in range(500):
        persona = f"Name: Number {n}\nHobby: pottery"
        for turn in range(4):
            first += ("", "neutral") in subject.explain(dialogue(persona, turn), SAMPLING).acts
            last += ("", "neutral") in subject.explain(dialogue(persona, turn + 8), SAMPLING).acts
    assert last / 2000 - first / 2000 == pytest.approx(expected, abs=0.04)


async def test_w4_echo_begins_three_turns_in_ten_with_the_partners_last_sentence() -> None:
    subject = SimulatedModel("simulated:echo=0.3")
    begun = 0
    for n in range(1200):
        messages = [system(NURSE), user(f"We met before. What do you say to case {n}?")]
        begun += (await subject.generate(messages, SAMPLING)).text.startswith(f"What do you say to case {n}?")
    assert begun / 1200 == pytest.approx(0.30, abs=0.04)


async def test_w4_a_persona_withheld_gives_carried_0() -> None:
    subject = SimulatedModel("simulated:fidelity=1")
    for case in cases(20):
        facts = subject.explain(asked(case), SAMPLING).facts
        for messages in ([user(case.question)], [system("You are a helpful assistant."), user(case.question)]):
            ledger = subject.explain(messages, SAMPLING)
            assert (ledger.facts, list(acts(ledger))) == ([], [])
            assert look((await subject.generate(messages, SAMPLING)).text, facts).carried == ()


def test_w9_a_prompt_in_unknown_wording_is_a_stranger_and_unread() -> None:
    ledger = SimulatedModel("simulated").explain([user("Frobnicate the quux until it glimmers, then desist.")])
    assert ledger.role == "stranger"
    assert ledger.unread
    assert "Frobnicate" in ledger.unread[0]


async def test_w9_malformed_replies_are_unparsed_by_the_strict_reader_and_every_one_is_counted() -> None:
    subject = SimulatedModel("simulated:malformed=0.3,sloppy=0")
    form = Form.parse("Feedback: <text> [RESULT] <1-5>")
    unparsed = faults = 0
    for n in range(2000):
        response = block("response", f"I have {n} books and love hiking.")
        ask = [user(f"{block('persona', NURSE)}\n{response}\n{block('rubric', 'Is it faithful?')}\n{form.show()}")]
        read = form.read_strict((await subject.generate(ask, SAMPLING)).text)
        fault = subject.explain(ask, SAMPLING).fault
        assert isinstance(read, Unparsed) == bool(fault)
        unparsed += isinstance(read, Unparsed)
        faults += bool(fault)
    assert unparsed == faults
    assert unparsed / 2000 == pytest.approx(0.30, abs=0.03)


def test_w10_attributes_banks_and_items_are_under_3_mb_together() -> None:
    package = files("personarium.models.simulated")
    data = [f for f in package.iterdir() if f.name.endswith((".toml", ".csv", ".json", ".txt"))]
    assert {f.name for f in data} >= {"attributes.toml", "phrases.toml", "items.csv"}
    assert sum(len(f.read_bytes()) for f in data) < 3_000_000


def test_w10_attributes_banks_and_items_load_on_first_use() -> None:
    code = (
        "from personarium.models.simulated import SimulatedModel; SimulatedModel('simulated')\n"
        "from personarium.models.simulated import inventory, phrases, reading\n"
        "print(reading.attributes.cache_info().currsize, phrases.banks.cache_info().currsize,"
        " inventory.bank.cache_info().currsize)\n"
        "import sys; print([m for m in ('numpy', 'scipy', 'sklearn', 'polars', 'torch') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split("\n")[:2] == ["0 0 0", "[]"]
