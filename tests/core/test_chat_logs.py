"""Chat logs: every format is told by its content, names its speakers, drops nothing, and goes back as it came."""

from __future__ import annotations

import csv
import io
import itertools
import json
from pathlib import Path
from typing import Any

import core_strategies as some
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from personarium.core import Dialogue, InvalidInput, NotFound, UsageError, Utterance, save_dialogues
from personarium.core.chat_logs import (
    FORMATS,
    Imported,
    asides_of,
    continue_log,
    iter_log,
    read_log,
    read_log_text,
    users_of,
    write_log,
)

SHARED = Path(__file__).parents[3] / "shared" / "data"

CHAT = [
    {
        "user_name": "Ada",
        "character_name": "Mira",
        "create_date": "2025-03-02@10h00m00s",
        "chat_metadata": {"note_prompt": "", "integrity": "0f"},
    },
    {"name": "Mira", "is_user": False, "is_system": False, "send_date": "March 2, 2025 10:00am", "mes": "Welcome!"},
    {"name": "Ada", "is_user": True, "is_system": False, "send_date": "March 2, 2025 10:01am", "mes": "Is it open?"},
    {
        "name": "Mira",
        "is_user": False,
        "is_system": False,
        "send_date": "March 2, 2025 10:02am",
        "mes": "*nods*\nIt is.",
        "swipes": ["No.", "*nods*\nIt is."],
        "swipe_id": 1,
        "swipe_info": [{"extra": {}}, {"extra": {"model": "m"}}],
        "extra": {"model": "m", "token_count": 7},
        "force_avatar": "/a.png",
    },
]


def jsonl(*values: Any) -> str:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def one(text: str, **options: Any) -> Imported:
    (found,) = read_log_text(text, **options)
    return found


def said(dialogue: Dialogue) -> list[tuple[str, str]]:
    return [(u.speaker, u.text) for u in dialogue]


def written(dialogues: list[Dialogue], folder: Path, format: str, name: str = "out.jsonl", **options: Any) -> str:
    path = folder / name
    write_log(dialogues, path, format, **options)
    return path.read_bytes().decode()


def again(text: str, folder: Path, name: str = "out.jsonl", **options: Any) -> str:
    """The text read and written in the format it was in."""
    found = read_log_text(text, **options)
    return written([i.dialogue for i in found], folder, found[0].format, name)


def values(text: str) -> list[Any]:
    return [json.loads(line) for line in text.split("\n") if line.strip()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


# -- chat JSONL --------------------------------------------------------------------------------------------------------


def test_a_chat_of_a_role_play_program(folder: Path) -> None:
    found = one(jsonl(*CHAT))
    assert found.format == "sillytavern"
    assert said(found.dialogue) == [("Mira", "Welcome!"), ("Ada", "Is it open?"), ("Mira", "*nods*\nIt is.")]
    assert users_of(found.dialogue) == {"Ada"}
    assert found.dialogue[2].meta["log"]["swipes"] == ["No.", "*nods*\nIt is."]
    assert found.notes == ("messages with other versions (swipes), which are kept in meta: 1",)
    assert values(again(jsonl(*CHAT), folder)) == CHAT
    assert json.loads(again(jsonl(*CHAT), folder, "out.json")) == CHAT


def test_blank_lines_and_a_missing_header(folder: Path) -> None:
    text = "\n" + "\n\n".join(jsonl(line) for line in CHAT[1:])
    found = one(text)
    assert found.notes[0] == "the header line is missing"
    assert found.dialogue.speakers == ("Mira", "Ada")
    assert values(again(text, folder)) == CHAT[1:]


def test_a_group_chat_names_everybody_and_takes_no_name_from_unused() -> None:
    found = one(
        jsonl(
            {"chat_metadata": {}, "user_name": "unused", "character_name": "unused"},
            {"name": "Mira", "is_user": False, "mes": "a"},
            {"name": "Brother Oswin", "is_user": False, "mes": "b"},
            {"is_user": True, "mes": "c"},
            {"name": "", "is_user": False, "mes": "d"},
        )
    )
    assert found.dialogue.speakers == ("Mira", "Brother Oswin", "User", "Assistant")


def test_the_header_names_whom_the_messages_do_not_and_the_caller_goes_first() -> None:
    lines = [{"user_name": "Ada", "character_name": "Mira"}, {"is_user": True, "mes": "a"}, {"mes": "b"}]
    assert one(jsonl(*lines)).dialogue.speakers == ("Ada", "Mira")
    assert one(jsonl(*lines), names={"user": "Bea"}).dialogue.speakers == ("Bea", "Mira")


def test_narration_is_an_aside_and_a_hidden_message_is_an_utterance(folder: Path) -> None:
    lines = [
        *CHAT[:2],
        {"name": "System", "is_user": False, "is_system": False, "mes": "Rain.", "extra": {"type": "narrator"}},
        {"name": "Note", "is_user": False, "is_system": True, "mes": "!", "extra": {"type": "comment"}},
        {"name": "Ada", "is_user": True, "is_system": True, "mes": "psst"},
    ]
    found = one(jsonl(*lines))
    assert said(found.dialogue) == [("Mira", "Welcome!"), ("Ada", "psst")]
    assert [(a["before"], a["role"], a["text"]) for a in asides_of(found.dialogue)] == [
        (1, "system", "Rain."),
        (1, "system", "!"),
    ]
    assert "hidden from the model in the log and kept as utterances: 1" in found.notes
    assert values(again(jsonl(*lines), folder)) == lines


def test_chats_that_follow_each_other_are_told_apart_by_their_headers(folder: Path) -> None:
    found = read_log_text(jsonl(*CHAT, *CHAT))
    assert [i.dialogue.id for i in found] == ["log-1", "log-2"]
    assert values(again(jsonl(*CHAT, *CHAT), folder)) == [*CHAT, *CHAT]
    notes = write_log([i.dialogue for i in found], folder / "x.jsonl", "sillytavern")
    assert any("one chat a file" in note for note in notes)


def test_speakers_of_one_name_are_two_speakers() -> None:
    found = one(jsonl(CHAT[0], {"name": "Ada", "is_user": True, "mes": "a"}, {"name": "Ada", "mes": "b"}))
    assert said(found.dialogue) == [("Ada", "a"), ("Ada 2", "b")]
    assert found.notes == ("two speakers share a name: the one on the assistant's side is Ada 2 here",)


def test_a_role_is_nobodys_name(folder: Path) -> None:
    text = jsonl({"name": "user", "is_user": True, "mes": "a"}, {"name": "SELF", "mes": "b"})
    found = one(text)
    assert found.dialogue.speakers == ("User", "Assistant")
    assert "a role stands as a name: the speaker is Assistant here" in found.notes
    assert again(text, folder) == text


# -- message lists -----------------------------------------------------------------------------------------------------

TOOLS = [
    {"role": "system", "content": "Be brief."},
    {
        "role": "user",
        "content": [{"type": "text", "text": "What is"}, {"type": "image_url", "image_url": {"url": "u"}}],
    },
    {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "function": {"name": "look"}}]},
    {"role": "tool", "tool_call_id": "c1", "content": "a goat"},
    {"role": "assistant", "content": "A goat.", "weight": 0},
    {"role": "user", "name": "Ada", "content": "Thanks"},
]


def test_an_openai_list_with_parts_tools_and_names(folder: Path) -> None:
    found = one(json.dumps(TOOLS))
    assert found.format == "openai"
    assert said(found.dialogue) == [("User", "What is"), ("Assistant", "A goat."), ("Ada", "Thanks")]
    assert [(a["before"], a["role"], a["text"]) for a in asides_of(found.dialogue)] == [
        (0, "system", "Be brief."),
        (1, "assistant", ""),
        (1, "tool", "a goat"),
    ]
    assert found.notes == (
        "parts that are not text are kept in meta: image_url",
        "kept aside, for nobody said them: 1 system, 1 assistant, 1 tool",
    )
    assert json.loads(again(json.dumps(TOOLS), folder, "out.json")) == TOOLS


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (json.dumps({"messages": TOOLS, "tools": [], "parallel_tool_calls": True}), "out.json"),
        (json.dumps({"messages": TOOLS}, indent=2), "out.json"),
        (json.dumps([{"messages": TOOLS}, {"messages": []}]), "out.json"),
        (json.dumps([{"messages": TOOLS}]), "out.json"),
        (json.dumps([TOOLS, TOOLS]), "out.json"),
        (json.dumps([{"id": "c", "conversation": TOOLS, "model": "m"}]), "out.json"),
    ],
)
def test_every_json_layout_goes_back(text: str, name: str, folder: Path) -> None:
    assert json.loads(again(text, folder, name)) == json.loads(text)


@pytest.mark.parametrize(
    "lines",
    [
        [{"messages": TOOLS}, {"messages": TOOLS[:2], "x": 1}],
        [TOOLS, TOOLS[:2]],
        TOOLS,
        [{"messages": TOOLS}],
    ],
)
def test_every_layout_of_lines_goes_back(lines: list[Any], folder: Path) -> None:
    assert values(again(jsonl(*lines), folder)) == lines


def test_names_for_the_roles_and_collisions() -> None:
    text = json.dumps([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}])
    assert one(text, names={"user": "Ada", "assistant": "Mira"}).dialogue.speakers == ("Ada", "Mira")
    both = one(text, names={"user": "Ada", "assistant": "Ada"})
    assert both.dialogue.speakers == ("Ada", "Ada 2")
    named = json.dumps([{"role": "user", "content": "a"}, {"role": "assistant", "name": "User", "content": "b"}])
    assert said(one(named).dialogue) == [("User 2", "a"), ("User", "b")]
    for wrong in ({"user": "assistant"}, {"char": "Ada"}, {"user": " "}):
        with pytest.raises(UsageError, match="name"):
            one(text, names=wrong)


def test_an_unknown_role_is_a_speaker() -> None:
    found = one(json.dumps([{"role": "narrator", "content": "Rain."}]))
    assert said(found.dialogue) == [("narrator", "Rain.")]
    assert found.notes == ("taken as a speaker's name, for it is no known role: narrator",)


SHARE = {
    "id": "s1",
    "system": "You are Mira.",
    "conversations": [
        {"from": "human", "value": "Hi"},
        {"from": "gpt", "value": "Ho", "weight": 1},
        {"from": "function_call", "value": "{}"},
        {"from": "observation", "value": "7"},
        {"from": "gpt", "value": "Seven"},
    ],
}


def test_sharegpt_with_its_system_beside_the_list(folder: Path) -> None:
    found = one(json.dumps([SHARE]))
    assert (found.format, found.dialogue.id) == ("sharegpt", "s1")
    assert said(found.dialogue) == [("User", "Hi"), ("Assistant", "Ho"), ("Assistant", "Seven")]
    assert [(a["before"], a["role"]) for a in asides_of(found.dialogue)] == [
        (0, "system"),
        (2, "function_call"),
        (2, "observation"),
    ]
    assert json.loads(again(json.dumps([SHARE]), folder, "out.json")) == [SHARE]
    messages = json.loads(written([found.dialogue], folder, "openai", "o.json"))[0]["messages"]
    assert [m["role"] for m in messages] == ["system", "user", "assistant", "assistant", "tool", "assistant"]


@pytest.mark.parametrize("key", ["conversations", "conversation", "items"])
@pytest.mark.parametrize("text_key", ["value", "text"])
def test_sharegpt_in_the_wild(key: str, text_key: str, folder: Path) -> None:
    words = ("human", "chatgpt", "user", "bing", "Mira")
    line = {key: [{"from": word, text_key: word} for word in words]}
    found = one(jsonl(line))
    assert [u.speaker for u in found.dialogue] == ["User", "Assistant", "User", "Assistant", "Mira"]
    assert values(again(jsonl(line), folder)) == [line]


# -- scripts -----------------------------------------------------------------------------------------------------------

SCRIPT = """A tavern at the edge of the salt marsh.

Ada Quill: Is the ferry running at 12:30?
Mira (wiping a glass): It was.
See http://ferry.example/times: they never update it.

Ada Quill:*sighs* (to herself) Then I stay.
Note: she pays in advance.
Élodie O'Neil: Bonsoir : le temps est mauvais.
小明：你好。
Ada Quill: bye
"""


def test_a_script(folder: Path) -> None:
    found = one(SCRIPT)
    assert found.format == "script"
    assert said(found.dialogue) == [
        ("Ada Quill", "Is the ferry running at 12:30?"),
        ("Mira", "(wiping a glass) It was.\nSee http://ferry.example/times: they never update it."),
        ("Ada Quill", "*sighs* (to herself) Then I stay.\nNote: she pays in advance."),
        ("Élodie O'Neil", "Bonsoir : le temps est mauvais."),
        ("小明", "你好。"),
        ("Ada Quill", "bye"),
    ]
    assert found.dialogue.meta["log"]["preface"] == "A tavern at the edge of the salt marsh.\n\n"
    assert found.notes == (
        "what stands before the first speaker is kept in meta",
        "left in the text, for they do not look like speakers: Note (line 8)",
        "speaks only once: Mira (line 4), Élodie O'Neil (line 9), 小明 (line 10)",
    )
    assert again(SCRIPT, folder) == SCRIPT


@pytest.mark.parametrize(
    ("text", "speakers"),
    [
        ("**Ada:** hi\n**Ben**: ho", ["Ada", "Ben"]),
        ("ada: hi\nben: ho\nada: hm", ["ada", "ben", "ada"]),
        ("ada: hi\nwell: no\nthis is\nben: ho\nada: x\nben: y", ["ada", "ben", "ada", "ben"]),
        ("User 1: hi\nUser 2: ho", ["User 1", "User 2"]),
        ("{{user}}: hi\n{{char}}: ho", ["User", "Assistant"]),
        ("user: hi\nassistant: ho", ["User", "Assistant"]),
        ("Jack of Oaks: hi\nDr. J. van Moor: ho", ["Jack of Oaks", "Dr. J. van Moor"]),
        ("Ada: hi\n  Ben: indented", ["Ada"]),
        ("Ada: x\nBen:\nho\nAda:  \n\nhi", ["Ada", "Ben", "Ada"]),
        ("Ada: x\nhttp://a.b: c\n12:30: d\nAda :) e\nHe said: f\n- Item: g\n*waves* Ben: h\nok", ["Ada"]),
        ("अदा: hi\nЖанна: ho", ["अदा", "Жанна"]),
        ("=== one ===\nAda: hi", ["Ada"]),
    ],
)
def test_who_speaks_in_a_script(text: str, speakers: list[str], folder: Path) -> None:
    assert [u.speaker for u in one(text).dialogue] == speakers
    assert again(text, folder) == text


def test_a_script_with_names_for_its_sides(folder: Path) -> None:
    text = "User: hi\nMira: ho\nSystem: Rain.\nUser: hm\n"
    found = one(text, names={"user": "Ada", "assistant": "Mira"})
    assert said(found.dialogue) == [("Ada", "hi"), ("Mira", "ho"), ("Ada", "hm")]
    assert users_of(found.dialogue) == {"Ada"}
    assert [(a["before"], a["text"]) for a in asides_of(found.dialogue)] == [(2, "Rain.")]
    assert written([found.dialogue], folder, "script") == text


def test_several_dialogues_in_one_script(folder: Path) -> None:
    two = [Dialogue("first", [("Ada", "hi\n=== no title ===")]), Dialogue("", [("Ben", "ho")])]
    text = written(two, folder, "script")
    assert text == "=== first ===\nAda: hi\n === no title ===\n=== dialogue ===\nBen: ho\n"
    assert [(i.dialogue.id, len(i.dialogue)) for i in read_log_text(text)] == [("first", 1), ("dialogue", 1)]
    assert again(text, folder) == text


def test_a_text_that_would_split_is_indented_and_said(folder: Path) -> None:
    dialogue = Dialogue("d", [("Ada", "Look:\nBen: what?"), ("Ben", "ho")])
    notes = write_log([dialogue], folder / "o.txt", "script")
    assert (folder / "o.txt").read_text() == "Ada: Look:\n Ben: what?\nBen: ho\n"
    assert notes == ("utterances that will not be read back as they are, for names or texts do not allow it",)


lines = st.sampled_from(
    [
        "Ada: hi",
        "Ben : ho",
        "ada: x",
        "Ben（a）：b",
        "**Ada:** z",
        "Ada (low): q",
        "",
        "  ",
        "Note: n",
        "more",
        "Ada:b",
        "=== t ===",
    ]
)


@given(
    st.lists(lines | some.texts.filter(lambda t: "\0" not in t and "\ufeff" not in t), min_size=1),
    st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=100)
def test_a_script_goes_back_to_the_letter(folder: Path, parts: list[str], newline: str) -> None:
    text = newline.join(["Ada: begin", *parts])
    assert again(text, folder) == text


people = st.sampled_from(["Ada", "Ben Quill", "小明"])
plain = st.text(st.characters(categories=("L", "N", "P", "Zs")), max_size=30)


@given(
    st.lists(st.builds(Utterance, people, plain | plain.map(lambda t: f"{t}\nBen Quill: {t}")), min_size=1, max_size=6)
)
@settings(max_examples=100)
def test_a_script_reads_back_unless_it_says_so(folder: Path, utterances: list[Utterance]) -> None:
    dialogue = Dialogue("d", utterances)
    notes = write_log([dialogue], folder / "p.txt", "script")
    try:
        back = said(read_log(folder / "p.txt", format="script")[0].dialogue)
    except InvalidInput:
        back = []
    assert (back == said(dialogue)) or notes


# -- round trips -------------------------------------------------------------------------------------------------------

extras = st.dictionaries(
    st.sampled_from(["zzz", "höhe", "log", "id", "format", "before", "asides", "users", "send_date", "head", "tail"]),
    some.values,
    max_size=2,
)
names = st.none() | st.sampled_from(["Ada", "Ben", "", "user", "User", "User 2", "SELF", " Ada "])


def record(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object with some of the fields, and with fields nobody knows."""
    known = st.fixed_dictionaries({}, optional=fields)
    return st.builds(lambda a, b: {**a, **b}, extras, known)


chat_lines = st.builds(
    lambda a, mes: {**a, "mes": mes},
    record(
        name=names,
        is_user=st.none() | st.booleans(),
        is_system=st.none() | st.booleans(),
        swipes=st.lists(some.texts, max_size=3),
        swipe_id=st.integers(0, 3),
        extra=st.none() | st.fixed_dictionaries({}, optional={"type": st.sampled_from(["narrator", "comment", 1])}),
    ),
    some.texts,
)
headers = st.builds(
    lambda a: {**a, "chat_metadata": {}},
    record(user_name=names, character_name=st.none() | st.sampled_from(["unused", "Mira"]), create_date=some.texts),
)


@example({"user_name": "user", "chat_metadata": {}}, [{"is_user": True, "mes": "a role as a name"}])
@given(st.none() | headers, st.lists(chat_lines, min_size=1, max_size=6))
@settings(max_examples=70)
def test_chat_lines_go_back(folder: Path, header: dict[str, Any] | None, messages: list[dict[str, Any]]) -> None:
    rows = [*([] if header is None else [header]), *messages]
    (found,) = read_log_text(jsonl(*rows))
    assert len(found.dialogue) + len(asides_of(found.dialogue)) == len(messages)
    assert values(written([found.dialogue], folder, "sillytavern")) == rows
    kept = save_dialogues([found.dialogue], folder / "own.jsonl")
    (own,) = read_log(kept)
    assert own.format == "personarium"
    assert values(written([own.dialogue], folder, "sillytavern")) == rows


part = st.sampled_from([{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {}}, "b"])
contents = some.texts | st.none() | st.lists(part, max_size=3)
openai_messages = st.builds(
    lambda a, role, content: {**a, "role": role, "content": content},
    record(name=names, tool_calls=st.lists(st.just({"id": "c"}), max_size=1), refusal=st.none()),
    st.sampled_from(["user", "assistant", "system", "developer", "tool", "narrator", "User"]),
    contents,
)
share_messages = st.builds(
    lambda a, role, text: {**a, "from": role, **text},
    record(name=names, weight=st.integers()),
    st.sampled_from(["human", "gpt", "system", "user", "bard", "observation", "Mira"]),
    st.sampled_from(["value", "text"]).flatmap(lambda key: contents.map(lambda content: {key: content})),
)


def held(messages: st.SearchStrategy[Any], keys: list[str]) -> st.SearchStrategy[Any]:
    """A dialogue: a bare list, or an object with the list under one of the keys."""
    several = st.lists(messages, min_size=1, max_size=4)
    record = st.tuples(extras, st.sampled_from(keys), several, st.sampled_from([{}, {"system": "S"}, {"system": None}]))
    return several | record.map(lambda r: {**r[0], **r[3], r[1]: r[2]})


@pytest.mark.parametrize(
    ("format", "messages", "keys"),
    [
        ("openai", openai_messages, ["messages", "conversation"]),
        ("sharegpt", share_messages, ["conversations", "items", "messages"]),
    ],
)
@given(data=st.data())
@settings(max_examples=70)
def test_message_lists_go_back(folder: Path, format: str, messages: Any, keys: list[str], data: Any) -> None:
    dialogues = data.draw(st.lists(held(messages, keys), min_size=1, max_size=3))
    listed = data.draw(st.booleans()) or len(dialogues) > 1
    document = dialogues if listed else dialogues[0]
    found = read_log_text(json.dumps(document), format=format)
    assert [i.format for i in found] == [format] * len(dialogues)
    out = [i.dialogue for i in found]
    assert json.loads(written(out, folder, format, "o.json")) == document
    assert values(written(out, folder, format, "o.jsonl")) == dialogues
    assert values(again(jsonl(*dialogues), folder, format=format)) == dialogues


@given(st.lists(some.dialogues, min_size=1, max_size=3))
@settings(max_examples=30)
def test_our_own_lines_go_back(folder: Path, dialogues: list[Dialogue]) -> None:
    text = jsonl(*(d.to_dict() for d in dialogues))
    assert values(again(text, folder)) == values(text)


@given(some.dialogues, st.sampled_from([f for f in FORMATS if f != "script"]))
@settings(max_examples=70)
def test_what_was_said_survives_every_format(folder: Path, dialogue: Dialogue, format: str) -> None:
    write_log([dialogue], folder / "s.jsonl", format, user="ana")
    (found,) = read_log(folder / "s.jsonl", format=format, names={"user": "ana"})
    assert [u.text for u in found.dialogue] == [u.text for u in dialogue]
    sides = [s == "ana" for s, _ in said(dialogue)]
    assert [s == "ana" for s, _ in said(found.dialogue)] == sides


# -- between formats ---------------------------------------------------------------------------------------------------


def test_what_a_format_cannot_hold_is_said(folder: Path) -> None:
    found = one(jsonl(*CHAT)).dialogue
    notes = write_log([found], folder / "o.json", "openai")
    assert notes[0] == "names become roles: Mira is assistant, Ada is user"
    assert notes[1].startswith("openai has no place for: send_date (3), ")
    for name in ("swipes (1)", "extra (1)", "force_avatar (1)", "create_date beside the messages (1)"):
        assert name in notes[1]
    assert "name" not in json.loads((folder / "o.json").read_text())["messages"][0]


def test_several_characters_keep_their_names_in_roles(folder: Path) -> None:
    dialogue = Dialogue("d", [("Ada", "a"), ("Mira", "b"), ("Oswin", "c")], {"scene": "tavern"})
    messages = json.loads(written([dialogue], folder, "openai", "o.json", user="Ada"))["messages"]
    assert messages == [
        {"role": "user", "content": "a"},
        {"role": "assistant", "name": "Mira", "content": "b"},
        {"role": "assistant", "name": "Oswin", "content": "c"},
    ]
    assert "openai has no place for: scene beside the messages (1)" in write_log(
        [dialogue], folder / "o.json", "openai"
    )


def test_the_caller_says_who_is_who(folder: Path) -> None:
    found = one(json.dumps([{"role": "user", "content": "a", "x": 1}, {"role": "assistant", "content": "b"}])).dialogue
    swapped = json.loads(written([found], folder, "openai", "o.json", user="Assistant"))
    assert swapped == [{"role": "assistant", "content": "a", "x": 1}, {"role": "user", "content": "b"}]
    by_char = json.loads(written([found], folder, "sharegpt", "o.json", char="User"))["conversations"]
    assert [m["from"] for m in by_char] == ["gpt", "human"]
    assert "nobody is called Zoe" in write_log([found], folder / "o.json", "openai", user="Zoe")
    with pytest.raises(UsageError, match="'xml'; there are sillytavern"):
        write_log([found], folder / "o.json", "xml")


def test_a_new_chat_file_has_a_header_and_every_field_a_program_needs(folder: Path) -> None:
    dialogue = Dialogue("d", [("Ada", "a"), ("Mira", "b")])
    assert values(written([dialogue], folder, "sillytavern")) == [
        {"user_name": "Ada", "character_name": "Mira", "chat_metadata": {}},
        {"name": "Ada", "is_user": True, "is_system": False, "mes": "a", "extra": {}},
        {"name": "Mira", "is_user": False, "is_system": False, "mes": "b", "extra": {}},
    ]


def test_a_talk_goes_on_from_a_log(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    path.write_text(jsonl(*CHAT), encoding="utf-8")
    found = continue_log(path, "you", "card-1")
    assert found.dialogue.speakers == ("card-1", "you")
    found.dialogue.say("you", "And now?")
    found.dialogue.say("card-1", "Now we wait.")
    kept = save_dialogues([found.dialogue], tmp_path / "own.jsonl")
    assert continue_log(kept, "you", "card-1").dialogue.to_dict() == found.dialogue.to_dict()
    back = values(written([continue_log(kept, "you", "card-1").dialogue], tmp_path, "sillytavern"))
    assert back[:4] == CHAT
    assert [(m["name"], m["is_user"], m["mes"]) for m in back[4:]] == [
        ("Ada", True, "And now?"),
        ("Mira", False, "Now we wait."),
    ]


def test_of_several_characters_the_named_one_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Ada: a\nMira: b\nOswin: c\nAda: d\n", encoding="utf-8")
    assert continue_log(path, "you", "card-1", "mira").dialogue.speakers == ("you", "card-1", "Oswin")
    assert continue_log(path, "you", "card-1").dialogue.speakers == ("you", "Mira", "Oswin")


# -- detection and bad input -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"foo": 1}', r"text:1: expected a chat log: sillytavern \(.*openai.*sharegpt.*script.*personarium.*'foo'"),
        ("[]", "a chat log: sillytavern"),
        ("just a sentence", "a chat log: sillytavern"),
        ("http://a.b/c: d", "a chat log: sillytavern"),
        (
            '{"messages": [{"role": "user", "content": "a"}], "conversations": [{"from": "gpt", "value": "b"}]}',
            "may be",
        ),
        ('{"mes": "a", "name": 5}', "text:1: field 'name': expected text, found 5"),
        ('{"mes": "a"}\n{"mes": 7}', "text:2: field 'mes': expected text, found 7"),
        ('{"mes": "a", "is_user": "yes"}', "text:1: field 'is_user': expected true or false"),
        ('{"mes": "a"}\n\n{"mes": "b"', "text:3: line 1: expected JSON"),
        ('{"mes": "a"}\n[1, 2]', "text:2: item 1: field 'message': expected an object"),
        ('[{"role": "user"}]', r"text:1: field '\[0\].content': expected text"),
        ('{"messages": [{"role": "user", "content": 5}]}', r"text:1: field 'messages\[0\].content'"),
        ('{"messages": [{"role": "user", "content": "a"}, {"content": "b"}]}', r"'messages\[1\].role'"),
        ('{"messages": [{"role": "user", "content": [{"type": "text"}]}]}', r"'messages\[0\].content\[0\].text'"),
        ('{"conversations": [{"from": "gpt", "value": "a"}, {"from": "gpt"}]}', r"'conversations\[1\].value'"),
        ('{"messages": [{"role": "user", "content": "\\ud800"}]}', "without lone surrogates"),
        ('{"mes": "a", "extra": {"x": "\\udfff"}}', "field 'extra'.*without lone surrogates"),
        ('{"mes": "a", "x": NaN}', "NaN is no JSON number"),
        ('{"mes": "a", "x": 1e999}', "field 'x': expected a value that JSON can hold"),
        ('{"mes": "a", "mes": "b"}', "the same key twice"),
        ('{"role": "user", "content": "a"}\n{"messages": []}', "text:2: expected either one message or one dialogue"),
        ('{"messages": []}\n{"role": "user", "content": "a"}', "text:2: expected either one message or one dialogue"),
        ('{"messages": ' + "[" * 100_000, "expected JSON"),
        ('{"mes": "a", "x": ' + "[" * 60 + "]" * 60 + "}", "50 levels"),
        ("Ada: a\0b", "binary data"),
        ("", "an empty file"),
    ],
)
def test_bad_input_names_place_and_field(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read_log_text(text)


def test_the_format_may_be_given_and_is_checked() -> None:
    both = '{"messages": [{"role": "user", "content": "a"}], "conversations": [{"from": "gpt", "value": "b"}]}'
    assert said(one(both, format="openai").dialogue) == [("User", "a")]
    assert said(one(both, format="sharegpt").dialogue) == [("Assistant", "b")]
    with pytest.raises(InvalidInput, match="JSON of the format openai"):
        read_log_text("Ada: a", format="openai")
    with pytest.raises(UsageError, match="no log format 'xml'"):
        read_log_text("Ada: a", format="xml")
    with pytest.raises(InvalidInput, match="lines of the form Name: text"):
        read_log_text("no speaker", format="script")


def test_files(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_log(tmp_path / "none.jsonl")
    path = tmp_path / "talk.txt"
    path.write_bytes(b"\xef\xbb\xbf" + jsonl(*CHAT).encode())
    (found,) = read_log(path)
    assert (found.format, found.dialogue.id) == ("sillytavern", "talk")
    path.write_bytes(jsonl(*CHAT).encode("utf-16"))
    with pytest.raises(InvalidInput, match="binary data"):
        read_log(path)
    path.write_bytes("Ada: grün".encode("latin-1"))
    with pytest.raises(InvalidInput, match="UTF-8"):
        read_log(path)


def test_sizes_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "big.jsonl"
    path.write_bytes(b'{"messages": []}\n{"messages": "' + b"x" * (4 * 2**20) + b'"}\n')
    with pytest.raises(InvalidInput, match=r"big.jsonl:2: expected a line of at most 4,194,304 bytes"):
        read_log(path)
    for head, message in (
        (b"Ada: a\n", "a script of at most 16,777,216"),
        (b'{"mes": "a"}\n', "a chat of at most 67,108,864"),
    ):
        with path.open("wb") as file:
            file.write(head)
            file.truncate(65 * 2**20)
        with pytest.raises(InvalidInput, match=message):
            read_log(path)
    with pytest.raises(InvalidInput, match="at most 200,000 messages"):
        read_log_text("A: x\n" * 200_001)


def test_lines_are_read_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text(jsonl(*({"messages": [{"role": "user", "content": str(k)}]} for k in range(3))) + "broken\n")
    found = iter_log(path)
    assert [i.dialogue[0].text for i in itertools.islice(found, 3)] == ["0", "1", "2"]
    with pytest.raises(InvalidInput, match=r"many.jsonl:4"):
        next(found)


def test_a_failed_write_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "o.jsonl"
    path.write_text("before")
    with pytest.raises(InvalidInput, match="lone surrogates"):
        write_log([Dialogue("d", [("Ada", "\ud800")])], path, "openai")
    with pytest.raises(InvalidInput, match=r"meta.asides\[0\].before"):
        write_log([Dialogue("d", [], {"asides": [{"role": "system", "text": ""}]})], path, "openai")
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["o.jsonl"]


def test_a_foreign_log_field_of_our_own_lines_is_only_a_field(folder: Path) -> None:
    dialogue = Dialogue("d", [Utterance("Ada", "a", {"log": 7})], {"log": "of nobody"})
    assert users_of(dialogue) is None
    assert "openai has no place for: log (1)" in " ".join(write_log([dialogue], folder / "o.json", "openai"))


samples = st.sampled_from([jsonl(*CHAT), json.dumps(TOOLS), jsonl(*TOOLS), json.dumps([SHARE]), SCRIPT])
tokens = st.sampled_from(
    ['"mes"', '"role"', "null", "[", "{", "}", ",", '"', "\\ud800", "1e999", "7", "true", "\n", "：", "**", "("]
)


@given(samples, st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 12), tokens), min_size=1, max_size=4))
@settings(max_examples=300)
def test_a_damaged_log_is_read_or_refused(text: str, damages: list[tuple[int, int, str]]) -> None:
    for place, cut, token in damages:
        text = text[:place] + token + text[place + cut :]
    try:
        found = read_log_text(text)
    except InvalidInput:
        return
    assert all(i.format in FORMATS for i in found)


@pytest.mark.parametrize("format", [[], {}, 7, "xml", None])
def test_a_log_field_that_is_not_as_a_log_leaves_it_is_ignored(folder: Path, format: Any) -> None:
    dialogue = Dialogue("d", [Utterance("Ada", "a")], {"log": {"format": format, "users": "Ada", "rest": 3}})
    assert json.loads(written([dialogue], folder, "openai", "o.json")) == {
        "messages": [{"role": "user", "content": "a"}]
    }


# -- published data ----------------------------------------------------------------------------------------------------


def test_synthetic_persona_chat_reads_as_scripts(folder: Path) -> None:
    path = SHARED / "synthetic-persona-chat" / "Synthetic-Persona-Chat_test.csv"
    if not path.is_file():
        pytest.skip(f"needs {path.name} in shared/data")
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    talks = [row["Best Generated Conversation"] for row in rows if row["Best Generated Conversation"].strip()]
    spoken = []
    for talk in talks:
        try:
            (found,) = read_log_text(talk)
        except InvalidInput:
            continue
        spoken.append(found.dialogue.speakers)
        if len(spoken) % 50 == 1:
            assert again(talk, folder) == talk
    assert (len(talks), len(spoken)) == (967, 965)  # one writes * * User 1: * *, one has no speakers at all
    assert [s for s in spoken if set(s) != {"User 1", "User 2"}] == [
        ("User 1", "User 2", "Ingredients", "Instructions"),
        ("User 1", "User 2", "User 1 Profiles"),
    ]


def test_memorybank_histories_survive_every_format(folder: Path) -> None:
    path = SHARED / "memorybank" / "memory_bank_cn.json"
    if not path.is_file():
        pytest.skip(f"needs {path.name} in shared/data")
    users = json.loads(path.read_text(encoding="utf-8"))
    days = [day for user in users.values() for day in user["history"].values()]
    talks = [[(w, pair[k]) for pair in day for w, k in (("Gast", "query"), ("Mira", "response"))] for day in days]
    dialogues = [Dialogue(f"day-{k}", [Utterance(*turn) for turn in talk]) for k, talk in enumerate(talks)]
    for format in FORMATS:
        write_log(dialogues, folder / "m.jsonl", format)
        back = read_log(folder / "m.jsonl", names={"user": "Gast", "assistant": "Mira"})
        assert [said(i.dialogue) for i in back] == talks
