"""Hugging Face datasets in and out: nothing is lost, foreign columns get a role, streams stay streams."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personarium.core import Dialogue, Facet, Persona, Population, Quota, load_cast, load_personas
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.core.hf_datasets import (
    dialogues_to_dataset,
    is_dataset_folder,
    iter_dataset_dialogues,
    iter_dataset_personas,
    open_dataset,
)
from tests.core.core_strategies import dialogues, personas

datasets = pytest.importorskip("datasets", reason="the extra datasets is not installed")


@pytest.fixture(autouse=True, scope="module")
def _quiet() -> Iterator[None]:
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


def _reopened(dataset: Any) -> Any:
    """The dataset as it comes back from the disk, read whole before the folder goes."""
    with tempfile.TemporaryDirectory() as folder:
        dataset.save_to_disk(folder)
        return datasets.load_from_disk(folder, keep_in_memory=True)


def _saved(dataset: Any, folder: Path) -> Path:
    dataset.save_to_disk(str(folder))
    return folder


MIRA = Persona(
    id="p1",
    name="Mira",
    facets=(
        Facet("", "social.job", "beekeeper", source="inferred", confidence=0.7, evidence=("u3",)),
        Facet("", "family", {"sister": "Jorun", "nephews": ("Ari", "Bo")}),
        Facet("", "family", "a second statement of this path", visibility="never_disclose"),
    ),
)
TEO = Persona(id="p2", name="Teo", facets=(Facet("", "social.job", "sailor"), Facet("", "age", 40)))


@settings(max_examples=25, deadline=None)
@given(st.lists(personas, min_size=1, max_size=4, unique_by=lambda p: p.id))
def test_personas_come_back_from_the_disk_without_loss(people: list[Persona]) -> None:
    back = Population.from_dataset(_reopened(Population.from_personas(people).to_dataset()))
    assert [p.to_dict() for p in back] == [p.to_dict() for p in people]


def test_schema_and_quotas_come_back(tmp_path: Path) -> None:
    population = Population.from_personas(
        [MIRA, TEO], {"social.job": ["beekeeper", "sailor"]}, [Quota({"social.job": "sailor"}, 3)]
    )
    back = Population.load(_saved(population.to_dataset(), tmp_path / "people"))
    assert back.frame.equals(population.frame)
    assert back.schema == {"social.job": ["beekeeper", "sailor"]}
    assert [(row.cell, row.target, row.actual) for row in back.quota_report()] == [({"social.job": "sailor"}, 3, 1)]


def test_columns_of_every_kind_come_back() -> None:
    rows = [
        {
            "id": "a",
            "age": 3,
            "height": 1.5,
            "old": False,
            "tags": ["x", "y"],
            "home": {"town": "Lund", "rooms": [1, 2]},
        },
        {"id": "b", "age": None, "height": None, "old": None, "tags": [], "home": None},
    ]
    population = Population.from_rows(rows)
    back = Population.from_dataset(_reopened(population.to_dataset()))
    assert back.frame.schema == population.frame.schema
    assert back.frame.equals(population.frame)


def test_a_filtered_dataset_keeps_schema_and_quotas() -> None:
    population = Population.from_personas([MIRA, TEO], quotas=[Quota({"social.job": "sailor"}, 1)])
    kept = population.to_dataset().filter(lambda row: row["name"] == "Mira", keep_in_memory=True)
    (row,) = Population.from_dataset(kept).quota_report()
    assert (row.target, row.actual) == (1, 0)


def test_joined_datasets_of_different_schemas_ask_for_one() -> None:
    parts = [
        Population.from_rows([{"id": str(n), "job": "x"}], quotas=[Quota({"job": "x"}, n)]).to_dataset() for n in (1, 2)
    ]
    joined = datasets.concatenate_datasets(parts)
    with pytest.raises(InvalidInput, match="joined datasets: give schema= and quotas="):
        Population.from_dataset(joined)
    assert len(Population.from_dataset(joined, schema={}, quotas=())) == 2


def test_columns_have_roles() -> None:
    foreign = datasets.Dataset.from_dict(
        {"uid": ["1", "2"], "bio": ["I keep bees. I hum.", "I sail."], "job": ["a", "b"], "weight": [1.0, 2.0]}
    )
    roles = {"uid": "id", "bio": "persona", "job": "social.occupation", "weight": None}
    first = Population.from_dataset(foreign, roles=roles)[0]
    assert first.id == "1"
    assert [(f.path, f.value) for f in first.facets] == [
        ("description", "I keep bees."),
        ("description", "I hum."),
        ("social.occupation", "a"),
    ]


@pytest.mark.parametrize("record", [json.dumps(MIRA.to_dict()), TEO.to_dict()], ids=["as JSON", "as an object"])
def test_a_column_may_hold_whole_records(record: Any) -> None:
    foreign = datasets.Dataset.from_list([{"who": record, "split": "a"}], on_mixed_types="use_json")
    (person,) = Population.from_dataset(foreign, roles={"who": "record", "split": None})
    assert person in (MIRA, TEO)


def test_rows_that_are_records_are_read_as_such() -> None:
    people = [TEO, Persona(id="p3", language="de", facets=(Facet("", "age", "5", text="She is five."),))]
    foreign = datasets.Dataset.from_list([p.to_dict() for p in people], on_mixed_types="use_json")
    assert list(iter_dataset_personas(foreign)) == people
    assert list(Population.from_dataset(foreign)) == people


def test_a_column_of_mixed_types_keeps_them() -> None:
    rows = [{"id": "a", "x": {"k": 1}}, {"id": "b", "x": {"k": "one"}}]
    population = Population.from_dataset(datasets.Dataset.from_list(rows, on_mixed_types="use_json"))
    assert [p.value("x") for p in population] == [{"k": 1}, {"k": "one"}]


def test_class_numbers_become_their_names_wherever_they_stand() -> None:
    label = datasets.ClassLabel(names=["low", "high"])
    features = datasets.Features(
        {"id": datasets.Value("string"), "mood": label, "moods": datasets.List(label), "of": {"sleep": label}}
    )
    rows = {"id": ["a", "b"], "mood": [1, -1], "moods": [[0, 1], None], "of": [{"sleep": 0}, {"sleep": 1}]}
    data = datasets.Dataset.from_dict(rows, features=features)
    for population in (Population.from_dataset(data), Population.from_dataset(data.to_iterable_dataset())):
        assert population.frame["mood"].to_list() == ["high", None]
        assert population.frame["moods"].to_list() == [["low", "high"], None]
        assert population.frame["of"].to_list() == [{"sleep": "low"}, {"sleep": "high"}]


def test_a_stream_without_end_is_read_one_at_a_time() -> None:
    asked = []

    def rows() -> Iterator[dict[str, str]]:
        n = 0
        while True:
            n += 1
            asked.append(n)
            yield {"id": f"p{n}", "job": "sailor"}

    # Built by hand: from_generator pickles its generator, which this one does not allow.
    stream = datasets.IterableDataset(datasets.iterable_dataset.ExamplesIterable(lambda: enumerate(rows()), {}))
    people = iter_dataset_personas(stream)
    assert [next(people).id for _ in range(3)] == ["p1", "p2", "p3"]
    assert max(asked) < 20
    assert len(Population.from_dataset(stream, most=5)) == 5


def test_splits_are_named_when_there_are_several(tmp_path: Path) -> None:
    one = Population.from_personas([MIRA]).to_dataset()
    two = datasets.DatasetDict({"train": one, "test": Population.from_personas([TEO]).to_dataset()})
    folder = _saved(two, tmp_path / "both")
    with pytest.raises(UsageError, match="has the splits train, test; name one"):
        Population.load(folder)
    assert Population.from_dataset(folder, split="test")[0] == TEO
    assert Population.from_dataset(datasets.DatasetDict({"train": one}))[0] == MIRA
    with pytest.raises(UsageError, match="name one"):
        Population.from_dataset(two, split="none")


def test_every_reader_of_personas_takes_a_saved_folder(tmp_path: Path) -> None:
    folder = _saved(Population.from_personas([MIRA, TEO]).to_dataset(), tmp_path / "people")
    assert is_dataset_folder(folder)
    assert load_personas(folder) == [MIRA, TEO]
    assert list(load_cast(folder)) == [MIRA, TEO]
    assert list(Population.load(folder)) == [MIRA, TEO]


@pytest.mark.parametrize("broken", ["", "{}", '{"_data_files": [{"filename": "gone.arrow"}]}', "[1]"])
def test_a_damaged_folder_is_named(tmp_path: Path, broken: str) -> None:
    folder = _saved(Population.from_personas([MIRA]).to_dataset(), tmp_path / "people")
    (folder / "state.json").write_text(broken)
    with pytest.raises(InvalidInput, match=r"people: expected a folder that datasets saved"):
        Population.load(folder)


def test_another_folder_is_none(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such file"):
        Population.load(tmp_path)
    with pytest.raises(NotFound, match="no folder that datasets saved"):
        open_dataset(tmp_path)
    with pytest.raises(NotFound, match="no folder that datasets saved"):
        open_dataset("./gone")


@pytest.mark.parametrize(
    ("columns", "roles", "message"),
    [
        ({"a": ["x"]}, {"b": "id"}, "field 'b': expected a column of this name, found 'a'"),
        ({"a": ["x"], "b": ["y"]}, {"a": "id", "b": "id"}, "one column for each role"),
        ({"a": ["{broken"]}, {"a": "record"}, "dataset: row 1"),
        ({"id": ["x", "x"]}, {}, "an id other than that of row 1"),
    ],
)
def test_bad_columns_are_named(columns: dict[str, list[str]], roles: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Population.from_dataset(datasets.Dataset.from_dict(columns), roles=roles)


@pytest.mark.parametrize("feature", [datasets.Image(), datasets.List(datasets.Image()), {"one": datasets.Audio()}])
def test_pictures_are_refused_by_name_and_can_be_left_out(feature: Any) -> None:
    features = datasets.Features({"id": datasets.Value("string"), "photo": feature})
    data = datasets.Dataset.from_dict({"id": ["a"], "photo": [None]}, features=features)
    with pytest.raises(InvalidInput, match="field 'photo': expected text, numbers"):
        Population.from_dataset(data)
    assert Population.from_dataset(data, roles={"photo": None}).frame.columns == ["id"]


def test_something_else_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"a datasets\.Dataset"):
        Population.from_dataset([{"id": "a"}])


def test_categories_become_text() -> None:
    frame = pl.DataFrame({"id": ["a"], "mood": pl.Series(["low"], dtype=pl.Categorical)})
    assert Population.from_dataset(Population(frame).to_dataset()).frame["mood"].to_list() == ["low"]


@settings(max_examples=25, deadline=None)
@given(st.lists(dialogues, min_size=1, max_size=4))
def test_dialogues_come_back_from_the_disk_without_loss(talks: list[Dialogue]) -> None:
    back = iter_dataset_dialogues(_reopened(dialogues_to_dataset(talks)))
    assert [d.to_dict() for d in back] == [d.to_dict() for d in talks]


def test_chat_rows_are_read_as_a_log_is() -> None:
    data = datasets.Dataset.from_list(
        [
            {"id": "c1", "messages": [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}]},
            {"id": None, "messages": [{"role": "user", "content": "Yes?"}]},
        ]
    )
    first, second = iter_dataset_dialogues(data, names={"user": "Ari", "assistant": "Mira"})
    assert (first.id, second.id) == ("c1", "row-2")
    assert [(u.speaker, u.text) for u in first] == [("Ari", "Hi."), ("Mira", "Hello.")]


def test_rows_of_plain_dialogue_records_are_read() -> None:
    records = [Dialogue("d", [("a", "b")]), Dialogue("e", [])]
    records[0].say("c", "d", tokens=3)
    data = datasets.Dataset.from_list([d.to_dict() for d in records])
    assert [d.to_dict() for d in iter_dataset_dialogues(data)] == [d.to_dict() for d in records]


def test_a_row_that_is_no_dialogue_is_named() -> None:
    with pytest.raises(InvalidInput, match="dataset: row 1: expected a dialogue: a column utterances"):
        list(iter_dataset_dialogues(datasets.Dataset.from_dict({"a": ["b"]})))
    bad = datasets.Dataset.from_list([{"utterances": [{"speaker": "user", "text": "x"}]}])
    with pytest.raises(InvalidInput, match=r"dataset: row 1.*utterances\[0\]\.speaker"):
        list(iter_dataset_dialogues(bad))


def test_without_the_extra_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(UsageError, match=r'pip install "personarium\[datasets\]"'):
        Population.from_rows([{"id": "a"}]).to_dataset()
