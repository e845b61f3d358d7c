"""The native API: what programs can do with personas, populations, memories, runs and reports."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from native_world import NURSE, TORILL, World, served

from personarium.core import Persona
from personarium.core.cards.files import load_card
from personarium.models import open_model
from personarium.runs import Run


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with served(tmp_path) as found:
        yield found


def got(world: World, who: str, method: str, address: str, status: int = 200, **given: Any) -> Any:
    answer: Any = world.ask(who, method, address, **given)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.headers.get("content-type") == "application/json" else answer


# --- personas ---


def test_personas_are_listed_searched_filtered_and_paged(world: World) -> None:
    everybody = got(world, "reader", "GET", "/api/personas")
    assert (everybody["total"], [one["id"] for one in everybody["personas"]]) == (2, ["nurse", "torill"])
    assert got(world, "reader", "GET", "/api/personas?text=MOLL")["personas"] == [
        {"id": "torill", "name": "Torill", "kinds": [], "line": "I keep bees in Bergen."}
    ]
    nurses = got(world, "reader", "GET", "/api/personas?where=social.occupation%3Dnurse")
    assert [one["id"] for one in nurses["personas"]] == ["nurse"]
    second = got(world, "reader", "GET", "/api/personas?offset=1&limit=1")
    assert (second["total"], second["offset"], [one["id"] for one in second["personas"]]) == (2, 1, ["torill"])
    assert got(world, "reader", "GET", "/api/facets")["social.occupation"] == [{"value": "Nurse", "count": 1}]


def test_a_persona_comes_out_as_it_was_put_in(world: World) -> None:
    record = {
        **NURSE.with_value("secret", "she sings").to_dict(),
        "house_of_my_own": {"rooms": [1, 2]},
        "knowledge": {"time_limit": 1890},
    }
    kept = got(world, "writer", "PUT", "/api/personas/nurse", json=record)
    assert kept == got(world, "reader", "GET", "/api/personas/nurse") == Persona.from_dict(record).to_dict()
    assert kept["house_of_my_own"] == {"rooms": [1, 2]}
    assert world.place.personas.get("nurse").value("secret") == "she sings"
    got(world, "writer", "DELETE", "/api/personas/nurse", 204)
    assert got(world, "reader", "GET", "/api/personas/nurse", 404)["error"]["code"] == "not_found"


def test_the_id_of_a_record_is_the_one_in_the_address(world: World) -> None:
    refused = got(world, "writer", "PUT", "/api/personas/torill", 400, json=NURSE.to_dict())
    assert refused["error"]["code"] == "id_differs"
    assert world.place.personas.get("torill") == TORILL


def test_views_say_where_every_character_comes_from_and_keep_secrets(world: World) -> None:
    shown = got(world, "reader", "GET", "/api/views/nurse?style=card")
    assert shown["text"] == "Character card\nname: Ana\noccupation: Nurse"
    assert [s["source"] for s in shown["spans"]] == ["card.opening", "@name", "social.occupation"]
    assert "afraid of bees" in got(world, "reader", "GET", "/api/views/nurse?secrets=show&style=card")["text"]
    assert got(world, "reader", "GET", "/api/views/nurse?style=opera", 400)["error"]["param"] == "style"


def test_a_card_that_is_handed_out_can_be_handed_in_again(world: World, tmp_path: Path) -> None:
    for kind in ("png", "json", "charx"):
        answer = got(world, "reader", "GET", f"/api/cards/torill?format={kind}").content if kind != "json" else None
        raw: Any = world.ask("reader", "GET", f"/api/cards/torill?format={kind}")
        assert answer in (None, raw.content)
        assert raw.headers["content-disposition"] == f'attachment; filename="torill.{kind}"'
        (tmp_path / f"out.{kind}").write_bytes(raw.content)
        assert load_card(tmp_path / f"out.{kind}").called == "Torill"
        world.place.personas.remove("torill")
        name = f"mine.card.{kind}" if kind == "json" else f"mine.{kind}"
        taken = got(world, "writer", "POST", f"/api/cards?file={name}", 201, content=raw.content)
        assert [one["id"] for one in taken] == ["torill"]
        assert world.place.personas.get("torill").facets == TORILL.facets


def test_a_file_of_several_personas_is_taken_in(world: World) -> None:
    rows = b"id,name,occupation\np1,Bo,baker\np2,Cy,cook\n"
    taken = got(world, "writer", "POST", "/api/cards?file=people.csv", 201, content=rows)
    assert [(one["id"], one["name"]) for one in taken] == [("p1", "Bo"), ("p2", "Cy")]
    assert got(world, "reader", "GET", "/api/personas")["total"] == 4


# --- populations ---


def test_a_small_population_is_made_described_paged_and_exported(world: World, tmp_path: Path) -> None:
    schema = {"fields": {"region": {"values": {"north": 0.25, "south": 0.75}}, "age": {"integer": [20, 60]}}}
    schema |= {"targets": [{"fields": ["region"], "shares": "weights"}]}
    made = got(
        world, "writer", "POST", "/api/populations/coast", 201, json={"schema": schema, "members": 40, "seed": 3}
    )
    assert made["members"] == 40
    assert made["quotas"] == [
        {"cell": {"region": "north"}, "target": 10, "actual": 10},
        {"cell": {"region": "south"}, "target": 30, "actual": 30},
    ]
    assert got(world, "reader", "GET", "/api/populations") == ["coast"]
    assert got(world, "reader", "GET", "/api/populations/coast") == made
    page = got(world, "reader", "GET", "/api/populations/coast/members?offset=39&limit=5")
    assert (page["total"], len(page["members"]), page["members"][0]["id"]) == (40, 1, "person-40")
    quality = got(world, "reader", "GET", "/api/populations/coast/quality")
    assert (quality["estimates"]["Quota error"]["value"], quality["estimates"]["Quota error"]["n"]) == (0.0, 40)
    parquet: Any = world.ask("reader", "GET", "/api/populations/coast/file")
    assert pl.read_parquet(io.BytesIO(parquet.content)).height == 40
    lines: Any = world.ask("reader", "GET", "/api/populations/coast/file?format=jsonl")
    assert len(lines.text.splitlines()) == 40
    got(world, "writer", "DELETE", "/api/populations/coast", 204)
    assert got(world, "reader", "GET", "/api/populations") == []


def test_a_population_is_refused_when_it_is_large_or_its_name_is_taken(world: World) -> None:
    wanted = {"schema": "students", "members": 1001}
    assert got(world, "writer", "POST", "/api/populations/a", 400, json=wanted)["error"]["param"] == "members"
    got(world, "writer", "POST", "/api/populations/a", 201, json={**wanted, "members": 5})
    taken = got(world, "writer", "POST", "/api/populations/a", 409, json={**wanted, "members": 6})
    assert taken["error"]["code"] == "name_taken"
    assert len(world.place.populations.get("a")) == 5
    wrong = {"schema": {"fields": {"x": {"values": []}}}, "members": 2}
    assert "x" in got(world, "writer", "POST", "/api/populations/b", 400, json=wrong)["error"]["message"]


# --- memories ---

ANA = "user=ana&persona=torill"


def say(world: World, *texts: str) -> None:
    for text in texts:
        world.place.memory.user("ana/ana/torill").observe(text, session="monday")


def test_a_consolidation_is_looked_at_and_then_applied_or_refused(world: World) -> None:
    say(world, "My favourite drink is tea.")
    proposed = got(world, "ana", "POST", f"/api/memories/consolidate?{ANA}")
    assert (proposed["lines"], proposed["empty"]) == (["+ tastes.drink: tea"], False)
    assert got(world, "ana", "GET", f"/api/memories/facts?{ANA}")["total"] == 0
    made = got(world, "ana", "POST", f"/api/memories/apply?{ANA}", json={"proposal": proposed["proposal"]})
    assert [(fact["key"], fact["text"], fact["evidence"]) for fact in made] == [("tastes.drink", "tea", ["o1"])]
    again = got(world, "ana", "POST", f"/api/memories/apply?{ANA}", 404, json={"proposal": proposed["proposal"]})
    assert again["error"]["code"] == "not_found"
    say(world, "My favourite drink is rum now.")
    other = got(world, "ana", "POST", f"/api/memories/consolidate?{ANA}")
    assert other["before"]["f2_0"]["text"] == "tea"
    got(world, "ana", "POST", f"/api/memories/refuse?{ANA}", 204, json={"proposal": other["proposal"]})
    assert got(world, "ana", "POST", f"/api/memories/consolidate?{ANA}")["empty"]
    facts = got(world, "ana", "GET", f"/api/memories/facts?{ANA}")["facts"]
    assert [(fact["text"], fact["sources"][0]["text"]) for fact in facts] == [("tea", "My favourite drink is tea.")]


def test_a_proposal_that_is_out_of_date_is_not_applied(world: World) -> None:
    say(world, "My favourite drink is tea.")
    first, second = (got(world, "ana", "POST", f"/api/memories/consolidate?{ANA}")["proposal"] for _ in range(2))
    got(world, "ana", "POST", f"/api/memories/apply?{ANA}", json={"proposal": first})
    late = got(world, "ana", "POST", f"/api/memories/apply?{ANA}", 409, json={"proposal": second})
    assert late["error"]["code"] == "conflict"


def test_facts_are_stated_recalled_with_reasons_traced_and_undone(world: World) -> None:
    stated = {"text": "tea", "key": "tastes.drink"}
    first = got(world, "ana", "POST", f"/api/memories/facts?{ANA}", 201, json=stated)
    got(world, "ana", "POST", f"/api/memories/facts?{ANA}", 201, json={**stated, "text": "rum", "replaces": True})
    found = got(world, "ana", "POST", f"/api/memories/recall?{ANA}", json={"query": "rum", "k": 1})
    assert [item["text"] for item in found["items"]] == ["tastes.drink: rum"]
    assert found["items"][0]["reason"].startswith("found by words 1.00")
    assert [v["text"] for v in got(world, "ana", "GET", f"/api/memories/history?{ANA}&what={first['id']}")] == [
        "tea",
        "rum",
    ]
    assert len(got(world, "ana", "GET", f"/api/memories/batches?{ANA}")) == 2
    undone = got(world, "ana", "POST", f"/api/memories/undo?{ANA}", json={"batches": 1})
    assert [batch["edits"] for batch in undone] == [1]
    assert [f["text"] for f in got(world, "ana", "GET", f"/api/memories/facts?{ANA}")["facts"]] == ["tea"]
    assert got(world, "ana", "GET", f"/api/memories/profile?{ANA}")["query"] == ""
    assert got(world, "ana", "GET", f"/api/memories/history?{ANA}&what=nothing", 404)["error"]["code"] == "not_found"


def test_forgetting_is_planned_done_and_receipted(world: World) -> None:
    say(world, "My favourite drink is tea.", "I play the violin.")
    plan = got(world, "ana", "POST", f"/api/memories/forget/plan?{ANA}", json={"words": ["violin"]})
    assert (plan["observations"], plan["facts"]) == (["o2"], [])
    receipt = got(world, "ana", "POST", f"/api/memories/forget?{ANA}", json={"words": ["violin"], "mode": "erase"})
    assert (receipt["mode"], receipt["observations"]) == ("erase", ["o2"])
    assert receipt["searched"] >= 1 and receipt["found"] == []
    assert [one["text"] for one in got(world, "ana", "GET", f"/api/memories/said?{ANA}")["said"]] == [
        "My favourite drink is tea."
    ]
    assert b"violin" not in (world.place.folder / "people.db").read_bytes()
    archived = got(world, "ana", "POST", f"/api/memories/forget?{ANA}", json={"ids": ["o1"], "mode": "archive"})
    assert (archived["mode"], archived["observations"], archived["seq"]) == ("archive", ["o1"], 0)
    assert got(world, "ana", "POST", f"/api/memories/forget?{ANA}", 400, json={"mode": "erase"})


def test_a_memory_is_exported_whole_or_to_read(world: World) -> None:
    got(world, "ana", "GET", f"/api/memories/export?{ANA}", 404)
    got(world, "ana", "POST", f"/api/memories/facts?{ANA}", 201, json={"text": "tea", "key": "tastes.drink"})
    whole: Any = world.ask("ana", "GET", f"/api/memories/export?{ANA}")
    assert whole.headers["content-disposition"] == 'attachment; filename="memory.jsonl"'
    assert '"format": "personarium-memory"' in whole.text and "tea" in whole.text
    told: Any = world.ask("ana", "GET", f"/api/memories/export?{ANA}&format=md")
    assert "- tastes.drink: tea" in told.text


def test_each_persona_has_its_own_memory_unless_they_share(world: World, tmp_path: Path) -> None:
    got(world, "ana", "POST", f"/api/memories/facts?{ANA}", 201, json={"text": "tea"})
    assert got(world, "ana", "GET", "/api/memories?user=ana") == {"shared": False, "personas": ["torill"]}
    assert got(world, "ana", "GET", "/api/memories/facts?user=ana&persona=nurse")["total"] == 0
    assert got(world, "ana", "GET", "/api/memories/facts?user=ana", 400)["error"]["param"] == "persona"
    (tmp_path / "other").mkdir()
    with served(tmp_path / "other", memory="shared") as shared:
        got(shared, "ana", "POST", "/api/memories/facts?user=ana&persona=torill", 201, json={"text": "tea"})
        assert got(shared, "ana", "GET", "/api/memories/facts?user=ana")["total"] == 1
        assert got(shared, "ana", "GET", "/api/memories?user=ana") == {"shared": True, "personas": []}


# --- runs ---


async def run_of(folder: Path) -> None:
    with Run.open(folder, {"kind": "trial"}, command="personarium trial /home/somebody", seed=5) as run:
        model = run.model(open_model("simulated"), role="player")
        for name in ("Bo", "Cy", "Di"):
            await model.generate([{"role": "user", "content": f"Hello {name}"}])


async def test_runs_are_listed_looked_into_and_paged(world: World) -> None:
    await run_of(world.place.folder / "runs" / "first")
    lines = got(world, "runner", "GET", "/api/runs")
    assert [(one["name"], one["status"], one["kind"], one["calls"]) for one in lines] == [
        ("first", "complete", "trial", 3)
    ]
    told = got(world, "runner", "GET", "/api/runs/first")
    assert (told["seed"], told["totals"]["calls"], told["has_report"]) == (5, 3, False)
    assert "/home/somebody" not in str(told)
    page = got(world, "runner", "GET", "/api/runs/first/calls?offset=1&limit=1")
    assert (len(page["calls"]), page["more"], page["calls"][0]["messages"][0]["content"]) == (1, True, "Hello Cy")
    assert got(world, "runner", "GET", "/api/runs/first/calls?offset=2&limit=1")["more"] is False
    got(world, "runner", "GET", "/api/runs/first/report", 404)
    got(world, "runner", "GET", "/api/runs/second", 404)


async def test_a_report_may_run_its_own_script_and_load_nothing(world: World) -> None:
    from personarium.report import write_report

    folder = world.place.folder / "runs" / "first"
    await run_of(folder)
    write_report(folder)
    page: Any = world.ask("runner", "GET", "/api/runs/first/report")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    own = policy.removesuffix("; frame-ancestors 'none'; sandbox allow-scripts").replace("'", "&#39;")
    assert own in page.text
    assert policy.startswith("default-src 'none'; script-src 'sha256-")


# --- the description ---


def test_the_description_is_complete(world: World) -> None:
    schema: Any = got(world, "reader", "GET", "/openapi.json")
    native = {path: told for path, told in schema["paths"].items() if path.startswith("/api")}
    assert len(native) >= 20
    for path, operations in native.items():
        for method, operation in operations.items():
            assert operation["description"], (path, method)
            assert {"401", "403", "429"} <= set(operation["responses"]), (path, method)
            good = [code for code in operation["responses"] if code.startswith("2")]
            assert len(good) == 1, (path, method)
            assert good == ["204"] or operation["responses"][good[0]]["content"], (path, method)
            assert operation["security"] == [{"HTTPBearer": []}], (path, method)
    assert schema["components"]["schemas"]["PersonaRecord"]["examples"][0]["id"] == "torill"


def test_an_archive_with_a_card_is_taken_in(world: World) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(
            "card.json", b'{"spec":"chara_card_v3","spec_version":"3.0","data":{"name":"Bo","description":"A baker."}}'
        )
    taken = got(world, "writer", "POST", "/api/cards?file=bo.charx", 201, content=packed.getvalue())
    assert taken[0]["name"] == "Bo"
