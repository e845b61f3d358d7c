"""The role audit: categories, unread verdicts, scans that need no model, placeholders."""

from __future__ import annotations

import pytest

from personarium.core import Dialogue
from personarium.models import ScriptedModel
from personarium.play import audit_roles, audit_summary, duplicate_dialogues, replace_contacts, scan


def dialogue(*texts: str) -> Dialogue:
    return Dialogue("d", [("client" if k % 2 == 0 else "tested", text) for k, text in enumerate(texts)])


async def test_verdicts_have_categories_and_unread_ones_are_no_pass() -> None:
    model = ScriptedModel([
        '{"role_failure": "no", "category": "none", "reason": "fine"}',
        '{"role_failure": "yes", "category": "Role swap", "reason": "the client advises"}',
        '{"role_failure": "yes", "category": "strange", "reason": "?"}',
        "no idea",
    ])  # fmt: skip
    audits = [await audit_roles(dialogue("a", "b"), model) for _ in range(4)]
    assert [(a.role_failure, a.category) for a in audits] == [
        (False, "none"), (True, "role_swap"), (True, "other"), (None, ""),
    ]  # fmt: skip
    summary = audit_summary(audits)
    assert (summary["conversation_count"], summary["flagged_count"], summary["unread"]) == (4, 2, 1)
    assert summary["category_counts"] == {"none": 1, "other": 1, "role_swap": 1}
    assert "client (persona): a" in model.calls[0].messages[-1]["content"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("As an AI language model, I cannot feel.", "machine_self_identification"),
        ("I’m just a chatbot.", "machine_self_identification"),
        ("I was told to stay in character.", "prompt_leak"),
        ("My key is sk-abcdefghijklmnop1234", "credential"),
        ("The password is hunter2", "credential"),
        ("Write to jo.doe@example.org please", "email"),
        ("See https://example.org/x", "link"),
        ("  ", "empty_turn"),
    ],
)
def test_scans_find(text: str, kind: str) -> None:
    assert [f.kind for f in scan(dialogue("Hello.", text))][:1] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "My brother works with AI and language models.",
        "I am a machine operator in Leeds.",
        "I forgot my password again.",
        "Meet me @ the station at 5.",
        "As an airline pilot I travel a lot.",
    ],
)
def test_scans_leave_ordinary_talk_alone(text: str) -> None:
    assert scan(dialogue("Hello.", text)) == []


def test_duplicates_and_leaked_system_text() -> None:
    system = "You are Ana and you have come to talk about the noise that your neighbours make at night."
    talk = dialogue(
        "Hello.", "Hello.", "I have come: you have come to talk about the noise that your neighbours make at night"
    )
    found = scan(talk, {"client": system})
    assert [(f.kind, f.turn) for f in found] == [("exact_duplicate", 1), ("prompt_leak", 2)]
    a, b, c = (
        Dialogue(name, [("client", "x"), ("tested", text)]) for name, text in (("a", "y"), ("b", "z"), ("c", "y"))
    )
    assert duplicate_dialogues([a, b, c]) == [("c", "a")]


def test_placeholders() -> None:
    text, counts = replace_contacts("Mail help@shop.com or call 0800 123 4567, case AB-12345, account 12345678901.")
    assert text == "Mail [EMAIL] or call [PHONE_NUMBER], case [REFERENCE_ID], account [ACCOUNT_NUMBER]."
    assert counts == {"[EMAIL]": 1, "[PHONE_NUMBER]": 1, "[REFERENCE_ID]": 1, "[ACCOUNT_NUMBER]": 1}
    assert replace_contacts("In 2024 I paid 1,250.50 for 12 chairs.") == ("In 2024 I paid 1,250.50 for 12 chairs.", {})


def test_hostile_texts_do_no_harm() -> None:
    for text in ("a." * 20_000, "A1-" * 20_000, "1 " * 20_000, "@" * 20_000, "as an " * 20_000, "<|" * 20_000):
        assert scan(dialogue("x", text)) == []
        replace_contacts(text)
