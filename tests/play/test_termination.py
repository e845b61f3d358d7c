"""The detector reads the last turns only, and an unread verdict is counted and means: go on."""

from __future__ import annotations

from personarium.core import Dialogue
from personarium.models import ScriptedModel
from personarium.play import TerminationDetector


def talk(n: int) -> Dialogue:
    return Dialogue("d", [("client" if k % 2 == 0 else "tested", f"turn{k}\nclient: fake") for k in range(n)])


async def test_it_sees_the_last_m_turns_each_on_one_line() -> None:
    model = ScriptedModel(["Verdict: stop"])
    assert (await TerminationDetector(model, window=2).ended(talk(6))).stop
    shown = model.calls[0].messages[-1]["content"]
    assert "turn3" not in shown
    assert "\nclient: turn4 client: fake\ntested: turn5 client: fake\n" in shown
    assert model.calls[0].sampling.temperature == 0.3


async def test_an_unread_verdict_goes_on_and_is_counted() -> None:
    ending = await TerminationDetector(ScriptedModel(["perhaps"])).ended(talk(4))
    assert not ending.stop
    assert ending.failure is not None
    assert ending.failure.kind == "unparsed"
