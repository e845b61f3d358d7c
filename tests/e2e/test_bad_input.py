"""Issue 2, bad input, the user's part: files that are not what they say, names that do not exist, too much of everything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from e2e.user import BENCH, answered, calls, endpoint, manifest, personarium, rows
from personarium.core import Facet, Persona, save_persona
from personarium.core.errors import RemoteError
from personarium.models import ScriptedModel
from personarium.testing.stub import Faults

MILLION = 1_000_000
SCRIPT = "<script>alert('name')</script>"
IMAGE = '<img src=x onerror="alert(1)">'
FILES = {
    "picture.json": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0", "a JSON persona, found 'binary data'"),
    "picture.gif": (b"GIF89a", "a persona file ending in one of .card.json, .png"),
    "picture.png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0", "13 bytes in chunk IHDR at byte 8"),
    "page.json": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "a JSON persona, found 'a web page'"),
    "page.yaml": (b"<html><body>Sign in</body></html>", "a YAML persona, found 'a web page'"),
    "cut.json": (b'{"name": "Ada", "facets": [', "line 1: expected JSON"),
    "cut.jsonl": (b'{"persona": "A nurse."}\n{"persona": "A sai', ":2: "),
    "numbers.json": (b"[1, 2, 3]", "item 1"),
    "wrong.json": (b'{"schema_version": 1, "facets": "a nurse"}', "'facets'"),
    "empty.json": (b"", "an empty file"),
    "latin.txt": ("Zoë, née à Évry".encode("latin-1"), "UTF-8"),
    "large.json": (b'{"persona": "' + b"a" * (5 << 20) + b'"}', "at most 4,194,304 bytes"),
}


# -- personas


@pytest.mark.parametrize("name", FILES)
def test_a_persona_file_that_is_not_what_it_says_is_one_error_that_names_it(tmp_path: Path, name: str) -> None:
    data, expected = FILES[name]
    (tmp_path / name).write_bytes(data)
    ended = personarium(*BENCH, "--persona", name, cwd=tmp_path)
    assert ended.code == 5
    said = ended.said("error")
    assert name in said
    assert expected in said
    assert len(said) < 400
    assert [path.name for path in tmp_path.iterdir()] == [name]  # no run was begun


@pytest.mark.parametrize("command", [BENCH[:2], ("chat",)])
def test_a_persona_file_that_is_not_there(tmp_path: Path, command: tuple[str, ...]) -> None:
    how = ("nowhere.json",) if command == ("chat",) else ("--persona", "nowhere.json")
    ended = personarium(*command, *how, cwd=tmp_path)
    assert ended.code == 3
    assert "there is no file nowhere.json" in ended.said("error")


def test_a_script_in_a_personas_name_stays_text_in_the_report(tmp_path: Path) -> None:
    facets = (Facet("s1", "description", f"A retired nurse from Naples who sings. {IMAGE}"),)
    save_persona(Persona(id="guest", name=SCRIPT, facets=facets), tmp_path / "guest.json")
    ended = personarium(*BENCH, "--persona", "guest.json", "--out", "run", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert any(SCRIPT in row["persona"] or IMAGE in row["persona"] for row in rows(tmp_path / "run"))
    report = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert SCRIPT not in report
    assert "<img src=x" not in report
    assert "&lt;img src=x" in report or "&lt;script&gt;alert" in report


def test_a_persona_of_a_hundred_thousand_characters_is_played_judged_and_reported(tmp_path: Path) -> None:
    text = "A retired nurse from Naples who sings. " + "She keeps bees. " * (MILLION // 160)
    save_persona(Persona(id="long", facets=(Facet("s1", "description", text),)), tmp_path / "long.json")
    ended = personarium(*BENCH, "--persona", "long.json", "--out", "run", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert len(rows(tmp_path / "run")) == 10
    answers = [call for call in calls(tmp_path / "run") if call["step"] == "personagym.answer"]
    assert all(text.strip() in call["messages"][0]["content"] for call in answers)
    assert (tmp_path / "run" / "report.html").stat().st_size < 5 << 20


def test_a_line_of_a_million_characters_in_a_chat_goes_out_whole(tmp_path: Path) -> None:
    line = "Tell me of the sea. " * (MILLION // 20)
    with endpoint(reply="It is wide.") as server:
        arguments = ("chat", "A retired nurse from Naples.", "--model", "openai/m", "--base-url", server.base_url)
        ended = personarium(*arguments, "--history", "talk.jsonl", "--json", cwd=tmp_path, stdin=f"{line}\nAnd you?\n")
        sent = [body["messages"][-1]["content"] for body in server.bodies]
    assert ended.code == 0, ended.err
    assert line.strip() in sent[0]
    assert sent[1] == "And you?"
    assert ended.document["data"]["last"] == "It is wide."
    arguments = ("chat", "A retired nurse from Naples.", "--history", "talk.jsonl", "--json")
    again = personarium(
        *arguments, cwd=tmp_path, stdin=f"{line}\n"
    )  # and the simulated subject reads it in linear time
    assert again.code == 0, again.err
    assert again.document["data"]["turns"] == 6


def test_a_stream_that_breaks_off_in_a_chat_is_said_and_not_kept(tmp_path: Path) -> None:
    with endpoint(reply="It is wide and old.", faults=Faults(schedule={0: "drop", 2: "server_error"})) as server:
        arguments = ("chat", "A retired nurse from Naples.", "--model", "openai/m", "--base-url", server.base_url)
        ended = personarium(
            *arguments, "--history", "talk.jsonl", cwd=tmp_path, stdin="The sea?\nThe sea, please?\nAnd?\n"
        )
    assert ended.code == 0, ended.err
    assert "broke off" in ended.err
    assert "HTTP 500" in ended.err
    assert "Traceback" not in ended.err
    (talk,) = [json.loads(line) for line in (tmp_path / "talk.jsonl").read_text().splitlines()]
    assert [u["text"] for u in talk["utterances"]] == ["The sea, please?", "It is wide and old."]


def test_control_characters_from_an_endpoint_do_not_reach_the_terminal(tmp_path: Path) -> None:
    escape = "\x1b]0;owned\x07\x1b[2J"

    def speak(messages: object, sampling: object) -> str:
        if "angry" in str(messages):
            raise RemoteError(f"{escape}gone", "bad_request", 400)
        return f"{escape}Good day."

    with endpoint(ScriptedModel(speak)) as server:
        arguments = ("chat", "A retired nurse from Naples.", "--model", "openai/m", "--base-url", server.base_url)
        ended = personarium(*arguments, "--history", "talk.jsonl", cwd=tmp_path, stdin="Hello\nAre you angry?\n")
    assert ended.code == 0, ended.err
    assert "Good day." in ended.out
    assert "gone" in ended.err
    assert "\x1b" not in ended.out + ended.err
    assert "\x07" not in ended.out + ended.err


# -- names and options


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("bench", "personagym", "--task", "Toxcity"), 2, "the tasks are Expected Action, Toxicity"),
        (("bench", "personagym", "--erratum", "nope"), 2, "this system has example-lines-lost"),
        (("bench", "personagym", "--missing", "zero"), 2, "missing must be drop or paper"),
        (("bench", "personagym", "--personas", "0"), 2, "greater than or equal to 1"),
        (("bench", "personagym", "--personas", "many"), 2, "--personas"),
        (("bench", "personagym", "--no-such-option"), 2, "--no-such-option"),
        (("bench", "personagym", "--model", "openai/m", "--base-url", "ftp://host"), 2, "expected http://HOST"),
        (("bench", "personagym", "--model", "hf/no/such/folder"), 3, "cannot be loaded"),
        (("systems", "nonesuch"), 3, "no system 'nonesuch' in the catalogue"),
        (("report", "no-such-run"), 3, "is not a run folder"),
    ],
)
def test_json_gives_one_document_for_every_mistake(
    tmp_path: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    ended = personarium(*arguments, "--json", cwd=tmp_path, HF_HUB_OFFLINE="1")
    assert ended.code == code
    document = ended.document
    assert document["status"] == "error"
    assert document["data"]["exit_code"] == code
    assert says in document["data"]["error"]
    assert "Traceback" not in ended.err


def test_a_mistake_is_a_sentence_for_people_and_prints_nothing_on_standard_output(tmp_path: Path) -> None:
    ended = personarium("bench", "personagym", "--task", "Toxcity", cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "no PersonaGym task is called 'Toxcity'" in ended.said("error")


def test_brackets_in_a_folders_name_are_no_markup(tmp_path: Path) -> None:
    ended = personarium(*BENCH, "--out", "[red]run[/bold]", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert "report  [red]run[/bold]/report.html" in ended.out
    again = personarium("report", "[red]run[/bold]", cwd=tmp_path)
    assert again.code == 0, again.err
    assert "[red]run[/bold]/report.html" in again.out


def test_a_folder_that_holds_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("Introduction")
    ended = personarium(*BENCH, "--out", "thesis", cwd=tmp_path)
    assert ended.code == 2
    assert "is not empty and not a run" in ended.said("error")
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "Introduction"


def test_another_configuration_in_the_same_folder_names_what_differs(tmp_path: Path) -> None:
    assert personarium(*BENCH, "--out", "run", cwd=tmp_path).code == 0
    kept = (tmp_path / "run" / "calls.jsonl").read_bytes()
    ended = personarium(*BENCH, "--out", "run", "--seed", "9", cwd=tmp_path)
    assert ended.code == 2
    assert "seed" in ended.said("error")
    assert (tmp_path / "run" / "calls.jsonl").read_bytes() == kept


# -- money


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("m: [1", 5, "a YAML or JSON file of prices"),
        ("m: cheap", 5, "field 'm': expected two numbers"),
        ("m: [1, -2]", 5, "field 'm': expected two numbers"),
        ("[1, 2]", 5, "a mapping from model"),
        (None, 3, "price file prices.yaml does not exist"),
    ],
)
def test_a_broken_price_file_is_one_error(tmp_path: Path, text: str | None, code: int, says: str) -> None:
    if text is not None:
        (tmp_path / "prices.yaml").write_text(text)
    ended = personarium(*BENCH, "--prices", "prices.yaml", cwd=tmp_path)
    assert ended.code == code
    assert says in ended.said("error")
    assert not (tmp_path / "runs").exists()


def test_a_cost_limit_without_a_price_is_refused_and_says_how_to_give_one(tmp_path: Path) -> None:
    with endpoint() as server:
        arguments = (*BENCH, "--model", "openai/m", "--base-url", server.base_url, "--max-cost", "1", "--out", "run")
        ended = personarium(*arguments, cwd=tmp_path)
        assert server.requests == 0
    assert ended.code == 2
    assert "a line such as 'm: [0.15, 0.60]'" in ended.said("error")


def test_a_cost_limit_stops_the_run_and_a_higher_one_goes_on(tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text("m: [10, 10]\n")  # a reply of up to 3,000 tokens may cost 0.03 dollars
    with endpoint(reply="I would help.") as server:
        arguments = (*BENCH, "--model", "openai/m", "--base-url", server.base_url, "--out", "run")
        arguments += ("--prices", "prices.yaml", "--concurrency", "1")
        low = personarium(*arguments, "--max-cost", "0.035", cwd=tmp_path)
        assert low.code == 4
        assert "repeat the command with a higher --max-cost" in low.said("error")
        first = server.requests
        assert 1 <= first < 10
        assert len(answered(tmp_path / "run")) == first  # what was paid for is kept
        assert manifest(tmp_path / "run")["status"] == "interrupted"
        high = personarium(*arguments, "--max-cost", "5", cwd=tmp_path)
        assert high.code == 0, high.err
        assert server.requests == 10  # and is not paid for again
    assert manifest(tmp_path / "run")["totals"]["cost_usd"] == pytest.approx(10 * (64 + 3) * 10 / 1e6)
