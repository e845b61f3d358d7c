"""The rpla-survey page, statement by statement."""

from __future__ import annotations

import io
import json
import math
import shlex
from pathlib import Path

import pytest

from personarium.apps.cli.application import application
from personarium.catalog import load_catalogue
from personarium.core import (
    CELLS,
    JUDGE_CRITERIA,
    Cell,
    ChecklistItem,
    Demonstration,
    Dialogue,
    DisclosureGuard,
    Facet,
    InvalidInput,
    Knowledge,
    KnowledgeGuard,
    KnowledgeItem,
    Persona,
    Rendered,
    character,
    check_coverage,
    coverage,
    drift,
    load_spectrum,
    missing_cells,
    persona_from_hachimi,
    persona_from_spectrum,
    recorded_dialogue_report,
    stack,
    style_distance,
)
from personarium.core.rpla_survey import CONTRACT, documented_coverage, socrates_layers
from tests.page_blocks import ROOT, blocks_of, commands_of, made_dry
from tests.page_reader import provide

HACHIMI_RECORD = {
    "id": 7,
    "姓名": "林晓雨",
    "年龄": 13,
    "性别": "女",
    "年级": "初一",
    "发展阶段": {
        "皮亚杰认知发展阶段": "形式运算",
        "埃里克森心理社会发展阶段": "身份与角色混淆",
        "科尔伯格道德发展阶段": "常规水平",
    },
    "代理名": "lin_xiaoyu",
    "擅长科目": ["数学", "物理"],
    "薄弱科目": ["英语"],
    "学术水平": "中：成绩全校排名前10%至30%",
    "人格": "她安静而好奇。",
    "价值观": "责任心较强。",
    "社交关系": "与两位同学要好。",
    "创造力": "流畅性较高。",
    "心理健康": "幸福指数中上。",
    "_采样约束": {"年级": "初一", "性别": "女", "优势学科偏向": ["数学", "物理"], "目标学术水平": "中"},
    "校区": "东",
}


def scene() -> Dialogue:
    dialogue = Dialogue("act-1")
    dialogue.say("crito", "Why do you not flee?")
    dialogue.say("socrates", "Is it not so that one must never do wrong?")
    dialogue.say("crito", "So it seems.")
    dialogue.say("socrates", "Then I shall stay in Athens, my friend.")
    return dialogue


def three_kinds() -> list[Persona]:
    return [
        persona_from_hachimi(HACHIMI_RECORD),
        character("Socrates", "A stonemason from Athens. He asks questions.", [scene()], speaker="socrates"),
        persona_from_spectrum(
            {"S": "I am 34.", "P_personality": "Calm.", "C_lovehate": "Loves rain."}, [scene()], speaker="crito"
        ),
    ]


@pytest.mark.parametrize("persona", three_kinds(), ids=lambda persona: persona.kinds[0])
@pytest.mark.parametrize("suffix", [".json", ".yaml", ".jsonl"])
def test_w1_three_kinds_survive_saving_and_loading(persona: Persona, suffix: str, tmp_path: Path) -> None:
    assert Persona.load(persona.save(tmp_path / f"persona{suffix}")) == persona


def test_w1_kinds_of_the_loaders() -> None:
    slot, figure, individual = three_kinds()
    assert slot.kinds == ("demographic",)
    assert slot.value("social.age") == 13
    assert slot.value("education.strong_subjects") == ("数学", "物理")
    assert slot.facet("education.grade").source == "sampled"  # type: ignore[union-attr]
    assert slot.extra == {"校区": "东"}
    assert figure.kinds == ("character",)
    assert [d.text for d in figure.demonstrations] == scene().said_by("socrates")
    assert figure.demonstrations[0].scene == "Why do you not flee?"
    assert individual.kinds == ("individualized",)
    assert individual.value("personality.summary") == "Calm."


def test_w1_a_stored_spectrum_profile_is_read_from_its_files(tmp_path: Path) -> None:
    (tmp_path / "4_S.txt").write_text("I am a physicist.\n", encoding="utf-8")
    (tmp_path / "4_P_value.txt").write_text("Truth first.", encoding="utf-8")
    assert [f.value for f in load_spectrum(tmp_path, 4).facets] == ["I am a physicist.", "Truth first."]


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".jsonl"])
@pytest.mark.parametrize("value", [3, 2.5, ["a", 1, ["b"]], "苏格拉底 Σωκράτης", "", None, True, {"k": [1]}])
def test_w1_any_value_and_unknown_fields_are_kept(value: object, suffix: str, tmp_path: Path) -> None:
    facet = Facet.from_dict({"id": "f", "path": "a.b", "value": value, "weight_kg": 70})
    persona = Persona.from_dict({**Persona(facets=(facet,)).to_dict(), "favourite_number": [7]})
    again = Persona.load(persona.save(tmp_path / f"persona{suffix}"))
    assert again == persona
    assert again.extra == {"favourite_number": (7,)}
    assert again.facets[0].extra == {"weight_kg": 70}
    assert again.to_dict()["favourite_number"] == [7]


@pytest.mark.parametrize(
    ("record", "field"),
    [
        ({"id": "x", "facets": []}, "schema_version"),
        ({"schema_version": 2, "facets": []}, "schema_version"),
        ({"schema_version": 1, "facets": [{"path": "a", "value": 1}, {"value": "nurse"}]}, r"facets\[1\].path"),
    ],
)
@pytest.mark.parametrize("suffix", [".json", ".yaml", ".jsonl"])
def test_w1_a_file_without_version_or_path_is_refused(
    record: dict[str, object], field: str, suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / f"broken{suffix}"
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=rf"broken\{suffix}.*field '{field}'"):
        Persona.load(path)


def test_w2_three_layers_stack_by_the_rule() -> None:
    philosopher, socrates, tutor = socrates_layers()
    found = stack([tutor, philosopher, socrates])  # order is by kind, not by place
    values = {f.path: f.value for f in found.facets}
    assert values == {
        "social.name": "Sokrates",
        "social.occupation": "stonemason",
        "style.register": "formal",
        "life.birthplace": "Athens",
    }
    assert set(found.knowledge.known_topics or ()) == {"ethics", "logic"}
    assert found.knowledge.time_limit == -399
    assert set(found.knowledge.never_disclose) == {"escape plan", "grades"}


def test_w2_exactly_four_conflicts_with_values_and_sources() -> None:
    conflicts = {c.path: c for c in stack(socrates_layers()).conflicts}
    told = {
        path: ([(claim.value, claim.layer, claim.source) for claim in c.claims], c.winner.value)
        for path, c in conflicts.items()
    }
    assert told == {
        "social.name": (
            [("Socrates", "Socrates", "declared"), ("Sokrates", "my tutor", "declared")],
            "Sokrates",
        ),
        "social.occupation": (
            [("philosopher", "philosopher", "sampled"), ("stonemason", "Socrates", "extracted")],
            "stonemason",
        ),
        "style.register": ([("formal", "philosopher", "sampled"), ("casual", "my tutor", "inferred")], "formal"),
        "life.birthplace": ([("Athens", "Socrates", "declared"), ("Rome", "my tutor", "inferred")], "Athens"),
    }


def test_w2_a_stacked_persona_keeps_its_layers(tmp_path: Path) -> None:
    persona = Persona.stacked(socrates_layers(), name="Socrates as my philosophy tutor")
    assert persona.kinds == ("demographic", "character", "individualized")
    again = Persona.load(persona.save(tmp_path / "tutor.json"))
    assert again == persona
    assert len(again.conflicts) == 4


def test_w2_a_layer_without_topics_restricts_nothing_and_secrets_stay_secret() -> None:
    persona = Persona(kinds=("character",), facets=(Facet("", "a", 1, visibility="never_disclose"),))
    session = Persona(facets=(Facet("", "a", 2),), knowledge=Knowledge(known_topics=("logic",), time_limit=1900))
    found = stack([persona.as_layer(), session.as_layer("session")])
    assert found.knowledge.known_topics == ("logic",)
    assert [(f.value, f.secret) for f in found.facets] == [(2, True)]


ITEMS = [KnowledgeItem("x", year) for year in (-399, -480, -398, 1969, None)]


def test_w3_knowledge_ends_at_the_time_limit() -> None:
    guard = KnowledgeGuard(Knowledge(time_limit=-399))
    assert [guard.check(item) for item in ITEMS] == [True, True, False, False, True]
    assert guard.counts() == {"allowed": 3, "blocked": 2, "unchecked": 1}
    free = KnowledgeGuard(Knowledge())
    assert free.filter(ITEMS) == ITEMS
    assert free.blocked == 0


def test_w3_topics_restrict_only_where_they_are_listed() -> None:
    guard = KnowledgeGuard(Knowledge(known_topics=("ethics",), unknown_topics=("physics",)))
    items = [KnowledgeItem("x", topic=topic) for topic in ("ethics", "physics", "rhetoric", None)]
    assert [guard.check(item) for item in items] == [True, False, False, True]


def nurse() -> Persona:
    return Persona(
        facets=(
            Facet("f1", "social.occupation", "nurse"),
            Facet("f2", "social.city", "Lisbon"),
            Facet("f3", "social.pets", "two cats"),
        )
    )


def pieces(rendered: Rendered) -> list[tuple[str, str]]:
    return [(span.source, rendered.text[span.start : span.end]) for span in rendered.spans]


@pytest.mark.parametrize("style", ["system", "personagym", "card", "attributes", "statements", "biography"])
def test_w4_every_character_traces_back_and_removal_takes_exactly_its_span(style: str) -> None:
    whole = nurse().view(style)  # type: ignore[arg-type]
    assert "".join(text for _, text in pieces(whole)) == whole.text
    assert [source for source, _ in pieces(whole) if "." not in source] == ["f1", "f2", "f3"]
    assert all(s.kind == "template" or s.source in {"f1", "f2", "f3"} for s in whole.spans)
    without = nurse().without_facet("f2").view(style)  # type: ignore[arg-type]
    assert pieces(without) == [piece for piece in pieces(whole) if piece[0] != "f2"]
    changed = nurse().with_value("f2", "Porto").view(style)  # type: ignore[arg-type]
    differing = [a[0] for a, b in zip(pieces(whole), pieces(changed), strict=True) if a != b]
    assert differing == ["f2"]


def test_w4_the_system_prompt_word_for_word() -> None:
    assert nurse().view("system").text.splitlines()[1:4] == [
        "You are a nurse.",
        "You live in Lisbon.",
        "You have two cats.",
    ]


def test_w5_a_secret_is_blocked_however_it_is_written() -> None:
    persona = Persona(facets=(Facet("phone", "contact.phone", "555-0142", visibility="never_disclose"),))
    guard = DisclosureGuard.of(persona)
    tries = ["555-0142", "555 0142", "5550142", "(555) 01-42"]
    assert [guard.filter(f"Call me: {said}!") for said in tries] == [None] * 4
    assert (guard.blocked, guard.hits["phone"]) == (4, 4)
    assert guard.filter("Call 555-0143.") == "Call 555-0143."
    assert (guard.blocked, guard.passed) == (4, 1)
    assert sum("555-0142" in said for said in tries) == 1  # a plain substring search catches only the first


def test_w5_topics_lists_and_odd_secrets() -> None:
    secret = Facet("s", "a", ["Grey Fox", "🦊"], visibility="never_disclose")
    guard = DisclosureGuard.of(Persona(facets=(secret,), knowledge=Knowledge(never_disclose=("escape plan",))))
    assert guard.found("my ESCAPE-plan") == ("topic:escape plan",)
    assert guard.found("call me greyfox 🦊") == ("s", "s[1]")
    assert guard.found("ＧＲＥＹ ＦＯＸ") == ("s",)
    assert guard.found("nothing here") == ()


def test_w6_style_distance() -> None:
    assert style_distance("thou art wise", "thou art wise") == pytest.approx(0, abs=1e-12)
    assert style_distance("thou art wise", "you are wise") == pytest.approx(0.4279, abs=5e-5)
    assert style_distance("abc", "xyz") == 1
    assert style_distance("Thou  art\nwise", "thou art wise") == pytest.approx(0, abs=1e-12)
    assert style_distance("ab", "thou art wise") is None


def circle(top: float) -> list[tuple[float, float]]:
    return [(math.cos(a), math.sin(a)) for a in (math.radians(top) * k / 8 for k in range(9))]


def test_w6_drift_has_the_values_of_the_spasm_page() -> None:
    assert drift(circle(90), (1, 0)) == pytest.approx(0.7756, abs=5e-5)
    assert drift(circle(45), (1, 0)) == pytest.approx(0.2215, abs=5e-5)
    assert drift([(0.6, 0.8)] * 9, (1, 0)) == pytest.approx(0)
    assert drift([(1, 0)], (1, 0)) is None


def letters(texts: list[str]) -> list[list[float]]:
    return [[float(text.lower().count(c)) for c in "abcdefghijklmnopqrstuvwxyz"] for text in texts]


def test_w6_report_on_a_recorded_dialogue_without_any_model() -> None:
    persona = Persona(
        id="socrates",
        facets=(Facet("", "life.birthplace", "Athens"), Facet("", "family.wife", "Xanthippe")),
        demonstrations=(Demonstration("Is it not so, my friend?"),),
    )
    report = recorded_dialogue_report(scene(), persona, embed=letters)
    assert report.calls == 0
    assert report.speaker == "socrates"
    assert 0 < (report.score("style distance").value or 0) < 1
    assert report.score("knowledge checklist").value == 0.5
    assert report.score("knowledge checklist").parts == {"life.birthplace": 1.0, "family.wife": 0.0}
    assert report.score("drift").value is not None
    assert report.not_measured == JUDGE_CRITERIA
    assert all(report.score(name).value is None for name in JUDGE_CRITERIA)
    assert report.to_dict()["failures"] == {"missing": len(JUDGE_CRITERIA)}
    assert "not measured: needs a judge" in json.dumps(report.to_dict())


def test_w6_what_cannot_be_measured_is_missing_and_never_zero() -> None:
    report = recorded_dialogue_report(scene(), Persona(id="crito"))
    assert {"style distance", "knowledge checklist", "drift"} < set(report.not_measured)
    with pytest.raises(InvalidInput, match="speaker"):
        recorded_dialogue_report(scene(), Persona(id="crito"), speaker="plato")
    with pytest.raises(InvalidInput, match="letters or digits"):
        ChecklistItem("x", ("?!",))


def full_catalogue() -> list[dict[str, object]]:
    return [{"slug": f"s-{i}", "command": f"personarium do {i}", "cells": [cell]} for i, cell in enumerate(CELLS)]


def test_w7_a_complete_table_has_fifteen_covered_cells() -> None:
    examples = {f"s-{i}": [f"docs/{i}.md"] for i in range(15)}
    cells = check_coverage(full_catalogue(), examples)
    assert len(cells) == 15
    assert missing_cells(cells) == ()
    assert cells[0].name == "demographic/make"


@pytest.mark.parametrize("index", range(15))
def test_w7_a_cell_that_lost_its_only_entry_is_named(index: int) -> None:
    examples = {f"s-{i}": [f"docs/{i}.md"] for i in range(15)}
    rows = full_catalogue()
    del rows[index]
    with pytest.raises(InvalidInput, match=CELLS[index]):
        check_coverage(rows, examples)
    del examples[f"s-{index}"]
    assert missing_cells(coverage(full_catalogue(), examples)) == (CELLS[index],)


def test_w7_a_row_with_a_cell_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidInput, match="cells"):
        coverage([{"slug": "x", "command": "c", "cells": ["robot/dance"]}], {})


EMPTY = {"demographic/remember", "character/steer", "individualized/steer"}


def documented() -> dict[str, Cell]:
    rows = [row.as_dict() for row in load_catalogue(plugins=False)]
    return {cell.name: cell for cell in documented_coverage(rows)}


def told(*leave_out: str) -> list[dict[str, str]]:
    rows = [{"name": name, "command": "c", "gives": "g", "example": "e.md"} for name in CELLS]
    return [row for row in rows if row["name"] not in leave_out]


def test_w7_the_documented_table_has_a_command_and_an_example_or_a_reason_in_every_cell() -> None:
    cells = documented()
    assert set(missing_cells(cells.values())) == EMPTY
    assert all(len(cells[name].empty) > 40 for name in EMPTY)
    assert not any(cell.empty for cell in cells.values() if cell.covered)
    assert "deeppersona" in cells["individualized/make"].systems


@pytest.mark.parametrize("name", [name for name in CELLS if name not in EMPTY])
def test_w7_the_example_of_a_cell_stands_in_a_code_block_of_its_page(name: str) -> None:
    cell = documented()[name]
    page = ROOT / "docs" / cell.examples[0]
    shown = [c for block in blocks_of(page) if block.kind == "shell" for c in commands_of(block.text)]
    assert cell.commands[0] in [line.partition("  #")[0].strip() for line in shown]


@pytest.mark.parametrize("name", [name for name in CELLS if name not in EMPTY])
def test_w7_the_command_of_a_cell_exists_and_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = documented()[name]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("What do you love?\n"))
    page = ROOT / "docs" / cell.examples[0]
    for block in blocks_of(page):
        if block.kind == "file":
            (tmp_path / block.title).write_text(block.text + "\n", encoding="utf-8")
    provide(tmp_path, cell.commands[0])
    assert application(shlex.split(made_dry(cell.commands[0]))[1:]) == 0


@pytest.mark.parametrize("name", CELLS)
def test_w7_a_documented_cell_that_is_taken_away_is_named(name: str) -> None:
    assert len(documented_coverage([], told())) == 15
    with pytest.raises(InvalidInput, match=rf"nothing on {name}\b"):
        documented_coverage([], told(name))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"name": "robot/dance", "empty": "no such thing"}, "robot/dance"),
        ({"name": "character/play", "empty": "told twice"}, "character/play"),
        ({"name": "demographic/make", "command": "c", "gives": "g"}, "either command, gives and example"),
        (
            {"name": "demographic/make", "command": "c", "gives": "g", "example": "e", "empty": "both"},
            "demographic/make",
        ),
    ],
)
def test_w7_a_cell_that_is_told_wrongly_is_refused(row: dict[str, str], message: str) -> None:
    rows = [row, *told("demographic/make")] if row["name"] == "demographic/make" else [*told(), row]
    with pytest.raises(InvalidInput, match=message):
        documented_coverage([], rows)


async def test_contract_example_is_the_same_every_time() -> None:
    first = await CONTRACT.example(None, 1)  # type: ignore[arg-type]
    assert json.dumps(first) == json.dumps(await CONTRACT.example(None, 2))  # type: ignore[arg-type]
    assert first[0]["calls"] == 0
