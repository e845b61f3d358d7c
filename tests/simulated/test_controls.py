"""The negative controls, and that the package stays ignorant of who asks."""

from __future__ import annotations

import asyncio
import re
from importlib.resources import files
from pathlib import Path

import pytest

from personarium.core.chat import Message, Sampling, system, user
from personarium.models.simulated import CONTROLS, SimulatedModel
from personarium.text.blocks import block
from personarium.text.form import Form, Unparsed
from personarium.text.refusals import is_refusal

PERSONA = "Occupation: florist\nHobby: chess"
ASK = [system(PERSONA), user("What do you do for a living?")]
METHODS = Path(__file__).resolve().parents[2].parent / "shared" / "methods"


def say(name: str, messages: list[Message] = ASK, seed: int = 1) -> str:
    return asyncio.run(SimulatedModel(name).generate(messages, Sampling(seed=seed))).text


def choice(extra: str = "") -> list[Message]:
    options = block("options", "A. a red kite\nB. a blue boat\nC. a green door\nD. a white owl")
    form = Form.parse("[[<A|B|C|D>]]")
    return [user(f"{block('question', 'Which one is mine?')}\n{options}\n{extra}\n{form.show()}")]


def test_the_fourteen_controls_of_the_page() -> None:
    assert " ".join(CONTROLS) == (
        "mute refuser constant parrot copycat generic contrary other flatterer windbag first certain unparsable insider"
    )


@pytest.mark.parametrize("control", CONTROLS)
def test_every_control_answers_every_kind_of_request(control: str) -> None:
    judge = f"{block('response', 'I sell flowers.')}\n{block('rubric', 'Good?')}\n{Form.parse('[RESULT] <1-5>').show()}"
    for messages in (ASK, choice(), [user(judge)], [user("Nice weather.")]):
        assert (say(f"simulated/{control}", messages) == "") == (control == "mute")


def test_players() -> None:
    assert is_refusal(say("simulated/refuser"))
    assert say("simulated/constant") == say("simulated/constant", [system("x"), user("y")], 9)
    assert say("simulated/parrot") == ASK[-1]["content"]
    assert say("simulated/copycat") == PERSONA
    assert "florist" not in say("simulated/generic")
    assert SimulatedModel("simulated/contrary").explain(ASK).acts[0] == ("p1", "contradict")
    assert len(say("simulated/windbag").split()) > 380
    assert "florist" not in say("simulated/flatterer")


def test_other_plays_another_persona_fluently() -> None:
    replies = {say("simulated/other:fidelity=1,copy=0", seed=s) for s in range(10)}
    jobs = ("lighthouse keeper", "circus acrobat", "truffle hunter")
    assert all(any(job in text for job in jobs) for text in replies)


def test_unparsable_is_refused_by_the_tolerant_reader() -> None:
    form = Form.parse("[[<A|B|C|D>]]")
    assert all(isinstance(form.read(say("simulated/unparsable", choice(), s)), Unparsed) for s in range(20))


def test_first_takes_the_first_option() -> None:
    form = Form.parse("[[<A|B|C|D>]]")
    read = [form.read(say("simulated/first", choice(), s)) for s in range(20)]
    assert [next(iter(r.values())) for r in read if isinstance(r, dict)] == ["A"] * 20


@pytest.mark.parametrize("leak", ["Correct answer: C", "gold label: (C)", "Rationale: it is the green door"])
def test_insider_uses_a_leak_and_nothing_else(leak: str) -> None:
    form = Form.parse("[[<A|B|C|D>]]")

    def taken(extra: str) -> list[str]:
        read = [form.read(say("simulated/insider", choice(f"{extra}"), s)) for s in range(200)]
        return [str(next(iter(r.values()))) for r in read if isinstance(r, dict)]

    assert set(taken(leak)) == {"C"}
    clean = taken("")
    assert clean.count("C") / len(clean) == pytest.approx(0.25, abs=0.1)


def test_the_package_knows_no_system() -> None:
    if not METHODS.exists():
        pytest.skip("shared/methods is not here")
    slugs = {p.stem for p in METHODS.glob("*.md")} - {"README"}
    slugs -= {"trait"}  # also the ordinary word for what an inventory measures
    texts = {
        f.name: f.read_text(encoding="utf-8") for f in files("personarium.models.simulated").iterdir() if f.is_file()
    }
    for slug in slugs:
        pattern = re.compile(rf"\b{re.escape(slug)}\b|\b{re.escape(slug.replace('-', '_'))}\b", re.I)
        assert not [name for name, text in texts.items() if pattern.search(text)], slug


def test_the_package_imports_core_and_text_only() -> None:
    for f in files("personarium.models.simulated").iterdir():
        if f.name.endswith(".py"):
            imported = re.findall(r"^\s*(?:from|import) (personarium[\w.]*)", f.read_text(encoding="utf-8"), re.M)
            rooms = ("personarium.core", "personarium.text", "personarium.models.simulated")
            assert all(name.startswith(rooms) for name in imported), f.name
